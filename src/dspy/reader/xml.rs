//! Reads the XML format: each field between `<name>` and `</name>`, with other text and other tags around them.
//!
//! A field inside of another element counts only if no field of this name stands outside: DSPy ignores it, but many
//! models put one element around all fields.

mod element;
mod escape;
mod tag;
mod value;

use super::super::Section;
use super::super::signature::Field;
use super::super::types::FieldType;
use super::coerce;
use element::{ElementEnd, Search};
use std::ops::Range;
use tag::{Lexeme, Tag, TagKind, lex, lex_any};

/// The most open elements around fields that are remembered.
const MAX_AROUND: usize = 64;

/// Splits an answer at the tags of its fields.
#[derive(Clone, Debug)]
pub(super) struct XmlReader {
    /// The names of the outputs, and whether a repeated tag is another item.
    outputs: Vec<(String, bool)>,
    /// The text that is not examined yet, or not decided.
    text: String,
    place: Place,
    /// What is known of each section.
    elements: Vec<Elements>,
    /// The names of the open elements around the current position that are no fields.
    around: Vec<String>,
    /// The section of the last field, and whether text follows it.
    last: Option<(usize, bool)>,
    /// The names whose closing tag is on no line of its own in the rest of the answer.
    hasty: Vec<String>,
    repairs: Vec<&'static str>,
}

/// Where the examined text ends.
#[derive(Clone, Debug)]
enum Place {
    /// Between the fields.
    Outside,
    /// In a comment or CDATA section that ends with this text.
    Hidden(&'static str),
    /// In a field: its section, if the field counts; and white space that belongs to it if other text follows.
    Inside { section: Option<usize>, end: ElementEnd, space: String },
}

/// The elements of one field.
#[derive(Clone, Debug, Default)]
struct Elements {
    /// The position of each in the section's text, and whether it is a self-closed tag.
    parts: Vec<(Range<usize>, bool)>,
    /// Whether they are inside of another element.
    within: bool,
    /// Whether a second closing tag follows the first one, with text between them.
    ambiguous: bool,
}

impl XmlReader {
    pub(super) fn new(outputs: &[Field]) -> Self {
        Self {
            outputs: outputs.iter().map(|field| (field.name.clone(), value::is_list(&field.field_type))).collect(),
            text: String::new(),
            place: Place::Outside,
            elements: Vec::new(),
            around: Vec::new(),
            last: None,
            hasty: Vec::new(),
            repairs: Vec::new(),
        }
    }

    /// Whether the last section has no closing tag yet.
    pub(super) fn is_open(&self) -> bool {
        matches!(&self.place, Place::Inside { section: Some(_), end, .. } if end.candidate().is_none())
    }

    pub(super) fn repairs(&self) -> &[&'static str] {
        &self.repairs
    }

    pub(super) fn push(&mut self, text: &str, sections: &mut Vec<Section>) {
        self.text.push_str(text);
        self.read(false, sections);
    }

    pub(super) fn finish(&mut self, sections: &mut Vec<Section>) {
        self.read(true, sections);
        if let Place::Inside { section: Some(_), .. } = self.place {
            self.repair("accepted a tag that was not closed");
            self.end_field(sections);
        }
    }

    fn repair(&mut self, what: &'static str) {
        if !self.repairs.contains(&what) {
            self.repairs.push(what);
        }
    }

    /// Reads as far as the text decides. `whole`: no text follows.
    fn read(&mut self, whole: bool, sections: &mut Vec<Section>) {
        let text = std::mem::take(&mut self.text);
        let mut at = 0;
        while let Some(next) = self.step(&text[at..], whole, sections) {
            at += next;
        }
        self.text = text;
        self.text.drain(..at);
    }

    /// Reads up to the next change of place, or as far as the text decides. Returns the length of what is done with;
    /// nothing if more text is needed.
    fn step(&mut self, text: &str, whole: bool, sections: &mut Vec<Section>) -> Option<usize> {
        match &mut self.place {
            _ if text.is_empty() => None,
            Place::Outside => self.outside(text, whole, sections),
            Place::Hidden(end) => {
                let (end, found) = (*end, text.find(*end));
                if let Some(at) = found {
                    self.place = Place::Outside;
                    return Some(at + end.len());
                }
                let kept = text.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
                (kept > 0).then_some(kept)
            }
            Place::Inside { .. } => self.inside(text, whole, sections),
        }
    }

    fn outside(&mut self, text: &str, whole: bool, sections: &mut Vec<Section>) -> Option<usize> {
        let start = text.find('<').unwrap_or(text.len());
        if let Some((_, follows)) = &mut self.last {
            *follows |= !text[..start].trim().is_empty();
        }
        if start > 0 {
            return Some(start);
        }
        for (open, close) in [("<!--", "-->"), ("<![CDATA[", "]]>")] {
            if text.starts_with(open) {
                self.place = Place::Hidden(close);
                return Some(open.len());
            }
            if open.starts_with(text) && !whole {
                return None;
            }
        }
        match lex_any(text) {
            Lexeme::Incomplete if !whole => None,
            Lexeme::Tag(tag) => {
                self.tag(tag, sections);
                Some(tag.length)
            }
            _ => Some(1),
        }
    }

    /// Handles a tag outside of the fields.
    fn tag(&mut self, tag: Tag<'_>, sections: &mut Vec<Section>) {
        match (tag.kind, self.outputs.iter().find(|(name, _)| name == tag.name)) {
            (TagKind::Close, Some(_)) => {
                if let Some((section, true)) = self.last
                    && sections[section].name == tag.name
                {
                    self.elements[section].ambiguous = true;
                }
            }
            (TagKind::Close, None) => {
                if let Some(at) = self.around.iter().rposition(|name| name == tag.name) {
                    self.around.truncate(at);
                }
            }
            (kind, Some((_, repeats))) => {
                let section = self.begin_field(tag.name, *repeats, sections);
                let end = ElementEnd::new(tag.name, self.hasty.iter().any(|name| name == tag.name));
                self.place = Place::Inside { section, end, space: String::new() };
                if kind == TagKind::SelfClosed {
                    if let Some((_, self_closed)) = section.and_then(|section| self.elements[section].parts.last_mut())
                    {
                        *self_closed = true;
                    }
                    self.end_field(sections);
                }
            }
            (TagKind::Open, None) if self.around.len() < MAX_AROUND => self.around.push(tag.name.to_owned()),
            (_, None) => {}
        }
    }

    /// The section of a field that begins here; nothing if the field does not count.
    fn begin_field(&mut self, name: &str, repeats: bool, sections: &mut Vec<Section>) -> Option<usize> {
        let within = !self.around.is_empty();
        let Some(at) = sections.iter().position(|section| section.name == name) else {
            sections.push(Section { name: name.to_owned(), text: String::new(), complete: false });
            self.elements.push(Elements { parts: vec![(0..0, false)], within, ambiguous: false });
            return Some(sections.len() - 1);
        };
        let section = &mut sections[at];
        if self.elements[at].within && !within {
            self.elements[at] = Elements::default();
            section.text.clear();
            self.repair("ignored a field inside another element");
        } else if self.elements[at].within != within {
            return None;
        } else if !repeats {
            self.repair("a field occurs twice; kept the first one");
            return None;
        } else if !section.text.is_empty() {
            section.text.push('\n');
        }
        let from = section.text.len();
        section.complete = false;
        self.elements[at].parts.push((from..from, false));
        Some(at)
    }

    fn inside(&mut self, text: &str, whole: bool, sections: &mut [Section]) -> Option<usize> {
        let Place::Inside { section, end, space } = &mut self.place else { return None };
        // After a field come another one, the end of the element around it, or a comment.
        let names = || self.outputs.iter().map(|(name, _)| name).chain(&self.around);
        let known = |start: &str, all: bool| {
            start.is_empty() || names().any(|name| if all { name == start } else { name.starts_with(start) })
        };
        let search = end.find(text, whole, |rest| match lex(rest, known) {
            Lexeme::Tag(_) => Some(true),
            Lexeme::Text => Some(rest.starts_with("<!--")),
            Lexeme::Incomplete => None,
        });
        let (Search::End(to, _) | Search::Undecided(to)) = search;
        if let Some(at) = *section {
            let from = self.elements[at].parts.last().map_or(0, |(part, _)| part.start);
            append(&mut sections[at].text, from, space, &text[..to]);
        }
        match search {
            Search::Undecided(to) => {
                end.forget(to);
                (to > 0).then_some(to)
            }
            Search::End(start, stop) => {
                if end.candidate() == Some((start, stop)) {
                    self.hasty.push(end.name().to_owned());
                }
                self.end_field(sections);
                Some(stop)
            }
        }
    }

    /// Ends the current field.
    fn end_field(&mut self, sections: &mut [Section]) {
        let Place::Inside { section, .. } = std::mem::replace(&mut self.place, Place::Outside) else { return };
        self.last = section.map(|at| (at, false));
        if let Some(at) = section {
            sections[at].complete = true;
            if let Some((part, _)) = self.elements[at].parts.last_mut() {
                part.end = sections[at].text.len();
            }
        }
    }
}

/// Appends text to the part of a section that starts at byte `from`, without the white space at the ends of the part.
/// `space` holds the white space at its end so far.
fn append(part: &mut String, from: usize, space: &mut String, text: &str) {
    let body = text.trim_end();
    if part.len() > from {
        if body.is_empty() {
            return space.push_str(text);
        }
        part.push_str(space);
        part.push_str(body);
    } else {
        part.push_str(body.trim_start());
    }
    space.clear();
    space.push_str(&text[body.len()..]);
}

/// The values of the fields of a complete answer.
#[derive(Debug)]
pub(super) struct XmlFields<'a> {
    reader: &'a XmlReader,
    /// Whether `<` and `&` are written as entities in the whole answer.
    escaped: bool,
}

impl XmlReader {
    /// Prepares to convert the sections of a complete answer.
    pub(super) fn fields(&self, outputs: &[Field], sections: &[Section]) -> XmlFields<'_> {
        let field_type = |section: &Section| outputs.iter().find(|field| field.name == section.name);
        let typed =
            sections.iter().filter_map(|section| Some((&field_type(section)?.field_type, section.text.as_str())));
        XmlFields { reader: self, escaped: escape::is_escaped(typed) }
    }
}

impl XmlFields<'_> {
    /// Converts the section with this index to a value of the field.
    /// A long text is moved.
    pub(super) fn value(&self, at: usize, field: &Field, text: &mut String) -> coerce::FieldResult {
        let Elements { parts, ambiguous, .. } = &self.reader.elements[at];
        if *ambiguous {
            let got = format!("a second closing tag `</{}>` after other text", field.name);
            return Err(coerce::problem(field, got));
        }
        if let ([(_, false)], false, FieldType::Str) = (parts.as_slice(), self.escaped, &field.field_type)
            && !text.starts_with("<![CDATA[")
        {
            return coerce::from_owned_text(field, std::mem::take(text));
        }
        let element = |(part, self_closed): &(Range<usize>, bool)| value::Element {
            text: text[part.clone()].trim(),
            self_closed: *self_closed,
        };
        let elements: Vec<_> = parts.iter().map(element).collect();
        value::field(field, &elements, self.escaped)
    }
}
