#!/usr/bin/python3
"""Sweeps on Slurm, where Slurm does what a cluster seldom does: its commands are a test's (fake_slurm.py), and tasks are
processes of this machine. What clusters do, cluster.py tries.

Usage: launcher_test.py BUILD_BIN_DIR [unittest arguments]
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tools")]
import sweep_support  # noqa: E402
from managers_support import ManagersCase  # noqa: E402
from sweep_support import preloading  # noqa: E402

TRAINER = HERE.parent / "tools" / "stateful_program.py"

# What goes wrong with a connection, in Slurm's words.
AWAY = ["Zero Bytes were transmitted or received", "Connection reset by peer",
        "Unable to contact slurm controller (connect failure)", "Socket timed out on send/recv operation",
        "slurm_receive_msg: Connection refused", "Communication connection failure", "Invalid authentication credential",
        "Slurm backup controller in standby mode", "Network is unreachable", "Broken pipe"]
REFUSED = ["invalid partition specified: standby", "Invalid qos specification",
           "Invalid account or account/partition combination specified",
           "Requested time limit is invalid (missing or exceeds some limit)", "Access/permission denied",
           "More processors requested than permitted", "Memory specification can not be satisfied",
           "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"]


class Launcher(ManagersCase):
    def setUp(self):
        super().setUp()
        self.fake = self.folder / "fake"
        self.fake.mkdir()
        for name in ("sbatch", "squeue", "scancel", "scontrol", "sinfo", "slurmctld"):
            shutil.copy(HERE / "fake_slurm.py", self.fake / name)
        self.environment.update(FAKE_SLURM=str(self.fake), PATH=f"{self.fake}:{self.environment['PATH']}",
                                GRADUS_SWEEP_POLL="0.1", GRADUS_SWEEP_PAUSE="0.01")
        self.controller = None
        self.start_controller()

    def start_controller(self):
        self.end_controller()
        self.controller = subprocess.Popen([self.fake / "slurmctld"], env=self.environment)
        self.addCleanup(self.end_controller)

    def end_controller(self):
        if self.controller:
            self.controller.kill()
            self.controller.wait()

    def command(self, *options, before=(), **keywords):
        return super().command(*options, before=["--launcher=slurm", *before], **keywords)

    def troubles(self, *troubles):
        (self.fake / "trouble.json").write_text(json.dumps(
            [{"command": command, "says": says, "times": times} for command, says, times in troubles]))

    def calls(self, command):
        lines = [json.loads(line) for line in (self.fake / "calls").read_text().splitlines()]
        return [call["words"] for call in lines if call["command"] == command]

    def states(self):
        jobs = json.loads((self.fake / "state.json").read_text())["jobs"]
        return {f"{job}_{task}": told for job, one in jobs.items() for task, told in one["tasks"].items()}

    def trainer(self, replacement=("", "")):
        self.program = self.folder / "trainer"
        self.program.write_text(TRAINER.read_text().replace(*replacement))
        self.program.chmod(0o755)

    def begins(self):
        return [start["begins"] for start in self.starts() if "begins" in start]

    # --- the controller

    def test_what_may_pass_is_waited_for_whatever_was_asked(self):
        self.troubles(*(("squeue", says, 1) for says in AWAY), *(("sbatch", says, 1) for says in AWAY[:3]),
                      ("scontrol", AWAY[0], 1), ("sinfo", AWAY[1], 1), ("scancel", AWAY[2], 1))
        (self.fake / "places").write_text("1")
        result = self.sweep("--seed=0:2", "--mode=fail,completed", before=["--max-fails=1", "--pack=1"], code=1)
        for command, says in [*(("squeue", says) for says in AWAY), ("sbatch", AWAY[0]), ("scontrol", AWAY[0]),
                              ("sinfo", AWAY[1]), ("scancel", AWAY[2])]:
            self.assertIn(f"sweep: {command}: {says}: waits for it\n", result.stderr)
        self.assertIn("failed", result.stdout)
        self.assertEqual({*self.states().values()} & {"PENDING", "RUNNING"}, set())

    def test_a_cancelled_sweep_waits_for_the_controller_too(self):
        sweep, = self.managers(1, "--seed=0:1", "--mode=sleep")
        self.wait_for(lambda: len(self.starts()) == 2)
        self.troubles(("squeue", AWAY[1], 3), ("scancel", AWAY[0], 3))
        self.assertIn("no sweep is at work", self.tool("cancel", self.output).stdout)
        self.ends_with([sweep], code=130)
        self.assertEqual({*self.states().values()} & {"PENDING", "RUNNING"}, set())

    def test_who_cancels_or_watches_waits_for_the_controller(self):
        (self.fake / "trouble.json").write_text("[]")
        self.leave_in_queue()
        self.troubles(("squeue", AWAY[1], 2))
        looks = len(self.calls("squeue"))
        watch = subprocess.Popen([sweep_support.SWEEP, "watch", self.output], env=self.environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(watch.kill)
        self.wait_for(lambda: len(self.calls("squeue")) >= looks + 3)
        self.assertIsNone(watch.poll())
        self.troubles(("squeue", AWAY[0], 2))
        self.assertIn(f"squeue: {AWAY[0]}: waits for it", self.tool("cancel", self.output).stderr)
        self.assertEqual({*self.states().values()} & {"PENDING", "RUNNING"}, set())
        _, errors = watch.communicate(timeout=60)
        self.assertEqual(watch.returncode, 75)
        self.assertIn(f"squeue: {AWAY[1]}: waits for it", errors)

    def test_what_is_wrong_ends_the_sweep_at_once(self):
        for says in REFUSED:
            self.troubles(("sbatch", f"Batch job submission failed: {says}", 1))
            self.refused("--seed=0", code=1, says=f"sbatch: Batch job submission failed: {says}")

    def test_patience_has_an_end(self):
        self.environment.update(GRADUS_SWEEP_OUTAGE="1")
        for says, seconds in ((AWAY[0], 1), ("Nobody knows what this is", 0)):
            self.troubles(("squeue", says, 1000))
            self.output = self.folder / f"out-{seconds}"
            self.leave_in_queue()
            result = self.sweep("--seed=0:1", code=1)
            self.assertIn(f"{says}: waits for it", result.stderr)
            self.assertRegex(result.stderr, f"{says}: for {seconds} s; what is in the queue stays there")

    def leave_in_queue(self):
        """A folder that has something in the queue, so that the queue is asked first."""
        (self.fake / "trouble.json").rename(self.fake / "later")
        (self.fake / "places").write_text("0")
        sweep, = self.managers(1, "--seed=0:1")
        self.wait_for(lambda: list(self.output.glob(".slurm/jobs.json")) and len(self.calls("squeue")) > 0)
        sweep.send_signal(signal.SIGINT)
        sweep.communicate(timeout=30)
        (self.fake / "later").rename(self.fake / "trouble.json")

    def hang(self, command):
        """From now on it does not answer, and a file `hangs` says when it was called."""
        (self.fake / command).write_text('#!/bin/sh\ntouch "$FAKE_SLURM/hangs"\nexec sleep 50\n')

    def interrupt(self, number, *words, when):
        process = subprocess.Popen([sweep_support.SWEEP, *map(str, words)], env=self.environment, cwd=self.folder,
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        self.wait_for(when)
        process.send_signal(number)
        out, errors = process.communicate(timeout=5)
        return process.returncode, out, errors

    def test_who_looks_at_the_queue_ends_by_a_signal(self):
        (self.fake / "trouble.json").write_text("[]")
        self.leave_in_queue()
        looks = len(self.calls("squeue"))
        for count, number in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), 1):
            # Between two looks it is nothing but a process that sleeps.
            ended = self.interrupt(number, "watch", self.output,
                                   when=lambda looks=looks + count: len(self.calls("squeue")) == looks)
            self.assertIn(ended[0], (-number, 130), ended)
        self.hang("squeue")
        for verb in ("status", "watch", "cancel"):
            for number in (signal.SIGINT, signal.SIGTERM):
                (self.fake / "hangs").unlink(missing_ok=True)
                code, _, errors = self.interrupt(number, verb, self.output, when=(self.fake / "hangs").exists)
                self.assertEqual((code, errors), (130, "sweep: interrupted\n"), verb)

    def test_a_sweep_that_is_interrupted_at_its_end_tells_what_it_has(self):
        """Its run has ended, but Slurm has put the task back, which is to be taken out of the queue."""
        usual = 'if mode == "fail" or'
        self.program.write_text(self.program.read_text().replace(usual, """if "SLURM_ARRAY_JOB_ID" in os.environ:
    time.sleep(0.5)
    os.system('echo 0 > "$FAKE_SLURM/places"; '
              '"$FAKE_SLURM/scontrol" requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"')
""" + usual, 1))
        self.hang("scancel")
        for word in ("run", "retry"):
            self.output = self.folder / word
            (self.fake / "hangs").unlink(missing_ok=True)
            words = self.command("--seed=0", "--mode=fail")[1:]
            if word == "retry":
                here = sweep_support.SweepCase.command(self, "--seed=0", "--mode=fail")
                subprocess.run(here, env=self.environment, capture_output=True, check=False)
                words = ["retry", self.output, "--failed", "--launcher=slurm"]
            (self.fake / "places").write_text("1")
            code, out, errors = self.interrupt(signal.SIGTERM, *words, when=(self.fake / "hangs").exists)
            self.assertEqual(code, 130, out + errors)
            self.assertIn("1 failed", out)
            self.assertIn("tasks that have nothing to do may be in Slurm's queue", errors)

    # --- options that are the sweep's

    def test_options_that_are_the_sweeps_are_refused_in_every_form(self):
        for word in ("--time=1:00", "--ti=5", "-t5", "-Ht5", "--arr=0-3", "-a", "-HQa0-3", "--array", "--job-n=x", "-Jx",
                     "--mem=1G", "--me=1G", "--partition=x", "-px", "--acc=x", "-C", "--constr=x",
                     "--cpus-per-task=2", "-c2", "--nodes=2", "-N2", "--ntasks=2", "-n2", "--requeue", "--no-req",
                     "--comment=x", "--signal=9", "--sig=9", "--err=x", "-ex", "--output=x", "-o", "--chdir=x", "-D/",
                     "--wait", "-W", "--wrap=true", "--open=truncate", "--"):
            with self.subTest(word):
                self.refused("--seed=0", before=[f"--sbatch={word}"], says=f"--sbatch: {word}: the sweep sets --")
        for words in ("--qos=long --nice=100", "-q long", "--mem-per-cpu=1G", "--exclusive", "--ntasks-per-node=1", "-H",
                      "--mail-type=END", "--gres=gpu:1", "-wnode1", "--time-min=1", "--wait-all-nodes=1"):
            with self.subTest(words):
                self.assertIn("1 completed", self.sweep("--seed=0", before=[f"--sbatch={words}"]).stdout)
                shutil.rmtree(self.output)
        self.refused("--seed=0", before=["--sbatch=--time=5"], says="the sweep sets --time itself (by --time)")

    def test_options_of_a_later_command_count_in_its_tasks(self):
        self.sweep("--mode=killed,sleep", before=["--time-limit=0.3", "--jobs=1"], code=1)
        asked = (self.output / "asked.json").read_bytes()
        self.assertEqual(set(self.started().values()), {1})
        result = self.tool("resume", self.output, "--retries=2", "--time-limit=0.2", code=1)
        self.assertIn("ran longer than the time limit of 0.2 s", result.stdout)
        result = self.tool("retry", self.output, "--failed", "--time-limit=0.1", "--jobs=2", "--pack=2", code=1)
        self.assertIn("ran longer than the time limit of 0.1 s", result.stdout)
        self.assertEqual(sorted(self.started().values()), [3, 4])
        self.assertIn("--cpus-per-task=2", self.calls("sbatch")[-1])
        self.assertEqual((self.output / "asked.json").read_bytes(), asked)

    def test_what_a_later_command_asks_of_runs_counts_in_its_tasks(self):
        self.trainer()
        self.sweep("--fail-at=12", before=["--note=first"], code=1)
        self.tool("resume", self.output, "--no-resume", "--note=second", code=1)
        self.assertEqual(self.begins(), [0, 0])
        self.tool("resume", self.output)
        self.assertEqual(self.begins(), [0, 0, 10])
        notes = [word for start in self.starts() for word in start.get("argv", []) if word.startswith("--note=")]
        self.assertEqual(notes, ["--note=first", "--note=second", "--note=first"])

    # --- tasks of others

    def test_too_many_failures_end_no_other_commands_tasks(self):
        (self.fake / "places").write_text("0")
        other, = self.managers(1, "--seed=10:12", before=["--pack=1"])
        self.wait_for(lambda: (self.fake / "state.json").exists() and len(self.states()) == 3)
        other.send_signal(signal.SIGINT)
        other.communicate(timeout=30)
        # A grid that has one of its runs, and some of its own.
        own, = self.managers(1, "--seed=10,20:24", before=["--pack=1", "--max-fails=1"])
        self.wait_for(lambda: len(self.states()) == 8)
        self.environment["FAIL"] = "1"
        (self.fake / "only").write_text("1_0")
        self.start_controller()
        (self.fake / "places").write_text("1")
        out, errors = own.communicate(timeout=60)
        states = self.states()
        self.assertEqual([states["1_1"], states["1_2"]], ["PENDING", "PENDING"], (states, out, errors))
        self.assertEqual({told for task, told in states.items() if task.startswith("2")}, {"CANCELLED"})

    # --- how goes end

    # A failed run's own record of it, as programs of Gradus keep one.
    RECORD = """
%(room)s(folder / "run.h5").write_bytes(b"few rows")
%(room)s(folder / "complete.json").write_text(%(seal)s({
%(room)s    **record, "status": "failed", "reason": "disk on fire", "run_file": "run.h5", "rows": {}, "seconds": 0.1,
%(room)s    "sha256": hashlib.sha256(b"few rows").hexdigest(), "size": 8}))"""

    def test_what_has_failed_is_tried_again_as_on_one_machine(self):
        self.program.write_text(self.program.read_text().replace(
            'if mode == "fail" or', 'if os.environ.get("FAIL"):' + self.RECORD % {"room": "    ", "seal": "seal"} +
            '\nif mode == "fail" or', 1))
        options = {"before": ["--pack=1"], "code": 1}
        for words in (["retry", "--failed"], ["resume", "--retry-failed"], []):
            self.output = self.folder / "-".join(["out", *words])
            (self.folder / "starts").unlink(missing_ok=True)
            self.environment["FAIL"] = "1"
            self.start_controller()
            self.assertIn("could not open the data", self.sweep("--seed=0:1", **options).stdout)
            del self.environment["FAIL"]
            self.start_controller()
            kept = self.sweep("--seed=0:1", before=["--pack=1", "--no-retry-failed"], code=1).stdout
            self.assertIn("disk on fire", kept)
            self.assertNotIn("twice", kept)
            self.assertEqual(set(self.started().values()), {1})
            result = self.tool(words[0], self.output, *words[1:]) if words else self.sweep("--seed=0:1")
            self.assertIn("2 completed", result.stdout)
            self.assertEqual(set(self.started().values()), {2})

    def test_a_failure_is_final_for_its_task(self):
        """Which is put back into the queue for a run beside it."""
        self.trainer(('print("disk on fire", file=sys.stderr)',
                      (self.RECORD % {"room": " " * 12, "seal": "sealed"}).strip()))
        (self.fake / "limit").write_text("1")
        result = self.sweep("--seed=0", "--fail-at=2,-1", "--steps=60", "--delay=0.03", "--interval=1000",
                            before=["--time=1", "--pack=2", "--jobs=2"], code=1)
        self.assertIn("1 completed, 0 diverged, 1 failed", result.stdout)
        failed = [start for start in self.starts() if "--fail-at=2" in start.get("argv", [])]
        self.assertEqual(len(failed), 1)
        self.assertGreater(len(self.begins()), 2)

    def test_goes_that_come_no_further_end(self):
        """Each go begins anew, and stops somewhere else: further than the one before, but never than all of them."""
        self.trainer(("if stopped or", "if training.step == goal(given) or"))
        self.program.write_text(self.program.read_text().replace("def main():", '''
def goal(given):
    goes = pathlib.Path(os.environ["STARTS"] + ".goes")
    if not hasattr(goal, "step"):
        count = int(goes.read_text()) if goes.exists() else 0
        goes.write_text(str(count + 1))
        goal.step = [12, 7, 9][count % 3]
    return goal.step


def main():''', 1))
        self.program.write_text(self.program.read_text().replace("note(stops=training.step", '''
            while not stopped:
                time.sleep(0.01)
            note(stops=training.step''').replace("stopped = []", "stopped = []\n    goal(given)"))
        self.environment["REFUSE"] = "1"
        self.start_controller()
        (self.fake / "limit").write_text("0.7")
        result = self.sweep("--seed=0", "--steps=30", before=["--time=1"], code=1)
        self.assertIn("does not come further within the limit of time", result.stdout)
        self.assertIn("(twice)", result.stdout)
        self.assertLessEqual(len(self.begins()), 12)

    def test_goes_that_come_further_go_on(self):
        self.trainer()
        (self.fake / "limit").write_text("0.8")
        result = self.sweep("--seed=0", "--steps=100", "--delay=0.03", "--interval=1000", before=["--time=1"])
        self.assertIn("1 completed", result.stdout)
        self.assertGreater(len(self.begins()), 2)
        self.assertEqual(self.begins(), sorted(set(self.begins())))
        self.assertEqual(len(self.calls("sbatch")), 1)

    def test_a_task_that_is_killed_at_its_limit_must_come_further(self):
        """It logs more each time, and has no checkpoint: that is no reason to try for ever."""
        self.trainer()
        text = self.program.read_text().replace("training.advance()", '''training.advance()
        goes = pathlib.Path(os.environ["STARTS"] + ".goes")
        if training.step == 1:
            goes.write_text(str(int(goes.read_text()) + 1 if goes.exists() else 1))
        if training.step == 3 + int(goes.read_text()):
            training.write_log()
            pathlib.Path(os.environ["FAKE_SLURM"], "kill").touch()
            time.sleep(60)''')
        self.program.write_text(text)
        (self.fake / "ending").write_text("TIMEOUT")
        result = self.sweep("--seed=0", "--steps=300", "--interval=1000", code=1)
        self.assertIn("its task has ended in Slurm: TIMEOUT (twice)", result.stdout)
        self.assertEqual(len(self.begins()), 2)

    def test_a_run_that_was_never_begun_has_not_failed_twice(self):
        """Each task ends before the sweep on its node is there."""
        (self.fake / "ending").write_text("BOOT_FAIL")
        text = (self.fake / "sbatch").read_text().replace('"script": script', '"script": "rm -f *.log; exit 1"')
        (self.fake / "sbatch").write_text(text)
        result = self.sweep("--seed=0", code=1)
        self.assertIn("Slurm has lost its task 10 times\n", result.stdout)
        self.assertNotIn("twice", result.stdout)

    def lost_tasks(self, **how):
        """A run that keeps a checkpoint each ten steps, and whose task is lost at 15, and then at 25 and 35."""
        self.program.write_text(self.program.read_text().replace("training.advance()", '''training.advance()
        mark = pathlib.Path(os.environ["STARTS"] + f".{training.step}")
        if training.step in (15, 25, 35) and not mark.exists():
            mark.touch()
            pathlib.Path(os.environ["FAKE_SLURM"], "kill").touch()
            time.sleep(60)'''))
        (self.fake / "ending").write_text("NODE_FAIL")
        self.start_controller()
        return self.sweep("--seed=0", "--steps=44", "--interval=10", **how)

    def test_a_lost_task_is_judged_by_the_attempt_that_it_made(self):
        """Beside a run that is made anew, and without locks: not by what lies at the run's name."""
        self.trainer()
        self.sweep("--seed=0", "--steps=44", "--interval=10")
        self.environment["BUILD"] = "c"
        result = self.lost_tasks(before=["--rebuild"])
        self.assertIn("1 completed", result.stdout)
        self.assertEqual(self.begins(), [0, 0, 10, 20, 30])

    def test_a_lost_task_without_locks(self):
        self.trainer()
        self.environment.update(preloading(self.preloaded()), PRETEND_HOST="ada")
        result = self.lost_tasks()
        self.assertIn("1 completed", result.stdout)
        self.assertEqual(self.begins(), [0, 10, 20, 30])


if __name__ == "__main__":
    sweep_support.main(__file__)
