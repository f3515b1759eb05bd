#!/usr/bin/python3
"""Settings that another program suggests: what it is asked and told, and that nothing but the seed changes the answers.

Usage: sweep_search_test.py BUILD_BIN_DIR [unittest arguments]
"""
import importlib.util
import json
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase

TRAINER = pathlib.Path(__file__).with_name("stateful_program.py")

# Suggests rates that depend on all that it was told, and notes every line.
SERVER = r'''
import json, os, sys, time
answers, told = os.fdopen(3, "w"), []
log = open(os.environ["STARTS"] + f".asked.{os.getpid()}", "w", buffering=1)
for line in sys.stdin:
    log.write(line)
    said = json.loads(line)
    if "space" in said:
        answer = {}
    elif "ask" in said:
        best = min((value for value in told if value is not None), default=1.0)
        answer = {"options": {"learning_rate": ANSWER}}
    else:
        told.append(said["value"])
        answer = {}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
'''
USUAL = "round(0.01 * (said['ask'] + 1) + 0.001 * min(best, 1), 6)"

STUDY = '''
program = "{program}"
[options]
steps = 10
[[stage]]
name = "tune"
draws = {{count = {count}, seed = 3, method = "ask", command = "{command}", window = {window}}}
select = {{by = "evaluation/loss", per = ["optimizer"]}}
[stage.options]
optimizer = ["sgd", "adam"]
seed = "0:1"
learning_rate = "log_uniform(1e-3,1)"
[[stage]]
name = "judge"
[stage.options]
optimizer = ["sgd", "adam"]
learning_rate = "{{tune}}"
seed = 9
'''


class SweepSearch(SweepCase):
    def setUp(self):
        super().setUp()
        self.program = self.folder / "trainer"
        self.program.write_bytes(TRAINER.read_bytes())
        self.program.chmod(0o755)
        self.file = self.folder / "study.toml"
        self.write()

    def write(self, answer=USUAL, count=6, window=2, change=lambda text: text):
        server = self.folder / "server.py"
        server.write_text(SERVER.replace("ANSWER", answer))
        self.file.write_text(change(STUDY.format(program=self.program, command=f"/usr/bin/python3 {server}", count=count,
                                                 window=window)))

    def asked(self):
        """The lines that each server was told, without the first."""
        lines = [path.read_text().splitlines() for path in sorted(self.folder.glob("starts.asked.*"))]
        return [[json.loads(line) for line in one[1:]] for one in lines if one]

    def settings(self):
        return sorted((run["stage"], run["options"]["optimizer"], run["options"]["learning_rate"], run["options"]["seed"])
                      for run in self.table()["runs"])

    def test_asks_and_tells_in_one_order_whatever_runs_at_a_time(self):
        self.sweep(file=self.file, before=["--jobs=1"])
        first, settings = self.asked(), self.settings()
        self.assertEqual(len(settings), 2 * (2 * 6 + 1))
        for server in first:
            order = [("ask", line["ask"]) if "ask" in line else ("tell", line["tell"]) for line in server]
            self.assertEqual(order[:5], [("ask", 0), ("ask", 1), ("tell", 0), ("ask", 2), ("tell", 1)])
            self.assertEqual(order[-2:], [("tell", 4), ("tell", 5)])
        for jobs in (2, 5):
            for path in self.folder.glob("starts.asked.*"):
                path.unlink()
            self.output = self.folder / f"jobs{jobs}"
            self.sweep(file=self.file, before=[f"--jobs={jobs}"])
            self.assertEqual(sorted(map(str, self.asked())), sorted(map(str, first)))
            self.assertEqual(self.settings(), settings)

    def test_a_trial_that_does_not_come_to_the_target_has_no_time(self):
        """By the number of its own values the shortest would be the best."""
        for target, known in ((1e9, True), (-1e9, False)):
            self.output = self.folder / f"target{known}"
            self.write(count=3, change=lambda text: text.replace('"evaluation/loss"', f'"evaluation/loss:time_to={target}"'))
            self.sweep(file=self.file)
            told = [line["value"] is not None for server in self.asked() for line in server if "tell" in line]
            self.assertEqual(told, [known] * len(told))
            self.assertTrue(told)
            for path in self.folder.glob("starts.asked.*"):
                path.unlink()

    def test_a_killed_search_goes_on_as_if_it_had_not_been(self):
        self.sweep(file=self.file)
        settings = self.settings()
        begun = len(self.starts())
        self.sweep(file=self.file)
        self.assertEqual((len(self.starts()), self.settings()), (begun, settings))
        self.output = self.folder / "killed"
        command = self.command(file=self.file, before=["--jobs=1"])
        sweep = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for(lambda: len(self.starts()) > begun + 10)
        sweep.kill()
        sweep.wait()
        self.sweep(file=self.file)
        self.assertEqual(self.settings(), settings)

    def test_two_sweeps_share_a_search(self):
        self.sweep(file=self.file)
        settings = self.settings()
        self.output = self.folder / "shared"
        both = [subprocess.Popen(self.command(file=self.file, before=["--jobs=1"]), env=self.environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
        said = [one.communicate(timeout=60)[0] for one in both]
        self.assertEqual([one.returncode for one in both], [0, 0], said)
        self.assertEqual(self.settings(), settings)

    def test_what_is_told_is_the_mean_of_the_seeds_and_null_of_what_diverged(self):
        self.write(answer="[0.5, 100.0, 0.25][said['ask']]", count=3, window=1,
                   change=lambda text: text.replace("(1e-3,1)", "(1e-3,1e3)"))
        self.sweep(file=self.file, before=["--jobs=3"])
        for server in self.asked():
            told = [line["value"] for line in server if "tell" in line]
            self.assertEqual([value is None for value in told], [False, True, False])
        stages = json.loads((self.output / "stages.json").read_text())["stages"]
        best = {winner["per"]["optimizer"]: winner["value"] for winner in stages[0]["winners"]}
        least = sorted(min(line["value"] for line in server if line.get("value") is not None) for server in self.asked())
        self.assertEqual(least, sorted(best.values()))

    def test_a_setting_that_is_suggested_twice_is_run_once(self):
        self.write(answer="0.1", count=3)
        self.sweep(file=self.file)
        self.assertEqual(len(self.table()["runs"]), 2 * (2 + 1))

    def test_a_program_that_suggests_nonsense_ends_the_sweep_in_a_line(self):
        for answer, says in (("7.0", "suggests 7.0 for learning_rate, expected a value of"),
                             ("'fast'", 'suggests "fast" for learning_rate'),
                             ("1 / 0", "ended with exit code 1"), ("None", "suggests null for learning_rate")):
            with self.subTest(answer=answer):
                self.write(answer=answer)
                result = self.sweep(file=self.file, code=1)
                self.assertIn(says, result.stderr)
                self.assertIn("stage judge is not begun", result.stderr)
        self.write()
        self.file.write_text(self.file.read_text().replace("server.py", "nobody.py"))
        self.assertIn("nobody.py", self.sweep(file=self.file, code=1).stderr)

    def test_what_cannot_be_searched_is_refused_before_anything_runs(self):
        for old, new, says in (
                ('select = {by = "evaluation/loss", per = ["optimizer"]}\n', "", "expected a stage with select"),
                ('method = "ask", ', 'method = "tpe", ', 'expected command = "..." with method = "ask" alone'),
                ('command = ', 'kommand = ', "unknown key 'kommand'"),
                ('method = "ask"', 'method = "sobol"', "expected command"),
                ('[stage.options]\noptimizer = ["sgd", "adam"]\nseed = "0:1"', 'limit = 3\n[stage.options]\nseed = "0:1"',
                 "limit: expected none")):
            with self.subTest(new=new):
                self.write(change=lambda text, old=old, new=new: text.replace(old, new, 1))
                self.refused(file=self.file, says=says)

    def test_a_search_that_has_ended_is_known_to_who_plans(self):
        self.sweep(file=self.file)
        command = self.command(file=self.file)
        for words, judged in ((["plan", "--format=jsonl"], '"stage":"judge"'), (["run", "--dry-run"], "")):
            command[1:2] = words
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=self.environment, check=True)
            self.assertNotIn("suggested while it runs", done.stderr)
            self.assertIn(judged, done.stdout.replace(" ", ""))
            command[1:3] = ["run"]

    def test_a_search_is_not_widened(self):
        self.refused(file=self.file, before=["--widen"], says="--widen: stage tune: expected draws that are not suggested")

    def test_a_failed_run_stops_what_depends_on_it_and_is_made_up_for(self):
        self.write(change=lambda text: text.replace("steps = 10", "steps = 10\nfail_at = 5"))
        result = self.sweep(file=self.file, code=1)
        self.assertIn("stage judge is not begun", result.stderr)
        self.assertEqual(len(self.table()["runs"]), 2 * 2 * 2)  # the window's
        for path in self.folder.glob("starts.asked.*"):
            path.unlink()
        for _ in range(4):  # each goes on from its checkpoint, and fails but once
            code = subprocess.run(self.command(file=self.file), env=self.environment, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=60).returncode
        self.assertEqual(code, 0)
        self.assertEqual(len(self.settings()), 2 * (2 * 6 + 1))

    # --- while an answer is waited for

    def begin(self, *before, **environment):
        return subprocess.Popen(self.command(file=self.file, before=before or ["--jobs=4"]), text=True,
                                env={**self.environment, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ends(self, sweep, code):
        said = sweep.communicate(timeout=60)[0]
        self.assertEqual(sweep.returncode, code, said)
        self.assertEqual(self.processes(), {})
        return said

    def statuses(self):
        return sorted(run["status"] for run in self.table()["runs"])

    def hang(self, ask, change=lambda text: text):
        """That suggestion is long in coming."""
        answer = f"[0.1 * (said['ask'] + 1), time.sleep(300 if said['ask'] >= {ask} else 0)][0]"
        self.write(answer=answer, change=lambda text: change(text.replace('["sgd", "adam"]', '"sgd"').replace(
            ', per = ["optimizer"]', "")))

    def test_a_sweep_ends_as_asked_while_an_answer_is_waited_for(self):
        for number, ask in enumerate((signal.SIGINT, signal.SIGTERM, "cancel")):
            with self.subTest(ask=ask):
                self.output = self.folder / f"asked{number}"
                self.hang(0)
                sweep = self.begin()
                self.wait_for(lambda: any(len(lines) == 1 for lines in self.asked()), 30)
                if ask == "cancel":
                    subprocess.run([sweep_support.SWEEP, "cancel", self.output], check=True, timeout=60,
                                   stdout=subprocess.DEVNULL)
                else:
                    sweep.send_signal(ask)
                self.assertIn("interrupted", self.ends(sweep, 130))
                for path in self.folder.glob("starts.asked.*"):
                    path.unlink()
        self.output = self.folder / "silent"
        self.write(change=lambda text: text.replace(f"/usr/bin/python3 {self.folder / 'server.py'}", "sleep 300"))
        sweep = self.begin()
        self.wait_for(lambda: any("sleep 300" in line for line in self.processes().values()), 30)
        sweep.send_signal(signal.SIGTERM)
        self.ends(sweep, 130)

    def test_runs_are_watched_while_an_answer_is_waited_for(self):
        """Two end, of which the table tells, and one is over its time."""
        self.hang(1, lambda text: text.replace('seed = "0:1"', "seed = 0\ndelay = [0.0, 0.1, 300.0]").replace(
            'by = "evaluation/loss"', 'by = "evaluation/loss", over = ["delay"]'))
        sweep = self.begin("--jobs=4", "--time-limit=6", GRADUS_SWEEP_GRACE="0.5")
        self.wait_for(lambda: any({"ask": 1} in lines for lines in self.asked()), 30)
        self.wait_for(lambda: self.statuses() == ["completed", "completed", "failed"], 60)
        self.assertIsNone(sweep.poll())
        sweep.send_signal(signal.SIGTERM)
        self.assertIn("longer than the time limit of 6 s", self.ends(sweep, 130))

    def test_a_program_that_does_not_answer_in_time_ends_the_search(self):
        self.hang(1, lambda text: text.replace("steps = 10", "steps = 10\ndelay = 0.2"))
        said = self.ends(self.begin(GRADUS_SWEEP_SUGGESTION="1"), 1)
        self.assertIn("server.py: no answer for 1 seconds", said)
        self.assertIn("stage judge is not begun", said)
        self.assertEqual(self.statuses(), ["completed", "completed"])
        self.assertIn("GRADUS_SWEEP_SUGGESTION=soon: expected seconds",
                      self.ends(self.begin(GRADUS_SWEEP_SUGGESTION="soon"), 2))

    def test_a_suggestion_that_the_program_refuses_ends_the_search_in_good_order(self):
        self.program.write_text(self.program.read_text().replace(
            'if values["learning_rate"] <= 0:', 'if values["learning_rate"] in (0, 0.25):'))
        self.write(answer="[0.1, 0.2, 0.25][said['ask']]",
                   change=lambda text: text.replace("steps = 10", "steps = 10\ndelay = 0.1"))
        said = self.ends(self.begin("--jobs=1"), 1)  # the next run is under way by then
        self.assertIn("server.py: suggests what is refused: ", said)
        self.assertIn("--learning-rate is not above 0", said)
        self.assertIn("stage judge is not begun", said)
        self.assertEqual(set(self.statuses()), {"completed"})
        self.assertGreaterEqual(len(self.statuses()), 4)  # two suggestions of two seeds

    def test_a_sweep_hears_while_the_program_looks_at_a_suggestion(self):
        self.program.write_text(self.program.read_text().replace(
            "    for name, text in given.items():\n        if name in CONTROLS:", """    if float(given.get("learning_rate", 0)) == 0.75:
        note(looks=True)
        time.sleep(300)
    for name, text in given.items():
        if name in CONTROLS:""", 1))
        self.assertIn("looks=True", self.program.read_text())
        self.write(answer="0.75", change=lambda text: text.replace('["sgd", "adam"]', '"sgd"').replace(
            ', per = ["optimizer"]', ""))
        for ask in (signal.SIGINT, "cancel"):
            with self.subTest(ask=ask):
                (self.folder / "starts").unlink(missing_ok=True)
                sweep = self.begin(GRADUS_SWEEP_PATIENCE="300")
                self.wait_for(lambda: self.starts(), 30)
                if ask == "cancel":
                    subprocess.run([sweep_support.SWEEP, "cancel", self.output], check=True, timeout=60,
                                   stdout=subprocess.DEVNULL)
                else:
                    sweep.send_signal(ask)
                self.ends(sweep, 130)

    @unittest.skipUnless(importlib.util.find_spec("optuna"), "Optuna is not installed")
    def test_optuna_is_reproducible_and_better_than_chance(self):
        def tpe(text):
            return text.replace('method = "ask", command = "/usr/bin/python3 ' + str(self.folder / "server.py") + '"',
                                'method = "tpe"')
        self.write(count=12, window=2, change=tpe)
        self.sweep(file=self.file, before=["--jobs=1"])
        settings = self.settings()
        self.assertEqual(len({rate for stage, optimizer, rate, _ in settings if optimizer == "sgd"}), 12)
        self.output = self.folder / "again"
        self.sweep(file=self.file, before=["--jobs=4"])
        self.assertEqual(self.settings(), settings)
        self.write(count=12, window=2, change=lambda text: tpe(text).replace("seed = 3", "seed = 4"))
        self.output = self.folder / "other"
        self.sweep(file=self.file)
        self.assertNotEqual(self.settings(), settings)


if __name__ == "__main__":
    sweep_support.main(__file__)
