"""Optax."""
import contextlib
import functools
from unittest import mock

import jax
import jax.numpy as jnp
import optax
import optax.contrib
from optax._src import factorized
from optax.contrib import _muon as optax_muon

from row import Row
from theirs import OptaxPeer, TimesOldDistance


def optax_row(name, method, values, build, plain=None, difference="", peer=OptaxPeer, **more):
    """build(h, t) -> GradientTransformation; so `plain`, which is without the difference."""
    make = lambda built: lambda h, function: peer(function, lambda t, _state: built(h, t))
    return Row(f"{method}: optax.{name}", method, values, make(build), difference, make(plain) if plain else None,
               **more)


ADAM = {"learning_rate": 0.03, "beta1": 0.8, "beta2": 0.97, "epsilon": 1e-3}
RMSPROP = {"learning_rate": 0.01, "rho": 0.93, "epsilon": 1e-3}
EPSILON_INSIDE = "Keras and TensorFlow put epsilon inside the root, Optax unless told otherwise: eps_in_sqrt=False"


def rmsprop(h, _t, **more):
    return optax.rmsprop(h.learning_rate, decay=h.rho, eps=h.epsilon, eps_in_sqrt=False, **more)


def amsgrad(h, t):
    """Of the largest v, corrected: v^ = v / (1 - beta2^t) is switched off and its factor goes into the numbers."""
    root = jnp.sqrt(1 - h.beta2**t)
    return optax.chain(optax.scale_by_amsgrad(b1=h.beta1, b2=h.beta2, eps=h.epsilon * root, bias_correction_nu=False),
                       optax.scale_by_learning_rate(h.learning_rate * root))


def radam(h, t, epsilon=None):
    return optax.radam(h.learning_rate, h.beta1, h.beta2, h.epsilon if epsilon is None else epsilon, threshold=5)


def yogi(h, function, corrected=False, cleared=True):
    """Optax corrects both moments: m^ / (sqrt(v^) + eps) with these numbers is m / (sqrt(v) + epsilon). Its m starts at
    initial_accumulator, ours at 0."""

    def build(t, _state):
        first, root = 1 - h.beta1**t, jnp.sqrt(1 - h.beta2**t)
        if corrected:
            first = root = 1
        return optax.chain(optax.scale_by_yogi(h.beta1, h.beta2, h.epsilon / root,
                                               initial_accumulator_value=h.initial_accumulator),
                           optax.scale_by_learning_rate(h.learning_rate * first / root))

    clear = lambda state: (state[0]._replace(mu=jax.tree.map(jnp.zeros_like, state[0].mu)), *state[1:])
    return OptaxPeer(function, build, first=clear if cleared else None)


def adan(h, function, times_beta2=True, divides=True):
    """Optax multiplies the difference by 1 - b2 where ours has b2, and subtracts the decay."""

    def decay(updates, _state=None, parameters=None):
        factor = 1 + h.learning_rate * h.weight_decay
        return jax.tree.map(lambda u, p: (p + u) / factor - p, updates, parameters)

    def build(_t, _state):
        if not divides:
            return optax.adan(h.learning_rate, h.beta1, h.beta2, h.beta3, h.epsilon, eps_root=0,
                              weight_decay=h.weight_decay)
        return optax.chain(optax.adan(h.learning_rate, h.beta1, h.beta2, h.beta3, h.epsilon, eps_root=0),
                           optax.stateless(lambda updates, p: decay(updates, None, p)))

    add_scale = optax.tree.add_scale
    swapped = lambda: mock.patch.object(optax.tree, "add_scale", lambda a, scale, b: add_scale(a, 1 - scale, b))
    return OptaxPeer(function, build, patched=swapped if times_beta2 else contextlib.nullcontext)


def lars(h, _t, sum_of_norms=True):
    """Optax takes the norm of the sum g + weight_decay theta; the sum of the norms replaces that part."""

    def scaled(g, p):
        norms = jnp.linalg.norm(g) + h.weight_decay * jnp.linalg.norm(p)
        ratio = jnp.where(jnp.linalg.norm(p) == 0, 1, h.trust_coefficient * jnp.linalg.norm(p) / norms)
        return ratio * (g + h.weight_decay * p)

    if not sum_of_norms:
        return optax.lars(h.learning_rate, h.weight_decay, trust_coefficient=h.trust_coefficient, momentum=h.momentum)
    return optax.chain(optax.stateless_with_tree_map(scaled), optax.scale_by_learning_rate(h.learning_rate),
                       optax.trace(h.momentum))


def adafactor(h, _t, least=1):
    """Optax factors where both sides are at least 128: 1. Its decay 1 - t^-c is in float32: in float64."""
    precise = functools.partial(factorized.scale_by_factored_rms,
                                decay_rate_fn=lambda step, exponent: 1 - (step + 1.0) ** -exponent)
    with mock.patch.object(factorized, "scale_by_factored_rms", precise), \
            mock.patch.object(optax._src.transform, "scale_by_param_block_rms", functools.partial(
                optax.scale_by_param_block_rms, h.epsilon2)):
        return optax.adafactor(h.learning_rate, least, h.decay_exponent, clipping_threshold=h.clip_threshold,
                               eps=h.epsilon1, multiply_by_parameter_scale=bool(h.scale_parameter))


def schedule_free_sgd(h, t, lagging=False):
    if lagging:
        return optax.contrib.schedule_free_sgd(h.learning_rate, h.warmup_steps, h.momentum, h.weight_decay)
    rate = h.learning_rate * jnp.minimum(1, t / h.warmup_steps)
    return optax.contrib.schedule_free_sgd(rate, None, h.momentum, h.weight_decay)


def schedule_free_adamw(h, t, corrected=False):
    rate = h.learning_rate * jnp.minimum(1, t / h.warmup_steps)
    if corrected:
        return optax.contrib.schedule_free_adamw(rate, None, h.beta1, h.beta2, h.epsilon, h.weight_decay)
    rate = rate * jnp.sqrt(1 - h.beta2**t)
    base = optax.chain(optax.scale_by_rms(h.beta2, h.epsilon, eps_in_sqrt=False, bias_correction=False),
                       optax.add_decayed_weights(h.weight_decay), optax.scale_by_learning_rate(rate))
    return optax.contrib.schedule_free(base, rate, h.beta1)


class ScheduleFree(OptaxPeer):
    def __init__(self, function, build):
        super().__init__(function, build, evaluation=lambda peer: optax.contrib.schedule_free_eval_params(
            peer.state, peer.parameters))


def prodigy(h, function, corrected=False, new_distance=False):
    """Optax corrects the moments by a factor of the rate, and its epsilon is multiplied by the new d."""

    def build(t, state):
        correction = 1 if corrected else jnp.sqrt(1 - h.beta2**t) / (1 - h.beta1**t)
        epsilon = h.epsilon if new_distance or state is None else TimesOldDistance(h.epsilon, state.estim_lr)
        return optax.contrib.prodigy(h.learning_rate / correction, (h.beta1, h.beta2), eps=epsilon,
                                     estim_lr0=h.initial_distance, weight_decay=h.weight_decay)

    return OptaxPeer(function, build)


def ademamix(h, t, warm=True):
    """With warmup_steps, Optax's alpha and beta3 are the numbers of step t."""
    alpha, beta3 = h.alpha, h.beta3
    if warm:
        part, log1, log3 = t / h.warmup_steps, jnp.log(h.beta1), jnp.log(h.beta3)
        alpha = jnp.minimum(part, 1) * h.alpha
        beta3 = jnp.minimum(jnp.exp(log1 * log3 / ((1 - part) * log3 + part * log1)), h.beta3)
    return optax.contrib.ademamix(h.learning_rate, h.beta1, h.beta2, beta3, alpha, h.epsilon,
                                  weight_decay=h.weight_decay)


def muon(h, function, corrected=False):
    """Optax corrects the momentum for its start, and gives the other slices NAdam's step where it is nesterov."""
    matrix = lambda parameters: jax.tree.map(lambda p: "muon" if p.ndim == 2 else "adam", parameters)
    columns = lambda parameters: jax.tree.map(lambda _: optax.contrib.MuonDimensionNumbers(), parameters)

    def build(_t, _state):
        orthogonal = optax.chain(
            optax.contrib.scale_by_muon(ns_steps=h.newton_schulz_steps, beta=h.momentum, eps=1e-7,
                                        nesterov=bool(h.nesterov), weight_dimension_numbers=columns),
            optax_muon.scale_by_shape(columns), optax.add_decayed_weights(h.weight_decay),
            optax.scale_by_learning_rate(h.learning_rate))
        adamw = optax.adamw(h.adam_learning_rate, h.beta1, h.beta2, h.epsilon, weight_decay=h.weight_decay)
        return optax.partition({"muon": orthogonal, "adam": adamw}, matrix)

    real = optax.tree.bias_correction
    partly = lambda moment, decay, count: moment if decay == h.momentum else real(moment, decay, count)
    without = lambda: mock.patch.object(optax.tree, "bias_correction", partly)
    return OptaxPeer(function, build, patched=contextlib.nullcontext if corrected else without)


MUON = {"learning_rate": 0.02, "momentum": 0.9, "nesterov": 1, "newton_schulz_steps": 5, "weight_decay": 0.1,
        "adam_learning_rate": 0.01, "beta1": 0.8, "beta2": 0.93, "epsilon": 1e-3}


def sophia(h, function, corrected=False, late=False):
    """Optax corrects m for its start, and a step sees the h of the step before: here h has the estimate of the step."""

    def estimated(state, extra):
        is_due = state[0].count % h.update_interval == 0
        nu = jax.tree.map(lambda old, new: jnp.where(is_due, h.beta2 * old + (1 - h.beta2) * new, old), state[0].nu,
                          extra["diagonal"])
        return (state[0]._replace(nu=nu), *state[1:])

    def build(_t, state):
        def diagonal(_updates, state_of_none, params=None, diagonal=None):
            return (diagonal if late else state[0].nu), state_of_none

        given = optax.GradientTransformationExtraArgs(lambda _parameters: optax.EmptyState(), diagonal)
        return optax.contrib.sophia(h.learning_rate, h.beta1, h.beta2, h.epsilon, h.weight_decay, gamma=h.gamma,
                                    clip_threshold=h.clip, update_interval=h.update_interval, hessian_diagonal_fn=given)

    without = lambda: mock.patch.object(optax.tree, "bias_correction", lambda moment, _decay, _count: moment)
    return OptaxPeer(function, build, patched=contextlib.nullcontext if corrected else without, hessian=True,
                     before=None if late else estimated)


def adopt(h, _t):
    return optax.contrib.adopt(h.learning_rate, h.beta1, h.beta2, h.epsilon)


def rprop(h, _t, late=False):
    """Optax's update is the step of the call before; that of this call is in its new state."""
    whole = optax.rprop(h.learning_rate, h.decrease, h.increase, h.smallest_step, h.largest_step)

    def update(gradient, state, parameters=None):
        state = whole.update(gradient, state, parameters)[1]
        return jax.tree.map(jnp.negative, state[0].prev_updates), state

    return whole if late else optax.GradientTransformation(whole.init, update)


SOPHIA = {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.9, "gamma": 0.3, "epsilon": 1e-2, "clip": 0.8,
          "weight_decay": 0.1, "estimator": "hutchinson", "update_interval": 3}
SCHEDULE_FREE = {"learning_rate": 0.05, "beta1": 0.85, "beta2": 0.97, "epsilon": 1e-3, "weight_decay": 0.1,
                 "warmup_steps": 20}
LARS = {"learning_rate": 0.5, "momentum": 0.8, "trust_coefficient": 0.02}
ADAFACTOR = {"learning_rate": 0.05, "decay_exponent": 0.7, "epsilon1": 1e-3, "epsilon2": 0.3, "clip_threshold": 0.7}
PRODIGY = {"learning_rate": 0.8, "beta1": 0.8, "beta2": 0.97, "epsilon": 1e-2, "weight_decay": 0.1,
           "initial_distance": 1e-2}
ADAN = {"learning_rate": 0.03, "beta1": 0.9, "beta2": 0.8, "beta3": 0.95, "epsilon": 1e-3, "weight_decay": 0.1}

ROWS = [
    optax_row("sgd", "sgd", {"learning_rate": 0.05}, lambda h, t: optax.sgd(h.learning_rate)),
    optax_row("sgd(momentum)", "momentum", {"learning_rate": 0.02, "momentum": 0.85},
              lambda h, t: optax.sgd(h.learning_rate, h.momentum)),
    optax_row("sgd(nesterov)", "nesterov", {"learning_rate": 0.02, "momentum": 0.85},
              lambda h, t: optax.sgd(h.learning_rate, h.momentum, nesterov=True)),
    optax_row("adam", "adam", ADAM, lambda h, t: optax.adam(h.learning_rate, h.beta1, h.beta2, h.epsilon)),
    optax_row("adamw", "adamw", ADAM | {"weight_decay": 0.1},
              lambda h, t: optax.adamw(h.learning_rate, h.beta1, h.beta2, h.epsilon, weight_decay=h.weight_decay)),
    optax_row("contrib.adopt", "adopt", ADAM | {"epsilon": 0.3}, adopt),
    optax_row("amsgrad", "amsgrad", ADAM, amsgrad,
              lambda h, t: optax.amsgrad(h.learning_rate, h.beta1, h.beta2, h.epsilon),
              "Optax corrects v before it takes the maximum"),
    optax_row("rmsprop", "rmsprop", RMSPROP, rmsprop, lambda h, t: optax.rmsprop(h.learning_rate, h.rho, h.epsilon),
              EPSILON_INSIDE),
    optax_row("rmsprop(centered, momentum)", "rmsprop", RMSPROP | {"momentum": 0.8, "centered": 1},
              lambda h, t: rmsprop(h, t, centered=True, momentum=h.momentum), difference=EPSILON_INSIDE),
    optax_row("adagrad", "adagrad", {"learning_rate": 0.1, "epsilon": 1e-30, "initial_accumulator": 0.2},
              lambda h, t: optax.adagrad(h.learning_rate, h.initial_accumulator, 0),
              lambda h, t: optax.adagrad(h.learning_rate, h.initial_accumulator),
              "Optax adds epsilon inside the root: as good as none on both sides",
              unseen={"epsilon": "as good as none"}),
    optax_row("adadelta", "adadelta", {"learning_rate": 0.7, "rho": 0.93, "epsilon": 1e-3},
              lambda h, t: optax.adadelta(h.learning_rate, h.rho, h.epsilon)),
    optax_row("adamax", "adamax", ADAM, lambda h, t: optax.adamax(h.learning_rate, h.beta1, h.beta2, h.epsilon)),
    optax_row("nadam", "nadam", ADAM | {"momentum_decay": 1e6},
              lambda h, t: optax.nadam(h.learning_rate, h.beta1, h.beta2, h.epsilon),
              difference="Optax has no schedule of the momentum: momentum_decay is as good as infinite",
              unseen={"momentum_decay": "as good as infinite"}),
    optax_row("radam", "radam", ADAM, lambda h, t: radam(h, t, h.epsilon / jnp.sqrt(1 - h.beta2**t)), radam,
              "epsilon is added before the correction of v, Optax adds it after: divided by the correction"),
    optax_row("adabelief", "adabelief", ADAM,
              lambda h, t: optax.adabelief(h.learning_rate, h.beta1, h.beta2, h.epsilon, h.epsilon),
              lambda h, t: optax.adabelief(h.learning_rate, h.beta1, h.beta2, h.epsilon),
              "Optax has two epsilons: the same"),
    Row("yogi: optax.yogi", "yogi", ADAM | {"initial_accumulator": 0.05}, yogi,
        "Optax corrects both moments, and its m starts at initial_accumulator: undone", lambda h, f: yogi(h, f, True)),
    Row("yogi: optax.yogi, m at 0", "yogi", ADAM | {"initial_accumulator": 0.05}, yogi, "as above",
        lambda h, f: yogi(h, f, cleared=False), functions=("vector",)),
    Row("adan: optax.adan", "adan", ADAN, adan, "Optax multiplies the difference by 1 - b2: by b2; it subtracts the "
        "weight decay: divided by 1 + rate times it", lambda h, f: adan(h, f, times_beta2=False)),
    Row("adan: optax.adan, its decay", "adan", ADAN, adan, "as above", lambda h, f: adan(h, f, divides=False),
        functions=("vector",)),
    optax_row("lion", "lion", {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.2},
              lambda h, t: optax.lion(h.learning_rate, h.beta1, h.beta2, weight_decay=h.weight_decay)),
    optax_row("rprop", "rprop",
              {"learning_rate": 0.01, "increase": 1.3, "decrease": 0.6, "smallest_step": 2e-3, "largest_step": 0.05},
              rprop, lambda h, t: rprop(h, t, late=True), "Optax takes each step one call later: taken in its call"),
    optax_row("sign_sgd", "signsgd", {"learning_rate": 0.01}, lambda h, t: optax.sign_sgd(h.learning_rate)),
    optax_row("contrib.schedule_free_sgd", "schedule_free_sgd",
              {"learning_rate": 0.1, "momentum": 0.85, "weight_decay": 0.05, "warmup_steps": 20}, schedule_free_sgd,
              lambda h, t: schedule_free_sgd(h, t, lagging=True),
              "In Optax's warm-up z moves by the rate of the step before: of the step", peer=ScheduleFree),
    optax_row("contrib.schedule_free_adamw", "schedule_free_adamw", SCHEDULE_FREE, schedule_free_adamw,
              lambda h, t: schedule_free_adamw(h, t, corrected=True),
              "Optax corrects v instead of the rate: not, and sqrt(1 - beta2^t) is in the rate", peer=ScheduleFree),
    optax_row("contrib.ademamix", "ademamix",
              ADAM | {"beta3": 0.99, "alpha": 3.0, "weight_decay": 0.1, "warmup_steps": 60}, ademamix,
              lambda h, t: ademamix(h, t, warm=False),
              "Optax has schedules of alpha and beta3 in place of warmup_steps: with the numbers of the step"),
    optax_row("lamb", "lamb", ADAM | {"weight_decay": 0.1},
              lambda h, t: optax.lamb(h.learning_rate, h.beta1, h.beta2, h.epsilon, weight_decay=h.weight_decay)),
    optax_row("lars", "lars", LARS | {"weight_decay": 0.1}, lars,
              lambda h, t: lars(h, t, sum_of_norms=False), "Optax takes the norm of the sum: the sum of the norms"),
    optax_row("lars without decay", "lars", LARS,
              lambda h, t: optax.lars(h.learning_rate, trust_coefficient=h.trust_coefficient, momentum=h.momentum)),
    optax_row("adafactor", "adafactor", ADAFACTOR | {"scale_parameter": 1}, adafactor,
              difference="Optax factors if both sides are at least 128: 1"),
    optax_row("adafactor(no scale)", "adafactor", ADAFACTOR | {"scale_parameter": 0}, adafactor,
              lambda h, t: adafactor(h, t, least=128), functions=("network",),
              difference="Optax factors if both sides are at least 128: 1", unseen={"epsilon2": "has no meaning then"}),
    Row("muon: optax.contrib.muon(nesterov)", "muon", MUON, muon,
        "Optax corrects the momentum for its start: not; other slices look ahead: are AdamW's",
        lambda h, f: muon(h, f, corrected=True), functions=("network",)),
    Row("muon: optax.contrib.muon", "muon", MUON | {"nesterov": 0}, muon, "as above", functions=("network",)),
    Row("prodigy: optax.contrib.prodigy", "prodigy", PRODIGY, prodigy,
        "Optax corrects the moments: its rate is divided by that; its epsilon is multiplied by the new d: the old",
        lambda h, f: prodigy(h, f, corrected=True)),
    Row("prodigy: optax.contrib.prodigy, its epsilon", "prodigy", PRODIGY, prodigy, "as above",
        lambda h, f: prodigy(h, f, new_distance=True), functions=("vector",)),
    Row("sophia: optax.contrib.sophia", "sophia", SOPHIA, sophia,
        "Optax corrects m for its start: not; its h is that of the step before: of the step",
        lambda h, f: sophia(h, f, corrected=True)),
    Row("sophia: optax.contrib.sophia, its h", "sophia", SOPHIA, sophia, "as above",
        lambda h, f: sophia(h, f, late=True), functions=("vector",)),
]
