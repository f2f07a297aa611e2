//! The prompt: one text editor for each input field.

use crate::dspy::{Field, FieldType, Problem, Signature, Values};
use crate::text::{self, value_text};
use crate::tui::wrap::width;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Style;
use serde_json::Value;
use tui_textarea::{CursorMove, DataCursor, TextArea, WrapMode};

/// The editors and which of them is focused.
#[derive(Clone, Debug)]
pub struct PromptEditor {
    /// The editors; at least one.
    pub inputs: Vec<InputField>,
    /// Index of the focused editor.
    pub focused: usize,
    /// Texts that were typed and not sent, in fields that the signature in use does not have. They come back with a
    /// signature that has them.
    parked: Vec<InputField>,
}

/// Inputs that were sent, so that the user can recall them.
#[derive(Clone, Debug, Default)]
pub struct SentInputs {
    /// All inputs, the oldest first.
    pub all: Vec<Values>,
    /// Index of the inputs that the prompt shows now, if any.
    pub shown: Option<usize>,
    /// What was typed and not sent when earlier inputs were recalled.
    pub draft: Values,
}

impl SentInputs {
    /// Adds inputs to those that can be recalled.
    pub fn keep(&mut self, inputs: Values) {
        if !inputs.is_empty() && !self.all.contains(&inputs) {
            self.all.push(inputs);
        }
        self.shown = None;
    }
}

/// One input field.
#[derive(Clone, Debug)]
pub struct InputField {
    /// The field; its name is empty if the signature has no inputs.
    pub field: Field,
    /// The editor.
    pub area: TextArea<'static>,
    /// Large pastes: the placeholder in the editor and the pasted text.
    attached: Vec<(String, String)>,
    /// Whether the text was sent and not touched since. The next typed character replaces it.
    pub is_sent: bool,
}

/// For a paste of more bytes than this, the editor holds a placeholder.
const LARGE: usize = 100_000;

impl InputField {
    fn new(field: Field) -> Self {
        let mut input = Self { field, area: TextArea::default(), attached: Vec::new(), is_sent: false };
        input.offer_example(true);
        input.set("");
        input
    }

    /// The text in the editor, with placeholders for large pastes.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The text with large pastes in full.
    pub fn full_text(&self) -> String {
        self.attached.iter().fold(self.text(), |text, (placeholder, pasted)| text.replace(placeholder, pasted))
    }

    /// Shows the field's example while the field is empty, or no longer does.
    fn offer_example(&mut self, offered: bool) {
        let example = self.field.placeholder.as_deref().filter(|_| offered).unwrap_or_default();
        self.area.set_placeholder_text(example);
    }

    /// The example that is shown and can be sent while the field is empty.
    fn example(&self) -> &str {
        if self.field.name.is_empty() { "" } else { self.area.placeholder_text() }
    }

    /// Inserts text at the cursor. A large text is stored, and a placeholder is inserted.
    fn insert(&mut self, text: &str) {
        self.make_room();
        let text = text::clean(text);
        if text.len() <= LARGE {
            self.area.insert_str(text);
            return;
        }
        let number = self.attached.len() + 1;
        let placeholder = format!("[paste {number}: {} KB, {} lines]", text.len() / 1000, text.lines().count());
        self.area.insert_str(&placeholder);
        self.attached.push((placeholder, text.into_owned()));
    }

    /// Removes a text that was sent, before another one is typed. The user can undo it.
    fn make_room(&mut self) {
        if std::mem::take(&mut self.is_sent) {
            self.set("");
        }
    }

    /// Replaces the text and moves the cursor to its end. The user can undo it.
    pub fn set(&mut self, text: &str) {
        self.is_sent = false;
        self.area.set_wrap_mode(WrapMode::WordOrGlyph);
        self.area.set_cursor_line_style(Style::new());
        // The terminal's own cursor is shown instead, so that input methods know its position.
        self.area.set_cursor_style(Style::new());
        self.area.set_selection_style(Style::new().reversed());
        self.area.select_all();
        self.area.cut();
        self.area.cancel_selection();
        self.area.insert_str(text::clean(text));
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// The field's value; the text itself if it does not fit the type.
    fn value(&self) -> Value {
        let text = self.full_text();
        self.field.parse(&text).unwrap_or(Value::String(text))
    }

    /// How many rows the text needs at a width of `cells` cells.
    pub fn rows(&self, cells: usize) -> usize {
        self.area.lines().iter().map(|line| width(line) / cells.max(1) + 1).sum()
    }
}

impl PromptEditor {
    /// Empty editors for a signature.
    pub fn of(signature: &Signature) -> Self {
        // A history is not typed: the conversation carries it.
        let typed = signature.inputs.iter().filter(|field| !field.is_history());
        let mut inputs: Vec<_> = typed.cloned().map(InputField::new).collect();
        if inputs.is_empty() {
            let placeholder = Some("this signature has no inputs: F2 sends it".to_owned());
            inputs.push(InputField::new(Field { placeholder, ..Field::new("", FieldType::Str) }));
        }
        Self { inputs, focused: 0, parked: Vec::new() }
    }

    /// Editors for another signature. Fields with the same name keep their text; other texts that were not sent wait for
    /// a signature that has their field.
    #[must_use]
    pub fn with_signature(&self, signature: &Signature) -> Self {
        let mut prompt = Self::of(signature);
        let mut old: Vec<&InputField> = self.inputs.iter().chain(&self.parked).collect();
        for input in &mut prompt.inputs {
            if let Some(index) = old.iter().position(|old| old.field.name == input.field.name) {
                let old = old.remove(index);
                input.attached.clone_from(&old.attached);
                input.set(&old.text());
                input.is_sent = old.is_sent;
            }
        }
        prompt.parked = old.into_iter().filter(|input| !input.area.is_empty() && !input.is_sent).cloned().collect();
        prompt
    }

    /// Whether texts that were not sent wait for a signature that has their field.
    pub fn has_parked(&self) -> bool {
        !self.parked.is_empty()
    }

    /// Empties the prompt after its text has become a turn of a conversation. With several fields, and where the text was
    /// changed meanwhile, it stays.
    pub fn take_sent(&mut self) {
        if let [only] = self.inputs.as_mut_slice()
            && only.is_sent
        {
            only.set("");
            only.attached.clear();
        }
    }

    /// Shows the examples in empty fields, or no longer does. Only examples that are shown can be sent.
    pub fn offer_examples(&mut self, offered: bool) {
        self.inputs.iter_mut().for_each(|input| input.offer_example(offered));
    }

    /// The focused editor.
    pub fn input(&mut self) -> &mut InputField {
        let index = self.focused.min(self.inputs.len() - 1);
        &mut self.inputs[index]
    }

    /// The focused editor, to change its text. A text that was sent is then a draft again.
    pub fn edit(&mut self) -> &mut InputField {
        let input = self.input();
        input.is_sent = false;
        input
    }

    /// Remembers that these texts were sent.
    pub fn mark_sent(&mut self) {
        self.inputs.iter_mut().for_each(|input| input.is_sent = !input.area.is_empty());
    }

    /// The fields whose text does not fit their type.
    pub fn problems(&self) -> impl Iterator<Item = Problem> {
        let typed = self.inputs.iter().filter(|input| !input.area.is_empty());
        typed.filter_map(|input| input.field.parse(&input.full_text()).err())
    }

    /// Moves the focus to the field with this name.
    pub fn focus_on(&mut self, name: &str) {
        self.focused = self.inputs.iter().position(|input| input.field.name == name).unwrap_or(0);
    }

    /// Values by field name. Empty fields are left out, unless there is only one field.
    pub fn values(&self) -> Values {
        let filled =
            |input: &&InputField| !input.field.name.is_empty() && (!input.area.is_empty() || self.inputs.len() == 1);
        self.inputs.iter().filter(filled).map(|input| (input.field.name.clone(), input.value())).collect()
    }

    /// Replaces the text of all fields. Fields without a value become empty.
    pub fn show(&mut self, values: &Values) {
        for input in &mut self.inputs {
            let text = values.get(&input.field.name).map(value_text).unwrap_or_default();
            input.set("");
            input.attached.clear();
            input.insert(&text);
        }
    }

    /// Shows these values, and returns them as the prompt now has them.
    pub fn shown_as(&mut self, values: &Values) -> Values {
        self.show(values);
        self.values()
    }

    /// Whether all fields are empty.
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

    /// Whether any field has an example.
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

    /// Names of the empty fields.
    pub fn missing(&self) -> Vec<&str> {
        let empty = |input: &&InputField| !input.field.name.is_empty() && input.area.is_empty();
        self.inputs.iter().filter(empty).map(|input| input.field.name.as_str()).collect()
    }

    /// Types a key that has no action.
    pub fn type_key(&mut self, key: KeyEvent) {
        let plain = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        let input = self.input();
        if plain && matches!(key.code, KeyCode::Char(_)) {
            input.make_room();
        }
        input.is_sent = false;
        type_into(&mut input.area, key);
    }

    /// Inserts pasted text. Line ends in it never send.
    pub fn paste(&mut self, pasted: &str) {
        let pasted = pasted.replace("\r\n", "\n").replace('\r', "\n");
        self.input().insert(&pasted);
    }

    /// Whether the cursor is in the first line of its field, and whether it is in the last line.
    pub fn edges(&mut self) -> (bool, bool) {
        let area = &self.input().area;
        let DataCursor(row, _) = area.cursor();
        (row == 0, row + 1 == area.lines().len())
    }

    /// How many rows all fields need at a width of `cells` cells, with their labels.
    pub fn rows_wanted(&self, cells: u16) -> u16 {
        let labels = if self.inputs.len() > 1 { self.inputs.len() } else { 0 };
        let rows: usize = self.inputs.iter().map(|input| input.rows(usize::from(cells))).sum();
        u16::try_from(rows + labels).unwrap_or(u16::MAX)
    }
}

/// Types a key into an editor. Ctrl+U deletes to the start of the line, as in Emacs and in shells.
pub fn type_into(area: &mut TextArea<'static>, key: KeyEvent) {
    if key.code == KeyCode::Char('u') && key.modifiers == KeyModifiers::CONTROL {
        area.delete_line_by_head();
    } else {
        area.input(key);
    }
}
