"""The verdicts as a page of Markdown, with a picture in SVG for each claim: what docs/ holds of a report."""
import re
from dataclasses import replace

from ..report import command, figures, marks
from ..report.palette import Palette
from . import words

MADE_BY = "tools/claims --budget {budget} --pages docs/claims"
TITLE = "# The claims, put to the test"
DETAIL = marks.Detail(columns=120, runs=0, dots=30)  # a picture of some kilobytes


def write(findings, essay, folder, digest=""):
    """README.md and NAME.svg of each claim in a folder; pictures of claims that are no more go, as the page that lies
    there names them. Raises Failure where README.md is no such page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = _page_in(folder)
    palette = Palette([series.key for panel in findings.pictures.values() for series in panel.series])
    wanted = {}
    for name, panel in findings.pictures.items():
        wanted[f"{name}.svg"] = picture(panel, palette)
    for one in [one for found in findings.profiled.values() for one in found if one.panel]:
        wanted[f"{one.panel.id}.svg"] = picture(one.panel, Palette([series.key for series in one.panel.series]))
    for old in re.findall(r"!\[.*\]\(([^/()]+\.svg)\)", before):
        if old not in wanted:
            (folder / old).unlink(missing_ok=True)
    for name, data in wanted.items():
        command.replace(str(folder / name), data)
    command.replace(str(folder / "README.md"), page(findings, essay, digest).encode())


def _page_in(folder):
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    if not text.startswith(TITLE):
        raise command.Failure(f"{folder / 'README.md'}: is no page of claims; expected a folder for them alone", 2)
    return text


def picture(panel, palette):
    """A whole picture, without the digits that nobody sees."""
    data = figures.picture(panel, palette, "svg", DETAIL).decode()
    data = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", data, flags=re.S)
    return re.sub(r' d="[^"]*"', lambda found: re.sub(r"(?<=\.\d)\d+", "", found[0]), data).encode()


def page(findings, essay, digest=""):
    """The text of README.md. digest: of the file of the essay's claims."""
    counts = {verdict: sum(one.verdict == verdict for one in findings.decided) for verdict in words.VERDICTS}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    lines = [TITLE, "",
             f"{len(findings.decided)} comparisons, each fixed in a study's `claims.toml` before its runs: {told}. "
             "Made by", "",
             f"    {MADE_BY.format(budget=findings.budget)}", "",
             *_machine(findings),
             "", "[docs/claims.md](../claims.md) tells how a verdict comes about.", "",
             "## The essay's claims", "", _answers(findings, essay, digest), "",
             "| | § | claim | answer | comparisons |", "| --: | --: | --- | --- | --- |"]
    for claim in words.asked(essay, findings):
        mine = [one for one in findings.decided if claim.number in one.claim.essay]
        verdicts = "<br>".join(
            f"[{badge(one)}](#{one.claim.name}){words.bearing(claim, one)}: {_cell(one.claim.reading)}"
            for one in mine)
        lines.append(f"| {claim.number} | {claim.section} | {_cell(claim.says)} | {words.answer(claim, mine)} | "
                     f"{verdicts or 'no comparison of ' + ', '.join(claim.studies)} |")
    for name, study in findings.studies.items():
        mine = findings.of_study(name)
        if not mine:
            continue
        lines += ["", f"## {name.replace('_', ' ').capitalize()}", "",
                  f"{study.question} [The study](../../experiments/{name}/README.md), {findings.seconds(name):,.0f} "
                  "core-seconds."]
        for one in findings.profiled.get(name, []):
            lines += _profile(one)
        for one in mine:
            lines += ["", f"### {one.claim.name}", "", f"**{badge(one)}**: {one.claim.says}", "", one.claim.reading, "",
                      words.sentence(one), *_details(one)]
            if one.claim.name in findings.pictures:
                lines += ["", f"![{one.claim.says}]({one.claim.name}.svg)"]
    return "\n".join(lines) + "\n"


def _answers(findings, essay, digest):
    """How many of the essay's claims hold."""
    asked = words.asked(essay, findings)
    if not asked:
        return "No claim of an essay is put to all of its studies here."
    return (f"Of its {len(asked)} claims{'' if len(asked) == len(essay) else ' that are put to all of their studies here'}, "
            f"{words.counted(asked, findings)}. In part: some comparisons are not decided, and the others agree; mixed: some "
            f"speak for it and some against. What is beside a claim does not count; if it did: "
            f"{words.counted([replace(claim, beside=()) for claim in asked], findings)}."
            + (f" {words.essay_text(digest)}" if digest else ""))


def _profile(one):
    """A performance profile: the picture, and the scores of the competitors."""
    if one.problem:
        return ["", f"{one.profile.name}: {one.problem}."]
    rows = [f"| {of.name} | {of.score:.4f} | {of.low:.2f} to {of.high:.2f} | {of.first:.2f} |" for of in one.standings]
    return ["", f"![{one.panel.title}: performance profile]({one.panel.id}.svg)", "",
            "| competitor | AlgoPerf's score | 95 % of resampled seeds | P(first) |", "| --- | --: | --: | --: |", *rows]


def badge(decided):
    return decided.verdict + (" (stale)" if decided.stale else "")


def _details(decided):
    return ["", *(f"* {line}" for line in words.details(decided))] if words.details(decided) else []


def _cell(text):
    return text.replace("|", "\\|")


def _machine(findings):
    """Which machine and which source made the runs."""
    runs = [run for found in findings.sweeps.values() for run in found.runs]
    def told(name):
        return ", ".join(sorted({str(run.attributes[name]) for run in runs if run.attributes.get(name)}))
    total = sum(findings.seconds(name) for name in findings.studies)
    return [f"on {told('processor') or 'an unknown processor'}: {len(runs)} runs, {total:,.0f} core-seconds; commit "
            f"{told('gradus_commit')[:60] or 'unknown'}."]
