"""All that a report tells: the runs of every study, the verdicts over all claims together, a picture for each."""
from dataclasses import dataclass, field

from . import evidence, judging, origin, pictures, profiles, quantities, running
from .clock import ALLOWED, Clock
from .quantities import NotMeasured


@dataclass
class Findings:
    """What was found in a folder of results of one budget."""
    budget: str
    studies: dict                                 # {name: Study}
    sweeps: dict = field(default_factory=dict)    # {(study, sweep): SweepRuns}
    decided: list = field(default_factory=list)   # a Decided for each claim
    pictures: dict = field(default_factory=dict)  # {claim: Panel}
    profiled: dict = field(default_factory=dict)  # {study: a Profiled for each of its profiles}

    def of_study(self, name):
        return [one for one in self.decided if one.claim.study == name]

    def seconds(self, name):
        """Core-seconds that the study's runs took."""
        return sum(float(run.attributes.get("seconds") or 0) for (study, _), found in self.sweeps.items()
                   if study == name for run in found.runs)


def find(studies, budget, output, programs, tell=lambda text: None):
    """The Findings of studies whose runs lie in `output`. tell: of each study that is read."""
    findings = Findings(budget, studies)
    clock = Clock(output, programs)
    compared, tunings, functions = [], {}, {}
    for study in studies.values():
        tell(study.name)
        functions[study.name] = quantities.functions_of(study.functions()) if study.functions().is_file() else None
        for name in study.sweeps():
            claims = [claim for claim in study.claims if claim.sweep == name]
            drawn = [profile for profile in study.profiles if profile.sweep == name]
            found = evidence.load(running.folder_of(output, study, name), evidence.tables_of(claims, drawn))
            findings.sweeps[study.name, name] = found
            findings.profiled.setdefault(study.name, []).extend(
                profiles.profiled(profile, found, clock.seconds_of_step) for profile in drawn)
            for claim in claims:
                one = evidence.compare(claim, found, clock.seconds_of_step, functions[study.name])
                differ = clock.worst_difference(one.runs) if claim.quantity.timed() else 0.0
                if differ > ALLOWED:
                    one.missing.append(f"two timings of a step differ by {differ:.1%}")
                compared.append(one)
                tunings[claim.name] = _trials(one, found, clock, functions[study.name])
    findings.decided = judging.decide(compared, {name: trials for name, (trials, *_) in tunings.items()})
    for one in findings.decided:
        study = studies[one.claim.study]
        found = findings.sweeps[study.name, one.claim.sweep]
        _, one.borders, one.wider = tunings[one.claim.name]
        choosing = [run for run in found.runs if run.stage in one.claim.choices]
        one.stale = origin.stale(study, study.sweeps()[one.claim.sweep], one.compared.runs + choosing, programs)
        if one.claim.quantity.timed():
            one.clock = clock.worst_difference(one.compared.runs)
            if clock.stale(one.compared.runs):
                one.stale.append("the clock was not calibrated with the build and on the processor of its runs")
        one.contended = one.claim.quantity.takes_own_seconds() and study.jobs != 1
        picture = pictures.picture_of(one, found, clock.seconds_of_step, functions[study.name])
        if picture:
            findings.pictures[one.claim.name] = picture
    return findings


def timed_runs(studies, output):
    """Runs whose seconds a claim reads: what the clock is calibrated for."""
    runs = []
    for study in studies.values():
        for claim in study.claims:
            if claim.quantity.timed():
                found = evidence.load(running.folder_of(output, study, claim.sweep), set())
                mine = [run for stage in (claim.stage, *claim.choices) for run in found.runs if run.stage == stage]
                runs += evidence.chosen(mine, claim.a) + (evidence.chosen(mine, claim.b) if claim.b else [])
        for profile in study.profiles:
            if profile.quantity.timed():
                found = evidence.load(running.folder_of(output, study, profile.sweep), set())
                runs += [run for run in found.runs if run.stage == profile.stage]
    return runs


def _trials(compared, found, clock, functions):
    """({(workload, side): trials}, lines on settings at the border, lines on spaces that were widened).

    Where a choice cannot be counted, the claim is told and not decided.
    """
    borders, wider = [], []
    try:
        tunings = judging.tunings_of(compared.claim, found)
        for tuning in tunings:
            borders += tuning.borders(compared.runs)
            wider += tuning.wider(compared.runs)
        return judging.trials_of(compared, tunings, clock.seconds_of_step, functions), borders, wider
    except NotMeasured as problem:
        compared.missing.append(f"choice not counted: {problem}")
        return {}, borders, wider
