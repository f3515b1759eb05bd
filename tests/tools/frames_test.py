#!/usr/bin/python3
"""The package gradus: runs as pandas and xarray have them, and runs of anything else."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings

import numpy as np
import pandas

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"), str(pathlib.Path(__file__).parent)]
import gradus  # noqa: E402
from gradus.records import folder  # noqa: E402
import warm  # noqa: E402
from run_fixtures import good_sweep, name_of, write_run, write_sweep  # noqa: E402

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "tools/python"
OLD = pathlib.Path(__file__).resolve().parents[1] / "data/version_0.1"


class Frames(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def test_a_table_of_all_runs_has_options_as_columns(self):
        good_sweep(self.folder)
        frame = gradus.load(self.folder)
        self.assertEqual(list(frame.columns[:5]), ["run", "width", "optimizer", "seed", "step"])
        self.assertEqual((len(frame), frame.attrs["left_out"]), (6 * 5, {}))
        self.assertEqual((frame["seed"].dtype, frame["step"].dtype), (np.int64, np.int64))
        steps = gradus.load(str(self.folder), "step")
        self.assertEqual(len(steps), 6 * 1000)
        with self.assertRaisesRegex(ValueError, "'median': expected one of first, last"):
            gradus.finals(self.folder, statistic="median")
        finals = gradus.finals(self.folder)
        self.assertEqual(len(finals), 6)
        last = frame[frame["step"] == 5].set_index("run")["validation_accuracy"]
        self.assertEqual(finals.set_index("run")["validation_accuracy"].to_dict(), last.to_dict())
        lowest = gradus.finals(self.folder, "step", "lowest").set_index("run")["loss"]
        self.assertEqual(lowest.to_dict(), steps.groupby("run")["loss"].min().to_dict())
        with self.assertRaisesRegex(ValueError, "no run has a table 'colour'; expected one of: step, evaluation"):
            gradus.load(self.folder, "colour")

    def test_what_is_broken_unfinished_or_double_is_left_out_and_named(self):
        good = write_run(self.folder, {"optimizer": "sgd", "seed": 0}, name="a" * 12)
        write_run(self.folder, {"optimizer": "sgd", "seed": 0}, name="b" * 12)
        damaged = write_run(self.folder, {"optimizer": "sgd", "seed": 1})
        (damaged / "run.h5").write_bytes(b"\x89HDF" + bytes(100))
        write_run(self.folder, {"optimizer": "sgd", "seed": 2}, status="diverged")
        unfinished = write_run(self.folder, {"optimizer": "sgd", "seed": 3})
        (unfinished / "complete.json").unlink()
        bare = write_run(self.folder, {"optimizer": "sgd", "seed": 4}, tables={})
        for call in (gradus.load, gradus.finals, gradus.dataset):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                found = call(self.folder, "evaluation")
            runs = set(np.atleast_1d(found["run"]).tolist())
            self.assertEqual(runs, {good.name})
            message, = [str(each.message) for each in told if each.category is UserWarning]
            self.assertIn("5 runs are left out", message)
            left_out = str(found.attrs["left_out"])
            for name, words in (("b" * 12, "the same as another run"), (damaged.name, "damaged: run.h5: has 104 bytes"),
                                (name_of({"optimizer": "sgd", "seed": 2}), "diverged: loss is NaN at step 900"),
                                (unfinished.name, "unfinished"), (bare.name, "has no table evaluation")):
                for text in (message, left_out):
                    self.assertRegex(text, f"{name}'?: '?{words}")

    def test_an_option_that_is_named_as_a_column_stands_beside_it(self):
        write_run(self.folder, {"optimizer": "sgd", "loss": "squared", "seed": 0})
        for found in (gradus.finals(self.folder, "step"), gradus.load(self.folder, "step")):
            self.assertEqual((found["option_loss"][0], found["loss"].dtype), ("squared", np.float64))

    def test_last_values_are_of_all_runs_that_have_the_table_whichever_is_their_default(self):
        ends = {"index": np.array([0, 1]), "columns": {"score": [1, 7]}}
        for seed, tables in enumerate(
            ({"end": ends}, {"end": ends}, {"end": ends, "step": {**ends, "columns": {"loss": [1, 2]}}})):
            write_run(self.folder, {"optimizer": "sgd", "seed": seed}, tables=tables)
        found = gradus.finals(self.folder)
        self.assertEqual((found["score"].tolist(), found.attrs["left_out"]), ([7, 7, 7], {}))
        with self.assertWarnsRegex(UserWarning,
                                   "nothing of table end was read"):  # of summaries that were not asked for
            self.assertEqual(len(gradus.finals(folder.load(self.folder), "end")), 2)

    def test_a_list_of_runs_reads_no_results(self):
        entries = good_sweep(self.folder, seeds=1)
        write_sweep(self.folder, [*entries, ({"optimizer": "lion", "seed": 0}, "failed", "no such data")])
        for path in self.folder.glob("*/run.h5"):
            path.unlink()
        found = {run.options["optimizer"]: run for run in gradus.runs(self.folder)}
        self.assertEqual({name: run.status for name, run in found.items()},
                         {"sgd": "completed", "adam": "completed", "lion": "failed"})
        self.assertEqual((found["lion"].reason, found["sgd"].options["width"]), ("no such data", 128))

    def test_a_dataset_joins_runs_of_other_steps(self):
        for seed, steps in enumerate(([0, 2, 4], [0, 1, 2, 3])):
            write_run(self.folder, {"optimizer": "sgd", "seed": seed}, name=str(seed) * 12, tables={
                "norms": {"index": np.array(steps), "index_name": "step", "columns": {
                    "gradient": np.array(steps) + seed / 2, "layers": np.outer(steps, [1, 10][:2 - seed])},
                    "gradient": {"better": "lower", "units": "m"}}})
        found = gradus.dataset(self.folder)
        self.assertEqual(dict(found.sizes), {"run": 2, "step": 5, "place": 2})
        self.assertEqual(found["step"].values.tolist(), [0, 1, 2, 3, 4])
        np.testing.assert_array_equal(found["gradient"].values,
                                      [[0, np.nan, 2, np.nan, 4], [0.5, 1.5, 2.5, 3.5, np.nan]])
        np.testing.assert_array_equal(found["layers"].sel(run="0" * 12, step=4).values, [4, 40])
        np.testing.assert_array_equal(found["layers"].sel(run="1" * 12, step=3).values, [3, np.nan])
        self.assertEqual((found["gradient"].attrs["units"], found["gradient"].attrs["better"]), ("m", "lower"))
        self.assertEqual(found["seed"].values.tolist(), [0, 1])
        frame = gradus.load(self.folder)  # vectors: a row for each place
        self.assertEqual(frame[frame["run"] == "0" * 12][["step", "place", "layers", "gradient"]].values.tolist()[-2:],
                         [[4, 0, 4, 4], [4, 1, 40, 4]])

    def test_a_dataset_loses_no_row_whose_index_repeats_or_goes_backwards(self):
        for seed, steps in enumerate(([0, 1, 1, 2], [0, 3, 2])):
            write_run(self.folder, {"optimizer": "sgd", "seed": seed}, name=str(seed) * 12, tables={
                "inner": {"index": np.array(steps), "index_name": "step", "columns": {
                    "residual": 10 + np.arange(len(steps)), "pair": np.outer(np.arange(len(steps)), [1, 10])}}})
        found = gradus.dataset(self.folder)
        self.assertEqual(dict(found.sizes), {"run": 2, "row": 4, "place": 2})
        np.testing.assert_array_equal(found["residual"].values, [[10, 11, 12, 13], [10, 11, 12, np.nan]])
        np.testing.assert_array_equal(found["step"].values, [[0, 1, 1, 2], [0, 3, 2, np.nan]])
        np.testing.assert_array_equal(found["pair"].sel(run="1" * 12, row=2).values, [2, 20])
        self.assertIn("step", found.coords)
        self.assertEqual(len(gradus.load(self.folder)), 7 * 2)

    def test_a_single_run_is_a_folder_of_one(self):
        entries = good_sweep(self.folder, seeds=1)
        write_sweep(self.folder, entries)
        name = name_of(entries[1][0])
        run = self.folder / name
        whole = gradus.load(self.folder)
        for path in (run, run / "run.h5", f"{run}/", os.path.relpath(run)):
            self.assertEqual([(each.name, each.status) for each in gradus.runs(path)], [(name, "completed")])
            self.assertEqual(gradus.finals(path)["run"].tolist(), [name])
            one = gradus.load(path)
            self.assertEqual(one.to_dict(), whole[whole["run"] == name].reset_index(drop=True).to_dict())
            self.assertEqual(gradus.dataset(path).sizes["run"], 1)
        for path in (run, run / "run.h5"):
            result = warm.call("report", path, "--still")
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            self.assertEqual(result.stdout.decode().splitlines()[-1], f"{run}/report.html")
            (run / "report.html").unlink()
        (run / "complete.json").unlink()
        self.assertEqual([each.status for each in gradus.runs(run)], ["unfinished"])

    def test_a_run_of_an_earlier_gradus(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frame = gradus.finals(OLD)
        self.assertEqual((len(frame), frame["optimizer"][0]), (1, "adahessian"))
        self.assertEqual(gradus.runs(OLD)[0].status, "completed")
        self.assertAlmostEqual(frame["value"][0], 6.55478173, places=7)

    def exported(self):
        """As a tracker exports it: what is evaluated seldom is empty elsewhere."""
        rows = []
        for run, rate in (("x1", 0.1), ("x2", 0.1), ("y1", 0.2), ("y2", 0.2)):
            for step in range(6):
                rows.append({"run_id": run, "step": step, "lr": rate, "name": "try", "train": 6 - step + rate,
                             "quality": step * rate + (run[1] == "2") * 0.01 if step % 2 == 0 else np.nan})
        return pandas.DataFrame(rows)

    def test_runs_of_anything_else_are_runs(self):
        frame = self.exported()
        sweep = gradus.from_table(frame, better={"quality": "higher"})
        self.assertEqual([run.options for run in sweep.runs[:1]], [{"lr": 0.1, "name": "try"}])
        self.assertEqual(gradus.finals(sweep)["quality"].tolist(), [0.4, 0.41000000000000003, 0.8, 0.81])
        self.assertEqual(gradus.finals(sweep, "train")["train"].tolist(), [1.1, 1.1, 1.2, 1.2])
        back = gradus.load(sweep, "train")
        merged = back.merge(frame, left_on=["run", "step"], right_on=["run_id", "step"])
        self.assertEqual((len(merged), merged["train_x"].tolist()), (24, merged["train_y"].tolist()))
        self.assertEqual(dict(gradus.dataset(sweep).sizes), {"run": 4, "step": 3})
        for bad, words in ((dict(run="id"), "no column 'id'; expected one of: run_id"), (dict(better={"train": "up"}),
                                                                                         "expected 'lower'"),
                           (dict(options=["lr", "name", "train", "quality"]), "no column of numbers is left")):
            with self.assertRaisesRegex(ValueError, words):
                gradus.from_table(frame, **bad)
        with self.assertRaisesRegex(ValueError, "every run has one row"):
            gradus.from_table(frame[frame["step"] == 5])

    def test_a_trackers_words_for_ends_its_names_and_its_moments_are_no_options(self):
        frame = self.exported().rename(columns={"train": "train/loss", "quality": "val/acc", "run_id": "Name"})
        runs = dict(zip(("x1", "x2", "y1", "y2"), range(4)))
        frame = frame.assign(ID=frame["Name"].map(lambda name: f"id{runs[name]}"), ema=True,
                             Created=frame["Name"].map(lambda name: f"2024-01-0{runs[name] + 1}T00:00:00Z"),
                             State=frame["Name"].map(lambda name: "crashed" if name == "y2" else "finished"))
        frame.loc[frame["Name"] == "y1", "lr"] = np.nan
        sweep = gradus.from_table(frame, "Name", better={"val/acc": "higher"})
        self.assertEqual([run.options for run in sweep.runs], [{"lr": 0.1, "name": "try", "ema": True}] * 2
                         + [{"name": "try", "ema": True}, {"lr": 0.2, "name": "try", "ema": True}])
        self.assertEqual([(run.status, run.reason) for run in sweep.runs],
                         [("completed", "")] * 3 + [("failed", "crashed")])
        self.assertEqual(sweep.warnings, ["columns neither of numbers nor of options: ID, Created; not used"])
        with self.assertWarnsRegex(UserWarning, "y2: failed: crashed"):
            self.assertEqual(gradus.finals(sweep)["run"].tolist(), ["x1", "x2", "y1"])
        asked = gradus.from_table(frame, "Name", options=["lr", "State"])  # what is named is an option
        self.assertEqual((asked.runs[3].options["State"], asked.runs[3].status), ("crashed", "completed"))
        path = self.folder / "export.csv"
        frame.to_csv(path, index=False)
        for curve in ("evaluation/val/acc", "train_loss/train/loss"):
            result = warm.call("report", "--table", path, "--run-column=Name", "--higher=val/acc", "--still",
                               f"--curve={curve}")
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("failed: y2: crashed", result.stdout.decode())
        result = warm.call("report", "--table", path)
        self.assertRegex(result.stderr.decode(), r"no column 'run_id'; [^\n]*\(--run-column and --index-column name")

    def test_a_report_treats_them_alike(self):
        path = self.folder / "export.csv"
        self.exported().to_csv(path, index=False)
        result = warm.call("report", "--table", path, "--higher=quality", "--still")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        rows = [line.split() for line in result.stdout.decode().splitlines()]
        self.assertEqual(rows[0][:1], ["lr"])
        self.assertEqual([row[:2] for row in rows[2:4]], [["0.2", "2"], ["0.1", "2"]])  # best first
        page = (self.folder / "export.html").read_text()
        self.assertIn("panel-train-train", page)
        self.assertIn("panel-evaluation-quality", page)
        for arguments, words in ((["--run-column=id"], "no column 'id'"), ([self.folder], "expected one of the two"),
                                 (["--lower=step2"], "no column 'step2'"),
                                 (["--lower=train", "--higher=quality,train"], "name a column twice")):
            result = warm.call("report", "--table", path, *arguments)
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr.decode(), rf"\Areport: [^\n]*{words}[^\n]*\n\Z")
        result = warm.call("report", self.folder, "--higher=quality")
        self.assertEqual((result.returncode, result.stderr), (2, b"report: --higher: expected --table too\n"))
        path.write_bytes(b"\xff\xfe\n,\"")
        self.assertEqual(warm.call("report", "--table", path).returncode, 2)

    def test_of_the_columns_of_anything_else_the_last_named_ranks(self):
        frame = self.exported().assign(gain=lambda rows: rows["train"] * 2)
        path = self.folder / "export.csv"
        frame.to_csv(path, index=False)
        for arguments, first in (
            (["--lower=gain,train"], "train"),
            (["--lower=train,gain"], "gain"),
            (["--higher=gain", "--lower=train"], "train"),
            (["--lower=train", "--higher=gain"], "gain"),
            (["--lower=train", "--higher=quality"], "quality"),  # of another table
            (["--higher=quality", "--lower=train"], "train")):
            result = warm.call("report", "--table", path, "--still", *arguments)
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            heading = result.stdout.decode().splitlines()[0].split()
            self.assertEqual(heading[heading.index("failed") + 1], first, arguments)

    def test_pip_installs_it_without_a_network(self):
        shutil.copytree(PACKAGE, self.folder / "source",
                        ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
        where = self.folder / "site"
        environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        command = [
            "/usr/bin/python3", "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--target",
            where, self.folder / "source"]
        if subprocess.run(["/usr/bin/python3", "-c", "import setuptools, wheel, pip"], capture_output=True).returncode:
            self.skipTest("python3-pip, python3-setuptools or python3-wheel is not installed")
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment,
                                timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr)
        good_sweep(self.folder, ("sgd",), 2)
        script = "import gradus, json, sys; print(json.dumps([gradus.__file__, len(gradus.finals(sys.argv[1]))]))"
        result = subprocess.run(["/usr/bin/python3", "-c", script, self.folder], capture_output=True, text=True,
                                cwd=self.folder, env={**os.environ, "PYTHONPATH": str(where)}, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        file, count = json.loads(result.stdout.splitlines()[-1])
        self.assertTrue(file.startswith(str(where)), file)
        self.assertEqual(count, 2)
        self.assertTrue((where / "gradus/report/page.css").is_file())


if __name__ == "__main__":
    unittest.main()
