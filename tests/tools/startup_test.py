#!/usr/bin/python3
"""What a run costs beside what it computes: the libraries that it maps, its instructions, what it waits for on the
disk; and that runs of a sweep need not read their executable. overhead.py measures the time.

Usage: startup_test.py BUILD_BIN_DIR [unittest arguments]
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from sweep_support import in_memory, unsealed  # noqa: E402

BIN = None  # set below
# With oneDNN, which brings OpenCL. HDF5's shared library alone would bring 33.
MOST_LIBRARIES = {"minimize": 14, "train_workload": 14, "recover": 10, "sweep": 7, "bare_run": 7}
# Of a run of two steps, which are mostly HDF5's, and of --help, which are mostly before main(): a third more than when
# this was written.
MOST_INSTRUCTIONS = {"run": 30e6, "help": 8e6}
# Of each further run that a sweep asks about, of workloads whose examples take 11 to 500 million to make.
DESCRIBED = ["linear-regression", "burgers", "license-texts", "drifting-labels", "fashion-long-tailed", "zipf-words"]
MOST_OF_A_DESCRIPTION = 8e6


def traces():
    """Whether strace is there, and may trace."""
    try:
        return subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def identity(path):
    """Of a file, as the sweep tells it to its runs."""
    status = os.stat(path)
    seconds, rest = divmod(status.st_ctime_ns, 10**9)
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{seconds}.{rest:09}"


class Startup(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(dir=in_memory())
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.environment = dict(os.environ, LC_ALL="C")
        self.environment.pop("GRADUS_EXECUTABLE", None)

    def call(self, *command, input=None, **variables):
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300,
                                input=input, env=dict(self.environment, **variables), cwd=self.folder)
        self.assertEqual(result.returncode, 0, f"{command}\n{result.stdout}{result.stderr}")
        return result

    def minimize(self, output):
        return [BIN / "minimize", "--problem=sphere", "--steps=2", "--quiet", f"--output={output}"]


class Libraries(Startup):
    def test_few_are_mapped(self):
        for program, most in MOST_LIBRARIES.items():
            told = self.call(BIN / program, LD_TRACE_LOADED_OBJECTS="1").stdout
            mapped = re.findall(r"^\s*(\S*lib\S*\.so\S*) => ", told, re.MULTILINE)
            self.assertIn("libc.so.6", mapped)
            self.assertLessEqual(len(mapped), most, f"{program} maps {' '.join(mapped)}")


@unittest.skipUnless(shutil.which("valgrind"), "no valgrind")
class Instructions(Startup):
    CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]

    def setUp(self):
        super().setUp()
        # Under valgrind a process' executable is valgrind's own, whose digest is told here.
        own = self.call(*self.CALLGRIND, "stat", "--dereference", "--format=%d:%i:%s:%.9Z", "/proc/self/exe")
        self.environment["GRADUS_EXECUTABLE"] = f"{own.stdout.strip()}:{'a' * 64}"

    def count(self, *command, input=None):
        told = self.call(*self.CALLGRIND, *command, input=input).stderr
        return int(re.search(r"Collected : (\d+)", told).group(1))

    def test_of_a_run(self):
        self.assertLess(self.count(*self.minimize("run")), MOST_INSTRUCTIONS["run"])
        self.assertEqual(unsealed(self.folder / "run/complete.json")["executable_sha256"], "a" * 64)

    def test_before_main(self):
        self.assertLess(self.count(BIN / "minimize", "--help"), MOST_INSTRUCTIONS["help"])

    def test_of_a_described_run(self):
        def described(call, workload, runs):
            lines = [json.dumps([f"--workload={workload}", f"--seed={seed}"]) + "\n" for seed in range(runs)]
            return call(BIN / "train_workload", "--describe-runs", input="".join(lines))
        self.environment["GRADUS_CACHE"] = str(self.folder / "cache")
        for workload in DESCRIBED:
            described(self.call, workload, 1)  # which may fill the cache
            few, many = (described(self.count, workload, runs) for runs in (2, 12))
            self.assertLess((many - few) / 10, MOST_OF_A_DESCRIPTION, workload)


@unittest.skipUnless(traces(), "no strace, or it may not trace here")
class Calls(Startup):
    def calls(self, names, *command):
        """Of all processes, with descriptors as paths."""
        self.call("strace", "-f", "-y", "-s", "4096", "-e", f"trace={names}", "-o", "trace", *command)
        lines = (self.folder / "trace").read_text().splitlines()
        return [line.split(None, 1)[1] for line in lines if re.match(r"\d+ +\w+\(", line)]

    def test_what_a_run_waits_for(self):
        found = []
        for call in self.calls("fsync,fdatasync,rename,mkdir", *self.minimize("run")):
            name, path = re.match(r'(\w+)\((?:\d+<|")([^>"]*)', call).groups()
            found.append((name, path.removeprefix(f"{self.folder}").removeprefix("/")))
        log = ("fdatasync", "run/metrics.log")
        # A second of a slow machine syncs the log once more.
        first = found.index(log)
        found = [call for number, call in enumerate(found) if call != log or number == first]

        def durable(name):
            return [("fsync", f"run/.{name}.new"), ("rename", f"run/.{name}.new"), ("fsync", "run")]
        self.assertEqual(found, [("mkdir", "run"), ("fsync", ""), *durable("config.json"), log, *durable("run.h5"),
                                 *durable("complete.json")])

    def test_runs_of_a_sweep_do_not_read_their_executable(self):
        sweep = [BIN / "sweep", "run", "--quiet", "--output=out", "--", *self.minimize("")[:-2], "--seed=1:3"]
        opened = [call for call in self.calls("openat,execve", *sweep) if "/proc/self/exe" in call]
        self.assertEqual(len(opened), 2, opened)  # when it was asked what it is, and about its runs
        kept, = (self.folder / "out/.programs").glob("*/minimize")
        digest = subprocess.run(["sha256sum", kept], capture_output=True, text=True, check=True).stdout.split()[0]
        self.assertEqual(digest, kept.parent.name)
        recorded = {unsealed(path)["executable_sha256"] for path in self.folder.glob("out/*/complete.json")}
        self.assertEqual(recorded, {digest})


class ToldDigest(Startup):
    def recorded(self, told=None):
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        variables = {"GRADUS_EXECUTABLE": told} if told is not None else {}
        self.call(self.program, "--output=run", **variables)
        return unsealed(self.folder / "run/complete.json")["executable_sha256"]

    def test_it_holds_for_the_very_file_alone(self):
        self.program = pathlib.Path(shutil.copy(BIN / "bare_run", self.folder))
        own, other = self.recorded(), "a" * 64
        mine = identity(self.program)
        self.assertEqual(self.recorded(f"{mine}:{other}"), other)
        for told in ("", ":", mine, f"{mine}:", f"{mine}:{other}0", f"{mine}:{other[1:]}", f"{mine}:{'A' * 64}",
                     f"{identity(BIN / 'bare_run')}:{other}", f"0{mine}:{other}"):
            self.assertEqual(self.recorded(told), own, told)
        os.utime(self.program)  # as whoever writes to it
        self.assertEqual(self.recorded(f"{mine}:{other}"), own)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("startup_test.py: expected the folder of the built programs: startup_test.py BUILD_BIN_DIR")
    BIN = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
