"""The programs of tools/bench, ours and the peers', and what a round of one measures."""
import json
import os
import re
import subprocess

from gradus.report import command
from gradus.report.command import say

HERE = os.path.dirname(os.path.realpath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(REPOSITORY, "build")
MICROSECONDS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}
# Ours and libtorch's; the last pair also measures memory.
PAIRS = (("benchmarks", "benchmarks_torch"), ("engine_benchmarks", "engine_benchmarks_torch"))
# What a Python may have: the package that is needed, the program under peers/ and how it is to run.
TODAY = {"pytorch": ("torch", "pytorch.py", "eager"), "pytorch_compiled": ("torch", "pytorch.py", "compiled"),
         "jax": ("jax", "jax_optax.py", "jit"), "jax_scan": ("jax", "jax_optax.py", "scan")}
# One thread each; PyTorch's compiler keeps its work, so that a second round is quick.
ENVIRONMENT = dict(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", DNNL_NUM_THREADS="1",
                   TORCHINDUCTOR_CACHE_DIR=os.path.join(BUILD, "bench-inductor"), PYTHONDONTWRITEBYTECODE="1")
# Memory that is freed stays with a peer of today, as with ours and libtorch (keep_freed_memory).
HEAP = ("MALLOC_MMAP_THRESHOLD_=1073741824", "MALLOC_TRIM_THRESHOLD_=1073741824", "MALLOC_TOP_PAD_=67108864")
# What keeps ours (with its oneDNN), libtorch's OpenBLAS, PyTorch's kernels, libraries (MKL on Intel's processors alone)
# and compiler, and what XLA compiles to older instructions. JAX's precompiled libraries choose for themselves.
INSTRUCTIONS = {"avx2": dict(GRADUS_SIMD="avx2", DNNL_MAX_CPU_ISA="AVX2", ONEDNN_MAX_CPU_ISA="AVX2",
                             OPENBLAS_CORETYPE="Haswell", ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2",
                             XLA_FLAGS="--xla_cpu_max_isa=AVX2", TORCHINDUCTOR_CPP_MARCH="haswell",
                             TORCHINDUCTOR_CACHE_DIR=os.path.join(BUILD, "bench-inductor-avx2"))}


def fail(message, code=1):
    raise command.Failure(message, code)


def quiet(command, what, log):
    """Runs a command with its output in a log; shows the end of it where the command fails."""
    with open(log, "a") as file:
        result = subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    if result.returncode:
        with open(log, "rb") as file:
            os.write(2, b"".join(file.readlines()[-25:]))
        fail(f"cannot {what} (whole log: {log})")


def build(peers=True, pairs=PAIRS):
    """Builds ours and, where libtorch is installed, the peer's. Returns the commands of the pairs, None for what lacks."""
    if subprocess.run([os.path.join(REPOSITORY, "tools", "setup"), "--bench"]).returncode:
        fail("tools/setup --bench failed")
    os.makedirs(BUILD, exist_ok=True)
    # As in tools/common.sh: a clone that belongs to another user is readable to git in our child processes.
    os.environ.update(GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0=REPOSITORY)
    log = os.path.join(BUILD, "bench-build.log")
    open(log, "w").close()
    quiet(["cmake", "--preset", "release", "-DGRADUS_BENCHMARKS=ON", "-DGRADUS_TESTS=ON"], "configure", log)
    jobs = str(len(os.sched_getaffinity(0)))
    known = subprocess.run(["cmake", "--build", "--preset", "release", "--target", "help"], cwd=REPOSITORY,
                           capture_output=True, text=True).stdout
    targets = [target for pair in pairs for target in (pair if peers else pair[:1])
               if re.search(rf"^{target}: ", known, re.MULTILINE)]
    if pairs[0][0] not in targets:
        fail(f"no target {pairs[0][0]}: is Google Benchmark installed?")
    say(f"building {', '.join(targets)}")
    quiet(["cmake", "--build", "--preset", "release", "-j", jobs, "--target", *targets], "build the benchmarks", log)
    return [tuple((os.path.join(BUILD, "bin", target),) if target in targets else None for target in pair)
            for pair in pairs]


def programs_of_today(python):
    """{prefix of their rows: command} of the peers that this Python can run."""
    if not os.access(python, os.X_OK) or os.path.isdir(python):
        fail(f"--python: {python} cannot be run: expected a Python with torch or jax, such as .peers/bin/python", 2)
    found = {}
    for prefix, (package, program, how) in TODAY.items():
        needed = f"import {package}, google_benchmark"
        if subprocess.run([python, "-c", needed], stdin=subprocess.DEVNULL, capture_output=True).returncode:
            say(f"note: {python} cannot {needed}: no rows of {prefix}")
        else:
            found[prefix] = ("/usr/bin/env", *HEAP, python, os.path.join(HERE, "peers", program), how)
    if not found:
        fail(f"--python: {python} has none of the peers: expected torch or jax beside google_benchmark, as tools/setup "
             "--peers installs them into .peers", 2)
    return found


def start(program, arguments, core):
    """The output of a program, ours or a peer's, given as its command, on one core with one thread."""
    result = subprocess.run([*program, *arguments], env={**os.environ, **ENVIRONMENT}, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        what = " ".join(os.path.basename(word) for word in program)
        fail(f"{what} {arguments[0]} failed with exit code {result.returncode}: {lines[-1]}")
    return result.stdout


def listed(program, core):
    """The names of its rows."""
    return [own_name(name) for name in start(program, ["--benchmark_list_tests=true"], core).split()]


def own_name(name):
    """Without what Google Benchmark adds where the time is that of all threads."""
    return name.removesuffix("/process_time")


def run(program, names, seconds, core):
    """One round of the benchmarks named. Returns ({name: microseconds}, {name: (rate, unit)}, context)."""
    report = json.loads(start(program, [f"--benchmark_filter=^({'|'.join(names)})(/process_time)?$",
                                        "--benchmark_format=json", f"--benchmark_min_time={seconds}"], core))
    times, rates = {}, {}
    for row in report["benchmarks"]:
        if row.get("error_occurred"):
            fail(f"{row['name']}: {row.get('error_message', 'failed')}")
        if row.get("run_type", "iteration") == "iteration":
            name = own_name(row["run_name"])
            times[name] = row["cpu_time"] * MICROSECONDS[row["time_unit"]] / row.get("nodes", row.get("steps", 1))
            rates.update({name: (row[unit], unit) for unit in ("GFLOP/s", "GB/s") if unit in row})
    return times, rates, report["context"]


def measure_memory(program, prefix, wanted, core, rounds):
    """{full name: [megabytes]} of the cases whose name matches."""
    names = [name for name in start(program, ["--memory"], core).split() if wanted.search(name)]
    return {f"{prefix}/{name}": [float(start(program, [f"--memory={name}"], core)) / 1e6 for _ in range(rounds)]
            for name in names}
