//! The question whether to keep what was set on the screen: the file, and the lines that change.

use crate::tui::state::app::App;
use crate::tui::state::overlay::save_settings::SaveDialog;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{hidden, open};
use crate::tui::wrap::{RowPrefix, TextRow, plain, wrap};
use ratatui::Frame;
use ratatui::text::Span;

/// Most cells of its width.
const WIDTH: u16 = 90;

pub(super) fn draw(app: &App, dialog: &SaveDialog, f: &mut Frame<'_>) {
    let theme = app.theme();
    let plan = dialog.plan();
    let cells = usize::from(app.screen.layout.body.width.min(WIDTH).saturating_sub(4).max(1));
    let say = |text: &str, role| plain(text, theme.style(role), cells);
    let new = if plan.before.is_none() { ", a new file" } else { "" };
    let mut head = say(&format!("in {} ({}{new}):", plan.path.display(), plan.owner), StyleRole::Heading);
    let mut lines: Vec<TextRow> = Vec::new();
    for (mark, line) in dialog.lines().iter().skip(dialog.top) {
        let role = match mark {
            '+' => StyleRole::Good,
            '-' => StyleRole::Bad,
            _ => StyleRole::Dim,
        };
        let prefix = RowPrefix {
            first: vec![Span::styled(format!("{mark} "), theme.style(role))],
            rest: vec![Span::raw("    ")],
        };
        lines.extend(wrap(&[(line.as_str(), theme.style(role))], cells, &prefix));
    }
    if let Err(why) = &plan.after {
        head.extend(say(&format!("✗ it cannot be changed: {why}"), StyleRole::Bad));
    } else if dialog.request().is_none() {
        head.extend(say("it says so already.", StyleRole::Dim));
    }
    let mut foot: Vec<TextRow> =
        plan.warnings.iter().flat_map(|line| say(&format!("! {line}"), StyleRole::Warn)).collect();
    foot.extend(say("Enter writes it, Tab chooses another file, Esc changes nothing.", StyleRole::Dim));
    let wanted = u16::try_from(head.len() + lines.len() + foot.len() + 4).unwrap_or(u16::MAX);
    let height = wanted.min(app.screen.layout.body.height);
    let room_left = usize::from(height).saturating_sub(head.len() + foot.len() + 4);
    let note = hidden(dialog.top, lines.len().saturating_sub(room_left));
    let room = open(app, f, "save what was set on the screen?", &note, WIDTH, height);
    let gap = || std::iter::once(TextRow::default());
    let rows = head.into_iter().chain(gap()).chain(lines.into_iter().take(room_left)).chain(gap()).chain(foot);
    for (row, y) in rows.zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, &row, room.width);
    }
}
