#!/usr/bin/python3
"""tools/draw_path on files made for the purpose: odd texts, damage, pictures that cannot be written."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import warm  # noqa: E402
from run_fixtures import write_sealed  # noqa: E402

STEPS = 40


def write_path(path, change=None, **options):
    """What build/bin/minimize writes, of a spiral into (1, 0), with contours."""
    angle = np.arange(STEPS) / 5
    with h5py.File(path, "w") as file:
        file.attrs.update({"program": "minimize", "minimum": 0.0, "minimiser": "[1,0]",
                           "config": json.dumps({"problem": "bowl", "optimizer": "adam", **options})})
        file["step/step"] = np.arange(STEPS)
        file["step/theta"] = np.stack([1 + np.exp(-angle) * np.cos(angle), np.exp(-angle) * np.sin(angle)], axis=1)
        file["step/value"] = np.exp(-2 * angle)
        axis = np.linspace(-1, 3, 20)
        file["contour/x"], file["contour/y"] = axis, axis
        file["contour/value"] = (axis - 1) ** 2 + axis[:, None] ** 2
        if change:
            change(file)
    return path


class DrawPath(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.picture = self.folder / "path.svg"

    def draw(self, *arguments):
        return warm.call("draw_path", *arguments, "--output", self.picture)

    def texts(self, *arguments):
        result = self.draw(*arguments)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))
        return [text.strip() for text in xml.parse(self.picture).getroot().itertext() if text.strip()]

    def assert_one_line(self, result, code, *words):
        self.assertRegex(result.stderr, rb"\Adraw_path: [^\n]+\n\Z")
        self.assertEqual(result.returncode, code, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr.decode())

    def test_labels_tell_apart_what_differs(self):
        one = write_path(self.folder / "1.h5", learning_rate=0.1, name="7")
        two = write_path(self.folder / "2.h5", learning_rate=0.1000001, name="007")
        shown = "\n".join(self.texts(one, two))
        self.assertIn("adam, learning rate 0.1, name 7 (39 steps", shown)
        self.assertIn("adam, learning rate 0.1000001, name 007 (39 steps", shown)

    def test_odd_texts_are_shown_as_they_are(self):
        one = write_path(self.folder / "-x\n.h5", problem="$p^{<script>")
        shown = self.texts(one, one, one, "--labels", b"_a&$b_{,\x01\xff,--><b>")
        for text in ("$p^{<script>", "_a&$b_{ (39", "\\u0001\\xff (39", "--><b> (39"):
            self.assertTrue(any(text in found for found in shown), (text, shown))

    def test_a_folders_run_is_shown_only_as_its_record_vouches_for_it(self):
        run = self.folder / "run"
        run.mkdir()
        data = write_path(run / "run.h5").read_bytes()
        record = {"status": "completed", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        write_sealed(run / "complete.json", record)
        self.assertEqual(self.draw(run).returncode, 0)
        self.picture.unlink()
        (run / "run.h5").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        self.assert_one_line(self.draw(run), 2, "run.h5", "SHA-256")
        write_sealed(run / "complete.json", {**record, "note": "0" * 3})
        (run / "complete.json").write_bytes((run / "complete.json").read_bytes().replace(b"000", b"001", 1))
        self.assert_one_line(self.draw(run), 2, "complete.json", "seal")
        (run / "complete.json").unlink()
        (run / "complete.json").symlink_to("complete.json")
        self.assert_one_line(self.draw(run), 1, "complete.json", "cannot be read now")
        self.assertFalse(self.picture.exists())

    def test_what_is_no_such_file_is_refused(self):
        def announced(file):
            del file["step/theta"]
            file.create_dataset("step/theta", (5_000_000, 2), "f8", chunks=(512, 2), compression="gzip")

        def shapes(file):
            del file["contour/x"]
            file["contour/x"] = np.arange(7.0)

        def outside(file):
            del file["step/value"]
            file["step/value"] = h5py.ExternalLink("other.h5", "value")
        for change, words in ((announced, "announces"), (shapes, "/contour/value"), (outside, "external link")):
            self.assert_one_line(self.draw(write_path(self.folder / "x.h5", change)), 2, "x.h5", words)
        (self.folder / "y.h5").write_bytes(b"text")
        self.assert_one_line(self.draw(self.folder / "y.h5"), 2, "not an HDF5 file")
        self.assert_one_line(self.draw(self.folder / "z.h5"), 2, "no such file")
        self.assertFalse(self.picture.exists())

    def test_a_picture_that_cannot_be_written_leaves_the_old_one(self):
        one = write_path(self.folder / "1.h5")
        self.picture.write_text("old")
        before = sorted(os.listdir(self.folder))
        result = subprocess.run(
            ["bash", "-c", 'ulimit -f 8; exec "$0" "$1" --output "$2"', warm.TOOLS / "draw_path", one, self.picture],
            capture_output=True, timeout=60)
        self.assert_one_line(result, 1, "path.svg", "File too large")
        self.assertEqual(self.picture.read_text(), "old")
        self.assertEqual(sorted(os.listdir(self.folder)), before)


if __name__ == "__main__":
    unittest.main()
