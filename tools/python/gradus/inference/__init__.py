"""What a claim is worth: effects, intervals, verdicts. By NumPy, SciPy and statsmodels.

    from gradus.inference import Comparison, Effect, Pairs, judge
    effect = Effect("ratio", "lower", [Pairs("mlp", momentum, sgd), Pairs("cnn", ...)])   # values by seed
    momentum_is_sooner, = judge([Comparison("momentum-is-sooner", effect, delta=0.1)])
    momentum_is_sooner.verdict, momentum_is_sooner.estimate, momentum_is_sooner.low, momentum_is_sooner.high

effects        Pairs of one workload, the Effect pooled over workloads: values in, an oriented number with its parts out
intervals      what an effect is known to: t, BCa, their p; sign flips; percentiles of what has no better interval
tuning         Trials of a method's draws: what the choice among them adds to an interval, of Sloped ones to a slope; best
               of k; the space's border
simultaneous   judge: Holm over all Comparisons of a report, a Judged (with its verdict) for each
arrival        a Race to a target, where not all arrive: shares, ratio of restricted means, who is first
profiles       performance profiles of many methods on many problems, AlgoPerf's score, and how firm its ranking is

Whatever draws random numbers starts from a fixed state: the same values give the same report.
"""
from .arrival import Race
from .effects import Effect, Pairs
from .intervals import interval, p_value, percentile_interval, shares_of_first, sign_flip_p
from .profiles import algoperf_scores, performance_profile, standings
from .simultaneous import Comparison, Judged, judge
from .tuning import Sloped, Trials, at_border, best_of_k

__all__ = ["Comparison", "Effect", "Judged", "Pairs", "Race", "Sloped", "Trials", "algoperf_scores", "at_border", "best_of_k",
           "interval", "judge", "p_value", "percentile_interval", "performance_profile", "shares_of_first",
           "sign_flip_p", "standings"]
