//! From frames to columns.

use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use super::buffer::Held;
use super::frames::rows;
use super::verifying::identifier_of;
use crate::tables::gather::{self, Field, Kind, Out, Places, Values};

/// Bytes of the places and of the counts of spans.
const INT: usize = 8;

/// A field: entry, kind (0 number or struct, 1 string, 2 vector), bytes and alignment of its elements, required.
type PyField = (u64, u8, u64, u64, bool);

/// The columns of a field: values, or starts and counts; and which rows have none, if there are such.
type PyColumns<'py> = (Bound<'py, PyByteArray>, Option<Bound<'py, PyByteArray>>, Option<Bound<'py, PyByteArray>>);

/// Fields that are read from many payloads.
#[pyclass(frozen, module = "flatstream._native")]
pub struct Gatherer(gather::Gatherer);

#[pymethods]
impl Gatherer {
    #[new]
    fn new(fields: Vec<PyField>, identifier: &[u8]) -> PyResult<Self> {
        let fields = fields.into_iter().map(field).collect::<PyResult<_>>()?;
        Ok(Self(gather::Gatherer::new(fields, identifier_of(identifier)?)))
    }

    /// How many of the payloads at known places are sound as far as these fields go, up to the first that is not; and if
    /// that is all, a triple of columns for each field.
    fn gather<'py>(
        &self,
        py: Python<'py>,
        source: &Bound<'py, PyAny>,
        offsets: &Bound<'py, PyAny>,
        lengths: &Bound<'py, PyAny>,
    ) -> PyResult<(usize, Vec<PyColumns<'py>>)> {
        let (source, offsets, lengths) = (Held::new(source)?, Held::new(offsets)?, Held::new(lengths)?);
        let rows = rows(&lengths);
        let columns = self.0.fields.iter().map(|field| room(py, field.kind, rows)).collect::<PyResult<Vec<_>>>()?;
        let mut absent: Vec<Vec<u8>> = self.0.fields.iter().map(|_| Vec::new()).collect();
        let mut outs: Vec<Out<'_>> = columns
            .iter()
            .zip(&mut absent)
            .map(|((values, counts), absent)| {
                // SAFETY: the arrays were made above, each is borrowed once, and nobody else knows of them.
                let values = unsafe { values.as_bytes_mut() };
                // SAFETY: the same.
                let counts = counts.as_ref().map(|counts| unsafe { counts.as_bytes_mut() });
                let values = match counts {
                    None => Values::Fixed(values),
                    Some(counts) => Values::Spans(values.as_chunks_mut().0, counts.as_chunks_mut().0),
                };
                Out { values, absent }
            })
            .collect();
        let places = Places { offsets: offsets.bytes().as_chunks().0, lengths: lengths.bytes().as_chunks().0 };
        let gathered = self.0.gather(source.bytes(), &places, &mut outs);
        if let Err(row) = gathered {
            return Ok((row, Vec::new()));
        }
        let triples = columns.into_iter().zip(absent).map(|((values, counts), absent)| {
            let absent = (!absent.is_empty()).then(|| PyByteArray::new(py, &absent));
            (values, counts, absent)
        });
        Ok((rows, triples.collect()))
    }
}

fn field((entry, kind, size, align, required): PyField) -> PyResult<Field> {
    if !align.is_power_of_two() || size == 0 || size > u64::from(u16::MAX) {
        return Err(PyValueError::new_err("no field has this size or alignment"));
    }
    let kind = match kind {
        0 => Kind::Fixed { size, align },
        1 => Kind::Text,
        2 => Kind::Vector { width: size, align },
        _ => return Err(PyValueError::new_err(format!("there is no kind {kind}"))),
    };
    Ok(Field { entry, required, kind })
}

/// Room for the values of a field, or for starts and counts; what is in it has not been written yet.
#[allow(clippy::type_complexity)] // one column or two
fn room(py: Python<'_>, kind: Kind, rows: usize) -> PyResult<(Bound<'_, PyByteArray>, Option<Bound<'_, PyByteArray>>)> {
    let array = |width: usize| {
        let size =
            rows.checked_mul(width).ok_or_else(|| PyMemoryError::new_err("the columns do not fit into memory"))?;
        let array = PyByteArray::new(py, &[]);
        array.resize(size)?;
        Ok::<_, PyErr>(array)
    };
    match kind {
        Kind::Fixed { size, .. } => Ok((array(size as usize)?, None)),
        _ => Ok((array(INT)?, Some(array(INT)?))),
    }
}
