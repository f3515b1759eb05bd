#!/usr/bin/env python3
"""Our methods against SciPy's of the same kind, on the same functions, from their standard starts.

usage: scipy_comparison.py BIN_DIR [METHOD [KEY=VALUE...]]   (one of ours, and its hyperparameters)

Each method runs until it sees a gradient that is short enough. What must hold: wherever one of SciPy's methods gets
there, ours does, and over the problems that both solve ours needs at most 1.2 times its cost, in all and in the
geometric mean. What is known not to hold is in EXCEPTIONS, with the reason.
"""
import os
import subprocess
import sys
from dataclasses import dataclass

try:
    import numpy as np
    import scipy
    from scipy.optimize import least_squares, minimize
except ImportError as error:
    print(f"skipped: {error}; apt-get install python3-scipy")
    sys.exit(77)

sys.dont_write_bytecode = True  # the source tree stays clean
from served_problem import Converged, ServedProblem

TOLERANCE = 1e-8
# Where the least value is far from 0 and its rounding hides what is below: 1e-7 of 2 |J| |r| at the minimum, a bound of
# the gradient 2 J^T r.
LARGE_RESIDUALS = {"freudenstein_roth": 2.7e-5, "jennrich_sampson": 5.7e-4, "meyer": 21, "brown_dennis": 1e-2}
BOUND = 1.2
MAX_STEPS = 2000
SUMS_OF_SQUARES = [("rosenbrock", 2), ("rosenbrock", 100)] + [
    (name, 0) for name in (
        "freudenstein_roth", "powell_badly_scaled", "brown_badly_scaled", "beale", "jennrich_sampson", "helical_valley",
        "bard", "gaussian", "meyer", "gulf", "box_3d", "powell_singular", "wood", "kowalik_osborne", "brown_dennis",
        "osborne_1", "biggs_exp6", "osborne_2", "watson", "extended_rosenbrock", "extended_powell", "penalty_1",
        "penalty_2", "variably_dimensioned", "trigonometric", "brown_almost_linear", "discrete_boundary_value",
        "discrete_integral_equation", "broyden_tridiagonal", "broyden_banded", "chebyquad")]
PROBLEMS = SUMS_OF_SQUARES + [("logistic_regression", 0)]
# Of SciPy's minimize, so that it goes on until it has converged.
OPTIONS = {"Newton-CG": {"xtol": 1e-300}, "L-BFGS-B": {"ftol": 0, "gtol": 0, "maxfun": 10**6}, "CG": {"gtol": 0}}
# Neither need be solved nor counts in the ratios.
EXCEPTIONS = {
    ("nonlinear_cg", "powell_badly_scaled"): "at a condition of 1e17 rounding decides which line search ends",
    ("nonlinear_cg", "brown_badly_scaled"): "at a condition of 1e12 rounding decides which line search ends",
    ("gauss_newton", "brown_dennis"):
        "residuals this large make its steps 50 to 250 times too long, and it searches along each",
    ("levenberg_marquardt", "powell_badly_scaled"):
        "the condition of J^T J, 1e18, is beyond float64; that of J, which SciPy factors, is not",
}


@dataclass(frozen=True)
class Outcome:
    products: int
    evaluations: int
    gradient_norm: float
    solved: bool
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    title: str
    ours: tuple
    theirs: tuple
    unit: str
    products: int  # what they count in the cost
    evaluations: int
    problems: list

    def cost(self, outcome):
        return self.products * outcome.products + self.evaluations * outcome.evaluations


COMPARISONS = [
    Comparison("Newton's method", ("newton_cg",), ("Newton-CG", "trust-ncg", "trust-krylov"), "products", 1, 0,
               PROBLEMS),
    Comparison("Limited-memory BFGS", ("lbfgs",), ("L-BFGS-B",), "evaluations", 0, 1, PROBLEMS),
    Comparison("Conjugate gradients", ("nonlinear_cg",), ("CG",), "evaluations", 0, 1, PROBLEMS),
    Comparison("Least squares", ("gauss_newton", "levenberg_marquardt"), ("lm", "trf"), "evaluations and products", 1,
               1, SUMS_OF_SQUARES)]


def with_scipy(problem, method, tolerance):
    problem.start_over(tolerance)
    try:
        with np.errstate(all="ignore"):
            if method in ("lm", "trf"):
                least = np.finfo(float).eps * 1.01  # what trf warns of below
                least_squares(problem.residuals, problem.start, jac=problem.jacobian, method=method, ftol=least,
                              xtol=least, gtol=least, max_nfev=MAX_STEPS)
            else:
                products = {} if method in ("CG", "L-BFGS-B") else {"hessp": problem.hessian_times}
                minimize(problem.value, problem.start, jac=problem.gradient, method=method,
                         options={"maxiter": MAX_STEPS, **OPTIONS.get(method, {"gtol": TOLERANCE})}, **products)
    except Converged:
        pass
    except (ValueError, FloatingPointError, np.linalg.LinAlgError, RuntimeError):
        pass  # it gave up
    return Outcome(problem.products, problem.evaluations, problem.best, problem.best < tolerance)


def with_ours(server, name, dimension, method, tolerance, settings):
    line = subprocess.run([
        server, "minimize", name, str(dimension), method, str(MAX_STEPS), f"gradient_tolerance={tolerance}", *settings],
                          capture_output=True, check=True, text=True).stdout.split()
    answer = dict(zip(line[::2], line[1::2]))
    norm = float(answer["gradient_norm"])
    return Outcome(int(answer["products"]), int(answer["gradients"]) + int(answer["values"]), norm, norm <= tolerance,
                   answer["reason"])


def measure(server, comparison, settings=()):
    """{problem: {method: Outcome}}, ours first; printed on the way."""
    methods = comparison.ours + comparison.theirs
    print(f"\n{comparison.title}: products / evaluations; - where it does not get there")
    print(f"{'problem':28}{'n':>4}" + "".join(f"{method:>20}" for method in methods))
    found = {}
    for name, dimension in comparison.problems:
        tolerance = LARGE_RESIDUALS.get(name, TOLERANCE)
        problem = ServedProblem(server, name, dimension)
        outcomes = {method: with_ours(server, name, dimension, method, tolerance, settings)
                    for method in comparison.ours}
        outcomes |= {method: with_scipy(problem, method, tolerance) for method in comparison.theirs}
        problem.close()
        cells = [f"{one.products}/{one.evaluations}" if one.solved else "-" for one in outcomes.values()]
        print(f"{name:28}{problem.start.size:4}" + "".join(f"{cell:>20}" for cell in cells), flush=True)
        found[name, problem.start.size] = outcomes
    return found


@dataclass(frozen=True)
class Standing:
    """One of our methods beside one of SciPy's."""
    ours: str
    theirs: str
    solved: tuple   # (by ours, by theirs)
    both: int       # without exceptions: what the ratios are over
    costs: tuple
    mean_ratio: float  # the geometric mean

    @property
    def ratio(self):
        return self.costs[0] / self.costs[1]


def standings(comparison, found):
    for ours in comparison.ours:
        for theirs in comparison.theirs:
            both = [(comparison.cost(of[ours]), comparison.cost(of[theirs])) for (name, _), of in found.items()
                    if of[ours].solved and of[theirs].solved and (ours, name) not in EXCEPTIONS]
            yield Standing(ours, theirs, tuple(sum(of[method].solved for of in found.values())
                                               for method in (ours, theirs)), len(both),
                           tuple(map(sum, zip(*both))), float(np.exp(np.mean([np.log(a / b) for a, b in both]))))


def failures(comparison, found):
    """What should hold and does not, in words."""
    for standing in standings(comparison, found):
        ours, theirs = standing.ours, standing.theirs
        print(f"{ours} solves {standing.solved[0]} of {len(found)}, {theirs} {standing.solved[1]}; on {standing.both} "
              f"that both solve {standing.costs[0]} against {standing.costs[1]} {comparison.unit}: "
              f"{standing.ratio:.2f}; geometric mean {standing.mean_ratio:.2f}")
        for (name, _), of in found.items():
            if of[theirs].solved and not of[ours].solved and (ours, name) not in EXCEPTIONS:
                yield f"{name}: {theirs} solves it, {ours} gets to {of[ours].gradient_norm:.3g} ({of[ours].reason})"
        for ratio in (standing.ratio, standing.mean_ratio):
            if ratio > BOUND:
                yield f"{ours} needs {ratio:.2f} times the {comparison.unit} of {theirs}, expected at most {BOUND}"


def main():
    server, chosen, settings = os.path.join(sys.argv[1], "problem_server"), sys.argv[2:3], sys.argv[3:]
    print(f"SciPy {scipy.__version__}")
    wrong = []
    for comparison in COMPARISONS:
        if chosen and chosen[0] in comparison.ours:
            comparison = Comparison(**{**vars(comparison), "ours": tuple(chosen)})
        if not chosen or chosen[0] in comparison.ours:
            wrong += failures(comparison, measure(server, comparison, settings))
    for line in wrong:
        print("WRONG:", line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
