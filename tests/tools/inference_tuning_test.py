#!/usr/bin/python3
"""gradus.inference.tuning: what a choice among draws adds to an interval, the best of k, the border of a space."""
import itertools
import math
import pathlib
import sys
import unittest

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"))
from gradus.inference import Effect, Pairs, Trials, at_border, best_of_k, interval, p_value  # noqa: E402
from gradus.inference import intervals  # noqa: E402

VALIDATION = [[3.0, 3.2], [1.0, 1.4], [math.inf, 1.0], [2.0, 2.0], [0.9, 2.3], [5.0, 4.0]]
TEST = [[30.0, 31.0], [14.0, 12.0], [99.0, 99.0], [20.0, 22.0], [10.0, 11.0], [50.0, 40.0]]


class Choice(unittest.TestCase):
    trials = Trials(VALIDATION, TEST)

    def test_the_best_mean_validation_wins_and_what_diverged_does_not(self):
        self.assertEqual(self.trials.winner, 1)
        self.assertEqual(list(self.trials.order), [1, 4, 3, 0, 5, 2])
        self.assertEqual(Trials(-np.array(VALIDATION), TEST, "higher").winner, 1)

    def test_changes_are_those_of_resampled_draws(self):
        told = np.array([13.0, 10.5, 21.0, 30.5, 45.0, 99.0])  # by validation
        changes, chances = self.trials.changes("difference")
        best = np.random.default_rng(1).integers(6, size=(200000, 6)).min(axis=1)
        np.testing.assert_allclose(chances, np.bincount(best, minlength=6) / len(best), atol=0.004)
        self.assertAlmostEqual(chances.sum(), 1)
        np.testing.assert_allclose(changes, told - 13)
        np.testing.assert_allclose(self.trials.changes("ratio")[0], np.log(told / 13))

    def test_tails_that_no_resampling_reaches(self):
        """Of 32 draws, each of which another is as far from as its rank: the best of as many is beyond the r-th with
        ((31 - r) / 32) ** 32; of both sides' the sum of the products.
        """
        trials = Trials(np.arange(32.0)[:, None], 1 + np.arange(32.0)[:, None])
        chances = trials.changes("difference")[1]
        one = Effect("difference", "lower", [Pairs("w", [1.0, 1.0], [50.0, 50.0], trials)])
        both = Effect("difference", "lower", [Pairs("w", [1.0, 1.0], [50.0, 50.0], trials, trials)])
        for rank in (5, 12, 15):
            tail = ((31 - rank) / 32) ** 32
            self.assertEqual(one.changes.size(1 - tail * (1 + 1e-3)), rank)
            self.assertEqual(one.changes.size(1 - tail * (1 - 1e-3)), rank + 1)
            apart = sum(chances[a] * chances[b] for a in range(32) for b in range(32) if abs(a - b) > rank)
            self.assertEqual(both.changes.size(1 - apart * (1 + 1e-3)), rank)
        seeds = 9.5 + 1e-6 * np.arange(10)
        few = Effect("difference", "lower", [Pairs("w", np.ones(10), seeds, trials)])
        self.assertAlmostEqual(p_value(few) / (23 / 32) ** 32, 1, places=2)  # that the choice is more than 8 off
        far = Effect("difference", "lower", [Pairs("w", np.ones(10), seeds + 30, trials)])
        self.assertEqual(p_value(far), intervals.FINEST)

    def test_many_choices_are_in_cells(self):
        """Of six workloads with both sides tuned, against as many resamples."""
        rng = np.random.default_rng(3)
        sides = [Trials(np.arange(16.0)[:, None], rng.lognormal(0, 1, (16, 1))) for _ in range(12)]
        effect = Effect("ratio", "lower", [Pairs(f"{at}", [1.0, 1.0], [2.0, 2.0], *sides[2 * at:2 * at + 2])
                                           for at in range(6)])
        drawn = sum((-1) ** at * rng.choice(of.changes("ratio")[0], 400000, p=of.changes("ratio")[1])
                    for at, of in enumerate(sides)) / 6
        for level in (0.5, 0.95, 0.999):
            self.assertAlmostEqual(effect.changes.size(level), np.quantile(np.abs(drawn), level), delta=0.02)

    def test_an_interval_counts_it(self):
        a, b = np.array([10.0, 11, 12, 10]), np.array([14.0, 14, 15, 13])
        plain, tuned, both = (Effect("difference", "lower", [Pairs("w", a, b, *trials)]) for trials in (
            (), (self.trials,), (self.trials, self.trials)))
        widths = [high - low for low, high in map(interval, (plain, tuned, both))]
        self.assertTrue(widths[0] < widths[1] < widths[2], widths)
        for effect in (tuned, both):
            p = p_value(effect)
            self.assertGreater(p, p_value(plain))
            self.assertGreater(interval(effect, 1 - p * 1.02)[0], 0)
            self.assertLess(interval(effect, 1 - p * 0.98)[0], 0)
        with self.assertRaisesRegex(ValueError, "chosen draw's test value is -1: expected a finite number above 0"):
            Effect("ratio", "lower", [Pairs("w", a, b, Trials([[1.0]], [[-1.0]]))])
        nothing = Trials([[1.0]] * 4, [[2.0]] * 4)  # a choice that does not matter
        np.testing.assert_allclose(interval(Effect("ratio", "lower", [Pairs("w", a, b, nothing, nothing)])),
                                   interval(Effect("ratio", "lower", [Pairs("w", a, b)])))


class BestOfK(unittest.TestCase):
    def test_against_all_subsets(self):
        for trials in (Trials(VALIDATION, TEST), Trials(np.negative(VALIDATION), TEST, "higher")):
            found = best_of_k(trials)
            mean = np.mean(VALIDATION, axis=1)
            told = np.mean(TEST, axis=1)
            for k, expected in zip(found.ks, found.expected):
                subsets = list(itertools.combinations(range(6), k))
                self.assertAlmostEqual(expected, np.mean([told[min(subset, key=mean.__getitem__)]
                                                          for subset in subsets]))
            self.assertTrue((found.low <= found.expected).all() and (found.expected <= found.high + 1e-9).all())

    def test_equal_validation_shares(self):
        found = best_of_k(Trials([[1.0], [1.0], [2.0]], [[10.0], [20.0], [90.0]]), [3])
        self.assertAlmostEqual(found.expected[0], 15)

    def test_more_draws_than_there_are(self):
        with self.assertRaisesRegex(ValueError, "expected from 1 to the 6 draws"):
            best_of_k(Trials(VALIDATION, TEST), [7])


class Border(unittest.TestCase):
    def test_the_outer_twentieth(self):
        self.assertTrue(at_border(0.0001, 1e-4, 1, log=True))
        self.assertTrue(at_border(10 ** -3.81, 1e-4, 1, log=True))
        self.assertFalse(at_border(10 ** -3.79, 1e-4, 1, log=True))
        self.assertTrue(at_border(0.97, 0, 1))
        self.assertFalse(at_border(0.94, 0, 1))
        with self.assertRaisesRegex(ValueError, "expected one within"):
            at_border(2, 0, 1)


if __name__ == "__main__":
    unittest.main()
