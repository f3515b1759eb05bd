#!/usr/bin/python3
"""Claims of studies: what is read of them and of runs, verdicts, staleness, and the report. Uses no program of ours."""
import dataclasses
import io
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import numpy as np

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "python"), str(pathlib.Path(__file__).parent)]
from gradus.claims import clock, evidence, findings, judging, markdown, origin, page, quantities, study  # noqa: E402
from gradus.claims import sweep_file, words  # noqa: E402
from gradus.claims.quantities import NotMeasured, Number  # noqa: E402
from gradus.claims.study import BadStudy, Quantity  # noqa: E402
from gradus.records.run import Rows  # noqa: E402
from gradus.records.tables import Axis, Column, Table  # noqa: E402
from run_fixtures import write_run, write_sealed  # noqa: E402

CLAIMS = '''
question = "Does Adam win?"
seconds = {smoke = 1, standard = 2, full = 3}

[[claim]]
name = "adam-is-better"
essay = [4]
says = "Adam is better."
reading = "At the end."
a = {optimizer = "adam"}
b = {optimizer = "sgd"}
quantity = {take = "last", of = "evaluation/training_loss"}
better = "lower"
effect = "ratio"
delta = 0.05
seeds = 5
why = "Because."
refuted_by = "The contrary."
picture = {draw = "curves", of = "evaluation/training_loss"}
'''


class StudyCase(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.study = self.folder / "studies" / "first_study"
        self.study.mkdir(parents=True)
        (self.study / "sweep.toml").write_text('program = "x"\n[options]\noptimizer = ["adam", "sgd"]\n')

    def write(self, text=CLAIMS):
        (self.study / "claims.toml").write_text(text)
        return self.study / "claims.toml"


class Reading(StudyCase):
    def test_a_study(self):
        found = study.read(self.write())
        claim, = found.claims
        self.assertEqual(found.name, "first_study")
        self.assertEqual((claim.a, claim.b), ({"optimizer": ["adam"]}, {"optimizer": ["sgd"]}))
        self.assertEqual((claim.quantity.take, claim.picture.draw, claim.essay), ("last", "curves", (4,)))

    def test_each_mistake_is_a_line_with_file_claim_and_key(self):
        for old, new, says in (
                ('better = "lower"', 'better = "less"', "adam-is-better: better: 'less', expected one of lower"),
                ('delta = 0.05', 'delta = "small"', "delta: 'small', expected a number"),
                ('delta = 0.05\n', '', "claim adam-is-better: delta is missing"),
                ('take = "last"', 'take = "lst"', "quantity: take: 'lst', expected one of first, last"),
                ('take = "last"', 'take = "time_to", target = 1', "quantity: along is missing"),
                ('take = "last", ', 'take = "last", targt = 1, ', "quantity: unknown key 'targt'; expected one of take, "),
                ('refuted_by =', 'refute_by =', "refuted_by is missing: expected a text; is 'refute_by' meant to be it?"),
                ('seeds = 5', 'stage = "judge"\nseeds = 5', "stage: sweep.toml has no stage 'judge'"),
                ('seeds = 5', 'tuning = "tune"\nseeds = 5', "tuning: sweep.toml has no stage 'tune'"),
                ('"adam"}', '"adm"}', "a: optimizer: sweep.toml has no run with 'adm'; expected one of adam, sgd"),
                ('"sgd"}', '["sgd", "gd"]}', "b: optimizer: sweep.toml has no run with 'gd'"),
                ('evaluation/training_loss"}', 'training_loss"}', "of: 'training_loss', expected TABLE/COLUMN"),
                ('take = "last", ', 'take = "last", over = "rate", ', "over = \"OPTION\" and then"),
                ('b = {optimizer = "sgd"}', 'b = {optimizer = "adam"}', "a and b are the same runs"),
                ('delta = 0.05', 'delta = -1.0', "delta: -1, expected more than -1"),
                ('seeds = 5', 'workloads = ["optimizr"]\nseeds = 5', "gives no option 'optimizr'; is 'optimizer' meant"),
                ('b = {optimizer = "sgd"}\n', '', "expected one of b = {option = value} and than = number"),
                ('seeds = 5', 'seeds = 1', "seeds: 1, expected at least 2"),
                ('essay = [4]', 'essay = ["four"]', "essay: ['four'], expected a list of whole numbers"),
                ('draw = "curves"', 'draw = "against"', "against: expected x"),
                ('draw = "curves"', 'draw = "heat", x = "rate"', "heat: expected x"),
                ('draw = "curves"', 'draw = "pie"', "picture: draw: 'pie'"),
                ('full = 3', 'full = -3', "seconds: full: -3, expected at least 0"),
                ('[[claim]]', 'jobs = 1.5\n[[claim]]', "jobs: 1.5, expected a whole number"),
                ('[[claim]]', 'jobs = 0\n[[claim]]', "jobs: 0, expected at least 1"),
                ('question', 'qestion', "question is missing"),
                ('why =', 'sweep = "other"\nwhy =', "there is no other.toml beside it"),
                ('why =', 'sweep = "sweep.toml"\nwhy =', "no sweep.toml.toml beside it; expected the file's name without"),
                ('[[claim]]', '[[clam]]', "unknown key 'clam'"),
                ('"Because."', '"Because.', "expected claims in TOML")):
            with self.subTest(new=new):
                path = self.write(CLAIMS.replace(old, new, 1))
                with self.assertRaises(BadStudy) as caught:
                    study.read(path)
                self.assertIn(says, str(caught.exception))
                self.assertTrue(str(caught.exception).startswith(str(path)))
                self.assertEqual(len(str(caught.exception).splitlines()), 1)

    def test_a_misspelt_value_of_a_group_is_refused(self):
        """Runs of other groups have the program's default, which the file does not tell."""
        (self.study / "sweep.toml").write_text('program = "x"\n[[stage]]\nname = "all"\n[[stage.group]]\n'
                                               '[stage.group.options]\noptimizer = ["adam", "sgd"]\n')
        text = CLAIMS.replace("seeds = 5", 'stage = "all"\nseeds = 5')
        study.read(self.write(text.replace('"sgd"', '"momentum"')))
        with self.assertRaisesRegex(BadStudy, "no run with 'sgdx'; is 'sgd' meant to be it"):
            study.read(self.write(text.replace('"sgd"', '"sgdx"')))

    def test_a_name_is_there_once(self):
        self.write()
        other = self.study.parent / "second"
        other.mkdir()
        (other / "sweep.toml").write_text("")
        (other / "claims.toml").write_text(CLAIMS)
        with self.assertRaisesRegex(BadStudy, "claim adam-is-better: there is one of this name in first_study"):
            study.find(self.study.parent)

    def test_what_the_studies_of_the_project_read_is_there(self):
        for name, one in study.find(ROOT / "experiments").items():
            with self.subTest(study=name):
                self.assertEqual([path for path in one.data if not pathlib.Path(path).exists()], [])

    def test_a_study_lists_what_its_programs_read_from_the_disk(self):
        read = {r"fashion-|deep-autoencoder": "/usr/share/datasets/fashion-mnist",
                r"license-texts|characters": "/usr/share/common-licenses"}
        for name, one in study.find(ROOT / "experiments").items():
            for sweep in one.sweeps().values():
                told = re.sub(r"(?m)(^|\s)#.*$", "", sweep.read_text())
                if "workload = " not in told:  # the program says itself what it trains on
                    program = re.search(r'program = "(.+)"', told)[1]
                    told += "".join(path.read_text() for path in (ROOT / "experiments").glob(f"*/{program}.cpp"))
                for names, data in read.items():
                    if re.search(names, told):
                        with self.subTest(study=name, sweep=sweep.name):
                            self.assertIn(data, one.data)

    def test_the_answer_to_a_claim_of_the_essay(self):
        def answer(*verdicts, against=(), differing=False, beside=()):
            decided = [mock.Mock(verdict=verdict) for verdict in verdicts]
            for place, one in enumerate(decided):
                one.claim.name = str(place)
            return words.answer(study.EssayClaim(1, "", "", (), against, differing, beside), decided)
        yes, no, open_ = "supported", "refuted", "not decided"
        for verdicts, told in (((), open_), ((yes, yes), "holds"), ((yes, open_), "holds in part"), ((open_,), open_),
                               ((yes, no), "mixed"), (("depends",), "mixed"), ((no,), "does not hold"),
                               ((no, open_), "fails in part")):
            self.assertIn(told, words.ANSWERS)
            self.assertEqual(answer(*verdicts), told)
        self.assertEqual(answer(yes, against=("0",)), "does not hold")
        self.assertEqual(answer(no, yes, against=("0",)), "holds")
        self.assertEqual([answer(yes, no, beside=("1",)), answer(yes, open_, beside=("1",)), answer(yes, beside=("0",)),
                          answer(yes, no, differing=True, beside=("1",))], ["holds", "holds", open_, "does not hold"])
        self.assertEqual([answer(yes, no, differing=True), answer(yes, yes, differing=True),
                          answer(yes, open_, differing=True)], ["holds", "does not hold", open_])

    def test_a_p_below_what_can_be_told_is_a_bound(self):
        self.assertEqual(words.p_text(0.0123, 1e-12), "p 0.012")
        self.assertEqual(words.p_text(2e-10, 1e-12, 1e-12), "p < 2e-10")
        self.assertEqual(words.p_text(2 / 10000, 2 / 10000), "p < 0.0002")

    def test_the_page_tells_every_word_of_the_language(self):
        page_text = (ROOT / "docs" / "claims.md").read_text()
        for word in (*study.TAKES, *study.FAMILIES, *study.DRAWS, *study.EFFECTS):
            self.assertRegex(page_text, f'[`"]{word}[`"]')

    def test_the_studies_of_the_project_decide_the_whole_essay(self):
        studies = study.find(ROOT / "experiments")
        for claim in study.essay(ROOT / "experiments" / "essay.toml"):
            feeding = {one.name for each in studies.values() for one in each.claims if claim.number in one.essay}
            self.assertLessEqual({*claim.against, *claim.beside}, feeding)
            self.assertGreater(feeding, set(claim.beside), f"nothing decides {claim.number}")
            for name in claim.studies:
                with self.subTest(claim=claim.number, study=name):
                    self.assertIn(name, studies)
                    self.assertTrue(any(claim.number in one.essay for one in studies[name].claims))


def run_of(values, index=None, status="completed", better="lower", **columns):
    """A Measured run with one table: column `loss`, and others."""
    values = np.asarray(values, float)
    index = np.arange(len(values)) * 10.0 if index is None else np.asarray(index, float)
    described = [Column("loss", better=better), *(Column(name, better="higher") for name in columns)]
    if values.ndim == 2:
        described[0] = Column("loss", better=better, axis=Axis("layer", labels=("first", "second", "third")))
    table = Table("evaluation", Axis("step"), tuple(described))
    arrays = {"loss": values, **{name: np.asarray(each, float) for name, each in columns.items()}}
    return evidence.Measured("r", "", status, {"seed": 0}, {}, {"evaluation": Rows(table, index, arrays)})


def ended(run, reason, steps=100):
    """The run with a budget and the reason for which it ended."""
    run.options["steps"], run.attributes["reason"] = steps, reason
    return run


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
        self.assertAlmostEqual(self.family("spread", [3, 0.1, 10]), 2)
        self.assertAlmostEqual(self.family("slope", [5, 0.5, 0.05]), -1)
        self.assertAlmostEqual(self.family("edge", [3, 1, 2, 10, 11]), 2)
        self.assertAlmostEqual(self.family("edge", [3, 1, 2], arrived=[True, True, False]), 1)
        # Best 0, start 10: what is within 1 of the best. Straight from 5 at 0 to 0 at 1 decade: the last fifth.
        self.assertAlmostEqual(self.family("width", [5, 0, 0, 5]), 1.4)
        self.assertAlmostEqual(self.family("width", [0, 0.5, 0.9]), 2)


class Verdicts(StudyCase):
    def runs(self, adam=0.5, diverged=(), seeds=range(5), failed=(), attributes=()):
        """A sweep's folder with two optimizers; adam's losses are `adam` of the other's."""
        folder = self.folder / "results" / "first_study" / "sweep"
        folder.mkdir(parents=True)
        text = origin.text_of(study.read(self.study / "claims.toml"), self.study / "sweep.toml")
        for optimizer in ("adam", "sgd"):
            for seed in seeds:
                noise = 1 + 0.02 * np.random.default_rng(10 * seed + len(optimizer)).standard_normal()
                last = noise * (adam if optimizer == "adam" else 1.0)
                status = "diverged" if (optimizer, seed) in diverged else "completed"
                tables = {"evaluation": {"index": np.arange(3), "index_name": "step",
                                         "columns": {"training_loss": np.array([3.0, 2.0, last])}}}
                made = write_run(folder, {"optimizer": optimizer, "seed": seed}, status, tables=tables,
                                 attributes={"study": text, "seconds": 2.0, **dict(attributes)})
                if (optimizer, seed) in failed:
                    (made / "complete.json").unlink()
        return self.folder / "results"

    def find(self, results):
        return findings.find(study.find(self.study.parent), "standard", results, self.folder)

    def test_supported_refuted_and_undecided(self):
        self.write()
        for factor, verdict in ((0.5, "supported"), (0.96, "not decided"), (1.5, "refuted")):
            with self.subTest(factor=factor):
                results = self.runs(factor)
                found = self.find(results)
                one, = found.decided
                self.assertEqual(one.verdict, verdict)
                self.assertAlmostEqual(math.exp(-one.judged.estimate), factor, delta=0.03 * factor)
                self.assertEqual(one.stale, [])
                self.assertEqual(found.seconds("first_study"), 20.0)
                self.assertIn(f"{math.exp(-one.judged.estimate):.3g} times", words.effect_text(one))
                results.rename(self.folder / f"results-{factor}")

    def test_a_diverged_run_counts_as_one_that_learnt_nothing(self):
        self.write()
        one, = self.find(self.runs(0.5, diverged=[("adam", 1)])).decided
        self.assertEqual(one.compared.pairs[""][1][0], Number(3.0, False))
        self.assertEqual(one.verdict, "not decided")

    def test_a_run_without_a_result_leaves_a_claim_undecided_and_is_said(self):
        self.write()
        one, = self.find(self.runs(0.5, failed=[("sgd", 3)])).decided
        self.assertEqual(one.verdict, "not decided")
        self.assertIn("4 seeds, 5 were planned", one.judged.problem)
        self.assertIn("unfinished", one.judged.problem)

    def test_a_run_of_none_of_its_sides_leaves_a_claim_decided(self):
        self.write()
        results = self.runs()
        made = write_run(results / "first_study" / "sweep", {"optimizer": "lion", "seed": 0})
        (made / "complete.json").unlink()
        one, = self.find(results).decided
        self.assertEqual((one.verdict, one.judged.problem), ("supported", ""))

    def test_nobody_arrives(self):
        quantity = 'take = "time_to", of = "evaluation/training_loss", target = 0.001, along = "step"'
        self.write(CLAIMS.replace('take = "last", of = "evaluation/training_loss"', quantity, 1))
        one, = self.find(self.runs()).decided
        self.assertEqual((one.verdict, one.judged.problem), ("not decided", "no run came to the target"))

    def test_where_nobody_learns_nothing_is_decided(self):
        """Losses that end 1.6 and 1 times as high, of a start of 3 or just above both."""
        self.write()
        results = self.runs(1.5)
        self.assertEqual(self.find(results).decided[0].verdict, "refuted")
        with mock.patch.object(quantities, "LEARNT", 0.7):
            one, = self.find(results).decided
        self.assertEqual((one.verdict, one.judged.problem), ("not decided", "no side's loss has fallen by 70%"))

    def test_numbers_that_are_all_0_or_1_are_outcomes(self):
        """Of a function that tells floats: 5 of 5 against 0 of 5 is no certainty, nor is a difference above 1."""
        self.write(CLAIMS.replace('take = "last", ', 'take = "python", function = "is_adam", ', 1)
                   .replace('"ratio"', '"difference"').replace('better = "lower"', 'better = "higher"'))
        (self.study / "quantities.py").write_text("def is_adam(run):\n"
                                                  "    return float(run.options['optimizer'] == 'adam')\n")
        one, = self.find(self.runs()).decided
        self.assertEqual((one.judged.told_by, one.judged.estimate, one.judged.high), ("exact shares", 1, 1))
        self.assertLess(one.judged.low, 0.5)
        self.assertGreater(one.judged.p, 0.01)

    def test_equal_seeds_are_certain_where_no_seed_has_a_part(self):
        same, other = run_of([3, 1, 2]), run_of([3, 1.5, 2])
        other.options["seed"] = 1
        last = Quantity("last", "evaluation/loss")
        self.assertFalse(quantities.same_with_every_seed(last, [same, other]))
        again = run_of([3, 1, 2])
        again.options["seed"] = 2
        self.assertTrue(quantities.same_with_every_seed(last, [same, again]))
        self.assertFalse(quantities.same_with_every_seed(Quantity("python", function="f"), [same, other]))
        for values, law in (([0.3, 0.1 + 0.2], True), ([0.3, 0.3], False), ([0.0, 0.0], False), ([0.3, 0.31], False)):
            self.assertEqual(quantities.same_but_for_rounding(dict(enumerate(map(Number, values)))), law)

    def test_a_rival_that_converges_lets_the_other_arrive(self):
        quantity = 'take = "time_to", of = "evaluation/loss", target = 0.5, along = "step"'
        text = CLAIMS.replace('take = "last", of = "evaluation/training_loss"', quantity, 1)
        claim, = study.read(self.write(text)).claims
        runs = []
        for seed, (soon, late) in enumerate(((25, 46), (30, 44), (28, 51), (33, 48), (27, 45))):
            for optimizer, end in (("adam", soon), ("sgd", late)):
                runs.append(ended(run_of([3, 0.1], [0, end]), "converged: gradient norm 9e-7 <= 1e-6"))
                runs[-1].options |= {"optimizer": optimizer, "seed": seed}
        compared = evidence.compare(claim, evidence.SweepRuns(self.folder, runs))
        self.assertEqual([[number.value for number in pair] for pair in compared.pairs[""].values()],
                         [[25, 46], [30, 44], [28, 51], [33, 48], [27, 45]])
        race, = judging.races_of(compared).values()
        self.assertEqual((race.arrived, race.first()["adam"].value), ({"adam": 1, "sgd": 1}, 1))

    def test_own_seconds_are_said_to_be_contended(self):
        self.write(CLAIMS.replace('{take = "last", of = "evaluation/training_loss"}',
                                  '{take = "last", of = "evaluation/training_seconds"}', 1))
        results = self.runs()
        for jobs, contended in (("", True), ("jobs = 1\n", False)):
            text = (self.study / "claims.toml").read_text()
            (self.study / "claims.toml").write_text(text.replace("[[claim]]", f"{jobs}[[claim]]", 1))
            one, = self.find(results).decided
            self.assertEqual(one.contended, contended)
        folder = results / "first_study" / "sweep"
        write_run(folder, {"optimizer": "adam", "seed": 9}, attributes={"untimed": "another program takes the steps"})
        one, = self.find(results).decided
        self.assertRegex(one.judged.problem, "is untimed: another program takes the steps")

    def test_no_runs(self):
        self.write()
        one, = self.find(self.folder / "nowhere").decided
        self.assertEqual(one.verdict, "not decided")
        self.assertIn("no run of its sweep has ended", one.judged.problem)

    def test_what_a_verdict_rests_on_is_watched(self):
        self.write(CLAIMS.replace("[[claim]]", f'data = ["{self.folder}/data"]\n[[claim]]', 1))
        (self.folder / "data").write_text("numbers")
        (self.study / "quantities.py").write_text("def one(run):\n    return 1\n")
        results = self.runs()

        def stale():
            origin.digest_of_file.cache_clear()
            origin.digest_of.cache_clear()
            return self.find(results).decided[0].stale
        self.assertEqual(stale(), [])
        for path, told in ((self.study / "claims.toml", "the claims differ"), (self.study / "sweep.toml", "the sweep"),
                           (self.study / "quantities.py", "the functions differ"),
                           (self.folder / "data", "the data differ")):
            before = path.read_text()
            path.write_text(before + "\n# changed\n")
            self.assertEqual(len(stale()), 1)
            self.assertIn(told, stale()[0])
            path.write_text(before)
        (self.folder / "data").rename(self.folder / "moved")
        self.assertEqual(stale(), [f"no data at {self.folder}/data: expected what a claims.toml names as what its runs "
                                   "read"])
        (self.folder / "moved").rename(self.folder / "data")
        program = self.folder / "optimizer_comparison"
        program.write_text("another build")
        program.chmod(0o755)
        self.assertEqual(stale(), ["optimizer_comparison is another build than that of its runs"])

    def test_seconds_rest_on_a_clock_of_the_same_build_and_processor(self):
        quantity = 'take = "time_to", of = "evaluation/training_loss", target = 2.5, along = "clock"'
        self.write(CLAIMS.replace('take = "last", of = "evaluation/training_loss"', quantity, 1))
        results = self.runs()
        one, = self.find(results).decided
        self.assertIn("not timed by the clock", one.judged.problem)
        timing = {"seconds": 0.5, "difference": 0.02, "executable_sha256": "e" * 64, "processor": "x"}
        known = {clock.key_of(run): timing for run in findings.timed_runs(study.find(self.study.parent), results)}
        self.assertEqual(len(known), 2)
        for name, value, stale in (("seconds", 0.25, 0), ("executable_sha256", "f", 1), ("processor", "y", 1)):
            with self.subTest(name=name):
                key = next(iter(known))
                (results / clock.CLOCK_FILE).write_text(json.dumps({**known, key: {**timing, name: value}}))
                one, = self.find(results).decided
                self.assertEqual(len(one.stale), stale, one.stale)
                self.assertIn("each step timed twice, alone on one core: at most 2.0% apart", words.details(one))
        (results / clock.CLOCK_FILE).write_text(json.dumps(known))
        one, = self.find(results).decided
        self.assertEqual([pair[0].value for pair in one.compared.pairs[""].values()], [0.5] * 5)

    def test_a_setting_that_cannot_be_timed_leaves_the_others(self):
        self.write()
        program = self.folder / "optimizer_comparison"
        program.write_text("#!/bin/sh\necho it diverged >&2\nexit 3\n")
        program.chmod(0o755)
        results = self.runs()
        mine = evidence.load(results / "first_study" / "sweep", set()).runs
        with mock.patch.object(clock.command, "warn") as warned:
            clock.Clock(results, self.folder).calibrate(mine)
        self.assertIn("clock: optimizer_comparison ended with code 3: it diverged; what is", warned.call_args.args[1])
        self.assertEqual(json.loads((results / clock.CLOCK_FILE).read_text()), {})

    def test_a_function_of_the_study_that_fails_leaves_its_claim_alone_undecided(self):
        quantity = 'quantity = {take = "last", of = "evaluation/training_loss"}'
        results = None
        for function, body, says in (("twice", "return 2 * run.tables['evaluation'].columns['training_loss'][-1]", ""),
                                     ("twice", "return run.tables['other']", "twice of .*: KeyError: 'other'"),
                                     ("thrice", "return 1", "quantities.py has no function thrice")):
            with self.subTest(says=says):
                self.write(CLAIMS.replace(quantity, f'quantity = {{take = "python", function = "{function}"}}', 1)
                           .replace('picture = {draw = "curves"', 'picture = {draw = "bars"'))
                (self.study / "quantities.py").write_text(f"def twice(run):\n    {body}\n")
                results = results or self.runs()
                one, = self.find(results).decided
                self.assertRegex(one.judged.problem, f"^{says}")
                self.assertEqual(one.verdict, "not decided" if says else "supported")

    def test_settings_that_nothing_tells_apart_are_refused(self):
        self.write(CLAIMS.replace('b = {optimizer = "sgd"}', 'b = {width = 128}'))
        one, = self.find(self.runs()).decided
        self.assertIn("seed 0 has 2 runs, which differ in optimizer", one.judged.problem)

    def test_a_profile(self):
        self.write(CLAIMS + '''
            [[profile]]
            name = "who-is-sooner"
            competitors = "optimizer"
            workloads = ["width"]
            quantity = {take = "time_to", of = "evaluation/training_loss", target = 0.7, along = "step"}\n''')
        found = self.find(self.runs(0.5))
        one, = found.profiled["first_study"]
        self.assertEqual([(of.name, of.score, of.first) for of in one.standings], [("adam", 1, 1), ("sgd", 0, 0)])
        self.assertIn("performance profile", page.build(found, []))
        self.assertIn("| adam | 1.0000 | 1.00 to 1.00 | 1.00 |", markdown.page(found, []))
        self.write(CLAIMS + '[[profile]]\nname = "x"\ncompetitors = "optimizer"\nworkloads = []\n'
                   'quantity = {take = "last", of = "evaluation/training_loss"}\n')
        with self.assertRaisesRegex(BadStudy, "profile 1: quantity: take: 'last', expected time_to"):
            self.find(self.folder)

    def test_where_t_stands_in_is_told(self):
        """Of 25 seeds: BCa of one claim alone, t at the level of one of 200."""
        self.write()
        found = self.find(self.runs(seeds=range(25)))
        self.assertNotIn("stands in", page.build(found, []))
        found.decided[0].judged = dataclasses.replace(found.decided[0].judged, told_by="paired t")
        self.assertIn("of the 1 claims with 20 seeds or more that tell a mean t stands in for it in 1", page.build(found, []))

    def test_seconds_of_a_conversation_are_no_ones(self):
        """Neither a claim nor a profile counts them, nor does the clock begin to time them."""
        for name, along in (("clock", "clock"), ("own", "training_seconds")):
            self.write(CLAIMS + f'''
                [[profile]]
                name = "who-is-sooner"
                competitors = "optimizer"
                workloads = ["width"]
                quantity = {{take = "time_to", of = "evaluation/training_loss", target = 0.7, along = "{along}"}}\n''')
            results = self.runs(attributes={"untimed": "another program takes the steps"})
            one, = self.find(results).profiled["first_study"]
            self.assertRegex(one.problem, "is untimed: another program takes the steps", name)
            timed = clock.Clock(results, self.folder)
            mine = evidence.load(results / "first_study" / "sweep", set()).runs
            timed.timings = {clock.key_of(run): {"seconds": 0.5} for run in mine}
            self.assertEqual({timed.seconds_of_step(run) for run in mine}, {None})
            with mock.patch.object(timed, "_time") as time:
                timed.calibrate(mine)
            time.assert_not_called()
            results.rename(self.folder / name)

    def test_a_script_that_takes_the_steps_is_data(self):
        """Of a folder with what it imports, too, whatever Python keeps there."""
        scripts = self.folder / "scripts"
        (scripts / "__pycache__").mkdir(parents=True)
        script = scripts / "mine.py"
        for data in (script, scripts):
            self.write(CLAIMS.replace("[[claim]]", f'data = ["{data}"]\n[[claim]]', 1))
            told = []
            for path, text in ((script, "import gradus.external\n"), (scripts / "__pycache__" / "mine.pyc", str(data)),
                               (script, "import torch\n")):
                path.write_text(text)
                origin.digest_of_file.cache_clear()
                origin.digest_of.cache_clear()
                told.append(origin.text_of(study.read(self.study / "claims.toml"), self.study / "sweep.toml"))
            self.assertEqual(*told[:2])
            self.assertNotEqual(*told[1:])

    def test_the_pages(self):
        self.write()
        found = self.find(self.runs())
        essay = [study.EssayClaim(4, "2", "Adam is <better>.", ("first_study",)),
                 study.EssayClaim(5, "2", "Another.", ("first_study",)),
                 study.EssayClaim(6, "2", "Not asked.", ("second",))]
        text = page.build(found, essay, "0123abcd")
        self.assertIn("whose digest is 0123abcd", text)
        self.assertIn('<span class="verdict supported">supported</span>', text)
        self.assertIn("Adam is &lt;better&gt;.", text)
        self.assertIn("<svg", text)
        self.assertNotIn("http://", text.replace("http://www.w3.org", ""))
        markdown.write(found, essay, self.folder / "pages", "0123abcd")
        told = (self.folder / "pages" / "README.md").read_text()
        self.assertIn("| 4 | 2 | Adam is <better>. | holds | [supported](#adam-is-better): At the end. |", told)
        self.assertIn("| 5 | 2 | Another. | not decided | no comparison of first_study |", told)
        self.assertNotIn("Not asked.", told + text)
        self.assertIn("essay.toml says, whose digest is 0123abcd.", told)
        essay[0] = study.EssayClaim(4, "2", "Adam is fast.", ("first_study",), beside=("adam-is-better",))
        for told in (page.build(found, essay), markdown.page(found, essay)):
            self.assertIn("(beside the claim: it does not count)", told)
            self.assertNotIn("digest", told)
        self.assertIn("| Adam is fast. | not decided | [supported](#adam-is-better) (beside", told)
        self.assertTrue((self.folder / "pages" / "adam-is-better.svg").read_bytes().startswith(b"<?xml"))


class Builds(unittest.TestCase):
    """A little checkout with a build in it."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)
        self.programs = self.root / "build" / "bin"
        self.git("init", "--quiet")
        self.write("experiments/train/CMakeLists.txt", "add_executable(train_workload train_workload.cpp)\n")
        self.write("experiments/train/train_workload.cpp", "int main() {}\n")
        self.write("experiments/forgetting/forgetting.cpp", "int main() {}\n")
        self.write("optim/adam.cpp", "// a method\n")
        self.write(".gitignore", "build\n")
        self.first = self.commit()
        self.run_made = self.told(self.first)

    def git(self, *arguments):
        return subprocess.run(["git", "-C", str(self.root), "-c", "user.name=x", "-c", "user.email=x@localhost",
                               *arguments], check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")
        return self.git("rev-parse", "HEAD")

    def told(self, commit, **attributes):
        """A run of that commit."""
        return mock.Mock(attributes={"gradus_commit": commit, "git_commit": commit, "gradus_dirty": 0, "git_dirty": 0,
                                     "compiler": "GNU 12", "compiler_flags": "-O3", **attributes})

    def build(self, commit, dirty=0, flags="-O3"):
        self.write(f"build/{origin.BUILD_INFO}", f"""#pragma once
#define GRADUS_STUDY_COMMIT "{commit}"
#define GRADUS_COMMIT "{commit}"
#define GRADUS_DIRTY {dirty}
#define GRADUS_COMPILER "GNU 12"
#define GRADUS_COMPILER_FLAGS "{flags}"
""")
        self.write("build/bin/train_workload", commit)
        origin._build_info.cache_clear()

    def same(self, run=None):
        return origin.made_of_same_sources(self.programs, "train_workload", run or self.run_made)

    def test_a_commit_of_what_is_not_compiled_leaves_a_program_the_same(self):
        for name in ("README.md", "docs/claims.md", "tools/python/page.py", "experiments/train/claims.toml",
                     "experiments/forgetting/forgetting.cpp", "tests/optim/adam.cpp"):
            self.write(name, "another\n")
        self.build(self.commit())
        self.assertTrue(self.same())
        for attributes in ({"gradus_dirty": 1}, {"git_dirty": 1}, {"compiler": "GNU 13"}, {"git_commit": "another"},
                           {"gradus_commit": "0" * 40, "git_commit": "0" * 40}, {"gradus_commit": "unknown"}):
            self.assertFalse(self.same(self.told(self.first, **attributes)), attributes)
        self.assertFalse(origin.made_of_same_sources(self.programs, "forgetting", self.run_made))  # CMake knows none

    def test_what_is_compiled_makes_another_program(self):
        for name in ("optim/adam.cpp", "nn/new.h", "CMakeLists.txt", "experiments/lab/run.cpp", "cmake/archives.cmake",
                     "experiments/train/train_workload.cpp"):
            self.write(name, "another\n")
            self.build(self.commit())
            self.assertFalse(self.same(), name)
            self.git("revert", "--no-edit", "HEAD")
            self.build(self.git("rev-parse", "HEAD"))
            self.assertTrue(self.same(), name)

    def test_a_build_that_is_not_that_of_a_commit_is_another(self):
        self.build(self.first, dirty=1)
        self.assertFalse(self.same())
        self.build(self.first, flags="-O0")
        self.assertFalse(self.same())
        self.build(self.first)
        os.utime(self.programs / "train_workload", (0, 0))  # it was not made anew
        self.assertFalse(self.same())

    def test_the_list_has_all_that_is_compiled(self):
        """Each folder of a library, and each that is included."""
        listed = [path for path in origin.COMPILED if (ROOT / path).is_dir()]
        files = [path for one in (*listed, "experiments") for path in (ROOT / one).rglob("*") if path.is_file()]
        for path in files:
            where = str(path.parent.relative_to(ROOT))
            text = path.read_text() if path.suffix in (".h", ".cpp", ".txt") else ""
            if path.name == "CMakeLists.txt" and "gradus_library(" in text:
                self.assertTrue(where.startswith(tuple(listed)), where)
            for included in re.findall(r'(?m)^#include "([^"]+)/', text):
                self.assertTrue(included.startswith(tuple(listed)) or included == where, f"{path}: {included}")


class Trials(StudyCase):
    def test_choice_and_borders_of_a_tuned_claim(self):
        """Draws of a stage: what the interval counts, and a winner at the border of its space."""
        self.write(CLAIMS.replace("better =", 'stage = "judge"\nbetter =', 1).replace("seeds = 5", "seeds = 3"))
        (self.study / "sweep.toml").write_text('program = "x"\n[[stage]]\nname = "tune"\n[[stage]]\nname = "judge"\n'
                                               '[[stage.group]]\nrate = "{tune}"\n')
        folder = self.folder / "results" / "first_study" / "sweep"
        folder.mkdir(parents=True)
        entries = []

        def write(stage, optimizer, rate, seed, loss):
            tables = {"evaluation": {"index": np.arange(2), "index_name": "step",
                                     "columns": {"training_loss": np.array([3.0, loss])}}}
            options = {"optimizer": optimizer, "rate": rate, "seed": seed}
            made = write_run(folder, options, tables=tables)
            entries.append({"id": made.name, "folder": made.name, "stage": stage, "options": options,
                            "status": "completed"})
        for optimizer, rates, best in (("adam", (0.001, 0.01, 0.05), 1.0), ("sgd", (0.01, 0.1, 1.0), 2.0)):
            for place, rate in enumerate(rates):
                for seed in (0, 1):
                    write("tune", optimizer, rate, seed, best + 0.1 * place + 0.01 * seed)
            for seed in (7, 8, 9):
                write("judge", optimizer, rates[0], seed, best + 0.01 * seed)
        def tell(adam, low=0.001, **more):
            """The sweep's own tables: Adam's winner has this rate, of a space from `low` on."""
            write_sealed(folder / "sweep.json", {"program": "x", "runs": entries})
            of_stage = {stage: [entry for entry in entries if entry["stage"] == stage] for stage in ("tune", "judge")}
            judged = [entry["id"] for entry in of_stage["judge"] if entry["options"]["rate"] in (adam, 0.01)]
            winners = [{"per": {"optimizer": name}, "tuned": {"rate": rate}, "spaces": {"rate": {
                "kind": "log_uniform", "low": least, "high": most, "widened": low < 0.001 and name == "adam"}}}
                for name, rate, least, most in (("adam", adam, low, 0.1), ("sgd", 0.01, 0.001, 10))]
            by = {"table": "evaluation", "column": "training_loss", "statistic": "last"}
            write_sealed(folder / "stages.json", {"program": "x", "stages": [
                {"name": "tune", "runs": [entry["id"] for entry in of_stage["tune"]], "selected_by": by,
                 "winners": winners, **more}, {"name": "judge", "runs": judged}]})
            one, = findings.find(study.find(self.study.parent), "standard", self.folder / "results",
                                 self.folder).decided
            self.assertEqual(one.judged.problem, "")
            return one
        one = tell(0.001)
        self.assertIn("choice of settings resampled", one.judged.told_by)
        self.assertEqual(one.verdict, "supported")
        self.assertEqual((one.borders, one.wider), (["rate 0.001 of [0.001, 0.1]"], []))
        # Chosen by a time, as the sweep does: two rows before the first that is as good are two, and all that there are.
        found = evidence.load(folder, None)
        found.stages[0]["selected_by"] |= {"statistic": "time_to", "target": 1.05}
        claim = one.compared.claim
        self.assertEqual(claim.choices, {"tune": ("rate",)})  # which it does not name
        trials = judging.trials_of(one.compared, judging.tunings_of(claim, found))["", "a"]
        self.assertEqual((trials.validation.tolist(), trials.better), ([[1, 1], [2, 2], [2, 2]], "lower"))
        # Adam's space is widened: the winner is another, whose runs alone count.
        before = [entry["id"] for entry in entries if entry["stage"] == "tune" and entry["options"]["rate"] == 0.001]
        for seed in (0, 1):
            write("tune", "adam", 0.0002, seed, 0.5)
        for seed in (7, 8, 9):
            write("judge", "adam", 0.0002, seed, 0.5)
        added = [entry["id"] for entry in entries if entry["stage"] == "tune" and entry["options"]["rate"] == 0.0002]
        one = tell(0.0002, 0.0001, added=added, replaced=before)
        self.assertEqual([pair[0].value for pair in one.compared.pairs[""].values()], [0.5] * 3)
        self.assertEqual((one.borders, one.wider), ([], ["rate to [0.0001, 0.1]"]))
        self.assertIn("a space was widened, as the choice lay at its border: rate to [0.0001, 0.1]", words.details(one))
        kept = evidence.load(folder, None).runs  # a claim on draws is on those of the space that was written
        self.assertEqual([sorted({run.options["rate"] for run in kept if getattr(run, kind)})
                          for kind in ("added", "replaced")], [[0.0002], [0.001]])

    def test_a_choice_that_a_family_cannot_count_is_said(self):
        """Of a slope over sizes, each with a choice of its own, it is counted; of the best of the sizes it is not."""
        folder = self.folder / "results" / "first_study" / "sweep"
        folder.mkdir(parents=True)
        (self.study / "sweep.toml").write_text('program = "x"\n[[stage]]\nname = "tune"\n[[stage]]\nname = "judge"\n'
                                               '[stage.options]\nrate = "{tune}"\n')
        entries, losses = [], {1: (2.0, 2.4, 3.0), 10: (0.5, 0.9, 1.0)}

        def write(stage, size, rate, seed, loss):
            tables = {"evaluation": {"index": np.arange(2), "index_name": "step",
                                     "columns": {"training_loss": np.array([9.0, loss])}}}
            options = {"optimizer": "sgd", "size": size, "rate": rate, "seed": seed}
            made = write_run(folder, options, tables=tables)
            entries.append({"id": made.name, "folder": made.name, "stage": stage, "options": options,
                            "status": "completed"})
        for size, draws in losses.items():
            for place, loss in enumerate(draws):
                write("tune", size, 0.1 * (place + 1), 0, loss)
            for seed in (7, 8, 9):
                write("judge", size, 0.1, seed, draws[0] + 0.001 * seed)
        write_sealed(folder / "sweep.json", {"program": "x", "runs": entries})
        write_sealed(folder / "stages.json", {"program": "x", "stages": [
            {"name": stage, "runs": [entry["id"] for entry in entries if entry["stage"] == stage],
             "selected_by": {"table": "evaluation", "column": "training_loss", "statistic": "last"},
             "winners": [{"per": {"size": size}, "tuned": {"rate": 0.1}, "spaces": {}} for size in losses]}
            for stage in ("tune", "judge")]})
        claims = (CLAIMS.replace('a = {optimizer = "adam"}', "a = {}").replace('b = {optimizer = "sgd"}', "than = 0")
                  .replace("better =", 'stage = "judge"\nbetter =', 1).replace("seeds = 5", "seeds = 3")
                  .replace('"ratio"', '"difference"')
                  .replace('training_loss"}', 'training_loss", over = "size", then = "slope"}', 1))
        for then, problem in (("slope", ""), ("best", "choice not counted: what a choice adds to the best over size")):
            self.write(claims.replace('"slope"', f'"{then}"'))
            one, = findings.find(study.find(self.study.parent), "standard", self.folder / "results",
                                 self.folder).decided
            self.assertIn(problem, one.judged.problem)
            if problem:
                self.assertEqual(one.verdict, "not decided")
                self.assertTrue(math.isfinite(one.judged.estimate))
            else:
                self.assertEqual(one.judged.told_by, "paired t, choice of settings resampled")
                found = evidence.load(folder, None)
                trials = judging.trials_of(one.compared, judging.tunings_of(one.claim, found))["", "a"]
                np.testing.assert_allclose(sorted(trials.weights), [-1 / math.log(10), 1 / math.log(10)])
                sizes = [np.abs(changes).max() for changes, _ in trials.parts("difference")]
                np.testing.assert_allclose(sorted(sizes), sorted(np.log([3.0 / 2, 1.0 / 0.5]) / math.log(10)))

    def test_choices_are_those_of_the_sweeps_file(self):
        """In stages, groups, lists and variants; what a run that is gone on with was made with too."""
        file = sweep_file.SweepFile({
            "stage": [{"name": "tune"}, {"name": "trunk", "options": {"rate": "{tune}"}},
                      {"name": "judge", "options": {"fork": ["{trunk}@400"]}, "group": [{"weight-decay": "{other-one}"}]},
                      {"name": "free", "options": {"rate": "log:{x}"}}],
            "variant": {"full": {"stage": {"free": {"options": {"beta": ["{tune}", 0.9]}}}}}})
        self.assertEqual(file.choices("judge"), {"other-one": {"weight_decay"}, "tune": {"rate"}})
        self.assertEqual(file.choices("free"), {"tune": {"beta"}})

    def test_no_claim_of_the_project_leaves_a_choice_out(self):
        studies = study.find(ROOT / "experiments")
        counted = {claim.name: claim.choices for one in studies.values() for claim in one.claims}
        self.assertEqual(counted["adam-lead-grows-with-width"], {"tune": ("learning_rate", "momentum")})
        self.assertEqual(counted["steps-stay-with-large-batches"], {"tune_steps": ("learning_rate",)})


if __name__ == "__main__":
    unittest.main()
