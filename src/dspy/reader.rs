//! An answer as it arrives: the text of each output field so far. Takes pieces cut anywhere, looks at each
//! character a bounded number of times, never shows a piece of a marker, and ends where [`Adapter::parse`] ends:
//! parsing *is* pushing the whole text, finishing, and reading what each section holds.

mod chat;
pub(super) mod coerce;
mod excerpt;
mod json;
mod xml;

use super::signature::{Field, Signature};
use super::{Adapter, ParseFailure, Prediction, Problem, Repair, Section, Values};
use chat::ChatReader;
use excerpt::excerpt;
use json::JsonReader;
use serde_json::Value;
use std::sync::Arc;
use xml::XmlReader;

impl Adapter {
    /// Reads a complete answer.
    ///
    /// # Errors
    /// Every output that is missing or does not fit its type.
    pub fn parse(self, signature: &Signature, text: &str) -> Result<Prediction, ParseFailure> {
        let mut reader = AnswerReader::new(self, signature);
        reader.push(text);
        reader.finish();
        reader.into_prediction(text)
    }
}

/// The sections of one answer. See the module.
#[derive(Clone, Debug)]
pub struct AnswerReader {
    outputs: Vec<Field>,
    reader: FormatReader,
    view: Vec<Section>,
    objects: Objects,
}

#[derive(Clone, Debug)]
enum FormatReader {
    /// Markers; and a JSON object, as long as there was no marker and the text began with one.
    Chat(ChatReader, Option<Box<JsonReader>>),
    Json(Box<JsonReader>),
    Xml(XmlReader),
}

/// Which of the answer's JSON objects is shown: the last of those with most of the outputs.
#[derive(Clone, Debug, Default)]
struct Objects {
    /// The next member to look at.
    next: usize,
    /// The object shown, and how many outputs it has.
    shown: (usize, usize),
    /// The object being read, its first member, and the members that are its outputs.
    current: usize,
    first: usize,
    named: Vec<String>,
    /// For each section: the member it shows, and how much of its text.
    drawn: Vec<(usize, usize)>,
}

impl AnswerReader {
    /// Nothing has come yet.
    pub fn new(adapter: Adapter, signature: &Signature) -> Self {
        let outputs = signature.outputs.clone();
        let names = || outputs.iter().map(|field| field.name.clone()).collect();
        let reader = match adapter {
            Adapter::Chat => FormatReader::Chat(ChatReader::new(names()), Some(Box::new(JsonReader::of_objects()))),
            Adapter::Json => FormatReader::Json(Box::new(JsonReader::of_objects())),
            Adapter::Xml => FormatReader::Xml(XmlReader::new(names())),
        };
        Self { outputs, reader, view: Vec::new(), objects: Objects::default() }
    }

    /// Takes the next piece.
    pub fn push(&mut self, text: &str) {
        match &mut self.reader {
            FormatReader::Chat(chat, object) => {
                chat.push(text, &mut self.view);
                if chat.marked() || !chat.begins_with_object() {
                    *object = None;
                }
                if let Some(object) = object {
                    object.push(text);
                    self.objects.draw(object, &self.outputs, &mut self.view);
                }
            }
            FormatReader::Json(object) => {
                object.push(text);
                self.objects.draw(object, &self.outputs, &mut self.view);
            }
            FormatReader::Xml(xml) => xml.push(text, &mut self.view),
        }
    }

    /// The text is over: nothing more is held back and every section is complete.
    pub fn finish(&mut self) {
        match &mut self.reader {
            FormatReader::Chat(chat, object) => {
                if let Some(object) = object {
                    object.finish();
                    self.objects.draw(object, &self.outputs, &mut self.view);
                }
                chat.finish(&mut self.view);
            }
            FormatReader::Json(object) => {
                object.finish();
                self.objects.draw(object, &self.outputs, &mut self.view);
            }
            FormatReader::Xml(xml) => xml.finish(&mut self.view),
        }
        for section in &mut self.view {
            section.complete = true;
        }
    }

    /// Each output field that has begun, in the order in which they came.
    pub fn view(&self) -> &[Section] {
        &self.view
    }

    /// Reads what has come as the signature's outputs; [`AnswerReader::finish`] comes first. Long texts become values
    /// without a copy.
    ///
    /// # Errors
    /// Every output that is missing or does not fit its type.
    pub fn into_prediction(mut self, text: &str) -> Result<Prediction, ParseFailure> {
        let (mut fields, mut repairs) = (Values::new(), Vec::new());
        let mut problems = Vec::new();
        let mended: Vec<&str> = match &self.reader {
            FormatReader::Chat(chat, object) => match object {
                Some(object) if !self.view.is_empty() => {
                    ["a JSON object in place of the markers"].iter().chain(object.repairs()).copied().collect()
                }
                _ => chat.repairs().to_vec(),
            },
            FormatReader::Json(object) => object.repairs().to_vec(),
            FormatReader::Xml(xml) => xml.repairs().to_vec(),
        };
        repairs.extend(mended.into_iter().map(|what| Repair { field: String::new(), what: what.to_owned() }));
        for field in &std::mem::take(&mut self.outputs) {
            match self.field(field) {
                Ok((value, mended)) => {
                    let repair = |what| Repair { field: field.name.clone(), what };
                    repairs.extend(mended.into_iter().map(repair));
                    fields.insert(field.name.clone(), value);
                }
                Err(problem) => problems.push(self.hint(problem, text)),
            }
        }
        if problems.is_empty() {
            Ok(Prediction { fields: Arc::new(fields), repairs })
        } else {
            Err(ParseFailure { problems })
        }
    }

    fn field(&mut self, field: &Field) -> coerce::FieldResult {
        let Some(at) = self.view.iter().position(|section| section.name == field.name) else {
            return coerce::missing(field);
        };
        let object = match &self.reader {
            FormatReader::Chat(_, object) => object.as_ref(),
            FormatReader::Json(object) => Some(object),
            FormatReader::Xml(_) => return xml::field(field, &self.view[at].text),
        };
        match object {
            None => coerce::whole(field, std::mem::take(&mut self.view[at].text)),
            Some(object) => match &object.members()[self.objects.drawn[at].0].value {
                Some(value) => coerce::json(field, value),
                None => coerce::missing(field),
            },
        }
    }

    /// Says where a missing field may be hiding.
    fn hint(&self, mut problem: Problem, text: &str) -> Problem {
        let chat = matches!(self.reader, FormatReader::Chat(..));
        if chat && problem.got == "nothing" {
            let name = problem.field.to_lowercase();
            let near = text.lines().find(|line| line.contains("##") && line.to_lowercase().contains(&name));
            if let Some(near) = near {
                problem.got = format!("no line that is `[[ ## {} ## ]]`; near it is {}", problem.field, excerpt(near));
            } else if !text.contains("[[ ## ") {
                problem.got = format!("no `[[ ## {} ## ]]`; the text begins {}", problem.field, excerpt(text));
            }
        } else if problem.got == "nothing" && self.view.is_empty() {
            problem.got = format!("nothing; the text begins {}", excerpt(text));
        }
        problem
    }
}

impl Objects {
    /// Brings `view` up to what `reader` has read.
    fn draw(&mut self, reader: &JsonReader, outputs: &[Field], view: &mut Vec<Section>) {
        let known = |key: &str| outputs.iter().any(|field| field.name == key);
        let members = reader.members();
        while let Some(member) = members.get(self.next) {
            if member.object != self.current {
                (self.current, self.first) = (member.object, self.next);
                self.named.clear();
            }
            if known(&member.key) {
                if !self.named.contains(&member.key) {
                    self.named.push(member.key.clone());
                }
                if self.current == self.shown.0 || self.named.len() >= self.shown.1 {
                    if self.current != self.shown.0 {
                        view.clear();
                        self.drawn.clear();
                        for (at, earlier) in members.iter().enumerate().take(self.next).skip(self.first) {
                            if known(&earlier.key) {
                                self.draw_member(at, earlier, view);
                            }
                        }
                    }
                    self.shown = (self.current, self.named.len());
                    self.draw_member(self.next, member, view);
                }
            }
            if member.value.is_none() {
                break;
            }
            self.next += 1;
        }
    }

    fn draw_member(&mut self, at: usize, member: &json::Member, view: &mut Vec<Section>) {
        let slot = view.iter().position(|section| section.name == member.key).unwrap_or_else(|| {
            view.push(Section { name: member.key.clone(), text: String::new(), complete: false });
            self.drawn.push((at, 0));
            view.len() - 1
        });
        let (shown, length) = &mut self.drawn[slot];
        let section = &mut view[slot];
        // Another member of the same name, or a string that turned out to be shorter.
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
