#!/usr/bin/python3
"""What a run promises to its surroundings, tried from outside: odd texts, full outputs, children, many runs.

usage: run_test.py BIN_DIRECTORY
"""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
BUILD_INFO = pathlib.Path(__file__).resolve().parent.parent.parent / "cmake/build_info.cmake"
MINIMIZE = os.fsencode(BIN / "minimize")
ODD = [
    b"not-utf8-\xff\xfe", b"line\nbreak", b"tab\there", b"\x1b[31mred", b"two words", b"-dash", b"'\"$(quoted)",
    b"x" * 200, "größe-∇".encode(), b"100%"]
if "GRADUS_TESTS_SANITIZED" in os.environ:  # a start takes a quarter of a second
    ODD = ODD[:2] + ODD[7:8]


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def minimize(self, *options, problem=b"--problem=sphere", **how):
        command = [MINIMIZE, problem, b"--steps=3", b"--quiet", *options]
        return subprocess.run(command, capture_output=True, timeout=60, **how)

    def assert_one_line(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
        self.assertNotIn(b"json", result.stderr)
        self.assertFalse(any(byte < 32 and byte != 10 for byte in result.stderr), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)


class OddTexts(Case):
    def test_an_output_may_have_any_name(self):
        for ending in (b"", b".h5"):
            for name in ODD:
                output = os.path.join(os.fsencode(self.folder), name + ending)
                first = self.minimize(b"--output=" + output)
                self.assertEqual((first.returncode, first.stderr), (0, b""), name)
                self.assert_one_line(self.minimize(b"--output=" + output), 1, b"exists already")
                again = self.minimize(b"--output=" + output, b"--overwrite", b"--seed=1")
                self.assertEqual((again.returncode, again.stderr), (0, b""), name)
                if not ending:
                    recovered = subprocess.run([os.fsencode(BIN / "recover"), output], capture_output=True, timeout=60)
                    self.assertEqual(recovered.returncode, 0, recovered.stderr)
                    self.assertEqual(recovered.stdout.count(b"\n"), 1, recovered.stdout)
        self.assertEqual(len(os.listdir(self.folder)), 2 * len(ODD), "something hidden is left")

    def test_recorded_texts_are_recorded_or_refused(self):
        rows = b"1 2 0\n2 3 1\n3 1 0\n4 5 1\n"
        for number, name in enumerate(ODD):
            data = os.path.join(os.fsencode(self.folder), name)
            pathlib.Path(os.fsdecode(data)).write_bytes(rows)
            output = self.folder / f"run{number}"
            result = self.minimize(b"--data=" + data, b"--output=" + os.fsencode(output),
                                   problem=b"--problem=logistic_regression")
            try:
                text = data.decode()
            except UnicodeDecodeError:
                self.assert_one_line(result, 2, b"--data=", b"UTF-8")
                self.assertFalse(output.exists())
                continue
            self.assertEqual((result.returncode, result.stderr), (0, b""), name)
            self.assertEqual(json.loads((output / "config.json").read_text())["options"]["data"], text)
            with h5py.File(output / "run.h5") as file:
                self.assertEqual(file.attrs["option_data"], text)

    def test_odd_values_names_and_environments(self):
        for value in (*ODD, b"", b"y" * 100_000):
            for option in (b"--problem=" + value, b"--steps=" + value, b"--" + value + b"=1", b"--seed=" + value):
                self.assert_one_line(self.minimize(option, b"--output=" + os.fsencode(self.folder / "r"),
                                                   problem=b"--dtype=float64"), 2)
                self.assertEqual(os.listdir(self.folder), [])
        environment = {**os.environb, b"ODD": b"\xff\n\x1b", b"GRADUS_LIFELINE": b"\xff:\n", b"LC_ALL": b"\xff"}
        result = self.minimize(b"--output=" + os.fsencode(self.folder / "r"), env=environment)
        self.assertEqual((result.returncode, result.stderr), (0, b""))


class Outputs(Case):
    def test_a_full_standard_output_is_an_error(self):
        (self.folder / "r").mkdir()
        self.minimize(b"--overwrite", b"--output=" + os.fsencode(self.folder / "r"))
        for command in (["minimize", "--help"], ["minimize", "--describe"], ["minimize", "--list-optimizers"],
                        ["minimize", "--list-problems"],
                        ["minimize", "--describe-runs"], ["recover", "--help"], ["recover", self.folder / "r"],
                        ["describe_optimizers"], ["describe_problems"]):
            with open("/dev/full", "w") as full:
                result = subprocess.run([BIN / command[0], *command[1:]], stdout=full, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, timeout=60)
            self.assert_one_line(result, 1, b"standard output: cannot write")

    def test_a_whole_result_stays_until_its_successor_is_whole(self):
        for name in ("r", "r.h5"):
            output = self.folder / name
            self.assertEqual(self.minimize(f"--output={output}".encode()).returncode, 0)
            earlier = (output / "run.h5" if name == "r" else output).read_bytes()
            command = [
                BIN / "minimize", "--problem=rosenbrock", "--steps=50000000", "--log-every=100", "--log-theta=false",
                "--overwrite", f"--output={output}"]
            limited = subprocess.run(["sh", "-c", 'ulimit -f 100; exec "$@"', "sh", *command], capture_output=True,
                                     timeout=60)
            self.assert_one_line(limited, 1, b"what was logged is in", b"nothing was replaced")
            process = subprocess.Popen(command, stderr=subprocess.PIPE)
            log = self.folder / f".{name}.run2" / "metrics.log"
            while not log.exists():
                self.assertIsNone(process.poll(), "ended before it had a log")
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            self.assertIn(b"--resume goes on from there; what was logged is in", process.communicate(timeout=60)[1])
            self.assertEqual(process.returncode, 75)
            self.assertEqual((output / "run.h5" if name == "r" else output).read_bytes(), earlier)


@unittest.skipUnless(shutil.which("strace"), "no strace")
class FileSystems(Case):
    """Those that cannot do something, as strace plays them."""

    def refusing(self, call, error, *command):
        traced = [
            "strace", "-f", "-qq", "-o", self.folder / "trace", "-e", f"trace={call}", "-e",
            f"inject={call}:error={error}"]
        # The leak sanitizer does not work under strace.
        return subprocess.run([*traced, *command], capture_output=True, timeout=60,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})

    def setUp(self):
        super().setUp()
        if self.refusing("flock", "ENOLCK", "true").returncode != 0:
            self.skipTest("strace may not trace here")
        self.output = self.folder / "results/r"
        self.command = [MINIMIZE, "--problem=sphere", "--steps=3", "--quiet", f"--output={self.output}"]

    def test_without_exchange_nothing_hidden_is_left(self):
        self.assertEqual(subprocess.run(self.command).returncode, 0)
        again = self.refusing("renameat2", "EINVAL", *self.command, "--overwrite", "--seed=1")
        self.assertEqual((again.returncode, again.stderr), (0, b""))
        self.assertEqual(os.listdir(self.folder / "results"), ["r"])

    def test_without_locks_only_what_has_ended_is_replaced(self):
        first = self.refusing("flock", "ENOLCK", *self.command)
        self.assertEqual((first.returncode, first.stderr), (0, b""))
        self.assertEqual(self.refusing("flock", "ENOLCK", *self.command, "--overwrite").returncode, 0)
        (self.output / "complete.json").unlink()
        for command in ([*self.command, "--overwrite"], [BIN / "recover", self.output]):
            self.assert_one_line_about_locks(self.refusing("flock", "ENOLCK", *command))
        # Trouble is not a lock.
        self.assertNotEqual(self.refusing("flock", "EIO", *self.command, "--overwrite").returncode, 0)
        self.assertEqual(self.refusing("flock", "EIO", BIN / "recover", self.output).returncode, 1)
        self.assertFalse((self.output / "complete.json").exists())

    def assert_one_line_about_locks(self, result):
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
        self.assertIn(b"cannot tell whether its run has ended: the file system has no locks", result.stderr)


class Children(Case):
    def test_no_program_survives_its_manager_also_behind_scripts(self):
        script = self.folder / "wrapper"
        script.write_text(f'#!/bin/sh\n"{BIN}/minimize" "$@"\nexit $?\n')
        script.chmod(0o755)
        read_end, write_end = os.pipe()
        environment = {**os.environ, "GRADUS_LIFELINE": f"{read_end}:{os.fstat(read_end).st_ino}"}
        process = subprocess.Popen(
            [script, "--problem=rosenbrock", "--steps=2000000000", "--log-every=1000", "--log-theta=false", "--quiet",
             f"--output={self.folder / 'r'}"], pass_fds=[read_end], env=environment)
        os.close(read_end)
        while not (self.folder / "r/config.json").exists():
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        os.close(write_end)  # as the kernel does when the manager is killed
        self.assertEqual(process.wait(timeout=10), 128 + signal.SIGKILL)

    def test_an_interrupt_before_the_run_starts_ends_the_program(self):
        process = subprocess.Popen([BIN / "minimize", "--describe-runs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), -signal.SIGINT)
        process.stdin.close()
        process.stdout.close()


class DescribedRuns(Case):
    def describe(self, lines):
        result = subprocess.run([MINIMIZE, b"--describe-runs"], input=b"\n".join(lines) + b"\n", capture_output=True,
                                timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        header, *answers = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(len(answers), len(lines))
        self.assertEqual((header["program"], header["schema"]), ("minimize", 3))
        self.assertTrue(json.loads(subprocess.check_output([MINIMIZE, b"--describe"]))["describe_runs"])
        return header, answers

    def test_are_what_the_runs_record(self):
        runs = [["--problem=sphere", "--steps=2", "--seed", "3"],
                ["--problem=sphere", "--steps=2", "--learning-rate=+0.1"],
                ["--problem=rosenbrock", "--steps=0", "--optimizer=sgd", "--start=1,2"], ["--steps=2"]]
        outputs = [f"--output={self.folder / str(i)}" for i in range(len(runs))]
        header, answers = self.describe([json.dumps([*run, output]).encode() for run, output in zip(runs, outputs)])
        self.assertEqual(os.listdir(self.folder), [])
        for number, (run, output) in enumerate(zip(runs, outputs)):
            subprocess.run([MINIMIZE, *run, output, "--quiet"], check=True)
            config = json.loads((self.folder / str(number) / "config.json").read_text())
            self.assertEqual(answers[number], {"options": config["options"], "aliases": [],
                                               "config_hash": config["config_hash"]})
            self.assertEqual(header["executable_sha256"], config["environment"]["executable_sha256"])

    def test_an_error_is_the_line_that_the_run_would_say(self):
        (self.folder / "there").mkdir()
        for arguments in (["--steps=x"], ["--learning-rate=-3"], ["--stepz=3"], ["--optimizer=adm"], ["stray"],
                          [f"--output={self.folder / 'there'}"], ["--output=/dev/null/r"], ["--seed=1", "--seed=1"]):
            (answer,) = self.describe([json.dumps(arguments).encode()])[1]
            said = subprocess.run([MINIMIZE, *arguments], capture_output=True, text=True, cwd=self.folder)
            self.assertEqual(said.stderr, f"minimize: {answer['error']}\n")

    def test_data_are_looked_at(self):
        lines = [["--data=digits"], ["--data=digits", f"--data-dir={self.folder / 'none'}"],
                 ["--data=digits", f"--data-dir={self.folder}"]]
        answers = subprocess.run([BIN / "optimizer_comparison", "--describe-runs"], text=True, timeout=60, check=True,
                                 input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True).stdout
        named, missing, empty = [json.loads(line) for line in answers.splitlines()[1:]]
        self.assertEqual(named["error"], "--data=digits: needs --data-dir=DIRECTORY with its four IDX files")
        self.assertIn("none: no such directory", missing["error"])
        self.assertIn("neither train-images-idx3-ubyte nor", empty["error"])

    def test_nonsense_is_answered_too(self):
        lines = [
            b"", b"{}", b"[1]", b"[\"\xff\"]", b"[" * 100_000, b'["--problem=a\\u0000b"]', b'["--help"]',
            b'["--describe"]', b'["--describe-runs"]', b'["--list-optimizers"]', b'["--list-problems"]',
            b'["--steps=2"]']
        answers = self.describe(lines)[1]
        self.assertTrue(all(list(answer) == ["error"] for answer in answers[:-1]), answers)
        self.assertIn("options", answers[-1])

    def test_take_little_time(self):
        def used():  # of the processor, by all programs that have ended: no other load counts
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            return usage.ru_utime + usage.ru_stime

        begin = used()
        self.describe([json.dumps([f"--start={i},{i}", "--problem=rosenbrock"]).encode() for i in range(1000)])
        self.assertLess(used() - begin, 5)  # a child process for each took 15 ms and more; here it is 0.2 ms


class Commits(Case):
    """build_info.cmake: the commit of the study, and that of Gradus."""
    def git(self, folder, *arguments):
        subprocess.run(["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@t", *arguments], check=True,
                       capture_output=True)
        return subprocess.check_output(["git", "-C", folder, "rev-parse", "HEAD"], text=True).strip()

    def repository(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "CMakeLists.txt").write_text("")
        subprocess.run(["git", "init", "-q", folder], check=True)
        subprocess.run(["git", "-C", folder, "add", "CMakeLists.txt"], check=True)
        return self.git(folder, "commit", "-q", "-m", folder.name)

    def info(self, study, gradus):
        header = self.folder / "info.h"
        subprocess.run(["cmake", f"-DSTUDY={study}", f"-DGRADUS={gradus}", f"-DOUTPUT={header}", "-P", BUILD_INFO],
                       check=True)
        words = dict(line.split(None, 2)[1:] for line in header.read_text().splitlines()[1:5])
        return [
            words[name].strip('"')
            for name in ("GRADUS_STUDY_COMMIT", "GRADUS_STUDY_DIRTY", "GRADUS_COMMIT", "GRADUS_DIRTY")]

    def test_are_those_of_the_study_and_of_gradus(self):
        study, gradus = self.folder / "study", self.folder / "study/gradus"
        study_commit, gradus_commit = self.repository(study), self.repository(gradus)
        self.assertEqual(self.info(study, gradus), [study_commit, "0", gradus_commit, "0"])
        self.assertEqual(self.info(gradus, gradus), [gradus_commit, "0", gradus_commit, "0"])
        (study / "notes.md").write_text("x")
        self.assertEqual(self.info(study, gradus)[1], "0")
        (study / "more.cpp").write_text("x")
        self.assertEqual(self.info(study, gradus), [study_commit, "1", gradus_commit, "0"])
        # A folder of the study's repository that git knows, and one that it does not.
        (study / "part").mkdir()
        (study / "part/CMakeLists.txt").write_text("")
        self.assertEqual(self.info(study / "part", gradus)[:2], ["unknown", "0"])
        subprocess.run(["git", "-C", study, "add", "part/CMakeLists.txt", "more.cpp"], check=True)
        commit = self.git(study, "commit", "-q", "-m", "part")
        self.assertEqual(self.info(study / "part", gradus)[:2], [commit, "0"])
        outside = self.folder / "outside"
        outside.mkdir()
        self.assertEqual(self.info(outside, gradus)[:2], ["unknown", "0"])

    def test_a_note_and_tags_are_kept_and_make_no_other_run(self):
        program = [BIN / "minimize", "--optimizer=adam", "--steps=2"]
        sweep = [BIN / "sweep", "run", "--quiet", "--output", self.folder / "sweep"]

        def call(*command, code=0):
            result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
            self.assertEqual(result.returncode, code, result.stderr)
            return result
        call(*sweep, "--note=a first, short try", "--tag=pilot,short-1", "--study=first ab12", "--", *program)
        run, = (self.folder / "sweep").glob("*/run.h5")
        with h5py.File(run) as file:
            self.assertEqual((file.attrs["note"], file.attrs["tags"]), ("a first, short try", "pilot,short-1"))
            self.assertEqual(file.attrs["study"], "first ab12")
            self.assertNotIn("option_note", file.attrs)
        self.assertIn("1 skipped", call(*sweep, "--note=another", "--", *program).stdout)
        line, = call(*program, "--tag=two words", f"--output={self.folder}/x", code=2).stderr.splitlines()
        self.assertIn("--tag: 'two words', expected words", line)
        line, = call(*sweep[:-1], self.folder / "other", "--tag=x", "--", "/bin/true", "--a=1",
                     code=2).stderr.splitlines()
        self.assertIn("--tag: true does not answer --describe-runs", line)


if __name__ == "__main__":
    unittest.main()
