//! From a payload to Python values.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};

use super::buffer::Held;
use super::verifying::Verifier;
use crate::tables::verify::{self, Waiting};
use crate::tables::{at, target, text, vector, Table};

/// A field: name, entry, code as in `RowEncoder`, and the value where it is absent.
type PyField<'py> = (Bound<'py, PyString>, u64, char, Bound<'py, PyAny>);

struct Field {
    name: Py<PyString>,
    entry: u64,
    code: char,
    default: Py<PyAny>,
}

/// Decodes tables of one type, each verified before. What it does not take, it leaves to Python.
#[pyclass(frozen, module = "flatstream._native")]
pub struct Decoder {
    fields: Vec<Field>,
    verifier: Arc<verify::Verifier>,
    /// `slow(payload)`: verify and decode by the rules.
    slow: Py<PyAny>,
}

#[pymethods]
impl Decoder {
    #[new]
    fn new(fields: Vec<PyField<'_>>, verifier: &Bound<'_, Verifier>, slow: Py<PyAny>) -> Self {
        let fields = fields.into_iter().map(|(name, entry, code, default)| {
            let (name, default) = (name.unbind(), default.unbind());
            Field { name, entry, code, default }
        });
        Self { fields: fields.collect(), verifier: Arc::clone(&verifier.get().0), slow }
    }

    /// The fields by name.
    #[pyo3(signature = (payload, /))]
    fn decode<'py>(&self, payload: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let quickly = if let Ok(bytes) = payload.cast_exact::<PyBytes>() {
            self.quickly(payload.py(), bytes.as_bytes())
        } else {
            match Held::new(payload) {
                Ok(held) if held.read_only() => self.quickly(payload.py(), held.bytes()),
                // Making values may run the garbage collector, and that anybody's code, which could write to them.
                Ok(held) => {
                    let copy: Box<[u8]> = held.bytes().into();
                    self.quickly(payload.py(), &copy)
                }
                Err(_) => None,
            }
        };
        match quickly {
            Some(values) => Ok(values.into_any()),
            None => self.slow.bind(payload.py()).call1((payload,)),
        }
    }

    // `slow` is a method of what this object belongs to: the collector of garbage must see the circle.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.slow)
    }
}

impl Decoder {
    fn quickly<'py>(&self, py: Python<'py>, payload: &[u8]) -> Option<Bound<'py, PyDict>> {
        if !self.verifier.accepts(payload, &mut Waiting::default()) {
            return None;
        }
        let table = Table::root(payload, None)?;
        let values = PyDict::new(py);
        for field in &self.fields {
            let value = match table.field(payload, field.entry) {
                Some(place) => value_of(py, payload, place, field.code)?,
                None => field.default.clone_ref(py).into_bound(py),
            };
            values.set_item(field.name.bind(py), value).ok()?;
        }
        Some(values)
    }
}

/// The value at a place; `None` for a kind that is left to Python.
#[inline(always)]
fn value_of<'py>(py: Python<'py>, payload: &[u8], place: u64, code: char) -> Option<Bound<'py, PyAny>> {
    macro_rules! number {
        ($kind:ty) => {
            <$kind>::from_le_bytes(at(payload, place)?).into_pyobject(py).ok()?.into_any()
        };
    }
    Some(match code {
        'Q' => number!(u64),
        'q' => number!(i64),
        'I' => number!(u32),
        'i' => number!(i32),
        'H' => number!(u16),
        'h' => number!(i16),
        'B' => number!(u8),
        'b' => number!(i8),
        'd' => number!(f64),
        'f' => number!(f32),
        '?' => {
            let [byte] = at::<1>(payload, place)?;
            PyBool::new(py, byte != 0).to_owned().into_any()
        }
        's' => {
            let text = text(payload, target(payload, place)?)?;
            PyString::new(py, std::str::from_utf8(text).ok()?).into_any()
        }
        'y' => {
            let bytes = target(payload, place)?;
            let count = vector(payload, bytes, 1, 1)?;
            PyBytes::new(py, payload.get(bytes as usize + 4..)?.get(..count as usize)?).into_any()
        }
        _ => return None,
    })
}
