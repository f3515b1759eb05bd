#!/usr/bin/python3
"""The scripts of tools/ in a repository with a strange name, on projects and packages made for the purpose."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from run_fixtures import good_sweep, write_sweep  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Debian's, and the one that is found first where that is another.
VERSIONS = sorted({folder for folder in ("/usr/bin", os.path.dirname(shutil.which("ctest") or "")) if folder})
PROJECT = """cmake_minimum_required(VERSION 3.21)
project(tiny NONE)
enable_testing()
"""
PRESETS = """{"version": 3, "configurePresets": [{"name": "check", "generator": "Ninja",
                                            "binaryDir": "${sourceDir}/build"}],
"buildPresets": [{"name": "check", "configurePreset": "check"}]}"""
GOOD = "add_test(NAME good COMMAND true)\n"
SKIPPED = """add_test(NAME skips COMMAND sh -c "exit 77")
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME off COMMAND false)
set_tests_properties(off PROPERTIES DISABLED TRUE)
"""
BAD = r"""add_test(NAME bad COMMAND sh -c "printf '100% tests passed, 0 tests failed out of 1\\n\\033\\377<&]]>'; exit 1")
add_test(NAME crash COMMAND sh -c "kill -SEGV \$\$")
add_test(NAME never_built COMMAND never_built)
"""


class Scripts(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.scratch)

    def repository(self, name, **programs):
        """A folder with our tools, in which these programs are others."""
        folder = self.scratch / name
        (folder / "tools").mkdir(parents=True)
        for script in ("report", "python", "junit.py"):
            (folder / "tools" / script).symlink_to(ROOT / "tools" / script)
        for script in ("common.sh", "quickstart", "test"):  # these find the repository by where they lie
            shutil.copy(ROOT / "tools" / script, folder / "tools" / script)
        for path, text in {"tools/setup": "exit 0", **programs}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(f"#!/bin/bash\n{text}\n")
            (folder / path).chmod(0o755)
        return folder

    def run_in(self, folder, *command, path="/usr/bin", **keywords):
        # A clone whose CDPATH leads elsewhere must still find itself.
        environment = {
            **os.environ, "PATH": f"{path}:/usr/bin:/bin", "CDPATH": "/usr", "JOBS": "2", **keywords.pop("env", {})}
        return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=120, **keywords)

    def test_the_summary_of_the_tests_is_that_of_their_record_in_any_version(self):
        for number, version in enumerate(VERSIONS):
            folder = self.repository(f"-a b*[x] {number}")
            (folder / "CMakePresets.json").write_text(PRESETS)
            for tests, code, words in (
                    (GOOD + SKIPPED, 0, "1 of 3 tests passed, 1 skipped (skips), 1 disabled (off)"),
                    (GOOD + BAD, 1, "1 of 4 tests passed, 2 failed (bad, crash), 1 not run (never_built)"),
                    ("", 1, "no tests were found"),
                    ("broken(", 1, "not built")):
                (folder / "CMakeLists.txt").write_text(PROJECT + tests)
                result = self.run_in(folder, "bash", "tools/test", "--fast", path=version)
                last = result.stdout.decode("utf-8", "replace").splitlines()[-1]
                self.assertEqual(result.returncode, code, (version, last, result.stderr))
                self.assertTrue(last.startswith("check: ") and last.endswith(words), (version, last))

    def test_a_ctest_that_does_not_finish_is_told(self):
        folder = self.repository("repository", **{"bin/ctest": "kill -KILL $$", "bin/cmake": "exit 0"})
        result = self.run_in(folder, "tools/test", "--fast", path=folder / "bin")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"ctest did not finish (exit code 137", result.stdout.splitlines()[-1])

    def test_a_record_that_stops_in_the_middle_is_no_success(self):
        record = self.scratch / "record.xml"
        record.write_text('<testsuite tests="2"><testcase name="good" status="run"/>')
        result = subprocess.run(["/usr/bin/python3", ROOT / "tools/junit.py", record, "0"], capture_output=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"did not finish", result.stdout)

    def test_a_full_standard_output_is_one_line_and_exit_code_1(self):
        folder = self.repository("repository", **{"bin/ctest": "exit 0", "bin/cmake": "exit 0"})
        with open("/dev/full", "wb") as full:
            for command in (["tools/test", "--help"], ["tools/test", "--fast"], ["tools/quickstart", "--help"],
                            ["tools/quickstart"], [ROOT / "tools/setup", "--help"], [ROOT / "tools/report", "--help"],
                            [ROOT / "tools/draw_path", "--help"], [ROOT / "tools/bench", "--help"]):
                result = subprocess.run(list(map(str, command)), cwd=folder, stdout=full, stderr=subprocess.PIPE,
                                        env={**os.environ, "PATH": f"{folder}/bin:/usr/bin:/bin"}, timeout=60)
                self.assertEqual(result.returncode, 1, command)
                self.assertRegex(result.stderr, rb"\A[^\n]*cannot write standard output[^\n]*\n\Z", command)

    def test_bad_usage_is_one_line_whatever_the_bytes(self):
        folder = self.repository("repository")
        for command in (["tools/test", "--fa\nst"], ["tools/quickstart", ""], ["tools/quickstart", "a", "b\n\x1b"],
                        ["tools/quickstart", b"--\xff\n"], [ROOT / "tools/setup", "\n"], [ROOT / "tools/bench", "\n("],
                        [ROOT / "tools/draw_path", b"\xff\n.h5", "--output", "x.png"],
                        [ROOT / "tools/draw_path", "x.h5", "--output", "\n"]):
            result = self.run_in(folder, *command)
            self.assertEqual(result.returncode, 2, (command, result.stderr))
            self.assertRegex(result.stderr, rb"\A[^\n\x1b]+\n\Z", command)
        result = self.run_in(folder, "tools/test", env={"JOBS": "-1"})
        self.assertEqual((result.returncode, result.stderr.count(b"\n")), (2, 1), result.stderr)

    def test_a_quickstart_in_any_folder_ends_with_what_to_open(self):
        sweep = 'while [[ $1 != --output ]]; do shift; done; printf "%s" "$2" >asked'
        claims = 'printf "%s" "$*" >claimed'
        programs = {"build/bin/sweep": sweep, "bin/cmake": "exit 0", "tools/claims": claims}
        folder = self.repository("-a b*[x]\n ü", **programs)
        for name in (b"-o *\n", "ü <b>".encode(), b"\xff"):
            where = os.path.join(os.fsencode(self.scratch), name)
            os.mkdir(where)
            output = pathlib.Path(os.fsdecode(where))
            entries = good_sweep(output, seeds=2)
            write_sweep(output, entries)
            argument = where if name.startswith(b"-") else name
            result = self.run_in(self.scratch, folder / "tools/quickstart", argument, path=folder / "bin")
            self.assertEqual((result.returncode, result.stderr), (0, b""), name)
            self.assertEqual((folder / "asked").read_bytes(), where)
            self.assertTrue((output / "report.html").is_file())
            self.assertEqual([line.split()[0] for line in result.stdout.splitlines()[-2:]], [b"report", b"claims"])
            self.assertIn("--study=momentum_study", (folder / "claimed").read_text())
            (folder / "claimed").unlink()
            result = self.run_in(self.scratch, folder / "tools/quickstart", "--no-claims", argument, path=folder / "bin")
            self.assertEqual((result.returncode, (folder / "claimed").exists()), (0, False), result.stderr)
            self.assertEqual([path.name for path in output.iterdir() if path.name.startswith(".")], [])


if __name__ == "__main__":
    unittest.main()
