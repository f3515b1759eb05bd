"""A Slurm cluster on this machine: munged, slurmctld and one slurmd a node, each node in namespaces of its own (host
name, network, processes). Whatever ends its owner, the kernel ends everything in it.

    with slurm_cluster.Cluster(folder, nodes=2) as cluster:
        cluster.run(["sbatch", ...])          # as on the login node, which is also the controller's

Nodes share the machine's files, as those of a cluster share a file system. It needs root, and Debian's slurmctld,
slurmd, slurm-client and munge (tools/setup --slurm); Cluster.missing() says what is not there.
"""
import ctypes
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from sweep_support import processes_with  # noqa: E402

DOMAIN = "10.77.0"  # of the cluster's own network, which nothing outside of it sees
CONTROLLER_PORT, NODE_PORT = 6817, 6818
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo", "unshare", "nsenter",
            "ip", "mount")

# Everything that a controller could wait for is short: a test is no place for patience.
SETTINGS = """\
ClusterName=test
SlurmctldHost=login(%(domain)s.1)
SlurmctldPort=%(controller_port)s
SlurmdPort=%(node_port)s
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=%(folder)s/munge/socket,cred_expire=5
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=2,sched_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=1
MailProg=/bin/true
KillWait=10
MinJobAge=300
MessageTimeout=10
SlurmdTimeout=10
SlurmctldTimeout=30
MaxArraySize=%(array_size)s
MaxJobCount=%(job_count)s
StateSaveLocation=%(folder)s/state
SlurmdSpoolDir=%(folder)s/spool.%%n
SlurmctldPidFile=%(folder)s/slurmctld.pid
SlurmdPidFile=%(folder)s/slurmd.%%n.pid
SlurmctldLogFile=%(folder)s/slurmctld.log
SlurmdLogFile=%(folder)s/slurmd.%%n.log
SlurmctldDebug=info
SlurmdDebug=info
"""


def die_with_parent():
    """In a child, before it becomes a program: killed when the thread that started it ends, however that happens."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Machine:
    """Namespaces with a host name, kept by a process that does nothing but collect what has lost its parent."""

    def __init__(self, name, hosts, inside=None):
        self.name = name
        keep = (f"hostname {name} && mount --bind {hosts} /etc/hosts && ip link set lo up && echo ready; "
                "sleep infinity & wait")
        self.process = subprocess.Popen(
            (inside.enter() if inside else []) +
            ["unshare", "--fork", "--pid", "--kill-child", "--mount-proc", "--mount", "--uts", "--net", "bash", "-c",
             keep],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=die_with_parent)
        line = self.process.stdout.readline().strip()
        if line != "ready":
            self.process.kill()
            raise OSError(f"no namespaces for {name}: {line or 'unshare said nothing'}")
        self.pid = self.find_keeper(self.process.pid)

    @staticmethod
    def find_keeper(pid):
        """The first process of the namespaces: below those that lead into them."""
        outside = os.readlink("/proc/self/ns/pid")
        waiting = [pid]
        while waiting:
            one = waiting.pop()
            for task in pathlib.Path(f"/proc/{one}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
            if pathlib.Path(f"/proc/{one}/comm").read_text() == "bash\n" and \
                    os.readlink(f"/proc/{one}/ns/pid") != outside:
                return one
        raise OSError(f"process {pid} has no namespaces")

    def enter(self, folder="/"):
        return ["nsenter", "--target", str(self.pid), "--mount", "--uts", "--net", "--pid", f"--wdns={folder}"]

    def end(self):
        try:
            os.kill(self.pid, signal.SIGKILL)  # and with it all that is in the namespaces
        except ProcessLookupError:
            pass
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Cluster:
    def __init__(self, folder, nodes=1, processors=2, array_size=1001, job_count=10000):
        self.folder = pathlib.Path(folder).resolve()
        self.names = [f"node{i + 1}" for i in range(nodes)]
        self.processors = processors
        self.settings = {"domain": DOMAIN, "controller_port": CONTROLLER_PORT, "node_port": NODE_PORT,
                         "folder": self.folder, "array_size": array_size, "job_count": job_count}
        self.daemons, self.nodes, self.login = {}, {}, None
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))
        for variable in [name for name in self.environment if name.startswith(("SLURM_", "SBATCH_", "SQUEUE_"))]:
            if variable != "SLURM_CONF":
                del self.environment[variable]
        self.environment["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"

    @staticmethod
    def missing():
        """Why no cluster can start here; empty where one can."""
        if os.geteuid() != 0:
            return "not root"
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
        if absent:
            return f"no {', '.join(absent)} (tools/setup --slurm)"
        # Namespaces, and a pair of linked network devices, may be denied (in containers).
        probe = subprocess.run(["unshare", "--fork", "--pid", "--mount-proc", "--mount", "--uts", "--net", "ip", "link",
                                "add", "first", "type", "veth", "peer", "name", "second"],
                               capture_output=True, text=True)
        return f"no namespaces: {probe.stderr.strip().splitlines()[-1:]}" if probe.returncode else ""

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("state", "munge", *(f"spool.{node}" for node in self.names)):
            (self.folder / name).mkdir(exist_ok=True)
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{DOMAIN}.{i + 1} {name}\n"
                                                           for i, name in enumerate(["login", *self.names])))
        (self.folder / "slurm.conf").write_text(
            SETTINGS % self.settings +
            "".join(f"NodeName={name} NodeAddr={DOMAIN}.{i + 2} CPUs={self.processors} RealMemory=1000 State=UNKNOWN\n"
                    for i, name in enumerate(self.names)) +
            f"PartitionName=main Nodes={','.join(self.names)} Default=YES MaxTime=INFINITE State=UP\n")
        self.login = Machine("login", hosts)
        self.must(self.login.enter() + ["sh", "-c", "ip link add bridge type bridge && "
                                        f"ip addr add {DOMAIN}.1/24 dev bridge && ip link set bridge up"])
        for name in self.names:
            self.connect(name)
        self.start_munge()
        self.start_controller("-c")
        for name in self.names:
            self.start_node(name)
        self.wait_for(lambda: self.states() == dict.fromkeys(self.names, "idle"), 60, "the nodes are not ready")

    def connect(self, name):
        self.nodes[name] = node = Machine(name, self.folder / "hosts", inside=self.login)
        # Process numbers in the login node's namespace are others: only its network is entered.
        self.must(["nsenter", "--target", str(self.login.pid), "--net", "sh", "-c",
                   f"ip link add {name} type veth peer name eth0 netns {node.pid} && "
                   f"ip link set {name} master bridge up"])
        address = f"{DOMAIN}.{self.names.index(name) + 2}/24"
        self.must(node.enter() + ["sh", "-c", f"ip addr add {address} dev eth0 && ip link set eth0 up"])

    def start_munge(self):
        munge = self.folder / "munge"
        key = munge / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        munge.chmod(0o755)
        self.daemons["munged"] = self.launch(
            self.login, ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge}/socket",
                         f"--pid-file={munge}/pid", f"--seed-file={munge}/seed", "--num-threads=2"], "munged.out")
        self.wait_for(lambda: (munge / "socket").exists(), 10, "munged does not start")

    def start_controller(self, *options):
        self.daemons["slurmctld"] = self.launch(self.login, ["slurmctld", "-D", *options], "slurmctld.out")
        self.wait_for(lambda: self.run(["scontrol", "ping"]).returncode == 0, 30, "slurmctld does not answer")

    def start_node(self, name):
        self.daemons[name] = self.launch(self.nodes[name], ["slurmd", "-D", "-N", name], f"slurmd.{name}.out")

    def launch(self, machine, command, log):
        with open(self.folder / log, "a") as file:
            return subprocess.Popen(machine.enter() + command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                    env=self.environment, preexec_fn=die_with_parent)

    def stop_controller(self):
        """As an administrator does: it writes its state."""
        self.kill("slurmctld", signal.SIGTERM)

    def kill(self, daemon, number=signal.SIGKILL):
        """kill -9, as a crash would."""
        process = self.daemons.pop(daemon)
        for child in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(child), number)
        process.wait()

    def kill_node(self, name):
        """The machine's power is cut: all of its processes are gone, and nobody answers there."""
        self.nodes.pop(name).end()
        self.daemons.pop(name).wait()

    def mend(self):
        """What an administrator does after a crash: the controller drains nodes, and holds tasks, that it does not
        understand any more."""
        for name, state in self.states().items():
            if state.startswith("drain"):
                self.run(["scontrol", "update", f"nodename={name}", "state=resume"])
        held = self.run(["squeue", "--noheader", "--array", "--states=PENDING", "--format=%i %r"]).stdout
        if tasks := [line.split()[0] for line in held.splitlines() if "held" in line.lower()]:
            self.run(["scontrol", "release", *tasks])

    def states(self):
        lines = self.run(["sinfo", "--noheader", "--Node", "--format=%N %t"]).stdout.split("\n")
        return dict(line.split() for line in lines if line)

    def enter(self, folder="/"):
        """What stands before a command of the login node's."""
        return self.login.enter(folder)

    def run(self, command, **keywords):
        return subprocess.run(self.enter() + [os.fspath(word) for word in command], capture_output=True, text=True,
                              env=dict(self.environment, **keywords.pop("environment", {})), timeout=120, **keywords)

    def queue(self, *options):
        """JOB_TASK and state of each task in the queue."""
        said = self.run(["squeue", "--noheader", "--array", "--format=%i %T", *options]).stdout
        return [tuple(line.split()) for line in said.splitlines()]

    def must(self, command):
        result = subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=60)
        if result.returncode != 0:
            raise OSError(f"{' '.join(command)}: {result.stderr.strip() or result.returncode}")

    def log_tail(self):
        lines = []
        for log in sorted(self.folder.glob("slurm*.log")):
            lines += [f"{log.name}: {line}" for line in log.read_text(errors="replace").splitlines()[-3:]]
        return "\n".join(lines)

    def wait_for(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} within {seconds} s\n{self.log_tail()}")
            time.sleep(0.1)

    def processes(self):
        """What still lives of it, on this machine."""
        return list(processes_with("SLURM_CONF", self.folder / "slurm.conf"))

    def stop(self):
        for node in self.nodes.values():
            node.end()
        if self.login:
            self.login.end()
        for daemon in self.daemons.values():
            daemon.kill()
            daemon.wait()
        self.daemons, self.nodes, self.login = {}, {}, None
