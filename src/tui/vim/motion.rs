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

/// What a character is to words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Space,
    Letter,
    Mark,
}

/// To a big word, a mark is a letter.
fn kind(c: char, big: bool) -> Kind {
    match c {
        c if c.is_whitespace() => Kind::Space,
        _ if big => Kind::Letter,
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
        self.line_start(line).saturating_add(column).min(self.line_end(line))
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
        let times = |step: fn(&Self, usize, bool) -> usize, big| (0..n).fold(at, |at, _| step(self, at, big));
        let (to, reach) = match key {
            'h' => (at.saturating_sub(n).max(start), Reach::Exclusive),
            'l' => ((at + n).min(end), Reach::Exclusive),
            '0' => (start, Reach::Exclusive),
            '^' => (self.first_letter(at), Reach::Exclusive),
            '$' | '_' if n > 1 && self.is_last(at) => return None,
            '$' => (self.line_end(self.lines_down(at, n - 1)), Reach::Exclusive),
            'w' | 'W' => (times(Self::next_word, key == 'W'), Reach::Word),
            'b' | 'B' => (times(Self::word_before, key == 'B'), Reach::Exclusive),
            'e' | 'E' => (times(Self::end_of_word, key == 'E'), Reach::Inclusive),
            'g' if matches!(letter, Some('e' | 'E')) => {
                (times(Self::end_of_word_before, letter == Some('E')), Reach::Inclusive)
            }
            'g' if letter == Some('_') => {
                let line = self.lines_down(at, n - 1);
                (self.last_letter(line), Reach::Inclusive)
            }
            'j' if self.is_last(at) => return None,
            'k' if start == 0 => return None,
            'j' => (self.column(self.lines_down(at, n), column.unwrap_or(0)), Reach::Lines),
            'k' => (self.column(self.lines_up(at, n), column.unwrap_or(0)), Reach::Lines),
            '+' if !self.is_last(at) => (self.first_letter(self.lines_down(at, n)), Reach::Lines),
            '-' if start > 0 => (self.first_letter(self.lines_up(at, n)), Reach::Lines),
            '_' => (self.first_letter(self.lines_down(at, n - 1)), Reach::Lines),
            'g' if letter == Some('g') => (self.first_letter(self.lines_down(0, n - 1)), Reach::Lines),
            'G' => {
                let line = count.map_or(self.chars.len(), |n| self.lines_down(0, n - 1));
                (self.first_letter(line), Reach::Lines)
            }
            '}' => (times(|text, at, _| text.paragraph_end(at), false), Reach::Exclusive),
            '{' => (times(|text, at, _| text.paragraph_before(at), false), Reach::Exclusive),
            '%' if count.is_none() => {
                let bracket = (at..end).find(|i| "()[]{}".contains(self.chars[*i]))?;
                (self.matching(bracket)?, Reach::Inclusive)
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

    /// `;` and `,`: the same letter again, perhaps the other way round. One beside the cursor is no news to `t`.
    pub(super) fn found_again(&self, how: char, letter: char, back: bool, count: usize) -> Option<Move> {
        let how = match (how, back) {
            ('f', true) => 'F',
            ('F', true) => 'f',
            ('t', true) => 'T',
            ('T', true) => 't',
            (how, _) => how,
        };
        let beside = match how {
            't' => self.at + 1,
            _ => self.at.wrapping_sub(1),
        };
        let known = matches!(how, 't' | 'T') && count == 1 && self.chars.get(beside) == Some(&letter);
        self.moved(how, Some(letter), Some(count + usize::from(known)), None)
    }

    pub(super) fn kind(&self, at: usize, big: bool) -> Option<Kind> {
        self.chars.get(at).map(|c| kind(*c, big))
    }

    /// The last character of the line that is no space.
    fn last_letter(&self, at: usize) -> usize {
        let (start, end) = (self.line_start(at), self.line_end(at));
        (start..end).rev().find(|i| !self.chars[*i].is_whitespace()).unwrap_or(start)
    }

    /// The empty line behind this paragraph, or the end of the text.
    fn paragraph_end(&self, at: usize) -> usize {
        let begun = (at..self.chars.len()).find(|i| self.chars[*i] != '\n').unwrap_or(self.chars.len());
        let begun = if self.empty_line(at) { begun } else { at };
        (begun + 1..self.chars.len()).find(|i| self.empty_line(*i)).unwrap_or(self.chars.len())
    }

    /// The empty line before this paragraph, or the beginning of the text.
    fn paragraph_before(&self, at: usize) -> usize {
        let line = self.line_start(at);
        let begun = (0..line).rev().find(|i| self.chars[*i] != '\n').unwrap_or(0);
        let begun = if line == self.line_end(line) { begun } else { line };
        (0..begun).rev().find(|i| self.empty_line(*i)).unwrap_or(0)
    }

    /// An empty line is a word of its own.
    fn empty_line(&self, at: usize) -> bool {
        self.chars.get(at) == Some(&'\n') && (at == 0 || self.chars[at - 1] == '\n')
    }

    fn next_word(&self, mut at: usize, big: bool) -> usize {
        let here = self.kind(at, big);
        while here != Some(Kind::Space) && at < self.chars.len() && self.kind(at, big) == here {
            at += 1;
        }
        let from = at;
        while self.kind(at, big) == Some(Kind::Space)
            && !(self.empty_line(at) && (at > from || here != Some(Kind::Space)))
        {
            at += 1;
        }
        at
    }

    fn word_before(&self, mut at: usize, big: bool) -> usize {
        while at > 0 && self.kind(at - 1, big) == Some(Kind::Space) {
            at -= 1;
            if self.empty_line(at) {
                return at;
            }
        }
        let here = at.checked_sub(1).and_then(|before| self.kind(before, big));
        while at > 0 && self.kind(at - 1, big) == here {
            at -= 1;
        }
        at
    }

    fn end_of_word(&self, at: usize, big: bool) -> usize {
        let last = self.chars.len().saturating_sub(1);
        let mut at = (at + 1).min(last);
        while at < last && self.kind(at, big) == Some(Kind::Space) {
            at += 1;
        }
        while at < last && self.kind(at + 1, big) == self.kind(at, big) {
            at += 1;
        }
        at
    }

    fn end_of_word_before(&self, mut at: usize, big: bool) -> usize {
        let here = self.kind(at, big);
        while here != Some(Kind::Space) && at > 0 && self.kind(at, big) == here {
            at -= 1;
        }
        while at > 0 && self.kind(at, big) == Some(Kind::Space) && !self.empty_line(at) {
            at -= 1;
        }
        at
    }

    /// `cw` leaves the spaces behind the word.
    pub(super) fn without_spaces(&self, from: usize, to: usize) -> usize {
        self.behind_letters(from, to).unwrap_or(to)
    }

    /// `dw` on the last word of a line leaves the line feed.
    pub(super) fn within_the_line(&self, from: usize, to: usize) -> usize {
        let spaces = self.behind_letters(from, to).unwrap_or(from);
        (spaces..to).find(|i| self.chars[*i] == '\n' && *i > from).unwrap_or(to)
    }

    fn behind_letters(&self, from: usize, to: usize) -> Option<usize> {
        (from..to).rev().find(|i| !self.chars[*i].is_whitespace()).map(|last| last + 1)
    }

    /// Whether the line is the text's last.
    pub(super) fn is_last(&self, at: usize) -> bool {
        self.line_end(at) == self.chars.len()
    }
}
