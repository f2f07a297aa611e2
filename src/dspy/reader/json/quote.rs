//! Decides where a string ends, although quotes inside it may lack their backslash.

/// The part of a member that a string or word is. An item of a list is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
}

/// The state of a string that is being read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quote {
    /// The opening quote.
    open: char,
    /// A quote that may be the closing one, and the characters after it.
    pub hold: String,
    /// An escape sequence that is not complete, with its backslash.
    pub escape: String,
    /// If a closing quote is missing before a comma: the length in bytes of the value, and where the next key begins.
    split: Option<(usize, usize)>,
    /// The first half of a surrogate pair. Its second half must follow.
    high: Option<u32>,
}

/// What a quote in a string turns out to be.
pub(super) enum QuoteRole {
    /// More characters are needed to decide.
    Undecided,
    /// The end of the string.
    Close,
    /// A character of the string.
    Inner,
    /// The end of the next key, because a closing quote is missing: the value ends at the first byte position in the
    /// word, the key begins at the second.
    Split(usize, usize),
}

impl Quote {
    /// A string with the opening quote `c`; nothing if `c` is not a quote.
    pub(super) fn open(c: char) -> Option<Self> {
        let quote = || Self { open: c, hold: String::new(), escape: String::new(), split: None, high: None };
        matches!(c, '"' | '\'' | '“' | '”' | '‘' | '`').then(quote)
    }

    /// Whether nothing is pending: no quote that may close it, no escape, no half of a surrogate pair.
    pub(super) fn settled(&self) -> bool {
        self.hold.is_empty() && self.escape.is_empty() && self.high.is_none()
    }

    /// Whether `c` may be the closing quote.
    pub(super) fn closes(&self, c: char) -> bool {
        match self.open {
            '“' | '”' => matches!(c, '”' | '"' | '“'),
            '‘' => matches!(c, '’' | '\''),
            open => c == open,
        }
    }

    /// Records that the last character of `word`, at byte `at`, is a quote inside the string. After a comma it may be the
    /// opening quote of the next key.
    pub(super) fn note_inner(&mut self, word: &str, at: usize) {
        if let Some(value) = word[..at].trim_end().strip_suffix(',') {
            self.split = Some((value.len(), word.len()));
        }
    }

    /// Decides what the held quote is from the characters after it.
    /// `fenced`: the JSON is in a code fence, whose end may follow.
    pub(super) fn role(&self, part: Part, in_list: bool, fenced: bool) -> QuoteRole {
        let mut rest = self.hold.chars();
        rest.next();
        let after = rest.as_str();
        let next = after.trim_start();
        let spaced = next.len() < after.len();
        let Some(c) = next.chars().next() else { return QuoteRole::Undecided };
        match c {
            ':' | '=' | ',' if part == Part::Key => QuoteRole::Close,
            ':' if !in_list => self.split.map_or(QuoteRole::Inner, |(value, key)| QuoteRole::Split(value, key)),
            '.' if next == "." => QuoteRole::Undecided,
            ')' | ':' if !in_list => QuoteRole::Inner,
            '.' if !next.starts_with("..") => QuoteRole::Inner,
            '}' | ']' | ')' | ':' | ';' | '#' | '/' | '.' => QuoteRole::Close,
            ',' => role_before_comma(&next[1..], in_list),
            '"' | '\'' | '“' if spaced => QuoteRole::Close,
            '`' if spaced && fenced => QuoteRole::Close,
            _ => QuoteRole::Inner,
        }
    }

    /// Drops the first half of a surrogate pair. Returns whether there was one.
    pub(super) fn drop_half(&mut self) -> bool {
        self.high.take().is_some()
    }

    /// Adds a character to the escape sequence. When it is complete, returns its text, and whether `c` is not part of it
    /// and has to be read again.
    pub(super) fn escaped(&mut self, c: char) -> Option<(String, bool)> {
        self.escape.push(c);
        let body = self.escape[1..].to_owned();
        let letter = body.chars().next()?;
        let digits = match letter {
            'u' => 4,
            'x' => 2,
            _ => {
                self.escape.clear();
                let plain = match letter {
                    'n' => "\n",
                    't' => "\t",
                    'r' => "\r",
                    'b' => "\u{8}",
                    'f' => "\u{c}",
                    '"' | '\\' | '/' | '\'' | '`' => return Some((letter.to_string(), false)),
                    '\n' => "",
                    _ => return Some((format!("\\{letter}"), false)),
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

/// Decides what a quote before a comma is, from the text after the comma.
fn role_before_comma(rest: &str, in_list: bool) -> QuoteRole {
    let next = rest.trim_start();
    let Some(c) = next.chars().next() else { return QuoteRole::Undecided };
    match c {
        '"' | '\'' | '“' | '`' | '{' | '}' | '[' | ']' | ',' | '.' | '#' | '/' | ')' => QuoteRole::Close,
        '(' | '-' | '+' | '0'..='9' if in_list => QuoteRole::Close,
        _ => {
            let end = next.find(|c: char| !(c == '_' || c.is_alphanumeric()));
            let Some(end) = end else { return if next.len() < 80 { QuoteRole::Undecided } else { QuoteRole::Inner } };
            let mut rest = next[end..].trim_start();
            if !in_list && end > 0 {
                // A key without its opening quote.
                rest = rest.strip_prefix('"').map_or(rest, str::trim_start);
            }
            match rest.chars().next() {
                None => QuoteRole::Undecided,
                Some(':' | '=') if !in_list && end > 0 => QuoteRole::Close,
                Some(',' | ']' | ')') if in_list && end > 0 => QuoteRole::Close,
                _ => QuoteRole::Inner,
            }
        }
    }
}
