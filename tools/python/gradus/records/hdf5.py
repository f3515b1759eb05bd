"""An HDF5 file out of bytes of which nothing is believed.

No other file is opened, and no memory taken that its size does not vouch for. Through h5py's low-level interface: of
thousands of small files the high-level one takes several times as long.
"""
import math

import h5py
import numpy as np

from .sealed import Damaged

LARGEST_ROWS = 20_000_000
BEST_COMPRESSION = 1100   # deflate makes at most 1032 bytes of one
MOST_NAMES = 10_000       # in a group
FEW = 10                  # attributes are asked for one by one

# Looked up once: a file asks for them many times.
_CHUNKED, _CONTIGUOUS, _VIRTUAL = h5py.h5d.CHUNKED, h5py.h5d.CONTIGUOUS, h5py.h5d.VIRTUAL
_HARD, _EXTERNAL = h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_EXTERNAL
_open, _DATA, _GROUP = h5py.h5o.open, h5py.h5d.DatasetID, h5py.h5g.GroupID


class Data:
    """A data set."""
    __slots__ = ("id", "path", "shape", "kind", "vouched")

    def __init__(self, identifier, path, file_size):
        properties = identifier.get_create_plist()
        layout = properties.get_layout()
        if layout == _VIRTUAL or layout == _CONTIGUOUS and properties.get_external_count():  # no other can have some
            raise Damaged(f"{path} keeps its data in another file: refused")
        self.id, self.path, self.shape = identifier, path, identifier.shape
        dtype = identifier.dtype
        self.kind = dtype.kind
        stored = min(identifier.get_storage_size(), file_size)
        chunked = layout == _CHUNKED
        taken = math.prod(self.shape) * dtype.itemsize
        if taken and chunked:
            taken = max(taken, math.prod(properties.get_chunk()) * dtype.itemsize)  # is decompressed as a whole
        self.vouched = "" if taken <= (BEST_COMPRESSION if chunked else 1) * stored else \
            f"{path} announces {taken} bytes, more than its {stored} stored ones hold"


class File:
    """To be closed; groups are h5py's GroupIDs."""

    def __init__(self, data):
        self.size = len(data)
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        access.set_fapl_core(backing_store=False)
        access.set_file_image(data)
        access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
        self.id = h5py.h5f.open(b"run.h5 in memory", h5py.h5f.ACC_RDONLY, fapl=access)
        self.root = h5py.h5g.open(self.id, b"/")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.id.close()

    def items(self, group, path=""):
        """{name: GroupID or Data} of what hard links lead to, in the order of its making if the file keeps that."""
        names = []
        kept = group.get_create_plist().get_link_creation_order() & h5py.h5p.CRT_ORDER_TRACKED
        links = group.links
        links.iterate(names.append, idx_type=h5py.h5.INDEX_CRT_ORDER if kept else h5py.h5.INDEX_NAME)
        if len(names) > MOST_NAMES:
            raise Damaged(f"{path or '/'} has {len(names)} members, more than {MOST_NAMES}")
        found = {}
        for name in names:
            text = text_of(name)
            kind = links.get_info(name).type
            if kind == _EXTERNAL:
                raise Damaged(f"{path}/{text} is an external link (to {text_of(links.get_val(name)[0])}): refused")
            if kind == _HARD:
                item = _open(group, name)
                if isinstance(item, _DATA):
                    found[text] = Data(item, f"{path}/{text}", self.size)
                elif isinstance(item, _GROUP):
                    found[text] = item
        return found

    def attributes(self, item, wanted=None):
        """{name: a str, int or float, or a list of these}; wanted: a set of names."""
        names = []
        if wanted is not None and len(wanted) <= FEW:
            names = [name.encode() for name in wanted if h5py.h5a.exists(item, name.encode())]
        else:
            h5py.h5a.iterate(item, names.append)
        return {name: self._value(h5py.h5a.open(item, encoded), name) for name, encoded in
                ((text_of(encoded), encoded) for encoded in names) if wanted is None or name in wanted}

    def _value(self, attribute, name):
        shape = attribute.shape
        if shape is None or 0 in shape:
            return "" if shape is None else []
        if attribute.get_storage_size() > self.size:
            raise Damaged(f"attribute {name} announces more than the file holds")
        values = np.empty(shape, dtype=attribute.dtype)
        attribute.read(values)
        plain = [_plain(value) for value in values.ravel().tolist()]
        return plain if shape else plain[0]

    def numbers(self, data):
        """As float64."""
        if data.kind not in "fiu":
            raise Damaged(f"{data.path}: expected numbers")
        if math.prod(data.shape) > LARGEST_ROWS:
            raise Damaged(f"{data.path}: {math.prod(data.shape)} numbers, more than {LARGEST_ROWS}")
        return self._read(data, float)

    def texts(self, data):
        """Of a data set of texts."""
        return [text_of(value) for value in self._read(data, data.id.dtype).ravel().tolist()]

    def _read(self, data, dtype):
        if data.vouched:
            raise Damaged(data.vouched)
        values = np.empty(data.shape, dtype=dtype)
        if values.size:
            data.id.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
        return values


def text_of(value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _plain(value):
    return value if isinstance(value, (int, float)) else text_of(value)
