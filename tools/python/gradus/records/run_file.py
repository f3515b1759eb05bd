"""Reads a run.h5: what it says of itself and its tables, from the very bytes that a digest vouches for."""
import functools
import hashlib

import h5py
import numpy as np

from . import schema_2
from .hdf5 import Data, File
from .sealed import OLDEST_SCHEMA, SCHEMA, Damaged, options_of, parse_object, read_bytes
from .tables import Axis, Column, Table, document_of, statistics_of

LARGEST_FILE = 1 << 30    # bytes of a run.h5
SEED = "seed"

ATTRIBUTES = {"program", "run_id", "config_hash", "seed", "status", "reason", "executable_sha256", "git_commit",
              "git_dirty", "gradus_commit", "gradus_dirty", "compiler", "compiler_flags", "host", "processor",
              "threads", "product_library", "started", "ended", "seconds", "title", "question", "note", "tags",
              "study", "untimed"}
NEEDED = {"program", "run_id", "config_hash", "status", "reason", "executable_sha256", "schema_version", "config",
          "default"}


def verified_bytes(path, size, digest):
    """The bytes of a file whose size and SHA-256 are as recorded."""
    data = read_bytes(path, LARGEST_FILE)
    if len(data) != size:
        raise Damaged(f"has {len(data)} bytes, its completion record says {size}")
    if hashlib.sha256(data).hexdigest() != digest:
        raise Damaged("its SHA-256 differs from its completion record's")
    return data


class RunFile(File):
    """A run.h5 as it lies in memory."""

    def __init__(self, data, provenance=True):
        super().__init__(data)
        self.told = self.attributes(self.root, NEEDED | ATTRIBUTES if provenance else NEEDED)
        self.schema = self.told.get("schema_version")
        if not isinstance(self.schema, int) or not OLDEST_SCHEMA <= self.schema <= SCHEMA:
            self.id.close()
            raise Damaged(f"is of schema version {self.schema}, expected {OLDEST_SCHEMA} to {SCHEMA}")
        self.options = options_of({"options": parse_object(str(self.told.get("config")))})

    def tables(self):
        """{name: {name: Data}}; in a file of schema 2 the root is a table too."""
        root = self.items(self.root)
        found = {}
        if self.schema == 2 and isinstance(root.get(schema_2.STEPS), Data):
            found[schema_2.STEPS] = self.root
        for name, item in root.items():
            if isinstance(item, h5py.h5g.GroupID):
                found.setdefault(name, item)
        return found

    def default(self, tables):
        """The name of the table that results are taken from."""
        told = schema_2.default_of(tables) if self.schema == 2 else self.told.get("default")
        return told if told in tables else next(iter(tables), "")

    def table(self, name, group):
        """(what the table says of itself, {column: Data}, its index as Data); None where nothing is in it."""
        path = "" if group == self.root else f"/{name}"
        items = {here: item for here, item in self.items(group, path).items() if isinstance(item, Data)}
        if not items:
            return None
        axes = self.attributes(group, {"axes"}).get("axes") or [name]
        index_name = axes[0] if isinstance(axes, list) else axes
        if index_name not in items:
            raise Damaged(f"/{name} has no index /{name}/{index_name}")
        index = items[index_name]
        if len(index.shape) != 1:
            raise Damaged(f"{index.path}: expected one dimension")
        columns = {}
        for here in schema_2.in_order(items) if self.schema == 2 else items:
            item = items[here]
            if here == index_name or item.kind not in "fiu" or h5py.h5ds.is_scale(item.id):
                continue
            if not 1 <= len(item.shape) <= 2 or item.shape[0] != index.shape[0]:
                raise Damaged(f"{item.path}: of shape {item.shape}, expected {index.shape[0]} rows as {index.path}")
            columns[here] = item
        return self._described(name, index_name, items, columns), columns, index

    def _described(self, name, index_name, items, columns):
        """What the table says of itself. Of one executable and configuration that is the same for all seeds."""
        key = (self.told.get("executable_sha256"), name, index_name,
               *((type(value), value) for option, value in self.options.items() if option != SEED),
               *((column, item.shape[1:]) for column, item in columns.items()))
        if key[0] and key == RunFile._last.get(name, (None, None))[0]:
            return RunFile._last[name][1]
        found = Table(name, self._axis(items[index_name], index_name),
                      tuple(self._column(here, item, items) for here, item in columns.items()))
        RunFile._last[name] = key, found
        return found

    _last = {}  # {table: (key, Table)} of the file that was read before

    def _column(self, name, item, items):
        told = self.attributes(item.id, {"units", "long_name", "better", "draw", "flag_values", "flag_meanings"})
        better = schema_2.BETTER.get(name, "") if self.schema == 2 else str(told.get("better", ""))
        meanings = str(told.get("flag_meanings", "")).split()
        flags = told.get("flag_values", []) if meanings else []
        flags = tuple(zip(map(float, flags if isinstance(flags, list) else [flags]), meanings))
        draw = "none" if self.schema == 2 and name in schema_2.FLAGS else str(told.get("draw", "line"))
        return Column(name, str(told.get("units", "1")), str(told.get("long_name", "")), better, draw, flags,
                      self._axis_of(item, items) if len(item.shape) == 2 else None)

    def _axis_of(self, item, items):
        """What a vector's numbers are counted by."""
        scales = []
        h5py.h5ds.iterate(item.id, 1, scales.append)
        name = next((name for name, other in items.items() if scales and other.id == scales[0]), None)
        if name is None:
            return Axis("place")
        labels = items.get(f"{name}_label")
        there = labels is not None and labels.shape == item.shape[1:] and labels.kind == "O"
        return self._axis(items[name], name, tuple(self.texts(labels)) if there else ())

    def _axis(self, item, name, labels=()):
        told = self.attributes(item.id, {"units", "long_name"})
        return Axis(name, str(told.get("units", "1")), str(told.get("long_name", "")), labels)


def read_run(data, want):
    """What is wanted (folder.Want) of a run.h5, as JSON and arrays."""
    with RunFile(data, want.provenance) as run:
        tables = run.tables()
        default = run.default(tables)
        whole = [name for name in tables if want.whole is None or name in want.whole]
        summed = [name for name in tables if name in want.summaries or name == default and not whole]
        answer = {"attributes": {name: ", ".join(map(str, value)) if isinstance(value, list) else value
                                 for name, value in run.told.items() if name in ATTRIBUTES},
                  "options": run.options, "default": default, "tables": list(tables),
                  "summaries": {}, "whole": {}, "fingerprint": fingerprint(run) if want.fingerprint else ""}
        for name in dict.fromkeys([*summed, *whole]):
            found = run.table(name, tables[name])
            if found is None:
                continue
            table, columns, index = found
            wanted = [column.name for column in table.columns
                      if column.axis is None or name in whole and not (want.drawn and column.draw == "none")]
            values = {column: run.numbers(columns[column]) for column in wanted}
            answer["summaries"][name] = {"document": _document(table), "rows": index.shape[0],
                                         "numbers": statistics_of([values[column.name] for column in table.plain()])}
            if name in whole:
                answer["whole"][name] = {"index": run.numbers(index), "columns": values}
        return answer


_document = functools.lru_cache(maxsize=64)(document_of)


def fingerprint(run):
    """A digest of all measurements but seconds: two runs of one configuration should agree in it."""
    digest = hashlib.sha256()
    for name, group in sorted(run.tables().items()):
        for column, item in sorted(run.items(group, f"/{name}").items()):
            if isinstance(item, Data) and item.kind in "fiu" and run.attributes(item.id, {"units"}).get("units") != "s":
                values = run.numbers(item)
                digest.update(f"{item.path} {values.shape}\n".encode())
                digest.update(values.tobytes())
    return digest.hexdigest()
