#!/usr/bin/python3
"""Kills a training run at random moments, lets it go on each time, and compares it in the end with one that nobody
disturbed.

usage: kills.py BIN_DIRECTORY [KILLS]    (default: 12; 1000 take some minutes)

Prints what it did. Exit codes: 0 every run was the same to the bit and none went back, 1 one was not.
"""
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from same_numbers import datasets_of, differences  # noqa: E402

STEPS, INTERVAL = 12000, 0.03
COMMON = [
    "--workload=linear-regression", "--batch-size=30", f"--steps={STEPS}", "--quiet", "--evaluation-interval=500", "--evaluation-unit=steps", "--wrappers=clip_by_norm+ema",
    "--learning-rate-schedule=cosine", "--instruments=sharpness:2000", "--evaluation-examples=200"]


def command(program, output, seed, *more):
    return [program, *COMMON, f"--seed={seed}", f"--output={output}", *more]


def step_of(checkpoint):
    """What the block of a checkpoint says, or -1."""
    try:
        line = checkpoint.read_bytes()[:512].splitlines()[2]
        return int(line.rsplit(b" ", 1)[1])
    except (OSError, IndexError, ValueError):
        return -1


def latest(folder):
    return max((step_of(path) for path in folder.glob("checkpoint.?")), default=-1)


def main():
    program = pathlib.Path(sys.argv[1]).resolve() / "train_workload"
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    rng, done, runs, starts, failures = random.Random(7), 0, 0, 0, []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        begin = time.monotonic()
        while done < kills and not failures:
            whole, output = scratch / f"whole{runs}", scratch / f"run{runs}"
            clock = time.monotonic()
            subprocess.run(command(program, whole, runs), check=True)
            takes = time.monotonic() - clock
            before = -1
            while True:
                child = subprocess.Popen(command(program, output, runs, "--resume", f"--checkpoint-interval={INTERVAL}"))
                starts += 1
                try:
                    code = child.wait(rng.uniform(0, 0.5 * takes) if done < kills else None)
                except subprocess.TimeoutExpired:
                    child.send_signal(signal.SIGKILL)
                    child.wait()
                    done += 1
                    if (output / "complete.json").exists():  # it has come to its end
                        continue
                    now = latest(output) if output.exists() else before
                    if now < before:
                        failures.append(f"run {runs}: the checkpoint of step {before} is gone, there is {now}")
                    before = max(before, now)
                    continue
                if code != 0:
                    failures.append(f"run {runs}: exit code {code}")
                break
            if not failures:
                differ = differences(whole / "run.h5", output / "run.h5")
                if differ:
                    failures.append(f"run {runs} differs: {differ[:5]}")
                if len(datasets_of(output / "run.h5")["step/loss"]) != STEPS:
                    failures.append(f"run {runs}: {len(datasets_of(output / 'run.h5')['step/loss'])} steps")
            runs += 1
        print(f"{done} kills of {runs} runs of {STEPS} steps, {starts} starts, {time.monotonic() - begin:.0f} s: " +
              ("; ".join(failures) or "all the same to the bit"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
