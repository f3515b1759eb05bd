"""The report as one HTML page that fetches nothing: pictures for print, and to hover over where scripts run."""
import collections
import html
import json
import pathlib

from . import figures, interactive, marks
from .facts import (code, counted, describe, headline, notes_of, result_table, shown, tags_of, tags_of_groups,
                    troubles_table)
from .frame import frame, outside
from .palette import Palette

LARGEST = 10_000_000  # bytes of a page
STILL = 3_000_000     # of them for still pictures, about
MOST_PICTURES = 120
DETAILS = [marks.Detail(columns=columns, runs=runs)
           for columns, runs in ((600, 8), (600, 3), (400, 0), (200, 0), (100, 0))]
POINT, PICTURE = 9.5, 16_000  # bytes of a point in SVG, and of a picture without points
NOTHING = ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "  # is to be fetched
           "img-src data: blob:")


def part(name):
    return pathlib.Path(__file__).with_name(name).read_text(encoding="utf-8")


def build(sweep, runs, table, panels, made="", reload=None, live=True, keys=()):
    """The page as text.

    runs: those that count. panels: in the order to draw. made: a text that tells when. reload: seconds after which the
    page loads itself again. live: whether to hover over pictures. keys: of all groups, if some are not drawn.
    """
    title, question = headline(sweep, runs, table)
    drawn = panels[:MOST_PICTURES]
    palette = Palette([*keys, *(series.key for panel in panels for series in panel.series)])
    detail = detail_of(drawn)
    pictures = {panel.id: figures.svg(panel, palette, detail) for panel in drawn}
    captions = {panel.id: caption(panel, detail) for panel in drawn}

    def page(payload, library):
        return _page(title, question, sweep, runs, table, panels, palette, pictures, captions, payload, library, made,
                     reload)
    room = LARGEST - len(page(None, None).encode("utf-8", "backslashreplace"))
    while room < 0 and pictures:  # more texts than anyone reads
        room += len(pictures.pop(next(reversed(pictures))).encode())
    library = interactive.library() if live and pictures else None
    if not library or len(library) + 100_000 > room:
        return page(None, None)
    shown_ones = [panel for panel in drawn if panel.id in pictures]
    payload = interactive.Payload(shown_ones, palette, room - len(library) - 50_000)
    for name, sentence in payload.left_out.items():
        captions[name].append(sentence)
    return page(payload, library)


def detail_of(panels):
    """The most that the still pictures can show in their share of the page."""
    allowed = (STILL - PICTURE * len(panels)) / POINT
    for detail in DETAILS:
        points = sum(min(len(x), 4 * detail.columns) for panel in panels if panel.kind == "curves"
                     for series in panel.series for x in [*3 * [series.x], *series.runs_x[:detail.runs]])
        if points <= allowed:
            return detail
    return DETAILS[-1]


def caption(panel, detail):
    """Sentences that say what is to be seen."""
    sentences = []
    if panel.kind == "curves" and panel.series:
        counts = sorted({series.n for series in panel.series})
        several = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        mean = "One run each" if counts == [1] else f"Means of n = {several} runs"
        band = "; band: 95 % interval of the mean" if any(series.low is not None for series in panel.series) else ""
        sentences.append(f"{mean}{band}.")
        most = max(len(series.runs) for series in panel.series)
        if detail.runs < most and any(series.mean is not None for series in panel.series):
            sentences.append(f"In print {detail.runs or 'no'} single runs of each group are drawn.")
        if panel.line and any(series.reference is not None for series in panel.series):
            sentences.append(f"Dotted: {panel.line.text}.")
        limits = frame(panel)
        lost = outside(panel, limits) if limits else 0
        if lost:
            sentences.append(f"{lost} outlying values lie outside." if lost > 1 else "An outlying value lies outside.")
    if panel.kind == "bars":
        sentences.append("Dots: single runs; lines: 95 % interval of the mean.")
        if len(panel.series) > detail.rows:
            sentences.append(f"The first {detail.rows} of {len(panel.series)} groups.")
    if panel.kind == "flags":
        there = sum(len(series.runs) for series in panel.series)
        rows = sum(len(runs) for _, runs in marks.strips(panel, detail))
        sentences.append("A strip for each run." if rows == there else f"A strip for each of {rows} runs of {there}.")
    return sentences + [str(note) for note in panel.notes]


def picture_of(panel, svg, sentences, alive):
    facet = f"<small>{shown(panel.facet)}</small>" if panel.facet else ""
    better = f"<small>{html.escape(panel.better)} is better</small>" if panel.better in ("lower", "higher") else ""
    flags = "".join(f'<span><i style="background:{figures.flag_colour(panel, flag)}"></i>{shown(panel.flags[flag])}'
                    "</span>" for flag in sorted(panel.flags)) if panel.kind == "flags" else ""
    broad = " class=broad" if panel.kind == "heatmap" and figures.size_of(panel)[0] > 1.2 * figures.WIDTH else ""
    data = f' data-panel="{html.escape(panel.id)}"' if alive else ""
    return (f'<figure id="panel-{html.escape(panel.id)}"{broad}{data}><h3>{shown(panel.title)}{facet}{better}</h3>'
            f'<div class="still">{svg}</div><div class="live"></div>'
            f'<figcaption>{shown(" ".join(sentences))}{f"<div class=flags>{flags}</div>" if flags else ""}'
            "</figcaption></figure>")


def nothing_to_draw(runs):
    completed = sum(run.status == "completed" for run in runs)
    but = ", but they have no column to be drawn" if completed else ""
    return f"nothing to draw: {completed} runs completed{but}"


def tag_switches(runs):
    """The tags that runs were given, with a switch for each, and one for the runs without a tag."""
    tags = tags_of(runs)
    if not tags:
        return ""
    without = sum(not tags_of([run]) for run in runs)
    each = "".join(f'<label class="tag"><input type="checkbox" checked data-tag="{shown(tag)}">'
                   f"{shown(tag)} <small>{n}</small></label>" for tag, n in tags.items())
    rest = ('<label class="tag"><input type="checkbox" checked data-tag="">no tag '
            f"<small>{without}</small></label>") if without else ""
    return (
        f'<div class="tags">{each}{rest}<small class="kinds">Hidden: groups without a run of these tags, and single '
        "runs to hover over; a mean stays that of its group.</small></div>")


def groups_of(panels, palette, tags):
    """The key of colours, with a switch for each group. tags: facts.tags_of_groups."""
    labels, n = {}, {}
    for panel in panels:
        for series in panel.series:
            labels.setdefault(series.key, series.label)
            n[series.key] = max(n.get(series.key, 0), series.n)
    chips = []

    def tagged(key):
        return f' data-tags="{html.escape(json.dumps(tags[key]))}"' if any(tags.get(key, ())) else ""
    kinds = collections.Counter(len(series.key) for panel in panels for series in panel.series)  # the table's first
    for key in sorted(labels, key=lambda key: (-kinds[len(key)], palette.place(key))):
        dash = {"solid": "", "dash": "7 3", "dot": "2 2.5", "dashdot": "8 3 2 3"}[palette.dash(key)]
        line = ('<svg viewBox="0 0 26 10" aria-hidden="true"><line x1="0" y1="5" x2="26" y2="5" '
                f'stroke="{palette.colour(key)}" stroke-width="3" stroke-dasharray="{dash}"/></svg>')
        chips.append('<label title="twice: this group alone"><input type="checkbox" checked '
                     f'data-place="{palette.place(key)}"{tagged(key)}>{line}{shown(labels[key])} '
                     f'<span class="n">n = {n[key]}</span></label>')
    if not chips:
        return ""
    switches = ('<span class="kinds"><button data-all="show">all</button><button data-all="hide">none</button>'
                '<label><input type="checkbox" checked data-kind="run">single runs</label>'
                '<label><input type="checkbox" checked data-kind="band">intervals</label></span>')
    return f'<div class="groups">{"".join(chips)}{switches}</div>'


def sections(panels, palette, pictures, captions, alive):
    """A section for each table, in the panels' order, and a sentence on what is not drawn."""
    by_table = {}
    for panel in panels:
        if panel.id in pictures:
            by_table.setdefault(panel.table, []).append(
                picture_of(panel, pictures[panel.id], captions[panel.id], panel.id in alive))
    text = ""
    for name, drawn in by_table.items():
        heading = name.replace("_", " ")
        text += (f"<section><h2>{shown(heading[:1].upper() + heading[1:])}</h2>"
                 f"<div class=pictures>{''.join(drawn)}</div></section>")
    missing = [panel for panel in panels if panel.id not in pictures]
    if missing:
        names = ", ".join(dict.fromkeys(panel.title for panel in missing[:50])) + (", …" if len(missing) > 50 else "")
        text += (f"<p>{len(missing)} more picture{'s are' if len(missing) > 1 else ' is'} not drawn, so that the page "
                 f"stays small: {shown(names)}.</p>")
    return text


def remarks(runs, table):
    """Notes that were given to runs, then those of the report."""
    given = "".join(f"<li>{shown(note)} ({code(names[0])}"
                    f"{f' and {len(names) - 1} more' if len(names) > 1 else ''})</li>"
                    for note, names in notes_of(runs).items())
    own = "".join(f"<li>{shown(note)}</li>" for note in table.notes)
    return ((f'<h2>Notes of the runs</h2><ul class="notes">{given}</ul>' if given else "")
            + (f'<h2>Notes</h2><ul class="notes">{own}</ul>' if own else ""))


def _page(title, question, sweep, runs, table, panels, palette, pictures, captions, payload, library, made, reload):
    alive = [] if payload is None else payload.names
    facts = "".join(f"<dt>{shown(term)}</dt><dd>{text}</dd>" for term, text in describe(sweep, runs, table.keys))
    status = ". ".join(filter(None, (counted(runs), made, f"Loads itself again every {reload:g} s" if reload else "")))
    data = "" if payload is None else (
        f'<script type="application/json" id="pictures">{payload.document}</script>'
        f'<script type="application/gzip" id="numbers">{payload.numbers}</script>'
        f'<script type="application/gzip" id="library">{library}</script>')
    again = (f'<noscript><meta http-equiv="refresh" content="{reload:g}"></noscript>' if reload else "")
    return f"""<!DOCTYPE html>
<html lang="en"{f' data-reload="{reload:g}"' if reload else ''}><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{NOTHING}">
{again}<title>{shown(title)}</title><style>{part("page.css")}</style><style id="hidden"></style></head><body>
<h1>{shown(title)}</h1><p class="question">{shown(question)}</p><p class="made">{shown(status)}.</p>{tag_switches(runs)}
<h2>Result</h2>{result_table(table)}
{groups_of([panel for panel in panels if panel.id in pictures], palette, tags_of_groups(table))}
{sections(panels, palette, pictures, captions, alive) or f"<p>{nothing_to_draw(runs).capitalize()}.</p>"}
<h2>Runs without a result</h2>{troubles_table(runs, table.keys)}
<h2>What was run</h2><dl>{facts}</dl>
{remarks(runs, table)}
{data}<script>{part("page.js")}</script>
</body></html>
"""
