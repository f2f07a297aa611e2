//! What the parts of the import share: the declarations of the source, what is known about them, and the notes.

use super::declarations::Declarations;
use super::signatures::Draft;
use super::syntax::Source;
use crate::dspy::types::FieldType;
use std::collections::{HashMap, HashSet};

/// How many syntax errors are noted one by one.
const SHOWN_ERRORS: usize = 5;

/// Reads one source.
pub(super) struct Reader<'t> {
    pub names: Declarations<'t>,
    /// The signatures that declarations make, by the byte at which their meaning stands.
    pub drafts: HashMap<usize, Option<Draft>>,
    /// Where the meanings of those signatures stand that others inherit from.
    pub bases: HashSet<usize>,
    /// The types that declarations make, likewise, or why they make none.
    pub types: HashMap<usize, Result<FieldType, String>>,
    /// How many classes got a name as types.
    pub class_names: HashMap<String, usize>,
    /// How many types are being read, one inside the other.
    pub depth: usize,
    notes: Vec<(usize, String)>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(source: Source<'t>) -> Self {
        Self {
            names: Declarations::of(source),
            drafts: HashMap::new(),
            bases: HashSet::new(),
            types: HashMap::new(),
            class_names: HashMap::new(),
            depth: 0,
            notes: Vec::new(),
        }
    }

    /// Notes the lines of syntax errors; `removed` are those of statements that were taken out.
    pub(super) fn note_errors(&mut self, removed: &[usize]) {
        let mut lines = [removed, &self.names.source.errors()].concat();
        lines.sort_unstable();
        lines.dedup();
        for &line in lines.iter().take(SHOWN_ERRORS) {
            self.note(line, "a syntax error: what stands here may be missing".to_owned());
        }
        if let Some(&line) = lines.get(SHOWN_ERRORS) {
            self.note(line, format!("{} more syntax errors from here on", lines.len() - SHOWN_ERRORS));
        }
    }

    /// Notes what is left out at a line.
    pub(super) fn note(&mut self, line: usize, text: String) {
        self.notes.push((line, text));
    }

    /// The notes in the order of their lines.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        notes.sort_by_key(|(line, _)| *line);
        let mut lines: Vec<String> =
            notes.iter().map(|(line, text)| crate::text::clean_line(&format!("line {line}: {text}"), 400)).collect();
        lines.dedup();
        lines
    }
}
