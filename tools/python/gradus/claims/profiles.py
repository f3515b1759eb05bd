"""Who solves how many workloads how soon: performance profiles of a study's competitors, with AlgoPerf's score."""
from dataclasses import dataclass, field

import numpy as np

from ..inference import performance_profile, standings
from ..inference.profiles import LARGEST, POINTS, medians
from ..records.values import identity, texts
from ..report.panels import Panel, Series
from ..report.slugs import slug
from . import evidence, quantities, words
from .quantities import NotMeasured


@dataclass
class Profiled:
    """What came of a study's [[profile]]."""
    profile: object
    panel: Panel | None = None
    standings: list = field(default_factory=list)
    problem: str = ""


def profiled(profile, found, seconds_of_step=None):
    """The Profiled of a study's Profile, of the SweepRuns of its sweep."""
    try:
        names, workloads, times = _times(profile, found, seconds_of_step)
    except NotMeasured as problem:
        return Profiled(profile, problem=str(problem))
    ranked = standings(times, names, workloads, {})
    taus = np.linspace(1, LARGEST, POINTS)
    profiles = performance_profile(medians(times), taus)
    panel = Panel(slug("profile", profile.name), profile.name.replace("-", " ").capitalize(),
                  f"times the fastest's {words.quantity_text(profile.quantity)}", "share of workloads solved",
                  better="higher")
    for name, shares in zip(names, profiles):
        panel.series.append(Series(name, (("text", name),), taus, [], [], shares, n=times.shape[-1]))
    return Profiled(profile, panel, ranked)


def _times(profile, found, seconds_of_step):
    """(competitors, workloads, times [competitors, workloads, seeds]); infinite where one did not arrive."""
    runs = [run for run in found.runs if run.stage == profile.stage and profile.competitors in run.options]
    if not runs:
        raise NotMeasured(f"no run of {'stage ' + profile.stage if profile.stage else 'its sweep'} has ended")
    evidence.refuse_untimed(profile.quantity, runs)
    shown = texts(run.options[profile.competitors] for run in runs)
    names, seeds = list(dict.fromkeys(shown.values())), sorted({run.seed for run in runs})
    workloads = evidence.by_workload(profile, runs)
    times = np.full((len(names), len(workloads), len(seeds)), np.nan)
    for column, (workload, mine) in enumerate(workloads.items()):
        quantity = profile.quantity.on(workload)
        horizons = quantities.horizons(quantity, mine, seconds_of_step)
        for run in mine:
            number = quantities.of_run(quantity, run, horizons[run.seed], seconds_of_step)
            at = names.index(shown[identity(run.options[profile.competitors])]), column, seeds.index(run.seed)
            times[at] = number.value if number.arrived else np.inf
    for name, rows in zip(names, times):
        for workload, row in zip(workloads, rows):
            if np.isnan(row).any():
                raise NotMeasured(f"{name} has no result of {np.isnan(row).sum()} of {len(seeds)} seeds"
                                  f"{' in ' + workload if workload else ''}")
    return names, list(workloads), times

