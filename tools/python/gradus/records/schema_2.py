"""What files of schema 2 did not say of themselves: the steps' table lay at the root, and columns had names alone."""
STEPS = "step"
BETTER = {"loss": "lower", "value": "lower", "training_error": "lower", "running_loss": "lower",
          "training_loss": "lower", "training_accuracy": "higher", "validation_loss": "lower",
          "validation_accuracy": "higher"}  # in their order
FLAGS = ("reason", "inner_reason")  # numbers that are names, which nothing names: they are not drawn


def in_order(names):
    """The columns as programs wrote them, as far as that is known: the file has them by the alphabet."""
    known = list(BETTER)
    return sorted(names, key=lambda name: (name not in BETTER, known.index(name) if name in BETTER else 0, name))


def default_of(tables):
    """The name of the table that results are taken from."""
    return "epoch" if "epoch" in tables else STEPS if STEPS in tables else next(iter(tables), "")
