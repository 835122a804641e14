"""A headless Chromium, driven through its own protocol over a pipe: no driver, no port, no network.

The program is the one that the environment variable CHROMIUM names, or the first of the usual names on the PATH.
Without one the tests fail: whoever runs them wants to know about the page.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-pipe",
)
SECONDS = 60.0
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "Backspace": 8}


def chromium_path() -> str:
    """The program to start; fails the test if there is none."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None or shutil.which(found) is None:
        pytest.fail(f"no Chromium: set CHROMIUM to its path, or have one of {', '.join(NAMES)} on the PATH")
    return found


class Chromium:
    """One browser; `events` are all that it told without being asked."""

    def __init__(self, profile: Path) -> None:
        # The protocol is spoken on descriptors 3 and 4. The shell puts ours there, so ours must be others.
        requests, self._requests = (_above_nine(fd) for fd in os.pipe())
        self._replies, replies = (_above_nine(fd) for fd in os.pipe())
        shell = f'exec "$0" "$@" 3<&{requests} 4>&{replies}'
        command = ["bash", "-c", shell, chromium_path(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            command,
            pass_fds=(requests, replies),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(requests)
        os.close(replies)
        self._pending = bytearray()
        self._id = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing its input is the way to end it that also ends the processes that it started.
        os.close(self._requests)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._replies)

    def ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; fails the test if the browser reports an error."""
        self._id += 1
        message: dict[str, Any] = {"id": self._id, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._requests, data) :]
        while True:
            reply = self._receive()
            if reply.get("id") == self._id:
                assert "error" not in reply, reply
                result: dict[str, Any] = reply["result"]
                return result
            self.events.append(reply)

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while (end := self._pending.find(b"\0")) < 0:
            readable, _, _ = select.select([self._replies], [], [], max(0.0, deadline - time.monotonic()))
            assert readable, "the browser does not reply"
            chunk = os.read(self._replies, 1 << 16)
            assert chunk, "the browser ended"
            self._pending += chunk
        message: dict[str, Any] = json.loads(self._pending[:end])
        del self._pending[: end + 1]
        return message


class Tab:
    """One page, with a screen of its own size."""

    def __init__(self, browser: Chromium) -> None:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session: str = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._browser = browser
        self._first_event = len(browser.events)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.ask(method, self._session, **params)

    def screen(self, width: int, height: int = 800, scheme: str = "light") -> None:
        """The size in CSS pixels, and what the system prefers."""
        self._ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, page: Path, after: str = "") -> None:
        """Load a file, with `after` (a query or a fragment) behind its address, and wait until it is there."""
        self._ask("Page.navigate", url="about:blank")
        self._ask("Page.navigate", url=page.as_uri() + after)
        self.until("document.readyState + location.protocol === 'completefile:'")

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true: what follows an event in a page comes after that event."""
        deadline = time.monotonic() + SECONDS
        while self.value(condition) is not True:
            assert time.monotonic() < deadline, f"never true: {condition}"
            time.sleep(0.02)

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        result = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        for character in text:
            self._ask("Input.dispatchKeyEvent", type="char", text=character)

    def press(self, key: str) -> None:
        """Press and release one of KEYS."""
        text = {"text": "\r" if key == "Enter" else key} if key in {"Enter", " "} else {}
        for kind in ("keyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key], **text)

    def complaints(self) -> list[dict[str, Any]]:
        """What the page wrote to the console, and the exceptions that it did not catch."""
        self.value("0")
        methods = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        return [event for event in self._own_events() if event["method"] in methods]

    def requests(self) -> list[str]:
        """The addresses that the page asked for."""
        sent = [event for event in self._own_events() if event["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def _own_events(self) -> list[dict[str, Any]]:
        events = self._browser.events[self._first_event :]
        return [event for event in events if event.get("sessionId") == self._session]


def _above_nine(descriptor: int) -> int:
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def tab(browser: Chromium) -> Tab:
    return Tab(browser)
