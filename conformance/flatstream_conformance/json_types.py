"""The types of JSON values, as messages, vectors and records hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, JSON]
JsonMapping: TypeAlias = Mapping[str, JSON]
