"""Panels of one number a run: its value for each group, against an option, and as a heat map of two options."""
import numpy as np

from ..records.grouping import APART, differing
from ..records.values import escaped, identity, is_number, order, texts
from .panels import Panel, Series
from .slugs import slug
from .statistics import interval, moments
from .table import label_of

LARGEST_DRAWN = 1e300  # an axis needs room for its margins
MOST_SENSITIVITIES = 3


def bars(groups, metric):
    """The metric of each group's runs, best first."""
    panel = _panel(slug(metric.name, "bars"), metric, "bars")
    panel.x_label, panel.y_label = metric.heading, ""
    for place, group in enumerate(groups):
        runs = [run for run in group.completed() if np.isfinite(metric.of(run))]
        if runs:
            panel.series.append(numbers(group.label, group.parts, place, [metric.of(run) for run in runs], [run.name for run in runs]))
    panel.title = f"{panel.title}, {'last value' if metric.statistic == 'last' else metric.statistic + ' value'}"
    return [panel] if panel.series else []


def _panel(name, metric, kind):
    title = metric.column.replace("_", " ")
    return Panel(name, title[:1].upper() + title[1:], "", metric.heading, kind=kind, better=metric.better or None,
                 table=metric.table)


def numbers(label, key, place, values, names=()):
    """The Series of a row of bars: one number a run."""
    mean = moments(values)[0]
    half = (interval(values) or (mean, None))[1]
    x = np.array([place])
    return Series(label, key, x, [np.array([value]) for value in values], [x] * len(values), np.array([mean]),
                  None if half is None else np.array([mean - half]), None if half is None else np.array([mean + half]),
                  len(values), names=list(names))


def drawable(value):
    """Whether an option's value has a place on an axis."""
    return is_number(value) and abs(value) < LARGEST_DRAWN


def sensitivities(table, groups, metric):
    """The metric against each number swept over three values or more, a curve for each setting of the other options."""
    groups = [group for group in groups if len(group.finals(metric))]
    found = []
    for at in range(table.within, len(table.keys)):
        values = {group.parts[at] for group in groups if drawable(group.key[at])}
        if len(values) >= 3 and len(found) < MOST_SENSITIVITIES:
            found += _sensitivity(table, groups, metric, at)
    return found


def _sensitivity(table, groups, metric, at):
    name = table.keys[at]
    panel = _panel(slug(metric.name, "against", name), metric, "curves")
    panel.title += f" against {escaped(name.replace('_', ' '))}"
    panel.x_label = escaped(name.replace("_", " "))
    lines = {}
    for group in groups:
        if drawable(group.key[at]):
            lines.setdefault(tuple(part for place, part in enumerate(group.parts) if place != at), []).append(group)
    diverged = False
    for key, members in lines.items():
        members.sort(key=lambda group: group.key[at])
        values = [group.finals(metric) for group in members]
        halves = [(interval(each) or (0, np.nan))[1] for each in values]
        mean = np.array([moments(each)[0] for each in values])
        label = label_of([pair for place, pair in enumerate(zip(table.keys, members[0].shown))
                          if place != at and place >= table.within])
        several = not np.all(np.isnan(halves))
        panel.series.append(Series(
            label or "all", key, np.array([float(group.key[at]) for group in members]), [], [], mean,
            mean - halves if several else None, mean + halves if several else None, min(map(len, values)),
            counts=np.array(list(map(len, values)))))
        diverged = diverged or any(group.count("diverged") for group in members)
    x = np.concatenate([series.x for series in panel.series])
    panel.x_log = bool(x.min() > 0 and x.max() >= 20 * x.min())
    if diverged:
        panel.notes.append("Of settings some of whose runs diverged, the others are in the mean.")
    return [panel]


def heatmaps(runs, rows, columns, facet, metric):
    """The metric's mean over the completed runs with each two values of two options; a panel for each of a third's."""
    completed = [run for run in runs if run.status == "completed" and np.isfinite(metric.of(run))]
    written = {name: texts(run.options.get(name) for run in runs) for name in (rows, columns, facet) if name}
    parts = {identity(run.options.get(facet)): run.options.get(facet) for run in completed} if facet else {None: None}
    found = []
    for part, value in sorted(parts.items(), key=lambda pair: order(pair[1])):
        mine = [run for run in completed if not facet or identity(run.options.get(facet)) == part]
        panel = _panel(slug(metric.name, "heatmap", rows, columns, facet or "", written[facet][part] if facet else ""),
                       metric, "heatmap")
        panel.title = f"{metric.heading[:1].upper()}{metric.heading[1:]}"
        panel.x_label, panel.y_label = (escaped(name.replace("_", " ")) for name in (columns, rows))
        panel.facet = label_of([(facet, written[facet][part])]) if facet else None
        panel.heat, pooled = _cells(mine, rows, columns, written, metric)
        known = panel.heat[2][np.isfinite(panel.heat[2])]
        panel.y_log = bool(len(known) and known.min() > 0 and known.max() > 1000 * known.min())
        if pooled:
            panel.notes.append(f"Cells pool runs that also differ in {', '.join(pooled)}.")
        found.append(panel)
    return found


def _cells(runs, rows, columns, written, metric):
    def sorted_values(name):
        found = {identity(run.options.get(name)): run.options.get(name) for run in runs}
        return sorted(found, key=lambda part: order(found[part]))
    down, across = sorted_values(rows), sorted_values(columns)
    cells = {}
    for run in runs:
        cells.setdefault((identity(run.options.get(rows)), identity(run.options.get(columns))), []).append(run)
    values, n, pooled = np.full((len(down), len(across)), np.nan), np.zeros((len(down), len(across)), int), {}
    for (row, column), mine in cells.items():
        at = down.index(row), across.index(column)
        values[at], n[at] = moments([metric.of(run) for run in mine])[0], len(mine)
        pooled.update(dict.fromkeys(differing(mine)))
    names = [name for name in pooled if name not in APART]
    return ([written[rows][part] for part in down], [written[columns][part] for part in across], values, n), names
