//! `<name>` … `</name>` for each output.

use super::super::Section;
use super::super::signature::Field;
use super::super::types::FieldType;
use super::coerce;
use crate::text::clean;
use serde_json::{Map, Value};

/// A tag with its attributes may not be longer.
const LONGEST_TAG: usize = 300;
/// Lists and dicts in tags nest no deeper.
const DEEPEST: usize = 60;

#[derive(Clone, Debug)]
pub(super) struct XmlReader {
    outputs: Vec<String>,
    /// A tag as far as it has come.
    held: String,
    /// The section being read, its number and how many tags of its name are open.
    current: Option<(usize, usize)>,
    space: String,
    repairs: Vec<&'static str>,
}

impl XmlReader {
    pub(super) fn new(outputs: Vec<String>) -> Self {
        Self { outputs, held: String::new(), current: None, space: String::new(), repairs: Vec::new() }
    }

    pub(super) fn repairs(&self) -> &[&'static str] {
        &self.repairs
    }

    pub(super) fn push(&mut self, text: &str, view: &mut Vec<Section>) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let run = if self.held.is_empty() { plain(rest) } else { 0 };
            if run > 0 {
                self.copy(&rest[..run], view);
                rest = &rest[run..];
            } else {
                self.char(c, view);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    fn char(&mut self, c: char, view: &mut Vec<Section>) {
        if c == '<' {
            self.release(view);
            self.held.push(c);
        } else if self.held.is_empty() {
            self.text(c, view);
        } else {
            self.held.push(c);
            if c == '>' {
                self.tag(view);
            } else if !self.may_be_tag(view) {
                self.release(view);
            }
        }
    }

    pub(super) fn finish(&mut self, view: &mut [Section]) {
        self.held.clear();
        if let Some((at, _)) = self.current.take() {
            self.repairs.push("a tag that was never closed");
            end(&mut view[at]);
        }
    }

    /// Whether what is held can become a tag that matters here.
    fn may_be_tag(&self, view: &[Section]) -> bool {
        let word = self.held[1..].trim_start_matches('/');
        let fits = |name: &str| match word.strip_prefix(name) {
            Some(rest) => rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == '/'),
            None => name.starts_with(word),
        };
        self.held.len() <= LONGEST_TAG
            && match self.current {
                Some((at, _)) => fits(&view[at].name),
                None => self.outputs.iter().any(|name| fits(name)),
            }
    }

    /// A whole tag is held.
    fn tag(&mut self, view: &mut Vec<Section>) {
        let body = self.held[1..self.held.len() - 1].to_owned();
        let closing = body.starts_with('/');
        let alone = body.ends_with('/');
        let word = body.trim_start_matches('/').split([' ', '\t', '\n', '\r', '/']).next().unwrap_or_default();
        match &mut self.current {
            Some((at, depth)) if view[*at].name == word => {
                *depth = if closing { *depth - 1 } else { *depth + usize::from(!alone) };
                if *depth == 0 {
                    end(&mut view[*at]);
                    self.current = None;
                    self.held.clear();
                } else {
                    self.release(view);
                }
            }
            None if !closing && self.outputs.iter().any(|name| name == word) => {
                self.held.clear();
                self.space.clear();
                if view.iter().any(|section| section.name == word) {
                    let what = "a field that came twice; the first one counts";
                    if !self.repairs.contains(&what) {
                        self.repairs.push(what);
                    }
                    return;
                }
                view.push(Section { name: word.to_owned(), text: String::new(), complete: alone });
                self.current = (!alone).then_some((view.len() - 1, 1));
            }
            _ => self.release(view),
        }
    }

    fn release(&mut self, view: &mut [Section]) {
        let held = std::mem::take(&mut self.held);
        held.chars().for_each(|c| self.text(c, view));
    }

    fn text(&mut self, c: char, view: &mut [Section]) {
        if c.is_whitespace() {
            if self.current.is_some() {
                self.space.push(c);
            }
            return;
        }
        self.copy(c.encode_utf8(&mut [0; 4]), view);
    }

    /// Text that neither begins nor ends with white space goes over as it is.
    fn copy(&mut self, run: &str, view: &mut [Section]) {
        let Some((at, _)) = self.current else { return };
        let text = &mut view[at].text;
        if !text.is_empty() {
            text.push_str(&self.space);
        }
        self.space.clear();
        text.push_str(run);
    }
}

/// How much of a text's beginning is plain: no tag, and no white space at its ends.
fn plain(text: &str) -> usize {
    if text.starts_with(char::is_whitespace) {
        return 0;
    }
    let run = text.bytes().position(|b| b == b'<' || !(b' '..0x7f).contains(&b)).unwrap_or(text.len());
    text[..run].trim_ascii_end().len()
}

/// A section is over: its entities become characters, unless there are tags in it that are still to be read.
fn end(section: &mut Section) {
    section.complete = true;
    if let Some(inner) = section.text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")) {
        section.text = inner.to_owned();
    } else if section.text.contains('&') {
        section.text = decode(&section.text);
    }
}

/// `&lt; &gt; &amp; &quot; &apos;` and numbered characters; what they spell is cleaned.
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

/// Reads a field's text: tags inside become lists (`<item>`) and dicts, where the type has room for them.
pub(super) fn field(field: &Field, text: &str) -> coerce::FieldResult {
    let list =
        |field_type: &FieldType| matches!(field_type, FieldType::List(_) | FieldType::Set(_) | FieldType::TupleOf(_));
    let (listed, plain) = match &field.field_type {
        FieldType::Str => (false, true),
        FieldType::Union(types) => (types.iter().any(list), types.contains(&FieldType::Str)),
        field_type => (list(field_type), false),
    };
    if !plain
        && text.starts_with('<')
        && let Some(value) = nested(text, 0)
    {
        return coerce::json(field, &value);
    }
    let read = coerce::text(field, text);
    if read.is_err() && listed {
        let item = Value::String(text.to_owned());
        let items = if text.is_empty() { Vec::new() } else { vec![item] };
        return coerce::json(field, &Value::Array(items)).or(read);
    }
    read
}

/// Tags as a value; nothing if the text is not tags throughout.
fn nested(text: &str, depth: usize) -> Option<Value> {
    let mut rest = text.trim();
    if !rest.starts_with('<') || depth > DEEPEST {
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
