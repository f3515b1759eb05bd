"""Reads and groups what runs left on the disk; knows the files' schema and nothing of how they are shown.

sealed.py    files that vouch for themselves: config.json, complete.json, sweep.json
run_file.py  run.h5, verified and read in a child process (isolated.py)
folder.py    the runs of a folder
values.py    which values are equal, and how they are written
grouping.py  which runs are the same configuration, and which options tell them apart
"""
