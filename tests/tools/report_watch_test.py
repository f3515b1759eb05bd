#!/usr/bin/python3
"""tools/report over several folders, and while a sweep goes on."""
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from report_support import ROOT, ReportCase  # noqa: E402
from run_fixtures import good_sweep, name_of, write_run, write_sweep  # noqa: E402


class ReportWatchTest(ReportCase):
    def two(self, first, second):
        """Two folders of the same name, each with runs of some optimizers."""
        folders = [self.folder / place / "runs" for place in ("a", "b")]
        for folder, optimizers in zip(folders, (first, second)):
            folder.mkdir(parents=True)
            write_sweep(folder, good_sweep(folder, optimizers, seeds=2))
        return folders

    def rows(self, *arguments):
        page = self.folder / "page.html"
        result = self.report(*arguments, "--still", "--output", page)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertTrue(page.is_file())
        return [line.split() for line in result.stdout.split("\n*")[0].splitlines() if not line.startswith("-")]

    def test_a_folder_is_an_option_where_it_tells_groups_apart(self):
        folders = self.two(("sgd", "adam"), ("sgd",))
        head, *rows = self.rows(*folders)
        self.assertEqual(head[:3], ["optimizer", "folder", "n"])
        self.assertEqual(sorted(row[:3] for row in rows if row[0] in ("adam", "sgd")),
                         [["adam", "a/runs", "2"], ["sgd", "a/runs", "2"], ["sgd", "b/runs", "2"]])

    def test_a_folder_is_none_where_others_tell_groups_apart(self):
        head, *rows = self.rows(*self.two(("sgd",), ("adam",)))
        self.assertEqual(head[:2], ["optimizer", "n"])
        self.assertEqual(sorted(row[:2] for row in rows if row[0] in ("adam", "sgd")), [["adam", "2"], ["sgd", "2"]])

    def test_folders_that_make_no_sense_are_refused(self):
        folders = self.two(("sgd",), ("adam",))
        self.assert_one_line(self.report(*folders), 2, "2 folders: expected --output=FILE")
        link = self.folder / "link"
        link.symlink_to(folders[0])
        self.assert_one_line(self.report(folders[0], link, "--output", self.folder / "x.html"), 2, "link: given twice")
        self.assert_one_line(self.report(folders[0], self.folder / "no", "--output", self.folder / "x.html"), 2,
                             "no such folder")

    def watch(self, *arguments):
        process = subprocess.Popen([ROOT / "tools/report", self.folder, "--still", "--watch=0.2", *arguments],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def page(self):
        path = self.folder / "report.html"
        return path.read_text() if path.exists() else ""

    def wait_for(self, what, process, seconds=300):
        deadline = time.monotonic() + seconds
        while not what():
            self.assertIsNone(process.poll(), process.poll() is not None and process.communicate())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_a_page_follows_a_sweep_to_its_end(self):
        options = [{"optimizer": "sgd", "seed": seed} for seed in range(3)]

        def write(done):
            for each in options[:done]:
                if not (self.folder / name_of(each)).exists():
                    write_run(self.folder, each)
            write_sweep(self.folder, [(each, "completed" if place < done else "pending", "")
                                      for place, each in enumerate(options)])
        write(0)
        process = self.watch()
        write(1)
        self.wait_for(lambda: "1 completed" in self.page(), process)
        self.assertIn('data-reload="0.2"', self.page())
        self.assertIn("Loads itself again every 0.2 s", self.page())
        write(2)
        self.wait_for(lambda: "2 completed" in self.page(), process)
        write(3)
        out, errors = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn("3 runs: 3 completed", self.page())
        self.assertNotIn("data-reload", self.page())
        self.assertIn("optimizer", out)
        self.assertLessEqual(errors.count("none of 3 runs has finished"), 1)

    def test_watching_ends_with_an_interrupt(self):
        write_sweep(self.folder, [*self.good_sweep(("sgd",), 2), ({"optimizer": "adam", "seed": 0}, "pending", "")])
        process = self.watch("--quiet")
        self.wait_for(lambda: "data-reload" in self.page(), process)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=300)
        self.assertEqual((process.returncode, errors), (0, ""))
        self.assertNotIn("data-reload", self.page())

    def test_what_time_does_not_mend_ends_it_at_once(self):
        self.assert_one_line(self.report(self.folder, "--watch"), 2, "no runs here")
        for text in ("0", "x", "1e9"):
            self.assert_one_line(self.report(self.folder, f"--watch={text}"), 2, "--watch")


if __name__ == "__main__":
    unittest.main()
