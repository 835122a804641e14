"""A service that takes frames over TLS into a journal, and a client that sends it the frames of a file.

    python -m flatstream.examples.tls_journal receive 127.0.0.1 7000 --certificate server.pem --journal all.bin
    python -m flatstream.examples.tls_journal send localhost 7000 --authority ca.pem --file mine.bin

The first frame of a connection says in digits how many follow. When these are in the journal, and that is on the disk,
the receiver answers with the same number; a sender that has not read this must not believe it. The receiver trusts
nobody: the connections that are read at a time, the size of a frame, its time, and the silence between two are bounded.
How many may wait to be read is not: that is for whatever stands in front of it. Of a connection that breaks off, or
sends what is wrong, whole frames stay in the journal, and no answer is given. A journal that fails ends the service;
what a crash left at its end, a frame that no sender was told of, is cut off when the service starts again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import flatstream
from flatstream import ChecksumDeframer, ChecksumFramer, FlatStreamError, JournalWriter, recover_file
from flatstream.aio import AsyncStreamReader, AsyncStreamWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Receiver", "main", "send"]

CHECKSUM = "xxh3_64"
MAX_FRAME_LEN = 2**20
"""Payload bytes of a frame that is accepted."""
CONNECTIONS = 100
"""Connections that are read at a time. The others wait, and with them their bytes, with the senders."""
IDLE, FRAME, ANSWER = 60.0, 10.0, 10.0
"""Seconds without a frame, for a frame, and for the sender to take the answer."""
CLOSING = 5.0
"""Seconds for the last words of TLS."""


class Receiver:
    """Writes the frames of every connection to one journal."""

    def __init__(self, journal: JournalWriter, *, idle: float = IDLE, frame: float = FRAME) -> None:
        self._journal = journal
        self._idle = idle
        self._frame = frame
        self._places = asyncio.Semaphore(CONNECTIONS)
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Waits for the journal to fail, and raises its error. Nothing can be taken after that."""

    async def serve(self, stream: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection: what `asyncio.start_server` calls."""
        try:
            async with self._places:
                deframer = ChecksumDeframer(CHECKSUM, MAX_FRAME_LEN)
                reader = AsyncStreamReader(stream, deframer, idle_timeout=self._idle, frame_timeout=self._frame)
                count = int(await reader.read_message() or b"0")
                for _ in range(count):
                    payload = await reader.read_message()
                    if payload is None:
                        raise FlatStreamError(f"the sender left before the last of {count} frames")
                    with self._failing():
                        self._journal.write_payload(payload)  # a whole frame at a time: connections do not mix
                with self._failing():
                    self._journal.sync()  # holds up the others for that time, too
                await AsyncStreamWriter(back, ChecksumFramer(CHECKSUM), timeout=ANSWER).write_payload(b"%d" % count)
        except (FlatStreamError, ValueError) as error:
            if not self.failed.done():  # else it is not the peer's
                sys.stderr.write(f"{back.get_extra_info('peername')}: {error}\n")
        finally:
            await _closed(back)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except FlatStreamError as error:
            if not self.failed.done():
                self.failed.set_exception(error)
            raise


async def send(host: str, port: int, path: Path, context: ssl.SSLContext) -> int:
    """Send the frames of a file; how many there were, all of them on the receiver's disk.

    Raises what reading the file does, and ``StreamIOError``, ``UnexpectedEof`` or ``FlatStreamError`` if the receiver
    does not answer, or not well.
    """
    deframer = ChecksumDeframer(CHECKSUM, MAX_FRAME_LEN)
    count = recover_file(path, deframer).frames  # and so nothing is sent of a file that is corrupt
    stream, forth = await asyncio.open_connection(host, port, ssl=context)
    try:
        writer = AsyncStreamWriter(forth, ChecksumFramer(CHECKSUM), timeout=IDLE)
        await writer.write_payload(b"%d" % count)
        with flatstream.open(path, deframer=deframer) as reader:
            for _ in range(count):
                await writer.write_payload(next(iter(reader)))
        answer = await AsyncStreamReader(stream, deframer, idle_timeout=IDLE, frame_timeout=FRAME).read_message()
        if answer != b"%d" % count:
            raise FlatStreamError(f"the receiver does not say that it has all {count} frames")
        return count
    finally:
        await _closed(forth)


async def _closed(stream: asyncio.StreamWriter) -> None:
    stream.close()
    with contextlib.suppress(OSError, TimeoutError):  # what the peer makes of it no longer matters
        await asyncio.wait_for(stream.wait_closed(), CLOSING)


async def _receive(host: str, port: int, journal: Path, context: ssl.SSLContext) -> None:
    opened = flatstream.open(journal, "ab", checksum=CHECKSUM, durability="none", truncate_torn_tail=True)
    with opened as writer:
        receiver = Receiver(writer)
        server = await asyncio.start_server(receiver.serve, host, port, ssl=context)
        try:
            sys.stdout.write(f"listening on {server.sockets[0].getsockname()[1]}\n")
            sys.stdout.flush()
            await receiver.failed
        finally:
            server.close()  # and wait for no connection: none of them will be answered


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; its exit status."""
    parser = argparse.ArgumentParser(prog="tls_journal", description="Frames over TLS, into a journal.")
    commands = parser.add_subparsers(dest="command", required=True)
    receiving = commands.add_parser("receive", help="take frames from whoever connects")
    receiving.add_argument("--certificate", type=Path, required=True, help="the server's chain and key, PEM")
    receiving.add_argument("--journal", type=Path, required=True, help="where the frames go; it is appended to")
    sending = commands.add_parser("send", help="send the frames of a file")
    sending.add_argument("--authority", type=Path, help="who signed the server's certificate, PEM [the system's]")
    sending.add_argument("--file", type=Path, required=True, help=f"a stream with {CHECKSUM}")
    for each in (receiving, sending):
        each.add_argument("host")
        each.add_argument("port", type=int)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "send":
            context = ssl.create_default_context(cafile=chosen.authority)
            sent = asyncio.run(send(chosen.host, chosen.port, chosen.file, context))
            sys.stdout.write(f"{sent} frames are in the journal\n")
        else:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(chosen.certificate)
            asyncio.run(_receive(chosen.host, chosen.port, chosen.journal, context))
    except KeyboardInterrupt:
        return 130
    except (OSError, FlatStreamError) as error:
        sys.stderr.write(f"tls_journal: error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
