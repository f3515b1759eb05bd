#!/usr/bin/python3
"""Sweeps that share a folder and are killed: no finished run is lost or run again, and no process is left.

usage: many_managers.py BUILD_BIN_DIR [--full] [--part PART ...] [--seed=N]

Parts:
  managers   one of three managers is killed (SIGKILL) again and again, and another takes its place
  workers    the same, together with all programs that it runs
  scripts    the same as managers, where the program is a shell script that starts the real one
  exactly    eight managers, many runs of next to nothing: each is started once
  unlocked   eight managers on two hosts over a folder without locks: each is started once
Small unless --full: 300 kills of managers, 100 of managers with workers, 100 with scripts, 2,000 runs twice.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from killed_sweep import children_of  # noqa: E402
from sweep_support import in_memory, processes_with, unsealed  # noqa: E402

MANAGERS, JOBS = 3, 2


class Folder:
    """A sweep's folder, its programs' notes, and the managers at work in it."""

    def __init__(self, sweep, scratch, options, script=False):
        self.sweep, self.folder, self.options = sweep, pathlib.Path(scratch), options
        self.output = self.folder / "out"
        self.environment = dict(os.environ, STARTS=str(self.folder / "starts"), GRADUS_SWEEP_GRACE="1")
        self.program = self.folder / "trainer"
        if script:
            real = self.folder / "real"
            shutil.copy(HERE / "stateful_program.py", real)
            real.chmod(0o755)
            self.program.write_text(f'#!/bin/sh\n"{real}" "$@"\nexit $?\n')
        else:
            shutil.copy(HERE / "stateful_program.py", self.program)
        self.program.chmod(0o755)

    def manager(self, jobs=JOBS, **environment):
        return subprocess.Popen([self.sweep, "run", "--quiet", f"--jobs={jobs}", f"--output={self.output}", "--",
                                 self.program, *self.options], env=dict(self.environment, **environment),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def notes(self):
        path = self.folder / "starts"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def processes(self):
        return set(processes_with("STARTS", self.folder / "starts"))

    def starts(self):
        """[(run, "begins" or "ends")] in their order."""
        events = []
        for note in self.notes():
            if "begins" in note:
                output, = (word for word in note["argv"] if word.startswith("--output="))
                events.append((pathlib.Path(output.partition("=")[2]).name.partition(".")[0], "begins"))
            elif "ends" in note:
                events.append((note["run"].partition(".")[0], "ends"))
        return events

    def judge(self, count):
        """Lines on what is not as it must be, when all managers have ended well."""
        problems, ended = [], set()
        for run, event in self.starts():
            if event == "begins" and run in ended:
                problems.append(f"{run} was begun after its end")
            if event == "ends":
                ended.add(run)
        whole = {path.parent.name for path in self.output.glob("*/complete.json") if unsealed(path)["status"] == "completed"}
        lost = ended - whole
        if lost or len(whole) != count:
            problems.append(f"{len(whole)} of {count} runs have a result; lost: {', '.join(sorted(lost)) or 'none'}")
        if left := self.processes():
            problems.append(f"{len(left)} processes are left")
        return problems


def killed(sweep, chance, kills, with_workers=False, script=False):
    """A line on what came of it; exits where something is wrong."""
    runs = 4 * kills  # some are left when the last has been killed
    with tempfile.TemporaryDirectory(dir=in_memory()) as scratch:
        folder = Folder(sweep, scratch, [f"--seed=0:{runs - 1}", "--steps=20", "--delay=0.05", "--interval=2"], script)
        managers = [folder.manager() for _ in range(MANAGERS)]
        done = orphans = 0
        while done < kills:
            time.sleep(chance.uniform(0.1, 0.5))
            victim = chance.randrange(MANAGERS)
            if managers[victim].poll() is not None:
                break  # the sweep has come to its end
            workers = children_of(managers[victim].pid)
            if with_workers:
                managers[victim].send_signal(signal.SIGSTOP)  # all at once: none sees the other die
                for worker in workers:
                    try:
                        os.kill(worker, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            managers[victim].kill()
            managers[victim].communicate()
            end = time.monotonic() + 5
            while (left := folder.processes() & set(workers)) and time.monotonic() < end:
                time.sleep(0.01)
            orphans += len(left)
            done += 1
            managers[victim] = folder.manager()
        said = [manager.communicate(timeout=600)[0] for manager in managers]
        codes = {manager.returncode for manager in managers}
        problems = folder.judge(runs)
        if codes != {0} or orphans or problems or done < kills:
            sys.exit(f"many_managers.py: {done} kills, codes {codes}, {orphans} orphans, {problems[:5]}\n{said[0]}")
        again = collections.Counter(run for run, event in folder.starts() if event == "begins")
        went_on = sum(count - 1 for count in again.values())
        return f"{done} kills, {runs} runs: 0 lost, 0 run again after their end, 0 orphans; {went_on} beginnings interrupted"


def exactly_once(sweep, runs, managers=8, hosts=None):
    with tempfile.TemporaryDirectory(dir=in_memory()) as scratch:
        folder = Folder(sweep, scratch, [f"--seed=0:{runs - 1}", "--steps=1"])
        environments = [{}] * managers
        if hosts:
            library = pathlib.Path(scratch) / "without_locks.so"
            subprocess.run(["cc", "-shared", "-fPIC", "-o", library, HERE / "without_locks.c"], check=True)
            environments = [{"LD_PRELOAD": str(library), "PRETEND_HOST": hosts[place % len(hosts)]}
                            for place in range(managers)]
        begin = time.monotonic()
        at_work = [folder.manager(jobs=1, **environment) for environment in environments]
        said = [manager.communicate(timeout=3600)[0] for manager in at_work]
        seconds = time.monotonic() - begin
        codes = {manager.returncode for manager in at_work}
        counts = collections.Counter(run for run, event in folder.starts() if event == "begins")
        problems = folder.judge(runs)
        if codes != {0} or problems or set(counts.values()) != {1} or len(counts) != runs:
            wrong = {run: count for run, count in counts.items() if count != 1}
            sys.exit(f"many_managers.py: codes {codes}, {problems[:5]}, not once: {wrong}\n{said[0]}")
        return f"{managers} managers, {runs} runs: each started once, {seconds:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    parts = ("managers", "workers", "scripts", "exactly", "unlocked")
    parser.add_argument("--part", action="append", choices=parts)
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which something is killed")
    arguments = parser.parse_args()
    sweep, chance, full = arguments.programs.resolve() / "sweep", random.Random(arguments.seed), arguments.full
    for part in arguments.part or parts:
        told = {
            "managers": lambda: killed(sweep, chance, 300 if full else 10),
            "workers": lambda: killed(sweep, chance, 100 if full else 6, with_workers=True),
            "scripts": lambda: killed(sweep, chance, 100 if full else 6, script=True),
            "exactly": lambda: exactly_once(sweep, 2000 if full else 60),
            "unlocked": lambda: exactly_once(sweep, 2000 if full else 40, hosts=["ada", "bob"])}[part]()
        print(f"{part}: {told}", flush=True)


if __name__ == "__main__":
    main()
