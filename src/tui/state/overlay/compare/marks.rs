//! Where the words stand that the first answer does not have: found in the rows that are shown, so that what is marked
//! is what is read. Text goes word by word; numbers, labels and lists go row by row.

use super::words::new_words;
use crate::dspy::FieldType;
use crate::transcript::Transcript;
use crate::tui::state::page::{AnswerPage, FieldRows};
use crate::tui::wrap::width;

/// New words side by side in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSpan {
    /// The row of the page.
    pub row: usize,
    /// The first cell.
    pub from: u16,
    /// How many cells.
    pub cells: u16,
}

/// A word or a whole row: the row among its field's, its first byte there, and what it says.
struct DiffUnit<'a> {
    row: usize,
    from: usize,
    text: &'a str,
}

/// What the answer on a page has that the one on the base's page does not, field by field. Thoughts always differ and
/// are left out.
pub(super) fn marks(base: &[FieldRows<'_>], run: &Transcript, page: &AnswerPage) -> Vec<NewSpan> {
    let mut marks = Vec::new();
    for field in page.fields(run).filter(|field| !run.is_thought(field.name)) {
        let Some(before) = base.iter().find(|other| other.name == field.name) else { continue };
        let kind = run.task().and_then(|task| task.signature.output(field.name)).map(|field| &field.field_type);
        let words = kind.is_none_or(|kind| *kind == FieldType::Str);
        let (there, here) = (pieces(&before.rows, words), pieces(&field.rows, words));
        let new = new_words(&said(&there), &said(&here));
        join(&here, &new, &field, &mut marks);
    }
    marks
}

fn pieces(rows: &[String], words: bool) -> Vec<DiffUnit<'_>> {
    let mut pieces = Vec::new();
    for (row, text) in rows.iter().enumerate() {
        let text = text.trim_end();
        let mut at = text.len() - text.trim_start().len();
        for word in text.trim_start().split(|c: char| words && c.is_whitespace()) {
            if !word.is_empty() {
                pieces.push(DiffUnit { row, from: at, text: word });
            }
            // The separator between two words is one character, of one or more bytes.
            at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        }
    }
    pieces
}

fn said<'a>(pieces: &[DiffUnit<'a>]) -> Vec<&'a str> {
    pieces.iter().map(|piece| piece.text).collect()
}

/// The cells of what is new; between two new words of a row the space is theirs.
fn join(pieces: &[DiffUnit<'_>], new: &[bool], field: &FieldRows<'_>, marks: &mut Vec<NewSpan>) {
    let mut last: Option<usize> = None;
    for (i, piece) in pieces.iter().enumerate().filter(|(i, _)| new[*i]) {
        let (text, row) = (&field.rows[piece.row], field.from + piece.row);
        let from = width(&text[..piece.from]) as u16;
        let end = from + width(piece.text) as u16;
        match marks.last_mut().filter(|mark| mark.row == row && last.is_some_and(|last| last + 1 == i)) {
            Some(mark) => mark.cells = end - mark.from,
            None => marks.push(NewSpan { row, from, cells: end - from }),
        }
        last = Some(i);
    }
}
