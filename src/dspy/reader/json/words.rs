//! Strings, and words without quotes.

use super::quote::{Quote, QuoteRole};
use super::scalar::scalar;
use super::{JsonFrame, JsonMode, JsonReader};
use crate::text::Cleaner;
use serde_json::Value;

impl JsonReader {
    pub(super) fn start_text(&mut self, quote: Quote, key: bool, c: char) {
        if c != '"' {
            self.repair("other quotes than \"");
        }
        self.begin_word();
        self.mode = JsonMode::Text(quote, key);
    }

    pub(super) fn start_bare(&mut self, key: bool, c: char) {
        self.begin_word();
        self.mode = JsonMode::Bare(key);
        self.in_bare(key, c);
    }

    fn begin_word(&mut self) {
        self.word.clear();
        self.cleaner = Cleaner::new();
    }

    /// What the string or word goes on with, decoded.
    pub(super) fn emit(&mut self, text: &str, key: bool) {
        let shown = self.word.len();
        self.cleaner.push(text, &mut self.word);
        if !key
            && self.direct()
            && let Some(member) = self.members.last_mut()
        {
            member.text.push_str(&self.word[shown..]);
        }
    }

    fn emit_char(&mut self, c: char, key: bool) {
        self.emit(c.encode_utf8(&mut [0; 4]), key);
    }

    pub(super) fn in_text(&mut self, mut quote: Quote, key: bool, c: char) {
        if !quote.hold.is_empty() {
            // A run of white space says no more than its beginning, and must not be weighed again for each of its
            // characters.
            if c.is_whitespace() && quote.hold.ends_with(char::is_whitespace) {
                self.mode = JsonMode::Text(quote, key);
                return;
            }
            quote.hold.push(c);
            let list = !key && matches!(self.stack.last(), Some(JsonFrame::List { .. }));
            match quote.verdict(key, list) {
                QuoteRole::Open => self.mode = JsonMode::Text(quote, key),
                QuoteRole::Inner => {
                    self.repair("an unescaped quote");
                    let hold = std::mem::take(&mut quote.hold);
                    let mut again = hold.chars();
                    if let Some(inner) = again.next() {
                        let before = self.word.len();
                        self.odd_key |= key;
                        self.emit_char(inner, key);
                        quote.note_inner(&self.word, before);
                    }
                    self.mode = JsonMode::Text(quote, key);
                    again.for_each(|c| self.feed(c));
                }
                QuoteRole::Close => {
                    let hold = std::mem::take(&mut quote.hold);
                    self.end_text(key);
                    hold.chars().skip(1).for_each(|c| self.feed(c));
                }
                QuoteRole::Split(value, next) => {
                    self.repair("a string that was never closed");
                    let name = self.word.split_off(next);
                    self.word.truncate(value);
                    if let (true, Some(member)) = (self.direct(), self.members.last_mut()) {
                        member.text.truncate(value);
                    }
                    self.end_text(false);
                    self.word = name;
                    self.end_text(true);
                    self.feed(c);
                }
            }
            return;
        }
        if !quote.escape.is_empty() {
            match quote.escaped(c) {
                None => self.mode = JsonMode::Text(quote, key),
                Some((text, again)) => {
                    self.emit(&text, key);
                    self.mode = JsonMode::Text(quote, key);
                    if again {
                        self.feed(c);
                    }
                }
            }
            return;
        }
        if c != '\\' && quote.half() {
            self.emit_char('\u{fffd}', key);
        }
        if c == '\\' {
            quote.escape.push(c);
        } else if quote.closes(c) {
            quote.hold.push(c);
        } else {
            if c < ' ' {
                self.repair("a line break inside a string");
            }
            self.emit_char(c, key);
        }
        self.mode = JsonMode::Text(quote, key);
    }

    pub(super) fn end_text(&mut self, key: bool) {
        let word = std::mem::take(&mut self.word);
        if !key {
            return self.accept(Value::String(word));
        }
        let odd = std::mem::take(&mut self.odd_key);
        let name = if odd { word.trim_matches(['"', '\'', '`']) } else { &word };
        if name.len() < word.len() && !name.is_empty() {
            self.repair("a quote too many or too few around a key");
        }
        let word = if name.is_empty() { word } else { name.to_owned() };
        if let Some(JsonFrame::Object { key, .. }) = self.stack.last_mut() {
            *key = Some(word);
        }
        self.mode = JsonMode::Colon;
    }

    pub(super) fn in_bare(&mut self, key: bool, c: char) {
        let close = match self.stack.last() {
            Some(JsonFrame::List { close, .. }) => *close,
            _ => '}',
        };
        let known = || scalar(&self.word).is_some();
        let ends = match c {
            ',' | '}' | ']' | '\n' | ';' => true,
            ':' | '=' => key,
            '{' | '[' | '"' => !self.word.is_empty() && close == ']',
            '|' => known(),
            c if c == close => true,
            c if c.is_whitespace() => known(),
            _ => false,
        };
        if ends {
            self.end_bare(key);
            self.feed(c);
        } else {
            self.emit_char(c, key);
            self.mode = JsonMode::Bare(key);
        }
    }

    pub(super) fn end_bare(&mut self, key: bool) {
        let text = std::mem::take(&mut self.word);
        let word = text.trim();
        if key {
            self.repair("a key without quotes");
            if word.trim_matches('.').is_empty() {
                self.mode = JsonMode::Key;
                return;
            }
            self.word.push_str(word);
            self.odd_key = true;
            return self.end_text(true);
        }
        // A word with a quote at its end only has lost the one before it.
        let word = word.strip_suffix('"').filter(|inner| !inner.contains('"')).unwrap_or(word);
        let list = matches!(self.stack.last(), Some(JsonFrame::List { .. }));
        if list && word.trim_matches(['.', '…']).is_empty() {
            self.repair("an ellipsis");
            self.mode = JsonMode::After;
        } else if let Ok(value) = serde_json::from_str::<Value>(word) {
            self.accept(value);
        } else if let Some(value) = scalar(word) {
            self.repair("Python's spelling of a value");
            self.accept(value);
        } else {
            self.repair("text without quotes");
            self.accept(Value::String(word.to_owned()));
        }
    }
}
