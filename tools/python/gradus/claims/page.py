"""The report of all claims as one HTML page: verdicts first, then a picture and a sentence each, then every study."""
import argparse

from ..inference.effects import RESAMPLES
from ..inference.intervals import BEYOND, FROM
from ..report import choices, figures, page
from ..report.command import Failure
from ..report.facts import counted, describe, result_table, shown, troubles_table
from ..report.palette import Palette
from ..report.watch import made
from . import words

MOST_PANELS = 8          # of a sweep, beside the claims' own; all are in the sweep's own report
LARGEST = 10_000_000     # bytes
STYLE = """
.verdict { display: inline-block; border-radius: 1em; padding: 0 .7em; font-size: .85rem; font-weight: 600;
           border: 1px solid var(--line); white-space: nowrap; }
.supported { background: var(--good); } .refuted { color: var(--bad); } .depends { color: var(--accent); }
.stale { color: var(--bad); } .claims td, .claims th { white-space: normal; text-align: left; vertical-align: top; }
.claims td.number { text-align: right; white-space: nowrap; }
.reading { color: var(--soft); font-size: .9rem; margin: .2rem 0; } .details { font-size: .85rem; color: var(--soft); }
"""


def build(findings, essay, digest=""):
    """The page as text. digest: of the file of the essay's claims."""
    palette = Palette([series.key for panel in findings.pictures.values() for series in panel.series])
    counts = {verdict: sum(one.verdict == verdict for one in findings.decided) for verdict in words.VERDICTS}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    stale = sum(bool(one.stale) for one in findings.decided)
    body = [f'<h1>Which optimizer, and why?</h1><p class="question">{len(findings.decided)} claims at the budget '
            f'"{shown(findings.budget)}": {told}.</p><p class="made">{shown(made())}.'
            + (f" {stale} are stale: something they rest on has changed since." if stale else "") + "</p>",
            "<h2>Verdicts</h2>", _verdicts(findings, essay, digest), "<h2>The claims, one by one</h2>"]
    for name, study in findings.studies.items():
        claims = "".join(_claim(one, findings.pictures.get(one.claim.name), palette) for one in findings.of_study(name))
        profiles = "".join(map(_profile, findings.profiled.get(name, [])))
        body.append(f'<section id="{shown(name)}"><h2>{shown(_title(name))}</h2><p class="question">'
                    f"{shown(study.question)}</p><div class=pictures>{claims}{profiles}</div></section>")
    body.append("<h2>Method</h2>" + _method(findings))
    text, room = "".join(body), LARGEST
    room -= len(text.encode())
    for (study, sweep), found in findings.sweeps.items() if findings.budget != "smoke" else ():
        section = _sweep(study, sweep, found)
        if len(section.encode()) > room:
            section = f"<h2>{shown(_title(study))}: {shown(sweep)}</h2><p>No room on this page: see its own report.</p>"
        room -= len(section.encode())
        text += section
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" '
            f'content="{page.NOTHING}"><title>Which optimizer, and why?</title><style>{page.part("page.css")}{STYLE}'
            f"</style></head><body>{text}</body></html>\n")


def badge(decided):
    stale = ' <span class="stale">stale</span>' if decided.stale else ""
    kind = decided.verdict.replace(" ", "-")
    return f'<span class="verdict {kind}">{decided.verdict}</span>{stale}'


def _verdicts(findings, essay, digest):
    """A row for each of the essay's claims with the verdicts that decide it, then those that decide none."""
    rows = []
    asked = words.asked(essay, findings)
    for claim in asked:
        mine = [one for one in findings.decided if claim.number in one.claim.essay]
        rows.append(_row(str(claim.number), claim.says, mine, claim))
    shown_above = {claim.number for claim in asked}
    others = [one for one in findings.decided if not shown_above & set(one.claim.essay)]
    rows += [_row("", one.claim.says, [one]) for one in others]
    told = f'<p class="made">{shown(words.essay_text(digest))}</p>' if digest else ""
    return (f'{told}<div class=wide><table class="claims"><thead><tr><th></th><th>claim</th><th>answer</th><th>comparisons</th>'
            "</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table></div>")


def _row(number, says, decided, essay=None):
    told = "<br>".join(
        f'{badge(one)}{words.bearing(essay, one) if essay else ""} <a href="#claim-{shown(one.claim.name)}">'
        f"{shown(one.claim.reading)}</a> <small>{shown(words.effect_text(one))}</small>" for one in decided)
    answer = words.answer(essay, decided) if essay else ""
    return (f'<tr><td class="number">{number}</td><td>{shown(says)}</td><td>{answer}</td>'
            f'<td>{told or "no study of this report decides it"}</td></tr>')


def _claim(decided, panel, palette):
    claim = decided.claim
    picture = figures.svg(panel, palette) if panel else ""
    notes = " ".join(map(str, panel.notes)) if panel else ""
    details = "".join(f"<li>{shown(line)}</li>" for line in words.details(decided))
    rows = _legend(panel, palette) if panel and panel.kind == "curves" else ""
    return (f'<figure id="claim-{shown(claim.name)}"><h3>{shown(claim.says)} {badge(decided)}</h3>'
            f'<p class="reading">{shown(claim.reading)}</p><div class="still">{picture}</div>{rows}'
            f"<figcaption>{shown(words.sentence(decided))} {shown(notes)}"
            f'<ul class="details">{details}</ul><details class="details"><summary>fixed before the runs</summary>'
            f"{shown(claim.why)} Refuted by: {shown(claim.refuted_by)}</details></figcaption></figure>")


def _profile(one):
    """A performance profile with the scores beneath it."""
    if one.problem:
        return f"<figure><h3>{shown(one.profile.name)}</h3><figcaption>{shown(one.problem)}.</figcaption></figure>"
    palette = Palette([series.key for series in one.panel.series])
    rows = "".join(f"<tr><td class=l>{shown(of.name)}</td><td>{of.score:.4f}</td><td>{of.low:.2f} to {of.high:.2f}</td>"
                   f"<td>{of.first:.2f}</td></tr>" for of in one.standings)
    return (f"<figure><h3>{shown(one.panel.title)} <small>performance profile</small></h3>"
            f'<div class="still">{figures.svg(one.panel, palette)}</div>{_legend(one.panel, palette)}'
            "<figcaption><table><thead><tr><th class=l>competitor</th><th>score</th><th>95 % of resampled seeds</th>"
            f"<th>P(first)</th></tr></thead><tbody>{rows}</tbody></table>Share of workloads whose target is reached within "
            "so many times the fastest's time (Dolan & Moré 2002); score: its mean from 1 to 4 (AlgoPerf 2023)."
            "</figcaption></figure>")


def _legend(panel, palette):
    lines = "".join(f'<span><i style="background:{palette.colour(series.key)}"></i>{shown(series.label)}</span>'
                    for series in panel.series)
    return f'<div class="flags">{lines}</div>'


def _stand_ins(findings):
    """How often t stands in for BCa, and why."""
    many = [one.judged.told_by for one in findings.decided if one.judged.seeds >= FROM]
    by_t = sum("t" in told.partition(",")[0].split() or told.startswith("Welch") for told in many)
    by_bca = sum(told.startswith("BCa") for told in many)
    return by_t and (f" (of the {by_t + by_bca} claims with {FROM} seeds or more that tell a mean t stands in for it in "
                     f"{by_t}: at their level fewer than {BEYOND} of its {RESAMPLES:,} resamples lie beyond an end)") or ""


def _method(findings):
    lines = [
        "One primary comparison a claim, fixed in its study's claims.toml before the runs, with the smallest effect "
        "that matters. Supported: its interval lies wholly beyond that; refuted: wholly below; depends: one named "
        "workload supports it and another refutes it; not decided: anything else.",
        "On which side of its bound an effect lies is told of all claims of this page at once, with at most 5 % for any "
        "wrong side: half of it by Holm's procedure for the claims' effects, half by Bonferroni's for the sides of single "
        "workloads (all for the effects where no claim has several). An interval's other end is at its own level alone.",
        "Intervals are paired t below 20 seeds, expanded BCa from 20" + _stand_ins(findings) + "; exact of shares of what "
        "came about. Seeds are resampled, workloads are fixed. Where settings were tuned, the choice among the draws "
        "is resampled too, for whatever the sweep's file takes from a stage that chose.",
        "Where no side's loss has fallen by 5 %, and where equal seeds tell no spread, nothing is decided.",
        "Who does not arrive at a target is censored at the budget; a run that diverged counts with the value of its "
        "start.",
        words.stale_text()]
    timed = [one.clock for one in findings.decided if one.clock is not None]
    if timed:
        lines.append("Seconds are calibrated: steps times the median cost of a step, timed alone on one core; the "
                     f"same timing twice differs by at most {max(timed):.1%}. A sweep's own seconds are those of a crowd.")
    return "<ul class=notes>" + "".join(f"<li>{shown(line)}</li>" for line in lines) + "</ul>"


def _sweep(study, sweep, found):
    """The runs of one sweep as the lab's report shows them."""
    title = f"<h2>{shown(_title(study))}: {shown(sweep)}</h2>"
    parser = argparse.ArgumentParser()
    choices.add_options(parser)
    try:
        if found.sweep is None:
            raise Failure("; ".join(found.troubles))
        selection = choices.select(parser.parse_args([]), found.sweep)
    except Failure as failure:
        return f"{title}<p class=warn>{shown(failure)}</p>"
    panels = selection.panels[:MOST_PANELS]
    palette = Palette([*selection.keys, *(series.key for panel in panels for series in panel.series)])
    detail = page.detail_of(panels)
    drawn = "".join(page.picture_of(panel, figures.svg(_prefixed(panel, study, sweep), palette, detail),
                                    page.caption(panel, detail), False) for panel in panels)
    facts = "".join(f"<dt>{shown(term)}</dt><dd>{text}</dd>"
                    for term, text in describe(found.sweep, selection.runs, selection.table.keys))
    own = f"{study}/{sweep}/report.html"
    return (f"{title}<p>{shown(counted(selection.runs))}. <a href=\"{shown(own)}\">All of it</a>.</p>"
            f"<details><summary>results</summary>{result_table(selection.table)}</details>"
            f"<div class=pictures>{drawn}</div>{troubles_table(selection.runs, selection.table.keys)}"
            f"<details><summary>what was run</summary><dl>{facts}</dl></details>")


def _prefixed(panel, study, sweep):
    """Names in one page differ."""
    panel.id = f"{study}-{sweep}-{panel.id}"
    return panel


def _title(name):
    return name.replace("_", " ").capitalize()
