"""What this study reads of a run beside its columns."""
import numpy as np


def time(run):
    """Nanoseconds of a step, for a parameter: the median over the steps."""
    return float(np.median(run.tables["cost"].columns["time"]))
