"""Calibrated seconds of a step: the median of a training alone on one core, twice. A sweep's own are contended."""
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

from ..records import folder as run_folder
from ..records.grouping import configuration
from ..records.run import Want
from ..report import command

CLOCK_FILE = "clock.json"
PIECES = 20         # of a timing, whose median counts
SECONDS = {"smoke": 0.02, "standard": 1.0, "full": 3.0}  # of a timing, about
ALLOWED = 0.03      # by which a second timing may differ
MOST_TRIES = 4
MADE_BY = ("executable_sha256", "processor")  # attributes of a run, on which a timing rests
RATES = ("learning_rate", "momentum", "beta1", "beta2", "epsilon", "rho")  # a penalty or a noise of 0 may be left out
BUDGET = ("budget_steps", "budget_epochs", "budget_examples", "budget_gradients", "budget_products", "budget_seconds",
          "budget_gradient_equivalents", "evaluation_interval", "seed", "stage", "fork_step")


class NotTimed(Exception):
    """A timing that did not come to its end: why."""


def key_of(run):
    """Of settings: two runs with one key take the same time for a step, which no rate changes; another number may, as a
    tolerance.
    """
    rates = [name for name, value in run.options.items() if isinstance(value, float) and name in RATES]
    program, options = configuration(run.loaded, without=(*BUDGET, *rates))
    return json.dumps([program, sorted(map(repr, options))])


class Clock:
    """The timings of a machine and its programs, in a file."""

    def __init__(self, output, programs, budget="standard"):
        self.length, self.most = SECONDS[budget], 2 if budget == "smoke" else MOST_TRIES
        self.path, self.programs = pathlib.Path(output) / CLOCK_FILE, pathlib.Path(programs)
        try:
            self.timings = json.loads(self.path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            self.timings = {}

    def seconds_of_step(self, run):
        """None of a run that was not timed, or is not to be: its seconds would be those of another program's answers."""
        if run.attributes.get("untimed"):
            return None
        timing = self.timings.get(key_of(run))
        return timing and timing["seconds"]

    def stale(self, runs):
        """Whether one of the runs was timed with another build or on another processor, or not at all."""
        return any(self.timings.get(key_of(run), {}).get(name) != run.attributes.get(name)
                   for run in runs for name in MADE_BY)

    def calibrate(self, runs, tell=lambda text: None):
        """Times the settings that are not in the file, or were timed with another build or on another processor."""
        settings, runs = {}, [run for run in runs if not run.attributes.get("untimed")]
        for run in sorted(runs, key=lambda run: run.status != "completed"):  # of equals one that goes to its end
            settings.setdefault(key_of(run), run)
        wanted = {key: run for key, run in settings.items() if self.stale([run])}
        for place, (key, run) in enumerate(wanted.items()):
            tell(f"clock: {place + 1} of {len(wanted)}")
            try:
                self.timings[key] = self._time(run)
            except NotTimed as problem:
                command.warn("claims", f"clock: {problem}; what is measured in its seconds is not decided")
                self.timings.pop(key, None)
            self._write()

    def worst_difference(self, runs):
        """The largest share by which two timings of a run's step differ."""
        timings = map(self.timings.get, set(map(key_of, runs)))
        return max((timing["difference"] for timing in timings if timing), default=0.0)

    def _time(self, run):
        program = self.programs / run.attributes["program"]
        steps = 40
        seconds, _ = self._seconds_of_step(program, run, steps)
        steps = max(steps, int(self.length / max(seconds, 1e-7)))
        tries = []
        while len(tries) < 2 or (len(tries) < self.most and self._difference(tries) > ALLOWED):
            seconds, made_by = self._seconds_of_step(program, run, steps)
            tries.append(seconds)
        return {"seconds": min(tries[-2:]), "difference": self._difference(tries), "steps": steps, "tries": tries,
                **made_by}

    @staticmethod
    def _difference(tries):
        return abs(tries[-1] - tries[-2]) / min(tries[-2:])

    def _seconds_of_step(self, program, run, steps):
        """The median over pieces of a training alone on the first core that there is, and MADE_BY of that run."""
        core = min(os.sched_getaffinity(0))
        given = run.loaded.given or run.options  # all of them, where nothing tells which were given
        options = {name: value for name, value in given.items() if name not in BUDGET}
        with tempfile.TemporaryDirectory() as folder:
            argv = ["taskset", "--cpu-list", str(core), str(program), f"--output={folder}/run", "--quiet",
                    f"--budget-steps={steps}", f"--evaluation-interval={max(1, steps // PIECES)}",
                    "--fingerprint-interval=0",
                    *(f"--{name.replace('_', '-')}={_written(value)}" for name, value in options.items())]
            result = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if result.returncode:
                raise NotTimed(f"{program.name} ended with code {result.returncode}: {result.stderr.strip()}")
            loaded, = run_folder.load(f"{folder}/run").runs
            (_, tables, _), = run_folder.read([loaded], Want(whole=frozenset(["evaluation"])))
        rows = tables["evaluation"]
        pieces = [(b - a) / (j - i) for a, b, i, j in zip(rows.columns["training_seconds"], rows.columns[
            "training_seconds"][1:], rows.index, rows.index[1:]) if j > i]
        return statistics.median(pieces[1:] or pieces), {name: loaded.attributes.get(name) for name in MADE_BY}

    def _write(self):
        command.replace(str(self.path), json.dumps(self.timings, indent=1).encode())


def _written(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
