//! Scanning: from a run of bytes to the places of the payloads in it.

use std::collections::TryReserveError;
use std::thread;

use crate::checksum::{is_right, is_right_of_small, read_field, Checksum};
use crate::prefetch::{soon, LARGE};
use crate::wire::{end_at, length_at, whole_frame, End, LENGTH_SIZE};

/// Frames that are walked before their checksums are verified, while their payloads may still be in the cache.
const BLOCK: usize = 512;

/// Payload bytes for a thread: less is not worth the 20 microseconds that starting one takes.
const THREAD_BYTES: usize = 1 << 20;

/// Where the payloads are, as two columns: 12 bytes a frame.
#[derive(Debug, Default)]
pub struct Places {
    /// From the first byte of what was scanned.
    pub offsets: Vec<i64>,
    pub lengths: Vec<u32>,
}

/// A scan that can stop in between and go on.
pub struct Scan<'a, C> {
    bytes: &'a [u8],
    checksum: C,
    limit: u32,
    threads: usize,
    pos: usize,
    pub places: Places,
}

impl<'a, C: Checksum> Scan<'a, C> {
    pub fn new(bytes: &'a [u8], checksum: C, limit: u32, threads: usize) -> Self {
        Self { bytes, checksum, limit, threads, pos: 0, places: Places::default() }
    }

    /// One past the last good frame.
    pub fn last_good_offset(&self) -> usize {
        self.pos
    }

    /// Go on over `budget` bytes or a few more; says how the scan ended, once it has.
    pub fn advance(&mut self, budget: usize) -> Result<Option<End>, TryReserveError> {
        let until = self.pos.saturating_add(budget);
        if self.threads > 1 && C::WIDTH > 0 {
            let first = self.places.offsets.len();
            let mut stopped = self.walk_until::<false>(until)?;
            stopped |= self.verify_in_parallel(first);
            return Ok(stopped.then(|| self.end()));
        }
        let stopped = self.walk_until::<true>(until)?;
        Ok(stopped.then(|| self.end()))
    }

    /// Walk over good frames to `until` or a little farther; whether there is no more of them.
    fn walk_until<const VERIFY: bool>(&mut self, until: usize) -> Result<bool, TryReserveError> {
        let checksum = self.checksum.clone();
        while self.pos < until {
            let first = self.places.offsets.len();
            self.make_room(first)?;
            let (offsets, lengths) = self.places.block(first);
            let (count, pos) = walk::<C, VERIFY>(&checksum, self.bytes, self.pos, self.limit, offsets, lengths);
            self.pos = pos;
            if count < BLOCK {
                self.places.truncate(first + count);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Make room for another block behind `have` frames: for as many as there will be if the rest is like what was
    /// seen. A stream that is not cannot make this take more than a multiple of what it has shown.
    fn make_room(&mut self, have: usize) -> Result<(), TryReserveError> {
        if self.places.offsets.capacity() - have < BLOCK {
            let expected = self.bytes.len().checked_div(self.pos / have.max(1)).unwrap_or(0) + BLOCK - have;
            let more = expected.clamp(BLOCK, 16 * have.max(BLOCK));
            self.places.offsets.try_reserve_exact(more)?;
            self.places.lengths.try_reserve_exact(more)?;
        }
        Ok(())
    }

    /// Verify what was walked over since `first`, and set the scan back to the earliest bad frame, whichever thread
    /// finds one first; whether there is one.
    fn verify_in_parallel(&mut self, first: usize) -> bool {
        let (offsets, lengths) = (&self.places.offsets[first..], &self.places.lengths[first..]);
        let starts = shares(offsets, self.threads);
        let bad = thread::scope(|scope| {
            let verifiers: Vec<_> = starts
                .iter()
                .zip(starts[1..].iter().chain([&offsets.len()]))
                .map(|(&from, &to)| {
                    let (checksum, bytes) = (self.checksum.clone(), self.bytes);
                    let (offsets, lengths) = (&offsets[from..to], &lengths[from..to]);
                    scope.spawn(move || first_mismatch(&checksum, bytes, offsets, lengths).map(|bad| from + bad))
                })
                .collect();
            verifiers.into_iter().filter_map(|verifier| verifier.join().expect("a verifier never panics")).min()
        });
        if let Some(bad) = bad {
            self.pos = self.places.offsets[first + bad] as usize - C::WIDTH - LENGTH_SIZE;
            self.places.truncate(first + bad);
        }
        bad.is_some()
    }

    /// Why no good frame stands where the scan does.
    fn end(&self) -> End {
        let Some((start, length)) = whole_frame(self.bytes, self.pos, LENGTH_SIZE + C::WIDTH, self.limit) else {
            return end_at(self.bytes, self.pos, C::WIDTH, self.limit);
        };
        let (field, payload) = parts::<C>(self.bytes, start, length);
        End::Mismatch { expected: read_field::<C>(field), calculated: self.checksum.value(payload) }
    }
}

impl Places {
    /// Room for the next block, behind `first` places, for which there is memory.
    fn block(&mut self, first: usize) -> (&mut [i64; BLOCK], &mut [u32; BLOCK]) {
        self.offsets.resize(first + BLOCK, 0);
        self.lengths.resize(first + BLOCK, 0);
        let last = "a block was just added";
        (self.offsets.last_chunk_mut().expect(last), self.lengths.last_chunk_mut().expect(last))
    }

    fn truncate(&mut self, count: usize) {
        self.offsets.truncate(count);
        self.lengths.truncate(count);
    }
}

/// Walk over whole frames from `pos` on, to `VERIFY` only good ones, as many as the columns hold; their number, and where
/// the walk stands then.
///
/// Each frame is verified as it is passed, so that the processor computes while it waits for the memory behind.
#[inline(always)]
fn walk<C: Checksum, const VERIFY: bool>(
    checksum: &C,
    bytes: &[u8],
    mut pos: usize,
    limit: u32,
    offsets: &mut [i64; BLOCK],
    lengths: &mut [u32; BLOCK],
) -> (usize, usize) {
    let header = LENGTH_SIZE + C::WIDTH;
    let mut count = 0;
    while count < BLOCK {
        let Some((start, length)) = whole_frame(bytes, pos, header, limit) else { break };
        let stop = start + length as usize;
        if VERIFY && !is_right(checksum, &bytes[pos + LENGTH_SIZE..start], &bytes[start..stop]) {
            break;
        }
        (offsets[count], lengths[count]) = (start as i64, length);
        count += 1;
        pos = stop;
        // Frames of one size are common. Their headers are then at places known beforehand, so that the processor
        // need not wait for one length to find the next.
        if (length as usize) < LARGE && length_at(bytes, pos) == Some(length) {
            let places = offsets[count..].iter_mut().zip(&mut lengths[count..]);
            for (frame, place) in bytes[pos..].chunks_exact(header + length as usize).zip(places) {
                let (field, payload) = (&frame[LENGTH_SIZE..header], &frame[header..]);
                if length_at(frame, 0) != Some(length) || VERIFY && !is_right_of_small(checksum, field, payload) {
                    break;
                }
                (*place.0, *place.1) = ((pos + header) as i64, length);
                count += 1;
                pos += frame.len();
            }
        }
    }
    (count, pos)
}

/// The checksum field, and the payload, of a frame that was walked over.
#[inline(always)]
fn parts<C: Checksum>(bytes: &[u8], start: usize, length: u32) -> (&[u8], &[u8]) {
    let (field, rest) = bytes[start - C::WIDTH..].split_at(C::WIDTH);
    (field, &rest[..length as usize])
}

/// Index of the first frame whose checksum is not that of its payload.
///
/// Each payload is asked for while the one before it is verified. That makes two threads faster by a fifth, over 256 MiB
/// in payloads of 4 KiB; to the one thread of `walk_until` it makes no difference.
fn first_mismatch<C: Checksum>(checksum: &C, bytes: &[u8], offsets: &[i64], lengths: &[u32]) -> Option<usize> {
    let frame = |(&offset, &length): (&i64, &u32)| parts::<C>(bytes, offset as usize, length);
    let mut frames = offsets.iter().zip(lengths).map(frame);
    let mut ahead = frames.clone().skip(1);
    frames.position(|(field, payload)| {
        if let Some((_, next)) = ahead.next() {
            soon(next);
        }
        !is_right(checksum, field, payload)
    })
}

/// The first frame of each thread's share: about as many bytes for each, and no more threads than are worth it.
fn shares(offsets: &[i64], threads: usize) -> Vec<usize> {
    let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else { return vec![0] };
    let bytes = (last - first) as usize;
    let threads = threads.min(bytes / THREAD_BYTES).max(1);
    (0..threads).map(|share| offsets.partition_point(|&at| ((at - first) as usize) < bytes / threads * share)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{NoChecksum, Xxh3};
    use crate::framing::{frame, framed_len};

    fn stream<C: Checksum>(checksum: &C, payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = vec![0; payloads.iter().map(|payload| framed_len::<C>(payload.len())).sum()];
        let mut at = 0;
        for payload in payloads {
            at += frame(checksum, payload, &mut stream[at..]);
        }
        stream
    }

    fn scanned<C: Checksum>(bytes: &[u8], checksum: C, threads: usize) -> (Vec<(i64, u32)>, usize, End) {
        let mut scan = Scan::new(bytes, checksum, u32::MAX, threads);
        let end = loop {
            // A small budget, so that scans are interrupted often.
            if let Some(end) = scan.advance(1000).unwrap() {
                break end;
            }
        };
        let places = scan.places.offsets.iter().copied().zip(scan.places.lengths.iter().copied()).collect();
        (places, scan.last_good_offset(), end)
    }

    fn payloads(sizes: impl Iterator<Item = usize>) -> Vec<Vec<u8>> {
        sizes.map(|size| (0..size).map(|i| (i * 7 + size) as u8).collect()).collect()
    }

    #[test]
    fn runs_of_one_size_and_changing_sizes_are_walked_alike() {
        let payloads = payloads((0..5000).map(|i| if i % 700 < 600 { 32 } else { i % 13 }));
        let bytes = stream(&NoChecksum, &payloads);
        let (places, end, why) = scanned(&bytes, NoChecksum, 1);
        assert_eq!((end, why), (bytes.len(), End::Clean));
        let found: Vec<_> = places.iter().map(|&(at, len)| bytes[at as usize..][..len as usize].to_vec()).collect();
        assert_eq!(found, payloads);
    }

    #[test]
    fn an_empty_stream_ends_clean() {
        assert_eq!(scanned(&[], Xxh3, 2), (vec![], 0, End::Clean));
    }

    #[test]
    fn threads_find_the_first_bad_frame_and_keep_all_before_it() {
        let payloads = payloads((0..40).map(|i| 200_000 + i));
        let mut bytes = stream(&Xxh3, &payloads);
        let good = scanned(&bytes, Xxh3, 1);
        assert_eq!(good, scanned(&bytes, Xxh3, 3));
        for bad in [30, 11] {
            bytes[good.0[bad].0 as usize + 5] ^= 1;
            let (places, end, why) = scanned(&bytes, Xxh3, 3);
            assert_eq!(places, good.0[..bad]);
            assert_eq!(end, good.0[bad].0 as usize - 12);
            assert!(matches!(why, End::Mismatch { .. }));
            assert_eq!((places, end, why), scanned(&bytes, Xxh3, 1));
        }
    }

    #[test]
    fn a_mismatch_before_a_torn_tail_is_what_counts() {
        let mut bytes = stream(&Xxh3, &payloads([100, 100].into_iter()));
        bytes.pop();
        assert!(matches!(scanned(&bytes, Xxh3, 2).2, End::Cut { field: "payload", needed: 100, available: 99 }));
        bytes[20] ^= 1;
        for threads in [1, 2] {
            let (places, end, why) = scanned(&bytes, Xxh3, threads);
            assert_eq!((places.len(), end), (0, 0));
            assert!(matches!(why, End::Mismatch { .. }));
        }
    }
}
