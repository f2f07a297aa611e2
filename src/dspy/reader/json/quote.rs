//! Where a string ends, when quotes inside it may lack their backslash.

/// A string being read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quote {
    open: char,
    /// A quote that may be the closing one, and what came after it.
    pub hold: String,
    /// A backslash and what belongs to it.
    pub escape: String,
    /// Where the value would end and a key begin, if a comma and a quote inside turn out to be a missing quote.
    split: Option<(usize, usize)>,
    /// The first half of a surrogate pair.
    high: Option<u32>,
}

/// What a quote inside a string is.
pub(super) enum QuoteRole {
    /// Not known yet.
    Open,
    /// The string's end.
    Close,
    /// A character of the string.
    Inner,
    /// The end of the next key: the string ended at the first place, the key begins at the second.
    Split(usize, usize),
}

impl Quote {
    /// The quote that `c` opens.
    pub(super) fn open(c: char) -> Option<Self> {
        let quote = || Self { open: c, hold: String::new(), escape: String::new(), split: None, high: None };
        matches!(c, '"' | '\'' | '“' | '”' | '‘' | '`').then(quote)
    }

    /// Whether nothing is pending: no quote that may close it, no escape, no half of a character.
    pub(super) fn settled(&self) -> bool {
        self.hold.is_empty() && self.escape.is_empty() && self.high.is_none()
    }

    /// Whether `c` may close it.
    pub(super) fn closes(&self, c: char) -> bool {
        match self.open {
            '“' | '”' => matches!(c, '”' | '"' | '“'),
            '‘' => matches!(c, '’' | '\''),
            open => c == open,
        }
    }

    /// The quote that `word` now ends with, from `at` on, is an inner one; if a comma stands before it, it may be more.
    pub(super) fn note_inner(&mut self, word: &str, at: usize) {
        if let Some(value) = word[..at].trim_end().strip_suffix(',') {
            self.split = Some((value.len(), word.len()));
        }
    }

    /// Judges the quote by what follows it: in a key, in a list, or as an object's value.
    pub(super) fn verdict(&self, key: bool, list: bool) -> QuoteRole {
        let mut rest = self.hold.chars();
        rest.next();
        let after = rest.as_str();
        let next = after.trim_start();
        let spaced = next.len() < after.len();
        let Some(c) = next.chars().next() else { return QuoteRole::Open };
        match c {
            ':' | '=' | ',' if key => QuoteRole::Close,
            ':' if !list => self.split.map_or(QuoteRole::Inner, |(value, key)| QuoteRole::Split(value, key)),
            '.' if next == "." => QuoteRole::Open,
            ')' | ':' if !list => QuoteRole::Inner,
            '.' if !next.starts_with("..") => QuoteRole::Inner,
            '}' | ']' | ')' | ':' | ';' | '#' | '/' | '.' => QuoteRole::Close,
            ',' => after_comma(&next[1..], list),
            '"' | '\'' | '“' if spaced => QuoteRole::Close,
            _ => QuoteRole::Inner,
        }
    }

    /// Whether half of a surrogate pair was left alone; forgets it.
    pub(super) fn half(&mut self) -> bool {
        self.high.take().is_some()
    }

    /// Takes a character of an escape; when it is complete, its text and whether `c` was not part of it.
    pub(super) fn escaped(&mut self, c: char) -> Option<(String, bool)> {
        self.escape.push(c);
        let body = self.escape[1..].to_owned();
        let kind = body.chars().next()?;
        let digits = match kind {
            'u' => 4,
            'x' => 2,
            _ => {
                self.escape.clear();
                let plain = match kind {
                    'n' => "\n",
                    't' => "\t",
                    'r' => "\r",
                    'b' => "\u{8}",
                    'f' => "\u{c}",
                    '"' | '\\' | '/' | '\'' | '`' => return Some((kind.to_string(), false)),
                    '\n' => "",
                    _ => return Some((format!("\\{kind}"), false)),
                };
                return Some((plain.to_owned(), false));
            }
        };
        let read = &body[1..];
        if !read.is_empty() && !c.is_ascii_hexdigit() {
            let mut text = std::mem::take(&mut self.escape);
            text.pop();
            return Some((text, true));
        }
        if read.len() < digits {
            return None;
        }
        let code = u32::from_str_radix(read, 16).unwrap_or(0xfffd);
        self.escape.clear();
        let lost = if self.high.is_some() { "\u{fffd}" } else { "" };
        match (self.high.take(), code) {
            (Some(high), 0xdc00..=0xdfff) => {
                let whole = 0x1_0000 + ((high - 0xd800) << 10) + (code - 0xdc00);
                Some((char::from_u32(whole).unwrap_or('\u{fffd}').to_string(), false))
            }
            (_, 0xd800..=0xdbff) => {
                self.high = Some(code);
                Some((lost.to_owned(), false))
            }
            (_, code) => Some((format!("{lost}{}", char::from_u32(code).unwrap_or('\u{fffd}')), false)),
        }
    }
}

/// Judges a quote by what follows the comma after it.
fn after_comma(rest: &str, list: bool) -> QuoteRole {
    let next = rest.trim_start();
    let Some(c) = next.chars().next() else { return QuoteRole::Open };
    match c {
        '"' | '\'' | '“' | '`' | '{' | '}' | '[' | ']' | ',' | '.' | '#' | '/' | ')' => QuoteRole::Close,
        '(' | '-' | '+' | '0'..='9' if list => QuoteRole::Close,
        _ => {
            let end = next.find(|c: char| !(c == '_' || c.is_alphanumeric()));
            let Some(end) = end else { return if next.len() < 80 { QuoteRole::Open } else { QuoteRole::Inner } };
            let mut rest = next[end..].trim_start();
            if !list && end > 0 {
                // A key that has lost its first quote.
                rest = rest.strip_prefix('"').map_or(rest, str::trim_start);
            }
            match rest.chars().next() {
                None => QuoteRole::Open,
                Some(':' | '=') if !list && end > 0 => QuoteRole::Close,
                Some(',' | ']' | ')') if list && end > 0 => QuoteRole::Close,
                _ => QuoteRole::Inner,
            }
        }
    }
}
