//! The bytes of a Python object, held in place: the one place where a pointer becomes a slice.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;

/// An exported buffer of single bytes in one piece. While it lives, its object can neither free nor resize the bytes:
/// closing an mmap and resizing a bytearray raise `BufferError`.
pub struct Held(PyBuffer<u8>);

impl Held {
    /// `BufferError` if the bytes do not lie in one piece. The caller has made single bytes of them (`flat_view`).
    pub fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::get(object)?;
        if !buffer.is_c_contiguous() {
            return Err(PyBufferError::new_err("the bytes must lie in one piece (C-contiguous)"));
        }
        Ok(Self(buffer))
    }

    /// The bytes. They can be written to by others whenever Python code runs, or without the GIL: only a source that
    /// is read-only may be looked at without it.
    pub fn bytes(&self) -> &[u8] {
        let (start, len) = (self.0.buf_ptr().cast::<u8>(), self.0.len_bytes());
        if len == 0 {
            return &[]; // an empty buffer may have no address
        }
        // SAFETY: the export keeps `len` initialised bytes at `start` alive as long as `self`, contiguous as `new` made
        // sure. Nobody writes to them while the slice is in use: native code holds the GIL then, except over read-only
        // sources (`read_only`), and runs no Python code while it reads.
        unsafe { std::slice::from_raw_parts(start, len) }
    }

    /// Whether the exporter forbids writing, so that other threads may run while the bytes are read.
    pub fn read_only(&self) -> bool {
        self.0.readonly()
    }
}
