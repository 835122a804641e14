//! The verifier: whether a payload can be read as its record without leaving it, as `flatstream/records/verify.py`.

use super::{is_inside, target, text, u32_at, vector, Table};

/// What has to be looked at behind a field.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// So many bytes, aligned, at the place itself: a scalar or a struct.
    Inline {
        size: u64,
        align: u64,
    },
    Text,
    Vector {
        width: u64,
        align: u64,
    },
    /// A table, by its number in the plan.
    Table(usize),
    Texts,
    Tables(usize),
    /// Bytes that are a buffer of their own, with that root table.
    Nested(usize),
}

#[derive(Clone, Debug)]
pub enum What {
    Value(Target),
    /// One of several, by the tag in the field before it. A tag that is not among them is of a newer schema: nobody
    /// here can look at the value, and no reader will.
    Union(Vec<(u8, Target)>),
}

/// A field: the place of its entry in the vtable, and what it is.
#[derive(Clone, Debug)]
pub struct Step {
    pub entry: u64,
    pub required: bool,
    pub what: What,
}

/// How deep tables are nested, how many of them there are, and how many bytes reading everything would touch.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub depth: i64,
    pub tables: i64,
    pub apparent_size: i64,
}

/// A schema boiled down to the steps of each table that can be reached; the first is the root.
#[derive(Clone, Debug)]
pub struct Verifier {
    plan: Vec<Vec<Step>>,
    identifier: Option<[u8; 4]>,
    limits: Limits,
}

/// What is still to be looked at. Its room can be used again.
#[derive(Default)]
pub struct Waiting {
    tables: Vec<Waits>,
    /// Buffers inside: where they begin and end in the whole payload; and of the root table in each, all but its place.
    buffers: Vec<(usize, usize, usize, i64)>,
    /// Where the buffer begins whose tables are looked at now.
    base: usize,
}

/// A table that is still to be looked at: its number in the plan, its place, its depth.
type Waits = (usize, u64, i64);

impl Verifier {
    /// `None` if a step leads to a table that is not in the plan.
    pub fn new(plan: Vec<Vec<Step>>, identifier: Option<[u8; 4]>, limits: Limits) -> Option<Self> {
        let is_there = |target: &Target| match target {
            Target::Table(which) | Target::Tables(which) | Target::Nested(which) => *which < plan.len(),
            _ => true,
        };
        let complete = plan.iter().flatten().all(|step| match &step.what {
            What::Value(target) => is_there(target),
            What::Union(members) => members.iter().all(|(_, target)| is_there(target)),
        });
        (complete && !plan.is_empty()).then_some(Self { plan, identifier, limits })
    }

    /// Whether a payload passes. `waiting` is room that is used again.
    #[inline]
    pub fn accepts(&self, payload: &[u8], waiting: &mut Waiting) -> bool {
        waiting.tables.clear();
        waiting.buffers.clear();
        waiting.base = 0;
        self.verify(payload, waiting).is_some()
    }

    #[inline]
    fn verify(&self, whole: &[u8], waiting: &mut Waiting) -> Option<()> {
        let root = Table::root(whole, self.identifier)?;
        let mut sums = Sums { tables: 1, apparent: 4 };
        self.table(whole, (0, root.start, 1), &mut sums, waiting)?;
        let mut payload = whole;
        loop {
            while let Some(next) = waiting.tables.pop() {
                self.table(payload, next, &mut sums, waiting)?;
            }
            let Some((start, end, which, depth)) = waiting.buffers.pop() else { return Some(()) };
            payload = whole.get(start..end)?;
            waiting.base = start;
            sums.apparent += 4;
            waiting.tables.push((which, Table::root(payload, None)?.start, depth));
        }
    }

    #[inline(always)]
    fn table(
        &self,
        payload: &[u8],
        (which, start, depth): Waits,
        sums: &mut Sums,
        waiting: &mut Waiting,
    ) -> Option<()> {
        let limits = &self.limits;
        if depth > limits.depth || sums.tables > limits.tables {
            return None;
        }
        let size = payload.len() as u64;
        let table = Table::new(payload, start)?;
        sums.apparent += 4 + table.vtable_len as i64;
        // The first byte of the field before: of interest only if a union comes next.
        let mut tag = 0;
        for step in &self.plan[which] {
            let Some(place) = table.field(payload, step.entry) else {
                let lacks = step.required || (tag != 0 && matches!(step.what, What::Union(_)));
                if lacks {
                    return None;
                }
                tag = 0;
                continue;
            };
            let found = match &step.what {
                What::Value(Target::Inline { size: width, align }) => {
                    if !is_inside(place, *width, *align, size) {
                        return None;
                    }
                    sums.apparent += *width as i64;
                    tag = payload[place as usize];
                    continue;
                }
                What::Value(target) => Some(target),
                What::Union(_) if tag == 0 => return None,
                What::Union(members) => members.iter().find(|member| member.0 == tag).map(|member| &member.1),
            };
            let place = target(payload, place)?;
            sums.apparent += 4;
            if let Some(found) = found {
                refer(payload, place, found, depth, sums, limits, waiting)?;
            }
            if sums.apparent > limits.apparent_size {
                return None;
            }
        }
        (sums.apparent <= limits.apparent_size).then_some(())
    }
}

/// What was counted so far. Numbers that no payload can bring to overflow: one has less than 2^63 bytes, and each step adds
/// less than 2^49 and is checked.
struct Sums {
    tables: i64,
    apparent: i64,
}

/// Look at what an offset leads to.
#[inline]
fn refer(
    payload: &[u8],
    place: u64,
    target: &Target,
    depth: i64,
    sums: &mut Sums,
    limits: &Limits,
    waiting: &mut Waiting,
) -> Option<()> {
    match *target {
        Target::Inline { size, align } => {
            is_inside(place, size, align, payload.len() as u64).then_some(())?;
            sums.apparent += size as i64;
        }
        Target::Text => sums.apparent += 5 + text(payload, place)?.len() as i64,
        Target::Vector { width, align } => sums.apparent += 4 + (width * vector(payload, place, width, align)?) as i64,
        Target::Table(which) => {
            sums.tables += 1;
            waiting.tables.push((which, place, depth + 1));
        }
        Target::Nested(which) => {
            let count = vector(payload, place, 1, 1)?;
            sums.apparent += 4 + count as i64;
            sums.tables += 1;
            let start = waiting.base + place as usize + 4;
            waiting.buffers.push((start, start + count as usize, which, depth + 1));
        }
        Target::Texts | Target::Tables(_) => {
            let count = vector(payload, place, 4, 4)?;
            sums.apparent += 4 + 4 * count as i64;
            if let Target::Tables(_) = target {
                sums.tables += count as i64;
            }
            if sums.tables > limits.tables {
                return None;
            }
            for slot in (place + 4..).step_by(4).take(count as usize) {
                let item = slot + u32_at(payload, slot)?;
                if let Target::Tables(which) = *target {
                    waiting.tables.push((which, item, depth + 1));
                } else {
                    sums.apparent += 5 + text(payload, item)?.len() as i64;
                    // Not only at the end: one string can be referred to often.
                    if sums.apparent > limits.apparent_size {
                        return None;
                    }
                }
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { depth: 2, tables: 3, apparent_size: 60 };

    fn step(entry: u64, what: What) -> Step {
        Step { entry, required: false, what }
    }

    fn accepts(plan: Vec<Vec<Step>>, payload: &[u8]) -> bool {
        Verifier::new(plan, None, LIMITS).unwrap().accepts(payload, &mut Waiting::default())
    }

    /// A table with an offset in its first field, and what follows it.
    fn referring(to: &[u8]) -> Vec<u8> {
        let mut payload = vec![4, 0, 0, 0, 0xf8, 0xff, 0xff, 0xff, 12, 0, 0, 0, 6, 0, 8, 0, 4, 0, 0, 0];
        payload.extend_from_slice(to);
        payload
    }

    #[test]
    fn a_text_is_inside_closed_and_utf8() {
        let plan = || vec![vec![step(4, What::Value(Target::Text))]];
        assert!(accepts(plan(), &referring(b"\x03\0\0\0abc\0")));
        assert!(!accepts(plan(), &referring(b"\x03\0\0\0abcd")));
        assert!(!accepts(plan(), &referring(b"\x03\0\0\0ab\xff\0")));
        assert!(!accepts(plan(), &referring(b"\xff\xff\xff\xffabc\0")));
        assert!(!accepts(plan(), &referring(b"\x04\0\0\0abc\0")));
    }

    #[test]
    fn a_vector_is_inside_and_its_elements_are_aligned() {
        let plan = |width, align| vec![vec![step(4, What::Value(Target::Vector { width, align }))]];
        assert!(accepts(plan(2, 2), &referring(&[2, 0, 0, 0, 1, 1, 2, 2])));
        assert!(!accepts(plan(2, 2), &referring(&[3, 0, 0, 0, 1, 1, 2, 2])));
        assert!(accepts(plan(8, 8), &referring(&[1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1])));
        assert!(!accepts(plan(8, 16), &referring(&[1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1])));
    }

    #[test]
    fn tables_are_counted_and_nested_only_so_deep() {
        // A table whose field leads to itself: each level is one more table.
        let itself = [4, 0, 0, 0, 0xf8, 0xff, 0xff, 0xff, 0, 0, 0, 0, 6, 0, 8, 0, 4, 0, 0, 0];
        let plan = || vec![vec![step(4, What::Value(Target::Tables(0)))]];
        assert!(accepts(plan(), &referring(&[0, 0, 0, 0])));
        assert!(!accepts(plan(), &itself));
        assert!(!accepts(plan(), &referring(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])));
    }

    #[test]
    fn what_is_required_is_there() {
        let plan = |required| vec![vec![Step { entry: 4, required, what: What::Value(Target::Text) }]];
        let empty = [4, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff, 4, 0, 4, 0];
        assert!(accepts(plan(false), &empty));
        assert!(!accepts(plan(true), &empty));
    }

    #[test]
    fn a_union_has_tag_and_value_or_neither() {
        let plan = || {
            let tag = step(4, What::Value(Target::Inline { size: 1, align: 1 }));
            vec![vec![tag, step(6, What::Union(vec![(1, Target::Text)]))]]
        };
        let mut payload = vec![4, 0, 0, 0, 0xf4, 0xff, 0xff, 0xff, 16, 0, 0, 0, 1, 0, 0, 0, 8, 0, 12, 0, 8, 0, 4, 0];
        payload.extend_from_slice(b"\x03\0\0\0abc\0");
        assert!(accepts(plan(), &payload));
        payload[12] = 0; // a value, and no tag
        assert!(!accepts(plan(), &payload));
        payload[22] = 0; // neither
        assert!(accepts(plan(), &payload));
        payload[12] = 1; // a tag, and no value
        assert!(!accepts(plan(), &payload));
        (payload[12], payload[22]) = (9, 4); // a tag of a newer schema
        assert!(accepts(plan(), &payload));
    }

    #[test]
    fn bytes_that_are_a_buffer_are_looked_into() {
        let held = |inner: &[u8]| referring(&[&(inner.len() as u32).to_le_bytes(), inner].concat());
        let accepts = |depth: i64, apparent_size: i64, payload: &[u8]| {
            let text = vec![step(4, What::Value(Target::Text))];
            let plan = vec![vec![step(4, What::Value(Target::Nested(1)))], text];
            let limits = Limits { depth, tables: 2, apparent_size };
            Verifier::new(plan, None, limits).unwrap().accepts(payload, &mut Waiting::default())
        };
        let payload = held(&referring(b"\x03\0\0\0abc\0"));
        assert!(accepts(2, 76, &payload));
        // The limits hold for all together.
        assert!(!accepts(1, 76, &payload));
        assert!(!accepts(2, 75, &payload));
        assert!(!accepts(2, 99, &held(b"")));
        assert!(!accepts(2, 99, &held(&referring(b"\x03\0\0\0abcd"))));
        // The buffer is over where its bytes are, and not where the payload is.
        assert!(!accepts(2, 99, &[held(&referring(b"\x04\0\0\0abc\0")), vec![0]].concat()));
        assert!(Verifier::new(vec![vec![step(4, What::Value(Target::Nested(1)))]], None, LIMITS).is_none());
    }

    #[test]
    fn a_plan_leads_to_tables_that_it_has() {
        assert!(Verifier::new(vec![vec![step(4, What::Value(Target::Table(1)))]], None, LIMITS).is_none());
        assert!(Verifier::new(vec![], None, LIMITS).is_none());
    }
}
