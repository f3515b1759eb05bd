"""Panels of what was measured along a run: for each column of each table, the runs of the groups that are drawn."""
from dataclasses import dataclass, field

import numpy as np

from ..records import folder as run_folder
from ..records.grouping import APART
from .expression import BadExpression
from .command import Failure
from .facts import tags_of
from .frame import extremes
from .panels import Line, Panel, Series
from .slugs import slug
from .statistics import Curve

MOST_RUNS = 30         # of a group that are drawn singly; the mean is of all
MOST_POINTS = 200_000  # of them together, where they are several
MOST_ROWS = 50_000     # of a curve that are all kept
COLUMNS = 2_500        # of a longer one the extremes in so many columns
MOST_CELLS = 40 * 40   # of a matrix that is drawn
LOG_FROM = 15          # a positive column of which less is better, and that spans more, has a logarithmic axis


@dataclass(frozen=True)
class Picked:
    """A column that is asked for; against another of its table in place of the index."""
    table: str
    column: str
    against: str = ""
    line: object = None  # Expression


@dataclass
class Gathered:
    """A column over the runs of one group."""
    column: object
    table: object
    curve: Curve = field(default_factory=Curve)
    runs: list = field(default_factory=list)
    runs_x: list = field(default_factory=list)
    names: list = field(default_factory=list)
    tags: list = field(default_factory=list)

    def add(self, x, values, run, kept):
        """kept: the rows of it that may be drawn."""
        self.curve.add(x, values)
        points = sum(map(len, self.runs)) + len(x[kept])
        if values.ndim == 1 and len(self.runs) < MOST_RUNS and (not self.runs or points <= MOST_POINTS):
            self.runs.append(values[kept])
            self.runs_x.append(x[kept])
            self.names.append(run.name)
            self.tags.append(list(tags_of([run])))


def kept_rows(x, lines):
    """All rows of curves; of very long ones those in which a line has an extreme (frame.extremes)."""
    return slice(None) if len(x) <= MOST_ROWS else extremes(x, lines, COLUMNS)


def _kept_of(rows):
    """The same rows for all columns of a run's table, so that one can stand against another; flags lose no change."""
    if len(rows.index) <= MOST_ROWS:
        return slice(None)
    plain = [(column, rows.columns[column.name]) for column in rows.table.plain() if column.name in rows.columns]
    changes = [np.flatnonzero(np.diff(values)) + 1 for column, values in plain if column.flags]
    lines = kept_rows(rows.index, [values for column, values in plain if not column.flags])
    return np.unique(np.concatenate([lines, [0, len(rows.index) - 2, len(rows.index) - 1], *changes]))


def gather(group, want, sweep):
    """{(table, column, units, axis, length): Gathered} of a group's completed runs, seed by seed.

    Vectors that differ in length, or in what their places are, are none of one kind.
    """
    found = {}
    for run, tables, _ in run_folder.read(group.completed(), want, sweep):
        for name, rows in tables.items():
            kept = _kept_of(rows)
            for column in rows.table.columns:
                if column.name in rows.columns:
                    values = rows.columns[column.name]
                    key = (name, column.name, column.units, column.axis, values.shape[1:])
                    gathered = found.setdefault(key, Gathered(column, rows.table))
                    gathered.add(rows.index, values, run, kept)
    return found


def wanted(picked):
    """What is read for these; for none picked, every table."""
    tables = frozenset(each.table for each in picked) if picked else None
    return run_folder.Want(whole=tables, drawn=not picked, provenance=False)


def panels_of(groups, picked, primary, sweep):
    """Panels of one block's groups, in the order of the files: those of the default table first.

    sweep: in whose warnings runs are named that cannot be drawn.
    """
    gathered = {group: gather(group, wanted(picked), sweep) for group in groups}
    keys = list(dict.fromkeys(key for found in gathered.values() for key in found))
    tables = list(dict.fromkeys(key[0] for key in keys))
    first = {primary.table: 0} if primary else {}
    found = []
    if picked:
        for each in picked:
            mine = [key for key in keys if key[:2] == (each.table, each.column)]
            if not mine:
                known = dict.fromkeys(f"{table}/{column}" for table, column, *_ in keys if table == each.table)
                there = dict.fromkeys(name for group in groups for run in group.completed() for name in run.tables)
                expected = f"one of: {', '.join(known)}" if known else f"a column of: {', '.join(there)}"
                raise Failure(f"--curve {each.table}/{each.column}: no run that is drawn has this column; expected "
                              f"{expected}", 2)
            for key in mine:
                found += _panels(gathered, key, each)
        return _told_apart(found)
    for table in sorted(tables, key=lambda name: first.get(name, 1)):
        mine = [key for key in keys if key[0] == table]
        if primary and table == primary.table:
            mine.sort(key=lambda key: (key[1] != primary.column, not _column(gathered, key).better))
        for key in mine:
            if _column(gathered, key).draw == "none":
                continue
            found += _panels(gathered, key, Picked(*key[:2]))
            clock = _clock(gathered, key, mine) if primary and key[:2] == (primary.table, primary.column) else None
            if clock:
                found += _panels(gathered, key, Picked(*key[:2], against=clock))
    return _told_apart(found)


def _told_apart(panels):
    """Of panels with one id, as of vectors of several lengths, the later ones get another."""
    counts = {}
    for panel in panels:
        counts[panel.id] = counts.get(panel.id, 0) + 1
        if counts[panel.id] > 1:
            panel.id = slug(panel.id, str(counts[panel.id]))
    return panels


def _clock(gathered, key, others):
    """The first drawn column of seconds that grow in every group that has the key; None without one."""
    mine = [found for found in gathered.values() if key in found]
    for other in others:
        column = _column(gathered, other)
        if other != key and column.units == "s" and column.axis is None and column.draw != "none" \
                and all(other in found and _grows(found[other].curve.mean) for found in mine):
            return column.name
    return None


def _grows(values):
    return len(values) > 1 and values[-1] > values[0] and bool(np.all(np.diff(values) >= 0))


def _column(gathered, key):
    return next(found[key] for found in gathered.values() if key in found).column


def _panels(gathered, key, picked):
    """The panels of one column: of plain numbers one; of vectors the last row, and a matrix for each group."""
    mine = {group: found[key] for group, found in gathered.items() if key in found and found[key].curve.n}
    column, table = next((each.column, each.table) for each in mine.values())
    if column.axis is not None:
        panels = [*_profile(mine, column, table), *_matrices(mine, column, table)]
        if len({other for found in gathered.values() for other in found if other[:2] == key[:2]}) > 1:
            for panel in panels:
                panel.notes.append(
                    f"Of the runs whose vectors have {key[4][0]} of these places; others are drawn apart.")
        return panels
    against = None
    if picked.against:
        place = (key[0], picked.against)
        other = {group: next((found for name, found in gathered[group].items()
                              if name[:2] == place and found.column.axis is None), None)
                 for group in mine}
        if not all(other.values()):
            raise Failure(f"--against {picked.against}: table {key[0]} has no such column of plain numbers", 2)
        against = next(iter(other.values())).column
    panel = _panel(column, table, picked)
    for group, found in mine.items():
        low, high = found.curve.bounds()
        flags = bool(column.flags)
        lines = [line for line in (found.curve.mean, low, high) if line is not None]
        at = kept_rows(found.curve.x, lines + ([other[group].curve.mean] if against is not None else []))
        series = Series(group.label, group.parts, found.curve.x[at], found.runs, found.runs_x,
                        None if flags else found.curve.mean[at], None if low is None or flags else low[at],
                        None if high is None or flags else high[at], found.curve.n, names=found.names, tags=found.tags)
        if against is not None:
            series.x, series.runs_x = other[group].curve.mean[at], other[group].runs
        panel.series.append(series)
    if against is not None:
        panel.x_label = column_label(against)
        panel.notes.append("Means of both at the rows that all runs of a group have.")
    _reference(panel, mine, picked)
    _finish(panel, column, mine)
    return [panel] if any(len(x) > 1 for series in panel.series for x in series.runs_x) else []


def _panel(column, table, picked):
    name = column.name.replace("_", " ")
    title = name[:1].upper() + name[1:] + (f" against {picked.against.replace('_', ' ')}" if picked.against else "")
    panel = Panel(slug(table.name, column.name, picked.against), title, axis_label(table.index), column_label(column),
                  table=table.name, kind="flags" if column.flags else "curves", better=column.better or None,
                  flags=dict(column.flags))
    if column.long_name and column.long_name != column.name:
        panel.notes.append(column.long_name[:1].upper() + column.long_name[1:] + ".")
    return panel


def axis_label(axis):
    return (axis.long_name or axis.name.replace("_", " ")) + ("" if axis.units in ("", "1") else f" ({axis.units})")


def column_label(column):
    return column.name.replace("_", " ") + ("" if column.units in ("", "1") else f" ({column.units})")


def _reference(panel, mine, picked):
    """The panel's line: at each group whose runs agree in it."""
    if picked.line is None:
        return
    panel.line = Line(picked.line.text)
    for group, series in zip(mine, panel.series):
        try:
            values = {picked.line.value(run.options) for run in group.completed()}
        except BadExpression as error:
            raise Failure(f"--line '{picked.line.text}': {error}", 2) from None
        if len(values) == 1 and None not in values:
            series.reference = values.pop()
            panel.line.values[series.key] = series.reference
    if not panel.line.values:
        options = sorted({name for group in mine for run in group.runs for name in run.options} - set(APART))
        raise Failure(f"--line '{picked.line.text}': no group has one value of it; expected options among: "
                      f"{', '.join(options)}", 2)


def _finish(panel, column, mine):
    values = [each for series in panel.series for each in (*series.runs, series.mean) if each is not None and len(each)]
    numbers = np.concatenate(values) if values else np.zeros(0)
    numbers = numbers[np.isfinite(numbers)]
    positive = len(numbers) and numbers.min() > 0
    panel.y_log = bool(positive and (column.draw == "log" or column.draw == "line" and column.better == "lower"
                                     and numbers.max() > LOG_FROM * numbers.min()))
    if column.draw == "log" and not positive:
        panel.notes.append("Not all numbers are positive: the axis is not logarithmic.")
    some = [len(found.runs) for found in mine.values() if len(found.runs) < found.curve.n]
    if some:
        panel.notes.append(f"Of a group the first {max(some)} runs are drawn singly; the mean is of all.")
    if any(len(found.curve.x) > MOST_ROWS for found in mine.values()):
        panel.notes.append(
            f"Of curves of more than {MOST_ROWS:,} rows those are drawn that are the first, the last, the "
            f"lowest and the highest in each of {COLUMNS:,} columns: no extreme is missing.")
    short = [series.label for series, found in zip(panel.series, mine.values())
             if found.runs_x and len(found.curve.x) < max(map(len, found.runs_x))]
    if short:
        panel.notes.append("Means are over the rows that all runs of a group have.")


def _profile(mine, column, table):
    """Vectors of the last row that all runs of a group have, along their axis."""
    panel = _panel(column, table, Picked(table.name, column.name))
    panel.x_label, panel.kind = axis_label(column.axis), "curves"
    for group, found in mine.items():
        if not len(found.curve.x):
            continue
        low, high = found.curve.bounds()
        mean = found.curve.mean[-1]
        panel.series.append(Series(group.label, group.parts, np.arange(len(mean)), [], [], mean,
                                   None if low is None else low[-1], None if high is None else high[-1], found.curve.n))
    ends = sorted({int(found.curve.x[-1]) for found in mine.values() if len(found.curve.x)})
    if ends:
        panel.title += f" at {axis_label(table.index)} {ends[0]}" + (f" to {ends[-1]}" if len(ends) > 1 else "")
    panel.x_names = column.axis.labels
    _finish(panel, column, {})
    return [panel] if any(len(series.x) > 1 for series in panel.series) else []


def _matrices(mine, column, table):
    """Rows by places, of vectors in a few rows, as of accuracies on tasks after each task."""
    found = []
    for group, each in mine.items():
        mean = each.curve.mean
        if len(mean) < 2 or mean.size > MOST_CELLS or mean.shape[1] < 2:
            continue
        panel = _panel(column, table, Picked(table.name, column.name))
        panel.id, panel.kind = slug(table.name, column.name, "matrix", group.label), "heatmap"
        panel.x_label, panel.y_label, panel.facet = axis_label(column.axis), axis_label(table.index), group.label
        places = column.axis.labels or tuple(map(str, range(mean.shape[1])))
        panel.heat = (list(map(str, each.curve.x.astype(int))), list(places), mean, np.full(mean.shape, each.curve.n))
        panel.y_log = column.draw == "log" and bool(np.all(mean[np.isfinite(mean)] > 0))
        found.append(panel)
    return found
