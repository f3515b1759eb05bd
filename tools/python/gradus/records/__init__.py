"""Reads and groups what runs left on the disk; knows the files' schema and nothing of how they are shown.

sealed.py    files that vouch for themselves: config.json, complete.json, sweep.json
hdf5.py      HDF5 files of which nothing is believed
tables.py    what a table says of itself (schema_2.py: of earlier files, which said nothing)
run_file.py  run.h5, verified and read in a child process (isolated.py)
run.py       a run, and what is wanted of it
folder.py    the runs of a folder (several.py: of several; foreign.py: of anything else)
values.py    which values are equal, and how they are written
grouping.py  which runs are the same configuration, and which options tell them apart
"""
