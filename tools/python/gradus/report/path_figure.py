"""The picture of draw_path: paths of optimizers over a function's contours."""
import io

from .figures import SVG, plain, style  # before matplotlib: it sees to its settings
from .palette import COLOURS
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D

LEVELS = 22


def draw_contours(axes, grid, minimum):
    """Levels evenly spaced in the logarithm of the height above the minimum, so that valleys show beside peaks."""
    x, y, value = grid
    value = np.where(np.isfinite(value), value, np.nan)
    lowest = np.nanmin(value)
    if minimum is not None and np.isfinite(minimum) and minimum <= lowest:
        lowest = minimum
    height = value - lowest
    positive = height[height > 0]
    if not positive.size:
        return
    # What is below a thousandth of a per cent of all points is one colour.
    low = max(np.nanpercentile(positive, 0.05), np.nanmax(positive) * 1e-9)
    levels = np.geomspace(low, np.nanmax(positive), LEVELS)
    height = np.maximum(height, low)
    axes.contourf(x, y, height, levels=levels, norm=LogNorm(levels[0], levels[-1]), cmap="Greys", alpha=0.55, zorder=0)
    axes.contour(x, y, height, levels=levels, colors="#5a6675", linewidths=0.45, alpha=0.75, zorder=1)


def draw(paths, labels, title):
    widest = max(paths, key=lambda path: path.area())
    with plt.rc_context({**style("#222222"), "axes.grid": False}):
        x, y = widest.grid[:2]
        shape = np.clip(np.ptp(y) / np.ptp(x), 0.55, 1.25)
        figure, axes = plt.subplots(figsize=(7.4, 7.4 * shape * 0.86 + 0.7), layout="constrained")
        draw_contours(axes, widest.grid, widest.minimum)
        handles = []
        for path, label, colour in zip(paths, labels, COLOURS * len(paths)):
            sparse = len(path.theta) <= 60
            axes.plot(*path.theta.T, color="white", linewidth=3.2, alpha=0.8, zorder=3, solid_capstyle="round")
            axes.plot(*path.theta.T, color=colour, linewidth=1.6, zorder=4, solid_capstyle="round",
                      marker="." if sparse else None, markersize=5)
            axes.plot(*path.theta[-1], marker="s", color=colour, markeredgecolor="white", markersize=8, zorder=7)
            final = "?" if path.final is None else f"{path.final:.3g}"
            handles.append(Line2D([], [], color=colour, marker="s", markeredgecolor="white", markersize=7,
                                  label=f"{plain(label)} ({path.steps} steps, {final})"))
        for start in {tuple(path.theta[0]) for path in paths}:
            axes.plot(*start, marker="o", color="white", markeredgecolor="#222222", markersize=8, zorder=6,
                      linestyle="none")
        handles.append(
            Line2D([], [], color="white", marker="o", markeredgecolor="#222222", markersize=8, linestyle="none",
                   label="start"))
        if len(widest.minimiser) == 2:
            axes.plot(*widest.minimiser, marker="*", color="#ffd23f", markeredgecolor="#222222", markersize=14,
                      zorder=5, linestyle="none")
            handles.append(Line2D([], [], color="#ffd23f", marker="*", markeredgecolor="#222222", markersize=13,
                                  linestyle="none", label="minimum"))
        axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xlabel="first variable", ylabel="second variable",
                 title=plain(title))
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.11 / shape), borderaxespad=0, ncols=2)
    return figure


def picture(paths, labels, title, form):
    """The bytes of a picture: png, svg or pdf."""
    figure = draw(paths, labels, title)
    out = io.BytesIO()
    with plt.rc_context({**SVG, "svg.fonttype": "none"}):
        figure.savefig(out, dpi=150, format=form)
    return out.getvalue()
