//! Reading ahead of a checksum: the processor's own prefetchers stop at each page of 4 KiB, and a checksum that runs at
//! the speed of the cache then waits for the memory.

/// Payloads from this size on are taken in blocks, each with the next one under way. A smaller one may well be in the
/// cache already, and the blocks would then cost a fifth.
pub const LARGE: usize = 8 << 20;

/// Bytes of a block, and how far ahead of its start its fetching begins: of 1 to 64 KiB these were the fastest, over
/// 64 MiB by a tenth where the memory was idle, and by a third where others used it, too.
const BLOCK: usize = 2 << 10;
const AHEAD: usize = 1 << 10;

/// Bytes of the next payload that are asked for.
const NEXT: usize = 4 << 10;

/// How far ahead of small payloads, which are taken in a row, the fetching is: of 1 to 4 KiB the fastest where the caches
/// were cold, by a sixth; where they are warm it costs nothing.
const FURTHER: usize = 2 << 10;

/// Payloads under this size are no reason to ask for anything.
const SMALL: usize = 1 << 10;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Call `take` with each block in turn.
pub fn in_blocks(payload: &[u8], mut take: impl FnMut(&[u8])) {
    for (index, block) in payload.chunks(BLOCK).enumerate() {
        if let Some(next) = payload.get(index * BLOCK + AHEAD..) {
            next[..next.len().min(BLOCK)].iter().step_by(LINE).for_each(|byte| fetch(byte));
        }
        take(block);
    }
}

/// Ask for the first bytes of a payload that comes next. A small one is under way already, with the one before it.
#[inline(always)]
pub fn soon(payload: &[u8]) {
    if payload.len() >= SMALL {
        payload[..payload.len().min(NEXT)].iter().step_by(LINE).for_each(|byte| fetch(byte));
    }
}

/// Ask for what lies some bytes behind the start of a payload: one of many small ones, which are taken one after the other.
#[inline(always)]
pub fn ahead(payload: &[u8]) {
    fetch(payload.as_ptr().wrapping_add(FURTHER));
}

/// Ask for the cache line of a byte.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn fetch(byte: *const u8) {
    use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
    // SAFETY: a hint, which reads nothing that a program could see, wherever it points to; SSE is part of x86-64.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(byte.cast()) }
}

/// Other processors are left to their own prefetchers.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn fetch(_byte: *const u8) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_all_of_the_payload_in_order() {
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + AHEAD, 3 * BLOCK + 5] {
            let payload: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let mut taken = Vec::new();
            in_blocks(&payload, |block| taken.extend_from_slice(block));
            assert_eq!(taken, payload);
        }
    }
}
