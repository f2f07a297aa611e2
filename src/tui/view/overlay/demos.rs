//! The list of demos.

use crate::dspy::Demo;
use crate::text::value_text;
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{footer, list, open};
use crate::tui::wrap::clip;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, selected: usize, f: &mut Frame<'_>) {
    let theme = app.theme();
    let height = (app.next.demos.len() as u16).saturating_add(4).clamp(6, app.screen.layout.body.height.max(6));
    let room = open(app, f, "demos", "sent with the next run, from the top", 84, height);
    if app.next.demos.is_empty() {
        let text = clip("None yet. Alt+P makes the answer on the screen one.", room.width.into());
        f.buffer_mut().set_line(room.x, room.y, &Line::styled(text, theme.style(StyleRole::Warn)), room.width);
    }
    list(app, f, Rect { height: room.height.saturating_sub(1), ..room }, selected, app.next.demos.len(), |i| {
        let number = format!("{}. ", i + 1);
        let text = clip(&summary(app, &app.next.demos[i]), usize::from(room.width).saturating_sub(number.len()));
        Line::from(vec![
            Span::styled(number, theme.style(StyleRole::Dim)),
            Span::styled(text, theme.style(StyleRole::Text)),
        ])
    });
    footer(app, f, room, 1, "Saved with the signature: Alt+S.");
}

/// Inputs, an arrow, and the outputs that the signature asks for.
fn summary(app: &App, demo: &Demo) -> String {
    let join = |names: &[crate::dspy::Field]| {
        let values = names.iter().filter_map(|field| demo.get(&field.name));
        values.map(|value| crate::text::clean_line(&value_text(value), 60)).collect::<Vec<_>>().join(" · ")
    };
    format!("{} → {}", join(&app.next.signature.inputs), join(&app.next.signature.outputs))
}
