//! One payload at a time into a sink: the way of a frame that meets no obstacle.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};
use pyo3::{PyTraverseError, PyVisit};

use super::algorithm;
use crate::checksum::{for_algorithm, Algorithm, Checksum};
use crate::framing::{frame, framed_len};

/// Where frames go.
enum Sink {
    Array(Py<PyByteArray>),
    /// A method that takes bytes and says how many it took.
    Write(Py<PyAny>),
}

/// What a `FrameWriter` and the Python code behind it share, so that neither has to know the other: whether payloads go
/// the short way, and what has gone it. Atomic because a sink may run code that looks at them, not because of threads.
#[pyclass(frozen, module = "flatstream._native")]
pub struct Gate {
    written: AtomicU64,
    open: AtomicBool,
}

#[pymethods]
impl Gate {
    #[new]
    fn new() -> Self {
        Self { written: AtomicU64::new(0), open: AtomicBool::new(true) }
    }

    /// Bytes of the frames that went the short way.
    #[getter]
    fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    /// From now on everything goes to `slow`.
    fn close(&self) {
        self.open.store(false, Relaxed);
    }
}

/// Writes the frames of `bytes` payloads; everything else, and every obstacle, is left to Python.
#[pyclass(frozen, module = "flatstream._native")]
pub struct FrameWriter {
    gate: Py<Gate>,
    sink: Sink,
    algorithm: Algorithm,
    longest: usize,
    /// `slow(payload)`: write any payload by the rules.
    slow: Py<PyAny>,
    /// `unsure(frame or None, answer or exception)`: go on after a sink that did not simply take the whole frame.
    unsure: Py<PyAny>,
}

#[pymethods]
impl FrameWriter {
    #[new]
    fn new(
        gate: Py<Gate>,
        sink: &Bound<'_, PyAny>,
        checksum: &str,
        longest: usize,
        slow: Py<PyAny>,
        unsure: Py<PyAny>,
    ) -> PyResult<Self> {
        let sink = match sink.cast_exact::<PyByteArray>() {
            Ok(array) => Sink::Array(array.clone().unbind()),
            Err(_) => Sink::Write(sink.getattr("write")?.unbind()),
        };
        let algorithm = algorithm(checksum)?;
        Ok(Self { gate, sink, algorithm, longest, slow, unsure })
    }

    /// Write any bytes-like as one frame.
    #[pyo3(signature = (payload, /))]
    fn write_payload(&self, py: Python<'_>, payload: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(bytes) = payload.cast_exact::<PyBytes>() {
            let bytes = bytes.as_bytes();
            if bytes.len() <= self.longest && self.gate.get().open.load(Relaxed) {
                return for_algorithm!(self.algorithm, checksum => self.write(py, bytes, &checksum));
            }
        }
        self.slow.call1(py, (payload,)).map(drop)
    }

    // A sink may be an object of the caller's that refers to all this.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.sink {
            Sink::Array(array) => visit.call(array)?,
            Sink::Write(write) => visit.call(write)?,
        }
        visit.call(&self.gate)?;
        visit.call(&self.slow)?;
        visit.call(&self.unsure)
    }
}

impl FrameWriter {
    #[inline(always)]
    fn write<C: Checksum>(&self, py: Python<'_>, payload: &[u8], checksum: &C) -> PyResult<()> {
        let size = framed_len::<C>(payload.len());
        match &self.sink {
            Sink::Array(array) => {
                let array = array.bind(py);
                let end = array.len();
                if let Err(error) = array.resize(end + size) {
                    return self.left_unsure(py, None, error.into_value(py).into_any());
                }
                // SAFETY: nothing else runs while this thread holds the GIL and calls no Python code, so that nobody
                // resizes or writes to the array, whose last `size` bytes are new.
                frame(checksum, payload, unsafe { &mut array.as_bytes_mut()[end..] });
            }
            Sink::Write(write) => {
                let bytes = PyBytes::new_with(py, size, |out| {
                    frame(checksum, payload, out);
                    Ok(())
                })
                .map_err(|_| PyMemoryError::new_err("no memory for the frame"))?;
                match write.call1(py, (&bytes,)) {
                    Ok(answer) if answer.bind(py).extract::<usize>().is_ok_and(|taken| taken == size) => {}
                    Ok(answer) => return self.left_unsure(py, Some(bytes), answer),
                    Err(error) => return self.left_unsure(py, Some(bytes), error.into_value(py).into_any()),
                }
            }
        }
        let written = &self.gate.get().written;
        written.store(written.load(Relaxed) + size as u64, Relaxed);
        Ok(())
    }

    #[cold]
    fn left_unsure(&self, py: Python<'_>, frame: Option<Bound<'_, PyBytes>>, answer: Py<PyAny>) -> PyResult<()> {
        self.unsure.call1(py, (frame, answer)).map(drop)
    }
}
