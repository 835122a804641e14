//! Arrow's view of binary data: 16 bytes a payload.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use super::buffer::Held;
use super::frames::place;

/// Bytes of a view.
const VIEW: usize = 16;

/// Payload bytes that fit into a view.
const INLINE: usize = 12;

/// The largest length and offset that a view can say: they have 31 bits.
const MOST: usize = i32::MAX as usize;

/// The views of the payloads at known places; buffers begin at each `buffer_len` bytes of the source.
#[pyfunction]
pub fn arrow_views<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    lengths: &Bound<'py, PyAny>,
    buffer_len: usize,
) -> PyResult<Bound<'py, PyByteArray>> {
    let (source, offsets, lengths) = (Held::new(source)?, Held::new(offsets)?, Held::new(lengths)?);
    let source = source.bytes();
    let count = lengths.bytes().len() / size_of::<u32>();
    PyByteArray::new_with(py, count * VIEW, |views| {
        for (index, view) in views.chunks_exact_mut(VIEW).enumerate() {
            let Some((start, length)) = place(&offsets, &lengths, index) else { break };
            let payload = &source[start..][..length];
            if length > MOST {
                let text = format!("payload {index} has {length} bytes, over the {MOST} that Arrow can say");
                return Err(PyValueError::new_err(text));
            }
            view[..4].copy_from_slice(&(length as u32).to_le_bytes());
            if length <= INLINE {
                view[4..][..length].copy_from_slice(payload);
            } else {
                view[4..8].copy_from_slice(&payload[..4]);
                view[8..12].copy_from_slice(&((start / buffer_len) as u32).to_le_bytes());
                view[12..].copy_from_slice(&((start % buffer_len) as u32).to_le_bytes());
            }
        }
        Ok(())
    })
}
