//! The targets without a fuzzer: over the golden vectors, messages, what failed once, and some thousand changes of each.

use std::fs;
use std::path::Path;

use flatstream_native_fuzz::{records, scan, HEAD};
use serde_json::Value;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().map(|digit| char::from(digit).to_digit(16).expect("hex") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Algorithm and stream of each golden vector that has one.
fn vectors() -> Vec<(usize, Vec<u8>)> {
    let mut found = Vec::new();
    for path in fs::read_dir(Path::new(HERE).join("../../../vectors/v1")).expect("the vectors") {
        let path = path.expect("a name").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file: Value = serde_json::from_str(&fs::read_to_string(path).expect("a text")).expect("JSON");
        for vector in file["vectors"].as_array().into_iter().flatten() {
            let request = &vector["request"];
            let algorithm =
                ["none", "crc16", "crc32", "xxh3_64"].iter().position(|name| request["algorithm"] == **name);
            if let (Some(algorithm), Some(wire)) = (algorithm, request["wire"].as_str()) {
                found.push((algorithm, bytes(wire)));
            }
        }
    }
    assert!(found.len() > 300, "{} vectors", found.len());
    found
}

/// What failed once.
fn found(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(HERE).join("../../tests/fuzz/found").join(target);
    let Ok(names) = fs::read_dir(folder) else { return vec![] };
    names.map(|name| fs::read(name.expect("a name").path()).expect("a file")).collect()
}

/// Numbers that look like chance, and are the same each time (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    /// Change an input in one to four places, mostly to what means something: small numbers, limits, other bytes of it.
    fn change(&mut self, input: &[u8]) -> Vec<u8> {
        let mut input = input.to_vec();
        for _ in 0..=self.below(4) {
            let (at, from) = (self.below(input.len()), self.below(input.len()));
            match self.below(8) {
                0 => input[at] ^= 1 << self.below(8),
                1 => input[at] = self.below(256) as u8,
                2 => input[at] = [0, 1, 4, 8, 0x7f, 0x80, 0xff][self.below(7)],
                3 => input[at] = input[at].wrapping_add([1, 2, 4, 0xff, 0xfe, 0xfc][self.below(6)]),
                4 => input[at] = input[from],
                5 => input.insert(at, self.below(3) as u8),
                6 if input.len() > HEAD + 1 => input.truncate(HEAD.max(at)),
                _ => {
                    let piece = input[from..(from + 1 + self.below(8)).min(input.len())].to_vec();
                    input.splice(at..at, piece);
                }
            }
        }
        input
    }
}

/// Run inputs, and so many changes of each.
fn run(target: fn(&[u8]), inputs: &[Vec<u8>], changes: usize) {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for input in inputs {
        target(input);
        for _ in 0..changes {
            target(&chance.change(input));
        }
    }
}

#[test]
fn streams_are_scanned_as_by_the_model() {
    let mut inputs = found("native-scan");
    for (number, (algorithm, wire)) in vectors().into_iter().enumerate() {
        if wire.len() <= 4096 {
            for head in [0, (number % 8) << 4, 128 | (number % 7) << 4, (number % 4) << 2] {
                let head = [(algorithm | head) as u8, number as u8, 0, (head / 128 * number) as u8];
                inputs.push([&head[..], &wire].concat());
            }
        }
    }
    // More frames than are walked at a time, of one size and of several, of which one is bad in the end.
    for (algorithm, width) in [0, 2, 4, 8].into_iter().enumerate() {
        for (sizes, way) in [(1, 0), (3, 0), (3, 1), (1, 7), (3, 7)] {
            let frame = |i: usize| [&[(i % sizes) as u8, 0, 0, 0][..], &vec![7; width + i % sizes]].concat();
            let stream: Vec<u8> = (0..1200).flat_map(frame).collect();
            for (turned, bits) in [(0, 0), (stream.len() * 3 / 4, 1), (stream.len() / 8, 0x80)] {
                let [low, high] = (turned as u16).to_le_bytes();
                inputs.push([&[(algorithm | way << 4 | 128) as u8, low, high, bits][..], &stream].concat());
            }
        }
    }
    run(scan, &inputs, 100);
}

#[test]
fn messages_are_read_as_by_the_model() {
    let text = include_str!("../seeds/messages.hex");
    let messages: Vec<Vec<u8>> = text.lines().filter(|line| !line.starts_with('#')).map(bytes).collect();
    assert!(messages.len() >= 10);
    let mut inputs = found("native-records");
    for (number, message) in messages.iter().enumerate() {
        for which in 0..5 {
            for how in 0..4_u8 {
                let copies = [1, 2, 1, 4][usize::from(how)];
                let head = |bits: u8| [which | how << 6, number as u8, 0, bits];
                inputs.push([&head(1 << which)[..], &message.repeat(copies)].concat());
                inputs.push([&head(0)[..], &message.repeat(copies)].concat());
            }
        }
    }
    run(records, &inputs, 300);
}
