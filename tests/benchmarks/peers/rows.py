"""Rows of a peer as a program of Google Benchmark: with the command line and the JSON of our own."""
import functools
import importlib.metadata
import math
import sys

import google_benchmark
from google_benchmark import option


def leaves(result):
    """The arrays in lists, tuples and dictionaries of them."""
    if isinstance(result, (list, tuple, dict)):
        for part in result.values() if isinstance(result, dict) else result:
            yield from leaves(part)
    elif result is not None:
        yield result


def add(name, make, steps=1):
    """`make()` gives what is to be timed: a function, or what takes so many steps of the row's in a call. It is made
    when the row is wanted, and called beforehand, as compilers compile in the first calls; what it returns must be
    finite, else the figure would be worthless."""

    @functools.cache
    def made():
        call = make()
        for _ in range(3):
            result = call()
        if not all(math.isfinite(float(array.sum())) for array in leaves(result)):
            sys.exit(f"{name}: the result is not finite")
        return call

    def body(state):
        call = made()
        while state:
            call()
        state.counters["steps"] = google_benchmark.Counter(steps)

    # Of the process: libraries compute on threads of their own, also where they are told to use one.
    google_benchmark.register(option.unit(google_benchmark.kMicrosecond)(option.measure_process_cpu_time()(body)),
                              name=name)


def main(packages):
    """Runs the rows; the report names the packages with their versions."""
    versions = ", ".join(f"{title} {importlib.metadata.version(package)}" for title, package in packages.items())
    google_benchmark.add_custom_context("peer", versions)
    google_benchmark.main(sys.argv)
