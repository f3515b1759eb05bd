"""The runs of several folders as those of one sweep: the folder is an option like others, where it tells runs apart."""
import os

from . import folder as run_folder
from . import grouping

OPTION = "folder"


def load(folders, want=run_folder.Want()):
    """One folder's runs as they are; of several, their names and options with the folder's. Raises NoRuns."""
    sweeps = [run_folder.load(folder, want) for folder in folders]
    for sweep in sweeps:
        grouping.fill_in(sweep.runs)
    if len(sweeps) == 1:
        return sweeps[0]
    for name, sweep in zip(names_of(folders), sweeps):
        for run in sweep.runs:
            run.name = f"{name}/{run.name}"
            run.options[OPTION] = name
    programs = list(dict.fromkeys(sweep.program for sweep in sweeps if sweep.program))
    whole = run_folder.Sweep([run for sweep in sweeps for run in sweep.runs], ", ".join(programs),
                             warnings=[warning for sweep in sweeps for warning in sweep.warnings],
                             unread=any(sweep.unread for sweep in sweeps))
    if len(programs) > 1:
        for run in whole.runs:
            run.options.setdefault("program", run.program)
    return whole


def names_of(folders):
    """A name for each folder: as much of its path's end as tells it from the others."""
    parts = [os.path.realpath(folder).split(os.sep) for folder in folders]
    count = 1
    while count < max(map(len, parts)) and len({tuple(path[-count:]) for path in parts}) < len(parts):
        count += 1
    return [os.sep.join(path[-count:]) for path in parts]
