"""A writer that is killed loses nothing that the operating system had; ``tests/long`` kills a thousand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from flatstream.tests import kills, nursery
from flatstream.tests.crashes import Loss, frames_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks or is killed like that here")


def test_writers_that_are_killed_lose_nothing(tmp_path: Path, engine: str) -> None:
    found = kills.kill(tmp_path, 52, seed=len(engine))
    assert found.kills == 52
    assert found.promised > 0  # and not all were killed before their work
    assert found.empty < 52
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "told"), [("lost", "the system had"), ("invented", "nobody wrote"), ("gone", "the system had")]
)
def test_the_judge_sees_a_frame_that_is_lost_or_was_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, told: str
) -> None:
    judged = kills._judged

    def wrong(content: bytes, algorithm: str) -> list[bytes]:
        found = frames_of(content, algorithm)
        return found[:-1] if fault == "lost" else [*found[:-1], b"invented"] if found else found

    def gone(path: Path, *rest: Any) -> int:
        path.unlink(missing_ok=True)
        return judged(path, *rest)

    monkeypatch.setattr(kills, "MODES", ({"durability": "flush"},))
    if fault == "gone":
        monkeypatch.setattr(kills, "_judged", gone)
    else:
        monkeypatch.setattr(kills, "frames_of", wrong)
    with pytest.raises(Loss, match=rf"seed 5, kill \d+, .*: .*{told}"):
        kills.kill(tmp_path, 24, seed=5)


def test_payloads_follow_from_seed_and_number() -> None:
    assert nursery.payload(1, 2) == nursery.payload(1, 2) != nursery.payload(2, 2)
