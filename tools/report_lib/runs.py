"""Finds the runs of a sweep folder and reads the finished ones.

A run counts only if its completion record verifies (size and SHA-256 of run.h5). A damaged HDF5 file can crash the HDF5
library itself, so every file is read in a child process of its own, with limits on memory and time; what comes back is
JSON.
"""
import hashlib
import io
import json
import math
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import resource
import signal
import time

import h5py
import numpy as np

SCHEMA = 1
LARGEST_FILE = 1 << 30    # bytes of a run.h5
LARGEST_JSON = 64 << 20   # bytes of sweep.json, config.json, complete.json
LARGEST_ROWS = 20_000_000
MEMORY_LIMIT = 6 << 30    # address space of a reader, bytes
TIME_LIMIT = 120          # seconds for one file
STEP_POINTS = 200         # points kept of the loss per step

EPOCH_METRICS = ["training_loss", "training_accuracy", "validation_loss", "validation_accuracy", "training_seconds",
                 "optimizer_state_bytes", "gradients", "examples"]
ATTRIBUTES = ["program", "run_id", "config_hash", "seed", "git_commit", "git_dirty", "compiler", "compiler_flags",
              "host", "processor", "threads", "started", "ended", "seconds", "title", "question"]


class ReportError(Exception):
    """A problem to tell the user in one line; `code` is the exit code."""

    def __init__(self, message, code=2):
        super().__init__(message)
        self.code = code


class Run:
    """One run: its options, its state, and (if completed or diverged) its measurements."""

    def __init__(self, name, folder, options):
        self.name = name
        self.folder = folder
        self.options = options   # {name: value}, names with underscores
        self.status = "pending"  # completed, diverged, failed, interrupted, pending, unreadable
        self.reason = ""
        self.attributes = {}
        self.epoch = {}          # metric -> array over epochs, and "epoch" itself
        self.step = {}           # "step", "loss" (block means), "window" (steps in a block)

    def final(self, metric):
        """The value after the last epoch; NaN where it was not measured."""
        values = self.epoch.get(metric)
        return float(values[-1]) if values is not None and len(values) else math.nan


def read_json(path):
    if path.stat().st_size > LARGEST_JSON:
        raise ValueError(f"larger than {LARGEST_JSON} bytes")
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def plain_options(options):
    """Option names with underscores; numbers given as text become numbers, so that 0.10 and 0.1 are one value."""
    def plain(value):
        if isinstance(value, str):
            for kind in (int, float):
                try:
                    return kind(value)
                except ValueError:
                    pass
        elif isinstance(value, (list, dict)):
            return json.dumps(value)
        return value
    if not isinstance(options, dict):
        return {}
    return {str(name).lstrip("-").replace("-", "_"): plain(value) for name, value in options.items()}


def load_sweep(folder):
    """Returns (sweep.json as a dict, [Run] in its order, with finished runs read)."""
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ReportError(f"no such folder: {folder}; expected the output folder of a sweep")
    path = folder / "sweep.json"
    if not path.is_file():
        raise ReportError(f"{folder}: no sweep.json; expected the output folder of a sweep")
    try:
        sweep = read_json(path)
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: cannot be read as JSON: {error}") from None
    if sweep.get("schema") != SCHEMA:
        raise ReportError(f"{path}: schema {sweep.get('schema')!r}; this report reads schema {SCHEMA}")
    if not isinstance(sweep.get("runs"), list) or not sweep["runs"]:
        raise ReportError(f"{path}: lists no runs; expected a non-empty array \"runs\"")
    runs = []
    for index, entry in enumerate(sweep["runs"]):
        if not isinstance(entry, dict):
            raise ReportError(f"{path}: runs[{index}] is not an object")
        name = str(entry.get("id") or entry.get("folder") or index)
        place = pathlib.PurePath(str(entry.get("folder") or name))
        if place.is_absolute() or ".." in place.parts:
            raise ReportError(f"{path}: runs[{index}]: folder {str(place)!r} leaves the sweep's folder")
        run = Run(name, folder / place, plain_options(entry.get("options")))
        run.swept_options = dict(run.options)
        runs.append(run)
        _look_up(run, entry)
    _read_all([run for run in runs if run.status in ("completed", "diverged")])
    return sweep, runs


def _look_up(run, entry):
    """Sets status and reason from the completion record, and the options from the frozen configuration."""
    run.record = {}
    run.config_hash = None
    try:
        config = read_json(run.folder / "config.json")
        run.options = {**plain_options(config.get("options")), **run.options}
        run.config_hash = config.get("config_hash")
    except (OSError, ValueError):
        pass  # the sweep's options serve
    told = str(entry.get("status") or "pending")
    told_reason = str(entry.get("reason") or "")
    path = run.folder / "complete.json"
    try:
        record = read_json(path)
    except FileNotFoundError:
        if told in ("completed", "diverged"):
            run.status = "unreadable"
            run.reason = ("no such folder: " if not run.folder.is_dir() else "no complete.json in ") + str(run.folder)
        else:
            run.status = told
            code = entry.get("exit_code")
            run.reason = told_reason or (f"exit code {code}" if code else "has not finished")
        return
    except (OSError, ValueError) as error:
        run.status, run.reason = "unreadable", f"complete.json: {error}"
        return
    status = record.get("status")
    run.reason = str(record.get("reason") or told_reason)
    if record.get("schema") != SCHEMA:
        run.status, run.reason = "unreadable", f"complete.json: schema {record.get('schema')!r}, expected {SCHEMA}"
    elif status not in ("completed", "diverged", "failed", "interrupted"):
        run.status, run.reason = "unreadable", f"complete.json: unknown status {status!r}"
    else:
        run.status, run.record = status, record


def _read_all(runs):
    """Reads each run's file in a child process; as many at once as there are cores."""
    context = multiprocessing.get_context("fork")
    waiting, active = list(reversed(runs)), {}
    while waiting or active:
        while waiting and len(active) < (os.cpu_count() or 1):
            run = waiting.pop()
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_reader, args=(run, theirs), daemon=True)
            process.start()
            theirs.close()  # so that the child's end closes with the child
            active[ours] = (run, process, time.monotonic() + TIME_LIMIT)
        ready = multiprocessing.connection.wait(list(active), timeout=1.0)
        for pipe, (run, process, deadline) in list(active.items()):
            if pipe in ready:
                try:
                    _accept(run, json.loads(pipe.recv_bytes()))
                except (EOFError, OSError):
                    process.join()
                    code = process.exitcode
                    how = signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
                    run.status, run.reason = "unreadable", f"run.h5: the process reading it died ({how})"
            elif time.monotonic() > deadline:
                process.kill()
                run.status, run.reason = "unreadable", f"run.h5: reading took more than {TIME_LIMIT} s"
            else:
                continue
            process.join()
            pipe.close()
            del active[pipe]


def _accept(run, answer):
    if "error" in answer:
        run.status, run.reason = "unreadable", answer["error"]
        return
    run.attributes = answer["attributes"]
    run.epoch = {name: np.asarray(values, float) for name, values in answer["epoch"].items()}
    run.step = {name: np.asarray(values, float) for name, values in answer["step"].items()}


def _reader(run, pipe):
    """The child: verifies and reads one file, answers with JSON."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (TIME_LIMIT, TIME_LIMIT))
    try:
        answer = read_run_file(run.folder, run.record, run.config_hash)
    except Exception as error:  # whatever h5py makes of a strange file
        answer = {"error": f"run.h5: {error}".replace("\n", " ")}
    pipe.send_bytes(json.dumps(answer).encode())
    pipe.close()


def read_run_file(folder, record, config_hash=None):
    """Verifies run.h5 against its completion record and reads it, from the very bytes that were verified."""
    name = str(record.get("run_file") or "run.h5")
    if pathlib.PurePath(name).name != name:
        raise ValueError(f"complete.json: run_file {name!r} is not a plain file name")
    path = folder / name
    size = path.stat().st_size if path.is_file() else None
    if size is None:
        raise ValueError("is missing")
    if size != record.get("size"):
        raise ValueError(f"has {size} bytes, its completion record says {record.get('size')}")
    if size > LARGEST_FILE:
        raise ValueError(f"has {size} bytes, more than {LARGEST_FILE}")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != str(record.get("sha256")).lower():
        raise ValueError("its SHA-256 differs from its completion record's")
    with h5py.File(io.BytesIO(data), "r") as file:
        _refuse_outside(file)
        attributes = {key: _text(file.attrs[key]) for key in ATTRIBUTES if key in file.attrs}
        schema = _text(file.attrs.get("schema_version", SCHEMA))
        if schema != SCHEMA:
            raise ValueError(f"schema version {schema}, expected {SCHEMA}")
        if config_hash and attributes.get("config_hash", config_hash) != config_hash:
            raise ValueError(f"is of configuration {attributes['config_hash']}, config.json says {config_hash}")
        return {"attributes": attributes, "epoch": _read_epochs(file), "step": _read_steps(file)}


def _refuse_outside(file):
    """Refuses what would make the library open another file. A link is judged before it is followed."""
    seen, waiting = 0, [(file, "")]
    while waiting:
        group, path = waiting.pop()
        for name in group:
            seen += 1
            here = f"{path}/{name}"
            if seen > 10_000 or here.count("/") > 16:
                raise ValueError("has too many objects, or groups within themselves")
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise ValueError(f"{here} is an external link (to {link.filename}): refused")
            if isinstance(link, h5py.SoftLink):
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append((item, here))
            elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                raise ValueError(f"{here} keeps its data in another file: refused")


def _text(value):
    """An attribute as a str, int or float."""
    if isinstance(value, np.ndarray):
        value = value.flat[0] if value.size == 1 else str(value.tolist()[:16])
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, (str, int, float)) else str(value)


def _column(group, name):
    """A one-dimensional numeric data set as float64, or None."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return None
    item = group[name]
    if not isinstance(item, h5py.Dataset) or item.ndim != 1 or item.dtype.kind not in "fiu":
        raise ValueError(f"{group.name}/{name}: expected a one-dimensional data set of numbers")
    if item.shape[0] > LARGEST_ROWS:
        raise ValueError(f"{group.name}/{name}: {item.shape[0]} rows, more than {LARGEST_ROWS}")
    return item[()].astype(float)


def _read_epochs(file):
    if not isinstance(file.get("epoch", getlink=True), h5py.HardLink) or not isinstance(file["epoch"], h5py.Group):
        return {}
    group = file["epoch"]
    columns = {name: _column(group, name) for name in EPOCH_METRICS if name in group}
    columns = {name: values for name, values in columns.items() if values is not None}
    epoch = _column(group, "epoch") if "epoch" in group else None
    if epoch is None and columns:
        epoch = np.arange(1, 1 + len(next(iter(columns.values()))))
    for name, values in columns.items():
        if len(values) != len(epoch):
            raise ValueError(f"/epoch/{name}: {len(values)} rows, /epoch/epoch has {len(epoch)}")
        units = _text(group[name].attrs.get("units", "1"))
        if name.endswith("accuracy") and units not in ("%", "percent"):
            columns[name] = 100 * values  # a fraction; shown in percent
    if columns:
        columns["epoch"] = epoch
    return {name: values.tolist() for name, values in columns.items()}


def _read_steps(file):
    """The loss per step, as means of blocks of `window` steps (a steady number of points, however long the run)."""
    loss = _column(file, "loss") if "loss" in file else None
    if loss is None or not len(loss):
        return {}
    step = _column(file, "step") if "step" in file else None
    if step is None or len(step) != len(loss):
        step = np.arange(len(loss), dtype=float)
    window = math.ceil(len(loss) / STEP_POINTS)
    blocks = len(loss) // window
    keep = blocks * window
    with np.errstate(all="ignore"):
        return {"step": step[:keep].reshape(blocks, window).mean(axis=1).tolist(),
                "loss": loss[:keep].reshape(blocks, window).mean(axis=1).tolist(), "window": [window]}
