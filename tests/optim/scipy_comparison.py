#!/usr/bin/env python3
"""Newton-CG against SciPy's Newton-CG, trust-ncg and trust-krylov, on the same functions, from their standard starts.

usage: scipy_comparison.py BIN_DIR [KEY=VALUE...]   (hyperparameters of newton_cg)

Each method runs until it sees a gradient whose norm is below 1e-8. What must hold: wherever one of SciPy's methods gets
there, ours does, and over the problems that a method solves ours needs at most 1.2 times its Hessian products.
"""
import os
import subprocess
import sys

try:
    import numpy as np
    import scipy
    from scipy.optimize import minimize
except ImportError as error:
    print(f"skipped: {error}; apt-get install python3-scipy")
    sys.exit(77)

TOLERANCE = 1e-8
BOUND = 1.2
MAX_STEPS = 2000
SCIPY = ["Newton-CG", "trust-ncg", "trust-krylov"]
PROBLEMS = [("rosenbrock", 2), ("rosenbrock", 100), ("logistic_regression", 0)] + [
    (name, 0) for name in (
        "freudenstein_roth", "powell_badly_scaled", "brown_badly_scaled", "beale", "jennrich_sampson", "helical_valley",
        "bard", "gaussian", "meyer", "gulf", "box_3d", "powell_singular", "wood", "kowalik_osborne", "brown_dennis",
        "osborne_1", "biggs_exp6", "osborne_2", "watson", "extended_rosenbrock", "extended_powell", "penalty_1",
        "penalty_2", "variably_dimensioned", "trigonometric", "brown_almost_linear", "discrete_boundary_value",
        "discrete_integral_equation", "broyden_tridiagonal", "broyden_banded", "chebyquad")]


class Converged(Exception):
    pass


class Served:
    """A problem of problem_server, with its answers counted."""

    def __init__(self, server, name, dimension):
        start = subprocess.run([server, "serve", name, str(dimension)], stdin=subprocess.DEVNULL, capture_output=True,
                               check=True).stdout
        self.start = np.frombuffer(start)
        self.process = subprocess.Popen([server, "serve", name, str(dimension)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.process.stdout.read(8 * self.start.size)
        self.forget()

    def forget(self):
        self.products = self.gradients = 0
        self.best = np.inf
        self.known = None

    def ask(self, request, count):
        self.process.stdin.write(request)
        self.process.stdin.flush()
        return np.frombuffer(self.process.stdout.read(8 * count))

    def at(self, x):
        if self.known is None or not np.array_equal(self.known[0], x):
            answer = self.ask(b"f" + x.astype(np.float64).tobytes(), 1 + x.size)
            self.known = (x.copy(), answer[0], answer[1:].copy())
        return self.known

    def value(self, x):
        return self.at(x)[1]

    def gradient(self, x):
        gradient = self.at(x)[2]
        self.gradients += 1
        norm = np.linalg.norm(gradient)
        self.best = min(self.best, norm)
        if norm < TOLERANCE:
            raise Converged
        return gradient

    def hessian_times(self, x, v):
        self.products += 1
        return self.ask(b"h" + x.astype(np.float64).tobytes() + np.asarray(v, np.float64).tobytes(), x.size)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def with_scipy(problem, method):
    """(products, gradients, least gradient norm seen)"""
    problem.forget()
    options = {"maxiter": MAX_STEPS}
    options["xtol" if method == "Newton-CG" else "gtol"] = 1e-300 if method == "Newton-CG" else TOLERANCE
    try:
        with np.errstate(all="ignore"):
            minimize(problem.value, problem.start, jac=problem.gradient, hessp=problem.hessian_times, method=method,
                     options=options)
    except Converged:
        pass
    except (ValueError, FloatingPointError, np.linalg.LinAlgError, RuntimeError):
        pass  # it gave up
    return problem.products, problem.gradients, problem.best


def with_ours(server, name, dimension, settings):
    line = subprocess.run(
        [server, "minimize", name,
         str(dimension), str(MAX_STEPS), f"gradient_tolerance={TOLERANCE}"] + settings, capture_output=True, check=True,
        text=True).stdout.split()
    answer = dict(zip(line[::2], line[1::2]))
    return int(answer["products"]), int(answer["gradients"]), float(answer["gradient_norm"]), answer["reason"]


def main():
    server = os.path.join(sys.argv[1], "problem_server")
    settings = sys.argv[2:]
    wrong = []
    totals = {method: [0, 0, 0] for method in SCIPY}  # problems solved, its products, our products on them
    print(
        f"SciPy {scipy.__version__}; products / gradients to a gradient norm below {TOLERANCE:g}; "
        "- where it does not get there"
    )
    print(f"{'problem':28}{'n':>4}{'ours':>13}" + "".join(f"{m:>14}" for m in SCIPY) + "   our gradient norm, reason")
    for name, dimension in PROBLEMS:
        problem = Served(server, name, dimension)
        ours = with_ours(server, name, dimension, settings)
        we_did = ours[2] <= TOLERANCE
        cells = []
        for method in SCIPY:
            products, gradients, norm = with_scipy(problem, method)
            solved = norm < TOLERANCE
            cells.append(f"{products}/{gradients}" if solved else "-")
            if solved and not we_did:
                wrong.append(f"{name}: {method} gets to {TOLERANCE:g}, ours to {ours[2]:.3g} ({ours[3]})")
            if solved:
                totals[method] = [a + b for a, b in zip(totals[method], (1, products, ours[0]))]
        problem.close()
        print(f"{name:28}{problem.start.size:4}{(f'{ours[0]}/{ours[1]}' if we_did else '-'):>13}" +
              "".join(f"{cell:>14}" for cell in cells) + f"   {ours[2]:.2e} {ours[3]}", flush=True)
    for method, (solved, products, our_products) in totals.items():
        ratio = our_products / products
        print(
            f"{method}: solves {solved} of {len(PROBLEMS)} with {products} products; "
            f"ours on these {our_products}: {ratio:.2f}"
        )
        if ratio > BOUND:
            wrong.append(f"{ratio:.2f} times the products of {method}, expected at most {BOUND}")
    for line in wrong:
        print("WRONG:", line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
