//! Many messages at a time: from payloads in a buffer to columns, as `flatstream/records/gather.py`.
//!
//! Payloads of one writer mostly have one shape: the same size, and root offset and vtable of the same bytes at the same
//! place. What was found out about the fields of one holds for all, so that a run of them is read column by column.

use super::{is_inside, target, text, u32_at, vector, Table};

/// Payloads of one shape that are read at a time, and bytes of them: so that they are still in the cache for each column.
const RUN: usize = 1024;
const RUN_BYTES: usize = 1 << 16;

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

/// Where the values of a field go: a place for each row, and in `absent` a 1 where there is none.
pub struct Out<'a> {
    pub values: Values<'a>,
    pub absent: &'a mut [u8],
    /// Whether there is a row that has none.
    pub lacks: bool,
}

/// An i64 in the machine's byte order, as columns of Python have them.
pub type Int = [u8; 8];

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
    first: [Window; WINDOWS],
    more: Vec<Window>,
    /// Where each field lies; `None` if it is absent.
    places: Vec<Option<usize>>,
}

/// Windows that are compared in any case: as many as a small table has.
const WINDOWS: usize = 4;

/// Eight bytes at a place, of which those under the mask are what they are in all payloads of the shape.
#[derive(Clone, Copy, Default)]
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
        let marked = |index: usize| u64::from(bytes[place + index] && place + index >= next) * 0xff << (8 * index);
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

    /// Read rows, at `(start, length)` in `source`, into `outs`, one for each field. `Err` with the first row that is
    /// not sound as far as these fields go, or that does not lie in the source.
    pub fn gather(
        &self,
        source: &[u8],
        rows: usize,
        place: impl Fn(usize) -> Option<(usize, usize)>,
        outs: &mut [Out<'_>],
    ) -> Result<(), usize> {
        let payload = |row: usize| {
            let (start, length) = place(row)?;
            Some((start, source.get(start..start.checked_add(length)?)?))
        };
        if rows == 0 {
            return Ok(());
        }
        let (_, first) = payload(0).ok_or(0_usize)?;
        let mut shape = self.shape(first).ok_or(0_usize)?;
        let mut starts = Vec::with_capacity(RUN);
        let mut row = 0;
        while row < rows {
            let (start, first) = payload(row).ok_or(row)?;
            if !shape.is_of(first) {
                shape = self.shape(first).ok_or(row)?;
            }
            starts.clear();
            starts.push(start);
            let most = (RUN_BYTES / shape.size).clamp(16, RUN).min(rows - row);
            while starts.len() < most {
                match payload(row + starts.len()) {
                    Some((start, next)) if shape.is_of(next) => starts.push(start),
                    _ => break,
                }
            }
            let mut sound = starts.len();
            for ((field, place), out) in self.fields.iter().zip(&shape.places).zip(outs.iter_mut()) {
                let good = read_run(source, field, shape.size, *place, &starts, row, out);
                sound = sound.min(good);
            }
            if sound < starts.len() {
                return Err(row + sound);
            }
            row += starts.len();
        }
        Ok(())
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
        for (start, len) in [(table.start, 4), (table.vtable, table.vtable_len)] {
            decisive[start as usize..][..len as usize].fill(true);
        }
        let mut more = windows(payload, &decisive);
        let mut first = [Window::default(); WINDOWS];
        for (window, found) in first.iter_mut().zip(more.drain(..WINDOWS.min(more.len()))) {
            *window = found;
        }
        Some(Shape { size: payload.len(), first, more, places })
    }
}

impl Shape {
    /// Whether it is that of a payload, too.
    #[inline(always)]
    fn is_of(&self, payload: &[u8]) -> bool {
        payload.len() == self.size
            && self.first.iter().fold(0, |differs, window| differs | window.differs(payload)) == 0
            && self.more.iter().all(|window| window.differs(payload) == 0)
    }
}

/// Read a field of the payloads of one shape that begin at `starts`, for the rows from `row` on. The number of rows that
/// are sound, up to the first that is not.
fn read_run(
    source: &[u8],
    field: &Field,
    size: usize,
    place: Option<usize>,
    starts: &[usize],
    row: usize,
    out: &mut Out<'_>,
) -> usize {
    let count = starts.len();
    let rows = row..row + count;
    let Some(place) = place else {
        out.absent[rows.clone()].fill(1);
        out.lacks = true;
        match &mut out.values {
            Values::Fixed(values) => {
                let width = values.len() / out.absent.len();
                values[rows.start * width..rows.end * width].fill(0);
            }
            Values::Spans(from, counts) => {
                from[rows.clone()].fill([0; 8]);
                counts[rows].fill([0; 8]);
            }
        }
        return count;
    };
    match (&mut out.values, field.kind) {
        (Values::Fixed(values), Kind::Fixed { size, .. }) => {
            let width = size as usize;
            let values = &mut values[rows.start * width..rows.end * width];
            match width {
                1 => copy::<1>(source, starts, place, values),
                2 => copy::<2>(source, starts, place, values),
                4 => copy::<4>(source, starts, place, values),
                8 => copy::<8>(source, starts, place, values),
                _ => {
                    for (value, start) in values.chunks_exact_mut(width).zip(starts) {
                        value.copy_from_slice(&source[start + place..][..width]);
                    }
                }
            }
            count
        }
        (Values::Spans(from, counts), kind) => {
            let spans = from[rows.clone()].iter_mut().zip(&mut counts[rows]);
            for (index, ((from, count), start)) in spans.zip(starts).enumerate() {
                let payload = &source[*start..][..size];
                let Some((place, found)) = span(payload, place as u64, kind) else { return index };
                (*from, *count) = ((*start as u64 + place).to_ne_bytes(), found.to_ne_bytes());
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
fn copy<const N: usize>(source: &[u8], starts: &[usize], place: usize, values: &mut [u8]) {
    for (value, start) in values.as_chunks_mut::<N>().0.iter_mut().zip(starts) {
        value.copy_from_slice(&source[start + place..][..N]);
    }
}
