//! The list of signatures, and the line in which one is typed.

use crate::dspy::{LibraryEntry, Signature, SyntaxError};
use crate::text;
use crate::tui::state::prompt::type_into;
use crossterm::event::KeyEvent;
use ratatui::style::Style;
use tui_textarea::{CursorMove, TextArea, WrapMode};

/// The library, the selected line, and the signature that is being typed.
#[derive(Clone, Debug)]
pub struct SignatureList {
    /// The library.
    pub entries: Vec<LibraryEntry>,
    /// Index of the selected line: 0 is "type your own", the library starts at 1.
    pub selected: usize,
    /// Whether Delete was pressed once. Pressed again, it deletes the selected entry.
    pub delete_armed: bool,
    pub(in crate::tui) editor: Option<TextArea<'static>>,
    /// A text that was typed and left. "Type your own" continues with it.
    unfinished: String,
}

impl SignatureList {
    /// A list with the first entry selected.
    pub fn new(entries: Vec<LibraryEntry>) -> Self {
        Self {
            selected: usize::from(!entries.is_empty()),
            entries,
            delete_armed: false,
            editor: None,
            unfinished: String::new(),
        }
    }

    /// Whether a signature is being typed.
    pub fn typing(&self) -> bool {
        self.editor.is_some()
    }

    /// The selected entry; `None` if "type your own" is selected.
    pub fn selected_entry(&self) -> Option<&LibraryEntry> {
        self.entries.get(self.selected.checked_sub(1)?)
    }

    /// Moves the selection by lines.
    pub fn move_by(&mut self, lines: isize) {
        self.selected = self.selected.saturating_add_signed(lines).min(self.entries.len());
    }

    /// Opens the line for typing, with this text in it.
    pub fn start_typing(&mut self, source: &str) {
        let mut editor = TextArea::new(vec![source.to_owned()]);
        editor.set_wrap_mode(WrapMode::WordOrGlyph);
        editor.set_cursor_line_style(Style::new());
        editor.set_cursor_style(Style::new());
        editor.move_cursor(CursorMove::End);
        editor.set_placeholder_text("question -> answer: float");
        self.editor = Some(editor);
    }

    /// Closes the line and keeps its text, unless that is an entry of the library. Returns whether it is kept.
    pub fn leave_typing(&mut self) -> bool {
        let typed = self.source();
        self.stop_typing();
        let is_new =
            !typed.trim().is_empty() && !self.entries.iter().any(|entry| entry.signature.inline() == typed.trim());
        if is_new {
            self.unfinished = typed;
        }
        is_new
    }

    /// The text with which "type your own" begins: the one that was left.
    pub fn take_unfinished(&mut self) -> String {
        std::mem::take(&mut self.unfinished)
    }

    /// Closes the line and drops its text.
    pub fn stop_typing(&mut self) {
        self.editor = None;
    }

    /// The typed text.
    pub fn source(&self) -> String {
        self.editor.as_ref().map_or_else(String::new, |editor| editor.lines().join(" "))
    }

    /// Parses the typed text.
    ///
    /// # Errors
    /// Where and why the text is not a signature.
    pub fn read(&self) -> Result<Signature, SyntaxError> {
        self.source().parse()
    }

    /// Types a key that has no action.
    pub fn type_key(&mut self, key: KeyEvent) {
        if let Some(editor) = &mut self.editor {
            type_into(editor, key);
        }
    }

    /// Inserts pasted text.
    pub fn paste(&mut self, pasted: &str) {
        if let Some(editor) = &mut self.editor {
            editor.insert_str(text::clean_line(pasted, 4096));
        }
    }
}
