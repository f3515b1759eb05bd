"""Decades between the gradients at both ends of a network, or of a sequence."""
import math


def decades_by_depth(run):
    """log10 of the first hidden layer's weight gradient over the output layer's, of the first batch."""
    rows = run.tables["gradient"]
    weights = [i for i, name in enumerate(rows.table.column("layer_norm").axis.labels) if name.endswith(".weight")]
    norms = rows.columns["layer_norm"][0]
    return math.log10(norms[weights[0]] / norms[weights[-1]])


def decades_by_time(run):
    """log10 of the first time step's gradient over the last one's, of the last batch that was watched."""
    quotient = run.tables["gradient_by_time"].columns["first_over_last"][-1]
    return math.log10(max(quotient, 1e-45))  # the smallest number of float32: less underflows
