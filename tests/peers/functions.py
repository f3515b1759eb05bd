"""What the optimizers of both sides minimise: functions of named arrays in float64 that change from step to step."""
import precision  # noqa: F401: first

import jax
import jax.numpy as jnp
import numpy as np


class Function:
    """value(arrays, t) -> scalar, in JAX, of arrays with the shapes of `slices`, [(name, shape, tags)], in step
    t = 1, 2, ... The parameters are also one flat vector."""

    def __init__(self, name, slices, value, start):
        self.name = name
        self.slices = slices
        self.shapes = [tuple(shape) for _, shape, _ in slices]
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        self.begins = np.append(0, ends[:-1])
        self.start = start
        flat_value = lambda flat, t: value(self.parts(flat, jnp), t)
        self._gradient = jax.jit(jax.value_and_grad(flat_value))
        self._product = jax.jit(lambda flat, v, t: jax.jvp(lambda x: jax.grad(flat_value)(x, t), (flat,), (v,))[1])

    def parts(self, flat, library=np):
        """The flat vector as arrays with the slices' shapes."""
        return [part.reshape(shape) for part, shape in zip(library.split(flat, self.begins[1:]), self.shapes)]

    def gradient(self, flat, t):
        """The value and the flat gradient."""
        value, gradient = self._gradient(flat, float(t))
        return float(value), np.asarray(gradient)

    def hessian_times(self, flat, v, t):
        return np.asarray(self._product(flat, v, float(t)))

    def distance(self, a, b):
        """The largest difference of two points, in each slice relative to its way from the start."""
        apart = self.largest_of_slices(a - b)
        if not np.isfinite(apart).all():
            return np.inf
        moved = np.maximum(self.moved(a), self.moved(b))
        return float((apart / np.where(moved > 0, moved, 1)).max())

    def moved(self, a):
        """How far each slice is from its start."""
        return self.largest_of_slices(a - self.start)

    def largest_of_slices(self, a):
        return np.maximum.reduceat(np.abs(a), self.begins)


def vector(name, changing=True):
    """One vector of 12: convex, curvatures and gradients from 1e-3 to 10; the last element has a gradient in every
    third step only, exactly 0 in the others."""
    random = np.random.default_rng(1)
    n = 12
    scale, center, phase, start = (np.logspace(-3, 1, n), random.normal(size=n), random.uniform(0, 6, n),
                                   random.normal(size=n))
    coupling = random.normal(size=(3, n)) * 0.1
    coupling[:, -1] = 0
    clock = 0.7 * np.arange(1, n + 1)

    def value(arrays, t):
        x, = arrays
        noise = jnp.sin(clock * t + phase) if changing else 0
        present = jnp.ones(n).at[-1].set(t % 3 == 0 if changing else 1)
        away = x - center
        return ((jnp.log(jnp.cosh(away)) + 0.1 * away * away + noise * x) * scale * present).sum() + (
            (coupling @ x) ** 2).sum()

    return Function(name, [("theta", [n], [])], value, start)


def network(name, changing=True, kernel=(2, 3, 4), outputs=3):
    """Two layers with biases, tanh, squared error over 16 examples whose weights change; the first matrix has two axes
    of inputs, as a convolution's kernel has several, and the last bias starts at 0."""
    random = np.random.default_rng(2)
    in_features, hidden = int(np.prod(kernel[:-1])), kernel[-1]
    inputs, targets, examples = random.normal(size=(16, in_features)), random.normal(size=(16,
                                                                                           outputs)), np.arange(16.0)
    slices = [("0.weight", list(kernel), []), ("0.bias", [hidden], ["bias"]),
              ("1.weight", [hidden, outputs], []), ("1.bias", [outputs], ["bias"])]
    start = np.concatenate([0.5 * random.normal(size=in_features * hidden), 0.1 * random.normal(size=hidden),
                            0.5 * random.normal(size=hidden * outputs), np.zeros(outputs)])

    def value(arrays, t):
        first, bias, matrix, last_bias = arrays
        weights = 1 + jnp.sin(examples * (1.3 * t)) if changing else jnp.ones(16)
        hidden = jnp.tanh(inputs @ first.reshape(in_features, kernel[-1]) + bias)
        return (weights[:, None] * (hidden @ matrix + last_bias - targets) ** 2).mean()

    return Function(name, slices, value, start)


ALL = {function.name: function for function in (vector("vector"), network("network"), vector("fixed_vector", False),
                                                network("fixed_network", False),
                                                network("square_network", kernel=(2, 2, 4), outputs=4))}
