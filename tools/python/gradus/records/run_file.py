"""Reads a run.h5: what it says of itself and its measurements, from the very bytes that a digest vouches for."""
import hashlib
import io
import math

import h5py
import numpy as np

from .sealed import OLDEST_SCHEMA, SCHEMA, Damaged, options_of, parse_object, read_bytes

LARGEST_FILE = 1 << 30    # bytes of a run.h5
LARGEST_ROWS = 20_000_000
STEP_POINTS = 200         # points kept of a column per step
STEP_COLUMNS = 8          # columns per step that are kept, first of all these
STEP_FIRST = ["loss", "value", "gradient_norm"]
BEST_COMPRESSION = 1100   # deflate makes at most 1032 bytes of one

EPOCH_METRICS = ["training_loss", "training_accuracy", "validation_loss", "validation_accuracy", "training_seconds",
                 "optimizer_state_bytes", "gradients", "examples"]
ATTRIBUTES = ["program", "run_id", "config_hash", "seed", "status", "reason", "executable_sha256", "git_commit",
              "git_dirty", "gradus_commit", "gradus_dirty", "compiler", "compiler_flags", "host", "processor", "threads",
              "product_library", "started", "ended", "seconds", "title", "question"]


def verified_bytes(path, size, digest):
    """The bytes of a file whose size and SHA-256 are as recorded."""
    data = read_bytes(path, LARGEST_FILE)
    if len(data) != size:
        raise Damaged(f"has {len(data)} bytes, its completion record says {size}")
    if hashlib.sha256(data).hexdigest() != digest:
        raise Damaged("its SHA-256 differs from its completion record's")
    return data


def opened(data):
    """An h5py.File of bytes, none of whose links or data lead to another file."""
    file = h5py.File(io.BytesIO(data), "r")
    _refuse_outside(file)
    return file


def read_run(data):
    """What the report needs of a run.h5, as JSON: attributes, options, the tables epoch and step, a fingerprint."""
    with opened(data) as file:
        attributes = {key: attribute(file, key, len(data)) for key in ATTRIBUTES if key in file.attrs}
        schema = attribute(file, "schema_version", len(data))
        if not isinstance(schema, int) or not OLDEST_SCHEMA <= schema <= SCHEMA:
            raise Damaged(f"is of schema version {schema}, expected {OLDEST_SCHEMA} to {SCHEMA}")
        options = options_of({"options": parse_object(str(attribute(file, "config", len(data))))})
        return {"attributes": attributes, "options": options, "epoch": _read_epochs(file, len(data)),
                "step": _read_steps(file, len(data)), "fingerprint": _fingerprint(file, len(data))}


def _refuse_outside(file):
    """Refuses what would make the library open another file. A link is judged before it is followed."""
    seen, waiting = 0, [(file, "")]
    while waiting:
        group, path = waiting.pop()
        for name in group:
            seen += 1
            here = f"{path}/{name}"
            if seen > 10_000 or here.count("/") > 16:
                raise Damaged("has too many objects, or groups within themselves")
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise Damaged(f"{here} is an external link (to {link.filename}): refused")
            if isinstance(link, h5py.SoftLink):
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append((item, here))
            elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                raise Damaged(f"{here} keeps its data in another file: refused")


def attribute(item, name, file_size):
    """An attribute as a str, int or float; None if there is none."""
    if name not in item.attrs:
        return None
    if h5py.h5a.open(item.id, name.encode()).get_storage_size() > file_size:
        raise Damaged(f"attribute {name} announces more than the file holds")
    value = item.attrs[name]
    if isinstance(value, np.ndarray):
        value = value.flat[0] if value.size == 1 else str(value[:16].tolist())
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, (str, int, float)) else str(value)


def vouched(item, file_size):
    """The data set, if the bytes stored for it can hold what it announces."""
    stored = min(item.id.get_storage_size(), file_size)
    chunk = math.prod(item.chunks or (0,)) * item.dtype.itemsize  # is decompressed as a whole
    if item.size and max(item.nbytes, chunk) > (BEST_COMPRESSION if item.chunks else 1) * stored:
        raise Damaged(f"{item.name} announces {max(item.nbytes, chunk)} bytes, more than its {stored} stored ones hold")
    return item


def _column(group, name, file_size):
    """A one-dimensional numeric data set as float64, or None."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return None
    item = group[name]
    if not isinstance(item, h5py.Dataset) or item.ndim != 1 or item.dtype.kind not in "fiu":
        raise Damaged(f"{group.name}/{name}: expected a one-dimensional data set of numbers")
    if item.shape[0] > LARGEST_ROWS:
        raise Damaged(f"{group.name}/{name}: {item.shape[0]} rows, more than {LARGEST_ROWS}")
    return vouched(item, file_size)[()].astype(float)


def _read_epochs(file, file_size):
    if not isinstance(file.get("epoch", getlink=True), h5py.HardLink) or not isinstance(file["epoch"], h5py.Group):
        return {}
    group = file["epoch"]
    columns = {name: _column(group, name, file_size) for name in EPOCH_METRICS if name in group}
    columns = {name: values for name, values in columns.items() if values is not None}
    epoch = _column(group, "epoch", file_size) if "epoch" in group else None
    if epoch is None and columns:
        epoch = np.arange(1, 1 + len(next(iter(columns.values()))))
    for name, values in columns.items():
        if len(values) != len(epoch):
            raise Damaged(f"/epoch/{name}: {len(values)} rows, /epoch/epoch has {len(epoch)}")
        units = attribute(group[name], "units", file_size) or "1"
        if name.endswith("accuracy") and units not in ("%", "percent"):
            columns[name] = 100 * values  # a fraction; shown in percent
    if columns:
        columns["epoch"] = epoch
    return {name: values.tolist() for name, values in columns.items()}


def _read_steps(file, file_size):
    """Columns per step, as means of blocks of `window` steps (a steady number of points, however long the run)."""
    if not isinstance(file.get("step", getlink=True), h5py.HardLink):
        return {}
    file = file["step"] if isinstance(file["step"], h5py.Group) else file
    step = _column(file, "step", file_size)
    if not len(step):
        return {}
    window = math.ceil(len(step) / STEP_POINTS)
    keep = len(step) // window * window
    found = {"step": step}
    names = list(dict.fromkeys([name for name in STEP_FIRST if name in file] + sorted(file)))
    for name in names:
        item = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
        if isinstance(item, h5py.Dataset) and item.shape == step.shape and item.dtype.kind == "f" \
                and attribute(item, "units", file_size) != "s" and len(found) <= STEP_COLUMNS:
            found[name] = _column(file, name, file_size)
    with np.errstate(all="ignore"):
        means = {name: values[:keep].reshape(-1, window).mean(axis=1).tolist() for name, values in found.items()}
    return {**means, "window": [window]}


def _fingerprint(file, file_size):
    """A digest of all measurements but seconds: two runs of one configuration should agree in it."""
    digest, names = hashlib.sha256(), []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    for name in sorted(names):
        item = file[name]
        if item.dtype.kind not in "fiu" or attribute(item, "units", file_size) == "s" or not item.shape:
            continue
        vouched(item, file_size)
        digest.update(f"{name} {item.shape} {item.dtype}\n".encode())
        rows = max(1, (1 << 22) // max(1, item.nbytes // max(1, item.shape[0])))
        for begin in range(0, item.shape[0], rows):
            digest.update(np.ascontiguousarray(item[begin:begin + rows]).tobytes())
    return digest.hexdigest()
