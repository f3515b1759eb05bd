"""Calls a Python tool in a fork of this process, which has loaded what such tools load: a second less for each call.

Each call is still a process of its own, with its own arguments, standard output and exit code; what the command line's
interpreter does before main (its options, a hostile environment, limits) wants a real one.
"""
import multiprocessing
import os
import pathlib
import runpy
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS / "python"))
from gradus.report import command  # noqa: E402

command.drawing("figures", "page", "path_figure")
command.drawing("interactive")[0].library()  # a second to compress


def call(tool, *arguments, timeout=300):
    """As subprocess.run() that captures bytes, of a tool of the folder tools/."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = multiprocessing.get_context("fork").Process(target=_become, args=(tool, arguments, out, errors))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(tool, timeout)
        out.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess([tool, *arguments], process.exitcode, out.read(), errors.read())


def _become(tool, arguments, out, errors):
    os.dup2(out.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    for name, number in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))
    sys.argv = [os.fsdecode(part) for part in (TOOLS / tool, *arguments)]
    runpy.run_path(sys.argv[0], run_name="__main__")
