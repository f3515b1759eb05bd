"""The runs of a folder, and what each of them left.

The runs' own folders tell everything: run.h5, once its size and digest agree with the sealed complete.json, else the
sealed complete.json or config.json. sweep.json is asked for what left no record: runs that are pending or failed early.
"""
import os
import pathlib
import sys

from .isolated import in_children
from .run import NoRuns, Rows, Run, Sweep, Want
from .run_file import SEED, read_run, verified_bytes
from .sealed import (COMPLETION_FILE, CONFIG_FILE, ENDS, RECORDS, RESULTS, RUN_FILE, TABLE_FILE, Damaged, Unread,
                     check_seal, options_of, read_sealed)
from .tables import Summary, table_of

LARGEST_PART = 8 << 20  # bytes of run files that are read together


def listed(folder):
    """The runs below a folder by what lies beside their run.h5, which is not read. Raises NoRuns.

    The folder of a single run, or its run.h5, is one of one run.
    """
    folder = folder_of(folder)
    names = _run_folders(folder)
    sweep = Sweep([])
    if _is_run(folder):
        sweep.runs.append(Run(pathlib.Path(os.path.abspath(folder)).name, folder))
        _look_up(sweep.runs[0], None, sweep)
    else:
        entries = _table(folder, sweep)
        for name in dict.fromkeys([*entries, *names]):
            run = Run(name, folder / name)
            sweep.runs.append(run)
            _look_up(run, entries.get(name), sweep)
    if not sweep.runs:
        raise NoRuns(f"{folder}: no runs here; expected the output folder of a sweep, or of a run" +
                     "".join(f" ({warning})" for warning in sweep.warnings))
    programs = list(dict.fromkeys(run.program for run in sweep.runs if run.program))
    sweep.program = ", ".join(programs) or sweep.program
    if len(programs) > 1:
        for run in sweep.runs:
            run.options.setdefault("program", run.program)
    return sweep


def load(folder, want=Want()):
    """The same, those that ended read and verified: they have attributes and summaries. Raises NoRuns."""
    sweep = listed(folder)
    several = any("program" in run.options for run in sweep.runs)
    ended = [run for run in sweep.runs if run.record]
    # Those of one configuration together: their tables say the same of themselves.
    ended.sort(key=lambda run: [str(value) for option, value in run.options.items() if option != SEED])
    for run, answer in in_children(lambda run: _read(run, want), ended, _size_of):
        _accept(run, answer)
        if isinstance(answer, dict) and answer["config"]:
            kind, text = answer["config"]
            _warn(sweep, run.folder / CONFIG_FILE, Unread(text) if kind == "unread" else Damaged(text))
        if several:
            run.options.setdefault("program", run.program)
    return sweep


def fill_in_fingerprints(runs):
    """Of runs that ended with a result."""
    ended = [run for run in runs if run.record and run.status in RESULTS]
    for run, _, digest in read(ended, Want(fingerprint=True, provenance=False)):
        run.fingerprint = digest


def read(runs, want, sweep=None):
    """Yields (run, {table: Rows}, fingerprint) of runs that were loaded, in their order.

    Those that cannot be read now, or are damaged in what was not read before, are left out; sweep's warnings name them.
    """
    for part in _parts(runs):
        files = [run for run in part if run.rows is None]
        answered = in_children(lambda run: _read(run, want), files, _size_of)
        answers = {id(run): answer for run, answer in answered}
        for run in part:
            if run.rows is not None:
                wanted = run.rows if want.whole is None else want.whole
                yield run, {name: rows for name, rows in run.rows.items() if name in wanted}, ""
                continue
            answer = answers[id(run)]
            if isinstance(answer, dict) and answer["record"]["run_id"] != run.record["run_id"]:
                answer = Unread("it was made anew")
            if isinstance(answer, Exception):
                if sweep is not None:
                    _warn(sweep, run.folder / RUN_FILE, answer)
            else:
                yield run, {name: Rows(table_of(answer["summaries"][name]["document"]), rows["index"], rows["columns"])
                            for name, rows in answer["whole"].items()}, answer["fingerprint"]


def _parts(runs):
    """Lists of runs whose rows are in memory together."""
    part, size = [], 0
    for run in runs:
        if part and (len(part) == 64 or size + _size_of(run) > LARGEST_PART):
            yield part
            part, size = [], 0
        part.append(run)
        size += _size_of(run)
    if part:
        yield part


def _size_of(run):
    return run.record["size"] if run.record else 0


def folder_of(path):
    """The folder that is meant by a path: of a run.h5 the one that it lies in."""
    path = pathlib.Path(path)
    return path.parent if path.name == RUN_FILE and path.is_file() else path


def _is_run(folder):
    """Whether it is a run's own folder, and not one of runs."""
    return any((folder / name).is_file() for name in RECORDS) and not (folder / TABLE_FILE).exists()


def _run_folders(folder):
    """Names of the folders that hold a run, sorted."""
    try:
        found = []
        for entry in os.scandir(folder):
            if entry.name.startswith(".") or entry.name == "logs" or entry.name.endswith(".rebuild"):
                continue
            try:
                if any(name in RECORDS for name in os.listdir(entry.path)):
                    found.append(entry.name)
            except NotADirectoryError:
                continue
            except OSError:
                if entry.is_dir(follow_symlinks=False):
                    found.append(entry.name)  # is named as one that cannot be read now
        return sorted(found)
    except FileNotFoundError:
        raise NoRuns(f"no such folder: {folder}; expected the output folder of a sweep") from None
    except NotADirectoryError:
        raise NoRuns(f"{folder} is not a folder; expected the output folder of a sweep") from None
    except OSError as error:
        raise NoRuns(f"{folder}: {Unread(error)}") from None


def _table(folder, sweep):
    """{name: entry} of sweep.json, which may be missing; one that does not vouch for itself is named and not used."""
    try:
        document = read_sealed(folder / TABLE_FILE)
        entries = {}
        if not isinstance(document.get("runs"), list):
            raise Damaged('has no array "runs"')
        for number, entry in enumerate(document["runs"]):
            if not isinstance(entry, dict):
                raise Damaged(f"its runs[{number}] is not an object")
            name = str(entry.get("folder") or entry.get("id") or "")
            if name in ("", ".", "..") or "/" in name or "\0" in name:
                raise Damaged(f"its runs[{number}] has the folder {name!r}, which is none in the sweep's")
            entries[name] = {**entry, "options": options_of(entry)}
        sweep.program = str(document.get("program") or "")
        sweep.command = document.get("command")
        return entries
    except FileNotFoundError:
        return {}
    except (Damaged, Unread) as error:
        _warn(sweep, folder / TABLE_FILE, error)
        return {}


def _warn(sweep, path, error):
    sweep.unread = sweep.unread or isinstance(error, Unread)
    sweep.warnings.append(f"{path}: {'damaged: ' if isinstance(error, Damaged) else ''}{error}; not used")


def _look_up(run, entry, sweep):
    """Fills in what is known without run.h5."""
    entry = entry or {}
    run.options = dict(entry.get("options", {}))
    run.effective = entry.get("options_are_effective") is True  # of a run that the sweep knows by its folder alone
    run.given = {} if run.effective else run.options
    run.program = sweep.program
    run.stage = str(entry.get("stage") or "")
    try:
        record = read_sealed(run.folder / COMPLETION_FILE)
        if record.get("status") not in ENDS:
            raise Damaged(f"has the unknown status {record.get('status')!r}")
        if not isinstance(record.get("size"), int) or record["size"] < 0 or record.get("run_file") != RUN_FILE:
            raise Damaged(f"does not name {RUN_FILE} and its size")
        _take(run, record)
        run.status, run.reason = record["status"], str(record.get("reason") or "")
        if run.status == "interrupted" and entry.get("status") == "pruned":  # its sweep has stopped it early
            run.status, run.reason = "pruned", str(entry.get("reason") or "")
        run.record = {name: record.get(name) for name in ("size", "sha256", "status", "run_id", "config_hash", "rows")}
        return
    except FileNotFoundError:
        _without_record(run, entry)
    except Damaged as error:
        run.status, run.reason = "damaged", f"{COMPLETION_FILE}: {error}"
    except Unread as error:
        run.status, run.reason = "unreadable", f"{COMPLETION_FILE}: {error}"
    try:
        _take(run, read_sealed(run.folder / CONFIG_FILE))
    except FileNotFoundError:
        pass
    except (Damaged, Unread) as error:
        _warn(sweep, run.folder / CONFIG_FILE, error)


def _take(run, document):
    run.options = {sys.intern(name): sys.intern(value) if isinstance(value, str) else value
                   for name, value in options_of(document).items()}
    run.effective = True
    run.program = sys.intern(str(document.get("program") or run.program))


def _without_record(run, entry):
    told, code = str(entry.get("status") or ""), entry.get("exit_code")
    try:
        there = os.listdir(run.folder)
    except FileNotFoundError:
        there = None
    except OSError as error:
        run.status, run.reason = "unreadable", str(Unread(error))
        return
    if told in RESULTS:
        run.status = "damaged"
        run.reason = f"{TABLE_FILE} says {told}, and there is no " + (
            f"such folder: {run.folder}" if there is None else COMPLETION_FILE)
    elif told and told != "pending":
        run.status, run.reason = told, str(entry.get("reason") or f"exit code {code}")
    elif there:
        run.status, run.reason = "unfinished", f"has no {COMPLETION_FILE}: it is at work, or was stopped"
    else:
        run.status, run.reason = "pending", str(entry.get("reason") or "has not finished")


def _read(run, want):
    """Of a run whose folder a sweep replaces meanwhile, the record that belongs to the run.h5 that was read."""
    record = run.record
    for _ in range(3):
        try:
            data = verified_bytes(run.folder / RUN_FILE, record["size"], record.get("sha256"))
            answer = {**read_run(data, want), "record": record, "config": _problem_of(run.folder / CONFIG_FILE)}
            return {**answer, "options": None} if _knows(run, answer) else answer
        except FileNotFoundError:
            problem = Damaged("is missing")
        except Damaged as damaged:
            problem = damaged
        try:
            again = read_sealed(run.folder / COMPLETION_FILE)
        except FileNotFoundError:
            raise Unread("it is made anew") from None
        again = {name: again.get(name) for name in record}
        if again == record or not isinstance(again["size"], int):
            raise problem
        record = again
    raise Unread("it changes all the time")


def _knows(run, answer):
    """Whether complete.json told the same program and options, to their order and types: they need no journey then."""
    def told(options):
        return [(name, type(value), value) for name, value in options.items()]
    return answer["attributes"].get("program") == run.program and told(answer["options"]) == told(run.options)


def _problem_of(path):
    """What is wrong with a sealed file that nothing is taken from, as [kind, text]; None if nothing is."""
    try:
        check_seal(path)
    except FileNotFoundError:
        return None
    except (Damaged, Unread) as error:
        return ["unread" if isinstance(error, Unread) else "damaged", str(error)]
    return None


def _accept(run, answer):
    if isinstance(answer, Exception):
        run.status = "damaged" if isinstance(answer, Damaged) else "unreadable"
        run.reason = f"{RUN_FILE}: {answer}"
        return
    record, attributes = answer["record"], answer["attributes"]
    for name in ("status", "run_id", "config_hash"):
        if attributes.get(name) != record.get(name):
            run.status = "damaged"
            run.reason = f"{RUN_FILE} says {name} {attributes.get(name)!r}, {COMPLETION_FILE} {record.get(name)!r}"
            return
    if answer["options"] is not None:
        _take(run, {"options": answer["options"], "program": attributes.get("program")})
    if run.status != "pruned" or attributes["status"] != "interrupted":
        run.status, run.reason = attributes["status"], str(attributes.get("reason") or "")
    run.attributes = {sys.intern(name): sys.intern(value) if isinstance(value, str) else value
                      for name, value in attributes.items()}
    run.record = record
    if run.status in RESULTS:
        run.default, run.tables = answer["default"], tuple(map(sys.intern, answer["tables"]))
        run.summaries = {sys.intern(name): Summary(table_of(found["document"]), found["rows"], found["numbers"].copy())
                         for name, found in answer["summaries"].items()}
        run.fingerprint = answer["fingerprint"]
