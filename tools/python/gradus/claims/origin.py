"""What a verdict rests on: digests of the claims, the sweep and the data, which each run keeps, and the program's."""
import functools
import hashlib
import pathlib

from .study import BadStudy

SHOWN = 16  # hexadecimal digits of a digest that runs keep


@functools.lru_cache(maxsize=None)
def digest_of_file(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=None)
def digest_of(paths):
    """Of the bytes of files, and of the files in folders, with their names. Raises BadStudy for what is not there."""
    whole = hashlib.sha256()
    for path in map(pathlib.Path, paths):
        if not path.exists():
            raise BadStudy(f"no data at {path}: expected what a claims.toml names as what its runs read")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                whole.update(f"{file.name} {digest_of_file(file)}\n".encode())
    return whole.hexdigest()[:SHOWN]


def text_of(study, sweep):
    """What the runs of one of a study's sweeps are made for, as they keep it."""
    parts = {"claims": digest_of((str(study.folder / "claims.toml"),)), "sweep": digest_of((str(sweep),)),
             "data": digest_of(study.data)}
    if study.functions().is_file():
        parts["functions"] = digest_of((str(study.functions()),))
    return " ".join([study.name, *(f"{name}={digest}" for name, digest in parts.items())])


def stale(study, sweep, runs, programs):
    """Reasons why runs are not those of what lies there now; an empty list where they are.

    programs: the folder of those that are built; one that is not there is not compared.
    """
    try:
        now = text_of(study, sweep).split()
    except BadStudy as problem:
        return [str(problem)]
    reasons = {}
    for run in runs:
        told = dict(word.partition("=")[::2] for word in str(run.attributes.get("study") or "").split())
        if not told:
            reasons["its runs do not say what they were made for"] = None
        for name, digest in (word.partition("=")[::2] for word in now):
            if told.get(name, digest) != digest:  # an older run does not tell all
                reasons[f"the {name} differ from those of its runs"] = None
        program = run.attributes.get("program") or ""
        if (programs / program).is_file() and digest_of_file(programs / program) != run.attributes.get(
                "executable_sha256"):
            reasons[f"{program} is another build than that of its runs"] = None
    return list(reasons)
