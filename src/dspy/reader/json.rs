//! A tolerant reader of JSON as models write it: Python's spellings, missing and trailing commas, unquoted
//! words, unescaped quotes, comments, prose around, an end that never came. It takes the text in pieces, looks
//! at each character once or twice, keeps its own stack (so depth costs no call stack, and is capped), and notes
//! every repair. On valid JSON it reads what `serde_json` reads, but that what is decoded is cleaned there and then:
//! an escape sequence that comes as `\u001b` has passed every look at the text that was sent.

mod quote;
mod scalar;
mod structure;
mod words;

use crate::text::Cleaner;
use quote::Quote;
pub(super) use scalar::{infinity, scalar};
use serde_json::{Map, Value};

/// Deeper nesting is not followed.
const DEEPEST: usize = 128;

/// A member of an outermost object, as far as it has come.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// The object's number, from 0.
    pub object: usize,
    /// The key.
    pub key: String,
    /// A string's text, or the JSON of anything else, as far as it has come.
    pub text: String,
    /// The value, once it is complete.
    pub value: Option<Value>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct JsonReader {
    stack: Vec<JsonFrame>,
    mode: JsonMode,
    /// The string, word or number being read, as clean as it is shown.
    word: String,
    cleaner: Cleaner,
    /// Complete outermost values.
    roots: Vec<Value>,
    /// Members of outermost objects, and of objects in outermost lists.
    members: Vec<Member>,
    objects: usize,
    /// Where in `stack` the object that `members` is about stands.
    watched: Option<usize>,
    repairs: Vec<&'static str>,
    /// Whether only objects are of interest, bare or in a list.
    objects_only: bool,
    prose: bool,
    /// Whether the text began with a quote: JSON within a JSON string; and whether a backslash has just come.
    wrapped: bool,
    slash: bool,
    /// Whether a comma has just come between outermost values, and whether any were joined by one.
    comma: bool,
    listed: bool,
    dead: bool,
    /// Whether the key being read may have a quote too many or too few.
    odd_key: bool,
}

#[derive(Clone, Debug)]
enum JsonFrame {
    Object { map: Map<String, Value>, key: Option<String> },
    List { items: Vec<Value>, close: char, comma: bool },
}

#[derive(Clone, Debug, PartialEq)]
enum JsonMode {
    /// Between outermost values.
    Outside,
    /// Before a key, or an object's end.
    Key,
    /// After a key.
    Colon,
    /// Before a value, or a list's end.
    Value,
    /// After a value.
    After,
    /// Within a string; whether it is a key.
    Text(Quote, bool),
    /// Within something unquoted; whether it is a key.
    Bare(bool),
    /// Words after a value that belong to nothing.
    Junk,
    /// Within a comment: whether it is a block, its last character, and what it interrupted.
    Comment(Option<bool>, char, Box<JsonMode>),
}

impl Default for JsonReader {
    fn default() -> Self {
        Self {
            stack: Vec::new(),
            mode: JsonMode::Outside,
            word: String::new(),
            cleaner: Cleaner::new(),
            roots: Vec::new(),
            members: Vec::new(),
            objects: 0,
            watched: None,
            repairs: Vec::new(),
            objects_only: false,
            prose: false,
            wrapped: false,
            slash: false,
            comma: false,
            listed: false,
            dead: false,
            odd_key: false,
        }
    }
}

/// The value in a complete text, with what was repaired. Of several alike the last counts; several that are not
/// alike, or that commas join, are a list. Nothing if there is none.
pub(super) fn read(text: &str) -> Option<(Value, Vec<&'static str>)> {
    let mut reader = JsonReader::default();
    reader.push(text);
    reader.finish();
    let JsonReader { mut roots, mut repairs, listed, .. } = reader;
    let last = roots.pop()?;
    let like_last = |root: &Value| match (root, &last) {
        (Value::Object(a), Value::Object(b)) => a.keys().eq(b.keys()),
        (Value::Array(_), Value::Array(_)) => true,
        _ => false,
    };
    if !roots.is_empty() {
        repairs.push("several values");
    }
    if listed || !roots.iter().all(like_last) {
        roots.push(last);
        return Some((Value::Array(roots), repairs));
    }
    Some((last, repairs))
}

impl JsonReader {
    /// A reader of objects with the outputs as their members.
    pub(super) fn of_objects() -> Self {
        Self { objects_only: true, ..Self::default() }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if self.dead {
                return;
            }
            let run = self.run(rest);
            if run > 0 {
                self.copy(&rest[..run]);
                rest = &rest[run..];
            } else {
                self.char(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    /// How much of the text's beginning is plainly within a string: no quote, no escape, nothing to mend.
    fn run(&self, text: &str) -> usize {
        match &self.mode {
            JsonMode::Text(quote, _) if quote.settled() && !self.wrapped => {
                let plain = |b: u8| (b' '..0x7f).contains(&b) && !matches!(b, b'"' | b'\'' | b'`' | b'\\');
                text.bytes().position(|b| !plain(b)).unwrap_or(text.len())
            }
            _ => 0,
        }
    }

    /// A run of a string goes over as it is.
    fn copy(&mut self, run: &str) {
        let key = !matches!(self.mode, JsonMode::Text(_, false));
        self.emit(run, key);
        if self.nested()
            && let Some(member) = self.members.last_mut()
        {
            member.text.push_str(run);
        }
    }

    /// Whether what is read lies within a member's value that is no plain string.
    fn nested(&self) -> bool {
        self.watched.is_some_and(|at| self.stack.len() > at + 1)
    }

    fn char(&mut self, c: char) {
        if self.nested()
            && let Some(member) = self.members.last_mut()
        {
            member.text.push(c);
        }
        if !self.wrapped || self.stack.is_empty() {
            self.feed(c);
        } else if self.slash {
            self.slash = false;
            match c {
                'n' => self.feed('\n'),
                '"' | '\\' | '/' => self.feed(c),
                _ => {
                    self.feed('\\');
                    self.feed(c);
                }
            }
        } else if c == '\\' {
            self.slash = true;
        } else {
            self.feed(c);
        }
    }

    /// The text is over: closes what is open.
    pub(super) fn finish(&mut self) {
        if self.dead {
            self.stack.clear();
            return;
        }
        match std::mem::replace(&mut self.mode, JsonMode::After) {
            JsonMode::Text(quote, key) => {
                if quote.hold.is_empty() {
                    self.repair("a string that was never closed");
                    self.emit(&quote.escape, key);
                    self.drop_brackets();
                }
                self.end_text(key);
            }
            JsonMode::Bare(key) => self.end_bare(key),
            mode => self.mode = mode,
        }
        if !self.stack.is_empty() {
            self.repair("an end that never came");
        }
        while !self.stack.is_empty() {
            self.close_frame();
        }
    }

    /// Members of outermost objects, in order.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// What was repaired so far, each once.
    pub(super) fn repairs(&self) -> &[&'static str] {
        &self.repairs
    }

    /// A string that was never closed has taken the brackets at the text's end for its own.
    fn drop_brackets(&mut self) {
        for frame in self.stack.iter().rev() {
            let close = match frame {
                JsonFrame::Object { .. } => '}',
                JsonFrame::List { close, .. } => *close,
            };
            let Some(rest) = self.word.trim_end().strip_suffix(close) else { break };
            self.word.truncate(rest.len());
        }
    }

    fn repair(&mut self, what: &'static str) {
        if !self.repairs.contains(&what) {
            self.repairs.push(what);
        }
    }

    fn feed(&mut self, c: char) {
        match std::mem::replace(&mut self.mode, JsonMode::After) {
            JsonMode::Outside => {
                self.mode = JsonMode::Outside;
                match c {
                    '[' if self.objects_only => {}
                    '{' | '[' => {
                        self.listed |= self.comma;
                        self.open(c);
                    }
                    '(' if !self.prose && self.roots.is_empty() => self.open(c),
                    c if c.is_whitespace() || c == '\u{feff}' => {}
                    ',' if !self.roots.is_empty() => self.comma = true,
                    '"' if self.objects_only && !self.prose => self.wrapped = true,
                    _ => {
                        (self.prose, self.comma) = (true, false);
                        if c != ']' || !self.objects_only {
                            self.repair("text around the value");
                        }
                    }
                }
            }
            JsonMode::Text(quote, key) => self.in_text(quote, key, c),
            JsonMode::Bare(key) => self.in_bare(key, c),
            JsonMode::Comment(block, last, back) => {
                self.mode = match (block, c) {
                    (None, '/') => JsonMode::Comment(Some(false), ' ', back),
                    (None, '*') => JsonMode::Comment(Some(true), ' ', back),
                    // A lone slash is dropped.
                    (None, _) => {
                        self.mode = *back;
                        return self.feed(c);
                    }
                    (Some(false), '\n') => *back,
                    (Some(true), '/') if last == '*' => *back,
                    (block, c) => JsonMode::Comment(block, c, back),
                };
            }
            mode if c.is_whitespace() && mode != JsonMode::Junk => self.mode = mode,
            mode if (c == '/' || c == '#') && mode != JsonMode::Colon => {
                self.repair("a comment");
                self.mode = JsonMode::Comment((c == '#').then_some(false), ' ', Box::new(mode));
            }
            JsonMode::Key => self.key(c),
            JsonMode::Colon => self.colon(c),
            JsonMode::Value => self.value(c),
            JsonMode::After => self.after(c),
            JsonMode::Junk => match c {
                ',' | '}' | ']' | ')' | '\n' | ';' => self.after(c),
                _ => self.mode = JsonMode::Junk,
            },
        }
    }
}
