"""What a report draws: panels of series, each the runs of a group and their mean. Nothing here knows a column."""
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Line:
    """A reference line, from an arithmetic expression over options: `2/learning_rate`."""
    text: str
    values: dict = field(default_factory=dict)  # {a group's key: number}; groups for which there is none are absent


@dataclass
class Series:
    """The runs of a group in a panel. All numbers are measured ones: no curve is resampled."""
    label: str
    key: tuple                     # the group's: (identity of an option's value, ...); stable whatever else is drawn
    x: np.ndarray                  # of the mean: those that all runs of the group have
    runs: list                     # an array for each run
    runs_x: list                   # its x
    mean: np.ndarray | None = None
    low: np.ndarray | None = None  # 95 % interval of the mean (Student's t); None where n < 2
    high: np.ndarray | None = None
    n: int = 0                     # runs in the mean
    reference: float | None = None  # the panel's line at this group
    names: list = field(default_factory=list)  # of the runs
    tags: list = field(default_factory=list)   # of each of them, those that it was given
    counts: np.ndarray | None = None  # runs at each x, where they differ (a final value against an option)


@dataclass
class Panel:
    """One picture.

    kind "curves": series over x. "bars": a final value; each series has one x, its place, and each of its runs one
    number. "flags": as curves, of numbers that are names (`flags`). "heatmap": `heat` alone.
    """
    id: str                        # a slug that is the same whenever the report is made
    title: str
    x_label: str
    y_label: str
    x_log: bool = False
    x_names: tuple = ()            # of the places 0, 1, ... along x, where they have names
    y_log: bool = False
    kind: str = "curves"
    series: list = field(default_factory=list)
    heat: tuple | None = None      # (row labels, column labels, values[row, column], n[row, column])
    facet: str | None = None       # "depth 3", of a panel that is one of several
    better: str | None = None      # "lower", "higher"
    table: str = ""                # of which it is a column: pages have a section for each
    line: Line | None = None
    flags: dict = field(default_factory=dict)  # {number: meaning}
    notes: list = field(default_factory=list)  # sentences to be shown below
