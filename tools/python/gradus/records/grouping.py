"""Which runs are the same configuration, and which options tell them apart. All of it by value."""
from .sealed import RESULTS
from .values import identity, is_number, number_in

# What repeats a configuration instead of making another. Of a run that goes on from a step of another one, that is also
# which run it was (`fork`, and the seeds of its streams): the other options are that one's, and fork_step tells the step.
APART = ("seed", "fork", "streams")
STAGE = "stage"


def configuration(run, without=()):
    """Equal for runs of one program whose options are equal by value, however they were written."""
    return run.program, frozenset((name, identity(value)) for name, value in run.options.items()
                                  if value is not None and name not in without)


def fill_in(runs):
    """Gives runs that left no record the options of those that were given the same, which are the effective ones.

    Types come from the known runs: a given "+0.1" is a number where the option is one.
    """
    examples, known = {}, {}
    for run in runs:
        if run.effective:
            examples.update(((run.program, name), value) for name, value in run.options.items())

    def given(run):
        typed = {name: _like(value, examples.get((run.program, name))) for name, value in run.given.items()}
        return typed, (run.program, frozenset((name, identity(value)) for name, value in typed.items()
                                              if name not in APART))
    for run in runs:
        if run.effective and run.given:
            known.setdefault(given(run)[1], run)
    for run in runs:
        if not run.effective:
            run.options, key = given(run)
            if key in known:
                like = known[key].options  # a name that is not there is another word for one that is
                run.options = {**like, **{name: 0 for name in APART if name in like},
                               **{name: value for name, value in run.options.items() if name in like}}
                run.effective = True
    for run in runs:
        _tell_of_beginning(run)


def _tell_of_beginning(run):
    """As options: the stage of a sweep, and the step of a fork."""
    fork = run.options.get("fork")
    step = number_in(fork.rpartition("@")[2]) if isinstance(fork, str) else None
    more = {**({STAGE: run.stage} if run.stage else {}), **({"fork_step": step} if step is not None else {})}
    if more:
        run.options, run.given = {**run.options, **more}, {**run.given, **more}


def _like(value, example):
    number = number_in(value) if isinstance(value, str) and is_number(example) else None
    return value if number is None else number


def count_once(runs, fill_in_fingerprints=lambda runs: None):
    """(runs of which no two are the same configuration and seed, notes on those left out).

    Of several a completed one counts, else one that diverged; of several such, the one started first; then the first by
    name.
    fill_in_fingerprints(runs): of those that are the same as others, to be compared.
    """
    same = {}
    for run in runs:
        # Runs of anything else may not tell their seed.
        key = configuration(run) if run.effective and run.rows is None else run.name
        same.setdefault(key, []).append(run)
    fill_in_fingerprints([run for group in same.values() if len(group) > 1 for run in group])
    kept, agree, differ = [], [], []
    for group in same.values():
        group.sort(key=lambda run: (run.status != "completed", run.status not in RESULTS,
                                    str(run.attributes.get("started", "~")), run.name))
        kept.append(group[0])
        if len(group) > 1:
            results = {(run.status, run.fingerprint) for run in group if run.fingerprint}
            (differ if len(results) > 1 else agree).append(
                f"{group[0].name} is taken, {', '.join(run.name for run in group[1:])} left out")
    notes = ["One configuration and seed counts once: " + "; ".join(agree) + "."] if agree else []
    notes += ["Runs of one configuration and seed have results that differ, seconds apart; one of each counts: "
              + "; ".join(differ) + "."] if differ else []
    return kept, notes


def differing(runs, without=APART):
    """Names of the options whose values differ among runs, an absent one counting as a value."""
    names = dict.fromkeys(name for run in runs for name in run.options if name not in without)
    return [name for name in names if len({identity(run.options.get(name)) for run in runs}) > 1]


def telling(runs):
    """Options that tell the configurations of runs apart: each divides what those before it leave together.

    First the optimizer, then those that were given, then those that most runs have; what follows from others, as a
    number that only one optimizer has, is not among them.
    """
    preferred = dict.fromkeys(name for run in runs for name in run.given)
    known = [run for run in runs if run.effective] or runs
    present = {name: sum(name in run.options for run in known) for name in differing(known)}
    rank = {name: place for place, name in enumerate(preferred)}
    names = sorted(present, key=lambda name: (name not in ("program", "optimizer"), rank.get(name, len(rank)),
                                              -present[name], name))
    chosen, classes, parts = [], [()] * len(known), 1
    for name in names:
        finer = [(*old, identity(run.options.get(name))) for old, run in zip(classes, known)]
        if len(set(finer)) > parts:
            chosen, classes, parts = chosen + [name], finer, len(set(finer))
    return _needed(known, chosen, {"program", "optimizer", *preferred})


def _needed(runs, chosen, kept):
    """Without those, from the last, that the others make superfluous."""
    def parts(names):
        return len({tuple(identity(run.options.get(name)) for name in names) for run in runs})
    for name in reversed(chosen):
        rest = [other for other in chosen if other != name]
        if name not in kept and parts(rest) == parts(chosen):
            chosen = rest
    return chosen
