//! The layout of a frame (W1, W2): `length` (4 bytes, little-endian), `checksum` (N bytes), `payload` (L bytes).

/// Bytes of the length field.
pub const LENGTH_SIZE: usize = 4;

/// The length field at `pos`, if its four bytes are there.
#[inline(always)]
pub fn length_at(bytes: &[u8], pos: usize) -> Option<u32> {
    let field = bytes.get(pos..)?.first_chunk::<LENGTH_SIZE>()?;
    Some(u32::from_le_bytes(*field))
}

/// Start and length of the payload of the frame at `pos`, if the frame is whole and within the limit (R3).
#[inline(always)]
pub fn whole_frame(bytes: &[u8], pos: usize, header: usize, limit: u32) -> Option<(usize, u32)> {
    let length = length_at(bytes, pos)?;
    // Compared with what is left, and never added first: no length can overflow an offset.
    let left = (bytes.len() - pos).checked_sub(header)?;
    if length > limit || length as usize > left {
        return None;
    }
    Some((pos + header, length))
}

/// Why no further frame stands at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// R1: there is not one byte more.
    Clean,
    /// R2: the bytes end inside this field.
    Cut { field: &'static str, needed: usize, available: usize },
    /// R3: the length is over the limit.
    Over { declared: u32 },
    /// R13: the checksum on the wire is not that of the payload.
    Mismatch { expected: u64, calculated: u64 },
}

/// Why no whole frame within the limit stands at `pos`, in the order of R3: the bound before the checksum field.
pub fn end_at(bytes: &[u8], pos: usize, width: usize, limit: u32) -> End {
    let left = bytes.len() - pos;
    let Some(length) = length_at(bytes, pos) else {
        return match left {
            0 => End::Clean,
            _ => End::Cut { field: "length", needed: LENGTH_SIZE, available: left },
        };
    };
    if length > limit {
        return End::Over { declared: length };
    }
    match (left - LENGTH_SIZE).checked_sub(width) {
        None => End::Cut { field: "checksum", needed: width, available: left - LENGTH_SIZE },
        Some(available) => End::Cut { field: "payload", needed: length as usize, available },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_LIMIT: u32 = u32::MAX;

    #[test]
    fn a_frame_is_whole_with_its_last_byte_and_not_before() {
        let stream = [3, 0, 0, 0, b'a', b'b', b'c'];
        assert_eq!(whole_frame(&stream, 0, 4, NO_LIMIT), Some((4, 3)));
        for cut in 0..stream.len() {
            assert_eq!(whole_frame(&stream[..cut], 0, 4, NO_LIMIT), None);
        }
    }

    #[test]
    fn a_length_equal_to_the_limit_passes() {
        let stream = [3, 0, 0, 0, b'a', b'b', b'c'];
        assert_eq!(whole_frame(&stream, 0, 4, 3), Some((4, 3)));
        assert_eq!(whole_frame(&stream, 0, 4, 2), None);
        assert_eq!(end_at(&stream, 0, 0, 2), End::Over { declared: 3 });
    }

    #[test]
    fn a_length_over_the_limit_is_seen_before_a_torn_checksum_field() {
        assert_eq!(end_at(&[0xff, 0xff, 0xff, 0xff, 0], 0, 4, 16), End::Over { declared: u32::MAX });
    }

    #[test]
    fn a_cut_names_the_field_in_which_it_lies() {
        let stream = [2, 0, 0, 0, 9, 9, b'a'];
        let cut = |end: usize| end_at(&stream[..end], 0, 2, NO_LIMIT);
        assert_eq!(cut(0), End::Clean);
        assert_eq!(cut(1), End::Cut { field: "length", needed: 4, available: 1 });
        assert_eq!(cut(4), End::Cut { field: "checksum", needed: 2, available: 0 });
        assert_eq!(cut(5), End::Cut { field: "checksum", needed: 2, available: 1 });
        assert_eq!(cut(6), End::Cut { field: "payload", needed: 2, available: 0 });
        assert_eq!(cut(7), End::Cut { field: "payload", needed: 2, available: 1 });
    }

    #[test]
    fn the_largest_length_overflows_nothing() {
        let stream = [0xff; 12];
        assert_eq!(whole_frame(&stream, 0, 12, NO_LIMIT), None);
        assert_eq!(whole_frame(&stream, 12, 12, NO_LIMIT), None);
    }
}
