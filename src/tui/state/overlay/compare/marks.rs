//! Finds the words that the first answer does not have, in the rendered rows, so that the marks fit the screen. Strings are
//! compared word by word, other values row by row.

use super::words::new_words;
use crate::dspy::FieldType;
use crate::transcript::Transcript;
use crate::tui::state::page::{AnswerPage, FieldRows};
use crate::tui::wrap::width;

/// Adjacent new words in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSpan {
    /// Index of the row on the page.
    pub row: usize,
    /// The first cell.
    pub from: u16,
    /// The width in cells.
    pub cells: u16,
}

/// A word or a row, as the comparison sees it.
struct DiffUnit<'a> {
    /// Index among the rows of its field.
    row: usize,
    /// Its first byte in the row.
    from: usize,
    text: &'a str,
}

/// How a field is divided for the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Granularity {
    Word,
    Row,
}

/// Marks what the fields on a page have that the same fields on the base page do not. Reasoning is left out: it always
/// differs.
pub(super) fn marks(base: &[FieldRows<'_>], run: &Transcript, page: &AnswerPage) -> Vec<NewSpan> {
    let mut marks = Vec::new();
    for field in page.fields(run).filter(|field| !run.is_thought(field.name)) {
        let Some(before) = base.iter().find(|other| other.name == field.name) else { continue };
        let kind = run.task().and_then(|task| task.signature.output(field.name)).map(|field| &field.field_type);
        let is_text = kind.is_none_or(|kind| *kind == FieldType::Str);
        let granularity = if is_text { Granularity::Word } else { Granularity::Row };
        let (base_units, units) = (units(&before.rows, granularity), units(&field.rows, granularity));
        let new = new_words(&texts(&base_units), &texts(&units));
        mark(&units, &new, &field, &mut marks);
    }
    marks
}

fn units(rows: &[String], granularity: Granularity) -> Vec<DiffUnit<'_>> {
    let mut units = Vec::new();
    for (row, text) in rows.iter().enumerate() {
        let text = text.trim_end();
        let mut from = text.len() - text.trim_start().len();
        for word in text.trim_start().split(|c: char| granularity == Granularity::Word && c.is_whitespace()) {
            if !word.is_empty() {
                units.push(DiffUnit { row, from, text: word });
            }
            // The separator between two words is one character, of one or more bytes.
            from += word.len() + text[from + word.len()..].chars().next().map_or(0, char::len_utf8);
        }
    }
    units
}

fn texts<'a>(units: &[DiffUnit<'a>]) -> Vec<&'a str> {
    units.iter().map(|unit| unit.text).collect()
}

/// Adds the cells of the new units to the marks. The space between two new words of a row is marked too.
fn mark(units: &[DiffUnit<'_>], new: &[bool], field: &FieldRows<'_>, marks: &mut Vec<NewSpan>) {
    let mut last: Option<usize> = None;
    for (i, unit) in units.iter().enumerate().filter(|(i, _)| new[*i]) {
        let (text, row) = (&field.rows[unit.row], field.from + unit.row);
        let from = width(&text[..unit.from]) as u16;
        let end = from + width(unit.text) as u16;
        match marks.last_mut().filter(|mark| mark.row == row && last.is_some_and(|last| last + 1 == i)) {
            Some(mark) => mark.cells = end - mark.from,
            None => marks.push(NewSpan { row, from, cells: end - from }),
        }
        last = Some(i);
    }
}
