//! Reads the XML format: each field between `<name>` and `</name>`.

use super::super::Section;
use super::super::signature::Field;
use super::super::types::FieldType;
use super::coerce;
use crate::text::clean;
use serde_json::{Map, Value};

/// The maximum length of a tag with its attributes, in bytes.
const MAX_TAG: usize = 300;
/// The maximum nesting of tags inside a field.
const MAX_DEPTH: usize = 60;

/// Splits an answer at the tags of its fields.
#[derive(Clone, Debug)]
pub(super) struct XmlReader {
    /// The names of the outputs.
    outputs: Vec<String>,
    /// A tag that is not complete yet.
    held: String,
    /// The index of the current section, and the number of open tags with its name.
    current: Option<(usize, usize)>,
    /// White space that is appended when other text follows it.
    space: String,
    repairs: Vec<&'static str>,
}

impl XmlReader {
    pub(super) fn new(outputs: Vec<String>) -> Self {
        Self { outputs, held: String::new(), current: None, space: String::new(), repairs: Vec::new() }
    }

    /// Whether the last section has no closing tag yet.
    pub(super) fn is_open(&self) -> bool {
        self.current.is_some()
    }

    pub(super) fn repairs(&self) -> &[&'static str] {
        &self.repairs
    }

    pub(super) fn push(&mut self, text: &str, sections: &mut Vec<Section>) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let run = if self.held.is_empty() { plain_length(rest) } else { 0 };
            if run > 0 {
                self.copy(&rest[..run], sections);
                rest = &rest[run..];
            } else {
                self.char(c, sections);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    fn char(&mut self, c: char, sections: &mut Vec<Section>) {
        if c == '<' {
            self.release(sections);
            self.held.push(c);
        } else if self.held.is_empty() {
            self.text(c, sections);
        } else {
            self.held.push(c);
            if c == '>' {
                self.tag(sections);
            } else if !self.may_be_tag(sections) {
                self.release(sections);
            }
        }
    }

    pub(super) fn finish(&mut self, sections: &mut [Section]) {
        self.held.clear();
        if let Some((at, _)) = self.current.take() {
            self.repairs.push("accepted a tag that was not closed");
            complete(&mut sections[at]);
        }
    }

    /// Whether the held characters can become a tag of an output, or, inside a section, a tag of its name.
    fn may_be_tag(&self, sections: &[Section]) -> bool {
        let word = self.held[1..].trim_start_matches('/');
        let may_match = |name: &str| match word.strip_prefix(name) {
            Some(rest) => rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == '/'),
            None => name.starts_with(word),
        };
        self.held.len() <= MAX_TAG
            && match self.current {
                Some((at, _)) => may_match(&sections[at].name),
                None => self.outputs.iter().any(|name| may_match(name)),
            }
    }

    /// Handles a complete tag.
    fn tag(&mut self, sections: &mut Vec<Section>) {
        let body = self.held[1..self.held.len() - 1].to_owned();
        let closing = body.starts_with('/');
        let self_closing = body.ends_with('/');
        let word = body.trim_start_matches('/').split([' ', '\t', '\n', '\r', '/']).next().unwrap_or_default();
        match &mut self.current {
            Some((at, depth)) if sections[*at].name == word => {
                *depth = if closing { *depth - 1 } else { *depth + usize::from(!self_closing) };
                if *depth == 0 {
                    complete(&mut sections[*at]);
                    self.current = None;
                    self.held.clear();
                } else {
                    self.release(sections);
                }
            }
            None if !closing && self.outputs.iter().any(|name| name == word) => {
                self.held.clear();
                self.space.clear();
                if sections.iter().any(|section| section.name == word) {
                    let what = "a field occurs twice; kept the first one";
                    if !self.repairs.contains(&what) {
                        self.repairs.push(what);
                    }
                    return;
                }
                sections.push(Section { name: word.to_owned(), text: String::new(), complete: self_closing });
                self.current = (!self_closing).then_some((sections.len() - 1, 1));
            }
            _ => self.release(sections),
        }
    }

    /// Treats the held characters as text.
    fn release(&mut self, sections: &mut [Section]) {
        let held = std::mem::take(&mut self.held);
        held.chars().for_each(|c| self.text(c, sections));
    }

    /// Appends a character to the current section.
    fn text(&mut self, c: char, sections: &mut [Section]) {
        if c.is_whitespace() {
            if self.current.is_some() {
                self.space.push(c);
            }
            return;
        }
        self.copy(c.encode_utf8(&mut [0; 4]), sections);
    }

    /// Appends text that neither starts nor ends with white space to the current section.
    fn copy(&mut self, run: &str, sections: &mut [Section]) {
        let Some((at, _)) = self.current else { return };
        let text = &mut sections[at].text;
        if !text.is_empty() {
            text.push_str(&self.space);
        }
        self.space.clear();
        text.push_str(run);
    }
}

/// The length in bytes of the start of `text` that can be copied as it is: no tag, no white space at its ends.
fn plain_length(text: &str) -> usize {
    if text.starts_with(char::is_whitespace) {
        return 0;
    }
    let run = text.bytes().position(|b| b == b'<' || !(b' '..0x7f).contains(&b)).unwrap_or(text.len());
    text[..run].trim_ascii_end().len()
}

/// Completes a section: removes `<![CDATA[…]]>`, or decodes its entities.
fn complete(section: &mut Section) {
    section.complete = true;
    if let Some(inner) = section.text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")) {
        section.text = inner.to_owned();
    } else if section.text.contains('&') {
        section.text = decode(&section.text);
    }
}

/// Decodes `&lt; &gt; &amp; &quot; &apos;` and numeric entities, then removes characters that a terminal must not get.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|b| b == b';').unwrap_or(0);
        let c = match &rest[1.min(end)..end] {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name => name.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
                None => number.parse().ok().and_then(char::from_u32),
            }),
        };
        out.push(c.unwrap_or('&'));
        rest = &rest[if c.is_some() { end + 1 } else { 1 }..];
    }
    out.push_str(rest);
    clean(&out).into_owned()
}

/// Converts the text of a field to its type. Tags inside become a list (`<item>`) or a dict, unless the type is text.
pub(super) fn field(field: &Field, text: &str) -> coerce::FieldResult {
    let list =
        |field_type: &FieldType| matches!(field_type, FieldType::List(_) | FieldType::Set(_) | FieldType::TupleOf(_));
    let (takes_list, takes_text) = match &field.field_type {
        FieldType::Str => (false, true),
        FieldType::Union(types) => (types.iter().any(list), types.contains(&FieldType::Str)),
        field_type => (list(field_type), false),
    };
    if !takes_text
        && text.starts_with('<')
        && let Some(value) = nested(text, 0)
    {
        return coerce::from_json(field, &value);
    }
    let value = coerce::from_text(field, text);
    if value.is_err() && takes_list {
        let item = Value::String(text.to_owned());
        let items = if text.is_empty() { Vec::new() } else { vec![item] };
        return coerce::from_json(field, &Value::Array(items)).or(value);
    }
    value
}

/// The value of nested tags; nothing if the text contains anything else.
fn nested(text: &str, depth: usize) -> Option<Value> {
    let mut rest = text.trim();
    if !rest.starts_with('<') || depth > MAX_DEPTH {
        return None;
    }
    let mut children: Vec<(String, Value)> = Vec::new();
    while !rest.is_empty() {
        let close = rest.strip_prefix('<')?.find('>')? + 1;
        let name = rest[1..close].split_whitespace().next()?.to_owned();
        let end = format!("</{name}>");
        let at = rest.find(&end)?;
        let inner = rest.get(close + 1..at)?;
        let value = nested(inner, depth + 1).unwrap_or_else(|| Value::String(decode(inner.trim())));
        children.push((name, value));
        rest = rest[at + end.len()..].trim_start();
    }
    if children.iter().all(|(name, _)| name == "item") {
        return Some(Value::Array(children.into_iter().map(|(_, value)| value).collect()));
    }
    let mut map = Map::new();
    for (name, value) in children {
        match map.get_mut(&name) {
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => {
                map.insert(name, value);
            }
        }
    }
    Some(Value::Object(map))
}
