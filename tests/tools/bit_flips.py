#!/usr/bin/python3
"""No bit of a finished sweep changes unnoticed: random bits are flipped, and `sweep verify` is to name each file.

usage: bit_flips.py BUILD_BIN_DIR [--full] [--flips=N] [--seed=N]

Half of the places are drawn among all bytes of the folder, half in a file drawn first: most bytes are the program's.
60 flips, or 2,000 with --full. Then a bit of each kind of file is flipped, and what verify tells to do is done: the
sweep must be whole again. Left out are .lock and .claims/, of which nothing is read once no sweep is at work.

The same of runs that were made by `sweep run-one` and that no manifest covers: in what has a digest of its own, a third
of the bits, half of them among a log's first 16 bytes; and each such file is emptied, and deleted. No sweep may then
enter them in its manifest.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from sweep_support import in_memory  # noqa: E402

STUDY = """
program = "train_workload"

[options]
workload = "mnist-1d"
validation_examples = 500
optimizer = "momentum"
evaluation_interval = 10

[[stage]]
name = "trunk"
[stage.options]
learning_rate = [0.01, 1e30]       # the second diverges, and says so
seed = "0:1"
budget_steps = 20

[[stage]]
name = "fork"
[stage.options]
learning_rate = 0.01
fork = "{trunk}@10"
budget_steps = 15
"""
UNCOVERED = """
program = "train_workload"

[options]
workload = "mnist-1d"
validation_examples = 500
optimizer = "momentum"
learning_rate = [0.01, 1e30]
evaluation_interval = 10
budget_steps = 20
"""
OWN_DIGESTS = ("config.json", "complete.json", "metrics.log", "run.h5")
WORKING_STATE = (".lock", ".claims/")


class Failure(Exception):
    pass


class Sweep:
    def __init__(self, programs, folder, study):
        folder.mkdir()
        self.programs, self.output = programs, folder / "swept"
        self.study = folder / "study.toml"
        self.study.write_text(study)

    def call(self, program, *arguments, codes=(0,)):
        done = subprocess.run([self.programs / program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode not in codes:
            raise Failure(f"{program} {arguments[0]}: exit code {done.returncode}, expected {codes}: "
                          f"{done.stdout}{done.stderr}")
        return done

    def run(self):
        self.call("sweep", "run", "--quiet", self.study, "--output", self.output)

    def run_one_by_one(self):
        planned = self.call("sweep", "plan", self.study, "--output", self.output, "--format=jsonl").stdout
        for line in planned.splitlines():
            self.call("sweep", "run-one", self.output, json.loads(line)["id"], codes=(0, 3))

    def verify(self, whole):
        """The lines of what is wrong."""
        done = self.call("sweep", "verify", self.output, codes=(0,) if whole else (0, 1))
        return done.stdout.splitlines()[:-1] if done.returncode else []

    def expect_found(self, name, change):
        if not any(line.startswith(f"{self.output / name}: ") for line in self.verify(whole=False)):
            raise Failure(f"{change}, and verify says nothing of {name}")

    def files(self):
        found = {path.relative_to(self.output).as_posix(): path.stat().st_size
                 for path in sorted(self.output.rglob("*")) if path.is_file()}
        return {name: size for name, size in found.items() if size and not name.startswith(WORKING_STATE)}


def flip(path, bit):
    with open(path, "r+b") as file:
        file.seek(bit // 8)
        byte, = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ (1 << bit % 8)]))


def kind_of(name):
    """What stands for a run or a program left out."""
    return re.sub(r"^[0-9a-f]{12}/|(?<=logs/)[0-9a-f]{12}|(?<=\.programs/).*", "", name)


def drawn(chance, files, by_bytes):
    names = list(files)
    name, = chance.choices(names, weights=[files[one] for one in names] if by_bytes else None)
    return name, chance.randrange(8 * files[name])


def flip_all(sweep, chance, count):
    """How many flips of each kind of file were found; raises Failure for one that was not."""
    found = collections.Counter()
    files = sweep.files()
    for number in range(count):
        name, bit = drawn(chance, files, by_bytes=number % 2 == 0)
        flip(sweep.output / name, bit)
        sweep.expect_found(name, f"bit {bit} was flipped")
        flip(sweep.output / name, bit)
        found[kind_of(name)] += 1
    sweep.verify(whole=True)
    return found


def damage_uncovered(sweep, chance, count):
    """How many changes of each kind of file of runs without a manifest were found; Failure for one that was not."""
    found = collections.Counter()
    files = {name: size for name, size in sweep.files().items() if name.endswith(OWN_DIGESTS)}
    for number in range(count):
        name, bit = drawn(chance, files, by_bytes=number % 2 == 0)
        if name.endswith("metrics.log") and number % 4 < 2:
            bit = chance.randrange(8 * 16)
        flip(sweep.output / name, bit)
        sweep.expect_found(name, f"bit {bit} was flipped")
        flip(sweep.output / name, bit)
        found[kind_of(name)] += 1
    for name in files:
        path = sweep.output / name
        whole = path.read_bytes()
        path.write_bytes(b"")
        sweep.expect_found(name, "it was emptied")
        path.unlink()
        if not name.endswith("complete.json"):  # without it the run has not ended
            sweep.expect_found(name, "it was deleted")
        path.write_bytes(whole)
        found[kind_of(name)] += 2
    sweep.verify(whole=True)
    for log in sorted(sweep.output.glob("*/metrics.log")):
        whole = log.read_bytes()
        log.unlink()
        sweep.run()
        sweep.expect_found(log.relative_to(sweep.output).as_posix(), "it was deleted before a sweep ran")
        log.write_bytes(whole)
    sweep.run()
    sweep.verify(whole=True)
    return found


def mend(sweep, line):
    """Does what a line of verify's tells to do; says which kind of remedy that was."""
    remedy = line.rsplit("; ", 1)[1] if "; or delete" not in line else line.split("; ")[-2]
    if recovered := re.match(r"`recover (.*)` writes it anew", remedy):
        sweep.call("recover", *shlex.split(recovered[1]))
        return "recover"
    deleted = re.match(r"delete (.*), and the same `sweep run` again makes ", remedy)
    for path in map(pathlib.Path, shlex.split(deleted[1]) if deleted else []):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not deleted and not re.match(r"the same `sweep run` again (makes|writes) ", remedy):
        raise Failure(f"no remedy that this program knows: {line}")
    sweep.run()
    return "delete, sweep run" if deleted else "sweep run"


def mend_each_kind(sweep, chance):
    """The remedy of each kind of file, having done it."""
    done = {}
    for kind in sorted({kind_of(name) for name in sweep.files()}):
        files = {name: size for name, size in sweep.files().items() if kind_of(name) == kind}
        name, bit = drawn(chance, files, by_bytes=False)
        flip(sweep.output / name, bit)
        line, *more = sweep.verify(whole=False)
        if more:
            raise Failure(f"one bit of {name} was flipped, and verify says: {[line, *more]}")
        done[kind] = mend(sweep, line)
        sweep.verify(whole=True)
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--flips", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        sweep = Sweep(arguments.programs.resolve(), pathlib.Path(folder) / "covered", STUDY)
        alone = Sweep(arguments.programs.resolve(), pathlib.Path(folder) / "uncovered", UNCOVERED)
        try:
            sweep.run()
            sweep.verify(whole=True)
            count = arguments.flips or (2000 if arguments.full else 60)
            flipped = flip_all(sweep, chance, count)
            for kind, number in sorted(flipped.items()):
                print(f"{number} flips in {kind or '.programs/'}: each found and named")
            for kind, remedy in mend_each_kind(sweep, chance).items():
                print(f"{kind or '.programs/'}: mended by: {remedy}")
            alone.run_one_by_one()
            alone.verify(whole=True)
            for kind, number in sorted(damage_uncovered(alone, chance, count // 3).items()):
                print(f"{number} changes of {kind} without a manifest: each found and named")
        except Failure as failure:
            print(f"bit_flips: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
