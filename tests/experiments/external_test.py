#!/usr/bin/python3
"""An optimizer from outside, over the pipe: as good as ours, saved and put back, and each of its failures in one line.

usage: external_test.py BIN_DIRECTORY
"""
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "support"))
from same_numbers import datasets_of, differences  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
SANITIZED = "GRADUS_TESTS_SANITIZED" in os.environ
STOPPED, INTERRUPTED = 75, 130
WORKLOAD = ["--hidden=10"]
PLAN = ["--batch-size=20", "--evaluation-interval=50", "--evaluation-unit=steps", "--quiet"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tools/python"), "PYTHONDONTWRITEBYTECODE": "1"}


def command_of(mode):
    return shlex.join(["/usr/bin/python3", str(HERE / "external_programs.py"), mode])


def external(mode):
    return ["--optimizer=external", f"--external-command={command_of(mode)}"]


def processes_of(mode):
    """Those that run external_programs.py in that mode."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if [str(HERE / "external_programs.py").encode(), mode.encode()] == words[1:3]:
            found.append(int(path.parent.name))
    return found


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def call(self, program, *options, code=0):
        result = subprocess.run([BIN / program, *options], capture_output=True, text=True, timeout=120, cwd=self.folder,
                                env=ENVIRONMENT)
        self.assertEqual(result.returncode, code, (options, result.stderr))
        return result.stderr

    def train(self, output, *options, steps=200, **how):
        return self.call("train_workload", *WORKLOAD, *PLAN, f"--steps={steps}", f"--output={output}", *options, **how)

    def begin(self, output, *options):
        return subprocess.Popen([BIN / "train_workload", *WORKLOAD, *PLAN, "--steps=1000000", f"--output={output}",
                                 *options], cwd=self.folder, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)

    def minimize(self, output, *options, **how):
        return self.call("minimize", "--problem=rosenbrock", "--quiet", f"--output={output}", *options, **how)

    def data(self, output):
        return datasets_of(self.folder / output / "run.h5")

    def attributes(self, output):
        with h5py.File(self.folder / output / "run.h5") as file:
            return dict(file.attrs)

    def assert_close(self, one, other, tolerance, columns=("step/loss", "evaluation/training_loss")):
        ours, theirs = self.data(one), self.data(other)
        for column in columns:
            np.testing.assert_allclose(ours[column], theirs[column], rtol=tolerance, atol=0, err_msg=column)
        self.assertFalse(np.array_equal(ours["step/loss"][0], ours["step/loss"][-1]))


class Steps(Case):
    def test_adam_from_outside_is_ours(self):
        for dtype, tolerance in (("float64", 1e-12), ("float32", 2e-5)):
            self.train(f"ours_{dtype}", "--optimizer=adam", f"--dtype={dtype}")
            self.train(f"theirs_{dtype}", *external("adam"), f"--dtype={dtype}")
            self.assert_close(f"ours_{dtype}", f"theirs_{dtype}", tolerance)

    def test_minimize_takes_it_too(self):
        self.minimize("ours", "--optimizer=adam", "--steps=200")
        self.minimize("theirs", *external("adam"), "--steps=200")
        ours, theirs = self.data("ours"), self.data("theirs")
        [name] = [name for name in ours if ours[name].shape == (201, 2)]  # theta at each step
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12, atol=0)

    def test_the_function_on_the_page_is_momentum(self):
        page = (REPOSITORY / "docs/external.md").read_text(encoding="utf-8")
        [block] = [block for block in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S) if "function(" in block]
        (self.folder / "my_optimizer.py").write_text(block, encoding="utf-8")
        self.train("theirs", "--optimizer=external", "--external-command=/usr/bin/python3 my_optimizer.py",
                   "--dtype=float64")
        self.train("ours", "--optimizer=momentum", "--learning-rate=0.01", "--momentum=0.9", "--dtype=float64")
        self.assert_close("ours", "theirs", 1e-11)

    def test_a_run_says_that_it_is_untimed(self):
        self.train("ours", "--optimizer=adam", steps=3)
        self.train("theirs", *external("adam"), steps=3)
        self.assertNotIn("untimed", self.attributes("ours"))
        self.assertEqual(self.attributes("theirs")["untimed"], "another program takes the steps")
        self.assertEqual(self.attributes("theirs")["option_external_command"], command_of("adam"))
        self.assertGreater(self.data("theirs")["evaluation/optimizer_state_bytes"][-1], 0)

    def test_slices_come_with_names_and_tags_and_prints_do_no_harm(self):
        said = self.train("theirs", *external("by_slices"))
        self.assertEqual(said, "to standard output, which is nobody's answer\n" * 200)
        self.train("ours", "--optimizer=sgd", "--learning-rate=0.1", "--groups=@bias learning_rate=0.05")
        self.assert_close("ours", "theirs", 1e-4)

    def test_wrappers_go_around_it(self):
        for wrappers in (["--wrappers=clip_by_norm", "--clip-norm=0.1"], ["--wrappers=lookahead"]):
            self.train("ours", "--optimizer=adam", *wrappers, "--dtype=float64", "--overwrite")
            self.train("theirs", *external("adam"), *wrappers, "--dtype=float64", "--overwrite")
            self.assert_close("ours", "theirs", 1e-12)

    def test_a_large_vector_that_is_answered_while_it_is_sent(self):
        size = ["--dimension=100000", "--steps=5", "--log-theta=false"]
        self.minimize("theirs", *size, *external("answers_early"))
        self.assertEqual(self.attributes("theirs")["steps_taken"], 5)

    @unittest.skipIf(SANITIZED, "a release is enough")
    def test_other_programs_know_it(self):
        for program in ("minimize", "train_workload"):
            described = json.loads(subprocess.run([BIN / program, "--describe"], capture_output=True, text=True,
                                                  check=True).stdout)
            self.assertEqual(described["external"]["name"], "external")
            [option] = [option for option in described["options"] if option["name"] == "optimizer"]
            self.assertIn("external", option["choices"])
            listed = subprocess.run([BIN / program, "--list-optimizers"], capture_output=True, text=True, check=True)
            self.assertIn("external  [another program]", listed.stdout)


class GoesOn(Case):
    def test_a_run_that_is_stopped_goes_on_with_the_same_bits(self):
        for dtype in ("float64", "float32"):
            options = [*external("adam"), f"--dtype={dtype}"]
            self.train(f"whole_{dtype}", *options)
            self.train(f"cut_{dtype}", *options, "--stop-at=75", code=STOPPED)
            self.call("train_workload", "--resume", f"--output=cut_{dtype}", "--quiet")
            self.assertEqual(differences(self.folder / f"whole_{dtype}/run.h5", self.folder / f"cut_{dtype}/run.h5"), [])

    def test_a_fork_has_its_state_unless_its_command_is_another(self):
        self.train("whole", *external("adam"), "--checkpoint-at=100")
        self.call("train_workload", "--fork=whole@100", "--output=same", "--quiet")
        self.call("train_workload", "--fork=whole@100", "--output=other", "--quiet",
                  f"--external-command={command_of('adam')} again")
        whole, same, other = (self.data(name)["step/loss"] for name in ("whole", "same", "other"))
        np.testing.assert_array_equal(whole, same)
        np.testing.assert_array_equal(whole[:101], other[:101])  # of which the last is before the first other step
        self.assertTrue((whole[105:] != other[105:]).all())

    def test_minimize_saves_and_loads_it(self):
        self.minimize("whole", *external("adam"), "--steps=40")
        self.minimize("half", *external("adam"), "--steps=20", "--save-state=state.h5")
        self.minimize("rest", *external("adam"), "--steps=20", "--load-state=state.h5")
        for name in ("final_value", "final_gradient_norm"):
            self.assertEqual(self.attributes("whole")[name], self.attributes("rest")[name])
        said = self.minimize("refused", *external("plain"), "--load-state=state.h5", "--steps=20", code=2)
        self.assertIn("is the state of another optimizer: program", said)
        said = self.minimize("refused", *external("plain"), "--load-state=state.h5", "--other-numbers", "--steps=20",
                             "--overwrite", code=1)
        self.assertIn("saves no state, and is to go on from one", said)

    def test_a_program_that_saves_nothing_leaves_no_checkpoint_and_says_so(self):
        words = "saves no state: the run has no checkpoint"
        for steps in (5000, 50000, 500000):  # until a checkpoint was due, which take a hundredth of the time
            said = self.train("theirs", *external("plain"), "--checkpoint-interval=0", "--overwrite", steps=steps)
            if said:
                break
        self.assertEqual(said.count(words), 1, said)
        self.assertEqual(len(said.splitlines()), 1)
        self.assertEqual(self.attributes("theirs")["status"], "completed")
        self.assertIn(words, self.train("cut", *external("plain"), "--stop-at=75", code=1))
        self.assertIn(words, self.train("kept", *external("plain"), "--checkpoint-at=75", code=1))
        self.assertIn(words, self.minimize("saved", *external("plain"), "--steps=5", "--save-state=s.h5", code=1))
        self.assertFalse((self.folder / "s.h5").exists())

    def test_a_signal_ends_it_all_the_same(self):
        child = self.begin("cut", *external("plain"))
        log = self.folder / "cut/metrics.log"
        while child.poll() is None and (not log.exists() or log.stat().st_size < 8000):
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=60)[1]
        self.assertEqual(child.returncode, INTERRUPTED, said)
        self.assertIn("saves no state, so there is no checkpoint", said)


class Failures(Case):
    def fails(self, mode, words, code=1, output="failed"):
        said = self.train(output, *external(mode), code=code)
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertIn(words, said)
        self.assertIn("external_programs.py", said)
        return said

    def test_each_failure_is_one_line_and_what_is_written_stays(self):
        for mode, words, code in (
                ("raises", "says: KeyError: 'momentum' (external_programs.py:", 1),
                ("nan", "answered a theta that is not finite in ", 3),
                ("fewer", "step() returned", 1),
                ("other_dtype", "numbers of float16, expected", 1),
                ("exits", "ended with exit code 3 after 0 of 16 bytes of an answer", 1),
                ("half_an_answer", "after 12 of ", 1),
                ("claims_fewer", "answered 8 bytes of theta, expected ", 1),
                ("other_words", "answered 'hello wo', expected 'theta' or 'error'", 1)):
            with self.subTest(mode):
                self.fails(mode, words, code, output=mode)
                self.assertEqual(self.attributes(mode)["status"], "diverged" if mode == "nan" else "failed")
                self.assertEqual(len(self.data(mode)["step/loss"]), 4)  # of the steps before

    def test_one_that_is_killed(self):
        said = self.train("failed", "--optimizer=external", f"--external-command=exec {command_of('is_killed')}", code=1)
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertIn("was ended by the signal 9 (Killed) after 0 of 16 bytes of an answer", said)

    def test_a_program_that_is_not_there_or_never_ready(self):
        self.assertIn("the shell finds no such program", self.train(
            "none", "--optimizer=external", "--external-command=no_such_program_at_all", code=1))
        self.fails("not_ready", "answered 'ready' with '12345'")

    def test_one_that_does_not_end_is_killed_and_the_run_is_complete(self):
        for mode, words in (("does_not_end", "did not end and was killed, after the last step"),
                            ("ends_badly", "ended with exit code 4, after the last step")):
            begin = time.monotonic()
            self.fails(mode, words, code=0, output=mode)
            self.assertLess(time.monotonic() - begin, 30)
            self.assertEqual(self.attributes(mode)["status"], "completed")

    def test_one_that_hangs_ends_some_seconds_after_a_signal_and_with_the_run(self):
        for number in (signal.SIGINT, signal.SIGKILL):
            output = f"hangs{int(number)}"
            child = self.begin(output, *external("hangs"))
            deadline = time.monotonic() + 60
            while not processes_of("hangs") and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(1)
            self.assertIsNone(child.poll())
            child.send_signal(number)
            said = child.communicate(timeout=60)[1]
            self.assertEqual(child.returncode, 1 if number == signal.SIGINT else -number)
            if number == signal.SIGINT:
                self.assertIn("did not answer within 10 s of a signal, and was killed", said)
            deadline = time.monotonic() + 10
            while processes_of("hangs") and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual(processes_of("hangs"), [])

    def test_options_that_do_not_go_together(self):
        for words, options in (
                ("expected --external-command too", ["--optimizer=external"]),
                ("--learning-rate", [*external("adam"), "--learning-rate=0.1"]),
                ("--learning-rate-schedule", [*external("adam"), "--learning-rate-schedule=cosine"]),
                ("external has no hyperparameters", [*external("adam"), "--groups=@bias learning_rate=0.1"]),
                ("uses the learning_rate, which external does not have",
                 [*external("adam"), "--wrappers=decoupled_weight_decay"]),
                ("--external-command", ["--optimizer=adam", "--external-command=true"])):
            with self.subTest(options[-1]):
                said = self.train("refused", *options, code=2)
                self.assertEqual(len(said.splitlines()), 1, said)
                self.assertIn(words, said)
                self.assertFalse((self.folder / "refused").exists())

    def test_a_program_by_hand_says_what_it_is_for(self):
        result = subprocess.run(["/usr/bin/python3", HERE / "external_programs.py", "adam"], capture_output=True,
                                text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 1)
        self.assertIn("a run starts this", result.stderr)


if __name__ == "__main__":
    unittest.main()
