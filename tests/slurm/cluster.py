#!/usr/bin/python3
"""Sweeps whose runs a Slurm cluster runs, and everything that happens there: nodes that go, a controller that crashes,
tasks that are put back or taken out. In the end each run has a result, and no finished one was run again.

usage: cluster.py BUILD_BIN_DIR [--full]

A part of the cases in about a minute, unless --full.
"""
import pathlib
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import slurm_support  # noqa: E402
from queue_cases import Queue  # noqa: E402, F401
from slurm_support import by_hand  # noqa: E402

MANY = 200 if slurm_support.FULL else 40


class TwoNodes(slurm_support.SlurmCase):
    nodes, processors = 2, 2
    places = nodes * processors

    def test_many_runs(self):
        begin = time.monotonic()
        out = self.sweep(f"--seed=0:{MANY - 1}", before=["--pack=4"]).stdout
        self.figures(f"{MANY} runs in {time.monotonic() - begin:.1f} s")
        self.assertIn(f"{MANY} runs: {MANY} completed, 0 diverged, 0 failed, 0 skipped", out)
        self.assertIn(f": {MANY // 4} tasks", out)
        self.assert_whole(MANY)
        self.assertEqual({start["host"] for start in self.starts()}, {"node1", "node2"})
        self.assertIn(f"0 completed, 0 diverged, 0 failed, {MANY} skipped",
                      self.sweep(f"--seed=0:{MANY - 1}", before=["--pack=4"]).stdout)
        self.assert_whole(MANY)

    @by_hand
    def test_everything_at_once(self):
        """The controller is killed two seconds after the submission, a task is put back, a node is drained half-way,
        and the sweep is cancelled and begun again."""
        options, before = (f"--seed=0:{MANY - 1}", "--mode=short"), ["--pack=4"]
        sweep = self.begin(*options, before=before)
        self.crash_after_submission(sweep)
        self.wait_for_starts(MANY // 4)
        self.wait_for(self.running, 30)
        tasks = self.running()
        self.assertEqual(self.cluster.run(["scontrol", "requeue", tasks[0]]).returncode, 0)
        self.wait_for_starts(MANY // 2)
        self.cluster.run(["scontrol", "update", "nodename=node2", "state=drain", "reason=test"])
        self.wait_for_starts(3 * MANY // 4)
        self.say("cancel")
        self.finish(sweep, code=130)
        self.assertEqual((self.cluster.queue(), self.processes()), ([], {}))
        self.finish(self.begin(*options, before=before))
        self.assert_none_is_lost(MANY, interrupted=2 * self.places + 1)

    @by_hand
    def test_runs_are_tried_and_then_packed(self):
        out = self.sweep("--seed=0:99").stdout
        # Sixteen for themselves; the others last so short that one task, or two, do them all.
        self.assertIn(": 16 tasks", out)
        self.assertRegex(out, ": [12] tasks")
        self.assert_whole(100)

    def test_drained_node(self):
        sweep = self.begin(f"--seed=0:{MANY - 1}", "--mode=short", before=["--pack=2"])
        self.wait_for_starts(MANY // 2)
        self.cluster.run(["scontrol", "update", "nodename=node2", "state=drain", "reason=test"])
        drained = time.time()
        self.finish(sweep)
        self.assert_whole(MANY)
        # A task that was there ends: two runs of half a second.
        self.assertEqual({start["host"] for start in self.starts() if start["time"] > drained + 5}, {"node1"})

    @by_hand
    def test_node_is_lost(self):
        sweep = self.begin("--seed=0:11", "--mode=short", before=["--pack=2"])
        self.wait_for(lambda: "node2" in {start["host"] for start in self.starts()}, 60)
        self.cluster.kill_node("node2")
        self.finish(sweep)
        self.assert_none_is_lost(12, interrupted=self.processors)

    def crash_after_submission(self, sweep, state=None):
        """Two seconds after it; with this state from before, where the controller had not written it yet."""
        self.assertIn("Slurm's job", sweep.stdout.readline())
        time.sleep(2)
        self.cluster.kill("slurmctld")
        if state:
            shutil.rmtree(self.cluster.folder / "state")
            shutil.copytree(state, self.cluster.folder / "state")
        time.sleep(1)
        self.cluster.start_controller()
        # Until the nodes have told it what they do.
        for _ in range(20):
            self.cluster.mend()
            time.sleep(0.5)

    def test_controller_is_killed_after_a_submission(self):
        sweep = self.begin(f"--seed=0:{MANY - 1}", "--mode=short", before=["--pack=2"])
        self.crash_after_submission(sweep)
        self.finish(sweep)
        # What a node runs for a job that the controller does not know, it may end.
        self.assert_none_is_lost(MANY, interrupted=self.places)

    @by_hand
    def test_controller_forgets_a_submission(self):
        self.cluster.run(["scontrol", "reconfigure"])  # writes its state
        state = self.folder / "state"
        shutil.copytree(self.cluster.folder / "state", state)
        sweep = self.begin(f"--seed=0:{MANY - 1}", "--mode=short", before=["--pack=2"])
        self.crash_after_submission(sweep, state)
        self.finish(sweep)
        self.assert_none_is_lost(MANY, interrupted=self.places)

    @by_hand
    def test_controller_is_away_while_a_sweep_begins(self):
        self.cluster.stop_controller()
        sweep = self.begin("--seed=0:3")
        line = sweep.stderr.readline()
        self.cluster.start_controller()
        self.assertRegex(line, r"sweep: s\w+: Unable to contact slurm controller \(.*\): waits for it")
        self.finish(sweep)
        self.assert_whole(4)


if __name__ == "__main__":
    slurm_support.main(__file__)
