"""How well an effect is known: t below 20 seeds, BCa from 20, each widened by what choosing the settings adds.

BCa (Efron 1987) covers too little below 20 seeds, t (Student 1908; Welch 1947 and Satterthwaite 1946 over workloads)
does not. Even from 20 on BCa is made as much wider as t is than the normal ("expanded", Hesterberg 2015): as it stands
it covers 92 % of 95 and 99.4 % of 99.9 with 20 normal seeds, expanded 94.5 and 99.8. Where a level asks for the
outermost resamples, as Holm's first steps among many claims do, t stands in for it. Where settings were chosen among
draws, what seeds and what choice add to an end are combined by the root of their squares' sum (Zou & Donner 2008).
Shares of what came about or not have exact intervals (Clopper & Pearson 1934), of a pair's difference by the shares of
seeds with a's alone and with b's alone, each at half the level.
"""
import numpy as np
from scipy import stats
from scipy.special import ndtr, stdtr, stdtrit

from .effects import RESAMPLES

FROM = 20  # seeds in every workload, from which BCa is taken
BEYOND = 5  # resamples that must lie beyond an end of it
FLIPS = 9999
LEAST_OF_FLIPS = 2 / (FLIPS + 1)  # p of flips at random
FINEST = 1e-12  # smallest p that is told


def interval(effect, level=0.95):
    """(low, high) of an effect. Equal seeds give a width of 0 where they are exact, and else, as one seed does, an
    infinite one.
    """
    low, high = _of_seeds(effect, level)
    choice = _of_choice(effect, level)
    below, above = effect.estimate - low, high - effect.estimate
    return effect.estimate - float(np.hypot(below, choice)), effect.estimate + float(np.hypot(above, choice))


def p_value(effect, delta=0.0):
    """Two-sided p of the effect being delta (the smaller side doubled): where the interval's end is just delta."""
    if np.isclose(effect.estimate, delta, rtol=1e-12, atol=1e-12) or effect.equal and not effect.exact:
        return 1.0
    return max(_p(effect, delta), FINEST)


def _p(effect, delta):
    if effect.changes is None and not effect.shares and (effect.seeds < FROM or not effect.variances.any()):
        return _p_of_t(effect, delta)
    if _excludes(effect, 1 - FINEST, delta):
        return FINEST
    low, high = np.log(FINEST), 0.0
    while high - low > 1e-3:
        middle = (low + high) / 2
        if _excludes(effect, 1 - np.exp(middle), delta):
            high = middle
        else:
            low = middle
    return float(np.exp(high))


def told_by(effect, level=0.95):
    """What interval() takes, in words."""
    seeds = _seeds_told_by(effect, level)
    return seeds if effect.changes is None else f"{seeds}, choice of settings resampled"


def _seeds_told_by(effect, level):
    if effect.shares:
        return "exact shares"
    if effect.equal:
        return f"equal seeds, {'of what no seed changes' if effect.exact else 'which tell no spread'}"
    if _by_bca(effect, level):
        return "BCa"
    return "paired t" if len(effect.pairs) == 1 else "Welch's t over workloads"


def sign_flip_p(effect, delta=0.0):
    """Two-sided p of the effect being delta, by flipping signs of seeds (Fisher 1935), which assumes symmetry alone.

    All flips up to 13 seeds, FLIPS at random beyond. A ratio is taken by the delta method. A choice of settings is not
    in it.
    """
    parts = [(effect.of(name).estimate - delta + each) / len(each) / len(effect.pairs)
             for name, each in zip(effect.workloads, effect.deviations)]
    return float(stats.permutation_test((np.concatenate(parts),), np.sum, permutation_type="samples", vectorized=True,
                                        n_resamples=FLIPS, batch=2000, random_state=4).pvalue)


def sign_flip_can_tell(effect, level):
    """Whether the least p that sign flips can give, 2^(1 - n), is within 1 - level."""
    return 2.0 ** (1 - sum(len(each) for each in effect.deviations)) <= 1 - level


def percentile_interval(resampled, level=0.95, axis=0):
    """(low, high) of resampled scores, medians or shares: their stability, no confidence in a parameter."""
    low, high = np.percentile(resampled, [50 * (1 - level), 50 * (1 + level)], axis=axis)
    return low, high


def shares_of_first(values, better="lower"):
    """[..., competitors]: 1 for who is best in each row, ties split; all the same, none finite included, share too."""
    values = np.asarray(values, float)
    best = values == (values.min(axis=-1, keepdims=True) if better == "lower" else values.max(axis=-1, keepdims=True))
    return best / best.sum(axis=-1, keepdims=True)


def _of_seeds(effect, level):
    if effect.seeds < 2:
        return -np.inf, np.inf
    if effect.shares:
        return _of_shares(effect, level)
    if effect.equal:
        return (effect.estimate, effect.estimate) if effect.exact else (-np.inf, np.inf)
    if _by_bca(effect, level):
        again = effect.bootstrap(1 - 2 * _tail(effect, level), n_resamples=0, bootstrap_result=effect.resampled)
        return float(again.confidence_interval.low), float(again.confidence_interval.high)
    half = stdtrit(_freedom(effect), 0.5 + level / 2) * np.sqrt(effect.variances.sum())
    return effect.estimate - half, effect.estimate + half


def _of_shares(effect, level):
    """Exact within each workload, whose errors add up."""
    low = high = 0.0
    error = (1 - level) / len(effect.pairs)
    for of in effect.pairs:
        if of.outcomes[1]:
            mine = _share(int((of.a > of.b).sum()), len(of.a), error / 2)
            others = _share(int((of.a < of.b).sum()), len(of.a), error / 2)
            ends = mine[0] - others[1], mine[1] - others[0]
        else:
            ends = np.array(_share(int(of.a.sum()), len(of.a), error)) - of.b[0]
        low, high = low + ends[0], high + ends[1]
    ends = np.array([low, high]) / len(effect.pairs)
    return tuple(map(float, -ends[::-1] if effect.better == "lower" else ends))


def _share(count, of, error):
    found = stats.binomtest(count, of).proportion_ci(1 - error, "exact")
    return found.low, found.high


def _by_bca(effect, level):
    return effect.seeds >= FROM and effect.variances.any() and not effect.coarse and _tail(effect, level) * RESAMPLES >= BEYOND


def _tail(effect, level):
    """The share beyond either end of an expanded bootstrap interval (Hesterberg 2015, section 5.2)."""
    return ndtr(-np.sqrt(effect.seeds / (effect.seeds - 1)) * stdtrit(_freedom(effect), 0.5 + level / 2))


def _of_choice(effect, level):
    """What choosing again changes, at a level; 0 where nothing was chosen."""
    return 0.0 if effect.changes is None else effect.changes.size(level)


def _p_of_t(effect, delta):
    if effect.seeds < 2:
        return 1.0
    if effect.equal:
        return 0.0
    return float(2 * stdtr(_freedom(effect), -abs(effect.estimate - delta) / np.sqrt(effect.variances.sum())))


def _freedom(effect):
    """Welch's and Satterthwaite's degrees of freedom of the sum over workloads."""
    degrees = np.array([len(each) - 1 for each in effect.deviations])
    return effect.variances.sum() ** 2 / (effect.variances ** 2 / degrees).sum()


def _excludes(effect, level, delta):
    low, high = interval(effect, level)
    return delta < low or delta > high
