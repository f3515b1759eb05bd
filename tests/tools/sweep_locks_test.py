#!/usr/bin/python3
"""Sweeps on file systems that have no locks, as a preloaded library pretends, or those of NFS.

Usage: sweep_locks_test.py BUILD_BIN_DIR [unittest arguments]
"""
import os
import pathlib
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True
import sweep_support
from managers_support import ManagersCase
from sweep_support import preloading

TRAINER = pathlib.Path(__file__).with_name("stateful_program.py")


class WithoutLocks(ManagersCase):
    def here(self, host="ada"):
        """This and what follows is on a file system without locks, on a host of this name."""
        self.environment.update(preloading(self.preloaded()), PRETEND_HOST=host)

    def test_without_locks_each_run_is_one_managers(self):
        self.ends_with(self.managers(3, "--seed=0:11", before=["--jobs=2"], hosts=["ada", "ada", "bob"]))
        self.assertEqual(set(self.started().values()), {1})
        self.assertEqual(len(list(self.output.glob("*/complete.json"))), 12)
        self.assertEqual(list((self.output / ".attempts").iterdir()), [])
        self.assertEqual(sorted(path.name for path in (self.output / "logs").iterdir()),
                         sorted(f"{folder.name}.log" for folder in self.folders()))

    def test_without_locks_a_dead_process_of_the_same_host_is_followed_at_once(self):
        first, = self.managers(1, "--seed=0", "--mode=sleep", hosts=["ada"])
        self.wait_for(lambda: len(self.starts()) == 1)
        first.kill()
        first.wait()
        self.program.write_text(self.program.read_text().replace("time.sleep(60)", "time.sleep(0)"))
        second, = self.managers(1, "--seed=0", "--mode=sleep", before=["--allow-mixed-builds"], hosts=["ada"])
        self.ends_with([second])
        self.assertEqual(set(self.started().values()), {2})

    def taken_over(self, seconds):
        """What the one says that was taken for dead, whose program had so many seconds to go, and what the other left."""
        self.environment.update(GRADUS_SWEEP_CLAIM="1", SECONDS=str(seconds))
        self.program.write_text(self.program.read_text().replace("time.sleep(0.5)",
                                                                 'time.sleep(float(os.environ["SECONDS"]))'))
        first, = self.managers(1, "--seed=0", "--mode=short", hosts=["ada"])
        self.wait_for(lambda: len(self.starts()) == 1)
        first.send_signal(signal.SIGSTOP)                  # its program ends meanwhile, in its own folder
        self.environment["SECONDS"] = "0"
        second, = self.managers(1, "--seed=0", "--mode=short", hosts=["bob"])
        self.ends_with([second])
        folder, = self.folders()
        results = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.assertIn("complete.json", results)
        time.sleep(max(0, seconds - 1))
        first.send_signal(signal.SIGCONT)
        said, = self.ends_with([first])
        self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()}, results)
        return said

    def test_what_comes_late_from_an_owner_that_was_taken_for_dead_is_never_counted(self):
        said = self.taken_over(8)
        self.assertIn("0 completed", said)
        self.assertIn("1 run by other sweeps meanwhile", said)
        self.assertEqual(set(self.started().values()), {2})

    def test_a_result_of_an_owner_that_was_taken_for_dead_is_not_made_again(self):
        self.taken_over(0.2)
        self.assertEqual(set(self.started().values()), {1})

    def test_an_owner_that_shows_signs_of_life_is_waited_for(self):
        self.environment.update(GRADUS_SWEEP_CLAIM="0.4")
        self.program.write_text(self.program.read_text().replace("time.sleep(0.5)", "time.sleep(2)"))
        self.ends_with(self.managers(2, "--seed=0", "--mode=short", hosts=["ada", "bob"]))
        self.assertEqual(set(self.started().values()), {1})

    def test_locks_of_one_host_do_not_prove_that_another_is_gone(self):
        self.environment.update(GRADUS_SWEEP_CLAIM="2")  # a heartbeat in 0.2 s
        self.program.write_text(self.program.read_text().replace("time.sleep(0.5)", "time.sleep(2)"))
        first, = self.managers(1, "--seed=0", "--mode=short", hosts=["ada"], library="locks_of_one_host")
        self.wait_for(lambda: len(self.starts()) == 1)
        second, = self.managers(1, "--seed=0", "--mode=short", hosts=["bob"], library="locks_of_one_host")
        self.ends_with([first, second])
        self.assertEqual(set(self.started().values()), {1})

    def test_with_locks_another_host_that_is_silent_is_followed_in_a_folder_of_its_own(self):
        self.environment.update(GRADUS_SWEEP_CLAIM="2", SECONDS="5")
        self.program.write_text(self.program.read_text().replace("time.sleep(0.5)",
                                                                 'time.sleep(float(os.environ["SECONDS"]))'))
        first, = self.managers(1, "--seed=0", "--mode=short", hosts=["ada"], library="locks_of_one_host")
        self.wait_for(lambda: len(self.starts()) == 1)
        first.send_signal(signal.SIGSTOP)  # silent, not dead: its program goes on
        self.environment["SECONDS"] = "0"
        second, = self.managers(1, "--seed=0", "--mode=short", hosts=["bob"], library="locks_of_one_host")
        self.ends_with([second])
        folder, = self.folders()
        result = (folder / "complete.json").read_bytes()
        self.assertEqual(len({word for start in self.starts() for word in start["argv"] if word.startswith("--output=")}), 2)
        first.send_signal(signal.SIGCONT)
        self.ends_with([first])
        self.assertEqual((folder / "complete.json").read_bytes(), result)

    def test_what_another_host_is_about_to_write_stays(self):
        claims = self.output / ".claims"
        claims.mkdir(parents=True)
        fresh, old = claims / ".new.0123456789ab.1.claim", claims / ".new.0123456789ab.2.claim"
        for path in (fresh, old):
            path.write_text("{}")
        os.utime(old, (time.time() - 3600,) * 2)
        self.sweep("--seed=0")
        self.assertTrue(fresh.exists())
        self.assertFalse(old.exists())

    def test_what_stopped_goes_on(self):
        self.here()
        options = ["--steps=20", "--stop-at=7"]
        self.sweep(*options, program=TRAINER, code=75)
        self.sweep(*options, program=TRAINER)
        self.assertEqual([start["begins"] for start in self.starts() if "begins" in start], [0, 7])

    def test_what_stopped_is_tried_again(self):
        self.here()
        self.environment.update(GRADUS_SWEEP_PAUSE="0.01")
        self.sweep("--steps=20", "--stop-at=7", program=TRAINER, before=["--retries=2"])
        self.assertEqual([start["begins"] for start in self.starts() if "begins" in start], [0, 7])

    def test_a_result_that_did_not_come_to_its_place_is_not_made_again(self):
        self.sweep("--seed=0")
        folder, = self.folders()
        (self.output / ".attempts" / folder.name).mkdir(parents=True)
        attempt, log = f"{folder.name}.1-0badcafe", self.output / "logs" / f"{folder.name}.log"
        folder.rename(self.output / ".attempts" / folder.name / attempt)
        log.rename(log.with_name(f"{attempt}.log"))
        for name in ("sweep.json", "manifest.json"):
            (self.output / name).unlink(missing_ok=True)
        self.here()
        self.sweep("--seed=0")
        self.assertEqual(set(self.started().values()), {1})
        self.assertTrue((folder / "complete.json").exists())
        self.assertEqual(list(log.parent.iterdir()), [log])
        self.assertEqual(list((self.output / ".attempts").iterdir()), [])

    def test_of_two_results_the_one_that_was_marked_first_is_the_runs(self):
        """Whoever comes later, with a result as whole, moves the other's to the run's name, and displaces nothing."""
        self.sweep("--seed=0")
        folder, = self.folders()
        attempts = self.output / ".attempts" / folder.name
        for marked in (1, 2, None):  # the last: a mark of what is nowhere any more keeps nobody away
            attempts.mkdir(parents=True)
            for number in (1, 2):
                shutil.copytree(folder, attempts / f"{folder.name}.{number}-0badcafe")
            numbers = [(attempts / f"{folder.name}.{number}-0badcafe" / "complete.json").stat().st_ino for number in (1, 2)]
            if marked:
                os.link(attempts / f"{folder.name}.{marked}-0badcafe" / "complete.json", attempts / "result")
            else:
                (attempts / "result").write_text("")
            shutil.rmtree(folder)
            folder.mkdir()
            (folder / "config.json").write_bytes((attempts / f"{folder.name}.1-0badcafe" / "config.json").read_bytes())
            (self.output / "sweep.json").unlink()
            self.here()
            self.sweep("--seed=0")
            self.assertEqual(set(self.started().values()), {1})
            found = (folder / "complete.json").stat()
            self.assertIn(found.st_ino, numbers if marked is None else numbers[marked - 1:marked])
            self.assertEqual(found.st_nlink, 1)
            self.assertEqual(list((self.output / ".attempts").iterdir()), [])
            self.assertIn("1 skipped", self.sweep("--seed=0").stdout)

    def test_what_is_to_be_tried_again_is_nobody_elses_meanwhile(self):
        self.environment.update(GRADUS_SWEEP_CLAIM="1", GRADUS_SWEEP_PAUSE="4")
        self.program.write_text(self.program.read_text().replace("os.kill(os.getpid(), signal.SIGKILL)", """
    if len(pathlib.Path(os.environ["STARTS"]).read_text().splitlines()) == 1: os.kill(os.getpid(), signal.SIGKILL)
"""))
        first, = self.managers(1, "--mode=killed", before=["--retries=3"], hosts=["ada"])
        self.wait_for(lambda: len(self.starts()) == 1)
        second, = self.managers(1, "--mode=killed", before=["--retries=3"], hosts=["bob"])
        said = [manager.communicate(timeout=60)[0] for manager in (first, second)]
        self.assertIn("1 completed", said[0])
        self.assertIn("1 run by other sweeps meanwhile", said[1])
        self.assertEqual(len(self.starts()), 2)

    def test_an_empty_claim_is_void_when_it_is_old(self):
        self.environment.update(GRADUS_SWEEP_CLAIM="1")
        self.sweep("--mode=no-record", code=1)
        claim, = (self.output / ".claims").glob("*/1")
        claim.write_text("")
        os.utime(claim, (0, 0))
        self.here("bob")
        self.sweep("--mode=no-record", code=1)
        self.assertEqual(len(self.starts()), 2)


class LocksOfNfs(ManagersCase):
    def test_sweeps_share_a_folder(self):
        self.environment.update(preloading(self.preloaded("locks_of_nfs")))
        first, = self.managers(1, "--seed=0:1", "--mode=sleep", before=["--jobs=2"])
        self.wait_for(lambda: len(self.starts()) == 2)
        second, = self.managers(1, "--seed=0:2", "--mode=sleep", before=["--jobs=2"])
        self.wait_for(lambda: len(self.starts()) == 3)
        self.assertIn("3 running", self.tool("status", self.output, code=75).stdout)
        self.assertIn("3 running", "".join(self.listed()))
        self.tool("cancel", self.output)
        self.ends_with([first, second], code=130)
        self.assertEqual(set(self.started().values()), {1})


if __name__ == "__main__":
    sweep_support.main(__file__)
