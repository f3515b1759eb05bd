"""A verdict in a sentence: the effect in the units of what was measured, its interval, what it must be beyond."""
import math

from ..inference.intervals import FINEST, LEAST_OF_FLIPS

VERDICTS = ("supported", "refuted", "depends", "not decided")
ANSWERS = ("holds", "holds in part", "mixed", "fails in part", "does not hold", "not decided")


def answer(essay, decided):
    """What the comparisons that decide one of the essay's claims say of it together, one of ANSWERS.

    In part: some of them are not decided, and the others agree. Those beside the claim do not count.
    """
    for_it = against = open_ = 0
    for one in decided:
        if one.claim.name in essay.beside:
            continue
        speaks = (one.verdict in ("supported", "depends"), one.verdict in ("refuted", "depends"))
        for_side, other = speaks[::-1] if one.claim.name in essay.against else speaks
        for_it, against, open_ = for_it + for_side, against + other, open_ + (not any(speaks))
    if essay.differing:
        return "holds" if for_it and against else "does not hold" if for_it + against and not open_ else "not decided"
    if for_it and against:
        return "mixed"
    if for_it:
        return "holds in part" if open_ else "holds"
    if against:
        return "fails in part" if open_ else "does not hold"
    return "not decided"


def asked(essay, findings):
    """Those of the essay's claims all of whose studies are reported."""
    return [claim for claim in essay if set(claim.studies) <= set(findings.studies)]


def counted(claims, findings):
    """`holds: 3, mixed: 1`: the answers to these of the essay's claims."""
    found = [answer(claim, [one for one in findings.decided if claim.number in one.claim.essay]) for claim in claims]
    return ", ".join(f"{one}: {found.count(one)}" for one in ANSWERS if one in found)


def bearing(essay, decided):
    """What stands behind the verdict on a comparison where it is not simply one for the essay's claim."""
    if decided.claim.name in essay.beside:
        return " (beside the claim: it does not count)"
    return " (which speaks against the claim)" if decided.claim.name in essay.against else ""


def stale_text():
    """What makes a verdict stale."""
    return ("A verdict is stale where the claims, the sweep, the data, the program, the clock or the study's "
            "quantities.py are no longer those of its runs. A program that was built anew is the same one where nothing "
            "that is compiled into it differs between the two commits, neither build had changed files, and the compiler "
            "and its flags are the same.")


def essay_text(digest):
    """Which file says what counts for the essay's claims: another digest than before is another headline."""
    return f"What counts for which of the essay's claims, essay.toml says, whose digest is {digest}."


def quantity_text(quantity):
    """`training loss, last`; `steps to training loss 0.3`."""
    of = quantity.of.partition("/")[2].replace("_", " ")
    along = {"step": "steps", "clock": "calibrated seconds"}.get(quantity.along, quantity.along.replace("_", " "))
    text = {"time_to": f"{along} to {of} {_target(quantity)}",
            "reaches": f"share of runs that reach {of} {_target(quantity)}",
            "at_best": f"{of} where {quantity.by.partition('/')[2].replace('_', ' ')} is best",
            "ratio_at_end": f"{of} over {quantity.to.partition('/')[2].replace('_', ' ')}, at the end",
            "python": quantity.function.replace("_", " ")}.get(quantity.take, f"{of}, {quantity.take}")
    if quantity.place is not None:
        text += f" ({quantity.place})"
    over = quantity.over.replace("_", " ")
    then = {"": "", "width": f"width of the {over}s within {quantity.within:.0%} of the best, decades, by ",
            "edge": f"logarithm of the largest {over} that learns, by ", "slope": f"log-log slope over {over} of ",
            "spread": f"decades over {over} of ", "best": f"best over {over} of ",
            "best_of": f"expected best of {quantity.draws} draws of ",
            "regret": f"what all draws gain on {quantity.draws}, in "}[quantity.then]
    return then + text


def _target(quantity):
    if isinstance(quantity.target, dict):
        return "its target"
    return "" if quantity.target is None else f"{quantity.target:g}"


def effect_text(decided, low=None, estimate=None, high=None):
    """`0.52 times (0.47 to 0.58)`, or `higher by 0.031 (0.022 to 0.040)`; a's beside b's."""
    judged, claim = decided.judged, decided.claim
    numbers = [judged.low, judged.estimate, judged.high] if estimate is None else [low, estimate, high]
    if not all(map(math.isfinite, numbers)):
        return "not measured" if not math.isfinite(numbers[1]) else f"{_one(claim, numbers[1]):.3g} (interval unbounded)"
    ends = sorted(_one(claim, value) for value in (numbers[0], numbers[2]))
    form = "{:.3g} times ({:.3g} to {:.3g})" if claim.effect == "ratio" else "{:+.3g} ({:+.3g} to {:+.3g})"
    return form.format(_one(claim, numbers[1]), *ends)


def bound_text(claim):
    """What the effect must be beyond for the claim to be supported; against a number, what the quantity must be."""
    beyond = "below" if claim.better == "lower" else "above"
    value = _one(claim, math.log1p(claim.delta) if claim.effect == "ratio" else claim.delta)
    if claim.b is None:
        return f"{beyond} {claim.than * value if claim.effect == 'ratio' else claim.than + value:.4g}"
    return f"{beyond} {value:.3g} times" if claim.effect == "ratio" else f"{beyond} {value + 0.0:+.3g}"


def _one(claim, oriented):
    """An oriented effect as a over b, or a minus b."""
    signed = -oriented if claim.better == "lower" else oriented
    return math.exp(signed) if claim.effect == "ratio" else signed


def sentence(decided):
    """The whole of a verdict, without the claim."""
    claim, judged = decided.claim, decided.judged
    if not math.isfinite(judged.estimate):
        return f"Not measured: {judged.problem}."
    a, b = decided.compared.labels
    workloads = len(judged.workloads)
    over = f" over {workloads} workloads" if workloads > 1 else ""
    against = b if claim.b is not None else f"the number {b}"
    return (f"{quantity_text(claim.quantity)}: {a} against {against}{over}, {effect_text(decided)}; supported "
            f"{bound_text(claim)}. n = {judged.seeds}, {judged.told_by}, level {judged.level:.2%}"
            + (f". Not decided: {judged.problem}." if judged.problem else
               f", adjusted {p_text(judged.adjusted_p, FINEST, judged.p)}." if judged.adjusted_p < 1 else "."))


def p_text(p, finest, unadjusted=None):
    """`p 0.012`; where it is the finest that can be told, `p < 2e-10`."""
    told = p if unadjusted is None else unadjusted
    return f"p {'< ' if told <= finest * (1 + 1e-9) else ''}{p:.2g}"


def details(decided):
    """Lines on workloads, arrivals, choices and staleness."""
    judged, lines = decided.judged, []
    if len(judged.workloads) > 1:
        for one in judged.workloads:
            others = effect_text(decided, one.without, one.without, one.without).partition(" (")[0]
            lines.append(f"{one.workload}: {effect_text(decided, one.low, one.estimate, one.high)}, {one.verdict}; "
                         f"the others without it: {others}")
    for workload, race in decided.races.items():
        shares = race.first()
        arrived = ", ".join(f"{name} {race.arrived[name]:.0%}" for name in race.times)
        first = ", ".join(f"{name} {share.value:.2f} ({share.low:.2f} to {share.high:.2f})"
                          for name, share in shares.items())
        lines.append(f"{workload + ': ' if workload else ''}arrived: {arrived}; first: {first}")
    if judged.sign_flip_p is not None:
        lines.append(f"by sign flips, {p_text(judged.sign_flip_p, LEAST_OF_FLIPS)} (not adjusted)")
    if decided.contended:
        lines.append("contended: the seconds are those of runs that shared the machine with others")
    if decided.clock is not None:
        lines.append(f"each step timed twice, alone on one core: at most {decided.clock:.1%} apart")
    lines += [f"a space was widened, as the choice lay at its border: {line}" for line in decided.wider]
    lines += [f"at the border of the space: {line}" for line in decided.borders]
    lines += [f"stale: {reason}" for reason in decided.stale]
    return lines
