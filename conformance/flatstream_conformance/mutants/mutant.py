"""What a mutant is: the base with one part changed in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from flatstream_conformance.mutants.base import BASE, Implementation

if TYPE_CHECKING:
    from collections.abc import Mapping

Part: TypeAlias = Literal[
    "wire", "reader", "writer", "recovery", "validators", "table_root", "policies", "adaptive", "threshold"
]


@dataclass(frozen=True)
class Mutant:
    """One wrong behaviour.

    `about` says what is wrong, `rule` is the rule that it breaks, and `groups` are the groups of vectors that are
    about it: one of them must catch it. `override` replaces attributes of the class `part` of the base.
    """

    name: str
    rule: str
    groups: tuple[str, ...]
    about: str
    part: Part
    override: Mapping[str, Any]

    def implementation(self) -> Implementation:
        """The base with the override in its place."""
        original = getattr(BASE, self.part)
        changed = type(original.__name__, (original,), dict(self.override))
        return replace(BASE, name=self.name, **{self.part: changed})


class Catalogue:
    """Mutants of one part of the base, in the order in which they are added."""

    def __init__(self, part: Part) -> None:
        self.part: Part = part
        self.mutants: list[Mutant] = []

    def add(self, name: str, rule: str, groups: str, about: str, **override: Any) -> None:
        """Add a mutant; `groups` are names with blanks between them."""
        self.mutants.append(Mutant(name, rule, tuple(groups.split()), about, self.part, override))
