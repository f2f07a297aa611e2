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
mod xml;

use super::signature::{Field, Signature};
use super::{Adapter, ParseFailure, Prediction, Problem, Repair, Section, Values};
use chat::ChatReader;
use excerpt::{excerpt, excerpt_of_end};
use json::JsonReader;
use object_view::ObjectView;
use std::sync::Arc;
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
    outputs: Vec<Field>,
    reader: FormatReader,
    sections: Vec<Section>,
    objects: ObjectView,
}

#[derive(Clone, Debug)]
enum FormatReader {
    /// Markers, and a JSON object while the text may still be one: no marker was found, and it starts like JSON.
    Chat(ChatReader, Option<Box<JsonReader>>),
    Json(Box<JsonReader>),
    Xml(XmlReader),
}

impl AnswerReader {
    /// A reader for an answer to this signature in this adapter's format.
    pub fn new(adapter: Adapter, signature: &Signature) -> Self {
        let outputs = signature.outputs.clone();
        let names = || outputs.iter().map(|field| field.name.clone()).collect();
        let reader = match adapter {
            Adapter::Chat => FormatReader::Chat(ChatReader::new(names()), Some(Box::new(JsonReader::for_objects()))),
            Adapter::Json => FormatReader::Json(Box::new(JsonReader::for_objects())),
            Adapter::Xml => FormatReader::Xml(XmlReader::new(names())),
        };
        Self { outputs, reader, sections: Vec::new(), objects: ObjectView::default() }
    }

    /// Reads the next piece.
    pub fn push(&mut self, text: &str) {
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
        let problem =
            |field: &Field, expected: String, got: String| Problem { field: field.name.clone(), expected, got };
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

    /// Converts the sections to values. Call [`finish`](Self::finish) first. `text` is the whole answer, for the
    /// problems. Long strings are moved, not copied.
    ///
    /// # Errors
    /// A problem for each output that is missing or does not fit its type.
    pub fn into_prediction(mut self, text: &str) -> Result<Prediction, ParseFailure> {
        let (mut fields, mut repairs) = (Values::new(), Vec::new());
        let mut problems = Vec::new();
        let answer_repairs: Vec<&str> = match &self.reader {
            FormatReader::Chat(chat, object) => match object {
                Some(object) if !self.sections.is_empty() => {
                    ["accepted a JSON object instead of markers"].iter().chain(object.repairs()).copied().collect()
                }
                _ => chat.repairs().to_vec(),
            },
            FormatReader::Json(object) => object.repairs().to_vec(),
            FormatReader::Xml(xml) => xml.repairs().to_vec(),
        };
        repairs.extend(answer_repairs.into_iter().map(|what| Repair { field: String::new(), what: what.to_owned() }));
        for field in &std::mem::take(&mut self.outputs) {
            match self.field(field) {
                Ok((value, field_repairs)) => {
                    let repair = |what| Repair { field: field.name.clone(), what };
                    repairs.extend(field_repairs.into_iter().map(repair));
                    fields.insert(field.name.clone(), value);
                }
                Err(problem) => problems.push(self.explain(problem, text)),
            }
        }
        if problems.is_empty() {
            Ok(Prediction { fields: Arc::new(fields), repairs })
        } else {
            Err(ParseFailure { problems })
        }
    }

    /// Converts the section of one output to a value.
    fn field(&mut self, field: &Field) -> coerce::FieldResult {
        let Some(at) = self.sections.iter().position(|section| section.name == field.name) else {
            return coerce::missing(field);
        };
        let object = match &self.reader {
            FormatReader::Chat(_, object) => object.as_ref(),
            FormatReader::Json(object) => Some(object),
            FormatReader::Xml(_) => return xml::field(field, &self.sections[at].text),
        };
        match object {
            None => coerce::from_owned_text(field, std::mem::take(&mut self.sections[at].text)),
            Some(object) => match &object.members()[self.objects.member(at)].value {
                Some(value) => coerce::from_json(field, value),
                None => coerce::missing(field),
            },
        }
    }

    /// Adds to the problem of a missing field what the answer has in its place.
    fn explain(&self, mut problem: Problem, text: &str) -> Problem {
        let chat = matches!(self.reader, FormatReader::Chat(..));
        if chat && problem.got == "nothing" {
            let name = problem.field.to_lowercase();
            let similar = text.lines().find(|line| line.contains("##") && line.to_lowercase().contains(&name));
            if let Some(similar) = similar {
                problem.got =
                    format!("no line `[[ ## {} ## ]]`; the closest line is {}", problem.field, excerpt(similar));
            } else if !text.contains("[[ ## ") {
                problem.got =
                    format!("no line `[[ ## {} ## ]]`; the answer starts with {}", problem.field, excerpt(text));
            }
        } else if problem.got == "nothing" && self.sections.is_empty() {
            problem.got = format!("nothing; the answer starts with {}", excerpt(text));
        }
        problem
    }
}
