"""The pictures of a report: learning curves with a band over seeds, and the final result against a swept number."""
import hashlib
import io
import logging
import os
import re

os.environ["MPLBACKEND"] = "Agg"  # the user's may be one that does not load
logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where it keeps its caches is no news to our users
import matplotlib
matplotlib.rcdefaults()  # the user's file may ask for TeX
import matplotlib.pyplot as plt
import numpy as np

from .command import Failure
from ..records.values import escaped, identity, is_number, order
from .table import label_of

LONGEST_LABEL = 90
LARGEST_DRAWN = 1e300  # an axis needs room for its margins
COLOURS = ["#3b82c4", "#e07b39", "#2f9e6e", "#c94f7c", "#8a63d2", "#b8902a", "#2fa3b5", "#d2564b", "#7f8c3a", "#808790"]
MOST_CURVES = len(COLOURS)
SVG = {"svg.fonttype": "path", "svg.hashsalt": "gradus"}  # the same runs make the same bytes
INK = "#123456"  # in SVG replaced by the page's text colour, so that the picture follows a light or dark page


def style(ink):
    return {"font.size": 9.5, "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
            "axes.spines.top": False, "axes.spines.right": False, "text.color": ink, "axes.labelcolor": ink,
            "axes.edgecolor": ink, "axes.titlecolor": ink, "xtick.color": ink, "ytick.color": ink, "axes.grid": True,
            "grid.color": ink, "grid.alpha": 0.13, "grid.linewidth": 0.7, "legend.frameon": False,
            "lines.linewidth": 1.7, "axes.linewidth": 0.8}


def choose(table):
    """The groups to draw, and a sentence on the choice. Of too many, the best of each optimizer."""
    groups = [group for group in table.groups if group.completed()]
    groups.sort(key=lambda group: group.count("diverged") > 0)  # survivors of a setting that diverges flatter it: last
    if len(groups) <= MOST_CURVES:
        return groups, ""
    if "optimizer" in table.keys and table.primary:
        at = table.keys.index("optimizer")
        best = {}
        for group in groups:  # best first
            best.setdefault(identity(group.key[at]), group)
        return list(best.values())[:MOST_CURVES], (
            f"Of {len(groups)} settings, the best of each optimizer by {table.primary[1].split(',')[0]} is drawn.")
    return groups[:MOST_CURVES], f"The best {MOST_CURVES} of {len(groups)} settings are drawn."


def per_epoch(group, metric, against="epoch"):
    """x, mean and standard deviation over the group's completed runs, at the epochs that all of them measured."""
    runs = [run for run in group.completed() if metric in run.epoch and against in run.epoch]
    if not runs:
        return None
    common = set.intersection(*[set(run.epoch["epoch"][np.isfinite(run.epoch[metric])]) for run in runs])
    epochs = sorted(common)
    if not epochs:
        return None
    at = [[int(np.flatnonzero(run.epoch["epoch"] == e)[-1]) for e in epochs] for run in runs]
    y = np.array([run.epoch[metric][i] for run, i in zip(runs, at)])
    x = np.mean([run.epoch[against][i] for run, i in zip(runs, at)], axis=0)
    return x, y.mean(axis=0), y.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(len(x))


def per_step(group, name="loss"):
    """The same for a column per step; runs of other lengths are brought to the first one's blocks."""
    runs = [run for run in group.completed() if len(run.step.get(name, ()))]
    if not runs:
        return None
    x = runs[0].step["step"]
    x = x[x <= min(run.step["step"][-1] for run in runs)]
    y = np.array([np.interp(x, run.step["step"], run.step[name]) for run in runs])
    return (x, y.mean(axis=0), y.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(len(x))) if len(x) else None


def frame_after_start(axis, after):
    """Frames what came after the start where it would be squeezed beside it: the first lines then come from outside."""
    low, high = axis.get_ylim()
    after = after[np.isfinite(after)]
    if len(after) < 4 or not 0 < 2 * np.ptp(after) < high - low:
        return
    margin = 0.08 * np.ptp(after)
    axis.set_ylim(np.min(after) - margin, np.max(after) + margin)


def draw(axis, groups, curve, title, xlabel, ylabel, loss):
    """One panel; False if there is nothing to show."""
    lows, highs, bands = [], [], []
    for i, group in enumerate(groups):
        data = curve(group)
        if data is None:
            continue
        x, mean, spread = data
        mean = np.where(np.abs(mean) < LARGEST_DRAWN, mean, np.nan)
        spread = np.where(np.abs(spread) < LARGEST_DRAWN, spread, np.nan)
        bands += [edge[x > 0] for edge in (mean - spread, mean + spread)]
        line, = axis.plot(x, mean, color=COLOURS[i], label=plain(group.label), markersize=3,
                          marker="o" if len(x) <= 12 else None)
        axis.fill_between(x, mean - spread, mean + spread, color=line.get_color(), alpha=0.18, linewidth=0)
        if np.isfinite(mean).any():
            lows.append(np.nanmin(mean))
            highs.append(np.nanmax(mean))
    if lows and loss and min(lows) > 0 and max(highs) > 15 * min(lows):
        axis.set_yscale("log")
        axis.set_ylim(bottom=0.6 * min(lows), top=1.5 * max(highs))  # a band may reach below zero
    else:
        frame_after_start(axis, np.concatenate(bands) if bands else np.array([]))
    axis.set_title(title)
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    if "epoch" in xlabel:
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    return bool(lows)


def panels(groups, wanted, ink):
    """A row of panels with one legend below; None without any data."""
    wanted = [panel for panel in wanted if any(panel[0](group) is not None for group in groups)]
    if not wanted:
        return None
    with plt.rc_context(style(ink)):
        figure, axes = plt.subplots(1, len(wanted), figsize=(4.1 * len(wanted), 3.3), squeeze=False)
        for axis, panel in zip(axes[0], wanted):
            draw(axis, groups, *panel)
        # Not axis.get_legend_handles_labels(), which leaves out what begins with an underscore.
        found = {line.get_label(): line for axis in axes[0] for line in axis.lines}
        legend(figure, list(found.values()), list(found))
    return figure


def plain(text, longest=LONGEST_LABEL):
    """Any text for matplotlib: no formulas, not left out of a legend for its underscore, and not wider than a picture."""
    text = escaped(text)
    if len(text) > longest:
        text = f"{text[:longest - 9]}… ({hashlib.sha256(text.encode()).hexdigest()[:6]})"
    return (" " if text.startswith("_") else "") + text.replace("$", "\\$")


def legend(figure, handles, labels):
    """Below the panels, in as many columns as fit the width."""
    longest = max((len(label) for label in labels), default=1)
    columns = max(1, min(len(labels), int(figure.get_figwidth() * 13 / (longest + 6)), 5))
    rows = -(-len(labels) // columns)
    height = figure.get_figheight() + 0.2 * rows
    figure.set_figheight(height)
    figure.tight_layout(rect=(0, (0.2 * rows + 0.05) / height, 1, 1), w_pad=2.0)
    figure.legend(handles, labels, loc="lower center", ncol=columns, bbox_to_anchor=(0.5, 0.0), borderaxespad=0.2)


def main_figure(groups, ink):
    return panels(groups, [
        (lambda g: per_epoch(g, "training_loss"), "Training loss", "epochs", "loss", True),
        (lambda g: per_epoch(g, "validation_accuracy"), "Test accuracy (held-out data)", "epochs", "%", False),
        (lambda g: per_epoch(g, "training_loss", "training_seconds"), "Training loss against time",
         "seconds of training", "loss", True)], ink)


def second_figure(groups, ink):
    windows = {int(run.step["window"][0]) for g in groups for run in g.completed() if len(run.step.get("window", ()))}
    several = f" to {max(windows)}" if len(windows) > 1 else ""
    width = f"means of {min(windows)}{several} steps" if windows else ""
    # A program that logs no loss has columns of its own: the first of them are drawn.
    others = dict.fromkeys(name for g in groups for run in g.completed() for name in run.step
                           if name not in ("step", "window", "loss"))
    if any("loss" in run.step for g in groups for run in g.completed()):
        others = {}
    return panels(groups, [
        (per_step, "Training loss per step", f"step ({width})", "loss", True),
        (lambda g: per_epoch(g, "validation_loss"), "Validation loss", "epochs", "loss", True)] + [
        (lambda g, name=name: per_step(g, name), plain(name.replace("_", " ").capitalize()),
         f"step ({width})", plain(name.replace("_", " ")), True) for name in list(others)[:2]], ink)


def drawable(value):
    """Whether an option's value has a place on an axis."""
    return is_number(value) and abs(value) < LARGEST_DRAWN


def sensitivity_figure(table, ink):
    """Final result against each number swept over three values or more, one curve per setting of the other options."""
    if not table.primary:
        return None
    metric, heading, _ = table.primary
    groups = [group for group in table.groups if len(group.finals(metric))]
    numeric = [i for i in range(len(table.keys))
               if len({identity(g.key[i]) for g in groups if drawable(g.key[i])}) >= 3][:3]
    if not numeric:
        return None
    with plt.rc_context(style(ink)):
        figure, axes = plt.subplots(1, len(numeric), figsize=(max(6.2, 4.1 * len(numeric)), 3.3), squeeze=False)
        for axis, i in zip(axes[0], numeric):
            lines = {}
            for group in groups:
                if drawable(group.key[i]):
                    rest = tuple(order(value) for j, value in enumerate(group.key) if j != i)
                    label = label_of(part for j, part in enumerate(zip(table.keys, group.shown)) if j != i)
                    lines.setdefault((rest, label), []).append(group)
            for colour, ((_, label), members) in zip(COLOURS, sorted(lines.items())):
                members.sort(key=lambda group: group.key[i])
                values = [group.finals(metric) for group in members]
                axis.errorbar([float(group.key[i]) for group in members], [np.mean(v) for v in values],
                              [np.std(v, ddof=1) if len(v) > 1 else 0 for v in values], color=colour, marker="o",
                              markersize=3.5, capsize=2.5, label=plain(label or "all"))
                for group in members:
                    if group.count("diverged"):  # only survivors are in its mean
                        axis.plot(float(group.key[i]), group.mean(metric), marker="x", markersize=9, color=colour)
            x = [group.key[i] for group in groups if drawable(group.key[i])]
            if min(x) > 0 and max(x) >= 20 * min(x):
                axis.set_xscale("log")
            axis.set_xlabel(plain(table.keys[i].replace("_", " ")))
            axis.set_ylabel("final " + heading)
            axis.set_title(plain(f"Sensitivity to {table.keys[i].replace('_', ' ')}"))
        handles = axes[0][0].containers
        legend(figure, *((handles, [bars.get_label() for bars in handles]) if len(numeric) == 1 else ([], [])))
        if len(numeric) > 1:
            for axis in axes[0]:
                axis.legend(axis.containers, [bars.get_label() for bars in axis.containers], fontsize=7)
    return figure


def svg(figure, prefix):
    """The picture as an <svg> element; names are prefixed, because several pictures share a page."""
    out = io.StringIO()
    with plt.rc_context(SVG):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    plt.close(figure)
    text = out.getvalue()
    text = text[text.index("<svg"):].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", text)


def nothing_to_draw(table):
    completed = sum(len(group.completed()) for group in table.groups)
    return f"nothing to draw: {completed} runs completed" + (
        ", but none has a column per epoch or per step that the report knows" if completed else "")


def png_of(table):
    """The first picture of which there is something to draw, as PNG."""
    groups = choose(table)[0]
    ink = "#222222"
    figure = main_figure(groups, ink) or second_figure(groups, ink) or sensitivity_figure(table, ink)
    if figure is None:
        raise Failure(f"--png: {nothing_to_draw(table)}")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=150, facecolor="white")
    plt.close(figure)
    return out.getvalue()
