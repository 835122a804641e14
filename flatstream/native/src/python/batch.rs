//! Whole buffers at a time: `scan`, `frame_many`, `frame_rows`.

use pyo3::exceptions::{PyBufferError, PyException, PyMemoryError, PyOverflowError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList};

use super::algorithm;
use super::buffer::Held;
use super::column::Column;
use crate::checksum::{for_algorithm, Checksum};
use crate::framing;
use crate::scan::Scan;
use crate::wire::End;

/// Bytes that are scanned between two looks at the signals: tens of milliseconds.
const PART: usize = 256 << 20;

/// Work on less than this many bytes is done before another thread could take the GIL.
const RELEASE_FROM: usize = 1 << 16;

/// Why the scan ended, as the kind of error and its facts; `None` for the clean end.
type Why = Option<(&'static str, Option<&'static str>, u64, u64)>;

fn why(end: End) -> Why {
    match end {
        End::Clean => None,
        End::Cut { field, needed, available } => Some(("unexpected_eof", Some(field), needed as u64, available as u64)),
        End::Over { declared } => Some(("invalid_frame", None, u64::from(declared), 0)),
        End::Mismatch { expected, calculated } => Some(("checksum_mismatch", None, expected, calculated)),
    }
}

/// Run `work` without the GIL if that is worth it, and safe: nobody else can write to what is read (`frozen`).
fn released<T: Send>(py: Python<'_>, bytes: &[u8], frozen: bool, work: impl FnOnce(&[u8]) -> T + Send) -> T {
    if frozen && bytes.len() >= RELEASE_FROM {
        py.detach(|| work(bytes))
    } else {
        work(bytes)
    }
}

/// Offsets (int64) and lengths (uint32) of the payloads in `source`, the offset of the end, and why it ended there.
#[pyfunction]
pub fn scan(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    checksum: &str,
    max_frame_len: u32,
    threads: usize,
) -> PyResult<(Column, Column, usize, Why)> {
    let source = Held::new(source)?;
    for_algorithm!(algorithm(checksum)?, checksum => {
        let mut scan = Scan::new(source.bytes(), checksum, max_frame_len, threads);
        let end = loop {
            let ended = released(py, source.bytes(), source.read_only(), |_| scan.advance(PART));
            match ended.map_err(|error| PyMemoryError::new_err(error.to_string()))? {
                Some(end) => break end,
                None => py.check_signals()?,
            }
        };
        let last_good = scan.last_good_offset();
        let places = scan.places;
        Ok((Column::new(places.offsets), Column::new(places.lengths), last_good, why(end)))
    })
}

/// The frames of the payloads in a list from `start` on, until they are `enough` bytes, the list ends, or a payload but
/// the first is refused; and the index behind the last. `flat_view` makes bytes in one piece of what is not `bytes`.
#[pyfunction]
pub fn frame_some<'py>(
    py: Python<'py>,
    payloads: &Bound<'py, PyList>,
    start: usize,
    enough: usize,
    checksum: &str,
    flat_view: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyByteArray>, usize)> {
    for_algorithm!(algorithm(checksum)?, checksum => framed(py, payloads, start, enough, &checksum, flat_view))
}

fn framed<'py, C: Checksum>(
    py: Python<'py>,
    payloads: &Bound<'py, PyList>,
    start: usize,
    enough: usize,
    checksum: &C,
    flat_view: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyByteArray>, usize)> {
    let frames = PyByteArray::new_with(py, 0, |_| Ok(()))?;
    let (mut index, mut end) = (start, 0);
    // By index, since `flat_view` may run code that changes the list.
    while index < payloads.len() && end < enough {
        let payload = payloads.get_item(index)?;
        let payload = match Payload::new(payload, flat_view) {
            Ok(payload) => payload,
            // Whatever refuses it; an interruption goes through.
            Err(error) if index > start && error.is_instance_of::<PyException>(py) => break,
            Err(error) => return Err(error),
        };
        let (payload, frozen) = (payload.bytes(), payload.is_frozen());
        let size = framing::framed_len::<C>(payload.len());
        if frames.len() - end < size {
            let expected = size.saturating_mul(payloads.len().saturating_sub(index)).min(enough.saturating_add(size));
            frames.resize(roomy(end, size, expected)?)?;
        }
        // SAFETY: the array is nobody else's until it is finished, and nothing resizes it while the slice is in use.
        let out = unsafe { frames.as_bytes_mut() };
        end += released(py, payload, frozen, |payload| framing::frame(checksum, payload, &mut out[end..]));
        index += 1;
        end = frame_plain(payloads, &mut index, checksum, out, end, enough);
    }
    frames.resize(end)?;
    Ok((frames, index))
}

/// Frame payloads from `index` on for as long as they are small `bytes` and fit; the end of their frames in `out`. No code of
/// anybody's runs in between.
fn frame_plain<C: Checksum>(
    payloads: &Bound<'_, PyList>,
    index: &mut usize,
    checksum: &C,
    out: &mut [u8],
    mut end: usize,
    enough: usize,
) -> usize {
    for payload in payloads.iter().skip(*index) {
        let Ok(payload) = payload.cast_exact::<PyBytes>() else { break };
        let payload = payload.as_bytes();
        let fits = out.len() - end >= framing::framed_len::<C>(payload.len());
        if !fits || end >= enough || payload.len() >= RELEASE_FROM {
            break;
        }
        end += framing::frame(checksum, payload, &mut out[end..]);
        *index += 1;
    }
    end
}

/// A size with room for a frame of `size` bytes and as many more as are expected, but for no more of these than a
/// multiple of what is there.
fn roomy(end: usize, size: usize, expected: usize) -> PyResult<usize> {
    let more = expected.min((4 << 20).max(end / 2)).max(size);
    end.checked_add(more).ok_or_else(|| PyMemoryError::new_err("the frames do not fit into memory"))
}

/// A payload on its way into a frame.
enum Payload<'py> {
    Bytes(Bound<'py, PyBytes>),
    Other(Held),
}

impl<'py> Payload<'py> {
    /// W8: `OverflowError` with the length of one that is too long; the Python side has the error for it.
    fn new(object: Bound<'py, PyAny>, flat_view: &Bound<'py, PyAny>) -> PyResult<Self> {
        let payload = match object.cast_into_exact::<PyBytes>() {
            Ok(bytes) => Self::Bytes(bytes),
            Err(other) => Self::Other(Held::new(&flat_view.call1((other.into_inner(),))?)?),
        };
        match u32::try_from(payload.bytes().len()) {
            Ok(_) => Ok(payload),
            Err(_) => Err(PyOverflowError::new_err(payload.bytes().len())),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Other(held) => held.bytes(),
        }
    }

    /// Whether nobody can write to it.
    fn is_frozen(&self) -> bool {
        match self {
            Self::Bytes(_) => true,
            Self::Other(held) => held.read_only(),
        }
    }
}

/// The frames of `count` rows of `row_len` bytes, which lie one behind the other in `rows`.
#[pyfunction]
pub fn frame_rows<'py>(
    py: Python<'py>,
    rows: &Bound<'py, PyAny>,
    count: usize,
    row_len: u32,
    checksum: &str,
) -> PyResult<Bound<'py, PyByteArray>> {
    let rows = Held::new(rows)?;
    let row_len = row_len as usize;
    if count.checked_mul(row_len) != Some(rows.bytes().len()) {
        return Err(PyBufferError::new_err("the rows are not all of their buffer"));
    }
    for_algorithm!(algorithm(checksum)?, checksum => frame_rows_with(py, &rows, count, row_len, &checksum))
}

fn frame_rows_with<'py, C: Checksum>(
    py: Python<'py>,
    rows: &Held,
    count: usize,
    row_len: usize,
    checksum: &C,
) -> PyResult<Bound<'py, PyByteArray>> {
    let total = count
        .checked_mul(framing::framed_len::<C>(row_len))
        .filter(|total| isize::try_from(*total).is_ok())
        .ok_or_else(|| PyMemoryError::new_err("the frames of these rows do not fit into memory"))?;
    PyByteArray::new_with(py, total, |out| {
        // The new bytearray is nobody else's yet.
        released(py, rows.bytes(), rows.read_only(), |rows| framing::frame_rows(checksum, rows, row_len, out));
        Ok(())
    })
}
