//! A case: the values of a signature's inputs, and what the outputs should be.

use crate::dspy::Values;
use serde_json::{Map, Value};
use std::fmt;

/// One row of a file of cases.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The row's `id`, or its number from 1.
    pub id: String,
    /// The values of the signature's inputs.
    pub inputs: Values,
    /// Expected values of outputs. A list of texts for an output of type `str` means: any of them.
    pub expected: Values,
    /// What else the row has.
    pub notes: Map<String, Value>,
    /// The part of the data that it belongs to: `train`, `dev`, or any other word.
    pub split: Option<String>,
    /// Words by which cases are grouped.
    pub tags: Vec<String>,
}

/// What is wrong in a file of cases, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CaseError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, where it is known.
    pub column: Option<usize>,
    /// The problem, in one line.
    pub what: String,
}

/// What is wrong in a file of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseErrors {
    /// The first problems, in the order of their lines.
    pub first: Vec<CaseError>,
    /// How many there are besides.
    pub more: usize,
}

impl CaseErrors {
    /// The most problems that are listed.
    const MOST: usize = 10;

    /// All problems, in any order.
    pub(super) fn of(mut all: Vec<CaseError>) -> Self {
        all.sort_by_key(|error| (error.line, error.column));
        let more = all.len().saturating_sub(Self::MOST);
        all.truncate(Self::MOST);
        Self { first: all, more }
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}
