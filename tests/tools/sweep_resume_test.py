#!/usr/bin/python3
"""A sweep's runs that are stopped go on, and two runs are compared.

Usage: sweep_resume_test.py BUILD_BIN_DIR [unittest arguments]
"""
import pathlib
import signal
import struct
import subprocess
import sys
import time
import zlib

sys.dont_write_bytecode = True
import sweep_support
from sweep_support import SweepCase

TRAINER = pathlib.Path(__file__).with_name("stateful_program.py")


class SweepResume(SweepCase):
    def setUp(self):
        super().setUp()
        self.program = self.folder / "trainer"
        self.program.write_bytes(TRAINER.read_bytes())
        self.program.chmod(0o755)

    def begins(self):
        return [start["begins"] for start in self.starts() if "begins" in start]

    def results(self):
        return {folder.name: (folder / "run.h5").read_bytes() for folder in self.folders()}

    def undisturbed(self, *options):
        here = self.output
        self.output = self.folder / "undisturbed"
        self.sweep(*options)
        results = self.results()
        self.output = here
        (self.folder / "starts").unlink()
        return results

    def started(self, *options, before=()):
        sweep = subprocess.Popen(self.command(*options, before=before), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True,
                                 env=self.environment)
        self.addCleanup(sweep.kill)
        return sweep

    # --- runs that stop

    def test_a_run_that_stops_is_pending(self):
        options = ["--seed=0:2", "--steps=20"]
        result = self.sweep(*options, "--stop-at=7,-1", code=75)
        self.assertIn("6 runs: 3 completed, 0 diverged, 0 failed, 0 skipped (finished before), 3 pending: stopped",
                      result.stdout)
        reasons = [run["reason"] for run in self.table()["runs"] if run["status"] == "pending"]
        self.assertEqual(reasons, ["stopped, goes on at step 7"] * 3)
        self.assertEqual(sum("pending" in line and "goes on at step 7" in line for line in self.listed()), 3)
        dry = self.sweep(*options, "--stop-at=7,-1", before=["--dry-run"]).stdout
        self.assertEqual(dry.count(" --resume "), 3)
        result = self.sweep(*options, "--stop-at=7,-1")
        self.assertIn("6 runs: 3 completed, 0 diverged, 0 failed, 3 skipped", result.stdout)
        self.assertEqual(self.begins()[6:], [7, 7, 7])
        runs = {(run["options"]["seed"], run["options"]["stop_at"]): (self.output / run["id"] / "run.h5").read_bytes()
                for run in self.table()["runs"]}
        for seed in range(3):
            self.assertEqual(runs[seed, 7], runs[seed, -1])

    def test_a_failed_run_goes_on(self):
        self.sweep("--fail-at=12", code=1)
        self.sweep("--fail-at=12", before=["--no-retry-failed"], code=1)
        self.assertEqual(self.begins(), [0])
        log = next((self.output / "logs").glob("*.log"))
        self.assertIn("disk on fire", log.read_text())
        self.sweep("--fail-at=12")
        self.assertEqual(self.begins(), [0, 10])
        self.assertIn("disk on fire", log.read_text())  # what it said before stays

    def test_from_the_beginning_when_asked(self):
        self.sweep("--stop-at=7", code=75)
        self.sweep("--stop-at=7", before=["--no-resume"], code=75)
        self.assertEqual(self.begins(), [0, 0])

    def test_a_program_that_refuses_begins_anew(self):
        self.sweep("--stop-at=7", code=75)
        self.environment["REFUSE"] = "1"
        result = self.sweep("--stop-at=7", code=75)
        self.assertIn("begun anew: trainer: the checkpoint is of another instruction set", result.stderr)
        self.assertEqual(self.begins(), [0, 0])
        self.sweep("--stop-at=7", before=["--not-bitwise"])
        self.assertEqual(self.begins(), [0, 0, 7])
        self.assertIn("--not-bitwise", self.starts()[-2]["argv"])

    def test_another_build_gives_up_no_checkpoint_unasked(self):
        self.sweep("--stop-at=7", code=75)
        [folder] = self.folders()
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.environment["BUILD"] = "c"
        for more in ([], ["--dry-run"]):
            self.refused("--stop-at=7", before=more, code=1, says=[
                f"1 of its runs ({folder.name})", "stopped under another build of trainer", "--not-bitwise", "--no-resume"])
        self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()}, before)
        result = self.sweep("--stop-at=7", before=["--allow-mixed-builds"], code=75)
        self.assertIn("and begin anew (--not-bitwise would go on", result.stderr)
        self.assertEqual(self.begins(), [0, 0])
        for build, asked in (("d", "--no-resume"), ("e", "--rebuild")):
            self.environment["BUILD"] = build
            self.sweep("--stop-at=7", before=[asked], code=75)
        self.assertEqual(self.begins(), [0, 0, 0, 0])
        self.environment["BUILD"] = "f"
        self.sweep("--stop-at=7", before=["--not-bitwise"])
        self.assertEqual(self.begins(), [0, 0, 0, 0, 7])

    def test_a_damaged_checkpoint(self):
        self.sweep("--stop-at=7", code=75)
        folder = self.folders()[0]
        for name, step in (("checkpoint.0", 5), ("checkpoint.1", 0)):  # the one of step 7, then that of step 5
            data = bytearray((folder / name).read_bytes())
            data[600] ^= 1
            (folder / name).write_bytes(data)
            lines = [line for line in self.listed() if folder.name in line]
            self.assertEqual("goes on at step 5" in lines[0], step == 5, lines)
            dry = self.sweep("--stop-at=7", before=["--dry-run"]).stdout
            self.assertEqual(" --resume " in dry, step == 5)

    # --- sweeps that stop

    def test_signals(self):
        whole = self.undisturbed("--seed=0:3", "--steps=40", "--delay=0.02")
        for number, code in ((signal.SIGUSR1, 75), (signal.SIGTERM, 130), (signal.SIGINT, 130)):
            self.output = self.folder / f"signal{int(number)}"
            sweep = self.started("--seed=0:3", "--steps=40", "--delay=0.02", before=["--jobs=2"])
            self.wait_for(lambda: len(list(self.output.glob("*/checkpoint.1"))) >= 2)
            sweep.send_signal(number)
            text, errors = sweep.communicate(timeout=20)
            self.assertEqual(sweep.returncode, code, text + errors)
            self.assertIn("pending: interrupted", text)
            self.assertEqual([run["status"] for run in self.table()["runs"]], ["pending"] * 4)
            stops = {start["run"]: start["stops"] for start in self.starts() if "stops" in start}
            self.assertEqual(len(stops), 2)
            self.sweep("--seed=0:3", "--steps=40", "--delay=0.02")
            self.assertEqual(sorted(self.begins()), sorted([0, 0, 0, 0, *stops.values()]))  # no step twice
            self.assertEqual(self.results(), whole)
            (self.folder / "starts").unlink()

    def test_a_signal_to_every_process(self):
        """As Slurm sends it to a job's: the programs' guardians heed it not."""
        sweep = self.started("--steps=400", "--delay=0.02")
        self.wait_for(lambda: list(self.output.glob("*/checkpoint.1")))
        for pid, command in self.processes().items():
            if sweep_support.SWEEP in command:
                subprocess.run(["kill", "-USR1", str(pid)], check=False)
        text, errors = sweep.communicate(timeout=20)
        self.assertEqual(sweep.returncode, 75, text + errors)
        self.assertEqual(len([start for start in self.starts() if "stops" in start]), 1)

    def test_sweeps_that_are_killed(self):
        options = ["--seed=0:5", "--steps=30", "--delay=0.02", "--interval=5"]
        whole = self.undisturbed(*options)
        for _ in range(3):
            sweep = self.started(*options, before=["--jobs=3"])
            self.wait_for(lambda: list(self.output.glob("*/checkpoint.*")))
            time.sleep(0.2)  # some way behind a checkpoint, and before the end
            sweep.kill()
            sweep.communicate()
            self.wait_for(lambda: not self.processes())
        self.sweep(*options)
        self.assertEqual(self.results(), whole)
        self.assertTrue(all(step % 5 == 0 for step in self.begins()))
        self.assertGreater(max(self.begins()), 0)

    # --- where two runs differ

    def diff(self, first, second, code):
        result = subprocess.run([sweep_support.SWEEP, "diff", str(first), str(second)], capture_output=True, text=True,
                                timeout=60)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return (result.stdout if code < 2 else result.stderr).splitlines()

    def test_diff(self):
        self.sweep("--steps=20", "--seed=0", "--schedule=constant,linear")
        first = self.output / self.table()["runs"][0]["id"]
        self.output = self.folder / "again"
        time.sleep(0.01)  # the times differ
        self.sweep("--steps=20", "--seed=0")
        same = self.folders()[0]
        self.assertEqual(self.diff(first, same / "run.h5", 0),
                         ["theta is equal at step 20, the last with a fingerprint in both",
                          "evaluation: 20 rows are equal",
                          "fingerprint: 4 rows are equal", "the runs are equal but for times"])
        self.output = self.folder / "other"
        self.sweep("--steps=12", "--seed=0")
        short = self.folders()[0]
        lines = self.diff(first, short, 1)
        for line in ("option steps: 20 and 12", "evaluation: 20 rows and 12: the first 12 are equal",
                     "the runs differ"):
            self.assertIn(line, lines)
        # A log that is not what its run has recorded is compared with nothing.
        log = (same / "metrics.log").read_bytes()
        (same / "metrics.log").write_bytes(log[:-1])
        self.assertRegex(self.diff(first, same, 2)[0], f"^sweep: diff: {same / 'metrics.log'}: damaged: ")
        (same / "metrics.log").write_bytes(log)
        # One bit, from a step on.
        log = bytearray((same / "metrics.log").read_bytes())
        changed = self.change(log, table=0, index=13)
        (same / "metrics.log").write_bytes(changed)
        self.change(changed, table=1, index=15)
        (same / "metrics.log").write_bytes(changed)
        lines = self.diff(first, same, 1)
        self.assertEqual(lines[0], "theta is equal at step 10 and differs at step 15")
        self.assertRegex(lines[1], r"^evaluation: first differs at step 13: loss is [0-9.e-]+ and [0-9.e-]+$")
        self.assertRegex(lines[2], r"^fingerprint: first differs at step 15: high is \d+ and \d+$")

    @staticmethod
    def change(log, table, index):
        """Flips the last bit of the first value of a row, and mends its checksum."""
        place = 0
        while place < len(log):
            size, _ = struct.unpack_from("<II", log, place)
            payload = place + 8
            if log[payload:payload + 1] == b"R" and struct.unpack_from("<Hq", log, payload + 1) == (table, index):
                value = payload + 11 + (2 if table else 0)  # of a whole number a bit that shows
                log[value] ^= 1 if not table else 32
                struct.pack_into("<I", log, place + 4, zlib.crc32(bytes(log[payload:payload + size])))
                return log
            place = payload + size
        raise AssertionError("no such row")

    def test_diff_of_unlike_runs(self):
        self.sweep("--steps=5")
        run = self.folders()[0]
        other = self.folder / "minimized"
        subprocess.run([pathlib.Path(sweep_support.SWEEP).with_name("minimize"), "--steps=5", "--quiet",
                        f"--output={other}"], check=True)
        lines = self.diff(run, other, 1)
        self.assertIn("evaluation: only the first run has this table", lines)
        self.assertIn("step: only the second run has this table", lines)
        self.assertIn("option optimizer: \"sgd\" and \"adam\"", lines)
        self.assertEqual(self.diff(other, other, 0)[-1], "the runs are equal but for times")
        for wrong in (self.folder / "nowhere", self.folder):
            lines = self.diff(run, wrong, 2)
            self.assertEqual(len(lines), 1)
            self.assertIn("expected a run's folder", lines[0])


if __name__ == "__main__":
    sweep_support.main(__file__)
