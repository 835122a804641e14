//! From Python values to the frames of tables.

use std::ffi::c_ulong;
use std::ops::Range;
use std::sync::{Mutex, OnceLock};

use pyo3::exceptions::{PyMemoryError, PyOverflowError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use smallvec::SmallVec;

use super::algorithm;
use super::buffer::Held;
use super::function::{Called, Definition, Given};
use super::tuple;
use crate::checksum::{for_algorithm, Checksum};
use crate::tables::encode::{frame_columns, most, most_of_row, write_row, Cell, Column, Refusal, Values};
use crate::tables::layout::{alike, words, Field, Form, Kind, Layout, Layouts, Present};
use crate::tables::Int;

/// Rows that are made into columns at a time.
const BLOCK: usize = 256;

/// Fields for which no memory has to be asked; most records have no more.
const FEW: usize = 16;

/// The function that encodes, and what `help` says of it.
static ENCODE: Definition = Definition::of::<RowEncoder>(
    c"encode",
    c"A payload with these values by field name, or of a mapping; see flatstream.Record.encode.",
);

/// A field: name, slot, code, size, alignment, the bits of the value that is left out, those of the value that is written
/// where none is given, required.
///
/// Codes of numbers are those of the module `struct`; `s` is a string, `y` a vector of bytes, `V` any other vector (of elements
/// of that size and alignment), `S` a struct, `O` what the engine does not write.
type PyField<'py> = (Bound<'py, PyString>, usize, char, usize, usize, Option<u64>, Option<u64>, bool);

/// A column: field, data, start and step of its values or starts and counts of its spans, which rows have one, and whether
/// the value that means absence is left out.
type PyColumn<'py> = (usize, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Option<Bound<'py, PyAny>>, bool);

/// Work with the function that takes the numbers of a code, or do something else for other codes.
macro_rules! for_code {
    ($code:expr, $take:ident => $work:expr, $other:expr) => {
        match $code {
            'Q' => for_code!(@ $take, |value| unsigned(value, u64::MAX), $work),
            'I' => for_code!(@ $take, |value| unsigned(value, u64::from(u32::MAX)), $work),
            'H' => for_code!(@ $take, |value| unsigned(value, u64::from(u16::MAX)), $work),
            'B' => for_code!(@ $take, |value| unsigned(value, u64::from(u8::MAX)), $work),
            'q' => for_code!(@ $take, |value| signed::<64>(value), $work),
            'i' => for_code!(@ $take, |value| signed::<32>(value), $work),
            'h' => for_code!(@ $take, |value| signed::<16>(value), $work),
            'b' => for_code!(@ $take, |value| signed::<8>(value), $work),
            'd' => for_code!(@ $take, |value| float(value).map(f64::to_bits), $work),
            'f' => for_code!(@ $take, |value| single(value), $work),
            '?' => for_code!(@ $take, |value| boolean(value), $work),
            _ => $other,
        }
    };
    (@ $take:ident, |$value:ident| $taken:expr, $work:expr) => {{
        let $take = |$value: &Bound<'_, PyAny>| -> Option<u64> { $taken };
        $work
    }};
}

/// A value for each field, or none.
type ByField<'py> = SmallVec<[Option<Bound<'py, PyAny>>; FEW]>;

/// How single values of a field are taken.
struct Plain {
    name: Py<PyString>,
    code: char,
    left_out: Option<u64>,
    forced: Option<u64>,
    required: bool,
}

impl Plain {
    fn is_number(&self) -> bool {
        for_code!(self.code, _take => true, false)
    }
}

/// Writes tables of one type. What it does not take, it leaves to Python.
#[pyclass(frozen, module = "flatstream._native")]
pub struct RowEncoder {
    form: Form,
    plain: Vec<Plain>,
    /// The fields that were present first, as they mostly are, and their layout: at hand without a lock, which would take a
    /// tenth of all the time.
    usual: OnceLock<(Box<Present>, Layout)>,
    layouts: Mutex<Layouts>,
    /// `slow(fields, **more)`: encode by the rules.
    slow: Py<PyAny>,
}

#[pymethods]
impl RowEncoder {
    #[new]
    fn new(start: Vec<u8>, fields: Vec<PyField<'_>>, longest: u32, slow: Py<PyAny>) -> PyResult<Self> {
        let mut plain = Vec::with_capacity(fields.len());
        let mut form = Vec::with_capacity(fields.len());
        for (name, slot, code, size, align, left_out, forced, required) in fields {
            if !align.is_power_of_two() || align > 1 << 15 || size > usize::from(u16::MAX) || slot >= 1 << 15 {
                return Err(PyValueError::new_err("no field has this slot, size or alignment"));
            }
            let kind = match code {
                's' | 'y' | 'V' | 'O' => Kind::Span { width: size, align: align.max(4), closed: code == 's' },
                _ => Kind::Fixed { size, align },
            };
            form.push(Field { slot, kind });
            plain.push(Plain { name: name.unbind(), code, left_out, forced, required });
        }
        let form = Form::new(form, start, longest as usize);
        if form.most > usize::from(u16::MAX) {
            return Err(PyValueError::new_err("the table may be larger than a vtable can say"));
        }
        Ok(Self { form, plain, usual: OnceLock::new(), layouts: Mutex::default(), slow })
    }

    /// A function from values, by field name or in a dict, to a payload.
    fn function<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        ENCODE.function(slf)
    }

    /// Append the frames of rows to `frames`: tuples of a value for each field. `False`, and nothing is appended, if one of
    /// them is not that plain.
    fn frame_rows(&self, rows: &Bound<'_, PyList>, checksum: &str, frames: &Bound<'_, PyByteArray>) -> PyResult<bool> {
        appending(frames, || for_algorithm!(algorithm(checksum)?, checksum => self.framed(rows, &checksum, frames)))
    }

    /// Append the frames of rows `start..stop` of columns to `frames`. `OverflowError` with the number of a row whose
    /// payload would be too long, and nothing is appended.
    fn frame_columns(
        &self,
        columns: Vec<PyColumn<'_>>,
        start: usize,
        stop: usize,
        checksum: &str,
        frames: &Bound<'_, PyByteArray>,
    ) -> PyResult<()> {
        let held = columns.into_iter().map(|column| self.hold(column)).collect::<PyResult<Vec<_>>>()?;
        let columns: Vec<_> = held.iter().map(HeldColumn::column).collect();
        let rows = start..stop;
        let append =
            || for_algorithm!(algorithm(checksum)?, checksum => self.columns_framed(&columns, rows, &checksum, frames));
        appending(frames, append).map(drop)
    }

    // `slow` is a method of what this object belongs to: the collector of garbage must see the circle.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.slow)
    }
}

impl Called for RowEncoder {
    fn call(&self, py: Python<'_>, given: &Given<'_, '_>) -> PyResult<Py<PyAny>> {
        if let Some(payload) = self.quickly(py, given) {
            return Ok(payload.into_any().unbind());
        }
        let fields = PyDict::new(py);
        for (name, value) in given.by_name() {
            fields.set_item(name, value)?;
        }
        self.slow.call(py, PyTuple::new(py, given.by_place())?, Some(&fields))
    }
}

impl RowEncoder {
    /// The payload; `None` if it is for Python to say what it is.
    fn quickly<'py>(&self, py: Python<'py>, given: &Given<'_, 'py>) -> Option<Bound<'py, PyBytes>> {
        let mut values = ByField::new();
        match given.by_place() {
            [] => self.of_names(given, &mut values)?,
            [fields] if given.by_name().next().is_none() => {
                self.of_dict(&*fields.cast_exact::<PyDict>().ok()?, &mut values)?;
            }
            _ => return None,
        }
        let mut row = Row { cells: SmallVec::new(), present: SmallVec::new() };
        row.cells.resize(self.plain.len(), Cell::Absent);
        row.present.resize(words(self.plain.len()), 0);
        for (index, value) in values.iter().enumerate() {
            row.put(index, &self.plain[index], value.as_ref())?;
        }
        let first = || (row.present.as_slice().into(), self.form.lay_out(&row.present));
        let (usual, layout) = self.usual.get_or_init(first);
        if alike(usual, &row.present) {
            return self.written(py, layout, &row, &values);
        }
        let mut layouts = self.layouts.try_lock().ok()?;
        self.written(py, layouts.of(&self.form, &row.present), &row, &values)
    }

    /// The payload of a row with the fields of a layout.
    #[inline(always)]
    fn written<'py>(
        &self,
        py: Python<'py>,
        layout: &Layout,
        row: &Row,
        values: &ByField<'_>,
    ) -> Option<Bound<'py, PyBytes>> {
        let text = |index: usize, take: &mut dyn FnMut(&[u8])| hand_over(values[index].as_ref(), take);
        let write = |out: &mut [u8]| write_row(&self.form, layout, &row.cells, text, out);
        if layout.spans.is_empty() {
            if layout.template.len() > self.form.longest {
                return None;
            }
            // Its size is known, so that it is written where it is to lie.
            let fill = |out: &mut [u8]| {
                write(out);
                Ok(())
            };
            return PyBytes::new_with(py, layout.template.len(), fill).ok();
        }
        let mut out = SmallVec::<[u8; 512]>::from_elem(0, most_of_row(&self.form, &row.cells)?);
        let end = write(&mut out);
        Some(PyBytes::new(py, &out[..end]))
    }

    /// Put down what each field is given; `None` if there is a name that no field has.
    #[inline(always)]
    fn of_names<'py>(&self, given: &Given<'_, 'py>, values: &mut ByField<'py>) -> Option<()> {
        values.resize(self.plain.len(), None);
        let mut next = 0;
        for (name, value) in given.by_name() {
            let field = self.field_of(&name, next)?;
            values[field] = Some(value.to_owned());
            next = field + 1;
        }
        Some(())
    }

    /// The same from a dict.
    #[inline(always)]
    fn of_dict<'py>(&self, fields: &Bound<'py, PyDict>, values: &mut ByField<'py>) -> Option<()> {
        let mut given = 0;
        for field in &self.plain {
            let value = fields.get_item(field.name.bind(fields.py())).ok()?;
            given += usize::from(value.is_some());
            values.push(value);
        }
        (given == fields.len()).then_some(())
    }

    /// The field of a name, most often the one behind that of the name before.
    #[inline(always)]
    fn field_of(&self, name: &Bound<'_, PyAny>, likely: usize) -> Option<usize> {
        let is_it = |field: &Plain| field.name.as_ptr() == name.as_ptr();
        if self.plain.get(likely).is_some_and(is_it) {
            return Some(likely);
        }
        self.plain.iter().position(is_it).or_else(|| {
            let (py, name) = (name.py(), name.cast_exact::<PyString>().ok()?.to_str().ok()?);
            self.plain.iter().position(|field| field.name.bind(py).to_str().is_ok_and(|own| own == name))
        })
    }

    /// The new end of the frames; `None` if a row is not plain. Rows become columns, some at a time: the values of one field
    /// are of one kind, and the columns are framed as any others.
    fn framed<C: Checksum>(
        &self,
        rows: &Bound<'_, PyList>,
        checksum: &C,
        frames: &Bound<'_, PyByteArray>,
    ) -> PyResult<Option<usize>> {
        let mut layouts = Layouts::default();
        let mut taken: Vec<Taken> = self.plain.iter().map(|_| Taken::default()).collect();
        let mut block = Vec::with_capacity(BLOCK);
        let (mut end, count, mut next) = (frames.len(), rows.len(), 0);
        while next < count {
            block.clear();
            for index in next..count.min(next + BLOCK) {
                match rows.get_item(index).map(Bound::cast_into_exact::<PyTuple>) {
                    Ok(Ok(row)) if tuple::len(&row) == self.plain.len() => block.push(row),
                    _ => return Ok(None),
                }
            }
            for (index, (field, taken)) in self.plain.iter().zip(&mut taken).enumerate() {
                if taken.take(&block, index, field).is_none() {
                    return Ok(None);
                }
            }
            let columns: Vec<_> = taken.iter().zip(&self.plain).enumerate().map(Taken::column).collect();
            let room = most::<C>(&self.form, &columns, &(0..block.len())).ok_or_else(too_much)?;
            if frames.len() - end < room {
                let more = (room / block.len()).saturating_mul(count - next).min((64 << 20).max(end / 2)).max(room);
                frames.resize(end.checked_add(more).ok_or_else(too_much)?)?;
            }
            // SAFETY: nobody resizes or writes to the array while this thread holds the GIL and runs no Python code, of
            // which there is none here: ints, floats, strings and bytes are taken by the functions of their types.
            let out = unsafe { &mut frames.as_bytes_mut()[end..] };
            match frame_columns(&self.form, &mut layouts, &columns, 0..block.len(), checksum, out) {
                Ok(size) => end += size,
                Err(_) => return Ok(None),
            }
            next += block.len();
        }
        Ok(Some(end))
    }

    fn columns_framed<C: Checksum>(
        &self,
        columns: &[Column<'_>],
        rows: Range<usize>,
        checksum: &C,
        frames: &Bound<'_, PyByteArray>,
    ) -> PyResult<Option<usize>> {
        let before = frames.len();
        if rows.is_empty() {
            return Ok(Some(before));
        }
        let room = most::<C>(&self.form, columns, &rows).and_then(|room| room.checked_add(before));
        frames.resize(room.ok_or_else(too_much)?)?;
        // SAFETY: the same; and no column is a view of the array, or it could not have been resized.
        let out = unsafe { &mut frames.as_bytes_mut()[before..] };
        match frame_columns(&self.form, &mut Layouts::default(), columns, rows, checksum, out) {
            Ok(end) => Ok(Some(before + end)),
            Err(Refusal::Columns) => Err(PyValueError::new_err("a column does not hold what it says")),
            Err(Refusal::TooLong(row)) => Err(PyOverflowError::new_err(row)),
        }
    }

    fn hold(&self, (field, data, start, step, present, leave_out): PyColumn<'_>) -> PyResult<HeldColumn> {
        let plain = self.plain.get(field).ok_or_else(|| PyValueError::new_err("there is no such field"))?;
        let data = Held::new(&data)?;
        let values = match self.form.fields[field].kind {
            Kind::Fixed { .. } => {
                let left_out = if leave_out { plain.left_out } else { None };
                HeldValues::Fixed(start.extract()?, step.extract()?, left_out)
            }
            Kind::Span { .. } => HeldValues::Spans(Held::new(&start)?, Held::new(&step)?),
        };
        let present = present.map(|present| Held::new(&present)).transpose()?;
        Ok(HeldColumn { field, data, values, present })
    }
}

struct HeldColumn {
    field: usize,
    data: Held,
    values: HeldValues,
    present: Option<Held>,
}

enum HeldValues {
    Fixed(usize, usize, Option<u64>),
    Spans(Held, Held),
}

impl HeldColumn {
    fn column(&self) -> Column<'_> {
        let data = self.data.bytes();
        let values = match &self.values {
            &HeldValues::Fixed(start, step, left_out) => Values::Fixed { data, start, step, left_out },
            HeldValues::Spans(starts, counts) => {
                Values::Spans { data, starts: starts.bytes().as_chunks().0, counts: counts.bytes().as_chunks().0 }
            }
        };
        Column { field: self.field, values, present: self.present.as_ref().map(Held::bytes) }
    }
}

fn too_much() -> PyErr {
    PyMemoryError::new_err("the frames do not fit into memory")
}

/// Do what appends to `frames`, and cut off what is not its own: behind the end that it says, or all if it says none.
fn appending(frames: &Bound<'_, PyByteArray>, append: impl FnOnce() -> PyResult<Option<usize>>) -> PyResult<bool> {
    let before = frames.len();
    let end = append();
    let resized = frames.resize(*end.as_ref().ok().and_then(Option::as_ref).unwrap_or(&before));
    let end = end?;
    resized?;
    Ok(end.is_some())
}

/// Hand the bytes of a `str` or of `bytes` over.
fn hand_over(value: Option<&Bound<'_, PyAny>>, take: &mut dyn FnMut(&[u8])) {
    let Some(value) = value else { return };
    if let Ok(bytes) = value.cast_exact::<PyBytes>() {
        take(bytes.as_bytes());
    } else if let Some(text) = value.cast_exact::<PyString>().ok().and_then(|text| text.to_str().ok()) {
        take(text.as_bytes());
    }
}

/// The values of a row, on their way from Python.
struct Row {
    cells: SmallVec<[Cell; FEW]>,
    present: SmallVec<[u64; FEW / 8]>,
}

impl Row {
    /// Take the value of a field, or that there is none; `None` if that is for Python to look at.
    #[inline(always)]
    fn put(&mut self, index: usize, field: &Plain, value: Option<&Bound<'_, PyAny>>) -> Option<()> {
        let cell = match value {
            Some(value) if !value.is_none() => match cell_of(field.code, value)? {
                Cell::Bits(bits) if field.left_out == Some(bits) => return Some(()),
                cell => cell,
            },
            _ if field.required => return None,
            _ => match field.forced {
                None => return Some(()),
                Some(bits) => Cell::Bits(bits),
            },
        };
        self.cells[index] = cell;
        self.present[index / 64] |= 1 << (index % 64);
        Some(())
    }
}

/// An int, or what is of a subclass of it.
#[inline(always)]
fn whole<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyInt>> {
    value.cast_exact().or_else(|_| value.cast()).ok()
}

/// A number from 0 to 2^64 - 1.
#[inline(always)]
fn unsigned_long(number: &Bound<'_, PyInt>) -> Option<u64> {
    if size_of::<c_ulong>() != size_of::<u64>() {
        return number.extract().ok();
    }
    // Three times as fast as the function for a long long, by which PyO3 extracts.
    // SAFETY: a call with an object that is alive and an int, while this thread holds the GIL.
    let found = unsafe { ffi::PyLong_AsUnsignedLong(number.as_ptr()) };
    if found == c_ulong::MAX && PyErr::take(number.py()).is_some() {
        return None;
    }
    Some(found as u64)
}

/// A number from 0 to `most`.
#[inline(always)]
fn unsigned(value: &Bound<'_, PyAny>, most: u64) -> Option<u64> {
    let number = unsigned_long(whole(value)?)?;
    (number <= most).then_some(number)
}

/// A number of so many bits, as it lies in them.
#[inline(always)]
fn signed<const BITS: u32>(value: &Bound<'_, PyAny>) -> Option<u64> {
    let number: i64 = whole(value)?.extract().ok()?;
    let most = i64::MAX >> (64 - BITS);
    (-most - 1 <= number && number <= most).then_some(number as u64 & (u64::MAX >> (64 - BITS)))
}

/// A float, or just an int: what is of a subclass of it may have a `__float__` of its own, which would be anybody's code.
#[inline(always)]
fn float(value: &Bound<'_, PyAny>) -> Option<f64> {
    if let Ok(float) = value.cast_exact::<PyFloat>() {
        return Some(float.value());
    }
    match value.cast::<PyFloat>() {
        Ok(float) => Some(float.value()),
        Err(_) => value.cast_exact::<PyInt>().ok()?.extract().ok(),
    }
}

/// The nearest single, if there is a finite one.
#[inline(always)]
fn single(value: &Bound<'_, PyAny>) -> Option<u64> {
    let wide = float(value)?;
    let narrow = wide as f32;
    (narrow.is_finite() || !wide.is_finite()).then_some(u64::from(narrow.to_bits()))
}

#[inline(always)]
fn boolean(value: &Bound<'_, PyAny>) -> Option<u64> {
    Some(u64::from(value.cast_exact::<PyBool>().ok()?.is_true()))
}

/// The text of a field: of a `str`, or `bytes`. `None` for any other.
#[inline(always)]
fn text_of<'a>(code: char, value: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    match code {
        's' => Some(value.cast_exact::<PyString>().ok()?.to_str().ok()?.as_bytes()),
        'y' => Some(value.cast_exact::<PyBytes>().ok()?.as_bytes()),
        _ => None,
    }
}

/// A plain Python value of a field: an int that fits, a float, a bool, a str, bytes. `None` for any other.
#[inline(always)]
fn cell_of(code: char, value: &Bound<'_, PyAny>) -> Option<Cell> {
    for_code!(code, take => Some(Cell::Bits(take(value)?)), Some(Cell::Text(text_of(code, value)?.len())))
}

/// The values of a field in a block of rows.
#[derive(Default)]
struct Taken {
    /// The bits of numbers, little-endian.
    bits: Vec<[u8; 8]>,
    text: Vec<u8>,
    starts: Vec<Int>,
    counts: Vec<Int>,
    present: Vec<u8>,
    lacks: bool,
}

impl Taken {
    /// Take the values at an index of some rows; `None` if one of them is for Python to look at.
    fn take(&mut self, rows: &[Bound<'_, PyTuple>], index: usize, field: &Plain) -> Option<()> {
        self.bits.clear();
        self.text.clear();
        self.starts.clear();
        self.counts.clear();
        self.present.clear();
        self.lacks = false;
        for_code!(field.code, take => self.numbers(rows, index, field, take), self.texts(rows, index, field))
    }

    #[inline(always)]
    fn numbers(
        &mut self,
        rows: &[Bound<'_, PyTuple>],
        index: usize,
        field: &Plain,
        take: impl Fn(&Bound<'_, PyAny>) -> Option<u64>,
    ) -> Option<()> {
        for (number, row) in rows.iter().enumerate() {
            let value = tuple::item(row, index)?;
            let bits = match take(&value) {
                Some(bits) => bits,
                None if !value.is_none() || field.required => return None,
                None => field.forced.unwrap_or_else(|| {
                    self.lack(number);
                    0
                }),
            };
            self.bits.push(bits.to_le_bytes());
        }
        self.present.resize(if self.lacks { rows.len() } else { 0 }, 1);
        Some(())
    }

    fn texts(&mut self, rows: &[Bound<'_, PyTuple>], index: usize, field: &Plain) -> Option<()> {
        for (number, row) in rows.iter().enumerate() {
            let value = tuple::item(row, index)?;
            self.starts.push(self.text.len().to_ne_bytes());
            let before = self.text.len();
            if value.is_none() {
                if field.required {
                    return None;
                }
                self.lack(number);
            } else {
                self.text.extend_from_slice(text_of(field.code, &value)?);
            }
            self.counts.push((self.text.len() - before).to_ne_bytes());
        }
        self.present.resize(if self.lacks { rows.len() } else { 0 }, 1);
        Some(())
    }

    /// Remember that a row has no value.
    #[cold]
    fn lack(&mut self, row: usize) {
        self.present.resize(row, 1);
        self.present.push(0);
        self.lacks = true;
    }

    fn column<'a>((field, (taken, plain)): (usize, (&'a Self, &Plain))) -> Column<'a> {
        let values = if plain.is_number() {
            let (data, left_out) = (taken.bits.as_flattened(), plain.left_out);
            Values::Fixed { data, start: 0, step: 8, left_out }
        } else {
            Values::Spans { data: &taken.text, starts: &taken.starts, counts: &taken.counts }
        };
        Column { field, values, present: taken.lacks.then_some(&taken.present) }
    }
}
