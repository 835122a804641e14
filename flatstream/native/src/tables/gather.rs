//! Many messages at a time: from payloads in a buffer to columns, as `flatstream/records/gather.py`.
//!
//! Payloads of one writer mostly have one shape: the same size, and root offset and vtable of the same bytes at the same
//! place. What was found out about the fields of one holds for all, so that a run of them is read column by column.

use std::ops::Range;

use super::{is_inside, target, text, u32_at, vector, Int, Table};
use crate::prefetch::ahead;

/// Payloads of one shape that are read at a time, and bytes of them: so that they are still in the cache for each column.
const RUN: usize = 1024;
const RUN_BYTES: usize = 1 << 15;

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Fixed { size: u64, align: u64 },
    Text,
    Vector { width: u64, align: u64 },
}

/// A field that is read: the place of its entry in the vtable, and what it is.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub entry: u64,
    pub required: bool,
    pub kind: Kind,
}

/// Where the values of a field go: a place for each row.
pub struct Out<'a> {
    pub values: Values<'a>,
    /// A 1 for each row that has none; empty as long as there is no such row, since most streams have none, and the memory
    /// that nobody needs would take its turn in the cache.
    pub absent: &'a mut Vec<u8>,
}

pub enum Values<'a> {
    /// The bytes of the values, one behind the other.
    Fixed(&'a mut [u8]),
    /// From which byte of the source on how many elements lie.
    Spans(&'a mut [Int], &'a mut [Int]),
}

pub struct Gatherer {
    pub fields: Vec<Field>,
    identifier: Option<[u8; 4]>,
}

/// What payloads that differ in nothing but their values have in common.
struct Shape {
    size: usize,
    /// The bytes that decide where fields lie: root offset, file identifier, the table's offset to the vtable, the vtable.
    windows: Vec<Window>,
    /// Where each field lies; `None` if it is absent.
    places: Vec<Option<usize>>,
}

/// Eight bytes at a place, of which those under the mask are what they are in all payloads of the shape.
#[derive(Clone, Copy)]
struct Window {
    place: usize,
    mask: u64,
    bits: u64,
}

impl Window {
    /// What differs, as bits.
    #[inline(always)]
    fn differs(&self, payload: &[u8]) -> u64 {
        match payload.get(self.place..).and_then(|rest| rest.first_chunk()) {
            Some(bytes) => (u64::from_le_bytes(*bytes) ^ self.bits) & self.mask,
            None => 1,
        }
    }
}

/// The windows on some bytes of a payload, which has eight or more.
fn windows(payload: &[u8], bytes: &[bool]) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut next = 0;
    while let Some(more) = bytes.get(next..).and_then(|rest| rest.iter().position(|&counts| counts)) {
        let place = (next + more).min(payload.len() - 8);
        let marked = |index: usize| (u64::from(bytes[place + index] && place + index >= next) * 0xff) << (8 * index);
        let mask = (0..8).map(marked).sum();
        let bits = (0..8).map(|index| u64::from(payload[place + index]) << (8 * index)).sum::<u64>() & mask;
        windows.push(Window { place, mask, bits });
        next = place + 8;
    }
    windows
}

impl Gatherer {
    pub fn new(fields: Vec<Field>, identifier: Option<[u8; 4]>) -> Self {
        Self { fields, identifier }
    }

    /// Read the payloads at `places` in `source` into `outs`, one for each field. `Err` with the first row that is not
    /// sound as far as these fields go, or that does not lie in the source.
    pub fn gather(&self, source: &[u8], places: &Places<'_>, outs: &mut [Out<'_>]) -> Result<(), usize> {
        let mut shape: Option<Shape> = None;
        let mut starts = Vec::with_capacity(RUN);
        let (mut row, rows) = (0, places.len());
        while row < rows {
            let (start, length) = places.get(row).ok_or(row)?;
            let first = start.checked_add(length).and_then(|end| source.get(start..end)).ok_or(row)?;
            let known = shape.take().filter(|shape| shape.is_of(first));
            let shape = shape.insert(match known {
                Some(shape) => shape,
                None => self.shape(first).ok_or(row)?,
            });
            let most = (RUN_BYTES / length).clamp(16, RUN).min(rows - row);
            let (count, sound) = if let Some((step, count)) = places.even(row, most, source) {
                let gap = step - length;
                let frames = &source[start - gap..][..count * step];
                let payloads = frames.chunks_exact(step).map(|frame| &frame[gap..]);
                self.read(shape, &payloads, |index| start + index * step, row, outs)
            } else {
                starts.clear();
                starts.extend((row..row + most).map_while(|row| {
                    let (start, length) = places.get(row)?;
                    (length == shape.size && source.len().checked_sub(length)? >= start).then_some(start)
                }));
                let payloads = starts.iter().map(|&start| &source[start..][..shape.size]);
                self.read(shape, &payloads, |index| starts[index], row, outs)
            };
            if sound < count {
                return Err(row + sound);
            }
            row += count;
        }
        Ok(())
    }

    /// Read payloads of one size, as many from the first on as have the shape: their number, and how many are sound.
    #[inline(always)]
    fn read<'a>(
        &self,
        shape: &Shape,
        payloads: &(impl Iterator<Item = &'a [u8]> + Clone),
        start: impl Fn(usize) -> usize,
        row: usize,
        outs: &mut [Out<'_>],
    ) -> (usize, usize) {
        let count = shape.alike(payloads);
        let mut sound = count;
        for ((field, place), out) in self.fields.iter().zip(&shape.places).zip(outs.iter_mut()) {
            sound = sound.min(read_field(field, *place, payloads.clone(), &start, row..row + count, out));
        }
        (count, sound)
    }

    /// The shape of a payload, if all places of these fields lie in it.
    fn shape(&self, payload: &[u8]) -> Option<Shape> {
        let table = Table::root(payload, self.identifier)?;
        let mut places = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let place = table.field(payload, field.entry);
            match place {
                None if field.required => return None,
                None => {}
                Some(place) => {
                    let (size, align) = match field.kind {
                        Kind::Fixed { size, align } => (size, align),
                        Kind::Text | Kind::Vector { .. } => (4, 4),
                    };
                    is_inside(place, size, align, payload.len() as u64).then_some(())?;
                }
            }
            places.push(place.map(|place| place as usize));
        }
        let mut decisive = vec![false; payload.len()];
        decisive[..4].fill(true);
        decisive[4..8].fill(self.identifier.is_some());
        // The length of a vtable counts also where it says that there are no bytes, not even its own.
        for (start, len) in [(table.start, 4), (table.vtable, table.vtable_len.max(2))] {
            decisive[start as usize..][..len as usize].fill(true);
        }
        Some(Shape { size: payload.len(), windows: windows(payload, &decisive), places })
    }
}

impl Shape {
    /// Whether it is that of a payload, too.
    fn is_of(&self, payload: &[u8]) -> bool {
        payload.len() == self.size && self.windows.iter().all(|window| window.differs(payload) == 0)
    }

    /// How many payloads, of its size, have it, from the first on.
    #[inline(always)]
    fn alike<'a>(&self, payloads: &(impl Iterator<Item = &'a [u8]> + Clone)) -> usize {
        // Over all of them without a branch, which is fast; where they are not alike, a payload at a time.
        let differ = match *self.windows.as_slice() {
            [a] => differ([a], payloads),
            [a, b] => differ([a, b], payloads),
            [a, b, c] => differ([a, b, c], payloads),
            [a, b, c, d, ref more @ ..] => {
                differ([a, b, c, d], payloads) || more.iter().any(|window| differ([*window], payloads))
            }
            [] => false,
        };
        if !differ {
            return payloads.clone().count();
        }
        payloads.clone().take_while(|payload| self.is_of(payload)).count()
    }
}

/// Whether one of the payloads is not the same through these windows.
#[inline(always)]
fn differ<'a, const N: usize>(windows: [Window; N], payloads: &(impl Iterator<Item = &'a [u8]> + Clone)) -> bool {
    payloads
        .clone()
        .inspect(|payload| ahead(payload))
        .fold(0, |differs, payload| windows.iter().fold(differs, |differs, window| differs | window.differs(payload)))
        != 0
}

/// Where payloads lie in the source: two columns of numbers in the machine's byte order.
pub struct Places<'a> {
    pub offsets: &'a [Int],
    pub lengths: &'a [[u8; 4]],
}

impl Places<'_> {
    fn len(&self) -> usize {
        self.offsets.len().min(self.lengths.len())
    }

    #[inline(always)]
    fn get(&self, row: usize) -> Option<(usize, usize)> {
        let start = usize::try_from(i64::from_ne_bytes(*self.offsets.get(row)?)).ok()?;
        Some((start, u32::from_ne_bytes(*self.lengths.get(row)?) as usize))
    }

    /// The step from each payload to the next, if some from `row` on, `most` of them or fewer, have one length, are evenly
    /// spaced and lie in the source with what is between them; and how many these are.
    fn even(&self, row: usize, most: usize, source: &[u8]) -> Option<(usize, usize)> {
        let ((start, length), (next, _)) = (self.get(row)?, self.get(row + 1)?);
        let step = next.checked_sub(start)?;
        let first = start.checked_sub(step.checked_sub(length)?)?;
        let most = most.min(source.len().checked_sub(first)?.checked_div(step)?);
        let (mut wanted, length) = (start as i64, length as u32);
        let (offsets, lengths) = (&self.offsets[row..][..most], &self.lengths[row..][..most]);
        let mut even = 0;
        for (offsets, lengths) in offsets.chunks(PIECE).zip(lengths.chunks(PIECE)) {
            let mut differs = 0;
            for (offset, found) in offsets.iter().zip(lengths) {
                differs |= i64::from_ne_bytes(*offset) ^ wanted;
                differs |= i64::from(u32::from_ne_bytes(*found) ^ length);
                wanted += step as i64;
            }
            if differs != 0 {
                break;
            }
            even += offsets.len();
        }
        (even > 1).then_some((step, even))
    }
}

/// Places that are looked at together for being even.
const PIECE: usize = 64;

/// Read a field of payloads of one shape into these rows; the number of rows that are sound, up to the first that is not.
/// `start` tells where in the source each of them begins.
#[inline(always)]
fn read_field<'a>(
    field: &Field,
    place: Option<usize>,
    payloads: impl Iterator<Item = &'a [u8]>,
    start: impl Fn(usize) -> usize,
    rows: Range<usize>,
    out: &mut Out<'_>,
) -> usize {
    let count = rows.len();
    let Some(place) = place else {
        let total = match (&mut out.values, field.kind) {
            (Values::Fixed(values), Kind::Fixed { size, .. }) => {
                let width = size as usize;
                values[rows.start * width..rows.end * width].fill(0);
                values.len() / width
            }
            (Values::Spans(from, counts), _) => {
                from[rows.clone()].fill([0; 8]);
                counts[rows.clone()].fill([0; 8]);
                counts.len()
            }
            (Values::Fixed(_), _) => 0,
        };
        out.absent.resize(total, 0);
        out.absent[rows].fill(1);
        return count;
    };
    match (&mut out.values, field.kind) {
        (Values::Fixed(values), Kind::Fixed { size, .. }) => {
            let width = size as usize;
            let values = &mut values[rows.start * width..rows.end * width];
            match width {
                1 => copy::<1>(payloads, place, values),
                2 => copy::<2>(payloads, place, values),
                4 => copy::<4>(payloads, place, values),
                8 => copy::<8>(payloads, place, values),
                _ => {
                    for (value, payload) in values.chunks_exact_mut(width).zip(payloads) {
                        value.copy_from_slice(&payload[place..][..width]);
                    }
                }
            }
            count
        }
        (Values::Spans(from, counts), kind) => {
            let spans = from[rows.clone()].iter_mut().zip(&mut counts[rows]);
            for (index, ((from, count), payload)) in spans.zip(payloads).enumerate() {
                let Some((place, found)) = span(payload, place as u64, kind) else { return index };
                (*from, *count) = ((start(index) as u64 + place).to_ne_bytes(), found.to_ne_bytes());
            }
            count
        }
        (Values::Fixed(_), _) => 0,
    }
}

/// Where the elements lie to which the offset at a place leads, and how many there are.
#[inline(always)]
fn span(payload: &[u8], place: u64, kind: Kind) -> Option<(u64, u64)> {
    let found = target(payload, place)?;
    let count = match kind {
        Kind::Text => text(payload, found)?.len() as u64,
        Kind::Vector { width, align } => vector(payload, found, width, align)?,
        Kind::Fixed { .. } => u32_at(payload, found)?,
    };
    Some((found + 4, count))
}

#[inline(always)]
fn copy<'a, const N: usize>(payloads: impl Iterator<Item = &'a [u8]>, place: usize, values: &mut [u8]) {
    for (value, payload) in values.as_chunks_mut::<N>().0.iter_mut().zip(payloads) {
        value.copy_from_slice(&payload[place..][..N]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with a number of 4 bytes, and one without.
    const WITH: &[u8] = &[4, 0, 0, 0, 0xf8, 0xff, 0xff, 0xff, 7, 0, 0, 0, 6, 0, 8, 0, 4, 0];
    const WITHOUT: &[u8] = &[4, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff, 4, 0, 4, 0];

    fn gathered(payloads: &[&[u8]], gap: usize, required: bool) -> Result<(Vec<u8>, Vec<u8>), usize> {
        let mut source = Vec::new();
        let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
        for payload in payloads {
            source.resize(source.len() + gap, 0);
            offsets.push((source.len() as i64).to_ne_bytes());
            lengths.push((payload.len() as u32).to_ne_bytes());
            source.extend_from_slice(payload);
        }
        let field = Field { entry: 4, required, kind: Kind::Fixed { size: 4, align: 4 } };
        let (mut values, mut absent) = (vec![0xaa; 4 * payloads.len()], Vec::new());
        let mut outs = [Out { values: Values::Fixed(&mut values), absent: &mut absent }];
        let places = Places { offsets: &offsets, lengths: &lengths };
        Gatherer::new(vec![field], None).gather(&source, &places, &mut outs)?;
        Ok((values, absent))
    }

    #[test]
    fn numbers_of_payloads_of_one_shape_and_of_several() {
        for gap in [0, 4] {
            assert_eq!(gathered(&[WITH; 3], gap, true), Ok(([7, 0, 0, 0].repeat(3), vec![])));
            let mixed = gathered(&[WITH, WITHOUT, WITH], gap, false);
            assert_eq!(mixed, Ok((vec![7, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0], vec![0, 1, 0])));
        }
        assert_eq!(gathered(&[], 4, true), Ok((vec![], vec![])));
    }

    #[test]
    fn the_first_row_that_is_not_sound_is_named() {
        assert_eq!(gathered(&[WITH, WITHOUT, WITH], 4, true), Err(1));
        for broken in 0..WITH.len() {
            if (8..12).contains(&broken) || (14..16).contains(&broken) {
                continue; // the number itself, and the table's size, which nobody needs
            }
            let mut payload = WITH.to_vec();
            payload[broken] ^= 0x81;
            let mut payloads = vec![WITH; 2000];
            payloads[1500] = &payload;
            assert_eq!(gathered(&payloads, 4, true), Err(1500), "byte {broken}");
        }
    }

    #[test]
    fn windows_are_on_the_bytes_that_count() {
        let payload: Vec<u8> = (0..20).collect();
        for (from, to) in [(0, 4), (0, 20), (3, 17), (16, 20), (12, 13)] {
            let marked: Vec<bool> = (0..20).map(|index| (from..to).contains(&index)).collect();
            let windows = windows(&payload, &marked);
            for index in 0..20 {
                let mut other = payload.clone();
                other[index] ^= 1;
                let differs = windows.iter().any(|window| window.differs(&other) != 0);
                assert_eq!(differs, (from..to).contains(&index));
            }
        }
    }
}
