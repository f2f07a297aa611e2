//! A draft: the editor, with errors or a summary of the text below it.

use crate::openrouter::headers::lint;
use crate::openrouter::settings::RequestSettings;
use crate::transcript::counted;
use crate::tui::state::app::App;
use crate::tui::state::overlay::draft::{Draft, ParsedDraft, Subject};
use crate::tui::state::overlay::text_popup::WIDTH;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{cursor, open};
use crate::tui::wrap::{TextRow, plain};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Draws the editor, and below it the errors or the summary.
pub(super) fn draw(app: &App, draft: &Draft, f: &mut Frame<'_>) {
    let (title, note) = match &draft.subject {
        Subject::Signature => ("signature", "saved in your library"),
        Subject::Request => ("settings of every request", "until you leave"),
        Subject::Headers(_) => ("headers of every attempt", "until you leave"),
    };
    let room = open(app, f, title, note, WIDTH, app.screen.layout.body.height);
    let summary = summary(app, draft, usize::from(room.width));
    let below = u16::try_from(summary.len()).unwrap_or(u16::MAX).min(room.height / 2);
    let place = Rect { height: room.height - below, ..room };
    f.render_widget(&draft.area, place);
    f.set_cursor_position(cursor(&draft.area, place));
    for (row, y) in summary.iter().zip(place.bottom()..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
    }
}

fn summary(app: &App, draft: &Draft, cells: usize) -> Vec<TextRow> {
    let theme = app.theme();
    let say = |text: &str, role| text.lines().flat_map(|line| plain(line, theme.style(role), cells)).collect();
    let lines: Vec<Vec<TextRow>> = match draft.parse() {
        Err(errors) => errors.iter().map(|line| say(&format!("✗ {line}"), StyleRole::Bad)).collect(),
        Ok(ParsedDraft::Signature(entry)) => {
            let demos = counted(entry.demos.len(), "demo");
            let text = format!("✓ {} · {} · {demos}", entry.signature.inline(), entry.module);
            vec![say(&text, StyleRole::Good)]
        }
        Ok(ParsedDraft::Request(settings)) if *settings == RequestSettings::default() => {
            vec![say("✓ no settings: the provider decides", StyleRole::Good)]
        }
        Ok(ParsedDraft::Request(_)) => vec![say("✓ can be sent", StyleRole::Good)],
        Ok(ParsedDraft::Headers(headers)) => {
            let count = headers.lines(&app.server.base).map(|lines| lines.len()).unwrap_or_default();
            let lints = lint(&headers, &app.server.base);
            let lints = lints.iter().map(|lint| say(&format!("! {}", lint.line), StyleRole::Warn));
            std::iter::once(say(&format!("✓ {count} headers to {}", app.server.base.host()), StyleRole::Good))
                .chain(lints)
                .collect()
        }
    };
    lines.concat()
}
