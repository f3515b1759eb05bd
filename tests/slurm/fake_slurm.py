#!/usr/bin/python3 -IS
"""Slurm's commands, each by its name, as far as a sweep uses them: tasks are processes of this machine, of one that is
called slurmctld. What no cluster does when it is told to, this does: answers as a test has written them down.

$FAKE_SLURM is its folder. trouble.json there is a list of {"command", "says", "times", "also"}: so many calls of the
command fail with these words, after they have done what they are for if "also". places: how many tasks run at a time.
only: the task that may run. limit: seconds after which a task is told that its time is over. ending: the state of those
that end with a code. kill: the task that finds it is killed.
"""
import contextlib
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

FOLDER = pathlib.Path(os.environ["FAKE_SLURM"])
ACTIVE = ("PENDING", "RUNNING")


@contextlib.contextmanager
def state():
    """The jobs, which are written back: {"jobs": {NUMBER: {"name", "script", "chdir", "tasks": {N: STATE}}}}."""
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = FOLDER / "state.json"
        value = json.loads(path.read_text()) if path.exists() else {"jobs": {}, "pids": {}, "again": []}
        yield value
        new = FOLDER / "state.new"
        new.write_text(json.dumps(value))
        new.rename(path)


def trouble(command):
    path = FOLDER / "trouble.json"
    if not path.exists():
        return None
    with open(FOLDER / "trouble.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        all_of_it = json.loads(path.read_text())
        for one in all_of_it:
            if one["command"] == command and one["times"] > 0:
                one["times"] -= 1
                path.write_text(json.dumps(all_of_it))
                return one
    return None


def number_in(name, usual):
    path = FOLDER / name
    return float(path.read_text()) if path.exists() else usual


def start_what_has_a_place():
    with state() as now:
        tasks = [(job, task) for job, one in now["jobs"].items() for task in one["tasks"]]
        running = sum(now["jobs"][job]["tasks"][task] == "RUNNING" for job, task in tasks)
        only = FOLDER / "only"
        for job, task in tasks:
            if only.exists() and only.read_text() != f"{job}_{task}":
                continue
            if now["jobs"][job]["tasks"][task] == "PENDING" and running < number_in("places", 100):
                now["jobs"][job]["tasks"][task], running = "RUNNING", running + 1
                with open(os.devnull, "r+") as null:
                    subprocess.Popen([sys.argv[0], "task", job, task], stdin=null, stdout=null, stderr=null,
                                     start_new_session=True)


def run_task(job, task):
    with state() as now:
        one = now["jobs"][job]
    environment = dict(os.environ, SLURM_ARRAY_JOB_ID=job, SLURM_ARRAY_TASK_ID=task)
    if "PRELOAD" in environment:
        environment["LD_PRELOAD"] = environment.pop("PRELOAD")
    with open(f"{one['chdir']}/{task}.log", "a") as log:
        process = subprocess.Popen(["/bin/sh", "-c", one["script"]], cwd=one["chdir"], stdout=log, stderr=log,
                                   env=environment)
    with state() as now:
        now["pids"][f"{job}_{task}"] = process.pid
    over = time.monotonic() + number_in("limit", 1e6)
    while (code := process.poll()) is None:
        time.sleep(0.01)
        if time.monotonic() > over:
            process.send_signal(signal.SIGUSR1)
            over += 1e6
        if (FOLDER / "kill").exists():
            (FOLDER / "kill").unlink()
            process.kill()
    ending = FOLDER / "ending"
    with state() as now:
        again = f"{job}_{task}" in now["again"]
        if again:
            now["again"].remove(f"{job}_{task}")
        told = ending.read_text() if ending.exists() and code else "COMPLETED" if code == 0 else "FAILED"
        if now["jobs"][job]["tasks"][task] == "RUNNING":
            now["jobs"][job]["tasks"][task] = "PENDING" if again else told


def sbatch(words, options):
    first, last = map(int, options["array"].split("-"))
    script = sys.stdin.read()
    with state() as now:
        job = str(len(now["jobs"]) + 1)
        now["jobs"][job] = {"name": options["job-name"], "script": script, "chdir": options["chdir"],
                            "tasks": {str(task): "PENDING" for task in range(first, last + 1)}}
    return job


def squeue(words, options):
    names, wanted = options.get("name", "").split(","), options.get("jobs")
    lines = []
    with state() as now:
        for job, one in now["jobs"].items():
            if job == wanted or (not wanted and one["name"] in names):
                lines += [f"{job}|{task}|{told}|{one['name']}|None" for task, told in one["tasks"].items()
                          if wanted or told in ACTIVE]
    return "\n".join(lines)


def scancel(words, options):
    with state() as now:
        for job, one in now["jobs"].items():
            for task, told in one["tasks"].items():
                meant = job in words or f"{job}_{task}" in words
                if meant and told in ([options["state"]] if "state" in options else ACTIVE):
                    one["tasks"][task] = "CANCELLED"
                    if f"{job}_{task}" in now["pids"] and told == "RUNNING":
                        os.kill(now["pids"][f"{job}_{task}"], signal.SIGTERM)
    return ""


def scontrol(words, options):
    if words[0] == "requeue":
        with state() as now:
            now["again"].append(words[1])
    return "MaxArraySize            = 1001" if words[0] == "show" else ""


def main():
    if "LD_PRELOAD" in os.environ:  # a test's pretended file system is the tasks' alone
        os.environ["PRELOAD"] = os.environ.pop("LD_PRELOAD")
        os.execv(sys.argv[0], sys.argv)
    command, arguments = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
    if arguments[:1] == ["task"]:
        return run_task(*arguments[1:])
    while command == "slurmctld":
        start_what_has_a_place()
        time.sleep(0.02)
    with open(FOLDER / "calls", "a") as calls:
        calls.write(json.dumps({"command": command, "words": arguments, "time": time.time()}) + "\n")
    words = [word for word in arguments if not word.startswith("-")]
    options = dict(word.removeprefix("--").partition("=")[::2] for word in arguments if word.startswith("--"))
    wrong = trouble(command)
    said = ""
    if not wrong or wrong.get("also"):
        said = {"sbatch": sbatch, "squeue": squeue, "scancel": scancel, "scontrol": scontrol,
                "sinfo": lambda *_: "0/8/0/8"}[command](words, options)
    if wrong:
        sys.stderr.write(f"{command}: error: {wrong['says']}\n")
        return 1
    print(said, end="\n" if said else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
