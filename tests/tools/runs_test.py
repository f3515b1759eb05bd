#!/usr/bin/python3
"""gradus.records: what of the disk is believed."""
import json
import os
import pathlib
import random
import re
import resource
import shutil
import sys
import tempfile
import unittest

import numpy as np

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"), str(pathlib.Path(__file__).parent)]
from gradus.records import folder as run_folder, grouping, sealed  # noqa: E402
from run_fixtures import ZEROS, good_sweep, name_of, write_run, write_sealed, write_sweep  # noqa: E402


class OnDisk(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def load(self):
        return run_folder.load(self.folder)

    def states(self):
        return {run.name: run.status for run in self.load().runs}

    def test_the_names_and_words_are_those_of_the_programs(self):
        records = pathlib.Path(__file__).resolve().parents[2] / "experiments/records"
        completion, source = (records / "completion.h").read_text(), (records / "completion.cpp").read_text()
        for name in ("CONFIG_FILE", "LOG_FILE", "RUN_FILE", "COMPLETION_FILE"):
            self.assertIn(f'{name.lower()} = "{getattr(sealed, name)}";', completion)
        self.assertEqual(re.search(r"names\[\] = \{(.*)\};", source)[1], json.dumps(sealed.ENDS)[1:-1])
        self.assertIn(f"schema_version = {sealed.SCHEMA}, oldest_schema = {sealed.OLDEST_SCHEMA};",
                      (records / "sealed.h").read_text())

    def test_every_changed_byte_of_a_sealed_file_is_noticed(self):
        path = self.folder / "complete.json"
        write_sealed(path, {"status": "completed", "options": {"learning_rate": 0.02, "text": "ä\u2028"}})
        whole = path.read_bytes()
        self.assertEqual(sealed.read_sealed(path)["status"], "completed")
        for place in range(len(whole)):
            for mask in (1, 0x10, 0x20, 0x80):
                data = bytearray(whole)
                data[place] ^= mask
                path.write_bytes(data)
                with self.assertRaises((sealed.Damaged, sealed.OtherSchema), msg=(place, mask)):
                    sealed.read_sealed(path)
        for data in (whole[:-1], whole + b" ", whole * 2, b""):
            path.write_bytes(data)
            with self.assertRaises(sealed.Damaged):
                sealed.read_sealed(path)

    def test_strange_json_is_one_line_and_costs_no_more_than_its_size(self):
        for text in ('{"a":' * 100_000, "[" * 1_000_000, "[]", '{"schema": ' + "9" * 100_000 + "}", '{"a": 1e999}',
                     '{"a": NaN}', '{"a": Infinity}', '{"a": 1, "a": 2}', '{"seal": 3}', '{"seal": "\ud800"}',
                     "\ufeff{}", json.dumps({"schema": 2, "seal": "é" * 64}), '{"a": "' + ZEROS + '"\n}\n'):
            path = self.folder / "x.json"
            write_sealed(path, text)
            with self.assertRaises(sealed.Damaged, msg=text[:40]):
                sealed.read_sealed(path)
        write_sealed(self.folder / "x.json", '{"schema": 4, "seal": "' + ZEROS + '"\n}\n')
        with self.assertRaises(sealed.OtherSchema):
            sealed.read_sealed(self.folder / "x.json")

    def test_what_is_no_file_is_not_waited_for(self):
        os.mkfifo(self.folder / "pipe")
        (self.folder / "endless").symlink_to("/dev/zero")
        for name in ("pipe", "endless", "."):
            with self.assertRaisesRegex(sealed.Damaged, "regular"):
                sealed.read_bytes(self.folder / name, 100)

    def test_that_a_file_cannot_be_read_now_says_nothing_about_it(self):
        entries = good_sweep(self.folder, ("sgd",))
        names = [name_of(options) for options, _, _ in entries]
        for name, file in zip(names, ("complete.json", "run.h5")):
            (self.folder / name / file).unlink()
            (self.folder / name / file).symlink_to(file)  # a link to itself cannot be opened: ELOOP
        sweep = self.load()
        self.assertEqual([run.status for run in sweep.runs if run.name in names[:2]], ["unreadable"] * 2)
        self.assertTrue(all("cannot be read now" in run.reason for run in sweep.runs if run.name in names[:2]))
        self.assertTrue(sweep.lacks_something())

    def test_a_limit_of_this_process_is_not_the_files_fault(self):
        good_sweep(self.folder, ("sgd",), 2)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        next_file = os.dup(0)
        os.close(next_file)
        seen = set()
        for spare in (0, 1, 2, 3, 4, 6, 8, 30):
            resource.setrlimit(resource.RLIMIT_NOFILE, (next_file + spare, limits[1]))
            try:
                seen.add(tuple(self.states().values()))
            except run_folder.NoRuns as error:
                self.assertIn("cannot be read now: Too many open files", str(error))
                seen.add(())
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        self.assertLess({(), ("unreadable", "unreadable")}, seen)
        self.assertLess(set().union(*seen), {"unreadable", "completed", "not damaged"})

    def test_the_folders_tell_without_a_table(self):
        entries = good_sweep(self.folder)
        write_sweep(self.folder, entries)
        for name in (".programs", "logs", f"{name_of(entries[0][0])}.rebuild"):
            (self.folder / name).mkdir()
            (self.folder / name / "run.h5").write_bytes(b"")
        (self.folder / "pictures").mkdir()
        with_table = self.load()
        (self.folder / "sweep.json").unlink()
        without = self.load()
        for sweep in (with_table, without):
            self.assertEqual({run.status for run in sweep.runs}, {"completed"})
            self.assertEqual(len(sweep.runs), 6)
            self.assertEqual(grouping.telling(sweep.runs), ["optimizer"])
            self.assertEqual(sweep.warnings, [])

    def test_one_digit_changed_beside_run_h5_is_named_and_not_shown(self):
        options = {"optimizer": "sgd", "learning_rate": 0.02, "seed": 0}
        run = write_run(self.folder, options)
        write_sweep(self.folder, [(options, "completed", "")])
        for path in (self.folder / "sweep.json", run / "config.json", run / "complete.json"):
            whole = path.read_text()
            path.write_text(whole.replace('"learning_rate": 0.02', '"learning_rate": 0.09'))
            self.assertNotEqual(path.read_text(), whole)
            sweep = self.load()
            told = sweep.warnings + [found.reason for found in sweep.runs if found.status == "damaged"]
            self.assertEqual(len(told), 1)
            self.assertIn(path.name, told[0])
            self.assertIn("seal", told[0])
            self.assertNotIn(0.09, [found.options.get("learning_rate") for found in sweep.runs])
            path.write_text(whole)

    def test_a_record_of_another_run_is_not_believed(self):
        one = write_run(self.folder, {"optimizer": "sgd", "seed": 0})
        other = write_run(self.folder, {"optimizer": "sgd", "seed": 1})
        record = json.loads((one / "complete.json").read_text())
        record["run_id"] = json.loads((other / "complete.json").read_text())["run_id"]
        write_sealed(one / "complete.json", {name: value for name, value in record.items() if name != "seal"})
        self.assertEqual(self.states(), {one.name: "damaged", other.name: "completed"})

    def test_a_run_that_is_replaced_while_it_is_read_is_not_called_damaged(self):
        options = {"optimizer": "sgd", "seed": 0}
        old = write_run(self.folder, options)
        new = write_run(self.folder, options, accuracy=0.5, name="new.rebuild")
        whole, calls = run_folder.verified_bytes, []

        def replaced(path, size, digest):
            calls.append(path)
            if len(calls) == 1:
                shutil.rmtree(old)
                new.rename(old)
            return whole(path, size, digest)
        run_folder.verified_bytes = replaced  # in the reading child
        try:
            run, = self.load().runs
        finally:
            run_folder.verified_bytes = whole
        self.assertEqual((run.status, run.reason), ("completed", ""))
        self.assertAlmostEqual(run.value("evaluation", "validation_accuracy"), 0.5)

    def test_random_damage_changes_nothing_that_is_shown(self):
        chance, entries = random.Random(11), good_sweep(self.folder, ("sgd", "adam"), 1)
        write_sweep(self.folder, entries)
        true = {run.name: run.options for run in self.load().runs}
        files = [path for path in self.folder.rglob("*") if path.suffix in (".json", ".h5")]
        for _ in range(60):
            path = chance.choice(files)
            whole = path.read_bytes()
            data = bytearray(whole)
            for _ in range(chance.choice([1, 1, 30])):
                data[chance.randrange(len(data))] = chance.randrange(256)
            if chance.random() < 0.2:
                data = data[:chance.randrange(len(data))]
            path.write_bytes(data)
            sweep = self.load()
            if data != whole:
                told = sweep.warnings + [run.reason for run in sweep.runs if run.status == "damaged"]
                self.assertTrue(any(path.name in line for line in told), (path, told))
            for run in sweep.runs:
                self.assertIn(run.options,
                              (true[run.name], {name: true[run.name][name] for name in ("optimizer", "seed")}))
            path.write_bytes(whole)

    def test_a_run_that_left_no_record_is_what_it_is(self):
        at_work = write_run(self.folder, {"optimizer": "sgd", "seed": 0})
        for name in ("run.h5", "complete.json"):
            (at_work / name).unlink()
        failed = {"optimizer": "sgd", "seed": 1}
        write_sweep(self.folder, [(failed, "failed", "no such data"), ({"optimizer": "sgd", "seed": 2}, "pending", "")])
        sweep = {run.name: run for run in self.load().runs}
        self.assertEqual(sweep[at_work.name].status, "unfinished")
        self.assertEqual(sweep[at_work.name].options["width"], 128)
        self.assertEqual(sweep[name_of(failed)].reason, "no such data")
        self.assertEqual([run.status for run in sweep.values()].count("pending"), 1)

    def test_what_a_sweep_stopped_early_is_pruned_until_it_has_gone_on(self):
        options = [{"optimizer": "sgd", "seed": seed} for seed in range(3)]
        for own, status in zip(options, ("interrupted", "interrupted", "completed")):
            write_run(self.folder, own, status)
        write_sweep(self.folder, [(options[0], "pruned", "stopped early at step 250: loss 3"), (options[1], "pending", ""),
                                  (options[2], "pruned", "stopped early at step 250: loss 2")])
        sweep = self.load()
        states = {run.name: (run.status, run.reason) for run, *_ in run_folder.read(sweep.runs, run_folder.Want(), sweep)}
        self.assertEqual(list(states.values()), [("pruned", "stopped early at step 250: loss 3"), ("interrupted", ""),
                                                 ("completed", "")])
        self.assertEqual([run.status for run in sweep.runs], ["pruned", "interrupted", "completed"])

    def test_what_a_sweep_took_from_a_folder_is_not_what_was_given(self):
        options = {"optimizer": "sgd", "seed": 0}
        write_run(self.folder, options)
        write_sealed(
            self.folder / "sweep.json", {
                "program": "optimizer_comparison", "command": [], "runs": [{
                    "id": name_of(options), "folder": name_of(options), "options": {**options, "width": 128},
                    "status": "completed", "options_are_effective": True, "exit_code": None, "reason": ""}, {
                        "id": "gone", "folder": "gone", "options": options, "status": "failed",
                        "options_are_effective": True, "exit_code": 1, "reason": ""}]})
        self.assertEqual([(run.given, run.effective) for run in self.load().runs], [({}, True), ({}, True)])

    def test_no_memory_is_taken_that_the_file_does_not_vouch_for(self):
        def announced(file):
            del file["step/loss"]
            file.create_dataset("step/loss", (STEPS := 19_000_000,), "f8", chunks=(1024,), compression="gzip")
            del file["step/step"]
            file.create_dataset("step/step", (STEPS,), "i8", chunks=(1024,), compression="gzip")

        def one_chunk(file):
            del file["evaluation/training_loss"]
            file.create_dataset("evaluation/training_loss", data=np.ones(5), chunks=(5,), maxshape=(None,),
                                compression="gzip")
            del file["evaluation/gradients"]
            file.create_dataset("evaluation/gradients", (5,), "f8", chunks=(1 << 27,), maxshape=(None,),
                                compression="gzip")

        def solver(file):
            file.create_dataset("solver/damping", (1 << 40,), "f8", chunks=(1024,))
            file.create_dataset("solver/solver", (1 << 40,), "i8", chunks=(1024,))
        for seed, change in enumerate((announced, one_chunk, solver)):
            write_run(self.folder, {"optimizer": "sgd", "seed": seed}, change=change)
        for run in run_folder.load(self.folder, run_folder.Want(whole=None)).runs:
            self.assertEqual(run.status, "damaged")
            self.assertRegex(run.reason, "announces .* more than|numbers, more than")
        sweep = self.load()  # of the default table alone
        self.assertEqual([run.status for run in sweep.runs].count("damaged"), 1)
        drawn = list(
            run_folder.read([run for run in sweep.runs if run.status == "completed"], run_folder.Want(whole=None),
                            sweep))
        self.assertEqual((len(drawn), len(sweep.warnings)), (0, 2))

    def test_a_file_that_is_too_large_to_be_read_is_not_called_damaged(self):
        run = write_run(self.folder, {"optimizer": "sgd", "seed": 0})
        with open(run / "run.h5", "r+b") as file:
            file.truncate(1 << 40)
        found, = self.load().runs
        self.assertEqual(found.status, "unreadable")
        self.assertRegex(found.reason, r"run\.h5: has 1099511627776 bytes, more than")

    def test_constant_columns_are_not_taken_for_damage(self):
        def constant(file):
            for name in ("step/loss", "step/step"):
                del file[name]
                file.create_dataset(name, data=np.zeros(2_000_000), chunks=(1024,), compression="gzip",
                                    compression_opts=4, shuffle=True, fletcher32=True)
        write_run(self.folder, {"optimizer": "sgd", "seed": 0}, change=constant)
        self.assertEqual([(run.status, run.reason) for run in self.load().runs], [("completed", "")])


if __name__ == "__main__":
    unittest.main()
