//! From values to the frames of tables, byte for byte as `flatstream/records/encode.py` and `batch_encode.py` write them.

use std::ops::Range;

use super::layout::{has, words, Form, Kind, Layout, Layouts};
use super::{Int, OFFSET_SIZE};
use crate::checksum::Checksum;
use crate::framing::{framed_len, head};
use crate::wire::LENGTH_SIZE;

/// Rows that are worked on at a time, so that they are still in the cache for each column.
const BLOCK: usize = 512;

fn number<T: TryFrom<i64>>(int: Int) -> Option<T> {
    T::try_from(i64::from_ne_bytes(int)).ok()
}

/// The value of a field in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    Absent,
    /// The bytes of a number, the least significant first.
    Bits(u64),
    /// So many bytes, which are asked for when their place is there.
    Text(usize),
}

/// A column of values for one field; `present` has a 1 for each row that has one, `None`: all have.
pub struct Column<'a> {
    pub field: usize,
    pub values: Values<'a>,
    pub present: Option<&'a [u8]>,
}

pub enum Values<'a> {
    /// Values of one size, from byte `start` of `data` on, `step` bytes apart. Rows with the bits of `left_out` have none.
    Fixed { data: &'a [u8], start: usize, step: usize, left_out: Option<u64> },
    /// `counts[row]` elements from byte `starts[row]` of `data` on.
    Spans { data: &'a [u8], starts: &'a [Int], counts: &'a [Int] },
}

/// Why no frames came of the columns.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A column does not hold what it says.
    Columns,
    /// The payload of this row would be longer than one can be.
    TooLong(usize),
}

/// The most bytes that the frames of these rows can take: every field present, every span with all its padding.
pub fn most<C: Checksum>(form: &Form, columns: &[Column<'_>], rows: &Range<usize>) -> Option<usize> {
    let mut total = rows.len().checked_mul(framed_len::<C>(form.most))?;
    for column in columns {
        let (Values::Spans { counts, .. }, Kind::Span { width, align, .. }) =
            (&column.values, form.fields.get(column.field)?.kind)
        else {
            continue;
        };
        total = total.checked_add(rows.len().checked_mul(align + OFFSET_SIZE + 1)?)?;
        for count in counts.get(rows.clone())? {
            total = total.checked_add(number::<usize>(*count)?.checked_mul(width)?)?;
        }
    }
    Some(total)
}

/// Write the frames of rows `from..to` of the columns to the start of `out`, which has room for the `most` that they can
/// take; the bytes that they took.
pub fn frame_columns<C: Checksum>(
    form: &Form,
    layouts: &mut Layouts,
    columns: &[Column<'_>],
    rows: Range<usize>,
    checksum: &C,
    out: &mut [u8],
) -> Result<usize, Refusal> {
    let width = words(form.fields.len());
    let mut present = vec![0; BLOCK * width];
    let (mut row, mut end) = (rows.start, 0);
    while row < rows.end {
        let count = BLOCK.min(rows.end - row);
        for column in columns {
            mark(form, column, row..row + count, width, &mut present).ok_or(Refusal::Columns)?;
        }
        let mut done = 0;
        while done < count {
            let run = alike(&present[done * width..count * width], width);
            let bits = &present[done * width..][..width];
            end += write_run(form, layouts, columns, bits, row + done..row + done + run, checksum, &mut out[end..])?;
            done += run;
        }
        present.fill(0);
        row += count;
    }
    Ok(end)
}

/// How many rows, from the first on, have the same fields.
fn alike(present: &[u64], width: usize) -> usize {
    if width == 1 {
        return present.iter().take_while(|other| **other == present[0]).count();
    }
    present.chunks_exact(width).take_while(|other| **other == present[..width]).count()
}

/// Set the bit of a column's field for the rows that have it.
fn mark(form: &Form, column: &Column<'_>, rows: Range<usize>, width: usize, bits: &mut [u64]) -> Option<()> {
    let bit = 1 << (column.field % 64);
    let words = bits[column.field / 64..].iter_mut().step_by(width).take(rows.len());
    let mask = match column.present {
        Some(mask) => Some(mask.get(rows.clone())?),
        None => None,
    };
    let (&Values::Fixed { data, start, step, left_out: Some(left_out) }, Kind::Fixed { size, .. }) =
        (&column.values, form.fields.get(column.field)?.kind)
    else {
        match mask {
            None => words.for_each(|word| *word |= bit),
            Some(mask) => words.zip(mask).for_each(|(word, &there)| *word |= if there == 0 { 0 } else { bit }),
        }
        return Some(());
    };
    let values = strided(data, start, step, rows.clone(), size)?;
    if size == 8 && step == 8 && mask.is_none() && width == 1 {
        // The usual case, in a form of which the compiler makes vector code.
        let left_out = left_out.to_le_bytes();
        for (word, value) in bits.iter_mut().zip(values.as_chunks::<8>().0) {
            *word |= u64::from(*value != left_out) << (column.field % 64);
        }
        return Some(());
    }
    for (row, word) in words.enumerate() {
        if mask.is_none_or(|mask| mask[row] != 0) && bits_at(values, row * step, size) != left_out {
            *word |= bit;
        }
    }
    Some(())
}

/// The bytes from the first value of these rows to the end of the last.
fn strided(data: &[u8], start: usize, step: usize, rows: Range<usize>, size: usize) -> Option<&[u8]> {
    let from = start.checked_add(step.checked_mul(rows.start)?)?;
    let to = start.checked_add(step.checked_mul(rows.end.checked_sub(1)?)?)?.checked_add(size)?;
    data.get(from..to)
}

/// A number of up to 8 bytes, little-endian.
fn bits_at(data: &[u8], place: usize, size: usize) -> u64 {
    data[place..][..size].iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte))
}

/// Write the frames of rows that have the same fields.
fn write_run<C: Checksum>(
    form: &Form,
    layouts: &mut Layouts,
    columns: &[Column<'_>],
    present: &[u64],
    rows: Range<usize>,
    checksum: &C,
    out: &mut [u8],
) -> Result<usize, Refusal> {
    let layout = layouts.of(form, present);
    if !layout.spans.is_empty() {
        let mut end = 0;
        for row in rows {
            let place = |field: usize| columns.iter().find(|column| column.field == field);
            let start = end + LENGTH_SIZE + C::WIDTH;
            let mut cursor = start + layout.template.len();
            out[start..cursor].copy_from_slice(&layout.template);
            for column in columns.iter().filter(|column| has(present, column.field)) {
                if let (&Values::Fixed { data, start: first, step, .. }, Kind::Fixed { size, .. }) =
                    (&column.values, form.fields[column.field].kind)
                {
                    let value = strided(data, first, step, row..row + 1, size).ok_or(Refusal::Columns)?;
                    out[start + layout.places[column.field]..][..size].copy_from_slice(value);
                }
            }
            for &field in &layout.spans {
                let (
                    Some(Column { values: Values::Spans { data, starts, counts }, .. }),
                    Kind::Span { width, align, closed },
                ) = (place(field), form.fields[field].kind)
                else {
                    return Err(Refusal::Columns);
                };
                let count = counts.get(row).copied().and_then(number::<u32>).ok_or(Refusal::TooLong(row))?;
                let from = starts.get(row).copied().and_then(number::<usize>).ok_or(Refusal::Columns)?;
                let elements = data.get(from..).and_then(|data| data.get(..count as usize * width));
                let elements = elements.ok_or(Refusal::Columns)?;
                let offset = start + layout.places[field];
                cursor =
                    start + put_span(&mut out[start..], cursor - start, offset - start, count, elements, align, closed);
            }
            if cursor - start > form.longest {
                return Err(Refusal::TooLong(row));
            }
            finish(checksum, &mut out[end..cursor]);
            end = cursor;
        }
        return Ok(end);
    }
    let (header, size) = (LENGTH_SIZE + C::WIDTH, framed_len::<C>(layout.template.len()));
    let out = &mut out[..size * rows.len()];
    repeat(out, size, |first| {
        first[..LENGTH_SIZE].copy_from_slice(&(layout.template.len() as u32).to_le_bytes());
        first[header..].copy_from_slice(&layout.template);
    });
    for column in columns.iter().filter(|column| has(present, column.field)) {
        let (&Values::Fixed { data, start, step, .. }, Kind::Fixed { size: width, .. }) =
            (&column.values, form.fields[column.field].kind)
        else {
            return Err(Refusal::Columns);
        };
        let values = strided(data, start, step, rows.clone(), width).ok_or(Refusal::Columns)?;
        let place = header + layout.places[column.field];
        match width {
            1 => scatter::<1>(values, step, out, size, place),
            2 => scatter::<2>(values, step, out, size, place),
            4 => scatter::<4>(values, step, out, size, place),
            8 => scatter::<8>(values, step, out, size, place),
            _ => {
                for (row, frame) in out.chunks_exact_mut(size).enumerate() {
                    frame[place..][..width].copy_from_slice(&values[row * step..][..width]);
                }
            }
        }
    }
    if C::WIDTH > 0 {
        for frame in out.chunks_exact_mut(size) {
            finish(checksum, frame);
        }
    }
    Ok(out.len())
}

/// Fill `out` with pieces of `size` bytes that are all like the first, which `make` writes over zeros.
fn repeat(out: &mut [u8], size: usize, make: impl FnOnce(&mut [u8])) {
    if out.is_empty() {
        return;
    }
    out[..size].fill(0);
    make(&mut out[..size]);
    let mut filled = size;
    while filled < out.len() {
        let more = filled.min(out.len() - filled);
        out.copy_within(..more, filled);
        filled += more;
    }
}

#[inline(always)]
fn scatter<const N: usize>(values: &[u8], step: usize, out: &mut [u8], size: usize, place: usize) {
    let frames = out.chunks_exact_mut(size);
    if step == N {
        for (frame, value) in frames.zip(values.as_chunks::<N>().0) {
            frame[place..][..N].copy_from_slice(value);
        }
    } else {
        for (row, frame) in frames.enumerate() {
            frame[place..][..N].copy_from_slice(&values[row * step..][..N]);
        }
    }
}

/// Put a span behind the `end` of a payload, and let the offset at `offset` lead to it; the new end.
#[inline(always)]
fn put_span(
    payload: &mut [u8],
    end: usize,
    offset: usize,
    count: u32,
    elements: &[u8],
    align: usize,
    closed: bool,
) -> usize {
    let place = (end + OFFSET_SIZE).next_multiple_of(align) - OFFSET_SIZE;
    payload[end..place].fill(0);
    payload[offset..][..OFFSET_SIZE].copy_from_slice(&((place - offset) as u32).to_le_bytes());
    payload[place..][..OFFSET_SIZE].copy_from_slice(&count.to_le_bytes());
    let start = place + OFFSET_SIZE;
    payload[start..][..elements.len()].copy_from_slice(elements);
    let stop = start + elements.len();
    if closed {
        payload[stop] = 0;
        return stop + 1;
    }
    stop
}

/// Put length and checksum in front of the payload of a frame.
#[inline(always)]
fn finish<C: Checksum>(checksum: &C, frame: &mut [u8]) {
    let (header, payload) = frame.split_at_mut(LENGTH_SIZE + C::WIDTH);
    head(checksum, payload, header);
}

/// The most bytes that the payload of one row can take; `None` if that is more than it may have.
#[inline(always)]
pub fn most_of_row(form: &Form, cells: &[Cell]) -> Option<usize> {
    let mut most = form.most;
    for (cell, field) in cells.iter().zip(&form.fields) {
        if let (Cell::Text(len), Kind::Span { align, .. }) = (cell, field.kind) {
            most = most.checked_add(len.checked_add(align + OFFSET_SIZE + 1)?)?;
        }
    }
    (most <= form.longest).then_some(most)
}

/// Write the payload of one row, by the layout of its fields, to the start of `out`, which has room for the most that it can
/// take; the bytes that it took. There is a cell for each field, of its kind; `text` hands the bytes of one that is text to
/// a function.
#[inline(always)]
pub fn write_row(
    form: &Form,
    layout: &Layout,
    cells: &[Cell],
    text: impl Fn(usize, &mut dyn FnMut(&[u8])),
    out: &mut [u8],
) -> usize {
    let mut end = layout.template.len();
    out[..end].copy_from_slice(&layout.template);
    for (index, (cell, &place)) in cells.iter().zip(&layout.places).enumerate() {
        match (*cell, form.fields[index].kind) {
            (Cell::Bits(bits), Kind::Fixed { size: 8, .. }) => out[place..][..8].copy_from_slice(&bits.to_le_bytes()),
            (Cell::Bits(bits), Kind::Fixed { size, .. }) => {
                out[place..][..size].copy_from_slice(&bits.to_le_bytes()[..size]);
            }
            (Cell::Text(_), Kind::Span { align, closed, .. }) => text(index, &mut |text| {
                end = put_span(out, end, place, text.len() as u32, text, align, closed);
            }),
            _ => {}
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::super::layout::Field;
    use super::*;
    use crate::checksum::NoChecksum;

    fn form(longest: usize) -> Form {
        let number = Field { slot: 0, kind: Kind::Fixed { size: 4, align: 4 } };
        let text = Field { slot: 1, kind: Kind::Span { width: 1, align: 4, closed: true } };
        Form::new(vec![number, text], vec![0; 4], longest)
    }

    fn framed(columns: &[Column<'_>], rows: usize, longest: usize) -> Result<Vec<u8>, Refusal> {
        let form = form(longest);
        let mut out = vec![0xaa; most::<NoChecksum>(&form, columns, &(0..rows)).ok_or(Refusal::Columns)?];
        let end = frame_columns(&form, &mut Layouts::default(), columns, 0..rows, &NoChecksum, &mut out)?;
        out.truncate(end);
        Ok(out)
    }

    fn numbers(data: &[u8]) -> Column<'_> {
        Column { field: 0, values: Values::Fixed { data, start: 0, step: 4, left_out: Some(0) }, present: None }
    }

    const NUMBER: [u8; 24] =
        [20, 0, 0, 0, 4, 0, 0, 0, 0xf8, 0xff, 0xff, 0xff, 7, 0, 0, 0, 6, 0, 8, 0, 4, 0, 0xaa, 0xaa];

    #[test]
    fn a_number_is_written_and_its_default_is_left_out() {
        let frames = framed(&[numbers(&[7, 0, 0, 0, 0, 0, 0, 0])], 2, 99).unwrap();
        assert_eq!(frames[..4], [18, 0, 0, 0]);
        assert_eq!(frames[4..22], NUMBER[4..22]);
        assert_eq!(frames[22..], [12, 0, 0, 0, 4, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff, 4, 0, 4, 0]);
    }

    #[test]
    fn many_rows_are_as_one() {
        let data: Vec<u8> = (0..1500_u32).flat_map(|row| (row % 3).to_le_bytes()).collect();
        let all = framed(&[numbers(&data)], 1500, 99).unwrap();
        let one: Vec<u8> = data.chunks(4).flat_map(|row| framed(&[numbers(row)], 1, 99).unwrap()).collect();
        assert_eq!(all, one);
    }

    #[test]
    fn a_text_lies_behind_the_vtable_and_ends_in_a_nul() {
        let (starts, counts) = ([1_i64.to_ne_bytes()], [2_i64.to_ne_bytes()]);
        let text = Column {
            field: 1,
            values: Values::Spans { data: b"abcd", starts: &starts, counts: &counts },
            present: None,
        };
        let frame = framed(&[text], 1, 99).unwrap();
        assert_eq!(frame[12..16], [12, 0, 0, 0]);
        assert_eq!(frame[24..], *b"\x02\0\0\0bc\0");
    }

    #[test]
    fn what_a_column_does_not_hold_is_not_written() {
        assert_eq!(framed(&[numbers(&[1; 7])], 2, 99), Err(Refusal::Columns));
        let (starts, counts) = ([1_i64.to_ne_bytes()], [4_i64.to_ne_bytes()]);
        let text = || Column {
            field: 1,
            values: Values::Spans { data: b"abcd", starts: &starts, counts: &counts },
            present: None,
        };
        assert_eq!(framed(&[text()], 1, 99), Err(Refusal::Columns));
        let starts = [0_i64.to_ne_bytes()];
        let text = Column {
            field: 1,
            values: Values::Spans { data: b"abcd", starts: &starts, counts: &counts },
            present: None,
        };
        assert_eq!(framed(&[text], 1, 20), Err(Refusal::TooLong(0)));
    }

    #[test]
    fn a_row_is_as_a_column_of_one() {
        let form = form(99);
        let cells = [Cell::Bits(7), Cell::Text(3)];
        let mut out = vec![0xaa; most_of_row(&form, &cells).unwrap()];
        let text = |_: usize, take: &mut dyn FnMut(&[u8])| take(b"xyz");
        let end = write_row(&form, &form.lay_out(&[0b11]), &cells, text, &mut out);
        let (starts, counts) = ([0_i64.to_ne_bytes()], [3_i64.to_ne_bytes()]);
        let text = Column {
            field: 1,
            values: Values::Spans { data: b"xyz", starts: &starts, counts: &counts },
            present: None,
        };
        assert_eq!(out[..end], framed(&[numbers(&[7, 0, 0, 0]), text], 1, 99).unwrap()[4..]);
        assert_eq!(most_of_row(&form, &[Cell::Absent, Cell::Text(90)]), None);
    }
}
