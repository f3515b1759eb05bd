"""Times to a target that not all reach. Never a mean over those that did."""
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .effects import Effect, Pairs
from .intervals import interval, percentile_interval, shares_of_first

RESAMPLES = 9999


@dataclass(frozen=True)
class Share:
    """A probability with its stability: a percentile interval over resampled seeds."""
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Ratio:
    """A ratio of restricted means, with its interval."""
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Race:
    """Competitors' times to a target, {name: [seeds]}, place i of all of one seed; later than the budget, infinite and
    not a number are "did not arrive", which is all that is known of it (censored at the budget).
    """
    times: dict
    budget: float
    level: float = 0.95

    def __post_init__(self):
        shapes = {np.shape(values) for values in self.times.values()}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1 or () in shapes or next(iter(shapes))[0] == 0:
            raise ValueError(f"race of times of shapes {sorted(shapes)}: expected as many seeds of each competitor")
        if not self.budget > 0:
            raise ValueError(f"race within a budget of {self.budget:g}: expected more than 0")

    @cached_property
    def arrived(self):
        """{name: share of seeds that arrived}."""
        return {name: float((np.asarray(values, float) <= self.budget).mean()) for name, values in self.times.items()}

    def restricted(self, name):
        """Times, the budget for who did not arrive; their mean is the restricted mean (Royston & Parmar 2013)."""
        values = np.asarray(self.times[name], float)
        return np.where(values <= self.budget, values, self.budget)

    def ratio(self, a, b):
        """Ratio of a's restricted mean to b's, below 1 where a is sooner."""
        effect = Effect("ratio", "higher", [Pairs("", self.restricted(a), self.restricted(b))])
        low, high = interval(effect, self.level)
        return Ratio(float(np.exp(effect.estimate)), float(np.exp(low)), float(np.exp(high)))

    def first(self, *names):
        """{name: probability of being first of these competitors with a seed}; default all. Ties, and seeds with which
        nobody arrived, are split evenly.
        """
        names = names or tuple(self.times)
        times = np.stack([self.times[name] for name in names], axis=1).astype(float)  # [seeds, competitors]
        shares = shares_of_first(np.where(times <= self.budget, times, np.inf))
        rng = np.random.default_rng(5)
        resampled = shares[rng.integers(len(shares), size=(RESAMPLES, len(shares)))].mean(axis=1)
        low, high = percentile_interval(resampled, self.level)
        return {name: Share(*map(float, of)) for name, *of in zip(names, shares.mean(axis=0), low, high)}
