"""Options that are tuned: chosen on one column, told on another."""
from dataclasses import dataclass

from ..records.values import escaped, is_number
from .metrics import Metric


@dataclass
class Tuning:
    """Of the groups that differ in the tuned options alone, the one that is best by a metric stands for all."""
    options: list
    by: Metric

    def chosen_of(self, table):
        rivals = {}
        for group in table.groups:
            rest = tuple(part for name, part in zip(table.keys, group.parts) if name not in self.options)
            rivals.setdefault(rest, []).append(group)
        chosen = []
        for groups in rivals.values():
            best = min(groups, key=self._rank)
            best.chosen = self._told(table, best, groups)
            chosen.append(best)
        names = ", ".join(name.replace("_", " ") for name in self.options)
        table.notes.append(f"Tuned: {names}, by the best mean of {self.by.heading}; settings with diverged runs last.")
        return chosen

    def _rank(self, group):
        mean = group.mean(self.by)
        known = mean == mean
        return not known, group.count("diverged") > 0, (-mean if self.by.better == "higher" else mean) if known else 0

    def _told(self, table, best, groups):
        """`of 5`, and which options ended at the edge of what was tried."""
        edges = []
        for name in self.options:
            at = table.keys.index(name)
            tried = sorted({group.key[at] for group in groups if is_number(group.key[at])})
            if len(tried) > 1 and best.key[at] in (tried[0], tried[-1]):
                edges.append(f"{escaped(name.replace('_', ' '))} at the edge")
        return ", ".join([f"best of {len(groups)}", *edges])
