//! Where the fields of a table lie, for each set of them that is present: the rules of `flatstream/records/layout.py`.

use std::collections::HashMap;

use super::OFFSET_SIZE;

/// A field of the table, in the order of the slots.
#[derive(Clone, Debug)]
pub struct Field {
    pub slot: usize,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// So many bytes inside the table, aligned.
    Fixed { size: usize, align: usize },
    /// An offset in the table, to a count and as many elements, which are aligned; `closed` by a NUL, as a string is.
    Span { width: usize, align: usize, closed: bool },
}

impl Kind {
    fn inline_size(self) -> usize {
        match self {
            Self::Fixed { size, .. } => size,
            Self::Span { .. } => OFFSET_SIZE,
        }
    }

    fn inline_align(self) -> usize {
        match self {
            Self::Fixed { align, .. } => align,
            Self::Span { .. } => OFFSET_SIZE,
        }
    }
}

/// Which fields are present: a bit for each, by their order.
pub type Present = [u64];

/// Numbers of `u64` that so many bits take.
pub fn words(fields: usize) -> usize {
    fields.div_ceil(64).max(1)
}

pub fn has(present: &Present, field: usize) -> bool {
    present[field / 64] >> (field % 64) & 1 == 1
}

/// The payload of a table with certain fields.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Root offset, file identifier, table and vtable, without the values.
    pub template: Vec<u8>,
    /// Where each field lies, in bytes from the payload's start; of no meaning for those that are absent.
    pub places: Vec<usize>,
    /// The fields that are spans, in the order of their slots.
    pub spans: Vec<usize>,
}

/// A table that is written: its fields, what stands before it, and the order in which fields lie.
#[derive(Clone, Debug)]
pub struct Form {
    pub fields: Vec<Field>,
    /// Bytes of a payload with all fields, without what they refer to: no layout has more.
    pub most: usize,
    /// Bytes that a payload may have.
    pub longest: usize,
    start: Vec<u8>,
    order: Vec<usize>,
}

impl Form {
    /// `start` is what stands before the root table: room for its offset, and the file identifier if there is one.
    pub fn new(fields: Vec<Field>, start: Vec<u8>, longest: usize) -> Self {
        let mut order: Vec<usize> = (0..fields.len()).collect();
        order.sort_by_key(|&index| (usize::MAX - fields[index].kind.inline_align(), fields[index].slot));
        let mut form = Self { fields, most: 0, longest, start, order };
        form.most = form.lay_out(&vec![u64::MAX; words(form.fields.len())]).template.len();
        form
    }

    pub fn lay_out(&self, present: &Present) -> Layout {
        let lying = || self.order.iter().copied().filter(|&index| has(present, index));
        let align = lying().map(|index| self.fields[index].kind.inline_align()).max().unwrap_or(0).max(OFFSET_SIZE);
        let root = (self.start.len() + OFFSET_SIZE).next_multiple_of(align) - OFFSET_SIZE;
        let mut places = vec![0; self.fields.len()];
        let mut end = OFFSET_SIZE;
        for index in lying() {
            places[index] = root + end;
            end += self.fields[index].kind.inline_size();
        }
        let size = end.next_multiple_of(2);
        let slots = lying().map(|index| self.fields[index].slot + 1).max().unwrap_or(0);
        let mut vtable = vec![0_u16; 2 + slots];
        vtable[0] = (4 + 2 * slots) as u16;
        vtable[1] = end as u16;
        for index in lying() {
            vtable[2 + self.fields[index].slot] = (places[index] - root) as u16;
        }
        let mut template = self.start.clone();
        template.resize(root + size, 0);
        template[..OFFSET_SIZE].copy_from_slice(&(root as u32).to_le_bytes());
        template[root..][..OFFSET_SIZE].copy_from_slice(&(-(size as i32)).to_le_bytes());
        template.extend(vtable.iter().flat_map(|entry| entry.to_le_bytes()));
        let is_span = |&index: &usize| matches!(self.fields[index].kind, Kind::Span { .. }) && has(present, index);
        let spans = (0..self.fields.len()).filter(is_span).collect();
        Layout { template, places, spans }
    }
}

/// Whether the same fields are present; mostly these are few.
#[inline(always)]
pub fn alike(one: &Present, other: &Present) -> bool {
    match (one, other) {
        ([one], [other]) => one == other,
        _ => one == other,
    }
}

/// Layouts that are kept; a program has a few, and whoever has more pays for making them again.
const KEPT: usize = 1024;

/// The layouts that were met, the last of them at hand.
#[derive(Default)]
pub struct Layouts {
    known: HashMap<Box<Present>, usize>,
    kept: Vec<Layout>,
    last: Option<(Box<Present>, usize)>,
}

impl Layouts {
    /// The layout of a form with these fields.
    #[inline(always)]
    pub fn of(&mut self, form: &Form, present: &Present) -> &Layout {
        let last = match &self.last {
            Some((last, index)) if alike(last, present) => *index,
            _ => self.find(form, present),
        };
        &self.kept[last]
    }

    #[cold]
    fn find(&mut self, form: &Form, present: &Present) -> usize {
        if self.kept.len() == KEPT {
            *self = Self::default();
        }
        let index = *self.known.entry(present.into()).or_insert_with(|| {
            self.kept.push(form.lay_out(present));
            self.kept.len() - 1
        });
        self.last = Some((present.into(), index));
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let fixed = |slot, size| Field { slot, kind: Kind::Fixed { size, align: size } };
        let text = Field { slot: 2, kind: Kind::Span { width: 1, align: 4, closed: true } };
        Form::new(vec![fixed(0, 1), fixed(1, 8), text], vec![0; 4], 1 << 20)
    }

    #[test]
    fn fields_lie_by_falling_alignment_and_the_vtable_behind_them() {
        let layout = form().lay_out(&[0b111]);
        // Root offset, the table (its vtable's offset, the 8 bytes, the offset of the text, the byte, a byte of padding), vtable.
        assert_eq!(layout.template.len(), 4 + 18 + 10);
        assert_eq!(layout.template[..8], [4, 0, 0, 0, 0xee, 0xff, 0xff, 0xff]);
        assert_eq!(layout.template[22..], [10, 0, 17, 0, 16, 0, 4, 0, 12, 0]);
        assert_eq!((layout.places, layout.spans), (vec![20, 8, 16], vec![2]));
    }

    #[test]
    fn what_is_absent_takes_no_room() {
        let layout = form().lay_out(&[0b001]);
        assert_eq!(layout.template, [4, 0, 0, 0, 0xfa, 0xff, 0xff, 0xff, 0, 0, 6, 0, 5, 0, 4, 0]);
        assert_eq!(form().lay_out(&[0]).template, [4, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff, 4, 0, 4, 0]);
    }

    #[test]
    fn a_wide_field_moves_the_root() {
        let fields = vec![Field { slot: 0, kind: Kind::Fixed { size: 8, align: 8 } }];
        let layout = Form::new(fields, vec![0; 8], 1 << 20).lay_out(&[1]);
        assert_eq!((layout.template[0], layout.places[0]), (12, 16));
    }

    #[test]
    fn layouts_are_made_anew_when_there_are_too_many() {
        let fixed = |slot| Field { slot, kind: Kind::Fixed { size: 1, align: 1 } };
        let form = Form::new((0..12).map(fixed).collect(), vec![0; 4], 1 << 20);
        let mut layouts = Layouts::default();
        for present in (0..1 << 12).chain(0..9) {
            assert_eq!(layouts.of(&form, &[present]).template, form.lay_out(&[present]).template);
            assert!(layouts.kept.len() <= KEPT);
        }
    }
}
