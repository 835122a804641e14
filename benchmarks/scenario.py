"""What a scenario is: groups that are measured in turns, and studies that are not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.measure import Effort
    from benchmarks.tiers import Group

    Groups: TypeAlias = Mapping[str, Callable[[], Group]]
    Study: TypeAlias = Callable[[Effort, Callable[[float], object]], Mapping[str, Sequence[Any]]]

__all__ = ["Scenario"]


@dataclass(frozen=True)
class Scenario:
    """Groups over one workload. ``groups`` makes each one when it is called, so that memory holds one at a time.

    ``studies`` are what is no time in turns: each gives entries for other kinds of a record (``memory``, ``timelines``,
    ...) by the name of the kind. A study runs once, a group in as many processes as an effort says.
    """

    name: str
    title: str
    groups: Groups = field(default_factory=dict)
    studies: Mapping[str, Study] = field(default_factory=dict)
    modelled: bool = False
    """Whether the groups differ in the size of the messages, so that cost models are fitted to them."""
    not_quick: frozenset[str] = frozenset()
    """Groups and studies that a quick run leaves out, for their time or their memory."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of all groups and studies."""
        return (*self.groups, *self.studies)

    def of_parts(self, parts: Sequence[str]) -> Scenario:
        """Only these groups and studies of it."""
        return replace(
            self,
            groups={name: make for name, make in self.groups.items() if name in parts},
            studies={name: study for name, study in self.studies.items() if name in parts},
        )

    def shortened(self) -> Scenario:
        """What a quick run measures of it."""
        return self.of_parts([part for part in self.parts if part not in self.not_quick])
