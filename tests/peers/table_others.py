"""The authors' packages schedulefree and prodigyopt, and pytorch_optimizer."""
import math
from unittest import mock

import prodigyopt
import pytorch_optimizer
import schedulefree
import torch

from row import Row
from theirs import TimesOldDistance, TorchPeer, rows


def other_row(name, method, values, build, **more):
    """build(h, parameters) -> optimizer of pytorch_optimizer"""
    return Row(f"{method}: pytorch_optimizer.{name}", method, values,
               lambda h, function: TorchPeer(function, lambda parameters: build(h, parameters)), **more)


def betas(h):
    return h.beta1, h.beta2


def first_group(optimizers):
    return optimizers[0].param_groups[0]


def averages(decay):
    """x = (y - (1 - decay) z) / decay of schedulefree, as its change of mode makes it."""

    def read(peer):
        optimizer = peer.optimizers[0]
        optimizer.eval()
        x = [p.detach().clone() for p in peer.parameters]
        optimizer.train()
        return x

    return read


def schedule_free_sgd(h, function, largest=False):
    """Their weights keep the largest rate so far: that of the step. The rate falls by 0.97 a step, as ours does."""

    def before(optimizers, t):
        group = first_group(optimizers)
        group["lr"] = h.learning_rate * 0.97 ** (t - 1)
        if not largest:
            group["lr_max"] = -1

    def build(parameters):
        optimizer = schedulefree.SGDScheduleFree(parameters, lr=h.learning_rate, momentum=h.momentum,
                                                 weight_decay=h.weight_decay, warmup_steps=h.warmup_steps)
        optimizer.train()
        return optimizer

    return TorchPeer(function, build, before=before, evaluation=averages(h.momentum))


def schedule_free_adamw(h, function, corrected=False):
    """Theirs corrects v by 1 - beta2^t before the root: not, and its root is in the rate."""

    def before(optimizers, t):
        if not corrected:
            first_group(optimizers)["lr"] = h.learning_rate * math.sqrt(1 - h.beta2**t)

    def build(parameters):
        optimizer = schedulefree.AdamWScheduleFree(parameters, lr=h.learning_rate, betas=betas(h), eps=h.epsilon,
                                                   weight_decay=h.weight_decay, warmup_steps=h.warmup_steps)
        optimizer.train()
        step = optimizer.step

        def uncorrected_step():
            with mock.patch.object(torch, "_foreach_div", lambda tensors, _by: [x.clone() for x in tensors]):
                step()

        if not corrected:
            optimizer.step = uncorrected_step
        return optimizer

    return TorchPeer(function, build, before=before, evaluation=averages(h.beta1))


def prodigy(h, function, new_distance=False, **more):
    """The authors' epsilon is multiplied by the new d."""

    def before(optimizers, _t):
        group = first_group(optimizers)
        if not new_distance:
            group["eps"] = TimesOldDistance(h.epsilon, group["d"])

    build = lambda parameters: prodigyopt.Prodigy(parameters, lr=h.learning_rate, betas=betas(h), eps=h.epsilon,
                                                  weight_decay=h.weight_decay, d0=h.initial_distance, **more)
    with mock.patch("builtins.print"):
        return TorchPeer(function, build, before=before)


def shampoo(h, function, vectors=True):
    """Vectors have a full matrix L^(-1/2) there: they get our diagonal, which is Adagrad's."""

    def build(parameters):
        options = {"lr": h.learning_rate, "matrix_eps": h.epsilon, "preconditioning_compute_steps": 1}
        matrices = [p for p in parameters if p.ndim >= 2]
        others = [p for p in parameters if p.ndim < 2]
        if not vectors:
            return pytorch_optimizer.Shampoo(parameters, **options)
        return [pytorch_optimizer.Shampoo(matrices, **options),
                torch.optim.Adagrad(others, lr=h.learning_rate, initial_accumulator_value=h.epsilon, eps=0)]

    return TorchPeer(function, build)


def soap(h, function, precise=True):
    """Rows become orthonormal in float32 there: in float64."""

    def build(parameters):
        optimizer = pytorch_optimizer.SOAP(parameters, lr=h.learning_rate, betas=betas(h), eps=h.epsilon,
                                           weight_decay=h.weight_decay, precondition_frequency=h.update_interval,
                                           max_precondition_dim=h.max_dimension)
        step = optimizer.step

        def precise_step():
            with mock.patch.object(torch, "float32", torch.float64):
                step()

        if precise:
            optimizer.step = precise_step
        return optimizer

    return TorchPeer(function, build)


def lars(h, function, shape=rows):
    """Vectors are left out there: they are matrices of one row."""
    return TorchPeer(function, lambda p: pytorch_optimizer.LARS(
        p, lr=h.learning_rate, momentum=h.momentum, trust_coefficient=h.trust_coefficient, weight_decay=h.weight_decay),
        shape=shape)


def sophia(h, function):
    """SophiaH has no gamma: m / max(gamma h, epsilon) is m / max(h, epsilon / gamma) / gamma."""
    return TorchPeer(function, lambda p: pytorch_optimizer.SophiaH(
        p, lr=h.learning_rate / h.gamma, betas=betas(h), eps=h.epsilon / h.gamma, p=h.clip * h.gamma,
        weight_decay=h.weight_decay * h.gamma, update_period=10**9), hessian=True)


def adahessian(h, function):
    return TorchPeer(function, lambda p: pytorch_optimizer.AdaHessian(
        p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon, hessian_power=h.hessian_power,
        weight_decay=h.weight_decay, update_period=10**9), hessian=True)


ADAM = {"learning_rate": 0.03, "beta1": 0.8, "beta2": 0.97, "epsilon": 1e-3}
PRODIGY = {"learning_rate": 0.8, "beta1": 0.8, "beta2": 0.97, "epsilon": 1e-2, "weight_decay": 0.1,
           "initial_distance": 1e-2}
ADAHESSIAN = {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.97, "epsilon": 1e-2, "hessian_power": 0.8,
              "weight_decay": 0.1, "update_interval": 1}
SOAP = ADAM | {"weight_decay": 0.1, "update_interval": 7, "max_dimension": 100}
SOPHIA = {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.9, "gamma": 0.3, "epsilon": 1e-2, "clip": 0.8,
          "weight_decay": 0.1, "estimator": "hutchinson", "update_interval": 1}
SCHEDULE_FREE = {"learning_rate": 0.05, "beta1": 0.85, "beta2": 0.97, "epsilon": 1e-3, "weight_decay": 0.1,
                 "warmup_steps": 20}
ROWS = [
    Row("schedule_free_sgd: schedulefree.SGDScheduleFree", "schedule_free_sgd",
        {"learning_rate": 0.1, "momentum": 0.85, "weight_decay": 0.05, "warmup_steps": 5}, schedule_free_sgd,
        "The authors' code keeps the largest rate so far for the weight: that of the step",
        lambda h, f: schedule_free_sgd(h, f, largest=True),
        schedules=[["learning_rate", "exponential", {"factor": 0.97}]]),
    Row("schedule_free_adamw: schedulefree.AdamWScheduleFree", "schedule_free_adamw", SCHEDULE_FREE,
        schedule_free_adamw,
        "The authors' code corrects v instead of the rate: not, and sqrt(1 - beta2^t) is in the rate",
        lambda h, f: schedule_free_adamw(h, f, corrected=True)),
    Row("prodigy: prodigyopt.Prodigy", "prodigy", PRODIGY, prodigy,
        "The authors' epsilon is multiplied by the new d: the old",
        lambda h, f: prodigy(h, f, new_distance=True)),
    Row("prodigy: prodigyopt.Prodigy, correction", "prodigy", PRODIGY, prodigy,
        "The authors' code can correct the moments: not",
        lambda h, f: prodigy(h, f, use_bias_correction=True), functions=("vector",)),
    other_row("Adan", "adan", {"learning_rate": 0.03, "beta1": 0.9, "beta2": 0.8, "beta3": 0.95, "epsilon": 1e-3,
                               "weight_decay": 0.1},
              lambda h, p: pytorch_optimizer.Adan(p, lr=h.learning_rate, betas=(*betas(h), h.beta3), eps=h.epsilon,
                                                  weight_decay=h.weight_decay)),
    other_row("Lion", "lion", {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.2},
              lambda h, p: pytorch_optimizer.Lion(p, lr=h.learning_rate, betas=betas(h), weight_decay=h.weight_decay)),
    other_row("SignSGD", "signsgd", {"learning_rate": 0.01},
              lambda h, p: pytorch_optimizer.SignSGD(p, lr=h.learning_rate, momentum=0)),
    other_row("AdaBelief", "adabelief", ADAM,
              lambda h, p: pytorch_optimizer.AdaBelief(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon,
                                                       rectify=False)),
    other_row("ADOPT", "adopt", ADAM | {"epsilon": 0.3},
              lambda h, p: pytorch_optimizer.ADOPT(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon,
                                                   clip_lambda=lambda step: (step - 1) ** 0.25),
              difference="pytorch_optimizer clips by the number of the call: one less"),
    other_row("DAdaptAdam", "dadapt_adam", ADAM | {"learning_rate": 0.8, "weight_decay": 0.1, "initial_distance": 1e-2},
              lambda h, p: pytorch_optimizer.DAdaptAdam(p, lr=h.learning_rate, betas=betas(h), eps=h.epsilon,
                                                        d0=h.initial_distance, weight_decay=h.weight_decay,
                                                        weight_decouple=True)),
    other_row("AdEMAMix", "ademamix", ADAM | {"beta3": 0.99, "alpha": 3.0, "weight_decay": 0.1, "warmup_steps": 60},
              lambda h, p: pytorch_optimizer.AdEMAMix(p, lr=h.learning_rate, betas=(*betas(h), h.beta3), alpha=h.alpha,
                                                      eps=h.epsilon, weight_decay=h.weight_decay, weight_decouple=True,
                                                      t_alpha_beta3=h.warmup_steps)),
    Row("lars: pytorch_optimizer.LARS", "lars",
        {"learning_rate": 0.5, "momentum": 0.8, "trust_coefficient": 0.02, "weight_decay": 0.1}, lars,
        "Some implementations leave biases out: they are matrices of one row", lambda h, f: lars(h, f, shape=None)),
    Row("shampoo: pytorch_optimizer.Shampoo", "shampoo",
        {"learning_rate": 0.3, "epsilon": 1e-2, "momentum": 0.0, "update_interval": 1, "max_dimension": 100}, shampoo,
        "Vectors have a full matrix there: our diagonal, as Adagrad's", lambda h, f: shampoo(h, f, vectors=False),
        functions=("network",), unseen={"max_dimension": "no side is longer"}),
    Row("soap: pytorch_optimizer.SOAP", "soap", SOAP, soap,
        "Rows become orthonormal in float32 there: in float64", lambda h, f: soap(h, f, precise=False),
        functions=("square_network", "vector"), unseen={"max_dimension": "no side is longer"}),
    Row("soap: pytorch_optimizer.SOAP, one side", "soap", SOAP | {"max_dimension": 3}, soap,
        functions=("network",)),
    Row("sophia: pytorch_optimizer.SophiaH", "sophia", SOPHIA, sophia, "SophiaH has no gamma: in the other numbers"),
    Row("adahessian: pytorch_optimizer.AdaHessian", "adahessian", ADAHESSIAN, adahessian),
]
