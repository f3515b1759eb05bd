"""Runs out of a CSV file, as experiment trackers export them, instead of folders."""
import os

from ..records import foreign
from . import command
from .command import Failure


def add_options(parser):
    parser.add_argument("--table", type=command.path, metavar="FILE.csv",
                        help="runs of anything else, a row for each run and step, instead of folders")
    parser.add_argument("--run-column", default="run_id", metavar="COLUMN", help="of --table (default: run_id)")
    parser.add_argument("--index-column", default="step", metavar="COLUMN", help="of --table (default: step)")
    parser.add_argument(
        "--option-columns", metavar="COLUMN[,COLUMN]",
        help="of --table: what runs were asked (default: columns with one value in each run, but moments "
        "and names of runs)")
    for way in ("lower", "higher"):
        parser.add_argument(f"--{way}", dest="better", action="extend", default=[], metavar="COLUMN[,COLUMN]",
                            type=lambda text, way=way: [(name, way) for name in _names(text)],
                            help=f"of --table: {way} is better; the last named of both options ranks")


def check(arguments):
    """Refuses what does not go together, and says where the page goes."""
    if not arguments.table:
        for given in ["option-columns"] * bool(arguments.option_columns) + [way for _, way in arguments.better]:
            raise Failure(f"--{given}: expected --table too", 2)
        if not arguments.folder:
            raise Failure("expected a folder of runs, or --table (see report --help)", 2)
    elif arguments.folder:
        raise Failure(f"--table={arguments.table} and the folder {arguments.folder[0]}: expected one of the two", 2)
    elif len(dict(arguments.better)) < len(arguments.better):
        raise Failure("--lower and --higher name a column twice; expected each once", 2)
    elif not arguments.output:
        arguments.output = os.path.splitext(arguments.table)[0] + ".html"


def load(arguments):
    """The sweep."""
    try:
        import pandas
    except ImportError as missing:
        raise Failure(f"--table: {missing}; expected Debian's python3-pandas") from None
    try:
        frame = pandas.read_csv(arguments.table)
    except OSError as error:
        code = 2 if isinstance(error, FileNotFoundError) else 1
        raise Failure(f"--table={arguments.table}: {error.strerror or error}", code) from None
    except (ValueError, pandas.errors.ParserError) as error:  # also what is no UTF-8, or empty
        raise Failure(f"--table={arguments.table}: is no CSV table: {' '.join(str(error).split())}", 2) from None
    try:
        sweep = foreign.from_table(frame, arguments.run_column, arguments.index_column,
                                   _names(arguments.option_columns) or None, dict(arguments.better))
    except ValueError as error:
        hint = " (--run-column and --index-column name the two that are needed)" * str(error).startswith("no column")
        raise Failure(f"--table={arguments.table}: {error}{hint}", 2) from None
    sweep.program = os.path.basename(arguments.table)
    return sweep


def _names(text):
    return [name.strip() for name in (text or "").split(",") if name.strip()]
