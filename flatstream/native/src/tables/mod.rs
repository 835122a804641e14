//! Tables of `FlatBuffers`: their layout, written, read as columns, verified. The rules stand in `flatstream/records/` in
//! Python; what does not pass here is looked at again there, where the words for it are.

pub mod encode;
pub mod gather;
pub mod layout;
pub mod verify;

/// An i64 in the machine's byte order, as columns of Python have them.
pub type Int = [u8; 8];

/// Bytes of an offset to a string, vector or table, and of their counts.
const OFFSET_SIZE: usize = 4;

/// Bytes of the smallest payload: the root offset, that of a vtable, and the two sizes in the vtable.
const MIN_SIZE: usize = 12;

/// An offset forward, in bytes; the largest `FlatBuffer` has one more.
const MAX_OFFSET: u64 = (1 << 31) - 1;

/// The bytes at a place of a payload, if they lie in it. Places are `u64`, so that no sum of them overflows anywhere.
#[inline(always)]
pub(crate) fn at<const N: usize>(payload: &[u8], place: u64) -> Option<[u8; N]> {
    payload.get(usize::try_from(place).ok()?..)?.first_chunk().copied()
}

#[inline(always)]
fn u16_at(payload: &[u8], place: u64) -> Option<u64> {
    at(payload, place).map(|bytes| u64::from(u16::from_le_bytes(bytes)))
}

#[inline(always)]
fn u32_at(payload: &[u8], place: u64) -> Option<u64> {
    at(payload, place).map(|bytes| u64::from(u32::from_le_bytes(bytes)))
}

/// Whether `width` bytes at a place are aligned (to a power of two), and in a payload of `size` bytes.
#[inline(always)]
fn is_inside(place: u64, width: u64, align: u64, size: u64) -> bool {
    place & (align - 1) == 0 && place <= size && width <= size - place
}

/// A table whose own bytes and vtable lie in the payload.
#[derive(Clone, Copy)]
pub(crate) struct Table {
    start: u64,
    vtable: u64,
    vtable_len: u64,
}

impl Table {
    /// The table to which the root offset leads, behind the file identifier if there must be one.
    #[inline(always)]
    pub(crate) fn root(payload: &[u8], identifier: Option<[u8; 4]>) -> Option<Self> {
        if payload.len() < MIN_SIZE || identifier.is_some_and(|wanted| at(payload, 4) != Some(wanted)) {
            return None;
        }
        let root = u32_at(payload, 0)?;
        (root > 0 && root <= MAX_OFFSET).then_some(())?;
        Self::new(payload, root)
    }

    #[inline(always)]
    fn new(payload: &[u8], start: u64) -> Option<Self> {
        let size = payload.len() as u64;
        if !is_inside(start, 4, 4, size) {
            return None;
        }
        let back = i32::from_le_bytes(at(payload, start)?);
        let vtable = start.checked_add_signed(-i64::from(back))?;
        if !is_inside(vtable, 2, 2, size) {
            return None;
        }
        let vtable_len = u16_at(payload, vtable)?;
        (vtable_len & 1 == 0 && is_inside(vtable, vtable_len, 2, size)).then_some(())?;
        Some(Self { start, vtable, vtable_len })
    }

    /// Where a field lies, by the place of its entry in the vtable; `None` if it is absent.
    #[inline(always)]
    pub(crate) fn field(&self, payload: &[u8], entry: u64) -> Option<u64> {
        if entry >= self.vtable_len {
            return None;
        }
        match u16_at(payload, self.vtable + entry)? {
            0 => None,
            offset => Some(self.start + offset),
        }
    }
}

/// Where the offset at a place leads, if both lie in the payload.
#[inline(always)]
pub(crate) fn target(payload: &[u8], place: u64) -> Option<u64> {
    let size = payload.len() as u64;
    if !is_inside(place, 4, 4, size) {
        return None;
    }
    let forward = u32_at(payload, place)?;
    let target = place + forward;
    (forward > 0 && forward <= MAX_OFFSET && target < size).then_some(target)
}

/// The bytes of a string, which lies in the payload, ends in a NUL and is UTF-8.
#[inline(always)]
pub(crate) fn text(payload: &[u8], place: u64) -> Option<&[u8]> {
    let size = payload.len() as u64;
    if !is_inside(place, 4, 4, size) {
        return None;
    }
    let start = place + 4;
    let end = start + u32_at(payload, place)?;
    if end >= size || payload[end as usize] != 0 {
        return None;
    }
    let text = &payload[start as usize..end as usize];
    std::str::from_utf8(text).is_ok().then_some(text)
}

/// The number of elements of a vector, which lies in the payload; what its elements refer to is another matter.
#[inline(always)]
pub(crate) fn vector(payload: &[u8], place: u64, width: u64, align: u64) -> Option<u64> {
    let size = payload.len() as u64;
    if !is_inside(place, 4, 4, size) {
        return None;
    }
    let count = u32_at(payload, place)?;
    // Elements of up to 2^16 bytes, of which there are less than 2^32: no overflow.
    is_inside(place + 4, count * width, align, size).then_some(count)
}
