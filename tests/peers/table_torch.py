"""PyTorch's own optimizers."""
import contextlib
import math
from unittest import mock

import torch

from functions import ALL
from row import Row
from theirs import TorchPeer, transposed

optim = torch.optim


def torch_row(name, method, values, build, **more):
    """build(h, parameters) -> optimizer"""
    return Row(f"{method}: torch.optim.{name}", method, values,
               lambda h, function: TorchPeer(function, lambda parameters: build(h, parameters)), **more)


def betas(h):
    return h.beta1, h.beta2


ADAM = {"learning_rate": 0.03, "beta1": 0.8, "beta2": 0.97, "epsilon": 1e-3}
ADAMW = ADAM | {"weight_decay": 0.1}
RMSPROP = {"learning_rate": 0.01, "rho": 0.93, "epsilon": 1e-3}


def in_full_precision(build):
    """The constructor's optimizer with Newton-Schulz steps in float64 instead of bfloat16, and |U| + eps instead of
    max(|U|, eps)."""

    def made(parameters):
        optimizer = build(parameters)
        step = optimizer.step

        def full_precision_step(*arguments):
            with contextlib.ExitStack() as stack:
                stack.enter_context(mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone))
                stack.enter_context(mock.patch.object(torch.Tensor, "clamp", lambda self, min: self + min))
                return step(*arguments)

        optimizer.step = full_precision_step
        return optimizer

    return made


def muon(h, function, exactly, shape=transposed):
    def build(parameters):
        matrices = [p for p in parameters if p.ndim == 2]
        others = [p for p in parameters if p.ndim < 2]
        make = lambda chosen: optim.Muon(chosen, lr=h.learning_rate, momentum=h.momentum, nesterov=bool(h.nesterov),
                                         weight_decay=h.weight_decay, ns_steps=h.newton_schulz_steps)
        return [(in_full_precision(make) if exactly else make)(matrices),
                optim.AdamW(others, lr=h.adam_learning_rate, betas=betas(h), eps=h.epsilon,
                            weight_decay=h.weight_decay)]

    return TorchPeer(function, build, shape=shape)


MUON = {"learning_rate": 0.02, "momentum": 0.9, "nesterov": 1, "newton_schulz_steps": 5, "weight_decay": 0.1,
        "adam_learning_rate": 0.01, "beta1": 0.8, "beta2": 0.93, "epsilon": 1e-3}
MUON_DIFFERENCE = ("Columns are a layer's outputs here, rows in PyTorch's layers: it gets transposes; its products are "
                   "in bfloat16: in float64; it divides by max(|U|, 1e-7): by |U| + 1e-7")


def adafactor(h, function, bounded):
    """Without PyTorch's bound 1/sqrt(t) on the rate: the rate relative to the bound, times the bound by hand."""

    def before(optimizers, t):
        group = optimizers[0].param_groups[0]
        group["lr"] = h.learning_rate
        # alpha = max(eps2, RMS) min(lr, 1/sqrt(t)), and alpha is our rate times max(eps2, RMS).
        scale = 1 if bounded else h.learning_rate / min(h.learning_rate, 1 / math.sqrt(t))
        before.scale = scale

    def build(parameters):
        optimizer = optim.Adafactor(parameters, lr=h.learning_rate, beta2_decay=-h.decay_exponent,
                                    eps=(1e-100, h.epsilon2), d=h.clip_threshold, weight_decay=0)
        step = optimizer.step

        def scaled_step():
            kept = [p.detach().clone() for p in parameters]
            step()
            for p, old in zip(parameters, kept):
                p.data = old + before.scale * (p.data - old)

        optimizer.step = scaled_step
        return optimizer

    return TorchPeer(function, build, before=before)


def asgd(h, function, t0, **more):
    return TorchPeer(function, lambda p: optim.ASGD(p, lr=h.learning_rate, t0=t0, **more),
                     evaluation=lambda peer: [peer.optimizers[0].state[p]["ax"] for p in peer.parameters])


def lbfgs(h, function):
    """Without search, one iteration a call."""
    return TorchPeer(function, lambda p: optim.LBFGS(p, lr=h.learning_rate, max_iter=1, history_size=h.history,
                                                     tolerance_grad=0, tolerance_change=0), closure=True)


def lbfgs_row(name):
    """Our first_step is a length; PyTorch's first step is learning_rate min(1, 1/|g|_1) g."""
    function, rate = ALL[name], 0.05
    gradient = function.gradient(function.start, 1)[1]
    length = rate * min(1, 1 / abs(gradient).sum()) * math.sqrt(gradient @ gradient)
    return Row("lbfgs: torch.optim.LBFGS without search", "lbfgs",
               {"line_search": "none", "history": 5, "learning_rate": rate, "first_step": length}, lbfgs,
               functions=(name,))


ROWS = [
    torch_row("SGD", "gradient_descent", {"learning_rate": 0.05}, lambda h, p: optim.SGD(p, lr=h.learning_rate)),
    torch_row("SGD", "sgd", {"learning_rate": 0.05}, lambda h, p: optim.SGD(p, lr=h.learning_rate)),
    torch_row("SGD(momentum)", "momentum", {"learning_rate": 0.02, "momentum": 0.85},
              lambda h, p: optim.SGD(p, lr=h.learning_rate, momentum=h.momentum)),
    torch_row("SGD(nesterov)", "nesterov", {"learning_rate": 0.02, "momentum": 0.85},
              lambda h, p: optim.SGD(p, lr=h.learning_rate, momentum=h.momentum, nesterov=True)),
    torch_row("Adam", "adam", ADAM, lambda h, p: optim.Adam(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon)),
    torch_row("Adam(amsgrad)", "adam", ADAM | {"amsgrad": 1},
              lambda h, p: optim.Adam(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon, amsgrad=True)),
    torch_row("RMSprop", "adam", ADAM | {"beta1": 0.0, "bias_correction": 0},
              lambda h, p: optim.RMSprop(p, lr=h.learning_rate, alpha=h.beta2, eps=h.epsilon)),
    torch_row("Adam(amsgrad)", "amsgrad", ADAM,
              lambda h, p: optim.Adam(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon, amsgrad=True)),
    torch_row("AdamW", "adamw", ADAMW, lambda h, p: optim.AdamW(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon,
                                                                weight_decay=h.weight_decay)),
    torch_row("AdamW(amsgrad)", "adamw", ADAMW | {"amsgrad": 1},
              lambda h, p: optim.AdamW(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon, amsgrad=True,
                                       weight_decay=h.weight_decay)),
    torch_row("RMSprop", "rmsprop", RMSPROP,
              lambda h, p: optim.RMSprop(p, lr=h.learning_rate, alpha=h.rho, eps=h.epsilon)),
    torch_row("RMSprop(centered)", "rmsprop", RMSPROP | {"centered": 1},
              lambda h, p: optim.RMSprop(p, lr=h.learning_rate, alpha=h.rho, eps=h.epsilon, centered=True)),
    torch_row("RMSprop(momentum)", "rmsprop", RMSPROP | {"momentum": 0.8},
              lambda h, p: optim.RMSprop(p, lr=h.learning_rate, alpha=h.rho, eps=h.epsilon, momentum=h.momentum)),
    torch_row("RMSprop(centered, momentum)", "rmsprop", RMSPROP | {"momentum": 0.8, "centered": 1},
              lambda h, p: optim.RMSprop(p, lr=h.learning_rate, alpha=h.rho, eps=h.epsilon, momentum=h.momentum,
                                         centered=True)),
    torch_row("Adagrad", "adagrad", {"learning_rate": 0.1, "epsilon": 1e-3, "initial_accumulator": 0.2},
              lambda h, p: optim.Adagrad(p, lr=h.learning_rate, eps=h.epsilon,
                                         initial_accumulator_value=h.initial_accumulator)),
    torch_row("Adadelta", "adadelta", {"learning_rate": 0.7, "rho": 0.93, "epsilon": 1e-3},
              lambda h, p: optim.Adadelta(p, lr=h.learning_rate, rho=h.rho, eps=h.epsilon)),
    torch_row("Adamax", "adamax", ADAM,
              lambda h, p: optim.Adamax(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon)),
    torch_row("NAdam", "nadam", ADAM | {"momentum_decay": 0.02},
              lambda h, p: optim.NAdam(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon,
                                       momentum_decay=h.momentum_decay)),
    torch_row("RAdam", "radam", ADAM, lambda h, p: optim.RAdam(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon)),
    torch_row("Rprop", "rprop",
              {"learning_rate": 0.01, "increase": 1.3, "decrease": 0.6, "smallest_step": 2e-3, "largest_step": 0.05},
              lambda h, p: optim.Rprop(p, lr=h.learning_rate, etas=(h.decrease, h.increase),
                                       step_sizes=(h.smallest_step, h.largest_step))),
    Row("asgd: torch.optim.ASGD", "asgd", {"learning_rate": 0.02, "average_start": 10},
        lambda h, function: asgd(h, function, h.average_start - 1, lambd=0, alpha=0),
        "PyTorch's ASGD also lets the rate fall with time and decays theta: lambd and alpha are 0; its t0 is "
        "average_start - 1",
        lambda h, function: asgd(h, function, h.average_start - 1, lambd=1e-2, alpha=0.75)),
    Row("adafactor: torch.optim.Adafactor", "adafactor",
        {"learning_rate": 0.2, "decay_exponent": 0.7, "epsilon2": 0.3, "clip_threshold": 1.1, "epsilon1": 1e-30},
        lambda h, function: adafactor(h, function, bounded=False),
        "PyTorch bounds the rate by 1/sqrt(t): undone; its epsilon1 is the least sqrt(V): as good as none on both "
        "sides",
        lambda h, function: adafactor(h, function, bounded=True), unseen={"epsilon1": "as good as none"}),
    Row("muon: torch.optim.Muon(nesterov)", "muon", MUON, lambda h, function: muon(h, function, True), MUON_DIFFERENCE,
        lambda h, function: muon(h, function, False), functions=("network",)),
    Row("muon: torch.optim.Muon", "muon", MUON | {"nesterov": 0}, lambda h, function: muon(h, function, True),
        MUON_DIFFERENCE, lambda h, function: muon(h, function, True, None), functions=("network",)),
    lbfgs_row("fixed_vector"),
    lbfgs_row("fixed_network"),
]
