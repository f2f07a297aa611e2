//! The pane of the prompt: one editor for each input field.
//!
//! ```text
//! ┌ prompt · question ────────────┐   one field: its name in the title
//! │ What is DSPy?▏                │
//! └───────────────────────────────┘
//! ┌ prompt ───────────────────────┐   several: name and type above each editor
//! │ context  list[str]            │
//! │ DSPy is …                     │
//! │ question                      │
//! │ What is it?▏                  │
//! └───────────────────────────────┘
//! ```

use super::chrome::{cursor, draw_rows, frame, from_row};
use crate::dspy::FieldType;
use crate::tui::layout::{LayoutKind, Pane};
use crate::tui::state::app::App;
use crate::tui::state::prompt::{InputField, PromptEditor};
use crate::tui::theme::StyleRole;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws the pane, and the terminal's cursor if the pane is focused.
pub(super) fn draw(app: &App, f: &mut Frame<'_>) {
    let area = app.screen.layout.prompt;
    if area.is_empty() {
        return;
    }
    let theme = app.theme();
    let single = app.prompt.inputs.len() == 1;
    let title = match app.prompt.inputs.first().filter(|_| single) {
        Some(InputField { field, .. }) if !field.name.is_empty() => {
            format!("prompt · {}{}", field.name, kind_note(&field.field_type))
        }
        _ => "prompt".to_owned(),
    };
    let title = match app.next.conversation.turns.len() {
        0 => title,
        turns => format!("{title} · turn {}", turns + 1),
    };
    let note = format!("{} · {}", app.next.module, app.next.adapter);
    frame(app, f, Pane::Prompt, &title, &note);
    let room = app.text_area(Pane::Prompt);
    let shares = shares(&app.prompt, room.height, room.width);
    let mut y = room.y;
    for (i, (input, rows)) in app.prompt.inputs.iter().zip(shares).enumerate() {
        let is_focused = app.screen.focus == Pane::Prompt && i == app.prompt.focused;
        if !single && y < room.bottom() {
            let style = theme.style(if is_focused { StyleRole::Heading } else { StyleRole::Dim });
            let label = Line::from(vec![
                Span::styled(input.field.name.clone(), style),
                Span::styled(kind_note(&input.field.field_type), theme.style(StyleRole::Dim)),
            ]);
            f.buffer_mut().set_line(room.x, y, &label, room.width);
            y += 1;
        }
        let rows = rows.min(room.bottom().saturating_sub(y));
        let place = Rect { y, height: rows, ..room };
        if place.is_empty() {
            continue;
        }
        f.render_widget(&input.area, place);
        if input.is_sent {
            f.buffer_mut().set_style(place, theme.style(StyleRole::Dim));
        }
        if is_focused && app.overlay.is_none() {
            f.set_cursor_position(cursor(&input.area, place));
        }
        y += rows;
    }
    let is_first = app.runs.shown.is_none() && !app.busy();
    if app.screen.layout.kind == LayoutKind::Narrow && is_first && single {
        // The answer's tab, which has this text elsewhere, is hidden.
        let rows = super::answer::welcome(app, usize::from(room.width));
        let from = room.bottom().saturating_sub(rows.len() as u16).max(room.y + 2);
        draw_rows(f, from_row(room, from), &rows);
    }
}

fn kind_note(kind: &FieldType) -> String {
    match kind {
        FieldType::Str => String::new(),
        other => format!("  {other}"),
    }
}

/// Divides `room` rows among the editors. The focused editor comes first and gets the rest.
fn shares(prompt: &PromptEditor, room: u16, cells: u16) -> Vec<u16> {
    let labels = if prompt.inputs.len() > 1 { prompt.inputs.len() as u16 } else { 0 };
    let mut left = room.saturating_sub(labels);
    let mut shares = vec![0; prompt.inputs.len()];
    let focused = prompt.focused.min(prompt.inputs.len() - 1);
    let order = std::iter::once(focused).chain((0..prompt.inputs.len()).filter(|i| *i != focused));
    let mut others = prompt.inputs.len() as u16 - 1;
    for i in order {
        let wanted = u16::try_from(prompt.inputs[i].rows(usize::from(cells))).unwrap_or(u16::MAX);
        let spare = left.saturating_sub(others);
        shares[i] = wanted.clamp(1, spare.max(1)).min(left);
        left -= shares[i];
        others = others.saturating_sub(1);
    }
    shares[focused] += left;
    shares
}
