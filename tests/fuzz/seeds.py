#!/usr/bin/python3
"""Writes what the fuzz targets begin with: FOLDER/TARGET/ has the texts of corpus/ beside this file, which are
written by hand, and files as our programs leave them, made small and byte by byte from the formats' descriptions. What
a campaign has found is named found-*.

usage: seeds.py FOLDER
"""
import gzip
import hashlib
import json
import pathlib
import shutil
import struct
import sys
import zlib

if len(sys.argv) != 2:
    sys.exit("usage: seeds.py FOLDER")
FOLDER = pathlib.Path(sys.argv[1])
shutil.rmtree(FOLDER, ignore_errors=True)
shutil.copytree(pathlib.Path(__file__).resolve().parent / "corpus", FOLDER)
OPTIONS = {"optimizer": "adam", "learning_rate": 0.001, "seed": 0}
RESULTS = b"results\n"  # run_files.cpp's run.h5


def put(target, name, data):
    path = FOLDER / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def sealed(value, change=lambda text: text):
    text = change(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)[:-2].encode()) + b',\n  "seal": "'
    return text + hashlib.sha256(text + b"0" * 64 + b'"\n}\n').hexdigest().encode() + b'"\n}\n'


# The log: experiments/records/log_format.h.

def frame(payload):
    return struct.pack("<II", len(payload), zlib.crc32(payload)) + payload


def text(kind, value):
    return frame(kind.encode() + json.dumps(value, separators=(",", ":")).encode())


def row(table, index, *values):
    return frame(b"R" + struct.pack("<Hq", table, index) + struct.pack(f"<{len(values)}d", *values))


def taken_back(rows):
    return text("G", {"rows": rows, "attributes": {}, "infinities": {}, "seconds": 0})


def column(name, **more):
    return {"name": name, "units": "1", "long_name": name.replace("_", " "), **more}


CONFIGURATION = {"program": "train_workload", "schema": 3, "run_id": "0123456789ab-2025-01-01T00:00:00Z-00000001",
                 "config_hash": "0123456789ab", "seed": 0, "options": OPTIONS, "controls": {"quiet": True},
                 "environment": {"compiler": "GNU 12.2.0", "executable_sha256": "0" * 64, "git_dirty": False,
                                 "host": "host", "started": "2025-01-01T00:00:00Z", "threads": 1}}
STEP = {"name": "step", "index": "step", "index_units": "1", "index_long_name": "step",
        "columns": [column("loss", better="lower", draw="log")]}
LAYERS = {"name": "layers", "index": "step", "columns": [
    column("norm", axis="layer", length=2, labels=["a", "b"], single_precision=True, axis_units="1"),
    column("share", axis="layer", length=2), column("state", draw="flags", flags=["good", "bad"])]}
BEGUN = text("C", CONFIGURATION)
PLAIN = BEGUN + text("A", {"default": "step", "note": "\u00fc"}) + text("T", STEP) + row(0, 0, 2.5) + row(0, 1, 1.25)
VECTORS = BEGUN + text("T", STEP) + text("T", LAYERS) + row(0, 0, float("nan")) + row(1, 0, 1, 2, 3, 4, 1) + row(
    0, 1, float("inf")) + row(1, 5, 5, 6, 7, 8, 0)
RETURNED = PLAIN + text("G", {"rows": {"step": 1}, "attributes": {"best": None, "n": 3}, "infinities": {"best": -1},
                              "seconds": 1.5}) + text("I", {"worst": 1}) + row(0, 1, 0.5)
for target in ("metric_log", "recovery", "rungs"):
    put(target, "begun", BEGUN)
    put(target, "plain", PLAIN)
    put(target, "vectors", VECTORS)
    put(target, "returned", RETURNED)
    put(target, "torn", PLAIN[:-5])
    put(target, "zeros", PLAIN + bytes(64))
RUNGS = BEGUN + text("T", STEP) + b"".join(row(0, step, 1 / (step + 1)) for step in range(10))
put("rungs", "ten_steps", RUNGS)
put("rungs", "found-later_table", PLAIN + text("T", {**LAYERS, "name": "later"}) + row(1, 1, 1, 2, 3, 4, 1))
put("rungs", "found-taken_back", VECTORS + taken_back({"step": 2}))
put("rungs", "found-last_step", PLAIN + row(0, (1 << 63) - 1, 0.5))
put("metric_log", "found-no_columns",
    text("C", {"program": "p"}) + text("T", {"name": "t", "index": "i", "columns": []}) + row(0, 7))
put("metric_log", "found-rows_beyond_int64", PLAIN + taken_back({"step": 1e300}) + row(0, 2, 0.5))

# Sealed files.

COMPLETE = {**{name: CONFIGURATION[name] for name in ("program", "run_id", "config_hash", "options")}, "schema": 3,
            "status": "completed", "reason": "", "run_file": "run.h5", "rows": {"step": 2}, "seconds": 0.5,
            "size": len(RESULTS), "sha256": hashlib.sha256(RESULTS).hexdigest(), "executable_sha256": "0" * 64}
RUN = {"id": "0123456789ab", "folder": "0123456789ab", "options": OPTIONS, "status": "completed", "exit_code": 0,
       "reason": "", "options_are_effective": True, "stamp": "1:2:3:4.5 1:2:3:4.5", "config_hash": "0123456789ab",
       "stage": "tune", "executable_sha256": "0" * 64}
PENDING = {"id": "b", "folder": "b", "options": {}, "status": "pending", "exit_code": None, "reason": "stopped"}
TABLE = {"schema": 3, "program": "train_workload", "command": ["sweep", "run", "--output=o"], "runs": [RUN, PENDING]}
PLANNED = {"schema": 3, "program": "train_workload", "executable": ".programs/p", "build": "0" * 64, "told_build": True,
           "stage": "tune", "stopping": "", "runs": [{"id": "0123456789ab", "config_hash": "0123456789ab",
                                      "choices": [["learning_rate", "1e-3", 0.001, False],
                                                  ["flag", "true", True, True]],
                                      "inherited": [["seed", "0", 0, False]], "controls": ["--checkpoint-at=5"]}]}
ASKED = {"schema": 3, "directory": "/home", "arguments": ["run", "--output=o", "--", "--seed=0:4"],
         "file": "program = 'p'"}
put("run_files", "complete", sealed(COMPLETE))
put("run_files", "failed", sealed({**COMPLETE, "status": "failed", "reason": "no memory"}))
put("run_files", "other_size", sealed({**COMPLETE, "size": 9}))
put("run_files", "other_digest", sealed({**COMPLETE, "sha256": "0" * 64}))
put("run_files", "config", sealed(CONFIGURATION))
put("run_files", "first_schema", json.dumps({**COMPLETE, "schema": 1}).encode())
put("sweep_files", "table", sealed(TABLE))
put("sweep_files", "share", sealed(PLANNED))
put("sweep_files", "planned", sealed({"schema": 3, "plans": [PLANNED, {**PLANNED, "stage": "judge"}]}))
put("sweep_files", "asked", sealed(ASKED))
DIGEST = "0" * 64 + " 8"
put("sweep_files", "manifest", sealed({"schema": 3, "others": ["asked.json"], "runs": {"a": {
    "ending": "1:2:3", "status": "completed", "files": {"a/run.h5": DIGEST, "a/output.log": DIGEST}}}}))
ARRAY = {"name": "sweep-0123456789ab", "job": 12, "build": "0" * 64, "tasks": [["a", "b"], ["c"]]}
put("sweep_files", "arrays", sealed({"schema": 3, "arrays": [ARRAY, {**ARRAY, "job": 0, "tasks": []}]}))
put("sweep_files", "left", sealed({"schema": 3, "limit_is_near": True, "runs": [
    {"id": "a", "how": "interrupted", "reason": "stopped at step 5"}, {"id": "b", "how": "not begun", "reason": ""}]}))
put("sweep_files", "found-job_beyond_int64", sealed({"schema": 3, "arrays": [{**ARRAY, "job": 1e300}]}))
put("sweep_files", "found-array_named_elsewhere", sealed({"schema": 3, "arrays": [{**ARRAY, "name": "../.."}]}))
put("sweep_files", "all", sealed({**TABLE, **PLANNED, **ASKED, "runs": [{**RUN, **PLANNED["runs"][0]}]}))
put("sealed", "small", sealed({"schema": 3}))
put("sealed", "no_schema", sealed({"rate": 0.02}))
put("sealed", "later", sealed({"schema": 4}))
put("sealed", "earlier", sealed({"schema": 1, "a": [{}, None, True, -1.5e300, "\u00fc\n"]}))
put("sealed", "damaged", sealed({"schema": 3}).replace(b"3", b"2", 1))
put("sealed", "found-not_utf8", sealed({"a": "?"}, lambda text: text.replace(b"?", b"\xff")))
put("run_files", "found-size_is_missing", sealed({name: value for name, value in COMPLETE.items() if name != "size"}))
put("sweep_files", "found-exit_code_beyond_int", sealed({**TABLE, "runs": [{**RUN, "exit_code": 1e300}]}))
ELSEWHERE = {**PLANNED, "runs": [{**PLANNED["runs"][0], "id": "../elsewhere"}]}
put("sweep_files", "found-path_for_a_name", sealed({**ELSEWHERE, "plans": [ELSEWHERE]}))
put("sealed", "first", b'{"schema": 1}')

# State files: experiments/records/state_image.h. What stands behind the frame is not looked at.


def state(label, contents):
    block = b"gradus optimizer state 1\nsha256 " + hashlib.sha256(label + contents).hexdigest().encode() + b"\n"
    block += label + b"\n" if label else b""
    return block.ljust(511) + b"\n" + contents


put("state_image", "checkpoint", state(b"checkpoint at step 300", b"\x89HDF\r\n\x1a\n"))
put("state_image", "state", state(b"", b"contents"))
put("state_image", "other_label", state(b"checkpoint at step x", b""))
put("state_image", "damaged", state(b"checkpoint at step 300", b"contents")[:-1])
put("state_image", "short", b"gradus optimizer state 1\nsha256 ")

# IDX.


def idx(*shape, kind=8, values=b""):
    return bytes([0, 0, kind, len(shape)]) + b"".join(struct.pack(">I", extent) for extent in shape) + values


LABELS, IMAGES = idx(3, values=bytes([1, 2, 9])), idx(2, 2, 3, values=bytes(range(12)))
for name, data in {"labels": LABELS, "images": IMAGES}.items():
    put("idx", name, data)
    put("idx", name + ".gz", gzip.compress(data, mtime=0))
    put("idx", name + "_stored.gz", gzip.compress(data, compresslevel=0, mtime=0))
put("idx", "truncated", IMAGES[:-1])
put("idx", "longer.gz", gzip.compress(IMAGES + b"x", mtime=0))
put("idx", "floats", idx(2, kind=0x0D, values=bytes(8)))
put("idx", "huge", idx(1 << 31, 1 << 31, 1 << 31))
put("idx", "empty", idx(0))


# Copies of IDX files: experiments/lab/idx_cache.cpp.

def checksum(data):
    chains, mask = [1, 2, 3, 4], (1 << 64) - 1

    def add(chain, word):
        chain = ((chain ^ word) * 0x9E3779B97F4A7C15) & mask
        return chain ^ (chain >> 32)

    whole = len(data) // 32 * 32
    for at in range(0, whole, 32):
        chains = [add(chain, word) for chain, word in zip(chains, struct.unpack_from("<4Q", data, at))]
    for byte in data[whole:]:
        chains[0] = add(chains[0], byte)
    for other in chains[1:]:
        chains[0] = add(chains[0], other)
    return chains[0]


def copy(shape, data):
    head = (f"gradus idx 1\n/data/images.gz\nsize 100 changed 200 inode 300\nshape {' '.join(map(str, shape))}\n"
            f"checksum {checksum(data):016x}\n")
    return head.encode().ljust(8192, b"\n") + data


put("idx_cache", "images", copy((2, 4, 5), bytes(range(40))))
put("idx_cache", "labels", copy((3,), b"abc"))
put("idx_cache", "other_shape", copy((2, 4), bytes(40)))
put("idx_cache", "found-no_end", b"gradus idx 1\nshape 1".ljust(8192, b"1") + b"1")
put("idx_cache", "short", copy((3,), b"abc")[:100])

# What an optimizer from outside answers: docs/external.md.


def message(kind, contents=b""):
    return kind.encode().ljust(8) + struct.pack("=Q", len(contents)) + contents


THETA = message("theta", struct.pack("=2f", 0.5, 1.5))
put("external", "plain", message("ready", b'{"saves": false}') + THETA)
put("external", "saves", message("ready", b'{"saves": true}') + THETA + message("state", b"pickled") + message("ready"))
put("external", "error", message("ready", b'{"saves": true}') + message("error", b"it went\nwrong"))
put("external", "no_json", message("ready", b"yes"))
put("external", "short_theta", message("ready", b'{"saves": false}') + message("theta", bytes(4)))
put("external", "found-large_state",
    message("ready", b'{"saves": true}') + THETA + b"state   " + struct.pack("=Q", 1 << 39))
