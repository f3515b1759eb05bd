#!/usr/bin/python3
"""Sweeps that stop weak settings early: what runs how far, also when they are killed, share a folder or have stages.

Usage: sweep_stopping_test.py BUILD_BIN_DIR [unittest arguments]
"""
import json
import math
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys

import h5py

sys.dont_write_bytecode = True
import sweep_support
from asha import Asha
from sweep_support import flip_in_row, preloading, SweepCase, unsealed

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from same_numbers import differences  # noqa: E402

RUNGS, FACTOR, STEPS = [20, 60], 3, 180
ASHA = f'stopping = {{rule = "asha", by = "step/value", first = 20, factor = {FACTOR}, last = {STEPS}}}\n'
MEDIAN = 'stopping = {rule = "median", by = "step/value", every = 20, after = 40, last = 180}\n'
OPTIONS = f'problem = "rosenbrock"\noptimizer = "gradient_descent"\nsteps = {STEPS}\n'
RATES = 'learning_rate = "log_uniform(1e-5,2e-3)"\n'
SEARCH = "draws = {count = %d, seed = 3}\n"


def search(stopping=ASHA, count=20, options=RATES):
    return SEARCH % count + stopping + "[options]\n" + OPTIONS + options


class SweepStopping(SweepCase):
    def setUp(self):
        super().setUp()
        self.program = pathlib.Path(sweep_support.SWEEP).parent / "minimize"
        self.file = self.folder / "sweep.toml"

    def study(self, toml, *options, before=(), **how):
        self.file.write_text(f'program = "{self.program}"\n' + toml)
        return self.sweep(*options, before=["--jobs=1", *before], file=self.file, **how)

    def refuses(self, toml, says, *options, before=(), code=2):
        result = self.study(toml, *options, before=before, code=code)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, result.stderr)

    def runs(self):
        return {run["id"]: run for run in self.table()["runs"]}

    def statuses(self):
        return sorted(run["status"] for run in self.runs().values())

    def values(self, run, output=None):
        with h5py.File((output or self.output) / run / "run.h5") as file:
            return file["step/value"][:]

    def steps(self):
        """How many each run has taken."""
        return {run: unsealed(self.output / run / "complete.json")["rows"]["step"] - (status["status"] == "completed")
                for run, status in self.runs().items()}

    def to_the_end(self, toml, **how):
        here, self.output = self.output, self.folder / "whole"
        self.study(toml, before=["--stopping=none"], **how)
        whole, self.output = self.output, here
        return whole

    def asha(self, whole):
        """The steps of each run, one at a time in the order of the names, by the published algorithm."""
        runs = sorted(path.parent.name for path in whole.glob("*/run.h5"))
        published, taken = Asha(len(runs), FACTOR, len(RUNGS) + 1), dict.fromkeys(runs, 0)
        while job := published.get_job():
            number, rung = job
            taken[runs[number]] = ([*RUNGS, STEPS])[rung]
            value = self.values(runs[number], whole)[taken[runs[number]] - 1]
            published.completed(number, rung, value if math.isfinite(value) else math.inf)
        return taken

    def again_nothing_runs(self, **how):
        before = {path: path.stat().st_mtime_ns for path in self.output.glob("*/complete.json")}
        result = self.study(self.file.read_text().split("\n", 1)[1], **how)
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in self.output.glob("*/complete.json")})
        return result.stdout

    # --- one sweep

    def test_asha_runs_what_was_published(self):
        result = self.study(search())
        whole = self.to_the_end(search())
        expected = self.asha(whole)
        self.assertEqual(self.steps(), expected)
        self.assertEqual({expected[run] for run in expected}, {20, 60, 180})
        self.assertLess(sum(expected.values()), 0.5 * STEPS * len(expected))
        for run, told in self.runs().items():
            values = self.values(run)
            self.assertEqual(values.tobytes(), self.values(run, whole)[:len(values)].tobytes())
            if told["status"] == "completed":
                self.assertEqual(differences(self.output / run / "run.h5", whole / run / "run.h5"), [])
            else:
                self.assertEqual(told["status"], "pruned")
                self.assertEqual(told["reason"], f"stopped early at step {expected[run]}: step/value {values[-1]:.6g}")
        completed = self.statuses().count("completed")
        self.assertIn(f"20 runs: {completed} completed, 0 diverged, 0 failed, 0 skipped (finished before), "
                      f"{20 - completed} pruned (stopped early)", result.stdout)
        self.assertIn(f"20 runs: {completed} completed, {20 - completed} pruned", self.listed()[-1])
        self.assertIn(f"{completed} skipped (finished before), {20 - completed} pruned", self.again_nothing_runs())
        dry = self.study(search(), before=["--dry-run"])
        self.assertEqual(dry.stdout, "")
        self.assertIn("20 of 20 runs are not needed again", dry.stderr)

    def test_without_the_table_the_folders_tell_all(self):
        self.study(search())
        before = self.runs()
        (self.output / "sweep.json").unlink()
        self.again_nothing_runs()
        after = self.runs()
        self.assertEqual({run: told["status"] for run, told in before.items()},
                         {run: told["status"] for run, told in after.items()})

    def test_more_settings_go_on_from_what_is_there(self):
        self.study(search(count=9))
        first = self.steps()
        self.study(search(count=30))
        self.assertEqual(len(self.runs()), 30)
        self.assertEqual([run for run, steps in self.steps().items() if steps < first.get(run, 0)], [])
        self.assertGreater(self.statuses().count("pruned"), 18)
        self.again_nothing_runs()
        # Without the rule, the rest goes to its end.
        self.study(search(count=30), before=["--stopping=none"])
        self.assertEqual(set(self.statuses()), {"completed"})
        self.assertEqual(set(self.steps().values()), {STEPS})

    def test_a_few_have_a_winner_too(self):
        """Of two no third is promoted: the better goes to its end when nothing else can."""
        self.study(search(count=2))
        self.assertEqual(self.statuses(), ["completed", "pruned"])
        values = {told["status"]: self.values(run)[19] for run, told in self.runs().items()}
        self.assertLess(values["completed"], values["pruned"])
        self.again_nothing_runs()

    def test_what_diverges_ends_and_counts(self):
        toml = search(count=12, options='learning_rate = "log_uniform(1e-5,3e-2)"\n')
        self.study(toml)
        self.assertGreater(self.statuses().count("diverged"), 1)
        self.assertGreater(self.statuses().count("pruned"), 1)
        self.assertGreaterEqual(self.statuses().count("completed"), 1)
        self.again_nothing_runs()

    def test_nothing_is_decided_by_a_damaged_log(self):
        self.study(search(count=9))
        steps = self.steps()
        for status in ("completed", "pruned"):
            run = next(run for run, told in self.runs().items() if told["status"] == status)
            log = self.output / run / "metrics.log"
            whole = flip_in_row(log, 5)
            says = [f"{log}: damaged: the frame at byte ", f"; delete {log.parent}, and the same `sweep run` again"]
            self.refuses(search(count=9), says, code=1)
            log.write_bytes(whole)
            self.again_nothing_runs()
        flip_in_row(log, 5)
        shutil.rmtree(log.parent)
        self.study(search(count=9))
        self.assertEqual(self.steps(), steps)

    def test_the_median_rule(self):
        self.study(search(MEDIAN))
        whole = self.to_the_end(search(MEDIAN))
        best, mean = {}, {}
        for path in whole.glob("*/run.h5"):
            values = self.values(path.parent.name, whole)
            best[path.parent.name] = [min(values[:rung]) for rung in range(40, 180, 20)]
            mean[path.parent.name] = [sum(values[:rung]) / rung for rung in range(40, 180, 20)]
        steps, stopped = self.steps(), 0
        for run, told in self.runs().items():
            if told["status"] == "completed":
                continue
            rung = steps[run] // 20 - 2
            others = sorted(mean[other][rung] for other in steps if other != run and steps[other] >= steps[run])
            middle = (others[(len(others) - 1) // 2] + others[len(others) // 2]) / 2
            self.assertGreater(best[run][rung], middle)
            stopped += 1
        self.assertGreater(stopped, 1)
        self.assertIn("completed", self.statuses())
        self.again_nothing_runs()

    def test_seeds_are_one_setting(self):
        noisy = OPTIONS.replace("rosenbrock", "noisy_quadratic")
        toml = SEARCH % 9 + ASHA + "[options]\n" + noisy + RATES + 'seed = "0:2"\n'
        self.study(toml)
        steps, of_setting = self.steps(), {}
        for run, told in self.runs().items():
            of_setting.setdefault(told["options"]["learning_rate"], set()).add(steps[run])
        self.assertEqual(len(of_setting), 9)
        self.assertTrue(all(len(found) == 1 for found in of_setting.values()), of_setting)
        self.assertEqual(sorted(len(found) for found in of_setting.values()), [1] * 9)
        self.assertGreater(len({*steps.values()}), 1)
        self.again_nothing_runs()

    def test_groups_are_compared_apart(self):
        toml = search(ASHA.replace("}", ', per = ["optimizer"]}'), 6, RATES + 'optimizer = ["gradient_descent", "adam"]\n'
                      ).replace('optimizer = "gradient_descent"\n', "", 1)
        self.study(toml)
        completed = {run["options"]["optimizer"] for run in self.runs().values() if run["status"] == "completed"}
        self.assertEqual(completed, {"gradient_descent", "adam"})

    # --- sweeps that are killed, or several

    def test_a_killed_sweep_takes_the_same_decisions(self):
        toml = search(count=25).replace("steps = 180", "steps = 1800").replace("first = 20", "first = 200").replace(
            "last = 180", "last = 1800") + "contour = 200\n"
        self.study(toml)
        undisturbed, steps = self.output, self.steps()
        self.output = self.folder / "killed"
        chance, killed = random.Random(1), 0
        while True:
            sweep = subprocess.Popen(self.command(before=["--jobs=1"], file=self.file), stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, env=self.environment)
            try:
                text = sweep.communicate(timeout=chance.uniform(0.1, 0.6) if killed < 12 else 60)[0]
                break
            except subprocess.TimeoutExpired:
                sweep.send_signal(signal.SIGKILL)
                sweep.communicate()
                killed += 1
        self.assertEqual(sweep.returncode, 0, text)
        self.assertGreater(killed, 3)
        self.assertEqual(self.steps(), steps)
        for run, taken in steps.items():
            self.assertEqual(self.values(run).tobytes(), self.values(run, undisturbed).tobytes())
        self.again_nothing_runs()

    @staticmethod
    def computed_twice(log):
        """Rows of the steps' table that are there again."""
        data, place, latest, again = log.read_bytes(), 0, -1, 0
        while place + 8 <= len(data):
            size, = struct.unpack_from("<I", data, place)
            frame = data[place + 8:place + 8 + size]
            place += 8 + size
            if frame[:3] == b"R\0\0":
                index, = struct.unpack_from("<q", frame, 3)
                again += index <= latest
                latest = index
        return again

    def test_several_sweeps_share_a_folder(self):
        toml = search(count=40)
        self.file.write_text(f'program = "{self.program}"\n' + toml)
        sweeps = [subprocess.Popen(self.command(before=["--jobs=1"], file=self.file), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env=self.environment) for _ in range(3)]
        texts = [sweep.communicate(timeout=120)[0] for sweep in sweeps]
        self.assertEqual([sweep.returncode for sweep in sweeps], [0, 0, 0], texts)
        self.again_nothing_runs()
        self.assertEqual(set(self.statuses()), {"completed", "pruned"})
        pruned = self.statuses().count("pruned")
        for text in texts:
            self.assertIn(f"{pruned} pruned (stopped early)", text)
        self.assertEqual({self.computed_twice(self.output / run / "metrics.log") for run in self.runs()}, {0})
        self.assertGreater(pruned, 24)  # decisions are taken before all is known: more than 4 may come to their end

    def test_sweeps_of_two_hosts_without_locks(self):
        self.file.write_text(f'program = "{self.program}"\n' + search(count=18))
        library = self.folder / "without_locks.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, pathlib.Path(__file__).with_name("without_locks.c")],
                       check=True)
        sweeps = [subprocess.Popen(self.command(before=["--jobs=1"], file=self.file), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True,
                                   env={**self.environment, **preloading(library), "PRETEND_HOST": host})
                  for host in ("ada", "bob")]
        texts = [sweep.communicate(timeout=120)[0] for sweep in sweeps]
        self.assertEqual([sweep.returncode for sweep in sweeps], [0, 0], texts)
        self.again_nothing_runs()
        self.assertEqual(set(self.statuses()), {"completed", "pruned"})
        self.assertEqual({self.computed_twice(self.output / run / "metrics.log") for run in self.runs()}, {0})
        self.assertEqual(list((self.output / ".attempts").iterdir()), [])

    def test_a_share_runs_as_far_as_the_rule_lets_it(self):
        self.study(search(count=9), before=["--format=jsonl"], code=2)  # an option of plan
        plan = subprocess.run([sweep_support.SWEEP, "plan", self.file, "--output", self.output, "--format=jsonl"],
                              capture_output=True, text=True, check=True, timeout=60, env=self.environment).stdout
        planned = [json.loads(line) for line in plan.splitlines()]
        self.assertTrue(all("--stop-at=20" in run["argv"] for run in planned), planned[0])

        def run_one(run, code):
            result = subprocess.run([sweep_support.SWEEP, "run-one", self.output, run["id"]], capture_output=True,
                                    text=True, timeout=60, env=self.environment)
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        for run in planned[:2]:
            run_one(run, 75)
            run_one(run, 75)
            self.assertEqual(len(self.values(run["id"])), 20)
        value = {run["id"]: self.values(run["id"])[19] for run in planned[:2]}
        run_one(planned[2], 75)
        taken = [len(self.values(run["id"])) for run in planned[:3]]
        value = {run["id"]: self.values(run["id"])[19] for run in planned[:3]}
        best = min(planned[:3], key=lambda run: value[run["id"]])
        run_one(best, 75)  # the best third of three
        self.assertEqual(len(self.values(best["id"])), 60, taken)
        self.study(search(count=9))
        self.assertEqual(set(self.statuses()), {"completed", "pruned"})

    def test_what_is_pruned_stays_so_without_the_table(self):
        self.study(search(count=9))

        def told(word):
            result = subprocess.run([sweep_support.SWEEP, word, self.output], capture_output=True, text=True, timeout=60,
                                    env=self.environment)
            return result.returncode, [line.split() for line in result.stdout.splitlines() if "pruned" in line]
        before = told("status"), told("list")
        self.assertEqual(before[0][0], 0)
        self.assertGreater(len(before[1][1]), 2)
        (self.output / "sweep.json").unlink()
        self.assertEqual(told("status"), before[0])
        after = told("list")
        # The table's order has gone with it; the step and the value that are told as the reason have not.
        self.assertEqual(*(sorted([line[0], *line[-3:]] for line in lines) for lines in (after[1], before[1][1])))

    def test_a_failure_elsewhere_of_what_would_not_go_on_here(self):
        """Of the first three the best goes on in one sweep, and fails there when others, better than it, have paused in
        another: that is no run which was stopped early, whoever tells."""
        (self.folder / "script").write_text(f"""#!/bin/sh
case "$*" in *e-05\ *--stop-at=60*)
  touch {self.folder}/at
  while [ ! -e {self.folder}/go ]; do sleep 0.05; done
  exit 1;;
esac
exec {self.program} "$@"
""")
        (self.folder / "script").chmod(0o755)
        self.program = self.folder / "script"
        slow = [f"0.0000{i}" for i in range(11, 99, 4)]
        fast = [f"0.00{i}" for i in range(11, 20)]
        grid = ASHA + "[options]\n" + OPTIONS + "learning_rate = [%s]\n"
        self.file.write_text(f'program = "{self.program}"\n' + grid % ", ".join(slow + fast))
        plan = subprocess.run([sweep_support.SWEEP, "plan", self.file, "--output", self.folder / "plan", "--format=jsonl"],
                              capture_output=True, text=True, check=True, timeout=60, env=self.environment).stdout
        rates = {row["id"]: row["options"]["learning_rate"] for row in map(json.loads, plan.splitlines())}
        first = [run for run in sorted(rates) if rates[run] < 0.001][:3]
        later = [run for run in sorted(rates) if rates[run] > 0.001 and run > first[-1]]
        self.assertGreaterEqual(len(later), 3, rates)
        self.file.write_text(f'program = "{self.program}"\n' +
                             grid % ", ".join(f"{rates[run]:.6f}" for run in first + later))
        command = self.command(before=["--jobs=1"], file=self.file)
        one = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment)
        self.wait_for((self.folder / "at").exists, 30)
        two = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment)
        self.wait_for(lambda: len(list(self.output.glob("*/complete.json"))) == len(first + later), 60)
        self.wait_for(lambda: sum((self.output / run / "run.h5").exists() for run in later) == len(later), 30)
        (self.folder / "go").touch()
        texts = [sweep.communicate(timeout=120)[0] for sweep in (one, two)]
        self.assertEqual([sweep.returncode for sweep in (one, two)], [1, 1], texts)
        self.assertEqual(["1 failed" in text for text in texts], [True, True], texts)

    # --- stages

    def test_a_winner_is_one_that_came_to_its_end(self):
        stages = ('[[stage]]\nname = "tune"\n' + SEARCH % 12 + ASHA + 'select = {by = "step/value", per = ["optimizer"]}\n'
                  "[stage.options]\n" + RATES + '[[stage]]\nname = "judge"\n[stage.options]\nlearning_rate = "{tune}"\n')
        options = "[options]\n" + OPTIONS.replace('"gradient_descent"', '["gradient_descent", "adam"]')
        result = self.study(options + stages)
        document = unsealed(self.output / "stages.json")
        runs = self.runs()
        for winner in document["stages"][0]["winners"]:
            self.assertEqual({runs[run]["status"] for run in winner["runs"]}, {"completed"})
            self.assertEqual(winner["settings"] + winner["settings_left_out"] + winner["settings_pruned"], 12)
            self.assertGreater(winner["settings_pruned"], 6)
            self.assertIn(f"; {winner['settings_pruned']} settings were stopped early", result.stdout)
        self.assertEqual(len(document["stages"][1]["runs"]), 2)
        self.again_nothing_runs()
        dry = self.study(options + stages, before=["--dry-run"])
        self.assertEqual(dry.stdout, "")

    # --- what goes wrong

    def test_a_failed_run_is_out(self):
        (self.folder / "script").write_text(f"""#!/bin/sh
case "$*" in *--learning-rate=0.001\\ *--stop-at*) [ -e {self.folder}/mended ] || exit 1;; esac
exec {self.program} "$@"
""")
        (self.folder / "script").chmod(0o755)
        self.program = self.folder / "script"
        rates = "learning_rate = [1e-5, 1e-4, 2e-4, 3e-4, 0.001, 5e-4]\n"
        toml = ASHA + "[options]\n" + OPTIONS + rates
        result = self.study(toml, code=1)
        self.assertIn("1 failed", result.stdout)
        self.assertEqual(self.statuses().count("failed"), 1)
        self.assertIn("completed", self.statuses())
        (self.folder / "mended").touch()
        self.study(toml)
        self.assertEqual(set(self.statuses()), {"completed", "pruned"})
        self.again_nothing_runs()

    def trainer(self, body):
        """`minimize`, but for what `body` does beforehand to a run with arguments "$@"."""
        program = self.folder / "trainer"
        program.write_text(f'#!/bin/sh\ncase "$1" in --describe*) exec {self.program} "$@";; esac\n{body}\n'
                           f'exec {self.program} "$@"\n')
        program.chmod(0o755)
        self.program = program

    def test_no_more_is_begun_while_a_run_is_held_to_be_tried_again(self):
        self.environment["GRADUS_SWEEP_PAUSE"] = "2"
        self.trainer('case "$*" in *-rate=0.0011*) kill -9 $$;; *-rate=0.0012*) sleep 1; echo no; exit 1;; esac')
        rates = "learning_rate = [0.0001, 0.0002, 0.0003, 0.0004, 0.0011, 0.0012]\n"
        self.file.write_text(f'program = "{self.program}"\n' + ASHA + "[options]\n" + OPTIONS + rates)
        result = self.sweep(file=self.file, before=["--jobs=6", "--retries=2", "--max-fails=1"], code=1)
        # Those that have come to their rung have begun.
        self.assertIn("as many as --max-fails allows: 1 are not begun, 1 of them again", result.stderr)

    def test_what_pauses_cannot_begin_anew_each_time(self):
        self.trainer('case "$*" in *-rate=0.0012*) [ -e "$0.now" ] || exit 1;; esac')
        self.study(ASHA + "[options]\n" + OPTIONS + "learning_rate = [0.0001, 0.0003, 0.0012]\n", code=1)
        failed, = (run for run, row in self.runs().items() if row["status"] == "failed")
        for words in (["retry", "--failed"], ["run-one", failed]):
            done = subprocess.run([sweep_support.SWEEP, words[0], self.output, *words[1:], "--no-resume"],
                                  capture_output=True, text=True, timeout=60, env=self.environment, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("--no-resume: expected a sweep without stopping", done.stderr)
        # To its end all the same.
        (self.folder / "trainer.now").touch()
        done = subprocess.run([sweep_support.SWEEP, "run-one", self.output, failed, "--stopping=none"],
                              capture_output=True, text=True, timeout=60, env=self.environment, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1 completed", done.stdout)

    def test_interrupted(self):
        toml = search(count=6).replace("steps = 180", "steps = 4000000").replace("last = 180", "last = 4000000").replace(
            "first = 20", "first = 1000000") + "log_every = 100000\n"
        self.file.write_text(f'program = "{self.program}"\n' + toml)
        sweep = subprocess.Popen(self.command(before=["--jobs=2"], file=self.file), stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, env=self.environment)
        self.wait_for(lambda: len(list(self.output.glob("*/metrics.log"))) >= 2)
        sweep.send_signal(signal.SIGUSR1)
        text = sweep.communicate(timeout=60)[0]
        self.assertEqual(sweep.returncode, 75, text)
        self.assertEqual(set(self.statuses()), {"pending"})

    def test_a_rung_that_no_run_comes_to_is_told_beforehand(self):
        toml = search(ASHA.replace("first = 20", f"first = {STEPS}").replace("last = 180", "last = 400"), 3)
        result = self.study(toml)
        self.assertRegex(result.stderr, f"^sweep: stopping: the first rung is at step {STEPS}, and 3 of 3 runs end before "
                         f"they come to it \\(.* takes {STEPS} steps\\): nothing stops them early\n")
        self.assertNotIn("rung", self.study(search(count=3)).stderr)

    def test_what_a_run_has_not_logged(self):
        for by, says in (("step/loss", "no column step/loss of plain numbers, expected the one to stop early by"),
                         ("fingerprint/high", "does not say which way is better")):
            self.output = self.folder / by.replace("/", "_")
            result = self.study(search(ASHA.replace("step/value", by), 3), code=1)
            self.assertEqual(sum(says in line for line in result.stderr.splitlines()), 1, result.stderr)
            self.assertEqual(set(self.statuses()), {"pending"})
        self.output = self.folder / "rare"
        result = self.study(search(count=3) + "log_every = 100\n", code=1)
        self.assertIn("no step/value between the steps 20 and 60: expected a row of it, to stop early by",
                      result.stderr + self.study(search(count=3) + "log_every = 100\n", code=1).stderr)

    def test_what_cannot_be(self):
        self.refuses(search('stopping = {rule = "sha"}\n'), ["sweep.toml:3: stopping: rule: 'sha', expected asha or median"])
        self.refuses(search('stopping = {rule = "asha", by = "step/value"}\n'), "sweep.toml:3: stopping: expected first,")
        self.refuses(search('stopping = {rule = "asha", first = [1]}\n'), "stopping: first: expected one value")
        self.refuses(search('stopping = "asha"\n'), "stopping: expected a table")
        self.refuses(search(ASHA.replace("}", ', per = ["depth"]}')), "stopping: per depth: ")
        self.refuses(search(), "--no-resume: expected a sweep without stopping", before=["--no-resume"])
        self.refuses(search(), "--stopping: rule: 'sha'", before=["--stopping=rule=sha"])
        stages = '[options]\n' + OPTIONS + '[[stage]]\nname = "one"\n[[stage]]\nname = "two"\n[stage.options]\nseed = 1\n'
        self.refuses(ASHA + stages, "there are stages: expected at the top")
        self.refuses(stages, "expected stopping = {...} in those meant", before=[
            "--stopping=rule=median,by=step/value,every=10"])
        fork = '[[stage]]\nname = "cooldown"\n' + ASHA + '[stage.options]\nfork = "{one}@20"\n'
        self.refuses(stages + fork, "the first rung is at step 20: expected one after that of the fork {one}@20")
        asked = '[[stage]]\nname = "three"\ndraws = {count = 4, method = "ask", command = "true"}\nselect = {by = "step/value"}\n'
        self.refuses(stages + asked + ASHA + "[stage.options]\n" + RATES,
                     "stage three: stopping: expected draws that are not suggested by what runs end with")
        self.program = self.write_program("plain", describes=False)
        self.refuses(search(), "plain does not answer --describe-runs, and may not know --stop-at")
        self.program = self.write_program("told", describes=True)
        self.refuses(ASHA + "[options]\nseed = [1, 2]\n", ["told refuses --seed=1 --stop-at=20", "unknown option --stop_at"])
        self.assertFalse(os.path.exists(self.output))


if __name__ == "__main__":
    sweep_support.main(__file__)
