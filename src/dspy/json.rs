//! A tolerant reader of JSON as models write it: Python's spellings, missing and trailing commas, unquoted
//! words, unescaped quotes, comments, prose around, an end that never came. It takes the text in pieces, looks
//! at each character once or twice, keeps its own stack (so depth costs no call stack, and is capped), and notes
//! every repair. On valid JSON it reads what `serde_json` reads.

mod quote;
mod scalar;

use quote::{Quote, Verdict};
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
pub(super) struct Reader {
    stack: Vec<Frame>,
    mode: Mode,
    /// The string, word or number being read.
    word: String,
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
}

#[derive(Clone, Debug)]
enum Frame {
    Object { map: Map<String, Value>, key: Option<String> },
    List { items: Vec<Value>, close: char, comma: bool },
}

#[derive(Clone, Debug, PartialEq)]
enum Mode {
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
    Comment(Option<bool>, char, Box<Mode>),
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            stack: Vec::new(),
            mode: Mode::Outside,
            word: String::new(),
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
        }
    }
}

/// The value in a complete text, with what was repaired. Of several alike the last counts; several that are not
/// alike, or that commas join, are a list. Nothing if there is none.
pub(super) fn read(text: &str) -> Option<(Value, Vec<&'static str>)> {
    let mut reader = Reader::default();
    reader.push(text);
    reader.finish();
    let Reader { mut roots, mut repairs, listed, .. } = reader;
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

impl Reader {
    /// A reader of objects with the outputs as their members.
    pub(super) fn of_objects() -> Self {
        Self { objects_only: true, ..Self::default() }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, text: &str) {
        for c in text.chars() {
            if self.dead {
                return;
            }
            let nested = self.watched.is_some_and(|at| self.stack.len() > at + 1);
            if nested && let Some(member) = self.members.last_mut() {
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
    }

    /// The text is over: closes what is open.
    pub(super) fn finish(&mut self) {
        if self.dead {
            self.stack.clear();
            return;
        }
        match std::mem::replace(&mut self.mode, Mode::After) {
            Mode::Text(quote, key) => {
                if quote.hold.is_empty() {
                    self.repair("a string that was never closed");
                    quote.escape.chars().for_each(|c| self.emit(c, key));
                    self.drop_brackets();
                }
                self.end_text(key);
            }
            Mode::Bare(key) => self.end_bare(key),
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
                Frame::Object { .. } => '}',
                Frame::List { close, .. } => *close,
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
        match std::mem::replace(&mut self.mode, Mode::After) {
            Mode::Outside => {
                self.mode = Mode::Outside;
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
            Mode::Text(quote, key) => self.in_text(quote, key, c),
            Mode::Bare(key) => self.in_bare(key, c),
            Mode::Comment(block, last, back) => {
                self.mode = match (block, c) {
                    (None, '/') => Mode::Comment(Some(false), ' ', back),
                    (None, '*') => Mode::Comment(Some(true), ' ', back),
                    // A lone slash is dropped.
                    (None, _) => {
                        self.mode = *back;
                        return self.feed(c);
                    }
                    (Some(false), '\n') => *back,
                    (Some(true), '/') if last == '*' => *back,
                    (block, c) => Mode::Comment(block, c, back),
                };
            }
            mode if c.is_whitespace() && mode != Mode::Junk => self.mode = mode,
            mode if (c == '/' || c == '#') && mode != Mode::Colon => {
                self.repair("a comment");
                self.mode = Mode::Comment((c == '#').then_some(false), ' ', Box::new(mode));
            }
            Mode::Key => self.key(c),
            Mode::Colon => self.colon(c),
            Mode::Value => self.value(c),
            Mode::After => self.after(c),
            Mode::Junk => match c {
                ',' | '}' | ']' | ')' | '\n' | ';' => self.after(c),
                _ => self.mode = Mode::Junk,
            },
        }
    }

    fn open(&mut self, c: char) {
        if self.stack.len() == DEEPEST {
            self.dead = true;
            self.repair("nesting deeper than 128 levels, not read");
            return;
        }
        let outer = match self.stack.last() {
            None => true,
            Some(Frame::List { .. }) => self.stack.len() == 1,
            Some(Frame::Object { .. }) => false,
        };
        if c == '{' {
            if outer {
                self.watched = Some(self.stack.len());
                self.objects += 1;
            }
            self.stack.push(Frame::Object { map: Map::new(), key: None });
            self.mode = Mode::Key;
        } else {
            let close = if c == '[' { ']' } else { ')' };
            self.stack.push(Frame::List { items: Vec::new(), close, comma: false });
            self.mode = Mode::Value;
        }
    }

    fn key(&mut self, c: char) {
        self.mode = Mode::Key;
        match c {
            '}' | ']' => self.close(c),
            ',' => self.repair("a comma too many"),
            '{' => self.repair("a brace too many"),
            ':' | '=' | ';' | '|' => self.repair("a sign too many"),
            _ => match Quote::open(c) {
                Some(quote) => self.start_text(quote, true, c),
                None => self.start_bare(true, c),
            },
        }
    }

    fn colon(&mut self, c: char) {
        match c {
            ':' => self.mode = Mode::Value,
            '=' => {
                self.repair("`=` for `:`");
                self.mode = Mode::Value;
            }
            ',' | '}' => self.lone_key(c),
            _ => {
                self.repair("a missing colon");
                self.mode = Mode::Value;
                self.value(c);
            }
        }
    }

    /// A key without a value: Python's set, if it is the first.
    fn lone_key(&mut self, c: char) {
        if let Some(Frame::Object { map, key }) = self.stack.last_mut() {
            let word = key.take().unwrap_or_default();
            if map.is_empty() {
                let item = scalar(&word).unwrap_or(Value::String(word));
                *self.stack.last_mut().expect("a frame") = Frame::List { items: vec![item], close: '}', comma: false };
                if self.watched == Some(self.stack.len() - 1) {
                    self.watched = None;
                }
                self.repair("a set in braces");
            } else {
                map.insert(word, Value::Null);
                self.repair("a key without a value");
            }
        }
        self.after(c);
    }

    fn value(&mut self, c: char) {
        self.mode = Mode::Value;
        match c {
            '{' | '[' | '(' => {
                self.begin_member();
                if let (true, Some(member)) = (self.direct(), self.members.last_mut()) {
                    member.text.push(c);
                }
                self.open(c);
            }
            '}' | ']' | ')' => {
                if matches!(self.stack.last(), Some(Frame::Object { key: Some(_), .. })) {
                    self.begin_member();
                    self.repair("a missing value");
                    self.accept(Value::String(String::new()));
                } else if matches!(self.stack.last(), Some(Frame::List { comma: true, close: ']' | '}', .. })) {
                    self.repair("a comma too many");
                }
                self.close(c);
            }
            ',' => self.repair("a comma too many"),
            _ => {
                self.begin_member();
                match Quote::open(c) {
                    Some(quote) => self.start_text(quote, false, c),
                    None => self.start_bare(false, c),
                }
            }
        }
    }

    fn after(&mut self, c: char) {
        let object = matches!(self.stack.last(), Some(Frame::Object { .. }));
        match c {
            ',' | ';' | '|' => {
                if c != ',' {
                    self.repair("another sign for a comma");
                }
                if let Some(Frame::List { comma, .. }) = self.stack.last_mut() {
                    *comma = true;
                }
                self.mode = if object { Mode::Key } else { Mode::Value };
            }
            '}' | ']' | ')' => self.close(c),
            c if c.is_whitespace() => self.mode = Mode::After,
            c if object && Quote::open(c).is_none() => {
                self.repair("words after a value");
                self.mode = Mode::Junk;
            }
            ':' => {
                self.repair("a colon in a list");
                self.dead = true;
            }
            _ => {
                self.repair("a missing comma");
                if object { self.key(c) } else { self.value(c) }
            }
        }
    }

    /// A closing bracket: closes the frame it belongs to and those left open inside it.
    fn close(&mut self, c: char) {
        let fits = |frame: &Frame| match frame {
            Frame::Object { .. } => c == '}',
            Frame::List { close, .. } => c == *close,
        };
        let Some(at) = self.stack.iter().rposition(fits) else {
            self.repair("a bracket too many");
            return;
        };
        if at + 1 < self.stack.len() {
            self.repair("a missing bracket");
        }
        while self.stack.len() > at {
            self.close_frame();
        }
    }

    fn close_frame(&mut self) {
        if let Some(Frame::Object { key: Some(_), .. }) = self.stack.last() {
            if self.mode == Mode::Colon {
                // A key that was cut off says nothing, unless there is nothing else.
                if let Some(Frame::Object { map, key }) = self.stack.last_mut()
                    && let (Some(word), true) = (key.take(), map.is_empty())
                {
                    map.insert(word, Value::Null);
                }
            } else if self.mode == Mode::Value {
                self.begin_member();
                self.accept(Value::String(String::new()));
            }
        }
        let Some(frame) = self.stack.pop() else { return };
        if self.watched == Some(self.stack.len()) {
            self.watched = None;
        }
        let value = match frame {
            Frame::Object { map, .. } => Value::Object(map),
            // Python: brackets around one value are no tuple.
            Frame::List { mut items, close: ')', comma: false } if items.len() == 1 => items.remove(0),
            Frame::List { items, .. } => Value::Array(items),
        };
        if self.stack.is_empty() {
            self.roots.push(value);
            self.mode = Mode::Outside;
        } else {
            self.accept(value);
        }
    }

    /// A value is complete.
    fn accept(&mut self, value: Value) {
        self.mode = Mode::After;
        let direct = self.direct();
        match self.stack.last_mut() {
            Some(Frame::Object { map, key }) => {
                if let Some(key) = key.take() {
                    if direct && let Some(member) = self.members.last_mut() {
                        member.value = Some(value.clone());
                    }
                    map.insert(key, value);
                }
            }
            Some(Frame::List { items, comma, .. }) => {
                items.push(value);
                *comma = false;
            }
            None => {}
        }
    }

    /// Whether the innermost frame is the watched object.
    fn direct(&self) -> bool {
        self.watched.is_some_and(|at| at + 1 == self.stack.len())
    }

    fn begin_member(&mut self) {
        if let (true, Some(Frame::Object { key: Some(key), .. })) = (self.direct(), self.stack.last()) {
            let object = self.objects - 1;
            self.members.push(Member { object, key: key.clone(), text: String::new(), value: None });
        }
    }

    fn start_text(&mut self, quote: Quote, key: bool, c: char) {
        if c != '"' {
            self.repair("other quotes than \"");
        }
        self.word.clear();
        self.mode = Mode::Text(quote, key);
    }

    fn start_bare(&mut self, key: bool, c: char) {
        self.word.clear();
        self.mode = Mode::Bare(key);
        self.in_bare(key, c);
    }

    /// A character of the string or word.
    fn emit(&mut self, c: char, key: bool) {
        self.word.push(c);
        if !key
            && self.direct()
            && let Some(member) = self.members.last_mut()
        {
            member.text.push(c);
        }
    }

    fn in_text(&mut self, mut quote: Quote, key: bool, c: char) {
        if !quote.hold.is_empty() {
            quote.hold.push(c);
            let list = !key && matches!(self.stack.last(), Some(Frame::List { .. }));
            match quote.verdict(key, list) {
                Verdict::Open => self.mode = Mode::Text(quote, key),
                Verdict::Inner => {
                    self.repair("an unescaped quote");
                    let hold = std::mem::take(&mut quote.hold);
                    let mut again = hold.chars();
                    if let Some(inner) = again.next() {
                        quote.note_inner(&self.word);
                        self.emit(inner, key);
                    }
                    self.mode = Mode::Text(quote, key);
                    again.for_each(|c| self.feed(c));
                }
                Verdict::Close => {
                    let hold = std::mem::take(&mut quote.hold);
                    self.end_text(key);
                    hold.chars().skip(1).for_each(|c| self.feed(c));
                }
                Verdict::Split(value, next) => {
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
                None => self.mode = Mode::Text(quote, key),
                Some((text, again)) => {
                    text.chars().for_each(|c| self.emit(c, key));
                    self.mode = Mode::Text(quote, key);
                    if again {
                        self.feed(c);
                    }
                }
            }
            return;
        }
        if c != '\\' && quote.half() {
            self.emit('\u{fffd}', key);
        }
        if c == '\\' {
            quote.escape.push(c);
        } else if quote.closes(c) {
            quote.hold.push(c);
        } else {
            if c < ' ' {
                self.repair("a line break inside a string");
            }
            self.emit(c, key);
        }
        self.mode = Mode::Text(quote, key);
    }

    fn end_text(&mut self, key: bool) {
        let word = std::mem::take(&mut self.word);
        if !key {
            return self.accept(Value::String(word));
        }
        if let Some(Frame::Object { key, .. }) = self.stack.last_mut() {
            *key = Some(word);
        }
        self.mode = Mode::Colon;
    }

    fn in_bare(&mut self, key: bool, c: char) {
        let close = match self.stack.last() {
            Some(Frame::List { close, .. }) => *close,
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
            self.emit(c, key);
            self.mode = Mode::Bare(key);
        }
    }

    fn end_bare(&mut self, key: bool) {
        let text = std::mem::take(&mut self.word);
        let word = text.trim();
        if key {
            self.repair("a key without quotes");
            if word.trim_matches('.').is_empty() {
                self.mode = Mode::Key;
                return;
            }
            self.word.push_str(word);
            return self.end_text(true);
        }
        let list = matches!(self.stack.last(), Some(Frame::List { .. }));
        if list && word.trim_matches(['.', '…']).is_empty() {
            self.repair("an ellipsis");
            self.mode = Mode::After;
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
