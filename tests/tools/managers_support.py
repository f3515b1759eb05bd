"""Several sweeps at work in one folder, for the tests."""
import collections
import pathlib
import subprocess

import sweep_support
from sweep_support import SweepCase, preloading


class ManagersCase(SweepCase):
    def managers(self, count, *options, before=(), hosts=None, library="without_locks"):
        """So many sweeps of the same command at once; with `hosts`, on a file system without locks, or as a library has it."""
        found = []
        for place in range(count):
            environment = self.environment
            if hosts:
                environment = {**environment, **preloading(self.preloaded(library)), "PRETEND_HOST": hosts[place]}
            found.append(subprocess.Popen(self.command(*options, before=before), env=environment, cwd=self.folder,
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            self.addCleanup(found[-1].kill)
        return found

    def preloaded(self, name="without_locks"):
        library = self.folder / f"{name}.so"
        if not library.exists():
            source = pathlib.Path(__file__).with_name(f"{name}.c")
            subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
        return library

    def tool(self, *arguments, code=0):
        result = subprocess.run([sweep_support.SWEEP, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                                env=self.environment, cwd=self.folder)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def started(self):
        """How often each run was started, by its folder."""
        outputs = [word.partition("=")[2] for start in self.starts() if "argv" in start for word in start["argv"]
                   if word.startswith("--output=")]
        return collections.Counter(pathlib.Path(output).name.partition(".")[0] for output in outputs)

    def ends_with(self, managers, code=0):
        said = [manager.communicate(timeout=60) for manager in managers]
        self.assertEqual([manager.returncode for manager in managers], [code] * len(managers), said)
        return [out for out, _ in said]
