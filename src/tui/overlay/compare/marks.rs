//! Where the words stand that the first answer does not have: found in the rows that are shown, so that what is marked
//! is what is read. Text goes word by word; numbers, labels and lists go row by row.

use super::words::new_words;
use crate::dspy::Kind;
use crate::transcript::Transcript;
use crate::tui::pane::page::Page;
use crate::tui::wrap::width;
use std::ops::Range;

/// New words side by side in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The row of the page.
    pub(super) row: usize,
    /// The first cell, and how many.
    pub(super) from: u16,
    pub(super) cells: u16,
}

/// A word or a whole row: where it stands, and what it says.
struct Piece<'a> {
    row: usize,
    from: usize,
    text: &'a str,
}

/// What the answer on a page has that the one on the base's page does not, field by field.
pub(super) fn marks(base: (&Transcript, &[String]), other: (&Transcript, &[String])) -> Vec<Mark> {
    let mut marks = Vec::new();
    let (known, shown) = (fields(base.0, base.1), fields(other.0, other.1));
    for (name, rows) in shown {
        let Some((_, before)) = known.iter().find(|(other, _)| *other == name) else { continue };
        let kind = other.0.setup.as_ref().and_then(|setup| setup.signature.output(name)).map(|field| &field.kind);
        let words = kind.is_none_or(|kind| *kind == Kind::Str);
        let (there, here) = (pieces(base.1, before.clone(), words), pieces(other.1, rows, words));
        let new = new_words(&said(&there), &said(&here));
        join(&here, &new, other.1, &mut marks);
    }
    marks
}

/// A page's rows as text.
pub(super) fn rows(page: &Page) -> Vec<String> {
    page.rows(0).map(ToString::to_string).collect()
}

/// The rows of each field of the answer, under its heading. Thoughts always differ and are left out.
fn fields<'a>(run: &'a Transcript, rows: &[String]) -> Vec<(&'a str, Range<usize>)> {
    let Some(prediction) = run.winner().and_then(|attempt| attempt.prediction.as_ref()) else { return Vec::new() };
    let heads = |row: &str, name: &str| {
        let bare = row.trim_start_matches(['=', '≠', '▸', ' ']).strip_prefix(name);
        bare.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',']))
    };
    let mut from = 0;
    let mut found: Vec<(&str, usize)> = Vec::new();
    for name in prediction.fields.keys() {
        // What is struck out above has the same headings: an answer's own stand behind all of that.
        let fits = |row: &String| heads(row, name) && (row.starts_with(['=', '≠', '▸']));
        if let Some(at) = rows[from..].iter().position(fits) {
            found.push((name, from + at));
            from += at + 1;
        }
    }
    let repaired = rows[from..].iter().position(|row| !prediction.repairs.is_empty() && row.starts_with("⚠ "));
    let end = repaired.map_or(rows.len(), |at| from + at);
    let ends = found.iter().skip(1).map(|(_, at)| *at).chain([end]);
    let ranges = found.iter().zip(ends).map(|((name, at), end)| (*name, at + 1..end.max(at + 1)));
    ranges.filter(|(name, _)| !run.is_thought(name)).collect()
}

fn pieces(rows: &[String], range: Range<usize>, words: bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for row in range {
        let text = rows[row].trim_end();
        let mut at = text.len() - text.trim_start().len();
        for word in text.trim_start().split(|c: char| words && c.is_whitespace()) {
            if !word.is_empty() {
                pieces.push(Piece { row, from: at, text: word });
            }
            // What parts two words is one character, of one byte or more.
            at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        }
    }
    pieces
}

fn said<'a>(pieces: &[Piece<'a>]) -> Vec<&'a str> {
    pieces.iter().map(|piece| piece.text).collect()
}

/// The cells of what is new; between two new words of a row the space is theirs.
fn join(pieces: &[Piece<'_>], new: &[bool], rows: &[String], marks: &mut Vec<Mark>) {
    let mut last: Option<usize> = None;
    for (i, piece) in pieces.iter().enumerate().filter(|(i, _)| new[*i]) {
        let text = &rows[piece.row];
        let from = width(&text[..piece.from]) as u16;
        let end = from + width(piece.text) as u16;
        match marks.last_mut().filter(|mark| mark.row == piece.row && last.is_some_and(|last| last + 1 == i)) {
            Some(mark) => mark.cells = end - mark.from,
            None => marks.push(Mark { row: piece.row, from, cells: end - from }),
        }
        last = Some(i);
    }
}
