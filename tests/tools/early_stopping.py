#!/usr/bin/python3
"""What early stopping saves and what it loses: the settings of a search stopped by ASHA, against all of them to the end.

usage: early_stopping.py BUILD_BIN_DIR [--full] [--by=TABLE/COLUMN] [--output=FOLDER]

With --full, 50 rates for each of four methods on MNIST-1D, 4000 steps each, which takes minutes; otherwise few settings and
steps. Every row of a run that was stopped must be that of the same run to the end, to the bit, and a setting that came
to its end must be worth the same in both. With --full the settings chosen by both are then run on ten fresh seeds:
expected are at most a quarter of the steps, and means that differ by less than two runs of one setting do.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SETTINGS = """
program = "train_workload"
draws = {count = %d, seed = 1}
stopping = {rule = "asha", by = "%s", first = %d, factor = 4, last = %d}
[options]
workload = "mnist-1d"
validation_examples = 500
budget_steps = %d
evaluation_interval = %d
optimizer = ["sgd", "momentum", "adam", "rmsprop"]
learning_rate = "log_uniform(1e-4,1)"
"""


def sweep(programs, output, *options):
    result = subprocess.run([programs / "sweep", "run", "--quiet", f"--output={output}", *options], capture_output=True,
                            text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"early_stopping.py: the sweep ended with {result.returncode}\n{result.stdout}{result.stderr}")


class Search:
    """The runs of a sweep: status, options, the column's values, and how many steps they took."""

    def __init__(self, output, table, column):
        self.runs = {}
        for run in json.loads((output / "sweep.json").read_text())["runs"]:
            with h5py.File(output / run["id"] / "run.h5") as file:
                column_of_run = file[table][column]
                self.better = column_of_run.attrs["better"]
                values, steps = column_of_run[:], len(file["step/loss"])
            self.runs[run["id"]] = (run["status"], run["options"], values, steps)
        self.steps = sum(run[3] for run in self.runs.values())

    def last(self, run):
        """Of a run that completed, lower is better."""
        status, _, values, _ = self.runs[run]
        value = values[-1] if status == "completed" and np.isfinite(values[-1]) else np.inf
        return -value if self.better in ("higher", b"higher") else value

    def ranked(self):
        return sorted((run for run in self.runs if np.isfinite(self.last(run))), key=self.last)


def require_same(stopped, whole):
    rows = 0
    for run, (status, _, values, steps) in stopped.runs.items():
        other = whole.runs[run]
        if values.tobytes() != other[2][:len(values)].tobytes() or (status == "completed") != (steps == other[3]):
            sys.exit(f"early_stopping.py: {run} has other values than the same run to its end")
        rows += len(values)
    return rows


def on_fresh_seeds(programs, output, common, options, table, column):
    own = [f"--{name.replace('_', '-')}={value}" for name, value in {**common, **options}.items()]
    sweep(programs, output, "--", programs / "train_workload", *own, "--seed=100:109")
    return np.array([run[2][-1] for run in Search(output, table, column).runs.values()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--by", default="evaluation/validation_accuracy")
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    programs = arguments.programs.resolve()
    table, column = arguments.by.split("/")
    draws, first, steps = (50, 400, 4000) if arguments.full else (4, 20, 200)
    with tempfile.TemporaryDirectory() as scratch:
        output = arguments.output or pathlib.Path(scratch)
        output.mkdir(exist_ok=True)
        study = output / "search.toml"
        study.write_text(SETTINGS % (draws, arguments.by, first, steps, steps, first // 2))
        sweep(programs, output / "stopped", study)
        sweep(programs, output / "whole", study, "--stopping=none")
        stopped, whole = (Search(output / name, table, column) for name in ("stopped", "whole"))
        rows = require_same(stopped, whole)
        chosen, best = stopped.ranked()[0], whole.ranked()[0]
        share = stopped.steps / whole.steps
        for name, search, run in (("stopped early", stopped, chosen), ("to the end", whole, best)):
            options = search.runs[run][1]
            print(f"{name}: {search.steps} steps; the best: {options['optimizer']} at {options['learning_rate']}, "
                  f"{arguments.by} {search.runs[run][2][-1]:.4g}")
        print(f"{share:.1%} of the steps; the one chosen is number {whole.ranked().index(chosen) + 1} of the "
              f"{len(whole.runs)} that went to the end; {rows} values are the same to the bit")
        if not 0 < share < 0.6:
            sys.exit("early_stopping.py: expected far fewer steps")
        if not arguments.full:
            return
        common = whole.runs[best][1]
        fresh = [on_fresh_seeds(programs, output / f"seeds_{name}", common, search.runs[run][1], table, column)
                 for name, search, run in (("stopped", stopped, chosen), ("whole", whole, best))]
        noise = np.sqrt(sum(values.var(ddof=1) for values in fresh))  # of the difference of two single runs
        difference = abs(fresh[0].mean() - fresh[1].mean())
        print(f"on ten fresh seeds: {fresh[0].mean():.4g} and {fresh[1].mean():.4g}, which differ by {difference:.2g}; "
              f"two runs differ by {noise:.2g} (standard deviation)")
        if share > 0.25 or difference > noise:
            sys.exit("early_stopping.py: expected at most a quarter of the steps, and no difference beyond noise")


if __name__ == "__main__":
    main()
