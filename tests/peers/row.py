"""One line of the tables: a method of ours beside a peer's."""
import dataclasses
import types
import typing

BOTH = ("vector", "network")


@dataclasses.dataclass
class Row:
    """`make(h, function)` is the peer with our hyperparameters h (an object with `values` as attributes), the
    difference applied. Where there is one, `plain(h, function)` is the peer without it, which must not agree with ours:
    so the sentence in docs/optimizers.md is needed and true. `unseen` are those of `values` whose change is not seen,
    and why."""

    name: str  # "adam: torch.optim.Adam(amsgrad=True)", says which line it is
    method: str
    values: dict
    make: typing.Callable
    difference: str = ""  # what docs/optimizers.md says, or what is set alike though the defaults differ
    plain: typing.Optional[typing.Callable] = None
    functions: tuple = BOTH
    unseen: dict = dataclasses.field(default_factory=dict)
    wrappers: list = dataclasses.field(default_factory=list)
    schedules: list = dataclasses.field(default_factory=list)
    observed: typing.Optional[typing.Callable] = None  # t -> the held-out loss that both sides are told after step t

    @property
    def h(self):
        return types.SimpleNamespace(**self.values)
