//! Takes the thoughts that a model writes before its answer out of the text: a block `<think>…</think>` or
//! `<thinking>…</thinking>` at the start, also without its end, and text that ends with `</think>`.

use super::super::signature::Field;
use super::super::{Adapter, Section};

/// White space of more bytes is not looked through.
const MAX_SPACE: usize = 1000;
const NAMES: [&str; 2] = ["think", "thinking"];

/// Divides a text into thoughts and answer.
#[derive(Clone, Debug)]
pub(super) struct Thoughts {
    place: Place,
    /// The tags of thoughts, without those that are fields of the answer.
    opening: Vec<String>,
    closing: Vec<String>,
    /// The text that is not decided yet.
    held: String,
    /// The thoughts that were not taken yet.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// Before the answer, where a block of thoughts may begin.
    Start,
    Inside,
    Answer,
}

/// What the reader of the answer has to do.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// Read this text.
    Answer(String),
    /// Forget all text so far: it was thoughts.
    Restart,
}

impl Thoughts {
    pub(super) fn new(outputs: &[Field]) -> Self {
        let names = || NAMES.iter().filter(|name| outputs.iter().all(|field| field.name != **name));
        Self {
            place: Place::Start,
            opening: names().map(|name| format!("<{name}>")).collect(),
            closing: names().map(|name| format!("</{name}>")).collect(),
            held: String::new(),
            text: String::new(),
        }
    }

    /// Whether a block of thoughts has no end yet.
    pub(super) fn are_open(&self) -> bool {
        self.place == Place::Inside
    }

    /// The thoughts that arrived since the last call.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Whether the text is a part of the answer whatever follows.
    pub(super) fn are_over(&self, text: &str) -> bool {
        self.place == Place::Answer && self.held.is_empty() && !text.contains('<')
    }

    pub(super) fn push(&mut self, text: &str) {
        self.held.push_str(text);
    }

    /// The next piece of the answer; nothing if more text is needed. `whole`: no text follows. `begins` says whether a
    /// text begins an answer; nothing if it is too short to decide.
    pub(super) fn next(&mut self, whole: bool, begins: impl Fn(&str) -> Option<bool>) -> Option<Piece> {
        loop {
            match self.place {
                Place::Start => {
                    let rest = self.held.trim_start();
                    let space = self.held.len() - rest.len();
                    let block = self.opening.iter().find(|tag| rest.starts_with(*tag)).map(|tag| space + tag.len());
                    let undecided = space < MAX_SPACE && self.opening.iter().any(|tag| tag.starts_with(rest));
                    if let Some(length) = block {
                        self.held.drain(..length);
                        self.place = Place::Inside;
                    } else if undecided && !whole {
                        return None;
                    } else {
                        self.place = Place::Answer;
                    }
                }
                Place::Inside => {
                    let end = closing_tag(&self.held, &self.closing);
                    let kept = end.map_or_else(
                        || if whole { self.held.len() } else { open_tag(&self.held, &self.closing) },
                        |(at, _)| at,
                    );
                    self.text.push_str(&self.held[..kept]);
                    self.held.drain(..end.map_or(kept, |(at, length)| at + length));
                    end?;
                    self.place = Place::Start;
                }
                Place::Answer => return self.answer(whole, begins),
            }
        }
    }

    fn answer(&mut self, whole: bool, begins: impl Fn(&str) -> Option<bool>) -> Option<Piece> {
        let length = match closing_tag(&self.held, &self.closing) {
            Some((0, tag)) => match begins(self.held[tag..].trim_start()) {
                Some(true) => {
                    self.held.drain(..tag);
                    return Some(Piece::Restart);
                }
                None if !whole && self.held.len() < MAX_SPACE => return None,
                _ => tag,
            },
            Some((at, _)) => at,
            None if whole => self.held.len(),
            None => open_tag(&self.held, &self.closing),
        };
        let rest = self.held.split_off(length);
        let piece = std::mem::replace(&mut self.held, rest);
        (!piece.is_empty()).then_some(Piece::Answer(piece))
    }
}

/// The position and the length of the first of these tags in a text.
fn closing_tag(text: &str, tags: &[String]) -> Option<(usize, usize)> {
    text.match_indices("</").find_map(|(at, _)| {
        let tag = tags.iter().find(|tag| text[at..].starts_with(*tag))?;
        Some((at, tag.len()))
    })
}

/// The position at which a text ends with a part of one of these tags, or its end.
fn open_tag(text: &str, tags: &[String]) -> usize {
    text.rfind('<').filter(|at| tags.iter().any(|tag| tag.starts_with(&text[*at..]))).unwrap_or(text.len())
}

/// Whether a text begins an answer from its start: with the first output, or with one that was there already. Nothing
/// if it is too short to decide.
pub(super) fn begins(adapter: Adapter, outputs: &[Field], sections: &[Section], text: &str) -> Option<bool> {
    let text = text
        .strip_prefix("```")
        .map_or(text, |rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start());
    let object = text.strip_prefix('{').map(str::trim_start);
    let seen = |field: &&Field| sections.iter().any(|section| section.name == field.name);
    let names = outputs.first().into_iter().chain(outputs.iter().filter(seen)).map(|field| &field.name);
    let mut undecided = text.is_empty() || "```".starts_with(text) || object == Some("");
    for name in names {
        let (form, text) = match (adapter, object) {
            (Adapter::Chat | Adapter::Json, Some(object)) => (format!("\"{name}\""), object),
            (Adapter::Chat, None) => (format!("[[ ## {name} ## ]]"), text),
            (Adapter::Xml, _) => (format!("<{name}>"), text),
            (Adapter::Json, None) => continue,
        };
        if text.starts_with(&form) {
            return Some(true);
        }
        undecided |= form.starts_with(text);
    }
    (!undecided).then_some(false)
}
