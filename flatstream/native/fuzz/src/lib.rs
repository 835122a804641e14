//! Targets of a fuzzer: the core of the native engine beside models that are as plain as can be.
//!
//! The models, `stream` and `message`, are written from the specification and never call the engine. A target panics where
//! the two differ, and where the engine does. Coverage guides the fuzzer through both.

#![forbid(unsafe_code)]

mod layouts;
mod message;
mod records;
mod scan;
mod stream;

pub use records::records;
pub use scan::scan;

/// Bytes of an input in front of what it is about: a choice; and a place, of two bytes, with what is turned over there.
pub const HEAD: usize = 4;

/// The head of an input, of which what is missing is zeros, and the rest.
fn split(input: &[u8]) -> ([u8; HEAD], &[u8]) {
    let (start, rest) = input.split_at(HEAD.min(input.len()));
    let mut head = [0; HEAD];
    head[..start.len()].copy_from_slice(start);
    (head, rest)
}

/// Turn over what the head says, where it says.
fn turn_over(bytes: &mut [u8], head: [u8; HEAD]) {
    if !bytes.is_empty() {
        bytes[usize::from(u16::from_le_bytes([head[1], head[2]])) % bytes.len()] ^= head[3];
    }
}
