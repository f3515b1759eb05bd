#!/usr/bin/python3
"""How long the sweep tool takes over a folder of many finished runs: to list, to start again, to verify, to export.

usage: many_swept_runs.py BUILD_BIN_DIR [--runs=N] [--folder=FOLDER]

N runs (200; hundreds of them) of minimize with twenty steps, in a folder in memory. 30,000 take minutes, and 2.5 GB in FOLDER, which is
kept and used again. A line for each measurement beside its bound, which is one of processor time: on an idle machine no
more passes by the clock, and a busy one does not matter. The bounds are for 30,000 runs, and for few a sixth of them, for
what does not depend on their number. Exit codes: 0 all bounds met, 1 one is not.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np
import pandas

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from sweep_support import in_memory  # noqa: E402

STEPS, RATES = 20, 100
BOUNDS = {"list": 5, "run": 2, "verify": 60 * os.cpu_count(), "export": 60}  # seconds
LEAST = 1 / 6  # of a bound, for few runs
MEMORY = 1 << 30  # bytes
SANITIZED = "GRADUS_TESTS_SANITIZED" in os.environ  # every step costs ten times as much


class Folder:
    def __init__(self, programs, folder, count):
        self.share = 1 if SANITIZED else max(count / 30000, LEAST)  # of the bounds
        self.output = folder / "runs"
        # Runs of another build would be refused.
        self.programs = folder / "bin"
        if not self.programs.exists():
            self.programs.mkdir(parents=True)
            shutil.copy(programs / "minimize", self.programs)
        self.sweep = programs / "sweep"
        self.wrong = []

    def run_command(self, count):
        rates = ",".join(f"{1 + i}e-3" for i in range(RATES))
        return ["run", f"--output={self.output}", "--quiet", "--", self.programs / "minimize",
                "--problem=quadratic", f"--steps={STEPS}", f"--learning-rate={rates}", f"--seed=0:{count // RATES - 1}"]

    def call(self, *arguments):
        """(last line of what it said, seconds by the clock, of the processors, most bytes in memory)."""
        begin = time.monotonic()
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen([self.sweep, *arguments], stdout=said, stderr=subprocess.STDOUT)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            taken = time.monotonic() - begin
            said.seek(0)
            lines = said.read().splitlines()
        if process.returncode:
            sys.exit(f"many_swept_runs: sweep {arguments[0]}: exit code {process.returncode}: {lines[-1:]}")
        return lines[-1], taken, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024

    def measure(self, says, *arguments):
        line, taken, used, memory = self.call(*arguments)
        word = arguments[0]
        bound = BOUNDS[word] * self.share
        print(f"sweep {word}: {used:.2f} s of the processors (bound {bound:.2g} s), {taken:.2f} s by the clock, "
              f"{memory >> 20} MiB: {line}", flush=True)
        self.expect(says in line, f"sweep {word} says: {line}; expected: {says}")
        self.expect(used <= bound, f"sweep {word} took {used:.2f} s, at most {bound:.2g} s expected")
        self.expect(memory <= MEMORY, f"sweep {word} took {memory >> 20} MiB, at most {MEMORY >> 20} expected")

    def expect(self, is_so, otherwise):
        if not is_so:
            self.wrong.append(otherwise)

    def check_files(self, csv, hdf5, count):
        """Both files have every run, and the same last values."""
        frame = pandas.read_csv(csv, float_precision="round_trip")
        with h5py.File(hdf5) as file:
            last = file["step/value"][:, -1]
            self.expect(file["step/theta"].shape[:2] == (count, STEPS + 1), f"shape {file['step/theta'].shape}")
            self.expect(np.array_equal(frame["step/value"], last) and len(frame) == count, "the files differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    count = max(arguments.runs // RATES, 1) * RATES
    with tempfile.TemporaryDirectory(dir=in_memory()) as scratch:
        scratch = pathlib.Path(scratch)
        folder = Folder(arguments.programs.resolve(), (arguments.folder or scratch).resolve(), count)
        folder.call(*folder.run_command(count))
        csv, hdf5 = scratch / "runs.csv", scratch / "runs.h5"
        folder.measure(f"{count} runs: {count} completed", "list", folder.output)
        folder.measure(f"{count} skipped", *folder.run_command(count))
        folder.measure(": whole", "verify", folder.output)
        folder.measure(f"{count} runs, tables: step", "export", folder.output, f"--csv={csv}", f"--hdf5={hdf5}")
        folder.check_files(csv, hdf5, count)
    print("\n".join(folder.wrong or ["all bounds met"]))
    return 1 if folder.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
