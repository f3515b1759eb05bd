#!/usr/bin/python3
"""What tools/bench makes of the figures that it measures; measuring is by hand."""
import functools
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools/python"), str(ROOT / "tests/benchmarks")]
import bounds  # noqa: E402
import programs  # noqa: E402
import threads  # noqa: E402
from gradus.report import command  # noqa: E402

TIMES = {"gradus/step/a": [2.0, 1.0], "torch/step/a": [4.0], "pytorch/step/a": [9.0, 3.0], "jax/step/a": [2.5, 5.0],
         "gradus/gradient/b": [3.0], "gradus/products/b": [2.0], "jax/gradient/b": [1.5], "gradus/memory/c": [7.0]}


class Bench(unittest.TestCase):
    def rows(self, limits, wanted=""):
        times = bounds.with_today(TIMES)
        return {(row["name"], row["peer"]): row for row in bounds.compare(times, {}, limits, re.compile(wanted))}

    def test_the_least_times_are_compared_and_held_to_bounds(self):
        at_least, at_most = (functools.partial(bounds.Bound, sense) for sense in bounds.SENSES)
        rows = self.rows({("step/a", "torch"): at_least(4.0), ("step/a", "today"): at_least(2.6),
                          ("gradient/b", "products"): at_most(1.5), ("gradient/b", "today"): at_least(1.0),
                          ("node/d", "by_hand"): at_most(1.0), ("memory/c", "torch"): at_most(1.0)})
        self.assertEqual({key: row["verdict"] for key, row in rows.items() if row["bound"] != "-"},
                         {("step/a", "torch"): "met", ("step/a", "today"): "short", ("gradient/b", "products"): "met",
                          ("gradient/b", "today"): "short", ("node/d", "by_hand"): "short (not measured)",
                          ("memory/c", "torch"): "no peer"})
        self.assertEqual(rows["step/a", "today"]["ratio"], 2.5)
        self.assertIn("jax", rows["step/a", "today"]["remark"])
        self.assertEqual(rows["step/a", "pytorch"]["ratio"], 3.0)  # each of them too

    def test_what_was_not_measured_is_short_where_it_is_expected(self):
        at_most = functools.partial(bounds.Bound, "at_most")
        limits = {("gradient/b", "products"): at_most(1.5), ("gradient/b", "by_hand"): at_most(1.0),
                  ("memory/c", "torch"): at_most(1.0), ("memory/c", "today"): at_most(1.0)}
        for expected, short in [((), 0), (("by_hand",), 1), (("by_hand", "today"), 2)]:
            rows = bounds.compare(TIMES, {}, limits, re.compile(""), expected)
            text, code = bounds.summary(rows)
            self.assertEqual(text, f"1 met, {short} short, 0 known to be short, {3 - short} without a peer")
            self.assertEqual(code, 1 if short else 0)

    def test_peers_and_ours_are_told_which_instructions(self):
        told = programs.INSTRUCTIONS["avx2"]
        with unittest.mock.patch.dict(programs.ENVIRONMENT, told):
            self.assertEqual(programs.start(("/usr/bin/printenv",), ["ATEN_CPU_CAPABILITY"], 0), "avx2\n")
        with unittest.mock.patch.object(threads.subprocess, "run") as run:
            run.return_value.stdout = ""
            threads.measure("thread_benchmarks", re.compile(""), 1, 0.1, "avx2")
            self.assertEqual(run.call_args.kwargs["env"]["GRADUS_SIMD"], "avx2")

    def test_what_is_known_to_be_short_is_told_with_its_reason_and_held_to_how_far(self):
        for sense, pair, limit, verdicts in [
                ("at_least", ("step/a", "today"), 3.0, {2.0: "known", 2.5: "known", 2.6: "short", None: "short"}),
                ("at_least", ("step/a", "today"), 2.0, {1.5: "met"}),
                ("at_most", ("gradient/b", "products"), 1.2, {1.6: "known", 1.5: "known", 1.4: "short", None: "short"})]:
            for within, verdict in verdicts.items():
                row = self.rows({pair: bounds.Bound(sense, limit, within, "it reads twice")})[pair]
                self.assertEqual((row["verdict"], row["because"]), (verdict, "it reads twice" * (verdict == "known")))
                said = []
                with unittest.mock.patch.object(bounds, "say", said.append):
                    bounds.show([row])
                reason = f"{pair[0]} ({row['ratio']:.2f}, {row['bound']}): it reads twice"
                self.assertEqual(reason in said, verdict == "known")

    def test_the_project_s_bounds_are_read_and_others_refused(self):
        self.assertGreater(len(bounds.read_bounds(bounds.BOUNDS)), 40)
        known = "[[bound]]\nnames = ['a']\nsense = 'at_most'\npeer = 'streams'\nbound = 1\n"
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "bounds.toml")
            for text, says in [("[[bound]]\nnames = ['a']\nsense = 'at_least'\npeer = 'nobody'\nbound = 1", "peer 'nobody'"),
                               ("[[bound]]\nnames = ['a']\nsense = 'at_most'\npeer = 'streams'", "lacks 'bound'"),
                               (known + "known = [{within = {b = 2}, because = 'x'}]", "'b' is known .* does not name it"),
                               (known + "known = [{within = {a = 0.5}, because = 'x'}]", "'a' is known .* meets <= 1"),
                               (known + "known = [{within = {a = 2}}]", "lacks 'because'"),
                               (known + "known = [{within = 2, because = 'x'}]", "not as its head says"),
                               (known + "known = [{within = {a = inf}, because = 'x'}]", "a finite 'within' and a reason"),
                               (known + "known = [{within = {a = 2}, because = ''}]", "a finite 'within' and a reason"),
                               (known + "\n" + known, "'a' has two bounds with peer 'streams'"), ("x = [", "")]:
                path.write_text(text)
                with self.assertRaisesRegex(command.Failure, re.escape(f"{path}: ") + f".*{says}"):
                    bounds.read_bounds(path)

    def test_what_threads_gain_is_drawn(self):
        rows = [dict(zip(threads.COLUMNS, row)) for row in [
            ("gradient/autoencoder/128", 2, 200.0, 100.0, 2.0), ("step/autoencoder/128", 2, 200.0, 125.0, 1.6),
            ("update/adam/10M", 2, 9.0, 6.0, 1.5)]]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "threads.svg")
            pictures = []
            for _ in range(2):
                threads.picture(rows, path)
                pictures.append(path.read_text())
            self.assertEqual(*pictures)
            for text in ["autoencoder/128", "adam/10M", "gradient", "with 2 threads as with one"]:
                self.assertIn(text, pictures[0])

    def test_bad_usage_is_one_line(self):
        for options, says in [(["--python=/nowhere/python"], "/nowhere/python cannot be run: expected a Python with"),
                              (["--python=/bin/false"], "has none of the peers"),
                              (["--python=x", "--against=y"], "not together with --against"),
                              (["--instructions=mmx"], "mmx"),
                              (["--threads", "--against=y"], "not together with --against"),
                              (["--svg=x"], "only with --threads")]:
            result = subprocess.run([ROOT / "tools/bench", *options], capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(says, result.stderr)


if __name__ == "__main__":
    unittest.main()
