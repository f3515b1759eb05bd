"""Verdicts on the claims of all studies together, from what each compares."""
from dataclasses import dataclass, field, replace

import numpy as np

from ..inference import Comparison, Effect, Pairs, Race, Sloped, Trials, at_border, judge
from ..inference.simultaneous import UNDECIDED
from ..records.grouping import configuration
from ..records.values import identity
from . import evidence, quantities
from .quantities import NotMeasured
from .study import Quantity


@dataclass
class Decided:
    """A claim with its verdict, and what a report says beside it."""
    claim: object
    compared: object
    judged: object
    stale: list = field(default_factory=list)    # why its runs are not those of what lies there now
    races: dict = field(default_factory=dict)    # {workload: Race}, of times
    borders: list = field(default_factory=list)  # chosen settings at the border of the space that they were drawn from
    wider: list = field(default_factory=list)    # spaces that were widened, as a choice lay at their border
    clock: float | None = None                   # of calibrated seconds: the share by which two timings differ
    contended: bool = False                      # its seconds are those of runs that shared the machine

    @property
    def verdict(self):
        """Of claims that a budget cannot decide: "not decided"."""
        return "not decided" if self.judged.verdict == "undecided" else self.judged.verdict


def decide(all_compared, tunings):
    """A Decided for each Compared, in their order. tunings: {claim's name: {(workload, side): Trials or Sloped}}.

    Of what is not there as planned the effect is told, and nothing decided: it takes no part in Holm's procedure.
    """
    comparisons = [comparison_of(compared, tunings.get(compared.claim.name, {})) for compared in all_compared]
    judged = judge([Comparison(one.name, None, one.delta, "; ".join(compared.missing))
                    if compared.missing and one.effect else one for one, compared in zip(comparisons, all_compared)])
    found = []
    for compared, comparison, one in zip(all_compared, comparisons, judged):
        if compared.missing and comparison.effect:
            alone, = judge([comparison])
            inside = [replace(part, verdict=UNDECIDED) for part in alone.workloads]
            one = replace(alone, verdict=UNDECIDED, workloads=inside, problem=one.problem)
        found.append(Decided(compared.claim, compared, one, races=races_of(compared)))
    return found


def comparison_of(compared, trials):
    """The inference's Comparison of a claim. Whatever makes it incomplete makes it undecided, and is said."""
    claim, pairs, idle = compared.claim, [], []
    if compared.problems or not compared.pairs:
        return Comparison(claim.name, None, claim.delta, "; ".join(compared.problems) or "nothing was measured")
    try:
        for workload, seeds in compared.pairs.items():
            sides = [[pair[side] for pair in seeds.values()] for side in (0, 1)]
            a, b = (np.array([number.value for number in side]) for side in sides)
            outcomes = _came_about(sides[0]) and (claim.b is None or _came_about(sides[1]))
            mine = Pairs(workload, a, b, trials.get((workload, "a")), trials.get((workload, "b")),
                         outcomes=(outcomes, outcomes and claim.b is not None),
                         resolutions=tuple(max(number.resolution for number in side) for side in sides),
                         exact=workload in compared.exact, idle=workload in compared.idle)
            (idle if mine.idle else pairs).append(mine)
        effects = [Effect(claim.effect, claim.better, [one]) for one in idle]
        if not pairs:  # nothing is decided, and all of it is told
            return Comparison(claim.name, Effect(claim.effect, claim.better, idle), claim.delta)
        return Comparison(claim.name, Effect(claim.effect, claim.better, pairs), claim.delta, idle=effects)
    except ValueError as error:
        return Comparison(claim.name, None, claim.delta, str(error))


def _came_about(side):
    """Whether the numbers are outcomes: all of them are exactly 0 or 1."""
    return all(number.outcome or number.value in (0.0, 1.0) for number in side)


def races_of(compared):
    """{workload: Race}: who arrives, and who is first."""
    claim, found = compared.claim, {}
    if claim.quantity.take != "time_to" or claim.quantity.over or claim.b is None:
        return found
    for workload, seeds in compared.pairs.items():
        times = {label: [pair[side].value if pair[side].arrived else np.inf for pair in seeds.values()]
                 for side, label in enumerate(_distinct(compared.labels))}
        found[workload] = Race(times, max(compared.horizons[workload][seed] for seed in seeds))  # the rest is infinite
    return found


def _distinct(labels):
    return labels if labels[0] != labels[1] else (f"{labels[0]} (a)", f"{labels[1]} (b)")


class Tuning:
    """A stage of a sweep that chose settings among draws: what its draws came to."""

    def __init__(self, name, options, found):
        self.name, self.options = name, options  # that are taken over from its winner; none: all that were tuned
        self.runs = [run for run in found.runs if run.stage == name and not run.replaced]
        stage = next((one for one in found.stages if one["name"] == name), {})
        chosen = stage.get("selected_by", {})
        self.by, self.statistic = f"{chosen.get('table')}/{chosen.get('column')}", chosen.get("statistic", "last")
        self.target = chosen.get("target")  # of a time
        self.winners = stage.get("winners", [])

    def winners_of(self, runs):
        """Places of the winners whose settings these judged runs have."""
        return {place for place, winner in enumerate(self.winners)
                for run in runs if self._has_settings(run, winner)}

    def trials(self, place, quantity, seconds_of_step=None, functions=None):
        """The Trials of a winner's draws, of a quantity. Raises NotMeasured."""
        per = self.winners[place]["per"]
        return self._trials(quantity, [run for run in self.runs if _agrees(run.options, per)], seconds_of_step, functions)

    def _has_settings(self, run, winner):
        tuned = {name: value for name, value in winner["tuned"].items() if not self.options or name in self.options}
        return bool(tuned) and _agrees(run.options, winner["per"]) and _agrees(run.options, tuned)

    def borders(self, runs):
        """Lines on options of judged runs that lie at the border of the space that they were chosen from, by now."""
        return self._told(runs, _lies_at_border,
                          lambda option, value, space: f"{option} {value:g} of [{space['low']:g}, {space['high']:g}]")

    def wider(self, runs):
        """Lines on options of judged runs whose space was widened, as a choice lay at its border."""
        return self._told(runs, lambda value, space: space["widened"],
                          lambda option, value, space: f"{option} to [{space['low']:g}, {space['high']:g}]")

    def _told(self, runs, which, line):
        told = {}
        for run in runs:
            for winner in self.winners:
                if self._has_settings(run, winner):
                    for option, space in winner.get("spaces", {}).items():
                        if option in run.options and which(run.options[option], space):
                            told[line(option, run.options[option], space)] = None
        return list(told)

    def _trials(self, quantity, runs, seconds_of_step, functions):
        draws = {}
        for run in runs:
            draws.setdefault(configuration(run.loaded, without=("seed",)), {})[run.seed] = run
        seeds = sorted({seed for mine in draws.values() for seed in mine})
        horizon = quantities.horizon(quantity, runs, seconds_of_step)
        validation, test = np.full((2, len(draws), len(seeds)), np.nan)
        late = np.zeros(validation.shape, bool)
        for place, mine in enumerate(draws.values()):
            for seed, run in mine.items():
                at = place, seeds.index(seed)
                if run.status == "completed":
                    validation[at] = self._chosen_by(run)
                    late[at] = np.isnan(validation[at]) and not np.isnan(quantities.column(run, self.by)[1][-1])
                try:
                    test[at] = quantities.of_run(quantity, run, horizon, seconds_of_step, functions).value
                except NotMeasured:
                    if run.status != "diverged":
                        raise
        if self.statistic == "time_to":  # who is late counts with the longest, as in the sweep
            validation[late] = max(len(quantities.column(run, self.by)[1]) for run in runs if run.status == "completed")
        return Trials(validation, test, self._better(runs[0]))

    def _better(self, run):
        """Which way the number is better by which settings were chosen."""
        return "lower" if self.statistic == "time_to" else quantities.better(quantities.column(run, self.by)[0], self.by)

    def _chosen_by(self, run):
        if self.statistic == "time_to":
            return quantities.rows_before(self.by, self.target, run)
        extreme = {"lower": "lowest", "higher": "highest"}[self._better(run)]
        return quantities.of_run(Quantity(extreme if self.statistic == "best" else self.statistic, self.by), run).value


def tunings_of(claim, found):
    """A Tuning of each stage that chose settings of the claim's runs. Raises NotMeasured where one is not there."""
    tunings = [Tuning(name, options, found) for name, options in claim.choices.items()]
    for tuning in tunings:
        if not tuning.runs:
            raise NotMeasured(f"no run of stage {tuning.name} has ended")
        if not tuning.winners:
            raise NotMeasured(f"{evidence.STAGES_FILE} tells no winner of stage {tuning.name}")
    return tunings


def trials_of(compared, tunings, seconds_of_step=None, functions=None):
    """{(workload, side): Trials, or Sloped ones} of what the compared runs' settings were chosen among, where they were.

    Raises NotMeasured where a choice was made and what it adds cannot be told.
    """
    claim, found = compared.claim, {}
    for side, choice in (("a", claim.a), ("b", claim.b)):
        mine = evidence.chosen(compared.runs, choice) if choice is not None and tunings else []
        for workload, runs in evidence.by_workload(claim, mine).items():
            quantity = claim.quantity.on(workload)
            by_place = {}
            for run in runs:
                by_place.setdefault(run.options.get(quantity.over) if quantity.over else None, []).append(run)
            chosen = {at: [(tuning, place) for tuning in tunings for place in sorted(tuning.winners_of(those))]
                      for at, those in by_place.items()}
            if not any(chosen.values()):
                continue
            if quantity.over and quantity.then != "slope":
                raise NotMeasured(f"what a choice adds to the {quantity.then} over {quantity.over} is not known")
            each = [one for winners in chosen.values() for one in winners]
            if any(len(winners) > 1 for winners in chosen.values()) or len(set(each)) < len(each):
                raise NotMeasured(f"{workload or side} has several choices, or one for several of {quantity.over}")
            trials = {at: winners[0][0].trials(winners[0][1], quantity, seconds_of_step, functions)
                      for at, winners in chosen.items() if winners}
            found[workload, side] = Sloped(_weights(chosen, trials), trials.values()) if quantity.over else trials[None]
    return found


def _weights(places, wanted):
    """Of the logarithms at some of these places in the slope on the places' logarithms."""
    logs = {at: np.log(at) for at in places}
    middle = np.mean(list(logs.values()))
    return [(logs[at] - middle) / sum((log - middle) ** 2 for log in logs.values()) for at in wanted]


def _lies_at_border(value, space):
    if space["kind"] == "list":
        return value in (space["low"], space["high"])
    return at_border(value, space["low"], space["high"], space["kind"] == "log_uniform")


def _agrees(options, per):
    return all(identity(options.get(name)) == identity(value) for name, value in per.items())
