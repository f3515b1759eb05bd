"""What a report is written to: a page, and its pictures in files; once, or again while a sweep goes on."""
import argparse
import os

from . import command
from .watch import made

FORMS = ("png", "pdf", "svg")
SECONDS = 10  # between two pages of a sweep at work


def add_options(parser):
    parser.add_argument("--output", type=command.path, metavar="FILE",
                        help="the page (default: report.html in the folder; of several folders it must be given)")
    for form in FORMS:
        parser.add_argument(
            f"--{form}", type=command.path, metavar="FILE", help=f"also write the pictures as {form.upper()}: " +
            ("a page for each" if form == "pdf" else "of several, the others beside the first, by name"))
    parser.add_argument("--still", action="store_true", help="a smaller page whose pictures cannot be hovered over")
    parser.add_argument("--watch", nargs="?", type=seconds, const=SECONDS, metavar="SECONDS",
                        help=f"write the page again every so many seconds (default {SECONDS}) until the sweep is "
                        "complete or Ctrl-C; the page loads itself again meanwhile")


def seconds(text):
    value = float(text)
    if not 0.1 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"{text} is not from 0.1 to 86400")
    return value


def page_of(arguments):
    """Where the page goes."""
    if arguments.output:
        return arguments.output
    if len(arguments.folder) > 1:
        raise command.Failure(f"{len(arguments.folder)} folders: expected --output=FILE, where their page goes", 2)
    return os.path.join(arguments.folder[0], "report.html")


def files_of(arguments):
    """{form: file} of the pictures that were asked for."""
    return {form: getattr(arguments, form) for form in FORMS if getattr(arguments, form)}


def check(arguments):
    """Refuses, before any work is done, what cannot be written, and two things at one place."""
    taken = {}
    for option, target in (("output", page_of(arguments)), *files_of(arguments).items()):
        command.check_target(target)
        place = os.path.realpath(target)
        if place in taken:
            raise command.Failure(f"--{option}={target}: the {taken[place]} goes there; expected another name", 2)
        taken[place] = "page" if option == "output" else option.upper()
    places = [os.path.realpath(folder) for folder in arguments.folder]
    for number, (folder, place) in enumerate(zip(arguments.folder, places)):
        if place in places[:number]:
            raise command.Failure(f"{folder}: given twice; expected different folders", 2)


def names_of(target, panels):
    """(file, panel) pairs: the first panel has the name that was given, the others theirs behind it.

    A device or a pipe takes the first alone.
    """
    stem, ending = os.path.splitext(target)
    others = [] if command.is_special(os.path.realpath(target)) else panels[1:]
    return [(target, panels[0]), *((f"{stem}-{panel.id}{ending}", panel) for panel in others)]


def write(arguments, sweep, runs, table, panels, keys=(), reload=None):
    """The page and the pictures. keys: of all groups, drawn or not, so that colours stay. Returns the files' names."""
    figures, page, palette = command.drawing("figures", "page", "palette")
    text = page.build(sweep, runs, table, panels, made=made(), reload=reload, live=not arguments.still, keys=keys)
    for form in files_of(arguments):
        if not panels:
            raise command.Failure(f"--{form}: {page.nothing_to_draw(runs)}")
    colours = palette.Palette([*keys, *(series.key for panel in panels for series in panel.series)])
    pictures = []
    for form, target in files_of(arguments).items():
        if form == "pdf":
            command.replace(target, figures.document(panels, colours))
            pictures.append(target)
            continue
        for name, panel in names_of(target, panels):
            command.replace(name, figures.picture(panel, colours, form))
            pictures.append(name)
    command.replace(page_of(arguments), text.encode("utf-8", "backslashreplace"))
    return [*pictures, page_of(arguments)]
