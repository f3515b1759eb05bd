"""Tuning as a part of the experiment: draws of a method's settings, chosen among by validation, told on test."""
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import comb

MOST = 2 ** 15  # values of a distribution that are kept apart
NEVER = 1e-24    # a chance that counts for nothing


@dataclass(frozen=True)
class Trials:
    """What a method's draws came to on the tuning seeds: validation and test, [draws, seeds] each.

    better: which way the validation is better. A draw whose validation is not finite (it diverged) is chosen last.
    """
    validation: np.ndarray
    test: np.ndarray
    better: str = "lower"

    def __post_init__(self):
        validation = np.asarray(self.validation, float)
        test = np.asarray(self.test, float)
        if validation.ndim != 2 or validation.shape[0] == 0 or test.shape != validation.shape:
            raise ValueError(f"trials of shapes {validation.shape} and {test.shape}: expected both [draws, seeds]")
        if self.better not in ("lower", "higher"):
            raise ValueError(f"trials' better {self.better!r}: expected lower or higher")
        object.__setattr__(self, "validation", validation)
        object.__setattr__(self, "test", test)

    @cached_property
    def order(self):
        """The draws, best mean validation first."""
        mean = self.validation.mean(axis=1)
        rank = mean if self.better == "lower" else -mean
        return np.argsort(np.where(np.isfinite(rank), rank, np.inf), kind="stable")

    @property
    def winner(self):
        return int(self.order[0])

    @cached_property
    def told(self):
        """Mean test values in the validation's order."""
        return self.test.mean(axis=1)[self.order]

    def check(self, kind):
        """An error where no "difference" from, or "ratio" to, the winner's test value can be taken."""
        if not np.isfinite(self.told[0]) or kind == "ratio" and not self.told[0] > 0:
            raise ValueError(f"the chosen draw's test value is {self.told[0]:.3g}: expected a finite number"
                             f"{' above 0' if kind == 'ratio' else ''}")

    def parts(self, kind):
        """The distributions of which an effect's change is the sum."""
        return [self.changes(kind)]

    def changes(self, kind):
        """What choosing again would change: (changes, probabilities), [draws] each. Draws are resampled, the best by
        validation is chosen, and of its test value on the tuning seeds and the winner's the difference is taken, or the
        log of the ratio.

        The probabilities are those of the resampling, exactly. They are those of new draws where a space's best region
        is well filled, as around the best of one rate; of two settings or more they are somewhat too small.
        """
        draws = len(self.told)
        left = np.arange(draws, -1, -1) / draws  # the share of draws that are no better than each rank
        usable = np.isfinite(self.told) & ((self.told > 0) | (kind != "ratio"))
        told = np.where(usable, self.told, self.told[0])
        changes = np.log(told / self.told[0]) if kind == "ratio" else told - self.told[0]
        return changes, left[:-1] ** draws - left[1:] ** draws


class Sloped:
    """Choices at several places of an axis, of which a slope of logarithms is made: sum of weights * logs."""

    def __init__(self, weights, trials):
        self.weights, self.trials = list(weights), list(trials)

    def check(self, kind):
        """An error where what the choices add to an effect of slopes cannot be told."""
        if kind != "difference":
            raise ValueError(f"a {kind} of slopes on chosen settings: expected their difference")
        for of in self.trials:
            of.check("ratio")

    def parts(self, kind):
        """The distributions of which the slope's change is the sum: it is linear in the logarithms."""
        self.check(kind)
        return [(weight * changes, chances) for weight, of in zip(self.weights, self.trials)
                for changes, chances in [of.changes("ratio")]]


class Changes:
    """Sizes of a sum of independent changes with their distribution: exact as long as it has at most MOST values, then
    in as many cells; by how much values may have moved in these is added to each size.
    """

    def __init__(self, parts):
        values, chances, moved = np.zeros(1), np.ones(1), 0.0
        for changes, of_each in parts:
            values, chances = np.add.outer(values, changes).ravel(), np.multiply.outer(chances, of_each).ravel()
            kept = chances > NEVER
            values, chances = values[kept], chances[kept]
            width = np.ptp(values) / MOST
            if len(values) > MOST and width > 0:
                cells = np.minimum(((values - values.min()) / width).astype(int), MOST - 1)
                each = np.bincount(cells, chances)
                values, chances = np.bincount(cells, chances * values)[each > 0] / each[each > 0], each[each > 0]
                moved += width
        order = np.argsort(np.abs(values), kind="stable")
        self.sizes = np.abs(values)[order] + moved
        self.beyond = np.append(np.cumsum(chances[order][::-1])[::-1][1:], 0.0)  # the chance of a larger one

    def size(self, level):
        """The least that is exceeded with a chance of 1 - level at most."""
        return float(self.sizes[np.argmax(self.beyond <= 1 - level)])


def chances_of_winning(draws, ks):
    """[ks, draws]: how probably the r-th best is the best of k that are drawn without replacement."""
    ranks, ks = np.arange(1, draws + 1), np.asarray(ks)[:, None]
    return comb(draws - ranks, ks - 1) / comb(draws, ks)


@dataclass(frozen=True)
class BestOf:
    """Expected test value of the validation's winner among k draws, with its stability, for each of ks."""
    ks: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray


def best_of_k(trials, ks=None, level=0.95, count=2000):
    """BestOf for k of the draws without replacement; default every k from 1 to their number.

    Exact: the r-th by validation wins with probability C(N - r, k - 1) / C(N, k), where its test value counts (the
    estimator without replacement of Dodge et al. 2021, of the winner's test value instead of its validation). Draws of
    equal validation share. The interval is a percentile over resampled draws.
    """
    draws = len(trials.told)
    ks = np.arange(1, draws + 1) if ks is None else np.asarray(ks)
    if ks.min() < 1 or ks.max() > draws:
        raise ValueError(f"best of {ks.min()} to {ks.max()}: expected from 1 to the {draws} draws")
    wins = chances_of_winning(draws, ks)
    validation = trials.validation.mean(axis=1)[trials.order]
    told = trials.told.copy()
    for value in np.unique(validation):
        told[validation == value] = told[validation == value].mean()
    resampled = np.sort(np.random.default_rng(3).integers(draws, size=(count, draws)), axis=1)
    again = told[resampled] @ wins.T
    low, high = np.percentile(again, [50 * (1 - level), 50 * (1 + level)], axis=0)
    return BestOf(ks, wins @ told, low, high)


def at_border(value, low, high, log=False, share=0.05):
    """Whether a chosen value lies in the outer share of the range that it was drawn from: the space is too narrow."""
    if not low <= value <= high or not low < high or log and not low > 0:
        raise ValueError(f"value {value:g} of a {'log-' if log else ''}range from {low:g} to {high:g}: expected one "
                         f"within")
    if log:
        value, low, high = np.log([value, low, high])
    place = (value - low) / (high - low)
    return bool(place < share or place > 1 - share)
