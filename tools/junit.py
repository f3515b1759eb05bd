"""Sums up a JUnit record that ctest wrote: junit.py RECORD CTEST_EXIT_CODE. Exit code 0 if none failed."""
import os
import sys
import xml.etree.ElementTree as xml

MOST_NAMES = 20


def state(case):
    """passed, failed, skipped, disabled, or not run (its program is missing, or what it needs failed)."""
    status = case.get("status")
    if status == "run" and case.find("failure") is None and case.find("error") is None:
        return "passed"
    if status == "disabled":
        return "disabled"
    if status == "notrun":
        reason = case.find("skipped")
        asked = reason is not None and reason.get("message", "").startswith("SKIP_")  # the test's own property
        return "skipped" if asked else "not run"
    return "failed"


def summary(cases, code):
    """(a line, whether all is well)"""
    names = {}
    for case in cases:
        names.setdefault(state(case), []).append(str(case.get("name")))
    if not names:
        return "no tests were found", False
    parts = [f"{len(names.get('passed', ()))} of {sum(map(len, names.values()))} tests passed"]
    for kind in ("failed", "not run", "skipped", "disabled"):
        if kind in names:
            more = ", …" if len(names[kind]) > MOST_NAMES else ""
            parts.append(f"{len(names[kind])} {kind} ({', '.join(names[kind][:MOST_NAMES])}{more})")
    good = not names.keys() & {"failed", "not run"} and "passed" in names
    if code and good:
        parts.append(f"ctest ended with exit code {code}")
    return ", ".join(parts), good and code == 0


def main(path, code):
    try:
        line, good = summary(xml.parse(path).getroot().iter("testcase"), int(code))
    except FileNotFoundError:
        line, good = f"ctest did not finish (exit code {code}, no record)", False
    except (OSError, xml.ParseError) as error:
        line, good = f"ctest did not finish (exit code {code}; {path}: {error})", False
    os.write(1, (line + "\n").encode("utf-8", "backslashreplace"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
