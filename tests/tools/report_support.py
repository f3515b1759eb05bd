"""What the tests of tools/report share: a folder, the call, and what it must say."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from html.parser import HTMLParser

import warm
from run_fixtures import good_sweep

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Outside(HTMLParser):
    """Collects what a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "data", "srcset") and not (value or "").startswith(("#", "data:")):
                self.found.append((tag, name, value))


class ReportCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def report(self, *arguments):
        """The tool in a warm process."""
        result = warm.call("report", *arguments)
        for name in ("stdout", "stderr"):
            setattr(result, name, getattr(result, name).decode("utf-8", "surrogateescape"))
        return result

    def report_of_a_shell(self, *arguments, **environment):
        """The tool as a user calls it."""
        return subprocess.run([str(ROOT / "tools/report"), *map(str, arguments)], capture_output=True, encoding="utf-8",
                              errors="surrogateescape", timeout=300,
                              env={**os.environ, "LC_ALL": "C.UTF-8", **environment})

    def good_sweep(self, optimizers=("sgd", "adam"), seeds=3):
        return good_sweep(self.folder, optimizers, seeds)

    def assert_one_line(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertRegex(result.stderr, r"\Areport: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, result.stderr)
