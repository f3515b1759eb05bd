#!/usr/bin/python3
"""`sweep verify`: what is damaged, missing or foreign in a sweep's folder, and what is none of these.

Usage: sweep_verify_test.py BUILD_BIN_DIR [unittest arguments]
"""
import json
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import frames_of, SweepCase, unsealed


class Verify(SweepCase):
    def verify(self, code=0, *options):
        done = subprocess.run([sweep_support.SWEEP, "verify", self.output, *options], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.splitlines() if code < 2 else done.stderr.splitlines()

    def found(self, *names, says=""):
        """Verify finds something in these files, and nothing else."""
        lines = self.verify(1)[:-1]
        self.assertEqual([line.split(": ")[0] for line in lines], [str(self.output / name) for name in names])
        for line in lines:
            self.assertIn(says, line)
        return lines

    def flip(self, name, place=0):
        data = bytearray((self.output / name).read_bytes())
        data[place] ^= 4
        (self.output / name).write_bytes(data)

    def runs(self):
        return sorted(folder.name for folder in self.folders())

    def manifest(self):
        return unsealed(self.output / "manifest.json")

    def test_a_finished_sweep_is_whole(self):
        self.sweep("--seed=0:2", "--mode=completed,diverged")
        last = self.verify()[-1]
        self.assertRegex(last, r"^6 finished runs, \d+ files, 0\.\d MB: whole$")
        self.assertEqual(self.verify(0, "--jobs=1"), self.verify(0, "--jobs=3"))

    def test_what_is_pending_is_no_damage(self):
        done = subprocess.run([sweep_support.SWEEP, "plan", *self.command("--seed=0:2")[2:]], capture_output=True,
                              env=self.environment, cwd=self.folder, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(self.verify()[-1], r"^0 finished runs, 3 pending, .*: whole$")
        self.assertNotIn("manifest", "\n".join(self.verify()))

    def test_a_failed_run_is_vouched_for_until_it_is_tried_again(self):
        self.sweep("--mode=fail,completed", code=1)
        failed, = [run["id"] for run in self.table()["runs"] if run["status"] == "failed"]
        claim = f".claims/{failed}/1"
        self.assertRegex(self.verify()[-1], r"^1 finished runs, 1 failed, .*: whole$")
        sizes = {name: (self.output / name).stat().st_size for name in (f"{failed}/config.json", f"logs/{failed}.log")}
        reason = (self.output / claim).read_bytes().index(b"open the data")  # a claim that is no JSON would be forgotten
        for name, place in [*((name, size // 2) for name, size in sizes.items()), (claim, reason), (claim, -20)]:  # its seal
            self.flip(name, place)
            self.found(name, says=f"delete {self.output / failed}, and the same" if name.startswith(failed) else
                       "; the same `sweep run` again makes this run anew")
            self.sweep(code=1, before=["--no-retry-failed"], *["--mode=fail,completed"])
            self.flip(name, place)
            self.verify()
        self.flip(f"logs/{failed}.log")
        self.sweep("--mode=fail,completed", code=1)
        self.verify()
        self.assertFalse((self.output / claim).exists())

    def test_what_is_missing_is_named_and_comes_back(self):
        self.sweep("--seed=0:1")
        run = self.runs()[0]
        for name in (f"{run}/complete.json", f"{run}/run.h5", "sweep.json", "planned.json", "manifest.json"):
            (self.output / name).unlink()
            self.found(name, says="the same `sweep run` again")
            self.sweep("--seed=0:1")
            self.verify()
        for name in (f"{run}/config.json", f"logs/{run}.log"):
            kept = (self.output / name).read_bytes()
            (self.output / name).unlink()
            line, = self.found(name, says="missing; delete")
            self.assertIn(str(self.output / run), line)
            (self.output / name).write_bytes(kept)
        shutil.rmtree(self.output / run)
        self.found(run, says="missing")
        self.sweep("--seed=0:1")
        self.verify()

    def test_what_is_no_part_of_the_sweep_is_named(self):
        self.sweep("--seed=0:1")
        (self.output / "report.html").write_text("a report")
        self.verify()
        for name in (f"{self.runs()[0]}/core", "logs/other.log", "notes.txt", ".sweep.json.x", "abandoned/file"):
            (self.output / name).parent.mkdir(exist_ok=True)
            (self.output / name).write_text("x")
            self.found("abandoned" if "abandoned" in name else name, says="move it away")
            (self.output / name).unlink()
        (self.output / "abandoned").rmdir()
        self.verify()

    def test_a_run_that_was_made_anew_is_no_damage(self):
        self.sweep("--seed=0:1")
        before = (self.output / "manifest.json").read_bytes()
        shutil.rmtree(self.output / self.runs()[0])
        self.sweep("--seed=0:1")
        self.verify()
        self.assertNotEqual((self.output / "manifest.json").read_bytes(), before)
        # As after a kill before the manifest was written.
        (self.output / "manifest.json").write_bytes(before)
        note, _ = self.verify()
        self.assertIn("1 of the runs that have ended is not in manifest.json yet", note)
        self.sweep("--seed=0:1")
        self.assertEqual(len(self.verify()), 1)

    def test_no_sweep_takes_damage_for_what_was_written(self):
        self.sweep("--seed=0:1")
        name = f"logs/{self.runs()[0]}.log"
        self.flip(name)
        self.found(name)
        self.sweep("--seed=0:1")
        self.sweep("--seed=5:6")  # another grid in the folder
        line, = self.found(name, says="does not have the recorded SHA-256")
        self.assertIn("it takes what is there as it is", line)
        (self.output / "manifest.json").unlink()
        self.sweep("--seed=5:6")
        self.verify()

    def test_a_run_that_vanished_is_missed_after_another_grid_too(self):
        self.sweep("--seed=0:1")
        run = self.runs()[0]
        shutil.rmtree(self.output / run)
        self.sweep("--seed=5:6")
        line, = self.found(run, says="missing")
        self.assertIn("if it was removed on purpose, delete", line)

    def test_the_manifest_is_left_alone_where_nothing_has_ended(self):
        self.sweep("--seed=0:1")
        before = (self.output / "manifest.json").stat()
        self.sweep("--seed=0:1")
        after = (self.output / "manifest.json").stat()
        self.assertEqual((after.st_ino, after.st_ctime_ns), (before.st_ino, before.st_ctime_ns))

    def test_a_damaged_manifest_is_made_anew_and_said(self):
        self.sweep("--seed=0:1")
        whole = self.manifest()
        self.flip("manifest.json", 100)
        self.found("manifest.json", says="its seal does not hold")
        self.assertIn("manifest.json: damaged", self.sweep("--seed=0:1").stderr)
        self.assertEqual(self.manifest(), whole)

    def test_sweeps_at_work_together_leave_a_whole_manifest(self):
        commands = [self.command(f"--seed={first}:{first + 9}") for first in (0, 5)]
        for process in [subprocess.Popen(one, env=self.environment, cwd=self.folder, stdout=subprocess.DEVNULL)
                        for one in commands]:
            self.assertEqual(process.wait(60), 0)
        self.assertEqual(len(self.verify()), 1)
        self.assertEqual(sorted(self.manifest()["runs"]), sorted(
            folder.name for folder in self.output.iterdir() if (folder / "complete.json").exists()))

    def test_while_a_sweep_is_at_work_what_runs_is_left_alone(self):
        self.sweep("--seed=0:1")
        sweep = subprocess.Popen(self.command("--seed=0:1", "--mode=sleep"), env=self.environment, cwd=self.folder,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for(lambda: len(list(self.output.glob("*/config.json"))) == 4)
        self.assertIn("(a sweep is at work)", self.verify()[-1])
        sweep.terminate()
        sweep.wait(30)

    def test_a_log_is_compared_with_the_rows_that_are_recorded(self):
        minimize = pathlib.Path(sweep_support.SWEEP).with_name("minimize")
        self.sweep("--steps=20", program=minimize)
        run, = self.runs()
        log = self.output / run / "metrics.log"
        data = log.read_bytes()
        (self.output / "manifest.json").unlink()
        row = [place for place in frames_of(data) if data[place + 8:place + 9] == b"R"][-1]
        for changed, says in ((data[:row], "rows of the table"), (data[:row + 3], ", 3 bytes from there on"),
                              (data + b"x", ", 1 bytes from there on")):
            log.write_bytes(changed)
            line = self.verify(1)[0]
            self.assertTrue(line.startswith(f"{log}: damaged: "), line)
            self.assertIn(says, line)
        log.write_bytes(data)
        self.found("manifest.json", says="missing")

    def test_a_log_that_the_manifest_does_not_know_is_whole_or_named(self):
        minimize = pathlib.Path(sweep_support.SWEEP).with_name("minimize")
        command = self.command("--steps=20", program=minimize, before=["--format=jsonl"])[2:]
        planned = subprocess.run([sweep_support.SWEEP, "plan", *command], capture_output=True, text=True, check=True)
        run = json.loads(planned.stdout)
        subprocess.run([sweep_support.SWEEP, "run-one", self.output, run["id"]], check=True, capture_output=True)
        self.assertIn("1 of the runs that have ended is not in manifest.json yet", self.verify()[0])
        log = self.output / run["id"] / "metrics.log"
        whole = log.read_bytes()

        def is_found(says):
            line, = [line for line in self.verify(1)[:-1] if line.startswith(f"{log}: ")]
            self.assertIn(says, line)
            self.assertIn(f"delete {log.parent}, and the same `sweep run` again makes this run anew", line)
        for place in range(12):
            self.flip(f"{run['id']}/metrics.log", place)
            is_found("the frame at byte 0 is not whole")
            log.write_bytes(whole)
        log.write_bytes(b"")
        is_found("does not begin with a configuration")
        log.unlink()
        is_found("missing")
        self.sweep("--steps=20", program=minimize)  # which does not take it for what was written
        self.assertEqual(self.manifest()["runs"], {})
        is_found("missing")
        log.write_bytes(whole)
        self.sweep("--steps=20", program=minimize)
        self.verify()
        log.unlink()
        is_found("missing")

    def test_what_is_no_sweep_is_refused(self):
        self.assertEqual(self.verify(2), [f"sweep: {self.output}: no such folder: expected the folder of a sweep"])
        self.output.mkdir()
        self.assertEqual(self.verify(2),
                         [f"sweep: {self.output}: no sweep here: expected a folder with sweep.json or runs"])
        self.assertIn("--jobs", self.verify(2, "--jobs=0")[0])


if __name__ == "__main__":
    sweep_support.main(__file__)
