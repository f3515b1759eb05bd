"""Drives two_solutions and gradient_by_time, small.

usage: network_studies_test.py BIN_DIRECTORY
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from comparison_test import BIN, make_data


class NetworkStudies(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)

    def tearDown(self):
        self.scratch.cleanup()

    def run_program(self, name, *options):
        return subprocess.run([str(BIN / name), f"--output={self.folder / 'run'}", "--overwrite", *options],
                              capture_output=True, text=True, timeout=300)

    def table(self, program, table, *options):
        result = self.run_program(program, *options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with h5py.File(self.folder / "run" / "run.h5") as file:
            return {column: file[table][column][...] for column in file[table]}

    def test_the_line_between_two_solutions(self):
        make_data(self.folder / "data")
        common = ["--data=shapes", f"--data-dir={self.folder / 'data'}", "--validation-examples=100", "--hidden=6",
                  "--learning-rate=0.1", "--evaluation-examples=300", "--points=11"]
        apart = self.table("two_solutions", "line", *common, "--steps=400")
        loss, above = apart["loss"], apart["above"]
        self.assertEqual(len(loss), 11)
        self.assertLess(max(loss[0], loss[-1]), 0.1)
        np.testing.assert_allclose(above, loss - np.linspace(loss[0], loss[-1], 11), atol=1e-12)
        self.assertGreater(above.max(), 0.05)
        together = self.table("two_solutions", "line", *common, "--steps=400", "--same-start")
        self.assertLess(together["above"].max(), above.max() / 2)
        self.assertEqual(together["loss"][0], loss[0])  # the first solution is the same in both
        self.assertNotEqual(together["loss"][0], together["loss"][-1])

    def test_the_gradient_by_time(self):
        common = ["--cell=rnn", "--length=12", "--steps=4", "--every=2", "--hidden=8", "--evaluation-examples=10"]
        for workload in ("adding", "delayed-xor"):
            table = self.table("gradient_by_time", "gradient_by_time", f"--workload={workload}", *common)
            self.assertEqual(table["norm"].shape, (2, 12))
            self.assertTrue((table["norm"] > 0).all())
            np.testing.assert_allclose(table["first_over_last"], table["norm"][:, 0] / table["norm"][:, -1])
            self.assertLess(table["first_over_last"][0], 0.1)

    def test_tokens_have_no_derivative(self):
        result = self.run_program("gradient_by_time", "--workload=copying", "--delay=2", "--steps=2", "--hidden=4",
                                  "--evaluation-examples=10")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with h5py.File(self.folder / "run" / "run.h5") as file:
            self.assertNotIn("gradient_by_time", file)
            self.assertIn("evaluation", file)


if __name__ == "__main__":
    unittest.main()
