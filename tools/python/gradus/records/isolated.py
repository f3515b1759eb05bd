"""Calls a function in child processes with limits: a damaged HDF5 file can crash, stall or bloat the HDF5 library."""
import json
import multiprocessing
import multiprocessing.connection
import os
import resource
import signal
import time

from .sealed import Damaged, Unread

WAIT = 120              # seconds for one call on a slow disk or a busy machine
PROCESSOR_SECONDS = 3   # for one call, beside one for each of these bytes of its file
BYTES_A_SECOND = 4 << 20
SPARE_MEMORY = 1 << 30  # bytes of address space that a call may take beside what its file's size accounts for


def in_children(function, items, size_of):
    """Yields (item, answer or Damaged or Unread) as calls end. An answer travels as JSON. size_of(item): bytes of its file."""
    context = multiprocessing.get_context("fork")
    waiting, active = list(reversed(items)), {}
    try:
        while waiting or active:
            while waiting and len(active) < (os.cpu_count() or 1):
                item = waiting.pop()
                try:
                    ours, theirs = context.Pipe(duplex=False)
                    process = context.Process(target=_child, args=(function, item, size_of(item), theirs), daemon=True)
                    process.start()
                except OSError as error:
                    yield item, Unread(error)
                    continue
                theirs.close()  # so that the child's end closes with the child
                active[ours] = (item, process, time.monotonic() + WAIT + size_of(item) // BYTES_A_SECOND)
            ready = multiprocessing.connection.wait(list(active), timeout=1.0) if active else []
            for pipe, (item, process, deadline) in list(active.items()):
                if pipe in ready:
                    answer = _receive(pipe, process)
                elif time.monotonic() > deadline:
                    process.kill()
                    answer = Unread("reading took too long")
                else:
                    continue
                process.join()
                pipe.close()
                del active[pipe]
                yield item, answer
    finally:
        for _, process, _ in active.values():
            process.kill()


def _receive(pipe, process):
    try:
        kind, content = json.loads(pipe.recv_bytes())
    except (EOFError, OSError):
        process.join()
        code = process.exitcode or 0
        if -code in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGXCPU):
            return Damaged(f"the process reading it died ({signal.Signals(-code).name})")
        return Unread(f"the process reading it ended without an answer (exit code {code})")
    return {"damaged": Damaged, "unread": Unread}.get(kind, lambda answer: answer)(content)


def _child(function, item, size, pipe):
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends without words: its parent has them
    seconds = PROCESSOR_SECONDS + size // BYTES_A_SECOND
    signal.alarm(2 * (WAIT + seconds))            # and does not outlive a parent that was killed
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    most = SPARE_MEMORY + 8 * size
    try:
        with open("/proc/self/statm", "rb") as statistics:
            most += int(statistics.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        answer = ("answer", function(item))
    except Unread as error:
        answer = ("unread", str(error))
    except MemoryError:
        answer = ("unread", f"reading takes more than {most >> 20} MB of memory")
    except OSError as error:
        answer = ("damaged", str(error)) if error.errno is None else ("unread", str(Unread(error)))
    except Exception as error:  # whatever h5py makes of a strange file
        answer = ("damaged", str(error) or type(error).__name__)
    try:
        pipe.send_bytes(json.dumps(answer).encode())
    except OSError:
        os._exit(1)  # without words: the parent, if it is still there, says what it means
    os._exit(0)
