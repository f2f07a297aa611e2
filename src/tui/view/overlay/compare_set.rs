//! The list of models and chains to compare.

use crate::tui::state::app::App;
use crate::tui::state::overlay::compare::{MAX_COLUMNS, name};
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{footer, list, open};
use crate::tui::wrap::clip;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, selected: usize, f: &mut Frame<'_>) {
    let theme = app.theme();
    let all = app.compare_set.all(&app.next.chain);
    let height = (all.len() as u16).saturating_add(4).min(app.screen.layout.body.height);
    let chosen = app.compare_set.selected(&app.next.chain).len();
    let room =
        open(app, f, "models to compare", &format!("{chosen} selected, at most {MAX_COLUMNS}"), 84, height.max(6));
    list(app, f, Rect { height: room.height.saturating_sub(1), ..room }, selected, all.len(), |i| {
        let candidate = &all[i];
        let (mark, role) = if app.compare_set.is_selected(candidate, &app.next.chain) {
            ("[x] ", StyleRole::Accent)
        } else {
            ("[ ] ", StyleRole::Dim)
        };
        let kind = if candidate.len() > 1 { "  a chain" } else { "" };
        let room_left = usize::from(room.width).saturating_sub(14);
        Line::from(vec![
            Span::styled(mark, theme.style(role)),
            Span::styled(clip(&name(candidate), room_left), theme.style(StyleRole::Text)),
            Span::styled(kind, theme.style(StyleRole::Dim)),
        ])
    });
    footer(app, f, room, 1, "Space selects; a adds a model, or a chain: a/b, c/d.");
}
