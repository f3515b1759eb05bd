"""What the tests of the claims share: a small study, and runs without files."""
import pathlib
import sys
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "python"))
from gradus.claims import evidence  # noqa: E402
from gradus.records.run import Rows  # noqa: E402
from gradus.records.tables import Axis, Column, Table  # noqa: E402

CLAIMS = '''
question = "Does Adam win?"
seconds = {smoke = 1, standard = 2, full = 3}

[[claim]]
name = "adam-is-better"
essay = [4]
says = "Adam is better."
reading = "At the end."
a = {optimizer = "adam"}
b = {optimizer = "sgd"}
quantity = {take = "last", of = "evaluation/training_loss"}
better = "lower"
effect = "ratio"
delta = 0.05
seeds = 5
why = "Because."
refuted_by = "The contrary."
picture = {draw = "curves", of = "evaluation/training_loss"}
'''


class FolderCase(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)


class StudyCase(FolderCase):
    def setUp(self):
        super().setUp()
        self.study = self.folder / "studies" / "first_study"
        self.study.mkdir(parents=True)
        (self.study / "sweep.toml").write_text('program = "x"\n[options]\noptimizer = ["adam", "sgd"]\n')

    def write(self, text=CLAIMS):
        (self.study / "claims.toml").write_text(text)
        return self.study / "claims.toml"


def run_of(values, index=None, status="completed", better="lower", **columns):
    """A Measured run with one table: column `loss`, and others."""
    values = np.asarray(values, float)
    index = np.arange(len(values)) * 10.0 if index is None else np.asarray(index, float)
    described = [Column("loss", better=better), *(Column(name, better="higher") for name in columns)]
    if values.ndim == 2:
        described[0] = Column("loss", better=better, axis=Axis("layer", labels=("first", "second", "third")))
    table = Table("evaluation", Axis("step"), tuple(described))
    arrays = {"loss": values, **{name: np.asarray(each, float) for name, each in columns.items()}}
    return evidence.Measured("r", "", status, {"seed": 0}, {}, {"evaluation": Rows(table, index, arrays)})


def ended(run, reason, steps=100):
    """The run with a budget and the reason for which it ended."""
    run.options["steps"], run.attributes["reason"] = steps, reason
    return run
