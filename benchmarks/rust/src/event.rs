//! A telemetry event, and the sums of the fields of many.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of an event, packed without gaps, little-endian.
pub const SIZE: usize = 24;

#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Event {
    pub device_id: u64,
    pub timestamp: u64,
    pub value: f64,
}

impl Event {
    pub fn to_bytes(self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&self.device_id.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.timestamp.to_le_bytes());
        bytes[16..].copy_from_slice(&self.value.to_le_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Self {
        let word = |place: usize| bytes[place..place + 8].try_into().expect("eight bytes");
        Self {
            device_id: u64::from_le_bytes(word(0)),
            timestamp: u64::from_le_bytes(word(8)),
            value: f64::from_le_bytes(word(16)),
        }
    }
}

pub fn events(bytes: &[u8]) -> Vec<Event> {
    bytes.chunks_exact(SIZE).map(Event::from_bytes).collect()
}

/// Sums in the order of the events; the last one is printed as its bits, so that no digit is lost.
#[derive(Default)]
pub struct Sums {
    devices: u128,
    times: u128,
    values: f64,
}

impl Sums {
    pub fn add(&mut self, event: Event) {
        self.devices += u128::from(event.device_id);
        self.times += u128::from(event.timestamp);
        self.values += event.value;
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:016x}", self.devices, self.times, self.values.to_bits())
    }
}
