"""Whether two runs are the same: every column but times, bit for bit."""
import h5py
import numpy as np


def columns(path):
    found = {}

    def take(name, node):
        if isinstance(node, h5py.Dataset) and node.attrs.get("units") not in ("s", b"s"):
            found[name] = node[()]

    with h5py.File(path) as file:
        file.visititems(take)
    return found


def bits(values):
    """NaN has one."""
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values)
    return values.tobytes()


def differences(one, other):
    """The columns in which two run.h5 differ."""
    ours, theirs = columns(one), columns(other)
    return [
        name for name in sorted(set(ours) | set(theirs))
        if name not in ours or name not in theirs or ours[name].shape != theirs[name].shape or
        bits(ours[name]) != bits(theirs[name])]
