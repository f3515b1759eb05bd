"""A problem of problem_server for SciPy: its functions, which count what they are asked for."""
import subprocess

import numpy as np


class Converged(Exception):
    pass


class ServedProblem:
    """Counts since start_over(tolerance), after which a gradient shorter than the tolerance raises Converged.

    products: with the Hessian; a Jacobian is one for each of its columns
    evaluations: points at which the value, the gradient or the residuals are asked for, and Jacobians
    best: the norm of the shortest gradient seen
    """

    def __init__(self, server, name, dimension):
        start = subprocess.run([server, "serve", name, str(dimension)], stdin=subprocess.DEVNULL, capture_output=True,
                               check=True).stdout
        self.start = np.frombuffer(start)
        self.process = subprocess.Popen([server, "serve", name, str(dimension)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self._read(self.start.size)
        self.start_over(0)

    def start_over(self, tolerance):
        self.tolerance = tolerance
        self.products = self.evaluations = 0
        self.best = np.inf
        self._known = None

    def value(self, x):
        return self._at(x)[1]

    def gradient(self, x):
        gradient = self._at(x)[2]
        self._look_at(gradient)
        return gradient

    def hessian_times(self, x, v):
        self.products += 1
        return self._ask(b"h", x, v, count=x.size)

    def residuals(self, x):
        """Looks at the gradient there, too."""
        self._look_at(self._at(x)[2])
        self._send(b"r", x)
        residuals = self._read(int(self._read(1)[0]))
        self._residuals = residuals.size
        return residuals

    def jacobian(self, x):
        """Of the residuals, which were asked for before."""
        self.evaluations += 1
        self.products += x.size
        return self._ask(b"j", x, count=x.size * self._residuals).reshape(x.size, self._residuals).T

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _at(self, x):
        if self._known is None or not np.array_equal(self._known[0], x):
            answer = self._ask(b"f", x, count=1 + x.size)
            self._known = (x.copy(), answer[0], answer[1:].copy())
            self.evaluations += 1
        return self._known

    def _look_at(self, gradient):
        norm = np.linalg.norm(gradient)
        self.best = min(self.best, norm)
        if norm < self.tolerance:
            raise Converged

    def _send(self, request, *vectors):
        self.process.stdin.write(request + b"".join(np.asarray(v, np.float64).tobytes() for v in vectors))
        self.process.stdin.flush()

    def _read(self, count):
        return np.frombuffer(self.process.stdout.read(8 * count))

    def _ask(self, request, *vectors, count):
        self._send(request, *vectors)
        return self._read(count)
