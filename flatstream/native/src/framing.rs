//! Framing: header and payload, one behind the other, into bytes that are there already.

use crate::checksum::Checksum;
use crate::wire::LENGTH_SIZE;

/// Bytes of the frame of a payload of that many bytes.
#[inline(always)]
pub fn framed_len<C: Checksum>(payload_len: usize) -> usize {
    LENGTH_SIZE + C::WIDTH + payload_len
}

/// Write the frame of `payload` at the start of `out`; the number of bytes that it took. The length is the caller's to
/// check: it must fit the field (W8).
#[inline(always)]
pub fn frame<C: Checksum>(checksum: &C, payload: &[u8], out: &mut [u8]) -> usize {
    let (header, rest) = out.split_at_mut(LENGTH_SIZE + C::WIDTH);
    head(checksum, payload, header);
    rest[..payload.len()].copy_from_slice(payload);
    framed_len::<C>(payload.len())
}

/// Write length and checksum of `payload` to its `header`, which holds exactly these.
#[inline(always)]
pub fn head<C: Checksum>(checksum: &C, payload: &[u8], header: &mut [u8]) {
    header[..LENGTH_SIZE].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[LENGTH_SIZE..].copy_from_slice(&checksum.value(payload).to_le_bytes()[..C::WIDTH]);
}

/// Write the frames of rows of one length, which lie one behind the other, to `out`, which holds exactly these.
pub fn frame_rows<C: Checksum>(checksum: &C, rows: &[u8], row_len: usize, out: &mut [u8]) {
    for (index, place) in out.chunks_exact_mut(framed_len::<C>(row_len)).enumerate() {
        frame(checksum, &rows[index * row_len..][..row_len], place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{Crc16, Crc32, NoChecksum, Xxh3};

    fn framed<C: Checksum>(checksum: C, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![0xAA; framed_len::<C>(payload.len())];
        assert_eq!(frame(&checksum, payload, &mut out), out.len());
        out
    }

    #[test]
    fn the_frames_of_the_specification() {
        assert_eq!(framed(NoChecksum, b"abc"), b"\x03\0\0\0abc");
        assert_eq!(framed(Crc16, b"abc"), b"\x03\0\0\0\xd6\x9dabc");
        assert_eq!(framed(Crc32::new(), b"abc"), b"\x03\0\0\0\xc2\x41\x24\x35abc");
        assert_eq!(framed(Xxh3, b"abc"), b"\x03\0\0\0\x50\x39\x2f\x89\x94\x5f\xaf\x78abc");
        assert_eq!(framed(Xxh3, b""), b"\0\0\0\0\xc2\x94\xd3\x38\x05\x80\x06\x2d");
    }

    #[test]
    fn rows_become_frames_in_order() {
        let mut out = vec![0; 12];
        frame_rows(&NoChecksum, b"abcd", 2, &mut out);
        assert_eq!(out, b"\x02\0\0\0ab\x02\0\0\0cd");
        let mut out = vec![9; 8];
        frame_rows(&NoChecksum, b"", 0, &mut out);
        assert_eq!(out, [0; 8]);
    }
}
