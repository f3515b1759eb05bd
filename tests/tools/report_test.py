#!/usr/bin/python3
"""tools/report on synthetic sweep folders: good, diverged, failed, damaged and hostile runs."""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"), str(pathlib.Path(__file__).parent)]
from gradus.report import metrics, statistics as intervals, table as tables  # noqa: E402
from gradus.records import folder as run_reader, grouping  # noqa: E402
from report_support import ROOT, Outside, ReportCase  # noqa: E402
from run_fixtures import accuracy_of, name_of, seal, write_run, write_sealed, write_sweep  # noqa: E402


class ReportTest(ReportCase):
    def test_table_page_and_picture(self):
        write_sweep(self.folder, self.good_sweep())
        picture = self.folder / "main.png"
        result = self.report_of_a_shell(self.folder, "--png", picture)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.splitlines()[-1], str(self.folder / "report.html"))
        values = [accuracy_of({"optimizer": "adam", "seed": seed}) for seed in range(3)]
        cell = f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f} (3)"
        page = (self.folder / "report.html").read_text()
        self.assertIn(cell, result.stdout)
        self.assertIn(cell, page)
        self.assertIn("here&lt;&amp;&gt;", page)
        self.assertIn("0123abc", page)
        self.assertLess(result.stdout.index("\nadam"), result.stdout.index("\nsgd"))  # best first
        self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        outside = Outside()
        outside.feed(page)
        self.assertEqual(outside.found, [])
        self.assertNotRegex(page, r"<script[^>]*src|@import|url\((?!#)")
        identifiers = re.findall(r'\bid="([^"]+)"', page)
        for target in re.findall(r'(?:href="#|url\(#)([^")]+)', page):
            self.assertIn(target, identifiers)

    def test_troubled_runs_are_named_and_do_not_stop_the_report(self):
        entries = self.good_sweep(("sgd", "adam", "rmsprop"))
        extra = [{"optimizer": o, "seed": s} for s in (3, 4, 5) for o in ("sgd", "adam", "rmsprop")]
        names = [name_of(options) for options in extra]
        write_run(self.folder, extra[0], status="diverged")
        entries.append((extra[0], "diverged", ""))
        write_run(self.folder, extra[1], status="failed")
        entries.append((extra[1], "failed", "disk full"))
        corrupt = write_run(self.folder, extra[2])       # one byte changed
        data = bytearray((corrupt / "run.h5").read_bytes())
        data[len(data) // 2] ^= 0x40
        (corrupt / "run.h5").write_bytes(data)
        torn = write_run(self.folder, extra[3])          # cut short
        (torn / "run.h5").write_bytes(data[:1000])
        (write_run(self.folder, extra[4]) / "run.h5").unlink()
        (write_run(self.folder, extra[5]) / "complete.json").write_text("{")
        damaged = write_run(self.folder, extra[6])       # verifies, yet is not HDF5
        (damaged / "run.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 8)
        seal(damaged)
        entries += [(options, "completed", "") for options in extra[2:8]]  # extra[7] has no folder at all
        entries.append((extra[8], "pending", ""))
        write_sweep(self.folder, entries)
        result = self.report(self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        page = (self.folder / "report.html").read_text()
        for name, words in zip(names, ["loss is NaN at step 900", "failed", "SHA-256", "1000 bytes", "is missing",
                                       "complete.json", "run.h5", "no such folder", "has not finished"]):
            line = next(line for line in (result.stdout + result.stderr).splitlines() if name in line)
            self.assertIn(words, line)
            self.assertIn(name, page)
        row = next(line for line in result.stdout.splitlines() if line.startswith("sgd"))
        self.assertEqual(row.split()[1:4], ["3", "1", "2"])  # completed, diverged, without a result
        self.assertIn("–", row)                              # a setting that diverged is not compared with the best

    def test_files_that_lead_outside_are_refused(self):
        secret = self.folder / "secret.h5"
        with h5py.File(secret, "w") as file:
            file["loss"] = np.arange(5.0)

        def link(file):
            del file["step/loss"]
            file["step/loss"] = h5py.ExternalLink(str(secret), "loss")

        def storage(file):
            file.create_dataset("evaluation/raw", (4,), "f8", external=[(str(self.folder / "raw.bin"), 0, 32)])

        def virtual(file):
            layout = h5py.VirtualLayout((5,), "f8")
            layout[:] = h5py.VirtualSource(str(secret), "loss", (5,))
            file.create_virtual_dataset("v", layout)
        entries = self.good_sweep()
        hostile = []
        for seed, change in enumerate((link, storage, virtual), 10):
            options = {"optimizer": "sgd", "seed": seed}
            write_run(self.folder, options, change=change)
            entries.append((options, "completed", ""))
            hostile.append(name_of(options))
        write_sweep(self.folder, entries)
        result = self.report(self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        for name in hostile:
            self.assertRegex(result.stderr, f"{name}.*refused")

    def test_a_reader_that_crashes_is_survived(self):
        entries = self.good_sweep(seeds=2)
        write_sweep(self.folder, entries)
        whole, victim = run_reader._read, name_of(entries[1][0])

        def crash(run, want):
            if run.name == victim:
                os.kill(os.getpid(), 11)
            return whole(run, want)
        run_reader._read = crash
        try:
            found = run_reader.load(self.folder).runs
        finally:
            run_reader._read = whole
        self.assertEqual([run.status for run in found], ["completed", "damaged", "completed", "completed"])
        self.assertIn("SIGSEGV", found[1].reason)

    def test_random_damage_with_a_matching_digest_never_stops_the_report(self):
        entries, random = self.good_sweep(seeds=2), np.random.default_rng(7)
        for seed in range(10, 50):
            options = {"optimizer": "sgd", "seed": seed}
            folder = write_run(self.folder, options)
            data = bytearray((folder / "run.h5").read_bytes())
            for place in random.integers(0, 6000, 20):
                data[place] = random.integers(256)
            (folder / "run.h5").write_bytes(data)
            seal(folder)
            entries.append((options, "completed", ""))
        write_sweep(self.folder, entries)
        result = self.report(self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r"\A(report: damaged: \S+: run\.h5: [^\n]+\n){5,}\Z")

    def test_group_by(self):
        write_sweep(self.folder, self.good_sweep())
        page = self.folder / "other.html"
        result = self.report(self.folder, "--group-by", "seed", "--output", page)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(page.is_file())
        self.assertIn("pool runs that also differ in optimizer", result.stdout)
        self.assert_one_line(self.report(self.folder, "--group-by", "colour"), 2, "colour", "optimizer")
        self.assertEqual(self.report(self.folder, "--quiet").stdout, "")

    def test_best_is_marked_only_as_far_as_the_runs_separate(self):
        entries = []
        for optimizer, values in {"sgd": (0.80, 0.81, 0.82), "adam": (0.90, 0.91, 0.92),
                                  "rmsprop": (0.895, 0.91, 0.92)}.items():
            for seed, value in enumerate(values):
                options = {"optimizer": optimizer, "seed": seed}
                write_run(self.folder, options, accuracy=value)
                entries.append((options, "completed", ""))
        write_sweep(self.folder, entries)
        found = run_reader.load(self.folder).runs
        self.assertEqual(grouping.telling(found), ["optimizer"])
        table = tables.Table(found, ["optimizer"], metrics.shown_of(found, metrics.primary_of(found)))
        self.assertEqual([(group.key[0], group.mark) for group in table.groups],
                         [("adam", "best"), ("rmsprop", "tied"), ("sgd", "")])

    def test_one_seed_gives_no_winner(self):
        write_sweep(self.folder, self.good_sweep(seeds=1))
        result = self.report(self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("No setting is marked as best", result.stdout)

    def test_only_diverged_runs(self):
        options = {"optimizer": "sgd", "seed": 0}
        write_run(self.folder, options, status="diverged")
        write_sweep(self.folder, [(options, "diverged", "")])
        result = self.report(self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Nothing to draw: 0 runs completed", (self.folder / "report.html").read_text())

    def test_what_was_stopped_early_has_not_failed(self):
        entries = self.good_sweep()
        for number in range(2):
            options = {"optimizer": "sgd", "seed": 3 + number}
            write_run(self.folder, options, status="interrupted")
            entries.append((options, "pruned", "stopped early at step 250: loss 3"))
        write_sweep(self.folder, entries)
        result = self.report(self.folder)
        heading = next(line for line in result.stdout.splitlines() if line.startswith("optimizer"))
        self.assertTrue(heading.endswith("stopped early"), heading)
        for name, numbers in (("sgd", ["3", "0", "0", "2"]), ("adam", ["3", "0", "0", "0"])):
            row = next(line for line in result.stdout.splitlines() if line.startswith(name)).split()
            self.assertEqual(row[1:4] + row[-1:], numbers)
        self.assertIn("stopped early: 2 of 8 runs", result.stdout)
        self.assertNotIn(name_of(options), result.stdout + result.stderr)
        self.assertIn("stopped early at step 250: loss 3", (self.folder / "report.html").read_text())

    def rows(self, result):
        """{first cells: n} of the printed table."""
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        end = next(i for i, line in enumerate(lines) if line.startswith("* "))
        at = lines[0].index("  n  ") + 3
        return {line[:at - 1].rstrip(): int(line[at - 1:].split()[0]) for line in lines[2:end]}

    def test_a_configuration_and_seed_count_once_however_they_were_written(self):
        for seed in range(3):
            for rate, text in ((0.01, ""), (0.01, "0.01"), (0.1, "0.1"), (0.1, "+0.1")):
                write_run(self.folder, {"optimizer": "sgd", "learning_rate": rate, "seed": seed},
                          name=name_of([text, seed]))
            write_run(self.folder, {"optimizer": "adam", "learning_rate": 0.001, "beta2": 0.999, "seed": seed})
        result = self.report(self.folder)
        self.assertEqual(self.rows(result), {"sgd        0.01": 3, "sgd        0.1": 3, "adam       0.001": 3})
        self.assertEqual(result.stdout.count(" is taken, "), 6)
        self.assertNotIn("results that differ", result.stdout)
        page = (self.folder / "report.html").read_text()
        for seed in range(3):
            for text in ("", "0.01", "0.1", "+0.1"):
                self.assertIn(name_of([text, seed]), page)

    def test_duplicates_whose_results_differ_are_told(self):
        for seed in range(2):
            for name, accuracy in (("a" * 12, 0.8), ("b" * 12, 0.9)):
                write_run(self.folder, {"optimizer": "sgd", "seed": seed}, name=f"{name[:11]}{seed}", accuracy=accuracy)
        result = self.report(self.folder)
        self.assertRegex(result.stdout, "results that differ.*aaaaaaaaaaa0 is taken, bbbbbbbbbbb0 left out")
        self.assertIn("0.8000 ± 0.0000 (2)", result.stdout)

    def test_values_that_differ_make_rows_that_differ(self):
        for values in ([0.9999999, 0.99999999, 0.9], [0.1, 0.1000001], [1, "1"], ["007", "7"], ["1e-3", 0.001],
                       [True, 1], [-1, 1e-300], ["inf", "nan"], [2 ** 63, 2 ** 63 - 1]):
            with tempfile.TemporaryDirectory() as name:
                for value in values:
                    for seed in range(2):
                        write_run(pathlib.Path(name), {"optimizer": "sgd", "value": value, "seed": seed})
                found = run_reader.load(name).runs
                groups = tables.Table(found, grouping.telling(found), []).groups
                self.assertEqual([len(group.completed()) for group in groups], [2] * len(values))
                shown = [group.shown[0] for group in groups]
                self.assertEqual(len(set(shown)), len(values))
                for value in values:
                    self.assertTrue(any(text.strip('"') == str(value).lower() for text in shown), (values, shown))

    def test_welch_agrees_with_a_worked_example(self):
        # a: mean 3, variance 2.5; b: mean 6, variance 10; degrees of freedom (0.5+2)^2/(0.25/4+4/4) = 5.8824
        difference, half = intervals.welch(np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 4, 6, 8, 10]))
        self.assertAlmostEqual(difference, -3.0)
        self.assertAlmostEqual(half, 2.4588237 * 2.5 ** 0.5, places=6)

    def test_bad_input(self):
        self.assert_one_line(self.report(self.folder / "nowhere"), 2, "no such folder", "nowhere")
        self.assert_one_line(self.report(self.folder), 2, "no runs here")
        self.assert_one_line(self.report(), 2, "folder")
        self.assert_one_line(self.report(""), 2, "folder", "empty")
        self.assert_one_line(self.report(self.folder, "--output="), 2, "--output", "empty")
        (self.folder / "sweep.json").write_text("{broken")
        self.assert_one_line(self.report(self.folder), 2, "sweep.json", "JSON")
        (self.folder / "sweep.json").write_text('{"schema": 1, "runs": []}')
        self.assert_one_line(self.report(self.folder), 2, "schema 1")
        write_sealed(self.folder / "sweep.json", {"runs": [{"id": "x", "folder": "../x"}]})
        self.assert_one_line(self.report(self.folder), 2, "../x")
        write_sweep(self.folder, [({"optimizer": "sgd", "seed": 0}, "failed", "exit code 1")])
        self.assert_one_line(self.report(self.folder), 1, "none of 1 runs has finished")
        write_sweep(self.folder, self.good_sweep())
        self.assert_one_line(self.report(self.folder, "--output", "/nowhere/at/all.html"), 1, "/nowhere/at/all.html")


if __name__ == "__main__":
    unittest.main()
