"""What a verdict rests on: digests of the claims, the sweep and the data, which each run keeps, and the program's."""
import functools
import hashlib
import pathlib
import re
import subprocess

from .study import BadStudy

SHOWN = 16  # hexadecimal digits of a digest that runs keep
BUILD_INFO = "experiments/records/generated/gradus_build_info.h"  # of a build: what its programs say of it
# What every program is compiled from, beside the folder of its own.
COMPILED = ("CMakeLists.txt", "CMakePresets.json", "cmake", "process", "settings", "autodiff", "nn", "optim",
            "experiments/CMakeLists.txt", "experiments/lab", "experiments/records", "experiments/workloads",
            "experiments/problems")
NOT_COMPILED = ("md", "toml", "py")


@functools.lru_cache(maxsize=None)
def digest_of_file(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=None)
def digest_of(paths):
    """Of the bytes of files, and of the files in folders, with their names, but for what Python makes of a script. Raises
    BadStudy for what is not there.
    """
    whole = hashlib.sha256()
    for path in map(pathlib.Path, paths):
        if not path.exists():
            raise BadStudy(f"no data at {path}: expected what a claims.toml names as what its runs read")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.parent.name != "__pycache__":
                whole.update(f"{file.name} {digest_of_file(file)}\n".encode())
    return whole.hexdigest()[:SHOWN]


def text_of(study, sweep):
    """What the runs of one of a study's sweeps are made for, as they keep it."""
    parts = {"claims": digest_of((str(study.folder / "claims.toml"),)), "sweep": digest_of((str(sweep),)),
             "data": digest_of(study.data)}
    if study.functions().is_file():
        parts["functions"] = digest_of((str(study.functions()),))
    return " ".join([study.name, *(f"{name}={digest}" for name, digest in parts.items())])


def made_of_same_sources(programs, program, run):
    """Whether the program that is built there differs from the run's in nothing but the commit that it is told: neither
    was built of changed files, and what is compiled into it is the same in both commits, and by what it is compiled.
    """
    told = run.attributes
    if told.get("gradus_dirty", 1) or told.get("git_dirty", 1) or told.get("git_commit") != told.get("gradus_commit"):
        return False
    built = _build_info(programs, program)
    return (not built.get("DIRTY", 1) and built.get("COMPILER") == told.get("compiler")
            and built.get("COMPILER_FLAGS") == told.get("compiler_flags")
            and _same_sources(programs, program, str(told["gradus_commit"]), built["COMMIT"]))


@functools.lru_cache(maxsize=None)
def _build_info(programs, program):
    """{COMMIT, DIRTY, COMPILER, COMPILER_FLAGS} of a program in the folder `bin` of a build; empty where it was made
    before what is there was written.
    """
    header = programs.parent / BUILD_INFO
    try:
        if (programs / program).stat().st_mtime < header.stat().st_mtime:
            return {}
        text = header.read_text()
    except OSError:
        return {}
    found = re.findall(r'#define GRADUS_(\w+) (?:"(.*)"|(\d+))', text)
    return {name: int(number) if number else words for name, words, number in found}


@functools.lru_cache(maxsize=None)
def _same_sources(programs, program, old, new):
    """Whether git finds in both commits the same of what is compiled into a program. programs: in the checkout."""
    def git(*arguments):
        return subprocess.run(["git", "-C", str(programs), *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
    try:
        if not re.fullmatch("[0-9a-f]{40,64}", old):
            return False
        own = git("grep", "--full-name", "-lF", f"add_executable({program} ", new, "--", ":(top)experiments")
        folders = [line.partition(":")[2].rpartition("/")[0] for line in own.stdout.splitlines()]
        if len(folders) != 1:
            return False
        paths = [*(f":(top){path}" for path in (*COMPILED, *folders)),
                 *(f":(top,exclude)*.{ending}" for ending in NOT_COMPILED)]
        return git("diff", "--quiet", f"{old}^{{commit}}", f"{new}^{{commit}}", "--", *paths).returncode == 0
    except OSError:
        return False


def stale(study, sweep, runs, programs):
    """Reasons why runs are not those of what lies there now; an empty list where they are.

    programs: the folder of those that are built; one that is not there is not compared. One that was built anew of the
    same sources, as after a commit of documents, is the runs' own.
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
        if ((programs / program).is_file()
                and digest_of_file(programs / program) != run.attributes.get("executable_sha256")
                and not made_of_same_sources(programs, program, run)):
            reasons[f"{program} is another build than that of its runs"] = None
    return list(reasons)
