"""The seam to the engine: which one is chosen, and what is said where there is none."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import flatstream
from flatstream.engine import BUILT_IN, VARIABLE, _choose

if TYPE_CHECKING:
    from collections.abc import Callable


def importing(outcome: Callable[[], object]) -> Any:
    """A stand-in for ``import_module``."""

    def import_module(name: str) -> object:
        assert name == "flatstream._native"
        return outcome()

    return import_module


def missing() -> object:
    raise ModuleNotFoundError("no module")


def broken() -> object:
    raise ImportError("undefined symbol: _Py_Something")


@pytest.mark.parametrize("value", ["", "auto", "native"])
def test_the_native_engine_is_chosen_where_it_was_built(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    built = object()
    monkeypatch.setenv(VARIABLE, value)
    monkeypatch.setattr("flatstream.engine.import_module", importing(lambda: built))
    assert _choose() == (built, None)


def test_python_is_chosen_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "python")
    monkeypatch.setattr("flatstream.engine.import_module", importing(lambda: pytest.fail("nothing is imported")))
    assert _choose() == (None, "FLATSTREAM_ENGINE is python")


@pytest.mark.parametrize(("outcome", "why"), [(missing, "it was not built"), (broken, "undefined symbol")])
def test_without_a_native_engine_python_is_chosen_and_says_why(
    outcome: Callable[[], object], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr("flatstream.engine.import_module", importing(outcome))
    engine, reason = _choose()
    assert engine is None
    assert reason is not None
    assert reason.startswith(f"there is no native engine: {why}")


@pytest.mark.parametrize(("outcome", "why"), [(missing, "it was not built"), (broken, "undefined symbol")])
def test_asking_for_a_native_engine_where_there_is_none_is_an_error(
    outcome: Callable[[], object], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "native")
    monkeypatch.setattr("flatstream.engine.import_module", importing(outcome))
    with pytest.raises(flatstream.EngineUnavailable, match=f"FLATSTREAM_ENGINE is native, .*{why}") as caught:
        _choose()
    assert isinstance(caught.value, ImportError)


def test_another_value_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "rust")
    with pytest.raises(flatstream.EngineUnavailable, match="'rust', and not auto, native or python"):
        _choose()


def test_the_choice_is_made_at_first_use_and_shown() -> None:
    program = (
        f"import os; os.environ.pop('{VARIABLE}', None)\n"
        "import flatstream.engine as engine; assert 'native' not in vars(engine)\n"
        "print(engine.name, engine.native is None, engine.why_python is None)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown in {"native False True\n", "python True False\n"}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = flatstream.engine.nothing


def test_importing_the_library_raises_nothing_for_an_engine_that_is_not_there() -> None:
    program = f"import os; os.environ['{VARIABLE}'] = 'rust'\nimport flatstream\nflatstream.scan(b'')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("flatstream.errors.EngineUnavailable: FLATSTREAM_ENGINE is 'rust'")


def test_the_engine_knows_the_algorithms_of_the_format() -> None:
    assert flatstream.checksum.BUILT_IN.keys() == BUILT_IN
