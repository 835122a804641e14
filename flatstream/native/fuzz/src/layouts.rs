//! The messages: those of `flatstream/tests/schemas/`, and one with limits so low that they are met.

use crate::message::Kind::{Inline, Nested, Table, Tables, Text, Texts, Union, Vector};
use crate::message::{Extent, Field, Kind, Layout};

/// How many there are.
pub const COUNT: usize = 5;

/// A message by its number: as in `flatstream/tests/fuzz/messages.py`, but for the last.
pub fn layout(number: usize) -> Layout {
    let (tables, identifier) = match number {
        0 => (vec![vec![scalar(0, 8), scalar(1, 8), scalar(2, 8)]], None),
        1 => (monster(), Some(*b"ZOO1")),
        2 => (thing(), None),
        3 => (keeper(), None),
        _ => (vec![leaf()], None),
    };
    let limits = match number {
        4 => Extent { depth: 1, tables: 1, apparent: 48 },
        // Payloads of a kilobyte that lead to a million tables would teach nothing that those with a hundred do not.
        _ => Extent { depth: 5, tables: 100, apparent: 4000 },
    };
    Layout { tables, identifier, limits }
}

fn field(slot: usize, kind: Kind) -> Field {
    Field { slot, required: false, kind }
}

fn required(slot: usize, kind: Kind) -> Field {
    Field { slot, required: true, kind }
}

fn scalar(slot: usize, size: usize) -> Field {
    field(slot, Inline { size, align: size })
}

fn vector(slot: usize, size: usize, align: usize) -> Field {
    field(slot, Vector { size, align })
}

fn monster() -> Vec<Vec<Field>> {
    let (vec3, mixed) = (Inline { size: 12, align: 4 }, Inline { size: 40, align: 8 });
    let (weapon, armor) = (1, 2);
    let root = vec![
        field(0, vec3),                                                                   // pos
        scalar(1, 2),                                                                     // mana
        scalar(2, 2),                                                                     // hp
        required(3, Text),                                                                // name
        vector(5, 1, 1),                                                                  // inventory
        scalar(6, 1),                                                                     // color
        field(7, Tables(weapon)),                                                         // weapons
        scalar(8, 1),                                                                     // equipped_type
        field(9, Union(vec![(1, Table(weapon)), (2, Table(weapon)), (3, Table(armor))])), // equipped
        vector(10, 12, 4),                                                                // path
        field(11, mixed),                                                                 // mixed
        scalar(12, 1),                                                                    // flag
        scalar(13, 1),                                                                    // tiny
        scalar(14, 8),                                                                    // wide
        scalar(15, 4),                                                                    // ratio
        scalar(16, 8),                                                                    // exact
        scalar(17, 4),                                                                    // perhaps
        scalar(18, 1),                                                                    // maybe
        vector(19, 8, 8),                                                                 // numbers
        vector(20, 1, 1),                                                                 // flags
        vector(21, 1, 1),                                                                 // colors
        field(22, Texts),                                                                 // tags
        vector(23, 40, 8),                                                                // mixes
        field(24, Table(0)),                                                              // pet
        scalar(25, 8),                                                                    // mood
        vector(28, 2, 2),                                                                 // words
        scalar(29, 8),                                                                    // last
    ];
    vec![root, vec![required(0, Text), scalar(1, 2), field(2, Tables(weapon))], vec![scalar(0, 8)]]
}

fn thing() -> Vec<Vec<Field>> {
    let (place, wide) = (Inline { size: 16, align: 8 }, Inline { size: 16, align: 16 });
    let root = vec![
        scalar(0, 4),                                                                   // id
        scalar(1, 1),                                                                   // what_type
        field(2, Union(vec![(1, Table(1)), (2, place), (3, Text), (4, wide.clone())])), // what
        field(3, wide),                                                                 // wide
        vector(4, 16, 16),                                                              // wides
        field(5, Tables(0)),                                                            // things
    ];
    vec![root, vec![scalar(0, 4)]]
}

fn keeper() -> Vec<Vec<Field>> {
    let root = vec![
        scalar(0, 4),           // id
        field(1, Nested(0)),    // self
        required(2, Nested(1)), // leaf
        vector(3, 1, 1),        // plain
        scalar(5, 2),           // last
    ];
    vec![root, leaf()]
}

fn leaf() -> Vec<Field> {
    vec![scalar(0, 4), required(1, Text), scalar(2, 8)]
}
