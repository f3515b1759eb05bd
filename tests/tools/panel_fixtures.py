"""Panels of every kind, made without runs; and what a page is asked for beside them."""
import types

import numpy as np
from gradus.records.values import identity
from gradus.report import page
from gradus.report.panels import Line, Panel, Series

GROUPS = [("adam", 0.001), ("adam", 0.01), ("sgd", 0.001), ("sgd", 0.01)]
ODD = "<script>alert(1)</script> $x^{ %{y} \"&amp;' \u202e"


def key_of(*values):
    return tuple(identity(value) for value in values)


def series_of(group, curve, n, reference=None, x=None, seed=0):
    """n runs about a curve; the mean and its interval."""
    x = np.arange(1, 101) if x is None else x
    random = np.random.default_rng([seed, *map(ord, str(group))])
    runs = [curve(x) + 0.02 * random.standard_normal(len(x)) for _ in range(n)]
    mean = np.mean(runs, axis=0)
    spread = np.std(runs, axis=0, ddof=1) if n > 1 else None
    return Series(label=", ".join(map(str, group)), key=key_of(*group), x=x, runs=runs, runs_x=[x] * n, mean=mean, n=n,
                  low=None if n < 2 else mean - spread, high=None if n < 2 else mean + spread, reference=reference,
                  names=[f"run{i}" for i in range(n)])


def panels():
    """Curves on both kinds of axes, few points, rows, flags, two heat maps; odd texts in every place that takes one."""
    def decay(rate):
        return lambda x: 0.3 + 2 * np.exp(-rate * x)
    loss = Panel("loss", "Loss " + ODD, "step", "loss", y_log=True, table="evaluation", better="lower", series=[
        series_of(group, decay(0.01 * (1 + place)), 3) for place, group in enumerate(GROUPS)])
    loss.series[0].label += ODD
    single = Panel("single", "One run each", "step", "value", table="evaluation", series=[
        series_of(group, decay(0.02 * (1 + place)), 1) for place, group in enumerate(GROUPS)])
    few = Panel("few", "Against the rate", "learning rate", "loss", x_log=True, table="evaluation", series=[
        series_of((name,), lambda x: 0.5 + 0 * x, 3, x=np.logspace(-3, 0, 4)) for name in ("adam", "sgd")])
    few.series[0].counts = np.array([3, 3, 2, 3])
    rows = Panel("rows", "Final loss", "loss", "", kind="bars", table="evaluation", series=[
        series_of(group, lambda x, place=place: 0.3 + 0.1 * place + 0 * x, 3, x=np.array([place]))
        for place, group in enumerate(GROUPS)])
    line = Line("2/rate" + ODD, {})
    sharpness = Panel("sharpness", "Sharpness", "step", ODD, table="curvature" + ODD, line=line, series=[
        series_of(group, lambda x: 10 * (1 - np.exp(-x / 30)), 2, reference=10.0) for group in GROUPS[:2]])
    x = np.arange(100)
    regime = Panel("regime", "Regime", "step", "regime", kind="flags", flags={0: "below", 1: "at" + ODD, 2: "above"},
                   table="curvature" + ODD)
    for group in GROUPS[:2]:
        runs = [np.minimum(x // 30, 2.0), np.minimum(x // 40, 2.0)]
        regime.series.append(Series(", ".join(map(str, group)), key_of(*group), x, runs, [x, x], n=2, names=["a", "b"]))
    values = np.logspace(-6, 0, 12).reshape(3, 4)
    values[0, 0] = np.nan
    n = np.full((3, 4), 2)
    n[0, 0] = 0
    cells = (["glorot", "he", ODD], ["tanh", "relu", "sigmoid", "elu"], values, n)
    heat = [Panel(f"heat-{depth}", "First gradient", "activation", "initializer", kind="heatmap", y_log=depth == 3,
                  table="layer", facet=f"depth {depth}", heat=cells)
            for depth in (3, 10)]
    return [loss, single, few, rows, sharpness, regime, *heat]


class Table:
    """What a page asks of a table."""
    keys = ["optimizer", "learning_rate"]
    primary = types.SimpleNamespace(heading="loss")
    notes = ["A note."]
    within = 0

    def __init__(self, runs):
        """Of the runs the first group has all, each other group one."""
        self.groups = [types.SimpleNamespace(mark="" if place else "best", parts=key_of(*group),
                                             runs=runs[place % len(runs):][:1] if place else runs)
                       for place, group in enumerate(GROUPS)]

    def headings(self):
        return [*self.keys, "n", "diverged", "failed", "loss"]

    def cells(self, group):
        return ["adam", "0.001", "3", "0", "1", "0.30 ± 0.02"]


def page_of(drawn, tags=(f"pilot {ODD}",), **more):
    """tags: of each run."""
    runs = [types.SimpleNamespace(name="a" * 12, status="completed", reason="", given={},
                                  options={"optimizer": "adam", "seed": seed},
                                  attributes={"tags": text, "note": "first try " + ODD})
            for seed, text in enumerate(tags)]
    return page.build(types.SimpleNamespace(program="program", command=None), runs, Table(runs), drawn, **more)
