"""What the tests of the sweep tool share: a small program that obeys a run folder's contract, and a way to sweep it."""
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SWEEP = None  # path of the tool, set by main()

# A program of the contract. `--mode` says how it ends; every start is noted in the file named by $STARTS. With
# DESCRIBES it answers --describe and --describe-runs, and its options have types, defaults and ranges.
PROGRAM = r'''#!/usr/bin/python3 -IS
import hashlib, json, os, pathlib, signal, sys, time
DESCRIBES, NAME, BUILD = None, None, None
def seal(value):
    text = json.dumps(value, indent=2)[:-2] + ',\n  "seal": "' + "0" * 64 + '"\n}\n'
    return text.replace("0" * 64 + '"\n}\n', hashlib.sha256(text.encode()).hexdigest() + '"\n}\n')
def parse(arguments):
    given = {}
    for argument in arguments:
        name, _, value = argument.removeprefix("--").partition("=")
        given[name.replace("-", "_")] = value
    return given
TYPES = {"mode": str, "seed": int, "learning_rate": float, "optimizer": str, "text": str, "threads": int, "fast": str}
def effective(given):
    """The options with defaults and types, or the line that a run would say."""
    values = {"mode": "completed", "seed": 0, "learning_rate": 0.1, "optimizer": "sgd", "threads": 1}
    for name, text in given.items():
        if name in ("output", "quiet"):
            continue
        types = dict(TYPES, beta1=float) if given.get("optimizer") == "adam" else TYPES
        if name not in types:
            raise ValueError(f"unknown option --{name}")
        try:
            values[name] = types[name](text)
        except ValueError:
            raise ValueError(f"--{name}: {text} is no number") from None
    if values["learning_rate"] <= 0:
        raise ValueError(f"--learning-rate: {values['learning_rate']} is not above 0")
    if values["optimizer"] == "adm":
        raise ValueError("no optimizer adm")
    return values
def config_hash(options):
    return hashlib.sha256(json.dumps([NAME, options], sort_keys=True).encode()).hexdigest()[:12]
given = parse(sys.argv[1:])
header = {"program": NAME, "executable_sha256": BUILD, "schema": 3}
if "describe" in given or "describe_runs" in given:
    if not DESCRIBES:
        sys.exit("unknown option")
    if "describe" in given:
        print(json.dumps(dict(header, options=[], describe_runs=True)))
        sys.exit(0)
    with open(os.environ["STARTS"] + ".asked", "a") as file:
        file.write(f"{os.getpid()}\n")
    print(json.dumps(header), flush=True)
    for number, line in enumerate(sys.stdin):
        one = parse(json.loads(line))
        if one.get("text") == "die":
            sys.exit("cannot go on")
        if one.get("text") == "hang":
            time.sleep(60)
        if one.get("text") == "babble":
            print("[" * 5000, flush=True)
        if one.get("text") == "flood":
            while True:
                sys.stdout.write("x" * 65536)
        try:
            options = effective(one)
            print(json.dumps({"options": options, "config_hash": config_hash(options)}))
        except ValueError as error:
            print(json.dumps({"error": str(error)}))
    sys.exit(0)
options = effective(given) if DESCRIBES else {n: v for n, v in given.items() if n not in ("output", "quiet")}
with open(os.environ["STARTS"], "a") as file:
    file.write(json.dumps({"argv": sys.argv[1:], "omp": os.environ.get("OMP_NUM_THREADS"), "pid": os.getpid(),
                           "group": os.getpgid(0), "time": time.time(), "host": os.uname().nodename,
                           "beside": sorted(os.listdir(os.path.dirname(given["output"])))}) + "\n")
mode = given.get("mode", "completed")
folder = pathlib.Path(given["output"])
folder.mkdir()
record = {"schema": 3, "program": NAME, "run_id": f"{os.getpid()}-{time.time()}", "options": options,
          **({"config_hash": config_hash(options), "executable_sha256": BUILD} if DESCRIBES else {})}
environment = {"executable_sha256": BUILD} if DESCRIBES else {}
(folder / "config.json").write_text(seal({**record, "seed": 0, "environment": environment}))
print("a line before", flush=True)
if mode == "fail-once" and not pathlib.Path(os.environ["STARTS"] + ".mark").exists():
    pathlib.Path(os.environ["STARTS"] + ".mark").touch()
    print("disk on fire", file=sys.stderr)
    sys.exit(1)
if mode == "fail" or os.environ.get("FAIL"):
    sys.stderr.buffer.write(b"could not open the data: \xff\x1b[31m\n")
    sys.exit(1)
if mode == "usage":
    sys.exit(2)
if mode == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if mode == "no-record":
    sys.exit(0)
if mode == "sleep":
    time.sleep(60)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "61"])
    time.sleep(60)
if mode == "short":
    time.sleep(0.5)
data = b"results of " + repr(sorted(given.items())).encode()
(folder / "run.h5").write_bytes(data)
status = "diverged" if mode == "diverged" else "completed"
reason = "loss is nan" if mode == "diverged" else ""
(folder / "complete.json").write_text(seal({
    **record, "status": status, "reason": reason, "run_file": "run.h5", "sha256": hashlib.sha256(data).hexdigest(),
    "size": len(data), "rows": {}, "seconds": 0.1}))
sys.exit(3 if mode == "diverged" else 0)
'''


def in_memory():
    """A folder in memory, where nothing waits for a disk; None where it is small or takes no programs (Docker)."""
    try:
        found = os.statvfs("/dev/shm")
    except OSError:
        return None
    fits = found.f_bavail * found.f_frsize >= 1 << 30 and not found.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
    return "/dev/shm" if fits and os.access("/dev/shm", os.W_OK) else None


def processes_with(variable, value):
    """{number: command line} of the processes that have this environment variable."""
    mark = f"{variable}={value}".encode()
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark in (path / "environ").read_bytes().split(b"\0"):
                found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has gone, or is somebody else's
            pass
    return found


def preloading(library):
    """Environment variables: also a sanitized program takes the library, which comes before the sanitizer's own."""
    return {"LD_PRELOAD": str(library), "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"}


def identity(program, options):
    text = json.dumps({"options": options, "program": program}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def sealed(value):
    text = json.dumps(value, indent=2)[:-2] + ',\n  "seal": "' + "0" * 64 + '"\n}\n'
    return text.replace("0" * 64 + '"\n}\n', hashlib.sha256(text.encode()).hexdigest() + '"\n}\n')


def frames_of(log):
    """Where each frame of a log's bytes begins: with the length of what follows its head of eight bytes."""
    place = 0
    while place < len(log):
        yield place
        place += 8 + int.from_bytes(log[place:place + 4], "little")


def flip_in_row(path, number):
    """A bit in a row of a log; the bytes that it had."""
    whole = path.read_bytes()
    row = [place for place in frames_of(whole) if whole[place + 8:place + 9] == b"R"][number]
    damaged = bytearray(whole)
    damaged[row + 30] ^= 4
    path.write_bytes(damaged)
    return whole


def unsealed(path):
    """What a sealed file holds; its seal must be that of its bytes."""
    data = path.read_bytes()
    assert hashlib.sha256(data[:-68] + b"0" * 64 + data[-4:]).hexdigest().encode() == data[-68:-4], path
    value = json.loads(data)
    del value["seal"]
    return value


# A background job of a script ignores SIGINT, and its children with it; what is tested here is a terminal's.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


class SweepCase(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(dir=in_memory())
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.output = self.folder / "out"
        self.program = self.write_program("program", describes=False)
        self.environment = dict(os.environ, STARTS=str(self.folder / "starts"))
        self.environment.pop("OMP_NUM_THREADS", None)
        self.addCleanup(self.end_processes)  # of a sweep that is not as it must be

    def write_program(self, name, describes, build="b" * 64, says=None):
        path = self.folder / name
        path.write_text(PROGRAM.replace("DESCRIBES, NAME, BUILD = None, None, None",
                                        f"DESCRIBES, NAME, BUILD = {describes}, {says or name!r}, {build!r}"))
        path.chmod(0o755)
        return path

    def command(self, *options, before=(), file=None, program=None):
        head = [SWEEP, "run"] + ([str(file)] if file else []) + ["--output", os.fspath(self.output), *before]
        return head + ["--"] + ([] if file else [os.fspath(program or self.program)]) + list(options)

    def sweep(self, *options, before=(), file=None, program=None, code=0, **keywords):
        result = subprocess.run(self.command(*options, before=before, file=file,
                                             program=program), text=True, timeout=180, capture_output=True,
                                errors="surrogateescape", env=self.environment, cwd=self.folder, **keywords)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def refused(self, *options, says, code=2, **keywords):
        before = self.starts()
        result = self.sweep(*options, code=code, **keywords)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("sweep: "), result.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, result.stderr)
        self.assertEqual(self.starts(), before)

    def listed(self, code=0):
        result = subprocess.run([SWEEP, "list", os.fspath(self.output)], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout.splitlines()

    def table(self):
        return unsealed(self.output / "sweep.json")

    def options(self):
        return [run["options"] for run in self.table()["runs"]]

    def folders(self):
        return [self.output / run["folder"] for run in self.table()["runs"]]

    def starts(self):
        path = self.folder / "starts"
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]  # the last may still be written

    def processes(self):
        """Those that this test's programs have started and that still live: they have its $STARTS."""
        return processes_with("STARTS", self.folder / "starts")

    def end_processes(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def wait_for(self, condition, seconds=10):
        end = time.time() + seconds
        while not condition():
            self.assertLess(time.time(), end, "waited in vain")
            time.sleep(0.02)


def main(file):
    global SWEEP
    name = pathlib.Path(file).name
    if len(sys.argv) < 2:
        sys.exit(f"{name}: expected the folder of the built programs: {name} BUILD_BIN_DIR")
    SWEEP = str(pathlib.Path(sys.argv.pop(1)).resolve() / "sweep")
    if not os.access(SWEEP, os.X_OK):
        sys.exit(f"{name}: {SWEEP}: no such program")
    unittest.main(verbosity=1)
