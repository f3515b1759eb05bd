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
    idle: the effects in workloads where nothing can be told, an Effect of each: they have no part in `effect`.
    """
    name: str
    effect: Effect | None
    delta: float = 0.0
    problem: str = ""
    idle: list = field(default_factory=list)

    def __post_init__(self):
        if self.effect is None and not self.problem:
            raise ValueError(f"claim {self.name}: neither an effect nor a problem; expected one of them")

    @property
    def bound(self):
        return float(np.log1p(self.delta)) if self.effect and self.effect.kind == "ratio" else float(self.delta)


@dataclass(frozen=True)
class InWorkload:
    """A claim in one workload; `without` is the effect of all others.

    Its interval is at alpha / 2 / (claims of several workloads * its workloads), or the claim's own where it has no other.
    """
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
    level: of the interval: 1 - alpha / (claims - those with a smaller p), of half the alpha where any claim has several
    workloads. adjusted_p: Holm's, doubled there.
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
    it and another refutes it. Where any claim has several workloads, half of alpha is for the claims' effects, by Holm,
    and half for the sides of workloads, by Bonferroni. What is simultaneous is on which side of its bound an effect lies;
    the interval's other end is at its own level.
    """
    if not comparisons:
        return []
    several = sum(of.effect is not None and len(of.effect.pairs) > 1 for of in comparisons)
    halves = 2 if several else 1
    ps = [1.0 if of.effect is None else p_value(of.effect, of.bound) for of in comparisons]
    rejected, adjusted, _, _ = multipletests(ps, alpha / halves, method="holm")
    adjusted = np.minimum(adjusted * halves, 1)
    steps = np.empty(len(ps), int)
    steps[np.argsort(ps, kind="stable")] = np.arange(len(ps))
    shares = alpha / halves / (len(ps) - np.minimum(steps, rejected.sum() - (rejected.sum() == len(ps))))
    return [_judged(of, p, bool(told), float(holm), float(share), alpha / 2 / max(several, 1))
            for of, p, told, holm, share in zip(comparisons, ps, rejected, adjusted, shares)]


def _judged(of, p, told, adjusted, share, inside):
    """share: alpha of this claim's step; inside: alpha of the workloads of a claim that has several."""
    effect = of.effect
    if effect is None:
        return Judged(of.name, UNDECIDED, delta=of.delta, level=1 - share, problem=of.problem)
    low, high = interval(effect, 1 - share)
    each = inside / len(effect.pairs) if len(effect.pairs) > 1 else share
    parts = [_in_workload(effect, name, of.bound, each) for name in effect.workloads]
    parts += [_in_workload(alone, alone.workloads[0], of.bound, each) for alone in of.idle]
    found = {part.verdict for part in parts}
    verdict = DEPENDS if {SUPPORTED, REFUTED} <= found else _verdict(low, high, of.bound) if told else UNDECIDED
    flips = sign_flip_p(effect, of.bound) if sign_flip_can_tell(effect, 1 - share) else None
    return Judged(of.name, verdict, effect.kind, of.delta, of.bound, effect.estimate, float(low), float(high),
                  1 - share, p, adjusted, effect.seeds, told_by(effect, 1 - share), flips, parts, of.problem)


def _in_workload(effect, name, bound, alpha):
    alone = effect.of(name)
    low, high = interval(alone, 1 - alpha)
    without = effect.without(name).estimate if len(effect.pairs) > 1 else None
    verdict = UNDECIDED if alone.pairs[0].idle else _verdict(low, high, bound)
    return InWorkload(name, alone.seeds, alone.estimate, float(low), float(high), verdict, without)


def _verdict(low, high, bound):
    return SUPPORTED if low > bound else REFUTED if high < bound else UNDECIDED
