"""Many methods on many problems: performance profiles, AlgoPerf's score, and how firm a ranking is."""
from dataclasses import dataclass

import numpy as np

from .intervals import percentile_interval, shares_of_first

LARGEST = 4.0  # AlgoPerf's largest ratio: whoever takes longer never arrived
POINTS = 100


def performance_profile(times, taus):
    """Share of problems that a method solves within tau times the fastest (Dolan & More 2002).

    times: [..., methods, problems], infinite where one did not arrive; taus: [points]. Returns [..., methods, points].
    """
    times = np.asarray(times, float)
    with np.errstate(invalid="ignore"):
        ratios = times / times.min(axis=-2, keepdims=True)  # not a number where nobody arrived: within no tau
    return (ratios[..., None] <= np.asarray(taus)).mean(axis=-2)


def algoperf_scores(times, workloads, variants):
    """AlgoPerf's scores of submissions, [..., submissions] (Dahl et al. 2023, section 4.5; Kasimbeg et al. 2025).

    times: [..., submissions, workloads], already medians over studies; variants: {held-out workload: its base}. More
    than 4 times the fastest is never; a failed held-out variant voids its base and the reverse; the profile over the
    base workloads is integrated by trapezoids over 100 points on [1, 4], and divided by 3.
    """
    times = np.array(times, float)
    times[times > LARGEST * times.min(axis=-2, keepdims=True)] = np.inf
    for variant, base in variants.items():
        both = [workloads.index(variant), workloads.index(base)]
        times[..., both] = np.where(np.isinf(times[..., both]).any(axis=-1, keepdims=True), np.inf, times[..., both])
    taus = np.linspace(1, LARGEST, POINTS)
    bases = [place for place, name in enumerate(workloads) if name not in variants]
    return np.trapz(performance_profile(times[..., bases], taus), taus, axis=-1) / (LARGEST - 1)


@dataclass(frozen=True)
class Standing:
    """A submission's score, its stability, and the probabilities of being first of all and before each other one."""
    name: str
    score: float
    low: float
    high: float
    first: float
    before: dict


def standings(times, names, workloads, variants, level=0.95, count=2000):
    """Standings of submissions, best first.

    times: [submissions, workloads, studies], infinite where the target was not reached, not a number for a study that
    is missing. Studies are resampled within each workload, all submissions of a study together; ties are split.
    """
    times = np.asarray(times, float)
    studies = times.shape[-1]
    rng = np.random.default_rng(6)
    places = rng.integers(studies, size=(count, 1, times.shape[1], studies))
    resampled = np.take_along_axis(times[None], places, axis=-1)  # [count, submissions, workloads, studies]
    again = algoperf_scores(medians(resampled), workloads, variants)
    scores = algoperf_scores(medians(times), workloads, variants)
    low, high = percentile_interval(again, level)
    first = shares_of_first(again, "higher").mean(axis=0)
    found = []
    for at in np.argsort(-scores, kind="stable"):
        before = {names[other]: float(shares_of_first(again[:, [at, other]], "higher")[:, 0].mean())
                  for other in range(len(names)) if other != at}
        found.append(Standing(names[at], float(scores[at]), float(low[at]), float(high[at]), float(first[at]), before))
    return found


def medians(times):
    """Over studies that are there; infinite where none is."""
    missing = np.isnan(times).all(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.nanmedian(np.where(missing, np.inf, times), axis=-1)
