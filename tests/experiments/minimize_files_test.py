#!/usr/bin/python3
"""What build/bin/minimize leaves on the disk where something goes wrong, and what it refuses before it begins.

usage: minimize_files_test.py BIN_DIRECTORY
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from minimize_support import BIN, MinimizeCase, rosenbrock  # noqa: E402


class MinimizeFiles(MinimizeCase):
    def test_a_folder_for_the_sweep_tool(self):
        sweep = self.folder / "sweep"
        subprocess.run([
            BIN / "sweep", "run", "--quiet", "--output", sweep, "--", BIN / "minimize", "--problem=rosenbrock",
            "--optimizer=sgd,adam", r"--start=-1.2\,1,0\,0", "--learning-rate=0.001", "--steps=20"], check=True,
                       timeout=120, capture_output=True)
        runs = json.loads((sweep / "sweep.json").read_text())["runs"]
        self.assertEqual([run["status"] for run in runs], ["completed"] * 4)
        starts = set()
        for run in runs:
            with h5py.File(sweep / run["folder"] / "run.h5") as file:
                starts.add(tuple(file["step/theta"][0]))
        self.assertEqual(starts, {(-1.2, 1.0), (0.0, 0.0)})

    def test_divergence_keeps_everything(self):
        result = self.minimize("--problem=rosenbrock", "--optimizer=sgd", "--learning-rate=1", code=3)
        self.assertIn("diverged", result.stderr)
        with h5py.File(self.output) as file:
            self.assertEqual(file.attrs["status"], "diverged")
            self.assertGreater(file["step/value"][1], file["step/value"][0])
            self.assertFalse(np.isfinite(file["step/value"][-1]))

    def test_a_signal_keeps_everything(self):
        for output in (self.output, self.folder / "run"):
            process = subprocess.Popen([BIN / "minimize", "--steps=100000000", "--log-every=100", f"--output={output}"],
                                       stderr=subprocess.PIPE, text=True)
            self.wait_for_rows((self.folder / ".r.h5.run" if output == self.output else output) / "metrics.log")
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 75)
            self.assertEqual(len(error.splitlines()), 1, error)
            with h5py.File((self.folder / ".r.h5.run" if output == self.output else output) / "run.h5") as file:
                self.assertEqual(file.attrs["status"], "interrupted")
                self.assertGreater(len(file["step/theta"]), 10)
        self.assertFalse(self.output.exists())  # before its end

    def test_a_kill_leaves_what_recover_reads(self):
        process = subprocess.Popen([
            BIN / "minimize", "--steps=100000000", "--log-every=100", f"--output={self.output}"])
        self.wait_for_rows(self.folder / ".r.h5.run" / "metrics.log")
        process.kill()
        process.wait()
        self.assertFalse(self.output.exists())
        rest = self.folder / ".r.h5.run"
        subprocess.run([BIN / "recover", rest], check=True, capture_output=True, timeout=60)
        with h5py.File(rest / "run.h5") as file:
            self.assertEqual(file["step/theta"].shape, (len(file["step/step"]), 2))
            np.testing.assert_allclose(file["step/value"][:], [rosenbrock(x) for x in file["step/theta"][:]],
                                       rtol=1e-10)

    def test_racing_for_one_file_the_others_get_a_line(self):
        command = [BIN / "minimize", "--steps=100000000", "--log-every=1000", f"--output={self.output}"]
        racers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        deadline = time.monotonic() + 60
        while sum(racer.poll() is not None for racer in racers) < 3:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        for racer in racers:
            if racer.poll() is None:
                racer.send_signal(signal.SIGINT)
                self.assertEqual(racer.wait(timeout=60), 75)
                racer.stderr.close()
            else:
                said = racer.communicate()[1]
                self.assertEqual((racer.returncode, len(said.splitlines())), (1, 1), said)
                self.assertIn(f"output {self.output} is being made by", said)

    def test_an_existing_file_is_kept(self):
        self.output.write_text("mine")
        self.assertIn("exists already", self.minimize(code=1).stderr)
        self.assertEqual(self.output.read_text(), "mine")
        self.minimize("--overwrite", "--steps=2")
        self.assertTrue(h5py.is_hdf5(self.output))
        self.assertEqual([path.name for path in self.folder.iterdir()], ["r.h5"])

    def test_a_state_is_replaced_only_by_a_good_one(self):
        state = self.folder / "s.state"
        run = [
            "--problem=rosenbrock", "--optimizer=gradient_descent", "--steps=100", f"--save-state={state}",
            "--overwrite"]
        self.minimize(*run, "--learning-rate=0.001")
        good = state.read_bytes()
        result = self.minimize(*run, "--learning-rate=10", f"--load-state={state}", "--other-numbers",
                               code=3)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn("--save-state is not written", result.stderr)
        self.assertEqual(state.read_bytes(), good)
        # The last step of the run is the one that diverges.
        with h5py.File(self.output) as file:
            last = int(file["step/step"][-1])
        run[2] = f"--steps={last - 100}"
        self.minimize(*run, "--learning-rate=10", f"--load-state={state}", "--other-numbers",
                               code=3)
        self.assertEqual(state.read_bytes(), good)
        # What cannot begin, and what the program refuses.
        for bad in (["--optimizer=kfac"], ["--groups=@none learning_rate=1"], ["--steps=-1"]):
            command = [option for option in run if option.split("=")[0] != bad[0].split("=")[0]]
            self.assertEqual(len(self.minimize(*command, *bad, code=2).stderr.splitlines()), 1)
            self.assertEqual(state.read_bytes(), good)
        self.minimize(*run, "--learning-rate=0.001", f"--load-state={state}")
        self.assertNotEqual(state.read_bytes(), good)

    def test_paths_are_refused_before_anything_runs(self):
        state, other = self.folder / "s.state", self.folder / "mine.csv"
        self.minimize("--steps=2", f"--save-state={state}", output=self.folder / "first.h5")
        other.write_text("1,2\n")
        (self.folder / "sub").mkdir()
        (self.folder / "link").symlink_to("sub")
        (self.folder / "state.link").symlink_to("r.h5")
        replaced = self.folder / "replaced"
        self.minimize("--steps=2", f"--save-state={replaced / 'own.state'}", output=replaced)  # in the run's own folder
        before = sorted(self.folder.rglob("*"))
        long_run = ["--steps=100000000", "--log-every=1000000"]  # would not end in time
        for words, *options in (
                ("no folder", f"--save-state={self.folder / 'missing' / 's'}"),
                ("is a folder", f"--save-state={self.folder / 'sub'}"),
                ("is a folder", f"--save-state={self.folder}/"),
                ("no state file", f"--save-state={other}"),
                ("in the place of --output", f"--save-state={self.output}"),
                ("in the place of --output", f"--save-state={self.output}", "--overwrite"),
                ("in the place of --output", f"--save-state={self.folder}/./sub/../r.h5"),
                ("in the place of --output", f"--save-state={self.folder}/.r.h5.run"),
                ("in the place of --output", f"--save-state={self.folder}/.r.h5.run2"),
                ("no folder", f"--save-state={self.folder}/.r.h5.run/run.h5"),
                ("cannot open", f"--load-state={self.folder / 'none'}"),
                ("not an optimizer state", f"--load-state={other}"),
                ("another optimizer", f"--load-state={state}", "--optimizer=sgd")):
            code = 1 if words in ("cannot open", "not an optimizer state") else 2
            self.refused(words, *long_run, *options, code=code)
        at = f"--save-state={self.folder / 'link' / 'x.h5'}"
        result = self.minimize(*long_run, at, output=self.folder / "sub" / "x.h5", code=2)
        self.assertIn("in the place of --output", result.stderr)
        for name in ("config.json", "run.h5", ".run.h5.new"):
            result = self.minimize(*long_run, f"--save-state={self.folder / 'new' / name}", output=self.folder / "new",
                                   code=2)
            self.assertIn("file of the run itself", result.stderr)
        result = self.minimize(*long_run, f"--save-state={self.folder / 's'}", output=self.folder / "s" / "run", code=2)
        self.assertIn("in the place of --output", result.stderr)
        for option in ("load", "save"):
            result = self.minimize(*long_run, f"--{option}-state={replaced / 'own.state'}", "--overwrite",
                                   output=replaced, code=2)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertEqual(sorted(self.folder.rglob("*")), before)
        # And where a sweep asks for many runs at once.
        lines = [json.dumps([f"--output={self.output}", *options]) for options in (
            [f"--save-state={self.output}"], ["--optimizer=kfac"], ["--problem=wood", "--contour=5"], ["--start=1,2,3"],
            [f"--load-state={other}"], ["--steps=3"])]
        answers = subprocess.run([BIN / "minimize", "--describe-runs"], input="\n".join(lines) + "\n",
                                 capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()[1:]
        self.assertEqual(["error" in json.loads(answer) for answer in answers], [True] * 5 + [False], answers)

        # Its runs would write over each other's state, and be told apart by nothing.
        swept = subprocess.run([
            BIN / "sweep", "run", "--output", self.folder / "swept", "--", BIN / "minimize", "--steps=3",
            f"--save-state={self.folder / 'a.state'}", "--seed=0:1"], capture_output=True, text=True, timeout=60)
        self.assertEqual(swept.returncode, 2, swept.stderr)
        self.assertIn("save_state: no part of a run's configuration", swept.stderr)
        self.assertFalse((self.folder / "swept").exists())

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_a_folder_that_may_not_be_written_to(self):
        (self.folder / "sub").mkdir(mode=0o500)
        self.refused("may not be written to", f"--save-state={self.folder / 'sub' / 's'}")

    def test_bad_input_is_one_line(self):
        self.refused("did you mean rosenbrock?", "--problem=rosenbrok")
        self.refused("did you mean adam?", "--optimizer=adm")
        self.refused("dimension 3, expected 2", "--problem=beale", "--dimension=3")
        self.refused("multiple of 4", "--problem=extended_powell", "--dimension=6")
        self.refused("3 numbers, expected 2", "--start=1,2,3")
        self.refused("numbers separated by commas", "--start=1,x")
        self.refused("numbers separated by commas", "--start=nan,1")
        self.refused("--learning-rate=-1", "--learning-rate=-1")
        self.refused("--learning-rate=nan", "--learning-rate=nan")
        self.refused("epsilon = 1e-300 (0 in float32), expected a finite number > 0", "--dtype=float32",
                     "--epsilon=1e-300")
        self.refused("--start=1e+300: 1e+300 is inf in float32", "--dtype=float32", "--start=1e300")
        self.refused("at step 6 beta1 = 1.008, expected 0 <= beta1 < 1", "--beta1-schedule=polynomial",
                     "--beta1-steps=10", "--beta1-final-factor=1.2", "--steps=7")
        self.refused("unknown option --condition", "--condition=10")  # rosenbrock has none
        self.refused("--problem=beale: kfac: needs Kronecker factors of layers: this objective does not offer them",
                     "--problem=beale", "--optimizer=kfac")
        self.refused("--contour=10", "--problem=wood", "--contour=10")
        self.refused("--contour-window", "--contour=5", "--contour-window=1,0,0,1")
        self.refused("--log-every", "--steps=100000000")
        self.refused("cannot open", "--problem=curve_fit", "--data=/none", code=1)
        table = self.folder / "bad.csv"
        for text, words in (("1,2\n3\n", "line 2: 1 cell, expected 2"), ("1,2\n3,x\n", 'line 2, column 2: "x"'),
                            ("a,b\n", "no rows"), ("1\n2\n", "line 1: one column"), ("nan,1\n1,2\n",
                                                                                     'line 1, column 1: "nan"')):
            table.write_text(text)
            self.refused(f"{table}: {words}" if "line" in words else words, "--problem=curve_fit", f"--data={table}",
                         code=1)
        for text, words in (("1,0\n2,0.5\n", "line 2, column 2: logistic_regression: label 0.5"),
                            ("x,y\n1,1\n1,-1\n", "line 3, column 2 (y): logistic_regression: label -1"),
                            ("3,2\n\n1,1\n", "line 3, column 2: logistic_regression: label 1 is the smallest")):
            table.write_text(text)
            self.refused(f"{table}: {words}", "--problem=logistic_regression", f"--data={table}", code=1)
        table.write_text("1,2\n1e39,1\n")
        self.refused(f"{table}: line 2, column 1: curve_fit: 1e+39, expected a number that is finite as float32",
                     "--problem=curve_fit", "--dtype=float32", f"--data={table}", code=1)
        table.write_text("1,2\n3,-1e-60\n")
        self.refused(f"{table}: line 2, column 2: curve_fit: -1e-60, which is 0 as float32", "--problem=curve_fit",
                     "--dtype=float32", f"--data={table}", code=1)
        table.write_text("1,2,3\n")
        self.refused(f"{table}: line 1, column 2: curve_fit: 2 columns of inputs", "--problem=curve_fit",
                     f"--data={table}", code=1)
        self.refused("--data-separator=colon", "--problem=curve_fit", f"--data={table}", "--data-separator=colon")
        self.refused("needs --data", "--problem=logistic_regression", f"--labels={table}")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["bad.csv"])

    def test_an_instruction_set_or_a_library_that_is_none(self):
        for name, text, expected in (("SIMD", "", "baseline, avx2 or avx512"), ("SIMD", "AVX2",
                                                                                "baseline, avx2 or avx512"),
                                     ("PRODUCTS", "", "eigen"), ("PRODUCTS", "oneDNN", "eigen")):
            for options in (["--steps=1"], ["--describe"]):
                result = subprocess.run([BIN / "minimize", *options], capture_output=True, text=True, cwd=self.folder,
                                        env={**os.environ, f"GRADUS_{name}": text}, timeout=60)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr,
                                 rf"^minimize: GRADUS_{name}={text}: expected {expected}( or onednn)?\n$")
        self.assertEqual(list(self.folder.iterdir()), [])
        subprocess.run([BIN / "minimize", "--steps=1", f"--output={self.folder / 'run'}"], check=True,
                       capture_output=True, env={**os.environ, "GRADUS_PRODUCTS": "eigen"}, timeout=60)
        with h5py.File(self.folder / "run/run.h5") as file:
            self.assertEqual(file.attrs["product_library"], "Eigen")


if __name__ == "__main__":
    unittest.main()
