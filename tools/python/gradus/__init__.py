"""Reads what runs of Gradus leave behind, for pandas and xarray.

    import gradus
    frame = gradus.load("results/first")            # the evaluations of all completed runs, options as columns
    frame.groupby(["optimizer", "step"])["validation_loss"].mean()

runs(folder)            the runs with their options and status
load(source, table)     a table of all completed runs as a DataFrame
finals(source, table)   one row a run: its last values
dataset(source, table)  a table as an xarray.Dataset along run and step
from_table(frame)       runs of anything else; a source for the others, as a folder is

gradus.external lets an optimizer of PyTorch, of Optax or of your own take the steps of a run.
"""
__all__ = ["runs", "load", "finals", "dataset", "from_table"]
__version__ = "0.2.0"


def __getattr__(name):
    if name in __all__:  # h5py and NumPy are loaded by those who need them
        from . import frames
        return getattr(frames, name)
    raise AttributeError(f"module 'gradus' has no attribute {name!r}")
