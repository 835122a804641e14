//! FlatStream over any [`Read`] and [`Write`]. Ids in comments (R3, S4) are rules of the specification.

use std::io::{self, Read, Write};
use std::sync::Arc;

/// The payload bytes that a reader accepts unless told otherwise: those of the largest FlatBuffer (R4).
pub const DEFAULT_MAX_FRAME_LEN: u32 = 1 << 31;
const LENGTH_SIZE: usize = 4;
/// Bytes by which a buffer grows before they arrive; R6 allows 1 MiB.
const STEP: usize = 1 << 19;

/// A checksum: its bytes on the wire, and the function of the payload (W3, W4).
#[derive(Clone, Copy, Debug)]
pub struct Checksum {
    width: usize,
    function: fn(&[u8]) -> u64,
}

impl Checksum {
    /// The algorithms of the format by their names (W3).
    pub const ALL: [(&'static str, Self); 4] = [
        ("none", Self { width: 0, function: |_| 0 }),
        ("crc16", Self { width: 2, function: |payload| XMODEM.checksum(payload).into() }),
        ("crc32", Self { width: 4, function: |payload| crc32fast::hash(payload).into() }),
        ("xxh3_64", Self { width: 8, function: xxhash_rust::xxh3::xxh3_64 }),
    ];

    /// The checksum as it stands on the wire: the low bytes, least significant first (W4).
    pub fn of(self, payload: &[u8]) -> Vec<u8> {
        (self.function)(payload).to_le_bytes()[..self.width].to_vec()
    }
}

static XMODEM: crc::Crc<u16> = crc::Crc::<u16>::new(&crc::CRC_16_XMODEM);

/// What went wrong, with its facts (E1), and the offset of the frame's first length byte (E2).
#[derive(Clone, Debug)]
pub struct Error {
    pub kind: ErrorKind,
    pub offset: u64,
}

#[derive(Clone, Debug)]
pub enum ErrorKind {
    UnexpectedEof,
    InvalidFrame { declared_len: u64, limit: u64 },
    ChecksumMismatch { expected: Vec<u8>, calculated: Vec<u8> },
    Io(Arc<io::Error>),
}

impl From<io::Error> for ErrorKind {
    fn from(cause: io::Error) -> Self {
        Self::Io(Arc::new(cause))
    }
}

/// Reads frame after frame, and takes no byte past the one that it is reading (R9).
pub struct Reader<R> {
    pub source: R,
    checksum: Checksum,
    max_frame_len: u32,
    offset: u64,
    buffer: Vec<u8>,
    failed: Option<ErrorKind>,
}

impl<R: Read> Reader<R> {
    pub fn new(source: R, checksum: Checksum, max_frame_len: u32) -> Self {
        Self { source, checksum, max_frame_len, offset: 0, buffer: Vec::new(), failed: None }
    }

    /// The next payload, or `None` at a clean end; the source may have more bytes at a later call (R1).
    pub fn next_payload(&mut self) -> Result<Option<&[u8]>, Error> {
        let offset = self.offset;
        let found = self.failed.clone().map_or_else(|| self.read_frame(), Err);
        // The frame after a mismatch can be read. After other errors nobody knows where the next one is (R10).
        self.failed = found.as_ref().err().filter(|kind| !matches!(kind, ErrorKind::ChecksumMismatch { .. })).cloned();
        found.map(|found| found.then_some(self.buffer.as_slice())).map_err(|kind| Error { kind, offset })
    }

    /// Reads one frame and leaves its payload in the buffer; false if the source ended before it.
    fn read_frame(&mut self) -> Result<bool, ErrorKind> {
        let length = self.read_field(LENGTH_SIZE)?;
        if length.is_empty() {
            return Ok(false);
        }
        let length = u32::from_le_bytes(length.try_into().map_err(|_| ErrorKind::UnexpectedEof)?);
        // Before the checksum is asked for, and before any memory is taken (R3).
        if length > self.max_frame_len {
            return Err(ErrorKind::InvalidFrame { declared_len: length.into(), limit: self.max_frame_len.into() });
        }
        let (width, length) = (self.checksum.width, length as usize);
        let expected = self.read_field(width)?.to_vec();
        if expected.len() < width || self.read_field(length)?.len() < length {
            return Err(ErrorKind::UnexpectedEof);
        }
        self.offset += (LENGTH_SIZE + width) as u64 + length as u64;
        let calculated = self.checksum.of(&self.buffer);
        if expected != calculated {
            return Err(ErrorKind::ChecksumMismatch { expected, calculated });
        }
        Ok(true)
    }

    /// Reads a field into the buffer, less than its length only if the source ended (R7).
    fn read_field(&mut self, length: usize) -> io::Result<&[u8]> {
        self.buffer.clear();
        while self.buffer.len() < length {
            let step = STEP.min(length - self.buffer.len());
            // In steps, since most of a forged length never arrives (R6).
            self.buffer.reserve_exact(step);
            if self.source.by_ref().take(step as u64).read_to_end(&mut self.buffer)? < step {
                break;
            }
        }
        Ok(&self.buffer)
    }

    /// Reads to the end and reports where the last whole frame ended. Only a frame that is cut short
    /// is a torn tail; other errors are no report at all (C2, C3).
    pub fn recover(mut self) -> Result<Report, Error> {
        let (mut frames, mut empty_tail) = (0, 0);
        let torn = loop {
            match self.next_payload() {
                Ok(Some(payload)) => {
                    frames += 1;
                    empty_tail = if payload.is_empty() { empty_tail + 1 } else { 0 };
                }
                Ok(None) => break false,
                Err(Error { kind: ErrorKind::UnexpectedEof, .. }) => break true,
                Err(error) => return Err(error),
            }
        };
        Ok(Report { frames, last_good_offset: self.offset, empty_tail, torn })
    }
}

/// What recovery found; `empty_tail` counts the empty frames at the end (C6).
#[derive(Debug)]
pub struct Report {
    pub frames: u64,
    pub last_good_offset: u64,
    pub empty_tail: u64,
    pub torn: bool,
}

/// Writes frame after frame. A sink that fails leaves it failed, so that no frame follows a torn one (S4).
pub struct Writer<W> {
    pub sink: W,
    checksum: Checksum,
    max_payload_len: u32,
    offset: u64,
    failed: Option<ErrorKind>,
}

impl<W: Write> Writer<W> {
    pub fn new(sink: W, checksum: Checksum, max_payload_len: u32) -> Self {
        Self { sink, checksum, max_payload_len, offset: 0, failed: None }
    }

    /// Writes one frame. A payload over the bound is refused before its first byte (S2).
    pub fn write(&mut self, payload: &[u8]) -> Result<(), Error> {
        let offset = self.offset;
        self.write_frame(payload).map_err(|kind| Error { kind, offset })
    }

    fn write_frame(&mut self, payload: &[u8]) -> Result<(), ErrorKind> {
        self.failed.clone().map_or(Ok(()), Err)?;
        let (declared_len, limit) = (payload.len() as u64, self.max_payload_len.into());
        if declared_len > limit {
            return Err(ErrorKind::InvalidFrame { declared_len, limit });
        }
        let header = [&declared_len.to_le_bytes()[..LENGTH_SIZE], &self.checksum.of(payload)].concat();
        if let Err(cause) = self.sink.write_all(&header).and_then(|()| self.sink.write_all(payload)) {
            return Err(self.failed.insert(cause.into()).clone());
        }
        self.offset += header.len() as u64 + declared_len;
        Ok(())
    }
}
