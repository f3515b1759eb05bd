"""Groups of runs, their statistics, and the table as rows of text."""
import math

import numpy as np

from . import statistics
from ..records.grouping import APART, differing
from ..records.values import escaped, identity, order, texts

SEED = APART[0]


def difference(a, b, metric):
    """(mean(a) - mean(b), half width of its 95 % interval, number of pairs or 0) of two groups; None with too few runs.

    Paired by seed where at least half of the larger group's seeds are in both, each once; else Welch's.
    """
    ours, theirs = a.by_seed(metric), b.by_seed(metric)
    if ours and theirs:
        shared = [seed for seed in ours if seed in theirs]
        if len(shared) >= 2 and 2 * len(shared) >= max(len(ours), len(theirs)):
            found = statistics.interval([ours[seed] - theirs[seed] for seed in shared])
            return (*found, len(shared))
    found = statistics.welch(a.finals(metric), b.finals(metric))
    return found and (*found, 0)


def label_of(parts):
    """What a setting is called, of (option, text) pairs: `adam, learning rate 0.1`."""
    return ", ".join(text if name == "optimizer" else f"{escaped(name.replace('_', ' '))} {text}"
                     for name, text in parts)


class Group:
    """Runs equal in the options that make the group. Statistics are over its completed runs."""

    def __init__(self, key, shown, keys, within):
        self.key = key          # values, in the order of `keys`
        self.parts = tuple(map(identity, key))
        self.block = self.parts[:within]  # groups of other blocks are no competitors
        self.shown = shown      # the values as texts
        self.label = label_of(list(zip(keys, shown))[within:]) or "all runs"
        self.facet = label_of(list(zip(keys, shown))[:within]) or None
        self.runs = []
        self.mark = ""          # "best", "tied", ""
        self.versus_best = None  # (difference, half width, pairs)
        self.chosen = ""        # how an option was tuned
        self._finals = {}

    def completed(self):
        return [run for run in self.runs if run.status == "completed"]

    def count(self, *states):
        return sum(run.status in states for run in self.runs)

    def finals(self, metric):
        """Of the runs that have a finite number."""
        if metric not in self._finals:
            values = np.array([metric.of(run) for run in self.completed()], float)
            self._finals[metric] = values[np.isfinite(values)]
        return self._finals[metric]

    def by_seed(self, metric):
        """{seed: number}; None where seeds do not tell the runs apart."""
        found = {}
        for run in self.completed():
            seed, value = run.options.get(SEED), metric.of(run)
            if seed is None or identity(seed) in found:
                return None
            if math.isfinite(value):
                found[identity(seed)] = value
        return found

    def mean(self, metric):
        values = self.finals(metric)
        return statistics.moments(values)[0] if len(values) else math.nan


class Table:
    """The groups of a sweep, best first within each block, and what can be said about them: `notes`, after those given.

    keys: the options that make a group; the first `within` of them are parameters of the problem and make blocks.
    metrics: the columns, the first of which ranks. tune: Tuning, or None.
    """

    def __init__(self, runs, keys, metrics, notes=(), within=0, tune=None):
        self.keys, self.within = keys, within
        self.texts = {name: texts(run.options.get(name) for run in runs) for name in keys}
        groups = {}
        for run in runs:
            key = tuple(run.options.get(name) for name in keys)
            parts = tuple(map(identity, key))
            if parts not in groups:
                groups[parts] = Group(key, [self.texts[name][part] for name, part in zip(keys, parts)], keys, within)
            groups[parts].runs.append(run)
        self.groups = list(groups.values())
        self.notes = list(notes)
        for group in self.groups:
            group.runs.sort(key=lambda run: (order(run.options.get(SEED)), run.name))
        if tune:
            self.groups = tune.chosen_of(self)
        measured = [metric for metric in metrics if any(len(group.finals(metric)) for group in self.groups)]
        # What is the same for all groups, and better nowhere, tells nothing.
        self.metrics = [metric for metric in measured if metric.better or metric is measured[0] or len(self.groups) == 1
                        or len({group.mean(metric) for group in self.groups if len(group.finals(metric))}) > 1]
        self.primary = self.metrics[0] if self.metrics and metrics[:1] == self.metrics[:1] else None
        sign = -1 if self.primary and self.primary.better == "higher" else 1

        def rank(group):
            mean = group.mean(self.primary) if self.primary else math.nan
            return ([order(value) for value in group.key[:within]], not math.isfinite(mean),
                    sign * mean if math.isfinite(mean) else 0, [order(value) for value in group.key[within:]])
        self.groups.sort(key=rank)
        for block in self.blocks():
            self._mark(block)
        self._note(runs)

    def blocks(self):
        """Lists of groups that compete with each other."""
        found = {}
        for group in self.groups:
            found.setdefault(group.block, []).append(group)
        return list(found.values())

    def _mark(self, groups):
        """Marks the best group of a block and all that the data do not separate from it."""
        if not self.primary or not self.primary.better or len(groups) < 2:
            return
        where = f"{groups[0].facet}: " if groups[0].facet else ""
        # The mean over the runs that survived flatters a method that sometimes diverges: it is not compared.
        fair = [group for group in groups if not group.count("diverged") and len(group.finals(self.primary))]
        if not fair:
            self.notes.append(f"{where}No setting without diverged runs has a result: none is marked as best.")
            return
        best = fair[0]
        for group in fair[1:]:
            group.versus_best = difference(group, best, self.primary)
            if group.versus_best and abs(group.versus_best[0]) <= group.versus_best[1]:
                group.mark = "tied"
        compared = [group for group in fair[1:] if group.versus_best]
        if not compared:
            self.notes.append(
                f"{where}No setting is marked as best: a comparison needs two settings with two runs each "
                "(seeds) that completed.")
            return
        best.mark = "best"
        tied = sum(group.mark == "tied" for group in fair)
        self.notes.append(
            f"{where}Best mean in {self.primary.heading}: {best.label}."
            + (f" {tied} other setting{'s are' if tied > 1 else ' is'} not separated from it by these runs (≈): the "
               "95 % confidence interval of the difference contains zero." if tied else
               " Its 95 % confidence interval against each other setting compared excludes zero."))

    def _note(self, runs):
        differences = [group.versus_best for group in self.groups if group.versus_best]
        if differences:
            paired = sum(pairs > 0 for *_, pairs in differences)
            which = ("paired by seed" if paired == len(differences) else "Welch's" if not paired else
                     "paired by seed where seeds are shared (n pairs), else Welch's")
            self.notes.append(f"Intervals of differences: {which}, for each difference by itself, without a correction "
                              "for the number of comparisons. The best of many settings, chosen on the data it is "
                              "judged by, looks a little better than it is.")
        if any(group.count("diverged") for group in self.groups):
            self.notes.append("Means are over completed runs only. A setting with diverged runs shows those that "
                              "survived; it is not compared with the best.")
        pooled = sorted({name for group in self.groups for name in differing(self.whole(group))} - set(self.keys))
        if pooled:
            self.notes.append(f"Rows pool runs that also differ in {', '.join(pooled)}: the standard deviation is not "
                              f"that of the {APART[0]} alone.")
        finished = [run for run in runs if run.attributes]
        for name, consequence in (("executable_sha256", "different programs are compared"),
                                  ("git_commit", "different programs are compared"),
                                  ("gradus_commit", "different programs are compared"),
                                  ("host", "seconds do not compare"), ("processor", "seconds do not compare"),
                                  ("threads", "seconds do not compare"),
                                  ("compiler_flags", "seconds do not compare"),
                                  ("product_library", "results may round differently")):
            values = texts(run.attributes[name] for run in finished if name in run.attributes)
            if len(values) > 1:
                shown = sorted(text[:12] if name.endswith("sha256") else text for text in values.values())
                self.notes.append(f"Runs differ in {name.replace('_', ' ')} ({', '.join(shown)}): {consequence}.")
        if untimed := sorted({str(run.attributes["untimed"]) for run in finished if run.attributes.get("untimed")}):
            count = sum(bool(run.attributes.get("untimed")) for run in finished)
            self.notes.append(f"{count} of {len(finished)} runs are untimed ({', '.join(untimed)}): their seconds do not "
                              "compare.")
        if any(str(run.attributes.get(name, 0)).lower() not in ("0", "false", "no", "") for run in finished
               for name in ("git_dirty", "gradus_dirty")):
            self.notes.append("Some runs were built from a work tree with uncommitted changes.")

    @staticmethod
    def whole(group):
        """Its runs whose every option is known."""
        return [run for run in group.runs if run.effective]

    def headings(self):
        return ([escaped(name.replace("_", " ")) for name in self.keys] or ["runs"]) + ["n", "diverged", "failed"] \
            + [escaped(metric.heading) for metric in self.metrics] \
            + (["difference from best, 95 %"] if self._compares() else []) + (["tuned"] if self._tunes() else []) \
            + (["stopped early"] if self._prunes() else [])

    def _compares(self):
        return any(group.versus_best for group in self.groups)

    def _tunes(self):
        return any(group.chosen for group in self.groups)

    def _prunes(self):
        return any(group.count("pruned") for group in self.groups)

    def cells(self, group):
        """One row as text. n: completed runs; failed: also interrupted, damaged, unreadable and pending."""
        row = list(group.shown) or ["all"]
        diverged = group.count("diverged")
        failed = len(group.runs) - len(group.completed()) - diverged - group.count("pruned")
        row += [str(len(group.completed())), str(diverged), str(failed)]
        row += [mean_and_deviation(group.finals(metric), metric) for metric in self.metrics]
        if self._compares():
            row.append("best" if group.mark == "best" else "–" if not group.versus_best else
                       difference_text(group, *group.versus_best))
        if self._tunes():
            row.append(escaped(group.chosen) or "–")
        if self._prunes():
            row.append(str(group.count("pruned")))
        return row

    def text(self, most=None):
        """most: characters of a line; columns of numbers that go beyond are left out, the last first, and named."""
        rows = [self.headings()] + [self.cells(group) for group in self.groups]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        left = len(self.keys) or 1
        kept, needed = list(range(
            len(widths))), left + 3 + bool(self.metrics)  # options, n, diverged, failed, the metric
        end = left + 3 + len(self.metrics)
        for at in [*reversed(range(needed, end)), *reversed(range(end, len(widths)))]:
            if most is not None and sum(widths[i] + 2 for i in kept) - 2 > most:
                kept.remove(at)
        absent = [heading.strip() for at, heading in enumerate(rows[0]) if at not in kept]
        rows, widths = [[row[at] for at in kept] for row in rows], [widths[at] for at in kept]
        lines = ["  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
        more = [f"Too wide for {most} columns, and in the page: {', '.join(absent)}."] if absent else []
        return "\n".join([lines[0], "-" * sum(widths, 2 * (len(widths) - 1))] + lines[1:] + more)


def digits(spread, value):
    """Decimals that show two digits of the spread (four of the value if there is none)."""
    scale = spread if spread > 0 else abs(value) / 100
    return 2 if scale == 0 or not math.isfinite(scale) else max(0, min(10, 1 - math.floor(math.log10(scale))))


def difference_text(group, value, half, pairs):
    places = digits(half, value)
    return (f"{value:+.{places}f} ± {half:.{places}f}" + (f" ({pairs} pairs)" if pairs else "")
            + (" ≈" if group.mark == "tied" else ""))


def mean_and_deviation(values, metric):
    """`mean ± sample standard deviation (n)`; the deviation needs two values."""
    if not len(values):
        return "–"
    mean, spread = statistics.moments(values)
    whole = metric.units == "byte" or abs(mean) >= 1000 and np.all(values == np.round(values))
    if whole and abs(mean) < 1e15:
        text = f"{mean:,.0f}" + (f" ± {spread:,.0f}" if spread > 0 else "")
    elif abs(mean) >= 1e6 or (0 < abs(mean) < 1e-4):
        text = f"{mean:.3e}" + (f" ± {spread:.1e}" if len(values) > 1 else "")
    elif len(values) > 1:
        places = digits(spread, mean)
        text = f"{mean:.{places}f} ± {spread:.{places}f}"
    else:
        text = f"{mean:.4g}"
    return f"{text} ({len(values)})"
