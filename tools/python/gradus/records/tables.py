"""What a table of a run says of itself: index, columns, axes. Equal ones are one object, of however many runs."""
import functools
import json
from dataclasses import dataclass

import numpy as np

STATISTICS = ("first", "last", "lowest", "highest", "mean")  # of a column; all but the first two without NaN


@dataclass(frozen=True)
class Axis:
    """What rows, or the numbers of a vector, are counted by."""
    name: str
    units: str = "1"
    long_name: str = ""
    labels: tuple = ()  # of a vector's places 0, 1, ...


@dataclass(frozen=True)
class Column:
    name: str
    units: str = "1"
    long_name: str = ""
    better: str = ""    # "lower", "higher", or neither
    draw: str = "line"  # "line", "log", "flags", "none"
    flags: tuple = ()   # (number, meaning) pairs
    axis: Axis | None = None  # of a column of vectors


@dataclass(frozen=True)
class Table:
    name: str
    index: Axis
    columns: tuple = ()

    def column(self, name):
        return next((column for column in self.columns if column.name == name), None)

    def plain(self):
        """The columns of one number a row."""
        return [column for column in self.columns if column.axis is None]

    def judged(self):
        """The last drawn column that says which way is better, which is the one that a table is ranked by; or None."""
        return next((column for column in reversed(self.plain()) if column.better and column.draw != "none"), None)


@dataclass(frozen=True)
class Summary:
    """A table of a run without its rows."""
    table: Table
    rows: int
    numbers: np.ndarray  # [plain column, STATISTICS]

    def value(self, column, statistic):
        """NaN where there is no such column, or nothing was measured."""
        for place, found in enumerate(self.table.plain()):
            if found.name == column:
                return float(self.numbers[place, STATISTICS.index(statistic)])
        return np.nan


def document_of(table):
    """As JSON; the counterpart of table_of."""
    def axis(of):
        return of and [of.name, of.units, of.long_name, list(of.labels)]
    return json.dumps([table.name, axis(table.index), [
        [column.name, column.units, column.long_name, column.better, column.draw, [list(pair) for pair in column.flags],
         axis(column.axis)] for column in table.columns]])


@functools.lru_cache(maxsize=10_000)
def table_of(document):
    def axis(parts):
        return parts and Axis(*parts[:3], tuple(parts[3]))
    name, index, columns = json.loads(document)
    return Table(name, axis(index), tuple(
        Column(*column[:5], tuple((number, meaning) for number, meaning in column[5]), axis(column[6]))
        for column in columns))


def statistics_of(columns):
    """[column, STATISTICS] of columns of as many numbers each."""
    numbers = np.full((len(columns), len(STATISTICS)), np.nan)
    if not columns or not len(columns[0]):
        return numbers
    values = np.array(columns)
    known = ~np.isnan(values)
    with np.errstate(all="ignore"):
        numbers[:, 0], numbers[:, 1] = values[:, 0], values[:, -1]
        numbers[:, 2], numbers[:, 3] = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
        numbers[:, 4] = np.where(known, values, 0).sum(axis=1) / known.sum(axis=1)
    return numbers
