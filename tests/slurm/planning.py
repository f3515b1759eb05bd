#!/usr/bin/python3
"""What a sweep of many runs costs a Slurm cluster and its file system: the figures of docs/slurm.md.

usage: planning.py BUILD_BIN_DIR [--queued=N] [--runs=N]

N runs (100,000), five to a task, are submitted and wait: what that takes, and what a look at the queue and `sweep
status` take then. N runs of bare_run (20,000), which does the least that a run must, are made by tasks of 200: what
they leave, what they take, and what `sweep list` and `sweep status` take then; and 500 by tasks of their own, which is
what a task costs. And the system calls on files of runs.
The cluster is of one node, in a folder in memory, and so are the runs. Processor time is that of all processes.
"""
import argparse
import collections
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import slurm_cluster  # noqa: E402
from sweep_support import in_memory  # noqa: E402

CALLS = "trace=%file,getdents64,fsync,fdatasync,flock"
COUNTED = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$")


def contents(folder):
    """Files and folders in a folder but for the kept programs, and the bytes that they hold and that they take."""
    entries, held, taken = 0, 0, 0
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".programs"]
        for name in folders + files:
            found = os.lstat(os.path.join(path, name))
            entries, taken = entries + 1, taken + 512 * found.st_blocks
            held += found.st_size if name in files else 0
    return entries, held, taken


class Measurement:
    def __init__(self, programs, cluster, folder):
        self.programs, self.cluster, self.folder = programs, cluster, folder

    def measured(self, *command):
        """What it said, seconds, seconds of processors, and MiB of the largest process so far."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        said = subprocess.run(self.cluster.enter() + [os.fspath(word) for word in command], text=True,
                              env=self.cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return said, seconds, processors, after.ru_maxrss / 1024

    def show(self, what, *command, code=0):
        said, seconds, processors, memory = self.measured(*command)
        if said.returncode != code:
            sys.exit(f"planning.py: {what}: code {said.returncode}: {said.stdout[-1000:]}")
        print(f"{what}: {seconds:.1f} s, {processors:.1f} s of processors, {memory:.0f} MiB at most", flush=True)
        return said.stdout

    def sweep(self, *words):
        return [self.programs / "sweep", *words]

    def submit(self, runs, pack, output, *words):
        return self.sweep("run", f"--output={output}", "--launcher=slurm", f"--pack={pack}", *words, "--",
                          self.programs / "bare_run", f"--seed=0:{runs - 1}")

    def queue(self, runs):
        """Submits, and leaves what it has submitted in the queue."""
        output = self.folder / "queued"
        arrays = -(-(runs // 5) // 1000)
        with open(self.folder / "said", "w+") as said:
            begin = time.monotonic()
            sweep = subprocess.Popen(self.cluster.enter() + [os.fspath(word) for word in self.submit(
                runs, 5, output, "--array-limit=1000", "--sbatch=--hold")], env=self.cluster.environment, stdout=said)
            while (self.folder / "said").read_text().count("Slurm's job") < arrays:
                if sweep.poll() is not None:
                    sys.exit("planning.py: the sweep has ended")
                time.sleep(0.05)
            last = time.monotonic() - begin
            child, = pathlib.Path(f"/proc/{sweep.pid}/task/{sweep.pid}/children").read_text().split()
            memory = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{child}/status").read_text())[1]) >> 10
            processors = self.processor_time(child)
            os.kill(int(child), 2)
            sweep.wait()
        print(f"{runs} runs in {arrays} arrays of 1,000 tasks: submitted after {last:.1f} s; the sweep "
              f"itself took {processors:.1f} s of processors, {memory} MiB", flush=True)
        entries, held, taken = contents(output / ".slurm")
        print(f"  .slurm: {entries} files and folders, {held / 2**20:.0f} MiB", flush=True)
        self.show(f"  squeue of {runs // 5} tasks that wait", "squeue", "--noheader", "--me", "--format=%F|%K|%T|%j|%r")
        self.show("  sweep status", *self.sweep("status", output), code=75)
        self.show("  sweep cancel", *self.sweep("cancel", output))

    def run(self, runs, pack):
        output = self.folder / f"made-{pack}"
        controller = self.cluster.daemons["slurmctld"].pid
        child, = pathlib.Path(f"/proc/{controller}/task/{controller}/children").read_text().split()
        before = self.processor_time(child)
        said = self.show(f"{runs} runs of bare_run by {runs // pack} tasks of {pack} (the sweep and its commands)",
                         *self.submit(runs, pack, output, "--array-limit=1000"))
        print(f"  {said.splitlines()[-1]}\n  slurmctld: {self.processor_time(child) - before:.1f} s of processors")
        entries, held, taken = contents(output)
        print(f"  the folder: {entries / runs:.2f} files and folders a run, {held / runs:.0f} bytes a run, "
              f"{taken / runs:.0f} on the disk", flush=True)
        self.show("  sweep list", *self.sweep("list", output))
        self.show("  sweep status", *self.sweep("status", output))
        self.show("  the same command again", *self.submit(runs, pack, output))

    @staticmethod
    def processor_time(process):
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().split()
        return sum(int(field) for field in fields[13:15]) / os.sysconf("SC_CLK_TCK")

    def calls(self, runs=200):
        """Of the sweep on a node alone, and with the programs that it runs."""
        for program, options in (("bare_run", []), ("minimize", ["--problem=sphere", "--steps=2"])):
            output = self.folder / f"traced-{program}"
            plan = self.sweep("plan", f"--output={output}", "--", self.programs / program, f"--seed=0:{runs - 1}",
                              *options)
            subprocess.run(plan, check=True, stdout=subprocess.DEVNULL)
            for what, follow in (("the sweep on its node", []), ("and its programs", ["-f"])):
                ids = re.findall(r'"id": "(\w+)"', (output / "planned.json").read_text())
                chosen = [name for name in ids if not (output / name / "complete.json").exists()][:runs // 2]
                names = self.folder / "names"
                names.write_text("".join(name + "\n" for name in chosen))
                trace = self.folder / "trace"
                subprocess.run(["strace", *follow, "-c", "-o", trace, "-e", CALLS,
                                *self.sweep("resume", output, f"--runs={names}", "--jobs=1", "--quiet")], check=True,
                               stdout=subprocess.DEVNULL)
                calls = collections.Counter()
                for line in trace.read_text().splitlines():
                    if (match := COUNTED.match(line)) and match[2] != "total":
                        calls[match[2]] += int(match[1])
                told = ", ".join(f"{name} {number / len(chosen):.1f}" for name, number in calls.most_common(8))
                print(f"{program}: {what}: {calls.total() / len(chosen):.0f} calls on files a run: {told}", flush=True)
            entries, held, taken = contents(output)
            print(f"{program}: {entries / runs:.2f} files and folders a run, {held / runs:.0f} bytes, "
                  f"{taken / runs:.0f} on the disk", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=20_000)
    arguments = parser.parse_args()
    if reason := slurm_cluster.Cluster.missing():
        sys.exit(f"planning.py: {reason}")
    with tempfile.TemporaryDirectory(dir=in_memory()) as name:
        folder = pathlib.Path(name)
        with slurm_cluster.Cluster(folder / "cluster", job_count=100_000) as cluster:
            measurement = Measurement(arguments.programs.resolve(), cluster, folder)
            measurement.calls()
            measurement.queue(arguments.queued)
            measurement.run(500, 1)
            measurement.run(arguments.runs, 200)


if __name__ == "__main__":
    main()
