"""A picture for each claim: what it compares, as a panel of the report's kind."""
from dataclasses import replace

import numpy as np

from ..records.values import identity, is_number, texts
from ..report.overviews import numbers
from ..report.panels import Panel, Series
from ..report.slugs import slug
from ..report.statistics import Curve, interval, moments
from . import evidence, quantities, words
from .quantities import NotMeasured

MOST_SERIES = 12
LOG_FROM = 30  # times the smallest


def picture_of(decided, found, seconds_of_step=None, functions=None):
    """The Panel of a claim, None where nothing was measured. found: the SweepRuns that it rests on."""
    claim = decided.claim
    makers = {"bars": _bars, "curves": _curves, "against": _against, "heat": _heat}
    panel = Panel(slug(claim.name), claim.name.replace("-", " ").capitalize(), "", "", kind="curves",
                  better=claim.better, table=claim.study)
    try:
        makers[claim.picture.draw](panel, decided, found, seconds_of_step, functions)
    except NotMeasured as problem:
        panel.notes.append(str(problem))
        return None
    return panel if panel.series or panel.heat else None


def _bars(panel, decided, found, seconds_of_step, functions):
    """The quantity's value of each seed, for both sides in each workload."""
    panel.kind, panel.x_label = "bars", words.quantity_text(decided.claim.quantity)
    several = len(decided.compared.pairs) > 1
    for workload, pairs in decided.compared.pairs.items():
        for side, label in enumerate(decided.compared.labels):
            if decided.claim.b is None and side == 1:
                continue
            values = [pair[side].value for pair in pairs.values()]
            name = f"{label}, {workload}" if several else label
            panel.series.append(numbers(name, (("number", side),), len(panel.series), values))
    values = [value[0] for series in panel.series for value in series.runs]
    panel.x_log = bool(values) and min(values) > 0 and max(values) > LOG_FROM * min(values)


def _groups(claim, found):
    """{(label, key): runs} of what a picture tells apart, both sides' runs or, with `group`, all of the stage."""
    runs = [run for run in found.runs if run.stage == claim.stage]
    names = claim.picture.group or (*claim.workloads, *claim.a, *(claim.b or {}))
    if not claim.picture.group:
        runs = evidence.chosen(runs, claim.a) + (evidence.chosen(runs, claim.b) if claim.b is not None else [])
    names = [name for name in dict.fromkeys(names)
             if len({identity(run.options.get(name)) for run in runs}) > 1] or list(dict.fromkeys(names))[:1]
    written = {name: texts(run.options.get(name) for run in runs) for name in names}
    groups = {}
    for run in runs:
        parts = [identity(run.options.get(name)) for name in names]
        label = ", ".join(("" if part[0] == "text" else f"{name.replace('_', ' ')} ") + written[name][part]
                          for name, part in zip(names, parts) if part != ("",))
        groups.setdefault((label, tuple(parts)), []).append(run)
    return groups


def _curves(panel, decided, found, seconds_of_step, functions):
    """Means over seeds of a column."""
    name = decided.claim.picture.of
    panel.y_label = name.partition("/")[2].replace("_", " ")
    for (label, key), runs in list(_groups(decided.claim, found).items())[:MOST_SERIES]:
        curve = Curve()
        for run in runs:
            rows, values = quantities.column(run, name, decided.claim.quantity.place)
            if run.status == "completed":
                curve.add(np.asarray(rows.index, float), values)
                panel.x_label = rows.table.index.name
        if curve.n:
            low, high = curve.bounds()
            panel.series.append(Series(label, key, curve.x, [], [], curve.mean, low, high, curve.n))
        diverged = sum(run.status == "diverged" for run in runs)
        if diverged:
            panel.notes.append(f"{label}: {diverged} runs diverged and are not drawn.")
    _log_where_wide(panel)


def _against(panel, decided, found, seconds_of_step, functions):
    """The quantity, or the column's last value, against an option."""
    claim = decided.claim
    option, quantity = claim.picture.x, _single(claim)
    workload_of = _workloads(claim, found)
    panel.x_label, panel.y_label = option.replace("_", " "), words.quantity_text(quantity)
    for (label, key), runs in list(_groups_but(claim, found, option).items())[:MOST_SERIES]:
        by_value = {}
        for run in runs:
            if is_number(run.options.get(option)):
                mine = quantity.on(workload_of[run.name])
                number = _number(mine, run, runs, seconds_of_step, functions)
                by_value.setdefault(float(run.options[option]), []).append(number.value)
        x = np.array(sorted(by_value))
        if not len(x):
            continue
        halves = np.array([(interval(by_value[at]) or (0, np.nan))[1] for at in x])
        mean = np.array([moments(by_value[at])[0] for at in x])
        panel.series.append(Series(label or "all", key, x, [], [], mean, mean - halves, mean + halves,
                                   min(map(len, by_value.values()))))
    xs = np.concatenate([series.x for series in panel.series]) if panel.series else np.ones(1)
    panel.x_log = bool(xs.min() > 0 and xs.max() >= 20 * xs.min())
    _log_where_wide(panel)


def _heat(panel, decided, found, seconds_of_step, functions):
    """The quantity's mean by two options, of a's runs; or the mean of a column of vectors, by rows and places."""
    claim, quantity = decided.claim, _single(decided.claim)
    panel.kind = "heatmap"
    if not claim.picture.x:
        _matrix(panel, claim, found)
        return
    runs = evidence.chosen([run for run in found.runs if run.stage == claim.stage], _without(
        claim.a, (claim.picture.x, claim.picture.y)))
    cells, workload_of = {}, _workloads(claim, found)
    for run in runs:
        mine = quantity.on(workload_of[run.name])
        at = tuple(identity(run.options.get(name)) for name in (claim.picture.y, claim.picture.x))
        number = _number(mine, run, runs, seconds_of_step, functions)
        cells.setdefault(at, []).append(number.value)
    down, across = (sorted({at[side] for at in cells}, key=lambda part: (part[0], part[-1])) for side in (0, 1))
    values, n = np.full((len(down), len(across)), np.nan), np.zeros((len(down), len(across)), int)
    for (row, column), cell in cells.items():
        at = down.index(row), across.index(column)
        values[at], n[at] = moments(cell)[0], len(cell)
    panel.x_label, panel.y_label = (name.replace("_", " ") for name in (claim.picture.x, claim.picture.y))
    panel.heat = [_shown(part) for part in down], [_shown(part) for part in across], values, n
    known = values[np.isfinite(values)]
    panel.y_log = bool(len(known) and known.min() > 0 and known.max() > LOG_FROM * known.min())


def _matrix(panel, claim, found):
    """Of the first workload: others look alike, or have a claim of their own."""
    table, _, name = claim.picture.of.partition("/")
    runs = evidence.chosen([run for run in found.runs if run.stage == claim.stage], claim.a)
    label, runs = next(iter(evidence.by_workload(claim, runs).items()), ("", []))
    rows = [run.tables[table] for run in runs if run.status == "completed" and table in run.tables]
    matrices = [one.columns[name] for one in rows if name in one.columns and one.columns[name].ndim == 2]
    matrices = [one for one in matrices if one.shape == matrices[0].shape]
    if not matrices:
        raise NotMeasured(f"no run has vectors {claim.picture.of} of one shape")
    column = rows[0].table.column(name)
    mean = np.mean(matrices, axis=0)
    panel.title += f" ({label})" if label else ""
    panel.x_label, panel.y_label = column.axis.long_name or column.axis.name, rows[0].table.index.name
    places = column.axis.labels or tuple(map(str, range(mean.shape[1])))
    panel.heat = [f"{at:g}" for at in rows[0].index], list(places), mean, np.full(mean.shape, len(matrices))


def _single(claim):
    """The claim's quantity of a single run."""
    return replace(claim.quantity, over="", then="")


def _workloads(claim, found):
    """{run's name: its workload}."""
    return {run.name: label for label, runs in evidence.by_workload(claim, found.runs).items() for run in runs}


def _number(quantity, run, runs, seconds_of_step, functions):
    """Of one run; a time is censored at its own end, of one that diverged at the others'."""
    own = quantities.horizon(quantity, [run], seconds_of_step)
    end = own if np.isfinite(own) else quantities.horizon(quantity, runs, seconds_of_step)
    return quantities.of_run(quantity, run, end, seconds_of_step, functions)


def _groups_but(claim, found, option):
    a, b = _without(claim.a, (option,)), claim.b and _without(claim.b, (option,))
    group = tuple(name for name in claim.picture.group if name != option)
    return _groups(replace(claim, a=a, b=b, picture=replace(claim.picture, group=group)), found)


def _without(choice, names):
    return {name: values for name, values in choice.items() if name not in names}


def _shown(part):
    return f"{part[-1]:g}" if part[0] == "number" else str(part[-1])


def _log_where_wide(panel):
    values = [series.mean[np.isfinite(series.mean)] for series in panel.series]
    values = np.concatenate(values) if values else np.zeros(0)
    panel.y_log = bool(len(values) and values.min() > 0 and values.max() > LOG_FROM * values.min())
