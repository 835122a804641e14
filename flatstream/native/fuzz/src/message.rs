//! The model of messages: a payload of any bytes read field by field, by the rules of `flatstream/records/verify.py`.
//!
//! It goes through vtables with a recursion and an offset at a time, and knows of no other payload.

/// What a field is. `align` is that of the elements, or of the value itself.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A number or a struct, inside of the table.
    Inline {
        size: usize,
        align: usize,
    },
    Text,
    Vector {
        size: usize,
        align: usize,
    },
    Table(usize),
    /// By the tag, which is the field of the slot before.
    Union(Vec<(u8, Kind)>),
    Texts,
    Tables(usize),
    /// Bytes that are a buffer of their own, with that root table.
    Nested(usize),
}

#[derive(Clone, Debug)]
pub struct Field {
    pub slot: usize,
    pub required: bool,
    pub kind: Kind,
}

/// How deep tables are nested, how many of them there are, and how many bytes reading all of them would touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub depth: usize,
    pub tables: usize,
    pub apparent: usize,
}

/// What a message is: the fields of each table, the first of which is the root, and the largest extent that it may have.
#[derive(Clone, Debug)]
pub struct Layout {
    pub tables: Vec<Vec<Field>>,
    pub identifier: Option<[u8; 4]>,
    pub limits: Extent,
}

/// A field of the root table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Absent,
    /// The bytes of the value.
    Inline(Vec<u8>),
    /// Where in the payload the elements begin, and how many there are.
    Span(usize, usize),
}

const LARGEST: usize = (1 << 31) - 1;

fn number(buffer: &[u8], at: usize, size: usize) -> Option<usize> {
    let mut word = [0; 8];
    word[..size].copy_from_slice(buffer.get(at..at + size)?);
    Some(u64::from_le_bytes(word) as usize)
}

fn aligned(buffer: &[u8], at: usize, size: usize, align: usize) -> Option<usize> {
    (at.is_multiple_of(align) && at + size <= buffer.len()).then_some(at)
}

/// Where the root table begins.
fn root(buffer: &[u8], identifier: Option<[u8; 4]>) -> Option<usize> {
    if buffer.len() < 12 || identifier.is_some_and(|identifier| buffer[4..8] != identifier) {
        return None;
    }
    number(buffer, 0, 4).filter(|root| (1..=LARGEST).contains(root))
}

/// Where the vtable of a table is, and the bytes that it says to have.
fn vtable(buffer: &[u8], table: usize) -> Option<(usize, usize)> {
    let back = number(buffer, aligned(buffer, table, 4, 4)?, 4)? as u32 as i32;
    let start = usize::try_from(i64::try_from(table).ok()? - i64::from(back)).ok()?;
    let length = number(buffer, aligned(buffer, start, 2, 2)?, 2)?;
    aligned(buffer, start, length, 2)?;
    (length % 2 == 0).then_some((start, length))
}

/// Where a field of a table would be; `None` if it is absent.
fn place(buffer: &[u8], table: usize, (start, length): (usize, usize), slot: usize) -> Option<usize> {
    let entry = 4 + 2 * slot;
    let offset = if entry < length { number(buffer, start + entry, 2)? } else { 0 };
    (offset > 0).then_some(table + offset)
}

/// Where an offset leads.
fn follow(buffer: &[u8], at: usize) -> Option<usize> {
    let forward = number(buffer, aligned(buffer, at, 4, 4)?, 4)?;
    ((1..=LARGEST).contains(&forward) && at + forward < buffer.len()).then_some(at + forward)
}

/// The bytes of a text.
fn text(buffer: &[u8], at: usize) -> Option<usize> {
    let length = number(buffer, aligned(buffer, at, 4, 4)?, 4)?;
    let (last, text) = buffer.get(at + 4..at + 5 + length)?.split_last()?;
    (*last == 0 && std::str::from_utf8(text).is_ok()).then_some(length)
}

/// The elements of a vector.
fn vector(buffer: &[u8], at: usize, size: usize, align: usize) -> Option<usize> {
    let count = number(buffer, aligned(buffer, at, 4, 4)?, 4)?;
    aligned(buffer, at + 4, count * size, align)?;
    Some(count)
}

impl Layout {
    /// The extent of a payload, if it can be read as this message, all of it, and that is within the limits.
    pub fn extent(&self, payload: &[u8]) -> Option<Extent> {
        let mut walk = Walk { layout: self, extent: Extent { depth: 1, tables: 1, apparent: 4 } };
        walk.table(payload, 0, root(payload, self.identifier)?, 1)?;
        Some(walk.extent)
    }

    /// Whether a column can be made of a field of the root table: no union, nor its tag, and nothing with tables in it.
    pub fn is_column(&self, index: usize) -> bool {
        let fields = &self.tables[0];
        let tags = fields.get(index + 1).is_some_and(|next| matches!(next.kind, Kind::Union(_)));
        !tags && !matches!(fields[index].kind, Kind::Table(_) | Kind::Union(_) | Kind::Texts | Kind::Tables(_))
    }

    /// The fields of the root table of which columns can be made; `None` if one of them does not lie in the payload, or
    /// is required and absent.
    pub fn read(&self, payload: &[u8]) -> Option<Vec<Cell>> {
        let start = root(payload, self.identifier)?;
        let vtable = vtable(payload, start)?;
        let columns = self.tables[0].iter().enumerate().filter(|(index, _)| self.is_column(*index));
        let cell = |(_, field): (usize, &Field)| {
            let Some(at) = place(payload, start, vtable, field.slot) else {
                return (!field.required).then_some(Cell::Absent);
            };
            Some(match field.kind {
                Kind::Inline { size, align } => {
                    Cell::Inline(payload[aligned(payload, at, size, align)?..][..size].to_vec())
                }
                Kind::Text => follow(payload, at).and_then(|to| Some(Cell::Span(to + 4, text(payload, to)?)))?,
                Kind::Vector { size, align } => {
                    follow(payload, at).and_then(|to| Some(Cell::Span(to + 4, vector(payload, to, size, align)?)))?
                }
                _ => follow(payload, at).and_then(|to| Some(Cell::Span(to + 4, vector(payload, to, 1, 1)?)))?,
            })
        };
        columns.map(cell).collect()
    }
}

/// A walk over all of a message; the extent of what it has seen, which only grows, so that the order does not matter.
struct Walk<'a> {
    layout: &'a Layout,
    extent: Extent,
}

impl Walk<'_> {
    fn add(&mut self, tables: usize, bytes: usize) -> Option<()> {
        self.extent.tables += tables;
        self.extent.apparent += bytes;
        let (extent, limits) = (self.extent, self.layout.limits);
        let within =
            extent.depth <= limits.depth && extent.tables <= limits.tables && extent.apparent <= limits.apparent;
        within.then_some(())
    }

    fn table(&mut self, buffer: &[u8], which: usize, start: usize, depth: usize) -> Option<()> {
        let vtable = vtable(buffer, start)?;
        self.extent.depth = self.extent.depth.max(depth);
        self.add(0, 4 + vtable.1)?;
        for field in &self.layout.tables[which] {
            let tag = match &field.kind {
                Kind::Union(_) => {
                    place(buffer, start, vtable, field.slot - 1).map_or(Some(0), |at| number(buffer, at, 1))?
                }
                _ => 0,
            };
            let Some(at) = place(buffer, start, vtable, field.slot) else {
                if field.required || tag != 0 {
                    return None;
                }
                continue;
            };
            if let Kind::Inline { size, align } = field.kind {
                aligned(buffer, at, size, align)?;
                self.add(0, size)?;
                continue;
            }
            let to = follow(buffer, at)?;
            self.add(0, 4)?;
            match &field.kind {
                Kind::Union(_) if tag == 0 => return None,
                // One of a newer schema nobody here can look at.
                Kind::Union(members) => {
                    let member = members.iter().find(|member| usize::from(member.0) == tag);
                    member.map_or(Some(()), |(_, kind)| self.value(buffer, kind, to, depth))?;
                }
                kind => self.value(buffer, kind, to, depth)?,
            }
        }
        Some(())
    }

    /// What an offset leads to.
    fn value(&mut self, buffer: &[u8], kind: &Kind, at: usize, depth: usize) -> Option<()> {
        match *kind {
            Kind::Inline { size, align } => {
                aligned(buffer, at, size, align)?;
                self.add(0, size)
            }
            Kind::Text => self.add(0, 5 + text(buffer, at)?),
            Kind::Vector { size, align } => self.add(0, 4 + size * vector(buffer, at, size, align)?),
            Kind::Table(which) => {
                self.add(1, 0)?;
                self.table(buffer, which, at, depth + 1)
            }
            Kind::Nested(which) => {
                let count = vector(buffer, at, 1, 1)?;
                self.add(1, 4 + count + 4)?;
                let inner = &buffer[at + 4..][..count];
                self.table(inner, which, root(inner, None)?, depth + 1)
            }
            Kind::Texts | Kind::Tables(_) => {
                let count = vector(buffer, at, 4, 4)?;
                let tables = if let Kind::Tables(_) = kind { count } else { 0 };
                self.add(tables, 4 + 4 * count)?;
                for slot in (0..count).map(|index| at + 4 + 4 * index) {
                    let item = slot + number(buffer, slot, 4)?;
                    match *kind {
                        Kind::Tables(which) => self.table(buffer, which, item, depth + 1)?,
                        _ => self.add(0, 5 + text(buffer, item)?)?,
                    }
                }
                Some(())
            }
            Kind::Union(_) => unreachable!("a union has no union in it"),
        }
    }
}
