"""How well an effect is known: t below 20 seeds, BCa from 20, each widened by what choosing the settings adds.

BCa (Efron 1987) covers too little below 20 seeds, t (Student 1908; Welch 1947 and Satterthwaite 1946 over workloads)
does not. Where settings were chosen among draws, seeds and choice are combined by the square root of their squares
(Zou & Donner 2008), so each keeps its own shape.
"""
import numpy as np
from scipy import stats

from .effects import RESAMPLES

FROM = 20  # seeds in every workload, from which BCa is taken
FINEST = 1e-12  # smallest p of a t interval


def interval(effect, level=0.95):
    """(low, high) of an effect. Equal seeds give a width of 0, one seed gives an infinite one."""
    low, high = _of_seeds(effect, level)
    slack = _of_choice(effect, level)
    return effect.estimate - np.hypot(effect.estimate - low, slack), effect.estimate + np.hypot(high - effect.estimate,
                                                                                               slack)


def p_value(effect, delta=0.0):
    """Two-sided p of the effect being delta (the smaller side doubled): where the interval's end is just delta.

    Of BCa it is no finer than the resamples, 1e-4.
    """
    if np.isclose(effect.estimate, delta, rtol=1e-12, atol=1e-12):
        return 1.0
    if _by(effect) == "t" and effect.changes is None:
        return _p_of_t(effect, delta)
    finest = 2 / (RESAMPLES + 1) if _by(effect) == "BCa" else FINEST
    low, high = np.log(finest), 0.0
    if _excludes(effect, 1 - finest, delta):
        return finest
    while high - low > 1e-3:
        middle = (low + high) / 2
        if _excludes(effect, 1 - np.exp(middle), delta):
            high = middle
        else:
            low = middle
    return float(np.exp(high))


def told_by(effect):
    """What interval() takes, in words."""
    seeds = "BCa" if _by(effect) == "BCa" else "paired t" if len(effect.pairs) == 1 else "Welch's t over workloads"
    return seeds if effect.changes is None else f"{seeds}, choice of settings resampled"


def sign_flip_p(effect, delta=0.0):
    """Two-sided p of the effect being delta, by flipping the signs of seeds (Fisher 1935); assumes symmetry, no normality.

    All flips up to 14 seeds, 19,999 beyond. A ratio is taken by the delta method. Choice of settings is not in it.
    """
    parts = [(effect.of(name).estimate - delta + each) / len(each) / len(effect.pairs)
             for name, each in zip(effect.workloads, effect.deviations)]
    values = np.concatenate(parts)
    return float(stats.permutation_test((values,), lambda x, axis: x.sum(axis=axis), permutation_type="samples",
                                        vectorized=True, n_resamples=RESAMPLES, batch=2000, random_state=4).pvalue)


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


def _by(effect):
    return "BCa" if effect.seeds >= FROM and effect.variances.any() else "t"


def _of_seeds(effect, level):
    if _by(effect) == "BCa":
        again = effect.bootstrap(level, n_resamples=0, bootstrap_result=effect.resampled)
        return float(again.confidence_interval.low), float(again.confidence_interval.high)
    if effect.seeds < 2:
        return -np.inf, np.inf
    if not effect.variances.any():
        return effect.estimate, effect.estimate
    half = stats.t.ppf(0.5 + level / 2, _freedom(effect)) * np.sqrt(effect.variances.sum())
    return effect.estimate - half, effect.estimate + half


def _of_choice(effect, level):
    """Half of what choosing again changes, at a level; 0 where nothing was chosen."""
    if effect.changes is None:
        return 0.0
    count = len(effect.changes)
    return float(effect.changes[min(int(np.ceil(level * count)), count - 1)])


def _p_of_t(effect, delta):
    if effect.seeds < 2:
        return 1.0
    if not effect.variances.any():
        return 0.0
    return float(2 * stats.t.sf(abs(effect.estimate - delta) / np.sqrt(effect.variances.sum()), _freedom(effect)))


def _freedom(effect):
    """Welch's and Satterthwaite's degrees of freedom of the sum over workloads."""
    degrees = np.array([len(each) - 1 for each in effect.deviations])
    return effect.variances.sum() ** 2 / (effect.variances ** 2 / degrees).sum()


def _excludes(effect, level, delta):
    low, high = interval(effect, level)
    return delta < low or delta > high
