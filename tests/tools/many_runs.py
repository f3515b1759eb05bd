#!/usr/bin/python3
"""How long a folder of many runs takes to list, to load and to report, and how much memory.

usage: many_runs.py [RUNS] [FOLDER]    (default: 300 in a temporary folder; 30000 take minutes, and 2 GB in FOLDER,
which is kept and used again)

Prints a line for each measurement beside its bound, which holds for 30,000 runs. Exit codes: 0 all bounds met,
1 one is not.
"""
import hashlib
import io
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"), str(pathlib.Path(__file__).parent)]
import run_fixtures  # noqa: E402
from run_fixtures import SCHEMA, write_sealed, write_table  # noqa: E402

REPORT = pathlib.Path(__file__).resolve().parents[2] / "tools/report"
SEEDS, DECAYS, RATES = 5, 20, 50
RUN_ID, HASH = "r" * 24, "h" * 12
OTHERS = {f"option_{i}": i / 7 for i in range(20)}
LIST, FINALS, PAGE, MEMORY = 5, 60, 120, 1 << 30  # seconds and bytes


def options_of(number):
    """As texts of fixed width, so that they can be changed in a file as they lie there."""
    rest, seed = divmod(number, SEEDS)
    rest, decay = divmod(rest, DECAYS)
    method, rate = divmod(rest, RATES)
    return {"optimizer": f'"method_{method:03d}"', "learning_rate": f"{10 ** (-4 + rate / 12):.5e}",
            "weight_decay": f"{1e-6 * 1.5 ** decay:.5e}", "seed": f"{seed}"}


def config_of(options):
    return "{" + ", ".join(f'"{name}": {text}' for name, text in options.items()) + ", " + json.dumps(OTHERS)[1:]


def template(number):
    """The bytes of a run.h5 whose texts are yet to be replaced."""
    random = np.random.default_rng(number)
    out = io.BytesIO()
    with h5py.File(out, "w", track_order=True) as file:
        attributes = {"Conventions": "CF-1.8", "program": "many", "run_id": RUN_ID, "config_hash": HASH,
                      "config": config_of(options_of(0)), "status": "completed", "reason": "", "git_commit": "0123abc",
                      "executable_sha256": "e" * 64, "host": "here", "started": "2024-01-01T00:00:00Z",
                      "ended": "2024-01-01T00:01:00Z", "default": "evaluation",
                      **{f"option_{name}": str(value) for name, value in OTHERS.items()}}
        file.attrs.update({"schema_version": SCHEMA, "threads": 1, "seconds": 8.0, **attributes})
        decay = np.exp(-np.arange(200) / 50)
        write_table(file, "step", np.arange(200), {"loss": decay + 0.1 * random.random(200)})
        columns = {
            name: 0.3 + np.exp(-np.arange(11) / 3) + 0.05 * random.random(11)
            for name in ("training_loss", "training_accuracy", "validation_loss", "test_loss", "test_accuracy",
                         "training_seconds", "gradient_equivalents", "optimizer_state_bytes", "gradients", "products",
                         "examples", "validation_accuracy")}
        write_table(file, "evaluation", np.arange(0, 201, 20), columns, index_name="step")
        write_table(file, "norms", np.arange(0, 201, 20),
                    {"gradient": columns["training_loss"], "update": columns["test_loss"]}, index_name="step")
    return out.getvalue()


def make(folder, count):
    """So many finished runs, as far as they are not there."""
    run_fixtures.STORED.pop("fletcher32", None)  # so that all of a file may be changed as it lies there
    templates = [template(number) for number in range(50)]
    first = config_of(options_of(0)).encode()
    for number in range(count):
        options = options_of(number)
        config = config_of(options)
        name = hashlib.sha256(config.encode()).hexdigest()[:12]
        run = folder / name
        if (run / "complete.json").exists():
            continue
        run.mkdir(exist_ok=True)
        data = templates[number % len(templates)].replace(first, config.encode())
        data = data.replace(RUN_ID.encode(), f"{name}-{name[:11]}".encode()).replace(HASH.encode(), name.encode())
        (run / "run.h5").write_bytes(data)
        head = {"program": "many", "run_id": f"{name}-{name[:11]}", "config_hash": name, "options": json.loads(config)}
        write_sealed(run / "config.json", {**head, "seed": number % SEEDS, "environment": {}})
        write_sealed(
            run / "complete.json", {
                **head, "status": "completed", "reason": "", "run_file": "run.h5",
                "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "rows": {
                    "step": 200, "evaluation": 11, "norms": 11}, "seconds": 8.0, "executable_sha256": "e" * 64})
    return templates


def timed(function):
    """(result, seconds, seconds of the processor, most bytes in a process' memory) of a call in its own process."""
    reading, writing = os.pipe()
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        with open(writing, "w", encoding="utf-8") as out:
            json.dump(function(), out)
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as answer:
        text = answer.read()
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"many_runs: a call ended with status {status}")
    return json.loads(text), time.monotonic() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def listed(folder):
    import gradus
    return len(gradus.runs(folder))


def finals(folder):
    import gradus
    frame = gradus.finals(folder)
    return [len(frame), float(frame.set_index("run").sort_index()["validation_accuracy"].sum())]


def report(folder):
    subprocess.run([str(REPORT), str(folder), "--quiet", "--output", str(folder) + ".html"], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else scratch) / "runs"
        folder.mkdir(parents=True, exist_ok=True)
        templates = make(folder, count)
        expected = 0.0
        ends = []
        for data in templates:
            with h5py.File(io.BytesIO(data)) as file:
                ends.append(file["evaluation/validation_accuracy"][-1])
        expected = sum(ends[number % len(ends)] for number in range(count))
        wrong = []

        def tell(what, call, seconds):
            result, taken, used, memory = timed(lambda: call(folder))
            print(
                f"{what}: {count} runs in {taken:.1f} s (bound {seconds} s), {used:.1f} s of the processors, "
                f"{memory >> 20} MiB",
                flush=True)
            if taken > seconds:
                wrong.append(f"{what} took {taken:.1f} s, at most {seconds} s expected")
            return result
        if tell("list", listed, LIST) != count:
            wrong.append("not all runs are listed")
        rows, total = tell("finals", finals, FINALS)
        if rows != count or abs(total - expected) > 1e-6 * count:
            wrong.append(f"{rows} final values with the sum {total}, expected {count} with {expected}")
        memory = tell("report", report, PAGE)
        print(f"report: {memory >> 20} MiB in memory (bound {MEMORY >> 20} MiB)")
        if memory > MEMORY:
            wrong.append(f"the report took {memory >> 20} MiB")
        print("\n".join(wrong or ["all bounds met"]))
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
