//! What operators do to a piece of the text: delete, change, copy, shift, and turn the case.

use super::again::Past;
use super::{Mode, PUT, Pending, Text, Vim};

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whole lines, without the line feed behind them.
    pub(super) lines: bool,
    /// Where the cursor stays when nothing is taken away.
    pub(super) at: usize,
}

/// `>` and `<` shift by so many spaces.
const SHIFT: usize = 2;

impl Span {
    pub(super) fn letters(from: usize, to: usize) -> Self {
        Self { from, to, lines: false, at: from }
    }

    pub(super) fn lines(text: &Text, from: usize, to: usize) -> Self {
        Self { from: text.line_start(from), to: text.line_end(to), lines: true, at: from }
    }
}

impl Text {
    /// A piece that ends where a line begins leaves that line's feed alone; one that begins with its line too is
    /// whole lines.
    pub(super) fn adjusted(&self, from: usize, to: usize) -> Span {
        if from >= to || self.line_start(to) != to || self.line_start(from) == to {
            return Span::letters(from, to);
        }
        if from <= self.first_letter(from) { Span::lines(self, from, to - 1) } else { Span::letters(from, to - 1) }
    }

    /// A piece of several lines with nothing but spaces around it is whole lines to `d`.
    pub(super) fn cleared(&self, span: Span) -> Span {
        let Span { from, to, .. } = span;
        let several = self.line_end(from) < to;
        let bare = self.chars[to..self.line_end(to)].iter().all(|c| c.is_whitespace());
        if several && bare && from <= self.first_letter(from) { Span::lines(self, from, to) } else { span }
    }
}

impl Vim {
    /// What is chosen, if something is.
    pub(super) fn span(&self, text: &Text) -> Option<Span> {
        let anchor = self.mode.anchor()?.min(text.chars.len());
        let (from, last) = (anchor.min(text.at), anchor.max(text.at));
        Some(match self.mode {
            Mode::Lines { .. } => Span::lines(text, text.line_start(from), last),
            _ => Span::letters(from, (last + 1).min(text.chars.len())),
        })
    }

    /// A key of visual mode that does something with what is chosen.
    pub(super) fn on_what_is_chosen(&mut self, c: char, text: &mut Text, past: &mut Past) {
        let (Some(span), Some(anchor), count) = (self.span(text), self.mode.anchor(), self.count()) else { return };
        let whole = Span::lines(text, text.line_start(span.from), span.to.max(span.from + 1) - 1);
        self.mode = match (c, self.mode) {
            ('o', Mode::Lines { .. }) => Mode::Lines { anchor: text.at, at: anchor },
            ('o', _) => Mode::Visual(text.at),
            _ => Mode::Normal,
        };
        match c {
            'o' => {
                text.at = anchor;
                self.pending = Pending::default();
            }
            'x' => self.operate('d', span, text, past),
            's' => self.operate('c', span, text, past),
            'D' | 'X' => self.operate('d', whole, text, past),
            'C' | 'S' | 'R' => self.operate('c', whole, text, past),
            'Y' => self.operate('y', whole, text, past),
            'p' | 'P' => self.put_over(span, count, text, past),
            'J' => {
                let feeds = text.chars[whole.from..whole.to].iter().filter(|c| **c == '\n').count();
                text.at = span.from;
                self.pending = Pending::default();
                text.join(feeds.max(1), past);
            }
            '>' | '<' => {
                past.keep(text);
                self.pending = Pending::default();
                shift(c, whole, count, text);
            }
            _ => self.operate(c, span, text, past),
        }
    }

    /// Does what the operator says with a piece.
    pub(super) fn operate(&mut self, operator: char, span: Span, text: &mut Text, past: &mut Past) {
        self.pending = Pending::default();
        let Span { mut from, mut to, lines, at } = span;
        if matches!(operator, 'd' | 'c' | 'y') && (from < to || lines) {
            self.register = (text.chars[from..to].to_vec(), lines);
        }
        if operator == 'y' {
            text.at = at;
            return;
        }
        past.keep(text);
        match operator {
            '>' | '<' => return shift(operator, span, 1, text),
            'u' | 'U' | '~' => {
                text.chars[from..to].iter_mut().for_each(|c| *c = cased(operator, *c));
                text.at = from;
                return;
            }
            'c' => self.mode = Mode::Insert,
            _ if lines && to < text.chars.len() => to += 1,
            // The last line takes the line feed before it along.
            _ if lines => from = from.saturating_sub(1),
            _ => {}
        }
        text.chars.drain(from..to);
        text.at = from.min(text.chars.len());
        if lines && operator == 'd' {
            text.at = text.first_letter(text.at);
        }
    }

    /// Puts what was copied in place of what is chosen, and keeps that instead.
    fn put_over(&mut self, span: Span, count: usize, text: &mut Text, past: &mut Past) {
        self.pending = Pending::default();
        let taken = (text.chars[span.from..span.to].to_vec(), span.lines);
        let (copied, lines) = std::mem::replace(&mut self.register, taken);
        let count = count.min(PUT / copied.len().max(1));
        past.keep(text);
        let (piece, begin) = match (lines, span.lines) {
            (false, _) => (copied.repeat(count), 0),
            (true, true) => (vec![copied; count].join(&'\n'), 0),
            (true, false) => ([['\n'].as_slice(), &[copied.as_slice(), &['\n']].concat().repeat(count)].concat(), 1),
        };
        let several = piece.contains(&'\n');
        let last = (span.from + piece.len()).saturating_sub(1).max(span.from);
        text.chars.splice(span.from..span.to, piece);
        text.at = match (lines || span.lines, several) {
            (true, _) => text.first_letter(span.from + begin),
            (false, true) => span.from,
            (false, false) => last,
        };
    }
}

/// Moves whole lines to the right or to the left; empty ones stay empty.
fn shift(operator: char, span: Span, times: usize, text: &mut Text) {
    let by = SHIFT * times;
    let mut shifted = Vec::with_capacity(span.to - span.from + by);
    let (from, to) = (text.line_start(span.from), text.line_end(span.to.max(span.from)));
    for (i, line) in text.chars[from..to].split(|c| *c == '\n').enumerate() {
        shifted.extend((i > 0).then_some('\n'));
        let blank = line.iter().take_while(|c| **c == ' ').count();
        match operator {
            '>' if line.is_empty() => {}
            '>' => {
                shifted.resize(shifted.len() + by, ' ');
                shifted.extend(line);
            }
            _ => shifted.extend(&line[blank.min(by)..]),
        }
    }
    text.chars.splice(from..to, shifted);
    text.at = text.first_letter(from);
}

/// A letter in the other case, where that is one letter too.
pub(super) fn cased(operator: char, c: char) -> char {
    let one = |mut letters: &mut dyn Iterator<Item = char>| match (letters.next(), (&mut letters).next()) {
        (Some(letter), None) => letter,
        _ => c,
    };
    match operator {
        'u' => one(&mut c.to_lowercase()),
        'U' => one(&mut c.to_uppercase()),
        _ if c.is_uppercase() => one(&mut c.to_lowercase()),
        _ => one(&mut c.to_uppercase()),
    }
}
