"""Optimizers from outside, for external_test.py: external_programs.py MODE. The first ones do as they should."""
import json
import os
import struct
import sys
import time

import numpy as np

import gradus.external

HEAD = struct.Struct("=8sQ")
FAILING_STEP = 5


def adam(theta, gradient, loss, state):
    one, rate = theta.dtype.type(1), theta.dtype.type(1e-3)
    beta1, beta2, epsilon = (theta.dtype.type(number) for number in (0.9, 0.999, 1e-8))
    t = state["t"] = state.get("t", 0) + 1
    state["m"] = m = beta1 * state.get("m", np.zeros_like(theta)) + (one - beta1) * gradient
    state["v"] = v = beta2 * state.get("v", np.zeros_like(theta)) + (one - beta2) * gradient ** 2
    return theta - rate * (m / (one - beta1 ** t)) / (np.sqrt(v / (one - beta2 ** t)) + epsilon)


def by_slices(theta, gradient, loss, state):
    """Each slice with a rate of its own, which says that names, shapes, tags and the loss have come."""
    print("to standard output, which is nobody's answer")
    theta = theta.copy()
    for part in state["slices"]:
        assert isinstance(part.name, str) and np.prod(part.shape, dtype=int) == part.size and np.isfinite(loss)
        at = slice(part.offset, part.offset + part.size)
        theta[at] -= (0.05 if "bias" in part.tags else 0.1) * gradient[at]
    return theta


def fails(theta, gradient, loss, state):
    state["t"] = state.get("t", 0) + 1
    if state["t"] == FAILING_STEP:
        return FAILURES[sys.argv[1]](theta)
    return theta - 0.01 * gradient


def raises(theta):
    raise KeyError("momentum")


def nan(theta):
    theta = theta.copy()
    theta[-1] = np.nan
    return theta


def half_an_answer(theta):
    os.write(3, HEAD.pack(b"theta   ", theta.nbytes) + bytes(12))
    os._exit(0)


FAILURES = {
    "raises": raises,
    "nan": nan,
    "fewer": lambda theta: theta[:-1],
    "other_dtype": lambda theta: theta.astype(np.float16),
    "exits": lambda theta: os._exit(3),
    "is_killed": lambda theta: os.kill(os.getpid(), 9),
    "half_an_answer": half_an_answer,
    "claims_fewer": lambda theta: os.write(3, HEAD.pack(b"theta   ", 8) + bytes(8)) and time.sleep(100),
    "other_words": lambda theta: os.write(3, b"hello world, here is theta") and time.sleep(100),
    "hangs": lambda theta: time.sleep(100),
}


class Plain:
    """Saves no state."""

    def start(self, theta, slices):
        pass

    def step(self, theta, gradient, loss):
        return theta - np.asarray(0.01, theta.dtype) * gradient


def answers_early():
    """Gradient descent that answers a large vector while it still reads: in pieces, without gradus.external."""
    asked, told = sys.stdin.buffer, open(3, "wb", buffering=0)
    while head := asked.read(HEAD.size):
        kind, size = HEAD.unpack(head)
        if kind == b"start   ":
            header = json.loads(asked.read(size))
        elif kind == b"theta   ":
            asked.read(size)
            answer = b'{"saves": false}'
            told.write(HEAD.pack(b"ready   ", len(answer)) + answer)
        else:
            asked.read(8)
            theta = asked.read(8 * header["size"])
            told.write(HEAD.pack(b"theta   ", len(theta)))
            told.write(theta)  # before the gradient is read: more than a pipe holds
            asked.read(8 * header["size"])


def main(mode):
    if mode == "adam":
        gradus.external.function(adam)
    elif mode == "by_slices":
        gradus.external.function(by_slices)
    elif mode == "plain":
        gradus.external.serve(Plain())
    elif mode == "answers_early":
        answers_early()
    elif mode == "does_not_end":
        gradus.external.serve(Plain())
        time.sleep(100)
    elif mode == "ends_badly":
        gradus.external.serve(Plain())
        sys.exit(4)
    elif mode == "not_ready":
        os.write(3, HEAD.pack(b"ready   ", 5) + b"12345")
        time.sleep(100)
    else:
        gradus.external.function(fails)


if __name__ == "__main__":
    main(sys.argv[1])
