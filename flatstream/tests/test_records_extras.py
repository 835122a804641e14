"""Without NumPy and PyArrow: what needs them says which extra brings them, and the rest works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flatstream import MissingExtra
from flatstream.extras import needing

if TYPE_CHECKING:
    from collections.abc import Callable

ASK = """
import flatstream
record = flatstream.Record("R", a="u8")
payload = record.encode(a=5)
record.verify(payload)
assert record.view(payload).a == record.decode(payload)["a"] == 5
try:
    {call}
except flatstream.MissingExtra as error:
    assert isinstance(error, ImportError)
    print(error)
"""


@pytest.mark.parametrize(
    "call",
    [
        "record.columns([payload])",
        "record.verify_many([payload])",
        "record.frame_many([(5,)])",
        "record.encode_many([(5,)])",
        "record.to_arrow([payload])",
    ],
)
def test_without_numpy_columns_name_its_extra(call: str, without: Callable[..., str]) -> None:
    said = without(ASK.format(call=call), "numpy", "pyarrow")
    extra = "arrow" if "arrow" in call else "numpy"
    package = "PyArrow" if "arrow" in call else "NumPy"
    assert said.strip() in {
        f"this needs {package}: pip install 'flatstream[{extra}]'",
        "this needs NumPy: pip install 'flatstream[numpy]'",
    }


def test_without_pyarrow_its_extra_is_named_and_columns_work(without: Callable[..., str]) -> None:
    assert without(ASK.format(call="print(record.columns([payload])['a'])"), "pyarrow").strip() == "[5]"
    said = without(ASK.format(call="record.to_arrow([payload])"), "pyarrow")
    assert said.strip() == "this needs PyArrow: pip install 'flatstream[arrow]'"


@pytest.mark.parametrize(("package", "extra"), [("numpy", "numpy"), ("pyarrow", "arrow")])
def test_a_missing_package_is_named_with_its_extra(package: str, extra: str) -> None:
    with pytest.raises(MissingExtra) as caught, needing():
        raise ModuleNotFoundError(name=package)
    assert caught.value.extra == extra


def test_the_absence_of_anything_else_is_not_explained() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needing():
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401, PLC0415  (on purpose)


def test_arrow_is_made_without_importing_pandas(without: Callable[..., str]) -> None:
    code = """
import sys
from flatstream import Record
from flatstream.records import field, struct
point = struct("Point", x="f32", on="bool", ids="[u8:2]")
record = Record("R", a="u64", b="bool", c=field("i8", default=None), d=point, e="string", f=[point], g="[bool]")
full = record.encode(a=1, d=(1.0, False, (3, 4)), e="x", f=[(1.0, True, (1, 2))], g=[True])
batch = record.to_arrow([full, record.encode()])
print(batch.num_rows, "pyarrow" in sys.modules, "pandas" in sys.modules)
"""
    assert without(code) == "2 True False\n"  # pandas takes longer to import than a stream to read
