#!/usr/bin/python3
"""The study of three stages that docs/sweeps.md shows, run twice: every number must be the same to the bit.

usage: three_stages.py BUILD_BIN_DIR [--full] [--output=FOLDER]

Small unless --full, which takes minutes: fewer draws and seeds, and a twenty-fifth of the steps. With --output the folders
FOLDER/first and FOLDER/second stay; where they are from an earlier time, the study goes on.
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

STUDY = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "examples" / "three_stages.toml"
STAGES = ["tune", "judge", "trunk", "cooldown"]


def made_small(text):
    for was, now in (("count = 32", "count = 4"), ('"0:2"', '"0:1"'), ('"100:109"', '"100:102"')):
        assert was in text, was
        text = text.replace(was, now)
    return re.sub(r"\b\d+\b", lambda n: str(int(n[0]) // 25) if int(n[0]) >= 250 and int(n[0]) % 250 == 0 else n[0], text)


def run(sweep, study, output, *options):
    begin = time.monotonic()
    result = subprocess.run([sweep, "run", study, f"--output={output}", *options], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"three_stages.py: the study ended with code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout, time.monotonic() - begin


def datasets_of(file):
    """{path: array} of everything but times."""
    found = {}
    file.visititems(lambda name, node: found.update({name: node[()]}) if isinstance(node, h5py.Dataset)
                    and node.attrs.get("units") not in ("s", b"s") else None)
    return found


def compare(first, second):
    """The number of runs and of numbers; ends where one differs."""
    tables = [{run["id"]: run for run in json.loads((output / "sweep.json").read_text())["runs"]} for output in (first, second)]
    if list(tables[0]) != list(tables[1]) and set(tables[0]) != set(tables[1]):
        sys.exit("three_stages.py: the two have other runs")
    numbers = 0
    for name in tables[0]:
        with h5py.File(first / name / "run.h5") as one, h5py.File(second / name / "run.h5") as other:
            left, right = datasets_of(one), datasets_of(other)
            if left.keys() != right.keys():
                sys.exit(f"three_stages.py: {name}: other tables: {sorted(left.keys() ^ right.keys())}")
            for path, array in left.items():
                if array.dtype != right[path].dtype or np.asarray(array).tobytes() != np.asarray(right[path]).tobytes():
                    if array.dtype != object or list(array) != list(right[path]):  # texts
                        sys.exit(f"three_stages.py: {name}: {path} differs")
                numbers += np.asarray(array).size
    return len(tables[0]), numbers


def winners_of(output):
    stages = json.loads((output / "stages.json").read_text())["stages"]
    if [stage["name"] for stage in stages] != STAGES:
        sys.exit(f"three_stages.py: {output / 'stages.json'} has other stages than {STAGES}")
    return stages


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
        runs, numbers = compare(folder / "first", folder / "second")
        if winners_of(folder / "first") != winners_of(folder / "second"):
            sys.exit("three_stages.py: other winners")
        again, _ = run(sweep, study, folder / "first", "--quiet")
        if again.count("0 completed") != len(STAGES):
            sys.exit(f"three_stages.py: the same command again was not to run anything:\n{again}")
        print(said, end="")
        print(f"{runs} runs in {seconds:.0f} s, twice: {numbers} numbers are the same to the bit")


if __name__ == "__main__":
    main()
