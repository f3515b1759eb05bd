"""What is left of five tasks that were learnt one after the other: Zenke, Poole & Ganguli (2017); van de Ven & Tolias
(2019), table 4, class-incremental learning.

The ten classes of Fashion-MNIST (Debian's dataset-fashion-mnist) in five tasks of two, with one head for all and no
remedy: the last two classes are known, the others are forgotten, and of all examples about 20 % are right.

usage: split_tasks_test.py BIN_DIRECTORY
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

BIN = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/bin").resolve()


class SplitTasks(unittest.TestCase):
    def check(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder) / "run"
            subprocess.run([BIN / "forgetting", "--quiet", f"--output={output}", *options], check=True,
                           timeout=300)
            with h5py.File(output / "run.h5") as file:
                matrix, means = file["accuracy/test_accuracy"][:], file["accuracy/mean_test_accuracy"][:]
        self.assertEqual(matrix.shape, (5, 5))
        self.assertTrue((np.diag(matrix) > 0.9).all(), matrix)  # each is learnt
        self.assertTrue((matrix[-1, :-1] < 0.1).all(), matrix)  # and forgotten
        self.assertAlmostEqual(means[-1], 0.2, delta=0.02)

    def test_gradient_descent(self):
        self.check("--optimizer=sgd", "--learning-rate=0.05", "--batch-size=100")

    def test_adam(self):
        self.check("--optimizer=adam", "--learning-rate=0.001", "--batch-size=100")


if __name__ == "__main__":
    unittest.main()
