"""The peers' side: optimizers of PyTorch's kind and of Optax's kind, stepped alike."""
import precision  # noqa: F401: first

import contextlib

import jax
import numpy as np
import optax
import torch


class TimesOldDistance:
    """Prodigy's epsilon: times d before the step, whatever d it is multiplied by."""

    def __init__(self, epsilon, distance):
        self.product = epsilon * distance

    def __rmul__(self, _distance):
        return self.product


def matrices(part):
    return part.reshape(-1, part.shape[-1]) if part.ndim > 2 else part


def transposed(part):
    """As PyTorch's layers have them: a row for each output."""
    return matrices(part).T


def rows(part):
    """Matrices only: vectors become matrices of one row."""
    return part.reshape(-1, part.shape[-1])


class TorchPeer:
    """build(parameters) -> an optimizer or a list of them, together over all parameters. before(optimizers, t) may
    change their settings in step t; clip(parameters) changes the gradients; after(peer) follows a step; observe(loss)
    is told what our side is told. `shape` gives each parameter the shape in which the peer sees it: `matrices`, unless
    told otherwise. evaluation(peer) -> the tensors that the peer would evaluate its model at."""

    def __init__(self, function, build, before=None, clip=None, after=None, observe=None, closure=False,
                 evaluation=None, shape=None, hessian=False):
        self.function = function
        self.shape = shape or matrices
        parts = function.parts(function.start)
        self.parameters = [torch.nn.Parameter(torch.tensor(self.shape(part).copy())) for part in parts]
        built = build(self.parameters)
        self.optimizers = built if isinstance(built, list) else [built]
        self.before, self.clip, self.after, self.observe = before, clip, after, observe
        self.closure, self.read_evaluation, self.hessian = closure, evaluation, hessian
        self.step_number = 0

    def step(self, probes):
        self.step_number += 1
        if self.before:
            self.before(self.optimizers, self.step_number)
        self._differentiate()
        if self.clip:
            self.clip(self.parameters)
        for optimizer in self.optimizers:
            if self.hessian:
                optimizer.step(hessian=self._diagonal(probes))
            elif self.closure:
                optimizer.step(self._differentiate)
            else:
                optimizer.step()
        if self.after:
            self.after(self)

    def _differentiate(self):
        value, gradient = self.function.gradient(self.theta, self.step_number)
        for parameter, part in zip(self.parameters, self.function.parts(gradient)):
            parameter.grad = torch.tensor(self.shape(part).copy())
        return torch.tensor(value)

    def _diagonal(self, probes):
        """z * (H z) of our probe, or None in steps in which ours did not ask."""
        if not probes:
            return None
        product = probes[0] * self.function.hessian_times(self.theta, probes[0], self.step_number)
        return [torch.tensor(self.shape(part).copy()) for part in self.function.parts(product)]

    @property
    def theta(self):
        return self._flat(self.parameters)

    @property
    def evaluation(self):
        return self._flat(self.read_evaluation(self)) if self.read_evaluation else self.theta

    def _flat(self, tensors):
        """The shapes are undone: a transposed matrix is transposed back."""
        arrays = []
        for tensor, shape in zip(tensors, self.function.shapes):
            array = tensor.detach().numpy()
            if self.shape is transposed and array.ndim == 2:
                array = array.T
            arrays.append(array.reshape(shape).ravel())
        return np.concatenate(arrays)


class OptaxPeer:
    """build(t, state) -> a GradientTransformation with the numbers of step t (traced); what its state is made of may
    not depend on t. `before(state, extra)` changes the state before a step, `first(state)` before the first; `patched`
    is a context for the update. With `hessian` the update is given our z * (H z) as `diagonal`."""

    def __init__(self, function, build, first=None, before=None, patched=contextlib.nullcontext, evaluation=None,
                 shape=None, hessian=False):
        self.function = function
        self.shape = shape or matrices
        self.read_evaluation, self.hessian = evaluation, hessian
        self.parameters = self._arrays(function.start)
        self.state = build(1.0, None).init(self.parameters)
        if first:
            self.state = first(self.state)
        self.step_number = 0

        @jax.jit
        def update(gradient, state, parameters, t, extra):
            state = before(state, extra) if before else state
            with patched():
                steps, state = build(t, state).update(gradient, state, parameters, **extra)
            return optax.apply_updates(parameters, steps), state

        self.update = update

    def step(self, probes):
        self.step_number += 1
        gradient = self.function.gradient(self.theta, self.step_number)[1]
        extra = {}
        if self.hessian:
            z = probes[0] if probes else np.zeros_like(gradient)
            extra["diagonal"] = self._arrays(z * self.function.hessian_times(self.theta, z, self.step_number))
        self.parameters, self.state = self.update(self._arrays(gradient), self.state, self.parameters,
                                                  float(self.step_number), extra)

    def _arrays(self, flat):
        return [jax.numpy.asarray(self.shape(part)) for part in self.function.parts(flat)]

    @property
    def theta(self):
        return np.concatenate([np.asarray(array).ravel() for array in self.parameters])

    @property
    def evaluation(self):
        if not self.read_evaluation:
            return self.theta
        return np.concatenate([np.asarray(array).ravel() for array in self.read_evaluation(self)])
