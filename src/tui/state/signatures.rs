//! The signatures: a library to choose from, and one line to type your own.

use crate::dspy::{LibraryEntry, Signature, SyntaxError};
use crate::text;
use crate::tui::state::prompt::type_into;
use crossterm::event::KeyEvent;
use ratatui::style::Style;
use tui_textarea::{CursorMove, TextArea, WrapMode};

/// What there is to choose, and what is being typed.
#[derive(Clone, Debug)]
pub struct SignatureList {
    /// The library.
    pub entries: Vec<LibraryEntry>,
    /// The chosen line: 0 is "type your own", the library begins at 1.
    pub selected: usize,
    /// Removing the chosen entry was asked for once.
    pub delete_armed: bool,
    pub(in crate::tui) editor: Option<TextArea<'static>>,
}

impl SignatureList {
    /// The library, its first entry chosen.
    pub fn new(entries: Vec<LibraryEntry>) -> Self {
        Self { selected: usize::from(!entries.is_empty()), entries, delete_armed: false, editor: None }
    }

    /// Whether a signature is being typed.
    pub fn typing(&self) -> bool {
        self.editor.is_some()
    }

    /// The chosen entry, unless "type your own" is chosen.
    pub fn chosen(&self) -> Option<&LibraryEntry> {
        self.entries.get(self.selected.checked_sub(1)?)
    }

    /// Moves the choice.
    pub fn move_by(&mut self, lines: isize) {
        self.selected = self.selected.saturating_add_signed(lines).min(self.entries.len());
    }

    /// Begins to type, with a text to begin from.
    pub fn start_typing(&mut self, source: &str) {
        let mut editor = TextArea::new(vec![source.to_owned()]);
        editor.set_wrap_mode(WrapMode::WordOrGlyph);
        editor.set_cursor_line_style(Style::new());
        editor.set_cursor_style(Style::new());
        editor.move_cursor(CursorMove::End);
        editor.set_placeholder_text("question -> answer: float");
        self.editor = Some(editor);
    }

    /// Stops typing; what was typed is forgotten.
    pub fn stop_typing(&mut self) {
        self.editor = None;
    }

    /// What is typed.
    pub fn source(&self) -> String {
        self.editor.as_ref().map_or_else(String::new, |editor| editor.lines().join(" "))
    }

    /// What is typed, read.
    ///
    /// # Errors
    /// Where and why it cannot be read.
    pub fn read(&self) -> Result<Signature, SyntaxError> {
        self.source().parse()
    }

    /// A key that no action wanted.
    pub fn type_key(&mut self, key: KeyEvent) {
        if let Some(editor) = &mut self.editor {
            type_into(editor, key);
        }
    }

    /// Text that was pasted.
    pub fn paste(&mut self, pasted: &str) {
        if let Some(editor) = &mut self.editor {
            editor.insert_str(text::clean_line(pasted, 4096));
        }
    }
}
