#!/usr/bin/python3
"""The cluster that the tests of sweeps on Slurm use: it runs what it is given, survives what a test does to it, and
nothing of it is left."""
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import slurm_cluster  # noqa: E402

# As a program of its own, which is then killed.
OWNER = """import sys, time
sys.path.insert(0, sys.argv[1])
import slurm_cluster
with slurm_cluster.Cluster(sys.argv[2]) as cluster:
    print(cluster.run(["sbatch", "--parsable", "--output=/dev/null", "--wrap=sleep 600"]).stdout.strip(), flush=True)
    time.sleep(600)
"""


class SlurmClusterTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def test_array_on_two_nodes(self):
        with slurm_cluster.Cluster(self.folder, nodes=2) as cluster:
            first = time.monotonic()
            said = cluster.run(["sbatch", "--parsable", "--array=0-7", f"--output={self.folder}/%a.out",
                                "--wrap=hostname; sleep 0.3"])
            self.assertEqual(said.returncode, 0, said.stderr)
            cluster.wait_for(lambda: not cluster.run(["squeue", "--noheader"]).stdout, 60, "the jobs do not end")
            self.assertGreater(time.monotonic() - first, 0.3)
            hosts = [(self.folder / f"{i}.out").read_text().strip() for i in range(8)]
            self.assertEqual(set(hosts), {"node1", "node2"})
            # Of this machine, nobody reaches it.
            with self.assertRaises(subprocess.CalledProcessError):
                subprocess.run(["scontrol", "ping"], env=cluster.environment, check=True, capture_output=True)
            cluster.kill("slurmctld")
            self.assertNotEqual(cluster.run(["scontrol", "ping"]).returncode, 0)
            cluster.start_controller()
            cluster.kill_node("node2")
            cluster.wait_for(lambda: cluster.states()["node2"].startswith("down"), 60, "the loss of a node is not seen")
            self.assertTrue(cluster.processes())
        deadline = time.monotonic() + 20  # who was killed may take a moment to go
        while cluster.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(cluster.processes(), [])

    def test_nothing_is_left_of_a_killed_owner(self):
        owner = subprocess.Popen([sys.executable, "-B", "-c", OWNER, pathlib.Path(__file__).parent, self.folder],
                                 stdout=subprocess.PIPE, text=True)
        self.assertEqual(owner.stdout.readline(), "1\n")
        cluster = slurm_cluster.Cluster(self.folder)
        cluster.wait_for(lambda: any("sleep" in pathlib.Path(f"/proc/{pid}/cmdline").read_text()
                                     for pid in cluster.processes()), 30, "the job does not begin")
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        owner.stdout.close()
        cluster.wait_for(lambda: not cluster.processes(), 10, "processes of a cluster outlive it")


if __name__ == "__main__":
    if reason := slurm_cluster.Cluster.missing():
        print(f"slurm_cluster_test: skipped: {reason}")
        sys.exit(77)
    unittest.main(verbosity=1)
