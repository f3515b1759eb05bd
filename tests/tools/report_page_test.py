#!/usr/bin/python3
"""tools/report where texts are odd, pages cannot be written, and there is little to draw."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from report_support import ROOT, Outside, ReportCase  # noqa: E402
from run_fixtures import good_sweep, name_of, write_run, write_sealed, write_sweep  # noqa: E402


class ReportPageTest(ReportCase):
    def test_any_text_in_any_place_is_shown_as_text_on_one_line(self):
        odd = [
            "<script>alert(1)</script>", "a\nb\x1b[31m", "$x^{", "_hidden", "\u202eevil", "", " ", "é\u0301",
            "x" * 5000, "--><!--", "\udcff", "&amp;"]
        for seed, text in enumerate(odd):
            change = None
            if text == "\udcff":  # a text that is not UTF-8, as run.h5 may hold it
                text = "not UTF-8"

                def change(file):
                    file.attrs["host"] = np.bytes_(b"\xff<b>")
            write_run(self.folder, {"optimizer": "sgd", "text": text, "seed": seed}, change=change)
        write_sealed(
            self.folder / "sweep.json", {
                "program": "<i>p\n", "command": ["a\n", "\ud800<b>"], "runs": [{
                    "id": "e" * 12, "folder": "\x1b[2J<u>", "options": {"te\nxt": "\udcfe"}, "status": "failed",
                    "reason": "\x07<s>"}]})
        page = os.path.join(os.fsencode(self.folder), b"p\xff\n<b>.html")
        for environment in ({"LC_ALL": "C.UTF-8"}, {
                "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONHOME": "/nowhere", "MPLBACKEND": "none",
                "HOME": "/dev/null"}):
            result = self.report_of_a_shell(self.folder, "--output", os.fsdecode(page), **environment)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(all(line.isprintable() for line in result.stdout.splitlines()), result.stdout)
            self.assertEqual(result.stdout.splitlines()[-1], f"{self.folder}/p\\xff\\n<b>.html")
            text = pathlib.Path(os.fsdecode(page)).read_text(encoding="utf-8")
            own = r"<style[^>]*>.*?</style>|<script[^>]*>.*?</script>"  # without them nothing runs and nothing is set
            self.assertEqual(len(re.findall("<script", text)), len(re.findall("</script", text)))
            self.assertLessEqual(len(re.findall("<script", text)), 4)
            foreign = re.sub(own, "", text, flags=re.S)
            self.assertNotRegex(foreign, r"<script|<b>|<u>|<i>|<s>|[\x00-\x09\x0b-\x1f\u202e]")
            self.assertIn("&lt;script&gt;", foreign)
            outside = Outside()
            outside.feed(text)
            self.assertEqual(outside.found, [])

    def test_a_folder_that_is_not_utf8(self):
        folder = os.path.join(os.fsencode(self.folder), b"-s \xff\n*")
        os.mkdir(folder)
        folder = pathlib.Path(os.fsdecode(folder))
        write_sweep(folder, good_sweep(folder))
        damaged = write_run(folder, {"optimizer": "sgd", "seed": 9})
        (damaged / "complete.json").write_bytes(b"{}")
        result = self.report("--", folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r"\Areport: damaged: [^\n]*-s \\xff\\n\*/[^\n]*end with a seal\n\Z")
        self.assertTrue((folder / "report.html").is_file())

    def test_a_picture_is_drawn_of_what_there_is(self):
        def only_steps(file):
            del file["evaluation"]
            file.attrs["default"] = "step"

        def own_columns(file):
            only_steps(file)
            file.move("step/loss", "step/value")

        def nothing(file):
            only_steps(file)
            del file["step/loss"]
        for change, code in ((only_steps, 0), (own_columns, 0), (nothing, 1)):
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                for seed in range(2):
                    write_run(folder, {"optimizer": "sgd", "seed": seed}, change=change)
                result = self.report(folder, "--png", folder / "x.png")
                self.assertEqual((result.returncode, (folder / "x.png").is_file()), (code, code == 0), result.stderr)
                if code:
                    self.assert_one_line(result, 1, "--png", "2 runs completed", "no column to be drawn")
                    self.assertEqual(self.report(folder).returncode, 0)
                    self.assertIn("Nothing to draw: 2 runs completed, but", (folder / "report.html").read_text())
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write_run(folder, {"optimizer": "sgd", "seed": 0}, status="diverged")
            self.assert_one_line(self.report(folder, "--png", folder / "x.png"), 1, "0 runs completed")

    def test_pictures_go_into_files(self):
        write_sweep(self.folder, self.good_sweep(seeds=2))
        files = [self.folder / f"x.{form}" for form in ("png", "pdf", "svg")]
        result = self.report(self.folder, "--still", *(f"--{path.suffix[1:]}={path}" for path in files))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        written = result.stdout.splitlines()
        self.assertEqual([name for name in written if name in map(str, files)], list(map(str, files)))
        page = (self.folder / "report.html").read_text()
        others = re.findall(r'<figure id="panel-([^"]*)"', page)[1:]
        self.assertGreater(len(others), 3)
        for name in others:  # the first has the name that was given
            for form, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
                path = self.folder / f"x-{name}.{form}"
                self.assertTrue(path.read_bytes().startswith(start))
                self.assertIn(str(path), written)
        self.assertIn(b"/Count %d" % (1 + len(others)), files[1].read_bytes())
        for path, start in zip(files, (b"\x89PNG", b"%PDF", b"<?xml")):
            self.assertTrue(path.read_bytes().startswith(start))
        self.assertIn("sgd (n = 2)", files[2].read_text())
        self.assertNotIn('id="library"', (self.folder / "report.html").read_text())
        self.assert_one_line(self.report(self.folder, "--png=a.x", "--svg=a.x"), 2, "--svg=a.x: the PNG goes there")

    def test_notes_and_tags_are_shown(self):
        for seed, tags in enumerate(("pilot", "pilot <late>")):
            write_run(self.folder, {"optimizer": "sgd", "seed": seed},
                      attributes={"note": "a <first> try", "tags": tags})
        self.assertEqual(self.report(self.folder, "--still").returncode, 0)
        text = (self.folder / "report.html").read_text()
        for tag in ("pilot <small>2", "&lt;late&gt; <small>1"):
            self.assertIn(f'">{tag}</small></label>', text)
        self.assertRegex(text, "<li>a &lt;first&gt; try [(]<code>[0-9a-f]{12}</code> and 1 more[)]</li>")

    def test_untimed_runs_are_told(self):
        write_run(self.folder, {"optimizer": "sgd", "seed": 0})
        self.assertNotIn("untimed", self.report(self.folder).stdout)
        write_run(self.folder, {"optimizer": "external", "seed": 0}, attributes={"untimed": "another program"})
        self.assertIn("1 of 2 runs are untimed (another program): their seconds do not compare.",
                      self.report(self.folder).stdout)

    def test_what_is_not_a_file_is_not_replaced_and_a_link_is_followed(self):
        write_sweep(self.folder, self.good_sweep(seeds=2))
        self.assert_one_line(self.report(self.folder, "--output", "/dev/full"), 1, "/dev/full", "No space left")
        self.assertTrue(pathlib.Path("/dev/full").is_char_device())
        self.assert_one_line(self.report(self.folder, "--output", self.folder), 1, "folder")
        self.assert_one_line(self.report(self.folder, "--output", "."), 1, "folder")
        target = self.folder / "kept.html"
        target.write_text("old")
        (self.folder / "link.html").symlink_to("kept.html")
        self.assertEqual(self.report(self.folder, "--output", self.folder / "link.html").returncode, 0)
        self.assertTrue((self.folder / "link.html").is_symlink())
        self.assertIn("</html>", target.read_text())
        self.assert_one_line(self.report(self.folder, "--png", self.folder / "run.h5"), 2, "run.h5 is a record of runs")
        self.assert_one_line(self.report(self.folder, "--png", self.folder / "report.html"), 2, "the page goes there")

    def test_a_page_that_cannot_be_written_leaves_the_old_one(self):
        write_sweep(self.folder, self.good_sweep(seeds=2))
        page = self.folder / "report.html"
        page.write_text("old")
        before = sorted(path.name for path in self.folder.iterdir())
        result = subprocess.run(["bash", "-c", 'ulimit -f 8; exec "$0" "$1"', ROOT / "tools/report", self.folder],
                                capture_output=True, text=True, timeout=60)
        self.assert_one_line(result, 1, "report.html", "File too large")
        self.assertEqual(page.read_text(), "old")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), before)

    def test_damage_is_told_also_when_quiet_and_what_cannot_be_read_now_by_the_exit_code(self):
        entries = self.good_sweep(seeds=2)
        write_sweep(self.folder, entries)
        run = self.folder / name_of(entries[0][0])
        config = (run / "config.json").read_text()
        (run / "config.json").write_text(config.replace("128", "129"))
        result = self.report(self.folder, "--quiet")
        self.assert_one_line(result, 0, "config.json", "damaged", "seal")
        self.assertIn("<code>width</code> = 128</dd>", (self.folder / "report.html").read_text())
        (run / "config.json").write_text(config)
        (run / "run.h5").rename(run / "elsewhere")
        (run / "run.h5").symlink_to("run.h5")
        result = self.report(self.folder, "--quiet")
        self.assert_one_line(result, 1, "unreadable", run.name, "cannot be read now")

    def test_mixed_builds_are_told(self):
        for seed, digest in enumerate(("a" * 64, "b" * 64)):
            write_run(self.folder, {"optimizer": "sgd", "seed": seed}, attributes={"executable_sha256": digest})
        result = self.report(self.folder)
        self.assertRegex(result.stdout,
                         r"differ in executable sha256 \(a{12}, b{12}\): different programs are compared")


if __name__ == "__main__":
    unittest.main()
