"""Whether a run of minimize ended in the deepest of its function's wells."""
# The lowest value of a minimum that is not global, in two dimensions: only the deepest well has points below it.
SECOND = {"levy": 0.9737, "ackley": 2.5799, "rastrigin": 0.99496}


def found(run):
    """Whether the last point is in the deepest well."""
    return bool(run.status != "diverged" and run.tables["step"].columns["value"][-1] < SECOND[run.options["problem"]])
