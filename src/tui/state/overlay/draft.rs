//! A draft: a signature, the request settings or the headers, edited as TOML. It is parsed after each key, so that the
//! screen can show errors while the user types.

use crate::dspy::{LibraryEntry, library};
use crate::openrouter::headers::{ChosenValue, ExtraHeader, HeaderValue, Headers, ValueOrigin, Visibility, visibility};
use crate::openrouter::settings::RequestSettings;
use crate::tui::state::prompt::type_into;
use crossterm::event::KeyEvent;
use ratatui::style::Style;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use tui_textarea::{CursorMove, TextArea, WrapMode};

/// Stands for a secret value. Header values are ASCII, so it cannot be a value itself.
const MASK: &str = "••••";

/// What a draft edits.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A signature of the library.
    Signature,
    /// The settings of every request.
    Request,
    /// The headers. Holds them as they were before, so that unchanged headers keep their origin.
    Headers(Box<Headers>),
}

/// A draft that was parsed.
#[derive(Clone, Debug, PartialEq)]
pub enum ParsedDraft {
    /// A signature of the library.
    Signature(Box<LibraryEntry>),
    /// The settings of every request.
    Request(Box<RequestSettings>),
    /// The headers.
    Headers(Box<Headers>),
}

/// A text editor with a draft.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What the draft edits.
    pub subject: Subject,
    /// Whether Esc was pressed once while there are changes. Pressed again, it discards them.
    pub leaving: bool,
    pub(in crate::tui) area: TextArea<'static>,
    /// The text at the start.
    before: String,
    /// The signature as it was last valid, to be shown beside the text.
    pub last_valid: Option<Box<LibraryEntry>>,
}

/// The headers in TOML, with the keys of the configuration file. An empty value is not sent.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HeadersToml {
    referer: String,
    title: String,
    categories: String,
    public_headers: Vec<String>,
    headers: BTreeMap<String, String>,
}

const REQUEST_HELP: &str = "\
# Unset settings are not sent: the provider decides.
#   temperature = 0.7        top_p = 0.9
#   max_tokens = 1000        reasoning.effort = \"low\"
#   seed = 1                 stop = [\"END\"]
#   provider.order = [\"…\"]   provider.sort = \"price\"
#   extra_body = '{\"any field\": \"as raw JSON\"}'
";

const SIGNATURE_HELP: &str = "\
# inline = \"inputs -> outputs\", with types: int, list[str], …
# Also: instructions, description, module, demos.
# [signature.fields.NAME] has description, constraints and
# placeholder; [signature.types.NAME] defines objects, enums.
";

impl Draft {
    /// A draft of a signature. An unnamed one is named after its outputs.
    pub fn signature(entry: &LibraryEntry) -> Self {
        let mut entry = entry.clone();
        if entry.signature.name.is_empty() {
            let names: Vec<&str> = entry.signature.outputs.iter().map(|field| field.name.as_str()).collect();
            entry.signature.name = names.join("_");
        }
        Self::new(Subject::Signature, &format!("{SIGNATURE_HELP}{}", library::to_toml(&[entry])))
    }

    /// A draft of the request settings.
    pub fn request(settings: &RequestSettings) -> Self {
        Self::new(Subject::Request, &format!("{REQUEST_HELP}{}", settings_text(settings)))
    }

    /// A draft of the headers. Secret values are masked.
    pub fn headers(headers: &Headers) -> Self {
        let text =
            |chosen: &Option<ChosenValue>| chosen.as_ref().map(|chosen| chosen.value.clone()).unwrap_or_default();
        let shown = |extra: &ExtraHeader| match &extra.value {
            HeaderValue::Public(value) => value.clone(),
            HeaderValue::Secret(_) => MASK.to_owned(),
        };
        let is_public = |extra: &&ExtraHeader| extra.value.visibility() == Visibility::Public;
        let typed = HeadersToml {
            referer: text(&headers.referer),
            title: text(&headers.title),
            categories: text(&headers.categories),
            public_headers: headers.extras.iter().filter(is_public).map(|extra| extra.name.clone()).collect(),
            headers: headers.extras.iter().map(|extra| (extra.name.clone(), shown(extra))).collect(),
        };
        let mut text = toml::to_string(&typed).unwrap_or_default();
        if typed.headers.is_empty() {
            text.push_str("# X-Mine = \"masked unless it is in public_headers\"\n");
        }
        Self::new(Subject::Headers(Box::new(headers.clone())), &text)
    }

    fn new(subject: Subject, text: &str) -> Self {
        let before = text.trim_end().to_owned();
        let mut draft = Self { subject, leaving: false, area: TextArea::default(), before, last_valid: None };
        draft.set(text);
        draft
    }

    /// Remembers the signature if it is valid.
    fn remember(&mut self) {
        if let Ok(ParsedDraft::Signature(entry)) = self.parse() {
            self.last_valid = Some(entry);
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Replaces the text.
    pub fn set(&mut self, text: &str) {
        let text = crate::text::clean(text);
        // The cursor starts on a new line: after a comment, typed text would be part of it.
        let lines = text.trim_end().lines().chain([""]);
        let mut area = TextArea::new(lines.map(str::to_owned).collect());
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        area.set_cursor_line_style(Style::new());
        area.set_cursor_style(Style::new());
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        self.area = area;
        self.remember();
    }

    /// Whether the text was changed.
    pub fn changed(&self) -> bool {
        self.text().trim_end() != self.before
    }

    /// Types a key that has no action.
    pub fn type_key(&mut self, key: KeyEvent) {
        self.leaving = false;
        type_into(&mut self.area, key);
        self.remember();
    }

    /// Inserts pasted text.
    pub fn paste(&mut self, pasted: &str) {
        self.area.insert_str(crate::text::clean(&pasted.replace("\r\n", "\n").replace('\r', "\n")));
        self.remember();
    }

    /// Parses the text.
    ///
    /// # Errors
    /// The errors in the text, each with one or more lines.
    pub fn parse(&self) -> Result<ParsedDraft, Vec<String>> {
        let text = self.text();
        match &self.subject {
            Subject::Signature => read_signature(&text).map(|entry| ParsedDraft::Signature(Box::new(entry))),
            Subject::Request => read_settings(&text).map(|settings| ParsedDraft::Request(Box::new(settings))),
            Subject::Headers(before) => {
                read_headers(&text, before).map(|headers| ParsedDraft::Headers(Box::new(headers)))
            }
        }
    }
}

fn toml_error(text: &str, error: &toml::de::Error) -> Vec<String> {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..start]).count() + 1;
    vec![format!("line {line}: {}", error.message())]
}

fn read_signature(text: &str) -> Result<LibraryEntry, Vec<String>> {
    let mut entries = library::parse(text).map_err(|error| vec![error.to_string()])?;
    match (entries.pop(), entries.is_empty()) {
        (Some(entry), true) => Ok(entry),
        (None, _) => Err(vec!["a [[signature]] with a name and an inline signature is missing".to_owned()]),
        (Some(_), false) => Err(vec!["only one signature can be edited at a time".to_owned()]),
    }
}

/// The settings as TOML, with unknown fields as raw JSON in `extra_body`.
fn settings_text(settings: &RequestSettings) -> String {
    let known = RequestSettings { extra_body: serde_json::Map::new(), ..settings.clone() };
    let mut table = toml::Table::try_from(&known).unwrap_or_default();
    if !settings.extra_body.is_empty() {
        let json = serde_json::to_string_pretty(&settings.extra_body).unwrap_or_default();
        table.insert("extra_body".to_owned(), json.into());
    }
    table.to_string()
}

fn read_settings(text: &str) -> Result<RequestSettings, Vec<String>> {
    let mut table: toml::Table = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
    let extra = match table.get("extra_body") {
        Some(toml::Value::String(json)) => match serde_json::from_str::<Value>(json) {
            Ok(Value::Object(fields)) => Some(fields),
            Ok(_) => return Err(vec!["extra_body is not a JSON object, {…}".to_owned()]),
            Err(error) => return Err(vec![format!("extra_body is not JSON: {error}")]),
        },
        _ => None,
    };
    if extra.is_some() {
        table.remove("extra_body");
    }
    let mut settings: RequestSettings = table.try_into().map_err(|error| vec![error.message().to_owned()])?;
    settings.extra_body = extra.unwrap_or(settings.extra_body);
    settings.check().map_err(|bad| vec![bad.to_string()])?;
    Ok(settings)
}

fn read_headers(text: &str, before: &Headers) -> Result<Headers, Vec<String>> {
    let typed: HeadersToml = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
    let chosen = |value: String, old: Option<&ChosenValue>| match old {
        Some(old) if old.value == value => old.clone(),
        _ => ChosenValue { value, from: ValueOrigin::Session },
    };
    let set = |value: String, old: &Option<ChosenValue>| (!value.is_empty()).then(|| chosen(value, old.as_ref()));
    let extras = typed.headers.into_iter().map(|(name, value)| {
        let old = before.extras.iter().find(|extra| extra.name == name);
        let same = old.filter(|old| value == MASK || value == old.value.expose());
        let from = same.map_or(ValueOrigin::Session, |old| old.from.clone());
        let value = same.map_or(value.as_str(), |old| old.value.expose());
        let value = HeaderValue::new(value, visibility(&name, &typed.public_headers));
        ExtraHeader { name, value, from }
    });
    let headers = Headers {
        referer: set(typed.referer, &before.referer),
        title: set(typed.title, &before.title),
        categories: set(typed.categories, &before.categories),
        extras: extras.collect(),
    };
    match headers.check() {
        bad if bad.is_empty() => Ok(headers),
        bad => Err(bad.iter().map(ToString::to_string).collect()),
    }
}
