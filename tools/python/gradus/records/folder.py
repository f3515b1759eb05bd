"""The runs of a folder, and what each of them left.

The runs' own folders tell everything: run.h5, once its size and digest agree with the sealed complete.json, else the
sealed complete.json or config.json. sweep.json is asked for what left no record: runs that are pending or failed early.
"""
import math
import os
import pathlib
from dataclasses import dataclass, field

import numpy as np

from .isolated import in_children
from .run_file import read_run, verified_bytes
from .sealed import (COMPLETION_FILE, CONFIG_FILE, ENDS, RECORDS, RESULTS, RUN_FILE, TABLE_FILE, Damaged, Unread,
                     options_of, read_sealed)



class NoRuns(Exception):
    """The folder is none of runs, or cannot be read."""


@dataclass
class Run:
    """One run: what it was asked, how it ended, and (if completed or diverged) its measurements."""
    name: str                                       # of its folder
    folder: pathlib.Path
    program: str = ""
    options: dict = field(default_factory=dict)     # {name with underscores: value}, as far as known
    effective: bool = False                         # whether these are all options, defaults included
    given: dict = field(default_factory=dict)       # those that sweep.json says were given
    status: str = "pending"                         # one of ENDS, or pending, unfinished, damaged, unreadable (now)
    reason: str = ""
    attributes: dict = field(default_factory=dict)  # of run.h5
    epoch: dict = field(default_factory=dict)       # metric -> array over epochs, and "epoch" itself
    step: dict = field(default_factory=dict)        # column -> block means; "step"; "window": steps in a block
    fingerprint: str = ""                           # of all measurements but seconds

    def final(self, metric):
        """The value after the last epoch; NaN where it was not measured."""
        values = self.epoch.get(metric)
        return float(values[-1]) if values is not None and len(values) else math.nan


@dataclass
class Sweep:
    """A folder of runs."""
    runs: list
    program: str = ""
    command: object = None                          # as in sweep.json
    warnings: list = field(default_factory=list)    # a line for each record that is damaged or cannot be read now
    unread: bool = False                            # whether one of these cannot be read now

    def lacks_something(self):
        """Whether another time more may be read."""
        return self.unread or any(run.status == "unreadable" for run in self.runs)


def load(folder):
    """The runs below a folder, those that ended read and verified. Raises NoRuns."""
    folder = pathlib.Path(folder)
    names = _run_folders(folder)
    sweep = Sweep([])
    entries = _table(folder, sweep)
    records = []
    for name in dict.fromkeys([*entries, *names]):
        run = Run(name, folder / name)
        sweep.runs.append(run)
        record = _look_up(run, entries.get(name), sweep)
        if record is not None:
            records.append((run, record))
    if not sweep.runs:
        raise NoRuns(f"{folder}: no runs here; expected the output folder of a sweep" +
                     "".join(f" ({warning})" for warning in sweep.warnings))
    for (run, _), answer in in_children(_read, records, lambda job: job[1]["size"]):
        _accept(run, answer)
    programs = list(dict.fromkeys(run.program for run in sweep.runs if run.program))
    sweep.program = ", ".join(programs) or sweep.program
    if len(programs) > 1:
        for run in sweep.runs:
            run.options.setdefault("program", run.program)
    return sweep


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
    """Fills in what is known without run.h5. Returns the completion record if there is a run.h5 to be read by it."""
    entry = entry or {}
    run.options = dict(entry.get("options", {}))
    run.effective = entry.get("options_are_effective") is True  # of a run that the sweep knows by its folder alone
    run.given = {} if run.effective else dict(run.options)
    run.program = sweep.program
    try:
        _take(run, read_sealed(run.folder / CONFIG_FILE))
    except FileNotFoundError:
        pass
    except (Damaged, Unread) as error:
        _warn(sweep, run.folder / CONFIG_FILE, error)
    try:
        record = read_sealed(run.folder / COMPLETION_FILE)
        if record.get("status") not in ENDS:
            raise Damaged(f"has the unknown status {record.get('status')!r}")
        if not isinstance(record.get("size"), int) or record["size"] < 0 or record.get("run_file") != RUN_FILE:
            raise Damaged(f"does not name {RUN_FILE} and its size")
        _take(run, record)
        return record
    except FileNotFoundError:
        _without_record(run, entry)
    except Damaged as error:
        run.status, run.reason = "damaged", f"{COMPLETION_FILE}: {error}"
    except Unread as error:
        run.status, run.reason = "unreadable", f"{COMPLETION_FILE}: {error}"
    return None


def _take(run, document):
    run.options = options_of(document)
    run.effective = True
    run.program = str(document.get("program") or run.program)


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


def _read(job):
    """Of a run whose folder a sweep replaces meanwhile, the record that belongs to the run.h5 that was read."""
    run, record = job
    for _ in range(3):
        try:
            return {**read_run(verified_bytes(run.folder / RUN_FILE, record["size"], record.get("sha256"))),
                    "record": record}
        except FileNotFoundError:
            problem = Damaged("is missing")
        except Damaged as damaged:
            problem = damaged
        try:
            again = read_sealed(run.folder / COMPLETION_FILE)
        except FileNotFoundError:
            raise Unread("it is made anew") from None
        if again == record or not isinstance(again.get("size"), int):
            raise problem
        record = again
    raise Unread("it changes all the time")


def _accept(run, answer):
    if isinstance(answer, Exception):
        run.status = "damaged" if isinstance(answer, Damaged) else "unreadable"
        run.reason = f"{RUN_FILE}: {answer}"
        return
    record = answer["record"]
    attributes = answer["attributes"]
    for name in ("status", "run_id", "config_hash"):
        if attributes.get(name) != record.get(name):
            run.status = "damaged"
            run.reason = f"{RUN_FILE} says {name} {attributes.get(name)!r}, {COMPLETION_FILE} {record.get(name)!r}"
            return
    run.options, run.effective = answer["options"], True
    run.program = str(attributes.get("program") or run.program)
    run.status, run.reason = attributes["status"], str(attributes.get("reason") or "")
    run.attributes = attributes
    if run.status in RESULTS:
        run.epoch = {name: np.asarray(values, float) for name, values in answer["epoch"].items()}
        run.step = {name: np.asarray(values, float) for name, values in answer["step"].items()}
        run.fingerprint = answer["fingerprint"]
