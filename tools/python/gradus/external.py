"""An optimizer of your own for any program of Gradus: --optimizer=external --external-command='python3 FILE.py'.

    import gradus.external, torch
    gradus.external.torch(lambda parameters: torch.optim.Adam(parameters, lr=1e-3))

    import gradus.external, optax
    gradus.external.optax(optax.adam(1e-3))

    import gradus.external
    gradus.external.function(lambda theta, gradient, loss, state: theta - 0.1 * gradient)

torch(make)         make(parameters) is a torch.optim.Optimizer; each parameter has its .slice
optax(transform)    a transformation of the parameters as {name: array}
function(step)      step(theta, gradient, loss, state) is the next theta; the dict `state` is kept, and saved
serve(optimizer)    what is behind all of them: anything with start() and step()

Each of them talks with the program that asks for the steps until that ends; docs/external.md has the messages. Its
standard output is that of the program's errors, so that a print() does no harm. torch and jax are imported only here,
when they are used.
"""
import collections
import io
import json
import os
import pathlib
import pickle
import struct
import sys
import traceback

import numpy as np

__all__ = ["Slice", "torch", "optax", "function", "serve"]

PROTOCOL = 1
ANSWERS = 3  # the descriptor
HEAD = struct.Struct("=8sQ")  # kind, bytes that follow

# A part of theta: theta[offset:offset + size].reshape(shape). tags: "bias", "norm", ...
Slice = collections.namedtuple("Slice", "name shape offset tags size")


def serve(optimizer):
    """Answers until the run ends. The optimizer has

    start(theta, slices)         before the first step: a vector of float32 or float64, and what its parts are
    step(theta, gradient, loss)  returns the next theta
    save(), load(data)           if it can: its state as bytes, and back, after start()
    """
    try:
        answers = os.fdopen(ANSWERS, "wb")
    except OSError:
        sys.exit("gradus.external: a run starts this, by --optimizer=external --external-command='python3 ...'")
    with answers:
        _Service(optimizer, sys.stdin.buffer, answers).run()


class _Service:
    def __init__(self, optimizer, asked, answers):
        self.optimizer, self.asked, self.answers = optimizer, asked, answers
        self.dtype = None

    def run(self):
        try:
            while message := self._receive():
                self._answer(*message)
        except BrokenPipeError:
            os._exit(0)  # whoever asked is gone
        except Exception as error:  # the run ends with this line
            self._fail(_line(error))

    def _fail(self, line):
        try:
            self._tell("error", line.encode())
        except BrokenPipeError:
            os._exit(0)

    def _answer(self, kind, data):
        if kind == "start":
            self._start(json.loads(data.tobytes()))
        elif kind == "step":
            loss = float(data[:8].view(np.float64)[0])
            theta, gradient = np.split(data[8:].view(self.dtype), 2)
            self._tell("theta", self._theta(self.optimizer.step(theta, gradient, loss)))
        elif kind == "save":
            self._tell("state", self.optimizer.save())
        elif kind == "load":
            self.optimizer.load(data.tobytes())
            self._ready()
        else:
            raise ValueError(f"a message of kind '{kind}'")

    def _start(self, header):
        if header["protocol"] != PROTOCOL:
            raise ValueError(f"the run speaks protocol {header['protocol']}, this gradus.external {PROTOCOL}")
        self.dtype, self.size = np.dtype(header["dtype"]), header["size"]
        slices = [Slice(each["name"], tuple(each["shape"]), each["offset"], tuple(each["tags"]),
                        int(np.prod(each["shape"], dtype=np.int64))) for each in header["slices"]]
        kind, data = self._receive()
        if kind != "theta":
            raise ValueError(f"a message of kind '{kind}' after 'start'")
        self.optimizer.start(data.view(self.dtype), slices)
        self._ready()

    def _ready(self):
        saves = hasattr(self.optimizer, "save") and hasattr(self.optimizer, "load")
        self._tell("ready", json.dumps({"saves": saves}).encode())

    def _theta(self, theta):
        theta = np.ascontiguousarray(theta)
        if theta.dtype != self.dtype or theta.size != self.size:
            raise ValueError(f"step() returned {theta.size} numbers of {theta.dtype}, expected {self.size} of "
                             f"{self.dtype}")
        return theta.reshape(-1).view(np.uint8).data

    def _receive(self):
        """(kind, bytes as an array that can be written to), or None at the end."""
        head = self.asked.read(HEAD.size)
        if not head:
            return None
        kind, size = HEAD.unpack(head)
        data = np.empty(size, np.uint8)
        if self.asked.readinto(data) != size:
            raise EOFError("the run ended in the middle of a message")
        return kind.decode().strip(), data

    def _tell(self, kind, data):
        self.answers.write(HEAD.pack(kind.ljust(8).encode(), len(data)))
        self.answers.write(data)
        self.answers.flush()


def _line(error):
    """An error and where it came from, the innermost place outside of installed packages, in one line."""
    places = [frame for frame in traceback.extract_tb(error.__traceback__)
              if frame.filename != __file__ and "site-packages" not in frame.filename]
    where = f" ({pathlib.Path(places[-1].filename).name}:{places[-1].lineno})" if places else ""
    return " ".join(f"{type(error).__name__}: {error}{where}".split())


def function(step):
    """step(theta, gradient, loss, state) returns the next theta; `state` is a dict that it may fill, of what pickle
    saves. Before the first step it is {"slices": [...]}."""
    serve(_Function(step))


class _Function:
    def __init__(self, step):
        self.function = step

    def start(self, theta, slices):
        self.state = {"slices": slices}

    def step(self, theta, gradient, loss):
        return self.function(theta, gradient, loss, self.state)

    def save(self):
        return pickle.dumps({name: value for name, value in self.state.items() if name != "slices"})

    def load(self, data):
        self.state |= pickle.loads(data)


def torch(make):
    """make(parameters) returns a torch.optim.Optimizer of them; parameter.slice has the name, shape and tags of each.
    Computes with one thread, as a run does."""
    serve(_Torch(make))


class _Torch:
    def __init__(self, make):
        import torch as library
        self.torch, self.make = library, make
        library.set_num_threads(1)

    def start(self, theta, slices):
        self.parameters = []
        for each in slices:
            values = self.torch.tensor(theta[each.offset:each.offset + each.size].reshape(each.shape))
            self.parameters.append(self.torch.nn.Parameter(values))
            self.parameters[-1].slice = each
        self.optimizer = self.make(self.parameters)

    def step(self, theta, gradient, loss):
        with self.torch.no_grad():
            for parameter in self.parameters:
                at, shape = slice(parameter.slice.offset, parameter.slice.offset + parameter.slice.size), parameter.shape
                parameter.copy_(self.torch.from_numpy(theta[at]).reshape(shape))
                parameter.grad = self.torch.from_numpy(gradient[at]).reshape(shape).clone()
        self.optimizer.step()
        return np.concatenate([parameter.detach().numpy().reshape(-1) for parameter in self.parameters])

    def save(self):
        data = io.BytesIO()
        self.torch.save(self.optimizer.state_dict(), data)
        return data.getvalue()

    def load(self, data):
        self.optimizer.load_state_dict(self.torch.load(io.BytesIO(data), weights_only=False))


def optax(transform):
    """An Optax transformation, which sees the parameters as {name: array} and the loss as `value`."""
    serve(_Optax(transform))


class _Optax:
    def __init__(self, transform):
        import jax
        import optax as library
        self.jax, self.library = jax, library
        self.transform = library.with_extra_args_support(transform)

    def start(self, theta, slices):
        self.jax.config.update("jax_enable_x64", theta.dtype == np.float64)
        self.slices = slices
        self.state = self.transform.init(self._tree(theta))
        self.update = self.jax.jit(self._update)

    def _tree(self, theta):
        return {each.name: self.jax.numpy.array(theta[each.offset:each.offset + each.size].reshape(each.shape))
                for each in self.slices}

    def _update(self, parameters, gradient, loss, state):
        updates, state = self.transform.update(gradient, state, parameters, value=loss, grad=gradient)
        return self.library.apply_updates(parameters, updates), state

    def step(self, theta, gradient, loss):
        parameters, self.state = self.update(self._tree(theta), self._tree(gradient), loss, self.state)
        return np.concatenate([np.asarray(parameters[each.name]).reshape(-1) for each in self.slices])

    def save(self):
        return pickle.dumps(self.jax.tree.map(np.asarray, self.state))

    def load(self, data):
        self.state = self.jax.tree.map(self.jax.numpy.asarray, pickle.loads(data))
