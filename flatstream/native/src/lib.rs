//! The accelerated engine of FlatStream for Python.
//!
//! `wire`, `checksum`, `scan` and `framing` are the format, and `tables` the messages in it, without Python; the rest hands
//! Python's buffers to them. What a frame or a payload means that is not whole and good is decided in Python, by the one
//! parser and the one verifier: the native code stops in front of it.

pub mod checksum;
pub mod framing;
mod prefetch;
pub mod scan;
pub mod tables;
pub mod wire;

#[cfg(feature = "python")]
mod python {
    mod arrow;
    mod batch;
    mod buffer;
    mod column;
    mod decoding;
    mod encoding;
    mod frames;
    mod function;
    mod gathering;
    mod tuple;
    mod verifying;
    mod writing;

    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;

    use crate::checksum::Algorithm;

    /// The native half of `flatstream.engine`, which documents it.
    #[pymodule]
    #[pyo3(name = "_native")]
    mod native {
        #[pymodule_export]
        use super::arrow::arrow_views;
        #[pymodule_export]
        use super::batch::{frame_rows, frame_some, scan};
        #[pymodule_export]
        use super::column::Column;
        #[pymodule_export]
        use super::decoding::Decoder;
        #[pymodule_export]
        use super::encoding::RowEncoder;
        #[pymodule_export]
        use super::frames::{Slices, WholeFrames};
        #[pymodule_export]
        use super::gathering::Gatherer;
        #[pymodule_export]
        use super::verifying::Verifier;
        #[pymodule_export]
        use super::writing::{FrameWriter, Gate};
    }

    fn algorithm(name: &str) -> PyResult<Algorithm> {
        Algorithm::by_name(name).ok_or_else(|| PyValueError::new_err(format!("the engine has no checksum {name:?}")))
    }
}
