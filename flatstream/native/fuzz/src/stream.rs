//! The model of streams, from the rules of the specification (W1 to W5, R1 to R3, R13), one frame at a time.

use xxhash_rust::xxh3::xxh3_64;

/// By the numbers that the targets in Python have, too.
pub const ALGORITHMS: [&str; 4] = ["none", "crc16", "crc32", "xxh3_64"];

/// Bytes of the checksum field (W3).
pub fn width(algorithm: &str) -> usize {
    match algorithm {
        "none" => 0,
        "crc16" => 2,
        "crc32" => 4,
        _ => 8,
    }
}

/// What a byte makes of a CRC, by one bit after the other: CRC-16/XMODEM from the highest on, CRC-32 from the lowest.
const CRC16: [u16; 256] = {
    let mut table = [0; 256];
    let mut bits = 0;
    while bits < 256 * 8 {
        let crc = if bits % 8 == 0 { (bits as u16 / 8) << 8 } else { table[bits / 8] };
        table[bits / 8] = crc << 1 ^ if crc >> 15 == 1 { 0x1021 } else { 0 };
        bits += 1;
    }
    table
};
const CRC32: [u32; 256] = {
    let mut table = [0; 256];
    let mut bits = 0;
    while bits < 256 * 8 {
        let crc = if bits % 8 == 0 { bits as u32 / 8 } else { table[bits / 8] };
        table[bits / 8] = crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
        bits += 1;
    }
    table
};

/// The checksum of a payload (W3).
pub fn checksum(algorithm: &str, payload: &[u8]) -> u64 {
    match algorithm {
        "none" => 0,
        "crc16" => u64::from(
            payload.iter().fold(0, |crc: u16, byte| crc << 8 ^ CRC16[usize::from(crc >> 8 ^ u16::from(*byte))]),
        ),
        "crc32" => {
            u64::from(!payload.iter().fold(!0, |crc: u32, byte| crc >> 8 ^ CRC32[usize::from(crc as u8 ^ *byte)]))
        }
        _ => xxh3_64(payload),
    }
}

/// A number of up to eight bytes, little-endian.
pub fn number(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// Why there is no further frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    Clean,
    /// The field in which the stream ends, how many bytes that has, and how many of them are there.
    Torn(&'static str, usize, usize),
    /// The length, which is over the limit.
    Over(u64),
    /// The checksum on the wire, and that of the payload.
    Wrong(u64, u64),
}

/// Start and length of the payload of each good frame, one past the last of them, and what comes then.
pub type Found = (Vec<(usize, usize)>, usize, Ending);

/// All good frames up to the first that is not.
pub fn frames(stream: &[u8], algorithm: &str, limit: u64) -> Found {
    let mut found = Vec::new();
    let mut pos = 0;
    let ending = loop {
        let rest = &stream[pos..];
        if rest.is_empty() {
            break Ending::Clean;
        }
        if rest.len() < 4 {
            break Ending::Torn("length", 4, rest.len());
        }
        let (length, rest) = rest.split_at(4);
        let length = number(length);
        if length > limit {
            break Ending::Over(length);
        }
        if rest.len() < width(algorithm) {
            break Ending::Torn("checksum", width(algorithm), rest.len());
        }
        let (field, rest) = rest.split_at(width(algorithm));
        let length = length as usize;
        if rest.len() < length {
            break Ending::Torn("payload", length, rest.len());
        }
        let (expected, calculated) = (number(field), checksum(algorithm, &rest[..length]));
        if expected != calculated {
            break Ending::Wrong(expected, calculated);
        }
        found.push((pos + 4 + field.len(), length));
        pos += 4 + field.len() + length;
    };
    (found, pos, ending)
}

/// Make the checksum of each whole frame that of its payload.
pub fn put_right(stream: &mut [u8], algorithm: &str) {
    let mut rest = stream;
    while rest.len() >= 4 + width(algorithm) {
        let (header, behind) = rest.split_at_mut(4 + width(algorithm));
        let Some((payload, behind)) = behind.split_at_mut_checked(number(&header[..4]) as usize) else { return };
        header[4..].copy_from_slice(&checksum(algorithm, payload).to_le_bytes()[..width(algorithm)]);
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answers_of_the_format() {
        let known = [0, 0x31C3, 0xCBF4_3926, 0x72DC_B18B_67A1_7DFF];
        assert_eq!(ALGORITHMS.map(|algorithm| checksum(algorithm, b"123456789")), known);
    }

    #[test]
    fn a_length_over_the_limit_comes_before_a_torn_checksum() {
        assert_eq!(frames(b"\xff\xff\xff\xff\0", "crc32", 16), (vec![], 0, Ending::Over(0xffff_ffff)));
        assert_eq!(frames(b"\x03\0\0\0\xd6\x9dabc", "crc16", 3), (vec![(6, 3)], 9, Ending::Clean));
    }

    #[test]
    fn what_is_put_right_is_good() {
        let mut stream = *b"\x03\0\0\0\xff\xffabc\0\0\0\0\xff\xff\x09";
        put_right(&mut stream, "crc16");
        assert_eq!(frames(&stream, "crc16", 9), (vec![(6, 3), (15, 0)], 15, Ending::Torn("length", 4, 1)));
    }
}
