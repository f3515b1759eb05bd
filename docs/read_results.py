#!/usr/bin/python3
"""How well each optimizer ended, from a sweep's folder: read_results.py results/first"""
import hashlib, io, json, os, pathlib, sys
import h5py, pandas
sys.excepthook = lambda kind, error, where: os.write(2, f"read_results: {kind.__name__}: {error!a}\n".encode())
MEASURES = ["evaluation/test_accuracy", "evaluation/test_loss", "step/value", "step/loss"]  # of a run the first that it has
rows = []
for record in pathlib.Path(sys.argv[1]).glob(12 * "?" + "/complete.json"):
    data = (record.parent / "run.h5").read_bytes()
    if hashlib.sha256(data).hexdigest() != json.loads(record.read_bytes())["sha256"]:
        raise ValueError(f"{record.parent}/run.h5 is damaged")
    with h5py.File(io.BytesIO(data), "r") as run:
        measure = next((name for name in MEASURES if name in run and len(run[name])), None)
        if run.attrs["status"] == "completed" and measure:
            rows.append({**json.loads(run.attrs["config"]), "measure": measure, "last": run[measure][-1]})
rows or sys.exit(f"read_results: no run in {sys.argv[1]} completed")
for measure, runs in pandas.DataFrame(rows).groupby("measure"):
    table = runs.groupby("optimizer")["last"].agg(["mean", "std", "count"]).rename_axis(columns=measure)
    os.write(1, f"{table}\n".encode("utf-8", "backslashreplace"))
