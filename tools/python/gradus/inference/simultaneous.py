"""Verdicts on all claims of a report at once."""
from dataclasses import dataclass, field

import numpy as np
from statsmodels.stats.multitest import multipletests

from .effects import Effect
from .intervals import interval, p_value, sign_flip_can_tell, sign_flip_p, told_by

SUPPORTED, REFUTED, UNDECIDED, DEPENDS = "supported", "refuted", "undecided", "depends"


@dataclass(frozen=True)
class Comparison:
    """The one primary comparison of a claim: its effect is to be beyond delta.

    delta: of a difference in its unit; of a ratio the share, 0.1 for 10 %, so the effect's bound is log(1 + delta).
    effect: None where it could not be measured, and problem then says why: it still counts as one of the claims.
    """
    name: str
    effect: Effect | None
    delta: float = 0.0
    problem: str = ""

    def __post_init__(self):
        if self.effect is None and not self.problem:
            raise ValueError(f"claim {self.name}: neither an effect nor a problem; expected one of them")

    @property
    def bound(self):
        return float(np.log1p(self.delta)) if self.effect and self.effect.kind == "ratio" else float(self.delta)


@dataclass(frozen=True)
class InWorkload:
    """A claim in one workload, its interval at alpha / (claims * workloads); `without` is the effect of all others."""
    workload: str
    seeds: int
    estimate: float
    low: float
    high: float
    verdict: str
    without: float | None


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict and all that a report says of it. Effects are oriented: above 0 speaks for the claim.

    bound: what the interval must be beyond (of a ratio the log, as are estimate, low and high).
    level: of the interval: 1 - alpha / (claims - those with a smaller p). adjusted_p: Holm's.
    sign_flip_p: beside the verdict, where it can be as small as its level asks; else None.
    """
    name: str
    verdict: str
    kind: str = ""
    delta: float = 0.0
    bound: float = 0.0
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    level: float = np.nan
    p: float = 1.0
    adjusted_p: float = 1.0
    seeds: int = 0
    told_by: str = ""
    sign_flip_p: float | None = None
    workloads: list = field(default_factory=list)
    problem: str = ""


def judge(comparisons, alpha=0.05):
    """A Judged for each Comparison, in their order; of all together at most alpha are wrongly supported or refuted.

    Holm (1979) over all of them, those without an effect included (their p is 1). A claim is supported if its interval
    lies wholly beyond the bound, refuted if wholly below, undecided otherwise; it "depends" where one workload supports
    it and another refutes it. What is simultaneous is on which side of its bound an effect lies; the interval's other
    end is at its own level.
    """
    if not comparisons:
        return []
    ps = [1.0 if of.effect is None else p_value(of.effect, of.bound) for of in comparisons]
    rejected, adjusted, _, _ = multipletests(ps, alpha, method="holm")
    steps = np.empty(len(ps), int)
    steps[np.argsort(ps, kind="stable")] = np.arange(len(ps))
    shares = alpha / (len(ps) - np.minimum(steps, rejected.sum() - (rejected.sum() == len(ps))))
    return [_judged(of, p, bool(told), float(holm), float(share), alpha / len(ps))
            for of, p, told, holm, share in zip(comparisons, ps, rejected, adjusted, shares)]


def _judged(of, p, told, adjusted, share, everyone):
    """share: alpha of this claim's step; everyone: alpha over all claims."""
    effect = of.effect
    if effect is None:
        return Judged(of.name, UNDECIDED, delta=of.delta, level=1 - share, problem=of.problem)
    low, high = interval(effect, 1 - share)
    inside = [_in_workload(effect, name, of.bound, everyone) for name in effect.workloads]
    found = {part.verdict for part in inside}
    verdict = DEPENDS if {SUPPORTED, REFUTED} <= found else _verdict(low, high, of.bound) if told else UNDECIDED
    flips = sign_flip_p(effect, of.bound) if sign_flip_can_tell(effect, 1 - share) else None
    return Judged(of.name, verdict, effect.kind, of.delta, of.bound, effect.estimate, float(low), float(high),
                  1 - share, p, adjusted, effect.seeds, told_by(effect, 1 - share), flips, inside, of.problem)


def _in_workload(effect, name, bound, alpha):
    alone = effect.of(name)
    low, high = interval(alone, 1 - alpha / len(effect.pairs))
    without = effect.without(name).estimate if len(effect.pairs) > 1 else None
    return InWorkload(name, alone.seeds, alone.estimate, float(low), float(high), _verdict(low, high, bound), without)


def _verdict(low, high, bound):
    return SUPPORTED if low > bound else REFUTED if high < bound else UNDECIDED
