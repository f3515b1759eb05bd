#!/usr/bin/python3
"""gradus.records: which values and which runs are the same, and what tells them apart."""
import json
import math
import pathlib
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"))
from gradus.records import folder as run_folder, grouping  # noqa: E402
from gradus.records.values import escaped, identity, number_in, texts  # noqa: E402


def run_of(folder, status="completed", given=None, program="p", started="", fingerprint="", **options):
    return run_folder.Run(folder, pathlib.Path(folder), program, options, True, given or {}, status, "",
                          {"started": started}, fingerprint=fingerprint)


class Values(unittest.TestCase):
    def test_equal_by_value_and_by_nothing_else(self):
        self.assertEqual(identity(1), identity(1.0))
        self.assertEqual(identity(0.0), identity(-0.0))
        self.assertEqual(identity(float("nan")), identity(float("nan")))
        different = [1, True, "1", "1.0", "true", None, "", 0, False, "7", "007", "1e-3", 0.001, 2 ** 53, 2 ** 53 + 1,
                     2 ** 64 - 1, math.inf, "inf", "nan", float("nan"), 0.1, 0.1 + 2 ** -56, "None", "–"]
        self.assertEqual(len({identity(value) for value in different}), len(different))
        shown = texts(different)
        self.assertEqual(len(set(shown.values())), len(different), shown)

    def test_different_values_have_different_texts(self):
        for values in ([0.9999999, 0.99999999, 0.9], [0.1, 0.1000001], [0.1, 0.1 + 2 ** -56], [1 / 3, 1 / 3 + 2 ** -54],
                       [1e-300, 1.0000000000000002e-300], ["a\nb", "a\\nb", '"a\\nb"', "a b", " a b", "a\u202eb"],
                       ["\udcff", "\\xff", "\xff"], [1 - 1e-12, 1, 1 - 1e-13]):
            shown = texts(values)
            self.assertEqual(len(set(shown.values())), len(values), shown)
            for text in shown.values():
                self.assertTrue(text.isprintable(), text)

    def test_random_neighbours_are_told_apart_and_order_is_kept(self):
        chance = random.Random(3)
        for _ in range(300):
            values = [chance.choice([1e-9, 1e-3, 1, 12345.0]) * chance.choice([1, chance.random()])]
            for _ in range(6):
                values.append(math.nextafter(chance.choice(values), math.inf) if chance.random() < 0.5
                              else round(chance.choice(values), chance.randrange(12)))
            shown = texts(values)
            numbers = {key[1]: text for key, text in shown.items()}
            self.assertEqual(len(set(shown.values())), len(numbers), shown)
            ordered = [float(text) for _, text in sorted(numbers.items())]
            self.assertEqual(ordered, sorted(ordered))

    def test_short_values_are_exact_and_long_ones_are_six_digits(self):
        self.assertEqual(list(texts([0.1, 1e-05, 0.9999999, 10 ** 0.5 / 1000, 5.0, 0.30000000000000004]).values()),
                         ["0.1", "1e-05", "0.9999999", "0.00316228", "5", "0.3"])
        self.assertEqual(texts([1 - 1e-13]).popitem()[1], "0.9999999999999")

    def test_any_text_is_one_visible_line(self):
        self.assertEqual(escaped("a\nb\x1b[31m\u202e\udcff\x7f"), "a\\nb\\u001b[31m\\u202e\\xff\\x7f")


class Numbers(unittest.TestCase):
    def test_texts_are_the_numbers_that_programs_take_them_for(self):
        for case in json.loads((pathlib.Path(__file__).resolve().parents[1] / "records/number_texts.json").read_text()):
            with self.subTest(case["text"]):
                number = number_in(case["text"])
                expected = case.get("number")
                self.assertEqual(identity(number), identity(float(expected) if isinstance(expected, str) else expected))
                self.assertEqual(isinstance(number, int), "integer" in case)


class Grouping(unittest.TestCase):
    def test_a_configuration_counts_once_however_it_was_written(self):
        runs = [run_of("b", rate=0.1, seed=0, started="2"), run_of("a", rate=0.1, seed=0, started="3"),
                run_of("c", rate=0.1, seed=1), run_of("d", "failed", rate=0.1, seed=0, started="1"),
                run_of("e", program="q", rate=0.1, seed=0)]
        kept, notes = grouping.count_once(runs)
        self.assertEqual([run.name for run in kept], ["b", "c", "e"])
        self.assertEqual(len(notes), 1)
        self.assertRegex(notes[0], r"b is taken, a, d left out\.")

    def test_a_completed_run_counts_before_one_that_diverged_earlier(self):
        runs = [
            run_of("a", "diverged", rate=1, seed=0, started="1", fingerprint="x"),
            run_of("c", "failed", rate=1, seed=0),
            run_of("b", rate=1, seed=0, started="2", fingerprint="y")]
        kept, notes = grouping.count_once(runs)
        self.assertEqual([run.name for run in kept], ["b"])
        self.assertRegex(notes[0], r"results that differ.*: b is taken, a, c left out\.")

    def test_it_does_not_matter_in_which_order_they_are_found(self):
        runs = [run_of("b", rate=1, seed=0, started="2", fingerprint="x"),
                run_of("a", rate=1.0, seed=0, started="2", fingerprint="y")]
        for order in (runs, runs[::-1]):
            kept, notes = grouping.count_once(order)
            self.assertEqual([run.name for run in kept], ["a"])
            self.assertRegex(notes[0], r"results that differ.*: a is taken, b left out\.")

    def test_what_a_run_was_given_stands_for_the_options_of_one_that_was_given_the_same(self):
        known = run_of("known", given={"rate": 0.1, "seed": 0}, rate=0.1, depth=2, seed=0)
        pending = [run_of("same", "pending", given={"rate": "+0.1", "seed": 0}),
                   run_of("next", "pending", given={"rate": "0.10", "seed": 1}),
                   run_of("other", "pending", given={"rate": 0.3, "seed": 0}),
                   run_of("plain", "pending", given={"seed": 0})]
        for run in pending:
            run.options, run.effective = dict(run.given), False
        grouping.fill_in([known, *pending])
        self.assertEqual([run.options for run in pending],
                         [{"rate": 0.1, "depth": 2, "seed": 0}, {"rate": 0.1, "depth": 2, "seed": 1},
                          {"rate": 0.3, "seed": 0}, {"seed": 0}])
        kept, _ = grouping.count_once([known, *pending])
        self.assertEqual([run.name for run in kept], ["known", "next", "other", "plain"])

    def test_another_word_for_an_option_makes_no_row_of_its_own(self):
        known = [
            run_of(f"known{size}", given={"epochs": 5, "size": size, "seed": 0}, budget_epochs=5, size=size, seed=0)
            for size in (1, 2)]
        pending = run_of("next", "pending", given={"epochs": 5, "size": 2, "seed": 1})
        pending.options, pending.effective = dict(pending.given), False
        grouping.fill_in([*known, pending])
        self.assertEqual(pending.options, {"budget_epochs": 5, "size": 2, "seed": 1})
        self.assertEqual(grouping.telling([*known, pending]), ["size"])

    def test_a_text_that_looks_like_a_number_stays_a_text_where_the_option_is_one(self):
        known = run_of("known", given={"name": "007", "seed": 0}, name="007", seed=0)
        pending = run_of("p", "pending", given={"name": "7", "seed": 0})
        pending.effective = False
        grouping.fill_in([known, pending])
        self.assertEqual(pending.options["name"], "7")

    def test_what_follows_from_another_option_makes_no_column(self):
        sgd = [dict(optimizer="sgd", learning_rate=rate, momentum=0) for rate in (0.01, 0.1)]
        adam = [dict(optimizer="adam", learning_rate=0.001, beta1=0.9, beta2=beta) for beta in (0.99, 0.999)]
        runs = [run_of(f"{i}{seed}", seed=seed, **options) for i, options in enumerate(sgd + adam) for seed in (0, 1)]
        self.assertEqual(grouping.telling(runs), ["optimizer", "learning_rate", "beta2"])
        self.assertEqual(grouping.telling(runs[:4]), ["learning_rate"])
        self.assertEqual(grouping.telling(runs[:2]), [])

    def test_the_columns_make_the_rows_that_all_options_make(self):
        chance = random.Random(5)
        for _ in range(100):
            runs = [run_of(str(i), seed=i, **{name: chance.choice([0, 1, 1.0, "1", None]) for name in "abcd"
                                              if chance.random() < 0.8}) for i in range(8)]
            names = grouping.telling(runs)

            def rows(of):
                return len({tuple(identity(run.options.get(name)) for name in of) for run in runs})
            self.assertEqual(rows(names), rows("abcd"))
            for name in names:
                self.assertLess(rows([other for other in names if other != name]), rows(names))


if __name__ == "__main__":
    unittest.main()
