#!/usr/bin/python3
"""Sweeps whose runs a Slurm cluster runs, and everything that happens there: nodes that go, a controller that crashes, tasks
that are put back or taken out. In the end each run has a result, and was run once.

usage: cluster.py BUILD_BIN_DIR [--full]

Small and in about a minute, unless --full.
"""
import pathlib
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import slurm_support  # noqa: E402
import killed_sweep  # noqa: E402

FULL = "--full" in sys.argv
if FULL:
    sys.argv.remove("--full")
MANY = 200 if FULL else 40


class TwoNodes(slurm_support.SlurmCase):
    nodes, processors = 2, 2

    def test_many_runs(self):
        out = self.sweep(f"--seed=0:{MANY - 1}", before=["--pack=4"]).stdout
        self.assertIn(f"{MANY} runs: {MANY} completed, 0 diverged, 0 failed, 0 skipped", out)
        self.assertIn(f": {MANY // 4} tasks", out)
        self.assert_whole(MANY)
        self.assertEqual({start["host"] for start in self.starts()}, {"node1", "node2"})
        self.assertIn(f"0 completed, 0 diverged, 0 failed, {MANY} skipped",
                      self.sweep(f"--seed=0:{MANY - 1}", before=["--pack=4"]).stdout)
        self.assert_whole(MANY)

    def test_runs_are_tried_and_then_packed(self):
        out = self.sweep("--seed=0:99").stdout
        # Sixteen for themselves; the others last so short that one task, or two, do them all.
        self.assertIn(": 16 tasks", out)
        self.assertRegex(out, ": [12] tasks")
        self.assert_whole(100)

    def test_drained_node(self):
        sweep = self.begin(f"--seed=0:{MANY - 1}", "--mode=short", before=["--pack=2"])
        self.wait_for_starts(MANY // 4)
        self.cluster.run(["scontrol", "update", "nodename=node2", "state=drain", "reason=test"])
        drained = time.time()
        try:
            self.finish(sweep)
            self.assert_whole(MANY)
            # A task that was there ends: two runs of half a second.
            self.assertEqual({start["host"] for start in self.starts() if start["time"] > drained + 5}, {"node1"})
        finally:
            self.cluster.run(["scontrol", "update", "nodename=node2", "state=resume"])

    def test_node_is_lost(self):
        sweep = self.begin("--seed=0:11", "--mode=short", before=["--pack=2"])
        self.wait_for(lambda: "node2" in {start["host"] for start in self.starts()}, 60)
        self.cluster.kill_node("node2")
        try:
            self.finish(sweep)
            lost = [seed for seed, count in self.seeds().items() if count > 1]
            self.assertEqual(set(self.seeds()), set(range(12)))
            self.assertLessEqual(len(lost), self.processors)  # those that were running there
            self.assertEqual(max(self.seeds().values()), 2)
            self.assertEqual({run["status"] for run in self.table()["runs"]}, {"completed"})
            self.assert_nothing_is_left()
        finally:
            self.cluster.revive_node("node2")


class Queue(slurm_support.SlurmCase):
    """What happens to tasks in the queue."""

    def test_cancelled_sweep(self):
        sweep = self.begin("--seed=0:9", "--mode=sleep")
        self.wait_for_starts(4)
        said = self.say("status", code=75)
        self.assertIn("in Slurm's queue: 4 tasks RUNNING\n", said)
        self.assertIn("in Slurm's queue: 6 tasks PENDING\n", said)
        self.assertIn("no sweep is at work", self.say("cancel"))
        out, errors = self.finish(sweep, code=130)
        self.assertIn("10 pending: interrupted", out)
        self.assertEqual(errors, "")
        self.assert_nothing_is_left()
        self.assertEqual(self.processes(), {})
        self.assertEqual(len(self.starts()), 4)

    def test_interrupted_sweep_leaves_its_tasks_and_finds_them_again(self):
        options, before = ("--seed=0:11", "--mode=short"), ["--pack=2"]
        sweep = self.begin(*options, before=before)
        self.wait_for_starts(2)
        self.tell(sweep, signal.SIGINT)
        errors = self.finish(sweep, code=130)[1]
        self.assertRegex(errors, r"sweep: \d tasks stay in Slurm's queue: the same command goes on with them, "
                         "`sweep cancel .*` takes them out")
        self.assertTrue(self.cluster.queue())
        again = self.sweep(*options, before=before)
        self.assertRegex(again.stderr, r"sweep: \d tasks of an earlier command are in Slurm's queue: waits for them")
        self.assertNotIn("Slurm's job", again.stdout)
        self.assert_whole(12)

    def test_killed_sweep_is_found_again(self):
        options, before = ("--seed=0:11", "--mode=short"), ["--pack=3"]
        sweep = self.begin(*options, before=before)
        self.wait_for(lambda: self.cluster.queue())
        self.tell(sweep, signal.SIGKILL)
        sweep.communicate()
        # Killed before it knew of the job's number, say.
        jobs = slurm_support.sweep_support.unsealed(self.output / ".slurm" / "jobs.json")
        jobs["arrays"][0]["job"] = 0
        (self.output / ".slurm" / "jobs.json").write_text(slurm_support.sweep_support.sealed(jobs))
        self.assertNotIn("Slurm's job", self.sweep(*options, before=before).stdout)
        self.assert_whole(12)

    def test_second_sweep_in_the_folder(self):
        sweep = self.begin("--seed=0:3", "--mode=short")
        self.wait_for_starts(1)
        said = self.sweep("--seed=0:3", "--mode=short", code=1)
        self.assertIn("another sweep hands runs of this folder to Slurm now", said.stderr)
        self.finish(sweep)
        self.assert_whole(4)

    def test_sweep_cancelled_without_its_command(self):
        sweep = self.begin("--seed=0:5", "--mode=sleep")
        self.wait_for_starts(4)
        self.tell(sweep, signal.SIGKILL)
        sweep.communicate()
        self.assertIn("no sweep is at work", self.say("cancel"))
        self.assertEqual((self.cluster.queue(), self.processes()), ([], {}))

    def test_tasks_taken_out_by_hand(self):
        sweep = self.begin("--seed=0:9", "--mode=short")
        self.wait_for(lambda: len(self.cluster.queue()) > 8)
        task = [task for task, state in self.cluster.queue() if state == "PENDING"][-1]
        self.cluster.run(["scancel", task])
        out = self.finish(sweep, code=75)[0]
        self.assertIn("9 completed, 0 diverged, 0 failed, 0 skipped (finished before), 1 pending", out)
        self.assertEqual(len(self.starts()), 9)
        self.sweep("--seed=0:9", "--mode=short")
        self.assert_whole(10)

    def test_requeued_task(self):
        sweep = self.begin("--seed=0:5", "--mode=short", before=["--pack=3"])
        self.wait_for_starts(3)
        requeued = self.running()[0]
        self.assertEqual(self.cluster.run(["scontrol", "requeue", requeued]).returncode, 0)
        self.finish(sweep)
        counts = self.seeds()
        self.assertEqual(set(counts), set(range(6)))
        self.assertLessEqual(sum(counts.values()), 7)  # the program keeps no checkpoint: what was running began anew
        self.assertEqual({run["status"] for run in self.table()["runs"]}, {"completed"})
        self.assert_nothing_is_left()

    def controller_crashes(self, lose):
        """Two seconds after a submission; `lose`: with what it had written before that."""
        count = 24
        state = self.cluster.folder / "state"
        self.cluster.run(["scontrol", "reconfigure"])  # writes its state
        shutil.copytree(state, self.folder / "state")
        sweep = self.begin(f"--seed=0:{count - 1}", "--mode=short", before=["--pack=2"])
        self.assertIn("Slurm's job", sweep.stdout.readline())
        time.sleep(2)
        self.cluster.kill("slurmctld")
        if lose:
            shutil.rmtree(state)
            shutil.copytree(self.folder / "state", state)
        time.sleep(1)
        self.cluster.start_controller()
        self.wait_for(lambda: self.cluster.mend() or sweep.poll() is not None, 90)
        self.finish(sweep)
        counts = self.seeds()
        self.assertEqual(set(counts), set(range(count)))
        # What a node was running for a job that the controller does not know, it may end.
        self.assertLessEqual(sum(counts.values()) - count, self.processors)
        self.assertEqual({run["status"] for run in self.table()["runs"]}, {"completed"})
        self.assert_nothing_is_left()

    def test_controller_is_killed_after_a_submission(self):
        self.controller_crashes(lose=False)

    def test_controller_forgets_a_submission(self):
        self.controller_crashes(lose=True)

    def test_controller_is_away_while_a_sweep_begins(self):
        self.cluster.stop_controller()
        try:
            sweep = self.begin("--seed=0:3")
            line = sweep.stderr.readline()
        finally:
            self.cluster.start_controller()
        self.assertRegex(line, r"sweep: s\w+: Unable to contact slurm controller \(.*\): waits for it")
        self.finish(sweep)
        self.assert_whole(4)

    def test_failures_are_what_they_are_here(self):
        out = self.sweep("--mode=completed,diverged,fail,killed", "--seed=0", before=["--retries=1"], code=1).stdout
        self.assertIn("4 runs: 1 completed, 1 diverged, 2 failed", out)
        self.assertIn(r"(--mode=fail --seed=0): could not open the data: \xff\x1b[31m", out)
        self.assertIn("killed by signal 9 (Killed)", out)
        self.assertEqual(len(self.starts()), 5)  # a kill may pass by itself: once again, on the node
        self.assertIn("4 runs: 0 completed, 0 diverged, 2 failed, 2 skipped",
                      self.sweep("--mode=completed,diverged,fail,killed", "--seed=0", code=1).stdout)
        self.assertEqual(len(self.starts()), 7)

    def test_task_that_ends_without_a_word(self):
        """The sweep on the node cannot begin: said once with its reason, and not tried for ever."""
        sweep = self.begin("--seed=0", before=["--sbatch=--hold"])
        self.wait_for(lambda: self.cluster.queue())
        array, = [path for path in (self.output / ".slurm").iterdir() if path.is_dir()]
        (array / "0.json").write_text("{}")
        time.sleep(1)  # until that is seen
        self.cluster.run(["scontrol", "release", self.cluster.queue()[0][0]])
        first = self.cluster.queue()[0][0]
        self.wait_for(lambda: [task for task, state in self.cluster.queue() if task != first])
        self.cluster.run(["scontrol", "release", self.cluster.queue()[-1][0]])
        out, errors = self.finish(sweep)
        self.assertIn("tasks wait in Slurm's queue: JobHeldUser", errors)
        self.assertIn("0.json", errors)
        self.assert_whole(1)

    def wrap_sbatch(self, script):
        """Another sbatch, which may call $REAL."""
        folder = self.folder / "bin"
        folder.mkdir()
        (folder / "sbatch").write_text(f"#!/bin/bash\nREAL={shutil.which('sbatch')}\n{script}\n")
        (folder / "sbatch").chmod(0o755)
        self.environment["PATH"] = f"{folder}:{self.environment['PATH']}"

    def test_submission_whose_answer_is_lost(self):
        self.wrap_sbatch('"$REAL" "$@" > /dev/null; echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1')
        said = self.sweep("--seed=0:7", "--mode=short", before=["--pack=2"])
        self.assertIn("sbatch: Socket timed out on send/recv operation: waits for it", said.stderr)
        self.assert_whole(8)

    def test_submission_that_does_not_arrive(self):
        self.wrap_sbatch('[ -e "$STARTS.once" ] && exec "$REAL" "$@"; touch "$STARTS.once"; '
                         'echo "sbatch: error: Unable to contact slurm controller (connect failure)" >&2; exit 1')
        said = self.sweep("--seed=0:3", before=["--pack=2"])
        self.assertIn("sbatch: Unable to contact slurm controller (connect failure): waits for it", said.stderr)
        self.assert_whole(4)

    def test_more_tasks_than_a_user_may_submit(self):
        self.wrap_sbatch('[[ "$*" =~ --array=0-([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -lt 4 ] && exec "$REAL" "$@"; '
                         'echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2; '
                         'echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, '
                         'user\'s size and/or time limits)" >&2; exit 1')
        out = self.sweep("--seed=0:11").stdout
        self.assertEqual(out.count(": 3 tasks"), 4, out)
        self.assert_whole(12)

    def test_requeued_training_goes_on(self):
        """The same numbers as of a sweep here, to the bit, and no step computed again but since a checkpoint."""
        program = pathlib.Path(slurm_support.sweep_support.SWEEP).parent / "train_workload"
        options = ["--optimizer=adam", "--learning-rate=0.01", "--seed=0:1", "--budget-steps=6000", "--checkpoint-interval=0.2"]
        sweep = self.begin(*options, program=program)
        self.wait_for(lambda: len(list(self.output.glob("*/checkpoint*"))) >= 2, 30)
        self.assertEqual(self.cluster.run(["scontrol", "requeue", *self.running()]).returncode, 0)
        self.finish(sweep)
        here = self.folder / "here"
        slurm_support.subprocess.run([slurm_support.sweep_support.SWEEP, "run", "--quiet", f"--output={here}", "--", program,
                                      *options], check=True, stdout=slurm_support.subprocess.DEVNULL)
        runs, numbers = slurm_support.compare(here, self.output)
        self.assertEqual(runs, 2)
        self.assertGreater(numbers, 1000)
        logs = [killed_sweep.steps_again(self.output / run / "metrics.log") for run in slurm_support.runs_of(self.output)]
        self.assertEqual([went_on for went_on, _ in logs], [1, 1])
        self.assert_nothing_is_left()

    def test_bad_input(self):
        for before, says in [
                (["--partition=nix"], "sbatch: Batch job submission failed: Invalid partition name specified"),
                (["--constraint=gpu"], "sbatch: Batch job submission failed: Invalid feature specification"),
                (["--time=soon"], "--time=soon: expected minutes, hours:minutes:seconds or days-hours, above 0"),
                (["--sbatch=--array=3"], "--sbatch: --array=3: the sweep sets it itself"),
                (["--sbatch=--nice='1"], "--sbatch: --nice='1: a quote is not closed"), (["--pack=0"], "--pack"), (["--array-limit=0"], "--array-limit"),
                (["--array-limit=5000", "--pack=1"], "sbatch: Batch job submission failed: Invalid job array specification"),
                (["--pin"], "--pin: expected without --launcher=slurm"),
                (["--launcher=pbs"], "--launcher"),
                (["--draws=2", "--stopping=rule=median,by=evaluation/loss,every=1"],
                 "--launcher=slurm: expected stages whose runs do not wait for one another")]:
            with self.subTest(before):
                code = 1 if says.startswith("sbatch: ") else 2
                self.refused("--seed=0:1499", says=says, before=before, code=code)
                self.assertEqual(self.cluster.queue(), [])
        here = slurm_support.sweep_support.SweepCase.command(self, "--seed=0", before=["--partition=main"])
        said = slurm_support.subprocess.run(here, capture_output=True, text=True)
        self.assertEqual((said.returncode, said.stderr.count("\n")), (2, 1), said.stderr)
        self.assertIn("--partition requires --launcher", said.stderr)

    def test_stages(self):
        file = self.folder / "sweep.toml"
        file.write_text(f'program = "{self.program}"\n'
                        '[[stage]]\nname = "first"\n[stage.options]\nseed = "0:3"\n'
                        '[[stage]]\nname = "second"\n[stage.options]\nseed = "4:5"\n')
        out = self.sweep(file=file).stdout
        self.assertIn("stage first: 4 runs: 4 completed", out)
        self.assertIn("stage second: 2 runs: 2 completed", out)
        times = {seed: start["time"] for start, seed in zip(self.starts(), (int(s["argv"][0][7:]) for s in self.starts()))}
        self.assertLess(max(times[seed] for seed in range(4)), min(times[seed] for seed in (4, 5)))
        self.assert_whole(6)


if __name__ == "__main__":
    slurm_support.main(__file__)
