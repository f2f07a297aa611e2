//! Places in a text, and the motions between them.

use super::Text;

/// Where a motion leads, and what an operator takes on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) to: usize,
    pub(super) reach: Reach,
}

/// What lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All but the character at the further end.
    Exclusive,
    /// That one too.
    Inclusive,
    /// Whole lines.
    Lines,
    /// To the next word, which `d` and `c` each read in their own way.
    Word,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Letter,
    Mark,
}

fn kind(c: char) -> Kind {
    match c {
        c if c.is_whitespace() => Kind::Space,
        c if c.is_alphanumeric() || c == '_' => Kind::Letter,
        _ => Kind::Mark,
    }
}

impl Text {
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.chars[..at].iter().rposition(|c| *c == '\n').map_or(0, |feed| feed + 1)
    }

    /// The line feed that ends the line, or the end of the text.
    pub(super) fn line_end(&self, at: usize) -> usize {
        self.chars[at..].iter().position(|c| *c == '\n').map_or(self.chars.len(), |feed| at + feed)
    }

    /// The first character of the line that is no space.
    pub(super) fn first_letter(&self, at: usize) -> usize {
        let (start, end) = (self.line_start(at), self.line_end(at));
        (start..end).find(|i| !self.chars[*i].is_whitespace()).unwrap_or(end)
    }

    /// Outside of insert mode the cursor stands on a character, not behind the last one.
    pub(super) fn stay_on_a_character(&mut self) {
        self.at = self.at.min(self.chars.len());
        let (start, end) = (self.line_start(self.at), self.line_end(self.at));
        if self.at == end && end > start {
            self.at = end - 1;
        }
    }

    pub(super) fn insert(&mut self, place: usize, piece: &[char], at: usize) {
        self.chars.splice(place..place, piece.iter().copied());
        self.at = at;
    }

    /// The same column so many lines further down, or a place in the last one.
    pub(super) fn lines_down(&self, at: usize, lines: usize) -> usize {
        (0..lines).fold(at, |at, _| match self.line_end(at) {
            end if end < self.chars.len() => end + 1,
            _ => at,
        })
    }

    fn lines_up(&self, at: usize, lines: usize) -> usize {
        (0..lines).fold(at, |at, _| self.line_start(at).checked_sub(1).unwrap_or(at))
    }

    fn column(&self, line: usize, column: usize) -> usize {
        (self.line_start(line) + column).min(self.line_end(line))
    }

    /// Where a motion leads from here; none where the key is no motion, or leads nowhere.
    pub(super) fn moved(
        &self,
        key: char,
        letter: Option<char>,
        count: Option<usize>,
        column: Option<usize>,
    ) -> Option<Move> {
        let n = count.unwrap_or(1);
        let at = self.at;
        let (start, end) = (self.line_start(at), self.line_end(at));
        let times = |step: fn(&Self, usize) -> usize| (0..n).fold(at, |at, _| step(self, at));
        let (to, reach) = match key {
            'h' => (at.saturating_sub(n).max(start), Reach::Exclusive),
            'l' => ((at + n).min(end), Reach::Exclusive),
            '0' => (start, Reach::Exclusive),
            '^' => (self.first_letter(at), Reach::Exclusive),
            '$' => (self.line_end(self.lines_down(at, n - 1)), Reach::Exclusive),
            'w' => (times(Self::next_word), Reach::Word),
            'b' => (times(Self::word_before), Reach::Exclusive),
            'e' => (times(Self::end_of_word), Reach::Inclusive),
            'j' => (self.column(self.lines_down(at, n), column.unwrap_or(0)), Reach::Lines),
            'k' => (self.column(self.lines_up(at, n), column.unwrap_or(0)), Reach::Lines),
            'g' => (self.first_letter(self.lines_down(0, n - 1)), Reach::Lines),
            'G' => {
                let line = count.map_or(self.chars.len(), |n| self.lines_down(0, n - 1));
                (self.first_letter(line), Reach::Lines)
            }
            'f' | 't' => {
                let mut hits = (at + 1..end).filter(|i| Some(self.chars[*i]) == letter);
                (hits.nth(n - 1)? - usize::from(key == 't'), Reach::Inclusive)
            }
            'F' | 'T' => {
                let mut hits = (start..at).rev().filter(|i| Some(self.chars[*i]) == letter);
                (hits.nth(n - 1)? + usize::from(key == 'T'), Reach::Exclusive)
            }
            _ => return None,
        };
        Some(Move { to, reach })
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.chars.get(at).map(|c| kind(*c))
    }

    /// An empty line is a word of its own.
    fn empty_line(&self, at: usize) -> bool {
        self.chars.get(at) == Some(&'\n') && (at == 0 || self.chars[at - 1] == '\n')
    }

    fn next_word(&self, mut at: usize) -> usize {
        let here = self.kind(at);
        while here != Some(Kind::Space) && at < self.chars.len() && self.kind(at) == here {
            at += 1;
        }
        let from = at;
        while self.kind(at) == Some(Kind::Space) && !(self.empty_line(at) && (at > from || here != Some(Kind::Space))) {
            at += 1;
        }
        at
    }

    fn word_before(&self, mut at: usize) -> usize {
        while at > 0 && self.kind(at - 1) == Some(Kind::Space) {
            at -= 1;
            if self.empty_line(at) {
                return at;
            }
        }
        let here = at.checked_sub(1).and_then(|before| self.kind(before));
        while at > 0 && self.kind(at - 1) == here {
            at -= 1;
        }
        at
    }

    fn end_of_word(&self, at: usize) -> usize {
        let last = self.chars.len().saturating_sub(1);
        let mut at = (at + 1).min(last);
        while at < last && self.kind(at) == Some(Kind::Space) {
            at += 1;
        }
        while at < last && self.kind(at + 1) == self.kind(at) {
            at += 1;
        }
        at
    }

    /// `cw` leaves the spaces behind the word.
    pub(super) fn without_spaces(&self, from: usize, to: usize) -> usize {
        let letters = (from..to).rev().find(|i| !self.chars[*i].is_whitespace());
        letters.map_or(to, |last| last + 1)
    }

    /// `dw` on the last word of a line leaves the line feed.
    pub(super) fn within_the_line(&self, from: usize, to: usize) -> usize {
        let spaces = self.without_spaces(from, to);
        let spaces = if spaces == to { from } else { spaces };
        (spaces..to).find(|i| self.chars[*i] == '\n' && *i > from).unwrap_or(to)
    }

    /// The word under the cursor, perhaps with the spaces behind it.
    pub(super) fn word(&self, spaces: bool) -> Option<(usize, usize)> {
        let here = self.kind(self.at)?;
        let line = (self.line_start(self.at), self.line_end(self.at));
        let from = (line.0..self.at).rev().take_while(|i| self.kind(*i) == Some(here)).last().unwrap_or(self.at);
        let end = |from: usize, kind| (from..line.1).find(|i| self.kind(*i) != Some(kind)).unwrap_or(line.1);
        let mut to = end(self.at, here);
        if spaces && here != Kind::Space {
            to = end(to, Kind::Space);
        }
        (to > from).then_some((from, to))
    }
}
