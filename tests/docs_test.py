#!/usr/bin/python3
"""Holds README.md and docs/ to the programs that they show: the texts are the same, and what they say to run runs.

usage: docs_test.py BIN_DIRECTORY
"""
import functools
import importlib.util
import json
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/bin").resolve()
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
EXAMPLES = REPOSITORY / "docs" / "examples"
STUDIES = sorted(path.parent for path in REPOSITORY.glob("experiments/*/README.md"))
PAGES = ["README.md", "docs/architecture.md", "docs/claims.md", "docs/derivatives.md", "docs/debugging.md", "docs/external.md", "docs/runs.md",
         "docs/sweeps.md", "experiments/optimizer_comparison/README.md"]
WITH_COMMANDS = [REPOSITORY / "README.md", *sorted(REPOSITORY.glob("docs/*.md")), *(study / "README.md" for study in STUDIES)]
MOST_LINES = 45
TRAINING, HELD_OUT = 160, 40


def blocks(page, language):
    """The fenced blocks of one language in a page."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(page):
    """The commands in a page's blocks, fenced or indented, as lists of words: each line of a shell, without comments."""
    lines = re.sub(r"\\\n\s*", "", page.read_text(encoding="utf-8")).splitlines()
    fenced = False
    for line in lines:
        fenced ^= line.startswith("```")
        if (fenced or line.startswith("    ")) and re.match(r"\s*(build/bin|tools)/\w+( [\w'/-]|$)", line):
            yield shlex.split(re.sub(r"\$\(\(.*?\)\)|\$\w+", "1", line), comments=True)


def make_data(folder):
    """Three classes of 6 x 6 images in IDX files: bright in different rows, with noise."""
    random = np.random.default_rng(0)
    folder.mkdir()
    for name, n in (("train", TRAINING), ("t10k", HELD_OUT)):
        labels = np.resize([0, 1, 2], n)
        images = random.integers(0, 120, (n, 6, 6))
        for i, label in enumerate(labels):
            images[i, 2 * label : 2 * label + 2] += 100
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"{name}-{kind}-ubyte").write_bytes(header + array.astype(np.uint8).tobytes())


class Docs(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        make_data(self.folder / "data")
        self.data = ["--data=shapes", f"--data-dir={self.folder / 'data'}"]

    def run_quietly(self, *command):
        """Standard output of a command that must succeed without a word on standard error."""
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
        self.assertEqual((result.returncode, result.stderr), (0, ""), command)
        return result.stdout

    def sweep(self):
        """A small sweep of the comparison program; returns its folder and {optimizer: [final accuracies]}."""
        output = self.folder / "sweep"
        self.run_quietly(BIN / "sweep", "run", "--quiet", "--output", output, "--", BIN / "optimizer_comparison",
                         *self.data, "--optimizer=sgd,adam", "--learning-rate=0.05", "--seed=0:1", "--epochs=2",
                         "--hidden=8")
        accuracies = {}
        for run in json.loads((output / "sweep.json").read_text())["runs"]:
            with h5py.File(output / run["folder"] / "run.h5") as file:
                accuracies.setdefault(run["options"]["optimizer"], []).append(file["evaluation/test_accuracy"][-1])
        return output, accuracies

    def run_python(self, text, argument):
        script = self.folder / "script.py"
        script.write_text(text, encoding="utf-8")
        return self.run_quietly("env", f"PYTHONPATH={REPOSITORY / 'tools/python'}", "PYTHONDONTWRITEBYTECODE=1",
                                "/usr/bin/python3", script, argument)

    def python_block(self, with_words):
        found = [
            block for page in ("README.md", "docs/runs.md") for block in blocks(page, "python") if with_words in block]
        self.assertEqual(len(found), 1, with_words)
        return found[0]

    def test_the_experiment_in_the_readme_is_the_example(self):
        program = (EXAMPLES / "width_study.cpp").read_text(encoding="utf-8")
        self.assertEqual(blocks("README.md", "cpp"), [program])
        self.assertLessEqual(len(program.splitlines()), MOST_LINES)

    def test_the_example_trains_and_writes_what_the_readme_says(self):
        output = self.folder / "run"
        self.run_quietly(BIN / "examples" / "width_study", *self.data, f"--output={output}", "--width=8", "--epochs=6",
                         "--learning-rate=0.3", "--seed=4", "--validation-examples=32")
        steps = 6 * (TRAINING - 32) // 32
        with h5py.File(output / "run.h5") as file:
            self.assertEqual(file["step/loss"].shape, (steps,))
            self.assertEqual(file["step/loss"].attrs["units"], "nat")
            self.assertEqual(file["step/loss"].dims[0][0].name, "/step/step")
            self.assertEqual(file["step/step"][:].tolist(), list(range(steps)))
            self.assertLess(file["step/loss"][-5:].mean(), 0.5 * file["step/loss"][:5].mean())
            evaluation = file["evaluation"]
            self.assertEqual(evaluation["epoch"][:].tolist(), [0, 1, 2, 3, 4, 5, 6])
            self.assertLessEqual({"validation_loss", "test_accuracy", "training_seconds"}, set(evaluation))
            self.assertGreater(evaluation["validation_accuracy"][-1], 0.8)
            self.assertEqual([evaluation[name].attrs["units"] for name in ("validation_loss", "training_seconds")],
                             ["nat", "s"])
            for name, value in {"option_width": 8, "option_learning_rate": 0.3, "option_optimizer": "sgd", "seed": 4,
                                "program": "width_study", "status": "completed"}.items():
                self.assertEqual(file.attrs[name], value, name)
        self.assertEqual(json.loads((output / "complete.json").read_text())["status"], "completed")

    def test_the_files_and_attributes_that_are_listed_are_those_of_a_run(self):
        output, _ = self.sweep()
        page = (REPOSITORY / "docs/runs.md").read_text(encoding="utf-8")
        run = output / json.loads((output / "sweep.json").read_text())["runs"][0]["folder"]
        self.assertEqual({path.name for path in run.iterdir()},
                         {"config.json", "metrics.log", "run.h5", "complete.json"})
        listed = dict(re.findall(r"^\| (`/\S.*?) \| (\w+) \[", page, re.MULTILINE))
        listed = {name: kind for names, kind in listed.items() for name in re.findall(r"`/(.*?)`", names)}
        found = {}
        with h5py.File(run / "run.h5") as file:
            file.visititems(lambda name, item: found.update({name: item.dtype.name} if hasattr(item, "dtype") else {}))
            attributes = {name for name in file.attrs if not name.startswith("option_")}
        self.assertEqual(found, listed)
        paragraph = re.search(r"Attributes\s+of the root:(.*?)\n\n", page, re.DOTALL).group(1)
        given = {  # only where a run was given them, or has gone on
            "note", "tags", "study", "checkpoints", "checkpoint_seconds", "checkpoint_bytes", "resumed_at_steps",
            "not_bitwise", "parent_run_id", "parent_config_hash", "first_step", "untimed", "target_step",
            "target_seconds", "target_gradient_equivalents"}
        self.assertEqual(attributes | given, set(re.findall(r"`(\w+)`", paragraph)))

    def test_the_lines_of_python_give_the_means_of_a_sweep(self):
        output, accuracies = self.sweep()
        printed = self.run_python(self.python_block("gradus.finals"), output)
        rows = {row.split()[0]: row.split()[1:] for row in printed.splitlines()[2:]}
        self.assertEqual(set(rows), {"sgd", "adam"})
        for name, values in accuracies.items():
            mean, deviation, count = map(float, rows[name])
            self.assertAlmostEqual(mean, np.mean(values), places=4)
            self.assertAlmostEqual(deviation, np.std(values, ddof=1), places=4)
            self.assertEqual(count, 2)
        printed = self.run_python(self.python_block("gradus.load"), output)
        rows = dict(re.findall(r"^(sgd|adam) .* (\S+)$", printed, re.MULTILINE))
        for name, values in accuracies.items():
            self.assertAlmostEqual(float(rows[name]), np.mean(values), places=4)
        self.assertIn("{}", printed.splitlines())

    @unittest.skipUnless(importlib.util.find_spec("xarray") and importlib.util.find_spec("netCDF4"),
                         "xarray or netCDF4 is not installed")
    def test_the_lines_with_xarray_show_a_run(self):
        output, _ = self.sweep()
        run = next(run for run in json.loads((output / "sweep.json").read_text())["runs"]
                   if run["options"]["optimizer"] == "adam")
        path = output / run["folder"] / "run.h5"
        # Fewer steps than the window of the README's rolling mean.
        printed = self.run_python(self.python_block("import sys, xarray").replace("step=100", "step=2"), path)
        with h5py.File(path) as file:
            expected = [file["step/loss"][-2:].mean(), file["evaluation/test_accuracy"][-1]]
        self.assertEqual(printed.splitlines()[0], "adam")
        numbers = [float(number) for number in re.findall(r"^\d+\s+(\S+)$", printed, re.MULTILINE)]
        self.assertEqual(len(numbers),
                         3 + 3)  # the last three losses; the accuracy before training and after two epochs
        self.assertAlmostEqual(numbers[2], expected[0], places=5)
        self.assertAlmostEqual(numbers[5], expected[1], places=5)

    def test_the_sweep_file_in_the_readme_is_one(self):
        file = self.folder / "sweep.toml"
        file.write_text(blocks("README.md", "toml")[0], encoding="utf-8")
        commands = self.run_quietly(BIN / "sweep", "run", file, "--dry-run", "--output",
                                    self.folder / "none").splitlines()
        self.assertEqual(len(commands), 2 * 3 * 5 + 2 * 5)
        self.assertFalse((self.folder / "none").exists())

    def test_the_study_in_the_page_on_sweeps_is_the_example(self):
        self.assertIn((EXAMPLES / "three_stages.toml").read_text(encoding="utf-8"), blocks("docs/sweeps.md", "toml"))

    def test_the_search_in_the_page_on_sweeps_has_as_many_runs_as_it_says(self):
        [command] = [block for block in blocks("docs/sweeps.md", "sh") if "--draws" in block]
        words = shlex.split(command.replace("\\\n", "").replace("build/bin", str(BIN)).replace("results/search", str(self.folder / "search")))
        self.assertEqual(words[1], "run")
        commands = self.run_quietly(*words[:2], "--dry-run", *words[2:]).splitlines()
        self.assertEqual(len(commands), 32 * 2 * 3)

    def test_what_the_architecture_shows_is_in_the_examples(self):
        programs = [path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.cpp")]
        shown = blocks("docs/architecture.md", "cpp")
        self.assertGreaterEqual(len(shown), 4)
        for block in shown:
            self.assertTrue(any(block in program for program in programs), block)
        self.assertIn("gradient check: good", self.run_quietly(BIN / "examples" / "extensions"))

    def test_the_readme_knows_every_folder_method_and_wrapper(self):
        text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
        known = json.loads(self.run_quietly(BIN / "minimize", "--describe"))
        curvature = [method["name"] for method in known["optimizers"] if method["family"] == "curvature"]
        first_order = len(known["optimizers"]) - len(curvature)
        self.assertIn(f"{first_order} of first order", text)
        self.assertIn(f"{len(curvature)} that ask for curvature", text)
        for name in curvature + [wrapper["name"] for wrapper in known["wrappers"]]:
            self.assertIn(f"`{name}`", text)
        for lists in REPOSITORY.glob("*/CMakeLists.txt"):
            self.assertIn(f"| `{lists.parent.name}/", text)

    def test_links_and_paths_lead_somewhere(self):
        for page in PAGES:
            text = re.sub(r"^```.*?^```$", "", (REPOSITORY / page).read_text(encoding="utf-8"), flags=re.M | re.S)
            links = [link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("http")]
            for link in links:
                self.assertTrue(((REPOSITORY / page).parent / link).exists(), f"{page}: {link}")
            roots = "autodiff|nn|optim|settings|process|experiments|tests|tools|docs|cmake"
            paths = re.findall(rf"`((?:{roots})/[\w./]*)[^`]*`", text)
            self.assertGreater(len(links) + len(paths), 2, page)
            for path in paths:
                self.assertTrue((REPOSITORY / path).exists(), f"{page}: {path}")

    def test_commands_of_tools_know_their_options(self):
        seen, missing = 0, []
        help_of = functools.cache(self.run_quietly)
        for page in WITH_COMMANDS:
            for words in commands(page):
                if pathlib.Path(words[0]).name == "sweep":
                    program = [BIN / "sweep", words[1]]
                elif words[0].startswith("tools/"):
                    program = [REPOSITORY / words[0]]
                else:
                    continue
                seen += 1
                own = words[:words.index("--")] if "--" in words else words  # what follows is the program's
                options = [word.partition("=")[0] for word in own if word.startswith("--")]
                known = help_of(*program, "--help")
                missing += [f"{page}: {option} of {' '.join(words[:2])}" for option in options
                            if not re.search(rf"(?<![\w-]){option}(?![\w-])", known)]
        self.assertEqual(missing, [])
        self.assertGreater(seen, 60)

    def test_commands_of_runs_know_their_options_and_have_a_folder_each(self):
        plan = (REPOSITORY / "experiments/lab/plan.cpp").read_text(encoding="utf-8")
        other_names = {f"--{name}" for name in re.findall(r'run\.alias\("(\w+)"', plan)}  # which the help does not list
        seen, missing = 0, []
        for page in WITH_COMMANDS:
            folders = []
            for words in commands(page):
                program = BIN / pathlib.Path(words[0]).relative_to("build/bin") if words[0].startswith("build") else None
                if program is None or program.name in ("sweep", "width_study") or program.name.endswith("_tests"):
                    continue  # tools; width_study is what the reader of README.md has built
                options = [word for word in words[1:] if word.startswith("--")]
                seen += 1
                # The help is that of the choices made: a fork's and a resumed run's are in their folders.
                given = [word for word in words[1:] if not re.match("--(fork|replay|resume|at|reseed|checkpoint-at)", word)]
                known = self.run_quietly(program, *given, "--help")
                missing += [f"{page}: {option} of {program.name}" for option in (o.partition("=")[0] for o in options)
                            if option not in other_names and not re.search(rf"^\s*{option}[= ]", known, re.MULTILINE)]
                if "--resume" not in words:
                    at = re.search(r"--output[= ](\S+)", " ".join(words))
                    self.assertTrue(at, f"{page}: {' '.join(words)} would write where the next run is refused")
                    folders.append(at.group(1))
            self.assertEqual(len(folders), len(set(folders)), f"{page}: two runs in one folder")
        self.assertEqual(missing, [])
        self.assertGreater(seen, 15)

    def test_reports_in_the_pages_of_studies_compare_within_options_of_theirs(self):
        seen = 0
        for study in STUDIES:
            known = "\n".join(path.read_text(encoding="utf-8") for path in study.glob("*.toml"))
            for words in commands(study / "README.md"):
                if words[0] == "tools/report" and "--within" in words:
                    for option in words[words.index("--within") + 1].split(","):
                        seen += 1
                        is_one = option == "stage" or re.search(rf"\b{option} *= ", known)
                        self.assertTrue(is_one, f"{study / 'README.md'}: no run has an option {option}")
        self.assertGreater(seen, 15)

    def test_the_file_of_a_minimisation_is_as_the_readme_says(self):
        text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
        [said] = re.findall(r"The file has (.*?)An `--output`", text, re.DOTALL)
        output = self.folder / "newton.h5"
        self.run_quietly(BIN / "minimize", "--problem=rosenbrock", "--optimizer=newton_cg", "--steps=3", "--dtype=float64",
                         f"--output={output}")
        with h5py.File(output) as file:
            for name in re.findall(r"`(/\S+)`", said):
                self.assertIn(name, file)
            self.assertEqual(file["step/theta"].shape, (4, 2))

    def test_verdicts_that_pages_tell_are_those_of_the_report(self):
        report = REPOSITORY / "docs" / "claims" / "README.md"
        verdicts = dict(re.findall(r"^### (\S+)\n\n\*\*([^*]+)\*\*", report.read_text(), re.M))
        studies = {path.parent.name for path in REPOSITORY.glob("experiments/*/claims.toml")}  # headings of the report
        told = 0
        for page in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("experiments/*/*.md")]:
            for words, target, name in re.findall(r"\[([^\]]+)\]\((\S+)#([\w-]+)\)", page.read_text()):
                if (page.parent / target).resolve() == report and name not in studies:
                    told += 1
                    self.assertEqual(words, verdicts.get(name), f"{page}: {name}")
        self.assertGreater(told, 10)

    def test_intervals_that_pages_tell_are_those_of_the_report(self):
        """README.md, and the page on curvature, which rounds them: "0.28 (0.13 to 0.59)"."""
        number = r"[+−-]?\d+(?:\.\d+)?"
        triple = re.compile(rf"({number})(?: times)? \(({number}) to ({number})\b")

        def intervals(page):
            text = " ".join((REPOSITORY / page).read_text(encoding="utf-8").split()).replace("−", "-")
            return [match.groups() for match in triple.finditer(text)]

        report = [[float(part) for part in found] for found in intervals("docs/claims/README.md")]
        self.assertGreater(len(report), 100)
        for page in ("README.md", "docs/when_curvature_pays.md"):
            told = intervals(page)
            self.assertTrue(told, page)
            for one in told:
                places = [len(part.partition(".")[2]) for part in one]
                near = [found for found in report if all(abs(value - float(part)) <= 0.5001 * 10**-digits
                                                         for value, part, digits in zip(found, one, places))]
                self.assertTrue(near, f"{page}: {one[0]} ({one[1]} to {one[2]}) is not in docs/claims/README.md")

    def test_the_study_in_the_page_on_claims_is_the_example_and_runs(self):
        study = EXAMPLES / "momentum_claim"
        self.assertEqual(blocks("docs/claims.md", "toml"), [(study / name).read_text() for name in ("claims.toml", "sweep.toml")])
        command = [REPOSITORY / "tools" / "claims", "--studies", EXAMPLES, "--budget", "smoke", "--programs", BIN,
                   "--output", self.folder / "claims", "--quiet"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300)  # it warns: too small to decide
        self.assertEqual((result.returncode, result.stdout), (0, f"{self.folder / 'claims' / 'report.html'}\n"), result.stderr)
        self.assertIn("momentum-comes-sooner", (self.folder / "claims" / "report.html").read_text())

    def test_what_the_page_on_derivatives_shows_is_in_its_example(self):
        program = (EXAMPLES / "curvature.cpp").read_text(encoding="utf-8")
        shown = blocks("docs/derivatives.md", "cpp")
        self.assertEqual(len(shown), 1)
        self.assertIn(shown[0], program)
        # Rounding differs between processors: the words and the first digits must agree.
        printed = self.run_quietly(BIN / "examples" / "curvature")
        claimed = next(block for block in blocks("docs/derivatives.md", "text") if block.startswith("loss"))
        number = r"\d+(?:\.\d+)?"
        self.assertEqual(re.sub(number, "#", printed), re.sub(number, "#", claimed))
        for found, expected in zip(re.findall(number, printed), re.findall(number, claimed)):
            self.assertAlmostEqual(float(found), float(expected), delta=0.05 * float(expected) + 0.05)


if __name__ == "__main__":
    unittest.main()
