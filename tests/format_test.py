#!/usr/bin/python3
"""Every C++ file as clang-format 14 leaves it, in lines of 120 columns, with one statement in each.

Ends with 77 (skipped) where clang-format-14 is not installed.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = 120
CLANG_FORMAT = shutil.which("clang-format-14")


def sources():
    listed = subprocess.run(["git", "ls-files", "-z", "*.h", "*.cpp"], cwd=ROOT, capture_output=True, check=True).stdout
    return sorted(path for name in listed.decode().split("\0") if name and (path := ROOT / name).exists())


def outermost(statement):
    """The statement without what stands in brackets, strings or a comment."""
    statement = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'|//.*', "_", statement)
    statement = re.sub(r"(?<=\w)<[^<>;=()]*>", "", statement)
    kept, depth = [], 0
    for character in statement:
        if character in ")]}":
            depth = max(depth - 1, 0)
        elif character in "([{":
            depth += 1
        elif depth == 0:
            kept.append(character)
    return "".join(kept)


# `return a = b, c;` and `if (x) a = b, c = d;`, but neither the declaration `double a = b, c = d;` nor a designated
# initialiser.
TARGET = r"(\+\+|--)?[\w>*][\w.>*-]*(\s*(?:[-+*/%|&]|<<|>>)?=\s|\+\+|--|(?=[,;]))"
JOINED = re.compile(
    rf"^\s*((else )?(if|for|while)\b|else )?\s*(return [\w.>-]+ [-+*/]?= [^,]*,|{TARGET}[^,]*,\s*{TARGET})")


def joined(line):
    """Whether commas join statements in this line."""
    statement = outermost(line)
    return statement.rstrip().endswith(";") and "=" in statement + "=" * ("++" in statement) and JOINED.match(
        statement) is not None


class Format(unittest.TestCase):
    def test_clang_format(self):
        result = subprocess.run([CLANG_FORMAT, "--dry-run", "-Werror", "--ferror-limit=5", *sources()], cwd=ROOT)
        self.assertEqual(result.returncode, 0)

    def test_columns(self):
        wide = [f"{path.relative_to(ROOT)}:{number}" for path in sources()
                for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if len(line) > COLUMNS]
        self.assertEqual(wide, [], f"lines of more than {COLUMNS} columns")

    def test_one_statement_a_line(self):
        found = [f"{path.relative_to(ROOT)}:{number}: {line.strip()}" for path in sources()
                 for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if joined(line)]
        self.assertEqual(found, [], "statements joined by commas")

    def test_what_counts_as_joined(self):
        for line in ("  a = 1, b = 2;", "  return report.reason = Reason::kStopped, false;",
                     "  x.y += f(1, 2), z->w = 3;", "  if (f(x)) a = 1, b = 2;", "  bits >>= 1, --left;",
                     "  else ++a, b += c;"):
            self.assertTrue(joined(line), line)
        for line in ("  double a = 1, b = 2;", "  return f(a, b);", "  a = f(1, 2);", "  const auto [a, b] = f(c, d);",
                     "  for (i = 0, j = 1; i < j; ++i) f(i);", '  throw Error("a = 1, b = 2");', "  x = {1, 2};",
                     "  .padding = f(u), .groups = g};", "  using A = B<C, D>;"):
            self.assertFalse(joined(line), line)


if __name__ == "__main__":
    if CLANG_FORMAT is None:
        print("skipped: clang-format-14 is not installed")
        sys.exit(77)
    unittest.main()
