"""Which colour, dash and marker a group has: ones that the colour-blind tell apart, the same in every picture."""

# Okabe and Ito (2008) without black and yellow, which a dark or a white page swallows, and a grey.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a"]
DASHES = ["solid", "dash", "dot", "dashdot"]
MARKERS = ["circle", "square", "diamond", "triangle-up"]


class Palette:
    """Places of groups. `keys`: of all groups, drawn or not, in any order; who hides one leaves the others' colours."""

    def __init__(self, keys):
        self.keys = sorted(dict.fromkeys(keys), key=_order)
        self._places = {key: place for place, key in enumerate(self.keys)}
        self._looks, met = {}, {}
        for key in self.keys:  # groups of other options are in other pictures: each kind begins with the first colour
            self._looks[key] = met[len(key)] = met.get(len(key), -1) + 1

    def place(self, key):
        """A number that is the group's in this report."""
        return self._places[key]

    def colour(self, key):
        return COLOURS[self._looks[key] % len(COLOURS)]

    def dash(self, key):
        return DASHES[self._looks[key] // len(COLOURS) % len(DASHES)]

    def marker(self, key):
        return MARKERS[self._looks[key] // len(COLOURS) % len(MARKERS)]


def _order(key):
    """Of identities (gradus.records.values): by kind, then by value; "nan" is the one number that is a text."""
    return [(part[0], *((isinstance(value, str), value) for value in part[1:])) for part in key]
