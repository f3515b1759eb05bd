"""The report as one self-contained HTML page: no scripts, no outside resources, light and dark."""
import html
import shlex

from . import figures
from ..records.grouping import differing
from ..records.values import escaped, identity, order, texts

CSS = """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #5c6773; --line: #d9dee4; --page: #ffffff; --card: #f6f8fa;
        --good: #e3f3e8; --accent: #24639c; --bad: #a33a2c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dfe5ec; --soft: #97a3b0; --line: #343d48; --page: #14181d; --card: #1c2229; --good: #1d3a2a;
          --accent: #7db4e6; --bad: #f08f80; } }
body { margin: 0 auto; max-width: 1180px; padding: 2rem 1.5rem 4rem; background: var(--page); color: var(--ink);
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.question { color: var(--soft); font-size: 1.05rem; margin: 0 0 1.2rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .38rem .75rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; border-bottom-width: 2px; white-space: normal; vertical-align: bottom; }
.l { text-align: left; } td.reason { white-space: normal; overflow-wrap: anywhere; } td.top { background: var(--good); }
td.best { font-weight: 700; } .warn { color: var(--bad); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; background: var(--card); margin: 0;
     padding: .9rem 1.1rem; border-radius: 8px; font-size: .92rem; } dt { color: var(--soft); } dd { margin: 0;
     overflow-wrap: anywhere; } code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; }
figure { margin: 0 0 1.2rem; } figure svg { max-width: 100%; height: auto; }
ul.notes { color: var(--soft); font-size: .9rem; padding-left: 1.2rem; }
figcaption { color: var(--soft); font-size: .88rem; }
"""


def shown(text):
    """Any text as HTML, on one line."""
    return html.escape(escaped(text))


def code(text):
    return f"<code>{shown(text)}</code>"


def describe(sweep, runs, keys, table):
    """(term, text as HTML) pairs: what was run."""
    def values(name):
        return ", ".join(map(shown, texts(run.attributes[name] for run in runs
                                          if run.attributes.get(name) not in (None, "")).values()))
    differ = set(differing(runs, ()))
    fixed, varied, other = [], [], []
    for name in sorted({name for run in runs for name in run.options}):
        found = sorted((run.options[name] for run in runs if name in run.options), key=order)
        written = list(texts(found).values())
        text = f"{code(name)} = " + ", ".join(map(shown, written[:24])) + (", …" if len(written) > 24 else "")
        given = len(texts(run.given.get(name) for run in runs)) > 1
        (varied if name in keys or given else other if name in differ and len(written) > 1 else fixed).append(text)
    counts = {}
    for run in runs:
        counts[run.status] = counts.get(run.status, 0) + 1
    yield "Program", code(sweep.program or "?")
    if sweep.command:
        yield "Command", code(shlex.join(map(str, sweep.command)) if isinstance(sweep.command, list) else sweep.command)
    yield "Runs", f"{len(runs)}: " + ", ".join(f"{n} {shown(status)}" for status, n in counts.items())
    yield "Swept", "; ".join(varied) or "nothing"
    if other:
        yield "Follows from it", "; ".join(other)
    yield "Fixed", "; ".join(fixed) or "–"
    for term, name in (("Host", "host"), ("Processor", "processor"), ("Threads per run", "threads"),
                       ("Git commit", "git_commit"), ("Gradus' commit", "gradus_commit"),
                       ("Executable, SHA-256", "executable_sha256"), ("Compiler", "compiler"),
                       ("Compiler flags", "compiler_flags")):
        if values(name):
            yield term, values(name)
    started = sorted(str(run.attributes["started"]) for run in runs if "started" in run.attributes)
    ended = sorted(str(run.attributes["ended"]) for run in runs if "ended" in run.attributes)
    if started and ended:
        yield "Time", shown(f"{started[0]} to {ended[-1]}")


def result_table(table):
    keys = len(table.keys) or 1
    head = "".join(f'<th{" class=l" if i < keys else ""}>{html.escape(text)}</th>'
                   for i, text in enumerate(table.headings()))
    metric_column = keys + 3  # the primary metric follows n, diverged, failed
    lines = []
    for group in table.groups:
        cells = []
        for i, text in enumerate(table.cells(group)):
            kind = ["l"] if i < keys else []
            if i == metric_column and group.mark:
                kind += ["top", group.mark]
            if i in (keys + 1, keys + 2) and text != "0":
                kind.append("warn")
            cells.append(f'<td class="{" ".join(kind)}">{html.escape(text)}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def troubles_table(runs, keys):
    rows = []
    names = list(dict.fromkeys([*keys, "seed"]))
    written = {name: texts(run.options.get(name) for run in runs) for name in names}
    for run in runs:
        if run.status != "completed":
            options = ", ".join(f"{name}={written[name][identity(run.options[name])]}" for name in names
                                if name in run.options)
            rows.append(f'<tr><td class=l>{code(run.name)}</td><td class="l warn">{shown(run.status)}</td>'
                        f'<td class="l reason">{shown(options)}</td><td class="l reason">{shown(run.reason)}</td></tr>')
    if not rows:
        return "<p>None: every run of the sweep completed, and its file verified.</p>"
    return ('<div class="wide"><table><thead><tr><th class=l>run</th><th class=l>state</th><th class=l>options</th>'
            f'<th class=l>reason</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>')


def headline(sweep, runs, table):
    """Title and question: the sweep's own words if it has them."""
    first = next((run.attributes for run in runs if run.attributes), {})
    title = str(first.get("title") or (sweep.program or "sweep").replace("_", " "))
    question = first.get("question")
    if not question and table.primary:
        question = (f"How does the {table.primary[1].split(',')[0]} depend on "
                    f"{', '.join(name.replace('_', ' ') for name in table.keys) or 'the seed'}?")
    return title[:1].upper() + title[1:], str(question or "")


def build(sweep, runs, table):
    """The page as text, of the runs that count."""
    title, question = headline(sweep, runs, table)
    keys = list(table.keys)
    groups, choice = figures.choose(table)
    band = ("Lines are means over the completed runs of a setting; bands are ± one sample standard deviation over its "
            "seeds. " + choice)
    pictures = []
    for name, figure, caption in (
            ("main", figures.main_figure(groups, figures.INK),
             band + " Against time: means of loss and of seconds at the end of each epoch; evaluation and "
             "logging excluded."),
            ("more", figures.second_figure(groups, figures.INK),
             band + " What was logged each step is smoothed by block means."),
            ("sensitivity", figures.sensitivity_figure(table, figures.INK),
             "Means over completed runs; bars are ± one sample standard deviation. A cross: some runs of this setting "
             "diverged, and only the others are in the mean. Settings none of whose runs completed are absent.")):
        if figure is not None:
            pictures.append(f"<figure>{figures.svg(figure, name)}"
                            f"<figcaption>{html.escape(caption)}</figcaption></figure>")
    facts = "".join(f"<dt>{shown(term)}</dt><dd>{text}</dd>" for term, text in describe(sweep, runs, keys, table))
    notes = ["Mean ± sample standard deviation over n completed runs, after the last epoch. Test accuracy and "
             "validation loss are on the held-out data (validation_accuracy, validation_loss in run.h5). “failed” "
             "counts every run without a usable result: failed, interrupted, damaged, unreadable or not yet run."] + table.notes
    listed = "".join(f"<li>{shown(note)}</li>" for note in notes)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{shown(title)}</title><style>{CSS}</style></head><body>
<h1>{shown(title)}</h1><p class="question">{shown(question)}</p>
<dl>{facts}</dl>
<h2>Result</h2>{result_table(table)}<ul class="notes">{listed}</ul>
<h2>Learning curves</h2>{''.join(pictures) or f'<p>{figures.nothing_to_draw(table).capitalize()}.</p>'}
<h2>Runs without a result</h2>{troubles_table(runs, keys)}
</body></html>
"""
