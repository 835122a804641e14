//! The verifier of a record, for one payload or many.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::buffer::Held;
use super::frames::{place, rows};
use crate::tables::verify::{self, Limits, Step, Target, Waiting, What};

/// Payloads that are verified between two looks at the signals.
const PART: usize = 1 << 20;

/// A step as `flatstream.records.verify.Step`: entry, op, size, align, required, ref, name.
type PyStep<'py> = (u64, u8, u64, u64, bool, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The number of a union among the ops; the others are in `target_of`.
const UNION: u8 = 4;

/// The plan of a record, the file identifier that its payloads have, if they have one, and the limits of depth, tables and
/// apparent size.
#[pyclass(frozen, module = "flatstream._native")]
pub struct Verifier(pub Arc<verify::Verifier>);

#[pymethods]
impl Verifier {
    #[new]
    fn new(plan: Vec<Vec<PyStep<'_>>>, identifier: &[u8], limits: (i64, i64, i64)) -> PyResult<Self> {
        let (depth, tables, apparent_size) = limits;
        let limits = Limits { depth, tables, apparent_size };
        let plan = plan.into_iter().map(|steps| steps.into_iter().map(step).collect()).collect::<PyResult<_>>()?;
        verify::Verifier::new(plan, identifier_of(identifier)?, limits)
            .map(|verifier| Self(Arc::new(verifier)))
            .ok_or_else(|| PyValueError::new_err("a step leads to a table that is not in the plan"))
    }

    /// Whether a payload passes.
    #[pyo3(signature = (payload, /))]
    fn accepts(&self, payload: &Bound<'_, PyAny>) -> PyResult<bool> {
        let mut waiting = Waiting::default();
        if let Ok(bytes) = payload.cast_exact::<PyBytes>() {
            return Ok(self.0.accepts(bytes.as_bytes(), &mut waiting));
        }
        Ok(self.0.accepts(Held::new(payload)?.bytes(), &mut waiting))
    }

    /// How many of the payloads at known places pass, up to the first that does not.
    fn passing(
        &self,
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        lengths: &Bound<'_, PyAny>,
    ) -> PyResult<usize> {
        let (source, offsets, lengths) = (Held::new(source)?, Held::new(offsets)?, Held::new(lengths)?);
        let mut waiting = Waiting::default();
        let all = rows(&lengths);
        for row in 0..all {
            if row % PART == PART - 1 {
                py.check_signals()?;
            }
            let payload = place(&offsets, &lengths, row)
                .and_then(|(start, length)| source.bytes().get(start..start.checked_add(length)?));
            if !payload.is_some_and(|payload| self.0.accepts(payload, &mut waiting)) {
                return Ok(row);
            }
        }
        Ok(all)
    }
}

/// A file identifier of four bytes, or none.
pub fn identifier_of(identifier: &[u8]) -> PyResult<Option<[u8; 4]>> {
    match identifier.len() {
        0 => Ok(None),
        _ => identifier.try_into().map(Some).map_err(|_| PyValueError::new_err("a file identifier has four bytes")),
    }
}

fn step((entry, op, size, align, required, reference, _): PyStep<'_>) -> PyResult<Step> {
    let what = if op == UNION {
        let members = reference.cast::<PyDict>()?.iter().map(|(tag, member)| {
            let (op, size, align, reference): (u8, u64, u64, Bound<'_, PyAny>) = member.extract()?;
            Ok((tag.extract()?, target_of(op, size, align, &reference)?))
        });
        What::Union(members.collect::<PyResult<_>>()?)
    } else {
        What::Value(target_of(op, size, align, &reference)?)
    };
    Ok(Step { entry, required, what })
}

fn target_of(op: u8, size: u64, align: u64, reference: &Bound<'_, PyAny>) -> PyResult<Target> {
    if !align.is_power_of_two() || size > u64::from(u16::MAX) {
        return Err(PyValueError::new_err("no field has this size or alignment"));
    }
    Ok(match op {
        0 => Target::Inline { size, align },
        1 => Target::Text,
        2 => Target::Vector { width: size, align },
        3 => Target::Table(reference.extract()?),
        5 => Target::Texts,
        6 => Target::Tables(reference.extract()?),
        7 => Target::Nested(reference.extract()?),
        _ => return Err(PyValueError::new_err(format!("there is no op {op}"))),
    })
}
