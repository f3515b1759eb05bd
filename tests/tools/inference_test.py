#!/usr/bin/python3
"""gradus.inference: effects, their intervals and p, Holm's verdicts, races to a target."""
import itertools
import math
import pathlib
import sys
import unittest
from unittest import mock

import numpy as np
from scipy import stats

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"))
from gradus.inference import (Comparison, Effect, Pairs, Race, interval, judge, p_value, shares_of_first,  # noqa: E402
                              sign_flip_p)
from gradus.inference import effects, intervals  # noqa: E402

A = np.array([3.1, 2.9, 3.6, 3.3, 2.7])
B = np.array([3.5, 3.3, 3.5, 4.0, 3.4])


def difference(*values, better="higher"):
    """An effect of these differences, one row a workload."""
    return Effect("difference", better, [Pairs(f"workload {at}", row, 0) for at, row in enumerate(values)])


class Effects(unittest.TestCase):
    def test_above_0_speaks_for_a(self):
        for kind, size in (("difference", B.mean() - A.mean()), ("ratio", math.log(B.mean() / A.mean()))):
            self.assertAlmostEqual(Effect(kind, "lower", [Pairs("w", A, B)]).estimate, size)
            self.assertAlmostEqual(Effect(kind, "higher", [Pairs("w", A, B)]).estimate, -size)

    def test_workloads_count_the_same_whatever_their_seeds(self):
        effect = difference([1, 2, 3], [10, 12])
        self.assertAlmostEqual(effect.estimate, (2 + 11) / 2)
        self.assertAlmostEqual(effect.without("workload 0").estimate, 11)
        self.assertAlmostEqual(effect.of("workload 0").estimate, 2)

    def test_what_cannot_be_compared_is_an_error(self):
        for kind, a, b in (("difference", [1, math.nan], [1, 2]), ("difference", [1, 2], [1, 2, 3]),
                           ("ratio", [-1, -2], [1, 2]), ("ratio", [1, 2], 0), ("quotient", [1, 2], [1, 2])):
            with self.assertRaises(ValueError):
                Effect(kind, "lower", [Pairs("w", a, b)])


class Intervals(unittest.TestCase):
    def test_of_one_workload_is_the_paired_t(self):
        effect = Effect("difference", "higher", [Pairs("w", A, B)])
        np.testing.assert_allclose(interval(effect, 0.9), stats.ttest_rel(A, B).confidence_interval(0.9))
        self.assertAlmostEqual(p_value(effect), stats.ttest_rel(A, B).pvalue)
        self.assertAlmostEqual(p_value(effect, -0.2), stats.ttest_1samp(A - B, -0.2).pvalue)

    def test_over_workloads_is_welchs_t(self):
        other = np.array([-1.0, 0.2, 0.5, -0.3])
        effect = difference(A - B, -other)
        self.assertAlmostEqual(p_value(effect), stats.ttest_ind(A - B, other, equal_var=False).pvalue)

    def test_of_a_ratio_is_by_the_delta_method(self):
        effect = Effect("ratio", "higher", [Pairs("w", A, B)])
        each = math.log(A.mean() / B.mean()) + A / A.mean() - B / B.mean()
        np.testing.assert_allclose(interval(effect), stats.ttest_1samp(each, 0).confidence_interval(0.95))

    def test_bca_is_scipys_and_its_p_is_where_it_ends(self):
        rng = np.random.default_rng(1)
        a, b = rng.lognormal(0.15, 0.3, 25), rng.lognormal(0, 0.3, 25)
        effect = Effect("ratio", "higher", [Pairs("w", a, b)])
        expanded = 1 - 2 * stats.norm.sf(math.sqrt(25 / 24) * stats.t.ppf(0.975, 24))
        ratio = stats.bootstrap((a, b), lambda x, y, axis: np.log(x.mean(axis=axis) / y.mean(axis=axis)), paired=True,
                                n_resamples=19999, confidence_level=expanded, random_state=3).confidence_interval
        np.testing.assert_allclose(interval(effect), ratio, atol=0.005)
        self.assertNotAlmostEqual(sum(interval(effect)) / 2, effect.estimate, places=4)  # of no symmetry
        p = p_value(effect, 0.02)
        self.assertTrue(0.001 < p < 0.999)
        low, high = interval(effect, 1 - p)
        self.assertLess(min(abs(low - 0.02), abs(high - 0.02)), 0.002)

    def test_t_stands_in_where_resamples_cannot_tell(self):
        values = np.random.default_rng(2).lognormal(0, 0.5, 25)
        effect = difference(values)
        np.testing.assert_allclose(interval(effect, 0.9999), stats.ttest_1samp(values, 0).confidence_interval(0.9999))
        self.assertAlmostEqual(p_value(effect) / stats.ttest_1samp(values, 0).pvalue, 1, places=2)
        judged = judge([Comparison("c", effect), *(Comparison(f"{at}", None, problem="lost") for at in range(99))])[0]
        self.assertEqual((judged.told_by, judged.verdict), ("paired t", "supported"))
        self.assertEqual(judge([Comparison("c", effect)])[0].told_by, "BCa")

    def test_equal_seeds_are_certain_of_what_no_seed_changes(self):
        for seeds in (3, 25):
            for kind, bound in (("difference", -0.1), ("ratio", math.log(0.1 / 0.2))):
                effect = Effect(kind, "higher", [Pairs("w", [0.1] * seeds, [0.2] * seeds, exact=True)])
                np.testing.assert_allclose(interval(effect, 0.999), bound)
                self.assertEqual(p_value(effect, bound), 1)
                self.assertEqual(p_value(effect, 0), intervals.FINEST)
        proportional = Effect("ratio", "higher", [Pairs("w", A / 3, A, exact=True)])
        np.testing.assert_allclose(interval(proportional), -math.log(3))

    def test_equal_seeds_else_tell_nothing(self):
        for kind in ("difference", "ratio"):
            effect = Effect(kind, "higher", [Pairs("w", [0.1] * 25, [0.2] * 25)])
            self.assertEqual((interval(effect), p_value(effect)), ((-math.inf, math.inf), 1))
            judged, = judge([Comparison("c", effect)])
            self.assertEqual((judged.verdict, judged.told_by), ("undecided", "equal seeds, which tell no spread"))

    def test_what_came_about_every_time_is_not_certain(self):
        ones, zeros = np.ones(30), np.zeros(30)
        share = Effect("difference", "higher", [Pairs("w", ones, 0.9, outcomes=(True, False))])
        self.assertAlmostEqual(interval(share, 0.95)[0], 0.025 ** (1 / 30) - 0.9)
        self.assertAlmostEqual(interval(share, 0.95)[1], 0.1)
        self.assertAlmostEqual(p_value(share, 0.0), 2 * 0.9 ** 30, places=4)
        self.assertEqual(judge([Comparison("c", share)])[0].verdict, "undecided")
        self.assertEqual(judge([Comparison("c", share)])[0].told_by, "exact shares")
        pair = Effect("difference", "lower", [Pairs("w", zeros, ones, outcomes=(True, True))])
        low, high = interval(pair, 0.95)  # every seed with b's alone, none with a's
        self.assertAlmostEqual(low, 0.0125 ** (1 / 30) - (1 - 0.0125 ** (1 / 30)))
        self.assertEqual(high, 1)
        same = Effect("difference", "higher", [Pairs("w", ones, ones, outcomes=(True, True))])
        np.testing.assert_allclose(interval(same), [-(1 - 0.0125 ** (1 / 30)), 1 - 0.0125 ** (1 / 30)])

    def test_exact_shares_cover(self):
        """At least as often as is asked, whatever the shares."""
        rng = np.random.default_rng(4)
        for a, b in ((0.5, 0.5), (0.97, 0.9), (1.0, 0.8)):
            inside = 0
            for _ in range(200):
                sample = Pairs("w", rng.random(20) < a, rng.random(20) < b, outcomes=(True, True))
                low, high = interval(Effect("difference", "higher", [sample]), 0.9)
                inside += low <= a - b <= high
            self.assertGreaterEqual(inside, 180)

    def test_seeds_that_no_look_tells_apart_differ_by_as_much_as_looks_do(self):
        pairs = Pairs("w", np.full(10, 200.0), np.full(10, 300.0), resolutions=(100.0, 100.0))
        low, high = interval(Effect("difference", "lower", [pairs]))
        half = stats.t.ppf(0.975, 9) * math.sqrt(2 * 100 ** 2 / 12 / 10)
        np.testing.assert_allclose([low, high], [100 - half, 100 + half])
        many = Pairs("w", np.full(25, 200.0), np.full(25, 300.0), resolutions=(100.0, 100.0))
        self.assertEqual(judge([Comparison("c", Effect("ratio", "lower", [many]))])[0].told_by, "paired t")

    def test_one_seed_tells_nothing(self):
        self.assertEqual(interval(difference([1.0])), (-math.inf, math.inf))
        self.assertEqual(p_value(difference([1.0])), 1)

    def test_coverage(self):
        """Of t at 5 seeds and BCa at 25: 95 %, within the middle 99.8 % of chance."""
        repetitions = 300
        low, high = stats.binom.ppf([0.001, 0.999], repetitions, 0.95)
        with mock.patch.object(effects, "RESAMPLES", 999), mock.patch.object(intervals, "RESAMPLES", 999):
            for seeds in (5, 25):
                for kind in ("difference", "ratio"):
                    covered = sum(self.covers(kind, seeds, repetition) for repetition in range(repetitions))
                    self.assertTrue(low <= covered <= high, f"{kind}, {seeds} seeds: {covered} of {repetitions}")

    @staticmethod
    def covers(kind, seeds, repetition):
        rng = np.random.default_rng([seeds, repetition])
        common = rng.normal(0, 0.1, seeds)
        a, b = 2 + common + rng.normal(0, 0.1, seeds), 1 + common + rng.normal(0, 0.1, seeds)
        low, high = interval(Effect(kind, "higher", [Pairs("w", a, b)]))
        return low <= (1 if kind == "difference" else math.log(2)) <= high

    def test_sign_flips_are_all_of_them(self):
        values = np.array([0.5, -0.1, 0.7, 0.3, 0.4])
        sums = [np.dot(signs, values) for signs in itertools.product((1, -1), repeat=5)]
        exact = np.mean(np.abs(sums) >= values.sum() - 1e-9)
        self.assertAlmostEqual(sign_flip_p(difference(values)), exact)


def with_p(p, bound=0.0):
    """A difference of two seeds whose t, of one degree of freedom, gives this p at the bound."""
    middle = bound + math.tan(math.pi / 2 * (1 - p))
    return difference([middle - 1, middle + 1])


class Verdicts(unittest.TestCase):
    def test_holm_by_hand(self):
        """.005 <= .05 / 4, .01 <= .05 / 3, .03 > .05 / 2: there it stops, for .04 too."""
        judged = judge([Comparison(f"{p}", with_p(p, 0.3), delta=0.3) for p in (0.03, 0.005, 0.04, 0.01)])
        self.assertEqual([of.verdict for of in judged], ["undecided", "supported", "undecided", "supported"])
        np.testing.assert_allclose([of.p for of in judged], [0.03, 0.005, 0.04, 0.01])
        np.testing.assert_allclose([of.adjusted_p for of in judged], [0.06, 0.02, 0.06, 0.03])
        np.testing.assert_allclose([1 - of.level for of in judged], [0.05 / 2, 0.05 / 4, 0.05 / 2, 0.05 / 3])
        for of in judged:
            self.assertEqual(of.low > 0.3, of.verdict == "supported")

    def test_wholly_below_the_bound_is_refuted(self):
        below, = judge([Comparison("below", difference([0.01, 0.02, 0.015]), delta=0.1)])
        self.assertEqual(below.verdict, "refuted")
        self.assertTrue(0 < below.low < below.high < 0.1)

    def test_a_ratios_bound_is_a_share(self):
        pairs = [Pairs("w", [1.0, 1.0], [1.12, 1.12], exact=True)]
        for delta, verdict in ((0.1, "supported"), (0.12, "undecided"), (0.13, "refuted")):
            self.assertEqual(judge([Comparison("c", Effect("ratio", "lower", pairs), delta)])[0].verdict, verdict)

    def test_what_was_not_measured_counts_as_a_claim(self):
        there, lost = judge([Comparison("there", with_p(0.03)), Comparison("lost", None, problem="2 runs failed")])
        self.assertEqual((there.verdict, lost.verdict, lost.problem), ("undecided", "undecided", "2 runs failed"))
        self.assertEqual(judge([Comparison("alone", with_p(0.03))])[0].verdict, "supported")

    def test_depends_only_where_workloads_contradict(self):
        up, down, none = [1.0, 1.1, 0.9], [-1.0, -1.1, -0.9], [-5.0, 0.1, 5.0]
        for rows, verdict in (((up, down), "depends"), ((up, none), "undecided"), ((up, up), "supported")):
            judged, = judge([Comparison("c", difference(*rows))])
            self.assertEqual(judged.verdict, verdict)
        found, = judge([Comparison("c", difference(up, down))])
        self.assertEqual([part.verdict for part in found.workloads], ["supported", "refuted"])
        np.testing.assert_allclose([part.without for part in found.workloads], [-1, 1])

    def test_a_workload_in_which_nobody_learnt_decides_nothing(self):
        up, down = ([1.0, 1.1, 0.9], [-1.0, -1.1, -0.9])
        for idle, verdict in ((False, "depends"), (True, "undecided")):
            effect = Effect("difference", "higher", [Pairs("up", up, 0), Pairs("down", down, 0, idle=idle)])
            judged, = judge([Comparison("c", effect)])
            self.assertEqual((judged.verdict, judged.workloads[0].verdict), (verdict, "supported"))

    def test_effects_and_sides_of_workloads_share_the_errors(self):
        """Half of alpha each, so that no side is wrong in more than alpha of the reports of claims at their bounds."""
        single, several = with_p(0.03), difference([0.1, 2, 3], [-5, 0, 6])
        self.assertEqual([of.level for of in judge([Comparison("a", single)])], [0.95])
        alone, other = judge([Comparison("a", single), Comparison("b", several)])
        self.assertAlmostEqual(1 - alone.level, 0.05 / 2 / 2)
        self.assertAlmostEqual(alone.adjusted_p, 0.03 * 2 * 2)
        np.testing.assert_allclose([other.workloads[0].low, other.workloads[0].high],
                                   interval(several.of("workload 0"), 1 - 0.05 / 2 / 1 / 2))
        rng, wrong, repetitions = np.random.default_rng(11), 0, 200
        for _ in range(repetitions):
            judged, = judge([Comparison("c", difference(*rng.normal(size=(2, 5))))])
            sides = [part.verdict for part in judged.workloads]
            wrong += judged.verdict != "undecided" or sides != ["undecided"] * 2
        self.assertLessEqual(wrong, stats.binom.ppf(0.99, repetitions, 0.05))

    def test_sign_flips_stand_where_they_can_tell(self):
        many = difference([0.9, 1.1, 1.0, 1.2, 0.8, 1.05])  # 2 / 2^6 = 0.031
        self.assertAlmostEqual(judge([Comparison("c", many)])[0].sign_flip_p, 2 / 64)
        self.assertIsNone(judge([Comparison("c", many), Comparison("d", many)])[0].sign_flip_p)


class Races(unittest.TestCase):
    race = Race({"adam": [10, 20, math.inf], "sgd": [30, math.nan, 51], "momentum": [10, 30, math.inf]}, budget=50)

    def test_shares_that_arrived(self):
        self.assertEqual(self.race.arrived, {"adam": 2 / 3, "sgd": 1 / 3, "momentum": 2 / 3})

    def test_ratio_of_restricted_means_by_hand(self):
        found = self.race.ratio("adam", "sgd")
        self.assertAlmostEqual(found.value, (10 + 20 + 50) / (30 + 50 + 50))
        each = np.array([10, 20, 50]) / (80 / 3) - np.array([30, 50, 50]) / (130 / 3)
        half = stats.t.ppf(0.975, 2) * each.std(ddof=1) / math.sqrt(3)
        np.testing.assert_allclose([found.low, found.high], found.value * np.exp([-half, half]))

    def test_ties_are_split_among_those_named(self):
        first = self.race.first()
        np.testing.assert_allclose([first[name].value for name in ("adam", "sgd", "momentum")],
                                   [(1 / 2 + 1 + 1 / 3) / 3, (1 / 3) / 3, (1 / 2 + 1 / 3) / 3])
        pair = self.race.first("adam", "momentum")
        self.assertAlmostEqual(pair["adam"].value, (1 / 2 + 1 + 1 / 2) / 3)
        self.assertTrue(0.5 <= pair["adam"].low < pair["adam"].value < pair["adam"].high <= 1)
        np.testing.assert_allclose(shares_of_first([[1, 2, 2], [3, 3, 3]], "higher"), [[0, .5, .5], [1 / 3] * 3])

    def test_nobody_arrived(self):
        race = Race({"a": [math.inf] * 4, "b": [math.nan] * 4}, budget=10)
        self.assertEqual((race.arrived["a"], race.first()["a"].value), (0, 0.5))
        self.assertEqual((race.ratio("a", "b").low, race.ratio("a", "b").high), (0, math.inf))


class EqualSeeds(unittest.TestCase):
    def test_a_workload_of_equal_seeds_leaves_the_mean_without_an_interval(self):
        for exact, bounded in ((False, False), (True, True)):
            effect = Effect("ratio", "lower", [Pairs("a", np.array([1.0, 1.1, 0.9]), np.array([2.0, 2.1, 2.2])),
                                               Pairs("b", np.ones(3), 2 * np.ones(3), exact=exact)])
            self.assertEqual(np.isfinite(interval(effect, 0.95)).all(), bounded)
            self.assertEqual(p_value(effect) < 1, bounded)


if __name__ == "__main__":
    unittest.main()
