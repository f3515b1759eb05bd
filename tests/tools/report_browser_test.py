#!/usr/bin/python3
"""A report's page in headless Chromium: nothing complains, nothing overflows, what is to be drawn is drawn.

Ends with 77 (skipped) where Chromium is not installed, or cannot run.
"""
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools" / "python")]
import browser  # noqa: E402
from gradus.report import interactive  # noqa: E402
from panel_fixtures import page_of, panels  # noqa: E402
from run_fixtures import good_sweep, write_run, write_sweep  # noqa: E402

REPORT = HERE.parents[1] / "tools" / "report"
WIDTHS = (1280, 400)
# Of every trace that Plotly shows, by picture: what it is, and whether it has an extent on the screen.
LIVE = """Object.fromEntries([...document.querySelectorAll("figure.alive")].map((figure) => {
  const extent = (element) => { const box = element.getBoundingClientRect(); return box.width > 0 || box.height > 0; };
  const layers = [".scatterlayer .trace", ".barlayer .trace", ".heatmaplayer .hm"];
  const drawn = layers.map((layer) => [...figure.querySelectorAll(layer)].filter(
    (trace) => [...trace.querySelectorAll("path, image")].some(extent)).length);
  const data = figure.querySelector(".live").data;
  return [figure.dataset.panel, {drawn, traces: data.length}];
}))"""
# The same of the still pictures: groups and what of them has an extent; and whether the picture has one.
STILL = """Object.fromEntries([...document.querySelectorAll("figure")].map((figure) => {
  const extent = (element) => { const box = element.getBoundingClientRect(); return box.width > 0 || box.height > 0; };
  const drawn = [...figure.querySelectorAll(".still [data-group]")].filter(
    (group) => [...group.querySelectorAll("path, use, text")].some(extent));
  const box = figure.querySelector(".still svg").getBoundingClientRect();
  const paths = [...figure.querySelectorAll(".still path")].filter(extent).length;
  return [figure.id.slice(6), {area: box.width * box.height, paths,
                               groups: drawn.map((group) => [group.dataset.group, group.dataset.what])}];
}))"""
OVERFLOW = "[document.documentElement.scrollWidth, innerWidth]"


class ReportBrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.panels = panels()
        cls.page = pathlib.Path(cls.folder.name) / "report.html"
        cls.page.write_text(page_of(cls.panels), encoding="utf-8")

    def show(self, width, **more):
        self.browser.open(self.page, width, **more)

    def show_alive(self, width, **more):
        """Scrolls to one picture after the other until all can be hovered over."""
        self.show(width, **more)
        self.assertEqual(self.browser.ask("document.querySelectorAll('figure[data-panel]').length"), len(self.panels))
        self.browser.wait(lambda: self.browser.ask(
            "(() => { const figures = [...document.querySelectorAll('figure[data-panel]')];"
            " const waiting = figures.find((one) => !one.dataset.drawn);"
            " waiting?.scrollIntoView(); return !waiting; })()"), "pictures that live")

    def assert_calm(self):
        """Neither complaints nor anything fetched, nor anything wider than the window."""
        self.assertEqual(self.browser.errors, [])
        own = ("data:", "blob:", self.page.as_uri())
        self.assertEqual([url for url in self.browser.requests if not url.startswith(own)], [])
        wide, inner = self.browser.ask(OVERFLOW)
        self.assertLessEqual(wide, inner)

    def test_still_pictures_show_without_scripts(self):
        for width in WIDTHS:
            self.show(width, scripts=False)
            self.browser.call("Emulation.setScriptExecutionDisabled", value=False)  # only to look
            found = self.browser.ask(STILL)
            self.assertEqual(list(found), [panel.id for panel in self.panels])
            for panel in self.panels:
                self.assertGreater(found[panel.id]["area"], 10_000, panel.id)
                self.assertGreater(found[panel.id]["paths"], 4, panel.id)
                means = [group for group, what in found[panel.id]["groups"] if what == "mean"]
                if panel.kind in ("curves", "bars"):
                    self.assertEqual(len(set(means)), len(panel.series), panel.id)
                    bands = sum(series.low is not None for series in panel.series)
                    self.assertEqual(sum(what == "band" for _, what in found[panel.id]["groups"]), bands, panel.id)
            self.assert_calm()

    @unittest.skipUnless(interactive.library(), "python3-plotly is not installed: tools/setup")
    def test_live_pictures_draw_every_trace(self):
        for width in WIDTHS:
            self.show_alive(width, dark=width == 400)
            found = self.browser.ask(LIVE)
            for panel in self.panels:
                scatter, bars, heat = found[panel.id]["drawn"]
                if panel.kind == "curves":  # a mean each, two edges of a band, runs unless they are the mean, a line
                    expected = sum(1 + 2 * (one.low is not None) + (len(one.runs) if one.n > 1 else 0)
                                   + (one.reference is not None) for one in panel.series)
                    self.assertEqual((scatter, found[panel.id]["traces"]), (expected, expected), panel.id)
                elif panel.kind == "bars":
                    self.assertEqual(scatter, 2 * len(panel.series), panel.id)
                elif panel.kind == "flags":
                    self.assertEqual(bars, 3 * sum(len(one.runs) for one in panel.series), panel.id)
                else:
                    self.assertEqual(heat, 1, panel.id)
            self.assert_calm()

    @unittest.skipUnless(interactive.library(), "python3-plotly is not installed: tools/setup")
    def test_a_group_that_is_hidden_leaves_the_others_as_they_were(self):
        self.addCleanup(lambda: self.browser.ask("sessionStorage.clear()"))
        self.show_alive(1280)
        place = self.browser.ask("document.querySelector('input[data-place]').dataset.place")
        self.browser.ask("window.pictures = JSON.parse(document.getElementById('pictures').textContent); 0")
        others = f"""JSON.stringify([...document.querySelectorAll("figure")].map((figure) => [
          [...figure.querySelectorAll(".still [data-group]:not([data-group='{place}']) path")].map(
            (path) => [path.getAttribute("d"), path.getAttribute("style")]),
          figure.querySelector(".live").data.filter((one, i) => one.visible !== false
            && String(pictures[figure.dataset.panel].data[i].place) !== "{place}").map(
              (one) => [one.name, one.line?.color, one.line?.dash, [...(one.y || [])]])]))"""
        before, all_visible = self.browser.ask(others), self.browser.ask(LIVE)
        self.browser.ask(f"document.querySelector('input[data-place=\"{place}\"]').click()")
        self.browser.wait(lambda: self.browser.ask(LIVE)["loss"] != all_visible["loss"], "the group to go")
        self.assertEqual(self.browser.ask(others), before)
        found = self.browser.ask(LIVE)
        self.assertEqual(all_visible["loss"]["drawn"][0] - found["loss"]["drawn"][0], 1 + 2 + 3)
        self.assertEqual(self.browser.ask(
            f"getComputedStyle(document.querySelector('.still [data-group=\"{place}\"]')).display"), "none")
        self.browser.ask("document.querySelector('input[data-kind=run]').click()")
        self.browser.wait(lambda: self.browser.ask(LIVE)["loss"]["drawn"][0] == 3 * 3, "single runs to go")
        self.show_alive(1280)  # what is hidden stays so when the page is loaded again
        self.assertEqual(self.browser.ask(LIVE)["loss"]["drawn"][0], 3 * 3)
        self.browser.ask("document.querySelector('button[data-all=hide]').click()")
        self.browser.wait(lambda: self.browser.ask(LIVE)["loss"]["drawn"][0] == 0, "all groups to go")
        self.assert_calm()

    @unittest.skipUnless(interactive.library(), "python3-plotly is not installed: tools/setup")
    def test_a_tag_that_is_switched_off_takes_its_groups_and_its_runs_with_it(self):
        self.addCleanup(lambda: self.browser.ask("sessionStorage.clear()"))
        page = self.page.with_name("tags.html")
        drawn = panels()[:2]
        given = ["pilot"], ["long", "pilot"], []
        for series, tags in zip(drawn[0].series, (given, [given[1]] * 3, [given[2]] * 3, [given[0]] * 3)):
            series.tags = list(tags)
        # Of the four groups the first has all runs, the second "long pilot", the third the one without a tag.
        page.write_text(page_of(drawn, ("pilot", "long pilot", "", "pilot")), encoding="utf-8")
        self.browser.open(page, 1280)
        self.browser.wait(lambda: self.browser.ask("document.querySelectorAll('figure[data-drawn]').length") == 2,
                          "pictures that live")
        tags = self.browser.ask("[...document.querySelectorAll('input[data-tag]')].map((box) => box.dataset.tag)")
        self.assertEqual(tags, ["pilot", "long", ""])
        each = 1 + 2 + 3  # a mean, the edges of its interval, three runs
        for tag, loss, groups in (("pilot", each * 3 - 1, 3), ("long", each - 2 + each, 2), ("", 0, 0)):
            self.browser.ask(f"document.querySelector('input[data-tag=\"{tag}\"]').click()")
            self.browser.wait(lambda loss=loss: self.browser.ask(LIVE)["loss"]["drawn"][0] == loss, f"{tag!r} to go")
            self.assertEqual(self.browser.ask(LIVE)["single"]["drawn"][0], groups)
            shown = self.browser.ask("[...document.querySelectorAll('#panel-single .still [data-what=mean]')].filter("
                                     "(one) => getComputedStyle(one).display !== 'none').length")
            self.assertEqual(shown, groups)
            self.assertEqual(self.browser.ask("document.querySelectorAll('.groups label.away').length"), 4 - groups)
        self.browser.open(page, 1280)  # what is hidden stays so
        self.assertEqual(self.browser.ask("document.querySelectorAll('.groups label.away').length"), 4)
        self.browser.ask("document.querySelector('input[data-tag=long]').click()")
        self.assertEqual(self.browser.ask("document.querySelectorAll('.groups label.away').length"), 2)
        self.assertEqual(self.browser.errors, [])

    @unittest.skipUnless(interactive.library(), "python3-plotly is not installed: tools/setup")
    def test_hovering_tells_the_mean_its_interval_and_n(self):
        self.show_alive(1280)
        self.browser.ask("document.getElementById('panel-loss').scrollIntoView()")
        x, y = self.browser.ask(
            "(() => { const box = document.querySelector('#panel-loss .nsewdrag').getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()")
        texts = ("[...document.querySelectorAll('#panel-loss .hoverlayer text')]"
                 ".map((text) => text.textContent).join('\\n')")
        for step in range(50):
            self.browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + step % 3, y=y)
            time.sleep(0.05)
            if "n = 3" in self.browser.ask(texts):
                break
        told = self.browser.ask(texts)
        self.assertRegex(told, r"adam, 0.01 : \d\.\d+ \[\d\.\d+, \d\.\d+\] n = 3")
        self.assertIn("<script>alert(1)</script>", told)
        self.assert_calm()

    def test_a_report_of_runs_with_long_texts_fits(self):
        folder = pathlib.Path(self.folder.name) / "runs"
        folder.mkdir()
        entries = good_sweep(folder, ("sgd", "adam"), seeds=2)
        long = "nospace" * 80
        write_sweep(folder, [*entries, ({"optimizer": long, "seed": 0}, "failed", long)], command=("tools/sweep", long))
        write_run(folder, {"optimizer": long, "seed": 1}, attributes={"note": long, "tags": long, "host": long})
        result = subprocess.run([REPORT, folder], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        for width in WIDTHS:
            self.browser.open(folder / "report.html", width)
            found = self.browser.ask(STILL)
            self.assertGreater(len(found), 8)
            for name, picture in found.items():
                self.assertGreater(picture["area"], 10_000, name)
                self.assertGreater(picture["paths"], 4, name)
            wide, inner = self.browser.ask(OVERFLOW)
            self.assertLessEqual(wide, inner)
            self.assertEqual(self.browser.errors, [])

    def test_a_page_loads_itself_again_only_while_it_is_watched(self):
        watched = self.page.with_name("watched.html")
        watched.write_text(page_of(self.panels[:1], reload=0.2, live=False), encoding="utf-8")
        self.browser.open(watched, 1280)
        watched.write_text(page_of(self.panels[:1], made="The last", live=False), encoding="utf-8")
        self.browser.wait(lambda: "The last" in self.browser.ask(
            "document.readyState === 'complete' ? document.body.innerText : ''"), "the new page")
        self.browser.ask("0")  # takes the events that came
        loads = self.browser.events.count("Page.loadEventFired")
        time.sleep(0.6)
        self.browser.ask("0")
        self.assertEqual(self.browser.events.count("Page.loadEventFired"), loads)


def started():
    """A browser; ends the program where there is none."""
    if not browser.PROGRAM:
        print("skipped: Chromium is not installed (tools/setup --tests)")
        sys.exit(77)
    try:
        return browser.Browser()
    except (OSError, RuntimeError, TimeoutError) as error:
        print(f"skipped: Chromium cannot run here: {error}")
        sys.exit(77)


if __name__ == "__main__":
    ReportBrowserTest.browser = started()
    try:
        unittest.main()
    finally:
        ReportBrowserTest.browser.close()
