"""The example of frames over TLS: what arrives is in the journal, and who misbehaves gets nothing."""

from __future__ import annotations

import asyncio
import errno
import os
import runpy
import signal
import ssl
import stat
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import trustme

import flatstream
from flatstream import ChecksumDeframer, ChecksumFramer, FlatStreamError, StreamIOError
from flatstream.aio import AsyncStreamReader, AsyncStreamWriter
from flatstream.checksum import XXH3_64
from flatstream.disk import Disk
from flatstream.examples import tls_journal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

PAYLOADS = [b"one", b"", b"x" * 100_000, *(b"%d" % number for number in range(500))]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@dataclass
class Contexts:
    """TLS of both sides."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> Contexts:
    both = Contexts(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context())
    authority.issue_cert("localhost").configure_cert(both.server)
    authority.configure_trust(both.client)
    return both


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "mine.bin"
    path.write_bytes(flatstream.frame_many(PAYLOADS, "xxh3_64"))
    return path


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "all.bin"


def served(journal: Path, context: ssl.SSLContext, work: Callable[[int], Awaitable[object]], **options: Any) -> None:
    """Run ``work`` with the port of a receiver."""

    async def main() -> None:
        before = asyncio.all_tasks()
        with flatstream.open(journal, "ab", checksum="xxh3_64", durability="none") as writer:
            receiver = tls_journal.Receiver(writer, **options)
            server = await asyncio.start_server(receiver.serve, "localhost", 0, ssl=context)
            async with server:
                await work(server.sockets[0].getsockname()[1])
            if served := asyncio.all_tasks() - before:
                await asyncio.wait(served)

    asyncio.run(asyncio.wait_for(main(), 60))


def kept(journal: Path) -> list[bytes]:
    return list(map(bytes, flatstream.scan(journal, "xxh3_64").checked()))


def test_all_frames_are_in_the_journal_when_the_sender_is_told(source: Path, journal: Path, tls: Contexts) -> None:
    async def send(port: int) -> None:
        assert await tls_journal.send("localhost", port, source, tls.client) == len(PAYLOADS)
        assert kept(journal) == PAYLOADS

    served(journal, tls.server, send)


def test_frames_of_several_senders_do_not_mix(source: Path, journal: Path, tls: Contexts) -> None:
    async def send(port: int) -> None:
        await asyncio.gather(*(tls_journal.send("localhost", port, source, tls.client) for _ in range(5)))

    served(journal, tls.server, send)
    assert sorted(kept(journal)) == sorted(PAYLOADS * 5)


def test_a_certificate_of_somebody_else_is_refused(source: Path, journal: Path, tls: Contexts) -> None:
    async def send(port: int) -> None:
        stranger = ssl.create_default_context()
        trustme.CA().configure_trust(stranger)
        with pytest.raises(ssl.SSLCertVerificationError):
            await tls_journal.send("localhost", port, source, stranger)

    served(journal, tls.server, send)
    assert kept(journal) == []


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"2", "without the first byte of a frame"),
        (b"many", "invalid literal"),
        (None, "without the rest of a frame, of which 1 bytes have arrived"),
    ],
)
def test_who_breaks_off_or_sends_what_is_wrong_gets_no_answer(
    journal: Path, tls: Contexts, sent: bytes | None, *, said: str, framed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async def send(port: int) -> None:
        stream, forth = await asyncio.open_connection("localhost", port, ssl=tls.client)
        forth.write(b"\x05" if sent is None else framed(XXH3_64, sent, b"one"))
        assert await stream.read() == b""  # and then it is closed

    served(journal, tls.server, send, idle=0.1, frame=0.1)
    assert said in capsys.readouterr().err
    assert kept(journal) == ([b"one"] if sent == b"2" else [])


@pytest.mark.parametrize(
    ("cut", "said"), [(0, "left before the last of 2 frames"), (1, "unexpected end of the stream")]
)
def test_of_a_sender_that_leaves_whole_frames_stay(
    journal: Path, tls: Contexts, cut: int, *, said: str, framed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async def send(port: int) -> None:
        stream = framed(XXH3_64, b"2", b"one", b"two")
        _, forth = await asyncio.open_connection("localhost", port, ssl=tls.client)
        forth.write(stream[: -15 + 15 * cut - cut])
        forth.close()
        await forth.wait_closed()

    served(journal, tls.server, send)
    assert said in capsys.readouterr().err
    assert kept(journal) == [b"one"]


def test_slow_senders_hold_up_nobody_for_long(
    source: Path,
    journal: Path,
    tls: Contexts,
    *,
    framed: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tls_journal, "CONNECTIONS", 3)

    async def loris(port: int) -> None:
        stream, forth = await asyncio.open_connection("localhost", port, ssl=tls.client)
        for byte in framed(XXH3_64, b"9", b"x" * 100_000):
            forth.write(bytes([byte]))
            await asyncio.sleep(0.01)
            if stream.at_eof():
                break
        forth.close()

    async def send(port: int) -> None:
        slow = [asyncio.create_task(loris(port)) for _ in range(6)]
        await asyncio.sleep(0.05)
        assert await tls_journal.send("localhost", port, source, tls.client) == len(PAYLOADS)
        await asyncio.gather(*slow, return_exceptions=True)

    served(journal, tls.server, send, frame=0.1)
    assert kept(journal) == PAYLOADS
    assert capsys.readouterr().err.count("without the rest of a frame") == 6


@pytest.mark.parametrize("answer", [None, b"1"])
def test_a_receiver_that_does_not_say_that_it_has_all_is_not_believed(
    source: Path, tls: Contexts, answer: bytes | None
) -> None:
    async def serve(stream: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        reader = AsyncStreamReader(stream, ChecksumDeframer("xxh3_64"))
        for _ in range(1 + len(PAYLOADS)):
            await reader.read_message()
        if answer is not None:
            await AsyncStreamWriter(back, ChecksumFramer("xxh3_64")).write_payload(answer)
        back.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "localhost", 0, ssl=tls.server)
        async with server:
            with pytest.raises(FlatStreamError, match="does not say that it has all 503 frames"):
                await tls_journal.send("localhost", server.sockets[0].getsockname()[1], source, tls.client)

    asyncio.run(asyncio.wait_for(main(), 60))


def test_the_programs_run(tmp_path: Path, source: Path, journal: Path, authority: trustme.CA) -> None:
    certificate, trusted = tmp_path / "server.pem", tmp_path / "ca.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(trusted))
    program = [sys.executable, "-m", "flatstream.examples.tls_journal"]
    receive = [*program, "receive", "localhost", "0", "--certificate", str(certificate), "--journal", str(journal)]
    with subprocess.Popen(receive, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        port = receiver.stdout.readline().split()[-1]
        send = [*program, "send", "localhost", port, "--file", str(source), "--authority"]
        sent = subprocess.run([*send, str(trusted)], capture_output=True, text=True, check=False)
        refused = subprocess.run([*send, str(certificate)], capture_output=True, text=True, check=False)
        if sys.platform == "win32":
            receiver.kill()
        else:
            receiver.send_signal(signal.SIGINT)
            assert receiver.wait(30) == 130
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, "503 frames are in the journal\n", "")
    assert refused.returncode == 1
    assert "certificate verify failed" in refused.stderr
    assert kept(journal) == PAYLOADS


async def received(journal: Path, context: ssl.SSLContext, work: Callable[[int], Awaitable[object]]) -> None:
    """Run the service, do ``work`` with its port, and raise what the service ends with."""
    ports: asyncio.Queue[int] = asyncio.Queue()
    start = asyncio.start_server

    async def started(*arguments: Any, **options: Any) -> asyncio.Server:
        server = await start(*arguments, **options)
        ports.put_nowait(server.sockets[0].getsockname()[1])
        return server

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "start_server", started)
        service = asyncio.create_task(tls_journal._receive("localhost", 0, journal, context))
        port = asyncio.create_task(ports.get())
        await asyncio.wait({service, port}, return_when=asyncio.FIRST_COMPLETED)
        if not service.done():
            await work(port.result())
    await asyncio.wait_for(service, 30)


def test_a_journal_that_fails_ends_the_service_and_is_nobody_else_s_error(
    source: Path, journal: Path, tls: Contexts, *, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def send(port: int) -> None:
        monkeypatch.setattr(Disk, "write", full)
        results = await asyncio.gather(
            *(tls_journal.send("localhost", port, source, tls.client) for _ in range(2)), return_exceptions=True
        )
        assert all(isinstance(result, Exception) for result in results)

    def full(_disk: Disk, _fd: int, _data: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(StreamIOError, match="full"):
        asyncio.run(asyncio.wait_for(received(journal, tls.server, send), 60))
    assert capsys.readouterr().err == ""


def test_the_service_starts_again_after_a_crash_and_what_it_answers_for_is_durable(
    source: Path, journal: Path, tls: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.write_bytes(flatstream.frame_many([b"before"], "xxh3_64") + b"\x05\0\0\0torn")
    folders = []
    sync = Disk.sync

    def noted(disk: Disk, fd: int) -> None:
        folders.append(stat.S_ISDIR(os.fstat(fd).st_mode))
        sync(disk, fd)

    async def send(port: int) -> None:
        assert any(folders) is (os.name != "nt")
        assert await tls_journal.send("localhost", port, source, tls.client) == len(PAYLOADS)
        raise LookupError  # which ends all of it

    monkeypatch.setattr(Disk, "sync", noted)
    with pytest.raises(LookupError):
        asyncio.run(asyncio.wait_for(received(journal, tls.server, send), 60))
    assert kept(journal) == [b"before", *PAYLOADS]


@pytest.mark.parametrize("command", ["send", "receive"])
def test_the_commands_say_what_they_cannot_open(
    tmp_path: Path, command: str, authority: trustme.CA, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = tmp_path / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    options = {
        "send": ["--file", str(tmp_path / "none")],
        "receive": ["--certificate", str(certificate), "--journal", str(tmp_path / "none" / "journal")],
    }
    assert tls_journal.main([command, "localhost", "0", *options[command]]) == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_the_receiver_ends_with_ctrl_c(tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = tmp_path / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))

    class Interrupted(tls_journal.Receiver):
        def __init__(self, journal: flatstream.JournalWriter) -> None:
            super().__init__(journal)
            self.failed.set_exception(KeyboardInterrupt())

    monkeypatch.setattr(tls_journal, "Receiver", Interrupted)
    journal = str(tmp_path / "journal")
    assert (
        tls_journal.main(["receive", "localhost", "0", "--certificate", str(certificate), "--journal", journal]) == 130
    )


def test_a_file_is_sent_by_the_command(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def sent(host: str, port: int, path: Path, context: ssl.SSLContext) -> int:
        assert (host, port, path, context.verify_mode) == ("localhost", 7000, source, ssl.CERT_REQUIRED)
        return 5

    monkeypatch.setattr(tls_journal, "send", sent)
    assert tls_journal.main(["send", "localhost", "7000", "--file", str(source)]) == 0
    assert capsys.readouterr().out == "5 frames are in the journal\n"


def test_it_is_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tls_journal", "nothing"])
    monkeypatch.delitem(sys.modules, "flatstream.examples.tls_journal")
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("flatstream.examples.tls_journal", run_name="__main__")
    assert (caught.value.code, "invalid choice: 'nothing'" in capsys.readouterr().err) == (2, True)
