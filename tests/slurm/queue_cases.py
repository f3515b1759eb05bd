"""What happens to a sweep's tasks in Slurm's queue: cases of cluster.py."""
import pathlib
import shutil
import signal
import subprocess
import time

import killed_sweep
import slurm_support
import sweep_support
from same_numbers import compare, runs_of
from slurm_support import by_hand

LONG = 400_000  # steps: somewhat more than a minute

class Queue(slurm_support.SlurmCase):
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

    @by_hand
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

    @by_hand
    def test_killed_sweep_is_found_again(self):
        options, before = ("--seed=0:11", "--mode=short"), ["--pack=3"]
        sweep = self.begin(*options, before=before)
        self.wait_for(lambda: self.cluster.queue())
        self.tell(sweep, signal.SIGKILL)
        sweep.communicate()
        # Killed before it knew of the job's number, say.
        jobs = sweep_support.unsealed(self.output / ".slurm" / "jobs.json")
        jobs["arrays"][0]["job"] = 0
        (self.output / ".slurm" / "jobs.json").write_text(sweep_support.sealed(jobs))
        self.assertNotIn("Slurm's job", self.sweep(*options, before=before).stdout)
        self.assert_whole(12)

    @by_hand
    def test_second_sweep_in_the_folder(self):
        sweep = self.begin("--seed=0:3", "--mode=short")
        self.wait_for_starts(1)
        said = self.sweep("--seed=0:3", "--mode=short", code=1)
        self.assertIn("another sweep hands runs of this folder to Slurm now", said.stderr)
        self.finish(sweep)
        self.assert_whole(4)

    @by_hand
    def test_sweep_cancelled_without_its_command(self):
        sweep = self.begin("--seed=0:5", "--mode=sleep")
        self.wait_for_starts(4)
        self.tell(sweep, signal.SIGKILL)
        sweep.communicate()
        self.assertIn("no sweep is at work", self.say("cancel"))
        self.assertEqual((self.cluster.queue(), self.processes()), ([], {}))

    @by_hand
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
        self.assert_none_is_lost(6, interrupted=1)

    @by_hand
    def test_failures_are_what_they_are_here(self):
        out = self.sweep("--mode=completed,diverged,fail,killed", "--seed=0", before=["--retries=1"], code=1).stdout
        self.assertIn("4 runs: 1 completed, 1 diverged, 2 failed", out)
        self.assertIn(r"(--mode=fail --seed=0): could not open the data: \xff\x1b[31m", out)
        self.assertIn("killed by signal 9 (Killed)", out)
        self.assertEqual(len(self.starts()), 5)  # a kill may pass by itself: once again, on the node
        self.assertIn("4 runs: 0 completed, 0 diverged, 2 failed, 2 skipped",
                      self.sweep("--mode=completed,diverged,fail,killed", "--seed=0", code=1).stdout)
        self.assertEqual(len(self.starts()), 7)

    @by_hand
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

    @by_hand
    def test_submission_whose_answer_is_lost(self):
        self.wrap_sbatch('"$REAL" "$@" > /dev/null; '
                         'echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1')
        said = self.sweep("--seed=0:7", "--mode=short", before=["--pack=2"])
        self.assertIn("sbatch: Socket timed out on send/recv operation: waits for it", said.stderr)
        self.assert_whole(8)

    @by_hand
    def test_submission_that_does_not_arrive(self):
        self.wrap_sbatch('[ -e "$STARTS.once" ] && exec "$REAL" "$@"; touch "$STARTS.once"; '
                         'echo "sbatch: error: Unable to contact slurm controller (connect failure)" >&2; exit 1')
        said = self.sweep("--seed=0:3", before=["--pack=2"])
        self.assertIn("sbatch: Unable to contact slurm controller (connect failure): waits for it", said.stderr)
        self.assert_whole(4)

    @by_hand
    def test_more_tasks_than_a_user_may_submit(self):
        self.wrap_sbatch('[[ "$*" =~ --array=0-([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -lt 4 ] && exec "$REAL" "$@"; '
                         'echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2; '
                         'echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy '
                         '(job submit limit, user\'s size and/or time limits)" >&2; exit 1')
        out = self.sweep("--seed=0:11").stdout
        self.assertIn(": 3 tasks", out)
        self.assert_whole(12)

    @staticmethod
    def training():
        return pathlib.Path(sweep_support.SWEEP).parent / "train_workload"

    def assert_same_as_here(self, options, goes):
        """The same numbers as of a sweep on this machine, to the bit, where each run was interrupted so often."""
        here = self.folder / "here"
        subprocess.run([sweep_support.SWEEP, "run", "--quiet", f"--output={here}", "--", self.training(), *options],
                       check=True, stdout=subprocess.DEVNULL)
        runs, numbers = compare(here, self.output)
        self.assertEqual(runs, len(runs_of(here)))
        self.assertGreater(numbers, 1000)
        for run in runs_of(self.output):
            went_on, again = killed_sweep.steps_again(self.output / run / "metrics.log")
            self.assertIn(went_on, goes)
            self.figures(f"{run} went on {went_on} times, {again} steps were computed again")
        self.assert_nothing_is_left()

    @by_hand
    def test_requeued_training_goes_on(self):
        options = ["--optimizer=adam", "--learning-rate=0.01", "--seed=0:1", "--budget-steps=6000",
                   "--checkpoint-interval=0.2"]
        sweep = self.begin(*options, program=self.training())
        self.wait_for(lambda: len(list(self.output.glob("*/checkpoint*"))) >= 2, 30)
        self.assertEqual(self.cluster.run(["scontrol", "requeue", *self.running()]).returncode, 0)
        self.finish(sweep)
        self.assert_same_as_here(options, goes=[1])

    @by_hand
    def test_limit_of_time(self):
        """A training of more than a minute in tasks of a minute each: it goes on as often as it takes."""
        options = ["--optimizer=adam", "--learning-rate=0.01", "--seed=0", f"--budget-steps={LONG}",
                   "--evaluation-interval=5000"]
        sweep = self.begin(*options, program=self.training(), before=["--time=1"])
        out, errors = self.finish(sweep, seconds=600)
        self.assertIn("1 runs: 1 completed", out, errors)
        self.assert_same_as_here(options, goes=range(1, 10))

    def test_bad_input(self):
        for before, says in [
                (["--partition=nix"], "sbatch: Batch job submission failed: Invalid partition name specified"),
                (["--constraint=gpu"], "sbatch: Batch job submission failed: Invalid feature specification"),
                (["--time=soon"], "--time=soon: expected minutes, hours:minutes:seconds or days-hours, above 0"),
                (["--sbatch=--array=3"], "--sbatch: --array=3: the sweep sets --array itself"),
                (["--sbatch=--nice='1"], "--sbatch: --nice='1: a quote is not closed"),
                (["--pack=0"], "--pack"), (["--array-limit=0"], "--array-limit"),
                (["--array-limit=5000", "--pack=1"],
                 "sbatch: Batch job submission failed: Invalid job array specification"),
                (["--pin"], "--pin: expected without --launcher=slurm"),
                (["--launcher=pbs"], "--launcher"),
                (["--stopping=rule=median,by=evaluation/loss,every=1"],
                 "--launcher=slurm: expected stages whose runs do not wait for one another")]:
            with self.subTest(before):
                code = 1 if says.startswith("sbatch: ") else 2
                self.refused("--seed=0:1499", says=says, before=before, code=code)
                self.assertEqual(self.cluster.queue(), [])
        here = sweep_support.SweepCase.command(self, "--seed=0", before=["--partition=main"])
        said = subprocess.run(here, capture_output=True, text=True)
        self.assertEqual((said.returncode, said.stderr.count("\n")), (2, 1), said.stderr)
        self.assertIn("--partition requires --launcher", said.stderr)

    @by_hand
    def test_stages(self):
        file = self.folder / "sweep.toml"
        file.write_text(f'program = "{self.program}"\n'
                        '[[stage]]\nname = "first"\n[stage.options]\nseed = "0:3"\n'
                        '[[stage]]\nname = "second"\n[stage.options]\nseed = "4:5"\n')
        out = self.sweep(file=file).stdout
        self.assertIn("stage first: 4 runs: 4 completed", out)
        self.assertIn("stage second: 2 runs: 2 completed", out)
        times = {int(start["argv"][0].removeprefix("--seed=")): start["time"] for start in self.starts()}
        self.assertLess(max(times[seed] for seed in range(4)), min(times[seed] for seed in (4, 5)))
        self.assert_whole(6)
