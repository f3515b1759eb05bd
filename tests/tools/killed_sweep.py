#!/usr/bin/python3
"""A sweep that is killed again and again, manager and workers, ends with the numbers of one that nobody disturbed.

usage: killed_sweep.py BUILD_BIN_DIR [--full] [--seed=N]

Small unless --full, which takes minutes: 40 runs. Compared are all numbers but times, to the bit; and no run may have
computed more again after a kill than it does in the interval between two checkpoints.
"""
import argparse
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from same_numbers import attributes_of, compare, runs_of  # noqa: E402

INTERVAL = 0.25  # seconds between two checkpoints
JOBS = 2


def sweep_command(programs, output, options):
    return [programs / "sweep", "run", "--quiet", f"--output={output}", f"--jobs={JOBS}", "--",
            programs / "train_workload",
            f"--checkpoint-interval={INTERVAL}", *options]


def children_of(pid):
    found, waiting = [], [pid]
    while waiting:
        try:
            text = pathlib.Path(f"/proc/{waiting.pop()}/task").iterdir()
            inner = [int(child) for task in text for child in (task / "children").read_text().split()]
        except OSError:
            continue
        found += inner
        waiting += inner
    return found


def workers_of(sweep):
    def is_worker(pid):
        try:
            return b"--checkpoint-interval" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"=")[0] or \
                b"train_workload" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            return False
    return [pid for pid in children_of(sweep.pid) if is_worker(pid)]


def disturb(sweep, chance, done):
    """Ends what was ended least often so far: a worker, if there is one just now, or the manager, or asks it to end."""
    workers = workers_of(sweep)
    kind = min(["worker", "manager", "asked"] if workers else ["manager", "asked"], key=done.get)
    if kind == "worker":
        os.kill(chance.choice(workers), signal.SIGKILL)
    else:
        sweep.send_signal(signal.SIGKILL if kind == "manager" else signal.SIGTERM)
    done[kind] += 1


def frames_of(log):
    data, place = log.read_bytes(), 0
    while place + 8 <= len(data):
        size, = struct.unpack_from("<I", data, place)
        yield data[place + 8:place + 8 + size]
        place += 8 + size


def steps_again(log):
    """How often the run went on, and the most steps that it computed twice at one time."""
    went_on, most, latest = 0, 0, -1
    for frame in frames_of(log):
        if frame[:1] == b"G":
            went_on += 1
        if frame[:3] == b"R\0\0":  # of the first table, the steps'
            index, = struct.unpack_from("<q", frame, 3)
            most = max(most, latest - index + 1)
            latest = index
    return went_on, most


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which something is killed")
    arguments = parser.parse_args()
    programs, chance = arguments.programs.resolve(), random.Random(arguments.seed)
    steps, seeds, pauses = (15000, "0:19", (1.0, 4.0)) if arguments.full else (4000, "0:2", (0.2, 0.6))
    most_times = sys.maxsize if arguments.full else 6
    options = ["--optimizer=adam,momentum", "--learning-rate=0.01", f"--seed={seeds}", f"--budget-steps={steps}"]
    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = pathlib.Path(scratch) / "whole", pathlib.Path(scratch) / "killed"
        begin = time.monotonic()
        subprocess.run(sweep_command(programs, whole, options), check=True, stdout=subprocess.DEVNULL)
        count = len(runs_of(whole))
        rate = count * steps / (time.monotonic() - begin) / JOBS  # steps a second of one run

        done = {"manager": 0, "worker": 0, "asked": 0}
        while True:
            sweep = subprocess.Popen(sweep_command(programs, killed, options), stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)
            while sweep.poll() is None:
                try:
                    sweep.wait(chance.uniform(*pauses) if sum(done.values()) < most_times else None)
                except subprocess.TimeoutExpired:
                    disturb(sweep, chance, done)
            said = sweep.communicate()[0]
            if sweep.returncode == 0:
                break
            if sweep.returncode not in (1, 75, 130, -signal.SIGKILL):
                sys.exit(f"killed_sweep.py: the sweep ended with {sweep.returncode}\n{said}")
        try:
            runs, numbers = compare(whole, killed)
        except ValueError as difference:
            sys.exit(f"killed_sweep.py: {difference}")
        again = [steps_again(killed / run / "metrics.log") for run in runs_of(killed)]
        most = max(steps for _, steps in again) / rate
        told = [attributes_of(killed / run / "run.h5") for run in runs_of(killed)]
        # Between two checkpoints is the interval, or as long as keeps them below 1 % of the time.
        price = max(run.get("checkpoint_seconds", 0) / max(run.get("checkpoints", 0), 1) for run in told)
        interval = max(INTERVAL, 100 * price)
        went_on = sum(times for times, _ in again)
        kinds = ", ".join(f"{n} {what}" for what, n in done.items())
        print(f"{runs} runs, {sum(done.values())} times disturbed ({kinds}), gone on {went_on} times: "
              f"{numbers} numbers are the same to the bit; at most {most:.2f} s of steps computed again, "
              f"with {interval:.2f} s between two checkpoints")
        # The rate is that of a machine that may do other things meanwhile.
        if went_on == 0 or min(done.values()) == 0 or most > 2 * interval + 0.5:
            sys.exit("killed_sweep.py: expected runs that go on, and compute an interval again")


if __name__ == "__main__":
    main()
