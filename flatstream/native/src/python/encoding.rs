//! From Python values to the frames of tables.

use std::ffi::c_ulong;
use std::ops::Range;
use std::sync::Mutex;

use pyo3::exceptions::{PyMemoryError, PyOverflowError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use smallvec::{smallvec, SmallVec};

use super::algorithm;
use super::buffer::Held;
use crate::checksum::{for_algorithm, Checksum, NoChecksum};
use crate::tables::encode::{frame_columns, frame_row, most, most_of_row, Cell, Column, Refusal, Values};
use crate::tables::layout::{words, Field, Form, Kind, Layouts};
use crate::wire::LENGTH_SIZE;

/// Fields for which no memory has to be asked; most records have no more.
const FEW: usize = 16;

/// A field: name, slot, code, size, alignment, the bits of the value that is left out, those of the value that is written
/// where none is given, required.
///
/// Codes of numbers are those of the module `struct`; `s` is a string, `y` a vector of bytes, `V` any other vector (of elements
/// of that size and alignment), `S` a struct, `O` what the engine does not write.
type PyField<'py> = (Bound<'py, PyString>, usize, char, usize, usize, Option<u64>, Option<u64>, bool);

/// A column: field, data, start and step of its values or starts and counts of its spans, which rows have one, and whether
/// the value that means absence is left out.
type PyColumn<'py> = (usize, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Option<Bound<'py, PyAny>>, bool);

/// How single values of a field are taken.
struct Plain {
    name: Py<PyString>,
    code: char,
    left_out: Option<u64>,
    forced: Option<u64>,
    required: bool,
}

/// Writes tables of one type. What it does not take, it leaves to Python.
#[pyclass(frozen, module = "flatstream._native")]
pub struct RowEncoder {
    form: Form,
    plain: Vec<Plain>,
    layouts: Mutex<Layouts>,
    /// `slow(fields)`: encode by the rules.
    slow: Py<PyAny>,
}

#[pymethods]
impl RowEncoder {
    #[new]
    fn new(start: Vec<u8>, fields: Vec<PyField<'_>>, slow: Py<PyAny>) -> PyResult<Self> {
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
        let form = Form::new(form, start);
        if form.most > usize::from(u16::MAX) {
            return Err(PyValueError::new_err("the table may be larger than a vtable can say"));
        }
        Ok(Self { form, plain, layouts: Mutex::default(), slow })
    }

    /// A payload with these values by field name. A call, and not a method, since it gets the names in a dict as they are.
    #[pyo3(signature = (**fields))]
    fn __call__<'py>(&self, py: Python<'py>, fields: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(payload) = fields.and_then(|fields| self.quickly(py, fields)) {
            return Ok(payload.into_any());
        }
        match fields {
            Some(fields) => self.slow.bind(py).call1((fields,)),
            None => self.slow.bind(py).call1((PyDict::new(py),)),
        }
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
        let framed = || for_algorithm!(algorithm(checksum)?, checksum => self.columns_framed(&columns, start..stop, &checksum, frames));
        appending(frames, framed).map(drop)
    }

    // `slow` is a method of what this object belongs to: the collector of garbage must see the circle.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.slow)
    }
}

impl RowEncoder {
    fn quickly<'py>(&self, py: Python<'py>, fields: &Bound<'py, PyDict>) -> Option<Bound<'py, PyBytes>> {
        let mut values = SmallVec::<[_; FEW]>::new();
        let mut given = 0;
        for field in &self.plain {
            let value = fields.get_item(field.name.bind(py)).ok()?;
            given += usize::from(value.is_some());
            values.push(value);
        }
        if given != fields.len() {
            return None; // there is a name that no field has
        }
        let mut row = Row::new(self);
        for (index, value) in values.iter().enumerate() {
            row.put(index, &self.plain[index], value.as_ref())?;
        }
        let room = most_of_row::<NoChecksum>(&self.form, &row.cells)?;
        let mut out = SmallVec::<[u8; 512]>::new();
        out.resize(room, 0);
        // A panic while it was held left nothing half made: layouts are whole before they are put there.
        let mut layouts = self.layouts.try_lock().ok()?;
        let text = |index: usize, take: &mut dyn FnMut(&[u8])| hand_over(values[index].as_ref(), take);
        let end = frame_row(&self.form, &mut layouts, &row.present, &row.cells, text, &NoChecksum, &mut out);
        Some(PyBytes::new(py, &out[LENGTH_SIZE..end]))
    }

    /// The new end of the frames; `None` if a row is not plain.
    fn framed<C: Checksum>(
        &self,
        rows: &Bound<'_, PyList>,
        checksum: &C,
        frames: &Bound<'_, PyByteArray>,
    ) -> PyResult<Option<usize>> {
        let mut layouts = Layouts::default();
        let mut cells = Row::new(self);
        let mut end = frames.len();
        for (index, row) in rows.iter().enumerate() {
            let Ok(row) = row.cast_exact::<PyTuple>() else { return Ok(None) };
            if row.len() != self.plain.len() {
                return Ok(None);
            }
            cells.clear();
            for (index, field) in self.plain.iter().enumerate() {
                if cells.put(index, field, Some(&*row.get_borrowed_item(index)?)).is_none() {
                    return Ok(None);
                }
            }
            let Some(room) = most_of_row::<C>(&self.form, &cells.cells) else { return Ok(None) };
            if frames.len() - end < room {
                let more = room.saturating_mul(rows.len() - index).min((64 << 20).max(end / 2)).max(room);
                frames.resize(end.checked_add(more).ok_or_else(too_much)?)?;
            }
            // SAFETY: nobody resizes or writes to the array while this thread holds the GIL and runs no Python code, of
            // which there is none here: ints, floats, strings and bytes are taken by the functions of their types.
            let out = unsafe { frames.as_bytes_mut() };
            let text = |index: usize, take: &mut dyn FnMut(&[u8])| {
                hand_over(row.get_borrowed_item(index).ok().as_deref(), take);
            };
            end += frame_row(&self.form, &mut layouts, &cells.present, &cells.cells, text, checksum, &mut out[end..]);
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
    fn new(encoder: &RowEncoder) -> Self {
        let fields = encoder.plain.len();
        Self { cells: smallvec![Cell::Absent; fields], present: smallvec![0; words(fields)] }
    }

    fn clear(&mut self) {
        self.cells.fill(Cell::Absent);
        self.present.fill(0);
    }

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

/// A plain Python value of a field: an int that fits, a float, a bool, a str, bytes. `None` for any other.
#[inline(always)]
fn cell_of(code: char, value: &Bound<'_, PyAny>) -> Option<Cell> {
    fn unsigned(value: &Bound<'_, PyAny>, most: u64) -> Option<u64> {
        let number = unsigned_long(whole(value)?)?;
        (number <= most).then_some(number)
    }
    fn signed<const BITS: u32>(value: &Bound<'_, PyAny>) -> Option<u64> {
        let number: i64 = whole(value)?.extract().ok()?;
        let most = i64::MAX >> (64 - BITS);
        (-most - 1 <= number && number <= most).then_some(number as u64 & (u64::MAX >> (64 - BITS)))
    }
    fn float(value: &Bound<'_, PyAny>) -> Option<f64> {
        if let Ok(float) = value.cast_exact::<PyFloat>() {
            return Some(float.value());
        }
        match value.cast::<PyFloat>() {
            Ok(float) => Some(float.value()),
            Err(_) => whole(value)?.extract().ok(),
        }
    }
    Some(match code {
        'Q' => Cell::Bits(unsigned(value, u64::MAX)?),
        'I' => Cell::Bits(unsigned(value, u64::from(u32::MAX))?),
        'H' => Cell::Bits(unsigned(value, u64::from(u16::MAX))?),
        'B' => Cell::Bits(unsigned(value, u64::from(u8::MAX))?),
        'q' => Cell::Bits(signed::<64>(value)?),
        'i' => Cell::Bits(signed::<32>(value)?),
        'h' => Cell::Bits(signed::<16>(value)?),
        'b' => Cell::Bits(signed::<8>(value)?),
        'd' => Cell::Bits(float(value)?.to_bits()),
        'f' => {
            let wide = float(value)?;
            let narrow = wide as f32;
            if narrow.is_infinite() && wide.is_finite() {
                return None;
            }
            Cell::Bits(u64::from(narrow.to_bits()))
        }
        '?' => Cell::Bits(u64::from(value.cast_exact::<PyBool>().ok()?.is_true())),
        's' => Cell::Text(value.cast_exact::<PyString>().ok()?.to_str().ok()?.len()),
        'y' => Cell::Text(value.cast_exact::<PyBytes>().ok()?.as_bytes().len()),
        _ => return None,
    })
}
