"""Reads a run.h5: what it says of itself and its tables, from the very bytes that a digest vouches for."""
import hashlib
import math

import h5py
import numpy as np

from . import schema_2
from .sealed import OLDEST_SCHEMA, SCHEMA, Damaged, options_of, parse_object, read_bytes
from .tables import Axis, Column, Table, document_of, statistics_of

LARGEST_FILE = 1 << 30    # bytes of a run.h5
LARGEST_ROWS = 20_000_000
BEST_COMPRESSION = 1100   # deflate makes at most 1032 bytes of one
MOST_OBJECTS, DEEPEST = 10_000, 16

ATTRIBUTES = ["program", "run_id", "config_hash", "seed", "status", "reason", "executable_sha256", "git_commit",
              "git_dirty", "gradus_commit", "gradus_dirty", "compiler", "compiler_flags", "host", "processor", "threads",
              "product_library", "started", "ended", "seconds", "title", "question", "note", "tags"]


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
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(backing_store=False)
    access.set_file_image(data)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    file = h5py.h5f.open(b"run.h5 in memory", h5py.h5f.ACC_RDONLY, fapl=access)
    try:
        _refuse_outside(file)
    except BaseException:
        file.close()
        raise
    return h5py.File(file)


def _refuse_outside(file):
    """Refuses what would make the library open another file. A link is judged before it is followed."""
    seen, waiting = 0, [(h5py.h5g.open(file, b"/"), b"")]
    while waiting:
        group, path = waiting.pop()
        for name in _names(group):
            seen += 1
            here = path + b"/" + name
            if seen > MOST_OBJECTS or here.count(b"/") > DEEPEST:
                raise Damaged("has too many objects, or groups within themselves")
            kind = group.links.get_info(name).type
            if kind == h5py.h5l.TYPE_EXTERNAL:
                target = group.links.get_val(name)[0].decode("utf-8", "replace")
                raise Damaged(f"{here.decode('utf-8', 'replace')} is an external link (to {target}): refused")
            if kind != h5py.h5l.TYPE_HARD:
                continue
            item = h5py.h5o.open(group, name)
            if isinstance(item, h5py.h5g.GroupID):
                waiting.append((item, here))
            elif isinstance(item, h5py.h5d.DatasetID):
                properties = item.get_create_plist()
                if properties.get_external_count() or properties.get_layout() == h5py.h5d.VIRTUAL:
                    raise Damaged(f"{here.decode('utf-8', 'replace')} keeps its data in another file: refused")


def _names(group):
    """Of a group's links, in the order in which they were made, or by the alphabet where the file does not keep it."""
    names = []
    kept = group.get_create_plist().get_link_creation_order() & h5py.h5p.CRT_ORDER_TRACKED
    group.links.iterate(names.append, idx_type=h5py.h5.INDEX_CRT_ORDER if kept else h5py.h5.INDEX_NAME)
    return names


def attribute(item, name, file_size):
    """An attribute as a str, int or float, a list of these as a list; None if there is none."""
    encoded = name.encode()
    if not h5py.h5a.exists(item.id, encoded):
        return None
    found = h5py.h5a.open(item.id, encoded)
    if found.shape is None or not math.prod(found.shape):
        return "" if found.shape is None else []
    if found.get_storage_size() > file_size:
        raise Damaged(f"attribute {name} announces more than the file holds")
    values = np.empty(found.shape, dtype=found.dtype)
    found.read(values)
    values = [value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value for value in values.ravel().tolist()]
    values = [value if isinstance(value, (str, int, float)) else str(value) for value in values]
    return values if found.shape else values[0]


def vouched(item, file_size):
    """The data set, if the bytes stored for it can hold what it announces."""
    stored = min(item.id.get_storage_size(), file_size)
    chunk = math.prod(item.chunks or (0,)) * item.dtype.itemsize  # is decompressed as a whole
    if item.size and max(item.nbytes, chunk) > (BEST_COMPRESSION if item.chunks else 1) * stored:
        raise Damaged(f"{item.name} announces {max(item.nbytes, chunk)} bytes, more than its {stored} stored ones hold")
    return item


class RunFile:
    """A run.h5 as it lies in memory."""

    def __init__(self, data):
        self.size = len(data)
        self.file = opened(data)
        self.schema = attribute(self.file, "schema_version", self.size)
        if not isinstance(self.schema, int) or not OLDEST_SCHEMA <= self.schema <= SCHEMA:
            self.file.close()
            raise Damaged(f"is of schema version {self.schema}, expected {OLDEST_SCHEMA} to {SCHEMA}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def attributes(self):
        found = {name: attribute(self.file, name, self.size) for name in ATTRIBUTES}
        return {name: str(value) if isinstance(value, list) else value for name, value in found.items() if value is not None}

    def options(self):
        return options_of({"options": parse_object(str(attribute(self.file, "config", self.size)))})

    def tables(self):
        """{name: group}; in a file of schema 2 the root is a table too."""
        root = self.file["/"]
        found = {schema_2.STEPS: root} if self.schema == 2 and isinstance(self._item(root, schema_2.STEPS), h5py.Dataset) else {}
        for name in map(_text, _names(root.id)):
            item = self._item(root, name)
            if isinstance(item, h5py.Group):
                found.setdefault(name, item)
        return found

    def default(self, tables):
        """The name of the table that results are taken from."""
        told = schema_2.default_of(tables) if self.schema == 2 else attribute(self.file, "default", self.size)
        return told if told in tables else next(iter(tables), "")

    def table(self, name, group):
        """(what the table says of itself, {column: data set}, its index' numbers); None where nothing is in it."""
        items = {here: self._item(group, here) for here in map(_text, _names(group.id))}
        items = {here: item for here, item in items.items() if isinstance(item, h5py.Dataset)}
        if not items:
            return None
        index_name = (attribute(group, "axes", self.size) or [name])[0]
        if index_name not in items:
            raise Damaged(f"/{name} has no index /{name}/{index_name}")
        index = self.numbers(items[index_name])
        if index.ndim != 1:
            raise Damaged(f"{items[index_name].name}: expected one dimension")
        columns = {}
        for here in schema_2.in_order(items) if self.schema == 2 else items:
            item = items[here]
            if here == index_name or item.dtype.kind not in "fiu" or h5py.h5ds.is_scale(item.id):
                continue
            if not 1 <= item.ndim <= 2 or item.shape[0] != len(index):
                raise Damaged(f"{item.name}: of shape {item.shape}, expected {len(index)} rows as {items[index_name].name} has")
            columns[here] = item
        return Table(name, self._axis(items[index_name], index_name),
                     tuple(self._column(here, item, group) for here, item in columns.items())), columns, index

    def numbers(self, item):
        """A data set as float64."""
        if item.dtype.kind not in "fiu":
            raise Damaged(f"{item.name}: expected numbers")
        if item.size > LARGEST_ROWS:
            raise Damaged(f"{item.name}: {item.size} numbers, more than {LARGEST_ROWS}")
        vouched(item, self.size)
        values = np.empty(item.shape, dtype=float)
        if item.size:
            item.id.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
        return values

    def _item(self, group, name):
        """What a hard link leads to, or None."""
        encoded = name.encode("utf-8", "surrogateescape")
        if encoded not in group.id or group.id.links.get_info(encoded).type != h5py.h5l.TYPE_HARD:
            return None
        item = h5py.h5o.open(group.id, encoded)
        if isinstance(item, h5py.h5g.GroupID):
            return h5py.Group(item)
        return h5py.Dataset(item) if isinstance(item, h5py.h5d.DatasetID) else None

    def _word(self, item, name, usual=""):
        value = attribute(item, name, self.size)
        return usual if value is None else str(value)

    def _column(self, name, item, group):
        better = schema_2.BETTER.get(name, "") if self.schema == 2 else self._word(item, "better")
        meanings = self._word(item, "flag_meanings").split()
        flags = attribute(item, "flag_values", self.size) if meanings else []
        axis = self._axis_of(item, group) if item.ndim == 2 else None
        return Column(name, self._word(item, "units", "1"), self._word(item, "long_name"), better,
                      self._word(item, "draw", "line"),
                      tuple(zip(map(float, flags if isinstance(flags, list) else [flags]), meanings)), axis)

    def _axis_of(self, item, group):
        """What a vector's numbers are counted by."""
        scales = []
        h5py.h5ds.iterate(item.id, 1, scales.append)
        if not scales:
            return Axis("place")
        scale = h5py.Dataset(scales[0])
        name = scale.name.rsplit("/", 1)[-1]
        labels = self._item(group, f"{name}_label")
        texts = ()
        if isinstance(labels, h5py.Dataset) and labels.shape == item.shape[1:] and h5py.check_string_dtype(labels.dtype):
            vouched(labels, self.size)
            texts = tuple(_text(label) for label in labels[()].tolist())
        return self._axis(scale, name, texts)

    def _axis(self, item, name, labels=()):
        return Axis(name, self._word(item, "units", "1"), self._word(item, "long_name"), labels)


def _text(value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def read_run(data, want):
    """What is wanted (folder.Want) of a run.h5, as JSON and arrays."""
    with RunFile(data) as run:
        tables = run.tables()
        default = run.default(tables)
        summed = [name for name in tables if name == default or name in want.summaries]
        whole = [name for name in tables if want.whole is None or name in want.whole]
        answer = {"attributes": run.attributes(), "options": run.options(), "default": default, "tables": list(tables),
                  "summaries": {}, "whole": {}, "fingerprint": fingerprint(run) if want.fingerprint else ""}
        for name in dict.fromkeys([*summed, *whole]):
            found = run.table(name, tables[name])
            if found is None:
                continue
            table, columns, index = found
            wanted = [column.name for column in table.columns
                      if column.axis is None or name in whole and not (want.drawn and column.draw == "none")]
            values = {column: run.numbers(columns[column]) for column in wanted}
            answer["summaries"][name] = {
                "document": document_of(table), "rows": len(index),
                "numbers": np.array([statistics_of(values[column.name]) for column in table.plain()])}
            if name in whole:
                answer["whole"][name] = {"index": index, "columns": values}
        return answer


def fingerprint(run):
    """A digest of all measurements but seconds: two runs of one configuration should agree in it."""
    digest, names = hashlib.sha256(), []
    run.file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    for name in sorted(names):
        item = run.file[name]
        if item.dtype.kind not in "fiu" or attribute(item, "units", run.size) == "s" or not item.shape:
            continue
        vouched(item, run.size)
        digest.update(f"{name} {item.shape} {item.dtype}\n".encode())
        rows = max(1, (1 << 22) // max(1, item.nbytes // max(1, item.shape[0])))
        for begin in range(0, item.shape[0], rows):
            digest.update(np.ascontiguousarray(item[begin:begin + rows]).tobytes())
    return digest.hexdigest()
