#!/usr/bin/python3
"""Holds MNIST-1D's four networks, with points in their order and shuffled, to the test accuracies that its authors give
(Greydanus & Kobak 2024): one run each, which must lie in the prediction interval of our seeds,

    mean +- t(n - 1, 99.4 %) s sqrt(1 + 1/n),

so that all eight do with a probability of 95 %. Also: the processor's time for a step.

usage: mnist_1d_accuracy.py BIN_DIRECTORY [--seeds=5] [--steps=6000] [--only=NAME,..] [--jobs=1]
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import scipy.stats

# Test accuracy in percent: in order, and shuffled.
PUBLISHED = {"linear": (31.5, 31.5), "mlp": (65.1, 66.0), "cnn": (92.3, 58.7), "gru": (89.1, 53.3)}


def train(program, folder, model, shuffled, seed, steps):
    """Final test accuracy in percent, and milliseconds a step."""
    output = folder / f"{model}-{shuffled}-{seed}"
    subprocess.run([program, "--workload=mnist-1d", f"--model=mnist-1d-{model}", *(["--shuffled"] if shuffled else []),
                    "--optimizer=adam", "--learning-rate=0.01", f"--budget-steps={steps}",
                    f"--evaluation-interval={steps}", f"--seed={seed}", "--clock=processor", f"--output={output}",
                    "--quiet"], check=True)
    with h5py.File(output / "run.h5") as run:
        table = run["evaluation"]
        return 100 * table["test_accuracy"][-1], 1e3 * table["training_seconds"][-1] / table["step"][-1]


def interval(values):
    """Where a further value lies with a probability of 99.4 %."""
    n = len(values)
    wide = scipy.stats.t.ppf(0.997, n - 1) * np.std(values, ddof=1) * np.sqrt(1 + 1 / n)
    return np.mean(values) - wide, np.mean(values) + wide


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--only", default=",".join(PUBLISHED))
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    cases = [(model, shuffled) for model in given.only.split(",") for shuffled in (False, True)]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        def run(case, seed):
            return pool.submit(train, given.bin.resolve() / "train_workload", pathlib.Path(folder), *case, seed,
                               given.steps)
        runs = {case: [run(case, seed) for seed in range(1, given.seeds + 1)] for case in cases}
        print("network  points    published  ours, test accuracy in %            mean   interval       ms/step")
        misses = 0
        for (model, shuffled), futures in runs.items():
            values, milliseconds = np.array([future.result() for future in futures]).T
            published, (low, high) = PUBLISHED[model][shuffled], interval(values)
            misses += not low <= published <= high
            print(f"{model:8} {'shuffled' if shuffled else 'in order'}  {published:9}  "
                  f"{' '.join(f'{value:5.1f}' for value in values):36} {values.mean():5.1f}  {low:5.1f} .. {high:5.1f}"
                  f"  {np.median(milliseconds):6.3f}{'' if low <= published <= high else '  OUTSIDE'}", flush=True)
    return min(misses, 1)


if __name__ == "__main__":
    sys.exit(main())
