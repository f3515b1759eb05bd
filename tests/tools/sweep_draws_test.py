#!/usr/bin/python3
"""What a sweep draws, zips, restricts, excludes and limits, on the command line and in TOML.

Usage: sweep_draws_test.py BUILD_BIN_DIR [unittest arguments]
"""
import itertools
import shlex
import sys

import numpy
from scipy import stats

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase


class SweepDraws(SweepCase):
    def planned(self, *options, before=(), toml=None, code=0):
        """The options of each run that would be started, as texts, in order."""
        file = None
        if toml is not None:
            file = self.folder / "sweep.toml"
            file.write_text(f'program = "{self.program}"\n' + toml)
        result = self.sweep(*options, before=["--dry-run", *before], file=file, code=code)
        runs = []
        for line in result.stdout.splitlines():
            pairs = [word.removeprefix("--").partition("=") for word in shlex.split(line)[1:]]
            runs.append({name: value for name, _, value in pairs if name not in ("output", "quiet")})
        return runs

    def drawn(self, text, *before, option="x"):
        return [run[option] for run in self.planned(f"--{option}={text}", before=before)]

    # --- distributions

    def test_uniform(self):
        values = [float(x) for x in self.drawn("uniform(-2,3)", "--draws=2000")]
        self.assertTrue(all(-2 <= x <= 3 for x in values))
        self.assertGreater(stats.kstest(values, stats.uniform(-2, 5).cdf).pvalue, 1e-3)

    def test_log_uniform(self):
        texts = self.drawn("log_uniform(1e-4,1)", "--draws=2000")
        self.assertTrue(all(1e-4 <= float(x) <= 1 for x in texts))
        self.assertTrue(all(float(x) == float(f"{float(x):.8g}") for x in texts))  # no digit that a machine decides
        self.assertGreater(stats.kstest(numpy.log10([float(x) for x in texts]), stats.uniform(-4, 4).cdf).pvalue, 1e-3)

    def test_integers_and_choices(self):
        # Two options: of one alone, equal draws would be one run.
        runs = self.planned("--n=integer(-1,2)", "--x=uniform(0,1)", r"--c=choice(a,b\,c,0.5)", before=["--draws=3000"])
        counts = {n: sum(run["n"] == n for run in runs) for n in ("-1", "0", "1", "2")}
        self.assertEqual(sum(counts.values()), 3000)
        self.assertTrue(all(650 < count < 850 for count in counts.values()), counts)
        counts = {c: sum(run["c"] == c for run in runs) for c in ("a", "b,c", "0.5")}
        self.assertEqual(sum(counts.values()), 3000)
        self.assertTrue(all(880 < count < 1120 for count in counts.values()), counts)
        self.assertLess(abs(numpy.corrcoef([int(run["n"]) for run in runs], [float(run["x"]) for run in runs])[0, 1]),
                        0.06)

    def test_a_literal_text(self):
        self.assertEqual(self.drawn(r"uniform\(0\,1)"), ["uniform(0,1)"])
        self.assertEqual(self.drawn("normal(0,b"), ["normal(0", "b"])

    # --- the same seed, the same draws

    def test_seeds(self):
        options = ["--x=uniform(0,1)", "--y=log_uniform(1,10)"]
        first = self.planned(*options, before=["--draws=8", "--draw-seed=7"])
        self.assertEqual(first, self.planned(*options, before=["--draws=8", "--draw-seed=7"]))
        self.assertNotEqual(first, self.planned(*options, before=["--draws=8", "--draw-seed=8"]))
        self.assertEqual(first, self.planned(*options, before=["--draws=16", "--draw-seed=7"])[:8])
        # Of another order, or among others, an option's draws are the same.
        for more in (options[::-1], options + ["--z=uniform(0,1)"]):
            again = self.planned(*more, before=["--draws=8", "--draw-seed=7"])
            self.assertEqual([(run["x"], run["y"]) for run in again], [(run["x"], run["y"]) for run in first])
        # As they were when this was written, on whatever machine.
        self.assertEqual([run["y"] for run in first][:3], FIRST_Y)
        sobol = self.planned(*options, before=["--draws=8", "--draw-method=sobol", "--draw-seed=7"])
        self.assertEqual(sobol, self.planned(*options, before=["--draws=16", "--draw-method=sobol",
                                                               "--draw-seed=7"])[:8])
        self.assertNotEqual(sobol, first)

    def test_sobol(self):
        names = [f"x{i}" for i in range(6)]
        runs = self.planned(*(f"--{name}=uniform(0,1)" for name in names), before=["--draws=64", "--draw-method=sobol"])
        points = numpy.array([[float(run[name]) for name in names] for run in runs])
        bits = 24  # of which eight digits leave enough
        whole = numpy.floor(points * 2**bits).astype(int)
        plain = numpy.floor(stats.qmc.Sobol(6, scramble=False).random(64) * 2**bits).astype(int)
        shift = whole[0] ^ plain[0]  # the first point is the origin, shifted
        self.assertTrue(all(shift > 0))
        difference = numpy.abs((whole ^ shift) - plain)
        self.assertLessEqual(difference.max(), 2)  # by the rounding to eight digits
        for column in points.T:  # one in each of 64 strata, which random draws are not
            self.assertEqual(sorted(numpy.floor(column * 64)), list(range(64)))
        self.refused(*(f"--x{i}=uniform(0,1)" for i in range(3668)), before=["--draws=2", "--draw-method=sobol"],
                     says=["3668 options are drawn", "3667"])

    def test_grids_around_draws(self):
        runs = self.planned("--optimizer=sgd,adam", "--x=uniform(0,1)", "--seed=0:2", before=["--draws=4"])
        self.assertEqual(len(runs), 24)
        points = [run["x"] for run in runs[0:12:3]]
        self.assertEqual(len(set(points)), 4)
        self.assertEqual([(run["optimizer"], run["x"], run["seed"]) for run in runs],
                         [(o, x, s) for o in ("sgd", "adam") for x in points for s in "012"])

    def test_bad_draws(self):
        for text, says in [("uniform(1,1)", "the first below the second"), ("uniform(0)", "two numbers"),
                           ("uniform(0,inf)", "numbers"),
                           ("log_uniform(0,1)", "above 0"), ("integer(0.5,1)", "integers"),
                           ("integer(3,1)", "the first not above"),
                           ("choice()", "empty list"), ("choice(a,,b)", "empty value"),
                           ("uniform(0,1),2", "and nothing else"),
                           ("2,uniform(0,1)", "an option's only value"), ("choice(uniform(0,1))", "only value")]:
            with self.subTest(text=text):
                self.refused(f"--x={text}", before=["--draws=2"], says=["option --x", says])
        self.refused("--x=uniform(0,1)", says=["option x is drawn", "--draws=N"])
        self.refused("--x=1", before=["--draws=2"], says="no option is drawn")
        self.refused("--x=uniform(0,1)", before=["--draws=2", "--draw-method=halton"], says="expected random, sobol, tpe or ask")
        self.refused("--x=uniform(0,1)", before=["--draws=0"], says="--draws")

    # --- zips

    def test_zip(self):
        runs = self.planned("--width=64,128", "--seed=0:1", "--depth=2,4", before=["--zip=width,depth"])
        self.assertEqual([(run["width"], run["depth"], run["seed"]) for run in runs],
                         [("64", "2", "0"), ("64", "2", "1"), ("128", "4", "0"), ("128", "4", "1")])
        toml = '[options]\nseed = "0:1"\n[[zip]]\nwidth = [64, 128]\ndepth = "2,4"\n'
        self.assertEqual([(run["width"], run["depth"]) for run in self.planned(toml=toml)],
                         [("64", "2"), ("128", "4")] * 2)
        self.refused("--a=1,2", "--b=1:3", before=["--zip=a,b"], says=["a has 2 values and b has 3", "one length"])
        self.refused("--a=1,2", before=["--zip=a,b"], says="--zip=a,b: expected options that are given")
        self.refused("--a=1,2", before=["--zip=a"], says="two options or more")
        self.refused("--a=1,2", "--b=uniform(0,1)", before=["--zip=a,b", "--draws=2"], says="a draw cannot be zipped")

    # --- conditions

    def test_only(self):
        expected = [("sgd", "0.0"), ("sgd", "0.9"), ("adam", None), ("rmsprop", None)]
        runs = self.planned("--optimizer=sgd,adam,rmsprop", "--momentum=0.0,0.9",
                            before=["--only=momentum: optimizer=sgd"])
        self.assertEqual([(run["optimizer"], run.get("momentum")) for run in runs], expected)
        toml = '''[options]\noptimizer = ["sgd", "adam", "rmsprop"]
                  [[when]]\nif = {optimizer = "sgd"}\noptions = {momentum = [0.0, 0.9]}\n'''
        runs = self.planned(toml=toml)
        self.assertEqual([(run["optimizer"], float(run["momentum"]) if "momentum" in run else None) for run in runs],
                         [("sgd", 0), ("sgd", 0.9), ("adam", None), ("rmsprop", None)])
        runs = self.planned("--optimizer=adam", toml=toml)  # the command line may leave nothing of a condition
        self.assertEqual([run["optimizer"] for run in runs], ["adam"])
        runs = self.planned("--momentum=0.5", toml=toml)
        self.assertEqual([run.get("momentum") for run in runs], ["0.5", None, None])

    def test_only_with_draws(self):
        runs = self.planned("--optimizer=sgd,adam", "--rate=log_uniform(1e-3,1)", "--momentum=uniform(0,1)",
                            "--seed=0:1",
                            before=["--draws=4", "--draw-method=sobol", "--only=momentum: optimizer=sgd"])
        self.assertEqual(len(runs), 16)
        rates = {o: sorted({run["rate"] for run in runs if run["optimizer"] == o}) for o in ("sgd", "adam")}
        self.assertEqual(rates["sgd"], rates["adam"])
        self.assertTrue(all(("momentum" in run) == (run["optimizer"] == "sgd") for run in runs))
        by_rate = {run["rate"]: run["momentum"] for run in runs if run["optimizer"] == "sgd"}
        self.assertEqual(len(set(by_rate.values())), 4)
        # Each method its own range, and one that is drawn itself.
        toml = '''draws = {count = 6}\n[options]\noptimizer = "choice(sgd,adam)"
                  [[when]]\nif = {optimizer = "sgd"}\noptions = {rate = "log_uniform(0.1,1)"}
                  [[when]]\nif = {optimizer = "adam"}\noptions = {rate = "log_uniform(0.001,0.01)"}\n'''
        runs = self.planned(toml=toml)
        self.assertEqual(len(runs), 6)
        self.assertTrue(all((float(run["rate"]) >= 0.1) == (run["optimizer"] == "sgd") for run in runs), runs)

    def test_exclude(self):
        grid = list(itertools.product(["sgd", "adam"], ["1", "0.1"], ["0", "1"]))
        runs = self.planned("--optimizer=sgd,adam", "--rate=1,0.1", "--seed=0,1",
                            before=["--exclude=optimizer=adam,rate=1.0"])
        self.assertEqual([(run["optimizer"], run["rate"], run["seed"]) for run in runs],
                         [g for g in grid if g[:2] != ("adam", "1")])
        toml = '''[options]\noptimizer = ["sgd", "adam"]\nrate = [1, 0.1]\nseed = "0,1"\n[[exclude]]\noptimizer = "adam"
                  rate = [0.1, 1]\nseed = 1\n[[exclude]]\nrate = 0.1\nseed = 0\n'''
        self.assertEqual([(run["optimizer"], run["rate"], run["seed"]) for run in self.planned(toml=toml)],
                         [("sgd", "1", "0"), ("sgd", "1", "1"), ("sgd", "0.1", "1"), ("adam", "1", "0")])

    def test_conditions_that_are_slips(self):
        options = ["--optimizer=sgd,adam", "--momentum=0,0.9", "--rate=0.1"]
        for before, says in ((["--exclude=optimizer=adm"], "optimizer is never adm"),
                             (["--exclude=optimiser=adam"], "no option optimiser"),
                             (["--only=momentum: optimizer=sdg"], "optimizer is never sdg"),
                             (["--only=moment: optimizer=sgd"], "no option moment"),
                             (["--only=momentum"], "expected OPTION[,OPTION ...]: OPTION=VALUE"),
                             (["--exclude=adam"], "expected OPTION=VALUE"),
                             (["--only=momentum: optimizer=sgd", "--exclude=optimizer=adam,momentum=0.9"],
                              "holds in no combination"),
                             (["--exclude=rate=0.1"], "every combination is excluded")):
            with self.subTest(before=before):
                self.refused(*options, before=before, says=says)
        for toml, says in (("[[exclude]]\noptimizer = 'adm'\n", ["sweep.toml:4: exclude", "never adm"]),
                           ("[[when]]\nif = {optimiser = 'sgd'}\noptions = {m = 1}\n", ["when", "no option optimiser"]),
                           ("[[when]]\noptions = {m = 1}\n", "expected if = {...} and options"),
                           ("[[when]]\nif = {optimizer = 'sgd'}\noptions = {optimizer = 'a'}\n", "given twice"),
                           ("[[zip]]\na = 1\n", "two options or more"), ("[exclude]\na = 1\n", "tables [[exclude]]"),
                           ("[draws]\ncount = 0\n", "at least 1"), ("[draws]\nnumber = 3\n", "unknown key 'number'"),
                           ("[draws]\nmethod = 'halton'\n", "random, sobol, tpe or ask")):
            path = self.folder / "sweep.toml"
            path.write_text(f"program = '{self.program}'\n[options]\noptimizer = ['sgd', 'adam']\n{toml}")
            with self.subTest(toml=toml):
                self.refused(file=path, says=says)

    # --- groups and limits

    def test_draws_of_groups(self):
        toml = '''[draws]\ncount = 3\nseed = 5\n[options]\nx = "uniform(0,1)"
                  [[group]]\na = 1\n[[group]]\na = 2\n[group.draws]\ncount = 2\n[[group]]\na = 3\nx = 0.5\n'''
        runs = self.planned(toml=toml)
        self.assertEqual([run["a"] for run in runs], ["1"] * 3 + ["2"] * 2 + ["3"])
        self.assertEqual([run["x"] for run in runs[:2]], [run["x"] for run in runs[3:5]])
        self.assertEqual([run["a"] for run in self.planned(toml=toml, before=["--draws=1"])], ["1", "2", "3"])

    def test_limit(self):
        result = self.sweep("--seed=0:9", before=["--limit=3"])
        self.assertIn("7 more of the sweep are left out", result.stderr)
        self.assertEqual([run["seed"] for run in self.options()], [0, 1, 2])
        self.assertIn("3 skipped", self.sweep("--seed=0:9", before=["--limit=3"]).stdout)
        self.assertEqual(len(self.starts()), 3)
        self.assertEqual(len(self.planned(toml='limit = 4\n[options]\nseed = "10:19"\n')), 4)


FIRST_Y = ["8.1276117", "7.3167295", "6.4960526"]

if __name__ == "__main__":
    sweep_support.main(__file__)
