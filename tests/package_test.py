#!/usr/bin/python3
"""Holds find_package(Gradus) to what README.md says: a study outside of the repository finds an installed and a built
Gradus, builds in seconds, runs, and records its own commit; the installed tools start.

usage: package_test.py BIN_DIRECTORY
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))
from docs_test import BIN, blocks, make_data  # which takes BIN_DIRECTORY
from examples_test import EXAMPLES, EXPERIMENTS

BUILD = BIN.parent


class Package(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def call(self, *command):
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
        self.assertEqual(result.returncode, 0, f"{command}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
        return result.stdout

    def study(self):
        """A repository with the program and the CMakeLists.txt of README.md, and its commit."""
        study = self.folder / "study"
        study.mkdir()
        lists, = [block for block in blocks("README.md", "cmake") if "find_package" in block]
        (study / "CMakeLists.txt").write_text(lists, encoding="utf-8")
        shutil.copy(REPOSITORY / "docs/examples/width_study.cpp", study)
        git = ["git", "-C", study, "-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"]
        self.call(*git, "init", "--quiet")
        self.call(*git, "add", ".")
        self.call(*git, "commit", "--quiet", "--message=A study")
        return study, self.call(*git, "rev-parse", "HEAD").strip()

    def check_study(self, *where):
        study, commit = self.study()
        self.call("cmake", "-S", study, "-B", self.folder / "build", *where)
        self.call("cmake", "--build", self.folder / "build")
        make_data(self.folder / "data")
        self.call(self.folder / "build/width_study", "--data=shapes", f"--data-dir={self.folder / 'data'}", "--width=8",
                  "--validation-examples=20", "--epochs=1", f"--output={self.folder / 'run'}")
        with h5py.File(self.folder / "run/run.h5") as file:
            self.assertEqual((file.attrs["git_commit"], file.attrs["git_dirty"]), (commit, 0))
            self.assertNotEqual(file.attrs["gradus_commit"], commit)

    def test_a_study_finds_an_installed_gradus(self):
        prefix = self.folder / "prefix"
        self.call("cmake", "--install", BUILD, "--prefix", prefix)
        for path in prefix.rglob("*.cmake"):  # it can be moved
            self.assertIsNone(re.search(re.escape(str(REPOSITORY)), path.read_text(encoding="utf-8")), path)
        page = (REPOSITORY / "docs/architecture.md").read_text(encoding="utf-8")
        table = page.split("A program outside may include these")[1].split("\n\n")[1]
        program = self.folder / "headers.cpp"
        program.write_text("".join(f'#include "{header}"\n' for header in re.findall(r"`(.*?\.h)`", table)))
        self.call("c++", "-std=c++20", "-fsyntax-only", f"-I{prefix}/include/gradus", program)
        for tool in ("gradus-sweep", "gradus-report", "gradus-draw-path", "gradus-minimize", "gradus-recover"):
            self.assertIn("usage" if tool != "gradus-sweep" else "sweep",
                          self.call(prefix / "bin" / tool, "--help").lower(), tool)
        searched = self.folder / "searched.toml"  # by a program that is found beside the tool
        searched.write_text('program = "gradus-minimize"\n[[stage]]\nname = "tune"\ndraws = {count = 4, method = "tpe"}\n'
                            'select = {by = "loss"}\n[stage.options]\nlearning_rate = "log_uniform(1e-3,1)"\n')
        self.call(prefix / "bin/gradus-sweep", "run", searched, "--dry-run", "--output", self.folder / "none")
        self.check_study(f"-DCMAKE_PREFIX_PATH={prefix}")

    def test_a_study_finds_a_built_gradus(self):
        self.check_study(f"-DGradus_DIR={BUILD}")

    def test_the_experiments_of_the_literature_build_outside(self):
        study = self.folder / "six"
        study.mkdir()
        lists = "cmake_minimum_required(VERSION 3.21)\nproject(six LANGUAGES CXX)\nfind_package(Gradus 0.2 REQUIRED)\n"
        for name in EXPERIMENTS:
            shutil.copy(EXAMPLES / f"{name}.cpp", study)
            lists += f"add_executable({name} {name}.cpp)\ntarget_link_libraries({name} PRIVATE Gradus::gradus)\n"
        (study / "CMakeLists.txt").write_text(lists, encoding="utf-8")
        self.call("cmake", "-S", study, "-B", self.folder / "build", "-G", "Ninja", f"-DGradus_DIR={BUILD}")
        self.call("cmake", "--build", self.folder / "build")
        for name in EXPERIMENTS:
            self.assertIn("usage", self.call(self.folder / "build" / name, "--help"), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
