#!/usr/bin/python3
"""PyTorch's and Optax's optimizers as optimizers from outside (docs/external.md): in float64 they agree with ours to
1e-9, and a run of theirs that is stopped goes on with the same bits.

usage: external_peers.py BIN_DIRECTORY
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest

import numpy as np

sys.dont_write_bytecode = True
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
from same_numbers import datasets_of, differences  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
PYTHON = REPOSITORY / ".peers/bin/python"
EXAMPLES = REPOSITORY / "docs/examples"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tools/python"), "PYTHONDONTWRITEBYTECODE": "1"}
PLAN = ["--hidden=10", "--batch-size=20", "--steps=200", "--evaluation-interval=50", "--evaluation-unit=steps", "--quiet"]
STOPPED = 75

HEAD = "import gradus.external\n"
TORCH, OPTAX = HEAD + "import torch\n", HEAD + "import optax\n"
SAME = [  # ours, theirs
    ("--optimizer=adam", TORCH + "gradus.external.torch(lambda p: torch.optim.Adam(p, lr=1e-3))"),
    ("--optimizer=momentum --learning-rate=0.05 --groups=@bias+learning_rate=0.01",
     TORCH + "bias = lambda q: 'bias' in q.slice.tags\n"
     "gradus.external.torch(lambda p: torch.optim.SGD([{'params': [q for q in p if not bias(q)]},"
     " {'params': [q for q in p if bias(q)], 'lr': 0.01}], lr=0.05, momentum=0.9))"),
    ("--optimizer=adamw --weight-decay=0.01", EXAMPLES / "external_torch.py"),
    ("--optimizer=adam", EXAMPLES / "external_optax.py"),
    ("--optimizer=sgd --learning-rate=0.1 --learning-rate-schedule=cosine --learning-rate-steps=200",
     OPTAX + "gradus.external.optax(optax.sgd(optax.cosine_decay_schedule(0.1, 200)))"),
]


def command_of(program):
    words = [program] if isinstance(program, pathlib.Path) else ["-c", program]
    return shlex.join(str(word) for word in [PYTHON, *words])


class Peers(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def train(self, output, *options, code=0):
        result = subprocess.run([BIN / "train_workload", f"--output={output}", *options], cwd=self.folder, text=True,
                                capture_output=True, env=ENVIRONMENT, timeout=300)
        self.assertEqual(result.returncode, code, (options, result.stderr))

    def data(self, output):
        return datasets_of(self.folder / output / "run.h5")

    def test_they_agree_with_ours(self):
        for i, (ours, theirs) in enumerate(SAME):
            with self.subTest(ours):
                options = [option.replace("+", " ") for option in ours.split()]
                self.train(f"ours{i}", *PLAN, *options, "--dtype=float64")
                self.train(f"theirs{i}", *PLAN, "--optimizer=external", f"--external-command={command_of(theirs)}",
                           "--dtype=float64")
                one, other = self.data(f"ours{i}"), self.data(f"theirs{i}")
                for column in ("step/loss", "evaluation/training_loss", "evaluation/test_loss"):
                    np.testing.assert_allclose(one[column], other[column], rtol=1e-9, atol=0, err_msg=column)
                self.assertEqual(len(one["step/loss"]), 200)
                self.assertGreater(np.ptp(one["evaluation/training_loss"]), 0.01)

    def test_one_that_is_stopped_goes_on_with_the_same_bits(self):
        for name, dtype in (("torch", "float32"), ("optax", "float64")):
            with self.subTest(name):
                options = [*PLAN, "--optimizer=external", f"--dtype={dtype}",
                           f"--external-command={command_of(EXAMPLES / f'external_{name}.py')}"]
                self.train(f"{name}_whole", *options)
                self.train(f"{name}_cut", *options, "--stop-at=77", code=STOPPED)
                self.train(f"{name}_cut", "--resume", "--quiet")
                self.assertEqual(differences(self.folder / f"{name}_whole/run.h5", self.folder / f"{name}_cut/run.h5"), [])


if __name__ == "__main__":
    if not PYTHON.exists():
        print("skipped: .peers is not there (tools/setup --peers)")
        sys.exit(77)
    unittest.main()
