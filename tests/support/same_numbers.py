"""Whether two runs, or two sweeps of the same runs, have the same numbers, to the bit, in everything but times."""
import json

import h5py
import numpy as np


def datasets_of(path):
    """{name: array} of a run.h5."""
    found = {}

    def visit(name, node):
        if isinstance(node, h5py.Dataset) and node.attrs.get("units") not in ("s", b"s"):
            found[name] = node[()]
    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def attributes_of(path):
    with h5py.File(path) as file:
        return dict(file.attrs)


def differences(one, other):
    """The columns in which two run.h5 differ."""
    ours, theirs = datasets_of(one), datasets_of(other)
    return [name for name in sorted(ours.keys() | theirs.keys())
            if name not in ours or name not in theirs or ours[name].shape != theirs[name].shape or
            not same(ours[name], theirs[name])]


def same(left, right):
    if left.dtype == object:  # texts
        return right.dtype == object and list(left) == list(right)
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


def runs_of(output):
    return {run["id"]: run for run in json.loads((output / "sweep.json").read_text())["runs"]}


def compare(first, second):
    """(runs, numbers) that were compared. Raises ValueError where one differs."""
    runs = runs_of(first)
    if set(runs) != set(runs_of(second)):
        raise ValueError(f"{first} and {second} have other runs")
    numbers = 0
    for run in runs:
        left, right = (datasets_of(output / run / "run.h5") for output in (first, second))
        if left.keys() != right.keys():
            raise ValueError(f"{run}: tables of one alone: {sorted(left.keys() ^ right.keys())}")
        for name, array in left.items():
            if not same(np.asarray(array), np.asarray(right[name])):
                raise ValueError(f"{run}: {name} differs")
            numbers += np.asarray(array).size
    return len(runs), numbers
