"""Which values of options are equal, how they are ordered, and how they are written so that different ones look so."""
import bisect
import json
import math
import re


def identity(value):
    """Equal for equal values and for no others: 1 and 1.0 are equal, 1 and true are not, nor 7 and the text "007"."""
    if value is None:
        return ("",)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, (int, float)):
        return ("number", value if value == value else "nan")
    return ("text", value)


def number_in(text):
    """The number that a program of ours takes a text for (settings/parse.h), or None."""
    if re.fullmatch("[+-]?[0-9]+", text) and -2 ** 63 <= int(text) < 2 ** 63:
        return int(text)
    if re.fullmatch("[+-]?(inf|infinity|nan)", text, re.IGNORECASE | re.ASCII):
        return float(text)
    decimal = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", text, re.IGNORECASE | re.ASCII)
    if not decimal:
        return None
    value = float(text)
    lost = value == 0 and re.search("[1-9]", decimal[1])
    return None if lost or math.isinf(value) else value


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def order(value):
    """Numbers before text, each in its own order."""
    return (0, value, "") if is_number(value) and value == value else (1, 0, show(value))


def escaped(text):
    """A line that any terminal shows: a byte that is no UTF-8 as \\xff, other unprintable characters as \\n, \\u202e."""
    def visible(character):
        if character.isprintable():
            return character
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8
            return f"\\x{code - 0xDC00:02x}"
        return json.dumps(character)[1:-1] if code != 0x7F else "\\x7f"
    return "".join(map(visible, str(text)))


def _digits(value, count):
    return f"{value:.{count}g}"


def _near(value, text):
    """Whether a text is as near as a reader needs it; close to 1 the distance to 1 counts, as for a decay rate."""
    return abs(float(text) - value) <= 1e-5 * min(abs(value), abs(1 - value) or 1)


def _number(value, others=()):
    """Exact where that is short; else six digits, or as many as tell it from the others."""
    if isinstance(value, int):
        return str(value)
    exact = repr(value)
    if not math.isfinite(value):
        return exact
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    if len(exact) <= 12:
        return exact
    for count in range(6, 17):
        text = _digits(value, count)
        if _near(value, text) and not any(_digits(float(other), count) == text for other in others):
            return text
    return exact


def show(value):
    """A value as one line. A text is bare where that is unmistakable as a text, else in quotes with escapes."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return _number(value)
    value = str(value)
    if value and value == value.strip() and value[0] != '"' and value.isprintable():
        return value
    return _quoted(value)


def _quoted(text):
    return '"' + escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def texts(values):
    """{identity: text} of the values of one option: different values have different texts."""
    distinct = {identity(value): value for value in values}
    numbers = sorted(value for value in distinct.values() if is_number(value) and value == value)
    shown = {}
    for key, value in distinct.items():
        if is_number(value) and value == value:
            at = bisect.bisect_left(numbers, value)  # rounding keeps the order: only neighbours can look the same
            shown[key] = _number(value, numbers[max(0, at - 1):at] + numbers[at + 1:at + 2])
        elif not isinstance(value, str):
            shown[key] = show(value)
    taken = set(shown.values())
    for key, value in distinct.items():
        if isinstance(value, str):
            shown[key] = _quoted(value) if value in taken else show(value)
    return shown
