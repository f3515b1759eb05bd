#!/usr/bin/python3
"""What lies in a sweep's folder is not lost, is not taken for something else, and is not read again without need.

Usage: sweep_folder_test.py BUILD_BIN_DIR [unittest arguments]
"""
import ctypes
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase, identity, sealed, unsealed

IN_OPEN = 0x20


class Opened:
    """Counts by inotify how often files of a name are opened below some folders."""

    def __init__(self, folders, name):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.file = self.libc.inotify_init1(os.O_NONBLOCK)
        self.name = name.encode()
        for folder in folders:
            assert self.libc.inotify_add_watch(self.file, os.fspath(folder).encode(), IN_OPEN) >= 0

    def count(self):
        total = 0
        try:
            while data := os.read(self.file, 1 << 20):
                total += data.count(self.name + b"\0")
        except BlockingIOError:
            return total

    def close(self):
        os.close(self.file)


class SweepFolder(SweepCase):
    def contents(self, folder):
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def make_runs(self, seeds):
        """Finished runs, as the program would make them."""
        for seed in seeds:
            folder = self.output / identity("program", {"seed": seed})
            folder.mkdir(parents=True)
            data = b"results %d" % seed
            (folder / "run.h5").write_bytes(data)
            (folder / "complete.json").write_text(
                sealed({
                    "schema": 2, "program": "program", "options": {"seed": seed,
                                                                   "learning_rate": 0.1}, "status": "completed",
                    "reason": "", "run_file": "run.h5", "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}))

    # --- one configuration is one run

    def test_equal_values_are_one_run(self):
        program = self.write_program("describer", describes=True)
        self.sweep("--learning-rate=0.1,+0.1,1e-1,.1,0.10", program=program)
        self.sweep("--optimizer=sgd", program=program)                     # as it is without
        self.sweep("--threads=1", "--learning-rate=0.1,0.2", "--optimizer=sgd", program=program)
        self.sweep("--learning-rate=0.2000", program=program)
        self.assertEqual(len(self.starts()), 2)
        runs = self.table()["runs"]
        self.assertEqual(len(runs), 2)
        self.assertEqual(len(list(self.output.glob("*/complete.json"))), 2)
        (self.output / "sweep.json").unlink()                              # the folders know it too
        result = self.sweep("--learning-rate=+0.1,+0.2,0.10000000001", program=program)
        self.assertIn("3 runs: 1 completed, 0 diverged, 0 failed, 2 skipped", result.stdout)

    def test_a_failed_run_is_found_again_under_another_spelling(self):
        program = self.write_program("describer", describes=True)
        self.sweep("--mode=fail-once", program=program, code=1)
        self.sweep("--mode=fail-once", "--seed=0", program=program)
        self.assertEqual([run["status"] for run in self.table()["runs"]], ["completed"])
        self.assertEqual(len(list(self.output.glob("*/config.json"))), 1)

    # --- nothing whole is removed

    def test_what_cannot_be_read_now_is_left_alone(self):
        self.sweep("--seed=0:2")
        (self.output / "sweep.json").rename(self.folder / "cache")
        for name in ("complete.json", "run.h5"):
            for cache in (False, True):
                with self.subTest(file=name, cache=cache):
                    if cache:
                        shutil.copy(self.folder / "cache", self.output / "sweep.json")
                    else:
                        (self.output / "sweep.json").unlink(missing_ok=True)
                    folder = self.output / identity("program", {"seed": 1})
                    (folder / name).rename(self.folder / "kept")
                    (folder / name).symlink_to(name)  # to itself: opening it fails, for root too
                    result = self.sweep("--seed=0:2", code=1)
                    self.assertEqual(len(result.stderr.splitlines()), 1)
                    for text in (folder.name, "--seed=1", name, "left alone"):
                        self.assertIn(text, result.stderr)
                    self.assertIn("2 skipped (finished before), 1 left alone", result.stdout)
                    self.assertTrue(any("unreadable" in line for line in self.listed()))
                    (folder / name).unlink()
                    (self.folder / "kept").rename(folder / name)
                    self.assertIn("3 skipped", self.sweep("--seed=0:2").stdout)
        self.assertEqual(len(self.starts()), 3)

    def test_a_damaged_run_goes_when_its_successor_is_whole(self):
        self.sweep("--seed=0")
        folder, = self.folders()
        for file, change in (("run.h5", lambda data: data[:-1] + b"\0"), ("complete.json",
                                                                          lambda data: data.replace(b"t", b"u", 1)),
                             ("complete.json", lambda data: data[:100]), ("run.h5", None)):
            with self.subTest(file=file):
                path = folder / file
                path.unlink() if change is None else path.write_bytes(change(path.read_bytes()))
                before, log = self.contents(folder), self.output / "logs" / f"{folder.name}.log"
                said = log.read_bytes()
                self.environment["FAIL"] = "1"
                self.sweep("--seed=0", code=1)
                self.assertEqual((self.contents(folder), log.read_bytes()), (before, said))
                del self.environment["FAIL"]
                self.assertIn("1 completed", self.sweep("--seed=0").stdout)
                self.assertIn(folder.name,
                              self.starts()[-1]["beside"])  # it was still there while the successor was made
                self.assertIn("1 skipped", self.sweep("--seed=0").stdout)
                self.assertEqual(sorted(path.name for path in self.output.iterdir() if not path.name.startswith(".")),
                                 sorted([folder.name, "asked.json", "logs", "manifest.json", "planned.json",
                                         "sweep.json"]))

    def test_runs_of_an_earlier_gradus_are_left_alone_unless_they_are_to_be_rebuilt(self):
        """Schema 1: JSON without a seal."""
        self.sweep("--seed=0:2")
        finished, unfinished, ours = self.folders()
        for path in [self.output / "sweep.json", *self.output.glob("*/*.json")]:
            if path.parent != ours:
                path.write_text(json.dumps({**unsealed(path), "schema": 1}))
        (unfinished / "complete.json").unlink()
        before = self.contents(finished), self.contents(unfinished)
        for attempt in range(2):
            result = self.sweep("--seed=0:2", code=1)
            lines = result.stderr.splitlines()
            self.assertEqual(len(lines), 3 if attempt == 0 else 2, result.stderr)  # the first time one for sweep.json
            for folder, file in ((finished, "complete.json"), (unfinished, "config.json")):
                self.assertTrue(
                    any(folder.name in line and f"{file}: schema 1, written by an earlier Gradus; expected 2 to 3" in
                        line and "--rebuild" in line for line in lines), result.stderr)
            self.assertIn("1 skipped (finished before), 2 left alone", result.stdout)
            self.assertEqual(sum("other_schema" in line for line in self.listed()[:-1]), 2)
        self.sweep("--seed=0:2", before=["--allow-mixed-builds"], code=1)
        self.environment["FAIL"] = "1"
        self.sweep("--seed=0:2", before=["--rebuild"], code=1)
        self.assertEqual((self.contents(finished), self.contents(unfinished)), before)
        del self.environment["FAIL"]
        self.assertIn("2 completed, 0 diverged, 0 failed, 1 skipped",
                      self.sweep("--seed=0:2", before=["--rebuild"]).stdout)
        self.assertIn(finished.name, self.starts()[-2]["beside"])
        self.assertIn("3 skipped", self.sweep("--seed=0:2").stdout)

    def test_a_replacement_that_was_interrupted(self):
        program = self.write_program("describer", describes=True)
        self.sweep("--seed=0:1", program=program)
        first, second = self.folders()
        first.rename(first.with_name(first.name + ".rebuild"))                       # between two renames
        shutil.copytree(second, second.with_name(second.name + ".rebuild"))          # before the exchange
        (second / "run.h5").write_bytes(b"damaged")
        result = self.sweep("--seed=0:1", program=program)
        self.assertIn("1 completed, 0 diverged, 0 failed, 1 skipped", result.stdout)
        self.assertEqual(len(self.starts()), 2)
        self.assertEqual(list(self.output.glob("*.rebuild")), [])
        shutil.copytree(second, second.with_name(second.name + ".rebuild"))          # after it
        self.assertIn("2 skipped", self.sweep("--seed=0:1", program=program).stdout)
        self.assertEqual(list(self.output.glob("*.rebuild")), [])

    def test_a_folder_with_a_writer_is_left_alone(self):
        self.sweep("--mode=fail-once", code=1)
        folder, = self.folders()
        with open(folder / "metrics.log", "w") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            result = self.sweep("--mode=fail-once", code=1)
            self.assertIn("a process still writes into its folder", result.stderr)
            self.assertTrue((folder / "metrics.log").exists())
        self.sweep("--mode=fail-once")

    def test_what_is_no_run_is_not_removed(self):
        self.output.mkdir()
        file = self.output / identity("program", {"seed": 0})
        file.write_text("mine")
        result = self.sweep("--seed=0", code=1)
        self.assertIn("in the way", result.stderr)
        self.assertEqual(file.read_text(), "mine")

    def test_a_folder_that_cannot_be_read_now_is_not_pending(self):
        self.sweep("--seed=0:1")
        folder = self.output / identity("program", {"seed": 1})
        folder.rename(self.folder / "kept")
        for target in (folder.name, "absent"):  # a loop, and a file system that is not mounted
            folder.symlink_to(target)
            line, = [line for line in self.listed() if line.startswith(folder.name)]
            self.assertIn("unreadable", line)
            self.assertIn("cannot be read now", line)
            result = self.sweep("--seed=0:1", code=1)
            self.assertIn("left alone", result.stderr)
            self.assertIn("cannot be read now", result.stderr)
            folder.unlink()
        (self.folder / "kept").rename(folder)
        self.assertIn("2 skipped", self.sweep("--seed=0:1").stdout)

    def test_a_damaged_configuration_of_a_finished_run_is_named(self):
        self.sweep("--seed=0:1")
        path = self.folders()[0] / "config.json"
        path.write_text(path.read_text().replace('"seed": "0"', '"seed": "7"'))
        for command in (["run"], ["list"]):
            result = self.sweep("--seed=0:1") if command == ["run"] else subprocess.run(
                [sweep_support.SWEEP, "list", self.output], capture_output=True, text=True, check=True)
            self.assertEqual(result.stderr, f"sweep: {path}: damaged: its seal does not hold; not used\n")
            self.assertIn("2 skipped" if command == ["run"] else "2 completed", result.stdout)

    def test_what_a_killed_replacement_left_aside_goes(self):
        """On a file system that cannot exchange two folders."""
        self.sweep("--seed=0:2")
        first, second, third = self.folders()
        aside = [folder.with_name(f".{folder.name}.old") for folder in (first, second, third)]
        first.rename(aside[0])                                               # between two renames
        second.rename(aside[1])                                              # the same, with the successor
        shutil.copytree(aside[1], second.with_name(second.name + ".rebuild"))
        shutil.copytree(third, aside[2])                                     # before the earlier one was removed
        self.assertIn("3 skipped", self.sweep("--seed=0:2").stdout)
        self.assertEqual([path for path in aside if path.exists()], [])
        self.assertEqual(len(self.starts()), 3)

    # --- the cache

    def test_the_cache_may_be_deleted_or_damaged(self):
        self.sweep("--mode=completed,diverged", "--seed=0:1")
        path = self.output / "sweep.json"
        whole, listed = path.read_bytes(), self.listed()
        text = whole.decode()
        nested = text.replace('"program"', '"x": ' + "[" * 100000 + "]" * 100000 + ', "program"', 1)
        for damage in (text.replace('"seed": 1', '"seed": 7', 1), text.replace("completed", "divergedx", 1), text[:200],
                       "", "{}", nested, "\0" * 1000, text.replace('"schema": 3', '"schema": 1'),
                       sealed({"schema": 2, "program": "program", "command": [], "runs": [{"id": "../x"}]}), None):
            with self.subTest(damage=damage and damage[:60]):
                path.unlink() if damage is None else path.write_text(damage)
                result = self.sweep("--mode=completed,diverged", "--seed=0:1")
                self.assertIn("4 skipped", result.stdout)
                errors = result.stderr.splitlines()
                self.assertEqual(len(errors), 0 if damage is None else 1, result.stderr)
                if errors:
                    self.assertIn("sweep.json: damaged", errors[0])
                self.assertEqual(self.listed(), listed)
        value = json.loads(whole)
        del value["seal"]
        for other, said in ((sealed({**value, "schema": 4}), "a later"), (json.dumps({**value, "schema": 1}),
                                                                          "an earlier")):
            path.write_text(other)
            result = self.sweep("--mode=completed,diverged", "--seed=0:1")
            self.assertIn("4 skipped", result.stdout)
            self.assertIn(f"written by {said} Gradus; expected 2 to 3", result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1)
        for position in range(0, len(whole), max(1, len(whole) // 12)):  # any byte
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1:])
            self.assertIn("sweep.json: damaged", self.sweep("--mode=completed,diverged", "--seed=0:1").stderr)
        self.assertEqual(len(self.starts()), 4)

    def test_another_grid_forgets_nothing(self):
        sweep = subprocess.Popen(self.command("--seed=0:99", before=["--jobs=1"]), env=self.environment)
        self.wait_for(lambda: len(list(self.output.glob("*/complete.json"))) >= 4)
        sweep.send_signal(signal.SIGKILL)
        sweep.wait()
        self.wait_for(lambda: not self.processes())
        finished = {path.parent.name for path in self.output.glob("*/complete.json")}
        self.sweep("--mode=diverged")
        known = {run["id"] for run in self.table()["runs"] if run["status"] == "completed"}
        self.assertEqual(known, finished)
        (self.output / "sweep.json").unlink()
        self.assertEqual({line.split()[0] for line in self.listed() if " completed " in line}, finished)

    def test_a_failed_run_without_a_record_is_remembered(self):
        self.sweep("--mode=fail,completed", code=1)
        self.sweep("--seed=5")
        self.assertEqual({run["status"] for run in self.table()["runs"]}, {"completed", "failed"})

    def test_a_run_that_was_removed_is_no_result(self):
        self.sweep("--seed=0:1")
        shutil.rmtree(self.folders()[0])
        self.assertIn("1 pending", self.listed()[-1])
        self.assertIn("1 completed, 0 diverged, 0 failed, 1 skipped", self.sweep("--seed=0:1").stdout)

    def test_digests_are_computed_once(self):
        self.make_runs(range(300))
        folders = [path for path in self.output.iterdir() if path.is_dir()]
        watch = Opened(folders, "run.h5")
        self.addCleanup(watch.close)
        expected = "300 runs: 0 completed, 0 diverged, 0 failed, 300 skipped"
        self.assertIn(expected, self.sweep("--seed=0:299").stdout)
        self.assertEqual(watch.count(), 300)
        for command in (lambda: self.sweep("--seed=0:299"), lambda: self.sweep("--seed=0:99"), self.listed,
                        lambda: self.sweep("--seed=0:299", before=["--dry-run"]), lambda: self.sweep("--seed=200:299")):
            command()
            self.assertEqual(watch.count(), 0)
        record = folders[7] / "run.h5"
        os.utime(record)  # changes the time of change, as any change does
        record.write_bytes(record.read_bytes()[:-1] + b"x")
        result = self.sweep("--seed=0:299")
        self.assertIn("1 completed, 0 diverged, 0 failed, 299 skipped", result.stdout)
        self.assertLess(watch.count(), 10)

    def test_what_the_cache_knows_is_neither_read_nor_written_again(self):
        self.sweep("--seed=0:4")
        folders, table = self.folders(), self.output / "sweep.json"
        watch = Opened(folders, "config.json")
        self.addCleanup(watch.close)
        file = table.stat().st_ino
        self.assertIn("5 skipped", self.sweep("--seed=0:4").stdout)
        self.assertEqual(watch.count(), 0)
        self.assertEqual(table.stat().st_ino, file)
        for folder, name in zip(folders, ("complete.json", "config.json", "run.h5")):
            path, before = folder / name, (folder / name).stat()
            data = path.read_bytes()
            path.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            result = self.sweep("--seed=0:4")
            if name == "config.json":
                self.assertIn(f"{path}: damaged: its seal does not hold; not used", result.stderr)
            else:
                self.assertIn("1 completed, 0 diverged, 0 failed, 4 skipped", result.stdout)


if __name__ == "__main__":
    sweep_support.main(__file__)
