"""Calls a function in child processes with limits: a damaged HDF5 file can crash, stall or bloat the HDF5 library.

A child makes many calls, one after the other, and ends when one of them met damage. An answer travels as JSON, its
arrays (float64) as they are in memory.
"""
import collections
import gc
import json
import math
import multiprocessing
import multiprocessing.connection
import os
import resource
import signal
import struct
import time

import numpy as np

from .sealed import Damaged, Unread

WAIT = 120              # seconds for one call on a slow disk or a busy machine
PROCESSOR_SECONDS = 3   # for one call, beside one for each of these bytes of its file
BYTES_A_SECOND = 4 << 20
SPARE_MEMORY = 1 << 30  # bytes of address space that a call may take beside what its file's size accounts for
MOST_CALLS = 1000       # of one child: of a large process each fork takes 15 ms
DEADLY = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGXCPU)
ARRAY = "\0array"


class _Child:
    """A process that works off its items, and what it has not answered yet."""

    def __init__(self, context, function, items, size_of):
        self.items, self.size_of = collections.deque(items), size_of
        self.met_damage = False
        self.pipe, theirs = context.Pipe(duplex=False)
        try:
            self.process = context.Process(target=_work, args=(function, items, size_of, theirs), daemon=True)
            self.process.start()
        except OSError:
            self.pipe.close()
            raise
        finally:
            theirs.close()  # so that the child's end closes with the child
        self._expect()

    def _expect(self):
        if self.items:
            self.deadline = time.monotonic() + WAIT + self.size_of(self.items[0]) // BYTES_A_SECOND

    def answer(self):
        """(item, answer) of the next one; None where the child has ended without."""
        try:
            kind, content = _unpacked(self.pipe.recv_bytes())
        except (EOFError, OSError):
            return None
        self.met_damage = kind == "damaged"
        item = self.items.popleft()
        self._expect()
        return item, {"damaged": Damaged, "unread": Unread}.get(kind, lambda answer: answer)(content)

    def end(self, kill=False):
        if kill:
            self.process.kill()
        self.process.join()
        self.pipe.close()

    def blamed(self):
        """(item, answer) of the one in whose call the child ended."""
        code = self.process.exitcode or 0
        if -code in DEADLY:
            return self.items.popleft(), Damaged(f"the process reading it died ({signal.Signals(-code).name})")
        return self.items.popleft(), Unread(f"the process reading it ended without an answer (exit code {code})")


def in_children(function, items, size_of):
    """Yields (item, answer or Damaged or Unread) as calls end. size_of(item): bytes of its file."""
    context = multiprocessing.get_context("fork")
    items = list(items)
    workers = os.cpu_count() or 1
    share = max(1, min(MOST_CALLS, math.ceil(len(items) / workers / 4)))
    waiting = collections.deque(items[start:start + share] for start in range(0, len(items), share))
    active = {}
    try:
        while waiting or active:
            while waiting and len(active) < workers:
                part = waiting.popleft()
                try:
                    child = _Child(context, function, part, size_of)
                except OSError as error:
                    for item in part:
                        yield item, Unread(error)
                    continue
                active[child.pipe] = child
            for pipe in multiprocessing.connection.wait(list(active), timeout=1.0) if active else []:
                child = active[pipe]
                answered = child.answer()
                if answered:
                    yield answered
                    continue
                del active[pipe]
                child.end()
                if child.items and not child.met_damage:
                    yield child.blamed()
                if child.items:
                    waiting.appendleft(list(child.items))
            for pipe, child in list(active.items()):
                if child.items and time.monotonic() > child.deadline and not pipe.poll():
                    del active[pipe]
                    child.end(kill=True)
                    yield child.items.popleft(), Unread("reading took too long")
                    if child.items:
                        waiting.appendleft(list(child.items))
    finally:
        for child in active.values():
            child.process.kill()


def _packed(answer):
    arrays = []

    def place(item):
        if not isinstance(item, np.ndarray):
            raise TypeError(f"{type(item).__name__} is no answer")
        arrays.append(np.ascontiguousarray(item, dtype=float))
        return {ARRAY: [len(arrays) - 1, *item.shape]}
    head = json.dumps(answer, default=place).encode()
    head += b" " * (-len(head) % 8)  # so that the numbers lie where numbers may lie
    return b"".join([struct.pack("<Q", len(head)), head, *(array.tobytes() for array in arrays)])


def _unpacked(message):
    begin = 8 + struct.unpack_from("<Q", message)[0]

    def array_of(item):
        nonlocal begin
        if ARRAY not in item:
            return item
        shape = item[ARRAY][1:]
        array = np.frombuffer(message, count=math.prod(shape), offset=begin).reshape(shape)
        begin += array.nbytes
        return array
    return json.loads(message[8:begin], object_hook=array_of)  # meets the arrays in the order in which they were placed


def _work(function, items, size_of, pipe):
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends without words: its parent has them
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()  # what it shares with its parent: to look through that would copy it
    for item in items:
        answer = _limited(function, item, size_of(item))
        try:
            pipe.send_bytes(_packed(answer))
        except (OSError, MemoryError, TypeError, ValueError):
            os._exit(1)  # without words: the parent, if it is still there, says what it means
        if answer[0] == "damaged":
            break  # the library may have suffered
    os._exit(0)


def _limited(function, item, size):
    """(kind, content) of the answer."""
    seconds = PROCESSOR_SECONDS + size // BYTES_A_SECOND
    signal.alarm(2 * (WAIT + seconds))  # does not outlive a parent that was killed
    most = SPARE_MEMORY + 8 * size
    try:
        _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + seconds)
        with open("/proc/self/statm", "rb") as statistics:
            most += int(statistics.read().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, most)
        return "answer", function(item)
    except Unread as error:
        return "unread", str(error)
    except MemoryError:
        return "unread", f"reading takes more than {most >> 20} MB of memory"
    except OSError as error:
        return ("damaged", str(error)) if error.errno is None else ("unread", str(Unread(error)))
    except Exception as error:  # whatever h5py makes of a strange file
        return "damaged", str(error) or type(error).__name__


def _limit(which, most):
    """As far as this process may."""
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
