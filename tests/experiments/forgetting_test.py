"""Drives build/bin/forgetting on a small IDX data set: the accuracy matrix, and what each remedy does.

usage: forgetting_test.py BIN_DIRECTORY
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


class Forgetting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        make_data(cls.folder / "data")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def run_program(self, *options, tasks=2, steps=80, rate=0.1):
        return subprocess.run(
            [str(BIN / "forgetting"), f"--output={self.folder / 'run'}", "--overwrite", "--data=shapes",
             f"--data-dir={self.folder / 'data'}", "--validation-examples=100", f"--tasks={tasks}",
             f"--task-steps={steps}", "--width=32", f"--learning-rate={rate}", *options], capture_output=True,
            text=True, timeout=300)

    def train(self, *options, **numbers):
        result = self.run_program(*options, **numbers)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with h5py.File(self.folder / "run" / "run.h5") as file:
            return {column: file["accuracy"][column][...] for column in file["accuracy"]}

    def test_the_matrix_and_what_follows_from_it(self):
        table = self.train()
        matrix = table["test_accuracy"]
        self.assertEqual(matrix.shape, (2, 2))
        self.assertTrue((np.diag(matrix) > 0.9).all(), matrix)
        self.assertLess(matrix[1, 0], 0.5)
        np.testing.assert_allclose(table["forgetting"], [0, matrix[0, 0] - matrix[1, 0]])
        np.testing.assert_allclose(table["mean_test_accuracy"], [matrix[0, 0], matrix[1].mean()])
        self.assertGreater(table["learnt_validation_accuracy"][1], 0.9)

    def test_what_is_rehearsed_is_kept(self):
        self.assertGreater(self.train("--remedy=rehearsal", "--memory=20")["test_accuracy"][1, 0], 0.8)

    def test_a_strong_pull_keeps_the_old_and_a_weak_one_does_not(self):
        for remedy, strong in (("l2", 10), ("ewc", 1e4)):
            free, held = (self.train(f"--remedy={remedy}", f"--strength={strength}", rate=0.01, steps=300)
                          for strength in (0, strong))
            self.assertLess(held["forgetting"][1], free["forgetting"][1] - 0.2, remedy)

    def test_permuted_tasks_have_all_classes(self):
        table = self.train("--sequence=permuted", steps=300)
        self.assertGreater(table["test_accuracy"][0, 0], table["test_accuracy"][0, 1] + 0.2)

    def test_what_makes_no_sense_is_refused(self):
        for options, tasks, complaint in (
                (["--strength=1"], 2, "strength"), (["--remedy=l2", "--memory=3"], 2, "memory"), ([], 1, "tasks")):
            result = self.run_program(*options, tasks=tasks)
            self.assertEqual(result.returncode, 2, options)
            self.assertIn(complaint, result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
