"""Studies: folders with a question, sweeps and a claims.toml that was written before the runs."""
import difflib
import math
import pathlib
import tomllib
from dataclasses import dataclass, field, replace

from . import sweep_file

OWN_SECONDS = "training_seconds"  # the column in which a training tells its seconds
BUDGETS = ("smoke", "standard", "full")
CLAIMS_FILE = "claims.toml"
TAKES = {  # what a quantity takes of a run, and the keys that this needs beside `of`
    "first": (), "last": (), "lowest": (), "highest": (), "mean": (), "at_best": ("by",),
    "time_to": ("target", "along"), "reaches": ("target",), "ratio_at_end": ("to",), "python": ("function",)}
FAMILIES = {  # what is made of the runs that differ in `over`, and the keys that this needs
    "width": (), "edge": (), "slope": (), "spread": (), "best": (), "best_of": ("draws",), "regret": ("draws",)}
EFFECTS = ("ratio", "difference")
DRAWS = ("curves", "bars", "against", "heat")


class BadStudy(Exception):
    """A claims.toml that is none; one line."""


@dataclass(frozen=True)
class Quantity:
    """A number of a run; with `over`, of the runs that differ in this option alone."""
    take: str
    of: str = ""              # TABLE/COLUMN
    by: str = ""              # at_best: the row where this column is best
    target: object = None     # a number, or {workload: number}
    along: str = "step"       # time_to: the index, a column of the same table, or "clock"
    to: str = ""              # ratio_at_end: the other column
    function: str = ""        # python: of quantities.py beside the claims
    place: object = None      # of a column of vectors: an index from 0 (-1 is the last), or a label
    over: str = ""
    then: str = ""
    within: float = 0.1       # width: of the distance from the start to the best
    draws: int = 0            # best_of, regret: how many of the runs are drawn, of which one is chosen

    def columns(self):
        """TABLE/COLUMN that are read."""
        return [name for name in (self.of, self.by, self.to) if name]

    def on(self, workload):
        """The same with the target of this workload. Raises BadStudy where it has none."""
        if not isinstance(self.target, dict):
            return self
        if workload not in self.target:
            raise BadStudy(f"no target for '{workload}': expected one of {', '.join(self.target)}")
        return replace(self, target=self.target[workload])

    def timed(self):
        """Whether it is in seconds of the calibrated clock."""
        return self.take == "time_to" and self.along == "clock"

    def takes_own_seconds(self):
        """Whether it is in seconds that a run has measured itself."""
        return OWN_SECONDS in (self.along, self.of.partition("/")[2])


@dataclass(frozen=True)
class Picture:
    """What is drawn beside a claim."""
    draw: str
    of: str = ""              # TABLE/COLUMN; default that of the quantity
    x: str = ""               # against, heat: an option
    y: str = ""               # heat: an option; without both, rows and places of the vector column `of`
    group: tuple = ()         # options that tell curves apart; default those of `a` and `b`


@dataclass(frozen=True)
class Claim:
    name: str
    study: str
    essay: tuple              # numbers of the essay's claims that it decides
    says: str
    reading: str
    a: dict                   # option: values, of the runs whose quantity is compared
    quantity: Quantity
    better: str               # "lower", "higher": what the claim says of a's quantity
    effect: str               # of EFFECTS
    delta: float              # in the units of the effect, in the direction of the claim; of a ratio 0.1 is 10 %
    seeds: int
    why: str
    refuted_by: str
    b: dict | None = None     # of the other runs; absent: `than`
    than: float | None = None
    sweep: str = "sweep"      # the file of the runs, without .toml
    stage: str = ""
    workloads: tuple = ()     # options whose combinations are the workloads
    tuning: str = ""          # stage whose draws chose the settings; the sweep's file tells of all of them
    choices: dict = field(default_factory=dict)  # {stage that chose: options that are its winner's, none: all}
    picture: Picture = Picture("bars")


@dataclass(frozen=True)
class Profile:
    """Competitors whose times to a target are compared over workloads: a picture and scores, no verdict."""
    name: str
    competitors: str          # the option that tells them apart
    quantity: Quantity        # a time_to
    workloads: tuple
    sweep: str = "sweep"
    stage: str = ""


@dataclass
class Study:
    name: str
    folder: pathlib.Path
    question: str
    seconds: dict             # {budget: core-seconds}
    claims: list = field(default_factory=list)
    data: tuple = ()          # files and folders whose bytes the runs read
    profiles: list = field(default_factory=list)
    jobs: int | None = None   # runs at a time; None: as many as keep all cores busy

    def sweeps(self):
        """The files of the sweeps that the claims read, by name."""
        names = dict.fromkeys(one.sweep for one in [*self.claims, *self.profiles])
        return {name: self.folder / f"{name}.toml" for name in names}

    def selects(self, name, budget):
        """Whether a stage of this sweep chooses settings at this budget."""
        return sweep_file.SweepFile(_document(self.sweeps()[name])).selects(budget)

    def functions(self):
        """The file of the quantities that are written in Python."""
        return self.folder / "quantities.py"


@dataclass(frozen=True)
class EssayClaim:
    number: int
    section: str
    says: str
    studies: tuple
    against: tuple = ()      # comparisons that speak against it where they are supported
    differing: bool = False  # it holds where some comparisons are supported and others refuted
    beside: tuple = ()       # comparisons that are told with it and do not decide it


def find(folder):
    """{name: Study} of the studies in a folder, by name. Raises BadStudy."""
    paths = sorted(pathlib.Path(folder).glob(f"*/{CLAIMS_FILE}"))
    studies = {path.parent.name: read(path) for path in paths}
    names = {}
    for study in studies.values():
        for claim in study.claims:
            if claim.name in names:
                raise BadStudy(f"{study.folder / CLAIMS_FILE}: claim {claim.name}: there is one of this name in "
                               f"{names[claim.name]}")
            names[claim.name] = study.name
    return studies


def read(path):
    """The Study of a claims.toml. Raises BadStudy with file, claim and key."""
    path = pathlib.Path(path)
    document = _document(path)
    table = _Table(document, str(path))
    name = path.parent.name
    seconds = table.table("seconds")
    study = Study(name, path.parent, table.text("question"),
                  {budget: seconds.number(budget, least=0) for budget in BUDGETS},
                  data=tuple(table.texts("data", ())),
                  jobs=table.whole("jobs", None, least=1))
    seconds.end()
    for number, one in enumerate(table.tables("claim")):
        study.claims.append(_claim(one, name, f"claim {number + 1}"))
    study.profiles = [_profile(one) for one in table.tables("profile")]
    table.end()
    if not study.claims:
        raise BadStudy(f"{path}: has no [[claim]]")
    for name, file in study.sweeps().items():
        if not file.is_file():
            users = [one.name for one in [*study.claims, *study.profiles] if one.sweep == name]
            raise BadStudy(f"{path}: {users[0]}: sweep: there is no {file.name} beside it; expected the file's name "
                           "without .toml")
    for claim in study.claims:
        if claim.quantity.take == "python" and not study.functions().is_file():
            raise BadStudy(f"{path}: claim {claim.name}: there is no quantities.py beside it")
    if len({claim.name for claim in study.claims}) < len(study.claims):
        raise BadStudy(f"{path}: two claims have one name")
    _hold_to_sweeps(study, path)
    study.claims = [_with_choices(claim, _document(study.sweeps()[claim.sweep])) for claim in study.claims]
    return study


def _hold_to_sweeps(study, path):
    """Raises BadStudy where a claim selects what its sweep has not, before anything is run for it."""
    files = {name: sweep_file.SweepFile(_document(file)) for name, file in study.sweeps().items()}
    for claim in study.claims:
        file = files[claim.sweep]
        for key, stage in (("stage", claim.stage), ("tuning", claim.tuning)):
            if (stage or key == "stage") and stage not in file.stages:
                raise BadStudy(f"{path}: claim {claim.name}: {key}: {claim.sweep}.toml has no stage '{stage}'; "
                               f"expected one of {', '.join(file.stages)}")
        for key, side in (("a", claim.a), ("b", claim.b or {})):
            for option, values in side.items():
                for value in values:
                    if not file.may_have(option, value):
                        raise BadStudy(f"{path}: claim {claim.name}: {key}: {option}: {claim.sweep}.toml has no run "
                                       f"with {value!r}; expected one of {file.values_text(option)}")
                    like = file.like_value(option, value)
                    if like:
                        raise BadStudy(f"{path}: claim {claim.name}: {key}: {option}: {claim.sweep}.toml has no run "
                                       f"with {value!r}; is {like!r} meant to be it?")
    for one in [*study.claims, *study.profiles]:
        for option in one.workloads:
            like = files[one.sweep].like(option)  # else it may be one that the program gives a default
            if like:
                raise BadStudy(f"{path}: {one.name}: workloads: {one.sweep}.toml gives no option {option!r}; is {like!r} "
                               "meant to be it?")


def _with_choices(claim, document):
    """The claim with all the stages that chose settings of its runs, whether it names them or not."""
    choices = sweep_file.SweepFile(document).choices(claim.stage)
    if claim.tuning:
        choices.setdefault(claim.tuning, set())
    return replace(claim, choices={stage: tuple(sorted(options)) for stage, options in choices.items()})


def essay(path):
    """[EssayClaim] of a table of an essay's claims. Raises BadStudy."""
    table = _Table(_document(pathlib.Path(path)), str(path))
    found = []
    for one in table.tables("claim"):
        found.append(EssayClaim(int(one.number("number", least=1)), one.text("section"), one.text("says"),
                                tuple(one.texts("studies")), tuple(one.texts("against", ())),
                                one.flag("differing"), tuple(one.texts("beside", ()))))
        one.end()
    table.end()
    return found


def hold_essay_to(claims, studies, path):
    """Raises BadStudy where an essay's claims name what none of the studies has, or a study an essay's claim that there
    is not.
    """
    compared = {one.name: one for each in studies.values() for one in each.claims}
    for claim in claims:
        where = f"{path}: claim {claim.number}"
        for name in claim.studies:
            if name not in studies:
                raise BadStudy(f"{where}: studies: no study {name}; expected one of {', '.join(studies)}")
        for key in ("against", "beside"):
            for name in getattr(claim, key):
                if name not in compared:
                    raise BadStudy(f"{where}: {key}: no claim {name} in any study")
                if claim.number not in compared[name].essay:
                    raise BadStudy(f"{where}: {key}: {name} is none of its comparisons, which have essay = [..., "
                                   f"{claim.number}]")
    numbers = {claim.number for claim in claims}
    for one in compared.values():
        for number in one.essay if claims else ():
            if number not in numbers:
                raise BadStudy(f"claim {one.name}: essay: {number}; {path} has no claim of this number")


def _document(path):
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadStudy(f"{path}: {error}; expected claims in TOML") from None


def _claim(table, study, where):
    name = table.text("name")
    table.where = table.where.removesuffix(where) + f"claim {name}"
    quantity = _quantity(table.table("quantity"))
    b = table.take("b")
    claim = Claim(
        name=name, study=study, essay=tuple(map(int, table.numbers("essay"))), says=table.text("says"),
        reading=table.text("reading"), a=_choice(table.take("a"), table, "a"), quantity=quantity,
        better=table.one_of("better", ("lower", "higher")), effect=table.one_of("effect", EFFECTS),
        delta=table.number("delta"), seeds=table.whole("seeds", least=2), why=table.text("why"),
        refuted_by=table.text("refuted_by"), b=None if b is None else _choice(b, table, "b"),
        than=table.number("than", None), sweep=table.text("sweep", "sweep"), stage=table.text("stage", ""),
        workloads=tuple(table.texts("workloads", ())), tuning=table.text("tuning", ""),
        picture=_picture(table.table("picture", {"draw": "bars"}), quantity))
    table.end()
    if (claim.b is None) == (claim.than is None):
        raise BadStudy(f"{table.where}: expected one of b = {{option = value}} and than = number")
    if claim.a == claim.b:
        raise BadStudy(f"{table.where}: a and b are the same runs: expected options in which they differ")
    if claim.effect == "ratio" and claim.delta <= -1:
        raise BadStudy(f"{table.where}: delta: {claim.delta:g}, expected more than -1, which is all of a ratio's effect")
    return claim


def _profile(table):
    profile = Profile(table.text("name"), table.text("competitors"), _quantity(table.table("quantity")),
                      tuple(table.texts("workloads")), table.text("sweep", "sweep"), table.text("stage", ""))
    table.end()
    if profile.quantity.take != "time_to":
        raise BadStudy(f"{table.where}: quantity: take: '{profile.quantity.take}', expected time_to")
    return profile


def _choice(found, table, key):
    if not isinstance(found, dict) or not all(isinstance(value, (str, int, float, list)) for value in found.values()):
        raise BadStudy(f"{table.where}: {key}: expected {{option = value, option = [value, value]}}")
    return {sweep_file.plain(name): value if isinstance(value, list) else [value] for name, value in found.items()}


def _quantity(table):
    take = table.one_of("take", tuple(TAKES))
    need = TAKES[take]
    quantity = Quantity(
        take=take, of=_column(table, "of", "" if take == "python" else None),
        by=_column(table, "by") if "by" in need else "",
        target=table.target() if "target" in need else None,
        along=table.text("along") if "along" in need else "step", to=_column(table, "to") if "to" in need else "",
        function=table.text("function") if "function" in need else "", place=table.take("place"),
        over=table.text("over", ""), then=table.one_of("then", tuple(FAMILIES), ""), within=table.number("within", 0.1),
        draws=int(table.number("draws", 0)))
    table.end()
    if bool(quantity.over) != bool(quantity.then):
        raise BadStudy(f"{table.where}: over = \"OPTION\" and then = one of {', '.join(FAMILIES)} come together")
    if ("draws" in FAMILIES.get(quantity.then, ())) != (quantity.draws > 0):
        raise BadStudy(f"{table.where}: draws = NUMBER and then = \"best_of\" or \"regret\" come together")
    return quantity


def _column(table, key, default=None):
    text = table.text(key, default)
    if text and text.count("/") != 1:
        raise BadStudy(f"{table.where}: {key}: '{text}', expected TABLE/COLUMN")
    return text


def _picture(table, quantity):
    picture = Picture(table.one_of("draw", DRAWS), _column(table, "of", quantity.of), table.text("x", ""),
                      table.text("y", ""), tuple(table.texts("group", ())))
    table.end()
    if picture.draw == "against" and not picture.x or bool(picture.y) != (picture.draw == "heat" and bool(picture.x)):
        raise BadStudy(f"{table.where}: {picture.draw}: expected x = \"OPTION\", and of heat y too or neither")
    return picture


class _Table:
    """A table of a TOML file, of which every key is to be taken."""

    def __init__(self, document, where):
        self.document, self.where, self.known = dict(document), where, []

    def take(self, key, default=None):
        self.known.append(key)
        return self.document.pop(key, default)

    def _expect(self, key, default, kind, what):
        self.known.append(key)
        if key not in self.document:
            if default is None:
                like = difflib.get_close_matches(key, self.document, 1)
                raise BadStudy(f"{self.where}: {key} is missing: expected {what}"
                               f"{f'; is {like[0]!r} meant to be it?' if like else ''}")
            return default
        value = self.document.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BadStudy(f"{self.where}: {key}: {value!r}, expected {what}")
        return value

    def text(self, key, default=None):
        return self._expect(key, default, str, "a text")

    def flag(self, key):
        value = self.take(key, False)
        if not isinstance(value, bool):
            raise BadStudy(f"{self.where}: {key}: {value!r}, expected true or false")
        return value

    def number(self, key, *default, least=None):
        if default and key not in self.document:
            self.known.append(key)
            return default[0]
        value = self._expect(key, None, (int, float), "a number")
        if not math.isfinite(value):
            raise BadStudy(f"{self.where}: {key}: {value}, expected a finite number")
        if least is not None and value < least:
            raise BadStudy(f"{self.where}: {key}: {value}, expected at least {least}")
        return value

    def whole(self, key, *default, least):
        value = self.number(key, *default, least=least)
        if isinstance(value, float):
            raise BadStudy(f"{self.where}: {key}: {value}, expected a whole number")
        return value

    def target(self):
        """A number, or a table of them by workload."""
        if not isinstance(self.document.get("target"), dict):
            return self.number("target")
        targets = self.table("target")
        found = {name: targets.number(name) for name in list(targets.document)}
        if not found:
            raise BadStudy(f"{targets.where}: expected a number for each workload")
        return found

    def texts(self, key, default=None):
        found = self._expect(key, default, (list, tuple), "a list of texts")
        if not all(isinstance(one, str) for one in found):
            raise BadStudy(f"{self.where}: {key}: {found!r}, expected a list of texts")
        return found

    def numbers(self, key):
        found = self._expect(key, None, list, "a list of numbers")
        if not all(isinstance(one, int) for one in found):
            raise BadStudy(f"{self.where}: {key}: {found!r}, expected a list of whole numbers")
        return found

    def one_of(self, key, choices, default=None):
        value = self.text(key, default)
        if value not in choices and value != default:
            raise BadStudy(f"{self.where}: {key}: '{value}', expected one of {', '.join(choices)}")
        return value

    def table(self, key, default=None):
        found = self._expect(key, default, dict, "a table")
        return _Table(found, f"{self.where}: {key}")

    def tables(self, key):
        found = self._expect(key, [], list, f"tables [[{key}]]")
        if not all(isinstance(one, dict) for one in found):
            raise BadStudy(f"{self.where}: {key}: expected tables [[{key}]]")
        return [_Table(one, f"{self.where}: {key} {number + 1}") for number, one in enumerate(found)]

    def end(self):
        for key in self.document:
            like = difflib.get_close_matches(key, self.known, 1)
            raise BadStudy(f"{self.where}: unknown key '{key}'; expected "
                           f"{like[0] if like else 'one of ' + ', '.join(dict.fromkeys(self.known))}")
