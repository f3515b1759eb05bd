#!/usr/bin/python3
"""A/A: Adam entered under two names with disjoint seeds, through tuning and verdict. Nothing may come of it but chance.

usage: aa.py [--full]

Each repetition draws 32 rates for each of the two, trains 3 seeds of each, chooses by validation, judges the chosen on
10 fresh seeds, and asks for a verdict at alpha = 5 % with delta = 0. Losses are synthetic: a response curve that both
share, with an edge of divergence, times noise with heavy tails, in part common to validation and test. At most 5 % may
be separated. Then one is truly worse by three standard deviations of a pair's difference, which must nearly always be
found, unless the noise of seeds is so little that the luck of the draws is larger. Last, intervals that know nothing of
the choice must separate more than 5 %, or this would test nothing. Reports of several claims at once, on shares of what
comes about and on times that are censored and seen at looks alone, may separate any of them in 5 % too. What the choice
alone adds is put to the test at the level of one of 200 claims, with a hundred times as many repetitions. 40 repetitions;
with --full 200.
"""
import argparse
import gc
import pathlib
import sys

import numpy as np
from scipy import stats

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"))
from gradus.inference import Comparison, Effect, Pairs, Trials, judge  # noqa: E402

DRAWS, TUNING_SEEDS, SEEDS = 32, 3, 10
CLAIMS = 200  # of a report, of which one's level is alpha / 200
# Deviation of the log loss over seeds (the curve rises by 1 per decade squared), workloads, the power that must be.
CASES = [(0.02, 1, 0.0), (0.1, 1, 0.9), (0.1, 3, 0.95), (0.3, 1, 0.95)]


class Adam:
    """A synthetic training: (validation, test) losses by log10 of the rate."""

    def __init__(self, noise, rng, worse=0.0):
        self.noise, self.rng, self.worse = noise, rng, worse

    def losses(self, rates, seeds):
        """[rates, seeds] each."""
        distance = rates[:, None] + 2.5
        curve = np.where(distance > 0, 2 * distance ** 2, distance ** 2) + self.worse
        shape = len(rates), seeds
        common = self.noise * 0.8 * stats.t.rvs(4, size=shape, random_state=self.rng) / np.sqrt(2)  # of variance 1
        own = self.noise * 0.6 * self.rng.standard_normal((2, *shape))
        diverged = self.rng.random(shape) < np.clip(distance - 1, 0, 1)
        return np.where(diverged, np.inf, np.exp(curve + common + own[0])), np.exp(curve + common + own[1])

    def tuned(self):
        """(test losses [seeds] of the chosen rate, the trials that it was chosen among)."""
        rates = self.rng.uniform(-5, 0, DRAWS)
        trials = Trials(*self.losses(rates, TUNING_SEEDS))
        return self.losses(rates[[trials.winner]], SEEDS)[1][0], trials


def separated(noise, workloads, repetitions, worse=0.0, counted=True):
    """[supported, refuted, depends] of the first's being lower: how many repetitions each."""
    verdicts = []
    for repetition in range(repetitions):
        rng = np.random.default_rng([7, repetition])
        pairs = []
        for workload in range(workloads):
            a, trials_a = Adam(noise, rng).tuned()
            b, trials_b = Adam(noise, rng, worse).tuned()
            pairs.append(Pairs(f"workload {workload}", a, b, *((trials_a, trials_b) if counted else ())))
        judged, = judge([Comparison("the first is lower", Effect("ratio", "lower", pairs))])
        verdicts.append(judged.verdict)
    return [verdicts.count(verdict) for verdict in ("supported", "refuted", "depends")]


def outcomes(share, rng, seeds):
    """Whether something came about, equally often for both."""
    return Effect("difference", "higher", [Pairs("w", rng.random(seeds) < share, rng.random(seeds) < share,
                                                 outcomes=(True, True))])


def times(share, rng, seeds):
    """Times to a target that so many reach, seen every 100 steps, censored at 1000."""
    scale = -1000 / np.log(1 - share)
    a, b = (np.minimum(np.ceil(rng.exponential(scale, seeds) / 100) * 100, 1000) for _ in range(2))
    return Effect("ratio", "lower", [Pairs("w", a, b, resolutions=(100, 100))])


def separated_reports(make, share, seeds, repetitions, claims=4):
    """In how many reports of so many claims, of which none holds, any is separated."""
    found = 0
    for repetition in range(repetitions):
        rng = np.random.default_rng([8, repetition])
        judged = judge([Comparison(str(at), make(share, rng, seeds)) for at in range(claims)])
        found += any(one.verdict != "undecided" for one in judged)
    return found


def beyond(repetitions, level):
    """In how many pairs of choices that no noise touches the winners are further apart than an interval says."""
    found = 0
    for repetition in range(repetitions):
        rng = np.random.default_rng([9, repetition])
        (a, trials_a), (b, trials_b) = (Adam(0.0, rng).tuned() for _ in range(2))
        effect = Effect("ratio", "lower", [Pairs("w", a, b, trials_a, trials_b)])
        found += abs(effect.estimate) > effect.changes.size(level)
    return found


REPORTS = [(outcomes, 0.5, 30), (outcomes, 0.97, 30), (outcomes, 0.9, 10), (times, 0.9, 10), (times, 0.5, 10)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--full", action="store_true", help="200 repetitions instead of 40")
    repetitions = 200 if arguments.parse_args().full else 40
    gc.freeze()  # statsmodels collects garbage with every call
    failed = []
    for noise, workloads, power in CASES:
        same = sum(separated(noise, workloads, repetitions))
        found = separated(noise, workloads, repetitions, 3 * np.sqrt(2) * noise)
        most = stats.beta.ppf(0.95, same + 1, repetitions - same)
        case = f"noise {noise:g}, {workloads} workload{'s' if workloads > 1 else ''}"
        print(f"{case}: {same} of {repetitions} separated (so at most {most:.1%} of all that could be are, by the "
              f"binomial's 95 % bound); a true effect found in {found[0]}")
        if same > 0.05 * repetitions:
            failed.append(f"{case}: {same} of {repetitions} A/A comparisons were separated, expected at most 5 %")
        if found[0] < power * repetitions or found[1] + found[2] > 0.05 * repetitions:
            failed.append(f"{case}: a true effect was found in {found[0]} of {repetitions} and turned round in "
                          f"{found[1] + found[2]}, expected at least {power:.0%} and at most 5 %")
    for make, share, seeds in REPORTS:
        found = separated_reports(make, share, seeds, repetitions)
        case = f"reports of 4 claims on {make.__name__}, {share:.0%} come about, {seeds} seeds"
        print(f"{case}: any separated in {found} of {repetitions}")
        if stats.binomtest(found, repetitions, 0.05, "greater").pvalue < 0.01:
            failed.append(f"{case}: separated in {found} of {repetitions}, expected 5 %")
    level, pairs = 1 - 0.05 / CLAIMS, 100 * repetitions
    found = beyond(pairs, level)
    print(f"The choice alone at {level:.3%}: {found} of {pairs} pairs of winners are further apart")
    if stats.binomtest(found, pairs, 1 - level, "greater").pvalue < 0.01:
        failed.append(f"{found} of {pairs} pairs of winners are further apart than {level:.3%} of them may be")
    uncounted = sum(separated(*CASES[0][:2], repetitions, counted=False))
    print(f"The first case with the choice not counted: {uncounted} of {repetitions} separated")
    if uncounted <= 0.05 * repetitions:
        failed.append(f"{uncounted} of {repetitions} separated with the choice not counted, expected more than 5 %")
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
