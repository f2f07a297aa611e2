//! Text objects: what `iw`, `a"`, `i(` and their like mean around the cursor.

use super::Text;
use super::motion::Kind;
use super::operate::Span;

impl Text {
    /// The object of a letter: inside, or with what is around it.
    pub(super) fn object(&self, around: bool, letter: char, count: usize) -> Option<Span> {
        match letter {
            'w' | 'W' => self.words(around, letter == 'W', count),
            '"' | '\'' | '`' => self.quoted(around, letter),
            'p' => self.paragraph(around),
            '(' | ')' | 'b' => self.bracketed(around, '(', ')', count),
            '[' | ']' => self.bracketed(around, '[', ']', count),
            '{' | '}' | 'B' => self.bracketed(around, '{', '}', count),
            '<' | '>' => self.bracketed(around, '<', '>', count),
            _ => None,
        }
    }

    /// Words and the spaces between them: `i` counts both, `a` takes them in pairs.
    fn words(&self, around: bool, big: bool, count: usize) -> Option<Span> {
        let (start, end) = (self.line_start(self.at), self.line_end(self.at));
        let kind = |at: usize| if at < end { self.kind(at, big) } else { None };
        let begin = |at: usize| (start..at).rev().take_while(|i| kind(*i) == kind(at)).last().unwrap_or(at);
        let run = |at: usize| (at..end).find(|i| kind(*i) != kind(at)).unwrap_or(end);
        let mut from = begin(self.at);
        let mut to = self.at;
        for _ in 0..count {
            if to == end {
                return None;
            }
            to = run(to);
            if around {
                let spaces = kind(to.saturating_sub(1)) == Some(Kind::Space);
                if spaces || kind(to) == Some(Kind::Space) {
                    to = run(to);
                } else if from > start && kind(from - 1) == Some(Kind::Space) && begin(from - 1) > start {
                    // No spaces behind: those before go with it, unless they indent the line.
                    from = begin(from - 1);
                }
            }
        }
        (to > from).then(|| Span::letters(from, to))
    }

    /// What stands between two quotation marks of a line.
    fn quoted(&self, around: bool, mark: char) -> Option<Span> {
        let (start, end) = (self.line_start(self.at), self.line_end(self.at));
        let mut escaped = false;
        let is_mark = |i: &usize| {
            let c = self.chars[*i];
            let is = c == mark && !escaped;
            escaped = c == '\\' && !escaped;
            is
        };
        let marks: Vec<usize> = (start..end).filter(is_mark).collect();
        let next = marks.iter().position(|place| *place >= self.at)?;
        // On a mark the line's pairs decide; else the marks on either side, or the next two.
        let open = if marks[next] == self.at { next - next % 2 } else { next.saturating_sub(1) };
        let (open, close) = (*marks.get(open)?, *marks.get(open + 1)?);
        if !around {
            return Some(Span::letters(open + 1, close));
        }
        let blank = |i: &usize| self.chars[*i].is_whitespace();
        let to = close + 1 + (close + 1..end).take_while(blank).count();
        let before = if to > close + 1 { 0 } else { (start..open).rev().take_while(blank).count() };
        Some(Span::letters(open - before, to))
    }

    /// What stands between two brackets; a count goes outwards.
    fn bracketed(&self, around: bool, open: char, close: char, count: usize) -> Option<Span> {
        let here = self.chars.get(self.at)?;
        let outer = if *here == open { Some(self.at) } else { self.unmatched(self.at, open, close) };
        // Outside of all brackets the next ones are meant.
        let next = || (self.at..self.chars.len()).find(|i| self.chars[*i] == open);
        let mut from = outer.or_else(next)?;
        for _ in 1..count {
            from = self.unmatched(from, open, close)?;
        }
        let to = self.matching(from)?;
        if around {
            return Some(Span::letters(from, to + 1));
        }
        // Brackets on lines of their own keep their lines.
        let first = if self.chars.get(from + 1) == Some(&'\n') { from + 2 } else { from + 1 };
        let line = self.line_start(to);
        let alone = line > first && self.chars[line..to].iter().all(|c| c.is_whitespace());
        Some(self.adjusted(first.min(to), if alone { line } else { to }))
    }

    /// The nearest bracket before a place that is not closed before it.
    fn unmatched(&self, at: usize, open: char, close: char) -> Option<usize> {
        let mut depth = 0_usize;
        (0..at).rev().find(|i| match self.chars[*i] {
            c if c == close => {
                depth += 1;
                false
            }
            c if c == open && depth > 0 => {
                depth -= 1;
                false
            }
            c => c == open,
        })
    }

    /// The bracket that belongs to the one at this place.
    pub(super) fn matching(&self, at: usize) -> Option<usize> {
        let here = *self.chars.get(at)?;
        let (other, forth) = match here {
            '(' => (')', true),
            '[' => (']', true),
            '{' => ('}', true),
            '<' => ('>', true),
            ')' => ('(', false),
            ']' => ('[', false),
            '}' => ('{', false),
            _ => return None,
        };
        if !forth {
            return self.unmatched(at, other, here);
        }
        let mut depth = 0_usize;
        (at..self.chars.len()).find(|i| {
            let c = self.chars[*i];
            if c == here {
                depth += 1;
            } else if c == other {
                depth -= 1;
            }
            depth == 0
        })
    }

    /// Lines up to a blank one; `a` takes the blank ones behind, or else before.
    fn paragraph(&self, around: bool) -> Option<Span> {
        let blank =
            |line: usize| self.chars[self.line_start(line)..self.line_end(line)].iter().all(|c| c.is_whitespace());
        let up = |line: usize| self.line_start(line).checked_sub(1);
        let down = |line: usize| Some(self.line_end(line) + 1).filter(|next| *next <= self.chars.len());
        let run = |mut line: usize, step: &dyn Fn(usize) -> Option<usize>| {
            let kind = blank(line);
            while let Some(next) = step(line).filter(|next| blank(*next) == kind) {
                line = next;
            }
            line
        };
        let (mut first, mut last) = (run(self.at, &up), run(self.at, &down));
        if around {
            if let Some(next) = down(last) {
                last = run(next, &down);
            } else if blank(self.at) {
                return None;
            } else if let Some(before) = up(first) {
                first = run(before, &up);
            }
        }
        Some(Span { from: self.line_start(first), to: self.line_end(last), lines: true, at: self.line_start(first) })
    }
}
