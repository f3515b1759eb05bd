#!/usr/bin/python3
"""A sweep whose stages build on one another: winners, and forks of a trunk.

Usage: sweep_stages_test.py BUILD_BIN_DIR [unittest arguments]
"""
import json
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import flip_in_row, SweepCase, unsealed

TRAINER = pathlib.Path(__file__).with_name("stateful_program.py")

STUDY = '''
[options]
optimizer = ["sgd", "adam"]

[[stage]]
name = "tune"
draws = {count = 4, seed = 3, method = "sobol"}
select = {by = "evaluation/loss", per = ["optimizer"]}
[stage.options]
learning_rate = "log_uniform(0.001,1)"
seed = "0:1"
[[stage.when]]
if = {optimizer = "sgd"}
options = {momentum = "uniform(0,0.9)"}

[[stage]]
name = "judge"
[stage.options]
learning_rate = "{tune}"
momentum = "{tune}"
seed = "10:12"

[[stage]]
name = "trunk"
[stage.options]
learning_rate = "{tune}"
momentum = "{tune}"
seed = "20:21"
steps = 30

[[stage]]
name = "cooldown"
[stage.options]
seed = "20:21"
fork = ["{trunk}@10", "{trunk}@25"]
schedule = "linear"
steps = 40
'''

# The best rate lies beyond the space of one of the methods.
NARROW = '''
[[stage]]
name = "tune"
draws = {count = 4, seed = 3, method = "sobol"}
select = {by = "evaluation/loss", per = ["optimizer"]}
[stage.options]
optimizer = ["sgd", "adam"]
seed = "0:1"
[[stage.when]]
if = {optimizer = "sgd"}
options = {learning_rate = "log_uniform(0.0001,0.0002)", momentum = "uniform(0,0.2)"}
[[stage.when]]
if = {optimizer = "adam"}
options = {learning_rate = "log_uniform(0.0001,10)"}

[[stage]]
name = "judge"
[stage.options]
optimizer = ["sgd", "adam"]
learning_rate = "{tune}"
momentum = "{tune}"
seed = "10:12"
'''

TUNED = '''
[options]
problem = "rosenbrock"
optimizer = "gradient_descent"
steps = 40

[[stage]]
name = "tune"
select = {by = "step/value"}
[stage.options]
learning_rate = [%s]

[[stage]]
name = "judge"
[stage.options]
learning_rate = "{tune}"
steps = 50
'''


def last_row(folder):
    """Of the log's first table: the last of them is written last but one."""
    data, place, values = (folder / "metrics.log").read_bytes(), 0, None
    while place < len(data):
        size, = struct.unpack_from("<I", data, place)
        if data[place + 8:place + 11] == b"R\0\0":
            values = struct.unpack_from("<4d", data, place + 19)
        place += 8 + size
    return values


class SweepStages(SweepCase):
    def setUp(self):
        super().setUp()
        self.program = self.folder / "trainer"
        self.program.write_bytes(TRAINER.read_bytes())
        self.program.chmod(0o755)

    def study(self, toml, *options, **keywords):
        file = self.folder / "study.toml"
        file.write_text(f'program = "{self.program}"\n' + toml)
        return self.sweep(*options, file=file, **keywords)

    def refused_study(self, toml, says, **keywords):
        file = self.folder / "study.toml"
        file.write_text(f'program = "{self.program}"\n' + toml)
        self.refused(file=file, says=says, **keywords)

    def stage(self, name):
        return [run for run in self.table()["runs"] if run["stage"] == name]

    def begins(self):
        return [start for start in self.starts() if "begins" in start]

    def test_a_study(self):
        result = self.study(STUDY)
        stages = {stage["name"]: stage for stage in unsealed(self.output / "stages.json")["stages"]}
        self.assertEqual(list(stages), ["tune", "judge", "trunk", "cooldown"])
        self.assertEqual([len(self.stage(name)) for name in stages], [16, 6, 4, 8])
        self.assertEqual([len(stage["runs"]) for stage in stages.values()], [16, 6, 4, 8])
        # The winner of each method, found again.
        for winner in stages["tune"]["winners"]:
            settings = {}
            for run in self.stage("tune"):
                if run["options"]["optimizer"] == winner["per"]["optimizer"]:
                    key = (run["options"]["learning_rate"], run["options"].get("momentum"))
                    settings.setdefault(key, []).append(last_row(self.output / run["id"])[0])
            self.assertEqual((len(settings), winner["settings"], winner["settings_left_out"]), (4, 4, 0))
            best = min(settings, key=lambda key: statistics.fmean(settings[key]))
            self.assertEqual((winner["options"]["learning_rate"], winner["options"].get("momentum")), best)
            self.assertAlmostEqual(winner["value"], statistics.fmean(settings[best]))
            self.assertEqual(len(winner["runs"]), 2)
            self.assertIn(f"winner of optimizer={winner['per']['optimizer']}: learning_rate={best[0]}", result.stdout)
            for name in ("judge", "trunk"):
                for run in self.stage(name):
                    if run["options"]["optimizer"] == winner["per"]["optimizer"]:
                        self.assertEqual((run["options"]["learning_rate"], run["options"].get("momentum")), best)
        self.assertEqual(stages["tune"]["selected_by"], {"table": "evaluation", "column": "loss", "statistic": "last",
                                                         "better": "lower",
                                                         "per": ["optimizer"], "over": ["seed"]})
        self.assertEqual(sorted({run["options"]["seed"] for run in self.stage("judge")}), [10, 11, 12])
        # A fork goes on from the trunk's step, kept by the trunk, with the trunk's options but those that are written.
        trunks = {run["id"]: run for run in self.stage("trunk")}
        forks = self.begins()[-8:]
        for start, run in zip(sorted(forks, key=lambda start: start["argv"][-2]),
                              sorted(self.stage("cooldown"), key=lambda run: run["id"])):
            parent, step = run["options"]["fork"].split("@")
            mine = json.loads((self.output / run["id"] / "config.json").read_text())["options"]
            self.assertEqual(start["begins"], int(step))
            [trunk] = [trunk for trunk in trunks.values() if trunk["config_hash"] == parent]
            self.assertIn(f"--fork={self.output / trunk['id']}@{step}", start["argv"])
            for option in ("seed", "optimizer", "learning_rate"):
                self.assertEqual(mine[option], trunk["options"][option])
            self.assertEqual((mine["schedule"], mine["steps"], mine["momentum"]),
                             ("linear", 40, trunk["options"].get("momentum", 0)))
        controls = [argument for start in self.begins() for argument in start["argv"]
                    if argument.startswith("--checkpoint-at")]
        self.assertEqual(controls, ["--checkpoint-at=10,25"] * 4)
        # Once more: nothing changes. And elsewhere: the same numbers.
        before, written = len(self.begins()), (self.output / "stages.json").read_bytes()
        again = self.study(STUDY)
        self.assertEqual(len(self.begins()), before)
        self.assertEqual([line for line in again.stdout.splitlines() if "winner" in line],
                         [line for line in result.stdout.splitlines() if "winner" in line])
        self.assertEqual((self.output / "stages.json").read_bytes(), written)
        numbers = {run["id"]: (self.output / run["id"] / "run.h5").read_bytes() for run in self.table()["runs"]}
        self.assertTrue(any("cooldown" in line for line in self.listed()))
        self.output = self.folder / "twice"
        self.study(STUDY, before=["--jobs=1"])
        self.assertEqual({run["id"]: (self.output / run["id"] / "run.h5").read_bytes()
                          for run in self.table()["runs"]}, numbers)

    def test_no_winner_is_chosen_by_a_damaged_log(self):
        self.program = pathlib.Path(sweep_support.SWEEP).with_name("minimize")
        study = TUNED % "0.0001, 0.001, 0.002"
        self.study(study)
        written = (self.output / "stages.json").read_bytes()
        winner, = unsealed(self.output / "stages.json")["stages"][0]["winners"]
        log = self.output / winner["runs"][0] / "metrics.log"
        whole, folders = log.read_bytes(), sorted(self.output.iterdir())

        def is_refused(says):
            result = self.study(study, code=1)
            self.assertRegex(result.stderr, f"^sweep: (stage tune: )?{log}: {says}; delete {log.parent}, and the same "
                             "`sweep run` again makes this run anew\n$")
            self.assertEqual((self.output / "stages.json").read_bytes(), written)
            self.assertEqual(sorted(self.output.iterdir()), folders)
            shown = subprocess.run([sweep_support.SWEEP, "list", self.output, "--show=step/value"], text=True,
                                   capture_output=True, check=True)
            self.assertRegex(shown.stderr, f"^sweep: {log}: {says}; its values are left out \\(.*\\)\n$")
            line, = [line for line in shown.stdout.splitlines() if line.startswith(log.parent.name)]
            self.assertIn("-", line.split())
        flip_in_row(log, 5)
        is_refused("damaged: the frame at byte \\d+ is not whole, \\d+ bytes from there on")
        log.write_bytes(b"")
        is_refused("damaged: it does not begin with a configuration")
        log.unlink()
        is_refused("missing")
        log.write_bytes(whole)
        self.study(study)
        flip_in_row(log, 5)
        shutil.rmtree(log.parent)
        self.study(study)
        again, = unsealed(self.output / "stages.json")["stages"][0]["winners"]
        self.assertEqual(again, winner)

    def test_a_winner_at_the_border_of_its_space(self):
        self.study(NARROW)
        before = unsealed(self.output / "stages.json")["stages"][0]
        self.assertNotIn("added", before)
        self.assertEqual(len(before["runs"]), 16)
        result = self.study(NARROW, before=["--widen"])
        tuned, judged = unsealed(self.output / "stages.json")["stages"]
        # Of the method at whose border it lies, and of that alone: twice as far, and then four times.
        spaces = {winner["per"]["optimizer"]: winner["spaces"] for winner in tuned["winners"]}
        self.assertEqual(spaces, {
            "sgd": {"learning_rate": {"kind": "log_uniform", "low": 0.0001, "high": 0.0016, "widened": True},
                    "momentum": {"kind": "uniform", "low": 0, "high": 0.2, "widened": False}},
            "adam": {"learning_rate": {"kind": "log_uniform", "low": 0.0001, "high": 10, "widened": False}}})
        self.assertEqual((len(tuned["runs"]), len(tuned["added"])), (16 + 2 * 8, 2 * 8))
        self.assertEqual(tuned["runs"][:16], before["runs"])
        runs = {run["id"]: run["options"] for run in self.stage("tune")}
        self.assertEqual({runs[name]["optimizer"] for name in tuned["added"]}, {"sgd"})
        rates = sorted({runs[name]["learning_rate"] for name in tuned["added"]})
        self.assertEqual(len(rates), 8)
        self.assertTrue(0.0001 <= rates[0] < 0.0002 and 0.0004 < rates[-1] <= 0.0016, rates)
        self.assertEqual(set(tuned["replaced"]), {name for name in [*before["runs"], *tuned["added"][:8]]
                                                  if runs[name]["optimizer"] == "sgd"})
        self.assertIn("sgd", result.stderr)
        self.assertRegex(result.stderr, r"lies at the border of 0\.0001 to 0\.0002: drawn again from 0\.0001 to 0\.0004")
        winner = next(one for one in tuned["winners"] if one["per"] == {"optimizer": "sgd"})
        self.assertEqual((winner["options"]["learning_rate"], winner["settings"]), (max(rates), 4))
        rows = {run["id"]: run["options"] for run in self.table()["runs"]}
        self.assertEqual({rows[name]["learning_rate"] for name in judged["runs"]
                          if rows[name]["optimizer"] == "sgd"}, {winner["options"]["learning_rate"]})
        # The same again runs nothing.
        begun, written = len(self.begins()), (self.output / "stages.json").read_bytes()
        self.assertNotIn("--output=", self.study(NARROW, before=["--widen", "--dry-run"]).stdout)
        self.study(NARROW, before=["--widen"])
        refused = self.study('[options]\nlearning_rate = [0.1, 0.2]\n', before=["--widen"], code=2)
        self.assertIn("--widen: expected a sweep with a stage that selects", refused.stderr)
        self.assertEqual((len(self.begins()), (self.output / "stages.json").read_bytes()), (begun, written))
        # Without it they do not compete, which is said.
        self.assertIn("stage tune: 16 draws that --widen has added do not compete without it: say --widen again",
                      self.study(NARROW).stderr)

    def test_a_space_beside_what_an_earlier_stage_has_chosen_is_widened_too(self):
        self.study('''[[stage]]\nname = "first"\nselect = {by = "evaluation/loss"}\n[stage.options]
                      momentum = [0.0, 0.1]\nstart = [1.0, 2.0]
                      [[stage]]\nname = "second"\nselect = {by = "evaluation/loss"}\ndraws = {count = 32, method = "sobol"}
                      [stage.options]\nmomentum = "{first}"\nlearning_rate = "log_uniform(0.0001,0.0002)"\n''',
                   before=["--widen"])
        _, second = unsealed(self.output / "stages.json")["stages"]
        winner, = second["winners"]
        self.assertEqual(winner["spaces"], {
            "learning_rate": {"kind": "log_uniform", "low": 0.0001, "high": 0.016, "widened": True}})
        self.assertEqual((len(second["runs"]), len(second["added"])), (128, 96))
        first, = unsealed(self.output / "stages.json")["stages"][0]["winners"]
        self.assertEqual({run["options"]["momentum"] for run in self.stage("second")}, {first["options"]["momentum"]})

    def test_forks_of_several_seeds_are_one_setting(self):
        self.study('''[[stage]]\nname = "trunk"\n[stage.options]\nlearning_rate = 0.05\nseed = "0:5"
                      [[stage]]\nname = "cooldown"\nselect = {by = "evaluation/loss"}
                      [stage.options]\nfork = ["{trunk}@5", "{trunk}@10"]\nlearning_rate = [0.2, 1.0, 1.8]\nsteps = 60
                      [[stage]]\nname = "judge"\n[stage.options]\nlearning_rate = "{cooldown}"\n''')
        winner, = unsealed(self.output / "stages.json")["stages"][1]["winners"]
        means = {}
        for run in self.stage("cooldown"):
            step = run["options"]["fork"].rpartition("@")[2]
            loss, *_ = last_row(self.output / run["id"])
            means.setdefault((run["options"]["learning_rate"], int(step)), []).append(loss)
        self.assertEqual({len(losses) for losses in means.values()}, {6})
        means = {setting: statistics.fmean(losses) for setting, losses in means.items()}
        best = min(means, key=means.get)
        self.assertEqual((winner["settings"], len(winner["runs"])), (6, 6))
        self.assertEqual((winner["options"]["learning_rate"], winner["options"]["fork_step"]), best)
        self.assertAlmostEqual(winner["value"], means[best])
        self.assertEqual(set(winner["tuned"]), {"learning_rate", "fork_step"})
        judged, = self.stage("judge")
        self.assertEqual(judged["options"]["learning_rate"], best[0])

    def test_forks_of_forks_are_told_apart_by_all_their_steps(self):
        self.study('''[[stage]]\nname = "trunk"\n[stage.options]\nseed = "0:1"
                      [[stage]]\nname = "branch"\n[stage.options]\nfork = ["{trunk}@5", "{trunk}@10"]\nlearning_rate = 0.5
                      [[stage]]\nname = "twig"\nselect = {by = "evaluation/loss"}
                      [stage.options]\nfork = "{branch}@15"\nsteps = 25\n''')
        winner, = unsealed(self.output / "stages.json")["stages"][2]["winners"]
        self.assertEqual((winner["settings"], len(winner["runs"])), (2, 2))
        self.assertIn(winner["options"]["fork_step"], ([5, 15], [10, 15]))

    def test_what_was_stopped_early_or_diverged_is_not_forked(self):
        self.program = pathlib.Path(sweep_support.SWEEP).parent / "minimize"
        toml = '''[options]\nproblem = "rosenbrock"\noptimizer = "gradient_descent"
                  [[stage]]\nname = "trunk"\n%s[stage.options]\nlearning_rate = [%s]\nsteps = 80
                  [[stage]]\nname = "cooldown"\n[stage.options]\nfork = "{trunk}@60"\nsteps = 90\n'''
        stopping = 'stopping = {rule = "asha", by = "step/value", first = 20, factor = 2, last = 80}\n'
        for name, text in (("pruned", toml % (stopping, "0.0001, 0.0003, 0.001, 0.002")),
                           ("diverged", toml % ("", "0.001, 0.002, 1.0"))):
            self.output = self.folder / name
            result = self.study(text, before=["--jobs=1"])
            statuses = [run["status"] for run in self.stage("trunk")]
            left = statuses.count("completed")
            self.assertEqual({*statuses}, {"completed", name})
            self.assertEqual([run["status"] for run in self.stage("cooldown")], ["completed"] * left)
            self.assertIn(f"stage trunk: {statuses.count(name)} of {len(statuses)} runs were stopped early, or diverged",
                          result.stderr)
            self.assertNotIn("--output=", self.study(text, before=["--dry-run"]).stdout)
        self.output = self.folder / "none"
        result = self.study(toml % ("", "1.0, 2.0"), code=1)
        self.assertIn("stage cooldown: nothing to run: each run that it would fork was stopped early", result.stderr)

    def test_a_limit_that_leaves_no_winner_is_told_before_anything_runs(self):
        study = '''[[stage]]\nname = "tune"\nselect = {by = "evaluation/loss", per = ["optimizer"]}
                   [stage.options]\noptimizer = ["sgd", "adam"]\nlearning_rate = [0.01, 0.1]\nseed = "0:2"
                   [[stage]]\nname = "judge"\n[stage.options]\noptimizer = ["sgd", "adam"]
                   learning_rate = "{tune}"\n'''
        result = self.study(study, before=["--limit=5"], code=2)
        self.assertIn("{tune} has no winner for these values", result.stderr)
        self.assertEqual(self.begins(), [])
        tune = study.partition("[[stage]]\nname = \"judge\"")[0]
        result = self.study(tune, before=["--limit=4"])
        self.assertIn("are means of 1 to 3 runs", result.stderr)
        self.assertIn("of 2 means of 1 to 3 runs", result.stdout)

    def test_a_study_that_cannot_go_on_is_not_finished(self):
        toml = '''[[stage]]\nname = "tune"\nselect = {by = "evaluation/loss"}\n[stage.options]\nlearning_rate = [%s]
                  [[stage]]\nname = "judge"\n[stage.options]\nlearning_rate = "{tune}"\nseed = 5\n'''
        self.study(toml % "20.0, 30.0", code=1)
        for verb in ("status", "watch"):
            done = subprocess.run([sweep_support.SWEEP, verb, self.output], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual(done.returncode, 75, done.stdout + done.stderr)
        self.output = self.folder / "whole"
        self.study(toml % "0.1, 0.3")
        done = subprocess.run([sweep_support.SWEEP, "status", self.output], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, "concluded" in done.stdout), (0, False), done.stdout)

    def test_a_folder_that_is_moved_forks_its_own_runs(self):
        self.study('''[[stage]]\nname = "trunk"\n[stage.options]\nseed = "0:1"
                      [[stage]]\nname = "anew"\n[stage.options]\nfork = "{trunk}@10"\nfail_at = 15\n''', code=1)
        moved = self.folder / "elsewhere" / "there"
        moved.parent.mkdir()
        self.output.rename(moved)
        done = subprocess.run([sweep_support.SWEEP, "retry", moved, "--failed", "--dry-run"], capture_output=True,
                              text=True, timeout=60, env=self.environment, check=False)
        self.assertEqual((done.returncode, done.stdout.count(f"--fork={moved}/")), (0, 2), done.stdout + done.stderr)

    def test_a_group_of_which_nothing_is_left(self):
        stage = '''
[[stage]]
name = "tune"
select = {by = "evaluation/loss"}
[[stage.group]]
learning_rate = [0.1, 0.2, 0.3]
[[stage.group]]
steps = 30
[[stage.exclude]]
steps = 30
'''
        self.study(stage, before=["--widen"])
        winner, = unsealed(self.output / "stages.json")["stages"][0]["winners"]
        self.assertEqual(winner["spaces"]["learning_rate"], {"kind": "list", "low": 0.1, "high": 0.3, "widened": False})

    def test_every_run_is_forked_where_none_is_named(self):
        self.study('''[[stage]]\nname = "trunk"\n[stage.options]\nseed = "0:2"\noptimizer = ["sgd", "adam"]
                      [[stage]]\nname = "cool"
                      [stage.options]\nfork = "{trunk}@10"\noptimizer = "adam"\nschedule = "linear"\n''')
        self.assertEqual(len(self.stage("cool")), 3)
        self.assertEqual({run["options"]["fork"].split("@")[0] for run in self.stage("cool")},
                         {run["config_hash"] for run in self.stage("trunk") if run["options"]["optimizer"] == "adam"})

    def test_forks_that_draw_anew(self):
        self.study('''[options]\ncheckpoint_interval = 2\n[[stage]]\nname = "trunk"\n[stage.options]\nseed = 1
                      [[stage]]\nname = "anew"
                      [stage.options]\nfork = "{trunk}@10"\nseed = "7:9"\nreseed = "shuffle"\n''')
        runs = [json.loads((self.output / run["id"] / "config.json").read_text())["options"]
                for run in self.stage("anew")]
        self.assertEqual([(run["seed"], run["streams"]) for run in runs],
                         [(7, "shuffle"), (8, "shuffle"), (9, "shuffle")])
        self.assertEqual([start["begins"] for start in self.begins()], [0, 10, 10, 10])
        self.assertIn("--checkpoint-interval=2", self.begins()[0]["argv"])

    def test_which_way_is_better(self):
        def winner(by):
            self.output = self.folder / by.replace("/", "_").replace(":", "_")
            self.study(f'[[stage]]\nname = "tune"\nselect = {{by = "{by}"}}\n'
                       '[stage.options]\nlearning_rate = [0.01, 0.3, 1.9]\n')
            return unsealed(self.output / "stages.json")["stages"][0]["winners"][0]["options"]["learning_rate"]
        self.assertEqual(winner("evaluation/loss"), 0.3)
        self.assertEqual(winner("evaluation/gain"), 0.3)  # higher is better
        self.assertEqual(winner("loss:best"), 0.3)
        self.assertEqual(winner("evaluation/gain:mean"), 0.3)
        for by, says in (("evaluation/plain", "plain does not say which way is better"),
                         ("evaluation/lost", "no column evaluation/lost"),
                         ("nothing/loss", "no column nothing/loss")):
            self.output = self.folder / by.replace("/", "_")
            result = self.study(f'[[stage]]\nname = "tune"\nselect = {{by = "{by}"}}\n[stage.options]\nseed = 0\n',
                                code=1)
            self.assertIn("stage tune: ", result.stderr)
            self.assertIn(says, result.stderr)

    def test_chosen_by_a_time(self):
        def tuned(by, *settings):
            self.output = self.folder / by.replace("/", "_").replace(":", "_")
            lists = (f"{name} = {list(values)}\n"
                     for name, values in zip(("start", "learning_rate", "steps"), zip(*settings)))
            result = self.study(f'[[stage]]\nname = "tune"\nselect = {{by = "{by}"}}\n[[stage.zip]]\n' + "".join(lists))
            stage, = unsealed(self.output / "stages.json")["stages"]
            winner, = stage["winners"]
            return stage["selected_by"], winner["options"]["start"], winner["value"], result
        far, near, short = (10.0, 0.5, 20), (1.0, 0.1, 20), (1.0, 0.1, 5)
        self.assertEqual(tuned("loss", far, near)[1], 10.0)  # ends lower
        chosen, start, value, result = tuned("loss:time_to=1", far, near)
        self.assertEqual((start, value), (1.0, 0))           # is there from the beginning
        self.assertEqual({key: chosen[key] for key in ("statistic", "target", "better")},
                         {"statistic": "time_to", "target": 1, "better": "lower"})
        self.assertIn("(evaluation/loss:time_to=1 0, the lowest of 2)", result.stdout)
        self.assertEqual(tuned("evaluation/gain:time_to=-1", far, near)[1:3], (1.0, 0))
        # Who never comes there is not the sooner for having fewer values.
        self.assertEqual(tuned("loss:time_to=1e-6", short, far)[1], 10.0)
        _, start, _, result = tuned("loss:time_to=1e-30", far, near)
        self.assertEqual(start, 10.0)
        self.assertIn("no run of any setting has come to loss = 1e-30: the first of them is taken", result.stderr)
        self.assertIn("(evaluation/loss:time_to=1e-30 is reached by none: the first of 2)", result.stdout)
        winner, = unsealed(self.output / "stages.json")["stages"][0]["winners"]
        self.assertIs(winner["has_arrived"], False)

    def test_a_column_that_is_not_there_is_told_after_the_first_run(self):
        toml = '[[stage]]\nname = "tune"\nselect = {by = "evaluation/los"}\n[stage.options]\nseed = "0:4"\n'
        says = ("no column evaluation/los of plain numbers, expected the one to select by: there are evaluation/loss, "
                "evaluation/gain; %d runs are not begun")
        result = self.study(toml, before=["--jobs=1"], code=1)
        self.assertIn(says % 4, result.stderr)
        self.assertIn("5 runs: 1 completed, 0 diverged, 0 failed, 0 skipped (finished before), 4 pending: not begun",
                      result.stdout)
        self.assertEqual(len(self.begins()), 1)
        self.assertIn(says % 4, self.study(toml, code=1).stderr)
        self.assertEqual(len(self.begins()), 1)  # what is there already tells

    def test_of_equals_the_first(self):
        self.study('''[[stage]]\nname = "tune"\nselect = {by = "loss"}\n[stage.options]\ninterval = [9, 4, 6]\n''')
        self.assertEqual(unsealed(self.output / "stages.json")["stages"][0]["winners"][0]["options"], {"interval": 9})

    def test_settings_that_are_out(self):
        toml = '''[[stage]]\nname = "tune"\nselect = {by = "loss"}
            [stage.options]\nstart = [1e300, 1.0]\nlearning_rate = [%s]
                  [[stage]]\nname = "judge"\n[stage.options]\nstart = "{tune}"\nlearning_rate = "{tune}"\nseed = 5\n'''
        result = self.study(toml % "0.1, 9")
        self.assertIn("stage tune: 3 settings are out", result.stderr)
        self.assertEqual([run["options"] for run in self.stage("judge")],
                         [{"start": 1, "learning_rate": 0.1, "seed": 5}])
        self.output = self.folder / "none"
        result = self.study(toml % "9, 10", code=1)
        self.assertIn("stage tune: no setting is left to choose", result.stderr)
        self.assertEqual(len(self.table()["runs"]), 4)

    def test_a_stage_waits_for_the_one_before(self):
        toml = '''[[stage]]\nname = "tune"\nselect = {by = "loss"}\n[stage.options]\nseed = "0:1"\n%s
                  [[stage]]\nname = "judge"\n[stage.options]\nseed = 5\n'''
        result = self.study(toml % "fail_at = 7", code=1)
        self.assertIn("stage judge is not begun: stage tune is not whole", result.stderr)
        self.assertEqual(len(self.begins()), 2)
        dry = self.study(toml % "fail_at = 7", before=["--dry-run"])
        self.assertEqual(len(dry.stdout.splitlines()), 2)
        self.assertIn("stage judge waits for stage tune", dry.stderr)
        self.study(toml % "fail_at = 7")  # they go on
        self.assertEqual([start["begins"] for start in self.begins()], [0, 0, 5, 5, 0])
        self.assertEqual(self.study(toml % "fail_at = 7", before=["--dry-run"]).stdout, "")
        self.output = self.folder / "pending"
        self.assertIn("is not begun", self.study(toml % "stop_at = 7", code=75).stderr)
        self.study(toml % "stop_at = 7")

    def test_everything_is_checked_before_anything_runs(self):
        tune = ('[[stage]]\nname = "tune"\nselect = {by = "loss", per = ["optimizer"]}\n'
                '[stage.options]\noptimizer = "sgd"\nlearning_rate = [0.1, 0.2]\n')
        judge = '[[stage]]\nname = "judge"\n[stage.options]\n'
        for toml, says in ((tune + judge + 'learning_rat = 1\n', "unknown option --learning_rat"),
                           (tune + judge + 'optimizer = "sgd"\nlearning_rate = "{tun}"\n',
                            "no earlier stage 'tun': expected tune"),
                           (judge + 'learning_rate = "{tune}"\n' + tune,
                            "no earlier stage 'tune': expected none in the first stage"),
                           (tune + judge + 'optimizer = "sgd"\nmomentum = "{tune}"\n', "its winner has no such option"),
                           (tune + judge + 'optimizer = "{tune}"\n', "its winner has no such option"),
                           (tune + judge + 'learning_rate = "{tune}"\n', "{tune} has no winner for these values"),
                           (tune + judge + 'optimizer = "adam"\nlearning_rate = "{tune}"\n',
                            "{tune} has no winner for these values"),
                           (tune.replace('select = {by = "loss", per = ["optimizer"]}\n',
                                         "") + judge + 'learning_rate = "{tune}"\n', "stage tune has no winner"),
                           (tune + judge + 'fork = "{tune}"\n', "expected {STAGE}@STEP"),
                           (tune + judge + 'fork = "{tune}@x"\n', "expected {STAGE} or {STAGE}@STEP"),
                           (tune + judge + 'learning_rate = "{tune}@5"\n', "in the option fork alone"),
                           (tune + judge + 'fork = "{tune}@5"\noptimizer = "adam"\nmomentum = 0.5\n',
                            "--momentum is an option of sgd"),
                           (tune.replace('per = ["optimizer"]', 'per = ["schedule"]') + judge, "select: per schedule"),
                           (tune.replace('"loss"', '"loss:first"'), "last|best|mean"),
                           (tune + tune, "stage tune: there twice"),
                           (tune.replace('"tune"', '""'), 'expected name = "WORD"'),
                           ('limit = 3\n' + tune, "there are stages"),
                           (tune + '[[stage.zip]]\nx = 1\n', "two options or more"),
                           (tune + 'x = {}\n', "option x: expected a number")):
            with self.subTest(toml=toml):
                self.refused_study(toml, says)
                self.assertFalse(self.output.exists())

    def test_a_program_that_keeps_no_state_has_no_trunk(self):
        self.program.write_text(self.program.read_text().replace('"checkpoint_at", ', ""))
        self.refused_study(STUDY, ["trainer refuses", "--checkpoint-at=10,25", "unknown option --checkpoint_at"])
        self.assertFalse(self.output.exists())

    def test_a_program_that_is_built_again_meanwhile(self):
        source = pathlib.Path(sweep_support.SWEEP).with_name("minimize")
        program = self.folder / "minimize"
        program.write_bytes(source.read_bytes())
        program.chmod(0o755)
        file = self.folder / "study.toml"
        file.write_text(f'''program = "{program}"\n[[stage]]\nname = "tune"\nselect = {{by = "step/value"}}
            [stage.options]\nlearning_rate = "log:1e-5:1e-3:40"\nsteps = 2000
            [[stage]]\nname = "judge"\n[stage.options]\nlearning_rate = "{{tune}}"\nseed = "0:1"\nstart = "random"\n''')
        sweep = subprocess.Popen(self.command(file=file, before=["--jobs=1"]), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(sweep.kill)
        self.wait_for(lambda: list(self.output.glob("*/complete.json")))
        program.unlink()
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
        text, errors = sweep.communicate(timeout=60)
        self.assertEqual(sweep.returncode, 0, text + errors)
        self.assertEqual(len(self.stage("judge")), 2)

    def test_a_real_program(self):
        program = pathlib.Path(sweep_support.SWEEP).with_name("minimize")
        file = self.folder / "study.toml"
        file.write_text(f'''program = "{program}"
            [options]\nproblem = "rosenbrock"\noptimizer = ["sgd", "adam"]\nsteps = 50
            [[stage]]\nname = "tune"
            draws = {{count = 4, method = "sobol"}}\nselect = {{by = "step/value", per = ["optimizer"]}}
            [stage.options]\nlearning_rate = "log_uniform(1e-5,1e-3)"
            [[stage]]\nname = "judge"\n[stage.options]\nlearning_rate = "{{tune}}"\nstart = "random"\nseed = "0:1"\n''')
        self.sweep(file=file)
        self.assertIn("skipped", self.sweep(file=file).stdout)
        self.assertEqual(len(self.table()["runs"]), 12)
        shown = subprocess.run([sweep_support.SWEEP, "list", str(self.output), "--show=step/value"],
                               capture_output=True, text=True, check=True)
        lines = shown.stdout.splitlines()
        place = lines[1].index("step/value")
        values = {line.split()[0]: float(line[place:].split()[0]) for line in lines[2:-1]}
        for winner in unsealed(self.output / "stages.json")["stages"][0]["winners"]:
            tuned = [values[run["id"]] for run in self.stage("tune")
                     if run["options"]["optimizer"] == winner["per"]["optimizer"]]
            self.assertAlmostEqual(winner["value"], min(tuned), delta=1e-5 * min(tuned))


if __name__ == "__main__":
    sweep_support.main(__file__)
