"""JAX and Optax in the rows of tools/bench: usage jax_optax.py jit|scan [Google Benchmark's options].

jit calls the compiled step from Python; scan compiles the loop over the steps too, each with a batch of its own."""
import functools
import math
import os
import sys

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false " + os.environ.get("XLA_FLAGS", "")

import jax
import jax.numpy as jnp
import optax

import rows

HOW = sys.argv.pop(1)
STEPS = 100  # in a call: what is waited for is the last of them
KEY = jax.random.key(0)


def dense(inputs, outputs):
    limit = math.sqrt(6 / (inputs + outputs))
    return {"w": jax.random.uniform(KEY, (inputs, outputs), minval=-limit, maxval=limit), "b": jnp.zeros(outputs)}


def uniform(*shape):
    return jax.random.uniform(KEY, shape)


def labels(classes, *shape):
    return jax.random.randint(KEY, shape, 0, classes)


def affine(x, layer):
    return x @ layer["w"] + layer["b"]


def cross_entropy(outputs, targets):
    return optax.softmax_cross_entropy_with_integer_labels(outputs, targets).mean()


def perceptron(sizes):
    return [dense(*pair) for pair in zip(sizes, sizes[1:])]


def classifier_loss(p, x, y):
    return cross_entropy(affine(jax.nn.relu(affine(x, p[0])), p[1]), y)


def regressor_loss(p, x, y):
    return jnp.mean((affine(jnp.tanh(affine(x, p[0])), p[1]) - y) ** 2)


def autoencoder_loss(p, x, y):
    for layer in p:
        x = affine(x, layer)
        if layer["b"].size != 30:
            x = jax.nn.sigmoid(x)
    return jnp.mean((x - y) ** 2)


def convolution(x, filters, bias):
    return jax.lax.conv_general_dilated(x, filters, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias


def maximum(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def convolutional_loss(p, x, y):
    for filters, bias in p["convolutions"]:
        x = jax.nn.relu(maximum(convolution(x, filters, bias)))
    x = x.reshape(x.shape[0], -1)
    return cross_entropy(affine(jax.nn.relu(affine(x, p["hidden"])), p["output"]), y)


def lstm_loss(p, x, y):
    def cell(carried, projected):
        hidden, state = carried
        i, f, g, o = jnp.split(projected + hidden @ p["w"], 4, -1)
        state = jax.nn.sigmoid(f) * state + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(state), state), None

    zero = jnp.zeros((x.shape[1], y.shape[1]))
    (hidden, _), _ = jax.lax.scan(cell, (zero, zero), affine(x, p["inputs"]))
    return jnp.mean((hidden - y) ** 2)


def normalised(x, layer):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-5) * layer["w"] + layer["b"]


def transformer_loss(p, x, y):
    h = p["embedding"][x] + p["positions"]
    mask = jnp.triu(jnp.full((64, 64), -1e9), 1)
    for block in p["blocks"]:
        batch, tokens, width = h.shape
        projected = affine(normalised(h, block["before_attention"]), block["projections"])
        q, k, v = projected.reshape(batch, tokens, 3, 4, width // 4).transpose(2, 0, 3, 1, 4)
        weights = jax.nn.softmax(q @ k.swapaxes(-1, -2) / math.sqrt(width // 4) + mask, -1)
        h = h + affine((weights @ v).swapaxes(1, 2).reshape(batch, tokens, width), block["output"])
        hidden = jax.nn.gelu(affine(normalised(h, block["before_hidden"]), block["up"]), approximate=False)
        h = h + affine(hidden, block["down"])
    return cross_entropy(affine(normalised(h, p["last"]), p["output"]), y)


def norm(width):
    return {"w": jnp.ones(width), "b": jnp.zeros(width)}


def transformer_block():
    return {"before_attention": norm(128), "before_hidden": norm(128), "projections": dense(128, 384),
            "output": dense(128, 128), "up": dense(128, 512), "down": dense(512, 128)}


# Each gives the loss, the parameters, and the inputs and targets of a batch.
def classifier(batch):
    return classifier_loss, perceptron([784, 128, 10]), (uniform(batch, 784), labels(10, batch))


def regressor(batch):
    return regressor_loss, perceptron([2, 16, 1]), (uniform(batch, 2), uniform(batch, 1))


def autoencoder(batch):
    images = uniform(batch, 784)
    return autoencoder_loss, perceptron([784, 1000, 500, 250, 30, 250, 500, 1000, 784]), (images, images)


def convolutional(batch):
    parameters = {"convolutions": [(uniform(5, 5, 1, 32) - 0.5, jnp.zeros(32)),
                                   ((uniform(5, 5, 32, 64) - 0.5) / 10, jnp.zeros(64))],
                  "hidden": dense(3136, 1024), "output": dense(1024, 10)}
    return convolutional_loss, parameters, (uniform(batch, 28, 28, 1), labels(10, batch))


def recurrent(batch):
    return lstm_loss, {"inputs": dense(64, 512), "w": dense(128, 512)["w"]}, (uniform(100, batch, 64),
                                                                              uniform(batch, 128))


def transformer(batch):
    text = labels(64, batch, 64)
    parameters = {"embedding": uniform(64, 128) - 0.5, "positions": uniform(64, 128) / 50,
                  "blocks": [transformer_block() for _ in range(4)], "last": norm(128), "output": dense(128, 64)}
    return transformer_loss, parameters, (text, text)


OPTIMIZERS = {"sgd": optax.sgd(1e-5), "momentum": optax.sgd(1e-5, 0.9), "adam": optax.adam(1e-5),
              "rmsprop": optax.rmsprop(1e-5, 0.9)}


def step(make, name):
    loss, parameters, batch = make()
    optimizer = OPTIMIZERS[name]

    def one(carried, given):
        parameters, state = carried
        value, slopes = jax.value_and_grad(loss)(parameters, *given)
        changes, state = optimizer.update(slopes, state)
        return (optax.apply_updates(parameters, changes), state), value

    carried = (parameters, optimizer.init(parameters))
    if HOW == "scan":
        batches = jax.tree.map(lambda array: jnp.stack([array] * STEPS), batch)
        whole = jax.jit(lambda carried, batches: jax.lax.scan(one, carried, batches), donate_argnums=0)
    else:
        stepper = jax.jit(one, donate_argnums=0)

        def whole(carried, _):
            for _ in range(STEPS):
                carried, value = stepper(carried, batch)
            return carried, value

        batches = None

    def call():
        nonlocal carried
        carried, values = whole(carried, batches)
        jax.block_until_ready((carried, values))
        return values

    return call


def gradient(make):
    loss, parameters, batch = make()
    slopes = jax.jit(jax.grad(loss))
    return lambda: jax.block_until_ready(slopes(parameters, *batch))


def hessian(make):
    """A product on what linearize retains of the gradient at a point."""
    loss, parameters, batch = make()
    _, product = jax.linearize(lambda parameters: jax.grad(loss)(parameters, *batch), parameters)
    product = jax.jit(product)
    direction = jax.tree.map(jnp.ones_like, parameters)
    return lambda: jax.block_until_ready(product(direction))


def update(name):
    optimizer = OPTIMIZERS[name]
    slopes = uniform(10_000_000)

    def one(parameters, state, slopes):
        changes, state = optimizer.update(slopes, state)
        return optax.apply_updates(parameters, changes), state

    stepper = jax.jit(one, donate_argnums=(0, 1))
    parameters = jnp.ones(10_000_000)
    state = optimizer.init(parameters)

    def call():
        nonlocal parameters, state
        parameters, state = jax.block_until_ready(stepper(parameters, state, slopes))

    return call


prefix = {"jit": "jax", "scan": "jax_scan"}[HOW]
for batch in (1, 32, 256):
    for optimizer in ("sgd", "adam", "rmsprop"):
        rows.add(f"{prefix}/step/784-128-10/{optimizer}/{batch}",
                 functools.partial(step, functools.partial(classifier, batch), optimizer), STEPS)
rows.add(f"{prefix}/step/2-16-1/sgd/32", functools.partial(step, functools.partial(regressor, 32), "sgd"), STEPS)
if HOW == "jit":
    for name, make, batch in (("784-128-10", classifier, 32), ("784-128-10", classifier, 256),
                              ("autoencoder", autoencoder, 128), ("2c2d", convolutional, 128), ("lstm", recurrent, 32),
                              ("transformer", transformer, 16)):
        rows.add(f"{prefix}/gradient/{name}/{batch}", functools.partial(gradient, functools.partial(make, batch)))
        rows.add(f"{prefix}/hessian/{name}/{batch}", functools.partial(hessian, functools.partial(make, batch)))
    for optimizer in OPTIMIZERS:
        rows.add(f"{prefix}/update/10M/{optimizer}", functools.partial(update, optimizer))
rows.main({"JAX": "jax", "Optax": "optax"})
