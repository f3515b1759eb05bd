#!/usr/bin/python3
"""`sweep export`: the CSV and the HDF5 file hold what the runs have logged, and open in what people use.

Usage: sweep_export_test.py BUILD_BIN_DIR [unittest arguments]
"""
import importlib.util
import json
import os
import pathlib
import re
import resource
import struct
import subprocess
import sys
import unittest
import zlib

import h5py
import numpy as np
import pandas

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase, sealed

AWKWARD = ['a,b', 'say "yes"', "two\nlines", "cr\rlf\r\n", " spaces ", "Größe μ ∇ 界 😀", "", "NA", "1e", "=1+1", "';--"]


def frame(kind, payload):
    data = kind + (payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return struct.pack("<II", len(data), zlib.crc32(data)) + data


def log_of(options, tables):
    """A metrics.log; tables: {name: (columns as the log keeps them, rows of (index, values))}."""
    data = frame(b"C", {"program": "program", "options": options, "seed": 0, "environment": {}})
    for name, (columns, _) in tables.items():
        data += frame(b"T", {"name": name, "index": "step", "columns": columns})
    for number, (_, rows) in enumerate(tables.values()):
        for index, values in rows:
            data += frame(b"R", struct.pack(f"<Hq{len(values)}d", number, index, *values))
    return data


def scalar(name, **more):
    return {"name": name, "units": "1", "long_name": name, **more}


def vector(name, length, axis="layer", **more):
    return scalar(name, axis=axis, length=length, **more)


class Export(SweepCase):
    def test_what_is_no_file_stays_what_it_is(self):
        self.sweep("--seed=0")
        pipe, link, far = self.folder / "pipe", self.folder / "link.csv", self.folder / "disk" / "far.csv"
        os.mkfifo(pipe)
        far.parent.mkdir()
        link.symlink_to(far)
        for target in (pipe, "/dev/null", "/dev/stdout", self.folder):
            for option in ("--csv", "--hdf5"):
                said = self.export(f"{option}={target}", code=2)
                self.assertIn(f"export: {option}: {target} is no regular file", said)
        self.assertTrue(pipe.is_fifo() and pathlib.Path("/dev/null").is_char_device())
        for text in ("", "old"):  # the link leads to nothing, then to a file
            if text:
                far.write_text(text)
            self.export(f"--csv={link}")
            self.assertTrue(link.is_symlink() and far.read_text().startswith("run,"))
            far.unlink()
        self.assertIn("expected two files", self.export(f"--csv={self.csv}", f"--hdf5={self.csv}", code=2))

    def setUp(self):
        super().setUp()
        self.csv, self.hdf5 = self.folder / "runs.csv", self.folder / "runs.h5"

    def export(self, *options, code=0, **keywords):
        done = subprocess.run([sweep_support.SWEEP, "export", self.output, *options], capture_output=True, text=True,
                              timeout=120, **keywords)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr if code else done.stdout

    def both(self, *options, code=0):
        """The rows of the CSV file as texts, by run, and what was said; the HDF5 file lies at self.hdf5."""
        said = self.export(f"--csv={self.csv}", f"--hdf5={self.hdf5}", *options, code=code)
        frame = pandas.read_csv(self.csv, dtype=str, keep_default_na=False).set_index("run")
        self.assertEqual(list(frame.index), sorted(frame.index))
        return frame, said

    def write_logged_run(self, name, tables, options=None):
        """A run that goes on another time, with what it has logged so far."""
        folder = self.output / name
        folder.mkdir(parents=True)
        options = {"mode": "x", "seed": 0} if options is None else options
        (folder / "config.json").write_text(sealed({
            "schema": 3, "program": "program", "run_id": name, "config_hash": name, "seed": 0, "options": options,
            "environment": {}}))
        (folder / "metrics.log").write_bytes(log_of(options, tables))
        return folder

    def minimize(self, *options, **keywords):
        return self.sweep(*options, program=pathlib.Path(sweep_support.SWEEP).with_name("minimize"), **keywords)

    def compare_with_runs(self, file, frame):
        """Every number of every run.h5 is where it belongs, and nothing else is there."""
        for row, run in enumerate(file["run"].asstr()[:]):
            with h5py.File(self.output / run / "run.h5") as own:
                for table in (name for name in own if isinstance(own[name], h5py.Group)):
                    index = own[table]["step"][:]
                    places = np.searchsorted(file[table]["step"][:], index)
                    self.assertEqual(frame[f"{table}/step"][run], str(index[-1]))
                    for column in own[table]:
                        if column == "step" or not len(own[table][column].dims[0]):
                            continue
                        values, all_values = own[table][column][:], file[table][column][row]
                        expected = np.full(all_values.shape, np.nan)
                        expected[(places, *(slice(length) for length in values.shape[1:]))] = values
                        np.testing.assert_array_equal(all_values, expected)
                        last = [frame[f"{table}/{column}"][run]] if values.ndim == 1 else [
                            frame[f"{table}/{column}[{i}]"][run] for i in range(values.shape[1])]
                        np.testing.assert_array_equal([float(text) for text in last], np.atleast_1d(values[-1]))

    def test_every_number_of_every_run_is_there(self):
        self.minimize("--problem=quadratic,rosenbrock", "--steps=5,9", "--seed=0:1", "--optimizer=adam")
        frame, said = self.both()
        self.assertRegex(said, r"^8 runs, tables: step, fingerprint\n$")
        with h5py.File(self.hdf5) as file:
            self.assertEqual(file.attrs["program"], "minimize")
            self.assertEqual(file["step/theta"].shape, (8, 10, 10))
            self.assertEqual(file["step/theta"].dims[0][0].name, "/run")
            with h5py.File(next(self.output.glob("*/run.h5"))) as own:
                self.assertEqual(dict(file["step/value"].attrs, DIMENSION_LIST=0),
                                 dict(own["step/value"].attrs, DIMENSION_LIST=0))
            self.compare_with_runs(file, frame)
            for run, steps, option, seed in zip(file["run"].asstr()[:], file["steps"][:], file["option_steps"][:],
                                                file["option_seed"][:]):
                self.assertEqual(steps, option)
                self.assertEqual(frame["steps"][run], str(option))
                self.assertEqual(frame["option_seed"][run], str(seed))
                self.assertGreater(float(frame["seconds"][run]), 0)
            self.assertEqual(file["option_seed"].dtype, np.int64)
            self.assertEqual(file["seconds"].attrs["units"], "s")

    @unittest.skipUnless(importlib.util.find_spec("xarray") and importlib.util.find_spec("netCDF4"),
                         "xarray or netCDF4 is not installed")
    def test_xarray_and_netcdf_open_it(self):
        import netCDF4
        import xarray
        self.minimize("--problem=quadratic", "--steps=4", "--learning-rate=0.1,0.01", "--seed=0:1")
        self.both()
        with xarray.open_dataset(self.hdf5) as root, xarray.open_dataset(self.hdf5, group="step") as steps:
            self.assertEqual(dict(root.sizes), {"run": 4})
            self.assertEqual(dict(steps.sizes), {"run": 4, "step": 5, "parameter": 10})
            whole = steps.assign_coords(run=root["run"], rate=root["option_learning_rate"])
            means = whole["value"].isel(step=-1).groupby("rate").mean()
            self.assertEqual(list(means["rate"].values), [0.01, 0.1])
            self.assertEqual(root.to_dataframe().loc[str(root["run"].values[0]), "status"], "completed")
            with h5py.File(self.hdf5) as file:
                np.testing.assert_array_equal(whole["theta"].values, file["step/theta"][:])
        with netCDF4.Dataset(self.hdf5) as file:
            self.assertEqual(file["step"]["value"].dimensions, ("run", "step"))
            self.assertEqual(file["step"]["theta"].dimensions, ("run", "step", "parameter"))
            self.assertEqual(list(file["status"][:]), ["completed"] * 4)
            self.assertEqual(file.dimensions["run"].size, 4)

    @unittest.skipUnless(importlib.util.find_spec("xarray") and importlib.util.find_spec("netCDF4"),
                         "xarray or netCDF4 is not installed")
    def test_the_lines_of_the_page_on_sweeps(self):
        page = (pathlib.Path(__file__).resolve().parents[2] / "docs/sweeps.md").read_text(encoding="utf-8")
        lines, = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "import sys, xarray" in block]
        for number, optimizer in enumerate(["adam", "adam", "sgd"]):
            rows = [(0, [9.0]), (10, [1.0 + number])]
            self.write_logged_run(f"r{number}", {"evaluation": ([scalar("validation_loss")], rows)},
                                  {"optimizer": optimizer})
        self.both()
        done = subprocess.run([sys.executable, "-c", lines, self.hdf5], capture_output=True, text=True)
        self.assertEqual(re.findall(r"^(\w+) +([\d.]+)$", done.stdout, re.MULTILINE), [("adam", "1.5"), ("sgd", "3.0")],
                         done.stdout + done.stderr)

    def test_awkward_texts_come_back(self):
        study = self.folder / "awkward.toml"
        study.write_text(f"program = {json.dumps(str(self.program))}\n[options]\n"
                         f"text = {json.dumps(AWKWARD, ensure_ascii=False)}\n")
        self.sweep(file=study)
        frame, _ = self.both()
        self.assertEqual(sorted(frame["option_text"]), sorted(AWKWARD))
        with h5py.File(self.hdf5) as file:
            self.assertEqual(dict(zip(file["run"].asstr()[:], file["option_text"].asstr()[:])),
                             dict(frame["option_text"]))

    def test_every_run_is_a_row_with_its_status(self):
        self.sweep("--mode=completed,diverged,fail,killed", code=1)
        plan = [sweep_support.SWEEP, "plan", *self.command("--mode=completed", "--seed=7")[2:]]
        self.assertEqual(subprocess.run(plan, capture_output=True, env=self.environment, cwd=self.folder).returncode, 0)
        frame, said = self.both()
        self.assertEqual(said, "5 runs, tables: none\n")
        found = {(row.option_mode, row.option_seed): row for row in frame.itertuples()}
        self.assertEqual({mode: (row.status, row.exit_code) for mode, row in found.items()}, {
            ("completed", ""): ("completed", "0"), ("diverged", ""): ("diverged", "3"), ("fail", ""): ("failed", "1"),
            ("killed", ""): ("failed", "137"), ("completed", "7"): ("pending", "")})
        self.assertEqual(found["diverged", ""].reason, "loss is nan")
        self.assertIn("could not open the data", found["fail", ""].reason)
        with h5py.File(self.hdf5) as file:
            self.assertEqual(list(file["status"].asstr()[:]), list(frame["status"]))
            np.testing.assert_array_equal(file["exit_code"][:], [float(text or "nan") for text in frame["exit_code"]])

    def test_the_same_folder_gives_the_same_bytes(self):
        self.minimize("--problem=quadratic,rosenbrock", "--steps=5", "--seed=0:3")
        self.both()
        before = self.csv.read_bytes(), self.hdf5.read_bytes()
        (self.output / "sweep.json").unlink()
        self.both()
        self.assertEqual((self.csv.read_bytes(), self.hdf5.read_bytes()), before)

    def test_rows_of_equal_index_lie_together_and_others_are_counted(self):
        few = [(0, [1.0]), (10, [2.0])]
        self.write_logged_run("a", {"even": ([scalar("loss")], few), "back": ([scalar("loss")], [(5, [1.0]), (3, [2.0])]),
                                    "apart": ([scalar("loss")], [(0, [1.0])])})
        self.write_logged_run("b", {"even": ([scalar("loss")], [(5, [3.0]), (10, [4.0])]), "back": ([scalar("loss")], few),
                                    "apart": ([scalar("loss")], [(1, [1.0])])})
        for number in range(2, 6):
            self.write_logged_run(f"c{number}", {"apart": ([scalar("loss")], [(number, [1.0])])})
        self.both()
        nan = np.nan
        with h5py.File(self.hdf5) as file:
            self.assertEqual(list(file["even/step"]), [0, 5, 10])
            np.testing.assert_array_equal(file["even/loss"][:2], [[1, nan, 2], [nan, 3, 4]])
            self.assertEqual(list(file["back/row"]), [0, 1])
            np.testing.assert_array_equal(file["back/step"][:2], [[5, 3], [0, 10]])
            np.testing.assert_array_equal(file["back/loss"][:2], [[1, 2], [1, 2]])
            self.assertTrue(np.isnan(file["back/loss"][2:]).all())
            self.assertEqual(file["apart/loss"].shape, (6, 1))
            self.assertEqual(list(file["apart/step"][:, 0]), [0, 1, 2, 3, 4, 5])
            self.assertEqual(list(file["steps"][:2]), [10, 10])

    def test_columns_that_not_all_runs_have(self):
        first = [scalar("loss", better="lower"), vector("norms", 2, single_precision=True, labels=["in", "out"])]
        self.write_logged_run("a", {"step": (first, [(0, [1.0, 2.0, 3.5])])}, {"depth": 1, "name": "x", "only_a": True})
        self.write_logged_run("b", {"step": ([vector("norms", 3)], [(0, [4.0, np.nan, 6.0])])}, {"depth": 2, "name": 3})
        frame, _ = self.both()
        self.assertEqual(list(frame.loc["a", "step/loss":]), ["1", "2", "3.5", ""])
        self.assertEqual(list(frame.loc["b", "step/loss":]), ["", "4", "NaN", "6"])
        with h5py.File(self.hdf5) as file:
            self.assertEqual(file["step/loss"].attrs["better"], "lower")
            np.testing.assert_array_equal(file["step/norms"][:, 0], [[2, 3.5, np.nan], [4, np.nan, 6]])
            np.testing.assert_array_equal(file["step/loss"][:, 0], [1, np.nan])
            self.assertEqual(list(file["option_depth"]), [1, 2])
            self.assertEqual(list(file["option_name"].asstr()), ["x", "3"])
            np.testing.assert_array_equal(file["option_only_a"], [1, np.nan])

    def test_names_that_are_taken(self):
        columns = [scalar("run"), scalar("row"), vector("norms", 2, labels=["in", "out"])]
        self.write_logged_run("a", {"status": (columns, [(3, [1.0, 2.0, 3.0, 4.0]), (1, [5.0, 6.0, 7.0, 8.0])])},
                              {"a/b": 1, "a_b": 2})
        self.both()
        with h5py.File(self.hdf5) as file:
            self.assertEqual(file["status"].asstr()[0], "pending")
            table = file["table_status"]
            self.assertEqual(set(table), {"column_run", "row", "table_row", "step", "layer", "layer_label", "norms"})
            self.assertEqual(list(table["layer_label"].asstr()), ["in", "out"])
            np.testing.assert_array_equal(table["norms"][0], [[3, 4], [7, 8]])
            self.assertEqual((file["option_a_b"][0], file["fact_option_a_b"][0]), (1, 2))

    def test_one_column_along_two_axes_is_refused(self):
        self.write_logged_run("a", {"step": ([scalar("loss")], [(0, [1.0])]), "other": ([scalar("x")], [(0, [1.0])])})
        self.write_logged_run("b", {"step": ([vector("loss", 2)], [(0, [1.0, 2.0])])})
        said = self.export(f"--csv={self.csv}", code=1)
        self.assertIn("step/loss: along no axis in one run and along layer in another", said)
        self.assertFalse(self.csv.exists())
        self.assertEqual(list(self.both("--table=other")[0]["other/x"]), ["1", ""])

    def test_long_vectors_are_in_hdf5_alone(self):
        self.write_logged_run("a", {"step": ([vector("theta", 1001), scalar("loss")], [(0, [*range(1001), 7.0])])})
        done = subprocess.run([sweep_support.SWEEP, "export", self.output, f"--csv={self.csv}", f"--hdf5={self.hdf5}"],
                              capture_output=True, text=True, check=True)
        self.assertIn("step/theta: vectors too long for a row", done.stderr)
        self.assertEqual(self.csv.read_text().splitlines()[0].count("theta"), 0)
        with h5py.File(self.hdf5) as file:
            self.assertEqual(list(file["step/theta"][0, 0]), list(range(1001)))

    def test_more_runs_than_a_block_has(self):
        for number in range(150):
            rows = [(step, [number + step / 1000]) for step in range(number % 7)]
            self.write_logged_run(f"r{number:03}", {"step": ([scalar("loss")], rows)})
        self.both()
        with h5py.File(self.hdf5) as file:
            for number, values in enumerate(file["step/loss"][:]):
                rows = number % 7
                np.testing.assert_array_equal(values[:rows], number + np.arange(rows) / 1000)
                self.assertTrue(np.isnan(values[rows:]).all())

    def test_a_damaged_log_is_named_and_its_tables_are_left_out(self):
        self.minimize("--problem=quadratic", "--steps=5", "--seed=0:1")
        damaged, whole = sorted(folder.name for folder in self.folders())
        log = self.output / damaged / "metrics.log"
        data = bytearray(log.read_bytes())
        data[-20] ^= 1
        log.write_bytes(data)
        frame, said = self.both(code=1)
        self.assertRegex(said, f"^sweep: {log}: damaged: .*; its tables are left out")
        self.assertEqual((frame["status"][damaged], frame["step/value"][damaged]), ("completed", ""))
        self.assertNotEqual(frame["step/value"][whole], "")
        with h5py.File(self.hdf5) as file:
            self.assertTrue(np.isnan(file["step/value"][0]).all())
            self.assertFalse(np.isnan(file["step/value"][1]).any())

    def test_what_cannot_be_done_is_one_line_and_leaves_nothing(self):
        self.minimize("--problem=quadratic", "--steps=50", "--seed=0:1")
        self.hdf5.write_text("before")
        self.csv.write_text("before")
        def at_most(size):
            return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}
        for options, code, says, keywords in (
                ([], 2, "expected --csv=FILE, --hdf5=FILE, or both", {}),
                ([f"--csv={self.csv}", f"--hdf5={self.folder}/./{self.csv.name}"], 2, "expected two files, not", {}),
                ([f"--csv={self.csv}", "--table=nothing"], 2, "no run has logged a table nothing: expected one of step", {}),
                ([f"--csv={self.folder}/no/runs.csv"], 1, "No such file", {}),
                ([f"--hdf5={self.folder}/no/runs.h5"], 1, "No such file", {}),
                *(([f"--hdf5={self.hdf5}"], 1, f"{self.hdf5}: cannot write", at_most(size))
                  for size in (0, 100, 1024, 4096, 10_000, 20_000, 40_000, 60_000, 80_000)),
                ([f"--csv={self.csv}"], 1, f"{self.csv}: cannot write", at_most(1024))):
            with self.subTest(options=options):
                said = self.export(*options, code=code, **keywords)
                self.assertEqual(len(said.splitlines()), 1, said)
                self.assertIn(says, said)
                self.assertEqual((self.csv.read_text(), self.hdf5.read_text()), ("before", "before"))
                self.assertEqual([path.name for path in self.folder.iterdir() if ".new" in path.name], [])
        self.output = self.folder / "nothing"
        self.assertIn("no sweep here", self.export(f"--csv={self.csv}", code=2))


if __name__ == "__main__":
    sweep_support.main(__file__)
