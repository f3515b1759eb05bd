"""The bounds of tools/bench, and its tables: figures of ours beside those of peers."""
import csv
import io
import os
import statistics
import tomllib

from gradus.report.command import say
from programs import HERE, TODAY, fail

BOUNDS = os.path.join(HERE, "bounds.toml")
PEERS = ("torch", "by_hand", "today")
OWN_PEERS = ("gradient", "products", "copy")  # rows of ours that others of the same network or update are compared with
SENSES = ("at_least", "at_most")


"""The bounds of tools/bench, and its tables: figures of ours beside those of peers."""
import csv
import io
import os
import statistics
import tomllib

from gradus.report.command import say
from programs import HERE, TODAY, fail

BOUNDS = os.path.join(HERE, "bounds.toml")
PEERS = ("torch", "by_hand", "today")
OWN_PEERS = ("gradient", "products", "copy")  # rows of ours that others of the same network or update are compared with
SENSES = ("at_least", "at_most")


def read_bounds(path):
    """{(name, peer): (sense, bound)}"""
    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)["bound"]
        bounds = {}
        for table in tables:
            sense, peer = table["sense"], table["peer"]
            if sense not in SENSES or peer not in PEERS + OWN_PEERS:
                raise ValueError(f"peer '{peer}' with sense '{sense}', expected a peer of "
                                 f"{', '.join(PEERS + OWN_PEERS)} with {' or '.join(SENSES)}")
            for name in table["names"]:
                bounds[name, peer] = (sense, float(table["bound"]))
        return bounds
    except KeyError as error:
        fail(f"{path}: a bound lacks {error}", 2)
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}", 2)


def row_of(peer, name):
    """The full name of what a row of ours is compared with."""
    return f"gradus/{peer}/{name.split('/', 1)[1]}" if peer in OWN_PEERS else f"{peer}/{name}"


def judge(ours, peer, bound):
    """(ratio, text of the bound, verdict); which figure is divided by which: bounds.toml."""
    sense, limit = bound if bound else ("at_least", None)
    text = "-" if limit is None else f"{'>=' if sense == 'at_least' else '<='} {limit:g}"
    if ours is None:
        return None, text, "short (not measured)" if bound else "-"
    if peer is None:
        return None, text, "no peer"
    ratio = peer / ours if sense == "at_least" else ours / peer
    if limit is None:
        return ratio, text, "-"
    met = ratio >= limit if sense == "at_least" else ratio <= limit
    return ratio, text, "met" if met else "short"


def fastest_of_today(times, name):
    """Which of today's peers is fastest in a row; None where none has it."""
    return min((peer for peer in TODAY if f"{peer}/{name}" in times), key=lambda peer: min(times[f"{peer}/{name}"]),
               default=None)


def with_today(times):
    """Adds a row "today" beside those of today's peers: the fastest one's."""
    names = dict.fromkeys(full.split("/", 1)[1] for full in times if full.split("/", 1)[0] in TODAY)
    return times | {f"today/{name}": times[f"{fastest_of_today(times, name)}/{name}"] for name in names}


def compare(times, rates, bounds, wanted):
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
                                      bounds.get((name, peer)))
        known = [rates[row] for row in (full, other) if row in rates and full in rates]
        remark = f"  {' of '.join(f'{rate:.0f}' for rate, unit in known)} {known[0][1]}" if known and ours else ""
        if peer == "today" and theirs:
            remark += f"  {fastest_of_today(times, name)}"
        rows.append({"name": name, "peer": peer, "unit": "MB" if name.startswith("memory/") else "us",
                     "ours": ours, "peer_value": theirs, "ratio": ratio, "bound": bound, "verdict": verdict,
                     "remark": remark})
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
