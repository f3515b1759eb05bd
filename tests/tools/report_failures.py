#!/usr/bin/python3
"""tools/report while system calls fail: the n-th of a kind fails by strace's injection, for n = 1, 2, ...

usage: report_failures.py [MOST]     (MOST: largest n; 60 takes some minutes; default: those of FEW; Debian's strace)

What must hold each time: exit code 0 and the page is what it is without failures; or another exit code, lines that name
the path, and a page that is the old one or a whole new one. Nothing else is left in the folder, and no run is changed.
Exit codes: 0 it holds, 1 it does not, 77 strace cannot trace here.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from run_fixtures import good_sweep, write_sweep  # noqa: E402

REPORT = pathlib.Path(__file__).resolve().parents[2] / "tools/report"
OLD = b"the old page"
EQUAL = {"SOURCE_DATE_EPOCH": "0"}  # pages say when they are made
# Call, error, and whether only calls about the sweep's own files are meant (the interpreter makes thousands).
FAILURES = [("openat", "EIO", True), ("openat", "EMFILE", True), ("openat", "ESTALE", True), ("openat", "EACCES", True),
            ("read", "EIO", True), ("getdents64", "EIO", True), ("newfstatat", "EIO", True), ("write", "ENOSPC", False),
            ("write", "EIO", False), ("fsync", "EIO", False), ("fsync,unlink", "EIO", False),
            ("rename", "EACCES", False), ("clone", "EAGAIN", False), ("pipe2", "EMFILE", False)]
# Largest n for the tests: a page is synced and renamed once, and each run is read by a child of its own.
FEW = {("openat", "EIO"): 2, ("read", "EIO"): 2, ("write", "ENOSPC"): 2, ("fsync", "EIO"): 1, ("rename", "EACCES"): 1,
       ("clone", "EAGAIN"): 1}


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def attempt(template, scratch, expected, call, error, ours, number):
    """(whether a call failed at all, what does not hold)"""
    folder = pathlib.Path(tempfile.mkdtemp(dir=scratch)) / "sweep"
    shutil.copytree(template, folder)
    log = folder.parent / "strace"
    command = ["strace", "-f", "--seccomp-bpf", "-o", str(log), "-e", f"trace={call}"]
    command += [f"-einject={name}:error={error}:when={number}" for name in call.split(",")]
    if ours:
        for path in [folder, *folder.rglob("*")]:
            command += ["-P", str(path)]
    result = subprocess.run([*command, str(REPORT), str(folder)], capture_output=True, timeout=120,
                            env={**os.environ, **EQUAL, "MPLCONFIGDIR": str(scratch / "matplotlib")})
    failed = b"(INJECTED)" in log.read_bytes()
    found, wrong = contents(folder), []
    page = found.pop(pathlib.Path("report.html"))
    rest = {path: data for path, data in found.items() if not ("unlink" in call and path.name.endswith(".new"))}
    if {path: data for path, data in contents(template).items() if path.name != "report.html"} != rest:
        wrong.append(f"files changed: {sorted(map(str, set(rest) ^ set(contents(template))))}")
    if page != OLD and not page.rstrip().endswith(b"</html>"):
        wrong.append("half a page")
    if result.returncode == 0:
        wrong += ["exit code 0 and another page"] if page != expected.replace(b"TEMPLATE", os.fsencode(folder)) else []
    else:
        lines = result.stderr.splitlines()
        if not lines or not all(re.match(rb"report: .*(%s|standard output)" % re.escape(os.fsencode(folder)), line)
                                for line in lines):
            wrong.append(f"exit code {result.returncode} and {result.stderr.decode('utf-8', 'replace')!r}")
    shutil.rmtree(folder.parent)
    return failed, [f"{call} {error} number {number}: {text}" for text in wrong]


def series(most, *case):
    """Failures 1, 2, ... of a kind, until one no longer comes about."""
    wrong, number = [], 0
    while number < most:
        failed, found = attempt(*case, number + 1)
        wrong += found
        if not failed:
            break
        number += 1
    return case[3:5], number, wrong


def main():
    most = int(sys.argv[1]) if len(sys.argv) > 1 else None
    if not shutil.which("strace") or subprocess.run(["strace", "-f", "-o", os.devnull, "true"],
                                                    capture_output=True).returncode:
        print("strace is not installed or may not trace here")
        return 77
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        template = scratch / "template"
        template.mkdir()
        write_sweep(template, good_sweep(template, ("sgd",), 2))
        subprocess.run([str(REPORT), str(template), "--quiet"], check=True,
                       env={**os.environ, **EQUAL, "MPLCONFIGDIR": str(scratch / "matplotlib")})
        expected = (template / "report.html").read_bytes()
        (template / "report.html").write_bytes(OLD)
        cases = [case for case in FAILURES if most or case[:2] in FEW]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(
                pool.map(lambda case: series(most or FEW[case[:2]], template, scratch, expected, *case), cases))
    for (call, error), number, _ in results:
        print(f"{call} {error}: {number} failures" + ("" if number else " (none came about)"))
    wrong = [line for _, _, lines in results for line in lines]
    wrong += [f"{call} {error}: no call failed" for (call, error), number, _ in results if not number]
    print("\n".join(wrong or ["all as it must be"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
