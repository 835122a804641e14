//! Tuples, in loops over their values, where what PyO3 does to be safe takes a quarter of the time.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{ffi, Borrowed};

/// How many values a tuple has: what lies in it, where PyO3 asks CPython by a call.
#[inline(always)]
pub fn len(tuple: &Bound<'_, PyTuple>) -> usize {
    // SAFETY: a tuple that is alive, and every tuple has this field.
    unsafe { ffi::Py_SIZE(tuple.as_ptr()) as usize }
}

/// A value of a tuple; `None` if it has none there.
#[inline(always)]
pub fn item<'a, 'py>(tuple: &'a Bound<'py, PyTuple>, index: usize) -> Option<Borrowed<'a, 'py, PyAny>> {
    if index >= len(tuple) {
        return None;
    }
    // SAFETY: a tuple that is alive, and an index in it: what it holds lives as long as it does.
    unsafe {
        let value = ffi::PyTuple_GetItem(tuple.as_ptr(), index as ffi::Py_ssize_t);
        Some(Borrowed::from_ptr(tuple.py(), value))
    }
}
