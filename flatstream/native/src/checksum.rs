//! The four algorithms of the format (W3), from crates that choose their SIMD at run time.

use std::hash::Hasher;

use crc::{Crc, Table, CRC_16_XMODEM};
use crc_fast::CrcAlgorithm;
use twox_hash::XxHash3_64;

use crate::prefetch::{in_blocks, LARGE};

/// The fastest tables of `crc`: 16 bytes a step.
static CRC16_TABLES: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_XMODEM);

/// From this many bytes on `crc-fast` folds faster than tables look up: measured 20 against 24 ns at 128 bytes, and 19
/// against 6 ns at 32.
const CRC16_FOLDS_FROM: usize = 128;

/// An algorithm, known at compile time, so that a loop over frames has no branch for it.
pub trait Checksum: Clone + Send + Sync {
    /// Bytes of the checksum field.
    const WIDTH: usize;
    /// The checksum of a payload under `LARGE` bytes, for loops that see no other; right for any.
    fn value_of_small(&self, payload: &[u8]) -> u64;

    /// The checksum of a payload of `LARGE` bytes or more; right for any.
    fn value_of_large(&self, payload: &[u8]) -> u64 {
        self.value_of_small(payload)
    }

    /// The checksum of a payload.
    #[inline(always)]
    fn value(&self, payload: &[u8]) -> u64 {
        if payload.len() < LARGE {
            self.value_of_small(payload)
        } else {
            self.value_of_large(payload)
        }
    }
}

#[derive(Clone)]
pub struct NoChecksum;

#[derive(Clone)]
pub struct Crc16;

/// Holds what `crc32fast` found out about the processor, which would else be asked for each payload.
#[derive(Clone)]
pub struct Crc32(crc32fast::Hasher);

#[derive(Clone)]
pub struct Xxh3;

impl Checksum for NoChecksum {
    const WIDTH: usize = 0;
    #[inline(always)]
    fn value_of_small(&self, _payload: &[u8]) -> u64 {
        0
    }
}

impl Checksum for Crc16 {
    const WIDTH: usize = 2;
    #[inline(always)]
    fn value_of_small(&self, payload: &[u8]) -> u64 {
        if payload.len() < CRC16_FOLDS_FROM {
            u64::from(CRC16_TABLES.checksum(payload))
        } else {
            crc_fast::checksum(CrcAlgorithm::Crc16Xmodem, payload)
        }
    }
}

impl Checksum for Crc32 {
    const WIDTH: usize = 4;
    #[inline(always)]
    fn value_of_small(&self, payload: &[u8]) -> u64 {
        let mut hasher = self.0.clone();
        hasher.update(payload);
        u64::from(hasher.finalize())
    }

    #[cold]
    #[inline(never)]
    fn value_of_large(&self, payload: &[u8]) -> u64 {
        let mut hasher = self.0.clone();
        in_blocks(payload, |block| hasher.update(block));
        u64::from(hasher.finalize())
    }
}

impl Checksum for Xxh3 {
    const WIDTH: usize = 8;
    #[inline(always)]
    fn value_of_small(&self, payload: &[u8]) -> u64 {
        XxHash3_64::oneshot(payload)
    }

    #[cold]
    #[inline(never)]
    fn value_of_large(&self, payload: &[u8]) -> u64 {
        let mut hasher = XxHash3_64::new();
        in_blocks(payload, |block| hasher.write(block));
        hasher.finish()
    }
}

/// An algorithm by its name in the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    None,
    Crc16,
    Crc32,
    Xxh3,
}

impl Algorithm {
    /// The algorithm of that name, if it is one of the format's.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "crc16" => Some(Self::Crc16),
            "crc32" => Some(Self::Crc32),
            "xxh3_64" => Some(Self::Xxh3),
            _ => None,
        }
    }

    /// Bytes of the checksum field.
    pub fn width(self) -> usize {
        match self {
            Self::None => NoChecksum::WIDTH,
            Self::Crc16 => Crc16::WIDTH,
            Self::Crc32 => Crc32::WIDTH,
            Self::Xxh3 => Xxh3::WIDTH,
        }
    }
}

impl Crc32 {
    pub fn new() -> Self {
        Self(crc32fast::Hasher::new())
    }
}

impl Default for Crc32 {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs a generic call for an algorithm that is only known at run time.
#[cfg(any(test, feature = "python"))]
macro_rules! for_algorithm {
    ($algorithm:expr, $checksum:ident => $call:expr) => {
        match $algorithm {
            $crate::checksum::Algorithm::None => {
                let $checksum = $crate::checksum::NoChecksum;
                $call
            }
            $crate::checksum::Algorithm::Crc16 => {
                let $checksum = $crate::checksum::Crc16;
                $call
            }
            $crate::checksum::Algorithm::Crc32 => {
                let $checksum = $crate::checksum::Crc32::new();
                $call
            }
            $crate::checksum::Algorithm::Xxh3 => {
                let $checksum = $crate::checksum::Xxh3;
                $call
            }
        }
    };
}
#[cfg(feature = "python")]
pub(crate) use for_algorithm;

/// The value of a checksum field that starts `field`: its `WIDTH` low bytes, little-endian (W4).
#[inline(always)]
pub fn read_field<C: Checksum>(field: &[u8]) -> u64 {
    let mut value = [0; 8];
    value[..C::WIDTH].copy_from_slice(&field[..C::WIDTH]);
    u64::from_le_bytes(value)
}

/// Whether a checksum field is that of a payload; without a checksum it is.
#[inline(always)]
pub fn is_right<C: Checksum>(checksum: &C, field: &[u8], payload: &[u8]) -> bool {
    C::WIDTH == 0 || checksum.value(payload) == read_field::<C>(field)
}

/// `is_right` for a payload under `LARGE` bytes.
#[inline(always)]
pub fn is_right_of_small<C: Checksum>(checksum: &C, field: &[u8], payload: &[u8]) -> bool {
    C::WIDTH == 0 || checksum.value_of_small(payload) == read_field::<C>(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(algorithm: Algorithm, payload: &[u8]) -> u64 {
        for_algorithm!(algorithm, checksum => checksum.value(payload))
    }

    #[test]
    fn the_known_answers_of_the_format() {
        let text = b"123456789";
        for (name, width, known) in
            [("none", 0, 0), ("crc16", 2, 0x31C3), ("crc32", 4, 0xCBF4_3926), ("xxh3_64", 8, 0x72DC_B18B_67A1_7DFF)]
        {
            let algorithm = Algorithm::by_name(name).unwrap();
            assert_eq!((algorithm.width(), value(algorithm, text)), (width, known), "{name}");
        }
        assert_eq!(Algorithm::by_name("crc64"), None);
    }

    #[test]
    fn tables_and_folding_of_crc16_agree_around_the_length_where_one_takes_over() {
        let data: Vec<u8> = (0..1000u32).map(|i| (i * 31 % 251) as u8).collect();
        for length in 0..data.len() {
            let bitwise = data[..length].iter().fold(0u16, |crc, byte| {
                (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
                    (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 }
                })
            });
            assert_eq!(value(Algorithm::Crc16, &data[..length]), u64::from(bitwise), "{length} bytes");
        }
    }

    #[test]
    fn large_payloads_have_the_checksum_of_all_their_bytes() {
        for len in [LARGE - 1, LARGE, LARGE + 4097] {
            let data: Vec<u8> = (0..len).map(|i| (i * 31 % 251) as u8).collect();
            assert_eq!(value(Algorithm::Crc32, &data), u64::from(crc32fast::hash(&data)));
            assert_eq!(value(Algorithm::Xxh3, &data), XxHash3_64::oneshot(&data));
        }
    }

    #[test]
    fn a_field_is_little_endian() {
        assert_eq!(read_field::<Crc16>(&[0xd6, 0x9d, 0xff]), 0x9dd6);
        assert_eq!(read_field::<NoChecksum>(&[]), 0);
    }
}
