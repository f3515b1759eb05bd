"""Files that vouch for themselves: JSON objects whose member "seal" is the SHA-256 of the file with that seal as zeros.

What is wrong with a file is one of two: it is damaged, or it cannot be read now, which says nothing about its content.
"""
import hashlib
import json
import math
import os
import stat

# As experiments/records has them, which tests/tools/runs_test.py holds them to.
SCHEMA, OLDEST_SCHEMA = 3, 2  # what is written; files are read from the oldest on
CONFIG_FILE, LOG_FILE, RUN_FILE, COMPLETION_FILE = RECORDS = ("config.json", "metrics.log", "run.h5", "complete.json")
TABLE_FILE = "sweep.json"
RESULTS = ("completed", "diverged")
ENDS = (*RESULTS, "failed", "interrupted")
LARGEST_JSON = 1 << 30  # bytes
SEAL = slice(-68, -4)    # where its digits lie: the file ends with  "seal": "..."\n}\n


class Damaged(Exception):
    """The bytes are there and are not what a program of ours wrote."""


class Unread(Exception):
    """Nothing is known of the content: the system refuses to read (disk, network, permissions, limits), or we do."""

    def __init__(self, why):
        super().__init__(f"cannot be read now: {why.strerror or why}" if isinstance(why, OSError) else why)


class OtherSchema(Unread):
    """Written by another version of our programs."""

    def __init__(self, schema):
        super().__init__(f"is of schema {schema!r}, written by another version; expected {OLDEST_SCHEMA} to {SCHEMA}")


def read_bytes(path, most):
    """The bytes of a regular file; FileNotFoundError if there is none. Never waits for a pipe's other end."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except OSError as error:
        raise Unread(error) from None
    try:
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode):
            raise Damaged("is not a regular file")
        if state.st_size > most:
            raise Unread(f"has {state.st_size} bytes, more than the {most} that are read")
        parts, missing = [], state.st_size
        while missing and (part := os.read(file, missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
    except OSError as error:
        raise Unread(error) from None
    finally:
        os.close(file)


def _members(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"names {next(name for name in names if names.count(name) > 1)!r} twice")
    _check_numbers(members.values())
    return members


def _check_numbers(values):
    for value in values:
        if type(value) is int:
            if not -2 ** 63 <= value < 2 ** 64:
                raise ValueError("holds an integer of more than 64 bits")
        elif type(value) is float:
            if not math.isfinite(value):
                raise ValueError("holds a number out of range")
        elif type(value) is list:
            _check_numbers(value)


def _constant(text):
    raise ValueError(f"holds {text}, which is not JSON")


def parse_object(data):
    """A JSON object of what our programs write: finite numbers, integers of 64 bits, no name twice."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_constant)
    except UnicodeDecodeError:
        raise Damaged("is not UTF-8") from None
    except RecursionError:
        raise Damaged("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Damaged(f"is not JSON: {error}") from None
    except ValueError as error:
        raise Damaged(str(error)) from None
    if not isinstance(value, dict):
        raise Damaged("is not a JSON object")
    return value


def _holds(data):
    """Whether the seal, where a file has its own, is that of its content."""
    seal = data[SEAL].decode("ascii", "replace")
    return hashlib.sha256(data[:SEAL.start] + b"0" * len(seal) + data[SEAL.stop:]).hexdigest() == seal


def check_seal(path):
    """Of a file whose content does not matter. Raises FileNotFoundError, Damaged or Unread."""
    data = read_bytes(path, LARGEST_JSON)
    if not _holds(data):
        read_sealed(path)  # says what is wrong


def read_sealed(path):
    """The content of a sealed file. Raises FileNotFoundError, Damaged or Unread (OtherSchema)."""
    data = read_bytes(path, LARGEST_JSON)
    value = parse_object(data)
    if "seal" not in value and value.get("schema") == 1:
        raise OtherSchema(1)  # had no seals
    if value.get("seal") != data[SEAL].decode("ascii", "replace"):
        raise Damaged("does not end with a seal")
    if not _holds(data):
        raise Damaged("its seal does not match its content")
    schema = value.get("schema")
    if not isinstance(schema, int) or not OLDEST_SCHEMA <= schema <= SCHEMA:
        raise OtherSchema(schema)
    return value


def options_of(document):
    """{name with underscores: number, text or boolean} of a document's "options"."""
    options = document.get("options", {})
    if not isinstance(options, dict):
        raise Damaged("its options are not an object")
    for name, value in options.items():
        if not isinstance(value, (bool, int, float, str, type(None))):
            raise Damaged(f"its option {name!r} is not a number, a text or a boolean")
    return {name.lstrip("-").replace("-", "_"): value for name, value in options.items()}
