#!/usr/bin/python3
"""Prints tests/data/mnist_1d.csv: rows of MNIST-1D by the authors' recipe (Greydanus & Kobak 2024) in NumPy and SciPy,
written anew. tests/workloads/mnist_1d_test.cpp holds ours to them.

usage: mnist_1d_recipe.py > tests/data/mnist_1d.csv
"""
import numpy as np
from scipy.interpolate import interp1d
from scipy.ndimage import gaussian_filter

DIGITS = """5 6 6.5 6.75 7 7 7 7 6.75 6.5 6 5
5 3 3 3.4 3.8 4.2 4.6 5 5.4 5.8 5 5
5 6 6.5 6.5 6 5.25 4.75 4 3.5 3.5 4 5
5 6 6.5 6.5 6 5 5 6 6.5 6.5 6 5
5 4.4 3.8 3.2 2.6 2.6 5 5 5 5 5 5
5 3 3 3 3 5 6 6.5 6.5 6 4.5 5
5 4 3.5 3.25 3 3 3 3 3.25 3.5 4 5
5 7 7 6.6 6.2 5.8 5.4 5 4.6 4.2 5 5
5 4 3.5 3.5 4 5 5 4 3.5 3.5 4 5
5 4 3.5 3.5 4 5 5 5 5 4.7 4.3 5"""

# Of each seed, how many examples there are and which rows are printed.
ROWS = {42: (5000, [*range(10), 100, 2500, 3999, 4000, 4999]), 43: (5000, [0, 4999]), 44: (20000, [0, 19999]),
        45: (5000, [0, 4999]), 46: (5000, [0])}


def templates():
    x = np.array([line.split() for line in DIGITS.splitlines()], float)
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    return (x - x[:, :1]) / 6


def resample(x, points):
    return interp1d(np.linspace(0, 1, len(x)), x)(np.linspace(0, 1, points))


def curve(digit, random):
    padded = np.concatenate([digit + 1e-8, np.zeros(36 + int(random.rand() * 25))])
    x = resample(padded, 72) * (1 + 0.4 * (random.rand() - 0.5))
    x = np.roll(x, random.choice(48))
    noise = gaussian_filter(0.25 * random.randn(72), 2)
    x = np.where(x != 0, x, noise) + 0.02 * random.randn(72)
    return resample(x - 0.75 * (random.rand() - 0.5) * np.linspace(-0.5, 0.5, 72), 40)


def make(seed, examples):
    """Inputs [examples, 40] and labels [examples]."""
    random = np.random.RandomState(seed)
    x = np.array([curve(digit, random) for digit in templates() for _ in range(examples // 10)])
    order = random.permutation(examples)
    x, y = x[order], np.repeat(np.arange(10), examples // 10)[order]
    return (x - x.mean()) / x.std(), y


if __name__ == "__main__":
    print("# MNIST-1D by tests/workloads/mnist_1d_recipe.py, NumPy and SciPy.")
    print(",".join(["seed", "row", "label", *(f"x{i}" for i in range(40))]))
    for seed, (examples, rows) in ROWS.items():
        x, y = make(seed, examples)
        for row in rows:
            print(",".join([str(seed), str(row), str(y[row]), *(repr(float(v)) for v in x[row])]))
