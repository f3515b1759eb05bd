#!/usr/bin/python3
"""Several sweeps share a folder; limits, retries and the words that need only the folder.

Usage: sweep_sharing_test.py BUILD_BIN_DIR [unittest arguments]
"""
import collections
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import sweep_support
from managers_support import ManagersCase
from sweep_support import preloading

TRAINER = pathlib.Path(__file__).with_name("stateful_program.py")


class Sharing(ManagersCase):
    # --- several managers

    def test_each_run_is_one_managers(self):
        said = self.ends_with(self.managers(4, "--seed=0:23", before=["--jobs=2"]))
        self.assertEqual(set(self.started().values()), {1})
        self.assertEqual(len(self.started()), 24)
        done = [int(re.search(r"(\d+) completed", text)[1]) for text in said]
        self.assertEqual(sum(done), 24)
        for text, own in zip(said, done):
            others = re.search(r", (\d+) run by other sweeps meanwhile", text)
            before = int(re.search(r"(\d+) skipped", text)[1])
            self.assertEqual(own + before + (int(others[1]) if others else 0), 24)
        self.assertEqual([run["status"] for run in self.table()["runs"]], ["completed"] * 24)
        self.assertEqual(list((self.output / ".claims").iterdir()), [])

    def test_a_failure_in_the_hands_of_one_is_the_others_too(self):
        said = self.ends_with(self.managers(3, "--seed=0:5", "--mode=fail", before=["--jobs=1"]), code=1)
        self.assertEqual(set(self.started().values()), {1})
        for text in said:
            self.assertIn("6 failed", text)
            self.assertIn("could not open the data", text)
        self.sweep("--seed=0:5", "--mode=fail", code=1)    # and later it is tried again
        self.assertEqual(set(self.started().values()), {2})

    def test_failures_are_known_without_the_table(self):
        self.sweep("--mode=no-record", "--seed=0:1", code=1)
        shutil.rmtree(self.folders()[0])
        (self.output / "sweep.json").unlink()
        self.assertEqual(sum(" failed " in line for line in self.listed()), 2)  # of one, planned.json has the name
        result = self.sweep("--mode=no-record", "--seed=0:1", before=["--no-retry-failed"], code=1)
        self.assertIn("2 failed", result.stdout)
        self.assertEqual(len(self.starts()), 2)

    def test_two_grids_at_once(self):
        grids = self.managers(1, "--seed=0:7") + self.managers(1, "--seed=4:11")
        self.ends_with(grids)
        self.assertEqual(set(self.started().values()), {1})
        self.assertEqual(len(list(self.output.glob("*/complete.json"))), 12)

    def test_a_killed_managers_runs_are_taken_over(self):
        first, = self.managers(1, "--seed=0:1", "--mode=short", before=["--jobs=2"])
        self.wait_for(lambda: len(self.starts()) == 2)
        self.assertIn("running", "".join(self.listed()))
        first.kill()
        first.wait()
        self.sweep("--seed=0:1", "--mode=short")
        self.assertEqual(set(self.started().values()), {2})

    # --- limits and retries

    def test_time_limit(self):
        self.environment.update(GRADUS_SWEEP_GRACE="0.2")
        begin = time.time()
        result = self.sweep("--mode=sleep,stubborn,completed", before=["--time-limit=0.5"], code=1)
        self.assertLess(time.time() - begin, 20)
        self.assertEqual(result.stdout.count("ran longer than the time limit of 0.5 s"), 2)
        self.assertIn("1 completed", result.stdout)
        self.assertEqual(self.processes(), {})

    def test_whose_program_is_told_to_end_a_moment_before_it_is_interrupted_too(self):
        """As Slurm tells all processes of a task, in whatever order."""
        for is_told in (True, False):
            self.output = self.folder / str(is_told)
            sweep, = self.managers(1, "--seed=0", "--mode=sleep", f"--text={is_told}")
            self.wait_for(lambda: any(f"--text={is_told}" in start["argv"] for start in self.starts()))
            time.sleep(0.2)
            program, = [pid for pid, line in self.processes().items() if line.startswith("/usr/bin/python3")]
            os.kill(program, signal.SIGTERM)
            time.sleep(0.15)
            if is_told:
                sweep.send_signal(signal.SIGTERM)
            self.ends_with([sweep], code=130 if is_told else 1)
            self.assertEqual([run["status"] for run in self.table()["runs"]], ["pending" if is_told else "failed"])

    def test_memory_limit(self):
        self.program.write_text(self.program.read_text().replace('mode = given.get("mode", "completed")',
                                                                 'mode = given.get("mode", "completed")\n'
                                                                 'hoard = bytearray(int(given["seed"]) << 20)'))
        result = self.sweep("--seed=1,900", before=["--memory-limit=300"], code=1)
        self.assertIn("1 completed, 0 diverged, 1 failed", result.stdout)
        self.assertIn("MemoryError", result.stdout)

    def test_pinned_sweeps_of_one_host_share_its_processors(self):
        self.program.write_text(self.program.read_text().replace('"omp":', '"on": sorted(os.sched_getaffinity(0)), "omp":'))
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("one processor")
        self.program.write_text(self.program.read_text().replace("time.sleep(0.5)", "time.sleep(3)"))
        self.ends_with(self.managers(2, "--seed=0:1", "--mode=short", before=["--pin", "--jobs=1"]))
        self.assertEqual(len({tuple(start["on"]) for start in self.starts()}), 2)

    def test_pinned_runs_have_processors_of_their_own(self):
        self.program.write_text(self.program.read_text().replace('"omp":', '"on": sorted(os.sched_getaffinity(0)), "omp":'))
        usable = len(os.sched_getaffinity(0))
        if usable < 2:
            self.skipTest("one processor")
        self.sweep("--seed=0:3", "--mode=short", before=["--pin", "--jobs=2"])
        used = [tuple(start["on"]) for start in self.starts()]
        self.assertEqual({len(one) for one in used}, {1})
        self.assertEqual(len(set(used)), 2)
        self.refused("--seed=9", before=["--pin", f"--jobs={usable + 1}"], says="--pin")
        self.refused("--seed=9", f"--threads={usable + 1}", before=["--pin", "--jobs=1"], says="--pin")

    def test_a_run_for_which_too_few_processors_are_left_is_not_pinned(self):
        """Half of what it asks for would be worse than none: it has as many threads as it asks for."""
        self.program.write_text(self.program.read_text().replace('"omp":', '"on": sorted(os.sched_getaffinity(0)), "omp":'))
        usable = len(os.sched_getaffinity(0))
        if usable < 2:
            self.skipTest("one processor")
        first, = self.managers(1, "--mode=sleep", before=["--pin", "--jobs=1"])
        self.wait_for(lambda: len(self.starts()) == 1)
        result = self.sweep(f"--threads={usable}", before=["--pin", "--jobs=1"])
        self.assertEqual(len(self.starts()[1]["on"]), usable)
        self.assertIn("--pin: other sweeps of the folder had the processors of 1 run", result.stderr + result.stdout)
        first.send_signal(signal.SIGINT)
        self.ends_with([first], code=130)

    def test_what_is_short_for_a_while_is_waited_for(self):
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))  # noqa: E731
        result = self.sweep("--seed=0:39", "--mode=short", before=["--jobs=40"], preexec_fn=few)
        self.assertIn("40 runs: 40 completed", result.stdout)
        self.assertEqual(len(self.starts()), 40)

    def test_a_failure_that_is_taken_back_is_told_by_none(self):
        """The table of the sweep knows of it until something else has happened."""
        self.program.write_text(self.program.read_text().replace(
            'if mode == "fail-once"', 'if mode == "fail-once" and pathlib.Path(os.environ["STARTS"] + ".mark").exists():\n'
            '    sys.exit(75)\nif mode == "fail-once"'))
        self.sweep("--seed=0", "--mode=fail-once", code=1)
        self.tool("retry", "--failed", self.output, code=75)
        status = subprocess.run([sweep_support.SWEEP, "status", self.output], capture_output=True, text=True)
        self.assertIn("1 pending", status.stdout)
        self.assertNotIn("failed", status.stdout.replace("0 failed", ""))

    def test_what_was_retried_is_in_the_manifest(self):
        self.sweep("--seed=0", "--mode=fail-once", code=1)
        self.tool("retry", "--failed", self.output)
        self.assertRegex(self.tool("verify", self.output).stdout, r"^1 finished runs, \d+ files, .*: whole\n$")

    def test_a_second_failure_is_not_taken_for_the_first_with_damage(self):
        self.program.write_text(self.program.read_text().replace('if mode == "fail-once"',
                                                                 'print("attempt", time.time_ns())\nif mode == "fail-once"'))
        self.sweep("--seed=0", "--mode=fail", code=1)
        manifest = (self.output / "manifest.json").read_bytes()
        claim, = (self.output / ".claims").glob("*/*")
        claim.unlink()  # as a retry that was interrupted gives its number back
        self.sweep("--seed=0", "--mode=fail", code=1)
        self.assertEqual(claim.name, next((self.output / ".claims").glob("*/*")).name)
        self.assertNotEqual((self.output / "manifest.json").read_bytes(), manifest)
        self.tool("verify", self.output)

    def test_the_same_failure_twice_is_final(self):
        self.environment.update(GRADUS_SWEEP_PAUSE="0.01")
        self.sweep("--mode=killed,fail,completed", before=["--retries=5"], code=1)
        modes = collections.Counter(start["argv"][0] for start in self.starts())
        self.assertEqual(modes, {"--mode=killed": 2, "--mode=fail": 1, "--mode=completed": 1})

    def test_what_stops_by_itself_goes_on(self):
        self.environment.update(GRADUS_SWEEP_PAUSE="0.01")
        self.program.write_bytes(TRAINER.read_bytes())
        options = ["--seed=0:1", "--steps=20", "--stop-at=7"]
        self.sweep(*options, code=75)
        shutil.rmtree(self.output)
        self.sweep(*options, before=["--retries=1"])
        self.assertEqual(sorted(start["begins"] for start in self.starts() if "begins" in start), [0, 0, 0, 0, 7, 7])

    def test_no_more_is_begun_after_so_many_failures(self):
        result = self.sweep("--mode=fail", "--seed=0:9", before=["--max-fails=3", "--jobs=1"], code=1)
        self.assertEqual(len(self.starts()), 3)
        self.assertIn("3 runs have failed, as many as --max-fails allows: 7 are not begun", result.stderr)
        self.assertIn("10 runs: 0 completed, 0 diverged, 3 failed, 0 skipped (finished before), 7 pending: not begun",
                      result.stdout)

    def test_what_was_to_be_tried_again_is_given_back_where_no_more_is_begun(self):
        self.environment.update(GRADUS_SWEEP_PAUSE="30")
        result = self.sweep("--mode=killed,fail", "--seed=0:1", before=["--retries=1", "--max-fails=1", "--jobs=4"], code=1)
        self.assertIn("as many as --max-fails allows: 2 are not begun, 2 of them again", result.stderr)
        self.assertIn("2 failed, 0 skipped (finished before), 2 pending: not begun", result.stdout)
        self.assertEqual(list((self.output / ".claims").glob("*/*")), list((self.output / ".claims").glob("*/1")))
        self.assertEqual(len(list((self.output / ".claims").glob("*/1"))), 2)  # how the two failures ended

    def test_the_same_failure_is_known_whatever_it_says_of_it(self):
        self.environment.update(GRADUS_SWEEP_PAUSE="0.01")
        self.program.write_text(self.program.read_text().replace("os.kill(os.getpid(), signal.SIGKILL)",
                                                                 "print(time.time(), flush=True); "
                                                                 "os.kill(os.getpid(), signal.SIGKILL)"))
        self.sweep("--mode=killed", before=["--retries=6"], code=1)
        self.assertEqual(len(self.starts()), 2)

    def test_no_more_are_held_to_be_tried_again_than_files_can_be_open(self):
        self.environment.update(GRADUS_SWEEP_PAUSE="0.01")
        command = self.command("--mode=killed", "--seed=0:149", before=["--retries=1", "--jobs=2"])
        result = subprocess.run(["bash", "-c", 'ulimit -n 128; exec "$@"', "bash", *map(str, command)], text=True,
                                capture_output=True, env=self.environment, cwd=self.folder, timeout=120)
        self.assertIn("150 failed", result.stdout, result.stderr)
        self.assertEqual(set(self.started().values()), {2})

    def test_what_stands_in_a_claims_place_is_no_owner(self):
        self.sweep("--seed=0", "--mode=no-record", code=1)
        claim, = (self.output / ".claims").glob("*/1")
        for text in ("", "[]", '{"ended": 5}', '{"locked": 1}', "null", "x" * 100000):
            claim.write_text(text)
            self.assertIn("1 pending", self.tool("status", self.output, code=75).stdout)  # its failure is told by nobody
            self.listed()
        self.sweep("--seed=0", "--mode=no-record", code=1)
        self.assertEqual(set(self.started().values()), {2})

    # --- only the folder is needed

    def test_plan_and_run_one(self):
        options = ["--learning-rate=0.1,0.2", "--seed=0:1"]
        program = self.write_program("describer", describes=True)
        plan = self.command(*options, program=program)
        plan[1] = "plan"
        text = subprocess.run(plan, capture_output=True, text=True, env=self.environment, cwd=self.folder, check=True).stdout
        self.assertIn("4 runs, 4 to run: what they cost is not known", text)
        plan.insert(2, "--format=sh")
        lines = subprocess.run(plan, capture_output=True, text=True, env=self.environment, check=True).stdout.splitlines()
        self.assertEqual([shlex.split(line)[1] for line in lines], ["run-one"] * 4)
        self.assertEqual(self.starts(), [])
        self.assertIn("4 pending", self.tool("status", self.output, code=75).stdout)
        for line in lines + lines[:2]:
            subprocess.run(line, shell=True, check=True, env=self.environment, stdout=subprocess.DEVNULL)
        self.assertEqual(set(self.started().values()), {1})
        self.assertEqual(len(self.started()), 4)
        plan[2] = "--format=jsonl"
        rows = [json.loads(line) for line in subprocess.run(plan, capture_output=True, text=True, env=self.environment,
                                                            check=True).stdout.splitlines()]
        self.assertEqual([row["status"] for row in rows], ["completed"] * 4)
        self.assertEqual([row["options"] for row in rows],
                         [{"learning_rate": rate, "seed": seed} for rate in (0.1, 0.2) for seed in (0, 1)])
        self.assertIn("4 completed", self.tool("status", self.output).stdout)

    def test_resume_needs_the_folder_alone(self):
        file = self.folder / "study.toml"
        file.write_text(f'program = "{self.program}"\n[options]\nseed = "0:3"\nmode = "completed"\n')
        self.sweep(file=file, before=["--limit=2"])
        file.unlink()
        moved = self.folder / "moved"
        self.output.rename(moved)
        self.assertIn("2 runs: 0 completed, 0 diverged, 0 failed, 2 skipped", self.tool("resume", moved).stdout)
        self.assertIn("2 completed, 0 diverged, 0 failed, 2 skipped", self.tool("resume", moved, "--limit=4").stdout)

    def test_retry_failed_runs_those_alone(self):
        self.environment["FAIL"] = "1"
        self.sweep("--seed=0:2", code=1)
        del self.environment["FAIL"]
        self.sweep("--seed=0", code=0)
        self.sweep("--seed=0:2", before=["--no-retry-failed"], code=1)
        result = self.tool("retry", self.output, "--failed")
        self.assertIn("2 runs: 2 completed", result.stdout)
        self.assertEqual(self.tool("retry", self.output, "--failed").stdout, "no run has failed\n")

    def test_what_would_be_run_again_is_printed(self):
        self.environment["FAIL"] = "1"
        self.sweep("--seed=0:2", before=["--max-fails=1", "--jobs=1"], code=1)
        before = self.starts()
        for flag in ("-n", "--dry-run"):
            lines = self.tool("retry", self.output, "--failed", flag).stdout.splitlines()
            self.assertEqual(len(lines), 1, lines)
            self.assertRegex(lines[0], "program --seed=[0-2] --output=")
            self.assertEqual(len(self.tool("resume", self.output, flag).stdout.splitlines()), 3)
            failed, = [run["id"] for run in self.table()["runs"] if run["status"] == "failed"]
            self.assertEqual(self.tool("run-one", self.output, failed, flag).stdout.splitlines(), lines)
            (self.folder / "mine").write_text(failed)
            self.assertEqual(self.tool("resume", self.output, flag, f"--runs={self.folder / 'mine'}").stdout.splitlines(),
                             lines)
        self.assertEqual(self.starts(), before)

    def test_a_limit_says_in_what_it_is(self):
        for option, unit in (("--time-limit=10m", "seconds, such as 600 for ten minutes (0.001 to 1e+09)"),
                             ("--time-limit=0", "seconds"), ("--memory-limit=4G", "MiB, such as 4096 for four GiB")):
            name, _, value = option.partition("=")
            self.refused("--seed=0", before=[option], says=[name, f"'{value}', expected a number of {unit}"])

    def test_a_share_of_the_runs(self):
        self.sweep("--seed=0:3", before=["--limit=1"])
        ids = [row["id"] for row in self.table()["runs"]]
        plan = self.command("--seed=0:3")
        plan[1:2] = ["plan", "--format=jsonl"]
        rows = subprocess.run(plan, capture_output=True, text=True, env=self.environment, check=True).stdout.splitlines()
        ids = [json.loads(row)["id"] for row in rows]
        (self.folder / "mine").write_text("\n".join(ids[2:]) + "\n")
        self.assertIn("2 runs: 2 completed", self.tool("resume", self.output, f"--runs={self.folder / 'mine'}").stdout)
        self.assertEqual(sorted(self.started()), sorted([ids[0], *ids[2:]]))
        (self.folder / "mine").write_text("nobody\n")
        self.assertIn("no run nobody", self.tool("resume", self.output, f"--runs={self.folder / 'mine'}", code=2).stderr)

    def test_cancel_ends_every_manager(self):
        managers = self.managers(2, "--seed=0:9", "--mode=sleep", before=["--jobs=2"])
        self.wait_for(lambda: len(self.starts()) == 4)
        status = self.tool("status", self.output, code=75).stdout
        self.assertIn("4 running", status)
        self.assertEqual(len(re.findall(r"^running \w+: process \d+ on ", status, re.M)), 4)
        self.assertIn("no sweep is at work", self.tool("cancel", self.output).stdout)
        self.ends_with(managers, code=130)
        self.assertEqual(self.processes(), {})
        self.assertEqual(self.tool("cancel", self.output).stdout, "no sweep is at work\n")
        # It concerns nobody who begins later.
        self.sweep("--seed=20")

    def test_who_is_asked_between_two_stages_ends_too(self):
        self.program.write_text(self.program.read_text().replace(
            'sys.exit(3 if mode == "diverged" else 0)',
            'if given["seed"] == "1":\n    (folder.parent / ".cancel").write_text("x")\nsys.exit(0)'))
        file = self.folder / "stages.toml"
        file.write_text(f'program = "{self.program}"\n[[stage]]\nname = "first"\n[stage.options]\nseed = [0, 1]\n'
                        '[[stage]]\nname = "second"\n[stage.options]\nseed = 2\nmode = "sleep"\n')
        self.sweep(file=file, before=["--jobs=1"], code=130)  # it looks at most twice a second: not after the second run
        self.assertEqual(self.processes(), {})

    def test_without_locks_a_sweep_that_was_killed_is_not_at_work(self):
        first, = self.managers(1, "--seed=0", "--mode=sleep", hosts=["ada"])
        self.wait_for(lambda: len(self.starts()) == 1)
        self.environment.update(preloading(self.preloaded()), PRETEND_HOST="ada")
        self.assertIn("1 running", self.tool("status", self.output, code=75).stdout)
        first.kill()
        first.wait()
        said = self.tool("status", self.output, code=75).stdout
        self.assertIn("1 pending", said)
        self.assertIn("no sweep is at work", said)
        self.assertEqual(self.tool("cancel", self.output).stdout, "no sweep is at work\n")

    def test_watch_ends_with_the_sweep(self):
        manager, = self.managers(1, "--seed=0:3", "--mode=short", before=["--jobs=4"])
        self.wait_for(lambda: (self.output / "sweep.json").exists())
        said = self.tool("watch", self.output).stdout
        self.assertEqual(said.splitlines()[-1], "4 runs: 4 completed")
        self.ends_with([manager])

    def test_a_shell_completes_words_and_options(self):
        def completed(*words):
            script = (f'source <({sweep_support.SWEEP} completion bash); COMP_WORDS=({" ".join(map(shlex.quote, words))}); '
                      f'COMP_CWORD={len(words) - 1}; _gradus_sweep; echo "${{COMPREPLY[@]}}"')
            return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(completed("sweep", "re"), ["resume", "retry"])
        self.assertEqual(completed("sweep", "retry", "--f"), ["--failed"])
        for word in ("run", "resume", "retry", "run-one"):
            self.assertEqual(completed("sweep", word, "--dr")[-1], "--dry-run")
        self.assertEqual(completed("sweep", "status", "--dr"), [])
        self.assertIn("--draw-method", completed("sweep", "run", "--"))
        self.assertEqual(completed("sweep", "run", "--", "program", "--"), [])

    def test_what_is_no_sweeps_folder_is_refused_in_a_line(self):
        self.output.mkdir()
        for word, *more in (["status"], ["watch"], ["cancel"], ["resume"], ["retry", "--failed"], ["run-one", "x"]):
            with self.subTest(word=word):
                result = self.tool(word, self.output, *more, code=0 if word == "retry" else 2)
                self.assertEqual(len(result.stderr.splitlines()), 0 if word == "retry" else 1, result.stderr)
        self.sweep("--seed=0")
        for name in ("asked.json", "planned.json"):
            whole = (self.output / name).read_bytes()
            (self.output / name).write_bytes(whole.replace(b"seed", b"sied", 1))
            word = ["resume"] if name == "asked.json" else ["run-one", self.folders()[0].name]
            result = self.tool(word[0], self.output, *word[1:], code=1)
            self.assertRegex(result.stderr, f"^sweep: .*{name}.*damaged")
            (self.output / name).write_bytes(whole)


if __name__ == "__main__":
    sweep_support.main(__file__)
