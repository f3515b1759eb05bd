#!/usr/bin/python3
"""Holds the pages that are made from the code to what the programs print.

usage: generated_pages_test.py BIN_DIRECTORY
"""
import pathlib
import subprocess
import sys
import unittest

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"


class GeneratedPages(unittest.TestCase):
    def check(self, program, page):
        printed = subprocess.run([BIN / program], capture_output=True, text=True, check=True, timeout=60).stdout
        self.assertEqual((DOCS / page).read_text(encoding="utf-8"), printed,
                         f"docs/{page} is not what {program} prints: build/bin/{program} > docs/{page}")
        return printed

    def test_optimizers(self):
        page = self.check("describe_optimizers", "optimizers.md")
        for words in ("### adam\n", "`learning_rate`", "Keras adds it", "Kingma & Ba (2015)"):
            self.assertIn(words, page)

    def test_problems(self):
        page = self.check("describe_problems", "problems.md")
        self.assertGreaterEqual(page.count("\n| `"), 45)
        for words in ("`rosenbrock`", "`quadratic_deep`", "`kowalik_osborne`"):
            self.assertIn(words, page)

    def test_workloads(self):
        page = self.check("describe_workloads", "workloads.md")
        self.assertGreaterEqual(page.count("\n### "), 16)
        for words in ("`--shuffled`", "| `mnist-1d-gru` |", "`--text=/usr/share/common-licenses/GPL-3`",
                      "validation\\_accuracy"):
            self.assertIn(words, page)


if __name__ == "__main__":
    unittest.main()
