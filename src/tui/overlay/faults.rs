//! The fault picker: a letter breaks the chosen model of the chain.

use super::{foot, list, open};
use crate::fault::Fault;
use crate::tui::app::App;
use crate::tui::keymap::Action;
use crate::tui::theme::Role;
use crate::tui::wrap::{clip, plain};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// Faults with a letter of their own: letter, word, what it looks like.
pub const COMMON: &[(char, &str, &str)] = &[
    ('5', "503", "overloaded: an error before the first token"),
    ('4', "429:retry-after=2", "rate limited, come back in 2 s"),
    ('r', "refused", "nobody listens: connection refused"),
    ('b', "black-hole", "accepts the connection, never answers"),
    ('s', "stall:8", "goes silent after 8 tokens"),
    ('c', "cut:8", "cuts the stream after 8 tokens"),
    ('e', "error-event:8", "an error inside the stream after 8 tokens"),
    ('g', "garbled", "an answer that does not parse"),
];

/// The picker's own state; the chosen model is the app's.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The chosen line.
    pub at: usize,
    /// A word that is being typed.
    pub typing: Option<String>,
    /// Opened from the chain editor, where Esc leads back.
    pub from_chain: bool,
}

impl Faults {
    /// What is wrong with the word that is typed.
    fn problem(word: &str) -> Option<String> {
        word.parse::<Fault>().err().filter(|_| !word.is_empty()).map(|error| error.to_string())
    }
}

/// Draws the picker.
pub fn draw(app: &App, faults: &Faults, f: &mut Frame<'_>) {
    let theme = app.colours();
    let Some(chosen) = app.chain.get(app.link) else {
        let room = open(app, f, "break a model", "", 48, 3);
        let line = Line::styled("The chain is empty: Ctrl+L adds a model.", theme.style(Role::Warn));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
        return;
    };
    let title = format!("break {} ({} of {})", chosen.model, app.link + 1, app.chain.len());
    let set = chosen.fault.as_ref().map_or_else(|| "healthy".to_owned(), |fault| format!("now: {fault}"));
    let room = open(app, f, &title, &set, 72, COMMON.len() as u16 + 5);
    if let Some(word) = &faults.typing {
        return typing(app, word, room, f);
    }
    list(app, f, Rect { height: room.height.saturating_sub(2), ..room }, faults.at, COMMON.len(), |i| {
        let (letter, word, about) = COMMON[i];
        let mark = if chosen.fault.as_ref().is_some_and(|fault| fault.to_string() == word) { "✗" } else { " " };
        Line::from(vec![
            Span::styled(format!("{mark} {letter}  "), theme.style(Role::Key)),
            Span::styled(format!("{word:<19}"), theme.style(Role::Text)),
            Span::styled(about, theme.style(Role::Dim)),
        ])
    });
    let send = app.keymap.key(Action::Send).map_or_else(String::new, |key| key.to_string());
    foot(app, f, room, 1, &format!("A letter breaks it, then {send} sends. Backspace heals, / types any fault."));
}

fn typing(app: &App, word: &str, room: Rect, f: &mut Frame<'_>) {
    let theme = app.colours();
    let shown = clip(word, usize::from(room.width.saturating_sub(3)));
    let x = room.x + 2 + crate::tui::wrap::width(&shown) as u16;
    let line = Line::from(vec![Span::styled("/ ", theme.style(Role::Key)), Span::raw(shown)]);
    f.buffer_mut().set_line(room.x, room.y, &line, room.width);
    f.set_cursor_position(Position { x, y: room.y });
    let (text, role) = match Faults::problem(word) {
        Some(problem) => (problem, Role::Bad),
        None => {
            ("kind[:details][@schedule], for example stall:8@once, 503@every=2, drip:2s@first=3".to_owned(), Role::Dim)
        }
    };
    for (row, y) in plain(&text, theme.style(role), room.width.into()).iter().zip(room.y + 2..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_fault_is_a_fault_and_no_letter_is_taken_twice() {
        for (i, (letter, word, _)) in COMMON.iter().enumerate() {
            assert_eq!(word.parse::<Fault>().map(|fault| fault.to_string()).as_deref(), Ok(*word));
            assert!(COMMON[..i].iter().all(|(other, ..)| other != letter), "{letter}");
        }
    }
}
