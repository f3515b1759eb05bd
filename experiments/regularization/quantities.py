"""What this study reads of a run beside its columns."""
import numpy as np


def gap(run):
    """Held-out loss less training loss after the last step, in nats."""
    rows = run.tables["evaluation"].columns
    return rows["test_loss"][-1] - rows["training_loss"][-1]


def first_over_last(run):
    """Norm of the gradient of the first layer's weights over that of the last's: the geometric mean over the training."""
    norms = np.asarray(run.tables["gradient"].columns["layer_norm"], float)
    return float(np.exp(np.mean(np.log(norms[:, 0] / norms[:, -2]))))  # the last slice is a bias
