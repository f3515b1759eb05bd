"""Wrappers and schedules, around a method that the other tables hold to the peers."""
import math
from unittest import mock

import jax.numpy as jnp
import optax
import optax.contrib
import pytorch_optimizer
import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from row import Row
from theirs import OptaxPeer, TorchPeer

MOMENTUM = {"learning_rate": 0.02, "momentum": 0.85}


def momentum(h, parameters):
    return torch.optim.SGD(parameters, lr=h.learning_rate, momentum=h.momentum)


def wrapped(name, around, values, make, method="momentum", inner=MOMENTUM, **more):
    """`values` are those of the wrapper `around`; make(h, function) sees them and the method's."""
    return Row(f"{around}: {name}", method, inner, make, wrappers=[[around, values]], **more)


def clipped_by_norm(h, function, exactly=True):
    """PyTorch divides by |g| + 1e-6."""

    def clip(parameters):
        norm = math.sqrt(sum(float((p.grad**2).sum()) for p in parameters))
        corrected = exactly and norm > h.clip_norm
        torch.nn.utils.clip_grad_norm_(parameters, h.clip_norm * (1 + 1e-6 / norm if corrected else 1))

    return TorchPeer(function, lambda p: momentum(h, p), clip=clip)


def optax_momentum(h, first):
    return lambda _t, _state: optax.chain(first, optax.sgd(h.learning_rate, h.momentum))


def squared_norm(groups, weight_adaptive):
    """pytorch_optimizer's, which is in float32, in float64."""
    assert weight_adaptive
    group, = groups
    return sum(((p.abs() if group["adaptive"] else 1) * p.grad).square().sum() for p in group["params"])[None]


def sam(h, function, adaptive):
    def build(parameters):
        optimizer = pytorch_optimizer.SAM(
            parameters, torch.optim.SGD, rho=h.asam_radius if adaptive else h.sam_radius, adaptive=adaptive,
            perturb_eps=0.0, lr=h.learning_rate, momentum=h.momentum)
        step = optimizer.step

        def precise_step(closure):
            with mock.patch.object(pytorch_optimizer.optimizer.sam, "get_global_gradient_norm", squared_norm):
                step(closure)

        optimizer.step = precise_step
        return optimizer

    return TorchPeer(function, build, closure=True)


def lookahead(h, function):
    return TorchPeer(function, lambda p: pytorch_optimizer.Lookahead(momentum(h, p), k=h.lookahead_steps,
                                                                     alpha=h.lookahead_rate, pullback_momentum="none"))


def averaged(h, function, average, when):
    """An AveragedModel that is shown the parameters after the steps of `when`; until then they are evaluated."""
    models = []

    def after(peer):
        if when(peer.step_number):
            if not models:
                models.append(AveragedModel(torch.nn.ParameterList(peer.parameters), multi_avg_fn=average))
            models[0].update_parameters(torch.nn.ParameterList(peer.parameters))

    return TorchPeer(function, lambda p: momentum(h, p), after=after,
                     evaluation=lambda peer: list(models[0].parameters()) if models else peer.parameters)


WRAPPERS = [
    wrapped("torch.nn.utils.clip_grad_norm_", "clip_by_norm", {"clip_norm": 0.7}, clipped_by_norm,
            difference="PyTorch divides by |g| + 1e-6: by |g|",
            plain=lambda h, f: clipped_by_norm(h, f, exactly=False)),
    wrapped("optax.clip_by_global_norm", "clip_by_norm", {"clip_norm": 0.7},
            lambda h, f: OptaxPeer(f, optax_momentum(h, optax.clip_by_global_norm(h.clip_norm)))),
    wrapped("torch.nn.utils.clip_grad_value_", "clip_by_value", {"clip_value": 0.1},
            lambda h, f: TorchPeer(f, lambda p: momentum(h, p),
                                   clip=lambda p: torch.nn.utils.clip_grad_value_(p, h.clip_value))),
    wrapped("optax.clip", "clip_by_value", {"clip_value": 0.1},
            lambda h, f: OptaxPeer(f, optax_momentum(h, optax.clip(h.clip_value)))),
    wrapped("torch.optim.SGD(weight_decay)", "l2_penalty", {"l2": 0.1},
            lambda h, f: TorchPeer(f, lambda p: torch.optim.SGD(p, h.learning_rate, h.momentum, weight_decay=h.l2))),
    wrapped("torch.optim.AdamW", "decoupled_weight_decay", {"decoupled_weight_decay": 0.1},
            lambda h, f: TorchPeer(f, lambda p: torch.optim.AdamW(p, h.learning_rate,
                                                                  weight_decay=h.decoupled_weight_decay)),
            method="adam", inner={"learning_rate": 0.02}),
    wrapped("pytorch_optimizer.SAM", "sam", {"sam_radius": 0.1}, lambda h, f: sam(h, f, False),
            difference="It adds 1e-12 to |g|, which is in float32: nothing, in float64"),
    wrapped("pytorch_optimizer.SAM(adaptive)", "asam", {"asam_radius": 0.3, "asam_eta": 0.0},
            lambda h, f: sam(h, f, True), difference="It has no eta: 0"),
    wrapped("pytorch_optimizer.Lion(cautious=True)", "cautious", {"cautious_extra": 1.0},
            lambda h, f: TorchPeer(f, lambda p: pytorch_optimizer.Lion(p, lr=h.learning_rate, betas=(h.beta1, h.beta2),
                                                                       cautious=True)),
            method="lion", inner={"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.97}),
    wrapped("pytorch_optimizer.Lookahead", "lookahead", {"lookahead_steps": 4, "lookahead_rate": 0.6}, lookahead),
    wrapped("torch.optim.swa_utils.AveragedModel(ema)", "ema", {"ema_decay": 0.9},
            lambda h, f: averaged(h, f, get_ema_multi_avg_fn(h.ema_decay), lambda t: True)),
    wrapped("torch.optim.swa_utils.AveragedModel", "swa", {"swa_start": 10, "swa_every": 3},
            lambda h, f: averaged(h, f, None, lambda t: t > h.swa_start and (t - h.swa_start) % h.swa_every == 0)),
    wrapped("optax.MultiSteps", "gradient_accumulation", {"accumulation_steps": 4},
            lambda h, f: OptaxPeer(f, lambda _t, _state: optax.MultiSteps(
                optax.sgd(h.learning_rate, h.momentum), h.accumulation_steps, accumulator_dtype=jnp.float64))),
]

RATE = 0.1


def scheduled(name, schedule, values, rate_of, **more):
    """rate_of(h)(t) is the peer's rate in step t = 0, 1, ...; both sides descend by theirs. h has the schedule's
    numbers."""

    def make(rates_of):
        def peer(h, function):
            rates = rates_of(h)

            def before(optimizers, t):
                optimizers[0].param_groups[0]["lr"] = float(rates(t - 1))

            return TorchPeer(function, lambda p: torch.optim.SGD(p, lr=RATE), before=before)

        return peer

    if "plain" in more:
        more["plain"] = make(more["plain"])
    return Row(f"{schedule} schedule: {name}", "sgd", {"learning_rate": RATE}, make(rate_of), functions=("vector",),
               schedules=[["learning_rate", schedule, values]], **more)


def torch_rates(build):
    """build(h, optimizer) -> a scheduler of PyTorch's kind, which is asked for one rate after the other."""

    def of(h):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
        scheduler = build(h, optimizer)

        def rates(t):
            if t:
                optimizer.step()
                scheduler.step()
            return optimizer.param_groups[0]["lr"]

        return rates

    return of


def plateau(h, function):
    schedulers = []

    def build(parameters):
        optimizer = torch.optim.SGD(parameters, lr=RATE)
        schedulers.append(lr_scheduler.ReduceLROnPlateau(optimizer, factor=h.factor, patience=h.patience,
                                                         threshold=h.threshold, min_lr=RATE * h.smallest_factor, eps=0))
        return optimizer

    return TorchPeer(function, build, observe=lambda loss: schedulers[0].step(loss))


def one_cycle(h, optimizer, shifted=True):
    """PyTorch's peak is at pct_start total_steps - 1, ours at rise (steps - 1)."""
    rise = (h.rise * (h.steps - 1) + 1) / h.steps if shifted else h.rise
    return lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=h.steps, pct_start=rise, cycle_momentum=False,
                                   div_factor=1 / h.start_factor, final_div_factor=h.start_factor / h.final_factor)


def warm(h, lead=1):
    """Ours begins with base / warmup_steps, Optax's with its first value, 0."""
    return optax.warmup_constant_schedule(RATE * lead / h.warmup_steps, RATE, h.warmup_steps - lead)


def cosine_cycles(h):
    return optax.sgdr_schedule([{"init_value": RATE, "peak_value": RATE, "warmup_steps": 0, "decay_steps": h.steps,
                                 "end_value": RATE * h.final_factor}] * 5)


SCHEDULES = [
    scheduled("torch StepLR", "step", {"every": 30, "factor": 0.4},
              torch_rates(lambda h, o: lr_scheduler.StepLR(o, h.every, h.factor))),
    scheduled("torch ExponentialLR", "exponential", {"factor": 0.98},
              torch_rates(lambda h, o: lr_scheduler.ExponentialLR(o, h.factor))),
    scheduled("torch PolynomialLR", "polynomial", {"steps": 80, "power": 1.5, "final_factor": 0.0},
              torch_rates(lambda h, o: lr_scheduler.PolynomialLR(o, h.steps, h.power))),
    scheduled("optax.polynomial_schedule", "polynomial", {"steps": 80, "power": 1.5, "final_factor": 0.1},
              lambda h: optax.polynomial_schedule(RATE, RATE * h.final_factor, h.power, h.steps)),
    scheduled("torch CosineAnnealingLR", "cosine", {"steps": 100, "final_factor": 0.1},
              torch_rates(lambda h, o: lr_scheduler.CosineAnnealingLR(o, h.steps, RATE * h.final_factor))),
    scheduled("optax.cosine_decay_schedule", "cosine", {"steps": 80, "final_factor": 0.1},
              lambda h: optax.cosine_decay_schedule(RATE, h.steps, h.final_factor)),
    scheduled("torch CosineAnnealingWarmRestarts", "cosine",
              {"steps": 10, "final_factor": 0.1, "restarts": 1, "cycle_growth": 2.0},
              torch_rates(lambda h, o: lr_scheduler.CosineAnnealingWarmRestarts(o, h.steps, int(h.cycle_growth),
                                                                                RATE * h.final_factor))),
    scheduled("optax.sgdr_schedule", "cosine", {"steps": 20, "final_factor": 0.1, "restarts": 1}, cosine_cycles),
    scheduled("torch OneCycleLR", "one_cycle", {"steps": 100, "rise": 0.3, "start_factor": 0.05, "final_factor": 1e-3},
              torch_rates(one_cycle), difference="PyTorch's peak is at pct_start total_steps - 1: at rise (steps - 1)",
              plain=torch_rates(lambda h, o: one_cycle(h, o, shifted=False))),
    scheduled("pytorch_optimizer.get_wsd_schedule", "warmup_stable_decay",
              {"steps": 90, "decay_steps": 40, "final_factor": 0.0},
              torch_rates(lambda h, o: pytorch_optimizer.get_wsd_schedule(o, 0, h.steps - h.decay_steps, h.decay_steps,
                                                                          cooldown_type="linear"))),
    scheduled("optax.warmup_constant_schedule", "constant", {"warmup_steps": 40}, warm,
              difference="Optax begins with 0 and has base a step later", plain=lambda h: warm(h, lead=0)),
    Row("plateau schedule: torch ReduceLROnPlateau", "sgd", {"learning_rate": RATE}, plateau, functions=("vector",),
        schedules=[["learning_rate", "plateau",
                    {"factor": 0.5, "patience": 2, "threshold": 0.01, "smallest_factor": 0.1}]],
        observed=lambda t: 0.996672**t),  # falls by 0.995 % in three steps, a little less than the threshold
]

ROWS = WRAPPERS + SCHEDULES
