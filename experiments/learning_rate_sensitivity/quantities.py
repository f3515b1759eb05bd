"""Quantities of a run that no column holds."""
import numpy as np


def share_of_rises(run):
    """Share of the evaluations at which the training loss was above the one before; all of a diverged run's count as such."""
    if run.status == "diverged":
        return 1.0
    return float(np.mean(np.diff(run.tables["evaluation"].columns["training_loss"]) > 0))
