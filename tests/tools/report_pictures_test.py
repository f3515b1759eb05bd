#!/usr/bin/python3
"""What a report's pictures show: the numbers as measured, the same colours whoever is hidden, on a small page."""
import base64
import gzip
import json
import pathlib
import re
import sys
import unittest
import unittest.mock
import xml.etree.ElementTree

import numpy as np

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools" / "python")]
from gradus.report import figures, interactive, marks, page  # noqa: E402
from gradus.report.frame import frame, outside, seen  # noqa: E402
from gradus.report.palette import COLOURS, Palette  # noqa: E402
from gradus.report.panels import Panel  # noqa: E402
from panel_fixtures import GROUPS, key_of, page_of, panels, series_of  # noqa: E402


def embedded(text, name):
    return re.search(rf'<script type="application/[a-z]+" id="{name}">([^<]*)</script>', text)[1]


def numbers_of(text):
    """{picture: [(what, place, {name: array})]} as a browser has it."""
    block = gzip.decompress(base64.b64decode(embedded(text, "numbers")))

    def array(reference):
        offset, count, size = reference["numbers"]
        return np.frombuffer(block, f"<f{size}", count, offset)
    found = {}
    for name, picture in json.loads(embedded(text, "pictures")).items():
        found[name] = [(trace["what"], trace["place"], {
            key: [array(part) for part in value] if isinstance(value, list) else array(value)
            for key, value in trace.items() if key in ("x", "y", "extra") and (
                isinstance(value, dict) or (value and isinstance(value[0], dict)))}) for trace in picture["data"]]
    return found


def long_panels(count, groups, runs, steps):
    names = [(f"optimizer{i}", 0.1) for i in range(groups)]
    return [Panel(f"p{i}", f"Panel {i}", "step", "loss", table="evaluation", series=[
        series_of(group, lambda x: np.exp(-x / 1000), runs, x=np.arange(steps), seed=i) for group in names])
        for i in range(count)]


class ReportPicturesTest(unittest.TestCase):
    def test_colours_are_those_of_a_group_whoever_else_is_drawn(self):
        keys = [key_of(*group) for group in GROUPS]
        whole, some = Palette(keys), Palette(list(reversed(keys)))
        self.assertEqual([(whole.colour(key), whole.dash(key)) for key in keys],
                         [(some.colour(key), some.dash(key)) for key in keys])
        self.assertEqual(len({whole.colour(key) for key in keys}), len(keys))
        many = Palette(key_of(place, "nan", None, True) for place in range(4 * len(COLOURS)))
        self.assertEqual(len({(many.colour(key), many.dash(key)) for key in many.keys}), 4 * len(COLOURS))
        panel = panels()[0]
        everyone = page_of([panel], live=False)
        panel.series = panel.series[1:]
        self.assertNotEqual(page_of([panel], live=False), everyone)
        for series in panel.series:  # those that are left are as they were
            line = rf'<line[^>]*stroke="{whole.colour(series.key)}"[^>]*>'
            self.assertEqual(re.findall(line, page_of([panel], live=False, keys=keys)), re.findall(line, everyone))

    @unittest.skipUnless(interactive.library(), "python3-plotly is not installed: tools/setup")
    def test_a_page_has_the_means_and_intervals_bit_by_bit(self):
        drawn = panels()
        found = numbers_of(page_of(drawn))
        palette = Palette(series.key for panel in drawn for series in panel.series)
        for panel in drawn:
            for series in panel.series if panel.kind == "curves" else ():
                mine = [(what, values) for what, place, values in found[panel.id] if place == palette.place(series.key)]
                mean = next(values for what, values in mine if what == "mean")
                self.assertEqual(mean["y"].tobytes(), np.asarray(series.mean, float).tobytes())
                self.assertEqual(mean["x"].tobytes(), np.asarray(series.x, float).tobytes())
                if series.low is not None:
                    self.assertEqual([edge.tobytes() for edge in mean["extra"][:2]],
                                     [edge.tobytes() for edge in (series.low, series.high)])
                runs = [values["y"] for what, values in mine if what == "run"]
                self.assertEqual([run.tobytes() for run in runs],
                                 [run.astype(np.float32).tobytes() for run in series.runs] if series.n > 1 else [])

    @unittest.skipUnless(interactive.library(), "python3-plotly is not installed: tools/setup")
    def test_a_page_that_would_get_too_large_drops_single_runs_and_then_pictures(self):
        few, many = long_panels(1, 4, 20, 1000), long_panels(12, 4, 2, 3000)
        for drawn, largest in ((few, 3_200_000), (many, 4_000_000)):
            with unittest.mock.patch.multiple(page, LARGEST=largest, STILL=600_000):
                text = page_of(drawn)
                self.assertLess(len(text.encode()), largest)
                found = numbers_of(text)
                for panel in drawn:
                    extremes = {one.label: one.mean for one in interactive.extremes_of(panel).series}
                    for series, mean in zip(panel.series, (values for what, _, values in found.get(panel.id, ())
                                                           if what == "mean")):
                        self.assertIn(mean["y"].tobytes(), (series.mean.tobytes(), extremes[series.label].tobytes()))
                if drawn is few:
                    kept = sum(what == "run" for what, _, _ in found["p0"])
                    self.assertIn(kept, (0, 4 * 1, 4 * 3, 4 * 10))
                    some = f" but {kept // 4} of each group&#x27;s 20" if kept else ""
                    self.assertIn("The live picture has no single runs" + some, text)
                else:
                    self.assertTrue(0 < len(found) < len(many), len(found))
                    self.assertEqual(text.count("Too many numbers for a live picture"), len(many) - len(found))
                    self.assertEqual(text.count("<svg role=img"), len(many))

    def test_a_curve_is_drawn_by_its_own_points_and_none_is_missed(self):
        random = np.random.default_rng(1)
        x, y = np.arange(100_000), random.standard_normal(100_000)
        y[[17, 50_000]] = 9, -9
        y[300:400] = np.nan
        at = seen(x, y, 200)
        self.assertLessEqual(len(at), 800)
        self.assertTrue({0, 17, 50_000, 99_999} <= set(at))
        columns = (x / (x[-1] / 199)).astype(int)
        for column in range(200):
            inside = y[columns == column]
            kept = y[at[columns[at] == column]]
            self.assertEqual((np.nanmin(kept), np.nanmax(kept)), (np.nanmin(inside), np.nanmax(inside)))
        self.assertEqual(len(seen(x[:800], y[:800], 200)), 800)

    def test_what_of_long_curves_is_hovered_over_has_all_extremes(self):
        panel, = long_panels(1, 2, 3, 30_000)
        series = panel.series[0]
        less = interactive.extremes_of(panel).series[0]
        at = np.searchsorted(series.x, less.x)
        for line in ("mean", "low", "high"):
            whole, part = getattr(series, line), getattr(less, line)
            self.assertEqual(part.tobytes(), whole[at].tobytes())
            columns = ((series.x - series.x[0]) / np.ptp(series.x) * (interactive.COLUMNS - 1)).astype(int)
            for column in range(0, interactive.COLUMNS, 40):
                self.assertEqual((part[columns[at] == column].min(), part[columns[at] == column].max()),
                                 (whole[columns == column].min(), whole[columns == column].max()))
        self.assertLess(len(less.x), 12 * interactive.COLUMNS + 1)
        self.assertEqual(numbers_of(page_of([panel]))["p0"][-1][2]["y"].tobytes(), panel.series[1].mean.tobytes())
        with unittest.mock.patch.object(interactive, "MOST_OF_MEANS", 50_000):
            text = page_of([panel])
        self.assertIn("highest point in each of 600 columns", text)
        self.assertEqual(numbers_of(text)["p0"][-1][2]["y"].tobytes(),
                         interactive.extremes_of(panel).series[1].mean.tobytes())

    def test_names_of_places_stand_below_a_picture(self):
        panel = Panel("p", "p", "layer", "norm", series=[series_of(("a",), lambda x: x + 0.5, 3, x=np.arange(3))],
                      x_names=("in", "hidden $x", "out"))
        palette = Palette(series.key for series in panel.series)
        for text in (figures.svg(panel, palette), figures.picture(panel, palette, "svg").decode()):
            for name in ("in", "hidden", "out"):
                self.assertRegex(text, rf">{name}[^<]*</text>")
        layout = interactive.figure(panel, palette, interactive.Block(), 10)["layout"]
        self.assertEqual(layout["xaxis"]["tickvals"], (0, 1, 2))
        panel.x_names = tuple(f"layer{i}" for i in range(200))
        self.assertLessEqual(len(marks.named(panel.x_names)), marks.MOST_NAMES)

    def test_a_few_outlying_values_do_not_squeeze_a_picture(self):
        panel = Panel("p", "p", "step", "loss", series=[
            series_of(("a",), lambda x: np.where(x < 3, 1e6, 1 + 0 * x), 3)])
        low, high = frame(panel)
        self.assertTrue(0.5 < low < 1 < high < 2, (low, high))
        self.assertEqual(outside(panel, (low, high)), 2)
        self.assertIn("2 outlying values lie outside", page_of([panel], live=False))
        panel.series[0].mean = np.full(100, np.inf)
        panel.series[0].low = panel.series[0].high = None
        self.assertIsNone(frame(panel))
        self.assertIn("<svg role=img", page_of([panel], live=False))

    def test_pictures_in_files_are_whole_and_the_same_whenever_they_are_made(self):
        drawn = panels()
        palette = Palette(series.key for panel in drawn for series in panel.series)
        for panel in drawn:
            for form, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
                def made(panel=panel, form=form):
                    return figures.document([panel], palette) if form == "pdf" else figures.picture(
                        panel, palette, form)
                data = made()
                self.assertTrue(data.startswith(start))
                self.assertEqual(made(), data, (panel.id, form))
            texts = " ".join(xml.etree.ElementTree.fromstring(data).itertext())
            for series in panel.series if panel.kind == "curves" else ():
                self.assertIn(f"(n = {series.n})", texts)

    def test_no_more_pictures_than_a_page_holds(self):
        drawn = [Panel(f"p{i}", f"Title {i}", "x", "y", series=[]) for i in range(page.MOST_PICTURES + 2)]
        with unittest.mock.patch.object(figures, "svg", lambda panel, *_: "<svg/>"):
            text = page_of(drawn, live=False)
        self.assertIn("2 more pictures are not drawn", text)
        self.assertIn(f"Title {page.MOST_PICTURES}, Title {page.MOST_PICTURES + 1}", text)


if __name__ == "__main__":
    unittest.main()
