//! Reads an answer while it arrives: first the text of each output field, at the end its value.
//!
//! The text may arrive in pieces that are cut at any character; the result does not depend on the cuts. Each character
//! is examined a bounded number of times, and a part of a marker is never shown. [`Adapter::parse`] runs the same code
//! on a complete answer.

mod chat;
pub(super) mod coerce;
mod excerpt;
mod json;
mod object_view;
mod thoughts;
mod xml;

use super::signature::{Field, Signature};
use super::types::FieldType;
use super::{Adapter, ParseFailure, Prediction, Problem, Repair, Section, Values};
use chat::ChatReader;
use excerpt::{excerpt, excerpt_of_end};
use json::JsonReader;
use object_view::ObjectView;
use serde_json::Value;
use std::sync::Arc;
use thoughts::{Piece, Thoughts};
use xml::XmlReader;

impl Adapter {
    /// Parses a complete answer, at least as leniently as DSPy 3.4.1.
    ///
    /// # Errors
    /// A problem for each output that is missing or does not fit its type.
    pub fn parse(self, signature: &Signature, text: &str) -> Result<Prediction, ParseFailure> {
        let mut reader = AnswerReader::new(self, signature);
        reader.push(text);
        reader.finish();
        reader.into_prediction(text)
    }

    /// The thoughts that a model wrote before its answer.
    pub fn thoughts(self, signature: &Signature, text: &str) -> String {
        let mut reader = AnswerReader::new(self, signature);
        reader.push(text);
        reader.take_thoughts()
    }

    /// Why an answer without a proper end is incomplete: an output is missing, or the last field is not closed by its
    /// own syntax. `None`: the answer is whole.
    pub fn open_field(self, signature: &Signature, text: &str) -> Option<Problem> {
        let mut reader = AnswerReader::new(self, signature);
        reader.push(text);
        reader.open_field()
    }
}

/// Reads one answer piece by piece. Call [`push`](Self::push) for each piece, then [`finish`](Self::finish).
#[derive(Clone, Debug)]
pub struct AnswerReader {
    adapter: Adapter,
    outputs: Vec<Field>,
    thoughts: Thoughts,
    reader: FormatReader,
    sections: Vec<Section>,
    objects: ObjectView,
    /// Whether there was text that turned out to be thoughts.
    restarted: bool,
}

#[derive(Clone, Debug)]
enum FormatReader {
    /// Markers, and a JSON object while the text may still be one: no marker was found, and it starts like JSON.
    Chat(ChatReader, Option<Box<JsonReader>>),
    Json(Box<JsonReader>),
    Xml(XmlReader),
}

impl FormatReader {
    fn new(adapter: Adapter, outputs: &[Field]) -> Self {
        let names = || outputs.iter().map(|field| field.name.clone()).collect();
        match adapter {
            Adapter::Chat => Self::Chat(ChatReader::new(names()), Some(Box::new(JsonReader::for_objects()))),
            Adapter::Json => Self::Json(Box::new(JsonReader::for_objects())),
            Adapter::Xml => Self::Xml(XmlReader::new(outputs)),
        }
    }
}

impl AnswerReader {
    /// A reader for an answer to this signature in this adapter's format.
    pub fn new(adapter: Adapter, signature: &Signature) -> Self {
        let outputs = signature.outputs.clone();
        Self {
            adapter,
            thoughts: Thoughts::new(&outputs),
            reader: FormatReader::new(adapter, &outputs),
            outputs,
            sections: Vec::new(),
            objects: ObjectView::default(),
            restarted: false,
        }
    }

    /// Reads the next piece.
    pub fn push(&mut self, text: &str) {
        if self.thoughts.are_over(text) {
            return self.read(text);
        }
        self.thoughts.push(text);
        self.read_held(false);
    }

    /// Reads what is decided of the held text.
    fn read_held(&mut self, whole: bool) {
        loop {
            let begins = |text: &str| thoughts::begins(self.adapter, &self.outputs, &self.sections, text);
            match self.thoughts.next(whole, begins) {
                None => return,
                Some(Piece::Answer(text)) => self.read(&text),
                Some(Piece::Restart) => {
                    self.reader = FormatReader::new(self.adapter, &self.outputs);
                    self.sections.clear();
                    self.objects = ObjectView::default();
                    self.restarted = true;
                }
            }
        }
    }

    /// The thoughts before the answer that arrived since the last call. They are in no section.
    pub fn take_thoughts(&mut self) -> String {
        self.thoughts.take()
    }

    /// Reads a piece of the answer.
    fn read(&mut self, text: &str) {
        match &mut self.reader {
            FormatReader::Chat(chat, object) => {
                chat.push(text, &mut self.sections);
                if chat.marked() || !chat.starts_like_json() {
                    *object = None;
                }
                if let Some(object) = object {
                    object.push(text);
                    self.objects.update(object, &self.outputs, &mut self.sections);
                }
            }
            FormatReader::Json(object) => {
                object.push(text);
                self.objects.update(object, &self.outputs, &mut self.sections);
            }
            FormatReader::Xml(xml) => xml.push(text, &mut self.sections),
        }
    }

    /// Ends the answer: releases text that could still have become a marker, and marks every section complete.
    pub fn finish(&mut self) {
        self.read_held(true);
        match &mut self.reader {
            FormatReader::Chat(chat, object) => {
                if let Some(object) = object {
                    object.finish();
                    self.objects.update(object, &self.outputs, &mut self.sections);
                }
                chat.finish(&mut self.sections);
            }
            FormatReader::Json(object) => {
                object.finish();
                self.objects.update(object, &self.outputs, &mut self.sections);
            }
            FormatReader::Xml(xml) => xml.finish(&mut self.sections),
        }
        for section in &mut self.sections {
            section.complete = true;
        }
    }

    /// The first output that is missing, or the last one if nothing closes it. Call this before [`finish`](Self::finish).
    fn open_field(&self) -> Option<Problem> {
        let problem = |field: &Field, expected: String, got: String| Problem {
            field: field.name.clone(),
            path: String::new(),
            expected,
            got,
        };
        let missing = |field: &&Field| !self.sections.iter().any(|section| section.name == field.name);
        if let Some(field) = self.outputs.iter().find(missing) {
            return Some(problem(field, field.field_type.to_string(), "nothing".to_owned()));
        }
        let last = self.sections.last()?;
        let (open, end) = match &self.reader {
            FormatReader::Chat(chat, None) => (chat.is_open(), "a marker after it".to_owned()),
            FormatReader::Chat(_, Some(object)) | FormatReader::Json(object) => {
                (self.objects.is_open(object), "a closing brace after it".to_owned())
            }
            FormatReader::Xml(xml) => (xml.is_open(), format!("</{}>", last.name)),
        };
        let field = self.outputs.iter().find(|field| field.name == last.name)?;
        let in_object = matches!(&self.reader, FormatReader::Json(_) | FormatReader::Chat(_, Some(_)));
        if !open || (!in_object && coerce::closes_itself(&field.field_type, &last.text)) {
            return None;
        }
        Some(problem(field, end, format!("{} as its end", excerpt_of_end(&last.text))))
    }

    /// The output fields that have begun, in the order of the answer.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// What was accepted in the answer as a whole although it is not exactly as asked for. Repairs of single fields are
    /// known once they are converted.
    pub fn repairs(&self) -> Vec<&'static str> {
        let of_format: Vec<&str> = match &self.reader {
            FormatReader::Chat(chat, object) => match object {
                Some(object) if !self.sections.is_empty() => {
                    ["accepted a JSON object instead of markers"].iter().chain(object.repairs()).copied().collect()
                }
                _ => chat.repairs().to_vec(),
            },
            FormatReader::Json(object) => object.repairs().to_vec(),
            FormatReader::Xml(xml) => xml.repairs().to_vec(),
        };
        let restarted = self.restarted.then_some("took the text before `</think>` as reasoning");
        let replaced = self.objects.has_replaced().then_some("kept the last of several objects");
        restarted.into_iter().chain(replaced).chain(of_format).collect()
    }

    /// Converts the sections to values. Call [`finish`](Self::finish) first. `text` is the whole answer, for the
    /// problems. Long strings are moved, not copied.
    ///
    /// # Errors
    /// A problem for each output that is missing or does not fit its type.
    pub fn into_prediction(mut self, text: &str) -> Result<Prediction, ParseFailure> {
        let (mut fields, mut repairs) = (Values::new(), Vec::new());
        let mut problems = Vec::new();
        let whole = self.repairs().into_iter();
        repairs.extend(whole.map(|what| Repair { field: String::new(), what: what.to_owned() }));
        let mut sections = std::mem::take(&mut self.sections);
        let found = !sections.is_empty();
        let xml = match &self.reader {
            FormatReader::Xml(xml) => Some(xml.fields(&self.outputs, &sections)),
            _ => None,
        };
        for field in &self.outputs {
            let at = sections.iter().position(|section| section.name == field.name);
            let read = match (at, &xml) {
                (None, _) if self.object().is_some_and(JsonReader::has_lost) => {
                    Err(coerce::problem(field, "nothing, and an object with a part that cannot be read".to_owned()))
                }
                (None, _) => coerce::missing(field),
                (Some(at), Some(xml)) => xml.value(at, field, &mut sections[at].text),
                (Some(at), None) => self.value(at, field, &mut sections[at].text),
            };
            match read {
                Ok((value, field_repairs)) => {
                    let repair = |what| Repair { field: field.name.clone(), what };
                    repairs.extend(field_repairs.into_iter().map(repair));
                    fields.insert(field.name.clone(), value);
                }
                Err(problem) => problems.push(self.explain(problem, found, text)),
            }
        }
        if problems.is_empty() {
            Ok(Prediction { fields: Arc::new(fields), repairs })
        } else {
            Err(ParseFailure { problems })
        }
    }

    /// Converts the section with this index, which has this text, to a value of the field.
    fn value(&self, at: usize, field: &Field, text: &mut String) -> coerce::FieldResult {
        let Some(object) = self.object() else { return coerce::from_owned_text(field, std::mem::take(text)) };
        let member = &object.members()[self.objects.member(at)];
        match &member.value {
            _ if member.lost => Err(coerce::problem(field, format!("{} and more", excerpt(&member.text)))),
            // As it is written: `1.10` stays so.
            Some(Value::Number(_)) if field.field_type == FieldType::Str => {
                Ok((member.text.trim().into(), vec!["converted a number to text".to_owned()]))
            }
            Some(value) => coerce::from_json(field, value),
            None => coerce::missing(field),
        }
    }

    /// The reader of JSON, if the answer is an object.
    fn object(&self) -> Option<&JsonReader> {
        match &self.reader {
            FormatReader::Chat(_, object) => object.as_deref(),
            FormatReader::Json(object) => Some(object),
            FormatReader::Xml(_) => None,
        }
    }

    /// Adds to the problem of a missing field what the answer has in its place.
    fn explain(&self, mut problem: Problem, found: bool, text: &str) -> Problem {
        if !problem.path.is_empty() {
            return problem;
        }
        let chat = matches!(self.reader, FormatReader::Chat(..));
        if problem.got == "nothing" && self.thoughts.are_open() {
            "nothing; the answer ends in the thoughts before it".clone_into(&mut problem.got);
        } else if chat && problem.got == "nothing" {
            let name = problem.field.to_lowercase();
            let similar = text.lines().find(|line| line.contains("##") && line.to_lowercase().contains(&name));
            if let Some(similar) = similar {
                problem.got =
                    format!("no line `[[ ## {} ## ]]`; the closest line is {}", problem.field, excerpt(similar));
            } else if !text.contains("[[ ## ") {
                problem.got =
                    format!("no line `[[ ## {} ## ]]`; the answer starts with {}", problem.field, excerpt(text));
            }
        } else if problem.got == "nothing" && !found {
            problem.got = format!("nothing; the answer starts with {}", excerpt(text));
        }
        problem
    }
}
