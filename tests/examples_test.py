"""The experiments of docs/examples as a reader runs them, but small: swept, and drawn by tools/report.

usage: examples_test.py BIN_DIRECTORY
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent / "experiments"))
from comparison_test import BIN, make_data  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
MOST_LINES = 60
EXPERIMENTS = ["edge_of_stability", "hypergradient", "marginal_value"]


class Examples(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        make_data(self.folder / "data")
        self.data = ["--data=shapes", f"--data-dir={self.folder / 'data'}"]

    def tearDown(self):
        self.scratch.cleanup()

    def run_quietly(self, *command):
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return result.stdout

    def sweep(self, program, *options):
        """[(options, run.h5)] of a sweep over an example."""
        output = self.folder / program
        self.run_quietly(BIN / "sweep", "run", "--quiet", "--output", output, "--", BIN / "examples" / program,
                         *options)
        runs = json.loads((output / "sweep.json").read_text())["runs"]
        self.assertTrue(all(run["status"] == "completed" for run in runs), runs)
        return [(run["options"], h5py.File(output / run["folder"] / "run.h5")) for run in runs]

    def page(self, program, *options):
        self.run_quietly("/usr/bin/python3", ROOT / "tools" / "report", self.folder / program, *options)
        return (self.folder / program / "report.html").read_text(encoding="utf-8")

    def test_each_is_short(self):
        for program in EXPERIMENTS:
            lines = (EXAMPLES / f"{program}.cpp").read_text(encoding="utf-8").splitlines()
            self.assertLessEqual(len(lines), MOST_LINES, program)

    def test_edge_of_stability(self):
        runs = self.sweep("edge_of_stability", *self.data, "--validation-examples=0", "--learning-rate=0.01,0.02",
                          "--images=100", "--steps=41", "--every=10")
        for options, file in runs:
            np.testing.assert_allclose(file["sharpness/threshold"], 2 / options["learning_rate"])
            self.assertEqual(file["sharpness/step"][:].tolist(), [0, 10, 20, 30, 40])
            self.assertTrue((file["sharpness/sharpness"][:] > 0).all())
        page = self.page("edge_of_stability", "--curve", "sharpness/sharpness", "--line", "2/learning_rate")
        self.assertIn("2/learning_rate", page)

    def test_marginal_value(self):
        runs = self.sweep("marginal_value", "--optimizer=sgd,adam", "--seed=0,1", "--examples=60", "--steps=1500")
        for options, file in runs:
            self.assertLess(file["evaluation/training_loss"][-1], 1e-3)
            accuracy = file["evaluation/test_accuracy"][-1]
            self.assertGreaterEqual(accuracy, 0.99) if options["optimizer"] == "sgd" else self.assertLess(accuracy, 0.9)
        self.assertIn("test_accuracy", self.page("marginal_value"))

    def test_hypergradient(self):
        runs = self.sweep("hypergradient", "--initial-rate=1.5,0.15", "--outer-steps=4", "--inner-steps=20",
                          "--dtype=float64")
        rates = [file["outer/learning_rate"][:] for _, file in runs]
        self.assertLess(abs(rates[0][-1] - rates[1][-1]), abs(rates[0][0] - rates[1][0]))  # they approach one another
        self.assertIn("learning_rate", self.page("hypergradient", "--curve", "outer/learning_rate"))


if __name__ == "__main__":
    unittest.main()
