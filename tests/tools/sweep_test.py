#!/usr/bin/python3
"""What the sweep tool must hold, tried on small programs that obey the contract of a run's folder.

Usage: sweep_test.py BUILD_BIN_DIR [unittest arguments]
"""
import fcntl
import hashlib
import itertools
import json
import math
import os
import pathlib
import pty
import signal
import struct
import subprocess
import sys
import time
import zlib

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase, identity, sealed, unsealed


class SweepTest(SweepCase):
    # --- values and grids

    def values(self, text):
        self.output = self.folder / hashlib.sha256(text.encode()).hexdigest()
        before = len(self.starts())
        self.sweep(f"--text={text}", before=["--jobs=1"])
        return [s["argv"][0].removeprefix("--text=") for s in self.starts()[before:]]

    def test_values(self):
        self.assertEqual(self.values("a,b"), ["a", "b"])
        self.assertEqual(self.values("0:4"), ["0", "1", "2", "3", "4"])
        self.assertEqual(self.values("0:10:2,11"), ["0", "2", "4", "6", "8", "10", "11"])
        self.assertEqual(self.values("0:9:4"), ["0", "4", "8"])
        self.assertEqual(self.values("2:-2:-2"), ["2", "0", "-2"])
        self.assertEqual(self.values("log:1e-4:1e-1:4"), ["0.0001", "0.001", "0.01", "0.1"])
        self.assertEqual(self.values("log:8:1:4"), ["8", "4", "2", "1"])
        self.assertEqual(self.values(r"a\,b,c"), ["a,b", "c"])
        self.assertEqual(self.values(r"1\:2"), ["1:2"])
        self.assertEqual(self.values("cosine:5"), ["cosine:5"])
        self.assertEqual(self.values("9223372036854775806:9223372036854775807"),
                         ["9223372036854775806", "9223372036854775807"])
        self.assertEqual(self.values("; touch pwned $(touch pwned) `touch pwned` 'x' *"),
                         ["; touch pwned $(touch pwned) `touch pwned` 'x' *"])
        self.assertFalse((self.folder / "pwned").exists())

    def test_subcommands_are_named(self):
        for arguments, says in (([], "expected a subcommand, one of run, "),
                                (["foo"], "foo: no such subcommand, expected one of run, "),
                                (["--bogus"], "--bogus: no such subcommand, expected one of run, "),
                                (["list", "--", "-s8"], "expected sweep list FOLDER, and nothing after --")):
            result = subprocess.run([sweep_support.SWEEP, *arguments], capture_output=True, text=True, timeout=60)
            self.assertEqual((result.returncode, len(result.stderr.splitlines())), (2, 1), result.stderr)
            self.assertIn(says, result.stderr)

    def test_bad_values(self):
        for text, says in [("", "empty list"), ("a,,b", "empty value"), ("4:0", "bad range '4:0'"), ("0:4:0", "step"),
                           ("0:1.5", "integers"), ("0:x", "bad range"), ("1:2:3:4", "bad range"), ("0:", "bad range"),
                           ("log:0:1:3", "bad range"), ("log:1:2", "log:first:last:count"), ("log:1:2:1", "bad range"),
                           ("0:99999999999", "more than"), ("-9223372036854775808:9223372036854775807", "more than")]:
            with self.subTest(text=text):
                self.refused(f"--seed={text}", says=["option --seed", says])
        self.refused("--a=0:9999", "--b=0:9999", says="combinations")

    def test_grid_and_identity(self):
        self.sweep("--optimizer=sgd,adam", "--seed=0:1", "--learning-rate=0.1,1e-5,1.0", "--fast")
        table = self.table()
        expected = [{"optimizer": o, "seed": s, "learning_rate": r, "fast": True}
                    for o, s, r in itertools.product(["sgd", "adam"], [0, 1], [0.1, 1e-5, 1])]
        self.assertEqual(self.options(), expected)
        self.assertEqual((table["schema"], table["program"]), (3, "program"))
        for run in table["runs"]:
            self.assertEqual(run["id"], identity("program", run["options"]))
            self.assertEqual(run["folder"], run["id"])
            self.assertEqual((run["status"], run["exit_code"]), ("completed", 0))
            self.assertTrue((self.output / run["id"] / "run.h5").exists())
            self.assertIn("a line before", (self.output / "logs" / f"{run['id']}.log").read_text())
        first = min(self.starts(), key=lambda s: "sgd" not in s["argv"][0])
        self.assertEqual(first["argv"][3:], ["--fast", first["argv"][4], "--quiet"])
        self.assertTrue(first["argv"][4].startswith(f"--output={self.output}/"))
        self.assertTrue(first["argv"][2].startswith("--learning-rate="))

    def test_duplicates_and_spellings(self):
        self.sweep("--learning_rate=0.1,0.10,1e-1,+0.1,+.1,0.2")
        self.assertEqual(self.options(), [{"learning_rate": 0.1}, {"learning_rate": 0.2}])
        self.sweep("--learning-rate", "0.1")  # the same run under another spelling
        self.assertEqual(len(self.starts()), 2)
        self.sweep("--text=007,7,12345678901234567890,12345678901234567891")
        self.assertEqual([o["text"] for o in self.options()[:4]],
                         ["007", 7, "12345678901234567890", "12345678901234567891"])

    def test_threads_and_group(self):
        self.sweep("--seed=1")
        self.sweep("--seed=1", "--threads=2")
        one, two = self.starts()
        self.assertEqual((one["omp"], two["omp"]), ("1", "2"))
        self.assertEqual(one["pid"], one["group"])

    # --- specification in TOML

    def write_toml(self, text):
        path = self.folder / "sweep.toml"
        path.write_text(text)
        return path

    def test_toml(self):
        file = self.write_toml(f'''
program = "{self.program}"
[options]
seed = "0:1"
fast = true
text = ["a,b", "c"]
[[group]]
optimizer = "sgd"
learning-rate = [0.1, 1e-2]
[[group]]
optimizer = "adam"
learning_rate = "log:1e-4:1e-3:2"
text = "c"
[[group]]
optimizer = "adam"
learning_rate = 0.001
text = "c"
''')
        self.sweep(file=file)
        expected = [{"seed": s, "fast": True, "text": t, "optimizer": "sgd", "learning_rate": r}
                    for s, t, r in itertools.product([0, 1], ["a,b", "c"], [0.1, 0.01])]
        expected += [{"seed": s, "fast": True, "text": "c", "optimizer": "adam", "learning_rate": r}
                     for s, r in itertools.product([0, 1], [0.0001, 0.001])]
        self.assertEqual(self.options(), expected)
        self.output = self.folder / "other"
        self.sweep("--seed=7", "--learning-rate=0.5", "--mode=completed", file=file)
        self.assertEqual({(o["seed"], o["learning_rate"], o["mode"]) for o in self.options()}, {(7, 0.5, "completed")})

    def test_bad_toml(self):
        for text, says in [("program = ", "sweep.toml:1"), ("x = 1", "unknown key 'x'"),
                           ("[options]\nseed=1", "program is missing"),
                           ("program='p'\n[options]\nseed=[]", ["sweep.toml:3", "seed", "empty list"]),
                           ("program='p'\n[options]\nseed='3:1'", ["sweep.toml:3", "bad range"]),
                           ("program='p'\n[options]\nseed={a=1}", "expected a number"),
                           ("program='p'\n[options]\noutput='x'", "sets it itself"),
                           ("program='p'\n[options]\na_b=1\na-b=2", "given twice"),
                           ("program='p'\ngroup=1", "[[group]]"),
                           ("program='nowhere'", ["nowhere", "no such program"])]:
            with self.subTest(text=text):
                self.refused(file=self.write_toml(text), says=says)
        self.refused(file=self.folder / "absent.toml", says="absent.toml: cannot open")
        self.refused(file="/dev/zero", says="/dev/zero: not a regular file")
        self.refused("program", file=self.write_toml("program='p'"), says="expected an option")

    # --- ends of runs

    def test_statuses(self):
        result = self.sweep("--mode=completed,diverged,fail,usage,killed,no-record", code=1)
        runs = {run["options"]["mode"]: run for run in self.table()["runs"]}
        self.assertEqual({m: (r["status"], r["exit_code"]) for m, r in runs.items()},
                         {"completed": ("completed", 0), "diverged": ("diverged", 3), "fail": ("failed", 1),
                          "usage": ("failed", 2), "killed": ("failed", 137), "no-record": ("failed", 0)})
        self.assertEqual(runs["diverged"]["reason"], "loss is nan")
        self.assertIn("could not open the data", runs["fail"]["reason"])
        self.assertIn("signal 9", runs["killed"]["reason"])
        self.assertIn("no complete.json", runs["no-record"]["reason"])
        self.assertIn("6 runs: 1 completed, 1 diverged, 4 failed, 0 skipped", result.stdout)
        self.assertIn(f"failed {runs['fail']['id']} (--mode=fail): could not open the data", result.stdout)
        self.assertEqual(result.stderr, "")

    def test_diverged_is_a_result(self):
        self.sweep("--mode=diverged")
        result = self.sweep("--mode=diverged")
        self.assertIn("1 skipped", result.stdout)
        self.assertEqual(len(self.starts()), 1)
        self.assertEqual(self.table()["runs"][0]["exit_code"], 3)

    def test_only_verified_runs_are_skipped(self):
        self.sweep("--seed=0:3")
        folders = [self.output / run["folder"] for run in self.table()["runs"]]
        data = bytearray((folders[0] / "run.h5").read_bytes())
        data[-1] ^= 1  # same size, another content
        (folders[0] / "run.h5").write_bytes(data)
        (folders[1] / "complete.json").unlink()
        (folders[2] / "complete.json").write_text('{"status": "comp')
        (folders[2] / "stale").touch()
        result = self.sweep("--seed=0:3")
        self.assertIn("4 runs: 3 completed, 0 diverged, 0 failed, 1 skipped", result.stdout)
        self.assertEqual(len(self.starts()), 7)
        self.assertFalse((folders[2] / "stale").exists())
        self.assertEqual({run["status"] for run in self.table()["runs"]}, {"completed"})

    def test_record_naming_a_foreign_file_is_not_believed(self):
        self.sweep("--seed=0")
        folder = self.output / self.table()["runs"][0]["folder"]
        record = unsealed(folder / "complete.json")
        (self.output / "elsewhere").write_bytes((folder / "run.h5").read_bytes())
        (folder / "complete.json").write_text(sealed(dict(record, run_file="../elsewhere", sha256="0" * 64)))
        self.sweep("--seed=0")
        self.assertEqual(len(self.starts()), 2)

    def test_failed_are_retried_unless_told_otherwise(self):
        self.sweep("--mode=fail-once", code=1)
        self.assertEqual(self.table()["runs"][0]["reason"], "disk on fire")
        for option in ("--no-retry-failed", "--retry-failed=no"):
            result = self.sweep("--mode=fail-once", before=[option], code=1)
            self.assertIn("disk on fire", result.stdout)
        self.assertEqual(len(self.starts()), 1)
        self.sweep("--mode=fail-once")
        self.assertEqual(len(self.starts()), 2)
        self.assertEqual(self.table()["runs"][0]["status"], "completed")

    def test_folder_grows(self):
        self.sweep("--seed=0:1")
        self.sweep("--seed=1:2")
        self.assertEqual([o["seed"] for o in self.options()], [1, 2, 0])
        self.assertEqual(len(self.starts()), 3)
        other = self.write_program("another", describes=False)
        result = self.sweep("--seed=0", program=other, code=1)
        self.assertIn("holds runs of program, not of another", result.stderr)

    def test_parallel(self):
        # None ends before all are there: where fewer ran at a time, it would wait in vain.
        program = self.folder / "meets"
        program.write_text(f"""#!/bin/sh
[ "$1" = --describe ] && exit 1
: > "{self.folder}/here$1"
for i in $(seq 500); do
  set -- "{self.folder}"/here*
  [ $# -eq 4 ] && echo met && exit 5
  sleep 0.02
done
exit 6
""")
        program.chmod(0o755)
        result = self.sweep("--seed=0:3", program=program, before=["--jobs=4"], code=1)
        self.assertEqual(result.stdout.count(": met\n"), 4, result.stdout)

    def test_process_numbers_of_runs_at_a_time_differ(self):
        program = self.folder / "numbers"
        program.write_text(f"""#!/bin/sh
[ "$1" = --describe ] && exit 1
read start rest < /proc/uptime
sleep 0.1$((5 + $$ % 3))
read end rest < /proc/uptime
echo "$$ $start $end $(readlink /proc/self/ns/pid)" >> "{self.folder}/numbers.txt"
exit 5
""")
        program.chmod(0o755)
        self.sweep("--seed=1:120", program=program, before=["--jobs=8", "--quiet"], code=1)
        runs = [line.split() for line in (self.folder / "numbers.txt").read_text().splitlines()]
        self.assertEqual(len(runs), 120)
        beside = [(one, other) for one, other in itertools.combinations(runs, 2)
                  if float(one[1]) <= float(other[2]) and float(other[1]) <= float(one[2])]
        self.assertGreater(len(beside), 200)  # they did run at a time
        self.assertEqual([pair for pair in beside if pair[0][0] == pair[1][0]], [])
        if runs[0][3] != os.readlink(
                "/proc/self/ns/pid"):  # nor do those of what they start: there is room between them
            self.assertEqual([pair for pair in beside if abs(int(pair[0][0]) - int(pair[1][0])) < 500], [])

    # --- interruption and locking

    def interrupt(self, number, mode, grace, seconds):
        self.environment["GRADUS_SWEEP_GRACE"] = grace
        sweep = subprocess.Popen(self.command(f"--mode=completed,{mode}", "--seed=0:3", before=["--jobs=2"]),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        self.wait_for(lambda: len(self.starts()) >= 6)
        time.sleep(0.3)  # until they heed no signal, where they are stubborn
        start = time.time()
        sweep.send_signal(number)
        text, errors = sweep.communicate(timeout=20)
        self.assertEqual(sweep.returncode, 130, text + errors)
        self.assertGreaterEqual(time.time() - start, seconds)
        self.assertIn("8 runs: 4 completed, 0 diverged, 0 failed, 0 skipped (finished before), 4 pending: interrupted",
                      text)
        statuses = [run["status"] for run in self.table()["runs"]]
        self.assertEqual(statuses, ["completed"] * 4 + ["pending"] * 4)
        self.assertEqual(self.processes(), {})
        self.assertEqual(len(self.starts()), 6)

    def test_sigint(self):
        self.interrupt(signal.SIGINT, "sleep", "60", 0)  # which its 20 seconds would not suffice for

    def test_sigterm_of_stubborn_runs(self):
        self.interrupt(signal.SIGTERM, "stubborn", "1.5", 1.5)

    def test_lock(self):
        self.output.mkdir()
        with open(self.output / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refused("--seed=0", says=["another program has it for itself", str(self.output)], code=1)
        self.sweep("--seed=0")

    def test_table_is_always_whole(self):
        sweep = subprocess.Popen(self.command("--mode=short", "--seed=0:5", before=["--jobs=2"]), env=self.environment,
                                 stdout=subprocess.DEVNULL)
        reads = 0
        while sweep.poll() is None:
            if (self.output / "sweep.json").exists():
                self.assertEqual(len(self.table()["runs"]), 6)
                reads += 1
        self.assertGreater(reads, 10)
        self.assertEqual(sweep.returncode, 0)

    # --- early refusal, listing, words

    def test_refusals(self):
        self.refused("--seed=1", program=self.folder / "absent", says=["absent", "no such program"])
        self.refused("--seed=1", program="no_slash", says=["no_slash", os.path.dirname(sweep_support.SWEEP)])
        plain = self.folder / "plain"
        plain.write_text("")
        self.refused("--seed=1", program=plain, says="not an executable file")
        self.refused("seed=1", says="expected an option")
        self.refused("-s", "1", says="expected an option")
        self.refused("--seed=1", "--seed=2", says="given twice")
        self.refused("--output=x", says="sets it itself")
        self.refused("--seed=1", before=["--jobs=0"], says="jobs")
        self.refused("--seed=1", before=["--bogus"], says="bogus")
        self.output = plain
        self.refused("--seed=1", says=["plain", "output folder"], code=1)
        for command in ([sweep_support.SWEEP], [sweep_support.SWEEP,
                                                "run"], [sweep_support.SWEEP, "run",
                                                         "--output=x"], [sweep_support.SWEEP, "list", "nowhere"]):
            result = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_program_that_cannot_be_executed(self):
        broken = self.folder / "broken"
        broken.write_text("#!/no/such/interpreter\n")
        broken.chmod(0o755)
        result = self.sweep("--seed=1", program=broken, code=1)
        self.assertIn("cannot be executed", result.stdout)

    def test_dry_run(self):
        self.sweep("--seed=0")
        before = sorted(self.output.rglob("*"))
        result = self.sweep("--seed=0:1", "--text=it's", before=["--dry-run"])
        self.assertEqual(result.stdout.splitlines(), [
            f"{self.program} --seed={seed} '--text=it'\\''s' --output={self.output}/"
            + identity("program", {"seed": seed, "text": "it's"}) + " --quiet" for seed in (0, 1)])
        self.assertEqual(self.sweep("--seed=0", before=["--dry-run"]).stdout, "")
        self.assertEqual(sorted(self.output.rglob("*")), before)

    def test_list(self):
        self.sweep("--mode=completed,fail", "--seed=3", code=1)
        result = subprocess.run([sweep_support.SWEEP, "list", str(self.output)], capture_output=True, text=True,
                                check=True)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "program seed=3")
        self.assertEqual(lines[1].split(), ["id", "status", "exit", "mode", "reason"])
        self.assertEqual(lines[2].split()[1:], ["completed", "0", "completed"])
        self.assertEqual(lines[3].split()[1:4], ["failed", "1", "fail"])
        self.assertEqual(lines[4], "2 runs: 1 completed, 1 failed")

    def test_list_shows_the_last_values_of_runs_at_work(self):
        """From a log that grows: its last frame is only half there."""
        def frame(payload):
            return struct.pack("<II", len(payload), zlib.crc32(payload)) + payload

        def column(name, **more):
            return {"name": name, "units": "1", "long_name": name, **more}

        def row(index, *values):
            return frame(struct.pack(f"<cHq{len(values)}d", b"R", 0, index, *values))
        table = {"name": "evaluation", "index": "step", "columns": [
            column("loss", better="lower"), column("plain"), column("norms", axis="layer", length=2)]}
        log = frame(b'C{"program": "program"}') + frame(b"T" + json.dumps(table).encode()) + row(100, 2.5, -math.nan, 1, 2)

        def shown(names, code=0):
            result = subprocess.run(
                [sweep_support.SWEEP, "list", str(self.output), "--show", names], capture_output=True, text=True,
                check=False)
            self.assertEqual(result.returncode, code, result.stderr)
            return result.stdout.splitlines() if code == 0 else result.stderr
        sweep = subprocess.Popen(self.command("--mode=sleep", "--seed=0:1", before=["--jobs=2", "--quiet"]),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        self.addCleanup(sweep.wait)
        self.addCleanup(sweep.terminate)
        self.wait_for(lambda: len(list(self.output.glob("*/config.json"))) == 2)
        first, second = sorted(path.parent for path in self.output.glob("*/config.json"))
        lines = shown("evaluation/loss")
        self.assertEqual([line.split()[-1] for line in lines[2:4]], ["-", "-"])
        (first / "metrics.log").write_bytes(log)
        (second / "metrics.log").write_bytes(log + row(200, 0.0625, 1, 3, 4) + row(250, 0.5, 1, 3, 4) +
                                             row(300, 9, 9, 9, 9)[:-3])
        lines = shown("evaluation/step,evaluation/loss")
        self.assertEqual(lines[1].split()[-3:], ["evaluation/step", "evaluation/loss", "reason"])
        self.assertEqual({line.split()[0]: line.split()[1:2] + line.split()[-2:] for line in lines[2:4]},
                         {first.name: ["running", "100", "2.5"], second.name: ["running", "250", "0.5"]})
        lines = shown("evaluation/loss:best,evaluation/loss:mean,evaluation/loss:time_to=1,evaluation/plain")
        self.assertEqual({line.split()[0]: line.split()[-4:] for line in lines[2:4]},
                         {first.name: ["2.5", "2.5", ">=1", "nan"], second.name: ["0.0625", "1.02083", "1", "1"]})
        for name, says in (("plain:best", "evaluation/plain:best: the column does not say which way is better"),
                           ("loss:worst", "'evaluation/loss:worst' is no column: expected TABLE/COLUMN[:last|best|"),
                           ("step:best", "no run has logged evaluation/step:best")):
            self.assertIn(says, shown(f"evaluation/{name}", 2))
        self.assertIn("no run has logged evaluation/lost: expected one of evaluation/loss, evaluation/plain, evaluation/step",
                      shown("evaluation/lost", 2))
        self.assertIn("evaluation/norms has 2 numbers a row", shown("evaluation/norms", 2))
        self.assertIn("'loss' is no column: expected TABLE/COLUMN", shown("loss", 2))

    def test_progress_only_on_a_terminal(self):
        def errors_on_terminal(*before):
            leader, follower = pty.openpty()
            process = subprocess.Popen(self.command("--mode=short", before=before), stdout=subprocess.DEVNULL,
                                       stderr=follower, env=self.environment)
            process.wait(timeout=30)
            os.close(follower)
            text = b""
            try:
                while block := os.read(leader, 65536):
                    text += block
            except OSError:
                pass
            os.close(leader)
            return text.decode()

        self.assertIn("] 0/1  0 failed  1 running", errors_on_terminal())
        self.output = self.folder / "quiet"
        self.assertEqual(errors_on_terminal("--quiet"), "")


if __name__ == "__main__":
    sweep_support.main(__file__)
