#!/usr/bin/python3
"""Claims of studies: verdicts, tuned settings, staleness, and the report. Uses no program of ours."""
import dataclasses
import json
import math
import pathlib
import sys
import unittest
from unittest import mock

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from claims_support import CLAIMS, ROOT, StudyCase, ended, run_of  # noqa: E402
from gradus.claims import clock, evidence, findings, judging, markdown, origin, page, quantities, study  # noqa: E402
from gradus.claims import sweep_file, words  # noqa: E402
from gradus.claims.quantities import Number  # noqa: E402
from gradus.claims.study import BadStudy, Quantity  # noqa: E402
from gradus.report import command  # noqa: E402
from run_fixtures import write_run, write_sealed  # noqa: E402


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

    def test_where_few_arrive_nothing_is_decided(self):
        """One side's loss comes to 0.99 in two runs of five, the other's in none."""
        quantity = 'take = "time_to", of = "evaluation/loss", target = 0.99, along = "step"'
        claim, = study.read(self.write(CLAIMS.replace('take = "last", of = "evaluation/training_loss"', quantity, 1))).claims
        for arriving, problem in ((2, "on neither side half of the runs came to the target"), (3, "")):
            runs = []
            for seed in range(5):
                for optimizer in ("adam", "sgd"):
                    runs.append(run_of([3, 2, 0.5 if optimizer == "adam" and seed < arriving else 1.0]))
                    runs[-1].options |= {"optimizer": optimizer, "seed": seed}
            compared = evidence.compare(claim, evidence.SweepRuns(self.folder, runs))
            one, = judging.decide([compared], {})
            self.assertEqual(one.judged.problem, problem)
            self.assertIn(one.verdict, ("not decided",) if problem else ("not decided", "refuted"))

    def test_a_workload_where_nothing_is_learnt_has_no_part_in_the_mean(self):
        """A ratio of 0.5 in one workload, and any number of workloads in which the loss stays at its start."""
        claim, = study.read(self.write(CLAIMS.replace("[[claim]]", "[[claim]]\nworkloads = ['task']", 1)
                                       .replace("training_loss", "loss"))).claims
        for idle in (0, 1, 3):
            runs = []
            for seed in range(5):
                for optimizer, end in (("adam", 0.5), ("sgd", 1.0)):
                    for task in range(idle + 1):
                        runs.append(run_of([3, end + 0.01 * seed if task == 0 else 2.99 - 0.001 * seed * end]))
                        runs[-1].options |= {"optimizer": optimizer, "seed": seed, "task": task}
            one, = judging.decide([evidence.compare(claim, evidence.SweepRuns(self.folder, runs))], {})
            self.assertEqual(one.verdict, "supported")
            self.assertAlmostEqual(math.exp(-one.judged.estimate), 0.51, delta=0.02)
            self.assertEqual([of.verdict for of in one.judged.workloads], ["supported", *["undecided"] * idle][:idle + 1])

    def test_what_is_not_finite_leaves_its_claim_alone_undecided(self):
        self.write()
        results = self.runs()
        write_run(results / "first_study" / "sweep", {"optimizer": "adam", "seed": 5}, "completed", tables={
            "evaluation": {"index": np.arange(3), "index_name": "step",
                           "columns": {"training_loss": np.array([3.0, 2.0, math.nan])}}})
        one, = self.find(results).decided
        self.assertEqual(one.verdict, "not decided")
        self.assertRegex(one.judged.problem, "evaluation/training_loss, last, is nan")

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
        self.assertNotIn("timings", one.judged.problem)
        (results / clock.CLOCK_FILE).write_text(json.dumps({**known, key: {**timing, "difference": 0.775}}))
        one, = self.find(results).decided
        self.assertEqual(one.verdict, "not decided")
        self.assertIn("two timings of a step differ by 77.5%", one.judged.problem)

    def test_settings_that_differ_in_rates_alone_share_a_timing(self):
        def key(**options):
            folder = self.folder / f"run{len(list(self.folder.iterdir()))}"
            folder.mkdir()
            write_run(folder, {"optimizer": "adam", "seed": 0, "learning_rate": 0.1, "dropout": 0.0, **options})
            run, = evidence.load(folder, set()).runs
            return clock.key_of(run)
        self.assertEqual(key(), key(learning_rate=0.3))
        for other in ({"dropout": 0.5}, {"tolerance": 1e-12}, {"weight_decay": 0.1}):
            self.assertNotEqual(key(), key(**other))

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
                                     ("twice", "return 1 / 0", "twice of .*: ZeroDivisionError: division by zero"),
                                     ("twice", "return float('nan')", ".*: twice, python, is nan"),
                                     ("twice", "return )", "quantities.py: SyntaxError: unmatched"),
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


    def test_pages_replace_what_they_have_written_and_nothing_else(self):
        self.write()
        found = self.find(self.runs())
        pages = self.folder / "pages"
        markdown.write(found, [], pages)
        (pages / "own.svg").write_text("mine")
        found.pictures.clear()
        markdown.write(found, [], pages)
        self.assertEqual(sorted(path.name for path in pages.iterdir()), ["README.md", "own.svg"])
        (pages / "README.md").write_text("# Mine\n")
        with self.assertRaisesRegex(command.Failure, "is no page of claims"):
            markdown.write(found, [], pages)

    def test_an_answer_counts_where_all_studies_are_reported(self):
        self.write()
        found = self.find(self.runs())
        essay = [study.EssayClaim(4, "2", "Adam is better.", ("first_study", "second"))]
        text = markdown.page(found, essay)
        self.assertIn("No claim of an essay is put to all of its studies here.", text)
        self.assertNotIn("| 4 |", text)
        self.assertIn("At the end.", page.build(found, essay).partition("<tbody>")[2].partition("</tbody>")[0])

    def test_the_essay_names_what_there_is(self):
        self.write()
        studies = study.find(self.study.parent)
        good = study.EssayClaim(4, "2", "Adam is better.", ("first_study",), ("adam-is-better",))
        study.hold_essay_to([good], studies, "essay.toml")
        for change, says in (({"against": ("adam-is-beter",)}, "claim 4: against: no claim adam-is-beter"),
                             ({"beside": ("nobody",)}, "claim 4: beside: no claim nobody"),
                             ({"studies": ("second",)}, "claim 4: studies: no study second"),
                             ({"number": 5}, "claim 5: against: adam-is-better is none of its comparisons"),
                             ({"number": 5, "against": ()}, "adam-is-better: essay: 4; essay.toml has no claim of this")):
            with self.assertRaisesRegex(BadStudy, says):
                study.hold_essay_to([dataclasses.replace(good, **change)], studies, "essay.toml")


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
