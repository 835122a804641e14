"""Mutants of all validators but TableRootValidator."""

from __future__ import annotations

from typing import Any

from flatstream_conformance.mutants.base_validators import Validators
from flatstream_conformance.mutants.mutant import Catalogue

VALIDATORS = Catalogue("validators")


def _size(lowest: int, highest: int) -> Any:
    """SizeValidator with its bounds moved inwards by so many bytes."""

    def size(_self: Validators, bounds: list[int], payload: bytes) -> str | None:
        return None if bounds[0] + lowest <= len(payload) <= bounds[1] - highest else "SizeValidator"

    return size


def _last_refusal(self: Validators, children: list[Any], payload: bytes) -> str | None:
    refusals = [name for child in children if (name := self.refusal(child, payload)) is not None]
    return refusals[-1] if refusals else None


def _only_if_all_refuse(self: Validators, children: list[Any], payload: bytes) -> str | None:
    refusals = [self.refusal(child, payload) for child in children]
    return refusals[0] if refusals and all(refusals) else None


def _own_name(self: Validators, children: list[Any], payload: bytes) -> str | None:
    return None if Validators.composite(self, children, payload) is None else "CompositeValidator"


def _own_name_if_nested(self: Validators, children: list[Any], payload: bytes) -> str | None:
    for child in children:
        name = self.refusal(child, payload)
        if name is not None:
            return "CompositeValidator" if isinstance(child, dict) and "composite" in child else name
    return None


def _refuses_empty(self: Validators, spec: Any, payload: bytes) -> str | None:
    return "NoValidator" if spec == "none" and not payload else Validators.refusal(self, spec, payload)


SIZE = "size-validator size-validator-writing"
VALIDATORS.add("size-min-exclusive", "V2", SIZE, "a payload of exactly the minimum is refused", size=_size(1, 0))
VALIDATORS.add("size-max-exclusive", "V2", SIZE, "a payload of exactly the maximum is refused", size=_size(0, 1))
VALIDATORS.add("size-min-one-less", "V2", SIZE, "one byte less than the minimum passes", size=_size(-1, 0))
VALIDATORS.add("size-max-one-more", "V2", SIZE, "one byte more than the maximum passes", size=_size(0, -1))
VALIDATORS.add("size-no-min", "V2", SIZE, "the minimum is not looked at", size=_size(-(1 << 40), 0))
VALIDATORS.add("size-no-max", "V2", SIZE, "the maximum is not looked at", size=_size(0, -(1 << 40)))
VALIDATORS.add(
    "size-max-0-is-none",
    "V2",
    SIZE,
    "a maximum of 0 is taken for none",
    size=lambda self, bounds, payload: Validators.size(self, [bounds[0], bounds[1] or 2**32], payload),
)
VALIDATORS.add(
    "size-spares-empty",
    "V2",
    SIZE,
    "an empty payload passes whatever the minimum",
    size=lambda self, bounds, payload: Validators.size(self, bounds, payload) if payload else None,
)
VALIDATORS.add(
    "no-validator-refuses-empty",
    "V1",
    "no-validator clean-streams",
    "without a validator an empty payload is refused",
    refusal=_refuses_empty,
)
VALIDATORS.add(
    "composite-own-name", "V3", "composite-validator", "the composite reports its own name", composite=_own_name
)
VALIDATORS.add(
    "composite-own-name-nested",
    "V3",
    "composite-validator",
    "a composite inside of a composite is reported by its own name",
    composite=_own_name_if_nested,
)
VALIDATORS.add(
    "composite-runs-all", "V3", "composite-validator", "the last refusal is reported", composite=_last_refusal
)
VALIDATORS.add(
    "composite-backwards",
    "V3",
    "composite-validator",
    "the children are asked from the last to the first",
    composite=lambda self, children, payload: Validators.composite(self, children[::-1], payload),
)
VALIDATORS.add(
    "composite-any",
    "V3",
    "composite-validator",
    "a payload is refused only if all children refuse",
    composite=_only_if_all_refuse,
)
VALIDATORS.add(
    "composite-first-only",
    "V3",
    "composite-validator",
    "only the first child is asked",
    composite=lambda self, children, payload: Validators.composite(self, children[:1], payload),
)
VALIDATORS.add(
    "composite-empty-refuses",
    "V3",
    "composite-validator",
    "a composite without children refuses",
    composite=lambda self, children, payload: (
        Validators.composite(self, children, payload) if children else "CompositeValidator"
    ),
)
VALIDATORS.add(
    "typed-generic-name",
    "V4",
    "typed-validator",
    "the kind is reported instead of the name that was given",
    typed=lambda self, settings, payload: Validators.typed(self, settings, payload) and "TypedValidator",
)
VALIDATORS.add(
    "typed-reversed",
    "V4",
    "typed-validator",
    "the answer of the callable is taken for its opposite",
    typed=lambda self, settings, payload: None if Validators.typed(self, settings, payload) else settings["name"],
)
VALIDATORS.add(
    "typed-not-asked", "V4", "typed-validator", "the callable is never asked", typed=lambda *_arguments: None
)
VALIDATORS.add(
    "typed-spares-empty",
    "V4",
    "typed-validator",
    "an empty payload is accepted without asking the callable",
    typed=lambda self, settings, payload: Validators.typed(self, settings, payload) if payload else None,
)
VALIDATORS.add(
    "table-root-default-limits",
    "V5",
    "table-root-limits",
    "the limits that were given are replaced by the defaults",
    table_root=lambda self, _limits, payload: Validators.table_root(
        self, {"max_depth": 64, "max_tables": 1000000}, payload
    ),
)
VALIDATORS.add(
    "table-root-other-name",
    "V5",
    "table-root",
    "the name of the refusing validator is that of another",
    table_root=lambda self, limits, payload: Validators.table_root(self, limits, payload) and "SizeValidator",
)
