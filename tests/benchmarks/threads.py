"""What threads gain: tools/bench --threads."""
import json
import os
import subprocess

from gradus.report import command
from gradus.report.command import say
from programs import INSTRUCTIONS, build, fail

PROGRAM = "thread_benchmarks"
COLUMNS = ("name", "threads", "one_us", "several_us", "speedup")


def measure(program, pattern, rounds, seconds, instructions=None):
    """[row of COLUMNS], the least times over all rounds."""
    environment = os.environ | INSTRUCTIONS.get(instructions, {})
    listed = subprocess.run([program, "--benchmark_list_tests=true"], capture_output=True, text=True, env=environment,
                            check=True).stdout
    # Without what Google Benchmark adds where the time is measured by the program.
    names = [name for name in (line.removesuffix("/manual_time") for line in listed.split()) if pattern.search(name)]
    least = {}
    for turn in range(rounds if names else 0):
        say(f"round {turn + 1} of {rounds}")
        result = subprocess.run([program, f"--benchmark_filter=^({'|'.join(names)})(/manual_time)?$",
                                 "--benchmark_format=json", f"--benchmark_min_time={seconds}"],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        if result.returncode:
            fail(f"{PROGRAM} failed with exit code {result.returncode}: {result.stderr.strip()[-200:]}")
        for row in json.loads(result.stdout)["benchmarks"]:
            _, *name, threads = row["run_name"].removesuffix("/manual_time").split("/")
            key = "/".join(name), int(threads)
            before = least.get(key, (float("inf"),) * 2)
            least[key] = min(before[0], row["one_us"]), min(before[1], row["least_us"])
    return [dict(zip(COLUMNS, (*key, one, several, one / several))) for key, (one, several) in least.items()]


def picture(rows, path):
    """The ratios as bars: a group for each network or optimizer, a colour for each kind of work."""
    from gradus.report import figures  # sets matplotlib up
    import matplotlib
    threads = max(row["threads"] for row in rows)
    found = {}  # of each kind of work, the ratios by what it was done with
    for row in rows:
        if row["threads"] == threads:
            kind, _, rest = row["name"].partition("/")
            found.setdefault(kind, {})[rest] = row["speedup"]
    groups = list(dict.fromkeys(name for ratios in found.values() for name in ratios))
    with matplotlib.rc_context({**figures.style(figures.PAPER_INK), **figures.SVG}):
        figure = matplotlib.figure.Figure(figsize=(8, 0.42 * len(groups) + 1.6), layout="constrained")
        axes = figure.subplots()
        for i, (kind, colour) in enumerate(zip(found, ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#999999"))):
            at = [(groups.index(name) + 0.22 * (i - 1) if i < 3 else groups.index(name)) for name in found[kind]]
            axes.barh(at, found[kind].values(), 0.2, color=colour, label=kind)
        axes.axvline(1, color=figures.PAPER_INK, linewidth=0.8)
        axes.set_yticks(range(len(groups)), groups)
        axes.invert_yaxis()
        axes.set_xlim(0, None)
        axes.set_xlabel(f"times as fast with {threads} threads as with one")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(found))
        temporary = f"{path}.{os.getpid()}"
        figure.savefig(temporary, format="svg", metadata={"Date": None})
    os.replace(temporary, path)


def compare(options):
    """tools/bench --threads. Returns the exit code."""
    program = build(peers=False, pairs=((PROGRAM,),))[0][0][0]
    busy = os.getloadavg()[0]
    if busy > 0.3:
        say(f"note: the machine is busy (load {busy:.1f}): threads that wait for a processor gain nothing")
    rows = measure(program, options.filter, options.rounds, options.min_time, options.instructions)
    if not rows:
        fail(f"no benchmark of threads matches '{options.filter.pattern}'")
    say(f"\nboth with {options.instructions}" if options.instructions else "")
    say(f"{'name':34} {'threads':>7} {'one':>12} {'several':>12}     {'times as fast':>13}")
    for row in rows:
        say(f"{row['name']:34} {row['threads']:7} {row['one_us']:12.1f} {row['several_us']:12.1f} us {row['speedup']:13.2f}")
    if options.csv:
        lines = [",".join(str(row[column]) for column in COLUMNS) for row in rows]
        command.replace(options.csv, "\n".join([",".join(COLUMNS), *lines, ""]).encode())
    if options.svg:
        picture(rows, options.svg)
    return 0
