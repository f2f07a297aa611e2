//! A finder: the query and the lines that match it.

use crate::config::chain_name_problem;
use crate::tui::state::app::App;
use crate::tui::state::overlay::finder::{Finder, FinderKind};
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{footer, mark, open, window};
use crate::tui::wrap::{clip, width};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, finder: &Finder, f: &mut Frame<'_>) {
    let theme = app.theme();
    let setting;
    let title = match finder.kind {
        FinderKind::Settings => "settings of every run",
        FinderKind::Setting(key) => {
            setting = format!("{} · {}", key.key, key.doc);
            &setting
        }
        FinderKind::Chains => "use a chain",
        FinderKind::ChainNames => "save the chain under a name",
        FinderKind::Keys => "keys",
        FinderKind::Actions => "palette",
        FinderKind::Models => "add a model",
        FinderKind::CompareSet => "add a model, or a chain: a/b, c/d",
        FinderKind::Inputs => "earlier inputs",
        FinderKind::Runs => "earlier runs",
        FinderKind::Text => "find in the answer",
        FinderKind::Cases => "open a file of cases",
    };
    let height = match finder.kind {
        FinderKind::Text => 3,
        FinderKind::Cases => 4,
        FinderKind::Keys => app.screen.layout.body.height,
        FinderKind::Settings => app.screen.layout.body.height.min(26),
        FinderKind::Setting(_) | FinderKind::Chains | FinderKind::ChainNames => {
            (finder.found().len() as u16 + 4).clamp(5, app.screen.layout.body.height.max(5))
        }
        _ => 18.min(app.screen.layout.body.height),
    };
    let from = if finder.kind == FinderKind::Models { format!(" · {}", app.models.source) } else { String::new() };
    let room = open(app, f, title, &format!("{}{from}", finder.found().len()), 84, height);
    let typed = clip(&finder.query, usize::from(room.width.saturating_sub(3)));
    let x = room.x + 2 + width(&typed) as u16;
    let line = Line::from(vec![Span::styled("› ", theme.style(StyleRole::Key)), Span::raw(typed)]);
    f.buffer_mut().set_line(room.x, room.y, &line, room.width);
    f.set_cursor_position(Position { x, y: room.y });
    let below = Rect { y: room.y + 1, height: room.height.saturating_sub(1), ..room };
    let below = if finder.kind == FinderKind::Keys && below.height > 4 {
        footer(app, f, room, 1, "The prompt also has the Emacs keys: Ctrl+A E B F K U W Y, Alt+B F D.");
        Rect { height: below.height - 1, ..below }
    } else {
        below
    };
    let below = match hint(app, finder) {
        Some((text, role)) => {
            let text = clip(&text, below.width.into());
            f.buffer_mut().set_line(below.x, below.y, &Line::styled(text, theme.style(role)), below.width);
            Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below }
        }
        None => below,
    };
    let window = window(finder.selected, finder.found().len(), below.height);
    let shown = finder.found().enumerate().skip(window.start).take(window.len());
    let all = finder.found().len();
    for ((i, item), y) in shown.zip(below.y..below.bottom()) {
        let row = Rect { y, height: 1, ..below };
        let left = mark(app, f, row, i, &window, all);
        let note = clip(&item.note, usize::from(left.width / 2));
        let label = clip(&item.label, usize::from(left.width).saturating_sub(width(&note) + 1));
        f.buffer_mut().set_line(below.x, y, &Line::styled(label, theme.style(StyleRole::Text)), below.width);
        let x = left.right().saturating_sub(width(&note) as u16);
        f.buffer_mut().set_line(x, y, &Line::styled(note, theme.style(StyleRole::Dim)), below.width);
        if i == finder.selected {
            f.buffer_mut().set_style(row, theme.style(StyleRole::Selected));
        }
    }
}

/// What choosing will do with the typed text, where that is not in the list.
fn hint(app: &App, finder: &Finder) -> Option<(String, StyleRole)> {
    let is_empty = finder.found().len() == 0;
    match finder.kind {
        FinderKind::Models | FinderKind::CompareSet if is_empty => {
            Some(("Not in the catalogue: Enter adds it as typed.".to_owned(), StyleRole::Dim))
        }
        FinderKind::ChainNames if is_empty && !finder.query.trim().is_empty() => {
            Some(match chain_name_problem(finder.query.trim()) {
                Some(problem) => (format!("✗ {problem}"), StyleRole::Bad),
                None => ("Enter saves the chain under this name.".to_owned(), StyleRole::Dim),
            })
        }
        FinderKind::Cases => {
            Some(("A path: .jsonl, .csv or .toml. Empty: eval.cases of the configuration.".to_owned(), StyleRole::Dim))
        }
        FinderKind::Setting(key) => {
            let Some((_, typed)) = finder.typed_setting() else {
                return Some(("Type a value, or choose one.".to_owned(), StyleRole::Dim));
            };
            match app.next.with_setting(key, typed) {
                Ok(_) => Some((format!("✓ Enter sets {} to {typed}", key.short()), StyleRole::Good)),
                Err(why) if is_empty => Some((format!("✗ {why}"), StyleRole::Bad)),
                Err(_) => None,
            }
        }
        _ => None,
    }
}
