#!/usr/bin/python3
"""A sweep's folder holds runs of one program and one build, unless told otherwise, and a rebuild changes nothing.

Usage: sweep_builds_test.py BUILD_BIN_DIR [unittest arguments]
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase, unsealed

OLD, NEW = "a" * 64, "b" * 64


class SweepBuilds(SweepCase):
    def setUp(self):
        super().setUp()
        self.program = self.write_program("program", describes=True, build=OLD)

    def rebuild(self):
        self.program = self.write_program("program", describes=True, build=NEW)

    def builds(self):
        return sorted(unsealed(path)["executable_sha256"][0] for path in self.output.glob("*/complete.json"))

    def test_a_script_that_is_replaced_while_it_runs_begins_no_more(self):
        script, new = self.write_program("script", describes=False), self.write_program("new", describes=False)
        new.write_text(new.read_text() + "# another\n")
        sweep = subprocess.Popen(self.command("--mode=short", "--seed=0:7", program=script,
                                              before=["--jobs=1", "--quiet"]), cwd=self.folder, env=self.environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(sweep.kill)
        self.wait_for(lambda: self.starts())
        os.replace(new, script)
        _, errors = sweep.communicate(timeout=60)
        self.assertEqual(sweep.returncode, 1, errors)
        self.assertIn("script: was replaced while its runs went on; 7 runs are not begun", errors)
        self.assertEqual(len(self.starts()), 1)
        self.refused("--mode=short", "--seed=0:7", program=script, code=1, says="another build")

    def test_another_build_is_refused_in_one_line(self):
        self.sweep("--seed=0:4")
        self.rebuild()
        for before in ([], ["--dry-run"]):
            for seeds in ("0:4", "0:9", "7"):
                self.refused(
                    f"--seed={seeds}", before=before, code=1, says=[
                        "5 of its runs", "another build of program", OLD[:12], NEW[:12], "--rebuild",
                        "--allow-mixed-builds"])
        (self.output / "sweep.json").unlink()  # the runs themselves tell
        self.refused("--seed=0", code=1, says="another build of program")
        self.refused("--seed=0", before=["--rebuild", "--allow-mixed-builds"], says="--allow-mixed-builds")

    def test_rebuild(self):
        self.sweep("--seed=0:3")
        self.rebuild()
        self.environment["FAIL"] = "1"
        self.sweep("--seed=0:1", before=["--rebuild"], code=1)
        self.assertEqual(self.builds(), ["a"] * 4)  # no successor, nothing removed
        del self.environment["FAIL"]
        result = self.sweep("--seed=0:1,9", before=["--rebuild"])
        self.assertIn("3 runs: 3 completed, 0 diverged, 0 failed, 0 skipped", result.stdout)
        self.assertIn("2 runs of other grids", result.stderr)
        self.assertEqual(self.builds(), ["a", "a", "b", "b", "b"])
        self.refused("--seed=0:1", code=1, says="2 of its runs")
        self.sweep("--seed=2:3", before=["--rebuild"])
        self.assertEqual(self.builds(), ["b"] * 5)
        self.assertIn("3 runs: 0 completed, 0 diverged, 0 failed, 3 skipped", self.sweep("--seed=0:2").stdout)
        self.assertFalse(any("build" in line for line in self.listed()))

    def test_mixed_builds_are_shown(self):
        self.sweep("--seed=0:1")
        self.rebuild()
        result = self.sweep("--seed=0:3", before=["--allow-mixed-builds"])
        self.assertIn("4 runs: 2 completed, 0 diverged, 0 failed, 2 skipped", result.stdout)
        for cache in (True, False):
            lines = self.listed()
            self.assertIn("build", lines[1].split())
            self.assertEqual(sorted(line.split()[3] for line in lines[2:6]), [OLD[:12]] * 2 + [NEW[:12]] * 2)
            (self.output / "sweep.json").unlink(missing_ok=True)

    def test_what_was_allowed_once_stays_so(self):
        self.sweep("--seed=0:1")
        self.rebuild()
        self.sweep("--seed=0:2", before=["--allow-mixed-builds"])
        again = self.sweep("--seed=0:3")
        self.assertIn("4 runs: 1 completed, 0 diverged, 0 failed, 3 skipped", again.stdout)
        self.assertRegex(again.stderr, f"2 runs of .* are of another build \\({OLD[:12]}; now {NEW[:12]}\\), which "
                         "--allow-mixed-builds has allowed there")
        subprocess.run([sweep_support.SWEEP, "verify", self.output], check=True, stdout=subprocess.DEVNULL)
        # A third build is another matter, and so is the folder when it has been made anew.
        self.program = self.write_program("program", describes=True, build="c" * 64)
        self.refused("--seed=0:3", code=1, says="4 of its runs")
        self.rebuild()
        self.sweep("--seed=0:3", before=["--rebuild"])
        self.program = self.write_program("program", describes=True, build=OLD)
        self.refused("--seed=0:3", code=1, says="4 of its runs")

    def test_a_build_with_other_defaults(self):
        self.sweep("--seed=0")
        self.rebuild()
        self.program.write_text(self.program.read_text().replace('"learning_rate": 0.1', '"learning_rate": 0.3'))
        self.sweep("--seed=0", before=["--allow-mixed-builds"])  # is another configuration under the same words
        self.assertEqual(self.builds(), ["a", "b"])
        self.assertIn("1 skipped", self.sweep("--seed=0", before=["--allow-mixed-builds"]).stdout)
        self.assertIn("1 skipped",
                      self.sweep("--seed=0", "--learning-rate=0.1", before=["--allow-mixed-builds"]).stdout)
        shutil.rmtree(self.output)
        self.program = self.write_program("program", describes=True, build=OLD)
        self.sweep("--seed=0")
        self.rebuild()
        self.program.write_text(self.program.read_text().replace('"learning_rate": 0.1', '"learning_rate": 0.3'))
        self.sweep("--seed=0", before=["--rebuild"])
        self.assertEqual(self.builds(), ["b"])

    def test_programs_are_told_apart(self):
        self.sweep("--seed=0")
        path = self.folder / "elsewhere"
        path.mkdir()
        other = self.write_program("elsewhere/program", describes=True, build=OLD, says="quite_another")
        self.refused("--seed=0", program=other, code=1, says="holds runs of program, not of quite_another")
        (self.output / "sweep.json").unlink()
        self.refused("--seed=0", program=other, code=1, says="holds runs of program, not of quite_another")
        same = self.write_program("renamed", describes=True, build=OLD, says="program")
        self.assertIn("1 skipped", self.sweep("--seed=0", program=same).stdout)
        # One that tells nothing of itself, under the same name: by its file.
        self.output = self.folder / "silent"
        self.program = self.write_program("program", describes=False)
        self.sweep("--seed=0")
        silent = self.write_program("elsewhere/program", describes=False, says="program")
        silent.write_text(silent.read_text() + "# other\n")
        self.refused("--seed=0", program=silent, code=1, says="another build")

    def test_the_program_is_copied(self):
        echo = self.folder / "echo"
        shutil.copy("/bin/echo", echo)
        digest = hashlib.sha256(echo.read_bytes()).hexdigest()
        copy = self.output / ".programs" / digest / "echo"
        for damage in (None, b"", b"damaged", None):
            if damage is not None:
                copy.write_bytes(damage)
            inode = copy.stat().st_ino if copy.exists() else 0
            self.sweep("--seed=0", program=echo, code=1)  # it makes no run's folder
            self.assertEqual(copy.read_bytes(), echo.read_bytes())
            self.assertTrue(os.access(copy, os.X_OK))
            log, = (self.output / "logs").iterdir()
            self.assertTrue(log.read_text().startswith("--seed=0 --output="))
        self.assertEqual(copy.stat().st_ino, inode)  # reused where it is whole
        self.assertEqual([path.name for path in copy.parent.iterdir()], ["echo"])

    def test_copies_that_no_run_refers_to_go(self):
        minimize = self.folder / "minimize"
        shutil.copy(pathlib.Path(sweep_support.SWEEP).parent / "minimize", minimize)
        grid, digests = ["--problem=sphere", "--steps=2"], []

        def run(*options, before=()):
            self.sweep(*grid, *options, program=minimize, before=before)
            digests.append(hashlib.sha256(minimize.read_bytes()).hexdigest())
            minimize.write_bytes(minimize.read_bytes() + b"\0")  # the next build
            return sorted(path.name for path in (self.output / ".programs").iterdir())

        self.assertEqual(run("--seed=0:1"), digests)
        self.assertEqual(run("--seed=2", before=["--allow-mixed-builds"]), sorted(digests))
        self.assertEqual(run("--seed=0", before=["--rebuild"]), sorted(digests))  # of seed 1, of seed 2
        self.assertEqual(run("--seed=0:2", before=["--rebuild"]), digests[3:])

    def test_a_rebuild_meanwhile_changes_nothing(self):
        program = self.folder / "minimize"
        shutil.copy(pathlib.Path(sweep_support.SWEEP).parent / "minimize", program)
        digest = hashlib.sha256(program.read_bytes()).hexdigest()
        sweep = subprocess.Popen(
            self.command("--problem=sphere", "--steps=20", "--seed=0:11", program=program, before=["--jobs=1"]),
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.wait_for(lambda: list(self.output.glob("*/complete.json")))
        fresh = self.folder / "fresh"
        fresh.write_text("#!/bin/sh\nexit 9\n")
        fresh.chmod(0o755)
        fresh.rename(program)
        text, errors = sweep.communicate(timeout=60)
        self.assertEqual((sweep.returncode, errors), (0, ""), text)
        made = {unsealed(path)["executable_sha256"] for path in self.output.glob("*/complete.json")}
        self.assertEqual(made, {digest})
        self.assertIn("12 completed", text)

    def test_behind_a_script(self):
        program = self.folder / "inner"
        shutil.copy(pathlib.Path(sweep_support.SWEEP).parent / "minimize", program)
        wrapper = self.folder / "wrapper"
        wrapper.write_text(f'#!/bin/sh\n{program} "$@"\nexit $?\n')
        wrapper.chmod(0o755)
        grid = ["--problem=sphere", "--steps=2", "--seed=0:1"]
        self.sweep(*grid, program=wrapper)
        self.assertEqual(self.table()["program"], "minimize")
        self.assertIn("2 skipped", self.sweep(*grid, program=program).stdout)  # the same executable
        program.write_bytes(program.read_bytes() + b"\0")                       # another build
        for path in (wrapper, program):
            self.refused(*grid, program=path, code=1, says="another build of minimize")
        self.refused(*grid, "--step=1", program=wrapper, says="minimize refuses")


if __name__ == "__main__":
    sweep_support.main(__file__)
