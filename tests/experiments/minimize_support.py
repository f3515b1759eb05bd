"""What the tests of build/bin/minimize share."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
SANITIZED = "GRADUS_TESTS_SANITIZED" in os.environ  # a start takes a quarter of a second: some of many that are alike


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def contents_of_state(path):
    """Every number of a state file, as bits."""
    with h5py.File(path) as file:
        numbers = {"theta": file["theta"][:].tobytes()}
        numbers |= {name: file["tensors"][name][:].tobytes() for name in file["tensors"]}
        for group in ("counters", "numbers"):
            numbers |= {f"{group}.{name}": np.asarray(value).tobytes() for name, value in file[group].attrs.items()}
        return numbers


class MinimizeCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.output = self.folder / "r.h5"

    def minimize(self, *options, code=0, output=None):
        command = [BIN / "minimize", *options]
        if output is not False:
            command.append(f"--output={output or self.output}")
        result = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, code, (options, result.stderr))
        return result

    def wait_for_rows(self, log, size=10000):
        """Returns when a run that is going on has written that many bytes of its log."""
        deadline = time.monotonic() + 60
        while not log.is_file() or log.stat().st_size < size:
            self.assertLess(time.monotonic(), deadline, "the run writes nothing")
            time.sleep(0.02)

    def refused(self, words, *options, code=2):
        result = self.minimize(*options, code=code)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn(words, result.stderr)
        self.assertFalse(self.output.exists())
        return result.stderr
