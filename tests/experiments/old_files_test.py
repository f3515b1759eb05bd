#!/usr/bin/python3
"""Files that version 0.1 wrote, in tests/data/version_0.1: they are read as before, or refused in one line.

usage: old_files_test.py BIN_DIRECTORY
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
OLD = ROOT / "tests" / "data" / "version_0.1"


class OldFiles(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def call(self, *command, code=0):
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def go_on(self, optimizer, code=0):
        return self.call(BIN / "minimize", "--problem=rosenbrock", f"--optimizer={optimizer}", "--steps=2", "--quiet",
                         f"--load-state={OLD / optimizer}.state", f"--output={self.folder}/run.h5", code=code)

    def test_a_state_with_a_seed_of_the_method_goes_on(self):
        with h5py.File(OLD / "adahessian.state") as state:
            self.assertIn("probe_seed=0", state.attrs["optimizer"])
            start = state["theta"][:]
        self.go_on("adahessian")
        with h5py.File(self.folder / "run.h5") as run:
            self.assertEqual(run["step/theta"][0].tolist(), start.tolist())
            self.assertEqual(run.attrs["steps_taken"], 2)

    def test_a_state_of_other_hyperparameters_is_refused(self):
        line, = self.go_on("newton_cg", code=2).stderr.splitlines()
        self.assertIn("newton_cg.state: is the state of another optimizer: newton_cg(", line)
        self.assertIn("probes=10", line)

    def test_a_finished_run_is_shown_and_kept(self):
        run = self.folder / "runs" / "0123456789ab"
        shutil.copytree(OLD / "run", run)
        before = {path.name: path.read_bytes() for path in run.iterdir()}
        self.call(ROOT / "tools" / "report", run.parent, "--quiet", f"--output={self.folder}/page.html")
        self.assertIn("adahessian", (self.folder / "page.html").read_text(encoding="utf-8"))
        self.call(BIN / "sweep", "list", run.parent)
        self.assertEqual({path.name: path.read_bytes() for path in run.iterdir()}, before)


if __name__ == "__main__":
    unittest.main()
