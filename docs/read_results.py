#!/usr/bin/python3
"""Mean test accuracy by optimizer, from a sweep's folder: read_results.py results/first"""
import json, pathlib, sys
import h5py, pandas
rows = []
for record in pathlib.Path(sys.argv[1]).glob("*/complete.json"):
    if json.loads(record.read_text())["status"] == "completed":
        options = json.loads((record.parent / "config.json").read_text())["options"]
        with h5py.File(record.parent / "run.h5", "r") as run:
            rows.append({**options, "accuracy": run["epoch/validation_accuracy"][-1]})
print(pandas.DataFrame(rows).groupby("optimizer")["accuracy"].agg(["mean", "std", "count"]))
