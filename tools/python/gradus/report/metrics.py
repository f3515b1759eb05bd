"""Numbers of runs by name: TABLE/COLUMN[:first|last|best|mean]. Which there are, the runs say."""
from typing import NamedTuple

from .command import Failure

STATISTICS = ("first", "last", "best", "mean")


class Metric(NamedTuple):
    """A number of each run."""
    name: str        # TABLE/COLUMN:STATISTIC
    heading: str
    better: str      # "lower", "higher", or neither
    table: str
    column: str
    statistic: str   # of tables.STATISTICS
    units: str = "1"
    long_name: str = ""

    def of(self, run):
        return run.value(self.table, self.column, self.statistic)


def metric_of(table, column, statistic="last"):
    """Of what a table says of a column."""
    if statistic == "best" and not column.better:
        raise Failure(f"{table}/{column.name}:best: the column does not say which way is better", 2)
    found = {"best": {"lower": "lowest", "higher": "highest"}.get(column.better)}.get(statistic, statistic)
    return Metric(f"{table}/{column.name}:{statistic}", heading_of(column, statistic), column.better, table,
                  column.name, found, column.units, column.long_name)


def heading_of(column, statistic="last"):
    units = "" if column.units in ("", "1") else f", {column.units}"
    return column.name.replace("_", " ") + ("" if statistic == "last" else f" ({statistic})") + units


def split(text):
    """(table or "", column, statistic) of what a user wrote; `-` and `_` are one in names of columns.

    No table has a slash in its name; a column of a tracker's may.
    """
    place, _, statistic = text.partition(":")
    table, slash, column = place.lstrip("/").partition("/")
    if not slash:
        table, column = "", table
    if not column or (statistic or "last") not in STATISTICS:
        raise Failure(f"'{text}': expected TABLE/COLUMN or TABLE/COLUMN:{'|'.join(STATISTICS)}", 2)
    return table, column.replace("-", "_"), statistic or "last"


def resolve(text, runs, what):
    """The Metric that a user means; without a table it is the default one's. Raises Failure for what no run has."""
    table, column, statistic = split(text)
    known = {}
    for run in runs:
        for name, summary in run.summaries.items():
            if name == (table or run.default):
                found = summary.table.column(column)
                if found is not None and found.axis is not None:
                    raise Failure(f"{what} {text}: has vectors (along {found.axis.name}); expected a plain column", 2)
                if found is not None:
                    return metric_of(name, found, statistic)
                known.update((f"{name}/{each.name}", None) for each in summary.table.plain())
    tables = dict.fromkeys(name for run in runs for name in run.tables)
    expected = ", ".join(known) if known else f"a column of {', '.join(tables) or 'a table'}"
    raise Failure(f"{what} {text}: no run has this column; expected one of: {expected}", 2)


def _default_tables(runs):
    """[(name, what it says of itself, number of runs)] of default tables that differ."""
    found = {}
    for run in runs:
        summary = run.summaries.get(run.default)
        if summary:
            table = found.setdefault(id(summary.table), [run.default, summary.table, 0])
            table[2] += 1
    return list(found.values())


def primary_of(runs):
    """The last drawn column of the default table that says which way is better, as most runs have it; or None."""
    counts = {}
    for name, table, count in _default_tables(runs):
        judged = table.judged()
        if judged:
            found = metric_of(name, judged)
            counts[found] = counts.get(found, 0) + count
    return max(counts, key=counts.get) if counts else None


def shown_of(runs, primary):
    """The columns of a table of results: the primary one, others that are judged, the rest of the default table."""
    found = {}
    for name, table, _ in _default_tables(runs):
        for column in table.plain():
            if not column.flags:
                found.setdefault(f"{name}/{column.name}", metric_of(name, column))
    metrics = sorted(found.values(), key=lambda metric: not metric.better)
    return [*filter(None, [primary]),
            *(metric for metric in metrics if primary is None or metric.name != primary.name)]
