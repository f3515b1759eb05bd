#!/usr/bin/python3
"""What the sweep tool takes for a specification in TOML is TOML: Python's tomllib reads it too.

usage: toml_agreement_test.py BIN_DIRECTORY [FOLDER ...]    (default: the target's corpus and the studies of this project;
a corpus that a campaign has grown, build-fuzz/campaign/sweep_toml/corpus, by hand)
"""
import pathlib
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MOST = 2000  # files to one process


def accepted(program, files):
    for at in range(0, len(files), MOST):
        told = subprocess.run([program, "--verdicts", *files[at:at + MOST]], stdout=subprocess.PIPE, check=True).stdout
        for line in told.decode().splitlines():
            if line.endswith(": accepted"):
                yield line.removesuffix(": accepted")


def main():
    program = pathlib.Path(sys.argv[1]).resolve() / "fuzz_sweep_toml"
    studies = [*ROOT.glob("experiments/*/*.toml"), *ROOT.glob("docs/examples/*.toml")]
    folders = [pathlib.Path(name) for name in sys.argv[2:]]
    files = sorted(str(path) for folder in folders or [HERE / "corpus/sweep_toml"] for path in folder.iterdir())
    if not folders:
        files += sorted(str(path) for path in studies if path.name != "claims.toml")
    taken, other = list(accepted(program, files)), []
    for name in taken:
        try:
            tomllib.loads(pathlib.Path(name).read_bytes().decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            other.append(f"{name}: {error}")
    print(f"{len(files)} files, {len(taken)} accepted, of which tomllib refuses {len(other)}")
    print("\n".join(other[:20]))
    # The project's own are specifications all.
    lost = [] if folders else [str(path) for path in studies if path.name != "claims.toml" and str(path) not in taken]
    if lost:
        print("refused, though it is a study's: " + ", ".join(lost))
    return 1 if other or lost or not taken else 0


if __name__ == "__main__":
    sys.exit(main())
