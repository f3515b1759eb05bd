#!/usr/bin/env python3
"""What docs/problems.md shows of scipy_comparison: its picture and its table.

usage: scipy_profiles.py BIN_DIR

Writes docs/beside_scipy.svg, performance profiles (Dolan & More 2002), and docs/generate/beside_scipy.inc, which
describe_problems prints.
"""
import os
import pathlib
import sys
from dataclasses import replace

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools" / "python"))
sys.dont_write_bytecode = True  # the source tree stays clean
import numpy as np
from gradus.report.figures import PAPER_INK, SVG, style
from gradus.report.palette import COLOURS
import matplotlib.pyplot as plt
import scipy
from scipy_comparison import COMPARISONS, EXCEPTIONS, measure, standings

LARGEST = 16  # ratio that is drawn


def draw_profile(axes, comparison, found):
    methods = comparison.ours + comparison.theirs
    costs = np.array([[comparison.cost(of[method]) if of[method].solved else np.inf for of in found.values()]
                      for method in methods])
    best = costs.min(axis=0)
    with np.errstate(invalid="ignore"):
        ratios = np.where(np.isinf(best), np.inf, costs / best)  # nobody's where nobody arrived
    for method, mine, colour in zip(methods, ratios, COLOURS):
        at = np.sort(mine[mine <= LARGEST])
        shares = np.arange(len(at) + 1) / len(found)
        axes.step([1, *at, LARGEST], [0, *shares[1:], shares[-1]], where="post", label=method, color=colour,
                  linestyle="-" if method in comparison.ours else (0, (5, 2)))
    axes.set_xscale("log", base=2)
    axes.set(title=comparison.title, xlabel=f"times the least {comparison.unit}", ylabel="share of problems solved",
             xlim=(1, LARGEST), ylim=(0, 1.02), xticks=[1, 2, 4, 8, 16], xticklabels=["1", "2", "4", "8", "16"])
    axes.legend(loc="lower right")


def draw(measured):
    with plt.rc_context({**style(PAPER_INK), **SVG}):
        figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), layout="constrained")
        for one, (comparison, found) in zip(axes.flat, measured):
            draw_profile(one, comparison, found)
        figure.savefig(REPOSITORY / "docs" / "beside_scipy.svg", facecolor="white", metadata={"Date": None})


def table(measured):
    lines = ["| ours | SciPy's | ours solves | SciPy's solves | both | cost | in all | geometric mean |",
             "| --- | --- | --: | --: | --: | --- | --: | --: |"]
    for comparison, found in measured:
        for one in standings(comparison, found):
            lines.append(f"| `{one.ours}` | `{one.theirs}` | {one.solved[0]} of {len(found)} | {one.solved[1]} | "
                         f"{one.both} | {comparison.unit} | {one.ratio:.2f} | {one.mean_ratio:.2f} |")
    comparison, found = measured[-1]
    means = [f"{one.mean_ratio:.2f} (`{one.ours}`, `{one.theirs}`)"
             for one in standings(comparison, at_half_price(comparison, found))]
    lines += ["", f"With a column of J at half a product the last {len(means)} means are {', '.join(means)}.",
              "", f"SciPy {scipy.__version__}. Left out of the ratios:", ""]
    for (method, problem), reason in EXCEPTIONS.items():
        lines.append(f"* `{problem}`, `{method}`: {reason}.{solved(measured, method, problem)}")
    return "\n".join(lines) + "\n"


def at_half_price(comparison, found):
    """As found, with SciPy's products at half their price."""
    return {problem: {method: replace(one, products=one.products / 2) if method in comparison.theirs else one
                      for method, one in of.items()} for problem, of in found.items()}


def solved(measured, method, problem):
    """What they need there, in words."""
    comparison, found = next((comparison, found) for comparison, found in measured if method in comparison.ours)
    outcomes = next(of for (name, _), of in found.items() if name == problem)
    told = [f"`{each}` {comparison.cost(outcomes[each])}" if outcomes[each].solved else f"`{each}` does not solve it"
            for each in (method, *comparison.theirs)]
    return f" {comparison.unit.capitalize()}: {', '.join(told)}."


def main():
    server = os.path.join(sys.argv[1], "problem_server")
    measured = [(comparison, measure(server, comparison)) for comparison in COMPARISONS]
    draw(measured)
    (REPOSITORY / "docs" / "generate" / "beside_scipy.inc").write_text(f'R"({table(measured)})"\n', encoding="utf-8")


if __name__ == "__main__":
    main()
