"""What a verdict rests on: digests of the claims, the sweep and the data, which each run keeps, and the program's."""
import functools
import hashlib
import os
import pathlib

SHOWN = 16  # hexadecimal digits of a digest that runs keep


@functools.lru_cache(maxsize=None)
def digest_of_file(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=None)
def digest_of(paths):
    """Of the bytes of files, and of the files in folders with their names; of a path that is not there, of that."""
    whole = hashlib.sha256()
    for path in paths:
        files = sorted(pathlib.Path(path).rglob("*")) if os.path.isdir(path) else [pathlib.Path(path)]
        for file in files:
            told = digest_of_file(file) if file.is_file() else "nothing"
            whole.update(f"{file.name} {told}\n".encode())
    return whole.hexdigest()[:SHOWN]


def text_of(study, sweep):
    """What the runs of one of a study's sweeps are made for, as they keep it."""
    parts = {"claims": digest_of((str(study.folder / "claims.toml"),)), "sweep": digest_of((str(sweep),)),
             "data": digest_of(study.data)}
    return " ".join([study.name, *(f"{name}={digest}" for name, digest in parts.items())])


def stale(study, sweep, runs, programs):
    """Reasons why runs are not those of what lies there now; an empty list where they are.

    programs: {name: its digest}, of those that are there.
    """
    now = text_of(study, sweep).split()
    reasons = {}
    for run in runs:
        told = str(run.attributes.get("study") or "").split()
        if not told:
            reasons["its runs do not say what they were made for"] = None
        for mine, theirs in zip(now, told):
            if mine != theirs:
                reasons[f"the {mine.partition('=')[0]} differ from those of its runs"] = None
        program, built = run.attributes.get("program"), run.attributes.get("executable_sha256")
        if program in programs and programs[program] != built:
            reasons[f"{program} is another build than that of its runs"] = None
    return list(reasons)


def programs_in(folder):
    """{name: digest} of the executables in a folder."""
    return {path.name: digest_of_file(path) for path in pathlib.Path(folder).glob("*")
            if path.is_file() and os.access(path, os.X_OK)}
