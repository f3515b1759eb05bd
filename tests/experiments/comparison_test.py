"""Drives build/bin/optimizer_comparison as a user would, on a small IDX data set made here: results, bits, bad input.

usage: comparison_test.py BIN_DIRECTORY
"""
import gzip
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

BIN = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else pathlib.Path("build/bin")
NAMES = {"train": 600, "t10k": 200}


def write_idx(path, array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    with gzip.open(path, "wb") as file:
        file.write(header + array.astype(np.uint8).tobytes())


def make_data(folder):
    """Three classes of 6 x 6 images: bright in different rows, with noise."""
    random = np.random.default_rng(0)
    folder.mkdir()
    for name, n in NAMES.items():
        labels = random.integers(0, 3, n)
        images = random.integers(0, 120, (n, 6, 6))
        for i, label in enumerate(labels):
            images[i, 2 * label : 2 * label + 2] += 100
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", labels)


class Comparison(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.data = self.folder / "data"
        make_data(self.data)

    def tearDown(self):
        self.scratch.cleanup()

    def command(self, output, *options):
        return [str(BIN / "optimizer_comparison"), f"--output={self.folder / output}", "--data=shapes",
                f"--data-dir={self.data}", "--hidden=16", *options]

    def run_program(self, output, *options):
        return subprocess.run(self.command(output, *options), capture_output=True, text=True, timeout=300)

    def assert_refused(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(len(result.stderr.strip().splitlines()), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_every_optimizer_learns_and_logs(self):
        rates = {"gradient_descent": 0.1, "sgd": 0.1, "momentum": 0.02, "nesterov": 0.02, "adam": 0.003, "adamw": 0.003,
                 "rmsprop": 0.003, "adagrad": 0.03}
        for name, rate in list(rates.items())[::3] if "GRADUS_TESTS_SANITIZED" in os.environ else rates.items():
            result = self.run_program(name, f"--optimizer={name}", f"--learning-rate={rate}", "--epochs=8")
            self.assertEqual((result.returncode, result.stderr, result.stdout), (0, "", ""), name)
            with h5py.File(self.folder / name / "run.h5") as file:
                self.assertEqual(file["step/loss"].shape, (8 * 19,))
                self.assertEqual(file["step/loss"].dims[0][0].name, "/step/step")
                epoch = file["evaluation"]
                self.assertGreater(epoch["test_accuracy"][-1], 0.95, name)
                self.assertLess(epoch["training_loss"][-1], epoch["training_loss"][0] / 2, name)
                self.assertEqual(epoch["gradients"][-1], 8 * 19)
                self.assertEqual(epoch["examples"][-1], 8 * 600)
                self.assertEqual(file.attrs["option_optimizer"], name)
                parameters = 36 * 16 + 16 + 16 * 3 + 3
                states = {"adam": 2, "adamw": 2, "rmsprop": 1, "momentum": 1, "nesterov": 1, "adagrad": 1}.get(name, 0)
                self.assertEqual(epoch["optimizer_state_bytes"][-1], 4 * parameters * states)
            record = json.loads((self.folder / name / "complete.json").read_text())
            self.assertEqual((record["status"], record["rows"]), ("completed", {"step": 152, "evaluation": 9, "fingerprint": 3}))

    def numbers(self, output):
        with h5py.File(self.folder / output / "run.h5") as file:
            return [file["step/loss"][:].tobytes()] + [
                file["evaluation"][name][:].tobytes()
                for name in sorted(file["evaluation"]) if name != "training_seconds"]

    def test_same_seed_same_bits(self):
        for dtype in ("float32", "float64"):
            options = ["--optimizer=adam", "--epochs=2", f"--dtype={dtype}"]
            for output, extra in {"a": [], "b": [], "threads": ["--threads=2"], "seed": ["--seed=1"]}.items():
                self.assertEqual(self.run_program(output + dtype, *options, *extra).returncode, 0)
            self.assertEqual(self.numbers("a" + dtype), self.numbers("b" + dtype))
            self.assertEqual(self.numbers("a" + dtype), self.numbers("threads" + dtype))
            self.assertNotEqual(self.numbers("a" + dtype), self.numbers("seed" + dtype))

    def test_divergence_ends_the_run_and_keeps_what_was_logged(self):
        result = self.run_program("wild", "--optimizer=sgd", "--learning-rate=1e30")
        self.assert_refused(result, 3, "diverged: the loss became")
        record = json.loads((self.folder / "wild" / "complete.json").read_text())
        self.assertEqual(record["status"], "diverged")
        with h5py.File(self.folder / "wild" / "run.h5") as file:
            self.assertFalse(np.isfinite(file["step/loss"][-1]))
            self.assertEqual(len(file["step/loss"]), record["rows"]["step"])
            self.assertEqual(file.attrs["status"], "diverged")

    def test_an_existing_output_is_refused_unless_told_to_overwrite(self):
        self.assertEqual(self.run_program("once", "--epochs=1").returncode, 0)
        before = (self.folder / "once" / "run.h5").read_bytes()
        result = self.run_program("once", "--epochs=1")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("--overwrite", result.stderr)
        self.assertEqual((self.folder / "once" / "run.h5").read_bytes(), before)
        self.assertEqual(self.run_program("once", "--epochs=1", "--overwrite").returncode, 0)

    def test_a_stopped_run_keeps_its_rows(self):
        process = subprocess.Popen(self.command("stopped", "--epochs=1000000"), stderr=subprocess.PIPE, text=True)
        log = self.folder / "stopped" / "metrics.log"
        deadline = time.time() + 60
        while not (log.exists() and log.stat().st_size > 1000) and time.time() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, error)
        record = json.loads((self.folder / "stopped" / "complete.json").read_text())
        self.assertEqual(record["status"], "interrupted")
        with h5py.File(self.folder / "stopped" / "run.h5") as file:
            self.assertEqual(len(file["step/loss"]), record["rows"]["step"])

    def test_bad_input_gives_one_line(self):
        self.assert_refused(self.run_program("x", "--optimizer=adm"), 2, "adm", "adam", "rmsprop")
        self.assert_refused(self.run_program("x", "--learning-rat=1"), 2, "learning", "rate")
        self.assert_refused(self.run_program("x", "--beta1=0.5"), 2, "beta1")
        self.assert_refused(self.run_program("x", "--optimizer=adam", "--beta1=1"), 2, "beta1")
        self.assert_refused(self.run_program("x", "--learning-rate=-1"), 2, "learning")
        self.assert_refused(self.run_program("x", "--hidden=12,x"), 2, "hidden")
        self.assert_refused(self.run_program("x", "--epochs=0"), 2, "epochs")
        self.assert_refused(self.run_program("data/t10k-labels-idx1-ubyte.gz/x"), 1, "t10k-labels-idx1-ubyte.gz/x")
        self.assertFalse((self.folder / "x").exists())

    def test_bad_data_gives_one_line_with_the_path(self):
        path = self.data / "train-images-idx3-ubyte.gz"
        good = path.read_bytes()
        labels = (self.data / "train-labels-idx1-ubyte.gz").read_bytes()
        for content in (good[:200], good[:50] + b"damage" + good[56:], labels, b"",
                        gzip.compress(b"\0\0\x0d\x03" + bytes(12))):
            path.write_bytes(content)
            self.assert_refused(self.run_program("x"), 1, str(path))
        path.unlink()
        self.assert_refused(self.run_program("x"), 1, "train-images-idx3-ubyte")
        self.assertFalse((self.folder / "x").exists())

    def sweep(self, *options):
        return subprocess.run([
            str(BIN / "sweep"), "run", "-q", f"--output={self.folder / 'sweep'}", "--",
            str(BIN / "optimizer_comparison"), "--data=shapes", f"--data-dir={self.data}", "--hidden=16", "--epochs=1",
            *options], capture_output=True, text=True, timeout=300)

    def test_a_sweep_goes_over_optimizers_wrappers_and_schedules(self):
        result = self.sweep("--optimizer=sgd,adam", "--wrappers=none,clip_by_norm+ema",
                            "--learning-rate-schedule=none,cosine", "--groups=none,* learning_rate=0.01")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        table = json.loads((self.folder / "sweep" / "sweep.json").read_text())
        self.assertEqual([run["status"] for run in table["runs"]], ["completed"] * 16)
        for run in table["runs"]:
            config = json.loads((self.folder / "sweep" / run["id"] / "config.json").read_text())["options"]
            self.assertEqual("clip_norm" in config, config["wrappers"] != "none")
            self.assertEqual("learning_rate_warmup_steps" in config, config["learning_rate_schedule"] != "none")

    def test_a_sweep_is_refused_where_one_of_its_runs_would_be(self):
        # Adam has beta1, the other run of the grid has not.
        self.assert_refused(self.sweep("--optimizer=adam,sgd", "--beta1=0.9"), 2, "--beta1", "--optimizer=sgd")
        self.assert_refused(self.sweep("--wrappers=none,lookahead", "--lookahead-steps=5"), 2, "--lookahead-steps",
                            "--wrappers=none")
        self.assert_refused(self.sweep("--wrappers=lokahead"), 2, "lokahead", "did you mean lookahead?")
        self.assert_refused(self.sweep("--learning-rate-steps=5"), 2, "--learning-rate-steps")
        self.assert_refused(self.sweep("--optimizer=sgd,adm"), 2, "adm", "adam")
        self.assertFalse((self.folder / "sweep").exists())

    def test_a_plateau_looks_at_the_held_out_loss(self):
        # No fall is large enough to count: the rate is halved after each epoch but the first.
        for output, options in {
                "plain": [], "plateau": [
                    "--learning-rate-schedule=plateau", "--learning-rate-patience=0", "--learning-rate-factor=0.5",
                    "--learning-rate-threshold=1000"]}.items():
            self.assertEqual(self.run_program(output, "--optimizer=sgd", "--epochs=3", "--validation-examples=100",
                                              *options).returncode, 0)
        losses = {}
        for output in ("plain", "plateau"):
            with h5py.File(self.folder / output / "run.h5") as file:
                losses[output] = file["evaluation/training_loss"][:]
        np.testing.assert_array_equal(losses["plain"][:3], losses["plateau"][:3])
        self.assertGreater(losses["plateau"][3], losses["plain"][3])

    def test_the_average_is_what_is_evaluated(self):
        for output, options in {"plain": [], "ema": ["--wrappers=ema", "--ema-decay=0.99"]}.items():
            self.assertEqual(self.run_program(output, "--learning-rate=0.1", "--epochs=2", *options).returncode, 0)
        with h5py.File(self.folder / "plain" / "run.h5") as plain, h5py.File(self.folder / "ema" / "run.h5") as ema:
            np.testing.assert_array_equal(plain["step/loss"][:], ema["step/loss"][:])  # training does not see it
            self.assertNotEqual(plain["evaluation/test_loss"][-1], ema["evaluation/test_loss"][-1])

    def test_everything_is_listed(self):
        text = self.run_program("x", "--list-optimizers")
        self.assertEqual(text.returncode, 0)
        description = json.loads(self.run_program("x", "--describe").stdout)
        for kind in ("optimizers", "wrappers", "schedules"):
            self.assertGreater(len(description[kind]), 7)
            for one in description[kind]:
                self.assertIn(f"\n  {one['name']}  ", text.stdout)
                for h in one["hyperparameters"]:
                    self.assertIn(f"\n    {h['name']} = ", text.stdout)
        self.assertFalse((self.folder / "x").exists())

    def test_help_and_describe(self):
        result = self.run_program("x", "--help", "--optimizer=adam")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--beta1", result.stdout)
        result = self.run_program("x", "--describe")
        names = {option["name"] for option in json.loads(result.stdout)["options"]}
        self.assertLessEqual(
            {"seed", "budget_epochs", "workload", "learning_rate", "threads", "dtype", "data", "hidden"}, names)


if __name__ == "__main__":
    unittest.main()
