"""ASHA as it was published, for tests to compare with."""
import math


class Asha:
    """Li et al. (2020), algorithm 2, with a finite number of configurations. Those that diverge are in no job again."""

    def __init__(self, count, factor, rungs):
        self.fresh, self.factor, self.rungs = list(range(count)), factor, rungs
        self.rung = [[] for _ in range(rungs)]  # [(loss, configuration)] of the jobs that have completed
        self.promoted = [set() for _ in range(rungs)]

    def get_job(self):
        for k in reversed(range(self.rungs - 1)):
            candidates = sorted(self.rung[k])[:len(self.rung[k]) // self.factor]
            promotable = [t for loss, t in candidates if t not in self.promoted[k] and loss < math.inf]
            if promotable:
                self.promoted[k].add(promotable[0])
                return promotable[0], k + 1
        return (self.fresh.pop(0), 0) if self.fresh else None

    def completed(self, configuration, k, loss):
        self.rung[k].append((loss, configuration))
