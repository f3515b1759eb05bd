"""Quantities of a run that no column holds."""
import numpy as np

EQUAL_LOSS = {"fashion-mlp": 0.4, "mnist-1d": 0.7}  # which every tuned method comes to in pilots


def accuracy_at_equal_loss(run):
    """Test accuracy where the training loss first is down at its workload's EQUAL_LOSS, straight between two evaluations.

    Of a run that does not come there, at its lowest training loss.
    """
    columns = run.tables["evaluation"].columns
    loss, accuracy = columns["training_loss"], columns["test_accuracy"]
    if run.status == "diverged":
        return float(accuracy[0])
    there = np.flatnonzero(loss <= EQUAL_LOSS[run.options["workload"]])
    if not len(there) or there[0] == 0:
        return float(accuracy[np.nanargmin(loss)])
    after = there[0]
    pair = slice(after - 1, after + 1)
    return float(np.interp(-EQUAL_LOSS[run.options["workload"]], -loss[pair], accuracy[pair]))
