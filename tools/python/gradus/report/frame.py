"""What part of the numbers a picture shows, and which points of a long curve are to be seen in it."""
import numpy as np

LARGEST_DRAWN = 1e300  # an axis needs room for its margins
BAND_ROOM = 0.35       # of the lines' extent, which a band may add on either side
OUTLYING = 6           # times the extent of most values: more is left outside


def drawable(values):
    """As floats, with NaN for what has no place on an axis."""
    values = np.asarray(values, float)
    return np.where(np.abs(values) < LARGEST_DRAWN, values, np.nan)


def frame(panel):
    """(lowest, highest) of the y axis of curves, None where there is no number to show.

    The lines decide; a band or a few outlying values do not squeeze them. On a logarithmic axis what is above 0 counts.
    """
    scale = _logarithm if panel.y_log else drawable
    lines = [line for one in panel.series for line in ([one.mean] if one.mean is not None else one.runs)]
    values = _finite(scale(line) for line in lines)
    if not len(values):
        return None
    low, high = np.min(values), np.max(values)
    lowest, highest = np.quantile(values, (0.05, 0.95))
    if len(values) > 20 and 0 < OUTLYING * (highest - lowest) < high - low:
        room = 0.15 * (highest - lowest)
        low, high = max(low, lowest - room), min(high, highest + room)
    references = _finite(scale([one.reference]) for one in panel.series if one.reference is not None)
    if len(references):
        low, high = min(low, np.min(references)), max(high, np.max(references))
    edges = _finite(scale(edge) for one in panel.series for edge in (one.low, one.high) if edge is not None)
    extent = high - low
    if len(edges):
        low = max(min(low, np.min(edges)), low - BAND_ROOM * extent) if extent else min(low, np.min(edges))
        high = min(max(high, np.max(edges)), high + BAND_ROOM * extent) if extent else max(high, np.max(edges))
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 0.5
    low, high = low - margin, high + margin
    return (10.0 ** low, 10.0 ** high) if panel.y_log else (float(low), float(high))


def outside(panel, limits):
    """How many points of the lines lie outside."""
    lines = [line for one in panel.series for line in ([one.mean] if one.mean is not None else one.runs)]
    values = _finite(map(drawable, lines))
    return int(np.sum((values < limits[0]) | (values > limits[1])))


def seen(x, y, columns, x_log=False):
    """Indices of the points to draw so that a picture of so many columns looks as if all were drawn.

    Of the points in a column that are its first, last, lowest and highest. No point is moved or made up.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) <= 4 * columns or np.any(np.diff(x) < 0):
        return np.arange(len(x))
    place = _logarithm(x) if x_log else x
    extent = np.nanmax(place) - np.nanmin(place)
    column = np.nan_to_num((place - np.nanmin(place)) / (extent or 1) * (columns - 1)).astype(int)
    first = np.flatnonzero(np.diff(column, prepend=-1))
    last = np.append(first[1:] - 1, len(x) - 1)
    missing = np.isnan(y)
    lowest = np.lexsort((np.where(missing, np.inf, y), column))[first]
    highest = np.lexsort((np.where(missing, -np.inf, y), column))[last]
    return np.unique(np.concatenate([first, last, lowest, highest]))


def extremes(x, lines, columns, x_log=False):
    """The same of several lines over one x: what is to be seen of one of them is there of all."""
    found = [seen(x, line, columns, x_log) for line in lines]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, int)


def _logarithm(values):
    values = drawable(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan)


def _finite(arrays):
    values = [np.asarray(array, float).ravel() for array in arrays]
    values = np.concatenate(values) if values else np.zeros(0)
    return values[np.isfinite(values)]
