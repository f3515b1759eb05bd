"""A run, a folder of runs, and what is wanted of them."""
import pathlib
from dataclasses import dataclass, field

import numpy as np


class NoRuns(Exception):
    """The folder is none of runs, or cannot be read."""


@dataclass(frozen=True)
class Want:
    """What is read of each run.h5, beside its attributes and the summary of its default table."""
    summaries: frozenset = frozenset()  # names of tables
    whole: frozenset | None = frozenset()  # those whose rows are read; None: all
    drawn: bool = False                 # of these, only the columns that are drawn
    fingerprint: bool = False
    provenance: bool = True             # commits, machine, times, notes


@dataclass(slots=True)
class Run:
    """One run: what it was asked, how it ended, and (if completed or diverged) what it measured."""
    name: str                                       # of its folder
    folder: pathlib.Path
    program: str = ""
    options: dict = field(default_factory=dict)     # {name with underscores: value}, as far as known
    effective: bool = False                         # whether these are all options, defaults included
    given: dict = field(default_factory=dict)       # those that sweep.json says were given
    status: str = "pending"                         # one of ENDS, or pruned, pending, unfinished, damaged, unreadable (now)
    reason: str = ""
    attributes: dict = field(default_factory=dict)  # of run.h5
    default: str = ""                               # the table that results are taken from
    tables: tuple = ()                              # names of all tables
    summaries: dict = field(default_factory=dict)   # {table: Summary}, of those that were asked for
    fingerprint: str = ""                           # of all measurements but seconds, where it was asked for
    record: dict | None = None                      # what complete.json says of run.h5: size, sha256, ...
    rows: dict | None = None                        # {table: Rows}, where there is no file to read them from
    stage: str = ""                                 # of a sweep, in which it was asked for

    def value(self, table, column, statistic="last"):
        """One of tables.STATISTICS of a column; NaN where it was not measured."""
        summary = self.summaries.get(table)
        return summary.value(column, statistic) if summary else np.nan


@dataclass
class Rows:
    """A table of a run with its rows."""
    table: object
    index: np.ndarray
    columns: dict  # {name: array [rows] or [rows, places]}


@dataclass
class Sweep:
    """A folder of runs."""
    runs: list
    program: str = ""
    command: object = None                          # as in sweep.json
    warnings: list = field(default_factory=list)    # a line for each record that is damaged or cannot be read now
    unread: bool = False                            # whether one of these cannot be read now

    def lacks_something(self):
        """Whether another time more may be read."""
        return self.unread or any(run.status == "unreadable" for run in self.runs)
