#!/usr/bin/python3
"""Who may include whom: every include of ours is in one table, and no files include one another in a circle."""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Each room and what it may include, beside itself: rooms, or single files of a room. A room is a folder; the longest
# that fits a file is its room.
LOOPS = {
    "autodiff/kernels/simd.h", "autodiff/kernels/lane_sum.h", "autodiff/kernels/largest.h", "autodiff/kernels/math.h",
    "autodiff/kernels/team.h", "autodiff/kernels/scratch.h", "autodiff/kernels/fused_pass.h"}
TAPE = {"autodiff", "autodiff/operations", "autodiff/tensor"}
OPTIM = {"optim", "settings", "autodiff/tensor", "autodiff/kernels/fused_pass.h"}
LAB = {"experiments/lab", "experiments/records", "nn", "nn/layers", "optim", "settings", *TAPE}
ROOMS = {
    "process": set(),
    "settings": set(),
    "autodiff/tensor": LOOPS,  # vector algebra is loops over elements, which threads share
    "autodiff/kernels": {"autodiff/tensor"},
    "autodiff": {"autodiff/tensor", "autodiff/kernels", "autodiff/operations"},
    "autodiff/operations": {"autodiff", "autodiff/tensor", "autodiff/kernels"},
    "autodiff/curvature": {"autodiff/tensor", *LOOPS},
    "nn": {"nn/layers", *TAPE},
    "nn/layers": {"nn", *TAPE},
    "optim": {"optim/methods", "optim/wrappers", "optim/schedules", "optim/solvers", *OPTIM},
    "optim/schedules": OPTIM,
    "optim/wrappers": OPTIM,
    "optim/solvers": OPTIM,
    "optim/descents": {*OPTIM, "optim/solvers"},
    "optim/methods": {*OPTIM, "optim/solvers", "optim/descents"},
    "experiments/records": {"settings"},
    "experiments/lab": {*LAB, "process", "autodiff/kernels"},
    "experiments/lab/instruments": {"experiments/lab", "autodiff/curvature", *LAB},
    "experiments/problems": {"nn", "optim", "settings", "autodiff/kernels", *TAPE},
    "experiments/workloads": LAB,
    "experiments/minimize": {"experiments/problems", *LAB},
    "experiments/invariances": {"experiments/problems", *LAB},
    "experiments/cost_and_memory": LAB,
    "experiments/optimizer_comparison": {"experiments/workloads", *LAB},
    "experiments/second_order": {"experiments/workloads", *LAB},
    "experiments/forgetting": {"experiments/workloads", *LAB},
    "experiments/local_minima": {"experiments/workloads", *LAB},
    "experiments/vanishing_gradients": {"experiments/workloads", *LAB},
    "experiments/train": {"experiments/workloads", *LAB},
    "tools/sweep": {"experiments/records", "process", "settings", "autodiff/tensor/random.h", "tools/sweep/integrity",
                    "tools/sweep/slurm"},
    "tools/sweep/export": {"experiments/records", "tools/sweep", "tools/sweep/integrity"},
    "tools/sweep/integrity": {"experiments/records", "settings", "tools/sweep"},
    "tools/sweep/slurm": {"experiments/records", "settings", "tools/sweep"},
    "tools/sweep/verbs": {"experiments/records", "tools/sweep", "tools/sweep/slurm"},
    "cmake": set(),
    "docs/examples": {"experiments/workloads", "experiments/lab/instruments", "autodiff/curvature", "autodiff/kernels",
                      *LAB},
    "docs/generate": {"experiments/invariances", "experiments/problems", "experiments/workloads", "optim", *LAB},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
FOLDERS = ("", "tools", "tests")  # where an include's path may start, beside the folder of the file itself


def files():
    listed = subprocess.run(["git", "ls-files", "-z", "*.h", "*.cpp"], cwd=ROOT, capture_output=True, check=True).stdout
    return sorted(name for name in listed.decode().split("\0") if name and (ROOT / name).exists())


def includes(name):
    """The files of ours that this one includes; generated headers are none."""
    for text in INCLUDE.findall((ROOT / name).read_text(encoding="utf-8")):
        for folder in (pathlib.PurePath(name).parent, *FOLDERS):
            if (ROOT / folder / text).is_file():
                yield str(pathlib.PurePath(folder) / text)
                break


def room(name):
    return next((str(folder) for folder in pathlib.PurePath(name).parents if str(folder) in ROOMS), None)


def circle(graph):
    """A path of files that ends where it begins, or None."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        found = next((circle for follower in graph.get(node, ()) if (circle := visit(follower))), None)
        path.pop()
        done.add(node)
        return found

    return next((found for node in graph if (found := visit(node))), None)


DEFINITION = re.compile(r"^(?:struct|class|enum class|using) (?:\[\[\w+\]\] )?(\w+)(?=[^;{(]*\{| =)", re.MULTILINE)
# Words that readers search for: one thing each, in sources too.
SEARCHED = {"Recipe", "Slice", "Model", "Group", "Setting", "Value", "Table", "Progress"}


class Rooms(unittest.TestCase):
    def setUp(self):
        self.graph = {name: list(includes(name)) for name in files()}

    def test_every_include_is_in_the_table(self):
        wrong = []
        for name, included in self.graph.items():
            if name.startswith("tests/"):
                continue
            here = room(name)
            self.assertIsNotNone(here, f"{name} is in no room of the table")
            may = ROOMS[here] | {here}
            wrong += [f"{name} includes {other}" for other in included if other not in may and room(other) not in may]
        self.assertEqual(wrong, [])

    def test_no_circles(self):
        units = {}  # a header and its source are one: what either includes, both know
        for name, included in self.graph.items():
            unit = name.rsplit(".", 1)[0]
            units.setdefault(unit, set()).update({other.rsplit(".", 1)[0] for other in included} - {unit})
        self.assertIsNone(circle(units))

    def test_a_name_of_a_type_is_given_once(self):
        """In headers, at the level of a namespace; a room may specialise its own templates."""
        rooms = {}
        for name in self.graph:
            if not name.startswith("tests/"):
                for type_name in DEFINITION.findall((ROOT / name).read_text(encoding="utf-8")):
                    if name.endswith(".h") or type_name in SEARCHED:
                        rooms.setdefault(type_name, set()).add(room(name))
        self.assertIn("Model", rooms)
        self.assertEqual({name: found for name, found in rooms.items() if len(found) > 1}, {})

    def test_vectors_by_hand_are_no_longer_than_a_register(self):
        """Which Lanes sees to; the compiler keeps longer ones in memory. winograd.cpp runs on AVX-512 alone."""
        for name in self.graph:
            if name not in ("autodiff/kernels/lanes.h", "autodiff/kernels/winograd.cpp"):
                self.assertNotIn("vector_size", (ROOT / name).read_text(encoding="utf-8"), name)

    def test_handlers_of_signals_have_a_stack_of_their_own(self):
        """Which handle_signals sees to: oneDNN's products use the ordinary one's pointer. The sweep tool has none."""
        for name in self.graph:
            if not name.startswith(("process/signals.cpp", "tests/", "tools/sweep/")):
                for call in re.findall(r"\b(?:signal|sigaction)\(.*", (ROOT / name).read_text(encoding="utf-8")):
                    self.assertRegex(call, r"SIG_IGN|SIG_DFL|before_", name)

    def test_records_alone_know_hdf5(self):
        for name in self.graph:
            if room(name) != "experiments/records":
                self.assertNotRegex((ROOT / name).read_text(encoding="utf-8"), r"#include .*\bhdf5\w*\.h", name)

    def test_rooms_exist(self):
        for name in ROOMS:
            self.assertTrue((ROOT / name).is_dir(), name)

    def test_a_circle_is_found(self):
        self.assertEqual(circle({"a": ["b"], "b": ["c"], "c": ["b"]}), ["b", "c", "b"])


if __name__ == "__main__":
    unittest.main()
