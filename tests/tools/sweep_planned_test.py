#!/usr/bin/python3
"""The words that need only the folder know every plan that was made there, and tell the same of what is at work.

Usage: sweep_planned_test.py BUILD_BIN_DIR [unittest arguments]
"""
import json
import pathlib
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase, preloading, unsealed

STAGES = '[[stage]]\nname = "first"\n[stage.options]\nseed = [0, 1]\n'
STAGES += '[[stage]]\nname = "second"\n[stage.options]\nseed = 2\n'


class Planned(SweepCase):
    def tool(self, word, *arguments, code=0):
        result = subprocess.run([sweep_support.SWEEP, word, str(self.output), *map(str, arguments)],
                                capture_output=True, text=True, timeout=120, env=self.environment, cwd=self.folder)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def plan(self, *options, **how):
        """The ids that it tells."""
        command = self.command(*options, **how)
        command[1:2] = ["plan", "--format=jsonl"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=self.environment,
                                cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line)["id"] for line in result.stdout.splitlines()]

    def begin(self, *options, environment=None, **how):
        sweep = subprocess.Popen(self.command(*options, **how), env={**self.environment, **(environment or {})},
                                 cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(sweep.wait)
        self.addCleanup(sweep.kill)
        return sweep

    def without_locks(self):
        library = self.folder / "without_locks.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, pathlib.Path(__file__).with_name("without_locks.c")],
                       check=True)
        return {**preloading(library), "PRETEND_HOST": "ada"}

    def planned(self):
        return unsealed(self.output / "planned.json")["plans"]

    # --- every plan

    def test_a_run_of_an_earlier_grid_is_run_by_its_name(self):
        first = self.plan("--seed=0:2")
        self.sweep("--seed=7:8")
        status = self.tool("status", code=75).stdout
        self.assertIn("5 runs: 2 completed, 3 pending", status)
        for run in first:
            self.assertIn("1 completed", self.tool("run-one", run).stdout)
        self.assertIn("5 runs: 5 completed", self.tool("status").stdout)
        self.assertEqual(len(self.starts()), 5)

    def test_a_run_of_an_earlier_stage_is_known_when_it_has_a_result(self):
        file = self.folder / "stages.toml"
        file.write_text(f'program = "{self.program}"\n' + STAGES)
        first = self.plan(file=file)
        self.assertEqual(len(first), 2)
        self.sweep(file=file)
        for run in first:
            self.assertIn("1 skipped", self.tool("run-one", run).stdout)
        self.assertEqual(len(self.starts()), 3)
        (self.output / "sweep.json").unlink()
        self.assertEqual(self.tool("status").stdout.splitlines()[:2],
                         ["stage first: 2 runs: 2 completed", "stage second: 1 run: 1 completed"])

    def test_later_options_count_instead_of_those_of_then(self):
        def chosen(*options):
            lines = self.tool("resume", *options, "--dry-run").stdout.splitlines()
            shown = ("--seed=", "--text=")
            return sorted(tuple(word.partition("=")[2] for word in line.split() if word.startswith(shown))
                          for line in lines)

        self.plan("--seed=0,1", "--mode=completed,fail", "--text=a,b", before=[
            "--zip=seed,mode", "--only=text: seed=1", "--exclude", "mode=completed", "--exclude=seed=0", "--rebuild",
            "--limit=1"])
        self.assertEqual(chosen(), [("1", "a")])
        self.assertEqual(chosen("--limit=9"), [("1", "a"), ("1", "b")])
        self.assertEqual(chosen("--limit=9", "--exclude=text=b"), [("0",), ("1", "a")])
        self.assertEqual(chosen("--limit=9", "--only=text: seed=0,1", "--exclude=mode=fail"), [("0", "a"), ("0", "b")])
        self.assertEqual(chosen("--limit=9", "--zip", "seed,text", "--only=mode: seed=0,1", "--exclude=mode=fail"),
                         [("0", "a"), ("1", "b")])
        self.assertEqual(chosen("--allow-mixed-builds"), [("1", "a")])

    def test_who_asks_for_what_nobody_planned_is_told_its_name(self):
        runs = self.plan("--seed=0:1")
        (self.folder / "some").write_text(f"{runs[0]}\nnobody\n")
        for word, *more in (["run-one", "nobody"], ["resume", f"--runs={self.folder / 'some'}"]):
            said = self.tool(word, *more, code=2).stderr
            self.assertIn("no run nobody in any plan", said)
            self.assertEqual(len(said.splitlines()), 1)
        self.assertEqual(self.starts(), [])

    def test_a_run_keeps_the_remarks_that_it_was_planned_with(self):
        self.program = self.folder / "trainer"
        shutil.copy(pathlib.Path(__file__).with_name("stateful_program.py"), self.program)
        remarks = ["--note=the first", "--tag=early"]
        first = self.plan("--seed=0", before=remarks)
        self.sweep("--seed=7", before=["--note=the second"])
        self.tool("run-one", *first)
        begins = [start["argv"] for start in self.starts() if "begins" in start]
        self.assertEqual([[word for word in words if word.startswith(("--note", "--tag"))] for words in begins],
                         [["--note=the second"], remarks])

    def test_what_cannot_count_is_refused(self):
        first, second = self.plan("--seed=0:1")
        for words in (["run-one", first, second], ["run-one", first, "--limit=3"], ["run-one", first, "--widen"],
                      ["run-one", first, "--output=elsewhere"], ["run-one", first, "--variant=small"],
                      ["run-one", first, "--note=other"], ["run-one", first, "--stopping=rule=median"],
                      ["retry", "--failed", "other"], ["retry", "--failed", "--exclude=seed=0"],
                      ["resume", "other"], ["resume", "--output=elsewhere"]):
            said = self.tool(*words, code=2).stderr
            self.assertEqual(len(said.splitlines()), 1, said)
            self.assertIn("expected options of sweep run", said)
        self.assertEqual(self.starts(), [])

    def test_a_command_has_one_line(self):
        self.output = self.folder / "two\nlines"
        command = self.command("--seed=0")
        command[1:2] = ["plan", "--format=sh"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=self.environment, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn("--format=sh: expected a folder without a line break", done.stderr)

    def test_what_failed_is_tried_again_whatever_grid_it_is_of(self):
        self.sweep("--mode=fail-once", "--seed=0", code=1)
        self.sweep("--seed=1:2")
        self.assertIn("1 failed", self.tool("status", code=1).stdout)
        self.assertIn("1 completed", self.tool("retry", "--failed").stdout)
        self.assertIn("3 completed", self.tool("status").stdout)
        self.assertEqual(self.tool("retry", "--failed").stdout, "no run has failed\n")

    def test_what_failed_and_is_in_no_plan_is_refused_by_name(self):
        self.sweep("--mode=fail", "--seed=0", code=1)
        failed, = self.table()["runs"]
        (self.output / "planned.json").unlink()
        self.assertRegex(self.tool("retry", "--failed", code=1).stderr, f"{failed['id']}: in no plan of the folder")
        self.assertEqual(len(self.starts()), 1)

    def test_each_run_is_kept_once(self):
        self.sweep("--seed=0:3")
        self.sweep("--seed=2:5")
        ids = [run["id"] for plan in self.planned() for run in plan["runs"]]
        self.assertEqual(len(ids), 6)
        self.assertEqual(len(set(ids)), 6)
        before = (self.output / "planned.json").stat().st_ino
        self.sweep("--seed=2:5")  # what is known is not written again
        self.assertEqual((self.output / "planned.json").stat().st_ino, before)
        self.sweep("--seed=0:5")  # takes all from both
        self.assertEqual([len(plan["runs"]) for plan in self.planned()], [6])

    def test_grids_at_once_do_not_forget_each_other(self):
        sweeps = [self.begin(f"--seed={10 * i}:{10 * i + 2}") for i in range(6)]
        self.assertEqual([sweep.wait(60) for sweep in sweeps], [0] * 6)
        self.assertEqual(len({run["id"] for plan in self.planned() for run in plan["runs"]}), 18)
        self.assertEqual(list((self.output / ".claims").iterdir()), [])

    def test_a_plan_that_is_damaged_is_said_and_written_anew(self):
        first = self.plan("--seed=0")
        whole = (self.output / "planned.json").read_bytes()
        (self.output / "planned.json").write_bytes(whole.replace(b"seed", b"sied", 1))
        self.assertRegex(self.tool("list").stderr, "planned.json.*damaged")
        self.assertRegex(self.tool("run-one", *first, code=1).stderr, "planned.json.*damaged")
        self.assertRegex(self.sweep("--seed=1").stderr, "planned.json.*damaged.*not known by name any more")
        self.assertEqual([len(plan["runs"]) for plan in self.planned()], [1])

    def test_the_program_of_an_earlier_plan_stays(self):
        program = self.folder / "minimize"
        shutil.copy(pathlib.Path(sweep_support.SWEEP).parent / "minimize", program)
        first, = self.plan("--steps=2", program=program)
        with program.open("ab") as file:
            file.write(b"another build")
        self.sweep("--steps=3", program=program)
        program.unlink()
        self.assertIn("1 completed", self.tool("run-one", first).stdout)
        self.assertEqual(len({json.loads((self.output / run / "complete.json").read_text())["executable_sha256"]
                              for run in (first, self.table()["runs"][0]["id"])}), 2)

    # --- what is at work

    def tells_what_runs(self, environment):
        """One run is worked on; another has begun, and waits."""
        killed = self.begin("--seed=0:1", "--mode=sleep", before=["--jobs=2"], environment=environment)
        self.wait_for(lambda: len(self.starts()) == 2)
        killed.kill()
        killed.wait()
        self.wait_for(lambda: self.processes() == {})
        self.begin("--seed=0:1", "--mode=sleep", before=["--jobs=1"], environment=environment)
        self.wait_for(lambda: len(self.starts()) == 3)
        self.environment.update(environment)
        self.assertIn("2 runs: 1 pending, 1 running", self.tool("status", code=75).stdout)
        self.assertIn("2 runs: 1 pending, 1 running (a sweep is at work)", self.tool("list").stdout)
        self.assertIn("(a sweep is at work)", self.tool("verify").stdout)
        self.assertEqual(self.tool("cancel").stdout.splitlines()[-2:], ["2 runs: 2 pending", "no sweep is at work"])
        self.assertRegex(self.tool("verify").stdout, "^0 finished runs, 2 pending, .*: whole\n$")

    def test_all_words_agree_on_what_runs(self):
        self.tells_what_runs({})

    def test_all_words_agree_on_what_runs_without_locks(self):
        self.tells_what_runs(self.without_locks())

    def test_a_sweep_whose_runs_are_not_known_yet_is_at_work(self):
        file = self.folder / "search.toml"
        file.write_text(f'program = "{self.program}"\n[[stage]]\nname = "tune"\n'
                        'draws = {count = 2, method = "ask", command = "sleep 300"}\nselect = {by = "step/value"}\n'
                        '[stage.options]\nlearning_rate = "uniform(0,1)"\n')
        sweep = self.begin(file=file)
        self.wait_for(lambda: (self.output / "asked.json").exists())
        time.sleep(0.2)
        self.assertIsNone(sweep.poll())
        self.assertEqual(self.tool("status", code=75).stdout, "no run is known yet\na sweep is at work\n")
        self.assertIn("0 runs (a sweep is at work)", self.tool("list").stdout)

    # --- exit codes

    def test_what_cannot_be_told_about_is_no_success(self):
        self.sweep("--seed=0:1")
        run, _ = self.folders()
        whole = (run / "complete.json").read_bytes()
        (run / "complete.json").write_text(json.dumps({**unsealed(run / "complete.json"), "schema": 1}))
        self.assertIn("1 completed, 1 other_schema", self.tool("status", code=1).stdout)
        (run / "complete.json").write_bytes(whole)
        self.tool("status")
        run.rename(self.folder / "elsewhere")
        run.symlink_to(self.folder / "nowhere")
        self.assertIn("1 completed, 1 unreadable", self.tool("status", code=1).stdout)

    def test_what_was_run_one_by_one_is_whole(self):
        for run in self.plan("--seed=0:1"):
            self.tool("run-one", run)
        said = self.tool("verify").stdout
        self.assertIn("2 of the runs that have ended are not in manifest.json yet", said)
        self.assertRegex(said.splitlines()[-1], "^2 finished runs, .*: whole$")
        self.sweep("--seed=0:1")
        (self.output / "manifest.json").unlink()
        self.assertIn("manifest.json: missing", self.tool("verify", code=1).stdout)


if __name__ == "__main__":
    sweep_support.main(__file__)
