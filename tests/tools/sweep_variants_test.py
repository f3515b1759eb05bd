#!/usr/bin/python3
"""A study in several sizes: what [variant.NAME] changes of a sweep's specification.

Usage: sweep_variants_test.py BUILD_BIN_DIR [unittest arguments]
"""
import re
import sys

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase

STUDY = '''
[options]
optimizer = ["sgd", "adam"]
steps = 100

[[stage]]
name = "tune"
draws = {count = 8, seed = 3}
[stage.options]
rate = "log_uniform(0.001,1)"
seed = "0:2"

[[stage]]
name = "judge"
[stage.options]
seed = "10:19"

[variant.smoke.options]
steps = 5
[variant.smoke.stage.tune]
draws = {count = 2}
options = {seed = 0}
[variant.smoke.stage.judge.options]
seed = [10]

[variant.full.stage.judge]
limit = 7
'''


class SweepVariants(SweepCase):
    def dry(self, toml, *before):
        """(options of the runs that a dry run prints, how many it says of each stage that waits)."""
        file = self.folder / "study.toml"
        file.write_text(f'program = "{self.program}"\n' + toml)
        result = self.sweep(before=["--dry-run", *before], file=file)
        runs = [dict(part.removeprefix("--").split("=") for part in line.split() if part.startswith("--") and "=" in part)
                for line in result.stdout.splitlines() if "--seed" in line]
        waiting = {name: int(count) for name, count in re.findall(r"stage (\w+) waits.* about (\d+) runs", result.stderr)}
        return runs, waiting

    def test_without_its_name_a_variant_changes_nothing(self):
        runs, waiting = self.dry(STUDY)
        self.assertEqual((len(runs), waiting), (2 * 8 * 3, {"judge": 2 * 10}))
        self.assertEqual({run["steps"] for run in runs}, {"100"})
        self.assertEqual((runs, waiting), self.dry(STUDY[:STUDY.index("[variant")]))

    def test_options_draws_and_stages_are_merged(self):
        runs, waiting = self.dry(STUDY, "--variant=smoke")
        self.assertEqual((len(runs), waiting), (2 * 2, {"judge": 2}))
        self.assertEqual({run["steps"] for run in runs}, {"5"})
        self.assertEqual({run["seed"] for run in runs}, {"0"})
        whole = {run["rate"] for run in self.dry(STUDY)[0]}
        self.assertLess({run["rate"] for run in runs}, whole)  # the draws' seed is that of all

    def test_a_key_that_a_stage_does_not_have_is_added(self):
        self.assertEqual(self.dry(STUDY, "--variant=full")[1], {"judge": 7})

    def test_a_list_of_tables_is_replaced(self):
        toml = '''[options]\nseed = 0\n[[group]]\nrate = [1, 2]\n[[group]]\nrate = 3\n[[variant.small.group]]\nrate = 4\n'''
        self.assertEqual([run["rate"] for run in self.dry(toml)[0]], ["1", "2", "3"])
        self.assertEqual([run["rate"] for run in self.dry(toml, "--variant=small")[0]], ["4"])

    def test_what_is_not_there_is_refused_in_a_line(self):
        file = self.folder / "study.toml"
        for toml, variant, says in (
                (STUDY, "smok", "no variant smok: expected full, smoke"),
                ('[options]\nseed = 0\n', "smoke", "no variant smoke: expected none, the file has no variants"),
                ('variant = 3\n[options]\nseed = 0\n', "smoke", "variant: expected tables"),
                ('variant = {smoke = 3}\n[options]\nseed = 0\n', "smoke", "variant.smoke: expected a table"),
                (STUDY + '[variant.odd.stage.tun]\nlimit = 1\n', "odd",
                 "variant.odd.stage: no stage tun: expected tune, judge"),
                (STUDY + '[variant.odd.stage]\ntune = 1\n', "odd", "variant.odd.stage.tune: expected a table"),
                (STUDY + '[variant.odd]\ndrows = 1\n', "odd", "unknown key 'drows'")):
            with self.subTest(toml=toml[-40:], variant=variant):
                file.write_text(f'program = "{self.program}"\n' + toml)
                self.refused(before=[f"--variant={variant}"], file=file, says=says)
        result = self.sweep("--x=1", before=["--variant=smoke"], code=2)
        self.assertIn("--variant: expected FILE.toml", result.stderr)


if __name__ == "__main__":
    sweep_support.main(__file__)
