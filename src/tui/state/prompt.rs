//! The prompt: one editor an input field.

use crate::dspy::{FieldType, Signature, Values};
use crate::text;
use crate::tui::wrap::width;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Style;
use serde_json::Value;
use tui_textarea::{CursorMove, DataCursor, TextArea, WrapMode};

/// The editors and which of them has the keys.
#[derive(Clone, Debug)]
pub struct PromptEditor {
    /// At least one.
    pub inputs: Vec<InputField>,
    /// The one with the keys.
    pub focused: usize,
}

/// Inputs that were sent, to be brought back.
#[derive(Clone, Debug, Default)]
pub struct SentInputs {
    /// The oldest first.
    pub all: Vec<Values>,
    /// The one that the prompt shows, if it shows one.
    pub shown: Option<usize>,
}

/// One input field.
#[derive(Clone, Debug)]
pub struct InputField {
    /// The field's name; empty where the signature has no input.
    pub name: String,
    /// Its type.
    pub kind: FieldType,
    /// The editor.
    pub area: TextArea<'static>,
    /// Large pastes: what stands in the editor for each, and its text.
    attached: Vec<(String, String)>,
}

/// A paste of more bytes than this stands in the editor as one word.
const LARGE: usize = 100_000;

impl InputField {
    fn new(name: &str, kind: FieldType, placeholder: Option<&str>) -> Self {
        let mut input = Self { name: name.to_owned(), kind, area: TextArea::default(), attached: Vec::new() };
        input.set("");
        input.area.set_placeholder_text(placeholder.unwrap_or_default());
        input
    }

    /// What is typed.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// What is typed, large pastes in full.
    pub fn full_text(&self) -> String {
        self.attached.iter().fold(self.text(), |text, (word, pasted)| text.replace(word, pasted))
    }

    /// What stands in the field while it is empty, and can be sent.
    fn example(&self) -> &str {
        if self.name.is_empty() { "" } else { self.area.placeholder_text() }
    }

    /// Adds text at the cursor: a large one stands there as one word until it is sent.
    fn insert(&mut self, text: &str) {
        let text = text::clean(text);
        if text.len() <= LARGE {
            self.area.insert_str(text);
            return;
        }
        let number = self.attached.len() + 1;
        let word = format!("[paste {number}: {} KB, {} lines]", text.len() / 1000, text.lines().count());
        self.area.insert_str(&word);
        self.attached.push((word, text.into_owned()));
    }

    /// Replaces what is typed; the cursor goes to its end. The change can be undone.
    pub fn set(&mut self, text: &str) {
        self.area.set_wrap_mode(WrapMode::WordOrGlyph);
        self.area.set_cursor_line_style(Style::new());
        // The terminal's own cursor is shown instead, so that input methods know the place.
        self.area.set_cursor_style(Style::new());
        self.area.set_selection_style(Style::new().reversed());
        self.area.select_all();
        self.area.cut();
        self.area.cancel_selection();
        self.area.insert_str(text::clean(text));
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// Text typed for a type that is not a string is read as JSON where it can be.
    fn value(&self) -> Value {
        let text = self.full_text();
        match self.kind {
            FieldType::Str => Value::String(text),
            _ => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    /// Rows that its text takes in lines of so many cells.
    pub fn rows(&self, cells: usize) -> usize {
        self.area.lines().iter().map(|line| width(line) / cells.max(1) + 1).sum()
    }
}

impl PromptEditor {
    /// Empty editors for a signature.
    pub fn of(signature: &Signature) -> Self {
        let mut inputs: Vec<_> = signature
            .inputs
            .iter()
            .map(|field| InputField::new(&field.name, field.field_type.clone(), field.placeholder.as_deref()))
            .collect();
        if inputs.is_empty() {
            inputs.push(InputField::new("", FieldType::Str, Some("this signature has no inputs: F2 sends it")));
        }
        Self { inputs, focused: 0 }
    }

    /// Editors for another signature; text in fields of the same name stays.
    #[must_use]
    pub fn moved_to(&self, signature: &Signature) -> Self {
        let mut prompt = Self::of(signature);
        for input in &mut prompt.inputs {
            if let Some(old) = self.inputs.iter().find(|old| old.name == input.name) {
                input.attached.clone_from(&old.attached);
                input.set(&old.text());
            }
        }
        prompt
    }

    /// The editor with the keys.
    pub fn input(&mut self) -> &mut InputField {
        let at = self.focused.min(self.inputs.len() - 1);
        &mut self.inputs[at]
    }

    /// Values by field name. A field that was left empty is left out, unless it is the only one.
    pub fn values(&self) -> Values {
        let filled = |input: &&InputField| !input.name.is_empty() && (!input.area.is_empty() || self.inputs.len() == 1);
        self.inputs.iter().filter(filled).map(|input| (input.name.clone(), input.value())).collect()
    }

    /// Shows other values; a name without a value is emptied.
    pub fn show(&mut self, values: &Values) {
        for input in &mut self.inputs {
            let text = match values.get(&input.name) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            input.set("");
            input.attached.clear();
            input.insert(&text);
        }
    }

    /// Whether nothing is typed anywhere.
    pub fn is_empty(&self) -> bool {
        self.inputs.iter().all(|input| input.area.is_empty())
    }

    /// Empties all fields.
    pub fn clear(&mut self) {
        self.inputs.iter_mut().for_each(|input| {
            input.set("");
            input.attached.clear();
        });
        self.focused = 0;
    }

    /// Whether examples stand in the fields while they are empty.
    pub fn has_examples(&self) -> bool {
        self.inputs.iter().any(|input| !input.example().is_empty())
    }

    /// Fills the fields with their examples.
    pub fn fill_examples(&mut self) {
        for input in &mut self.inputs {
            let example = input.example().to_owned();
            input.set(&example);
        }
    }

    /// Names of fields that still want text.
    pub fn missing(&self) -> Vec<&str> {
        let bare = |input: &&InputField| !input.name.is_empty() && input.area.is_empty();
        self.inputs.iter().filter(bare).map(|input| input.name.as_str()).collect()
    }

    /// A key that no action wanted.
    pub fn type_key(&mut self, key: KeyEvent) {
        type_into(&mut self.input().area, key);
    }

    /// Text that was pasted. It never sends.
    pub fn paste(&mut self, pasted: &str) {
        let pasted = pasted.replace("\r\n", "\n").replace('\r', "\n");
        self.input().insert(&pasted);
    }

    /// Whether the cursor stands in the first, and in the last line of its field.
    pub fn edges(&mut self) -> (bool, bool) {
        let area = &self.input().area;
        let DataCursor(row, _) = area.cursor();
        (row == 0, row + 1 == area.lines().len())
    }

    /// Rows that all fields would like.
    pub fn rows_wanted(&self, cells: u16) -> u16 {
        let labels = if self.inputs.len() > 1 { self.inputs.len() } else { 0 };
        let rows: usize = self.inputs.iter().map(|input| input.rows(usize::from(cells))).sum();
        u16::try_from(rows + labels).unwrap_or(u16::MAX)
    }
}

/// A key for an editor: as Emacs has it where the editor does not.
pub fn type_into(area: &mut TextArea<'static>, key: KeyEvent) {
    if key.code == KeyCode::Char('u') && key.modifiers == KeyModifiers::CONTROL {
        area.delete_line_by_head();
    } else {
        area.input(key);
    }
}
