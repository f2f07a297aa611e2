//! The fault picker.

use crate::transcript::model_name;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::PlaygroundAction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::faults::{BelowPicker, COMMON, FaultPicker};
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{draw_rows, footer, from_row, list, open};
use crate::tui::wrap::{clip, plain};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, faults: &FaultPicker, f: &mut Frame<'_>) {
    let theme = app.theme();
    let models = app.breakable();
    let Some(place) = models.iter().position(|model| *model == faults.model) else {
        let room = open(app, f, "break a model", "", 48, 3);
        let line = Line::styled("The chain is empty: Ctrl+L adds a model.", theme.style(StyleRole::Warn));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
        return;
    };
    let title = format!("break {} ({} of {})", model_name(&faults.model), place + 1, models.len());
    let fault = app.next.fault(&faults.model);
    let set = fault.map_or_else(|| "healthy".to_owned(), |fault| format!("now: {fault}"));
    let room = open(app, f, &title, &set, 84, COMMON.len() as u16 + 5);
    if let Some(typed) = &faults.typing {
        return draw_typing(app, typed, room, f);
    }
    list(app, f, Rect { height: room.height.saturating_sub(2), ..room }, faults.selected, COMMON.len(), |i| {
        let (letter, word, about) = COMMON[i];
        let mark = if fault.is_some_and(|fault| fault.to_string() == word) { "✗" } else { " " };
        let letter = Span::styled(format!("{mark} {letter}  "), theme.style(StyleRole::Key));
        if room.width < 76 {
            // Where both do not fit, what it does matters more than its word.
            return Line::from(vec![letter, Span::styled(about, theme.style(StyleRole::Text))]);
        }
        Line::from(vec![
            letter,
            Span::styled(format!("{word:<19}"), theme.style(StyleRole::Text)),
            Span::styled(about, theme.style(StyleRole::Dim)),
        ])
    });
    let send = app.keymap.key(Action::Playground(PlaygroundAction::Send));
    let is_asked_elsewhere = app.screen.traffic || faults.below == BelowPicker::Grid;
    let then = if is_asked_elsewhere { "for the next request.".to_owned() } else { format!("then {send} sends.") };
    footer(app, f, room, 2, &format!("A key sets a fault, {then}"));
    footer(app, f, room, 1, "Backspace clears it; / types any fault.");
}

fn draw_typing(app: &App, typed: &str, room: Rect, f: &mut Frame<'_>) {
    let theme = app.theme();
    let shown = clip(typed, usize::from(room.width.saturating_sub(3)));
    let x = room.x + 2 + crate::tui::wrap::width(&shown) as u16;
    let line = Line::from(vec![Span::styled("/ ", theme.style(StyleRole::Key)), Span::raw(shown)]);
    f.buffer_mut().set_line(room.x, room.y, &line, room.width);
    f.set_cursor_position(Position { x, y: room.y });
    let (text, role) = match FaultPicker::problem(typed) {
        Some(problem) => (problem, StyleRole::Bad),
        None => (
            "kind[:details][@schedule], for example stall:8@once, 503@every=2, drip:2s@first=3".to_owned(),
            StyleRole::Dim,
        ),
    };
    draw_rows(f, from_row(room, room.y + 2), &plain(&text, theme.style(role), room.width.into()));
}
