#!/usr/bin/python3
"""Lets system calls of Gradus' programs fail, one at a time (strace --inject), and looks at what comes of it.

usage: failing_calls.py [BIN_DIRECTORY] [--full] [--first=N] [--scenario=NAME] [--call=NAME] [--verbose]

Whatever fails, a program ends by itself, either with exit code 0 and everything in place, or with another code and one
line on standard error that names a path (a pipe has none); what was there before still is, and the next try works.

Without --full, of each scenario and of a few calls one that touches the scenario's folder fails, with EIO (for tests).
With --full, the first N (60) of each call fail, and every one that touches the folder, with each error of the call.

exit: 0 all as it must be, 1 not so, 77 no strace, or it may not trace here
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from sweep_support import in_memory  # noqa: E402

CALLS = {
    "openat": ["EIO", "EMFILE", "ENOSPC", "EACCES"],
    "read": ["EIO", "EINTR"],
    "write": ["EIO", "ENOSPC", "EINTR"],
    "fsync": ["EIO", "ENOSPC"],
    "fdatasync": ["EIO", "ENOSPC"],
    "rename": ["EIO", "ENOSPC"],
    "renameat2": ["EIO", "EINVAL"],
    "unlink": ["EIO"],
    "unlinkat": ["EIO"],
    "rmdir": ["EIO"],
    "mkdir": ["EIO", "ENOSPC", "EMFILE"],
    "newfstatat": ["EIO", "ESTALE"],
    "flock": ["ENOLCK", "EOPNOTSUPP"],
    "close": ["EIO"],
    "getdents64": ["EIO"],
    "clone3": ["EAGAIN"],
    "clone": ["EAGAIN"],
    "vfork": ["EAGAIN"],
    "execve": ["EAGAIN"],
    "pipe2": ["EMFILE"],
    "dup": ["EMFILE"],
    "dup2": ["EIO"],
    "chmod": ["EPERM"],
    "signalfd4": ["EMFILE"],
    "wait4": ["EINTR"],
    "unshare": ["ENOSPC"],
    "setns": ["EPERM"],
    "mount": ["EPERM"],
}
FEW = ["openat", "write", "fsync", "fdatasync", "rename", "renameat2", "mkdir", "unlinkat"]
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", LC_ALL="C")


def sealed(path):
    """The JSON of a sealed file, or an AssertionError."""
    text = path.read_bytes()
    digest = hashlib.sha256(text[:-68] + b"0" * 64 + text[-4:]).hexdigest()
    assert text[-68:-4].decode() == digest, f"{path}: the seal does not hold"
    return json.loads(text)


def check_whole(folder, rows):
    record = sealed(folder / "complete.json")
    results = (folder / "run.h5").read_bytes()
    assert hashlib.sha256(results).hexdigest() == record["sha256"], f"{folder}: run.h5 is not what was recorded"
    assert record["rows"]["step"] == rows, f"{folder}: {record['rows']} for {rows}"
    return record


class Scenario:
    """A program in a fresh folder: `command`, what holds after exit code 0, after another, and after the next try."""
    steps = 20
    most_lines = 1
    follow = ["-f"]  # threads and children too
    tells_on_output = False

    def __init__(self, bin_directory):
        self.bin = bin_directory

    def minimize(self, output, *more):
        return [
            self.bin / "minimize", "--problem=sphere", f"--steps={self.steps}", "--quiet", f"--output={output}", *more]

    def prepare(self, folder): pass
    def after_success(self, folder): pass
    def after_failure(self, folder): pass
    def next_try(self, folder): return self.command(folder)


class NewFolder(Scenario):
    def command(self, folder): return self.minimize(folder / "r")
    def after_success(self, folder): assert check_whole(folder / "r", self.steps + 1)["status"] == "completed"
    def next_try(self, folder): return self.minimize(folder / "r", "--overwrite")


class Replaced(Scenario):
    """An earlier result that stays until its successor is whole."""
    def prepare(self, folder):
        subprocess.run(self.minimize(folder / "r", "--seed=7"), check=True)

    def command(self, folder): return self.minimize(folder / "r", "--overwrite", "--seed=8")
    def after_success(self, folder): assert check_whole(folder / "r", self.steps + 1)["options"]["seed"] == 8
    def after_failure(self, folder): assert check_whole(folder / "r", self.steps + 1)["options"]["seed"] in (7, 8)


class ReplacedFile(Scenario):
    def prepare(self, folder):
        subprocess.run(self.minimize(folder / "r.h5", "--seed=7"), check=True)
        self.earlier = (folder / "r.h5").read_bytes()

    def seed(self, folder):
        import h5py
        with h5py.File(folder / "r.h5") as file:
            assert file["step/step"].shape == (self.steps + 1,)
            return file.attrs["seed"]

    def command(self, folder): return self.minimize(folder / "r.h5", "--overwrite", "--seed=8")
    def after_success(self, folder): assert self.seed(folder) == 8
    def after_failure(self, folder): assert self.seed(folder) in (7, 8)


class Recovered(Scenario):
    """A killed run that has lost its config.json as well."""
    def prepare(self, folder):
        subprocess.run(self.minimize(folder / "r"), check=True)
        for name in ("config.json", "complete.json", "run.h5"):
            (folder / "r" / name).unlink()
        self.log = (folder / "r/metrics.log").read_bytes()

    def command(self, folder): return [self.bin / "recover", folder / "r"]

    def after_success(self, folder):
        assert check_whole(folder / "r", self.steps + 1)["status"] == "interrupted"
        sealed(folder / "r/config.json")

    def after_failure(self, folder): assert (folder / "r/metrics.log").read_bytes() == self.log


class Described(Scenario):
    def command(self, folder): return [self.bin / "minimize", "--describe"]
    def after_success(self, folder): json.loads((folder / "stdout").read_text())


class Swept(Scenario):
    """The manager's own calls; those of its runs are the scenarios above. It may say a line more, for its table."""
    steps = 5
    most_lines = 2
    follow = []

    def command(self, folder):
        return [self.bin / "sweep", "run", "--quiet", "--jobs=1", "--output", folder / "s", "--", self.bin / "minimize",
                "--problem=sphere", f"--steps={self.steps}", "--seed=0,1"]

    def after_success(self, folder):
        runs = [path.parent for path in (folder / "s").glob("[0-9a-f]*/complete.json")]
        assert len(runs) == 2, f"{len(runs)} runs of 2"
        for run_folder in runs:
            assert check_whole(run_folder, self.steps + 1)["status"] == "completed"


class SweptFurther(Scenario):
    """A sweep that goes on in a folder with a finished run, a damaged one and one without a record; also the calls of
    its     supervisors and runs, of which it tells on standard output."""
    steps = 5
    most_lines = 8
    tells_on_output = True

    def sweep(self, folder, seeds):
        return [self.bin / "sweep", "run", "--jobs=1", "--output", folder / "s", "--", self.bin / "minimize",
                "--problem=sphere", f"--steps={self.steps}", f"--seed={seeds}"]

    def prepare(self, folder):
        subprocess.run(self.sweep(folder, "0:2"), check=True, stdout=subprocess.DEVNULL)
        runs = {sealed(path)["options"]["seed"]: path.parent for path in (folder / "s").glob("*/complete.json")}
        self.finished = runs[0]
        self.run_id = sealed(runs[0] / "complete.json")["run_id"]
        (runs[1] / "run.h5").write_bytes(b"damaged")
        (runs[2] / "complete.json").unlink()

    def command(self, folder): return self.sweep(folder, "0:3")

    def after_success(self, folder):
        records = [check_whole(path.parent, self.steps + 1) for path in (folder / "s").glob("*/complete.json")]
        assert sorted(record["options"]["seed"] for record in records) == [0, 1, 2, 3]
        assert {run["status"] for run in sealed(folder / "s/sweep.json")["runs"]} == {"completed"}
        self.after_failure(folder)

    def after_failure(self, folder):
        assert check_whole(self.finished, self.steps + 1)["run_id"] == self.run_id, "a finished run was made again"


SCENARIOS = {"new": NewFolder, "replaced": Replaced, "replaced_file": ReplacedFile, "recover": Recovered,
             "describe": Described, "sweep": Swept, "sweep_further": SweptFurther}


def run(command, folder):
    """Exit code and standard error; standard output goes to a file. Processes that go on for a minute hang."""
    with open(folder / "stdout", "wb") as out:
        result = subprocess.run([str(part) for part in command], stdout=out, stderr=subprocess.PIPE, timeout=60,
                                env=ENVIRONMENT, cwd=folder, stdin=subprocess.DEVNULL)
    return result.returncode, result.stderr.decode(errors="replace")


def traced_calls(scenario, folder, calls):
    """{call: [whether the n-th of the main thread touches the folder]}."""
    trace = folder.parent / (folder.name + ".trace")
    code, errors = run(["strace", *scenario.follow, "-y", "-qq", "-o", trace, "-e", "trace=" + ",".join(calls),
                        *scenario.command(folder)], folder)
    assert code == 0, errors
    found, main = {}, None
    for line in trace.read_text(errors="replace").splitlines():
        match = re.match(r"(?:(\d+) +)?(\w+)\(", line)
        if match:
            main = main or match[1]  # None where only one is traced
            if match[1] == main:
                found.setdefault(match[2], []).append(str(folder) in line)
    return found


def check(make, name, call, number, error, scratch):
    """One failing call; returns a complaint, or None, and whether the call failed at all."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    scenario = make()
    trace = folder.parent / (folder.name + ".trace")
    try:
        scenario.prepare(folder)
        code, errors = run(["strace", *scenario.follow, "-qq", "-o", trace, "-e", f"trace={call}", "-e",
                            f"inject={call}:error={error}:when={number}", *scenario.command(folder)], folder)
        injected = [line for line in trace.read_text(errors="replace").splitlines() if "INJECTED" in line]
        mute = any("write(2," in line for line in injected)
        if code == 0:
            scenario.after_success(folder)
        else:
            assert 0 < code <= 127, f"exit {code}: {errors}"
            if scenario.tells_on_output:
                errors += (folder / "stdout").read_text(errors="replace")
            lines = errors.count("\n")
            said = 1 <= lines <= scenario.most_lines and re.search(r"/|standard output|pipe:", errors)
            assert mute or said, f"exit {code}: {errors!r}"
            scenario.after_failure(folder)
        again, complaint = run(scenario.next_try(folder), folder)
        assert again == 0, f"exit {code}: {errors!r}; the next try: exit {again}: {complaint!r}"
        scenario.after_success(folder)
        return None, bool(injected)
    except (AssertionError, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as problem:
        return f"{name}: {call} {number} {error}: {type(problem).__name__}: {problem}", True
    finally:
        trace.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def chosen(touches, full, first):
    """Which of the calls of a scenario fail."""
    ours = [n for n, touch in enumerate(touches, 1) if touch]
    return sorted({*range(1, min(first, len(touches)) + 1), *ours}) if full else ours[len(ours) // 2:][:1]


def check_scenario(name, options, scratch):
    """How many calls failed, and how many complaints were printed."""
    def make():
        return SCENARIOS[name](options.bin.resolve())
    folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    scenario = make()
    scenario.prepare(folder)
    calls = [options.call] if options.call else CALLS if options.full else FEW
    tried = complaints = 0
    for call, touches in traced_calls(scenario, folder, calls).items():
        for number in chosen(touches, options.full, options.first):
            for error in CALLS[call] if options.full else CALLS[call][:1]:
                complaint, failed = check(make, name, call, number, error, scratch)
                tried += failed
                complaints += complaint is not None
                if complaint or options.verbose:
                    print(complaint or f"{name}: {call} {number} {error}: as it must be", flush=True)
    return tried, complaints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", nargs="?", default="build/bin", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--first", type=int, default=60)
    parser.add_argument("--scenario", choices=SCENARIOS)
    parser.add_argument("--call", choices=CALLS)
    options = parser.parse_args()
    try:
        subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as missing:
        print(f"failing_calls.py: skipped: no strace, or it may not trace: {missing}")
        return 77
    names = [options.scenario] if options.scenario else SCENARIOS
    with tempfile.TemporaryDirectory(prefix="gradus-failing.", dir=in_memory()) as scratch, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:  # they wait for strace
        found = list(pool.map(lambda name: check_scenario(name, options, scratch), names))
    tried, complaints = (sum(part) for part in zip(*found))
    print(f"failing_calls.py: {tried} failing calls, {complaints} not as it must be")
    return 1 if complaints or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
