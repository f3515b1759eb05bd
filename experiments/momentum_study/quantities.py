"""Quantities of a path on a quadratic whose first axis is shallow and whose second one is steep."""
import numpy as np


def _way(run, axis):
    """Length of the way along an axis, over the distance of the start from the minimum at 0."""
    path = run.tables["step"].columns["theta"][:, axis]
    return float(np.abs(np.diff(path)).sum() / abs(path[0]))


def way_along_the_shallow_axis(run):
    return _way(run, 0)


def way_along_the_steep_axis(run):
    return _way(run, 1)
