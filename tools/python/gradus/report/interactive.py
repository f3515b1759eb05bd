"""The same pictures for Plotly, to hover over and zoom into: what page.js gives it, as small as it may be in a page.

A page has all numbers once, in one block; traces refer to parts of it. They are as measured: a mean and its interval as
float64, a single run as float32. Where a page or a picture would get too large, of long curves those points are left
out that are no extreme, then single runs, and then whole pictures.
"""
import base64
import dataclasses
import functools
import gzip
import json
import textwrap

import numpy as np

from ..records.values import escaped
from . import marks
from .figures import COLOURMAP, MOST_CELLS_WITH_TEXT, flag_colour, ink_on
from .frame import drawable, extremes, frame, seen

OVERHEAD = 4 / 3     # of base64
# Single runs of a group, and whether intervals are drawn: the first that fits.
LEVELS = [*((runs, True) for runs in (1000, 100, 30, 10, 3, 1, 0)), (0, False)]
MOST_TRACES, MOST_POINTS = 1500, 120_000  # of a picture of curves, for single runs to be among them
MOST_OF_MEANS = 400_000  # points of means and intervals of a picture, that a browser still moves
COLUMNS = 600  # in each of which the extremes of a long curve are left, where not all of its points fit
THINNED = ("To hover over, of long curves there are the first, last, lowest and highest point in each of "
           f"{COLUMNS} columns: no extreme is missing.")


@functools.cache
def library():
    """Plotly's JavaScript, compressed, as a text; None where it is not installed."""
    try:
        from plotly.offline import get_plotlyjs
        return packed(get_plotlyjs().encode())
    except Exception:  # not installed, or not as it should be: the page has its still pictures
        return None


def packed(data):
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()


class Block:
    """Numbers, each array once."""

    def __init__(self):
        self.parts, self.known, self.size = [], {}, 0

    def add(self, values, single=False):
        """What stands for them in JSON: [offset in bytes, count, bytes of each]."""
        data = np.ascontiguousarray(drawable(values), "<f4" if single else "<f8").tobytes()
        if (data, single) not in self.known:
            self.known[data, single] = self.size
            self.parts.append(data + bytes(-len(data) % 8))
            self.size += len(self.parts[-1])
        return {"numbers": [self.known[data, single], len(data) // (4 if single else 8), 4 if single else 8]}


class Payload:
    """The pictures of a page that fit into `room` bytes.

    `names` of their panels; `document` and `numbers` as texts; `left_out` {panel id: a sentence on what is not there}.
    """

    def __init__(self, panels, palette, room):
        self.left_out = {}
        whole = panels
        panels = [panel if _points(panel) <= MOST_OF_MEANS else extremes_of(panel) for panel in whole]
        thinned = functools.cache(lambda: list(map(extremes_of, whole)))  # takes its time: only where it is needed
        for runs, bands, thin in [(*LEVELS[0], False), *((*level, True) for level in LEVELS)]:
            panels = thinned() if thin else panels
            if _least(panels, runs, bands) > room:
                continue
            block = Block()
            figures = {panel.id: figure(panel, palette, block, _runs_of(panel, runs), bands) for panel in panels}
            if _bytes(figures, block) <= room:
                break
        else:
            block, figures = _smallest(panels, palette, room)
        for panel, complete in zip(panels, whole):
            sentence = _absence(panel, _runs_of(panel, runs), bands)
            if panel.id not in figures:
                self.left_out[panel.id] = "Too many numbers for a live picture."
            elif sentence or _points(panel) < _points(complete):
                less = _points(panel) < _points(complete) and THINNED
                self.left_out[panel.id] = " ".join(filter(None, (sentence, less)))
        self.names = list(figures)
        self.document = json.dumps(figures, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
        self.numbers = packed(b"".join(block.parts))


def _points(panel):
    """Of the means and intervals of curves."""
    return sum((1 if one.low is None else 3) * len(one.x) for one in panel.series) if panel.kind == "curves" else 0


def extremes_of(panel):
    """The panel with those points of long curves alone that are seen in a picture of so many columns."""
    if panel.kind != "curves":
        return panel
    return dataclasses.replace(panel, series=[_thinned(one, panel.x_log) for one in panel.series])


def _thinned(series, x_log):
    lines = [line for line in (series.mean, series.low, series.high) if line is not None and len(line)]
    at = extremes(series.x, lines, COLUMNS, x_log)
    runs = [seen(x, run, COLUMNS, x_log) for x, run in zip(series.runs_x, series.runs)]

    def part(values):
        return values if values is None or not lines else np.asarray(values)[at]
    return dataclasses.replace(
        series, x=part(series.x), mean=part(series.mean), low=part(series.low), high=part(series.high),
        counts=part(series.counts), runs=[run[kept] for run, kept in zip(series.runs, runs)],
        runs_x=[x[kept] for x, kept in zip(series.runs_x, runs)])


def _runs_of(panel, runs):
    """How many single runs of each group a picture has."""
    points = _points(panel)
    while runs and sum(min(runs, len(one.runs)) for one in panel.series) > MOST_TRACES or runs and points + sum(
            len(run) for one in panel.series for run in one.runs[:runs]) > MOST_POINTS:
        runs = max(low for low, _ in LEVELS if low < runs)
    return runs


def _absence(panel, runs, bands):
    """A sentence on what of curves cannot be hovered over, or nothing."""
    there = max((len(one.runs) for one in panel.series), default=0)
    absent = []
    if panel.kind == "curves" and runs < there > 1:
        absent.append(f"single runs but {runs} of each group's {there}" if runs else "single runs")
    if panel.kind == "curves" and not bands and any(one.low is not None for one in panel.series):
        absent.append("intervals")
    return absent and f"The live picture has no {' and no '.join(absent)}, which would make it heavy; means are of all."


def _least(panels, runs, bands):
    """No more than the numbers of the panels take, without x, which they may share."""
    bytes_ = 0
    for panel in panels:
        for one in panel.series if panel.kind == "curves" else ():
            bytes_ += 4 * sum(map(len, one.runs[:_runs_of(panel, runs)]))
            bytes_ += (24 if bands and one.low is not None else 8) * len(one.x)
    return OVERHEAD * bytes_


def _smallest(panels, palette, room):
    """Of means alone, those pictures that fit, the smallest first."""
    sizes = {}
    for panel in panels:
        block = Block()
        sizes[panel.id] = _bytes({panel.id: figure(panel, palette, block, 0, False)}, block)
    chosen = set()
    for name in sorted(sizes, key=sizes.get):
        if sum(sizes[one] for one in chosen) + sizes[name] <= room:
            chosen.add(name)
    block = Block()
    return block, {panel.id: figure(panel, palette, block, 0, False) for panel in panels if panel.id in chosen}


def _bytes(figures, block):
    """Not less than what the two texts will have: numbers of measurements hardly compress."""
    return OVERHEAD * (1.001 * block.size + 100) + sum(len(json.dumps(one)) for one in figures.values()) * 1.1


def figure(panel, palette, block, runs, bands=True):
    """Plotly's figure: a trace names its group by `place`, and by `what` it is (mean, band, run, reference)."""
    if panel.kind == "curves":
        data, layout = curves(panel, palette, block, runs, bands)
    else:
        data, layout = {"heatmap": heatmap, "bars": bars, "flags": flags}[panel.kind](panel, palette, block)
    return {"data": data, "layout": layout}


def text_of(value):
    """Any text for Plotly, which takes some for HTML, or for a name of a value."""
    text = escaped(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("%", "&#37;").replace("$", "&#36;")


def curves(panel, palette, block, runs, bands):
    data, limits = [], frame(panel)
    floor = limits[0] / 1000 if limits and panel.y_log else -np.inf  # a logarithmic axis knows nothing below 0
    for series in panel.series:
        colour, place = palette.colour(series.key), palette.place(series.key)
        light = _light(colour, marks.opacity(panel))
        line = {"color": colour, "dash": palette.dash(series.key), "width": 2}
        alone = series.mean is None or not len(series.mean)
        name = text_of(series.label)
        for number, (x, y) in enumerate(marks.single_runs(series, marks.Detail(runs=runs))):
            run = text_of(series.names[number]) if number < len(series.names) else ""
            tags = {"tags": list(map(escaped, series.tags[number]))} if any(series.tags) else {
            }  # of all runs or of none
            data.append({
                "place": place, "what": "run", **tags, "x": block.add(x), "y": block.add(y, single=True), "name": name,
                "line": {**line, "width": 1}, "opacity": 0.9 if alone else 0.3, "mode": "lines",
                **({"hovertemplate": f"%{{y:.6g}} run {run}"} if alone else {"hoverinfo": "skip"})})
        if alone:
            continue
        x, mean = block.add(series.x), block.add(series.mean)
        extra, told = [], "%{y:.6g}"
        if series.low is not None and bands:
            extra += [block.add(series.low), block.add(series.high)]
            told += " [%{customdata[0]:.6g}, %{customdata[1]:.6g}]"
            for part, low, high in marks.unbroken(series.x, series.low, series.high):
                edge = {"place": place, "what": "band", "x": block.add(part), "mode": "lines", "line": {"width": 0},
                        "hoverinfo": "skip"}
                data += [{**edge, "y": block.add(np.maximum(low, floor))},
                         {**edge, "y": block.add(high), "fill": "tonexty", "fillcolor": light}]
        if series.counts is not None:
            told += f" n = %{{customdata[{len(extra)}]}}"
            extra.append(block.add(series.counts))
        else:
            told += f" n = {series.n}"
        data.append({"place": place, "what": "mean", "x": x, "y": mean, "name": name, "line": line, "extra": extra,
                     "hovertemplate": told, "mode": "lines+markers" if len(series.x) <= 12 else "lines",
                     "marker": {"symbol": palette.marker(series.key), "size": 6}})
    ends = _ends(panel)
    for series in panel.series:
        if series.reference is not None and np.isfinite(drawable(series.reference)):
            text = text_of(panel.line.text) if panel.line else "reference"
            data.append({"place": palette.place(series.key), "what": "reference", "x": ends,
                         "y": [float(series.reference)] * 2, "mode": "lines",
                         "line": {"color": palette.colour(series.key), "dash": "dot", "width": 1.5},
                         "name": f"{text}, {text_of(series.label)}", "hovertemplate": "%{y:.6g}"})
    layout = axes(panel)
    if panel.x_names:
        places, labels = zip(*marks.named(panel.x_names))
        layout["xaxis"].update(names(labels), tickvals=places)
    elif marks.counts_few(panel):
        layout["xaxis"]["dtick"] = 1
    layout["hovermode"] = "x unified" if len(panel.series) <= 10 else "closest"
    if limits:
        layout["yaxis"]["range"] = [float(limit) for limit in (np.log10(limits) if panel.y_log else limits)]
    return data, layout


def _light(colour, opacity):
    red, green, blue = (int(colour[at:at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _ends(panel):
    """From the first x to the last."""
    found = [x for one in panel.series for x in ([one.x] if len(one.x) else one.runs_x) if len(x)]
    return [float(min(np.min(x) for x in found)), float(max(np.max(x) for x in found))] if found else [0.0, 1.0]


def axes(panel):
    y_label = "" if panel.kind in ("bars", "flags") else panel.y_label  # rows have names, the picture a title
    return {"xaxis": {"title": {"text": text_of(panel.x_label)}, "type": "log" if panel.x_log else "linear"},
            "yaxis": {"title": {"text": text_of(y_label)}, "type": "log" if panel.y_log else "linear"}}


def bars(panel, palette, block):
    data, labels = [], []
    for row, series in enumerate(panel.series[:marks.Detail().rows]):
        colour, place, name = palette.colour(series.key), palette.place(series.key), text_of(series.label)
        found = marks.numbers(series)[:marks.Detail().dots]
        mean, low, high = marks.final(series)
        labels.append(series.label)
        data.append({"place": place, "what": "run", "x": block.add(found), "y": block.add(np.full(len(found), row)),
                     "name": name, "mode": "markers", "marker": {"color": colour, "opacity": 0.35, "size": 6},
                     "text": [text_of(run) for run in series.names[:len(found)]],
                     "hovertemplate": "%{x:.6g} run %{text}"})
        if mean is not None:
            whiskers = {} if low is None else {"error_x": {"type": "data", "symmetric": False, "array": [high - mean],
                                                           "arrayminus": [mean - low], "color": colour}}
            interval = "" if low is None else f" [{low:.6g}, {high:.6g}]"
            data.append({"place": place, "what": "mean", "x": [mean], "y": [row], "name": name, "mode": "markers",
                         **whiskers, "marker": {"color": colour, "symbol": palette.marker(series.key), "size": 9},
                         "hovertemplate": f"%{{x:.6g}}{interval} n = {series.n}"})
    layout = axes(panel)
    layout.update(hovermode="closest", height=80 + 34 * len(labels), margin={"l": 40, "r": 56, "t": 8, "b": 44})
    beside = {"xref": "paper", "x": 1, "xanchor": "left", "showarrow": False, "font": {"size": 11}}
    layout["annotations"] = [{**beside, "y": row, "text": f"n = {series.n}"}
                             for row, series in enumerate(panel.series[:len(labels)])]
    layout["yaxis"].update(names(labels), range=[len(labels) - 0.5, -0.5], type="linear")
    return data, layout


def names(labels):
    """An axis of places that have names."""
    written = ["<br>".join(text_of(line) for line in textwrap.wrap(escaped(label), 26)[:3]) for label in labels]
    return {"tickvals": list(range(len(labels))), "ticktext": written, "automargin": True, "zeroline": False}


def flags(panel, palette, block):
    data, ticks, labels, row = [], [], [], 0
    for series, found in marks.strips(panel, marks.Detail()):
        ticks.append(row + (len(found) - 1) / 2)
        labels.append(series.label)
        for number, (x, y) in enumerate(found):
            run = text_of(series.names[number]) if number < len(series.names) else ""
            for flag, starts, lengths in marks.stretches(x, y):
                data.append({"type": "bar", "orientation": "h", "place": palette.place(series.key), "what": "run",
                             "base": block.add(starts), "x": block.add(lengths),
                             "y": block.add(np.full(len(starts), row)), "width": 0.84, "name": text_of(series.label),
                             "marker": {"color": flag_colour(panel, flag)},
                             "hovertemplate": f"{text_of(panel.flags.get(flag, flag))} from %{{base}}, run {run}"})
            row += 1
        row += 0.4
    layout = axes(panel)
    layout.update(barmode="overlay", hovermode="closest", height=80 + 36 * len(labels))
    layout["yaxis"].update(names(labels), tickvals=ticks, range=[row - 0.6, -0.7], type="linear")
    return data, layout


def heatmap(panel, palette, block):
    rows, columns, values, n = panel.heat
    values = drawable(values)
    low, high = marks.heat_limits(panel)
    shade = values
    if panel.y_log and low > 0:
        with np.errstate(divide="ignore", invalid="ignore"):
            shade, low, high = np.log10(np.where(values > 0, values, np.nan)), np.log10(low), np.log10(high)
    trace = {"type": "heatmap", "place": None, "what": "mean", "z": _cells(shade), "zmin": low, "zmax": high,
             "colorscale": COLOURMAP.capitalize(), "showscale": False, "xgap": 1, "ygap": 1, "hoverinfo": "text",
             "hovertext": [[f"{text_of(row)}, {text_of(column)}: {value:.6g}, n = {count}"
                            for column, value, count in zip(columns, *line)] for row, *line in zip(rows, values, n)]}
    layout = axes(panel)
    layout["hovermode"] = "closest"
    layout["xaxis"].update(names(columns), type="linear", showgrid=False)
    layout["yaxis"].update(names(rows), type="linear", showgrid=False, autorange="reversed")
    if values.size <= MOST_CELLS_WITH_TEXT:
        layout["annotations"] = [
            {"x": column, "y": row, "text": f"{value:.3g}<br>n = {n[row, column]}", "showarrow": False,
             "font": {"size": 10, "color": ink_on((shade[row, column] - low) / (high - low))}}
            for (row, column), value in np.ndenumerate(values) if np.isfinite(shade[row, column])]
    return [trace], layout


def _cells(values):
    return [[float(value) if np.isfinite(value) else None for value in row] for row in values]
