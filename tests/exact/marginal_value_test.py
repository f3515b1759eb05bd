"""Where adaptive methods see nothing but the majority: Wilson et al. (2017), section 3.3 and lemma 3.1.

Least squares from zero, in a construction in which only one feature tells the classes apart. Gradient descent finds the
interpolation of least norm, and classifies new examples without error; a method that divides by the size of its
gradients gives all features weights of one size, and calls all new examples the majority's, here of probability .6.

usage: marginal_value_test.py BIN_DIRECTORY
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

BIN = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/bin").resolve()
SEEDS = 3
RATES = {"sgd": 0.1, "momentum": 0.02, "adam": 0.001, "rmsprop": 0.001, "adagrad": 0.02}
EXAMPLES = 150
STEPS = 1500


class MarginalValue(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The last training loss and test accuracy of each method and seed."""
        cls.ends = {}
        with tempfile.TemporaryDirectory() as folder:
            for method, rate in RATES.items():
                for seed in range(SEEDS):
                    output = pathlib.Path(folder) / f"{method}-{seed}"
                    subprocess.run([BIN / "examples" / "marginal_value", "--quiet", f"--optimizer={method}",
                                    f"--learning-rate={rate}", f"--seed={seed}", "--majority=0.6", "--dtype=float64",
                                    f"--examples={EXAMPLES}", f"--steps={STEPS}", f"--evaluation-interval={STEPS}",
                                    f"--output={output}"], check=True, timeout=300)
                    with h5py.File(output / "run.h5") as file:
                        of = file["evaluation"]
                        cls.ends[method, seed] = of["training_loss"][-1], of["test_accuracy"][-1]

    def test_all_interpolate(self):
        for end, (loss, _) in self.ends.items():
            self.assertLess(loss, 1e-4, end)

    def test_gradient_descent_is_never_wrong(self):
        for method in ("sgd", "momentum"):
            for seed in range(SEEDS):
                self.assertEqual(self.ends[method, seed][1], 1, (method, seed))

    def test_adaptive_methods_answer_with_the_majority(self):
        shares = []
        for seed in range(SEEDS):
            found = {self.ends[method, seed][1] for method in ("adam", "rmsprop", "adagrad")}
            self.assertEqual(len(found), 1, (seed, found))  # the same examples are right: the majority's
            shares += found
        # Of so many draws, within three standard deviations of .6.
        self.assertLess(abs(np.mean(shares) - 0.6), 3 * np.sqrt(0.6 * 0.4 / (SEEDS * EXAMPLES)), shares)


if __name__ == "__main__":
    unittest.main()
