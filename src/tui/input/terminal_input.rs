//! One input of the terminal.

use crossterm::event::Event;

/// What the terminal sent.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "consoles send no replies"))]
pub(in crate::tui) enum TerminalInput {
    /// A key, a paste or a turn of the wheel.
    Event(Event),
    /// The terminal's reply about its background: a colour such as `rgb:1e1e/1e1e/2e2e`.
    Background(String),
}
