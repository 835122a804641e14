//! The testee: does what each request of the conformance protocol asks for, and replies with what came of it.

use flatstream::{Checksum, Error, ErrorKind, Reader, Report, Writer, DEFAULT_MAX_FRAME_LEN};
use serde::Deserialize;
use serde_json::{json, Value};
use std::io::{self, BufRead, Read, Write};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A source or sink that is slow or fails as the request says: `chunks` are bytes a call, the last repeats.
struct Wire {
    bytes: Vec<u8>,
    position: usize,
    chunks: Box<dyn Iterator<Item = usize>>,
    fault_after: Option<usize>,
    fault_once: bool,
}

impl Wire {
    /// How many of the wanted bytes this call handles.
    fn portion(&mut self, wanted: usize) -> io::Result<usize> {
        let chunk = self.chunks.next().unwrap_or(wanted);
        let left = self.fault_after.map_or(usize::MAX, |fault| fault - self.position);
        if left == 0 {
            self.fault_after = self.fault_after.filter(|_| !self.fault_once);
            return Err(io::Error::other("failed as the request says"));
        }
        Ok(wanted.min(chunk).min(left))
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let portion = self.portion(buffer.len())?;
        let count = (&self.bytes[self.position..]).read(&mut buffer[..portion])?;
        self.position += count;
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let portion = self.portion(data.len())?;
        self.bytes.extend_from_slice(&data[..portion]);
        self.position += portion;
        Ok(portion)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn wire(request: &Value, bytes: Vec<u8>, chunks: Vec<usize>, fault_after: &str) -> Outcome<Wire> {
    let last = chunks.last().copied().unwrap_or(usize::MAX);
    let chunks = Box::new(chunks.into_iter().chain(std::iter::repeat(last)));
    let fault_after = Option::deserialize(&request[fault_after])?;
    Ok(Wire { bytes, position: 0, chunks, fault_after, fault_once: request["fault_once"] == true })
}

fn start(_: &Value) -> Outcome<Value> {
    Ok(json!({
        "implementation": {"name": "rust", "version": env!("CARGO_PKG_VERSION"), "language": "Rust"},
        "algorithms": Checksum::ALL.map(|(name, _)| name),
        "ops": ["start", "checksum", "frame", "deframe", "recover"],
        "features": ["chunked", "empty_tail", "exact_reads", "faults", "huge", "offsets", "resume",
            "short_writes", "single_fault", "sink_faults"],
    }))
}

fn checksum(request: &Value) -> Outcome<Value> {
    Ok(json!({"checksum": hex::encode(algorithm(request)?.of(&unhex(&request["data"])?))}))
}

fn frame(request: &Value) -> Outcome<Value> {
    let chunk = Option::<usize>::deserialize(&request["sink_chunk"])?;
    let sink = wire(request, Vec::new(), chunk.into_iter().collect(), "sink_fault_after")?;
    let limit = Option::deserialize(&request["max_payload_len"])?.unwrap_or(u32::MAX);
    let mut writer = Writer::new(sink, algorithm(request)?, limit);
    let payloads = request["payloads"].as_array().into_iter().flatten().map(unhex);
    let mut payloads = payloads.collect::<Outcome<Vec<_>>>()?;
    // Zeroed pages take no memory until they are touched, which those over the bound never are.
    payloads.extend(request["zeros"].as_u64().map(|count| vec![0; count as usize]));
    let (mut results, mut reply) = (Vec::new(), json!({}));
    for payload in payloads {
        let failure = writer.write(&payload).err().map(error);
        results.push(failure.as_ref().map_or(json!("ok"), |error| json!({"error": error})));
        if failure.is_some() && request["go_on"] != true {
            reply["error"] = failure.into();
            break;
        }
    }
    reply["results"] = results.into();
    reply["wire"] = hex::encode(&writer.sink.bytes).into();
    Ok(reply)
}

fn reader(request: &Value) -> Outcome<Reader<Wire>> {
    let chunks = Option::deserialize(&request["chunks"])?.unwrap_or_default();
    let source = wire(request, unhex(&request["wire"])?, chunks, "fault_after")?;
    let limit = Option::deserialize(&request["max_frame_len"])?.unwrap_or(DEFAULT_MAX_FRAME_LEN);
    Ok(Reader::new(source, algorithm(request)?, limit))
}

fn deframe(request: &Value) -> Outcome<Value> {
    let mut reader = reader(request)?;
    if let Some(calls) = request["calls"].as_u64() {
        let events = (0..calls).map(|_| match reader.next_payload() {
            Ok(Some(payload)) => json!({"payload": hex::encode(payload)}),
            Ok(None) => json!({"end": "clean"}),
            Err(failure) => json!({"error": error(failure)}),
        });
        return Ok(json!({"events": events.collect::<Value>()}));
    }
    let mut payloads = Vec::new();
    let mut reply = loop {
        if request["stop_after"] == payloads.len() {
            break json!({"end": "stopped", "consumed": reader.source.position});
        }
        match reader.next_payload() {
            Ok(Some(payload)) => payloads.push(hex::encode(payload)),
            Ok(None) => break json!({"end": "clean"}),
            Err(failure) => break json!({"end": "error", "error": error(failure)}),
        }
    };
    reply["payloads"] = payloads.into();
    Ok(reply)
}

fn recover(request: &Value) -> Outcome<Value> {
    Ok(match reader(request)?.recover() {
        Ok(Report { frames, last_good_offset, empty_tail, torn }) => {
            let end = if torn { "torn_tail" } else { "clean_eof" };
            json!({"frames": frames, "last_good_offset": last_good_offset, "empty_tail": empty_tail, "end": end})
        }
        Err(failure) => json!({"error": error(failure)}),
    })
}

fn algorithm(request: &Value) -> Outcome<Checksum> {
    let named = Checksum::ALL.into_iter().find(|(name, _)| request["algorithm"] == *name);
    Ok(named.ok_or("no such algorithm")?.1)
}

fn error(Error { kind, offset }: Error) -> Value {
    match kind {
        ErrorKind::UnexpectedEof => json!({"kind": "unexpected_eof", "offset": offset}),
        ErrorKind::InvalidFrame { declared_len, limit } => {
            json!({"kind": "invalid_frame", "declared_len": declared_len, "limit": limit, "offset": offset})
        }
        ErrorKind::ChecksumMismatch { expected, calculated } => {
            let (expected, calculated) = (hex::encode(expected), hex::encode(calculated));
            json!({"kind": "checksum_mismatch", "expected": expected, "calculated": calculated, "offset": offset})
        }
        ErrorKind::Io(_) => json!({"kind": "io", "offset": offset}),
    }
}

fn unhex(text: &Value) -> Outcome<Vec<u8>> {
    Ok(hex::decode(text.as_str().ok_or("bytes are missing")?)?)
}

fn main() -> Outcome<()> {
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let reply = match request["op"].as_str() {
            Some("start") => start(&request),
            Some("checksum") => checksum(&request),
            Some("frame") => frame(&request),
            Some("deframe") => deframe(&request),
            Some("recover") => recover(&request),
            _ => Ok(json!({"skipped": "no such operation"})),
        };
        let mut reply = reply.unwrap_or_else(|error| json!({"errored": error.to_string()}));
        reply["seq"] = request["seq"].clone();
        println!("{reply}");
    }
    Ok(())
}
