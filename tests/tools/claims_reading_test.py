#!/usr/bin/python3
"""Studies as they are written, and what their verdicts say of the essay's claims. Uses no program of ours."""
import pathlib
import re
import sys
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from claims_support import CLAIMS, ROOT, StudyCase  # noqa: E402
from gradus.claims import study, words  # noqa: E402
from gradus.claims.study import BadStudy  # noqa: E402


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


if __name__ == "__main__":
    unittest.main()
