#!/usr/bin/python3
"""The study of three stages that docs/sweeps.md shows, run twice: every number must be the same to the bit.

usage: three_stages.py BUILD_BIN_DIR [--full] [--output=FOLDER]

Small unless --full, which takes minutes: fewer draws and seeds, and a twenty-fifth of the steps. With --output the
folders FOLDER/first and FOLDER/second stay; where they are from an earlier time, the study goes on.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from same_numbers import compare  # noqa: E402

STUDY = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "examples" / "three_stages.toml"
STAGES = ["tune", "judge", "trunk", "cooldown"]


def made_small(text):
    for was, now in (("count = 32", "count = 4"), ('"0:2"', '"0:1"'), ('"100:109"', '"100:102"')):
        assert was in text, was
        text = text.replace(was, now)
    return re.sub(r"\b\d+\b", lambda n: str(int(n[0]) // 25) if int(n[0]) >= 250 and int(n[0]) % 250 == 0 else n[0],
                  text)


def run(sweep, study, output, *options):
    begin = time.monotonic()
    result = subprocess.run([sweep, "run", study, f"--output={output}", *options], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        sys.exit(f"three_stages.py: the study ended with code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout, time.monotonic() - begin


def winners_of(output):
    stages = json.loads((output / "stages.json").read_text())["stages"]
    if [stage["name"] for stage in stages] != STAGES:
        sys.exit(f"three_stages.py: {output / 'stages.json'} has other stages than {STAGES}")
    return stages


def losses(folder):
    with h5py.File(folder / "run.h5") as file:
        return file["step/loss"][:], file.attrs.get("first_step", -1), file.attrs.get("parent_config_hash", "")


def require_cooldowns(output):
    """Each fork has the losses of its trunk until where it begins, and others from the second step on."""
    runs = {path.parent.name: losses(path.parent) for path in output.glob("*/run.h5")}
    trunks = {h5py.File(output / name / "run.h5").attrs["config_hash"]: loss for name, (loss, step, _) in runs.items()
              if step < 0}
    forks = [(name, *run) for name, run in runs.items() if run[1] >= 0]
    if len(forks) != 5:
        sys.exit(f"three_stages.py: {len(forks)} forks, expected 5")
    for name, loss, step, parent in forks:
        trunk = trunks[parent]
        if not np.array_equal(loss[:step + 1], trunk[:step + 1]):
            sys.exit(f"three_stages.py: {name} has not its trunk's losses until step {step}")
        last = min(len(loss), len(trunk))
        if last > step + 2 and np.array_equal(loss[step + 2:last], trunk[step + 2:last]):
            sys.exit(f"three_stages.py: {name} has the trunk's losses after step {step} too: nothing cools down")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.output or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        study = folder / "study.toml"
        study.write_text(STUDY.read_text() if arguments.full else made_small(STUDY.read_text()))
        sweep = arguments.programs.resolve() / "sweep"
        said, seconds = run(sweep, study, folder / "first", "--quiet")
        # The other time one run after the other, so that another order would show.
        run(sweep, study, folder / "second", "--quiet", "--jobs=1")
        try:
            runs, numbers = compare(folder / "first", folder / "second")
        except ValueError as difference:
            sys.exit(f"three_stages.py: {difference}")
        if winners_of(folder / "first") != winners_of(folder / "second"):
            sys.exit("three_stages.py: other winners")
        require_cooldowns(folder / "first")
        again, _ = run(sweep, study, folder / "first", "--quiet")
        if again.count("0 completed") != len(STAGES):
            sys.exit(f"three_stages.py: the same command again was not to run anything:\n{again}")
        print(said, end="")
        print(f"{runs} runs in {seconds:.0f} s, twice: {numbers} numbers are the same to the bit")


if __name__ == "__main__":
    main()
