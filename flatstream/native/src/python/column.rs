//! A column of numbers, for Python to view without a copy.

use std::ffi::c_int;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Numbers as read-only bytes in the machine's byte order; the Python side knows which.
#[pyclass(frozen, module = "flatstream._native")]
pub struct Column(Box<dyn AsBytes>);

/// What a column can be made of.
pub trait AsBytes: Send + Sync {
    fn start(&self) -> *const u8;
    fn len(&self) -> usize;
}

impl<T: Send + Sync + Copy> AsBytes for Vec<T> {
    fn start(&self) -> *const u8 {
        self.as_ptr().cast()
    }

    fn len(&self) -> usize {
        size_of_val(self.as_slice())
    }
}

impl Column {
    /// Give back what the vector holds in reserve, and keep the rest.
    pub fn new<T: Send + Sync + Copy + 'static>(mut numbers: Vec<T>) -> Self {
        numbers.shrink_to_fit();
        Self(Box::new(numbers))
    }
}

#[pymethods]
impl Column {
    // SAFETY: called by the interpreter alone, with a view that it owns.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let numbers = &slf.get().0;
        let len = isize::try_from(numbers.len()).map_err(|_| PyBufferError::new_err("the column is too large"))?;
        let start = numbers.start().cast_mut().cast();
        // SAFETY: the view holds a reference to this object, which never changes its vector (`frozen`), so that the
        // bytes stay where they are; they are exported as read-only (1).
        let filled = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), start, len, 1, flags) };
        if filled == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(slf.py()))
        }
    }
}
