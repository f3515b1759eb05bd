#!/usr/bin/python3
"""Mean test accuracy by optimizer, from a sweep's folder: read_results.py results/first"""
import hashlib, io, json, os, pathlib, sys
import h5py, pandas
sys.excepthook = lambda kind, error, where: os.write(2, f"read_results: {kind.__name__}: {error!a}\n".encode())
rows = []
for record in pathlib.Path(sys.argv[1]).glob(12 * "?" + "/complete.json"):
    data = (record.parent / "run.h5").read_bytes()
    if hashlib.sha256(data).hexdigest() != json.loads(record.read_bytes())["sha256"]:
        raise ValueError(f"{record.parent}/run.h5 is damaged")
    with h5py.File(io.BytesIO(data), "r") as run:
        if run.attrs["status"] == "completed":
            rows.append({**json.loads(run.attrs["config"]), "accuracy": run["epoch/validation_accuracy"][-1]})
rows or sys.exit(f"read_results: no run in {sys.argv[1]} completed")
table = pandas.DataFrame(rows).groupby("optimizer")["accuracy"].agg(["mean", "std", "count"])
os.write(1, f"{table}\n".encode("utf-8", "backslashreplace"))
