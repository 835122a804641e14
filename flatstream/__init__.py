"""FlatStream: a small binary format that frames FlatBuffers messages, in Python.

>>> import io
>>> sink = io.BytesIO()
>>> StreamWriter(sink, ChecksumFramer("crc32")).write_payload(b"abc")
>>> sink.getvalue().hex()
'03000000c2412435616263'
>>> [bytes(payload) for payload in StreamReader(sink.getvalue(), ChecksumDeframer("crc32"))]
[b'abc']
"""

from flatstream import checksum, engine
from flatstream.adapters import (
    BoundedDeframer,
    BoundedFramer,
    ObserverDeframer,
    ObserverFramer,
    ValidatingDeframer,
    ValidatingFramer,
)
from flatstream.batch import Frames, ScanEnd, frame_array, frame_many, scan
from flatstream.checksum import Checksum
from flatstream.commit import Background, GroupCommit
from flatstream.deframer import ChecksumDeframer, DefaultDeframer, Deframer, Parser
from flatstream.errors import (
    AppendRefused,
    ChecksumMismatch,
    EngineUnavailable,
    FlatBuffersError,
    FlatStreamError,
    InvalidFrame,
    JournalLocked,
    MissingExtra,
    SchemaError,
    StreamIOError,
    SyncFailed,
    TruncationRefused,
    UnexpectedEof,
    ValidationFailed,
    VerificationFailed,
)
from flatstream.framer import ChecksumFramer, DefaultFramer, Framer
from flatstream.journal import JournalWriter
from flatstream.opening import FileReader, FileWriter
from flatstream.opening import open_stream as open  # noqa: A004  (flatstream.open, as gzip.open and others do)
from flatstream.policy import (
    AdaptiveWatermarkPolicy,
    MemoryPolicy,
    NoOpPolicy,
    ReclamationInfo,
    ReclamationReason,
    SizeThresholdPolicy,
)
from flatstream.reader import StreamReader
from flatstream.records import Record, Schema
from flatstream.recovery import RecoveryEnd, RecoveryReport, recover, recover_file, truncate
from flatstream.typed import StreamDeserialize, StreamSerialize
from flatstream.validation import (
    CompositeValidator,
    NoValidator,
    SizeValidator,
    TableRootValidator,
    TypedValidator,
    Validator,
)
from flatstream.wire import DEFAULT_MAX_FRAME_LEN, MAX_PAYLOAD_LEN
from flatstream.writer import StreamWriter

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_MAX_FRAME_LEN",
    "MAX_PAYLOAD_LEN",
    "AdaptiveWatermarkPolicy",
    "AppendRefused",
    "Background",
    "BoundedDeframer",
    "BoundedFramer",
    "Checksum",
    "ChecksumDeframer",
    "ChecksumFramer",
    "ChecksumMismatch",
    "CompositeValidator",
    "DefaultDeframer",
    "DefaultFramer",
    "Deframer",
    "EngineUnavailable",
    "FileReader",
    "FileWriter",
    "FlatBuffersError",
    "FlatStreamError",
    "Framer",
    "Frames",
    "GroupCommit",
    "InvalidFrame",
    "JournalLocked",
    "JournalWriter",
    "MemoryPolicy",
    "MissingExtra",
    "NoOpPolicy",
    "NoValidator",
    "ObserverDeframer",
    "ObserverFramer",
    "Parser",
    "ReclamationInfo",
    "ReclamationReason",
    "Record",
    "RecoveryEnd",
    "RecoveryReport",
    "ScanEnd",
    "Schema",
    "SchemaError",
    "SizeThresholdPolicy",
    "SizeValidator",
    "StreamDeserialize",
    "StreamIOError",
    "StreamReader",
    "StreamSerialize",
    "StreamWriter",
    "SyncFailed",
    "TableRootValidator",
    "TruncationRefused",
    "TypedValidator",
    "UnexpectedEof",
    "ValidatingDeframer",
    "ValidatingFramer",
    "ValidationFailed",
    "Validator",
    "VerificationFailed",
    "checksum",
    "engine",
    "frame_array",
    "frame_many",
    "open",
    "recover",
    "recover_file",
    "scan",
    "truncate",
]
