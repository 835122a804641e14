//! A stream of any bytes: the scan, one frame at a time, and framing.

use _native::checksum::{is_right, Checksum, Crc16, Crc32, NoChecksum, Xxh3};
use _native::framing::{frame, frame_rows, framed_len};
use _native::scan::Scan;
use _native::wire::{end_at, whole_frame, End, LENGTH_SIZE};

use crate::stream::{frames, put_right, Ending, Found, ALGORITHMS};
use crate::{split, turn_over};

const LIMITS: [u32; 4] = [1 << 31, u32::MAX, 64, 0];

/// Bytes after which a scan is interrupted, for each of the ways of reading; the last of them also has two threads.
const BUDGETS: [usize; 8] = [usize::MAX, 1, 3, 5, 16, 100, 1000, 1];

/// Whatever the engine finds in a stream is what the model finds, to the last offset; framed again it is the stream.
///
/// An input means what it does to the targets `parse` and `salvage`, which are in Python: of the first byte of the head the
/// lowest two bits choose the algorithm, the next two the limit, three more how it is read, and the highest whether
/// checksums are put right first, and the byte turned over after that.
pub fn scan(input: &[u8]) {
    let (head, stream) = split(input);
    let mut stream = stream.to_vec();
    let algorithm = ALGORITHMS[usize::from(head[0] & 3)];
    if head[0] & 128 != 0 {
        put_right(&mut stream, algorithm);
        turn_over(&mut stream, head);
    }
    let limit = LIMITS[usize::from(head[0] >> 2 & 3)];
    let way = usize::from(head[0] >> 4 & 7);
    match algorithm {
        "none" => compare(&NoChecksum, algorithm, &stream, limit, way),
        "crc16" => compare(&Crc16, algorithm, &stream, limit, way),
        "crc32" => compare(&Crc32::new(), algorithm, &stream, limit, way),
        _ => compare(&Xxh3, algorithm, &stream, limit, way),
    }
}

fn compare<C: Checksum>(checksum: &C, algorithm: &str, stream: &[u8], limit: u32, way: usize) {
    let model = frames(stream, algorithm, u64::from(limit));
    assert_eq!(scanned(checksum, stream, limit, way), model, "the scan");
    one_by_one(checksum, stream, limit, &model);

    let (found, good, _) = model;
    let payloads: Vec<&[u8]> = found.iter().map(|&(start, length)| &stream[start..][..length]).collect();
    let mut again = vec![0xAA; payloads.iter().map(|payload| framed_len::<C>(payload.len())).sum()];
    let mut end = 0;
    for payload in &payloads {
        end += frame(checksum, payload, &mut again[end..]);
    }
    assert_eq!(again, stream[..good], "what was found, framed again");
    if let Some(first) = payloads.first() {
        if payloads.iter().all(|payload| payload.len() == first.len()) {
            again.fill(0xAA);
            frame_rows(checksum, &payloads.concat(), first.len(), &mut again);
            assert_eq!(again, stream[..good], "what was found, framed as rows");
        }
    }
}

/// What the engine's scan finds, with interruptions.
fn scanned<C: Checksum>(checksum: &C, stream: &[u8], limit: u32, way: usize) -> Found {
    let mut scan = Scan::new(stream, checksum.clone(), limit, if way == 7 { 2 } else { 1 });
    let end = loop {
        let before = scan.last_good_offset();
        if let Some(end) = scan.advance(BUDGETS[way]).expect("memory for a few places") {
            break end;
        }
        assert!(scan.last_good_offset() > before, "the scan goes on");
    };
    let places = scan.places.offsets.iter().zip(&scan.places.lengths);
    let places =
        places.map(|(&offset, &length)| (usize::try_from(offset).expect("no offset is negative"), length as usize));
    (places.collect(), scan.last_good_offset(), told(end))
}

fn told(end: End) -> Ending {
    match end {
        End::Clean => Ending::Clean,
        End::Cut { field, needed, available } => Ending::Torn(field, needed, available),
        End::Over { declared } => Ending::Over(u64::from(declared)),
        End::Mismatch { expected, calculated } => Ending::Wrong(expected, calculated),
    }
}

/// A frame at a time, as a reader takes them.
fn one_by_one<C: Checksum>(checksum: &C, stream: &[u8], limit: u32, (found, good, ending): &Found) {
    let header = LENGTH_SIZE + C::WIDTH;
    let mut pos = 0;
    for &(start, length) in found {
        assert_eq!(whole_frame(stream, pos, header, limit), Some((start, length as u32)));
        let field = &stream[start - C::WIDTH..start];
        assert!(is_right(checksum, field, &stream[start..][..length]), "the checksum at {pos}");
        pos = start + length;
    }
    assert_eq!(pos, *good);
    match whole_frame(stream, pos, header, limit) {
        Some((start, length)) => {
            let field = &stream[start - C::WIDTH..start];
            assert!(
                !is_right(checksum, field, &stream[start..][..length as usize]),
                "a frame behind the last at {pos}"
            );
        }
        None => assert_eq!(told(end_at(stream, pos, C::WIDTH, limit)), *ending),
    }
}
