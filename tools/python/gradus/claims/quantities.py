"""The number that a claim reads of a run, or of the runs that differ in one option alone.

A run that diverged is not left out: it reaches nothing, has arrived only where it was at the target before, and its
column counts with the value that it had at the start, as of a run that learnt nothing.
"""
import importlib.util
import math
from dataclasses import dataclass

import numpy as np

from ..inference.effects import ROUNDING
from ..inference.tuning import chances_of_winning

LEARNT = 0.05  # share of a loss at the start by which it falls where anything is learnt
STOPPED = ("converged", "no_progress")  # how the reason begins for which a run ended by itself, its budget unspent


class NotMeasured(Exception):
    """A run has no such number; one line says why."""


@dataclass(frozen=True)
class Number:
    """What a quantity is for one seed. Of a time that is censored, `value` is the horizon and `arrived` false."""
    value: float
    arrived: bool = True
    outcome: bool = False    # it is 1 or 0: whether something came about
    resolution: float = 0.0  # of a time: how far apart the looks are


def of_run(quantity, run, horizon=math.inf, seconds_of_step=None, functions=None):
    """The Number of one run. horizon: at which a time is censored. functions: those of the study's quantities.py.

    Raises NotMeasured, also of what is not finite.
    """
    return _finite(_of_run(quantity, run, horizon, seconds_of_step, functions), quantity, run.name)


def _finite(number, quantity, where):
    if not math.isfinite(number.value):
        raise NotMeasured(f"{where}: {quantity.function or quantity.of}, {quantity.then or quantity.take}, is "
                          f"{number.value}")
    return number


def _of_run(quantity, run, horizon, seconds_of_step, functions):
    if quantity.take == "python":
        return _by_function(quantity.function, run, functions)
    table, values = column(run, quantity.of, quantity.place)
    if quantity.take == "time_to":
        return _time_to(quantity, run, table, values, horizon, seconds_of_step)
    if run.status == "diverged":
        return (Number(0.0, False, outcome=True) if quantity.take == "reaches" else
                Number(_start(quantity, run, values) / _start_below(quantity, run), False))
    if quantity.take == "reaches":
        reached = np.any(_passes(values, quantity.target, better(table, quantity.of)))
        return Number(float(reached), outcome=True)
    if quantity.take == "at_best":
        judge_table, judge = column(run, quantity.by)
        if judge_table is not table:
            raise NotMeasured(f"{quantity.by} is not in the table of {quantity.of}")
        return Number(float(values[_best_place(judge, better(table, quantity.by))]))
    if quantity.take == "ratio_at_end":
        with np.errstate(divide="ignore", invalid="ignore"):
            return Number(float(values[-1] / column(run, quantity.to, quantity.place)[1][-1]))
    known = values[~np.isnan(values)]
    if not len(known):
        raise NotMeasured(f"{quantity.of} was never measured")
    taken = {"first": values[0], "last": values[-1], "lowest": known.min(), "highest": known.max(),
             "mean": known.mean()}[quantity.take]
    return Number(float(taken))


def rows_before(name, target, run):
    """How many rows come before the first at which the column TABLE/COLUMN has come to the target; NaN if none has."""
    rows, values = column(run, name)
    there = np.flatnonzero(_passes(values, target, better(rows, name)))
    return float(there[0]) if len(there) else math.nan


def horizon_of(quantity, run, seconds_of_step=None):
    """Where the run's budget ended, in the unit of a time's axis; infinite, so that others tell, of one that diverged
    and of one that stopped by itself before its budget was spent, as it had converged.
    """
    if quantity.take != "time_to" or run.status == "diverged":
        return math.inf
    table, _ = column(run, quantity.of, quantity.place)
    if _stopped_by_itself(run) and (_budget_steps(run) or math.inf) > table.index[-1]:
        return math.inf
    return float(_along(quantity, run, table, seconds_of_step)[-1])


def horizon(quantity, runs, seconds_of_step=None):
    """Where times of these runs, rivals of one seed, are censored: at the end of the shortest budget, so that each had
    the whole of it. Where all that did not diverge stopped by themselves, it is the budget that they were given; where
    no option tells that, the last end.
    """
    ends = [horizon_of(quantity, run, seconds_of_step) for run in runs]
    if quantity.take == "time_to" and not any(map(math.isfinite, ends)):
        ended = [run for run in runs if run.status != "diverged"]
        told = [run for run in ended if _budget_steps(run)]
        ends = [_given(quantity, run, seconds_of_step) for run in told or ended]
        return min(ends) if told else max(ends, default=math.inf)
    return min(ends, default=math.inf)


def horizons(quantity, runs, seconds_of_step=None):
    """{seed: horizon of its runs}; that of all seeds where every run of a seed diverged."""
    by_seed = {}
    for run in runs:
        by_seed.setdefault(run.seed, []).append(run)
    found = {seed: horizon(quantity, mine, seconds_of_step) for seed, mine in by_seed.items()}
    known = min(filter(math.isfinite, found.values()), default=math.inf)
    return {seed: own if math.isfinite(own) else known for seed, own in found.items()}


def _budget_steps(run):
    """How many steps the run was allowed, None where its options do not tell."""
    told = [run.options.get(name) for name in ("steps", "budget_steps")]
    return next((steps for steps in told if isinstance(steps, int) and steps > 0), None)


def _stopped_by_itself(run):
    return str(run.attributes.get("reason") or "").startswith(STOPPED)


def _given(quantity, run, seconds_of_step):
    """The whole budget of a run that stopped by itself, in the unit of a time's axis at the pace that it had, or what
    it spent of it, where no option tells.
    """
    table, _ = column(run, quantity.of, quantity.place)
    spent, steps = float(_along(quantity, run, table, seconds_of_step)[-1]), float(table.index[-1])
    given = _budget_steps(run)
    return spent * given / steps if given and table.table.index.name == "step" and steps > 0 else spent


def of_family(quantity, numbers, starts, lower, ranks=None):
    """What `then` makes of {value of the option: Number}.

    starts: {value: the column's first value}. lower: whether less of the quantity is better. ranks: {value: what the best
    of some draws is chosen by, the less the better}; default the quantity itself.
    """
    at = sorted(numbers)
    if quantity.then in ("width", "edge", "slope") and at and at[0] <= 0:
        raise NotMeasured(f"{quantity.over} is {at[0]:g}, which has no logarithm")
    if len(at) < 2:
        raise NotMeasured(f"only {len(at)} values of {quantity.over}")
    values = np.array([numbers[one].value for one in at])
    if quantity.then == "best":
        return Number(float(values.min() if lower else values.max()))
    if quantity.then in ("best_of", "regret"):
        signed = values if lower else -values
        order = np.argsort([ranks[one] for one in at] if ranks else signed, kind="stable")
        found = expected_best(values[order], quantity.draws)
        if quantity.then == "best_of":
            return Number(found)
        return Number((found - values[order][0]) * (1 if lower else -1))
    if quantity.then == "slope":
        if quantity.take == "time_to" and not all(one.arrived for one in numbers.values()):
            raise NotMeasured(f"a slope over {quantity.over}, where not every run came to the target")
        if values.min() <= 0:
            raise NotMeasured(f"a slope over {quantity.over} of {values.min():g}, which has no logarithm")
        return Number(float(np.polyfit(np.log(at), np.log(values), 1)[0]))
    arrived = np.array([numbers[one].arrived for one in at])
    start = np.median([starts[one] for one in at])
    if quantity.then == "edge":
        good = arrived & (values < start if lower else values > start)
        return Number(math.log10(max((one for one, fine in zip(at, good) if fine), default=at[0])))
    best = values.min() if lower else values.max()
    return Number(_width(np.log10(at), np.abs(values - best), quantity.within * abs(start - best)))


def spreads(quantity, families):
    """{seed: Number} of the decades between the settings with the largest and the smallest value, of {seed: {value of
    the option: Number}}.

    Which two they are is told by the means of the other seeds: the largest and the smallest of a seed's own numbers
    differ by its noise also where no setting differs.
    """
    at = sorted(set.intersection(*(set(numbers) for numbers in families.values())))
    if len(at) < 2:
        raise NotMeasured(f"only {len(at)} values of {quantity.over}")
    table = np.array([[numbers[one].value for one in at] for numbers in families.values()])
    if table.min() <= 0:
        raise NotMeasured(f"a spread over {quantity.over} of {table.min():g}, which has no logarithm")
    logs, found = np.log10(table), {}
    for place, seed in enumerate(families):
        others = np.delete(logs, place, axis=0).mean(axis=0) if len(logs) > 1 else logs[0]
        found[seed] = Number(float(logs[place, others.argmax()] - logs[place, others.argmin()]))
    return found


def expected_best(values, draws):
    """Mean, over all choices of so many of the values, without replacement, of the first of those chosen."""
    if draws > len(values):
        raise NotMeasured(f"the best of {draws} draws, of {len(values)} runs")
    return float(chances_of_winning(len(values), [draws])[0] @ values)


def rank_of_run(quantity, run):
    """Of at_best: the best value of the column `by`, the less the better; of a diverged run infinite."""
    rows, judge = column(run, quantity.by)
    lower = better(rows, quantity.by) == "lower"
    if run.status == "diverged" or np.all(np.isnan(judge)):
        return math.inf
    return float(np.nanmin(judge) if lower else -np.nanmax(judge))


def has_learnt(quantity, runs, numbers):
    """Whether the mean loss of these runs, {seed: Number}, is LEARNT of its start below it; true of what is no loss, of
    one that was not measured at the start, and of a mean on the way, which may be that of following a change.
    """
    if quantity.take not in ("last", "lowest", "at_best") or quantity.over or "loss" not in quantity.of:
        return True
    firsts = [(rows.index[0], values[0]) for rows, values in (column(run, quantity.of, quantity.place) for run in runs)]
    start = np.mean([value for _, value in firsts])
    if not np.isfinite(start) or any(at != 0 for at, _ in firsts):
        return True
    return bool(np.mean([number.value for number in numbers.values()]) <= start - LEARNT * abs(start))


def same_with_every_seed(quantity, runs):
    """Whether what is read of the runs, whole columns, is the same with every seed, which then has no part in it."""
    by_seed = {}
    for run in runs:
        by_seed.setdefault(run.seed, set()).add(_read(quantity, run))
    return len(set(map(frozenset, by_seed.values()))) == 1


def same_but_for_rounding(numbers):
    """Whether the seeds came to one number by different ways: theirs, {seed: Number}, differ, and by rounding alone, as no
    count does that happens to be the same.
    """
    values = np.array([number.value for number in numbers.values()])
    return bool(0 < np.ptp(values) <= ROUNDING * np.abs(values).max())


def _read(quantity, run):
    """The bytes of the columns that a quantity reads; of Python's, which names none, all but seconds."""
    names = quantity.columns() or [f"{table}/{name}" for table, rows in run.tables.items() for name in rows.columns
                                   if rows.table.column(name).units != "s"]
    return tuple(np.asarray(run.tables[table].columns[name]).tobytes()
                 for table, _, name in (each.partition("/") for each in names)
                 if table in run.tables and name in run.tables[table].columns)


def _width(places, distance, allowed):
    """Length of where a curve, straight between its points, is within `allowed` of its best."""
    width = 0.0
    for left, right, a, b in zip(places[:-1], places[1:], distance[:-1], distance[1:]):
        if a <= allowed and b <= allowed:
            width += right - left
        elif a <= allowed or b <= allowed:
            width += (right - left) * (allowed - min(a, b)) / abs(b - a)
    return float(width)


def column(run, name, place=None):
    """(Rows, values [rows]) of TABLE/COLUMN; `place` of one of vectors. Raises NotMeasured."""
    table, _, wanted = name.partition("/")
    rows = run.tables.get(table)
    if rows is None or wanted not in rows.columns:
        raise NotMeasured(f"has no {name}")
    values = rows.columns[wanted]
    if values.ndim == 2:
        values = values[:, _place(rows.table.column(wanted).axis, place, name, values.shape[1])]
    if not len(values):
        raise NotMeasured(f"{name} has no rows")
    return rows, np.asarray(values, float)


def _place(axis, place, name, length):
    if isinstance(place, str) and place in axis.labels:
        return axis.labels.index(place)
    if isinstance(place, int) and -length <= place < length:
        return place
    raise NotMeasured(f"{name} has no place {place!r} along {axis.name}; expected one of "
                      f"{', '.join(axis.labels) or f'0 to {length - 1}'}")


def better(rows, name):
    """Which way is better, as the column says itself."""
    told = rows.table.column(name.partition("/")[2]).better
    if told not in ("lower", "higher"):
        raise NotMeasured(f"{name} does not say which way is better")
    return told


def lower_is_better(quantity, run):
    """Of what is taken of each run: a time is the better the shorter."""
    if quantity.take in ("time_to", "reaches", "python"):
        return quantity.take != "reaches"
    return better(column(run, quantity.of, quantity.place)[0], quantity.of) == "lower"


def _passes(values, target, way):
    with np.errstate(invalid="ignore"):
        return values <= target if way == "lower" else values >= target


def _best_place(values, way):
    known = np.where(np.isnan(values), np.inf if way == "lower" else -np.inf, values)
    return int(np.argmin(known) if way == "lower" else np.argmax(known))


def _along(quantity, run, rows, seconds_of_step):
    if quantity.along == "clock":
        seconds = seconds_of_step(run) if seconds_of_step else None
        if seconds is None:
            raise NotMeasured("its steps were not timed by the clock")
        return np.asarray(rows.index, float) * seconds
    if quantity.along == rows.table.index.name:
        return np.asarray(rows.index, float)
    if quantity.along not in rows.columns:
        raise NotMeasured(f"{quantity.of.partition('/')[0]} has no column {quantity.along}")
    return np.asarray(rows.columns[quantity.along], float)


def _time_to(quantity, run, rows, values, horizon, seconds_of_step):
    there = np.flatnonzero(_passes(values, quantity.target, better(rows, quantity.of)))
    if len(there):
        along = _along(quantity, run, rows, seconds_of_step)
        if along[there[0]] <= horizon:
            before = along[there[0] - 1] if there[0] > 0 else 0.0
            return Number(float(along[there[0]]), resolution=float(along[there[0]] - before))
    if not math.isfinite(horizon):
        raise NotMeasured("no run of the comparison came to the end of its budget")
    return Number(horizon, False)


def _start(quantity, run, values):
    if not np.isfinite(values[0]):
        raise NotMeasured(f"{run.name}: {quantity.of} was not measured at the start")
    return float(values[0])


def _start_below(quantity, run):
    """Of a ratio, what it was divided by at the start; else 1."""
    if quantity.take != "ratio_at_end":
        return 1.0
    return _start(quantity, run, column(run, quantity.to, quantity.place)[1]) or math.nan


def _by_function(name, run, functions):
    """The Number of a study's own function, an outcome where it is a bool; what it does not find in a run is the run's
    fault, or its own, and no other study's.
    """
    if isinstance(functions, Exception):
        raise NotMeasured(f"quantities.py: {type(functions).__name__}: {functions}")
    if not hasattr(functions, name):
        raise NotMeasured(f"quantities.py has no function {name}")
    try:
        value = getattr(functions, name)(run)
        return Number(float(value), outcome=isinstance(value, (bool, np.bool_)))
    except Exception as error:  # whatever its author has not thought of
        raise NotMeasured(f"{name} of {run.name}: {type(error).__name__}: {error}") from None


def functions_of(path):
    """The module of a study's own quantities, or why there is none."""
    found = importlib.util.spec_from_file_location("quantities_of_a_study", path)
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except Exception as error:
        return error
    return module
