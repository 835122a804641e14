//! Functions for Python that get what they are given in one slice, by CPython's fastest way to call: no tuple and no dict are
//! made of it, as PyO3 does for functions whose names are not known when it is compiled.

use std::ffi::CStr;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;

use pyo3::panic::PanicException;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{ffi, Borrowed, PyClass};

use super::tuple;

/// What a call is given: `values` by place, of which the last ones belong to `names`.
pub struct Given<'a, 'py> {
    values: &'a [Borrowed<'a, 'py, PyAny>],
    names: Option<&'a Bound<'py, PyTuple>>,
}

impl<'a, 'py> Given<'a, 'py> {
    pub fn by_place(&self) -> &'a [Borrowed<'a, 'py, PyAny>] {
        &self.values[..self.values.len() - self.names.map_or(0, tuple::len)]
    }

    pub fn by_name(&self) -> impl Iterator<Item = (Borrowed<'a, 'py, PyAny>, Borrowed<'a, 'py, PyAny>)> {
        let (values, names) = (&self.values[self.by_place().len()..], self.names);
        let name = move |index| names.and_then(|names| tuple::item(names, index));
        values.iter().enumerate().map_while(move |(index, value)| Some((name(index)?, *value)))
    }
}

/// An object that Python calls.
pub trait Called: PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync {
    fn call(&self, py: Python<'_>, given: &Given<'_, '_>) -> PyResult<Py<PyAny>>;
}

/// What CPython has to know of the function by which objects of a type are called.
pub struct Definition(ffi::PyMethodDef);

// SAFETY: CPython reads it only; its pointers are to what lives as long as the process.
unsafe impl Sync for Definition {}

impl Definition {
    pub const fn of<T: Called>(name: &'static CStr, doc: &'static CStr) -> Self {
        Self(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: called::<T> },
            ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: doc.as_ptr(),
        })
    }

    /// The function that calls `object`, which must be of the type that this is the definition of.
    pub fn function<'py, T: Called>(&'static self, object: &Bound<'py, T>) -> PyResult<Bound<'py, PyAny>> {
        let definition = ptr::from_ref(&self.0).cast_mut();
        // SAFETY: the definition is static; the function owns a reference to the object.
        unsafe {
            let function = ffi::PyCFunction_NewEx(definition, object.as_ptr(), ptr::null_mut());
            Bound::from_owned_ptr_or_err(object.py(), function)
        }
    }
}

unsafe extern "C" fn called<T: Called>(
    object: *mut ffi::PyObject,
    values: *const *mut ffi::PyObject,
    by_place: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this with the interpreter attached; with the object that the function was made for; with a tuple
    // of names or none; and with as many values, each a reference that is good until this returns, as it says by place and
    // there are names. A `Borrowed` is such a reference and nothing else.
    let (py, object, values, names) = unsafe {
        let py = Python::assume_attached();
        let names = (!names.is_null()).then(|| Borrowed::from_ptr(py, names).cast_unchecked::<PyTuple>());
        let count = by_place as usize + names.as_deref().map_or(0, tuple::len);
        let values = if count == 0 { &[] } else { std::slice::from_raw_parts(values.cast(), count) };
        (py, Borrowed::from_ptr(py, object).cast_unchecked::<T>(), values, names)
    };
    let given = Given { values, names: names.as_deref() };
    let answer = catch_unwind(AssertUnwindSafe(|| object.get().call(py, &given)));
    match answer.unwrap_or_else(|_| Err(PanicException::new_err("the engine panicked, and said above where"))) {
        Ok(answer) => answer.into_ptr(),
        Err(error) => {
            error.restore(py);
            ptr::null_mut()
        }
    }
}
