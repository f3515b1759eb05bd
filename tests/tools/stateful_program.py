#!/usr/bin/python3 -IS
"""A small program of the contract that keeps state: it goes on from a checkpoint, forks another run, logs its numbers.

What it does is noted in the file named by $STARTS, a line of JSON for each beginning and each end.
"""
import hashlib
import json
import os
import pathlib
import signal
import struct
import sys
import time
import zlib

DEFAULTS = {"seed": 0, "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.0, "schedule": "constant", "steps": 20,
            "start": 1.0, "delay": 0.0, "interval": 5, "fail_at": -1, "stop_at": -1}
CONTROLS = {"output", "quiet", "resume", "checkpoint_at", "not_bitwise", "fork", "note", "tag", "reseed",
            "checkpoint_interval"}
BUILD = os.environ.get("BUILD", "b") * 64


def sealed(value):
    text = json.dumps(value, indent=2)[:-2] + ',\n  "seal": "' + "0" * 64 + '"\n}\n'
    return text.replace("0" * 64 + '"\n}\n', hashlib.sha256(text.encode()).hexdigest() + '"\n}\n')


def parse(arguments):
    pairs = [argument.removeprefix("--").partition("=") for argument in arguments]
    return {name.replace("-", "_"): value for name, _, value in pairs}


def parent_of(given):
    folder, _, step = given["fork"].rpartition("@")
    return pathlib.Path(folder), int(step)


def effective(given):
    values = dict(DEFAULTS)
    if "fork" in given:
        folder, step = parent_of(given)
        config = json.loads((folder / "config.json").read_text())
        values = {**config["options"], "fork": f"{config['config_hash']}@{step}", "streams": given.get("reseed", "")}
        if int(given.get("seed", values["seed"])) != values["seed"] and "reseed" not in given:
            raise ValueError("--seed: expected with --reseed")
    elif "reseed" in given:
        raise ValueError("--reseed: expected with --fork")
    for name, text in given.items():
        if name in CONTROLS:
            continue
        if name not in DEFAULTS:
            raise ValueError(f"unknown option --{name}")
        if name == "momentum" and given.get("optimizer", values["optimizer"]) != "sgd":
            raise ValueError("--momentum is an option of sgd")
        values[name] = type(DEFAULTS[name])(text)
    if values["learning_rate"] <= 0:
        raise ValueError("--learning-rate is not above 0")
    return values


def config_hash(options):
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:12]


def note(**words):
    with open(os.environ["STARTS"], "a", encoding="utf-8") as file:
        file.write(json.dumps(words) + "\n")


def frame(payload):
    return struct.pack("<II", len(payload), zlib.crc32(payload)) + payload


def column(name, **more):
    return {"name": name, "units": "1", "long_name": name, **more}


TABLES = [{"name": "evaluation", "index": "step", "columns": [column("loss", better="lower"),
                                                              column("gain", better="higher"),
                                                              column("plain"), column("seconds", units="s")]},
          {"name": "fingerprint", "index": "step", "columns": [column("high"), column("low")]}]


class Training:
    def __init__(self, folder, options, record):
        self.folder, self.options = folder, options
        self.step, self.x, self.velocity, self.chain, self.rows = 0, options["start"], 0.0, 0, []
        self.head = frame(b"C" + json.dumps(record).encode()) + b"".join(frame(b"T" + json.dumps(t).encode())
                                                                         for t in TABLES)

    def state(self):
        return {"step": self.step, "x": self.x, "velocity": self.velocity, "chain": self.chain, "rows": self.rows}

    def save(self, name):
        label, contents = f"checkpoint at step {self.step}", json.dumps(self.state())
        digest = hashlib.sha256((label + contents).encode()).hexdigest()
        block = f"gradus optimizer state 1\nsha256 {digest}\n{label}\n".ljust(511) + "\n"
        new = self.folder / f".{name}"
        new.write_text(block + contents)
        new.rename(self.folder / name)

    def load(self, paths):
        found = []
        for path in paths:
            if path.exists():
                block, contents = path.read_text()[:512], path.read_text()[512:]
                label = block.splitlines()[2].rstrip()
                if hashlib.sha256((label + contents).encode()).hexdigest() in block:
                    found.append(json.loads(contents))
        vars(self).update(max(found, key=lambda state: state["step"]))

    def advance(self):
        noise = int(hashlib.sha256(f"{self.options['seed']} {self.step}".encode()).hexdigest()[:8], 16) / 2**32 - 0.5
        rate = self.options["learning_rate"]
        if self.options["schedule"] == "linear":
            rate *= 1 - self.step / self.options["steps"]
        self.velocity = self.options["momentum"] * self.velocity + self.x + 0.1 * noise
        self.x -= rate * self.velocity * (1.5 if self.options["optimizer"] == "adam" else 1)
        self.step += 1
        self.chain = int(hashlib.sha256(struct.pack("<Qd", self.chain, self.x)).hexdigest()[:16], 16)
        self.rows.append((0, self.step, [self.x * self.x, -abs(self.x), self.x, time.time()]))
        if self.step % 5 == 0:
            self.rows.append((1, self.step, [float(self.chain >> 32), float(self.chain & 0xFFFFFFFF)]))

    def write_log(self):
        text = self.head
        for table, index, values in self.rows:
            text += frame(struct.pack(f"<cHq{len(values)}d", b"R", table, index, *values))
        (self.folder / "metrics.log").write_bytes(text)


def main():
    given = parse(sys.argv[1:])
    header = {"program": "trainer", "executable_sha256": BUILD, "schema": 3}
    if "describe" in given:
        print(json.dumps(dict(header, options=[], describe_runs=True)))
        return 0
    if "describe_runs" in given:
        print(json.dumps(header), flush=True)
        for line in sys.stdin:
            try:
                options = effective(parse(json.loads(line)))
                print(json.dumps({"options": options, "config_hash": config_hash(options)}), flush=True)
            except (ValueError, OSError) as error:
                print(json.dumps({"error": str(error)}), flush=True)
        return 0

    options, folder = effective(given), pathlib.Path(given["output"])
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    record = {"schema": 3, "program": "trainer", "run_id": folder.name, "options": options,
              "config_hash": config_hash(options),
              "executable_sha256": BUILD}
    training = Training(folder, options, record)
    if "resume" in given:
        if os.environ.get("REFUSE") and "not_bitwise" not in given:
            print("trainer: the checkpoint is of another instruction set", file=sys.stderr)
            return 2
        training.load([folder / "checkpoint.0", folder / "checkpoint.1"])
    else:
        folder.mkdir()
        (folder / "config.json").write_text(sealed({**record, "seed": 0, "environment": {"executable_sha256": BUILD}}))
        if "fork" in given:
            parent, step = parent_of(given)
            training.load([parent / f"checkpoint.at.{step}"])
    kept = [int(step) for step in given.get("checkpoint_at", "").split(",") if step]
    note(begins=training.step, argv=sys.argv[1:])
    generation = 0
    while training.step < options["steps"]:
        time.sleep(options["delay"])
        training.advance()
        training.write_log()
        if training.step in kept:
            training.save(f"checkpoint.at.{training.step}")
        if training.step % options["interval"] == 0:
            generation = 1 - generation
            training.save(f"checkpoint.{generation}")
        if training.step == options["fail_at"] and "resume" not in given:
            print("disk on fire", file=sys.stderr)
            return 1
        if stopped or (training.step == options["stop_at"] and "resume" not in given):
            training.save(f"checkpoint.{1 - generation}")
            note(stops=training.step, run=folder.name)
            return 75
    (folder / "checkpoint.0").unlink(missing_ok=True)
    (folder / "checkpoint.1").unlink(missing_ok=True)
    training.write_log()
    data = json.dumps([(table, step, values[:3]) for table, step, values in training.rows]).encode()
    (folder / "run.h5").write_bytes(data)
    diverged = abs(training.x) > 1e3
    (folder / "complete.json").write_text(sealed({
        **record, "status": "diverged" if diverged else "completed", "reason": "", "run_file": "run.h5",
        "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "rows": {}, "seconds": 0.1}))
    note(ends=training.step, run=folder.name)
    return 3 if diverged else 0


if __name__ == "__main__":
    sys.exit(main())
