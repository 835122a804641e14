//! Contenders in Rust, driven by the benchmarks in Python: a process that does what it is told and says how long it took.
//!
//! Started with the path of a file of events, 24 packed bytes each. On each line of its input stands a contender, a tier
//! (`F1`, `R3` or `cycle`) and how often to do its work; it answers with the nanoseconds that took, and the sums of all
//! fields that it read. With `dump` for the tier it writes its stream to the file named last instead.

mod contenders;
mod event;

use std::env;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use contenders::{Bincode, Contender, FlatStream, Json};
use event::{events, Event, Sums};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("the path of a file of events is needed")?;
    let events = events(&fs::read(path)?);
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let (Some(name), Some(tier), Some(last)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("a contender, a tier and a number are needed, not {line:?}").into());
        };
        let answer = match name {
            "bincode" => answer(&Bincode, &events, tier, last),
            "serde_json" => answer(&Json, &events, tier, last),
            "flatstream" => answer(&FlatStream, &events, tier, last),
            _ => Err(format!("there is no contender {name:?}").into()),
        }?;
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer<C: Contender>(contender: &C, events: &[Event], tier: &str, last: &str) -> Result<String, Box<dyn Error>> {
    let stream = contender.build(events);
    if tier == "dump" {
        fs::write(last, stream)?;
        return Ok("0".to_owned());
    }
    let times: u32 = last.parse()?;
    let start = Instant::now();
    let mut sums = Sums::default();
    for _ in 0..times {
        match tier {
            "F1" => {
                black_box(contender.build(black_box(events)));
            }
            "R3" => sums = contender.sums(black_box(&stream)),
            "cycle" => sums = contender.sums(&black_box(contender.build(black_box(events)))),
            _ => return Err(format!("there is no tier {tier:?}").into()),
        }
    }
    Ok(format!("{} {sums}", start.elapsed().as_nanos()))
}
