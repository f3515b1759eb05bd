"""Quantities of a run that no column holds."""
import math

import numpy as np


def critical_batch(run):
    """The gradient noise scale on a scale of powers of ten: mean noise over mean signal, since the ratio of one batch is biased."""
    columns = run.tables["noise_scale"].columns
    return math.log10(np.nanmean(columns["variance"]) / np.nanmean(columns["signal"]))
