//! What a frame of 36 bytes costs at least, without Python: `cargo run --release --no-default-features --example floors`.
//!
//! The raw checksums show how near a scan is to them: no scan can verify a payload in less time than its checksum takes.

use std::hint::black_box;
use std::time::Instant;

use _native::checksum::{Checksum, Crc16, Crc32, NoChecksum, Xxh3};
use _native::framing::{frame_rows, framed_len};
use _native::scan::Scan;

const PAYLOAD: usize = 32;
const FRAMES: usize = 100_000;

fn main() {
    println!("nanoseconds a frame, the median of 101 rounds over {FRAMES} payloads of {PAYLOAD} bytes");
    println!("{:12}{:>14}{:>8}", "", "raw checksum", "scan");
    row("none", &NoChecksum);
    row("crc16", &Crc16);
    row("crc32", &Crc32::new());
    row("xxh3_64", &Xxh3);
    let headers = framed(&NoChecksum);
    let touched = median(|| {
        headers.chunks_exact(framed_len::<NoChecksum>(PAYLOAD)).map(|frame| u64::from(frame[0])).sum::<u64>()
    });
    println!("reading one byte of each header alone: {touched:.2}");
}

fn row<C: Checksum>(name: &str, checksum: &C) {
    let rows = rows();
    let raw = median(|| rows.chunks_exact(PAYLOAD).map(|payload| checksum.value(payload)).fold(0, u64::wrapping_add));
    let stream = framed(checksum);
    let scanned = median(|| {
        let mut scan = Scan::new(&stream, checksum.clone(), u32::MAX, 1);
        scan.advance(usize::MAX).expect("there is memory for this").expect("the scan ends");
        scan.places.offsets.len()
    });
    println!("{name:12}{raw:>14.2}{scanned:>8.2}");
}

fn rows() -> Vec<u8> {
    (0..FRAMES * PAYLOAD).map(|i| (i * 7 + i / 251) as u8).collect()
}

fn framed<C: Checksum>(checksum: &C) -> Vec<u8> {
    let mut stream = vec![0; FRAMES * framed_len::<C>(PAYLOAD)];
    frame_rows(checksum, &rows(), PAYLOAD, &mut stream);
    stream
}

fn median<R>(work: impl Fn() -> R) -> f64 {
    let mut times: Vec<f64> = (0..101)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64() * 1e9 / f64::from(FRAMES as u32)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[50]
}
