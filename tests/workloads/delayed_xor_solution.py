#!/usr/bin/python3
"""Holds delayed-xor to what its summary says: that Adam with the rate 0.02 comes from most seeds to the solution, an
accuracy of 99 % on test sequences, in 5000 steps. Prints after how many steps, and seconds of training.

usage: delayed_xor_solution.py BIN_DIRECTORY [--seeds=5] [--steps=5000] [--length=50] [--interval=250]
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import h5py


def train(program, output, seed, given):
    """The step at which the target was reached first (none: it was not), and the seconds of training."""
    subprocess.run([program, "--workload=delayed-xor", "--optimizer=adam", "--learning-rate=0.02", f"--seed={seed}",
                    f"--length={given.length}", f"--budget-steps={given.steps}", f"--evaluation-interval={given.interval}",
                    "--stop-at-target", "--clock=processor", f"--output={output}", "--quiet"], check=True)
    with h5py.File(output / "run.h5") as run:
        return run.attrs.get("target_step"), run["evaluation/training_seconds"][-1], run["evaluation/test_accuracy"][-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--interval", type=int, default=250)
    given = parser.parse_args()
    misses = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, given.seeds + 1):
            step, seconds, accuracy = train(given.bin.resolve() / "train_workload", pathlib.Path(folder) / str(seed), seed,
                                            given)
            misses += step is None
            print(f"seed {seed}: {'not reached' if step is None else f'{step} steps'}, {seconds:.1f} s, "
                  f"test accuracy {100 * accuracy:.1f} %", flush=True)
    return int(2 * misses > given.seeds)


if __name__ == "__main__":
    sys.exit(main())
