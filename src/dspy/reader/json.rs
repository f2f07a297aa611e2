//! Reads JSON as models write it: with Python's `True`, missing and extra commas, words without quotes, unescaped
//! quotes, comments, prose around it, or a missing end.
//!
//! The text may arrive in pieces. Each character is examined once or twice. The stack is on the heap and limited to 128
//! levels. Every repair is recorded. Valid JSON gives what `serde_json` gives, except that decoded strings are cleaned
//! at once: an escape such as `\u001b` is harmless text until it is decoded, so nothing has removed it before.

mod quote;
mod scalar;
mod structure;
mod words;

use crate::text::Cleaner;
use quote::{Part, Quote};
pub(super) use scalar::{is_wide, non_finite_name, scalar};
use serde_json::{Map, Value};

/// The maximum nesting. The reader stops at a deeper one.
const MAX_DEPTH: usize = 128;

/// A member of an outermost object, which may still be incomplete.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// The number of its object, from 0.
    pub object: usize,
    /// The decoded key.
    pub key: String,
    /// So far: the decoded text of a string, or the source of any other value.
    pub text: String,
    /// The value, when it is complete.
    pub value: Option<Value>,
    /// Whether a part of the value is lost, so that it must not be used.
    pub lost: bool,
}

/// Reads JSON piece by piece: [`push`](Self::push) for each piece, then [`finish`](Self::finish).
#[derive(Clone, Debug)]
pub(super) struct JsonReader {
    /// The open objects and lists, outermost first.
    stack: Vec<JsonFrame>,
    mode: JsonMode,
    /// The string, word or number that is being read, decoded and cleaned.
    word: String,
    cleaner: Cleaner,
    /// The outermost values that are complete.
    roots: Vec<Value>,
    /// The members of outermost objects, and of objects in outermost lists.
    members: Vec<Member>,
    /// The number of objects whose members are in `members`.
    objects: usize,
    /// The index in `stack` of the object whose members are being recorded.
    recorded: Option<usize>,
    repairs: Vec<&'static str>,
    /// Whether outermost lists are skipped, so that objects in them count as outermost.
    objects_only: bool,
    /// Whether there was text outside of the values.
    prose: bool,
    /// Whether the text began with a quote: it is JSON inside a JSON string.
    wrapped: bool,
    /// In a wrapped text, whether the last character was a backslash.
    after_backslash: bool,
    /// Whether the last character between outermost values was a comma.
    after_comma: bool,
    /// Whether there was a comma between two outermost values.
    comma_separated: bool,
    /// Whether the rest of the text is ignored.
    stopped: bool,
    /// Whether the quotes around the current key may be wrong.
    odd_key: bool,
    /// Whether the current key has no quotes.
    bare_key: bool,
    /// Whether the last value is text without quotes.
    bare_value: bool,
    /// Whether a part of a value or of a key is lost.
    lost: bool,
    /// The number of backticks before the values.
    backticks: usize,
}

/// An open container.
#[derive(Clone, Debug)]
enum JsonFrame {
    /// An object. `key`: the key that still needs its value.
    Object { map: Map<String, Value>, key: Option<String> },
    /// A list, or a tuple or set of Python. `comma`: whether a comma follows the last item.
    List { items: Vec<Value>, close: char, comma: bool },
}

/// What the reader expects next.
#[derive(Clone, Debug, PartialEq)]
enum JsonMode {
    /// Between outermost values.
    Outside,
    /// Before a key or the end of an object.
    Key,
    /// After a key.
    Colon,
    /// Before a value or the end of a list.
    Value,
    /// After a value.
    After,
    /// Inside a string.
    Text(Quote, Part),
    /// Inside a word without quotes.
    Bare(Part),
    /// Inside words after a value, which are ignored.
    Junk,
    /// Inside a comment.
    Comment { style: CommentStyle, last: char, resume: Box<JsonMode> },
}

/// How a comment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommentStyle {
    /// After one slash: the next character decides.
    Undecided,
    /// `//` or `#`, to the end of the line.
    Line,
    /// `/*`, to `*/`.
    Block,
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
            recorded: None,
            repairs: Vec::new(),
            objects_only: false,
            prose: false,
            wrapped: false,
            after_backslash: false,
            after_comma: false,
            comma_separated: false,
            stopped: false,
            odd_key: false,
            bare_key: false,
            bare_value: false,
            lost: false,
            backticks: 0,
        }
    }
}

/// The value in a complete text, with the repairs. Of several objects with equal keys, or of several lists, the last
/// one counts; other values, and values with commas between them, become a list. Nothing if there is no value, or if a
/// part of it is lost.
pub(super) fn read(text: &str) -> Option<(Value, Vec<&'static str>)> {
    let mut reader = JsonReader::default();
    reader.push(text);
    reader.finish();
    if reader.lost {
        return None;
    }
    let JsonReader { mut roots, mut repairs, comma_separated, .. } = reader;
    let last = roots.pop()?;
    let like_last = |root: &Value| match (root, &last) {
        (Value::Object(a), Value::Object(b)) => a.keys().eq(b.keys()),
        (Value::Array(_), Value::Array(_)) => true,
        _ => false,
    };
    let several = !roots.is_empty();
    if comma_separated || !roots.iter().all(like_last) {
        if several {
            repairs.push("made a list of several values");
        }
        roots.push(last);
        return Some((Value::Array(roots), repairs));
    }
    if several {
        repairs.push("kept the last of several values");
    }
    Some((last, repairs))
}

/// Whether a text ends with a whole list or object, bare or with words before it.
pub(super) fn is_closed(text: &str) -> bool {
    let mut reader = JsonReader::default();
    reader.push(text);
    !reader.roots.is_empty() && reader.stack.is_empty() && text.trim_end().ends_with(['}', ']', ')'])
}

impl JsonReader {
    /// A reader that looks for objects, bare or in a list. Used for whole answers.
    pub(super) fn for_objects() -> Self {
        Self { objects_only: true, ..Self::default() }
    }

    /// Reads the next piece.
    pub(super) fn push(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if self.stopped {
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

    /// The length in bytes of the start of `text` that lies inside a string and needs no decision: no quote, no escape,
    /// no control character.
    fn run(&self, text: &str) -> usize {
        match &self.mode {
            JsonMode::Text(quote, _) if quote.settled() && !self.wrapped => {
                let plain = |b: u8| (b' '..0x7f).contains(&b) && !matches!(b, b'"' | b'\'' | b'`' | b'\\');
                text.bytes().position(|b| !plain(b)).unwrap_or(text.len())
            }
            _ => 0,
        }
    }

    /// Appends plain text to the string that is being read.
    fn copy(&mut self, run: &str) {
        let part = if matches!(self.mode, JsonMode::Text(_, Part::Value)) { Part::Value } else { Part::Key };
        self.append(run, part);
        if self.nested()
            && let Some(member) = self.members.last_mut()
        {
            member.text.push_str(run);
        }
    }

    /// Whether the current text is inside an object or list that is the value of a recorded member.
    fn nested(&self) -> bool {
        self.recorded.is_some_and(|at| self.stack.len() > at + 1)
    }

    /// Reads a character, and resolves the escapes of a wrapped text.
    fn char(&mut self, c: char) {
        if self.nested()
            && let Some(member) = self.members.last_mut()
        {
            member.text.push(c);
        }
        if !self.wrapped || self.stack.is_empty() {
            self.feed(c);
        } else if self.after_backslash {
            self.after_backslash = false;
            match c {
                'n' => self.feed('\n'),
                '"' | '\\' | '/' => self.feed(c),
                _ => {
                    self.feed('\\');
                    self.feed(c);
                }
            }
        } else if c == '\\' {
            self.after_backslash = true;
        } else {
            self.feed(c);
        }
    }

    /// Ends the text and closes what is still open.
    pub(super) fn finish(&mut self) {
        if self.stopped {
            self.stack.clear();
            return;
        }
        match std::mem::replace(&mut self.mode, JsonMode::After) {
            JsonMode::Text(quote, part) => {
                if quote.hold.is_empty() {
                    self.repair("added a missing closing quote");
                    self.append(&quote.escape, part);
                    self.drop_fence();
                    self.drop_brackets();
                }
                self.end_text(part);
            }
            JsonMode::Bare(part) => self.end_bare(part),
            mode => self.mode = mode,
        }
        self.close_all();
    }

    /// Closes what is still open.
    fn close_all(&mut self) {
        if !self.stack.is_empty() {
            self.repair("added missing brackets at the end");
        }
        while !self.stack.is_empty() {
            self.close_frame();
        }
    }

    /// Whether the values are in a code fence.
    fn is_fenced(&self) -> bool {
        self.backticks >= 3
    }

    /// The members of outermost objects, in the order of the text.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The number of the object that has no closing brace yet.
    pub(super) fn open_object(&self) -> Option<usize> {
        self.recorded.map(|_| self.objects - 1)
    }

    /// Whether a part of a value or of a key is lost. Then a key that is missing may be there.
    pub(super) fn has_lost(&self) -> bool {
        self.lost
    }

    /// Records that characters of the last value are lost.
    fn lose(&mut self) {
        self.lost = true;
        let current = self.objects;
        if let (Some(_), Some(member)) = (self.recorded, self.members.last_mut()) {
            member.lost |= member.object + 1 == current;
        }
    }

    /// Removes the end of the code fence around the JSON from a string without a closing quote.
    fn drop_fence(&mut self) {
        if let Some(rest) = self.word.trim_end().strip_suffix("```").filter(|_| self.is_fenced())
            && rest.ends_with('\n')
        {
            self.word.truncate(rest.trim_end().len());
        }
    }

    /// The repairs so far, without duplicates.
    pub(super) fn repairs(&self) -> &[&'static str] {
        &self.repairs
    }

    /// Removes the closing brackets at the end of a string without a closing quote: they belong to the open containers.
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

    /// Records a repair.
    fn repair(&mut self, what: &'static str) {
        if !self.repairs.contains(&what) {
            self.repairs.push(what);
        }
    }

    /// Handles a character in the current mode.
    fn feed(&mut self, c: char) {
        match std::mem::replace(&mut self.mode, JsonMode::After) {
            JsonMode::Outside => {
                self.mode = JsonMode::Outside;
                match c {
                    '[' if self.objects_only => {}
                    '{' | '[' => {
                        self.comma_separated |= self.after_comma;
                        self.open(c);
                    }
                    '(' if !self.prose && self.roots.is_empty() => self.open(c),
                    c if c.is_whitespace() || c == '\u{feff}' => {}
                    ',' if !self.roots.is_empty() => self.after_comma = true,
                    '"' if self.objects_only && !self.prose => self.wrapped = true,
                    _ => {
                        self.backticks += usize::from(c == '`');
                        (self.prose, self.after_comma) = (true, false);
                        if c != ']' || !self.objects_only {
                            self.repair("ignored text around the JSON");
                        }
                    }
                }
            }
            JsonMode::Text(quote, part) => self.in_text(quote, part, c),
            JsonMode::Bare(part) => self.in_bare(part, c),
            JsonMode::Comment { style, last, resume } => {
                self.mode = match (style, c) {
                    (CommentStyle::Undecided, '/') => {
                        JsonMode::Comment { style: CommentStyle::Line, last: ' ', resume }
                    }
                    (CommentStyle::Undecided, '*') => {
                        JsonMode::Comment { style: CommentStyle::Block, last: ' ', resume }
                    }
                    // A single slash is ignored.
                    (CommentStyle::Undecided, _) => {
                        self.mode = *resume;
                        return self.feed(c);
                    }
                    (CommentStyle::Line, '\n') => *resume,
                    (CommentStyle::Block, '/') if last == '*' => *resume,
                    (style, c) => JsonMode::Comment { style, last: c, resume },
                };
            }
            mode if c.is_whitespace() && mode != JsonMode::Junk => self.mode = mode,
            // The code fence around the JSON ends before its last brackets.
            JsonMode::After if c == '`' && self.is_fenced() => self.close_all(),
            mode if (c == '/' || c == '#') && mode != JsonMode::Colon => {
                self.repair("ignored a comment");
                let style = if c == '#' { CommentStyle::Line } else { CommentStyle::Undecided };
                self.mode = JsonMode::Comment { style, last: ' ', resume: Box::new(mode) };
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
