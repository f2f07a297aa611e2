//! Shows a JSON answer as sections: its members, while they are being read.

use super::super::Section;
use super::super::signature::Field;
use super::json::{JsonReader, Member};
use serde_json::Value;

/// Chooses the JSON object to show, the last one of those with the most outputs, and copies its members to sections.
#[derive(Clone, Debug, Default)]
pub(super) struct ObjectView {
    /// The index of the next member to examine.
    next: usize,
    /// The number of the object that is shown, and its number of outputs.
    shown: (usize, usize),
    /// The number of the object that is being read, the index of its first member, and the names of its outputs so far.
    current: usize,
    first: usize,
    names: Vec<String>,
    /// Whether an object was replaced by a later one.
    replaced: bool,
    /// For each section, the index of the member that it shows, and how many bytes of that member's text it has.
    sources: Vec<(usize, usize)>,
}

impl ObjectView {
    /// The index of the member that a section shows.
    pub(super) fn member(&self, section: usize) -> usize {
        self.sources[section].0
    }

    /// Whether an object with outputs was replaced by a later one.
    pub(super) fn has_replaced(&self) -> bool {
        self.replaced
    }

    /// Whether the object that is shown has no closing brace yet.
    pub(super) fn is_open(&self, reader: &JsonReader) -> bool {
        reader.open_object() == Some(self.shown.0)
    }

    /// Copies to `sections` what `reader` has read since the last call.
    pub(super) fn update(&mut self, reader: &JsonReader, outputs: &[Field], sections: &mut Vec<Section>) {
        let is_output = |key: &str| outputs.iter().any(|field| field.name == key);
        let members = reader.members();
        while let Some(member) = members.get(self.next) {
            if member.object != self.current {
                (self.current, self.first) = (member.object, self.next);
                self.names.clear();
            }
            if is_output(&member.key) {
                if !self.names.contains(&member.key) {
                    self.names.push(member.key.clone());
                }
                if self.current == self.shown.0 || self.names.len() >= self.shown.1 {
                    if self.current != self.shown.0 {
                        self.replaced |= !sections.is_empty();
                        sections.clear();
                        self.sources.clear();
                        for (at, earlier) in members.iter().enumerate().take(self.next).skip(self.first) {
                            if is_output(&earlier.key) {
                                self.update_section(at, earlier, sections);
                            }
                        }
                    }
                    self.shown = (self.current, self.names.len());
                    self.update_section(self.next, member, sections);
                }
            }
            if member.value.is_none() {
                break;
            }
            self.next += 1;
        }
    }

    /// Copies the new part of a member's text to the section of the same name.
    fn update_section(&mut self, at: usize, member: &Member, sections: &mut Vec<Section>) {
        let index = sections.iter().position(|section| section.name == member.key).unwrap_or_else(|| {
            sections.push(Section { name: member.key.clone(), text: String::new(), complete: false });
            self.sources.push((at, 0));
            sections.len() - 1
        });
        let (shown, length) = &mut self.sources[index];
        let section = &mut sections[index];
        // Another member with the same name, or a string that was cut back after it had been shown.
        if *shown != at || *length > member.text.len() {
            (*shown, *length) = (at, 0);
            section.text.clear();
        }
        section.text.push_str(&member.text[*length..]);
        *length = member.text.len();
        section.complete = member.value.is_some();
        if let (true, Some(value)) = (section.complete, &member.value) {
            if let Value::String(text) = value {
                section.text.clone_from(text);
            } else {
                section.text.truncate(section.text.trim_end().len());
            }
        }
    }
}
