//! Frames one at a time: the run of whole and good ones in a window, and the payloads at known places.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PySequence};

use super::algorithm;
use super::buffer::Held;
use super::verifying::Verifier;
use crate::checksum::{for_algorithm, is_right, Algorithm, Checksum};
use crate::tables::verify::{self, Waiting};
use crate::wire::{whole_frame, LENGTH_SIZE};

/// What payloads are: of `bytes`, or where copies are asked for, `bytes`; else views on the window.
enum Window {
    Bytes,
    View(Py<PySequence>),
}

impl Window {
    #[inline(always)]
    fn slice<'py>(&self, py: Python<'py>, bytes: &[u8], start: usize, stop: usize) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Bytes => Ok(PyBytes::new(py, &bytes[start..stop]).into_any()),
            Self::View(view) => Ok(view.bind(py).get_slice(start, stop)?.into_any()),
        }
    }
}

/// Payloads that are handed over at a time: enough to make the call for them cheap.
const RUN: usize = 1024;

/// Bytes after which a run of copies ends, so that few of them exist at a time.
const RUN_BYTES: usize = 1 << 16;

/// Iterates over lists of payloads: those of the frames that stand whole in a window, within the limit, with the right
/// checksum, and pass the verifier if there is one. It ends in front of the first frame that does not; `pos` then says where.
///
/// Lists, since a list hands a payload on at a tenth of what a call into native code costs. The positions are atomic,
/// at no cost, so that the object can be frozen: PyO3 would else lock it at each call.
#[pyclass(frozen, module = "flatstream._native")]
pub struct WholeFrames {
    window: Window,
    held: Held,
    algorithm: Algorithm,
    limit: u32,
    verifier: Option<Arc<verify::Verifier>>,
    /// Where the last list began and ended, in bytes of the window.
    run: AtomicUsize,
    pos: AtomicUsize,
}

#[pymethods]
impl WholeFrames {
    #[new]
    #[pyo3(signature = (window, pos, checksum, max_frame_len, copy, verifier, /))]
    fn new(
        window: &Bound<'_, PyAny>,
        pos: usize,
        checksum: &str,
        max_frame_len: u32,
        copy: bool,
        verifier: Option<&Bound<'_, Verifier>>,
    ) -> PyResult<Self> {
        let held = Held::new(window)?;
        if pos > held.bytes().len() {
            return Err(PyIndexError::new_err("the position lies behind the window"));
        }
        let window = match window.cast::<PyMemoryView>() {
            Ok(view) if !copy => Window::View(view.cast::<PySequence>()?.clone().unbind()),
            _ => Window::Bytes,
        };
        let algorithm = algorithm(checksum)?;
        let (run, pos) = (AtomicUsize::new(pos), AtomicUsize::new(pos));
        let verifier = verifier.map(|verifier| Arc::clone(&verifier.get().0));
        Ok(Self { window, held, algorithm, limit: max_frame_len, verifier, run, pos })
    }

    /// Position in the window one past the last frame of the last list.
    #[getter]
    fn pos(&self) -> usize {
        self.pos.load(Relaxed)
    }

    /// Position in the window one past the frame of the payload at index `given - 1` of the last list.
    fn pos_after(&self, given: usize) -> usize {
        let bytes = self.held.bytes();
        (0..given).fold(self.run.load(Relaxed), |pos, _| match whole_frame(bytes, pos, self.header(), self.limit) {
            Some((start, length)) => start + length as usize,
            None => pos, // the source was changed under the reader
        })
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let payloads = for_algorithm!(self.algorithm, checksum => self.next_run(py, &checksum))?;
        if payloads.is_empty() {
            Ok(None)
        } else {
            PyList::new(py, payloads).map(Some)
        }
    }
}

impl WholeFrames {
    fn header(&self) -> usize {
        LENGTH_SIZE + self.algorithm.width()
    }

    fn next_run<'py, C: Checksum>(&self, py: Python<'py>, checksum: &C) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let header = LENGTH_SIZE + C::WIDTH;
        let first = self.pos();
        let mut pos = first;
        let mut payloads = Vec::with_capacity(RUN);
        let mut waiting = Waiting::default();
        while payloads.len() < RUN && pos - first < RUN_BYTES {
            // Anew for each frame: making a view may run the garbage collector, and that anybody's code.
            let bytes = self.held.bytes();
            let Some((start, length)) = whole_frame(bytes, pos, header, self.limit) else { break };
            let stop = start + length as usize;
            if !is_right(checksum, &bytes[pos + LENGTH_SIZE..start], &bytes[start..stop]) {
                break;
            }
            if let Some(verifier) = &self.verifier {
                if !verifier.accepts(&bytes[start..stop], &mut waiting) {
                    break;
                }
            }
            payloads.push(self.window.slice(py, bytes, start, stop)?);
            pos = stop;
        }
        self.run.store(first, Relaxed);
        self.pos.store(pos, Relaxed);
        Ok(payloads)
    }
}

/// Iterates over views of the payloads at known places.
#[pyclass(frozen, module = "flatstream._native")]
pub struct Slices {
    source: Py<PySequence>,
    offsets: Held,
    lengths: Held,
    next: AtomicUsize,
}

#[pymethods]
impl Slices {
    #[new]
    fn new(source: Bound<'_, PySequence>, offsets: &Bound<'_, PyAny>, lengths: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (offsets, lengths) = (Held::new(offsets)?, Held::new(lengths)?);
        Ok(Self { source: source.unbind(), offsets, lengths, next: AtomicUsize::new(0) })
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let next = self.next.load(Relaxed);
        let Some((start, length)) = place(&self.offsets, &self.lengths, next) else { return Ok(None) };
        self.next.store(next + 1, Relaxed);
        Ok(Some(self.source.bind(py).get_slice(start, start + length)?.into_any()))
    }
}

/// Start and length of the payload at an index of the two columns: int64 and uint32.
pub fn place(offsets: &Held, lengths: &Held, index: usize) -> Option<(usize, usize)> {
    let (offset, length) = (nth(offsets.bytes(), index)?, nth(lengths.bytes(), index)?);
    Some((i64::from_ne_bytes(offset) as usize, u32::from_ne_bytes(length) as usize))
}

/// How many payloads there are, by the column of their lengths.
pub fn rows(lengths: &Held) -> usize {
    lengths.bytes().len() / size_of::<u32>()
}

/// The bytes of the number at an index of a column.
fn nth<const SIZE: usize>(column: &[u8], index: usize) -> Option<[u8; SIZE]> {
    column.get(index * SIZE..)?.first_chunk().copied()
}
