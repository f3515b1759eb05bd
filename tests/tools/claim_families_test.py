#!/usr/bin/python3
"""What claims make of runs that differ in one option, and targets of workloads."""
import itertools
import math
import pathlib
import sys
import tempfile
import unittest
from types import SimpleNamespace

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"))
from gradus.claims import quantities, study  # noqa: E402
from gradus.claims.quantities import Number  # noqa: E402

CLAIM = """question = "?"
seconds = {{smoke = 1, standard = 1, full = 1}}
[[claim]]
name = "one"
essay = [1]
says = "."
reading = "."
a = {{optimizer = "adam"}}
than = 0
better = "lower"
effect = "difference"
delta = 0
seeds = 2
why = "."
refuted_by = "."
quantity = {{{quantity}}}
"""


def read(quantity):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "claims.toml"
        path.write_text(CLAIM.format(quantity=quantity))
        (path.parent / "sweep.toml").touch()
        return study.read(path).claims[0].quantity


class BestOfDraws(unittest.TestCase):
    accuracies = {0.01: 0.5, 0.02: 0.8, 0.1: 0.7, 0.2: 0.65, 0.5: 0.1}
    by_validation = {0.01: -0.5, 0.02: -0.6, 0.1: -0.9, 0.2: -0.7, 0.5: math.inf}  # less is better

    def family(self, then, draws, lower=False, ranks=None):
        quantity = SimpleNamespace(then=then, draws=draws, over="learning_rate", within=0.1)
        numbers = {at: Number(value) for at, value in self.accuracies.items()}
        return quantities.of_family(quantity, numbers, dict.fromkeys(numbers, 0.1), lower, ranks).value

    def test_best_of_all_choices(self):
        for draws in range(1, 6):
            chosen = [max(some) for some in itertools.combinations(self.accuracies.values(), draws)]
            self.assertAlmostEqual(self.family("best_of", draws), np.mean(chosen), 12)
            chosen = [min(some) for some in itertools.combinations(self.accuracies.values(), draws)]
            self.assertAlmostEqual(self.family("best_of", draws, lower=True), np.mean(chosen), 12)

    def test_the_winner_is_validations(self):
        for draws in range(1, 6):
            chosen = [self.accuracies[min(some, key=self.by_validation.get)]
                      for some in itertools.combinations(self.accuracies, draws)]
            self.assertAlmostEqual(self.family("best_of", draws, ranks=self.by_validation), np.mean(chosen), 12)

    def test_regret_is_what_more_draws_gain(self):
        self.assertAlmostEqual(self.family("regret", 2), 0.8 - self.family("best_of", 2), 12)
        self.assertAlmostEqual(self.family("regret", 2, lower=True), self.family("best_of", 2, lower=True) - 0.1, 12)
        self.assertAlmostEqual(self.family("regret", 5), 0, 12)

    def test_more_draws_than_runs(self):
        with self.assertRaisesRegex(quantities.NotMeasured, "the best of 6 draws, of 5 runs"):
            self.family("best_of", 6)

    def test_draws_belong_to_the_best_of_them(self):
        at = 'take = "last", of = "evaluation/loss", over = "learning_rate"'
        self.assertEqual(read(at + ', then = "best_of", draws = 4').draws, 4)
        for wrong in ('then = "best_of"', 'then = "width", draws = 4'):
            with self.assertRaisesRegex(study.BadStudy, "draws = NUMBER and then"):
                read(f"{at}, {wrong}")


class Targets(unittest.TestCase):
    def test_of_a_workload(self):
        quantity = read('take = "time_to", of = "evaluation/loss", along = "step", target = {"a, b" = 0.5, c = 1}')
        self.assertEqual([quantity.on(name).target for name in ("a, b", "c")], [0.5, 1])
        with self.assertRaisesRegex(study.BadStudy, "no target for 'd': expected one of a, b, c"):
            quantity.on("d")

    def test_of_all(self):
        self.assertEqual(read('take = "reaches", of = "evaluation/loss", target = 2').on("any").target, 2)

    def test_is_a_number(self):
        for wrong in ("{}", '{a = "x"}', '"x"'):
            with self.assertRaises(study.BadStudy):
                read(f'take = "reaches", of = "evaluation/loss", target = {wrong}')


if __name__ == "__main__":
    unittest.main()
