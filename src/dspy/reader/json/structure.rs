//! Brackets, commas and colons: what opens, what closes, and what a value belongs to.

use super::quote::Quote;
use super::scalar::scalar;
use super::{DEEPEST, JsonFrame, JsonMode, JsonReader, Member};
use serde_json::{Map, Value};

impl JsonReader {
    pub(super) fn open(&mut self, c: char) {
        if self.stack.len() == DEEPEST {
            self.dead = true;
            self.repair("nesting deeper than 128 levels, not read");
            return;
        }
        let outer = match self.stack.last() {
            None => true,
            Some(JsonFrame::List { .. }) => self.stack.len() == 1,
            Some(JsonFrame::Object { .. }) => false,
        };
        if c == '{' {
            if outer {
                self.watched = Some(self.stack.len());
                self.objects += 1;
            }
            self.stack.push(JsonFrame::Object { map: Map::new(), key: None });
            self.mode = JsonMode::Key;
        } else {
            let close = if c == '[' { ']' } else { ')' };
            self.stack.push(JsonFrame::List { items: Vec::new(), close, comma: false });
            self.mode = JsonMode::Value;
        }
    }

    pub(super) fn key(&mut self, c: char) {
        self.mode = JsonMode::Key;
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

    pub(super) fn colon(&mut self, c: char) {
        match c {
            ':' => self.mode = JsonMode::Value,
            '=' => {
                self.repair("`=` for `:`");
                self.mode = JsonMode::Value;
            }
            ',' | '}' => self.lone_key(c),
            _ => {
                self.repair("a missing colon");
                self.mode = JsonMode::Value;
                self.value(c);
            }
        }
    }

    /// A key without a value: Python's set, if it is the first.
    pub(super) fn lone_key(&mut self, c: char) {
        if let Some(JsonFrame::Object { map, key }) = self.stack.last_mut() {
            let word = key.take().unwrap_or_default();
            if map.is_empty() {
                let item = scalar(&word).unwrap_or(Value::String(word));
                *self.stack.last_mut().expect("a frame") =
                    JsonFrame::List { items: vec![item], close: '}', comma: false };
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

    pub(super) fn value(&mut self, c: char) {
        self.mode = JsonMode::Value;
        match c {
            '{' | '[' | '(' => {
                self.begin_member();
                if let (true, Some(member)) = (self.direct(), self.members.last_mut()) {
                    member.text.push(c);
                }
                self.open(c);
            }
            ':' => self.repair("a sign too many"),
            '}' | ']' | ')' => {
                let waiting = matches!(self.stack.last(), Some(JsonFrame::Object { key: Some(_), .. }));
                if waiting && c != '}' {
                    return self.repair("a bracket too many");
                }
                if waiting {
                    self.begin_member();
                    self.repair("a missing value");
                    self.accept(Value::String(String::new()));
                } else if matches!(self.stack.last(), Some(JsonFrame::List { comma: true, close: ']' | '}', .. })) {
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

    pub(super) fn after(&mut self, c: char) {
        let object = matches!(self.stack.last(), Some(JsonFrame::Object { .. }));
        match c {
            ',' | ';' | '|' => {
                if c != ',' {
                    self.repair("another sign for a comma");
                }
                if let Some(JsonFrame::List { comma, .. }) = self.stack.last_mut() {
                    *comma = true;
                }
                self.mode = if object { JsonMode::Key } else { JsonMode::Value };
            }
            '}' | ']' | ')' => self.close(c),
            c if c.is_whitespace() => self.mode = JsonMode::After,
            c if object && Quote::open(c).is_none() => {
                self.repair("words after a value");
                self.mode = JsonMode::Junk;
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
    pub(super) fn close(&mut self, c: char) {
        let fits = |frame: &JsonFrame| match frame {
            JsonFrame::Object { .. } => c == '}',
            JsonFrame::List { close, .. } => c == *close,
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

    pub(super) fn close_frame(&mut self) {
        if let Some(JsonFrame::Object { key: Some(_), .. }) = self.stack.last() {
            if self.mode == JsonMode::Colon {
                // A key that was cut off says nothing, unless there is nothing else.
                if let Some(JsonFrame::Object { map, key }) = self.stack.last_mut()
                    && let (Some(word), true) = (key.take(), map.is_empty())
                {
                    map.insert(word, Value::Null);
                }
            } else if self.mode == JsonMode::Value {
                self.begin_member();
                self.accept(Value::String(String::new()));
            }
        }
        let Some(frame) = self.stack.pop() else { return };
        if self.watched == Some(self.stack.len()) {
            self.watched = None;
        }
        let value = match frame {
            JsonFrame::Object { map, .. } => Value::Object(map),
            // Python: brackets around one value are no tuple.
            JsonFrame::List { mut items, close: ')', comma: false } if items.len() == 1 => items.remove(0),
            JsonFrame::List { items, .. } => Value::Array(items),
        };
        if self.stack.is_empty() {
            self.roots.push(value);
            self.mode = JsonMode::Outside;
        } else {
            self.accept(value);
        }
    }

    /// A value is complete.
    pub(super) fn accept(&mut self, value: Value) {
        self.mode = JsonMode::After;
        let direct = self.direct();
        match self.stack.last_mut() {
            Some(JsonFrame::Object { map, key }) => {
                if let Some(key) = key.take() {
                    if direct && let Some(member) = self.members.last_mut() {
                        member.value = Some(value.clone());
                    }
                    map.insert(key, value);
                }
            }
            Some(JsonFrame::List { items, comma, .. }) => {
                items.push(value);
                *comma = false;
            }
            None => {}
        }
    }

    /// Whether the innermost frame is the watched object.
    pub(super) fn direct(&self) -> bool {
        self.watched.is_some_and(|at| at + 1 == self.stack.len())
    }

    pub(super) fn begin_member(&mut self) {
        if let (true, Some(JsonFrame::Object { key: Some(key), .. })) = (self.direct(), self.stack.last()) {
            let object = self.objects - 1;
            self.members.push(Member { object, key: key.clone(), text: String::new(), value: None });
        }
    }
}
