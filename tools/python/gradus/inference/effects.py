"""An effect: two competitors' values in each workload, paired by seed, as one number that a claim says is above 0."""
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from .tuning import Changes, Sloped, Trials

RESAMPLES = 49999  # of the seeds, for BCa
ROUNDING = 1e-12  # relative: seeds that differ by less are the same


@dataclass(frozen=True)
class Pairs:
    """One workload's values [seeds]: a[i] and b[i] are of one seed. A number to be passed stands as b.

    tuned_a, tuned_b: the draws that a's and b's settings were chosen among, where they were.
    outcomes: whether a's, b's values are 0 or 1, of what came about: the interval of their shares is exact.
    resolutions: of a's, b's values, how far apart two that are told from each other are; 0 of what is exact.
    exact: whether no seed has a part in the values, so that equal ones are certain; else those tell no spread.
    idle: whether neither has learnt anything here, or few come to the target: the workload decides nothing.
    """
    workload: str
    a: np.ndarray
    b: np.ndarray
    tuned_a: Trials | Sloped | None = None
    tuned_b: Trials | Sloped | None = None
    outcomes: tuple = (False, False)
    resolutions: tuple = (0.0, 0.0)
    exact: bool = False
    idle: bool = False

    def __post_init__(self):
        a = np.asarray(self.a, float)
        b = np.asarray(self.b, float)
        if a.ndim != 1 or len(a) == 0 or b.shape not in ((), a.shape):
            raise ValueError(f"workload {self.workload}: values of shapes {a.shape} and {b.shape}; expected as many of "
                             f"b as of a, [seeds], or one number")
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise ValueError(f"workload {self.workload}: values that are not finite; expected a number for every seed")
        object.__setattr__(self, "a", a)
        object.__setattr__(self, "b", np.broadcast_to(b, a.shape))


def _variance(deviations):
    return (deviations ** 2).sum() / (len(deviations) - 1) if len(deviations) > 1 else np.inf


@dataclass(frozen=True)
class Effect:
    """The mean of the workloads' effects; workloads are fixed, seeds are the sample.

    kind: "difference", the mean of a - b over seeds; "ratio", log(mean a / mean b).
    better: "lower" turns the sign, so that an effect above 0 speaks for a.
    """
    kind: str
    better: str
    pairs: list

    def __post_init__(self):
        for name, value, expected in (("kind", self.kind, ("difference", "ratio")),
                                      ("better", self.better, ("lower", "higher"))):
            if value not in expected:
                raise ValueError(f"effect's {name} {value!r}: expected {' or '.join(expected)}")
        if not self.pairs:
            raise ValueError("effect of no workload: expected one at least")
        for of in self.pairs:
            if self.kind == "ratio" and not (of.a.mean() > 0 and of.b.mean() > 0):
                raise ValueError(f"workload {of.workload}: a ratio of means {of.a.mean():.3g} and {of.b.mean():.3g}; "
                                 f"expected both above 0")
            for trials in (of.tuned_a, of.tuned_b):
                if trials is not None:
                    trials.check(self.kind)

    @property
    def workloads(self):
        return [of.workload for of in self.pairs]

    @property
    def seeds(self):
        """Of the workload that has the fewest."""
        return min(len(of.a) for of in self.pairs)

    def of(self, workload):
        """The effect in one workload; itself where it has no other, so that nothing is resampled twice."""
        if self.workloads == [workload]:
            return self
        return Effect(self.kind, self.better, [of for of in self.pairs if of.workload == workload])

    def without(self, workload):
        """The effect in all the others; at least two are needed."""
        return Effect(self.kind, self.better, [of for of in self.pairs if of.workload != workload])

    @cached_property
    def estimate(self):
        return float(self.value(*(np.arange(len(of.a)) for of in self.pairs)))

    def value(self, *places, axis=-1):
        """The effect of a sample: for each workload the places of its seeds, [..., seeds] along `axis`."""
        sign = -1.0 if self.better == "lower" else 1.0
        parts = []
        for of, at in zip(self.pairs, places):
            if self.kind == "difference":
                parts.append((of.a - of.b)[at].mean(axis=axis))
            else:
                parts.append(np.log(of.a[at].mean(axis=axis) / of.b[at].mean(axis=axis)))
        return sign * sum(parts) / len(parts)

    @cached_property
    def deviations(self):
        """For each workload what its seeds add to its effect, [seeds], of mean 0.

        A difference's are its own; a ratio's are the delta method's, a / mean(a) - b / mean(b) (Oehlert 1992).
        """
        sign = -1.0 if self.better == "lower" else 1.0
        found = []
        for of in self.pairs:
            if self.kind == "difference":
                each = of.a - of.b
                scale = max(np.abs(of.a).max(), np.abs(of.b).max())
            else:
                each = of.a / of.a.mean() - of.b / of.b.mean()
                scale = 1.0
            each = each - each.mean()
            found.append(np.where(np.abs(each) <= ROUNDING * scale, 0.0, sign * each))
        return found

    @cached_property
    def variances(self):
        """For each workload the variance of its part of the effect, s^2 / n / workloads^2; infinite for one seed.

        Where the seeds differ by less than their values' resolution, that of values anywhere within it, r^2 / 12.
        """
        count = len(self.pairs)
        return np.array([max(_variance(each), self._coarseness(of)) / len(each) / count ** 2
                         for of, each in zip(self.pairs, self.deviations)])

    @cached_property
    def coarse(self):
        """Whether in a workload the seeds differ by less than can be told."""
        return any(_variance(each) < self._coarseness(of) for of, each in zip(self.pairs, self.deviations))

    def _coarseness(self, of):
        scales = (1.0, 1.0) if self.kind == "difference" else (of.a.mean(), of.b.mean())
        return sum((resolution / scale) ** 2 for resolution, scale in zip(of.resolutions, scales)) / 12

    @property
    def equal(self):
        """Whether no workload's seeds differ, or those of one do not though they have a part in it. That is certain of
        what is exact, and else tells no spread.
        """
        if self.seeds < 2 or self.shares:
            return False
        return not self.variances.any() or any(variance == 0 and not of.exact
                                               for variance, of in zip(self.variances, self.pairs))

    @property
    def exact(self):
        return all(of.exact for of in self.pairs)

    @property
    def shares(self):
        """Whether it is a difference of shares, of what came about or not."""
        return self.kind == "difference" and all(of.outcomes[0] and (of.outcomes[1] or np.ptp(of.b) == 0)
                                                 for of in self.pairs)

    @cached_property
    def resampled(self):
        """SciPy's bootstrap of the effect, made once and read at every level: seeds within each workload, a's and b's
        of a seed together.
        """
        return self.bootstrap(0.95, n_resamples=RESAMPLES, random_state=1)

    def bootstrap(self, level, **arguments):
        places = tuple(np.arange(len(of.a)) for of in self.pairs)
        return stats.bootstrap(places, self.value, method="BCa", confidence_level=level, vectorized=True, batch=5000,
                               **arguments)

    @cached_property
    def changes(self):
        """How the effect changes when the draws of its methods are resampled and chosen among again: Changes.

        None where nothing was tuned. Workloads and methods are tuned each for itself, so their changes add.
        """
        parts = [((1 if at == 0 else -1) * changes / len(self.pairs), chances)
                 for of in self.pairs for at, trials in enumerate((of.tuned_a, of.tuned_b)) if trials is not None
                 for changes, chances in trials.parts(self.kind)]
        return Changes(parts) if parts else None
