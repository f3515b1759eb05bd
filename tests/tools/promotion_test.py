#!/usr/bin/python3
"""The rules that stop runs early, against transcriptions of what was published.

Usage: promotion_test.py BUILD_BIN_DIR [unittest arguments]
"""
import json
import os
import math
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
from asha import Asha  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = [subprocess.Popen([BIN / "promotion_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                       for _ in range(2)]
        for server in cls.servers:
            cls.addClassCleanup(server.stdout.close)
            cls.addClassCleanup(server.wait)
            cls.addClassCleanup(server.stdin.close)

    def ask(self, server=0, **request):
        self.servers[server].stdin.write(json.dumps(request) + "\n")
        self.servers[server].stdin.flush()
        return json.loads(self.servers[server].stdout.readline())

    def other(self, **request):
        return self.ask(server=1, **request)

    @staticmethod
    def contender(scores=(), averages=(), sent=None, ended=False):
        def plain(values):
            return [None if math.isnan(value) or math.isinf(value) else value for value in values]
        return {"scores": plain(scores), "averages": plain(averages), "sent": len(scores) if sent is None else sent,
                "ended": ended}

    # --- ASHA

    def test_a_rung_promotes_its_best_part(self):
        """By hand: of 2, none of a third; of 3 and of 5 one; of 6 two; the higher rung first; each once."""
        def promoted(*scores, **how):
            return self.ask(rule="asha", factor=3, contenders=[self.contender(s, **how) for s in scores])
        self.assertIsNone(promoted([0.1], [0.2]))
        self.assertEqual(promoted([0.3], [0.1], [0.2]), 1)
        self.assertIsNone(promoted([0.3], [0.1], [0.2], sent=2))
        self.assertEqual(promoted([0.3], [0.4], [0.2], [0.5], [0.6]), 2)
        self.assertIsNone(promoted([0.3], [0.4], [0.2, 0.9], [0.5], [0.6]))  # its best has gone on
        self.assertEqual(promoted([0.3], [0.4], [0.2, 0.9], [0.5], [0.6], [0.7]), 0)
        self.assertEqual(promoted([0.3, 0.8], [0.4, 0.6], [0.2, 0.9], [0.1], [0.6], [0.7]), 1)
        self.assertEqual(promoted([0.2], [0.2], [0.2]), 0)  # of equals the first

    def test_what_diverged_counts_and_never_goes_on(self):
        nan = math.nan
        self.assertEqual(self.ask(rule="asha", factor=2, contenders=[self.contender([s]) for s in (nan, 1)]), 1)
        self.assertIsNone(self.ask(rule="asha", factor=2, contenders=[self.contender([s]) for s in (nan, nan, nan, nan)]))
        # Four are there, of which two may go on; one has ended, and one is nothing.
        table = [self.contender([1], ended=True), self.contender([nan]), self.contender([nan]), self.contender([nan])]
        self.assertIsNone(self.ask(rule="asha", factor=2, contenders=table))

    def test_asynchronous_runs_take_the_decisions_of_algorithm_2(self):
        """Random losses, with ties and divergence, and workers that end in a random order."""
        promotions = 0
        for seed in range(200):
            chance = random.Random(seed)
            factor, rungs = chance.choice((2, 3, 4)), chance.choice((2, 3, 4))
            count, workers = chance.randint(1, 60), chance.randint(1, 9)
            published = Asha(count, factor, rungs)
            ours = [{"scores": [], "sent": 0, "ended": False} for _ in range(count)]
            begun, running = 0, []
            while True:
                while len(running) < workers:
                    job = published.get_job()
                    # Contenders come to rungs in any order; what has gone through the last rung has ended.
                    chosen = self.ask(rule="asha", factor=factor, contenders=[
                        self.contender(one["scores"][:rungs - 1], (), one["sent"], one["ended"]) for one in ours[:begun]])
                    if job is None:
                        self.assertIsNone(chosen)
                        break
                    if job[1] == 0:
                        self.assertIsNone(chosen)
                        begun += 1
                    else:
                        self.assertEqual((chosen, len(ours[chosen]["scores"])), job)
                        promotions += 1
                    ours[job[0]]["sent"] += 1
                    running.append(job)
                if not running:
                    break
                configuration, k = running.pop(chance.randrange(len(running)))
                loss = math.inf if chance.random() < 0.1 else chance.choice((chance.random(), chance.randint(0, 3)))
                published.completed(configuration, k, loss)
                ours[configuration]["scores"].append(loss)
                ours[configuration]["ended"] = k + 1 == rungs or loss == math.inf
        self.assertGreater(promotions, 2000)

    # --- the median rule

    @staticmethod
    def median_by_hand(table):
        """Golovin et al. (2017), section 3.2.2, of those that have come as far; the lowest rung first."""
        for rung in range(1, max((len(one["best"]) for one in table), default=0) + 1):
            for number, one in enumerate(table):
                if one["ended"] or one["sent"] != len(one["best"]) or len(one["best"]) != rung:
                    continue
                if math.isinf(one["best"][-1]):
                    continue
                others = [other["mean"][rung - 1] for other in table if other is not one and len(other["mean"]) >= rung]
                if len(others) < 3 or one["best"][-1] <= statistics.median(others):
                    return number
        return None

    def test_the_median_rule(self):
        answers = set()
        for seed in range(2000):
            chance = random.Random(seed)
            table = []
            for _ in range(chance.randint(0, 12)):
                curve = [chance.choice((chance.random(), chance.randint(0, 2))) for _ in range(chance.randint(0, 4))]
                one = {"best": [min(curve[:i + 1]) for i in range(len(curve))],
                       "mean": [statistics.fmean(curve[:i + 1]) for i in range(len(curve))]}
                if curve and chance.random() < 0.2:
                    one["best"][-1] = one["mean"][-1] = math.inf
                one["sent"] = len(curve) + chance.choice((0, 0, 1))
                one["ended"] = chance.random() < 0.3
                table.append(one)
            expected = self.median_by_hand(table)
            answers.add(expected)
            self.assertEqual(self.ask(rule="median", contenders=[
                self.contender(one["best"], one["mean"], one["sent"], one["ended"]) for one in table]), expected, table)
        self.assertIn(None, answers)
        self.assertGreater(len(answers), 8)

    def test_a_run_as_good_as_the_median_goes_on(self):
        others = [self.contender([x], [x], sent=2) for x in (1, 2, 3)]
        for best, expected in ((2, 3), (2.0000001, None), (math.nan, None)):
            self.assertEqual(self.ask(rule="median", contenders=others + [self.contender([best], [9])]), expected)
        self.assertEqual(self.ask(rule="median", contenders=others[:2] + [self.contender([7], [9])]), 2)  # too few others

    # --- what changes, and what it costs

    def test_what_has_changed_is_as_if_it_had_always_been_so(self):
        """Contenders that come and go, against the same told all at once."""
        chance, found = random.Random(5), set()
        for rule in ("asha", "median", "best"):
            table = [self.contender() for _ in range(25)]
            self.ask(rule=rule, factor=3, contenders=table)
            for _ in range(600):
                changes = {}
                for number in chance.sample(range(25), chance.randint(1, 3)):
                    scores = [chance.choice((chance.random(), 0.5, math.nan)) for _ in range(chance.randint(0, 4))]
                    changes[number] = table[number] = self.contender(
                        scores, [chance.choice((chance.random(), 0.5, math.nan)) for _ in scores] if rule == "median" else (),
                        len(scores) + chance.randint(0, 1), chance.random() < 0.2)
                changed = self.ask(rule=rule, factor=3, put=changes)
                self.assertEqual(changed, self.other(rule=rule, factor=3, contenders=table), table)
                found.add((rule, changed))
        self.assertGreater(len(found), 60)

    @unittest.skipUnless(shutil.which("valgrind"), "no valgrind")
    @unittest.skipIf("GRADUS_TESTS_SANITIZED" in os.environ, "valgrind runs no sanitized program")
    def test_what_a_promotion_costs_hardly_depends_on_how_many_are_compared(self):
        """Instructions of searches of 500 and of 4,000 settings: less than three times as many for each promotion."""
        def instructions(rule, settings):
            request = json.dumps({"search": rule, "settings": settings}) + "\n" if settings else ""
            result = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                                     BIN / "promotion_server"], input=request, capture_output=True, text=True, check=True)
            return int(re.search(r"Collected : (\d+)", result.stderr).group(1)), int(result.stdout or 0)
        start = instructions("asha", 0)[0]
        for rule in ("asha", "median"):
            few, many = ((count - start) / promotions for count, promotions in
                         (instructions(rule, 500), instructions(rule, 4000)))
            self.assertLess(many, 3 * few, rule)

    # --- the end, and rungs

    def test_the_best_of_the_highest_rung(self):
        def best(*contenders):
            return self.ask(rule="best", contenders=list(contenders))
        self.assertIsNone(best())
        self.assertEqual(best(self.contender([1]), self.contender([3, 2]), self.contender([3, 1])), 2)
        self.assertEqual(best(self.contender([2]), self.contender([3, 1], ended=True), self.contender([1])), 2)
        self.assertIsNone(best(self.contender([math.nan]), self.contender([])))

    def rungs(self, text, until=10**6):
        answer = self.ask(text=text, until=until)
        return answer.get("rungs", answer.get("error"))

    def test_rungs(self):
        asha = "rule=asha,by=evaluation/validation_loss,"
        self.assertEqual(self.rungs(asha + "first=250,factor=4,last=4000"), [250, 1000])
        self.assertEqual(self.rungs(asha + "first=250,factor=4,last=4001"), [250, 1000, 4000])
        self.assertEqual(self.rungs(asha + "first=250,factor=4,last=4001", 999), [250])
        self.assertEqual(self.rungs(asha + "first=1,factor=2,last=2"), [1])
        median = "rule=median,by=loss,"
        self.assertEqual(self.rungs(median + "every=250,after=500,last=1200"), [500, 750, 1000])
        self.assertEqual(self.rungs(median + "every=250,after=300,last=1000"), [500, 750])
        self.assertEqual(self.rungs(median + "every=250", 800), [250, 500, 750])
        self.assertEqual(self.rungs(median + "every=3,after=7", 12), [9, 12])
        for text in (asha + "first=250,factor=4,last=4000,per=optimizer,over=seed,over=dtype", median + "every=2,per=a"):
            again = self.ask(text=text, until=100)["text"]
            self.assertEqual(self.ask(text=again, until=100)["text"], again)

    def test_what_is_no_rule_is_refused(self):
        asha = "rule=asha,by=loss,first=2,factor=4,last=9"
        for text, says in (
            ("by=loss", 'expected rule = "asha" or "median"'), ("rule=sha", "expected asha or median"),
            ("rule=asha,first=2,factor=4,last=9", "expected by"), (asha.replace(",last=9", ""), "first, factor and last"),
            (asha.replace("last=9", "last=2"), "first to be less than last"), (asha + ",every=3", "not every and after"),
            (asha.replace("=4", "=1"), "factor: '1' is no integer of at least 2"),
            (asha.replace("first=2", "first=0"), "first: '0' is no integer of at least 1"),
            (asha.replace("first=2", "first=2.5"), "'2.5' is no integer"), (asha + ",foo=1", "unknown key 'foo'"),
            (asha.replace("by=loss", "by=a/loss:worst"), "by: expected [TABLE/]COLUMN[:last|best|mean]"),
            (asha.replace("by=loss", "by=loss:time_to"), "by: expected [TABLE/]COLUMN"),
            (asha.replace("by=loss", "by=loss:best=1"), "by: expected [TABLE/]COLUMN"),
            (asha.replace("by=loss", "by=loss:time_to=1"), "by: expected [TABLE/]COLUMN[:last|best|mean]"),
            ("rule=asha,x", "'x', expected KEY=VALUE"), ("rule=median,by=loss", "expected every of median"),
            ("rule=median,by=loss,every=5,first=2", "not first and factor"),
            ("rule=median,by=loss:best,every=5", "without a statistic"),
            ("rule=median,by=loss,every=5,last=5", "less than last"),
            (asha.replace("last=9", "last=9000000000000000000"), "last and factor to be smaller"),
            ("rule=median,by=loss,every=9000000000000000000", "every and after to be smaller")):
            with self.subTest(text):
                error = self.ask(text=text, until=10)["error"]
                self.assertTrue(error.startswith("rule: "), error)
                self.assertIn(says, error)


if __name__ == "__main__":
    unittest.main()
