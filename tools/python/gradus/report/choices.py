"""What a user asks a report for: which runs count, what makes a row, by what they are ranked, what is drawn."""
from dataclasses import dataclass

from ..records import folder as run_folder
from ..records import grouping
from ..records.sealed import RESULTS
from ..records.values import identity
from . import curves, metrics, overviews
from .command import Failure
from .expression import BadExpression, Expression
from .facts import tags_of
from .table import Table
from .tuning import Tuning

MOST_GROUPS = 10  # of a block that are drawn
MOST_BLOCKS = 12  # that are drawn


def add_options(parser):
    parser.add_argument("--group-by", metavar="OPTION[,OPTION]",
                        help="options that make a row of the table (default: those that tell the runs apart, but seed)")
    parser.add_argument("--within", metavar="OPTION[,OPTION]",
                        help="parameters of the problem: runs that differ in them do not compete, and are drawn apart")
    parser.add_argument("--metric", metavar="TABLE/COLUMN[:first|last|best|mean]",
                        help="ranks the rows (default: the last drawn column of the default table that says which "
                        "way is better)")
    parser.add_argument("--tune", metavar="OPTION[,OPTION]",
                        help="choose these options by one column (--by), tell another (--report)")
    parser.add_argument("--by", metavar="TABLE/COLUMN", help="of --tune: where the best mean is chosen")
    parser.add_argument("--report", metavar="TABLE/COLUMN", help="of --tune: what is told of it (default: as --metric)")
    parser.add_argument("--curve", action="append", default=[], metavar="TABLE/COLUMN",
                        help="draw this column's curves instead of all; may be repeated")
    parser.add_argument("--against", metavar="COLUMN", help="of --curve: over this column of the same table")
    parser.add_argument("--line", action="append", default=[], metavar="EXPRESSION",
                        help="of --curve: a line at an arithmetic expression over options, as 2/learning_rate")
    parser.add_argument("--heatmap", metavar="OPTION,OPTION",
                        help="draw the metric by rows and columns of two options' values")
    parser.add_argument("--facet", metavar="OPTION", help="of --heatmap: one for each value of this option")
    parser.add_argument("--only-tag", action="append", default=[], metavar="TAG",
                        help="runs that were given this tag; may be repeated")


@dataclass
class Selection:
    """What a report shows."""
    runs: list     # those that count
    table: Table
    panels: list
    keys: list     # of all groups' series, drawn or not


def want_of(arguments):
    """What is to be read of every run: the tables that are asked for numbers, beside the default one."""
    asked = [metrics.split(text)[0] for text in (arguments.metric, arguments.by, arguments.report) if text]
    return run_folder.Want(summaries=frozenset(filter(None, asked)))


def check(arguments):
    """Refuses what needs no run to be seen as wrong."""
    for given, needs in (("line", "curve"), ("against", "curve"), ("facet", "heatmap"), ("by", "tune"),
                         ("report", "tune"), ("tune", "by")):
        if getattr(arguments, given) and not getattr(arguments, needs):
            raise Failure(f"--{given}: expected --{needs} too", 2)
    if len(arguments.line) not in (0, 1, len(arguments.curve)):
        raise Failure(f"--line: {len(arguments.line)} for {len(arguments.curve)} curves; expected one, or as many", 2)
    if arguments.heatmap and len(_names(arguments.heatmap)) != 2:
        raise Failure(f"--heatmap={arguments.heatmap}: expected two different options", 2)
    if arguments.facet and len(_names(arguments.facet)) != 1:
        raise Failure(f"--facet={arguments.facet}: expected one option", 2)
    picked_of(arguments)
    want_of(arguments)


def picked_of(arguments):
    """The curves that are asked for, as curves.Picked."""
    lines = []
    for text in arguments.line:
        try:
            lines.append(Expression(text))
        except BadExpression as error:
            raise Failure(f"--line '{text}': {error}", 2) from None
    lines = lines * len(arguments.curve) if len(lines) == 1 else lines or [None] * len(arguments.curve)
    found = []
    for text, line in zip(arguments.curve, lines):
        table, column, _ = metrics.split(text)
        if not table:
            raise Failure(f"--curve {text}: expected TABLE/COLUMN", 2)
        found.append(curves.Picked(table, column, (arguments.against or "").replace("-", "_"), line))
    return found


def select(arguments, sweep):
    """Raises Failure."""
    grouping.fill_in(sweep.runs)
    runs, notes = grouping.count_once(sweep.runs, run_folder.fill_in_fingerprints)
    runs = _tagged(arguments, runs)
    if not any(run.status in RESULTS for run in runs):
        raise Failure(f"none of {len(runs)} runs has finished "
                      f"(first: {runs[0].name}, {runs[0].status}: {runs[0].reason})")
    within, tuned = _options("--within", arguments.within, runs), _options("--tune", arguments.tune, runs)
    if arguments.within is None and grouping.STAGE in grouping.differing(runs):
        within = [grouping.STAGE]  # what chose and what was chosen are no competitors
    keys = grouping.telling(runs) if arguments.group_by is None else _options("--group-by", arguments.group_by, runs)
    keys = [*within, *(name for name in dict.fromkeys([*keys, *tuned]) if name not in within)]
    metric = metrics.resolve(arguments.metric, runs, "--metric") if arguments.metric else metrics.primary_of(runs)
    tune = None
    shown = metrics.shown_of(runs, metric)
    if tuned:
        tune = Tuning(tuned, metrics.resolve(arguments.by, runs, "--by"))
        if not tune.by.better:
            raise Failure(f"--by {arguments.by}: the column does not say which way is better", 2)
        metric = metrics.resolve(arguments.report, runs, "--report") if arguments.report else metric
        first = [each for each in (metric, tune.by) if each]
        shown = [*first, *(each for each in shown if each.name not in [one.name for one in first])]
    table = Table(runs, keys, shown, notes + sweep.warnings, len(within), tune)
    known = len(sweep.warnings)
    panels = _panels(arguments, sweep, runs, table, metric)
    table.notes += sweep.warnings[known:]
    return Selection(runs, table, panels, _keys(table))


def _tagged(arguments, runs):
    kept = [run for run in runs if set(arguments.only_tag) <= set(tags_of([run]))]
    if not kept:
        raise Failure(f"--only-tag={','.join(arguments.only_tag)}: no run has it; expected one of: "
                      f"{', '.join(tags_of(runs)) or '(there are no tags)'}", 2)
    return kept


def _names(text):
    return list(dict.fromkeys(name.strip().lstrip("-").replace("-", "_")
                              for name in (text or "").split(",") if name.strip()))


def _options(option, text, runs):
    """Names of options; an empty text names none."""
    names = _names(text)
    if names:
        known = sorted({name for run in runs for name in run.options})
        for name in names:
            if name not in known:
                raise Failure(f"{option}: no run has an option '{name}'; expected one of: {', '.join(known)}", 2)
    return names


def _keys(table):
    """Of all series, so that colours do not change with what is drawn."""
    found = dict.fromkeys(group.parts for group in table.groups)
    for at in range(table.within, len(table.keys)):
        found.update(dict.fromkeys(tuple(part for place, part in enumerate(group.parts) if place != at)
                                   for group in table.groups))
    return list(found)


def _panels(arguments, sweep, runs, table, metric):
    heat = []
    if arguments.heatmap:
        if metric is None:
            raise Failure("--heatmap: no column says which way is better; expected --metric TABLE/COLUMN", 2)
        rows, columns = _options("--heatmap", arguments.heatmap, runs)
        facet = (_options("--facet", arguments.facet, runs) or [None])[0]
        heat = overviews.heatmaps(runs, rows, columns, facet, metric)
    picked, blocks = picked_of(arguments), table.blocks()
    if heat and not picked:
        return heat
    if len(blocks) > MOST_BLOCKS:
        table.notes.append(f"Of {len(blocks)} blocks the first {MOST_BLOCKS} are drawn.")
    drawn = [_drawn(sweep, block, table, picked, metric) for block in blocks[:MOST_BLOCKS]]
    # A column's panels of all blocks stand together.
    places = {name: place for place, name in enumerate(dict.fromkeys(panel.id for panels in drawn for panel in panels))}
    together = sorted((panel for panels in drawn for panel in panels), key=lambda panel: places[panel.id])
    for panel in together:
        if table.within:
            panel.id = curves.slug(panel.id, panel.facet)
    return heat + together


def _drawn(sweep, block, table, picked, metric):
    groups, sentence = choose(block, table)
    if sentence and sentence not in table.notes:
        table.notes.append(sentence)
    panels = curves.panels_of(groups, picked, metric, sweep)
    if metric and not picked:
        ahead = sum(panel.table == metric.table for panel in panels)
        panels[ahead:ahead] = [*overviews.bars(groups, metric), *overviews.sensitivities(table, block, metric)]
    for panel in panels:
        panel.facet = ", ".join(filter(None, (groups[0].facet if groups else None, panel.facet))) or None
    return panels


def choose(block, table):
    """The groups of a block to draw, and a sentence on the choice. Of too many, the best of each optimizer."""
    groups = [group for group in block if group.completed()]
    groups.sort(key=lambda group: group.count("diverged") > 0)  # survivors of a setting that diverges flatter it: last
    if len(groups) <= MOST_GROUPS:
        return groups, ""
    if "optimizer" in table.keys and table.primary:
        at = table.keys.index("optimizer")
        best = {}
        for group in groups:  # best first
            best.setdefault(identity(group.key[at]), group)
        if len(best) > 1:
            return list(best.values())[:MOST_GROUPS], (
                f"Of {len(groups)} settings, the best of each optimizer by {table.primary.heading} is drawn.")
    return groups[:MOST_GROUPS], f"The best {MOST_GROUPS} of {len(groups)} settings are drawn."
