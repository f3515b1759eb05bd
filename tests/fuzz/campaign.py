#!/usr/bin/python3
"""Fuzzes the loaders of foreign bytes: builds the targets with clang-14 and libFuzzer (preset fuzz), and gives each its time.

usage: campaign.py [--seconds N | --total N] [--built] [--jobs N] [--work FOLDER] [--list] [TARGET ...]

  --seconds N   for each target (default 3600)
  --total N     for all targets together, in equal parts
  --built       with targets as they are built already, which clang takes long for
  --jobs N      targets at a time (default 2), each on one processor at the lowest priority
  --work FOLDER where corpora grow from campaign to campaign, and what was found lies (default build-fuzz/campaign; with
                --total build-fuzz/minute, which begins anew)
  --list        names the targets, and ends

What ends a target is kept as FOLDER/TARGET/found-..., and the target goes on with the time that it has left. To mend
one: build-fuzz/bin/fuzz_TARGET FILE shows it again; then it belongs into corpus/TARGET/found-..., or
where it is no text, into seeds.py.

Exit codes: 0 nothing was found, 1 something was, 2 usage, 77 skipped, without clang-14 or, with --built, without targets.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build-fuzz"
SEEDS = BUILD / "seeds"
PATIENCE = 5  # seconds for one input
LIMITS = [f"-timeout={PATIENCE}", "-rss_limit_mb=1024", "-report_slow_units=2", "-max_len=16384", "-print_final_stats=1"]
SUFFIX = {"timeout": "timeout", "oom": "memory", "leak": "leak"}  # of what libFuzzer calls otherwise than a crash
REASONS = re.compile(r"(?:does not hold|runtime error|terminate called|ERROR): .*")
OURS = re.compile(rf" in .*? {re.escape(str(ROOT))}/(?:build-fuzz/\.\./)?((?!tests/fuzz)[a-z]\S+)")  # a line of a stack
MOST_ENDS = 20  # of a target in a campaign: it is to be mended first


def targets():
    return sorted(path.stem for path in HERE.glob("*.cpp") if "LLVMFuzzerTestOneInput(const" in path.read_text(
        encoding="utf-8") and path.stem not in ("target", "replay_main"))


def seeds_of(target):
    own = [SEEDS / target]
    if target == "sweep_toml":  # the studies' own
        own += sorted({path.parent for path in (ROOT / "experiments").glob("*/sweep.toml")})
    return [str(folder) for folder in own]


def build(names, jobs):
    for command in (["cmake", "--preset", "fuzz"],
                    ["cmake", "--build", str(BUILD), "-j", str(jobs), "--target", *(f"fuzz_{name}" for name in names)],
                    [sys.executable, str(HERE / "seeds.py"), str(SEEDS)]):
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.stderr.write(done.stdout[-4000:])
            sys.exit(f"campaign.py: {' '.join(command[:3])} ended with {done.returncode}")


def reason_in(text, scratch):
    """What ended a target, and where in our files."""
    reason = next(iter(REASONS.findall(text)), "no reason said").replace(scratch + "/", "")
    place = next(iter(OURS.findall(text)), "")
    return re.sub(r"gradus-test-\w+/|(?<=0x)[0-9a-f]+", "", reason)[:300] + (f" ({place})" if place else "")


def run_target(target, arguments, errors=subprocess.DEVNULL, **more):
    """Its exit code, and the processor's seconds that it took."""
    run = subprocess.Popen(["nice", "-n", "19", str(BUILD / "bin" / f"fuzz_{target}"), *arguments],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, **more)
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    return run.returncode, usage.ru_utime + usage.ru_stime


class Target:
    """What came of one target's time."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder / name
        self.corpus = self.folder / "corpus"
        self.corpus.mkdir(parents=True, exist_ok=True)
        self.runs = self.edges = self.memory = self.slowest = 0
        self.all_edges, self.seconds, self.processor = 0, 0.0, 0.0
        self.ends, self.problem = [], ""  # (file, reason) of each that ended it

    def fuzz(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) >= 1 and len(self.ends) < MOST_ENDS and not self.problem:
            self.session(int(left))
        self.seconds = seconds - max(0.0, deadline - time.monotonic())
        return self

    def session(self, seconds):
        memory_disk = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        with tempfile.TemporaryDirectory(dir=memory_disk, prefix="gradus-fuzz-") as scratch:
            found = pathlib.Path(scratch) / "found"
            found.mkdir()
            arguments = [*LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={found}/", str(self.corpus),
                         *seeds_of(self.name)]
            said = pathlib.Path(scratch) / "said"
            with said.open("wb") as errors:
                code, processor = run_target(self.name, arguments, errors, cwd=scratch,
                                             env={**os.environ, "TMPDIR": scratch})
            self.processor += processor
            text = said.read_text(encoding="utf-8", errors="replace")
            self.take(text)
            for file in sorted(found.iterdir()):
                kind = SUFFIX.get(file.name.split("-")[0], file.name.split("-")[0])
                kept = self.folder / f"found-{kind}-{file.name[-12:]}"
                shutil.copy(file, kept)
                if kind == "timeout" and run_target(self.name, ["-timeout=60", str(kept)])[1] < PATIENCE:
                    continue  # others had the processor
                if kind != "slow":
                    self.ends.append((kept, reason_in(text, scratch)))
            if code != 0 and not any(found.iterdir()):
                self.problem = (text.strip().splitlines() or ["no words"])[-1]

    def take(self, text):
        def last(pattern, default=0):
            return int((re.findall(pattern, text) or [default])[-1])

        self.runs += last(r"stat::number_of_executed_units:\s+(\d+)")
        self.edges = max(self.edges, last(r"\bcov: (\d+)"))
        self.all_edges = max(self.all_edges, last(r"Loaded \d+ modules\s+\((\d+) inline"))
        self.memory = max(self.memory, last(r"stat::peak_rss_mb:\s+(\d+)"))
        self.slowest = max(self.slowest, last(r"stat::slowest_unit_time_sec:\s+(\d+)"))

    def row(self):
        kept = sum(1 for _ in self.corpus.iterdir())
        return [self.name, f"{self.seconds:.0f}", f"{self.processor:.0f}", str(self.runs),
                f"{self.edges} of {self.all_edges}", str(kept), str(len(self.ends)), f"{self.slowest}", str(self.memory)]


def summary(done):
    rows = [["target", "seconds", "processor s", "executions", "edges", "inputs kept", "found", "slowest s", "peak MB"],
            *(target.row() for target in done)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]))
    for target in done:
        for reason in dict.fromkeys(reason for _, reason in target.ends):
            files = [file for file, other in target.ends if other == reason]
            print(f"{target.name}: {reason}: {files[0]}" + (f" and {len(files) - 1} more" if len(files) > 1 else ""))
        if target.problem:
            print(f"{target.name}: ended by itself: {target.problem}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0], add_help=True)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--total", type=int)
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=pathlib.Path, default=None)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("target", nargs="*")
    asked = parser.parse_args()
    names = asked.target or targets()
    unknown = [name for name in names if name not in targets()]
    if unknown:
        parser.error(f"no target {unknown[0]}: expected one of {', '.join(targets())}")
    if asked.list:
        print("\n".join(names))
        return 0
    if asked.seconds is not None and asked.total is not None:
        parser.error("--seconds and --total: expected one of them")
    if min(asked.jobs, *(number for number in (asked.seconds, asked.total) if number is not None)) < 1:
        parser.error("expected numbers of at least 1")
    if shutil.which("clang++-14") is None:
        print("skipped: clang-14 is not installed, which has libFuzzer (tools/setup --fuzz)")
        return 77
    if not asked.built:
        build(names, asked.jobs)
    elif not all((BUILD / "bin" / f"fuzz_{name}").exists() for name in names):
        print("skipped: the targets are not built; tests/fuzz/campaign.py builds them")
        return 77
    seconds = asked.seconds or 3600
    if asked.total:
        seconds = max(2, asked.total * min(asked.jobs, len(names)) // len(names))
    work = (asked.work or BUILD / ("campaign" if asked.total is None else "minute")).resolve()
    if asked.work is None and asked.total is not None:  # a part of it would go to read what has grown
        shutil.rmtree(work, ignore_errors=True)
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        done = list(pool.map(lambda name: Target(name, work).fuzz(seconds), names))
    summary(done)
    return 1 if any(target.ends or target.problem for target in done) else 0


if __name__ == "__main__":
    sys.exit(main())
