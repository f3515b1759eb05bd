"""Means over runs and what they are worth, by Student's t (SciPy's). No curve is resampled."""
import numpy as np
from scipy.special import stdtrit  # what scipy.stats.t.ppf calls, loaded in a tenth of the time

LEVEL = 0.95


def quantile(freedom):
    """Student's t of a two-sided 95 % interval."""
    return stdtrit(freedom, 0.5 + LEVEL / 2)


def interval(values):
    """(mean, half width of its 95 % interval); None with one value."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return None
    mean, spread = moments(values)
    return mean, float(quantile(len(values) - 1) * spread / np.sqrt(len(values)))


def moments(values):
    """(mean, sample standard deviation); equal values have exactly their value and 0."""
    values = np.asarray(values, float)
    if (values == values[0]).all():
        return float(values[0]), 0.0 if len(values) > 1 else np.nan
    with np.errstate(all="ignore"):
        return float(values.mean()), float(values.std(ddof=1))


def welch(a, b):
    """mean(a) - mean(b) and the half width of its 95 % interval (Welch 1947); None with one value."""
    if len(a) < 2 or len(b) < 2:
        return None
    (mean_a, spread_a), (mean_b, spread_b) = moments(a), moments(b)
    va, vb = spread_a ** 2 / len(a), spread_b ** 2 / len(b)
    if va + vb == 0:
        return mean_a - mean_b, 0.0
    freedom = (va + vb) ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1))
    return mean_a - mean_b, float(quantile(freedom) * np.sqrt(va + vb))


class Curve:
    """The mean of runs' curves over those steps that all of them have, by Welford's recurrence (1962).

    So the mean of equal runs is the run, to the bit; and a long sweep's runs need not be in memory together.
    """

    def __init__(self):
        self.n, self.x, self.mean, self.squares = 0, None, None, None

    def add(self, x, values):
        """values: [steps] or [steps, places]."""
        if self.n == 0:
            self.n, self.x, self.mean, self.squares = 1, x, values.astype(float), np.zeros(values.shape)
            return
        if not np.array_equal(self.x, x):
            self.x, ours, theirs = np.intersect1d(self.x, x, return_indices=True)
            self.mean, self.squares, values = self.mean[ours], self.squares[ours], values[theirs]
        self.n += 1
        with np.errstate(all="ignore"):
            distance = np.where(values == self.mean, 0.0, values - self.mean)  # of infinities too
            self.mean = self.mean + distance / self.n
            self.squares = self.squares + distance * np.where(values == self.mean, 0.0, values - self.mean)

    def deviation(self):
        """Sample standard deviation; n of at least 2."""
        with np.errstate(all="ignore"):
            return np.sqrt(self.squares / (self.n - 1))

    def bounds(self):
        """(low, high) of the mean's 95 % interval; None for n below 2."""
        if self.n < 2:
            return None, None
        with np.errstate(all="ignore"):
            half = quantile(self.n - 1) * self.deviation() / np.sqrt(self.n)
            return self.mean - half, self.mean + half
