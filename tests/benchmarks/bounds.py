"""The bounds of tools/bench, and its tables: figures of ours beside those of peers."""
import csv
import io
import math
import os
import statistics
import tomllib
import typing

from gradus.report.command import say
from programs import HERE, TODAY, fail

BOUNDS = os.path.join(HERE, "bounds.toml")
PEERS = ("torch", "by_hand", "today")
OWN_PEERS = ("gradient", "products", "streams")  # rows of ours that others of the same network or update are compared with
EXPECTED = (*OWN_PEERS, "by_hand")  # what a bound may not lack
SENSES = ("at_least", "at_most")


class Bound(typing.NamedTuple):
    """What a ratio is held to; where that is known not to be reached, how far it is at most from there, and why."""
    sense: str
    limit: float
    known: float | None = None
    because: str = ""

    def allows(self, ratio, limit):
        return ratio >= limit if self.sense == "at_least" else ratio <= limit

    def verdict(self, ratio):
        if self.allows(ratio, self.limit):
            return "met"
        return "known" if self.known is not None and self.allows(ratio, self.known) else "short"

    def __str__(self):
        return f"{'>=' if self.sense == 'at_least' else '<='} {self.limit:g}"


def read_bounds(path):
    """{(name, peer): Bound}"""
    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)["bound"]
        bounds = {}
        for table in tables:
            sense, peer = table["sense"], table["peer"]
            if sense not in SENSES or peer not in PEERS + OWN_PEERS:
                raise ValueError(f"peer '{peer}' with sense '{sense}', expected a peer of "
                                 f"{', '.join(PEERS + OWN_PEERS)} with {' or '.join(SENSES)}")
            known = {name: (within, entry["because"]) for entry in table.get("known", [])
                     for name, within in entry["within"].items()}
            if stray := known.keys() - set(table["names"]):
                raise ValueError(f"'{min(stray)}' is known to be short of a bound that does not name it")
            for name in table["names"]:
                if (name, peer) in bounds:
                    raise ValueError(f"'{name}' has two bounds with peer '{peer}'")
                bound = Bound(sense, float(table["bound"]))
                if name in known:
                    bound = bound._replace(known=float(known[name][0]), because=known[name][1])
                    if not math.isfinite(bound.known) or not bound.because:
                        raise ValueError(f"'{name}' is known to be short: expected a finite 'within' and a reason")
                    if bound.allows(bound.known, bound.limit):
                        raise ValueError(f"'{name}' is known to be short within {bound.known:g}, which meets {bound}")
                bounds[name, peer] = bound
        return bounds
    except KeyError as error:
        fail(f"{path}: a bound lacks {error}", 2)
    except (AttributeError, TypeError) as error:  # a number or a list where a table belongs
        fail(f"{path}: not as its head says: {error}", 2)
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}", 2)


def row_of(peer, name):
    """The full name of what a row of ours is compared with."""
    return f"gradus/{peer}/{name.split('/', 1)[1]}" if peer in OWN_PEERS else f"{peer}/{name}"


def judge(ours, peer, bound, is_expected=False):
    """(ratio, text of the bound, verdict); which figure is divided by which: bounds.toml. A peer that is expected and was
    not measured makes a bound short."""
    text = str(bound) if bound else "-"
    if ours is None:
        return None, text, "short (not measured)" if bound else "-"
    if peer is None:
        return None, text, "short (no peer)" if bound and is_expected else "no peer"
    ratio = ours / peer if bound and bound.sense == "at_most" else peer / ours
    return ratio, text, bound.verdict(ratio) if bound else "-"


def fastest_of_today(times, name):
    """Which of today's peers is fastest in a row; None where none has it."""
    return min((peer for peer in TODAY if f"{peer}/{name}" in times), key=lambda peer: min(times[f"{peer}/{name}"]),
               default=None)


def with_today(times):
    """Adds a row "today" beside those of today's peers: the fastest one's."""
    names = dict.fromkeys(full.split("/", 1)[1] for full in times if full.split("/", 1)[0] in TODAY)
    return times | {f"today/{name}": times[f"{fastest_of_today(times, name)}/{name}"] for name in names}


def compare(times, rates, bounds, wanted, expected=EXPECTED):
    """A row for each bound, then for each other name that was measured."""
    pairs = list(bounds)
    for full in times:
        prefix, name = full.split("/", 1)
        if wanted.search(name):
            others = [*PEERS, *TODAY]
            peers = [prefix] if prefix in others else [peer for peer in others if f"{peer}/{name}" in times] or ["torch"]
            pairs += [(name, peer) for peer in peers if (name, peer) not in pairs]
    if not pairs:
        fail(f"no benchmark matches '{wanted.pattern}'", 2)
    rows = []
    for name, peer in pairs:
        full, other = f"gradus/{name}", row_of(peer, name)
        ours, theirs = times.get(full), times.get(other)
        ratio, bound, verdict = judge(min(ours) if ours else None, min(theirs) if theirs else None,
                                      bounds.get((name, peer)), peer in expected)
        known = [rates[row] for row in (full, other) if row in rates and full in rates]
        remark = f"  {' of '.join(f'{rate:.0f}' for rate, unit in known)} {known[0][1]}" if known and ours else ""
        if peer == "today" and theirs:
            remark += f"  {fastest_of_today(times, name)}"
        rows.append({"name": name, "peer": peer, "unit": "MB" if name.startswith("memory/") else "us",
                     "ours": ours, "peer_value": theirs, "ratio": ratio, "bound": bound, "verdict": verdict,
                     "remark": remark, "because": bounds[name, peer].because if verdict == "known" else ""})
    return rows


def show_today(rows):
    """A line for each row that today's peers have, a column for each of them."""
    figures = {}
    for row in rows:
        if row["peer"] in TODAY and row["peer_value"]:
            line = figures.setdefault(row["name"], {"ours": row["ours"]})
            line[row["peer"]] = row["peer_value"]
    if not figures:
        return
    say(f"{'microseconds':28} {'ours':>10} " + " ".join(f"{peer:>16}" for peer in TODAY) + "  fastest of them / ours")
    for name, line in figures.items():
        least = {who: min(values) for who, values in line.items() if values}
        ratio = f"{min(least[who] for who in TODAY if who in least) / least['ours']:.2f}" if "ours" in least else "-"
        cells = " ".join(f"{least[peer]:>16.2f}" if peer in least else f"{'-':>16}" for peer in TODAY)
        say(f"{name:28} " + (f"{least['ours']:>10.2f}" if "ours" in least else f"{'-':>10}") + f" {cells}  {ratio:>6}")
    say("")


def show(rows):
    """A line for each pair of ours with a peer; today's have a table of their own."""
    say(f"{'name':36} {'ours':>10} {'peer':>10}    {'of':8} {'ratio':>7} {'bound':>9}  verdict")
    for row in rows:
        if row["peer"] in TODAY:
            continue
        least = ["-" if not row[key] else f"{min(row[key]):.2f}" for key in ("ours", "peer_value")]
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}"
        say(f"{row['name']:36} {least[0]:>10} {least[1]:>10} {row['unit']} {row['peer']:8} {ratio:>7} "
            f"{row['bound']:>9}  {row['verdict']}{row['remark']}")
    known = {}
    for row in rows:
        if row["verdict"] == "known":
            known.setdefault(row["because"], []).append(f"{row['name']} ({row['ratio']:.2f}, {row['bound']})")
    if known:
        say("\nknown to be short:")
    for because, names in known.items():
        say(f"{', '.join(names)}: {because}")
    say("")


def summary(rows):
    """(a line that counts the verdicts, exit code)"""
    verdicts = [row["verdict"].split(" (")[0] for row in rows if row["bound"] != "-"]
    met, short, known, none = (verdicts.count(verdict) for verdict in ("met", "short", "known", "no peer"))
    return (f"{met} met, {short} short, {known} known to be short, {none} without a peer", 1 if short else 0)


def as_csv(rows):
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["name", "peer", "unit", "ours_min", "ours_median", "peer_min", "peer_median", "ratio", "bound",
                    "verdict"])
    for row in rows:
        cells = [f"{reduce(row[key]):.4f}" if row[key] else "" for key in ("ours", "peer_value")
                 for reduce in (min, statistics.median)]
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.4f}"
        table.writerow([row["name"], row["peer"], row["unit"], *cells, ratio, row["bound"], row["verdict"]])
    return text.getvalue().encode()
