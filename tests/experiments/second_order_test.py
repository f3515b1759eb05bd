"""Drives build/bin/second_order as a user would, on a small IDX data set: budgets, the solver's table, bits, bad input.

usage: second_order_test.py BIN_DIRECTORY
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


class SecondOrder(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        make_data(self.folder / "data")

    def tearDown(self):
        self.scratch.cleanup()

    def run_program(self, output, *options, evaluated=200):
        command = [
            str(BIN / "second_order"), f"--output={self.folder / output}", "--data=shapes",
            f"--data-dir={self.folder / 'data'}", "--sizes=36,12,4", f"--evaluation-examples={evaluated}", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=300)

    def train(self, output, *options):
        result = self.run_program(output, "--budget-seconds=0", "--budget-gradient-equivalents=40", *options)
        self.assertEqual((result.returncode, result.stderr, result.stdout), (0, "", ""))
        with h5py.File(self.folder / output / "run.h5") as file:
            tables = {
                name: {column: file[name][column][...] for column in file[name]} for name in ("evaluation", "solver")
                if name in file}
            codes = file["solver/inner_reason"].attrs["long_name"] if "solver" in file else ""
        return tables, codes

    def test_hessian_free_logs_its_solver(self):
        options = ["--optimizer=hessian_free", "--batch-size=600", "--curvature-batch-size=200"]
        tables, codes = self.train("hf", *options)
        epoch, solver = tables["evaluation"], tables["solver"]
        self.assertLess(epoch["training_loss"][-1], epoch["training_loss"][0] / 2)
        self.assertGreaterEqual(epoch["gradient_equivalents"][-1], 40)
        np.testing.assert_allclose(epoch["training_loss"], 36 * epoch["training_mean_squared_error"], rtol=1e-5)
        self.assertEqual(len(solver["damping"]), epoch["step"][-1])
        for column in ("damping", "reduction_ratio", "inner_iterations", "inner_reason", "reason", "step_length",
                       "gradient_norm", "step_norm"):
            self.assertTrue(np.isfinite(solver[column]).all(), column)
        self.assertTrue((solver["inner_iterations"] > 0).all())
        self.assertIn("1 converged", str(codes))
        again, _ = self.train("again", *options)
        np.testing.assert_array_equal(again["solver"]["step_norm"], solver["step_norm"])

    def test_first_order_methods_have_no_solver(self):
        tables, _ = self.train("adam", "--optimizer=adam", "--learning-rate=0.01", "--batch-size=50")
        self.assertNotIn("solver", tables)
        self.assertLess(tables["evaluation"]["training_loss"][-1], tables["evaluation"]["training_loss"][0])

    def test_evaluation_does_not_change_the_training(self):
        def losses(name, *options, **evaluated):
            result = self.run_program(name, "--budget-seconds=0", "--budget-gradient-equivalents=10", "--batch-size=50",
                                      *options, **evaluated)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            with h5py.File(self.folder / name / "run.h5") as file:
                return file["step/loss"][...].tobytes()

        plateau = [
            "--optimizer=sgd", "--learning-rate=0.02", "--learning-rate-schedule=plateau", "--learning-rate-patience=0",
            "--learning-rate-threshold=0.2", "--evaluation-unit=steps", "--validation-examples=100"]
        steered = losses("steered", *plateau, "--evaluation-interval=10")
        self.assertEqual(losses("fewer", *plateau, "--evaluation-interval=10", evaluated=7), steered)
        self.assertEqual(losses("quiet", *plateau, "--evaluation-interval=10", "--quiet"), steered)
        self.assertNotEqual(losses("rarer", *plateau, "--evaluation-interval=40"),
                            steered)  # what the schedule observes
        for method in (["--optimizer=adam"], ["--optimizer=hessian_free"], ["--optimizer=lbfgs"]):
            plain = losses(f"{method[0]}.plain", *method)
            for number, watching in enumerate(
                (["--evaluation-interval=1e-9"], ["--evaluation-unit=steps", "--evaluation-interval=3"])):
                self.assertEqual(losses(f"{method[0]}.{number}", *method, *watching), plain, (method, watching))

    def test_a_schedule_does_not_observe_by_the_clock(self):
        for options, words in ((["--learning-rate-schedule=plateau", "--optimizer=sgd", "--validation-examples=9"],
                                "expected steps"),
                               (["--learning-rate-schedule=plateau", "--optimizer=sgd", "--evaluation-unit=epochs"],
                                "--validation-examples"),
                               (["--evaluation-unit=steps", "--evaluation-interval=2.5"], "whole number of steps")):
            result = self.run_program("refused", *options)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertIn(words, result.stderr)
            self.assertFalse((self.folder / "refused").exists())

    def test_refuses_a_run_without_an_end(self):
        result = self.run_program("none", "--budget-seconds=0")
        self.assertEqual(result.returncode, 2)
        self.assertIn("budget", result.stderr)
        self.assertEqual(len(result.stderr.strip().splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
