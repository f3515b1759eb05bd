"""The parts of a page that are words and tables: what was run, what came of it, what has no result."""
import html
import shlex

from ..records.grouping import differing
from ..records.values import escaped, identity, order, texts

MOST_ROWS = 1000  # of a table


def shown(text):
    """Any text as HTML, on one line."""
    return html.escape(escaped(text))


def code(text):
    return f"<code>{shown(text)}</code>"


def counted(runs):
    """`24 runs: 23 completed, 1 failed`."""
    states = {}
    for run in runs:
        states[run.status] = states.get(run.status, 0) + 1
    return f"{len(runs)} run{'s' * (len(runs) != 1)}: " + ", ".join(f"{n} {status}" for status, n in states.items())


def describe(sweep, runs, keys):
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
    yield "Program", code(sweep.program or "?")
    if sweep.command:
        yield "Command", code(shlex.join(map(str, sweep.command)) if isinstance(sweep.command, list) else sweep.command)
    yield "Runs", shown(counted(runs))
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
    for group in table.groups[:MOST_ROWS]:
        cells = []
        for i, text in enumerate(table.cells(group)):
            kind = ["l"] if i < keys else []
            if i == metric_column and group.mark:
                kind += ["top", group.mark]
            if i in (keys + 1, keys + 2) and text != "0":
                kind.append("warn")
            cells.append(f'<td class="{" ".join(kind)}">{html.escape(text)}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return (f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
            + more(len(table.groups), "groups"))


def more(count, what):
    return f"<p>The first {MOST_ROWS} of {count} {what}.</p>" if count > MOST_ROWS else ""


def troubles_table(runs, keys):
    rows = []
    names = list(dict.fromkeys([*keys, "seed"]))
    written = {name: texts(run.options.get(name) for run in runs) for name in names}
    without = [run for run in runs if run.status != "completed"]
    for run in without[:MOST_ROWS]:
        options = ", ".join(f"{name}={written[name][identity(run.options[name])]}" for name in names
                            if name in run.options)
        rows.append(f'<tr><td class=l>{code(run.name)}</td><td class="l warn">{shown(run.status)}</td>'
                    f'<td class="l reason">{shown(options)}</td><td class="l reason">{shown(run.reason)}</td></tr>')
    if not rows:
        return "<p>None: every run of the sweep completed, and its file verified.</p>"
    return ('<div class="wide"><table><thead><tr><th class=l>run</th><th class=l>state</th><th class=l>options</th>'
            f'<th class=l>reason</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
            + more(len(without), "runs without a result"))


def headline(sweep, runs, table):
    """Title and question: the sweep's own words if it has them."""
    first = next((run.attributes for run in runs if run.attributes), {})
    title = str(first.get("title") or (sweep.program or "sweep").replace("_", " "))
    question = first.get("question")
    if not question and table.primary:
        question = (f"How does the {table.primary.heading.split(',')[0]} depend on "
                    f"{', '.join(name.replace('_', ' ') for name in table.keys) or 'the seed'}?")
    return title[:1].upper() + title[1:], str(question or "")


def tags_of(runs):
    """{tag: runs}, as they were given with --tag."""
    found = {}
    for run in runs:
        for tag in str(run.attributes.get("tags") or "").replace(",", " ").split():
            found[tag] = found.get(tag, 0) + 1
    return found


def tags_of_groups(table):
    """{a series' key: the different lists of tags that its runs have}; a series may be of several groups."""
    found = {}
    for group in table.groups:
        shorter = [tuple(part for place, part in enumerate(group.parts) if place != at)
                   for at in range(table.within, len(group.parts))]
        for run in group.runs:
            for key in (group.parts, *shorter):
                found.setdefault(key, {})[tuple(map(escaped, tags_of([run])))] = True
    return {key: list(map(list, tags)) for key, tags in found.items()}


def notes_of(runs):
    """{note: names of the runs that were given it with --note}."""
    found = {}
    for run in runs:
        note = str(run.attributes.get("note") or "")
        if note:
            found.setdefault(note, []).append(run.name)
    return found
