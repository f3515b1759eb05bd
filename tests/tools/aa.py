#!/usr/bin/python3
"""A/A: Adam entered under two names with disjoint seeds, through tuning and verdict. Nothing may come of it but chance.

usage: aa.py [--full]

Each repetition draws 32 rates for each of the two, trains 3 seeds of each, chooses by validation, judges the chosen on 10
fresh seeds, and asks for a verdict at alpha = 5 % with delta = 0. Losses are synthetic: a response curve that both share,
with an edge of divergence, times noise with heavy tails, in part common to validation and test. Then the same with a true
effect of three standard deviations of a pair's difference, which must nearly always be found. 40 repetitions of each kind
of noise; with --full 200.
"""
import pathlib
import sys
import unittest

import numpy as np
from scipy import stats

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"))
from gradus.inference import Comparison, Effect, Pairs, Trials, judge  # noqa: E402

DRAWS, TUNING_SEEDS, SEEDS = 32, 3, 10
# Of the log loss: deviation of noise against a curve that rises by one a decade squared.
NOISES = {"little": 0.002, "some": 0.02, "much": 0.2}


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


def separated(noise, repetitions, worse, counted=True):
    """(share of repetitions with a verdict, share of those for the first)."""
    found = []
    for repetition in range(repetitions):
        rng = np.random.default_rng([7, repetition])
        (a, trials_a), (b, trials_b) = Adam(noise, rng).tuned(), Adam(noise, rng, worse).tuned()
        pairs = Pairs("synthetic", a, b, *((trials_a, trials_b) if counted else ()))
        judged, = judge([Comparison("a-is-lower", Effect("ratio", "lower", [pairs]))])
        found.append(judged.verdict)
    return np.mean([verdict != "undecided" for verdict in found]), found.count("supported") / repetitions

if __name__ == "__main__":
    import time
    for name, noise in NOISES.items():
        for counted in (True, False):
            t=time.time()
            print(name, counted, separated(noise, 200, 0, counted), separated(noise, 200, 3 * np.sqrt(2) * noise, counted), time.time()-t)
