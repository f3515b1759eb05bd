#!/usr/bin/python3
"""Opens the run.h5 that run_folder_test.cpp wrote, with h5py, xarray, netCDF4, h5dump and ncdump, and no code of ours.

usage: run_file_test.py RUN_FOLDER     exit: 0 as it must be, 1 not so, 77 h5py missing
"""
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"run_file_test.py: skipped: {missing}")
    sys.exit(77)


def check_h5py(path, config):
    with h5py.File(path, "r") as file:
        attributes = file.attrs
        expected = {
            "Conventions": "CF-1.8", "schema_version": 3, "program": "prog", "status": "diverged",
            "reason": "loss is nan at step 3000", "seed": 3, "option_optimizer": "adam", "option_learning_rate": 0.001,
            "option_amsgrad": 0, "threads": 1, "run_id": config["run_id"], "config_hash": config["config_hash"],
        }
        for name, value in expected.items():
            assert attributes[name] == value, (name, attributes[name], value)
        assert json.loads(attributes["config"]) == config["options"]
        for name in [
                "git_commit", "gradus_commit", "executable_sha256", "compiler", "compiler_flags", "host", "processor",
                "started", "ended"]:
            assert isinstance(attributes[name], str) and attributes[name], name
        assert attributes["git_dirty"] in (0, 1) and attributes["gradus_dirty"] in (0, 1) and attributes["seconds"] >= 0

        for group, name, index, rows in [(file["step"], "loss", "step", 3000),
                                         (file["epoch"], "training_loss", "epoch", 2),
                                         (file["solver"], "residual", "solver", 0)]:
            dataset, scale = group[name], group[index]
            assert dataset.shape == scale.shape == (rows,), (name, dataset.shape)
            assert dataset.dtype == np.float64 and scale.dtype == np.int64
            assert dataset.dims[0][0] == scale and h5py.h5ds.is_scale(scale.id) and dataset.dims[0].keys() == [index]
            assert dataset.chunks == (min(1024, max(1, rows)),) and dataset.shuffle and dataset.fletcher32
            assert dataset.compression == "gzip"
            assert dataset.attrs["units"] == "1" and dataset.attrs["long_name"]
        assert file["epoch/training_seconds"].attrs["units"] == "s"
        assert np.array_equal(file["step/step"][:], np.arange(3000))
        assert np.array_equal(file["step/loss"][:], 1.0 / np.arange(1, 3001))
        assert np.array_equal(file["epoch/training_seconds"][:], [0.0, 1.25])
        check_what_it_says_of_itself(file)


def check_what_it_says_of_itself(file):
    """Each attribute of each table: who draws it needs no name."""
    def attributes(path):
        return {name: value.tolist() if isinstance(value, np.ndarray) else value
                for name, value in file[path].attrs.items()
                if name not in ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME")}
    root = attributes("/")
    assert (root["NX_class"], root["default"]) == ("NXroot", "epoch"), root
    assert attributes("step") == {"NX_class": "NXdata", "signal": "loss", "axes": ["step"]}
    assert attributes("epoch") == {"NX_class": "NXdata", "signal": "training_loss", "axes": ["epoch"],
                                   "auxiliary_signals": ["training_seconds"]}
    assert attributes("epoch/training_loss") == {"units": "1", "long_name": "mean loss", "better": "lower"}
    assert attributes("layer") == {"NX_class": "NXdata", "signal": "regime", "axes": ["step"]}
    assert attributes("layer/step") == {"units": "1", "long_name": "steps taken"}
    assert attributes("layer/layer") == {"units": "1", "long_name": "layer of the model"}
    assert attributes("layer/gradient") == {"units": "nat", "long_name": "norm of the gradient", "draw": "log",
                                            "coordinates": "layer_label"}
    assert attributes("layer/regime") == {"units": "1", "long_name": "where it is", "draw": "flags",
                                          "flag_values": [0, 1, 2], "flag_meanings": "below at above"}
    assert attributes("layer/seconds") == {"units": "s", "long_name": "price", "draw": "none"}
    assert file["layer/layer_label"].asstr()[:].tolist() == ["dense1", "dense2", "größte"]
    assert file["layer/layer_label"].dims[0][0] == file["layer/layer"]
    assert file["layer/gradient"][:].tolist() == [[1, 2, 3], [4, 5, 6]]


def check_xarray(path):
    engines = [engine for engine, module in [("h5netcdf", "h5netcdf"), ("netcdf4", "netCDF4")]
               if importlib.util.find_spec(module)]
    if not engines or not importlib.util.find_spec("xarray"):
        print("run_file_test.py: xarray with h5netcdf or netCDF4 is not installed: only h5py was tried")
        return
    import xarray

    for engine in engines:
        with xarray.open_dataset(path, engine=engine) as root:
            assert root.attrs["option_optimizer"] == "adam"
        with xarray.open_dataset(path, group="step", engine=engine) as root:
            assert dict(root.sizes) == {"step": 3000}, (engine, root.sizes)
            assert root.loss.dims == ("step",) and root.loss.attrs["units"] == "1"
            assert root.loss.attrs["long_name"] == "loss of the batch"
            assert float(root.loss.sel(step=9)) == 0.1
            assert list(root.to_dataframe().columns) == ["loss"] and len(root.to_dataframe()) == 3000
        with xarray.open_dataset(path, group="epoch", engine=engine) as epoch:
            assert dict(epoch.sizes) == {"epoch": 2}, (engine, epoch.sizes)
            assert epoch.training_seconds.attrs["units"] == "s"
            assert list(epoch.epoch.values) == [0, 1] and float(epoch.training_loss.sel(epoch=1)) == 0.5
        with xarray.open_dataset(path, group="layer", engine=engine) as layer:
            assert layer.gradient.dims == ("step", "layer") and layer.step.values.tolist() == [0, 25]
            assert layer.layer_label.values.tolist() == ["dense1", "dense2", "größte"]
            assert "layer_label" in layer.coords and layer.regime.attrs["flag_meanings"] == "below at above"
        if hasattr(xarray, "open_datatree"):  # all tables at once
            assert xarray.open_datatree(path, engine=engine)["layer/regime"].values.tolist() == [0, 2]
        print(f"run_file_test.py: xarray with {engine}: as it must be")


def check_netcdf4(path):
    if not importlib.util.find_spec("netCDF4"):
        print("run_file_test.py: netCDF4 is not installed: not tried")
        return
    import netCDF4
    with netCDF4.Dataset(path) as file:
        layer = file["layer"]
        assert layer["gradient"].dimensions == ("step", "layer") and layer["gradient"].units == "nat"
        assert list(layer["layer_label"][:]) == ["dense1", "dense2", "größte"]
        assert list(np.atleast_1d(layer["regime"].flag_values)) == [0, 1, 2]
        assert list(layer.variables) == ["step", "layer", "layer_label", "gradient", "regime", "seconds"]  # as written
        assert list(file.groups) == ["step", "epoch", "solver", "layer"]


def check_program(name, *arguments, says):
    """Of the command line, where it is installed: reads the file and shows a text of it."""
    if not shutil.which(name):
        print(f"run_file_test.py: {name} is not installed: not tried")
        return
    result = subprocess.run([name, *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0 and says in result.stdout, (name, result.returncode, result.stderr)


def main():
    folder = Path(sys.argv[1])
    check_h5py(folder / "run.h5", json.loads((folder / "config.json").read_text()))
    check_xarray(folder / "run.h5")
    check_netcdf4(folder / "run.h5")
    check_program("h5dump", "-a", "/layer/regime/flag_meanings", str(folder / "run.h5"), says="below at above")
    check_program("ncdump", "-h", str(folder / "run.h5"), says='regime:flag_meanings = "below at above"')


main()
