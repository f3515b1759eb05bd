#!/usr/bin/python3
"""What a sweep costs a run, and how long it takes to begin.

usage: overhead.py BUILD_BIN_DIR [--runs=N] [--rounds=N] [--folder=FOLDER]

N runs (500), one after the other, are made by a loop and by `sweep run`: of minimize with two steps, which compute
nothing worth mentioning, and of bare_run, which does the least that a run must. The difference is what the sweep costs.
Then sweeps of 1,000 runs, each with another text, are ended at their first start. Of several rounds (3) the median is
shown. FOLDER is in memory unless told otherwise: on a disk the time includes that of its writes.

Processor time is that of all processes, and the measure of a machine that does something else too. Exit codes: 0 all
bounds met, 1 one is not, 2 usage.
"""
import argparse
import os
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from sweep_support import in_memory  # noqa: E402

MOST_OF_A_RUN = 15  # ms of processor time, of a run in a sweep that computes nothing
MOST_BEFORE = 0.5  # s of processor time, before the first of 1,000 runs
PROGRAMS = {"minimize": ["--problem=sphere", "--steps=2"], "bare_run": []}
TEXTS = {
    "bare_run": ["--text=" + ",".join(f"text {i}" for i in range(1000))],
    "minimize": ["--dimension=2", "--start=" + ",".join(f"{i}e-3" for i in range(1000))],
    "train_workload": ["--groups=" + ",".join(f"@bias learning_rate={1 + i}e-4" for i in range(1000))],
}


def measured(call):
    """Seconds on the clock, of processors, and of these the system's, of the processes that a call starts."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    call()
    end, after = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    system = after.ru_stime - before.ru_stime
    return end - start, after.ru_utime - before.ru_utime + system, system


def run_in_a_loop(program, options, runs, output):
    output.mkdir()
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        for number in range(runs):
            argv = [program, *options, f"--seed={number}", f"--output={output / str(number)}", "--quiet"]
            actions = [(os.POSIX_SPAWN_DUP2, nothing, stream) for stream in (0, 1)]
            pid = os.posix_spawn(program, argv, os.environ, file_actions=actions)
            if os.waitpid(pid, 0)[1] != 0:
                sys.exit(f"overhead.py: {program}: has failed")
    finally:
        os.close(nothing)


def sweep_command(programs, program, options, output):
    return [programs / "sweep", "run", "--quiet", "--jobs=1", f"--output={output}", "--", program, *options]


def run_in_a_sweep(programs, program, options, runs, output):
    command = sweep_command(programs, program, [*options, f"--seed=0:{runs - 1}"], output)
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0 or f"{runs} completed" not in result.stdout:
        sys.exit(f"overhead.py: the sweep of {program} has failed: {result.stdout}{result.stderr}")


def processor_seconds(pid):
    """Of a process and of what it has waited for."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def time_before_the_first(programs, program, options, output):
    start = time.monotonic()
    sweep = subprocess.Popen(sweep_command(programs, program, options, output), stderr=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, text=True)
    while not any((output / "logs").glob("*.log")):  # that of a run is made before its program starts
        if sweep.poll() is not None:
            sys.exit(f"overhead.py: the sweep of {program} has failed: {sweep.stderr.read()}")
        time.sleep(0.002)
    found = time.monotonic() - start, processor_seconds(sweep.pid)
    for _ in range(2):  # the second is not patient
        sweep.send_signal(signal.SIGINT)
    sweep.communicate()
    return found


class Measurement:
    def __init__(self, arguments, folder):
        self.programs, self.runs, self.rounds = arguments.programs, arguments.runs, arguments.rounds
        self.folder = folder
        self.met = True

    def repeated(self, *calls):
        """The medians of what the calls give, each with a fresh folder, in turns: so that all see the same machine."""
        found = [[] for _ in calls]
        for _ in range(self.rounds):
            for call, results in zip(calls, found):
                output = self.folder / "output"
                results.append(call(output))
                shutil.rmtree(output)
        return [[statistics.median(column) for column in zip(*results)] for results in found]

    def judge(self, value, most):
        self.met = self.met and value <= most
        return f"at most {most:g}{'' if value <= most else ': not met'}"

    def of_a_run(self, name, options):
        program = self.programs / name

        def loop(output):
            return measured(lambda: run_in_a_loop(program, options, self.runs, output))

        def sweep(output):
            return measured(lambda: run_in_a_sweep(self.programs, program, options, self.runs, output))
        alone, swept = ([1e3 * seconds / self.runs for seconds in each] for each in self.repeated(loop, sweep))
        more = [b - a for a, b in zip(alone, swept)]
        for what, numbers, bound in (("in a loop", alone, ""),
                                     ("in a sweep", swept, "   " + self.judge(swept[1], MOST_OF_A_RUN)),
                                     ("the difference", more, "")):
            print(f"{name + ', ' + what:32}" + "".join(f"{number:10.2f}" for number in numbers) + bound, flush=True)

    def before_the_first(self, name, options):
        program = self.programs / name
        [[clock, processor]] = self.repeated(
            lambda output: time_before_the_first(self.programs, program, options, output))
        told = f"{clock:10.2f}{processor:10.2f}{'':10}   {self.judge(processor, MOST_BEFORE)}"
        print(f"{name + ', 1,000 texts':32}{told}", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0], allow_abbrev=False)
    parser.add_argument("programs", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=in_memory())
    arguments = parser.parse_args()
    if arguments.runs < 1 or arguments.rounds < 1:
        parser.error("--runs, --rounds: expected numbers above 0")
    for name in ("sweep", *TEXTS):
        if not os.access(arguments.programs / name, os.X_OK):
            parser.error(f"{arguments.programs / name}: no such program: expected the folder of the built programs")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        measurement = Measurement(arguments, pathlib.Path(folder))
        print(f"{'ms a run, of ' + str(arguments.runs):32}{'clock':>10}{'processor':>10}{'system':>10}")
        for name, options in PROGRAMS.items():
            measurement.of_a_run(name, options)
        print(f"{'s before the first run':32}{'clock':>10}{'processor':>10}")
        for name, options in TEXTS.items():
            measurement.before_the_first(name, options)
    return 0 if measurement.met else 1


if __name__ == "__main__":
    sys.exit(main())
