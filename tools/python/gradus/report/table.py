"""Groups of runs, their statistics, and the table as rows of text."""
import math

import numpy as np

from ..records.grouping import APART, differing
from ..records.values import escaped, identity, order, texts

# Quantile 0.975 of Student's t for 1, 2, ... 30 degrees of freedom.
T_975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
         2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042]

# metric, heading, whether a larger value is better (None: not a matter of better)
COLUMNS = [("validation_accuracy", "test accuracy, %", True), ("validation_loss", "validation loss", False),
           ("training_loss", "training loss", False), ("training_seconds", "training, s", False),
           ("optimizer_state_bytes", "optimizer state, bytes", None), ("gradients", "gradients", None)]


def student_t(freedom):
    """Quantile 0.975; freedom is rounded down, and above 30 that of 30 serves: intervals never too short."""
    return T_975[max(1, min(int(freedom), 30)) - 1]


def welch(a, b):
    """mean(a) - mean(b) and the half width of its 95 % confidence interval (Welch 1947); None with one value."""
    if len(a) < 2 or len(b) < 2:
        return None
    va, vb = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
    difference = float(np.mean(a) - np.mean(b))
    if va + vb == 0:
        return difference, 0.0
    freedom = (va + vb) ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1))
    return difference, student_t(freedom) * math.sqrt(va + vb)


def label_of(parts):
    """What a setting is called, of (option, text) pairs: `adam, learning rate 0.1`."""
    return ", ".join(text if name == "optimizer" else f"{escaped(name.replace('_', ' '))} {text}" for name, text in parts)


class Group:
    """Runs equal in the options that make the group. Statistics are over its completed runs."""

    def __init__(self, key, shown, keys):
        self.key = key          # values, in the order of `keys`
        self.shown = shown      # the same as texts
        self.label = label_of(zip(keys, shown)) or "all runs"
        self.runs = []
        self.mark = ""          # "best", "tied", ""
        self.versus_best = None  # (difference, half width)

    def completed(self):
        return [run for run in self.runs if run.status == "completed"]

    def count(self, *states):
        return sum(run.status in states for run in self.runs)

    def finals(self, metric):
        values = np.array([run.final(metric) for run in self.completed()])
        return values[np.isfinite(values)] if len(values) else values

    def mean(self, metric):
        values = self.finals(metric)
        return float(np.mean(values)) if len(values) else math.nan


class Table:
    """The groups of a sweep, best first, and what can be said about them: `notes`, after those given."""

    def __init__(self, runs, keys, notes=()):
        self.keys = keys
        self.texts = {name: texts(run.options.get(name) for run in runs) for name in keys}
        groups = {}
        for run in runs:
            key = tuple(run.options.get(name) for name in keys)
            parts = tuple(map(identity, key))
            if parts not in groups:
                groups[parts] = Group(key, [self.texts[name][part] for name, part in zip(keys, parts)], keys)
            groups[parts].runs.append(run)
        self.groups = list(groups.values())
        measured = [column for column in COLUMNS if any(len(group.finals(column[0])) for group in self.groups)]
        # The count of gradients says something only where methods differ in it.
        self.columns = [column for column in measured if column[0] != "gradients"
                        or len({group.mean("gradients") for group in self.groups if group.completed()}) > 1]
        self.primary = next((column for column in self.columns if column[2] is not None), None)
        sign = -1 if self.primary and self.primary[2] else 1

        def rank(group):
            mean = group.mean(self.primary[0]) if self.primary else math.nan
            return (not math.isfinite(mean), sign * mean if math.isfinite(mean) else 0, [order(v) for v in group.key])
        self.groups.sort(key=rank)
        self.notes = list(notes)
        self._mark()
        self._note(runs)

    def _mark(self):
        """Marks the best group and all that the data do not separate from it."""
        if not self.primary or len(self.groups) < 2:
            return
        metric = self.primary[0]
        # The mean over the runs that survived flatters a method that sometimes diverges: it is not compared.
        fair = [group for group in self.groups if not group.count("diverged") and len(group.finals(metric))]
        if not fair:
            self.notes.append("No setting without diverged runs has a result: none is marked as best.")
            return
        best = fair[0]
        for group in fair[1:]:
            group.versus_best = welch(group.finals(metric), best.finals(metric))
            if group.versus_best and abs(group.versus_best[0]) <= group.versus_best[1]:
                group.mark = "tied"
        compared = [group for group in fair[1:] if group.versus_best]
        if not compared:
            self.notes.append("No setting is marked as best: a comparison needs two settings with two runs each "
                              "(seeds) that completed.")
            return
        best.mark = "best"
        tied = sum(group.mark == "tied" for group in fair)
        self.notes.append(
            f"Best mean in {self.primary[1].split(',')[0]}: {best.label}."
            + (f" {tied} other setting{'s are' if tied > 1 else ' is'} not separated from it by these runs (≈): the "
               "95 % confidence interval of the difference contains zero." if tied else
               " Its 95 % confidence interval against each other setting compared excludes zero."))
        self.notes.append("Intervals: Welch's, for each difference by itself, without a correction for the number of "
                          "comparisons. The best of many settings, chosen on the data it is judged by, looks a little "
                          "better than it is.")

    def _note(self, runs):
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
        if any(str(run.attributes.get(name, 0)).lower() not in ("0", "false", "no", "") for run in finished
               for name in ("git_dirty", "gradus_dirty")):
            self.notes.append("Some runs were built from a work tree with uncommitted changes.")

    @staticmethod
    def whole(group):
        """Its runs whose every option is known."""
        return [run for run in group.runs if run.effective]

    def headings(self):
        return ([escaped(name.replace("_", " ")) for name in self.keys] or ["runs"]) + ["n", "diverged", "failed"] \
            + [heading for _, heading, _ in self.columns] + (["difference from best, 95 %"] if self._compares() else [])

    def _compares(self):
        return any(group.versus_best for group in self.groups)

    def cells(self, group):
        """One row as text. n: completed runs; failed: also interrupted, damaged, unreadable and pending."""
        row = list(group.shown) or ["all"]
        diverged = group.count("diverged")
        row += [str(len(group.completed())), str(diverged), str(len(group.runs) - len(group.completed()) - diverged)]
        row += [mean_and_deviation(group.finals(metric), metric, len(group.completed()))
                for metric, _, _ in self.columns]
        if self._compares():
            row.append("best" if group.mark == "best" else "–" if not group.versus_best else
                       "{:+.{d}f} ± {:.{d}f}{}".format(*group.versus_best, " ≈" if group.mark == "tied" else "",
                                                       d=digits(group.versus_best[1], group.versus_best[0])))
        return row

    def text(self):
        rows = [self.headings()] + [self.cells(group) for group in self.groups]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        left = len(self.keys) or 1
        lines = ["  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
        return "\n".join([lines[0], "-" * sum(widths, 2 * (len(widths) - 1))] + lines[1:])


def digits(spread, value):
    """Decimals that show two digits of the spread (four of the value if there is none)."""
    scale = spread if spread > 0 else abs(value) / 100
    return 2 if scale == 0 or not math.isfinite(scale) else max(0, min(10, 1 - math.floor(math.log10(scale))))


def mean_and_deviation(values, metric, n):
    """`mean ± sample standard deviation`; the deviation needs two values. Names n where it is not the row's."""
    if not len(values):
        return "–"
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    if metric in ("optimizer_state_bytes", "gradients"):
        text = f"{mean:,.0f}" + (f" ± {spread:,.0f}" if spread > 0 else "")
    elif abs(mean) >= 1e6 or (0 < abs(mean) < 1e-4):
        text = f"{mean:.3e}" + (f" ± {spread:.1e}" if len(values) > 1 else "")
    elif len(values) > 1:
        d = digits(spread, mean)
        text = f"{mean:.{d}f} ± {spread:.{d}f}"
    else:
        text = f"{mean:.4g}"
    return text if len(values) == n else f"{text} (n = {len(values)})"
