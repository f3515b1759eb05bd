#!/usr/bin/python3
"""What a claim takes of a run: values and times of a column, and families of them over an option. Uses no program of ours."""
import math
import pathlib
import sys
import unittest

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from claims_support import ended, run_of  # noqa: E402
from gradus.claims import quantities  # noqa: E402
from gradus.claims.quantities import NotMeasured, Number  # noqa: E402
from gradus.claims.study import Quantity  # noqa: E402


class Quantities(unittest.TestCase):
    def number(self, run, take, horizon=math.inf, clock=None, **keys):
        return quantities.of_run(Quantity(take, "evaluation/loss", **keys), run, horizon, clock)

    def test_what_is_taken_of_a_column(self):
        run = run_of([3, 1, math.nan, 2])
        for take, value in (("first", 3), ("last", 2), ("lowest", 1), ("highest", 3), ("mean", 2)):
            self.assertEqual(self.number(run, take), Number(value))
        self.assertEqual(self.number(run_of([3, 1, 2], accuracy=[0.1, 0.3, 0.9]), "at_best",
                                     by="evaluation/accuracy"), Number(2))
        self.assertEqual(self.number(run_of([3, 1, 2], accuracy=[0.1, 0.3, 4]), "ratio_at_end",
                                     to="evaluation/accuracy"), Number(0.5))

    def test_times_to_a_target(self):
        run = run_of([3, 1, 2, 0.5], examples=[0, 100, 200, 300])
        self.assertEqual(self.number(run, "time_to", target=1.0, along="step"), Number(10, resolution=10))
        self.assertEqual(self.number(run, "time_to", target=0.7, along="examples"), Number(300, resolution=100))
        self.assertEqual(self.number(run, "time_to", target=1.0, along="clock", clock=lambda run: 0.5), Number(5, resolution=5))
        self.assertEqual(self.number(run, "time_to", horizon=40.0, target=0.1, along="step"), Number(40, False))
        self.assertEqual(self.number(run, "time_to", horizon=5.0, target=1.0, along="step"), Number(5, False))
        rising = run_of([0.1, 0.4, 0.9], better="higher")
        self.assertEqual(self.number(rising, "time_to", target=0.4, along="step"), Number(10, resolution=10))
        with self.assertRaisesRegex(NotMeasured, "not timed by the clock"):
            self.number(run, "time_to", target=1.0, along="clock", clock=lambda run: None)

    def test_who_diverges_has_not_arrived_and_learnt_nothing(self):
        run = run_of([3, 1, math.nan], status="diverged")
        self.assertEqual(self.number(run, "last"), Number(3, False))
        self.assertEqual(self.number(run, "reaches", target=2.0), Number(0, False, outcome=True))
        self.assertEqual(self.number(run, "time_to", horizon=100.0, target=0.5, along="step"), Number(100, False))
        self.assertEqual(quantities.horizon_of(Quantity("time_to", "evaluation/loss"), run), math.inf)

    def test_a_time_before_it_diverged_counts(self):
        run = run_of([3, 1, math.nan], status="diverged")
        self.assertTrue(self.number(run, "time_to", horizon=100.0, target=1.0, along="step").arrived)

    def test_times_are_censored_where_the_shortest_budget_ends(self):
        quantity = Quantity("time_to", "evaluation/loss", target=0.5, along="clock")
        cheap, dear, gone = run_of([3, 2, 1]), run_of([3, 2, 0.5]), run_of([3, math.nan], status="diverged")
        seconds = {id(cheap): 0.1, id(dear): 1.0, id(gone): 0.01}
        self.assertEqual(quantities.horizon(quantity, [cheap, dear, gone], lambda run: seconds[id(run)]), 2.0)
        # It arrives at 20 seconds, when the other's budget has long been spent.
        self.assertEqual(quantities.of_run(quantity, dear, 2.0, lambda run: seconds[id(run)]), Number(2.0, False))

    def test_who_converged_has_a_budget_left_and_ends_no_race(self):
        quantity = Quantity("time_to", "evaluation/loss", target=0.5)
        soon = ended(run_of([3, 0.1], [0, 25]), "converged: gradient norm 9e-7 <= 1e-6")
        late = ended(run_of([3, 1, 0.1], [0, 45, 46]), "converged: gradient norm 9e-7 <= 1e-6")
        spent = ended(run_of([3, 1], [0, 80]), "step_limit: 80 steps")
        stuck = ended(run_of([3, 1], [0, 60]), "no_progress: newton_cg stopped by itself")
        at_the_end = ended(run_of([3, 0.1], [0, 100]), "converged: gradient norm 9e-7 <= 1e-6")
        for runs, end in (([soon, late], 100), ([soon, spent], 80), ([soon, stuck], 100), ([soon, at_the_end], 100),
                          ([soon], 100)):
            self.assertEqual(quantities.horizon(quantity, runs), end)
        self.assertEqual(quantities.of_run(quantity, late, 100.0), Number(46, resolution=1))
        by_clock = Quantity("time_to", "evaluation/loss", target=0.5, along="clock")
        self.assertEqual(quantities.horizon(by_clock, [soon, late], lambda run: 0.5), 50)
        del soon.options["steps"], late.options["steps"]  # nothing tells what they were allowed
        self.assertEqual(quantities.horizon(quantity, [soon, late]), 46)

    def test_each_seed_has_a_race_of_its_own(self):
        """The first seed's rival ends at 20, which is no end for the other seed's; where both diverge, others tell."""
        runs = [run_of([3, 1], [0, 20]), run_of([3, 1], [0, 30]), run_of([3, 1], [0, 90]), run_of([3, 1], [0, 80])]
        runs += [run_of([3, math.nan], [0, 10], status="diverged")]
        for run, seed in zip(runs, (0, 0, 1, 1, 2)):
            run.options["seed"] = seed
        self.assertEqual(quantities.horizons(Quantity("time_to", "evaluation/loss"), runs), {0: 20, 1: 80, 2: 20})

    def test_places_of_vectors(self):
        run = run_of([[1, 2, 3], [4, 5, 6]])
        self.assertEqual(self.number(run, "last", place=-1), Number(6))
        self.assertEqual(self.number(run, "last", place="second"), Number(5))
        for place in (None, 3, "fourth"):
            with self.assertRaisesRegex(NotMeasured, "has no place"):
                self.number(run, "last", place=place)

    def test_what_is_not_there_is_said(self):
        run = run_of([1, 2])
        with self.assertRaisesRegex(NotMeasured, "has no evaluation/other"):
            quantities.of_run(Quantity("last", "evaluation/other"), run)
        with self.assertRaisesRegex(NotMeasured, "does not say which way is better"):
            self.number(run_of([1, 2], better=""), "time_to", target=1.0)

    def family(self, then, values, lower=True, arrived=None, within=0.1):
        numbers = {10.0 ** at: Number(value, arrived is None or arrived[at]) for at, value in enumerate(values)}
        starts = {at: 10.0 for at in numbers}
        quantity = Quantity("last", "evaluation/loss", over="rate", then=then, within=within)
        return quantities.of_family(quantity, numbers, starts, lower).value

    def test_families_over_an_option(self):
        self.assertEqual(self.family("best", [3, 1, 2]), 1)
        self.assertEqual(self.family("best", [3, 1, 2], lower=False), 3)
        self.assertAlmostEqual(self.family("slope", [5, 0.5, 0.05]), -1)
        self.assertAlmostEqual(self.family("edge", [3, 1, 2, 10, 11]), 2)
        self.assertAlmostEqual(self.family("edge", [3, 1, 2], arrived=[True, True, False]), 1)
        # Best 0, start 10: what is within 1 of the best. Straight from 5 at 0 to 0 at 1 decade: the last fifth.
        self.assertAlmostEqual(self.family("width", [5, 0, 0, 5]), 1.4)
        self.assertAlmostEqual(self.family("width", [0, 0.5, 0.9]), 2)
        quantity = Quantity("last", "evaluation/loss", over="rate", then="slope")
        for numbers, says in (({0: Number(1), 1: Number(2)}, "rate is 0, which has no logarithm"),
                              ({1: Number(0), 2: Number(2)}, "of 0, which has no logarithm")):
            with self.assertRaisesRegex(NotMeasured, says):
                quantities.of_family(quantity, numbers, dict.fromkeys(numbers, 3.0), True)

    def spreads(self, table):
        """Of a table [seeds, settings]."""
        families = {seed: {10.0 ** at: Number(value) for at, value in enumerate(row)} for seed, row in enumerate(table)}
        found = quantities.spreads(Quantity("last", "evaluation/loss", over="rate", then="spread"), families)
        return [found[seed].value for seed in range(len(table))]

    def test_the_spread_over_settings_is_no_noise(self):
        np.testing.assert_allclose(self.spreads([[3, 0.1, 10]] * 3), [2] * 3)
        np.testing.assert_allclose(self.spreads([[1, 3], [1, 4], [2, 1]]), np.log10([3, 4, 0.5]))
        random = np.random.default_rng(1)
        means = [np.mean(self.spreads(np.exp(0.15 * random.standard_normal((10, 4))))) for _ in range(300)]
        self.assertLess(abs(np.mean(means)), 0.01)  # of equal settings; the largest over the smallest is 0.13
        self.assertEqual(len(self.spreads([[1, 2]])), 1)
        with self.assertRaisesRegex(NotMeasured, "which has no logarithm"):
            self.spreads([[0, 1], [1, 1]])

    def test_a_ratio_of_a_run_that_diverged_is_that_of_its_start(self):
        run = run_of([3, 1, math.nan], status="diverged", accuracy=[2, 1, 1])
        self.assertEqual(self.number(run, "ratio_at_end", to="evaluation/accuracy"), Number(1.5, False))
        with self.assertRaisesRegex(NotMeasured, "is inf"):
            self.number(run_of([3, 1], accuracy=[1, 0]), "ratio_at_end", to="evaluation/accuracy")


if __name__ == "__main__":
    unittest.main()
