//! Handles brackets, commas and colons, and puts each value where it belongs.

use super::quote::{Part, Quote};
use super::scalar::scalar;
use super::{JsonFrame, JsonMode, JsonReader, MAX_DEPTH, Member};
use serde_json::{Map, Value};

impl JsonReader {
    /// Opens a container at this bracket.
    pub(super) fn open(&mut self, c: char) {
        if self.stack.len() == MAX_DEPTH {
            self.stopped = true;
            self.repair("stopped at 128 levels of nesting");
            return;
        }
        let outer = match self.stack.last() {
            None => true,
            Some(JsonFrame::List { .. }) => self.stack.len() == 1,
            Some(JsonFrame::Object { .. }) => false,
        };
        if c == '{' {
            if outer {
                self.recorded = Some(self.stack.len());
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

    /// Handles a character before a key or the end of an object.
    pub(super) fn key(&mut self, c: char) {
        self.mode = JsonMode::Key;
        match c {
            '}' | ']' => self.close(c),
            ',' => self.repair("ignored an extra comma"),
            '{' => self.repair("ignored an extra brace"),
            ':' | '=' | ';' | '|' => self.repair("ignored an extra separator"),
            _ => match Quote::open(c) {
                Some(quote) => self.start_text(quote, Part::Key, c),
                None => self.start_bare(Part::Key, c),
            },
        }
    }

    /// Handles a character after a key.
    pub(super) fn colon(&mut self, c: char) {
        match c {
            ':' => self.mode = JsonMode::Value,
            '=' => {
                self.repair("accepted `=` instead of `:`");
                self.mode = JsonMode::Value;
            }
            ',' | '}' => self.lone_key(c),
            _ => {
                self.repair("added a missing colon");
                self.mode = JsonMode::Value;
                self.value(c);
            }
        }
    }

    /// Handles a key without a value: the first one makes the braces a Python set.
    pub(super) fn lone_key(&mut self, c: char) {
        if let Some(JsonFrame::Object { map, key }) = self.stack.last_mut() {
            let word = key.take().unwrap_or_default();
            if map.is_empty() {
                let item = scalar(&word).unwrap_or(Value::String(word));
                *self.stack.last_mut().expect("a frame") =
                    JsonFrame::List { items: vec![item], close: '}', comma: false };
                if self.recorded == Some(self.stack.len() - 1) {
                    self.recorded = None;
                }
                self.repair("accepted a Python set");
            } else {
                // The key may be the rest of a value without quotes, such as `1,234`.
                self.lost = true;
                if std::mem::take(&mut self.bare_key) {
                    self.lose();
                }
            }
        }
        self.after(c);
    }

    /// Handles a character before a value or the end of a list.
    pub(super) fn value(&mut self, c: char) {
        self.mode = JsonMode::Value;
        match c {
            '{' | '[' | '(' => {
                self.begin_member();
                if let (true, Some(member)) = (self.in_recorded_object(), self.members.last_mut()) {
                    member.text.push(c);
                }
                self.open(c);
            }
            ':' => self.repair("ignored an extra separator"),
            '}' | ']' | ')' => {
                let needs_value = matches!(self.stack.last(), Some(JsonFrame::Object { key: Some(_), .. }));
                if needs_value && c != '}' {
                    return self.repair("ignored an extra bracket");
                }
                if needs_value {
                    self.begin_member();
                    self.lose();
                    self.accept(Value::String(String::new()));
                } else if matches!(self.stack.last(), Some(JsonFrame::List { comma: true, close: ']' | '}', .. })) {
                    self.repair("ignored an extra comma");
                }
                self.close(c);
            }
            ',' => self.repair("ignored an extra comma"),
            _ => {
                self.begin_member();
                match Quote::open(c) {
                    Some(quote) => self.start_text(quote, Part::Value, c),
                    None => self.start_bare(Part::Value, c),
                }
            }
        }
    }

    /// Handles a character after a value.
    pub(super) fn after(&mut self, c: char) {
        let object = matches!(self.stack.last(), Some(JsonFrame::Object { .. }));
        match c {
            ',' | ';' | '|' => {
                if c != ',' {
                    self.repair("accepted another separator instead of a comma");
                }
                if let Some(JsonFrame::List { comma, .. }) = self.stack.last_mut() {
                    *comma = true;
                }
                self.mode = if object { JsonMode::Key } else { JsonMode::Value };
            }
            '}' | ']' | ')' => self.close(c),
            c if c.is_whitespace() => self.mode = JsonMode::After,
            c if object && Quote::open(c).is_none() => {
                self.repair("ignored words after a value");
                // What follows a number or a word may be a part of it.
                if !self.is_after_container() {
                    self.lose();
                }
                self.mode = JsonMode::Junk;
            }
            ':' => {
                self.repair("stopped at a colon in a list");
                self.stopped = true;
            }
            _ => {
                self.repair("added a missing comma");
                if object { self.key(c) } else { self.value(c) }
            }
        }
    }

    /// Closes the container of this bracket and those that are still open inside it.
    pub(super) fn close(&mut self, c: char) {
        let matches_bracket = |frame: &JsonFrame| match frame {
            JsonFrame::Object { .. } => c == '}',
            JsonFrame::List { close, .. } => c == *close,
        };
        let Some(at) = self.stack.iter().rposition(matches_bracket) else {
            self.repair("ignored an extra bracket");
            if self.bare_value {
                self.lose();
            }
            return;
        };
        if at + 1 < self.stack.len() {
            self.repair("added a missing bracket");
        }
        while self.stack.len() > at {
            self.close_frame();
        }
    }

    /// Closes the innermost container.
    pub(super) fn close_frame(&mut self) {
        if let Some(JsonFrame::Object { key: Some(_), .. }) = self.stack.last() {
            if self.mode == JsonMode::Colon {
                // A key that was cut off, or has lost the quote at its end.
                self.lost = true;
            } else if self.mode == JsonMode::Value {
                self.begin_member();
                self.lose();
                self.accept(Value::String(String::new()));
            }
        }
        let Some(frame) = self.stack.pop() else { return };
        if self.recorded == Some(self.stack.len()) {
            self.recorded = None;
        }
        let value = match frame {
            JsonFrame::Object { map, .. } => Value::Object(map),
            // In Python, parentheses around one value do not make a tuple.
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

    /// Puts a complete value into the innermost container.
    pub(super) fn accept(&mut self, value: Value) {
        self.mode = JsonMode::After;
        self.bare_value = false;
        let recorded = self.in_recorded_object();
        let known = match self.stack.last() {
            Some(JsonFrame::Object { map, key: Some(key) }) => map.contains_key(key),
            _ => false,
        };
        if known {
            self.repair("a key occurs twice; kept the last one");
        }
        match self.stack.last_mut() {
            Some(JsonFrame::Object { map, key }) => {
                if let Some(key) = key.take() {
                    if recorded && let Some(member) = self.members.last_mut() {
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

    /// Whether the last value of the innermost object is an object or a list.
    fn is_after_container(&self) -> bool {
        match self.stack.last() {
            Some(JsonFrame::Object { map, .. }) => {
                map.values().next_back().is_some_and(|value| value.is_object() || value.is_array())
            }
            _ => false,
        }
    }

    /// Whether the innermost container is the object whose members are recorded.
    pub(super) fn in_recorded_object(&self) -> bool {
        self.recorded.is_some_and(|at| at + 1 == self.stack.len())
    }

    /// Records a new member, if the innermost container is the object whose members are recorded.
    pub(super) fn begin_member(&mut self) {
        if let (true, Some(JsonFrame::Object { key: Some(key), .. })) = (self.in_recorded_object(), self.stack.last()) {
            let object = self.objects - 1;
            self.members.push(Member { object, key: key.clone(), text: String::new(), value: None, lost: false });
        }
    }
}
