"""Runs of anything else: a table (pandas) with a row for each run and step, as trackers export it."""
import pathlib

import numpy as np

from .folder import Run, Rows, Sweep
from .tables import Axis, Column, Summary, Table, statistics_of

TABLE = "evaluation"
STATES = {"finished": "completed", "completed": "completed", "crashed": "failed", "failed": "failed",
          "killed": "interrupted", "running": "unfinished", "diverged": "diverged"}  # as trackers call how a run ended
IDENTIFIERS = ("id", "name", "run_id", "run_name", "display_name")
DATE = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d"


def from_table(frame, run="run_id", index="step", options=None, better=None):
    """A sweep of the runs in a DataFrame, which reports and gradus.load treat as runs of ours.

    run, index: names of columns. options: those that say what a run was asked (default: all that have one value in each
    run, but moments and texts that merely name it; where every run has one row alone they must be named).
    better: {column: "lower" or "higher"}; the last ranks, unless another is asked for. The other columns of numbers are
    what was measured; those that are missing in the same rows make a table, and a table leaves these out. A column
    "state" or "status" of a tracker's words (finished, crashed, ...) tells how a run ended; without it all completed.
    What else there is, is left out and named in `warnings`. Raises ValueError.
    """
    _check(frame, [run, index, *(options or ()), *(better or {})])
    for name, way in (better or {}).items():
        if way not in ("lower", "higher"):
            raise ValueError(f"better: {name!r} is {way!r}, expected 'lower' or 'higher'")
    if frame[run].isna().any() or frame[index].isna().any():
        raise ValueError(f"rows without {run!r} or {index!r}")
    frame = frame.sort_values([run, index], kind="stable")
    groups = frame.groupby(run, sort=False)
    state = next((name for name in frame.columns if name not in (options or ()) and _is_state(frame[name])), None)
    if options is None:
        if len(groups) == len(frame):
            raise ValueError("every run has one row: expected the options to be named (options, --option-columns)")
        options = _constant(groups, [name for name in frame.columns if name not in (run, index)], better or {})
        options = [name for name in options if name != state and not _names_runs(frame[name], len(groups))]
    measured = [name for name in frame.columns if name not in (run, index, *options) and _is_number(frame[name])]
    texts = [name for name in frame.columns if name not in (run, index, state, *options, *measured)]
    if not measured:
        raise ValueError("no column of numbers is left beside run, index and options")
    tables = _tables(frame, measured, index, better or {})
    sweep = Sweep([], "a table of runs")
    if texts:
        sweep.warnings.append(f"columns neither of numbers nor of options: {', '.join(texts)}; not used")
    for name, rows in groups:
        sweep.runs.append(_run(str(name), rows, options, tables, index))
        if state is not None:
            told = str(rows[state].iloc[-1])
            sweep.runs[-1].status = STATES[told.lower()]
            sweep.runs[-1].reason = "" if sweep.runs[-1].status == "completed" else told
    return sweep


def _check(frame, names):
    columns = [name for name in frame.columns if isinstance(name, str)]
    if len(columns) != len(frame.columns) or len(set(columns)) != len(columns):
        raise ValueError("expected columns with different names")
    for name in names:
        if name not in columns:
            raise ValueError(f"no column {name!r}; expected one of: {', '.join(columns)}")
    if not len(frame):
        raise ValueError("no rows")


def _is_number(column):
    return column.dtype.kind in "fiu"


def _is_state(column):
    """Whether it tells how runs ended."""
    return column.name.lower() in ("state", "status") and bool(column.astype(str).str.lower().isin(STATES).all())


def _names_runs(column, runs):
    """Whether texts are moments, or names that each run has for itself."""
    known = column.dropna()
    if column.dtype.kind not in "OM" or not len(known) or not known.map(lambda value: isinstance(value, str)).all():
        return column.dtype.kind == "M"
    named = column.name.lower() in IDENTIFIERS and known.nunique() == runs
    return named or bool(known.str.match(DATE).all())


def _constant(groups, names, better):
    """Those with one value in each run, and two runs or one; a missing value is one too."""
    counts = groups[names].nunique(dropna=False) if names else None
    return [name for name in names if name not in better and (counts[name] <= 1).all()]


def _tables(frame, measured, index, better):
    """Columns that are missing in the same rows make a table; the one with the last judged column is the default."""
    by_rows, place = {}, {name: at for at, name in enumerate(better)}
    for name in measured:
        by_rows.setdefault(frame[name].notna().to_numpy().tobytes(), []).append(name)
    parts = [sorted(names, key=lambda name: place.get(name, len(place))) for names in by_rows.values()]
    parts.sort(key=lambda names: -max(place.get(name, -1) for name in names))
    return [Table(TABLE if at == 0 else names[0].replace("/", "_"), Axis(index, long_name=index),
                  tuple(Column(name, better=better.get(name, "")) for name in names))
            for at, names in enumerate(parts)]


def _run(name, rows, options, tables, index):
    run = Run(name, pathlib.Path(name), effective=True, status="completed", default=tables[0].name,
              tables=tuple(table.name for table in tables))
    first = rows.iloc[0]
    run.options = {option: _plain(first[option]) for option in options if first[option] == first[option]}
    run.rows = {}
    for table in tables:
        mine = rows[rows[table.columns[0].name].notna()]
        values = {column.name: mine[column.name].to_numpy(float) for column in table.columns}
        run.rows[table.name] = Rows(table, mine[index].to_numpy(float), values)
        numbers = statistics_of([values[column.name] for column in table.columns])
        run.summaries[table.name] = Summary(table, len(mine), numbers)
    return run


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value
