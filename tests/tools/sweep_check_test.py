#!/usr/bin/python3
"""What a sweep refuses, it refuses before anything runs, in one line; and what it cannot write, it says.

Usage: sweep_check_test.py BUILD_BIN_DIR [unittest arguments]
"""
import concurrent.futures
import os
import pathlib
import resource
import subprocess
import sys

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase


class SweepCheck(SweepCase):
    def setUp(self):
        super().setUp()
        self.program = self.write_program("describer", describes=True)

    def asked(self):
        path = self.folder / "starts.asked"
        return len(path.read_text().splitlines()) if path.exists() else 0

    # --- every value of every combination

    def test_a_bad_value_is_refused_wherever_it_stands(self):
        for options, says in [
            (["--learning-rate=0.1,-3"], ["--learning-rate=-3", "is not above 0"]),
            (["--seed=0:3,1.5"], ["--seed=1.5", "no number"]),
            (["--seed=0:99", "--learning-rate=0.1,0.2,0"], ["--seed=0 --learning-rate=0", "and 99 more"]),
            (["--learning-rat=0.1"], "unknown option --learning_rat"), (["--beta1=0.9"], "unknown option --beta1"),
            (["--optimizer=adam,sgd", "--beta1=0.9"], ["--optimizer=sgd --beta1=0.9", "unknown option"]),
            (["--optimizer=adm"], "no optimizer adm")]:
            for before in ([], ["--dry-run"]):
                with self.subTest(options=options, before=before):
                    self.refused(*options, before=before, says=["describer refuses"] +
                                 ([says] if isinstance(says, str) else says))
                    self.assertFalse(self.output.exists())
        self.sweep("--optimizer=adam", "--beta1=0.9")

    def test_one_process_looks_at_all(self):
        texts = ",".join(rf"{i}\,{i}" for i in range(500))
        self.assertEqual(len(self.sweep(f"--text={texts}", before=["--dry-run"]).stdout.splitlines()), 500)
        self.assertEqual(self.asked(), 1)
        result = self.sweep("--seed=0:9999", before=["--dry-run"])
        self.assertEqual(len(result.stdout.splitlines()), 10000)
        self.assertEqual(self.asked(), 2)

    def test_what_has_been_accepted_and_has_ended_is_not_asked_about(self):
        def asked_by(*options, **keywords):
            before = self.asked()
            self.sweep(*options, **keywords)
            return self.asked() - before
        grid = ["--seed=0:3", "--learning-rate=0.1,0.2"]
        self.assertEqual(asked_by(*grid), 1)
        hashes = [run["config_hash"] for run in self.table()["runs"]]
        self.assertEqual(asked_by(*grid), 0)
        self.assertEqual([run["config_hash"] for run in self.table()["runs"]], hashes)
        self.assertEqual(asked_by("--seed=0:3", "--learning-rate=0.2"), 0)
        self.assertEqual(asked_by(*grid), 0)  # the folder's plans still tell of it
        (self.folders()[0] / "complete.json").unlink()
        self.assertEqual(asked_by(*grid), 1)
        self.assertEqual(asked_by(*grid), 0)
        self.write_program("describer", describes=True, build="c" * 64)
        self.assertEqual(asked_by(*grid, before=["--rebuild"]), 1)
        self.assertEqual(len(self.starts()), 8 + 1 + 8)

    def test_a_program_that_does_not_answer(self):
        def refused(text):
            case = SweepCheck("asked")
            case.setUp()
            if text == "hang":
                case.environment["GRADUS_SWEEP_PATIENCE"] = "2"
            try:
                case.refused(f"--text=a,{text},b", code=1, says=["describer --describe-runs: ", *says[text]])
                case.assertFalse(case.output.exists())
                self.assertEqual(case.processes(), {})
            finally:
                case.doCleanups()
        says = {"die": ["exit code 1: cannot go on", "1 of 3"], "hang": ["no answer for 2 seconds"],
                "babble": ["line 3", "nested"], "flood": ["of 3 runs answered"]}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(refused, says))

    def test_a_program_that_only_claims_to_answer(self):
        for name, script in (("silent", "exit 0"), ("other", "echo '{\"schema\": 9}'"), ("words", "echo hello"),
                             ("replaced", "echo '{\"schema\": 3, \"executable_sha256\": \"c\"}'"),
                             ("generous",
                              "echo '{\"schema\": 3}'; for i in 1 2 3; do echo '{\"config_hash\": \"a\"}'; done")):
            program = self.folder / name
            program.write_text('#!/bin/sh\n[ "$1" = --describe ] && echo \'{"describe_runs": true}\' && exit\n' + script
                               + "\n")
            program.chmod(0o755)
            with self.subTest(program=name):
                self.refused("--seed=0:1", program=program, code=1, says=f"{name} --describe-runs: ")

    def test_a_program_that_is_slow_to_describe_itself(self):
        def sleepy(name, build):
            path = self.write_program(name, describes=True, build=build, says="describer")
            path.write_text(path.read_text().replace("header =",
                                                     "time.sleep(60 if 'describe' in given else 0)\nheader =", 1))
            return path
        late = ["--describe: no answer for 0.3 seconds"]
        self.sweep("--seed=0:1")
        before = (self.output / "sweep.json").read_bytes()
        self.environment["GRADUS_SWEEP_PATIENCE"] = "0.3"
        another = sleepy("slow", "c" * 64)
        for options in (["--seed=0:1"], ["--seed=1:2", "--learning-rate=-3"]):
            for flags in ([], ["--dry-run"], ["--allow-mixed-builds"], ["--rebuild"]):
                with self.subTest(options=options, flags=flags):
                    self.refused(*options, program=another, before=flags, code=1,
                                 says=late + ["the same command again"])
        self.assertEqual((self.output / "sweep.json").read_bytes(), before)
        self.output = self.folder / "empty"  # nothing there that it could contradict: as of a program that knows us not
        result = self.sweep("--seed=0", program=another)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for text in late + ["not checked"]:
            self.assertIn(text, result.stderr)
        self.assertEqual(len(self.starts()), 3)

    def test_times_that_are_none(self):
        for text in ("", "0", "-1", "nan", "1s", "1e9"):
            self.environment["GRADUS_SWEEP_PATIENCE"] = text
            self.refused("--seed=0", says=[f"GRADUS_SWEEP_PATIENCE={text}: ", "0.001 to 86400"])

    def test_descriptions_that_are_none(self):
        for number, script in enumerate(
            ("echo '['", "yes | head -c 5000000", "echo '[1]'", "kill -9 $$", "exit 1", "yes >&2")):
            program = self.folder / f"p{number}"
            program.write_text(f'#!/bin/sh\nif [ "$1" = --describe ]; then {script}; exit; fi\necho ran\n')
            program.chmod(0o755)
            self.output = self.folder / f"out{number}"
            with self.subTest(script=script):
                result = self.sweep("--seed=0", program=program, code=1)
                self.assertIn("exit code 0, but no complete.json", result.stdout)
                self.assertNotIn("no answer for", result.stderr)  # nobody waited for more

    # --- texts of any bytes

    def test_values_that_are_no_text(self):
        for value in (b"d\xff", b"\xc3", b"\xed\xa0\x80", b"a,b\x80"):
            self.refused(b"--text=" + value, says=["option --text: bad value '", "\\x", "UTF-8"])
        self.refused(b"--te\xffxt=1", says="\\xff")
        self.assertFalse(self.output.exists())
        for value in ("é", "日本", "\x1b[31m", "a\nb", "a\tb", '"', "\\"):
            with self.subTest(value=value):
                self.sweep(f"--text=x{value}", "--mode=completed")
                self.assertEqual(self.starts()[-1]["argv"][0], f"--text=x{value}")
                self.assertTrue(all("\x1b" not in line for line in self.listed()))

    def test_toml_of_any_bytes(self):
        for text, says in ((b"program = 'x\xff'", "sweep.toml"), (b"\xff\xfe", "sweep.toml"),
                           (b'program="describer"\n[options]\ntext="a\\u0000b"', ["sweep.toml:3", "zero bytes"]),
                           (b"program='p'\n[options]\n\"s\\ns\"=1", "s\\x0as"), (b"a=" + b"[" * 100000, "sweep.toml"),
                           (b'program="a\\u0000b"', "a\\x00b: not the name of a program")):
            path = self.folder / "sweep.toml"
            path.write_bytes(text)
            with self.subTest(text=text[:40]):
                self.refused(file=path, says=says)

    def test_paths_of_any_bytes(self):
        self.output = os.fsencode(self.folder) + b"/o\xff\nt"
        program = self.folder / os.fsdecode(b"p\xfe")
        program.write_bytes(self.program.read_bytes())
        program.chmod(0o755)
        self.sweep("--seed=0:1", program=program)
        self.assertEqual(len(self.listed()), 5)
        self.assertIn("2 skipped", self.sweep("--seed=0:1", program=program).stdout)
        self.output = self.folder / "other"
        program.write_bytes(self.write_program("silent", describes=False).read_bytes())  # it does not tell its name
        self.sweep("--seed=0", program=program)
        self.assertIn("1 skipped", self.sweep("--seed=0", program=program).stdout)
        self.refused("--seed=1", program=self.folder / os.fsdecode(b"q\xfe\n"), says="q\\xfe\\x0a")

    def test_what_a_program_says_last_is_shown_harmlessly(self):
        result = self.sweep("--mode=fail", code=1)
        self.assertIn("could not open the data: \\xff\\x1b[31m", result.stdout)
        self.assertTrue(any("could not open the data: \\xff\\x1b[31m" in line for line in self.listed()))

    # --- what cannot be written

    def test_full_standard_output(self):
        self.sweep("--seed=0")
        commands = [[sweep_support.SWEEP, "list", self.output], self.command("--seed=0"), self.command("--seed=1"),
                    self.command("--seed=2:9999", before=["--dry-run"]), [sweep_support.SWEEP, "--help"]]
        for command in commands:
            for where in ("/dev/full", None):  # full, and closed
                with self.subTest(command=command[1], where=where), open(where or os.devnull, "w") as out:
                    result = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True,
                                            env=self.environment, timeout=30,
                                            preexec_fn=None if where else lambda: os.close(1))
                    self.assertEqual(result.returncode, 1)
                    said = [line for line in result.stderr.splitlines() if "not needed again" not in line]
                    self.assertEqual(len(said), 1, result.stderr)
                    self.assertIn("standard output", said[0])

    def test_file_size_limit(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
        result = self.sweep("--seed=0:19", code=1, preexec_fn=limit)
        self.assertIn(".json: cannot write", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_a_folder_that_cannot_be_used(self):
        (self.folder / "file").write_text("")
        self.output = self.folder / "file" / "out"
        self.refused("--seed=0", code=1, says=[str(self.output), "output folder"])


if __name__ == "__main__":
    sweep_support.main(__file__)
