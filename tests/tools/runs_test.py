#!/usr/bin/python3
"""tools/report_lib/runs: which runs are the same, what tells them apart, and what of the disk is believed."""
import json
import math
import os
import pathlib
import random
import resource
import shutil
import sys
import tempfile
import unittest

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "tools"), str(pathlib.Path(__file__).parent)]
from report_lib.runs import folder as run_folder, grouping, sealed  # noqa: E402
from report_lib.runs.values import escaped, identity, texts  # noqa: E402
from run_fixtures import ZEROS, good_sweep, name_of, write_run, write_sealed, write_sweep  # noqa: E402


def run_of(folder, status="completed", given=None, program="p", started="", fingerprint="", **options):
    return run_folder.Run(folder, pathlib.Path(folder), program, options, True, given or {}, status, "",
                          {"started": started}, fingerprint=fingerprint)


class Values(unittest.TestCase):
    def test_equal_by_value_and_by_nothing_else(self):
        self.assertEqual(identity(1), identity(1.0))
        self.assertEqual(identity(0.0), identity(-0.0))
        self.assertEqual(identity(float("nan")), identity(float("nan")))
        different = [1, True, "1", "1.0", "true", None, "", 0, False, "7", "007", "1e-3", 0.001, 2 ** 53, 2 ** 53 + 1,
                     2 ** 64 - 1, math.inf, "inf", "nan", float("nan"), 0.1, 0.1 + 2 ** -56, "None", "–"]
        self.assertEqual(len({identity(value) for value in different}), len(different))
        shown = texts(different)
        self.assertEqual(len(set(shown.values())), len(different), shown)

    def test_different_values_have_different_texts(self):
        for values in ([0.9999999, 0.99999999, 0.9], [0.1, 0.1000001], [0.1, 0.1 + 2 ** -56], [1 / 3, 1 / 3 + 2 ** -54],
                       [1e-300, 1.0000000000000002e-300], ["a\nb", "a\\nb", '"a\\nb"', "a b", " a b", "a\u202eb"],
                       ["\udcff", "\\xff", "\xff"], [1 - 1e-12, 1, 1 - 1e-13]):
            shown = texts(values)
            self.assertEqual(len(set(shown.values())), len(values), shown)
            for text in shown.values():
                self.assertTrue(text.isprintable(), text)

    def test_random_neighbours_are_told_apart_and_order_is_kept(self):
        chance = random.Random(3)
        for _ in range(300):
            values = [chance.choice([1e-9, 1e-3, 1, 12345.0]) * chance.choice([1, chance.random()])]
            for _ in range(6):
                values.append(math.nextafter(chance.choice(values), math.inf) if chance.random() < 0.5
                              else round(chance.choice(values), chance.randrange(12)))
            shown = texts(values)
            numbers = {key[1]: text for key, text in shown.items()}
            self.assertEqual(len(set(shown.values())), len(numbers), shown)
            ordered = [float(text) for _, text in sorted(numbers.items())]
            self.assertEqual(ordered, sorted(ordered))

    def test_short_values_are_exact_and_long_ones_are_six_digits(self):
        self.assertEqual(list(texts([0.1, 1e-05, 0.9999999, 10 ** 0.5 / 1000, 5.0, 0.30000000000000004]).values()),
                         ["0.1", "1e-05", "0.9999999", "0.00316228", "5", "0.3"])
        self.assertEqual(texts([1 - 1e-13]).popitem()[1], "0.9999999999999")

    def test_any_text_is_one_visible_line(self):
        self.assertEqual(escaped("a\nb\x1b[31m\u202e\udcff\x7f"), "a\\nb\\u001b[31m\\u202e\\xff\\x7f")


class Grouping(unittest.TestCase):
    def test_a_configuration_counts_once_however_it_was_written(self):
        runs = [run_of("b", rate=0.1, seed=0, started="2"), run_of("a", rate=0.1, seed=0, started="3"),
                run_of("c", rate=0.1, seed=1), run_of("d", "failed", rate=0.1, seed=0, started="1"),
                run_of("e", program="q", rate=0.1, seed=0)]
        kept, notes = grouping.count_once(runs)
        self.assertEqual([run.name for run in kept], ["b", "c", "e"])
        self.assertEqual(len(notes), 1)
        self.assertRegex(notes[0], r"b is taken, a, d left out\.")

    def test_it_does_not_matter_in_which_order_they_are_found(self):
        runs = [run_of("b", rate=1, seed=0, started="2", fingerprint="x"),
                run_of("a", rate=1.0, seed=0, started="2", fingerprint="y")]
        for order in (runs, runs[::-1]):
            kept, notes = grouping.count_once(order)
            self.assertEqual([run.name for run in kept], ["a"])
            self.assertRegex(notes[0], r"results that differ.*: a is taken, b left out\.")

    def test_what_a_run_was_given_stands_for_the_options_of_one_that_was_given_the_same(self):
        known = run_of("known", given={"rate": 0.1, "seed": 0}, rate=0.1, depth=2, seed=0)
        pending = [run_of("same", "pending", given={"rate": "+0.1", "seed": 0}),
                   run_of("next", "pending", given={"rate": "0.10", "seed": 1}),
                   run_of("other", "pending", given={"rate": 0.3, "seed": 0}),
                   run_of("plain", "pending", given={"seed": 0})]
        for run in pending:
            run.options, run.effective = dict(run.given), False
        grouping.fill_in([known, *pending])
        self.assertEqual([run.options for run in pending],
                         [{"rate": 0.1, "depth": 2, "seed": 0}, {"rate": 0.1, "depth": 2, "seed": 1},
                          {"rate": 0.3, "seed": 0}, {"seed": 0}])
        kept, _ = grouping.count_once([known, *pending])
        self.assertEqual([run.name for run in kept], ["known", "next", "other", "plain"])

    def test_a_text_that_looks_like_a_number_stays_a_text_where_the_option_is_one(self):
        known = run_of("known", given={"name": "007", "seed": 0}, name="007", seed=0)
        pending = run_of("p", "pending", given={"name": "7", "seed": 0})
        pending.effective = False
        grouping.fill_in([known, pending])
        self.assertEqual(pending.options["name"], "7")

    def test_what_follows_from_another_option_makes_no_column(self):
        sgd = [dict(optimizer="sgd", learning_rate=rate, momentum=0) for rate in (0.01, 0.1)]
        adam = [dict(optimizer="adam", learning_rate=0.001, beta1=0.9, beta2=beta) for beta in (0.99, 0.999)]
        runs = [run_of(f"{i}{seed}", seed=seed, **options) for i, options in enumerate(sgd + adam) for seed in (0, 1)]
        self.assertEqual(grouping.telling(runs), ["optimizer", "learning_rate", "beta2"])
        self.assertEqual(grouping.telling(runs[:4]), ["learning_rate"])
        self.assertEqual(grouping.telling(runs[:2]), [])

    def test_the_columns_make_the_rows_that_all_options_make(self):
        chance = random.Random(5)
        for _ in range(100):
            runs = [run_of(str(i), seed=i, **{name: chance.choice([0, 1, 1.0, "1", None]) for name in "abcd"
                                              if chance.random() < 0.8}) for i in range(8)]
            names = grouping.telling(runs)

            def rows(of):
                return len({tuple(identity(run.options.get(name)) for name in of) for run in runs})
            self.assertEqual(rows(names), rows("abcd"))
            for name in names:
                self.assertLess(rows([other for other in names if other != name]), rows(names))


class OnDisk(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def load(self):
        return run_folder.load(self.folder)

    def states(self):
        return {run.name: run.status for run in self.load().runs}

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
                     '{"a": NaN}', '{"a": Infinity}', '{"a": 1, "a": 2}', '{"seal": 3}', '{"seal": "\ud800"}', "\ufeff{}",
                     json.dumps({"schema": 2, "seal": "é" * 64}), '{"a": "' + ZEROS + '"\n}\n'):
            path = self.folder / "x.json"
            write_sealed(path, text)
            with self.assertRaises(sealed.Damaged, msg=text[:40]):
                sealed.read_sealed(path)
        write_sealed(self.folder / "x.json", '{"schema": 3, "seal": "' + ZEROS + '"\n}\n')
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
        self.assertAlmostEqual(run.final("validation_accuracy"), 50)

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
                self.assertIn(run.options, (true[run.name], {name: true[run.name][name] for name in ("optimizer", "seed")}))
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

    def test_no_memory_is_taken_that_the_file_does_not_vouch_for(self):
        def announced(file):
            del file["loss"]
            file.create_dataset("loss", (STEPS := 19_000_000,), "f8", chunks=(1024,), compression="gzip")
            del file["step"]
            file.create_dataset("step", (STEPS,), "i8", chunks=(1024,), compression="gzip")

        def one_chunk(file):
            del file["epoch/training_loss"]
            file.create_dataset("epoch/training_loss", data=np.ones(5), chunks=(5,), maxshape=(None,), compression="gzip")
            del file["epoch/gradients"]
            file.create_dataset("epoch/gradients", (5,), "f8", chunks=(1 << 27,), maxshape=(None,), compression="gzip")

        def solver(file):
            file.create_dataset("solver/damping", (1 << 40,), "f8", chunks=(1024,))
        for seed, change in enumerate((announced, one_chunk, solver)):
            write_run(self.folder, {"optimizer": "sgd", "seed": seed}, change=change)
        for run in self.load().runs:
            self.assertEqual(run.status, "damaged")
            self.assertRegex(run.reason, "announces .* more than")

    def test_a_file_that_is_too_large_to_be_read_is_not_called_damaged(self):
        run = write_run(self.folder, {"optimizer": "sgd", "seed": 0})
        with open(run / "run.h5", "r+b") as file:
            file.truncate(1 << 40)
        found, = self.load().runs
        self.assertEqual(found.status, "unreadable")
        self.assertRegex(found.reason, r"run\.h5: has 1099511627776 bytes, more than")

    def test_constant_columns_are_not_taken_for_damage(self):
        def constant(file):
            for name in ("loss", "step"):
                del file[name]
                file.create_dataset(name, data=np.zeros(2_000_000), chunks=(1024,), compression="gzip",
                                    compression_opts=4, shuffle=True, fletcher32=True)
        write_run(self.folder, {"optimizer": "sgd", "seed": 0}, change=constant)
        self.assertEqual([(run.status, run.reason) for run in self.load().runs], [("completed", "")])


if __name__ == "__main__":
    unittest.main()
