"""Runs as pandas' DataFrames and xarray's Datasets: the functions of the package."""
import os
import warnings

import numpy as np

from .records import folder as run_folder
from .records import foreign, grouping
from .records.folder import Want
from .records.tables import STATISTICS

RUN = "run"  # the column, or dimension, of runs' ids
ROW = "row"  # the dimension of rows that their index does not tell apart


def runs(folder):
    """The runs of a folder: name, folder, program, options, status, reason; a list. run.h5 is not read."""
    sweep = _sweep_of(folder, None)
    grouping.fill_in(sweep.runs)
    return sweep.runs


def load(source, table=None, axis=None):
    """A table of all completed runs as a DataFrame: run, the options, the table's index, and its columns.

    source: a folder, or what from_table made. table: default the one that results are taken from. Columns of vectors
    make a row for each place along their axis, whose column then holds the place's label or number, and plain columns
    repeat; of several axes one is chosen by `axis`. Runs that are damaged, unfinished, diverged or the same as another
    are left out: a warning names them, and `.attrs["left_out"]` is {run: why}.
    """
    import pandas
    kept, left_out, name = _completed(source, table, whole=True)
    parts = [_frame(run, rows, axis) for run, rows in _rows(kept, name, left_out)]
    _warn(left_out)
    frame = pandas.concat(parts, ignore_index=True) if parts else pandas.DataFrame({RUN: []})
    frame.attrs["left_out"] = left_out
    return frame


def finals(source, table=None, statistic="last"):
    """One row a run: run, the options, and of each plain column its first, last, lowest, highest or mean value.

    Left out are the same runs as by load().
    """
    import pandas
    if statistic not in STATISTICS:
        raise ValueError(f"statistic {statistic!r}: expected one of {', '.join(STATISTICS)}")
    kept, left_out, name = _completed(source, table)
    if any(name in run.tables and name not in run.summaries for run in kept):  # it is not the default table of all
        kept, left_out, name = _completed(source, name)
    there = _with_table(kept, name, left_out)
    kept = [run for run in there if name in run.summaries]
    left_out.update((run.name, f"nothing of table {name} was read") for run in there if name not in run.summaries)
    columns = list(dict.fromkeys(column.name for run in kept for column in _plain(run, name)))
    records = []
    for run in kept:
        options = {f"option_{option}" if option in columns else option: value for option, value in run.options.items()}
        records.append({RUN: run.name, **options, **{column: run.value(name, column, statistic) for column in columns}})
    _warn(left_out)
    frame = pandas.DataFrame.from_records(records)
    frame.attrs["left_out"] = left_out
    return frame


def dataset(source, table=None):
    """A table of all completed runs as an xarray.Dataset with the dimensions run, the table's index, and vectors' axes.

    Runs need not have the same steps: NaN where one has none. Where a run's index repeats or goes backwards, rows are
    counted along a dimension "row" instead, and the index is a coordinate along run and row: no row is lost. Options
    are coordinates along run; units and the like are the variables' attributes. Left out are the same runs as by
    load().
    """
    import xarray
    kept, left_out, name = _completed(source, table, whole=True)
    read = list(_rows(kept, name, left_out))
    _warn(left_out)
    if not read:
        return xarray.Dataset(attrs={"left_out": str(left_out)})
    described = {column.name: column for _, rows in read for column in rows.table.columns}
    lengths = {
        column.axis.name: max(rows.columns[column.name].shape[1] for _, rows in read if column.name in rows.columns)
        for column in described.values() if column.axis}
    first = read[0][1].table
    along, places, index = _places(read, {first.index.name, *described, *lengths})
    variables = {column: ((RUN, along, *((of.axis.name,) if of.axis else ())),
                          _filled([rows.columns.get(column) for _, rows in read], places, len(index),
                                  of.axis and lengths[of.axis.name]), _attributes(of))
                 for column, of in described.items()}
    told = {"units": first.index.units, "long_name": first.index.long_name}
    coordinates = {RUN: [run.name for run, _ in read], along: (along, index, told if along == first.index.name else {})}
    if along != first.index.name:
        steps = _filled([rows.index for _, rows in read], places, len(index), None)
        coordinates[first.index.name] = ((RUN, along), steps, told)
    for of in described.values():
        if of.axis:
            coordinates[of.axis.name] = (of.axis.name, np.arange(lengths[of.axis.name]),
                                         {"units": of.axis.units, "long_name": of.axis.long_name})
            if len(of.axis.labels) == lengths[of.axis.name]:
                coordinates[f"{of.axis.name}_label"] = (of.axis.name, list(of.axis.labels))
    for option in dict.fromkeys(option for run, _ in read for option in run.options):
        taken = option in variables or option in coordinates
        values = _column([run.options.get(option) for run, _ in read])
        coordinates[f"option_{option}" if taken else option] = (RUN, values)
    told = "; ".join(f"{run}: {why}" for run, why in left_out.items())
    return xarray.Dataset(variables, coordinates, {"table": name, "left_out": told})


from_table = foreign.from_table


def _sweep_of(source, want):
    if isinstance(source, run_folder.Sweep):
        return source
    return run_folder.listed(os.fspath(source)) if want is None else run_folder.load(os.fspath(source), want)


def _completed(source, table, whole=False):
    """(runs that completed, {run: why it is left out}, name of the table)."""
    summaries = frozenset([table] if table and not whole else [])
    sweep = _sweep_of(source, Want(summaries=summaries, provenance=False))
    grouping.fill_in(sweep.runs)
    once, _ = grouping.count_once(sweep.runs)
    counted = {run.name for run in once}
    left_out = {run.name: f"{run.status}: {run.reason}" if run.status != "completed" else "the same as another run"
                for run in sweep.runs if run.status != "completed" or run.name not in counted}
    kept = [run for run in once if run.status == "completed"]
    tables = list(dict.fromkeys(name for run in kept for name in run.tables))
    if table and kept and table not in tables:
        raise ValueError(f"no run has a table {table!r}; expected one of: {', '.join(tables)}")
    defaults = [run.default for run in kept]
    return kept, left_out, table or (max(dict.fromkeys(defaults), key=defaults.count) if defaults else "")


def _with_table(runs, name, left_out):
    left_out.update((run.name, f"has no table {name}") for run in runs if name not in run.tables)
    return [run for run in runs if name in run.tables]


def _rows(runs, name, left_out):
    """(run, Rows) of those that have the table."""
    there = _with_table(runs, name, left_out)
    read = {run.name for run in there}
    for run, tables, _ in run_folder.read(there, Want(whole=frozenset([name]), provenance=False)):
        read.discard(run.name)
        if name in tables:
            yield run, tables[name]
    left_out.update((run, "could not be read again") for run in sorted(read))


def _plain(run, name):
    summary = run.summaries.get(name)
    return summary.table.plain() if summary else []


def _warn(left_out):
    if left_out:
        told = "; ".join(f"{name}: {why}" for name, why in list(left_out.items())[:10])
        more = f"; and {len(left_out) - 10} more" if len(left_out) > 10 else ""
        warnings.warn(f"{len(left_out)} runs are left out: {told}{more}", stacklevel=3)


def _frame(run, rows, axis):
    import pandas
    axes = {column.axis.name: column.axis for column in rows.table.columns if column.axis}
    if axis is None and len(axes) > 1:
        raise ValueError(f"table {rows.table.name} has vectors along {', '.join(axes)}; expected axis= one of them")
    if axis is not None and axis not in axes:
        raise ValueError(
            f"table {rows.table.name} has no axis {axis!r}; expected one of: {', '.join(axes) or '(none)'}")
    chosen = axes.get(axis) if axis else next(iter(axes.values()), None)
    columns = {column.name: column for column in rows.table.columns if column.axis is None or column.axis == chosen}
    length = next((rows.columns[name].shape[1] for name, column in columns.items() if column.axis), 1)
    index = rows.index.astype(np.int64) if np.all(rows.index == np.floor(rows.index)) else rows.index
    measured = {rows.table.index.name: np.repeat(index, length)}
    if chosen:
        places = np.array(chosen.labels, dtype=object) if chosen.labels else np.arange(length)
        measured[chosen.name] = np.tile(places, len(index))
    for name, column in columns.items():
        values = rows.columns[name]
        measured[name] = values.reshape(-1) if column.axis else np.repeat(values, length)
    options = {f"option_{name}" if name in measured else name: value for name, value in run.options.items()}
    return pandas.DataFrame({RUN: run.name, **options, **measured})


def _places(read, taken):
    """(dimension of rows, for each run the places of its rows along it, what these places are called)."""
    if all(np.all(np.diff(rows.index) > 0) for _, rows in read):
        index = np.unique(np.concatenate([rows.index for _, rows in read]))
        index = index.astype(np.int64) if np.all(index == np.floor(index)) else index
        return read[0][1].table.index.name, [np.searchsorted(index, rows.index) for _, rows in read], index
    name = ROW if ROW not in taken else f"table_{ROW}"
    places = [np.arange(len(rows.index)) for _, rows in read]
    return name, places, max(places, key=len)


def _filled(found, places, count, length):
    """[run, row] or [run, row, place along an axis] of what runs have, None where one has nothing."""
    values = np.full((len(found), count, *((length,) if length else ())), np.nan)
    for run, (numbers, at) in enumerate(zip(found, places)):
        if numbers is not None:
            values[(run, at, slice(0, numbers.shape[1])) if length else (run, at)] = numbers
    return values


def _attributes(column):
    found = {"units": column.units, "long_name": column.long_name or column.name}
    if column.better:
        found["better"] = column.better
    if column.flags:
        found |= {"flag_values": [int(number) for number, _ in column.flags],
                  "flag_meanings": " ".join(meaning for _, meaning in column.flags)}
    return found


def _column(values):
    """Numbers as such, all else as objects; a missing number is NaN."""
    if all(value is None or isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        if None in values:
            return np.array([np.nan if value is None else value for value in values], float)
        return np.array(values)
    return np.array(["" if value is None else value for value in values], dtype=object)
