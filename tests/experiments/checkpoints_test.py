#!/usr/bin/python3
"""Runs that are stopped, go on, are forked and computed again, tried from outside.

usage: checkpoints_test.py BIN_DIRECTORY
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from same_numbers import datasets_of, differences  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
STOPPED = 75
SANITIZED = "GRADUS_TESTS_SANITIZED" in os.environ  # a step costs ten times as much, and has one set of instructions
OPTIONS = ["--evaluation-interval=100", "--evaluation-unit=steps", "--evaluation-examples=100", "--quiet"]


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def call(self, *options, code=0, program="train_workload", environment=None):
        result = subprocess.run([BIN / program, *options], capture_output=True, text=True, timeout=120, cwd=self.folder,
                                env={**os.environ, **(environment or {})})
        self.assertEqual(result.returncode, code, (options, result.stderr))
        return result.stderr

    def train(self, output, *options, steps=400, **how):
        return self.call(*OPTIONS, f"--steps={steps}", f"--output={output}", *options, **how)

    def assert_same(self, one, other):
        self.assertEqual(differences(self.folder / one / "run.h5", self.folder / other / "run.h5"), [])

    def attributes(self, run):
        with h5py.File(self.folder / run / "run.h5") as file:
            return dict(file.attrs)

    def loss(self, run):
        return datasets_of(self.folder / run / "run.h5")["step/loss"]


class GoesOn(Case):
    def test_a_run_that_is_stopped_goes_on_with_its_options(self):
        self.train("whole", "--learning-rate=0.02")
        said = self.train("cut", "--learning-rate=0.02", "--stop-at=150", code=STOPPED)
        self.assertEqual(said, "train_workload: stopped after step 150: --resume goes on from there\n")
        self.assertEqual(self.attributes("cut")["status"], "interrupted")
        self.call("--resume", "--output=cut", "--stop-at=260", "--quiet", code=STOPPED)
        self.call("--resume", "--output=cut", "--quiet")
        self.assert_same("whole", "cut")
        self.assertEqual(self.attributes("cut")["resumed_at_steps"], "[150,260]")
        self.assertEqual(sorted(path.name for path in (self.folder / "cut").iterdir()),
                         ["complete.json", "config.json", "metrics.log", "run.h5"])
        self.assertIn("is completed", self.call("--resume", "--output=cut"))
        self.train("new", "--learning-rate=0.02", "--resume")  # where there is nothing, it begins
        self.assert_same("whole", "new")

    def test_a_stop_changes_nothing_and_comes_once(self):
        self.train("whole")
        self.train("cut", "--stop-at=150", code=STOPPED)
        options = json.loads((self.folder / "cut/complete.json").read_text())["options"]
        self.assertNotIn("stop_at", options)
        whole = json.loads((self.folder / "whole/complete.json").read_text())
        self.assertEqual(options, whole["options"])
        for stop in (150, 100, 0):  # again, or one that is behind it
            said = self.call("--resume", "--output=cut", f"--stop-at={stop}", "--quiet", code=STOPPED)
            self.assertIn("stopped after step 150: --resume goes on", said)
            self.assertEqual(len(self.loss("cut")), 150)
        self.call("--resume", "--output=cut", "--stop-at=400", "--quiet", code=STOPPED)  # as many as it has
        self.assertEqual(len(self.loss("cut")), 400)
        self.call("--resume", "--output=cut", "--stop-at=1000", "--quiet")  # more than it has
        self.assert_same("whole", "cut")
        self.assertEqual(json.loads((self.folder / "cut/complete.json").read_text())["config_hash"],
                         whole["config_hash"])
        self.train("again", "--stop-at=1000", "--resume")
        self.assert_same("whole", "again")

    def test_a_fork_stops_where_it_begins(self):
        self.train("trunk", "--checkpoint-at=100")
        for stop in (100, 40):
            self.call("--fork=trunk@100", f"--output=fork{stop}", "--quiet", f"--stop-at={stop}", code=STOPPED)
            self.assertEqual(self.loss(f"fork{stop}").tobytes(), self.loss("trunk")[:100].tobytes())
            self.call("--resume", f"--output=fork{stop}", "--quiet")
            self.assert_same("trunk", f"fork{stop}")

    def test_a_file_as_output_goes_on_too(self):
        self.train("whole")
        self.train("cut.h5", "--stop-at=150", code=STOPPED)
        self.call("--resume", "--output=cut.h5", "--quiet")
        self.assertEqual(differences(self.folder / "whole/run.h5", self.folder / "cut.h5"), [])
        self.assertEqual(list(self.folder.glob(".*")), [])

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_signals_stop_with_a_checkpoint(self):
        self.train("whole", steps=12000)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            output = f"cut{int(number)}"
            child = subprocess.Popen([BIN / "train_workload", *OPTIONS, "--steps=12000", f"--output={output}"],
                                     cwd=self.folder, stderr=subprocess.PIPE, text=True)
            log = self.folder / output / "metrics.log"
            while not log.exists() or log.stat().st_size < 8000:
                time.sleep(0.01)
            child.send_signal(number)
            said = child.communicate(timeout=60)[1]
            self.assertEqual(child.returncode, STOPPED, said)
            self.assertRegex(said, r"^train_workload: stopped after step \d+: --resume goes on from there\n$")
            self.call("--resume", f"--output={output}", "--quiet")
            self.assert_same("whole", output)

    def test_other_options_are_refused(self):
        self.train("cut", "--stop-at=150", code=STOPPED)
        said = self.train("cut", "--resume", "--learning-rate=0.5", code=2)
        self.assertIn("--learning_rate is 0.5, and 0.001 in the run in cut: --fork", said)
        self.assertIn("expected one of them", self.train("cut", "--resume", "--overwrite", code=2))
        self.call("--resume", "--output=cut", "--quiet")

    def test_other_bits_are_refused_or_marked(self):
        self.train("cut", "--stop-at=150", code=STOPPED)
        for name, value, words in (("GRADUS_SIMD", "baseline", "instructions"), ("GRADUS_PRODUCTS", "eigen", "products"),
                                   ("GRADUS_CACHES", "32768,262144,2097152", "caches")):
            before = {path.name: path.read_bytes() for path in (self.folder / "cut").iterdir()}
            said = self.call("--resume", "--output=cut", code=2, environment={name: value})
            self.assertIn(words, said)
            self.assertEqual(before, {path.name: path.read_bytes() for path in (self.folder / "cut").iterdir()})
        said = self.call("--resume", "--output=cut", "--threads=2", code=2)
        self.assertIn("--threads", said)
        self.call("--resume", "--output=cut", "--quiet", "--not-bitwise", environment={"GRADUS_SIMD": "baseline"})
        self.assertIn("instructions", self.attributes("cut")["not_bitwise"])

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_damage_falls_back_to_the_generation_before(self):
        self.train("whole", steps=4000)
        self.train("cut", "--stop-at=1500", "--checkpoint-interval=0", steps=4000, code=STOPPED)
        both = sorted((self.folder / "cut").glob("checkpoint.?"))
        self.assertEqual(len(both), 2)
        newest = max(both, key=lambda path: int(path.read_bytes()[:512].splitlines()[2].split()[-1]))
        image = bytearray(newest.read_bytes())
        for bit in (8 * 600, 8 * len(image) // 2, 8 * len(image) - 1, 8 * 40, 8 * 100):
            damaged = bytearray(image)
            damaged[bit // 8] ^= 1 << bit % 8
            newest.write_bytes(damaged)
            said = self.call("--resume", "--output=cut", "--stop-at=1501", "--quiet", "--checkpoint-interval=1000",
                             code=STOPPED)
            self.assertIn("stopped after step 1501", said)
            self.assertLess(json.loads(self.attributes("cut")["resumed_at_steps"])[-1], 1500)
        for path in (self.folder / "cut").glob("checkpoint.?"):
            path.write_bytes(path.read_bytes()[:-1])
        said = self.call("--resume", "--output=cut", code=2)
        self.assertIn("is damaged", said)
        self.assertIn("no checkpoint to go on from in cut", said)

    def test_a_log_that_holds_less_than_the_checkpoint_counts_is_not_continued(self):
        self.train("cut", "--stop-at=150", "--checkpoint-interval=1000", code=STOPPED)
        log = self.folder / "cut/metrics.log"
        log.write_bytes(log.read_bytes()[:len(log.read_bytes()) // 2])
        self.assertIn("holds less than the checkpoint counts", self.call("--resume", "--output=cut", code=1))

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_a_full_disk_loses_no_checkpoint(self):
        """The limit of a file's size stands for the disk: a checkpoint needs more than the log does."""
        self.train("whole", steps=3000)
        self.train("cut", "--stop-at=500", steps=3000, code=STOPPED)
        before = {path.name: path.read_bytes() for path in (self.folder / "cut").glob("checkpoint.*")}
        size = max(len(image) for image in before.values())
        limited = f"ulimit -f {(size - 1000) // 1024}; exec {BIN / 'train_workload'} --resume --output=cut --quiet " \
                  "--checkpoint-interval=0.01"
        result = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, cwd=self.folder, timeout=60)
        self.assertIn("no checkpoint after step", result.stderr)
        for name, image in before.items():
            if (self.folder / "cut" / name).exists():
                self.assertEqual((self.folder / "cut" / name).read_bytes(), image)
        self.call("--resume", "--output=cut", "--quiet")
        self.assert_same("whole", "cut")

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_what_checkpoints_cost_is_recorded(self):
        self.train("run", "--checkpoint-interval=0", steps=20000)
        said = self.attributes("run")
        self.assertGreater(said["checkpoints"], 1)
        self.assertGreater(said["checkpoint_bytes"], 1000)
        self.assertGreater(said["checkpoint_seconds"], 0)


class Forks(Case):
    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_with_nothing_changed_a_fork_is_the_rest_of_its_parent(self):
        self.train("parent", "--checkpoint-at=150", "--optimizer=momentum", "--wrappers=ema")
        self.assertTrue((self.folder / "parent/checkpoint.at.150").exists())
        for step in (150, 260):  # kept, and computed again
            self.call(f"--fork=parent@{step}", f"--output=child{step}", "--quiet")
            self.assert_same("parent", f"child{step}")
            said = self.attributes(f"child{step}")
            self.assertEqual(said["first_step"], step)
            self.assertEqual(said["option_fork"], self.attributes("parent")["config_hash"] + f"@{step}")
            self.assertEqual(said["parent_run_id"], self.attributes("parent")["run_id"])
            self.assertNotEqual(said["config_hash"], self.attributes("parent")["config_hash"])
        self.assertEqual(list(self.folder.glob(".*")), [])
        self.call("--fork=child260@300", "--output=grandchild", "--quiet")
        self.assert_same("parent", "grandchild")

    def test_a_fork_has_other_options_from_its_step_on(self):
        self.train("trunk", "--checkpoint-at=200", "--learning-rate=0.01")
        self.call("--fork=trunk@200", "--output=cooldown", "--quiet", "--learning-rate-schedule=polynomial",
                  "--learning-rate-steps=100", "--steps=300")
        self.assertEqual(len(self.loss("cooldown")), 300)
        self.assertEqual(self.loss("trunk")[:201].tobytes(), self.loss("cooldown")[:201].tobytes())
        self.assertNotEqual(self.loss("trunk")[202], self.loss("cooldown")[202])
        # Another method begins with no memory: as SGD that starts at these parameters with these batches.
        self.call("--fork=trunk@200", "--output=other", "--quiet", "--optimizer=sgd", "--learning-rate=0.1")
        self.assertEqual(self.loss("trunk")[200], self.loss("other")[200])
        self.assertNotEqual(self.loss("trunk")[201], self.loss("other")[201])
        self.assertNotIn("option_beta1", self.attributes("other"))

    SHUFFLED = ["--workload=linear-regression", "--batch-size=7", "--optimizer=momentum", "--learning-rate=0.001"]

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_the_order_of_the_rest_can_be_drawn_anew(self):
        """In the middle of a pass; with what is drawn kept in the first checkpoint of the fork."""
        self.train("trunk", "--checkpoint-at=210", *self.SHUFFLED)
        fork = ["--fork=trunk@210", "--quiet", "--reseed=shuffle"]
        self.call(*fork, "--output=again", "--seed=5")
        self.call(*fork, "--output=twice", "--seed=5")
        self.call(*fork, "--output=six", "--seed=6")
        self.assert_same("again", "twice")
        self.assertEqual(self.loss("trunk")[:210].tobytes(), self.loss("again")[:210].tobytes())
        for one, other in (("again", "six"), ("again", "trunk")):
            self.assertNotEqual(self.loss(one)[210], self.loss(other)[210])
        for stop in (210, 213):
            self.call(*fork, f"--output=stopped{stop}", "--seed=5", f"--stop-at={stop}" if stop > 210 else "--stop-at=211",
                      code=STOPPED)
            if stop == 210:  # as if it were killed before its second checkpoint
                for path in (self.folder / "stopped210").glob("checkpoint.?"):
                    path.unlink()
            self.call("--resume", f"--output=stopped{stop}", "--quiet", "--reseed=shuffle", "--seed=5")
            self.assert_same("again", f"stopped{stop}")
        self.call("--replay=again", "--output=replay", "--quiet")
        self.assert_same("again", "replay")
        self.call("--fork=again@300", "--output=grandchild", "--quiet")
        self.assert_same("again", "grandchild")
        self.train("sequential")
        self.assertIn("draws nothing for that",
                      self.call("--fork=sequential@100", "--reseed=shuffle", "--output=no", "--quiet", code=2))
        self.assertFalse((self.folder / "no").exists())

    def test_a_fork_without_the_state_of_its_beginning_is_not_resumed(self):
        self.train("trunk", "--checkpoint-at=100")
        self.call("--fork=trunk@100", "--output=fork", "--quiet", "--stop-at=200", code=STOPPED)
        for path in (self.folder / "fork").glob("checkpoint.*"):
            path.unlink()
        self.assertIn("before it had a checkpoint", self.call("--resume", "--output=fork", "--quiet", code=2))

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_a_state_that_means_something_else_is_not_taken(self):
        self.train("trunk", "--checkpoint-at=40", "--optimizer=lbfgs", steps=60)
        self.call("--fork=trunk@40", "--output=shorter", "--quiet", "--history=5")
        self.train("data", "--checkpoint-at=150")
        self.call("--fork=data@150", "--output=fewer", "--quiet", "--validation-examples=3900")

    def test_what_a_fork_cannot_be_is_refused(self):
        self.train("trunk")
        for options, words in ((["--fork=trunk"], "expected RUN@STEP"), (["--fork=nothing@5"], "is no run's folder"),
                               (["--fork=trunk@4000"], "has fewer steps"),
                               (["--fork=trunk@100", "--seed=3"], "--reseed names what is drawn anew"),
                               (["--fork=trunk@100", "--reseed=all"], "expected any of shuffle"),
                               (["--reseed=shuffle"], "expected with --fork"),
                               (["--fork=trunk@100", "--replay=trunk"], "expected one of them"),
                               (["--fork=trunk@100", "--steps=100"], "the budget is spent by step 100"),
                               (["--fork=trunk@100", "--hidden=7"], "does not fit")):
            said = self.call(*options, "--output=child", "--quiet", code=2)
            self.assertIn(words, said)
            self.assertFalse((self.folder / "child").exists(), options)


class Replays(Case):
    def test_what_is_measured_afterwards_is_what_would_have_been(self):
        self.train("plain")
        self.train("watched", "--instruments=sharpness:100")
        self.call("--replay=plain", "--output=again", "--quiet", "--instruments=sharpness:100", "--at=0:300:100")
        ours, theirs = datasets_of(self.folder / "again/run.h5"), datasets_of(self.folder / "watched/run.h5")
        for name in ("sharpness", "preconditioned_sharpness", "step"):
            self.assertEqual(ours[f"sharpness/{name}"].tobytes(), theirs[f"sharpness/{name}"][:4].tobytes())
        self.assertEqual(len(ours["step/loss"]), 301)
        plain = datasets_of(self.folder / "plain/run.h5")
        self.assertEqual(ours["fingerprint/low"].tobytes(), plain["fingerprint/low"][:len(ours["fingerprint/low"])].tobytes())
        self.call("--replay=plain", "--output=all", "--quiet")
        self.assert_same("plain", "all")

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_a_run_that_does_not_come_again_is_refused(self):
        self.train("plain")
        said = self.call("--replay=plain", "--output=again", "--quiet", code=1, environment={"GRADUS_SIMD": "baseline"})
        self.assertIn("the parameters are not those of the run in plain", said)
        self.train("without", "--fingerprint-interval=0")
        self.assertIn("has no fingerprints", self.call("--replay=without", "--output=no", "--quiet", code=1))
        self.assertIn("--learning_rate is", self.call("--replay=plain", "--output=no", "--learning-rate=1", code=2))

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_a_fork_is_replayed_and_other_intervals_are_followed(self):
        self.train("trunk", "--checkpoint-at=150", "--fingerprint-interval=10")
        self.call("--replay=trunk", "--output=again", "--quiet")
        self.assert_same("trunk", "again")
        self.call("--fork=trunk@150", "--output=fork", "--quiet", "--learning-rate=0.002")
        self.call("--replay=fork", "--output=forked", "--quiet")
        self.assert_same("fork", "forked")
        self.call("--fork=trunk@120", "--output=earlier", "--quiet")
        self.assert_same("trunk", "earlier")

    def test_a_replay_that_was_stopped_does_not_go_on(self):
        self.train("plain")
        said = self.call("--replay=plain", "--output=again", "--quiet", "--stop-at=50", code=STOPPED)
        self.assertEqual(said, "train_workload: stopped after step 50\n")
        self.assertIn("is a replay", self.call("--resume", "--output=again", "--quiet", code=2))


class Kept(Case):
    """What a careless --resume must not take away."""

    def test_a_stale_try_does_not_replace_a_later_run(self):
        self.train("run", "--seed=1", steps=100)
        self.call(*OPTIONS, "--steps=300", "--seed=3", "--overwrite", "--output=run", "--stop-at=200", code=STOPPED)
        shutil.rmtree(self.folder / "run")
        self.train("run", "--seed=7", steps=100)
        self.assertIn("is completed", self.call("--resume", "--output=run"))
        self.assertEqual(self.attributes("run")["seed"], 7)

    def test_a_run_that_is_to_replace_another_goes_on(self):
        self.train("run", "--seed=1", steps=100)
        self.call(*OPTIONS, "--steps=300", "--seed=3", "--overwrite", "--output=run", "--stop-at=200", code=STOPPED)
        self.assertEqual(self.attributes("run")["seed"], 1)
        self.call("--resume", "--output=run", "--quiet")
        self.assertEqual(self.attributes("run")["seed"], 3)
        self.assertEqual(list(self.folder.glob(".*")), [])

    def test_damage_in_the_middle_of_a_log_cuts_nothing(self):
        self.train("cut", "--stop-at=150", "--checkpoint-interval=1000", code=STOPPED)
        log = self.folder / "cut/metrics.log"
        image = bytearray(log.read_bytes())
        image[len(image) // 3] ^= 1
        log.write_bytes(image)
        self.assertIn("holds less", self.call("--resume", "--output=cut", code=1))
        self.assertEqual(log.read_bytes(), bytes(image))

    def test_wide_tables_without_rows_go_on_twice(self):
        wide = ["--problem=rosenbrock", "--dimension=10000", "--steps=30", "--quiet"]
        self.call(*wide, "--output=whole", program="minimize")
        self.call(*wide, "--output=cut", "--stop-at=0", program="minimize", code=STOPPED)
        self.call("--resume", "--output=cut", "--quiet", "--stop-at=10", program="minimize", code=STOPPED)
        self.call("--resume", "--output=cut", "--quiet", program="minimize")
        self.assert_same("whole", "cut")

    def test_what_ended_before_it_took_its_place_takes_it(self):
        for output in ("z.h5", "z"):
            if output == "z":
                self.train("z", "--seed=1", steps=50)
            killed = subprocess.run([
                "strace", "-f", "-o", "/dev/null", "-e", "trace=renameat2", "-e", "inject=renameat2:signal=KILL:when=1",
                BIN / "train_workload", *OPTIONS, "--steps=100", "--overwrite", f"--output={output}"],
                                    capture_output=True, cwd=self.folder, timeout=60)
            if killed.returncode != -signal.SIGKILL:
                self.skipTest("no strace here")
            self.assertIn("is completed", self.call("--resume", f"--output={output}"))
            path = self.folder / output if output == "z.h5" else self.folder / "z/run.h5"
            with h5py.File(path) as file:
                self.assertEqual(file.attrs["seed"], 0)
        (self.folder / "e.h5").write_text("hello")
        self.assertIn("cannot read file", self.call("--resume", "--output=e.h5", code=1))

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_two_at_a_time_leave_one_whole_run(self):
        self.train("run", "--stop-at=100", steps=4000, code=STOPPED)
        both = [subprocess.Popen([BIN / "train_workload", "--resume", "--output=run", "--quiet"], cwd=self.folder,
                                 stderr=subprocess.PIPE) for _ in range(2)]
        codes = sorted(child.wait(timeout=60) for child in both)
        for child in both:
            child.stderr.close()
        self.assertIn(codes, ([0, 0], [0, 1]))
        self.assertEqual(self.attributes("run")["status"], "completed")
        self.assertTrue((self.folder / "run/complete.json").exists())

    def test_what_else_was_asked_for_holds_after_a_stop(self):
        self.train("run", "--checkpoint-at=150,250", "--stop-at=200", code=STOPPED)
        self.call("--resume", "--output=run", "--quiet")
        self.assertTrue((self.folder / "run/checkpoint.at.250").exists())
        (self.folder / "begun").mkdir()
        (self.folder / "begun/metrics.log").write_bytes(b"")
        (self.folder / "begun/.config.json.new").write_bytes(b"{")
        self.train("begun", "--resume")
        self.assertEqual(self.attributes("begun")["status"], "completed")


class Minimize(Case):
    def minimize(self, output, *options, **how):
        return self.call("--steps=60", f"--output={output}", "--quiet", *options, program="minimize", **how)

    def test_a_minimisation_goes_on(self):
        for number, options in enumerate((
            ["--optimizer=lbfgs"], ["--optimizer=lbfgs", "--wrappers=l2_penalty", "--l2=0.01"],
            ["--optimizer=adam", "--wrappers=sam", "--contour=5"], ["--optimizer=newton_cg"],
            ["--optimizer=adam", "--learning-rate-schedule=plateau"],
            ["--problem=noisy_quadratic", "--optimizer=momentum", "--wrappers=ema"])):
            problem = [] if options[0].startswith("--problem") else ["--problem=rosenbrock"]
            self.minimize(f"whole{number}", *problem, *options)
            self.minimize(f"cut{number}", *problem, *options, "--stop-at=7", code=STOPPED)
            for stop in (11, 11, 5):  # the latter two are behind it
                said = self.call("--resume", f"--output=cut{number}", "--quiet", f"--stop-at={stop}",
                                 program="minimize", code=STOPPED)
                self.assertIn("stopped after step 11", said)
            self.call("--resume", f"--output=cut{number}", "--quiet", program="minimize")
            self.assert_same(f"whole{number}", f"cut{number}")

    def test_a_state_of_other_numbers_is_taken_only_when_asked_for(self):
        common = ["--problem=rosenbrock", "--optimizer=adam"]
        self.minimize("first", *common, "--save-state=state")
        said = self.minimize("second", *common, "--beta1=0.5", "--load-state=state", code=2)
        self.assertIn("beta1 0.9, expected 0.5; --other-numbers", said)
        self.minimize("second", *common, "--beta1=0.5", "--load-state=state", "--other-numbers")


if __name__ == "__main__":
    unittest.main()
