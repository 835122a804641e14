//! Payloads of any bytes: verified, read as columns, and what was read written again.

use std::sync::LazyLock;

use _native::checksum::Crc16;
use _native::tables::encode::{self, frame_columns, most, most_of_row, write_row, Column};
use _native::tables::gather::{self, Gatherer, Out, Places};
use _native::tables::layout::{self, words, Form, Layouts};
use _native::tables::verify::{Limits, Step, Target, Verifier, Waiting, What};
use _native::tables::Int;

use crate::layouts::{layout, COUNT};
use crate::message::{Cell, Extent, Field, Kind, Layout};
use crate::stream::{frames, number};
use crate::{split, turn_over};

/// A message, to the model and to the engine.
struct Message {
    model: Layout,
    plan: Vec<Vec<Step>>,
    verifier: Verifier,
    gatherer: Gatherer,
    form: Form,
}

static MESSAGES: LazyLock<Vec<Message>> = LazyLock::new(|| (0..COUNT).map(|number| message(layout(number))).collect());

/// The engine accepts the payloads that the model does, and reads in them what the model does: each alone, and all together,
/// which it takes for alike as long as they seem so. What it has read it writes as messages that are the same.
///
/// Of the first byte of the head the lowest six bits choose the message. The others choose payloads: one; two that are the
/// halves; one several times, among which is one with a byte turned over or, if none is, one that is cut short; or several,
/// of quarters.
pub fn records(input: &[u8]) {
    let (head, rest) = split(input);
    let message = &MESSAGES[usize::from(head[0] % 64) % COUNT];
    let mut other = rest.to_vec();
    turn_over(&mut other, head);
    let (half, quarter) = (rest.len() / 2, rest.len() / 4);
    let payloads: Vec<&[u8]> = match head[0] >> 6 {
        0 => vec![rest],
        1 => vec![&rest[..half], &rest[half..]],
        2 if other != rest => vec![rest, rest, &other, rest],
        2 => vec![rest, rest, &rest[..rest.len().saturating_sub(usize::from(head[1]))]],
        _ => [0, 1, 0, 0, 2, 3, 3, 3, 1].iter().map(|index| &rest[index * quarter..][..quarter]).collect(),
    };
    let mut sound = Vec::new();
    let mut waiting = Waiting::default();
    for (row, &payload) in payloads.iter().enumerate() {
        let extent = message.model.extent(payload);
        let accepted = extent.is_some();
        assert_eq!(message.verifier.accepts(payload, &mut waiting), accepted, "the verdict");
        if let (0, Some(extent)) = (row, extent) {
            limited(message, payload, extent, &mut waiting);
        }
        let cells = message.model.read(payload);
        assert!(cells.is_some() || !accepted, "a message of which the fields are not sound");
        sound.push((cells, accepted));
    }
    let gap = usize::from(head[3] % 8);
    if let Some(read) = together(message, &payloads, &sound, |_| gap, 0) {
        again(message, &read, &payloads, &sound);
    }
    if payloads.len() > 1 {
        together(message, &payloads, &sound, |_| gap, rest.len());
        together(message, &payloads, &sound, |row| row % 3, 0);
    }
}

/// A message passes under limits that are its own extent, and not if one of them is one less.
fn limited(message: &Message, payload: &[u8], extent: Extent, waiting: &mut Waiting) {
    let Extent { depth, tables, apparent } = extent;
    let less = [
        (extent, true),
        (Extent { depth: depth - 1, ..extent }, false),
        (Extent { tables: tables - 1, ..extent }, false),
        (Extent { apparent: apparent - 1, ..extent }, false),
    ];
    for (limits, expected) in less {
        let verifier = verifier(message.plan.clone(), &message.model, limits);
        assert_eq!(verifier.accepts(payload, waiting), expected, "the verdict within {limits:?}, of {extent:?}");
    }
}

/// Columns that were read, and their source.
struct Columns {
    source: Vec<u8>,
    columns: Vec<Read>,
}

/// The column of a field.
struct Read {
    /// Values of so many bytes; or, of 0, spans.
    width: usize,
    values: Vec<u8>,
    starts: Vec<Int>,
    counts: Vec<Int>,
    /// Nothing, if there is a value in each row.
    absent: Vec<u8>,
}

/// Read payloads that lie in one source, with gaps before them and some bytes behind the last; the columns, if all are
/// sound.
fn together(
    message: &Message,
    payloads: &[&[u8]],
    expected: &[(Option<Vec<Cell>>, bool)],
    gap: impl Fn(usize) -> usize,
    behind: usize,
) -> Option<Columns> {
    let mut source = Vec::new();
    let (mut starts, mut offsets, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    for (row, payload) in payloads.iter().enumerate() {
        source.resize(source.len() + gap(row), 0); // as what a text ends in, which must be its own
        starts.push(source.len());
        offsets.push((source.len() as i64).to_ne_bytes());
        lengths.push((payload.len() as u32).to_ne_bytes());
        source.extend_from_slice(payload);
    }
    source.resize(source.len() + behind, 0);
    let bad = expected.iter().position(|(cells, _)| cells.is_none());
    let read = gathered(message, &source, &offsets, &lengths);
    assert_eq!(read.as_ref().err().copied(), bad, "the first payload that is not sound");

    // One more, that ends a byte behind the source.
    let (mut offsets, mut lengths) = (offsets, lengths);
    offsets.push((source.len() as i64 + 1 - payloads[0].len() as i64).to_ne_bytes());
    lengths.push((payloads[0].len() as u32).to_ne_bytes());
    let outside = gathered(message, &source, &offsets, &lengths).err();
    assert_eq!(outside, Some(bad.unwrap_or(payloads.len())), "the payload that is not in the source");

    let columns = read.ok()?;
    for (row, (cells, _)) in expected.iter().enumerate() {
        for (read, cell) in columns.iter().zip(cells.iter().flatten()) {
            assert_eq!(&read.cell(row, starts[row]), cell, "row {row}");
        }
    }
    Some(Columns { source, columns })
}

fn gathered(message: &Message, source: &[u8], offsets: &[Int], lengths: &[[u8; 4]]) -> Result<Vec<Read>, usize> {
    let rows = offsets.len();
    let mut columns: Vec<Read> = message.gatherer.fields.iter().map(|field| Read::new(field.kind, rows)).collect();
    let mut outs: Vec<Out<'_>> = columns.iter_mut().map(Read::out).collect();
    let done = message.gatherer.gather(source, &Places { offsets, lengths }, &mut outs);
    for column in &columns {
        let absent = &column.absent;
        assert!(absent.is_empty() || absent.len() == rows, "rows are as many as there are");
        assert!(done.is_err() || absent.is_empty() || absent.contains(&1), "nobody is told that all are there");
    }
    done.map(|()| columns)
}

impl Read {
    fn new(kind: gather::Kind, rows: usize) -> Self {
        let width = if let gather::Kind::Fixed { size, .. } = kind { size as usize } else { 0 };
        let spans = if width == 0 { rows } else { 0 };
        Self {
            width,
            values: vec![0xAA; rows * width],
            starts: vec![[0xAA; 8]; spans],
            counts: vec![[0xAA; 8]; spans],
            absent: Vec::new(),
        }
    }

    fn out(&mut self) -> Out<'_> {
        let values = match self.width {
            0 => gather::Values::Spans(&mut self.starts, &mut self.counts),
            _ => gather::Values::Fixed(&mut self.values),
        };
        Out { values, absent: &mut self.absent }
    }

    /// The value in a row, whose payload has that place.
    fn cell(&self, row: usize, start: usize) -> Cell {
        let place = |ints: &[Int]| usize::try_from(i64::from_ne_bytes(ints[row])).expect("no place is negative");
        match (self.absent.get(row), self.width) {
            (None | Some(0), 0) => Cell::Span(place(&self.starts) - start, place(&self.counts)),
            (None | Some(0), width) => Cell::Inline(self.values[row * width..][..width].to_vec()),
            _ => Cell::Absent,
        }
    }

    /// As a column to write.
    fn column<'a>(&'a self, field: usize, source: &'a [u8], left_out: Option<u64>, present: &'a [u8]) -> Column<'a> {
        let values = match self.width {
            0 => encode::Values::Spans { data: source, starts: &self.starts, counts: &self.counts },
            step => {
                let left_out = left_out.filter(|_| step <= 8);
                encode::Values::Fixed { data: &self.values, start: 0, step, left_out }
            }
        };
        Column { field, values, present: (!present.is_empty()).then_some(present) }
    }
}

/// Write what was read, and look at it: first all of it, then without the numbers that are 0.
fn again(message: &Message, read: &Columns, payloads: &[&[u8]], expected: &[(Option<Vec<Cell>>, bool)]) {
    let present: Vec<Vec<u8>> =
        read.columns.iter().map(|column| column.absent.iter().map(|absent| 1 - absent).collect()).collect();
    let mut layouts = Layouts::default();
    for left_out in [None, Some(0)] {
        let columns = read.columns.iter().zip(&present).enumerate();
        let columns: Vec<Column<'_>> =
            columns.map(|(field, (column, present))| column.column(field, &read.source, left_out, present)).collect();
        let rows = 0..payloads.len();
        let room = most::<Crc16>(&message.form, &columns, &rows).expect("columns that were read are whole");
        let mut stream = vec![0xAA; room];
        let end = frame_columns(&message.form, &mut layouts, &columns, rows, &Crc16, &mut stream)
            .expect("what was read can be written");
        let (found, good, _) = frames(&stream[..end], "crc16", u64::from(u32::MAX));
        assert_eq!((found.len(), good), (payloads.len(), end), "frames of what was read");
        for (row, &(start, length)) in found.iter().enumerate() {
            let (made, (cells, accepted)) = (&stream[start..][..length], &expected[row]);
            let cells = cells.as_ref().expect("all rows are sound");
            let read = message.model.read(made).expect("what was written is sound");
            for (field, (read, cell)) in read.iter().zip(cells).enumerate() {
                same(message, field, (made, read), (payloads[row], cell), left_out.is_some());
            }
            let verdict = message.verifier.accepts(made, &mut Waiting::default());
            assert_eq!(verdict, message.model.extent(made).is_some(), "the verdict on what was written");
            assert!(verdict || !accepted, "what was written of a good message is one");
            if left_out.is_none() {
                row_alone(message, &mut layouts, payloads[row], cells, made);
            }
        }
    }
}

/// The value of a field in what was written is the one that was read.
fn same(message: &Message, field: usize, made: (&[u8], &Cell), read: (&[u8], &Cell), left_out: bool) {
    match (made, read) {
        ((made, &Cell::Span(start, count)), (payload, &Cell::Span(from, wanted))) => {
            let gather::Kind::Vector { width, .. } = message.gatherer.fields[field].kind else {
                assert_eq!(made[start..][..count], payload[from..][..wanted], "a text");
                assert_eq!(made[start + count], 0, "the NUL behind a text");
                return;
            };
            let width = width as usize;
            assert_eq!(made[start..][..width * count], payload[from..][..width * wanted], "a vector");
        }
        ((_, Cell::Absent), (_, Cell::Inline(value))) if left_out && value.len() <= 8 => {
            assert!(value.iter().all(|byte| *byte == 0), "a value was left out");
        }
        ((_, made), (_, cell)) => assert_eq!(made, cell, "a value"),
    }
}

/// One message, where all of its fields can be written so, is the same as among others.
fn row_alone(message: &Message, layouts: &mut Layouts, payload: &[u8], cells: &[Cell], made: &[u8]) {
    let form = &message.form;
    let narrow = |field: &layout::Field| match field.kind {
        layout::Kind::Fixed { size, .. } => size <= 8,
        layout::Kind::Span { width, .. } => width == 1,
    };
    if !form.fields.iter().all(narrow) {
        return;
    }
    let mut present = vec![0; words(form.fields.len())];
    let mut given = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        present[index / 64] |= u64::from(*cell != Cell::Absent) << (index % 64);
        given.push(match cell {
            Cell::Absent => encode::Cell::Absent,
            Cell::Inline(value) => encode::Cell::Bits(number(value)),
            Cell::Span(_, count) => encode::Cell::Text(*count),
        });
    }
    let text = |index: usize, take: &mut dyn FnMut(&[u8])| {
        let Cell::Span(start, count) = cells[index] else { unreachable!("only spans are asked for") };
        take(&payload[start..][..count]);
    };
    let mut out = vec![0x55; most_of_row(form, &given).expect("it is not too long")];
    let layout = layouts.of(form, &present);
    let end = write_row(form, layout, &given, text, &mut out);
    assert_eq!(out[..end], *made, "a row alone");
    assert!(!layout.spans.is_empty() || end == layout.template.len(), "without spans, the size is known before");
}

fn message(model: Layout) -> Message {
    let plan: Vec<Vec<Step>> = model.tables.iter().map(|fields| fields.iter().map(step).collect()).collect();
    let columns: Vec<&Field> = (0..model.tables[0].len())
        .filter(|&index| model.is_column(index))
        .map(|index| &model.tables[0][index])
        .collect();
    let gathered = columns.iter().map(|field| gather::Field {
        entry: entry(field),
        required: field.required,
        kind: match field.kind {
            Kind::Inline { size, align } => gather::Kind::Fixed { size: size as u64, align: align as u64 },
            Kind::Text => gather::Kind::Text,
            Kind::Vector { size, align } => gather::Kind::Vector { width: size as u64, align: align as u64 },
            _ => gather::Kind::Vector { width: 1, align: 1 },
        },
    });
    let written = columns.iter().map(|field| layout::Field {
        slot: field.slot,
        kind: match field.kind {
            Kind::Inline { size, align } => layout::Kind::Fixed { size, align },
            Kind::Text => layout::Kind::Span { width: 1, align: 4, closed: true },
            Kind::Vector { size, align } => layout::Kind::Span { width: size, align: align.max(4), closed: false },
            _ => layout::Kind::Span { width: 1, align: 4, closed: false },
        },
    });
    let start = [0; 4].into_iter().chain(model.identifier.into_iter().flatten()).collect();
    Message {
        verifier: verifier(plan.clone(), &model, model.limits),
        plan,
        gatherer: Gatherer::new(gathered.collect(), model.identifier),
        form: Form::new(written.collect(), start, u32::MAX as usize),
        model,
    }
}

fn verifier(plan: Vec<Vec<Step>>, model: &Layout, limits: Extent) -> Verifier {
    let Extent { depth, tables, apparent } = limits;
    let limits = Limits { depth: depth as i64, tables: tables as i64, apparent_size: apparent as i64 };
    Verifier::new(plan, model.identifier, limits).expect("all tables are in the plan")
}

fn entry(field: &Field) -> u64 {
    4 + 2 * field.slot as u64
}

fn step(field: &Field) -> Step {
    let what = match &field.kind {
        Kind::Union(members) => What::Union(members.iter().map(|(tag, kind)| (*tag, target(kind))).collect()),
        kind => What::Value(target(kind)),
    };
    Step { entry: entry(field), required: field.required, what }
}

fn target(kind: &Kind) -> Target {
    match *kind {
        Kind::Inline { size, align } => Target::Inline { size: size as u64, align: align as u64 },
        Kind::Text => Target::Text,
        Kind::Vector { size, align } => Target::Vector { width: size as u64, align: align as u64 },
        Kind::Table(which) => Target::Table(which),
        Kind::Texts => Target::Texts,
        Kind::Tables(which) => Target::Tables(which),
        Kind::Nested(which) => Target::Nested(which),
        Kind::Union(_) => unreachable!("a union has no union in it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_to_begin_with_are_messages() {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let text = include_str!("../seeds/messages.hex").lines().filter(|line| !line.starts_with('#'));
        let messages: Vec<Vec<u8>> = text.map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect();
        let accepted =
            |which: usize| messages.iter().filter(|made| MESSAGES[which].model.extent(made).is_some()).count();
        // A message of few fields can be one of another type, too.
        for (which, least) in [3, 3, 3, 2, 2].into_iter().enumerate() {
            assert!(accepted(which) >= least, "{} of message {which}", accepted(which));
        }
        for message in &messages {
            assert!(MESSAGES.iter().any(|known| known.model.extent(message).is_some()), "{message:?}");
        }
    }
}
