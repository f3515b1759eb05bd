"""Our side: an optimizer in optimizer_server, stepped from here, with every evaluation answered from here."""
import json
import subprocess

import numpy as np


class Ours:
    """values, wrappers and schedules as in optimizer_server.cpp. After a step, theta and evaluation (the point that the
    model would be evaluated at) are flat vectors; probes are the vectors that it multiplied by the Hessian."""

    def __init__(self, server, function, method, values, wrappers=(), schedules=()):
        self.function = function
        self.theta = function.start.copy()
        self.step_number = 0
        recipe = {"method": method, "values": values, "wrappers": wrappers, "schedules": schedules,
                  "slices": function.slices}
        self.process = subprocess.Popen([server, "run", json.dumps(recipe)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._send(self.theta)

    def step(self):
        self.step_number += 1
        self.probes = []
        self._send(b"s")
        while (message := self.process.stdout.read(1)) != b"t":
            if message not in (b"g", b"v", b"h"):
                self._fail(f"{message!r}")
            theta = self._receive()
            if message == b"h":
                self.probes.append(self._receive())
                self._send(self.function.hessian_times(theta, self.probes[-1], self.step_number))
            else:
                value, gradient = self.function.gradient(theta, self.step_number)
                self._send(np.append(value, gradient if message == b"g" else []))
        self.theta, self.evaluation = self._receive(), self._receive()

    def observe(self, loss):
        self._send(b"o")
        self._send(np.array([loss]))

    def _send(self, data):
        try:
            self.process.stdin.write(data if isinstance(data, bytes) else data.tobytes())
            self.process.stdin.flush()
        except BrokenPipeError:
            self._fail("it ended")

    def _receive(self):
        return np.frombuffer(self.process.stdout.read(8 * self.theta.size))

    def _fail(self, what):
        raise RuntimeError(f"optimizer_server: {what}: {self.process.stderr.read().decode().strip()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def described(server):
    """{"methods": {name: {hyperparameter: "number", "count", "flag" or "choice"}}, "wrappers": ..., "schedules": ...}
    """
    return json.loads(subprocess.run([server, "describe"], capture_output=True, check=True, text=True).stdout)
