"""Runs and sweeps as the programs leave them on the disk, made without the programs."""
import hashlib
import json

import h5py
import numpy as np

RATES = {"sgd": 0.35, "adam": 0.8, "rmsprop": 0.6}
EPOCHS, STEPS = 5, 1000
SCHEMA = 3
ZEROS = "0" * 64
BETTER = {"loss": "lower", "training_loss": "lower", "training_accuracy": "higher", "validation_loss": "lower",
          "validation_accuracy": "higher"}
UNITS = {"training_seconds": "s", "optimizer_state_bytes": "byte", "loss": "nat", "training_loss": "nat",
         "validation_loss": "nat"}
STORED = {"chunks": True, "compression": "gzip", "shuffle": True, "fletcher32": True}


def name_of(options):
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:12]


def accuracy_of(options):
    return 0.9 - 0.1 * np.exp(-RATES.get(options["optimizer"], 0.5) * EPOCHS) + 0.002 * (options["seed"] - 2)


def write_sealed(path, content):
    """A JSON object that vouches for its bytes; `content` may also be the text itself, with the seal as zeros."""
    text = content if isinstance(content,
                                 str) else json.dumps({"schema": SCHEMA, **content, "seal": ZEROS}, indent=2) + "\n"
    data = text.encode("utf-8", "surrogatepass")
    path.write_bytes(data.replace(ZEROS.encode(), hashlib.sha256(data).hexdigest().encode()))


def write_run(sweep, options, status="completed", accuracy=None, change=None, name=None, program="optimizer_comparison",
              attributes=(), tables=None):
    """A run folder as a program leaves it. `change(file)` alters run.h5 before the digest is taken.

    tables: {name: arguments of write_table after it}, in place of the usual ones; the last one is the default.
    """
    name = name or name_of(options)
    folder = sweep / name
    folder.mkdir()
    effective = {"width": 128, **options}
    head = {"program": program, "run_id": f"{name}-1", "config_hash": name_of(effective)}
    write_sealed(folder / "config.json", {**head, "seed": options["seed"], "options": effective, "environment": {}})
    (folder / "metrics.log").write_bytes(b"")
    random = np.random.default_rng(options["seed"] + 100 * len(str(options["optimizer"])))
    rate = RATES.get(options["optimizer"], 0.5)
    reason = "loss is NaN at step 900" if status == "diverged" else ""
    with h5py.File(folder / "run.h5", "w", track_order=True) as file:
        file.attrs.update({"Conventions": "CF-1.8", "schema_version": SCHEMA, **head, "config": json.dumps(effective),
                           "status": status, "reason": reason, "seed": options["seed"],
                           "git_commit": "0123abc", "git_dirty": 0, "gradus_commit": "0123abc", "gradus_dirty": 0,
                           "executable_sha256": "e" * 64, "compiler": "g++ 12", "host": "here<&>",
                           "processor": "x", "threads": 1,
                           "started": "2024-01-01T00:00:00Z", "ended": "2024-01-01T00:01:00Z", **dict(attributes)})
        write_table(file, "step", np.arange(STEPS), {
            "loss": 0.3 + 2 * np.exp(-rate * np.arange(STEPS) / 150) + 0.1 * random.random(STEPS)})
        epoch = np.arange(1, EPOCHS + 1)
        offset = 0.02 * random.standard_normal()
        final = accuracy_of(options) if accuracy is None else accuracy
        measured = {
                "training_loss": 0.3 + 1.5 * np.exp(-rate * epoch) + offset, "training_accuracy": 0.9 + 0 * epoch,
                "validation_loss": 0.4 + 1.4 * np.exp(-rate * epoch) + offset,
                "validation_accuracy": final - 0.1 * np.exp(-rate * epoch) + 0.1 * np.exp(-rate * EPOCHS),
                "training_seconds": 1.5 * epoch, "optimizer_state_bytes": 813040 + 0 * epoch,
                "gradients": epoch * 200, "examples": epoch * 6400}
        write_table(file, "evaluation", epoch, {
            metric: values * np.where(epoch == EPOCHS, np.nan, 1.0) if status == "diverged" else values
            for metric, values in measured.items()}, index_name="step")
        if tables is not None:
            del file["step"], file["evaluation"]
            for table, arguments in tables.items():
                write_table(file, table, **arguments)
        file.attrs["default"] = list(tables or ["evaluation"])[-1]
        if change:
            change(file)
    seal(folder, status, reason)
    return folder


def write_table(file, name, index, columns, index_name=None, **attributes):
    """A table as our programs write it; attributes: {column: {name: value}} beside those that BETTER and UNITS have."""
    group, index_name = file.create_group(name, track_order=True), index_name or name
    group.attrs.update({"NX_class": "NXdata", "axes": [index_name]})
    scale = group.create_dataset(index_name, data=index, **STORED)
    scale.make_scale(index_name)
    scale.attrs.update({"units": "1", "long_name": index_name})
    for column, values in columns.items():
        item = group.create_dataset(column, data=np.asarray(values, float), **STORED)
        item.dims[0].attach_scale(scale)
        item.attrs.update({"units": UNITS.get(column, "1"), "long_name": f"{column} of the run",
                           **({"better": BETTER[column]} if column in BETTER else {}), **attributes.get(column, {})})
        if item.ndim == 2:
            place = group.create_dataset("place", data=np.arange(
                item.shape[1])) if "place" not in group else group["place"]
            place.make_scale("place")
            item.dims[1].attach_scale(place)
    return group


def seal(folder, status="completed", reason=""):
    """complete.json of the run.h5 that is there; what else a program would write is asked of config.json."""
    data = (folder / "run.h5").read_bytes()
    config = json.loads((folder / "config.json").read_text())
    write_sealed(folder / "complete.json", {
        "status": status, "reason": reason, "run_file": "run.h5", "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data), "rows": {"step": STEPS, "evaluation": EPOCHS}, "seconds": 8.0, "executable_sha256": "e" * 64,
        **{name: config[name] for name in ("program", "run_id", "config_hash", "options")}})


def write_sweep(sweep, entries, command=("tools/sweep", "a b.toml")):
    """sweep.json of (options, status, reason) triples."""
    write_sealed(sweep / "sweep.json", {
        "program": "optimizer_comparison", "command": list(command),
        "runs": [{"id": name_of(options), "options": options, "folder": name_of(options), "status": status,
                  "exit_code": 0, "reason": reason} for options, status, reason in entries]})


def good_sweep(folder, optimizers=("sgd", "adam"), seeds=3):
    """Completed runs of some optimizers; returns their entries for write_sweep."""
    entries = []
    for optimizer in optimizers:
        for seed in range(seeds):
            options = {"optimizer": optimizer, "seed": seed}
            write_run(folder, options)
            entries.append((options, "completed", ""))
    return entries
