#!/usr/bin/python3
"""gradus.inference.profiles: performance profiles, and AlgoPerf's published scores from its published times."""
import csv
import pathlib
import sys
import unittest

import numpy as np

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/python"))
from gradus.inference import algoperf_scores, performance_profile, standings  # noqa: E402

BASES = ["criteo1tb", "fastmri", "imagenet_resnet", "imagenet_vit", "librispeech_conformer", "librispeech_deepspeech",
         "ogbg", "wmt"]
# Kasimbeg et al. (2025).
PUBLISHED = {
    "external_tuning": {
        "shampoo_submission": .7784, "schedule_free_adamw": .7077, "generalized_adam": .6383, "cyclic_lr": .6301,
        "nadamp": .5909, "baseline": .5707, "amos": .4918, "caspr_adaptive": .4722, "lawa_queue": .3699,
        "lawa_ema": .3384, "schedule_free_prodigy": 0},
    "self_tuning": {
        "schedule_free_adamw": .8542, "baseline": .8194, "nadamw_sequential": .3308, "sinv6_75": .1420, "sinv6": .0903,
        "adamg": 0}}


def published_times(ruleset):
    """(times [submissions, workloads, studies], submissions, workloads, {held-out: base})."""
    text = (ROOT / "tests/data/algoperf/v0.5.csv").read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(line for line in text if not line.startswith("#"))
            if row["ruleset"] == ruleset]
    names, workloads, studies = (sorted({row[of] for row in rows}) for of in ("submission", "workload", "study"))
    times = np.full((len(names), len(workloads), len(studies)), np.nan)
    for row in rows:
        at = names.index(row["submission"]), workloads.index(row["workload"]), studies.index(row["study"])
        times[at] = float(row["seconds"])
    variants = {name: max((base for base in BASES if name.startswith(base)), key=len)
                for name in workloads if name not in BASES}
    return times, names, workloads, variants


class Profiles(unittest.TestCase):
    def test_a_profile_by_hand(self):
        times = [[1, 2, np.inf, np.inf], [3, 2, 5, np.inf]]  # of two methods on four problems
        found = performance_profile(times, [1, 2, 3])
        np.testing.assert_allclose(found, [[.5, .5, .5], [.5, .5, .75]])

    def test_a_failed_variant_voids_its_base_and_the_reverse(self):
        workloads = ["one", "one_deeper", "two"]
        fails = {"neither": [1, 1, 1], "variant": [1, np.inf, 1], "base": [np.inf, 1, 1], "slow": [1, 4.01, 1]}
        scores = algoperf_scores(list(fails.values()), workloads, {"one_deeper": "one"})
        np.testing.assert_allclose(scores, [1, .5, .5, .5])


class AlgoPerf(unittest.TestCase):
    def test_the_scores_are_those_published(self):
        for ruleset, scores in PUBLISHED.items():
            found = {of.name: round(of.score, 4) for of in standings(*published_times(ruleset), count=10)}
            self.assertEqual(found, scores)
            self.assertEqual(list(found), list(scores))  # best first

    def test_how_firm_its_ranking_is(self):
        found = {of.name: of for of in standings(*published_times("external_tuning"))}
        shampoo = found["shampoo_submission"]
        self.assertAlmostEqual(shampoo.first, .75, delta=.03)
        self.assertAlmostEqual(shampoo.low, .64, delta=.015)
        self.assertAlmostEqual(shampoo.high, .91, delta=.015)
        self.assertAlmostEqual(found["generalized_adam"].before["cyclic_lr"], .44, delta=.04)
        self.assertAlmostEqual(sum(of.first for of in found.values()), 1)
        for of in found.values():
            for other, share in of.before.items():
                self.assertAlmostEqual(share + found[other].before[of.name], 1)


if __name__ == "__main__":
    unittest.main()
