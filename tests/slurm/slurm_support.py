"""What the tests of sweeps on Slurm share: a sweep that is started on the login node of a cluster of their own."""
import os
import pathlib
import signal
import subprocess
import sys

for room in ("tools", "support"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / room))
from same_numbers import compare, runs_of  # noqa: E402, F401
import slurm_cluster  # noqa: E402
import sweep_support  # noqa: E402

# Slurm is asked often, and nobody is waited for long.
HASTE = {"GRADUS_SWEEP_POLL": "0.3", "GRADUS_SWEEP_PAUSE": "0.05"}


class SlurmCase(sweep_support.SweepCase):
    """Each class has a cluster, each test a folder."""
    nodes, processors, settings = 1, 4, {}

    @classmethod
    def setUpClass(cls):
        cls.place = sweep_support.tempfile.TemporaryDirectory(dir=sweep_support.in_memory())
        cls.addClassCleanup(cls.place.cleanup)
        cls.cluster = cls.enterClassContext(slurm_cluster.Cluster(pathlib.Path(cls.place.name), nodes=cls.nodes,
                                                                  processors=cls.processors, **cls.settings))

    def setUp(self):
        super().setUp()
        self.environment = dict(self.cluster.environment, STARTS=str(self.folder / "starts"), **HASTE)
        self.addCleanup(self.empty_queue)

    def empty_queue(self):
        self.cluster.run(["scancel", "--me"])
        self.cluster.wait_for(lambda: not self.cluster.queue(), 60, "the queue does not get empty")

    def command(self, *options, before=(), **keywords):
        return self.cluster.enter(self.folder) + super().command(*options, before=["--launcher=slurm", *before], **keywords)

    def begin(self, *options, before=(), **keywords):
        """A sweep that goes on beside the test."""
        sweep = subprocess.Popen(self.command(*options, before=before, **keywords), env=self.environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, sweep)
        return sweep

    @staticmethod
    def tell(sweep, number):
        """A signal for the sweep itself, and not for what leads into its namespaces."""
        for child in pathlib.Path(f"/proc/{sweep.pid}/task/{sweep.pid}/children").read_text().split():
            os.kill(int(child), number)

    def end(self, sweep):
        if sweep.poll() is None:
            self.tell(sweep, signal.SIGKILL)
        sweep.communicate()

    def finish(self, sweep, code=0, seconds=120):
        out, errors = sweep.communicate(timeout=seconds)
        self.assertEqual(sweep.returncode, code, out + errors)
        return out, errors

    def say(self, verb, *options, code=0):
        said = self.cluster.run([sweep_support.SWEEP, verb, self.output, *options], environment=self.environment)
        self.assertEqual(said.returncode, code, said.stdout + said.stderr)
        return said.stdout

    def seeds(self):
        """How often the program was started with each seed."""
        counts = {}
        for start in self.starts():
            seed, = [int(word.partition("=")[2]) for word in start["argv"] if word.startswith("--seed=")]
            counts[seed] = counts.get(seed, 0) + 1
        return counts

    def running(self):
        return [task for task, state in self.cluster.queue() if state == "RUNNING"]

    def wait_for_starts(self, count, seconds=60):
        self.wait_for(lambda: len(self.starts()) >= count, seconds)

    def assert_whole(self, count):
        """All runs have a result, none was made twice, and nothing of the work with Slurm is left."""
        self.assertEqual(self.seeds(), dict.fromkeys(range(count), 1))
        self.assertEqual({run["status"] for run in self.table()["runs"]}, {"completed"})
        self.assertEqual(len(self.folders()), count)
        self.assert_nothing_is_left()

    def assert_nothing_is_left(self):
        self.assertEqual(sorted(path.name for path in (self.output / ".slurm").iterdir()), [".lock", "jobs.json"])
        self.assertEqual(self.cluster.queue(), [])
        self.assertEqual(sorted(path.name for path in (self.output / ".claims").iterdir()), [])


def main(file):
    if reason := slurm_cluster.Cluster.missing():
        print(f"{pathlib.Path(file).stem}: skipped: {reason}")
        sys.exit(77)
    sweep_support.main(file)
