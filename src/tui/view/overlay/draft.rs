//! A draft: the editor, with errors or a summary of the text below it.

use crate::dspy::{FieldType, LibraryEntry};
use crate::openrouter::headers::lint;
use crate::openrouter::settings::RequestSettings;
use crate::text::counted;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::DraftAction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::draft::{Draft, ParsedDraft, Subject};
use crate::tui::state::overlay::text_popup::WIDTH;
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::view::chrome::{cursor, draw_rows, from_row, open};
use crate::tui::wrap::{RowPrefix, TextRow, clip, plain, width, wrap};
use ratatui::Frame;
use ratatui::layout::Rect;

/// In less than these cells, a signature's fields have no room beside its text.
const WIDEST_WITHOUT_FIELDS: u16 = 90;

/// Draws the editor, and below it the errors or the summary.
pub(super) fn draw(app: &App, draft: &Draft, f: &mut Frame<'_>) {
    let (title, note) = match &draft.subject {
        Subject::Signature => {
            ("signature", format!("{} saves it in your library", app.keymap.key(Action::Draft(DraftAction::Save))))
        }
        Subject::Request => ("settings of every request", "until you leave".to_owned()),
        Subject::Headers(_) => ("headers of every attempt", "until you leave".to_owned()),
    };
    let is_signature = matches!(draft.subject, Subject::Signature);
    let body = app.screen.layout.body;
    let room = open(app, f, title, &note, if is_signature { body.width } else { WIDTH }, body.height);
    let summary = summary(app, draft, usize::from(room.width));
    let below = u16::try_from(summary.len()).unwrap_or(u16::MAX).min(room.height / 2);
    let mut place = Rect { height: room.height - below, ..room };
    if let Some(entry) = draft.last_valid.as_ref().filter(|_| is_signature && room.width >= WIDEST_WITHOUT_FIELDS) {
        let beside = room.width * 2 / 5;
        place.width -= beside + 2;
        fields(app, entry, Rect { x: place.right() + 2, width: beside, ..place }, f);
    }
    f.render_widget(&draft.area, place);
    f.set_cursor_position(cursor(&draft.area, place));
    draw_rows(f, from_row(room, place.bottom()), &summary);
}

/// Draws the fields of a signature as they are understood.
fn fields(app: &App, entry: &LibraryEntry, place: Rect, f: &mut Frame<'_>) {
    let theme = app.theme();
    let cells = usize::from(place.width);
    let mut rows: Vec<TextRow> = Vec::new();
    let mut say = |parts: &[(&str, StyleRole)], indent: &'static str| {
        let parts: Vec<_> = parts.iter().map(|(text, role)| (*text, theme.style(*role))).collect();
        rows.extend(wrap(&parts, cells, &RowPrefix::all(indent, theme.style(StyleRole::Text))));
    };
    let signature = &entry.signature;
    say(
        &[(&signature.name, StyleRole::Heading), ("  ", StyleRole::Dim), (&entry.module.to_string(), StyleRole::Dim)],
        "",
    );
    say(&[(&signature.task(), StyleRole::Text)], "");
    for (title, fields) in [("inputs", &signature.inputs), ("outputs", &signature.outputs)] {
        say(&[("", StyleRole::Text)], "");
        say(&[(title, StyleRole::Heading)], "");
        for field in fields {
            let kind = field.field_type.to_string();
            say(&[(&field.name, StyleRole::Key), ("  ", StyleRole::Dim), (&kind, StyleRole::Accent)], "");
            for (label, text) in
                [("", &field.description), ("must be ", &field.constraints), ("for example ", &field.placeholder)]
            {
                if let Some(text) = text {
                    let text = crate::text::clean_line(text, 200);
                    say(&[(label, StyleRole::Dim), (&text, StyleRole::Dim)], "  ");
                }
            }
        }
    }
    for outline in signature.classes().into_iter().filter_map(FieldType::outline) {
        say(&[("", StyleRole::Text)], "");
        say(&[(&outline, StyleRole::Text)], "");
    }
    for (row, y) in rows.iter().zip(place.y..place.bottom()) {
        f.buffer_mut().set_line(place.x, y, row, place.width);
    }
}

fn summary(app: &App, draft: &Draft, cells: usize) -> Vec<TextRow> {
    let theme = app.theme();
    let say = |text: &str, role| text.lines().flat_map(|line| plain(line, theme.style(role), cells)).collect();
    let lines: Vec<Vec<TextRow>> = match draft.parse() {
        Err(errors) => errors.iter().map(|error| bad(error, theme, cells)).collect(),
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

/// An error. Of a signature's inline form it has the text and a caret below the place: both keep their columns, and what
/// is too long is cut at its start.
fn bad(error: &str, theme: Theme, cells: usize) -> Vec<TextRow> {
    let style = theme.style(StyleRole::Bad);
    let lines: Vec<&str> = error.lines().collect();
    let Some(at) =
        lines.iter().position(|line| line.contains('^') && line.trim_matches([' ', '^', '~', '-']).is_empty())
    else {
        return lines
            .iter()
            .enumerate()
            .flat_map(|(i, line)| plain(&format!("{}{line}", if i == 0 { "✗ " } else { "  " }), style, cells))
            .collect();
    };
    let end = width(lines[at].trim_end()) + 1;
    let skip = end.saturating_sub(cells);
    let mut rows = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        if i == at || i + 1 == at {
            let shown: String = line.chars().skip(skip).collect();
            rows.push(TextRow::styled(clip(&shown, cells), style));
        } else {
            rows.extend(plain(&format!("{}{line}", if i == 0 { "✗ " } else { "" }), style, cells));
        }
    }
    rows
}
