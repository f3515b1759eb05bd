"""The runs of a study's sweeps, and what each claim compares of them: a number for each workload, seed and side."""
import math
import pathlib
from dataclasses import dataclass, field

from ..records import folder as run_folder
from ..records import grouping
from ..records.run import Want
from ..records.sealed import RESULTS, Damaged, Unread, read_sealed
from ..records.values import identity, texts
from . import quantities
from .quantities import NotMeasured, Number
from .study import BadStudy

SIDES = ("a", "b")
STAGES_FILE = "stages.json"


@dataclass
class Measured:
    """A run that ended with a result, with the tables that claims and pictures read."""
    name: str
    stage: str
    status: str          # "completed" or "diverged"
    options: dict
    attributes: dict     # of run.h5: what it was made by
    tables: dict         # {name: Rows}
    loaded: object = None  # the records' Run
    added: bool = False    # drawn from a wider space than the sweep's file gives,
    replaced: bool = False  # and drawn from one that others have taken the place of

    @property
    def seed(self):
        return self.options.get("seed", 0)


@dataclass
class SweepRuns:
    """What one sweep's folder holds."""
    folder: object
    runs: list = field(default_factory=list)
    troubles: list = field(default_factory=list)  # lines on the folder
    lost: list = field(default_factory=list)      # the records' Runs without a result
    sweep: object = None                          # the records' Sweep
    stages: list = field(default_factory=list)    # of stages.json


@dataclass
class Compared:
    """What a claim compares: pairs[workload][seed] = (Number of a, Number of b), both of the same seed.

    Of a claim with `than` both sides are there too: b is the number.
    """
    claim: object
    pairs: dict = field(default_factory=dict)
    labels: tuple = ("a", "b")
    problems: list = field(default_factory=list)  # why it cannot be measured, a line each
    missing: list = field(default_factory=list)   # what was planned and is not there: it is measured, not decided
    runs: list = field(default_factory=list)      # the Measured ones that it rests on
    horizons: dict = field(default_factory=dict)  # {workload: {seed: at which both times are censored}}
    exact: set = field(default_factory=set)       # workloads whose runs are the same with every seed
    idle: set = field(default_factory=set)        # workloads in which no side's loss has fallen


def load(folder, tables):
    """SweepRuns of a sweep's folder, with the rows of these tables (None: all). A folder that is not there has no runs.

    Of a stage that has ended only the runs that it names count: others were of winners that are none any more.
    """
    found = SweepRuns(folder)
    try:
        found.sweep = run_folder.load(str(folder), Want(whole=frozenset(), fingerprint=False))
    except run_folder.NoRuns as error:
        found.troubles.append(str(error))
        return found
    grouping.fill_in(found.sweep.runs)
    counted, _ = grouping.count_once(found.sweep.runs)
    found.troubles += found.sweep.warnings
    found.lost = [run for run in found.sweep.runs if run.status not in RESULTS]
    ended = [run for run in counted if run.status in RESULTS]
    found.stages = _stages(found)
    named = {stage["name"]: set(stage["runs"]) for stage in found.stages}
    ended = [run for run in ended if run.name in named.get(run.stage, [run.name])]
    added, replaced = ({name for stage in found.stages for name in stage.get(kind, ())}
                       for kind in ("added", "replaced"))
    whole = None if tables is None else frozenset(tables)
    for run, rows, _ in run_folder.read(ended, Want(whole=whole, provenance=False), found.sweep):
        found.runs.append(Measured(run.name, run.stage, run.status, run.options, run.attributes, rows, run,
                                   run.name in added, run.name in replaced))
    return found


def _stages(found):
    """What stages.json says of each stage that has been concluded."""
    try:
        return read_sealed(pathlib.Path(found.folder) / STAGES_FILE).get("stages", [])
    except FileNotFoundError:
        return []
    except (Damaged, Unread) as problem:
        found.troubles.append(f"{STAGES_FILE}: {problem}")
        return []


def tables_of(claims, profiles=()):
    """Names of the tables that claims and their pictures, and profiles, read; None for all."""
    names = {profile.quantity.of.partition("/")[0] for profile in profiles}
    for claim in claims:
        for name in [*claim.quantity.columns(), claim.picture.of]:
            if name:
                names.add(name.partition("/")[0])
        if claim.quantity.take == "python":
            return None
    return names


def chosen(runs, choice):
    """Those whose options have one of the values of each."""
    wanted = {name: {identity(value) for value in values} for name, values in choice.items()}
    return [run for run in runs if all(identity(run.options.get(name)) in values for name, values in wanted.items())]


def _lost(claim, found):
    """Lines on runs that the claim should have compared, or chosen among, and that have no result."""
    sides = [choice for choice in (claim.a, claim.b) if choice]
    return [f"a run has no result: {run.name}: {run.status}: {run.reason}" for run in found.lost
            if run.stage in (claim.stage, *claim.choices) and any(_may_be(run, side) for side in sides)]


def _may_be(run, choice):
    """Whether none of the run's options, as far as they are known, is another than the choice's."""
    return all(name not in run.options or identity(run.options[name]) in set(map(identity, values))
               for name, values in choice.items())


def compare(claim, found, seconds_of_step=None, functions=None):
    """The Compared of a claim, of the SweepRuns of its sweep."""
    compared = Compared(claim, labels=labels_of(claim))
    runs = [run for run in found.runs if run.stage == claim.stage and not run.added]
    if not runs:
        compared.problems += _lost(claim, found)[:1] or found.troubles[:1]
        compared.problems.append(f"no run of {'stage ' + claim.stage if claim.stage else 'its sweep'} has ended")
        return compared
    for label, mine in by_workload(claim, runs).items():
        try:
            _compare_workload(compared, label, mine, seconds_of_step, functions)
        except (NotMeasured, BadStudy) as problem:
            compared.problems.append(f"{label + ': ' if label else ''}{problem}")
    if compared.pairs and compared.idle >= set(compared.pairs):
        compared.missing.append("on neither side half of the runs came to the target" if claim.quantity.take == "time_to"
                                else f"no side's loss has fallen by {quantities.LEARNT:.0%}")
    compared.missing += _lost(claim, found)[:1]
    return compared


def by_workload(claim, runs):
    """{workload's name: runs}: those of each combination of the claim's options for it."""
    found = {}
    written = {name: texts(run.options.get(name) for run in runs) for name in claim.workloads}
    for run in runs:
        label = ", ".join(written[name][identity(run.options.get(name))] for name in claim.workloads)
        found.setdefault(label, []).append(run)
    return found


def _compare_workload(compared, label, runs, seconds_of_step, functions):
    claim = compared.claim
    quantity = claim.quantity.on(label)
    sides = [chosen(runs, claim.a), chosen(runs, claim.b) if claim.b is not None else None]
    if not sides[0] and not sides[1]:
        return  # another claim's workload
    for side, mine in zip(SIDES, sides):
        if mine is not None and not mine:
            raise NotMeasured(f"there are no runs of {side}")
    compared.runs += sides[0] + (sides[1] or [])
    refuse_untimed(quantity, sides[0] + (sides[1] or []))
    horizons = quantities.horizons(quantity, sides[0] + (sides[1] or []), seconds_of_step)
    compared.horizons[label] = horizons
    numbers = [mine and _numbers(quantity, mine, horizons, seconds_of_step, functions) for mine in sides]
    if claim.b is None:
        pairs = {seed: (number, Number(claim.than)) for seed, number in numbers[0].items()}
    else:
        pairs = {seed: (number, numbers[1][seed]) for seed, number in numbers[0].items() if seed in numbers[1]}
    if len(pairs) < claim.seeds:
        seeds = f"{len(pairs)} seed{'s' * (len(pairs) != 1)}, {claim.seeds} were planned"
        compared.missing.append(f"{label}: {seeds}" if label else seeds)
    if quantity.take == "time_to" and not quantity.over and not any(
            number.arrived for pair in pairs.values() for number in pair[:1 if claim.b is None else 2]):
        compared.missing.append(f"{label + ': ' if label else ''}no run came to the target")
    elif quantity.take == "time_to" and not quantity.over and pairs and _few_arrive(pairs, claim.b is None):
        compared.idle.add(label)
    told = [mine for mine in sides if mine]
    if pairs and all(quantities.same_with_every_seed(quantity, mine) or quantities.same_but_for_rounding(numbers[side])
                     for side, mine in enumerate(told)):
        compared.exact.add(label)
    if pairs and not any(quantities.has_learnt(quantity, mine, numbers[side]) for side, mine in enumerate(told)):
        compared.idle.add(label)
    if pairs:
        compared.pairs[label] = dict(sorted(pairs.items()))


def _few_arrive(pairs, against_number):
    """Whether on neither side half of the runs came to the target: their times are the budget's, not theirs."""
    sides = (0,) if against_number else (0, 1)
    return all(2 * sum(pair[side].arrived for pair in pairs.values()) < len(pairs) for side in sides)


def refuse_untimed(quantity, runs):
    """Raises NotMeasured where seconds are read of a run whose seconds are not the method's."""
    untimed = [run for run in runs if run.attributes.get("untimed")]
    if untimed and (quantity.timed() or quantity.takes_own_seconds()):
        raise NotMeasured(f"{untimed[0].name} is untimed: {untimed[0].attributes['untimed']}")


def _numbers(quantity, runs, horizons, seconds_of_step, functions):
    """{seed: Number} of one side. Raises NotMeasured where a seed has several settings that nothing tells apart."""
    by_seed = {}
    for run in runs:
        by_seed.setdefault(run.seed, []).append(run)
    if quantity.then == "spread":
        return quantities.spreads(quantity, {seed: _family_of(quantity, mine, horizons[seed], seconds_of_step, functions)[0]
                                             for seed, mine in by_seed.items()})
    found = {}
    for seed, mine in by_seed.items():
        if quantity.over:
            family = _family_of(quantity, mine, horizons[seed], seconds_of_step, functions)
            found[seed] = quantities.of_family(quantity, *family)
            continue
        if len(mine) > 1:
            differ = ", ".join(grouping.differing([run.loaded for run in mine])) or "nothing"
            raise NotMeasured(f"seed {seed} has {len(mine)} runs, which differ in {differ}")
        found[seed] = quantities.of_run(quantity, mine[0], horizons[seed], seconds_of_step, functions)
    return found


def _family_of(quantity, runs, horizon, seconds_of_step, functions):
    """What of_family takes, of the runs of one seed."""
    numbers, starts, ranks = {}, {}, {}
    for run in runs:
        at = run.options.get(quantity.over)
        if not isinstance(at, (int, float)) or at in numbers:
            raise NotMeasured(f"seed {run.seed}: {quantity.over} is {at!r} in {run.name}; expected a run for each "
                              "number")
        own = quantities.horizon(quantity, [run], seconds_of_step)  # the others' are no rivals of its
        numbers[at] = quantities.of_run(quantity, run, own if math.isfinite(own) else horizon, seconds_of_step,
                                        functions)
        if quantity.take == "at_best":
            ranks[at] = quantities.rank_of_run(quantity, run)
        if quantity.of:
            starts[at] = quantities.column(run, quantity.of, quantity.place)[1][0]
    return numbers, starts, quantities.lower_is_better(quantity, runs[0]), ranks


def labels_of(claim):
    """Short names of both sides: the values in which they differ."""
    if claim.b is None:
        return _label(claim.a, claim.a), f"{claim.than:g}"
    differ = {name: None for name in [*claim.a, *claim.b] if claim.a.get(name) != claim.b.get(name)}
    return _label(claim.a, differ), _label(claim.b, differ)


def _label(choice, names):
    parts = []
    for name in names:
        values = choice.get(name)
        if values is None:
            continue
        shown = " or ".join(map(str, values))
        parts.append(shown if isinstance(values[0], str) else f"{name.replace('_', ' ')} {shown}")
    return ", ".join(parts) or "all"
