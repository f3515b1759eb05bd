#!/usr/bin/python3
"""Which builds of a program are the same program for a verdict: a little checkout with a build in it."""
import os
import pathlib
import re
import subprocess
import sys
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from claims_support import ROOT, FolderCase  # noqa: E402
from gradus.claims import origin  # noqa: E402


class Builds(FolderCase):
    def setUp(self):
        super().setUp()
        self.programs = self.folder / "build" / "bin"
        self.git("init", "--quiet")
        self.write("experiments/train/CMakeLists.txt", "add_executable(train_workload train_workload.cpp)\n")
        self.write("experiments/train/train_workload.cpp", "int main() {}\n")
        self.write("experiments/forgetting/forgetting.cpp", "int main() {}\n")
        self.write("optim/adam.cpp", "// a method\n")
        self.write(".gitignore", "build\n")
        self.first = self.commit()
        self.run_made = self.told(self.first)

    def git(self, *arguments):
        return subprocess.run(["git", "-C", str(self.folder), "-c", "user.name=x", "-c", "user.email=x@localhost",
                               *arguments], check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")
        return self.git("rev-parse", "HEAD")

    def told(self, commit, **attributes):
        """A run of that commit."""
        return mock.Mock(attributes={"gradus_commit": commit, "git_commit": commit, "gradus_dirty": 0, "git_dirty": 0,
                                     "compiler": "GNU 12", "compiler_flags": "-O3", **attributes})

    def build(self, commit, dirty=0, flags="-O3"):
        self.write(f"build/{origin.BUILD_INFO}", f"""#pragma once
#define GRADUS_STUDY_COMMIT "{commit}"
#define GRADUS_COMMIT "{commit}"
#define GRADUS_DIRTY {dirty}
#define GRADUS_COMPILER "GNU 12"
#define GRADUS_COMPILER_FLAGS "{flags}"
""")
        self.write("build/bin/train_workload", commit)
        origin._build_info.cache_clear()

    def same(self, run=None):
        return origin.made_of_same_sources(self.programs, "train_workload", run or self.run_made)

    def test_a_commit_of_what_is_not_compiled_leaves_a_program_the_same(self):
        for name in ("README.md", "docs/claims.md", "tools/python/page.py", "experiments/train/claims.toml",
                     "experiments/forgetting/forgetting.cpp", "tests/optim/adam.cpp"):
            self.write(name, "another\n")
        self.build(self.commit())
        self.assertTrue(self.same())
        for attributes in ({"gradus_dirty": 1}, {"git_dirty": 1}, {"compiler": "GNU 13"}, {"git_commit": "another"},
                           {"gradus_commit": "0" * 40, "git_commit": "0" * 40}, {"gradus_commit": "unknown"}):
            self.assertFalse(self.same(self.told(self.first, **attributes)), attributes)
        self.assertFalse(origin.made_of_same_sources(self.programs, "forgetting", self.run_made))  # CMake knows none

    def test_what_is_compiled_makes_another_program(self):
        for name in ("optim/adam.cpp", "nn/new.h", "CMakeLists.txt", "experiments/lab/run.cpp", "cmake/archives.cmake",
                     "experiments/train/train_workload.cpp"):
            self.write(name, "another\n")
            self.build(self.commit())
            self.assertFalse(self.same(), name)
            self.git("revert", "--no-edit", "HEAD")
            self.build(self.git("rev-parse", "HEAD"))
            self.assertTrue(self.same(), name)

    def test_a_build_that_is_not_that_of_a_commit_is_another(self):
        self.build(self.first, dirty=1)
        self.assertFalse(self.same())
        self.build(self.first, flags="-O0")
        self.assertFalse(self.same())
        self.build(self.first)
        os.utime(self.programs / "train_workload", (0, 0))  # it was not made anew
        self.assertFalse(self.same())

    def test_the_list_has_all_that_is_compiled(self):
        """Each folder of a library, and each that is included."""
        listed = [path for path in origin.COMPILED if (ROOT / path).is_dir()]
        files = [path for one in (*listed, "experiments") for path in (ROOT / one).rglob("*") if path.is_file()]
        for path in files:
            where = str(path.parent.relative_to(ROOT))
            text = path.read_text() if path.suffix in (".h", ".cpp", ".txt") else ""
            if path.name == "CMakeLists.txt" and "gradus_library(" in text:
                self.assertTrue(where.startswith(tuple(listed)), where)
            for included in re.findall(r'(?m)^#include "([^"]+)/', text):
                self.assertTrue(included.startswith(tuple(listed)) or included == where, f"{path}: {included}")


if __name__ == "__main__":
    unittest.main()
