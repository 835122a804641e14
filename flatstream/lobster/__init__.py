"""LOBSTER: limit order book data, from its ZIPs to FlatStream files, and samples of the same form.

A ZIP in, its messages out:

    made = ingest(Path("AAPL_2012-06-21_10.zip"), Path("streams"), checksum="xxh3_64")
    with flatstream.open(made.message.path, "rb", checksum="xxh3_64") as reader:
        for message in reader.typed_messages(LobsterMessage):
            print(message.Time(), message.Price())
"""

from __future__ import annotations

from flatstream.lobster.errors import LobsterError
from flatstream.lobster.generated.Level import Level
from flatstream.lobster.generated.LobsterMessage import LobsterMessage
from flatstream.lobster.generated.LobsterOrderbook import LobsterOrderbook
from flatstream.lobster.ingest import Ingested, Written, ingest
from flatstream.lobster.messages import MESSAGE, ORDERBOOK
from flatstream.lobster.sample import Sample, write_sample
from flatstream.lobster.shasums import SHASUMS, read_shasums, verify

__all__ = [
    "MESSAGE",
    "ORDERBOOK",
    "SHASUMS",
    "Ingested",
    "Level",
    "LobsterError",
    "LobsterMessage",
    "LobsterOrderbook",
    "Sample",
    "Written",
    "ingest",
    "read_shasums",
    "verify",
    "write_sample",
]
