//! What each contender does: build and frame all events into one buffer, and add up every field of them.

use std::io::BufRead;

use _native::checksum::NoChecksum;
use _native::scan::Scan;
use flatbuffers::FlatBufferBuilder;

use crate::event::{Event, Sums, SIZE};

/// Position of the first byte of a vector that is the root of a buffer and all there is: root offset, length.
const VECTOR: usize = 8;

pub trait Contender {
    fn build(&self, events: &[Event]) -> Vec<u8>;
    fn sums(&self, stream: &[u8]) -> Sums;
}

/// A struct a message, behind its length of 4 bytes, as the Rust original frames what it is measured beside.
pub struct Bincode;

impl Contender for Bincode {
    fn build(&self, events: &[Event]) -> Vec<u8> {
        let mut sink = Vec::new();
        for event in events {
            sink.extend_from_slice(&(SIZE as u32).to_le_bytes());
            bincode::serialize_into(&mut sink, event).expect("memory takes all");
        }
        sink
    }

    fn sums(&self, stream: &[u8]) -> Sums {
        let mut sums = Sums::default();
        let mut left = stream;
        while let Some((length, rest)) = left.split_first_chunk() {
            let (message, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
            sums.add(bincode::deserialize(message).expect("our own stream is whole"));
            left = rest;
        }
        sums
    }
}

/// An object a line.
pub struct Json;

impl Contender for Json {
    fn build(&self, events: &[Event]) -> Vec<u8> {
        let mut sink = Vec::new();
        for event in events {
            serde_json::to_writer(&mut sink, event).expect("memory takes all");
            sink.push(b'\n');
        }
        sink
    }

    fn sums(&self, stream: &[u8]) -> Sums {
        let mut sums = Sums::default();
        let mut lines = stream;
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).expect("memory gives all") > 0 {
            sums.add(serde_json::from_slice(&line).expect("our own stream is whole"));
            line.clear();
        }
        sums
    }
}

/// A `[ubyte]` vector root a frame, built by the official builder and found by the engine of FlatStream for Python.
pub struct FlatStream;

impl Contender for FlatStream {
    fn build(&self, events: &[Event]) -> Vec<u8> {
        let mut sink = Vec::new();
        let mut builder = FlatBufferBuilder::with_capacity(64);
        for event in events {
            builder.reset();
            let vector = builder.create_vector(&event.to_bytes());
            builder.finish_minimal(vector);
            let payload = builder.finished_data();
            sink.extend_from_slice(&(payload.len() as u32).to_le_bytes());
            sink.extend_from_slice(payload);
        }
        sink
    }

    fn sums(&self, stream: &[u8]) -> Sums {
        let mut scan = Scan::new(stream, NoChecksum, u32::MAX, 1);
        scan.advance(usize::MAX).expect("there is memory for this").expect("the scan ends");
        let mut sums = Sums::default();
        for &offset in &scan.places.offsets {
            let start = offset as usize + VECTOR;
            sums.add(Event::from_bytes(&stream[start..start + SIZE]));
        }
        sums
    }
}
