"""The pictures of a report by Matplotlib: for the page as bare SVG, and whole in files of PNG, PDF or SVG."""
import hashlib
import io
import logging
import os
import re
import textwrap
import xml.sax.saxutils

os.environ["MPLBACKEND"] = "Agg"  # the user's may be one that does not load
logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where it keeps its caches is no news to our users
import matplotlib
matplotlib.rcdefaults()  # the user's file may ask for TeX
import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon
from matplotlib.ticker import MultipleLocator

from . import marks
from ..records.values import escaped
from .frame import drawable, frame, seen

LONGEST_LABEL = 90
WIDTH, HEIGHT = 5.6, 3.3    # inches
MOST_CELLS_WITH_TEXT = 400
COLOURMAP = "cividis"       # made for the colour-blind (Nuñez et al., 2018)
SVG = {"svg.fonttype": "none", "svg.hashsalt": "gradus"}  # the same runs make the same bytes
INK = "#123456"  # in SVG replaced by the page's text colour, so that the picture follows a light or dark page
PAPER_INK = "#222222"
LINES = {"solid": "-", "dash": (0, (5, 2)), "dot": (0, (1.2, 1.4)), "dashdot": (0, (6, 2, 1.2, 2))}
MARKERS = {"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^"}
DETAIL = marks.Detail()


def style(ink):
    return {"font.size": 9.5, "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
            "axes.spines.top": False, "axes.spines.right": False, "text.color": ink, "axes.labelcolor": ink,
            "axes.edgecolor": ink, "axes.titlecolor": ink, "xtick.color": ink, "ytick.color": ink, "axes.grid": True,
            "grid.color": ink, "grid.alpha": 0.13, "grid.linewidth": 0.7, "legend.frameon": False,
            "lines.linewidth": 1.7, "axes.linewidth": 0.8, "axes.axisbelow": True, "path.simplify_threshold": 0.3}


def plain(text, longest=LONGEST_LABEL):
    """Any text for matplotlib: no formulas, kept in a legend whatever it begins with, not wider than a picture."""
    text = escaped(text)
    if len(text) > longest:
        text = f"{text[:longest - 9]}… ({hashlib.sha256(text.encode()).hexdigest()[:6]})"
    return (" " if text.startswith("_") else "") + text.replace("$", "\\$")


def wrapped(text, width):
    """A name in two lines at most."""
    return "\n".join(textwrap.wrap(plain(text, 2 * width), width))


def draw(panel, palette, ink, detail=DETAIL, whole=False):
    """A figure; `whole` with its title and a legend. What belongs to a group has the gid group-PLACE-WHAT."""
    with matplotlib.rc_context(style(ink)):
        figure = Figure(figsize=size_of(panel))
        axis = figure.subplots()
        {"heatmap": draw_heatmap, "bars": draw_bars, "flags": draw_flags, "curves": draw_curves}[panel.kind](
            axis, panel, palette, ink, detail)
        axis.set_xlabel(plain(panel.x_label))
        if panel.kind in ("curves", "heatmap"):  # the rows of the others have names
            axis.set_ylabel(plain(panel.y_label))
        if whole:
            facet = f" ({panel.facet})" if panel.facet else ""
            axis.set_title("\n".join(textwrap.wrap(plain(panel.title + facet), 70)))
            legend(figure, *legend_of(panel, palette))
        else:
            figure.tight_layout(pad=0.4)
    return figure


def size_of(panel):
    """Inches: rows of names and cells of numbers need room."""
    if panel.kind == "heatmap":
        rows, columns = panel.heat[2].shape
        return max(WIDTH, min(2.2 + 0.62 * columns, 24)), max(2.2, min(1.1 + 0.42 * rows, 24))
    if panel.kind == "bars":
        return WIDTH, max(1.4, min(0.9 + 0.32 * len(panel.series), 30))
    if panel.kind == "flags":
        return WIDTH, max(1.6, min(1.2 + 0.16 * sum(len(rows) for _, rows in marks.strips(panel, DETAIL)), 30))
    return WIDTH, HEIGHT


def draw_curves(axis, panel, palette, ink, detail):
    for series in panel.series:
        colour, place = palette.colour(series.key), palette.place(series.key)
        line = {"color": colour, "linestyle": LINES[palette.dash(series.key)]}

        def points(x, y, log=panel.x_log):
            x, y = drawable(x), drawable(y)
            at = seen(x, y, detail.columns, log)
            return x[at], y[at]
        alone = series.mean is None or not len(series.mean)
        for x, y in marks.single_runs(series, detail):
            axis.plot(*points(x, y), **line, linewidth=1.1 if alone else 0.6, alpha=0.9 if alone else 0.35,
                      gid=f"group-{place}-run", marker="o" if len(x) == 1 else None, markersize=3)
        if alone:
            continue
        if series.low is not None:
            for x, low, high in marks.unbroken(series.x, series.low, series.high):
                (x_up, up), (x_down, down) = points(x, high), points(x, low)
                edge = np.column_stack([np.append(x_up, x_down[::-1]), np.append(up, down[::-1])])
                axis.add_artist(Polygon(edge, color=colour, alpha=marks.opacity(panel), linewidth=0, in_layout=False,
                                        gid=f"group-{place}-band"))
        axis.plot(*points(series.x, series.mean), **line, gid=f"group-{place}-mean", markersize=3.2,
                  marker=MARKERS[palette.marker(series.key)] if len(series.x) <= 12 else None)
        for x, y, n in marks.counts(series) if detail.counts else ():
            axis.annotate(str(n), (x, y), xytext=(3, 4), textcoords="offset points", fontsize=7, color=ink,
                          gid=f"group-{place}-mean")
    for series in panel.series:
        if series.reference is not None and np.isfinite(drawable(series.reference)):
            axis.axhline(series.reference, color=palette.colour(series.key), linewidth=1, linestyle=(0, (2, 3)),
                         gid=f"group-{palette.place(series.key)}-reference")
    scale_x(axis, panel)
    if panel.y_log:
        axis.set_yscale("log", nonpositive="clip")
    limits = frame(panel)
    if limits:
        axis.set_ylim(*limits)


def scale_x(axis, panel):
    if panel.x_names:
        places, names = zip(*marks.named(panel.x_names))
        axis.set_xticks(places, [plain(name, 24) for name in names])
        slant(axis, names)
    elif panel.x_log:
        axis.set_xscale("log")
    elif marks.counts_few(panel):
        axis.xaxis.set_major_locator(MultipleLocator(1))
    else:
        axis.ticklabel_format(axis="x", style="sci", scilimits=(-4, 6), useMathText=False)


def draw_bars(axis, panel, palette, ink, detail):
    """A row for each group: its runs as faint dots, their mean with the interval, and n."""
    shown = panel.series[:detail.rows]
    values = []
    for row, series in enumerate(shown):
        colour, gid = palette.colour(series.key), f"group-{palette.place(series.key)}"
        runs = marks.numbers(series)[:detail.dots]
        mean, low, high = marks.final(series)
        values += [*runs, *(value for value in (mean, low, high) if value is not None)]
        axis.plot(runs, np.full(len(runs), row), "o", color=colour, alpha=0.3, markersize=3.5, markeredgewidth=0,
                  gid=f"{gid}-run")
        if low is not None:
            axis.plot([low, high], [row, row], "-", color=colour, linewidth=2, alpha=0.7, gid=f"{gid}-band")
        if mean is not None:
            axis.plot([mean], [row], MARKERS[palette.marker(series.key)], color=colour, markersize=6, gid=f"{gid}-mean")
        axis.annotate(f"n = {series.n}", (1.0, row), xycoords=("axes fraction", "data"), xytext=(4, 0), va="center",
                      textcoords="offset points", fontsize=8, color=ink, gid=f"{gid}-n", annotation_clip=False)
    axis.set_yticks(range(len(shown)), [wrapped(series.label, 28) for series in shown], fontsize=8)
    axis.set_ylim(len(shown) - 0.5, -0.5)
    axis.grid(axis="y", visible=False)
    values = [value for value in values if np.isfinite(value) and (value > 0 or not panel.x_log)]
    if panel.x_log and values:
        axis.set_xscale("log")


def draw_flags(axis, panel, palette, ink, detail):
    """A strip for each run: the colour of its flag wherever it has one."""
    ticks, names, row = [], [], 0
    for series, runs in marks.strips(panel, detail):
        for x, y in runs:
            for flag, starts, lengths in marks.stretches(x, y):
                axis.broken_barh(list(zip(starts, lengths)), (row - 0.42, 0.84), color=flag_colour(panel, flag),
                                 linewidth=0, gid=f"group-{palette.place(series.key)}-run")
            row += 1
        ticks.append(row - (len(runs) + 1) / 2)
        names.append(wrapped(series.label, 28))
        row += 0.4
    axis.set_yticks(ticks, names, fontsize=8)
    axis.set_ylim(row - 0.6, -0.7)
    axis.grid(axis="y", visible=False)
    scale_x(axis, panel)
    axis.autoscale(axis="x")


def flag_colour(panel, flag):
    """Neighbours in the order of the numbers are neighbours in colour."""
    flags = sorted(panel.flags)
    place = flags.index(flag) if flag in flags else 0
    red, green, blue, _ = matplotlib.colormaps["viridis"](0.1 + 0.8 * place / max(1, len(flags) - 1), bytes=True)
    return f"#{red:02x}{green:02x}{blue:02x}"


def draw_heatmap(axis, panel, palette, ink, detail):
    """Cells with their mean and the runs in it; an empty one had none."""
    rows, columns, values, n = panel.heat
    values = np.ma.masked_invalid(drawable(values))
    limits = marks.heat_limits(panel)
    norm = (LogNorm if panel.y_log and limits[0] > 0 else Normalize)(*limits)
    axis.pcolormesh(values, cmap=COLOURMAP, norm=norm, edgecolors="none")
    if values.size <= MOST_CELLS_WITH_TEXT:
        for (row, column), value in np.ndenumerate(values):
            if values.mask is np.ma.nomask or not values.mask[row, column]:
                axis.text(column + 0.5, row + 0.5, f"{value:.3g}\nn = {n[row, column]}", ha="center", va="center",
                          fontsize=7.5, linespacing=1.25,
                          color=ink_on(norm(value)))
    axis.set_xticks(np.arange(len(columns)) + 0.5, [plain(text, 24) for text in columns])
    axis.set_yticks(np.arange(len(rows)) + 0.5, [wrapped(text, 20) for text in rows])
    slant(axis, columns)
    axis.invert_yaxis()
    axis.grid(False)


def slant(axis, names):
    """Names below an axis that would run into each other stand aslant."""
    if max(map(len, map(str, names)), default=0) * len(names) > 70:
        axis.tick_params(axis="x", rotation=40)
        for text in axis.get_xticklabels():
            text.set(horizontalalignment="right", rotation_mode="anchor")


def ink_on(shade):
    """The colour of a text on a cell; shade: 0 to 1 of the colour map."""
    red, green, blue, _ = matplotlib.colormaps[COLOURMAP](float(shade))
    return "#ffffff" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.5 else "#111111"


def legend_of(panel, palette):
    """(handles, labels)."""
    if panel.kind == "flags":
        return [Patch(color=flag_colour(panel, flag)) for flag in sorted(panel.flags)], \
            [plain(panel.flags[flag]) for flag in sorted(panel.flags)]
    if panel.kind != "curves":
        return [], []
    handles = [Line2D([], [], color=palette.colour(series.key), linestyle=LINES[palette.dash(series.key)])
               for series in panel.series]
    labels = [plain(f"{series.label} (n = {series.n})") for series in panel.series]
    if panel.line and any(series.reference is not None for series in panel.series):
        handles.append(Line2D([], [], color=PAPER_INK, linewidth=1, linestyle=(0, (2, 3))))
        labels.append(plain(panel.line.text))
    return handles, labels


def legend(figure, handles, labels):
    """Below the panel, in as many columns as fit the width."""
    if not handles:
        figure.tight_layout()
        return
    longest = max(map(len, labels))
    columns = max(1, min(len(labels), int(figure.get_figwidth() * 13 / (longest + 6)), 5))
    rows = -(-len(labels) // columns)
    height = figure.get_figheight() + 0.2 * rows
    figure.set_figheight(height)
    figure.tight_layout(rect=(0, (0.2 * rows + 0.05) / height, 1, 1))
    figure.legend(handles, labels, loc="lower center", ncol=columns, bbox_to_anchor=(0.5, 0.0), borderaxespad=0.2)


def svg(panel, palette, detail=DETAIL):
    """The picture as an <svg> element, its names prefixed by the panel's; groups are <g data-group data-what>."""
    figure = draw(panel, palette, INK, detail)
    out = io.StringIO()
    with matplotlib.rc_context(SVG):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg"):].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r'<g id="group-(\d+)-(\w+)">', r'<g data-group="\1" data-what="\2">', text)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{panel.id}-", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    text = re.sub(r' d="[^"]*"', lambda found: re.sub(r"(?<=\.\d)\d+", "", found[0]).replace("\n", ""), text)
    text = re.sub(r"\n\s*", "\n", text)
    box = re.search(r'viewBox="[^"]*"', text)[0]
    head = (f"<svg role=img aria-label={xml.sax.saxutils.quoteattr(escaped(panel.title))} {box} "
            'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">')
    return head + text[text.index(">") + 1:]


def picture(panel, palette, form, detail=marks.Detail(columns=1500)):
    """The bytes of a whole picture: png or svg."""
    figure = draw(panel, palette, PAPER_INK, detail, whole=True)
    out = io.BytesIO()
    with matplotlib.rc_context(SVG):
        figure.savefig(out, format=form, dpi=150, facecolor="white", metadata={"svg": {"Date": None}}.get(form))
    return out.getvalue()


def document(panels, palette):
    """The bytes of a PDF with a page for each panel."""
    out = io.BytesIO()
    with PdfPages(out, metadata={"CreationDate": None}) as pages:
        for panel in panels:
            pages.savefig(draw(panel, palette, PAPER_INK, marks.Detail(columns=1500), whole=True), facecolor="white")
    return out.getvalue()
