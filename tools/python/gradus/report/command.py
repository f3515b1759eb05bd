"""What the Python tools share: one line for whatever goes wrong, output that arrives or fails, files replaced whole."""
import argparse
import importlib
import os
import secrets
import stat
import sys
import warnings

from ..records.sealed import RECORDS, TABLE_FILE
from ..records.values import escaped

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy starts threads that nothing here needs


class Failure(Exception):
    """What to tell the user in one line; `code` is the exit code: 1 a file or the system, 2 bad usage."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


def run(program, main):
    """Calls a tool's main and ends the process with the code that it returns, or with a line on standard error."""
    warnings.simplefilter("ignore")  # of libraries: a missing glyph, an overflow in a mean that is shown as such
    try:
        # A file of ours that came to be number 1 or 2 would take what is meant for the terminal.
        closed = [number for number in (0, 1, 2) if not _is_open(number)]
        while closed and os.open(os.devnull, os.O_RDWR) < closed[-1]:
            pass
        if 1 in closed:
            raise Failure("standard output is closed")
        code = main() or 0
    except Failure as failure:
        warn(program, failure)
        code = failure.code
    except BrokenPipeError:
        code = 1  # who read our output has gone, and knows
    except KeyboardInterrupt:
        code = 130
    except MemoryError:
        warn(program, "out of memory")
        code = 1
    except Exception as error:
        warn(program, f"unexpected {type(error).__name__}: {error}")
        code = 1
    os._exit(code)  # nothing of ours is buffered, and no destructor has a last word


def _is_open(number):
    try:
        os.fstat(number)
        return True
    except OSError:
        return False


def warn(program, message):
    try:
        os.write(2, f"{program}: {escaped(message)}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # there is nobody left to tell


def say(text):
    """Writes text and a newline to standard output at once; where that fails, it is an error now and not at exit."""
    encoding = (sys.stdout and sys.stdout.encoding) or "utf-8"
    data = (text + "\n").encode(encoding, "backslashreplace")
    try:
        while data:
            data = data[os.write(1, data):]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Failure(f"cannot write standard output: {error.strerror}") from None


def width():
    """Columns of the terminal that standard output is; None where it is none, so that a file or a pipe gets all."""
    try:
        return os.get_terminal_size(1).columns or None
    except OSError:
        return None


def drawing(*names):
    """Modules beside this one that draw. matplotlib is slow to load: only when there is something to draw."""
    try:
        return [importlib.import_module(f"gradus.report.{name}") for name in names]
    except Exception as error:  # its configuration and caches lie in the user's hands
        raise Failure(f"cannot load matplotlib: {error}; expected Debian's python3-matplotlib") from None


class Parser(argparse.ArgumentParser):
    """argparse with errors of one line and exit code 2, and help that notices a full disk."""

    def error(self, message):
        raise Failure(f"{message} (see {self.prog} --help)", 2)

    def _print_message(self, message, file=None):
        say(message.rstrip("\n"))


def path(text):
    """The type of an option that names a file or folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty text is no path")
    return text


def check_target(target):
    """Refuses, before any work is done, a path that cannot be written."""
    folder, name = os.path.split(os.path.realpath(target))
    if not os.path.isdir(folder):
        raise Failure(f"cannot write {target}: no such folder: {folder}")
    if not name or os.path.isdir(target):
        raise Failure(f"cannot write {target}: it is a folder")
    if name in (*RECORDS, TABLE_FILE):
        raise Failure(f"cannot write {target}: {name} is a record of runs; expected another name", 2)


def replace(target, content):
    """Writes bytes to a new file and renames it, so that a reader meets the old file or the new one, never half of one.

    A link is followed; into what is no regular file (a device, a pipe) is written.
    """
    target = os.path.realpath(target)
    new = None
    try:
        if is_special(target):
            _write(os.open(target, os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY), content, False)
            return
        name = os.path.join(os.path.dirname(target), f".{secrets.token_hex(6)}.new")
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        new = name
        _write(file, content, True)
        os.rename(new, target)
        new = None
    except OSError as error:
        raise Failure(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        if new:
            try:
                os.unlink(new)
            except OSError:
                pass  # the first error is the one to tell


def is_special(target):
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _write(file, content, sync):
    """Writes all and closes, whatever happens; a close that fails is an error too."""
    try:
        content = memoryview(content)
        while content:
            content = content[os.write(file, content):]
        if sync:
            os.fsync(file)
    except BaseException:
        try:
            os.close(file)
        except OSError:
            pass
        raise
    os.close(file)
