//! Commands of normal mode that are neither motions nor operators.

use super::again::Past;
use super::operate::cased;
use super::{Mode, PUT, Pending, Text, Vim};

impl Vim {
    /// Does what a key says that is no motion.
    pub(super) fn change(&mut self, c: char, text: &mut Text, past: &mut Past) {
        let counted = self.pending.count.take();
        let count = counted.unwrap_or(1);
        self.pending = Pending::default();
        let (start, end) = (text.line_start(text.at), text.line_end(text.at));
        if matches!(c, 'i' | 'a' | 'I' | 'A' | 'o' | 'O') {
            past.keep(text);
            self.mode = Mode::Insert;
        }
        match c {
            'a' => text.at = (text.at + 1).min(end),
            'I' => text.at = text.first_letter(text.at),
            'A' => text.at = end,
            'o' => text.insert(end, &['\n'], end + 1),
            'O' => text.insert(start, &['\n'], start),
            'J' => text.join(count.saturating_sub(1).max(1), past),
            '~' if end > start => {
                past.keep(text);
                let to = end.min(text.at + count);
                text.chars[text.at..to].iter_mut().for_each(|c| *c = cased('~', *c));
                text.at = to;
            }
            'p' | 'P' => self.put(c == 'p', count, text, past),
            'v' if matches!(self.mode, Mode::Visual(_)) => self.mode = Mode::Normal,
            'V' if matches!(self.mode, Mode::Lines { .. }) => self.mode = Mode::Normal,
            'v' => self.mode = Mode::Visual(self.mode.anchor().unwrap_or(text.at)),
            'V' => self.mode = Mode::Lines { anchor: self.mode.anchor().unwrap_or(text.at), at: text.at },
            'u' => (0..count).for_each(|_| past.undo(text)),
            '\u{12}' => (0..count).for_each(|_| past.redo(text)),
            '.' => self.again(counted, text, past),
            _ => {}
        }
    }

    /// Other characters in place of as many; a line feed in place of all of them.
    pub(super) fn replace(&mut self, c: char, text: &mut Text, past: &mut Past) {
        let count = self.count();
        self.pending = Pending::default();
        if let Some(span) = self.span(text) {
            past.keep(text);
            text.chars[span.from..span.to].iter_mut().filter(|old| **old != '\n').for_each(|old| *old = c);
            text.at = span.from;
            self.mode = Mode::Normal;
            return;
        }
        let (from, to) = (text.at, text.at + count);
        if to > text.line_end(from) {
            return;
        }
        past.keep(text);
        if c == '\n' {
            text.chars.splice(from..to, ['\n']);
            text.at = from + 1;
        } else {
            text.chars[from..to].fill(c);
            text.at = to - 1;
        }
    }

    /// Puts what was copied behind the cursor, or before it; whole lines below or above.
    fn put(&mut self, behind: bool, count: usize, text: &mut Text, past: &mut Past) {
        let (copied, lines) = &self.register;
        if copied.is_empty() && !lines || copied.len() * count > PUT {
            return;
        }
        past.keep(text);
        let (start, end) = (text.line_start(text.at), text.line_end(text.at));
        match (lines, behind) {
            (true, true) => {
                let piece = [&['\n'], copied.as_slice()].concat().repeat(count);
                text.insert(end, &piece, end + 1);
                text.at = text.first_letter(text.at);
            }
            (true, false) => {
                let piece = [copied.as_slice(), &['\n']].concat().repeat(count);
                text.insert(start, &piece, start);
                text.at = text.first_letter(text.at);
            }
            (false, _) => {
                let place = if behind { (text.at + 1).min(end) } else { text.at };
                let piece = copied.repeat(count);
                let at = if piece.contains(&'\n') { place } else { place + piece.len() - 1 };
                text.insert(place, &piece, at);
            }
        }
    }
}

impl Text {
    /// Appends the next lines to this one, a space between.
    pub(super) fn join(&mut self, lines: usize, past: &mut Past) {
        for i in 0..lines {
            let end = self.line_end(self.at);
            if end == self.chars.len() {
                return;
            }
            if i == 0 {
                past.keep(self);
            }
            let next = self.first_letter(end + 1);
            let before = end.checked_sub(1).and_then(|i| self.chars.get(i)).filter(|_| end > self.line_start(end));
            let empty = next == self.line_end(next);
            let spaced = empty || self.chars[next] == ')' || before.is_none_or(|c| c.is_whitespace());
            self.chars.splice(end..next, (!spaced).then_some(' '));
            self.at = end;
        }
    }
}
