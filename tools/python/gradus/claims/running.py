"""Runs the sweeps of studies at a budget, one after the other on all cores, and says what they cost."""
import os
import re
import subprocess

from . import origin
from ..report import command

INTERRUPTED, PENDING = 130, 75


def folder_of(output, study, sweep):
    """Where the runs of a study's sweep lie."""
    return output / study.name / sweep


class Sweeps:
    """The sweep tool, with the budget and the folder of all studies."""

    def __init__(self, programs, budget, output, jobs=None, quiet=False, again=()):
        self.tool, self.budget, self.output = programs / "sweep", budget, output
        self.told = subprocess.DEVNULL if quiet else None  # what the sweeps say besides errors
        self.jobs, self.options = jobs, [*(["--quiet"] if quiet else []), *again]
        if not os.access(self.tool, os.X_OK):
            raise command.Failure(f"no program {self.tool}; expected it built: cmake --build --preset release", 2)

    def command_of(self, study, name, *more):
        file = study.sweeps()[name]
        variant = [] if self.budget == "standard" else ["--variant", self.budget]
        widen = ["--widen"] if self.budget != "smoke" and study.selects(name, self.budget) else []
        jobs = study.jobs or self.jobs
        told = ["--study", origin.text_of(study, file), *(["--jobs", str(jobs)] if jobs else [])]
        return [str(self.tool), "run", str(file), *variant, *widen, *told, "--output",
                str(folder_of(self.output, study, name)), *self.options, *more]

    def counts(self, study):
        """How many runs the study's sweeps have. Raises Failure for what the sweep tool refuses."""
        count = 0
        for name in study.sweeps():
            result = subprocess.run(self.command_of(study, name, "--dry-run"), capture_output=True, text=True,
                                    stdin=subprocess.DEVNULL)
            if result.returncode:
                raise command.Failure(f"{study.name}: {result.stderr.strip() or 'sweep run --dry-run failed'}", 2)
            count += sum(" --output=" in line for line in result.stdout.splitlines())
            count += sum(map(int, re.findall(r"waits for stage .*: about (\d+) runs", result.stderr)))
        return count

    def run(self, study):
        """The exit code of the first of the study's sweeps that does not end well, or 0."""
        for name in study.sweeps():
            folder_of(self.output, study, name).parent.mkdir(parents=True, exist_ok=True)
            code = subprocess.run(self.command_of(study, name), stdin=subprocess.DEVNULL, stdout=self.told).returncode
            if code < 0:
                return 128 - code
            if code:
                return code
        return 0


def cost_table(studies, budget, counts, cores):
    """Lines that say beforehand what is to be run and what it takes."""
    lines = [f"{'study':28} {'runs':>6} {'core-seconds':>12}"]
    total = minutes = 0
    for study in studies:
        seconds = study.seconds[budget]
        total += seconds
        minutes += seconds / 60 / (study.jobs or cores)
        lines.append(f"{study.name:28} {counts[study.name]:6} {seconds:12,.0f}")
    lines.append(f"{'all':28} {sum(counts.values()):6} {total:12,.0f}: about {minutes:.0f} minutes on "
                 f"{cores} cores, for what is not there yet")
    return lines
