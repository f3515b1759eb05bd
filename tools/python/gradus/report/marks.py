"""What pictures draw of a panel, whoever draws them: single runs, unbroken parts of a band, stretches of a flag."""
from dataclasses import dataclass

import numpy as np

from .frame import drawable

MOST_NAMES = 30  # of places along an axis


@dataclass
class Detail:
    """How much a still picture shows. Of a curve no point is left out that could be seen in so many columns."""
    columns: int = 600
    runs: int = 8       # single runs of a group of curves
    dots: int = 200     # single runs of a row
    rows: int = 80      # groups of rows
    counts: bool = True  # the n of a point, where points differ in it


def opacity(panel):
    """Of bands: many of them lie over one another."""
    return 0.18 if len(panel.series) <= 4 else 0.1


def counts_few(panel):
    """Whether x counts something and has few values: its ticks are whole numbers then."""
    found = [np.asarray(x, float) for series in panel.series for x in [series.x, *series.runs_x] if len(x)]
    if not found or panel.x_log or not all(np.all(x == np.round(x)) for x in found):
        return False
    return 0 < np.ptp([end for x in found for end in (x[0], x[-1])]) <= 8


def named(labels):
    """[(place, name)] of an axis whose places have names: all, or as many at even distances as can be read."""
    return list(enumerate(labels))[::-(-len(labels) // MOST_NAMES) or 1]


def single_runs(series, detail):
    """(x, y) of the runs to be drawn by themselves: none where the mean is the one run there is."""
    if series.mean is not None and len(series.runs) == 1:
        return []
    return list(zip(series.runs_x, series.runs))[:detail.runs if series.mean is not None else None]


def unbroken(x, low, high):
    """The parts of a band between its gaps."""
    good = np.isfinite(drawable(low)) & np.isfinite(drawable(high))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]])))
    for start, end in zip(edges[::2], edges[1::2]):
        yield x[start:end], low[start:end], high[start:end]


def counts(series):
    """(x, mean, n) of the points of a curve whose points differ in n."""
    if series.counts is None or len(set(series.counts)) < 2:
        return []
    return [(x, y, int(n)) for x, y, n in zip(series.x, series.mean, series.counts) if np.isfinite(drawable(y))]


def numbers(series):
    """The one number of each run of a row."""
    found = [np.ravel(run) for run in series.runs]
    return drawable([run[-1] for run in found if len(run)])


def final(series):
    """(mean, low, high) of a row, each None where there is none."""
    def first(values):
        value = float(drawable(np.ravel(values)[-1])) if values is not None and np.size(values) else np.nan
        return value if np.isfinite(value) else None
    low, high = first(series.low), first(series.high)
    return (first(series.mean), low, high) if low is not None and high is not None else (first(series.mean), None, None)


def strips(panel, detail):
    """[(series, [(x, flags) of a run])]: in all as many runs as there are rows, of every group the same."""
    each = max(1, detail.rows // max(1, len(panel.series)))
    return [(series, list(zip(series.runs_x, series.runs))[:each]) for series in panel.series[:detail.rows]]


def stretches(x, y):
    """(flag, starts, lengths): where a run has it. A number lasts until the next; the last, as long as that before."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if not len(x):
        return
    ends = np.append(x[1:], x[-1] + (x[-1] - x[-2] if len(x) > 1 else 1))
    change = np.flatnonzero(np.append(True, (y[1:] != y[:-1]) & ~(np.isnan(y[1:]) & np.isnan(y[:-1]))))
    last = np.append(change[1:] - 1, len(y) - 1)
    for flag in np.unique(y[change][np.isfinite(y[change])]):
        mine = y[change] == flag
        yield int(flag), x[change[mine]], ends[last[mine]] - x[change[mine]]


def heat_limits(panel):
    """(lowest, highest) of the cells' colours; those of one value differ in none."""
    values = drawable(panel.heat[2])
    values = values[np.isfinite(values) & ((values > 0) | (not panel.y_log))]
    if not len(values):
        return 0.0, 1.0
    low, high = float(np.min(values)), float(np.max(values))
    room = 0 if low < high else 0.5 * abs(low) or 0.5
    return low - room, high + room
