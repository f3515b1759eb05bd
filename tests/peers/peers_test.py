#!/usr/bin/python3
"""Holds what the optimizers do to PyTorch, Optax, schedulefree, prodigyopt and pytorch_optimizer: in float64, step by
step, with each difference applied that docs/optimizers.md tells.

usage: peers_test.py BIN_DIRECTORY torch|optax|others|around|coverage ... [--only=WORDS]

The first four are tables (table_*.py), each with lines of a method of ours and a peer's; WORDS picks lines by name. A
line holds if
  - both sides' theta and point of evaluation agree to 1e-9 after each of 100 steps, relative to a slice's way so far,
  - a peer without the difference does not agree,
  - nor does our method with any of its numbers changed by 1 %, of its counts by 1, or of its flags turned over.
`coverage`: whatever is in no table is known, with the reason.
"""
import hashlib
import importlib
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent.parent / ".peers"
PYTHON = PEERS / "bin" / "python"
if pathlib.Path(sys.executable) != PYTHON:  # the peers have an interpreter of their own
    stamp = PEERS / "stamp"
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    if not (stamp.exists() and wanted in stamp.read_text()):
        print("skipped: .peers is not there, or not as tests/peers/requirements.txt has it (tools/setup --peers)")
        sys.exit(77)
    os.execv(PYTHON, [PYTHON, *sys.argv])

import types

import numpy as np

import coverage
import functions
import ours

STEPS = 100
TOLERANCE = 1e-9
UNLIKE = 1e-8  # what does not agree is apart by more than this
SERVER = pathlib.Path(sys.argv[1]) / "optimizer_server"


def rows_of(name):
    return importlib.import_module(f"table_{name}").ROWS


def walk(row, function, recipe):
    """Yields our theta, our evaluation and our side itself after each step."""
    with ours.Ours(SERVER, function, **recipe) as side:
        for t in range(1, STEPS + 1):
            side.step()
            yield side
            if row.observed:
                side.observe(row.observed(t))


def recipe_of(row):
    return {"method": row.method, "values": row.values, "wrappers": row.wrappers, "schedules": row.schedules}


def beside(row, function, make, until=np.inf):
    """Our path and a peer's, [(theta, evaluation)] each, and their largest distance; ends where it exceeds `until`."""
    numbers = dict(row.values)
    for *_, values in row.wrappers + row.schedules:
        numbers |= values
    peer = make(types.SimpleNamespace(**numbers), function)
    path, their_path, largest = [], [], 0.0
    for side in walk(row, function, recipe_of(row)):
        peer.step(side.probes)
        path.append((side.theta, side.evaluation))
        their_path.append((peer.theta, peer.evaluation))
        if row.observed:
            peer.observe(row.observed(len(path)))
        largest = max(largest, *(function.distance(a, b) for a, b in zip(path[-1], their_path[-1])))
        if largest > until:
            break
    return path, their_path, largest


def changed(value, kind):
    """Another value of a hyperparameter, near this one."""
    if kind == "number":
        return 0.99 * value if value else 0.01
    return value + 1 if kind == "count" else 1 - value


def changes(row, kinds):
    """(name, recipe with it changed) for each hyperparameter that the row sets, but choices and what is unseen."""
    places = [("values", None, row.values, kinds["methods"][row.method])]
    places += [("wrappers", i, values, kinds["wrappers"][name]) for i, (name, values) in enumerate(row.wrappers)]
    places += [("schedules", i, values, kinds["schedules"][name]) for i, (_, name, values) in enumerate(row.schedules)]
    for key, i, values, kind_of in places:
        for name, value in values.items():
            if kind_of[name] == "choice" or name in row.unseen:
                continue
            other = values | {name: changed(value, kind_of[name])}
            recipe = recipe_of(row)
            recipe[key] = other if i is None else [[*e[:-1], other] if j == i else e for j, e in enumerate(recipe[key])]
            yield name, recipe


def is_noticed(row, function, recipe, their_path):
    try:
        return any(max(function.distance(side.theta, theta), function.distance(side.evaluation, evaluation)) > UNLIKE
                   for side, (theta, evaluation) in zip(walk(row, function, recipe), their_path))
    except RuntimeError as error:  # a value that is refused is noticed too, but says nothing of the method
        raise AssertionError(f"{recipe}: {error}") from error


def check(row, kinds):
    """(largest distance, [what is wrong]) of a line."""
    wrong, largest, their_paths = [], 0.0, []
    for name in row.functions:
        function = functions.ALL[name]
        path, their_path, apart = beside(row, function, row.make)
        largest = max(largest, apart)
        their_paths.append((function, their_path))
        if apart > TOLERANCE:
            wrong.append(f"{name}: apart by {apart:.2g}")
        moved = function.moved(path[-1][0]).min()
        if len(path) != STEPS or moved < 1e-3:
            wrong.append(f"{name}: {len(path)} steps, a slice moved by {moved:.2g} only")
    if row.plain and beside(row, their_paths[0][0], row.plain, until=UNLIKE)[2] <= UNLIKE:
        wrong.append(f"agrees without the difference '{row.difference}'")
    for name, recipe in changes(row, kinds):
        if not any(is_noticed(row, function, recipe, their_path) for function, their_path in their_paths):
            wrong.append(f"{name} changed: agrees all the same")
    return largest, wrong


def run_table(rows, kinds):
    failed = 0
    for row in rows:
        largest, wrong = check(row, kinds)
        print(f"{row.name:58} {largest:8.1e}  {row.difference}", flush=True)
        for line in wrong:
            print(f"  WRONG: {line}")
        failed += bool(wrong)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return failed == 0 and len(rows) > 0


def missing(kinds):
    """What neither a row nor coverage.py speaks of, and what both do."""
    seen = {"methods": {}, "wrappers": {}, "schedules": {}}
    for rows in map(rows_of, coverage.TABLES):
        for row in rows:
            seen["methods"].setdefault(row.method, set()).update(row.values)
            for name, values in row.wrappers:
                seen["wrappers"].setdefault(name, set()).update(values)
            for _, name, values in row.schedules:
                seen["schedules"].setdefault(name, set()).update(values)
    for what, known in kinds.items():
        without = coverage.WITHOUT_PEER[what]
        for name in sorted((known.keys() | seen[what].keys() | without.keys())):
            if name not in known:
                yield f"{what}: there is no {name}"
            elif (name in seen[what]) == (name in without):
                yield f"{what}: {name} is {'both' if name in without else 'neither'} in a table and in WITHOUT_PEER"
            default = coverage.ALWAYS_DEFAULT.get("schedules" if what == "schedules" else name, {})
            for hyperparameter in known.get(name, {}) if name in seen[what] else ():
                if hyperparameter not in seen[what][name] and hyperparameter not in default:
                    yield f"{what}: no row sets {hyperparameter} of {name}"


def main(names, words):
    kinds = ours.described(SERVER)
    good = True
    for name in names:
        if name == "coverage":
            lines = list(missing(kinds))
            print("\n".join(lines) or "each method, wrapper and schedule is held to a peer, or it is known why not")
            good = good and not lines
        else:
            good = run_table([row for row in rows_of(name) if words in row.name], kinds) and good
    return good


if __name__ == "__main__":
    only = "--only="
    chosen = [argument for argument in sys.argv[2:] if not argument.startswith(only)]
    filters = [argument.removeprefix(only) for argument in sys.argv[2:] if argument.startswith(only)]
    sys.exit(0 if chosen and main(chosen, *(filters or [""])) else 1)
