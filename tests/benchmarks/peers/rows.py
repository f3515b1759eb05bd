"""Rows of a peer as a program of Google Benchmark: with the command line and the JSON of our own."""
import functools
import importlib.metadata
import sys

import google_benchmark
from google_benchmark import option


def add(name, make, steps=1):
    """`make()` gives what is to be timed: a function, or what takes so many steps of the row's in a call. It is made
    when the row is wanted, and called beforehand, as compilers compile in the first calls."""

    @functools.cache
    def made():
        call = make()
        for _ in range(3):
            call()
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
