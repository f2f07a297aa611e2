//! Reads strings, and words without quotes.

use super::quote::{Part, Quote, QuoteRole};
use super::scalar::{is_wide, scalar};
use super::{JsonFrame, JsonMode, JsonReader};
use crate::text::Cleaner;
use serde_json::Value;

impl JsonReader {
    /// Begins a string after its opening quote `c`.
    pub(super) fn start_text(&mut self, quote: Quote, part: Part, c: char) {
        if c != '"' {
            self.repair("accepted quotes other than `\"`");
        }
        self.bare_key &= part == Part::Value;
        self.begin_word();
        self.mode = JsonMode::Text(quote, part);
    }

    /// Begins a word without quotes at its first character.
    pub(super) fn start_bare(&mut self, part: Part, c: char) {
        self.begin_word();
        self.mode = JsonMode::Bare(part);
        self.in_bare(part, c);
    }

    fn begin_word(&mut self) {
        self.word.clear();
        self.cleaner = Cleaner::new();
    }

    /// Appends decoded text to the string or word, and to the member that is shown.
    pub(super) fn append(&mut self, text: &str, part: Part) {
        let before = self.word.len();
        self.cleaner.push(text, &mut self.word);
        if part == Part::Value
            && self.in_recorded_object()
            && let Some(member) = self.members.last_mut()
        {
            member.text.push_str(&self.word[before..]);
        }
    }

    fn append_char(&mut self, c: char, part: Part) {
        self.append(c.encode_utf8(&mut [0; 4]), part);
    }

    /// Handles a character inside a string.
    pub(super) fn in_text(&mut self, mut quote: Quote, part: Part, c: char) {
        if !quote.hold.is_empty() {
            // Only the first of several white space characters can change the decision; skipping the others keeps the
            // time linear.
            if c.is_whitespace() && quote.hold.ends_with(char::is_whitespace) {
                self.mode = JsonMode::Text(quote, part);
                return;
            }
            quote.hold.push(c);
            let in_list = part == Part::Value && matches!(self.stack.last(), Some(JsonFrame::List { .. }));
            match quote.role(part, in_list, self.is_fenced()) {
                QuoteRole::Undecided => self.mode = JsonMode::Text(quote, part),
                QuoteRole::Inner => {
                    self.repair("accepted an unescaped quote");
                    let hold = std::mem::take(&mut quote.hold);
                    let mut chars = hold.chars();
                    if let Some(inner) = chars.next() {
                        let before = self.word.len();
                        self.odd_key |= part == Part::Key;
                        self.append_char(inner, part);
                        quote.note_inner(&self.word, before);
                    }
                    self.mode = JsonMode::Text(quote, part);
                    chars.for_each(|c| self.feed(c));
                }
                QuoteRole::Close => {
                    let hold = std::mem::take(&mut quote.hold);
                    self.end_text(part);
                    hold.chars().skip(1).for_each(|c| self.feed(c));
                }
                QuoteRole::Split(value, next) => {
                    self.repair("added a missing closing quote");
                    let name = self.word.split_off(next);
                    self.word.truncate(value);
                    if let (true, Some(member)) = (self.in_recorded_object(), self.members.last_mut()) {
                        member.text.truncate(value);
                    }
                    self.end_text(Part::Value);
                    self.word = name;
                    self.end_text(Part::Key);
                    self.feed(c);
                }
            }
            return;
        }
        if !quote.escape.is_empty() {
            match quote.escaped(c) {
                None => self.mode = JsonMode::Text(quote, part),
                Some((text, again)) => {
                    if text.contains('\u{fffd}') {
                        self.repair("replaced half of a surrogate pair");
                    }
                    self.append(&text, part);
                    self.mode = JsonMode::Text(quote, part);
                    if again {
                        self.feed(c);
                    }
                }
            }
            return;
        }
        if c != '\\' && quote.drop_half() {
            self.repair("replaced half of a surrogate pair");
            self.append_char('\u{fffd}', part);
        }
        if c == '\\' {
            quote.escape.push(c);
        } else if quote.closes(c) {
            quote.hold.push(c);
        } else {
            if c < ' ' {
                self.repair("accepted a line break or tab in a string");
            }
            self.append_char(c, part);
        }
        self.mode = JsonMode::Text(quote, part);
    }

    /// Ends a string: as a value, or as a key.
    pub(super) fn end_text(&mut self, part: Part) {
        let word = std::mem::take(&mut self.word);
        if part == Part::Value {
            return self.accept(Value::String(word));
        }
        let odd_key = std::mem::take(&mut self.odd_key);
        let name = if odd_key { word.trim_matches(['"', '\'', '`']) } else { &word };
        if name.len() < word.len() && !name.is_empty() {
            self.repair("corrected the quotes around a key");
        }
        let word = if name.is_empty() { word } else { name.to_owned() };
        if let Some(JsonFrame::Object { key, .. }) = self.stack.last_mut() {
            *key = Some(word);
        }
        self.mode = JsonMode::Colon;
    }

    /// Handles a character inside a word without quotes.
    pub(super) fn in_bare(&mut self, part: Part, c: char) {
        let close = match self.stack.last() {
            Some(JsonFrame::List { close, .. }) => *close,
            _ => '}',
        };
        let is_literal = || scalar(&self.word).is_some();
        let ends = match c {
            ',' | '}' | ']' | '\n' | ';' => true,
            ':' | '=' => part == Part::Key,
            '{' | '[' | '"' => !self.word.is_empty() && close == ']',
            '|' => is_literal(),
            c if c == close => true,
            c if c.is_whitespace() => is_literal(),
            _ => false,
        };
        if ends {
            self.end_bare(part);
            self.feed(c);
        } else {
            self.append_char(c, part);
            self.mode = JsonMode::Bare(part);
        }
    }

    /// Ends a word without quotes: as a value, or as a key.
    pub(super) fn end_bare(&mut self, part: Part) {
        let text = std::mem::take(&mut self.word);
        let word = text.trim();
        if part == Part::Key {
            self.repair("accepted a key without quotes");
            if word.trim_matches('.').is_empty() {
                self.mode = JsonMode::Key;
                return;
            }
            self.word.push_str(word);
            (self.odd_key, self.bare_key) = (true, true);
            return self.end_text(Part::Key);
        }
        // A word with a quote only at its end has lost its opening quote.
        let closed = word.strip_suffix('"').filter(|inner| !inner.contains('"') && inner.trim_end() == *inner);
        if closed.is_some() {
            self.repair("added a missing opening quote");
        }
        let word = closed.unwrap_or(word);
        let list = matches!(self.stack.last(), Some(JsonFrame::List { .. }));
        if list && word.trim_matches(['.', '…']).is_empty() {
            self.repair("ignored an ellipsis");
            self.mode = JsonMode::After;
        } else if is_wide(word) {
            self.repair("kept a number that is no integer of 64 bits as text");
            self.accept(Value::String(word.to_owned()));
        } else if let Ok(value) = serde_json::from_str::<Value>(word) {
            self.accept(value);
        } else if let Some(value) = scalar(word) {
            self.repair("accepted Python's spelling of a value");
            self.accept(value);
        } else {
            self.repair("accepted text without quotes");
            self.accept(Value::String(word.to_owned()));
            self.bare_value = true;
        }
    }
}
