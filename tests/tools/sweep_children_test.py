#!/usr/bin/python3
"""No program outlives its sweep, and nothing that it started outlives it, whoever is killed and however it was started.

Usage: sweep_children_test.py BUILD_BIN_DIR [unittest arguments]
"""
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase

CAP_SYS_ADMIN, PR_CAPBSET_DROP = 21, 24

# Programs that know nothing of us. What they start lives longer than any test.
FOREIGN = {
    "leaves_its_group": """#!/usr/bin/python3
import os, time
os.setpgid(0, os.getpgid(os.getppid()) or 0)
time.sleep(300)
""",
    "nested": """#!/bin/sh
sh -c '/usr/bin/python3 -c "import subprocess; subprocess.run([\\"setsid\\", \\"sleep\\", \\"300\\"])"; true'
true
""",
    "double_fork": """#!/usr/bin/python3
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(1), os.close(2)
        time.sleep(300)
    os._exit(0)
time.sleep(300)
""",
    "crowd": """#!/bin/sh
for i in 1 2 3 4 5; do (setsid sh -c 'sleep 300 & sleep 300 & wait') & done
trap '' TERM
sleep 300
""",
}


def without_namespaces():
    """As for a user who is not root: no process namespace may be had."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0)


class Children(SweepCase):
    prepare = None

    def start(self, name, *before):
        self.output = self.folder / f"out_{name}"
        program = self.folder / name
        program.write_text(FOREIGN[name].replace("#!/bin/sh\n", '#!/bin/sh\n[ "$1" = --describe ] && exit 1\n').replace(
            "import os, time\n", "import os, sys, time\nif '--describe' in sys.argv: sys.exit(1)\n"))
        program.chmod(0o755)
        sweep = subprocess.Popen(self.command("--seed=0", program=program, before=before), env=self.environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=self.prepare)
        self.addCleanup(sweep.kill)
        self.wait_for(lambda: any("sleep" in command or "double_fork" in command or "leaves" in command
                                  for command in self.programs().values()))
        self.wait_until_steady()
        return sweep

    def wait_until_steady(self):
        """Until all of them are there: the same ones, five times in a row."""
        before, same = None, 0

        def is_steady():
            nonlocal before, same
            now = self.processes()
            same = same + 1 if now == before else 0
            before = now
            return same >= 4
        self.wait_for(is_steady)

    def programs(self):
        return {pid: command for pid, command in self.processes().items() if sweep_support.SWEEP not in command}

    def test_the_manager_is_killed(self):
        for name in FOREIGN:
            with self.subTest(program=name):
                sweep = self.start(name)
                self.assertTrue(self.programs())
                sweep.kill()
                sweep.communicate()
                self.wait_for(lambda: not self.processes(), 3)

    def test_the_supervisor_is_killed(self):
        for name in FOREIGN:
            with self.subTest(program=name):
                sweep = self.start(name)
                supervisors = [pid for pid, command in self.processes().items() if sweep_support.SWEEP in command]
                supervisors.remove(sweep.pid)
                self.assertEqual(len(supervisors), 1)
                os.kill(supervisors[0], signal.SIGKILL)
                text, errors = sweep.communicate(timeout=20)
                self.assertEqual(sweep.returncode, 1, errors)
                self.assertIn("its supervisor was killed by signal 9", text)
                self.assertEqual(self.processes(), {})

    def test_the_program_is_killed(self):
        sweep = self.start("crowd")
        first = [
            pid for pid, command in self.programs().items() if command.startswith("/bin/sh ") and "crowd" in command]
        os.kill(min(first), signal.SIGKILL)
        text, errors = sweep.communicate(timeout=20)
        self.assertIn("killed by signal 9", text)
        self.assertEqual(self.processes(), {})

    def test_the_sweep_is_asked_to_end(self):
        for name in FOREIGN:
            with self.subTest(program=name):
                sweep = self.start(name)
                sweep.terminate()
                if name == "crowd":  # which does not want to: at the second time there is no grace
                    time.sleep(0.3)
                    sweep.send_signal(signal.SIGINT)
                text, errors = sweep.communicate(timeout=20)
                self.assertEqual(sweep.returncode, 130, text + errors)
                self.assertEqual(self.processes(), {})

    def test_a_run_leaves_nothing_behind(self):
        program = self.folder / "leaves"
        program.write_text("#!/bin/sh\nsetsid sleep 300 &\n(sleep 300 &)\nsleep 300 &\nexit 5\n")
        program.chmod(0o755)
        result = subprocess.run(self.command("--seed=0", program=program), env=self.environment, capture_output=True,
                                text=True, timeout=20, preexec_fn=self.prepare)
        self.assertIn("exit code 5", result.stdout)
        self.assertEqual(self.processes(), {})

    def test_interrupted_while_an_unknown_program_is_asked(self):
        program = self.folder / "unknown"
        program.write_text("#!/bin/sh\nsetsid sleep 300 &\nsleep 300\n")
        program.chmod(0o755)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            with self.subTest(signal=number):
                sweep = subprocess.Popen(self.command("--seed=0:3",
                                                      program=program), env=self.environment, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True, preexec_fn=self.prepare)
                self.wait_for(lambda: sum("sleep" in command for command in self.processes().values()) >= 2)
                sweep.send_signal(number)
                text, errors = sweep.communicate(timeout=20)
                if number == signal.SIGKILL:
                    self.wait_for(lambda: not self.processes(), 3)
                else:
                    self.assertEqual((sweep.returncode, text, errors),
                                     (130, "", "sweep: interrupted\n"))
                self.assertEqual(self.processes(), {})
                self.assertFalse(self.output.exists())

    def test_the_folder_is_free_when_the_last_program_has_ended(self):
        sweep = self.start("crowd")
        sweep.kill()
        sweep.communicate()
        # At once: it waits for what is still ending, and does not meet a second writer.
        result = subprocess.run(self.command("--mode=completed"), env=self.environment, capture_output=True, text=True,
                                timeout=20)
        self.assertIn("holds runs of crowd", result.stderr)
        self.assertEqual(self.processes(), {})


class ChildrenWithoutNamespaces(Children):
    prepare = staticmethod(without_namespaces)


class Namespace(SweepCase):
    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_what_a_program_sees_of_itself(self):
        program = self.folder / "looks"
        program.write_text("#!/bin/sh\n[ $1 = --describe ] && exit 1\n"
                           "read -r pid rest < /proc/self/stat\necho $$ $(cat /proc/$$/comm) $PPID\n")
        program.chmod(0o755)
        self.sweep("--seed=0:2", program=program, code=1)
        seen = [line.split() for line in (log.read_text() for log in (self.output / "logs").iterdir())]
        self.assertEqual({name for _, name, *_ in seen}, {"looks"})  # /proc shows the processes by its own numbers
        self.assertEqual(len({pid for pid, *_ in seen}), 3)          # names made of them do not clash between runs


if __name__ == "__main__":
    sweep_support.main(__file__)
