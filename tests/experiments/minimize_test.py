#!/usr/bin/python3
"""Runs build/bin/minimize as a user does and reads what it wrote with h5py (and xarray, where that is installed).

usage: minimize_test.py BIN_DIRECTORY
"""
import importlib.util
import json
import pathlib
import signal
import struct
import subprocess
import sys
import time
import unittest

import h5py
import numpy as np
import pandas

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from minimize_support import SANITIZED, MinimizeCase, contents_of_state, rosenbrock  # noqa: E402

DRAW_PATH = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "draw_path"


def rosenbrock_gradient(x):
    return np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)])


class Minimize(MinimizeCase):
    def test_the_command_of_the_documentation(self):
        self.minimize("--problem", "rosenbrock", "--dimension", "2", "--optimizer", "adam", "--learning-rate", "0.01",
                      "--steps", "1000", "--start=-1.2,1", "--dtype", "float64")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["r.h5"])
        with h5py.File(self.output) as file:
            theta, value = file["step/theta"][:], file["step/value"][:]
            self.assertEqual((theta.shape, theta.dtype), ((1001, 2), np.float64))
            self.assertEqual(file["step/step"][:].tolist(), list(range(1001)))
            self.assertEqual([file["step/theta"].dims[i][0].name for i in (0, 1)], ["/step/step", "/step/parameter"])
            np.testing.assert_array_equal(theta[0], [-1.2, 1])
            np.testing.assert_allclose(value, [rosenbrock(x) for x in theta], rtol=1e-12)
            np.testing.assert_allclose(file["step/gradient_norm"][:],
                                       [np.linalg.norm(rosenbrock_gradient(x)) for x in theta], rtol=1e-10)
            np.testing.assert_allclose(file["step/step_norm"][:-1], np.linalg.norm(np.diff(theta, axis=0), axis=1),
                                       rtol=1e-12)
            self.assertTrue(np.isnan(file["step/step_norm"][-1]))
            # Adam by its formula.
            x, m, v = np.array([-1.2, 1.0]), np.zeros(2), np.zeros(2)
            for t in range(1, 1001):
                g = rosenbrock_gradient(x)
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                x = x - 0.01 * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
            np.testing.assert_allclose(theta[-1], x, rtol=1e-8)
            self.assertEqual(file["step/gradients"][:].tolist(), list(range(1001)))  # looking costs the method nothing
            self.assertEqual(set(file["step/values"][:]) | set(file["step/products"][:]), {0})
            self.assertEqual(file["step/gradient_equivalents"][-1], 1000)
            self.assertTrue(np.all(np.diff(file["step/seconds"][:]) >= 0))
            self.assertNotIn("solver", file)
            for name, expected in {"status": "completed", "reason": "step_limit: 1000 steps", "program": "minimize",
                                   "option_problem": "rosenbrock", "option_learning_rate": 0.01, "minimum": 0.0,
                                   "steps_taken": 1000, "final_value": value[-1], "dimension": 2}.items():
                self.assertEqual(file.attrs[name], expected, name)

    @unittest.skipUnless(importlib.util.find_spec("xarray") and importlib.util.find_spec("netCDF4"),
                         "xarray or netCDF4 is not installed")
    def test_xarray_opens_it(self):
        import xarray
        self.minimize("--steps=10", "--contour=5", "--dtype=float32")
        with xarray.open_dataset(self.output, engine="netcdf4", group="step") as root:
            self.assertEqual(dict(root.sizes), {"step": 11, "parameter": 2})
            self.assertEqual(root.theta.dims, ("step", "parameter"))
            self.assertEqual(root.theta.dtype, np.float32)
            self.assertEqual(root.value.dims, ("step",))
        with xarray.open_dataset(self.output, engine="netcdf4", group="contour") as contour:
            self.assertEqual(contour.value.shape, (5, 5))

    def test_native_precision_and_the_same_bits_twice(self):
        for name in ("a.h5", "b.h5"):
            self.minimize("--problem=noisy_quadratic", "--dtype=float32", "--steps=30", "--seed=7", "--optimizer=sgd",
                          "--learning-rate=0.1", output=self.folder / name)
        with h5py.File(self.folder / "a.h5") as a, h5py.File(self.folder / "b.h5") as b:
            self.assertEqual(a["step/theta"].dtype, np.float32)
            self.assertEqual(a["step/theta"][:].tobytes(), b["step/theta"][:].tobytes())
            self.assertEqual(a["step/value"][:].tobytes(), b["step/value"][:].tobytes())
            self.assertGreater(np.abs(np.diff(a["step/value"][:])).min(), 0)

    def test_every_problem_can_be_minimised(self):
        described = json.loads(self.minimize("--describe", output=False).stdout)
        names = next(o["choices"] for o in described["options"] if o["name"] == "problem")
        self.assertGreaterEqual(len(names), 45)
        for name in names[::5] if SANITIZED else names:
            output = self.folder / f"{name}.h5"
            self.minimize(f"--problem={name}", "--optimizer=adam", "--learning-rate=1e-6", "--steps=3", output=output)
            with h5py.File(output) as file:
                self.assertEqual(file["step/theta"].shape[0], 4, name)
                self.assertTrue(np.all(np.isfinite(file["step/value"][:])), name)

    def test_stops_where_the_gradient_is_small(self):
        self.minimize("--problem=sphere", "--optimizer=gradient_descent", "--learning-rate=0.25",
                      "--gradient-tolerance=1e-6")
        with h5py.File(self.output) as file:
            norms = file["step/gradient_norm"][:]
            self.assertLessEqual(norms[-1], 1e-6)
            self.assertGreater(norms[-2], 1e-6)
            self.assertTrue(file.attrs["reason"].startswith("converged: gradient norm"))
            self.assertEqual(file.attrs["steps_taken"], len(norms) - 1)

    def test_the_account_of_a_solver(self):
        self.minimize("--problem=rosenbrock", "--optimizer=newton_cg", "--gradient-tolerance=1e-8")
        with h5py.File(self.output) as file:
            self.assertLessEqual(file["step/gradient_norm"][-1], 1e-8)
            self.assertGreater(file["step/products"][-1], file.attrs["steps_taken"])
            solver = file["solver"]
            self.assertEqual(solver["solver"][:].tolist(), list(range(file.attrs["steps_taken"])))
            for name in ("damping", "trust_radius", "reduction_ratio", "step_length", "inner_iterations",
                         "inner_reason", "reason"):
                self.assertEqual(solver[name].shape, solver["solver"].shape, name)
            self.assertGreaterEqual(solver["inner_iterations"][:].min(), 1)
            self.assertIn("2 negative_curvature", solver["inner_reason"].attrs["long_name"])

    def test_writes_every_nth_step_and_the_last(self):
        self.minimize("--steps=25", "--log-every=10")
        with h5py.File(self.output) as file:
            self.assertEqual(file["step/step"][:].tolist(), [0, 10, 20, 25])
            self.assertEqual(file["step/gradients"][:].tolist(), [0, 10, 20, 25])
        self.minimize("--steps=3", "--dimension=1000", "--log-theta=false", "--overwrite")
        with h5py.File(self.output) as file:
            self.assertNotIn("theta", file)
            self.assertEqual(file["step/value"].shape, (4,))

    def test_contours(self):
        self.minimize("--steps=50", "--contour=21", "--contour-window=-2,2,-1,3")
        with h5py.File(self.output) as file:
            x, y, value = (file["contour"][name][:] for name in ("x", "y", "value"))
        np.testing.assert_allclose(x, np.linspace(-2, 2, 21), atol=1e-15)
        np.testing.assert_allclose(y, np.linspace(-1, 3, 21), atol=1e-15)
        np.testing.assert_allclose(value, rosenbrock(np.meshgrid(x, y)), rtol=1e-12)
        self.minimize("--problem=saddle", "--optimizer=sgd", "--learning-rate=0.3", "--steps=2000", "--contour=9",
                      "--overwrite", code=3)
        with h5py.File(self.output) as file:  # a window around what can be seen of a path that goes astray
            self.assertTrue(np.all(np.isfinite(file["contour/value"][:])))
            self.assertLess(np.abs(file["contour/y"][:]).max(), 100)

    def test_data_from_files(self):
        table = self.folder / "points.csv"
        x = np.linspace(0.1, 3, 30)
        table.write_text("x, y\n# made\n" + "\n".join(f"{a},{2 * np.exp(-0.5 * a)}" for a in x) + "\n")
        self.minimize("--problem=curve_fit", "--model=exponential", f"--data={table}", "--optimizer=adam",
                      "--learning-rate=0.05", "--steps=2000")
        with h5py.File(self.output) as file:
            np.testing.assert_allclose(file["step/theta"][-1], [2, -0.5], rtol=5e-2)
            self.assertEqual(file["step/examples"][-1], 2000 * 30)
        for name, header, body in (("i", (8, 3, (6, 2, 2)), bytes(range(24))), ("l", (8, 1, (6,)),
                                                                                bytes([0, 1, 2, 0, 1, 2]))):
            kind, rank, shape = header
            path = self.folder / name
            path.write_bytes(struct.pack(">HBB", 0, kind, rank) + struct.pack(f">{rank}I", *shape) + body)
        self.minimize("--problem=logistic_regression", f"--data={self.folder / 'i'}", f"--labels={self.folder / 'l'}",
                      "--l2=0.01", "--steps=10", "--overwrite")
        with h5py.File(self.output) as file:
            self.assertEqual(file["step/theta"].shape[1], (4 + 1) * 3)
            self.assertAlmostEqual(file["step/value"][0], np.log(3), places=12)
            self.assertLess(file["step/value"][-1], file["step/value"][0])

    def test_tables_are_what_pandas_reads(self):
        numbers = "0.1,-1.5e0\n+2.25,.5\n3,1.7976931348623157\n"
        table = self.folder / "t.csv"
        for text, separator, names in (("\ufeff" + numbers, ",", None),
                                       ("time,signal\n" + numbers, ",", 0),
                                       ('"t, s";"y"\n' + numbers.replace(",", ";"), ";", 0),
                                       (numbers.replace(",", "\t").replace("\n", "\r\n"), "\t", None),
                                       (numbers.replace(",", " \t "), r"\s+", None),
                                       ('# by hand\n\n"0.1","-1.5"\n2.25, 0.5', ",", None)):
            table.write_bytes(text.encode())
            read = pandas.read_csv(table, sep=separator, header=names, comment="#", encoding="utf-8-sig",
                                   engine="python").to_numpy(float)
            self.minimize("--problem=curve_fit", f"--data={table}", "--start=2,-0.5", "--steps=1", "--overwrite")
            with h5py.File(self.output) as file:
                expected = np.sum((2 * np.exp(-0.5 * read[:, 0]) - read[:, 1]) ** 2)
                self.assertAlmostEqual(file["step/value"][0] / expected, 1, places=14, msg=text)
                self.assertEqual(file["step/examples"][-1] % len(read), 0)

    def test_a_run_that_goes_on_has_the_same_bits(self):
        state = self.folder / "s.state"
        options = [
            "--problem=noisy_quadratic", "--optimizer=adam", "--learning-rate=0.05", "--dtype=float32", "--seed=3",
            "--wrappers=lookahead", "--learning-rate-schedule=cosine"]
        self.minimize(*options, "--steps=60", output=self.folder / "whole.h5")
        self.minimize(*options, "--steps=25", f"--save-state={state}", output=self.folder / "first.h5")
        self.minimize(*options, "--steps=35", f"--load-state={state}", output=self.folder / "second.h5")
        with h5py.File(self.folder / "whole.h5") as whole, h5py.File(self.folder / "second.h5") as second:
            self.assertEqual(second["step/step"][:].tolist(), list(range(25, 61)))
            for name in ("theta", "value", "gradient_norm"):
                self.assertEqual(whole["step"][name][25:].tobytes(), second["step"][name][:].tobytes(), name)
        options[0] = "--problem=quadratic"
        self.refused("s.state", *options, f"--load-state={state}")
        self.refused("s.state", "--problem=noisy_quadratic", "--optimizer=sgd", "--dtype=float32",
                     f"--load-state={state}")
        self.refused("--start", "--start=1,1", f"--load-state={state}")
        state.write_bytes(state.read_bytes()[:-1])
        self.refused("s.state", *options, f"--load-state={state}", code=1)

    # What decides on the points; all other options only watch, and change nothing.
    DECIDING = {
        "seed", "dtype", "problem", "dimension", "start", "start_spread", "steps", "observe_every", "load_state",
        "condition", "eigenvalues", "rotate", "noise", "batch_size", "l2", "model", "data", "labels", "examples"}
    WATCHING = {
        "log_every": ["7", "1000"],
        "gradient_tolerance": ["1e-3"],  # may end a run sooner
        "log_theta": ["false"],
        "trajectory_limit": ["100000"],
        "contour": ["9"],
        "contour_window": ["-2,2,-2,2"],
        "save_state": None,  # always given
        "threads": ["2"],
        "continue_after_divergence": ["true"],
        "checkpoint_interval": ["0"],
        "checkpoint_at": ["1,7"],
        "fingerprint_interval": ["1", "0"],
        "not_bitwise": ["true"],
        "other_numbers": ["true"],
        "quiet": ["true"],
        "overwrite": ["true"],
        "output": ["folder"],
        "note": ["a word"],
        "tag": ["red"],
        "study": ["a text"],
    }
    # Where a run begins and stops: tests/experiments/checkpoints_test.py.
    BEGINNING = {"resume", "fork", "reseed", "replay", "at", "stop_at"}
    ASKING = {"help", "describe", "describe_runs", "list_optimizers", "list_problems"}

    def test_the_list_of_problems(self):
        listed = self.minimize("--list-problems", output=False).stdout
        for line in ("\n  rosenbrock  Rosenbrock (1960)",
                     "\n    sum over i < n of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2\n"):
            self.assertIn(line, listed)

    def test_watching_changes_nothing(self):
        described = json.loads(self.minimize("--describe", output=False).stdout)
        names = {option["name"] for option in described["options"]}
        numbers = {name for name in names if name.startswith(("learning_rate", "beta", "epsilon", "amsgrad", "bias"))}
        unknown = names - numbers - self.DECIDING - set(self.WATCHING) - self.ASKING - self.BEGINNING - {
            "optimizer", "wrappers", "groups"}
        self.assertEqual(unknown, set(), "does it decide on the points, or only watch? It belongs in a list above.")
        plateau = ["--learning-rate-schedule=plateau", "--learning-rate-factor=0.5", "--learning-rate-patience=2",
                   "--learning-rate-threshold=0.01"]
        runs = [
            ["--optimizer=gradient_descent", "--learning-rate=0.002", *plateau],
            ["--optimizer=gradient_descent", "--learning-rate=0.002", *plateau, "--observe-every=5"],
            ["--optimizer=adam", "--learning-rate=0.1", *plateau, "--wrappers=sam+lookahead+ema", "--observe-every=3"],
            [
                "--optimizer=sgd", "--problem=noisy_quadratic", "--dimension=2", "--learning-rate=0.3", *plateau,
                "--wrappers=gradient_noise+gradient_accumulation"],
            ["--optimizer=adam", "--wrappers=parameter_noise+swa", "--learning-rate-schedule=cosine"],
            ["--optimizer=gradient_descent", "--problem=sphere", "--learning-rate=0.5"],  # a gradient of 0 at once
            ["--optimizer=lbfgs"],
            ["--optimizer=hessian_free", "--preconditioner=none"],
            ["--optimizer=levenberg_marquardt", "--wrappers=ema"]]
        if SANITIZED:
            runs = runs[2::5]
        seen = set()
        for number, run in enumerate(runs):
            state = self.folder / f"{number}.state"
            common = [*run, "--steps=40", f"--save-state={state}"]
            self.minimize(*common, output=self.folder / f"{number}.h5")
            with h5py.File(self.folder / f"{number}.h5") as file:
                expected = {
                    name: file["step"][name][:]
                    for name in ("step", "theta", "value", "gradients", "products", "values")}
                taken = file.attrs["steps_taken"]
            saved = contents_of_state(state)
            for option, values in self.WATCHING.items():
                for value in values or []:
                    what = (run, option, value)
                    output = self.folder / f"{number}.{option}.{value}"
                    output = output if option == "output" else output.with_name(output.name + ".h5")
                    extra = [] if option == "output" else [f"--{option.replace('_', '-')}={value}"]
                    if option == "contour_window":
                        extra.append("--contour=5")
                    self.minimize(*common, *extra, output=output)
                    with h5py.File(output / "run.h5" if output.is_dir() else output) as file:
                        rows = np.searchsorted(expected["step"], file["step/step"][:])
                        for name in expected:
                            if name != "theta" or option != "log_theta":
                                self.assertEqual(file["step"][name][:].tobytes(), expected[name][rows].tobytes(),
                                                 (what, name))
                        if option != "gradient_tolerance":
                            self.assertEqual(file.attrs["steps_taken"], taken, what)
                            self.assertEqual(contents_of_state(state), saved, what)
                        else:
                            self.assertLessEqual(file.attrs["steps_taken"], taken, what)
            seen.add((taken, expected["theta"][-1].tobytes()))
        self.assertEqual(len(seen), len(runs))  # observing every 5th step is another run

    def test_numbers_in_texts_are_recorded_by_value(self):
        configurations = []
        for name, start, groups in (("a", "1,1", "* learning_rate=0.1"), ("b", "1.0,+1e0", "*  learning-rate=1e-1;")):
            self.minimize("--steps=1", f"--start={start}", f"--groups={groups}", output=self.folder / name)
            configurations.append(json.loads((self.folder / name / "config.json").read_text()))
        self.assertEqual(configurations[0]["options"]["start"], "1,1")
        self.assertEqual(configurations[0]["config_hash"], configurations[1]["config_hash"])

    def test_draws_paths(self):
        if not importlib.util.find_spec("matplotlib"):
            self.skipTest("matplotlib is not installed")
        for name in ("sgd", "adam"):
            self.minimize(f"--optimizer={name}", "--learning-rate=0.001", "--steps=100", "--contour=40",
                          "--start=-1.2,1", output=self.folder / f"{name}.h5")
        for suffix, begins in (("png", b"\x89PNG"), ("svg", b"<?xml")):
            picture = self.folder / f"path.{suffix}"
            subprocess.run([DRAW_PATH, self.folder / "sgd.h5", self.folder / "adam.h5", f"--output={picture}"],
                           check=True, timeout=120)
            self.assertTrue(picture.read_bytes().startswith(begins))
        svg = (self.folder / "path.svg").read_text()
        for words in ("adam", "sgd", "rosenbrock"):
            self.assertIn(words, svg)
        for arguments, words in (([self.folder / "none.h5"], "none.h5"), ([DRAW_PATH], "not an HDF5 file")):
            result = subprocess.run([DRAW_PATH, *arguments, f"--output={self.folder / 'x.png'}"], capture_output=True,
                                    text=True)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    unittest.main()
