#!/usr/bin/python3
"""gradus.report: which numbers a report draws and ranks, whatever the columns are called."""
import argparse
import pathlib
import shutil
import sys
import tempfile
import unittest
import unittest.mock

import h5py
import numpy as np
from scipy import stats

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"), str(pathlib.Path(__file__).parent)]
from gradus.records import several  # noqa: E402
from gradus.report import choices, command, curves  # noqa: E402
from gradus.report.expression import BadExpression, Expression  # noqa: E402
from gradus.report.marks import stretches  # noqa: E402
from run_fixtures import write_run  # noqa: E402

LOWER, HIGHER = {"better": "lower"}, {"better": "higher"}


def table(index, attributes=None, index_name="step", **columns):
    return {"index": np.asarray(index), "columns": columns, "index_name": index_name, **(attributes or {})}


def same_bits(one, other):
    return one is other is None or np.asarray(one).tobytes() == np.asarray(other).tobytes()


class Panels(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def run_of(self, tables, seed=0, name=None, **options):
        return write_run(self.folder, {"optimizer": "sgd", **options, "seed": seed}, tables=tables, name=name)

    def curve(self, values, seed=0, index=None, **options):
        """A run with the one table "quality", whose column "badness" is better lower."""
        index = np.arange(len(values)) if index is None else index
        return self.run_of({"quality": table(index, {"badness": LOWER}, badness=np.asarray(values, float))}, seed,
                           **options)

    def select(self, *arguments):
        parser = argparse.ArgumentParser()
        choices.add_options(parser)
        asked = parser.parse_args(arguments)
        choices.check(asked)
        return choices.select(asked, several.load([self.folder], choices.want_of(asked)))

    def refused(self, words, *arguments):
        with self.assertRaisesRegex(command.Failure, words):
            self.select(*arguments)

    def panel(self, name, *arguments):
        found = [panel for panel in self.select(*arguments).panels if panel.id == name]
        self.assertEqual(len(found), 1, name)
        return found[0]

    # --- curves

    def test_a_mean_is_over_the_steps_that_all_runs_have_and_of_their_own_numbers(self):
        random = np.random.default_rng(1)
        ours = {seed: random.random(n) for seed, n in enumerate((7, 9, 12))}
        steps = {0: np.arange(0, 21, 3), 1: np.arange(0, 18, 2), 2: np.arange(12)}
        for seed in ours:
            self.curve(ours[seed], seed, steps[seed])
        series, = self.panel("quality-badness").series
        common = [0, 6]
        self.assertEqual(series.x.tolist(), common)
        at = [[ours[seed][list(steps[seed]).index(step)] for step in common] for seed in ours]
        np.testing.assert_allclose(series.mean, np.mean(at, axis=0), rtol=1e-15)
        half = stats.t.ppf(0.975, 2) * np.std(at, axis=0, ddof=1) / np.sqrt(3)
        np.testing.assert_allclose(series.high - series.mean, half, rtol=1e-12)
        np.testing.assert_allclose(series.mean - series.low, half, rtol=1e-12)
        self.assertEqual((series.n, len(series.runs)), (3, 3))
        for seed, (x, y) in enumerate(zip(series.runs_x, series.runs)):  # single runs are whole, and to the bit
            self.assertTrue(same_bits(x, steps[seed].astype(float)) and same_bits(y, ours[seed]))

    def test_equal_runs_grouped_are_the_run_to_the_bit(self):
        for n in (1, 2, 3, 5):
            with self.subTest(n=n):
                shutil.rmtree(self.folder)
                self.folder.mkdir()
                values = np.random.default_rng(2).random(50) / 3
                values[7], values[9] = np.inf, 1e308
                for seed in range(n):
                    self.curve(values, seed)
                series, = self.panel("quality-badness").series
                self.assertTrue(same_bits(series.mean, values))
                if n > 1:
                    self.assertTrue(
                        same_bits(series.low[10:], values[10:]) and same_bits(series.high[10:], values[10:]))

    def test_who_hides_a_group_leaves_the_bits_of_the_others(self):
        random = np.random.default_rng(3)
        for optimizer, length in (("sgd", 40), ("adam", 30), ("lion", 7)):
            for seed in range(3):
                self.curve(random.random(length), seed, optimizer=optimizer)
        whole = self.select("--group-by=optimizer")
        for run in whole.runs:
            if run.options["optimizer"] == "lion":
                shutil.rmtree(run.folder)
        without = self.select("--group-by=optimizer")
        self.assertEqual([panel.id for panel in without.panels], [panel.id for panel in whole.panels])
        compared = 0
        for ours, theirs in zip(without.panels, whole.panels):
            known = {series.key: series for series in theirs.series}
            self.assertEqual(len(known), len(ours.series) + 1)
            for series in ours.series:
                other = known[series.key]
                self.assertEqual((series.label, series.n), (other.label, other.n))
                for name in ("mean", "low", "high") + (("x",) if ours.kind == "curves" else
                                                       ()):  # the place of a row is its rank
                    self.assertTrue(same_bits(getattr(series, name), getattr(other, name)), (ours.id, name))
                    compared += 1
                for one, two in zip([*series.runs, *series.runs_x][:len(series.runs) * (1 + (ours.kind == "curves"))],
                                    [*other.runs, *other.runs_x]):
                    self.assertTrue(same_bits(one, two))
        self.assertGreater(compared, 10)

    def test_of_a_long_curve_all_rows_are_drawn_and_of_a_very_long_one_all_extremes(self):
        lengths = {"short": 40_000, "long": 60_000}
        measured = {name: np.random.default_rng(rows).random(rows) for name, rows in lengths.items()}
        for values in measured.values():
            values[len(values) // 3] = 7
        self.run_of({name: table(np.arange(len(values)), {"clock": {"draw": "none"}}, badness=values,
                                 clock=2.0 * np.arange(len(values))) for name, values in measured.items()})
        panels = {panel.id: panel for panel in self.select().panels}
        for name, values in measured.items():
            series, = panels[f"{name}-badness"].series
            rows = series.x.astype(int)
            self.assertTrue(same_bits(series.mean, values[rows]))
            self.assertTrue(same_bits(series.runs[0], values[series.runs_x[0].astype(int)]))
            self.assertTrue({0, len(values) // 3, len(values) - 1} <= set(rows))
            self.assertEqual(len(rows) == len(values), name == "short")
            said = any("no extreme is missing" in note for note in panels[f"{name}-badness"].notes)
            self.assertEqual(said, name == "long")
            columns = np.arange(len(values)) * (curves.COLUMNS - 1) // (len(values) - 1)
            for column in range(0, curves.COLUMNS, 50):
                mine, theirs = series.mean[columns[rows] == column], values[columns == column]
                self.assertEqual((mine.min(), mine.max()), (theirs.min(), theirs.max()))
            against, = self.panel(f"{name}-badness-clock", f"--curve={name}/badness", "--against=clock").series
            self.assertTrue(same_bits(against.mean, values[(against.x / 2).astype(int)]))
            self.assertTrue(same_bits(against.runs[0], values[(against.runs_x[0] / 2).astype(int)]))
        self.assertLess(len(panels["long-badness"].series[0].x), 4 * curves.COLUMNS + 1)

    def test_long_runs_are_drawn_singly_as_far_as_they_fit(self):
        for seed in range(4):
            self.curve(np.full(3000, seed), seed)
        with unittest.mock.patch.object(curves, "MOST_POINTS", 7000):
            panel = self.panel("quality-badness")
        self.assertEqual([len(run) for run in panel.series[0].runs], [3000, 3000])
        self.assertIn("the first 2 runs are drawn singly", " ".join(panel.notes))

    def test_of_long_flags_every_change_is_drawn(self):
        rows = 60_000
        values = np.zeros(rows)
        values[[100, 101, 40_000]] = 1
        self.run_of({"regimes": table(np.arange(rows), {"regime": {
            "draw": "flags", "flag_values": np.array([0, 1]), "flag_meanings": "below above"}}, regime=values)})
        series, = self.panel("regimes-regime").series
        found = {
            flag: list(zip(starts, lengths)) for flag, starts, lengths in stretches(series.runs_x[0], series.runs[0])}
        self.assertEqual(found[1], [(100, 2), (40_000, 1)])
        self.assertEqual(found[0], [(0, 100), (102, 39_898), (40_001, 19_999)])

    def test_a_column_says_how_it_is_drawn(self):
        index = np.arange(6)
        for seed in range(2):
            self.run_of(
                {
                    "probe": table(
                        index, {
                            "gain": {"draw": "log", "units": "m", "long_name": "how much"}, "sign": {"draw": "log"},
                            "price": {"draw": "none"}, "regime": {
                                "draw": "flags", "flag_values": np.array([0, 1, 2]), "flag_meanings": "below at above"
                            }}, gain=2.0 ** index, sign=index - 3, price=index, regime=index // 2, spare=index),
                    "zeta": table(index, {"alpha": HIGHER, "omega": LOWER, "unjudged": {}}, alpha=index,
                                  omega=1 + index, unjudged=index)}, seed)
        selection = self.select()
        panels = {panel.id: panel for panel in selection.panels}
        self.assertEqual([panel.id for panel in selection.panels if panel.kind == "curves"],
                         ["zeta-omega", "zeta-alpha", "zeta-unjudged", "probe-gain", "probe-sign", "probe-spare"])
        self.assertEqual(selection.table.primary.name, "zeta/omega:last")  # the last judged column of the default table
        self.assertTrue(panels["probe-gain"].y_log)
        self.assertEqual((panels["probe-gain"].y_label, panels["probe-gain"].notes[0]), ("gain (m)", "How much."))
        self.assertFalse(panels["probe-sign"].y_log)
        self.assertIn("not logarithmic", " ".join(panels["probe-sign"].notes))
        flags = panels["probe-regime"]
        self.assertEqual((flags.kind, flags.flags), ("flags", {0: "below", 1: "at", 2: "above"}))
        self.assertEqual(flags.series[0].runs[0].tolist(), [0, 0, 1, 1, 2, 2])

    def test_what_is_not_drawn_does_not_rank(self):
        self.run_of({
            "end": table([0, 1], {"score": HIGHER, "hidden": {**LOWER, "draw": "none"}}, score=[1, 2], hidden=[1, 2])})
        self.assertEqual(self.select().table.primary.name, "end/score:last")

    def test_curves_are_drawn_against_seconds_that_grow(self):
        index = np.arange(4)
        seconds = {"spent": {"units": "s", "draw": "none"}, "each": {"units": "s"}, "up_and_down": {"units": "s"}}
        measured = dict(spent=index, each=0.1 + 0 * index, up_and_down=[0, 2, 1, 3])
        for optimizer, clock in (("sgd", {}), ("adam", {"clock": 2.0 * index})):
            for seed in range(2):
                self.run_of(
                    {
                        "end": table(index, {"loss": LOWER, **seconds, **({"clock": {"units": "s"}} if clock else {})},
                                     loss=1 + index, **measured, **clock)}, seed, optimizer=optimizer)
        both = [panel.title for panel in self.select().panels]
        self.assertIn("Loss", both)
        self.assertFalse([title for title in both if "against" in title], both)  # sgd's runs have no such clock
        for path in self.folder.glob("*/config.json"):
            if '"sgd"' in path.read_text():
                shutil.rmtree(path.parent)
        panel = self.panel("end-loss-clock")
        self.assertEqual((panel.x_label, panel.series[0].x.tolist()), ("clock (s)", [0, 2, 4, 6]))

    def test_numbers_that_stood_for_names_in_old_files_are_not_drawn(self):
        index = np.arange(6)
        write_run(self.folder, {"optimizer": "newton_cg", "seed": 0},
                  tables={"epoch": table(index, loss=1 + index, reason=index // 2, inner_reason=index, radius=index)},
                  change=lambda file: file.attrs.update(schema_version=2))
        self.assertEqual([panel.id for panel in self.select().panels if panel.kind != "bars"],
                         ["epoch-loss", "epoch-radius"])

    def test_vectors_are_drawn_along_their_axis_and_as_a_matrix(self):
        matrix = np.arange(12.0).reshape(3, 4)
        for seed in range(2):
            self.run_of({"tasks": table(np.arange(3), {"share": HIGHER}, index_name="task", share=matrix + seed)}, seed)
        panels = {panel.kind: panel for panel in self.select().panels}
        series, = panels["curves"].series
        self.assertEqual((series.x.tolist(), series.mean.tolist(), series.n), ([0, 1, 2, 3], [8.5, 9.5, 10.5, 11.5], 2))
        self.assertEqual(panels["heatmap"].heat[2].tolist(), (matrix + 0.5).tolist())
        self.assertEqual(panels["heatmap"].heat[3].tolist(), np.full((3, 4), 2).tolist())

    def test_vectors_of_several_lengths_are_drawn_apart(self):
        for seed, places in enumerate((4, 8, 4, 1)):
            self.run_of({"layers": table(np.arange(3), norm=np.full((3, places), seed))}, seed, name=str(seed) * 12)
        panels = self.select("--curve=layers/norm").panels
        self.assertEqual(len({panel.id for panel in panels}), len(panels))
        for kind in ("curves", "heatmap"):  # one place makes no picture
            means = [
                panel.heat[2][-1] if kind == "heatmap" else panel.series[0].mean for panel in panels
                if panel.kind == kind]
            self.assertEqual([mean.tolist() for mean in means], [[1] * 4, [1] * 8])
        self.assertEqual([panel.series[0].n for panel in panels if panel.kind == "curves"], [2, 1])
        self.assertEqual([panel.notes[-1].split(" have ")[1][:1] for panel in panels], ["4", "4", "8", "8"])

    def test_vectors_of_places_with_other_names_are_drawn_apart(self):
        for seed, labels in enumerate((["in", "out"], ["out", "in"], ["in", "out"])):
            def named(file, labels=labels):
                file["layers"].create_dataset("place_label", data=labels, dtype=h5py.string_dtype())
            write_run(self.folder, {"optimizer": "sgd", "depth": seed, "seed": 0}, change=named,
                      name=str(seed) * 12, tables={"layers": table(np.arange(1), norm=np.full((1, 2), seed ** 2))})
        found = [(panel.series[0].mean.tolist(), panel.x_names) for panel in self.select("--group-by=").panels]
        self.assertEqual(found, [([2, 2], ("in", "out")), ([1, 1], ("out", "in"))])

    def test_a_line_is_where_the_options_of_a_group_say(self):
        for rate in (0.1, 0.4):
            for seed in range(2):
                self.curve([1, 2, 3], seed, learning_rate=rate)
        panel, = self.select("--curve=quality/badness", "--line=2/learning_rate").panels
        self.assertEqual({series.label: series.reference for series in panel.series},
                         {"learning rate 0.1": 20, "learning rate 0.4": 5})
        self.assertEqual(panel.line.text, "2/learning_rate")
        pooled, = self.select("--curve=quality/badness", "--line=2*seed + 1", "--group-by=learning_rate,seed").panels
        self.assertEqual({series.reference for series in pooled.series}, {1, 3})
        self.refused("no group has one value", "--curve=quality/badness", "--line=2/learning_rate", "--group-by=")
        self.refused("'sgd', which is no number", "--curve=quality/badness", "--line=2/optimizer")
        self.refused("expected one of: quality/badness", "--curve=quality/goodness")
        self.refused("expected a column of: quality$", "--curve=quantity/badness")
        self.refused("expected a column of: quality$", "--curve=quality/badness", "--curve=quantity/badness")
        self.refused("expected --curve", "--line=1")

    def test_an_expression_is_arithmetic_and_nothing_else(self):
        options = {"eta": 0.5, "beta1": 0.9, "name": "x", "flag": True}
        for text, value in (("2/eta", 4), ("(2 + 2*beta1) / ((1 - beta1) * eta)",
                                           3.8 / 0.05), ("-eta ** 2", -0.25), ("max(1, eta)", 1), ("1/0", None),
                            ("9**9**9**9", None), ("sqrt(-1)", None), ("missing + 1", None), ("(-1) ** 0.5", None)):
            found = Expression(text).value(options)
            self.assertEqual(found is None, value is None, text)
            if value is not None:
                self.assertAlmostEqual(found, value, places=10)
        for text in ("", "eta +", "__import__('os')", "eta.real", "[1]", "1 if eta else 2", "lambda: 1", "'a' * 9",
                     "eta(1)", "min(eta, key=1)", "eta @ eta", "1 < 2", "(" * 300 + "1" + ")" * 300, "a := 1", "1j",
                     "\0", "+" * 501):
            with self.assertRaises(BadExpression, msg=text):
                Expression(text)
        for text in ("name + 1", "flag"):
            with self.assertRaises(BadExpression):
                Expression(text).value(options)

    # --- one number a run

    def finals(self, values, **options):
        for seed, value in values.items():
            self.run_of(
                {"end": table([0, 1], {"score": HIGHER, "test": HIGHER}, test=[0, value[1]], score=[0, value[0]])},
                seed, **options)

    def test_differences_are_paired_where_seeds_are_shared(self):
        a, b = {0: 0.50, 1: 0.61, 2: 0.72, 3: 0.80}, {0: 0.60, 1: 0.70, 2: 0.84, 3: 0.93}
        self.finals({seed: (value, 0) for seed, value in a.items()}, optimizer="a")
        self.finals({seed: (value, 0) for seed, value in b.items()}, optimizer="b")
        self.finals({seed + 10: (value, 0) for seed, value in a.items()}, optimizer="c")
        groups = {group.label: group for group in self.select("--metric=end/score").table.groups}
        ours, theirs = np.array(list(a.values())), np.array(list(b.values()))
        value, half, pairs = groups["a"].versus_best
        low, high = stats.ttest_rel(ours, theirs).confidence_interval()
        self.assertEqual(pairs, 4)
        np.testing.assert_allclose([value - half, value + half], [low, high])
        value, half, pairs = groups["c"].versus_best
        self.assertEqual(pairs, 0)
        self.assertAlmostEqual(value, np.mean(ours) - np.mean(theirs))
        shares = np.array([np.var(ours, ddof=1), np.var(theirs, ddof=1)]) / 4
        freedom = shares.sum() ** 2 / (shares ** 2 / 3).sum()
        self.assertAlmostEqual(half, stats.t.ppf(0.975, freedom) * np.sqrt(shares.sum()))
        self.assertEqual([group.mark for group in groups.values()], ["best", "", "tied"])
        text = self.select("--metric=end/score").table.text()
        self.assertIn("(4 pairs)", text)
        self.assertRegex(text, r"0\.77 ± 0\.15 \(4\)")  # n beside the mean

    def test_parameters_of_the_problem_do_not_compete(self):
        for length, best in ((10, "a"), (20, "b")):
            for optimizer in "ab":
                self.finals({seed: ((optimizer == best) + 0.01 * seed, 0) for seed in range(3)}, optimizer=optimizer,
                            length=length)
        selection = self.select("--within=length", "--metric=end/score")
        self.assertEqual([(group.key, group.mark) for group in selection.table.groups],
                         [((10, "a"), "best"), ((10, "b"), ""), ((20, "b"), "best"), ((20, "a"), "")])
        facets = [(panel.title, panel.facet) for panel in selection.panels if panel.kind == "bars"]
        self.assertEqual([facet for _, facet in facets], ["length 10", "length 20"])
        self.assertEqual(len({panel.id for panel in selection.panels}), len(selection.panels))
        self.assertTrue(all(len(panel.series) == 2 for panel in selection.panels if panel.kind == "bars"))

    def test_an_option_is_tuned_on_one_column_and_told_on_another(self):
        for rate, score, test in ((0.1, 0.5, 0.9), (0.2, 0.8, 0.6), (0.3, 0.7, 0.7)):
            self.finals({seed: (score, test + 0.01 * seed) for seed in range(2)}, optimizer="a", learning_rate=rate)
            self.finals({seed: (1 - score, test) for seed in range(2)}, optimizer="b", learning_rate=rate)
        table = self.select("--tune=learning_rate", "--by=end/score", "--report=end/test").table
        self.assertEqual([group.key for group in table.groups], [("b", 0.1), ("a", 0.2)])
        self.assertEqual([group.chosen for group in table.groups],
                         ["best of 3, learning rate at the edge", "best of 3"])
        self.assertEqual([metric.name for metric in table.metrics[:2]], ["end/test:last", "end/score:last"])
        self.assertAlmostEqual(table.groups[1].mean(table.primary), 0.605)
        self.refused("expected --by", "--tune=learning_rate")
        self.refused("no run has an option", "--tune=colour", "--by=end/score")

    def test_a_heat_map_has_the_mean_and_the_runs_of_each_cell(self):
        for depth in (2, 3):
            for activation, gradient in (("tanh", 1.0), ("relu", 2.0)):
                for seed in range(2):
                    self.run_of(
                        {"layer": table([0, 1, 2], index_name="layer", gradient=[gradient * depth + seed, 0, 0])}, seed,
                        activation=activation, depth=depth, init="he")
        self.run_of({"layer": table([0, 1, 2], index_name="layer", gradient=[7, 0, 0])}, 0, activation="tanh", depth=2,
                    init="glorot")
        panels = self.select("--metric=layer/gradient:first", "--heatmap=init,activation", "--facet=depth").panels
        self.assertEqual([panel.facet for panel in panels], ["depth 2", "depth 3"])
        rows, columns, values, n = panels[0].heat
        self.assertEqual((rows, columns, n.tolist()), (["glorot", "he"], ["relu", "tanh"], [[0, 1], [2, 2]]))
        np.testing.assert_array_equal(values, [[np.nan, 7], [4.5, 2.5]])
        self.refused("expected two different options", "--metric=layer/gradient", "--heatmap=init")
        self.refused("expected --heatmap", "--facet=depth")
        self.refused("--facet=depth,init: expected one option", "--heatmap=init,activation", "--facet=depth,init")

    def test_a_table_that_is_too_wide_leaves_columns_out_and_names_them(self):
        for optimizer in ("sgd", "adam"):
            for seed in range(2):
                self.run_of(
                    {
                        "end": table(np.arange(2), {"score": HIGHER, "loss": LOWER}, spare=np.arange(2) *
                                     (seed + 1), loss=np.ones(2) + seed, score=np.arange(2) * len(optimizer) + seed)},
                    seed, optimizer=optimizer)
        found = self.select().table
        whole = found.text()
        self.assertEqual(found.text(500), whole)
        wide = len(whole.splitlines()[1])
        lost = 0
        for most in range(wide - 1, 30, -1):
            lines = found.text(most).splitlines()
            *_, told = lines
            self.assertRegex(told, rf"\AToo wide for {most} columns, and in the page: \S")
            absent = told.split(": ")[1].rstrip(".").split(", ")
            self.assertGreaterEqual(len(absent), lost)
            lost = len(absent)
            self.assertIn("score", lines[0])  # what ranks stays
            self.assertEqual([name for name in ("loss", "difference from best") if name in lines[0]],
                             [name for name in ("loss", "difference from best") if name not in absent])
            if lost < 3:
                self.assertLessEqual(max(map(len, lines[:-1])), most)
        self.assertGreater(lost, 2)

    def test_statistics_of_a_column(self):
        self.run_of({"end": table(range(4), {"score": HIGHER}, score=[3.0, np.nan, 5.0, 1.0])})
        for statistic, value in (("first", 3), ("last", 1), ("best", 5), ("mean", 3)):
            table_of = self.select(f"--metric=end/score:{statistic}").table
            self.assertEqual(table_of.groups[0].mean(table_of.primary), value, statistic)
        self.refused("expected TABLE/COLUMN", "--metric=end/score:median")
        self.refused("expected one of: end/score", "--metric=end/colour")
        self.refused("a column of end", "--metric=colour/end")

    def test_notes_and_tags(self):
        for seed, tags in enumerate(("pilot", "pilot, long", "")):
            write_run(self.folder, {"optimizer": "sgd", "seed": seed},
                      attributes={"tags": tags, "note": "first try"} if tags else {})
        for arguments, count in (((), 3), (("--only-tag=pilot",), 2), (("--only-tag=pilot", "--only-tag=long"), 1)):
            self.assertEqual(len(self.select(*arguments).runs), count)
        self.refused("expected one of: pilot, long", "--only-tag=final")


if __name__ == "__main__":
    unittest.main()
