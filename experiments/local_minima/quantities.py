"""Whether a run of minimize ended in the deepest of its function's wells."""
# The lowest value of a minimum that is not global, in two dimensions: only the deepest well has points below it.
SECOND = {"styblinski_tang": -64.1956, "levy": 0.9737, "ackley": 2.5799}


def found(run):
    """Whether the last point that was paid for by as many gradients as the run had steps is in the deepest well."""
    if run.status == "diverged":
        return False
    rows = run.tables["step"]
    paid = rows.columns["gradient_equivalents"] <= run.options["steps"]
    return bool(rows.columns["value"][paid][-1] < SECOND[run.options["problem"]])
