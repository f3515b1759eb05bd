#!/usr/bin/python3
"""Every study at the budget "smoke", from the sweeps to the report: each claim must be measured, whatever comes of it.
`full` is planned: the sweep tool and the programs take all of its runs.

Usage: claims_smoke.py BUILD_BIN_DIR [STUDY...]
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "python"))
from gradus.claims import study  # noqa: E402

# What a budget of seconds cannot but lack.
TOO_SMALL = re.compile(r"(\d+ seeds?, \d+ were planned|no run came to the target|not every run came to the target"
                       r"|no side's loss has fallen by \d+%|on neither side half of the runs came to the target"
                       r"|two timings of a step differ by [\d.]+%"
                       r"|^sweep: stage \S+: no run of any setting of .* has come to .*: the first of them is taken)$")


def main(programs, *names):
    names = names or tuple(study.find(ROOT / "experiments"))
    with tempfile.TemporaryDirectory() as folder:
        planned = subprocess.run([ROOT / "tools" / "claims", "--budget", "full", "--programs", programs, "--output",
                                  f"{folder}/full", "--dry-run", *(f"--study={name}" for name in names)],
                                 capture_output=True, text=True)
        assert planned.returncode == 0, planned.stderr
        command = [ROOT / "tools" / "claims", "--budget", "smoke", "--programs", programs, "--output", f"{folder}/out",
                   "--pages", f"{folder}/pages", *(f"--study={name}" for name in names)]
        environment = {**os.environ, "GRADUS_CACHE": f"{folder}/cache"}
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
        problems = [line for line in result.stderr.splitlines()
                    if not all(TOO_SMALL.search(part) for part in line.split("; "))]
        print(result.stdout)
        assert result.returncode == 0 and not problems, (result.returncode, "\n".join(problems))
        page = pathlib.Path(f"{folder}/out/report.html").read_text()
        told = pathlib.Path(f"{folder}/pages/README.md").read_text()
        for name in names:
            for claim in study.read(ROOT / "experiments" / name / "claims.toml").claims:
                assert f'id="claim-{claim.name}"' in page and f"### {claim.name}" in told, claim.name
    # The same command again has nothing to do: told by the sweep tool's own tests.


if __name__ == "__main__":
    main(*sys.argv[1:])
