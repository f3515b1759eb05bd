"""What a sweep's file says of its runs, as far as a claim can be held to it before anything is run."""
import difflib
import re

CHOICE = re.compile(r"\{([^{}:]+)\}(@.*)?")  # another stage's winner, or with @ a run of it that is gone on with
COMPUTED = "({:"  # a text with one of these stands for values: a space, another stage's winner, a range


class SweepFile:
    """Its stages; for each option the values that stand anywhere in it, variants included."""

    def __init__(self, document):
        self._stages = document.get("stage", ())
        self.stages = [stage.get("name", "") for stage in document.get("stage", ())] or [""]
        self._selects = any("select" in stage for stage in document.get("stage", ()))
        self._of_variants = document.get("variant", {})
        self._given = {name for table in (document, *document.get("stage", ())) for name in map(plain, table.get("options", ()))}
        self._written, self._computed, self._known = {}, set(), set()
        self._read(document)

    def _read(self, table, is_options=False):
        for name, value in table.items():
            if is_options:
                self._known.add(plain(name))
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    self._read(one, name == "options")
                elif isinstance(one, str) and any(sign in one for sign in COMPUTED):
                    self._computed.add(plain(name))
                else:
                    self._written.setdefault(plain(name), {})[str(one)] = None

    def selects(self, variant):
        """Whether a stage chooses settings, in the file or in this variant of it."""
        stages = self._of_variants.get(variant, {}).get("stage", {})
        return self._selects or any("select" in stage for stage in stages.values())

    def choices(self, stage):
        """{stage that chose: options of this stage that are its winner's}, in the file or in a variant of it."""
        found, seen, ahead = {}, set(), [stage]
        while ahead:
            name = ahead.pop()
            seen.add(name)
            for option, value in self._values_of(name):
                match = CHOICE.fullmatch(value) if isinstance(value, str) else None
                if match and not match[2]:
                    found.setdefault(match[1], set()).add(option)
                elif match and match[1] not in seen:
                    ahead.append(match[1])  # what the run that is gone on with was made with
        return found

    def _values_of(self, stage):
        tables = [one for one in self._stages if one.get("name", "") == stage]
        tables += [variant.get("stage", {}).get(stage, {}) for variant in self._of_variants.values()]
        while tables:
            for name, value in tables.pop().items():
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, dict):
                        tables.append(one)
                    else:
                        yield plain(name), one

    def may_have(self, option, value):
        """Whether a run may have this value. Where only some groups give the option, others have the program's default."""
        return option not in self._given or option in self._computed or str(value) in self._written[option]

    def like(self, option):
        """Of an option that the file gives no value, in no stage, group or variant: the one that may be meant."""
        if plain(option) in self._known:
            return ""
        return next(iter(difflib.get_close_matches(plain(option), sorted(self._known), 1, 0.9)), "")

    def like_value(self, option, value):
        """Of a name that is no value of the option anywhere: the one that may be meant."""
        written = self._written.get(option, {})
        if not isinstance(value, str) or value in written or option in self._computed:
            return ""
        names = [one for one in written if not one[:1].isdigit()]
        return next(iter(difflib.get_close_matches(value, names, 1, 0.8)), "")

    def values_text(self, option):
        return ", ".join(self._written[option])


def plain(name):
    """An option's name as the runs have it."""
    return name.replace("-", "_")
