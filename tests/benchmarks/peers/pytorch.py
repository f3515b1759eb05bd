"""PyTorch in the rows of tools/bench: usage pytorch.py eager|compiled [Google Benchmark's options]."""
import functools
import math
import sys

import torch
import torch.nn.functional as F
from torch import nn

import rows

HOW = sys.argv.pop(1)
torch.set_num_threads(1)
torch.set_flush_denormal(True)
torch.manual_seed(0)


def compiled(function):
    return torch.compile(function) if HOW == "compiled" else function


class Problem(nn.Module):
    """A network with its loss, and one batch."""

    def __init__(self, network, loss, inputs, targets):
        super().__init__()
        self.network, self.loss_of, self.batch = network, loss, (inputs, targets)

    def loss(self, inputs, targets):
        return self.loss_of(self.network(inputs), targets)


def perceptron(*sizes, activation):
    layers = [layer for pair in zip(sizes, sizes[1:]) for layer in (nn.Linear(*pair), activation())]
    return nn.Sequential(*layers[:-1])


def classifier(batch):
    return Problem(perceptron(784, 128, 10, activation=nn.ReLU), F.cross_entropy, torch.rand(batch, 784),
                   torch.randint(10, (batch,)))


def regressor(batch):
    return Problem(perceptron(2, 16, 1, activation=nn.Tanh), F.mse_loss, torch.rand(batch, 2), torch.rand(batch, 1))


def autoencoder(batch):
    images = torch.rand(batch, 784)
    encoder = perceptron(784, 1000, 500, 250, 30, activation=nn.Sigmoid)
    decoder = perceptron(30, 250, 500, 1000, 784, activation=nn.Sigmoid)
    return Problem(nn.Sequential(encoder, decoder, nn.Sigmoid()), F.mse_loss, images, images)


def convolutional(batch):
    network = nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
                            nn.Conv2d(32, 64, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
                            nn.Flatten(), nn.Linear(7 * 7 * 64, 1024), nn.ReLU(), nn.Linear(1024, 10))
    images = torch.rand(batch, 1, 28, 28).to(memory_format=torch.channels_last)  # in which it is faster
    return Problem(network.to(memory_format=torch.channels_last), F.cross_entropy, images, torch.randint(10, (batch,)))


class LastHidden(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.cell = nn.LSTM(features, hidden)

    def forward(self, inputs):
        return self.cell(inputs)[0][-1]


def recurrent(batch):
    return Problem(LastHidden(64, 128), F.mse_loss, torch.rand(100, batch, 64), torch.rand(batch, 128))


class Block(nn.Module):
    """Attention in plain operations: PyTorch's fused one has no second derivative."""

    def __init__(self, tokens, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_hidden = nn.LayerNorm(width), nn.LayerNorm(width)
        self.projections, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.register_buffer("mask", torch.full((tokens, tokens), -math.inf).triu(1))

    def forward(self, x):
        batch, tokens, width = x.shape
        projected = self.projections(self.before_attention(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = projected.permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(width // self.heads) + self.mask, -1)
        x = x + self.output((weights @ v).transpose(1, 2).reshape(batch, tokens, width))
        return x + self.down(F.gelu(self.up(self.before_hidden(x))))


class LearnedPositions(nn.Module):
    def __init__(self, tokens, width):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(tokens, width) * 0.02)

    def forward(self, x):
        return x + self.positions


def transformer(batch):
    text = torch.randint(64, (batch, 64))
    network = nn.Sequential(nn.Embedding(64, 128), LearnedPositions(64, 128),
                            *[Block(64, 128, 4, 512) for _ in range(4)], nn.LayerNorm(128), nn.Linear(128, 64))
    return Problem(network, lambda outputs, targets: F.cross_entropy(outputs.view(-1, 64), targets.view(-1)), text, text)


OPTIMIZERS = {"sgd": functools.partial(torch.optim.SGD, lr=1e-5, fused=True),
              "momentum": functools.partial(torch.optim.SGD, lr=1e-5, momentum=0.9, fused=True),
              "adam": functools.partial(torch.optim.Adam, lr=1e-5, fused=True),
              "rmsprop": functools.partial(torch.optim.RMSprop, lr=1e-5)}


def step(make, optimizer):
    problem = make()
    optimizer = OPTIMIZERS[optimizer](problem.parameters())
    loss, update = compiled(problem.loss), compiled(optimizer.step)

    def call():
        optimizer.zero_grad(set_to_none=True)
        value = loss(*problem.batch)
        value.backward()
        update()
        return value

    return call


def gradient(make):
    problem = make()
    loss, parameters = compiled(problem.loss), list(problem.parameters())

    def call():
        for parameter in parameters:
            parameter.grad = None
        loss(*problem.batch).backward()
        return [parameter.grad for parameter in parameters]

    return call


def hessian(make):
    """A product on the retained record of a gradient."""
    problem = make()
    parameters = list(problem.parameters())
    direction = [torch.randn_like(parameter) for parameter in parameters]
    slopes = torch.autograd.grad(problem.loss(*problem.batch), parameters, create_graph=True)
    return lambda: torch.autograd.grad(slopes, parameters, grad_outputs=direction, retain_graph=True)


def update(optimizer):
    parameter = nn.Parameter(torch.ones(10_000_000))
    parameter.grad = torch.randn(10_000_000)
    return OPTIMIZERS[optimizer]([parameter]).step


prefix = {"eager": "pytorch", "compiled": "pytorch_compiled"}[HOW]
for batch in (1, 32, 256):
    for optimizer in ("sgd", "adam", "rmsprop"):
        rows.add(f"{prefix}/step/784-128-10/{optimizer}/{batch}",
                 functools.partial(step, functools.partial(classifier, batch), optimizer))
rows.add(f"{prefix}/step/2-16-1/sgd/32", functools.partial(step, functools.partial(regressor, 32), "sgd"))
for name, make, batch in (("784-128-10", classifier, 32), ("784-128-10", classifier, 256),
                          ("autoencoder", autoencoder, 128), ("2c2d", convolutional, 128), ("lstm", recurrent, 32),
                          ("transformer", transformer, 16)):
    rows.add(f"{prefix}/gradient/{name}/{batch}", functools.partial(gradient, functools.partial(make, batch)))
    if HOW == "eager":  # what is compiled has no second derivative
        rows.add(f"{prefix}/hessian/{name}/{batch}", functools.partial(hessian, functools.partial(make, batch)))
if HOW == "eager":
    for optimizer in OPTIMIZERS:
        rows.add(f"{prefix}/update/10M/{optimizer}", functools.partial(update, optimizer))
rows.main({"PyTorch": "torch"})
