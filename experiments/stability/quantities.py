"""Quantities of a run that no column holds."""
import numpy as np

SPIKE = 1.2


def share_of_spikes(run):
    """Share of the evaluations at which the training loss is above SPIKE times the lowest one before; 1 of a diverged run."""
    if run.status == "diverged":
        return 1.0
    loss = run.tables["evaluation"].columns["training_loss"]
    return float(np.mean(loss[1:] > SPIKE * np.minimum.accumulate(loss)[:-1]))
