//! The pane of the signatures: the library, and the line in which a signature is typed.

use super::chrome::{cursor, frame, hidden, window};
use crate::dspy::{FieldType, LibraryEntry, SyntaxError};
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::wrap::{TextRow, clip, plain, width};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tui_textarea::TextArea;

pub(super) fn draw(app: &App, f: &mut Frame<'_>) {
    let area = app.screen.layout.signatures;
    if area.is_empty() {
        return;
    }
    f.render_widget(ratatui::widgets::Clear, area);
    let theme = app.theme();
    let room = app.text_area(Pane::Signatures);
    let below = match &app.signatures.editor {
        Some(editor) => draw_editor(app, editor, room, f),
        None => room,
    };
    let lines = app.signatures.entries.len() + 1;
    let window = window(app.signatures.selected, lines, below.height);
    frame(app, f, Pane::Signatures, "signatures", &hidden(window.start, lines - window.end));
    for (index, y) in window.zip(below.y..below.bottom()) {
        let (mark, name, about) = match index.checked_sub(1).and_then(|i| app.signatures.entries.get(i)) {
            None => ("+", "type your own".to_owned(), String::new()),
            Some(entry) => {
                let current = entry.signature == app.next.signature;
                (if current { "●" } else { " " }, label(entry), entry.description.clone())
            }
        };
        let name = clip(&format!("{mark} {name}"), usize::from(below.width));
        let about = clip(&format!("  {about}"), usize::from(below.width).saturating_sub(width(&name)));
        let line = Line::from(vec![
            Span::styled(name, theme.style(if mark == "●" { StyleRole::Accent } else { StyleRole::Text })),
            Span::styled(about, theme.style(StyleRole::Dim)),
        ]);
        f.buffer_mut().set_line(below.x, y, &line, below.width);
        if index == app.signatures.selected && app.screen.focus == Pane::Signatures && !app.signatures.typing() {
            f.buffer_mut().set_style(Rect { y, height: 1, ..below }, theme.style(StyleRole::Selected));
        }
    }
    details(app, below, lines, f);
}

/// Draws the selected signature in inline form and its task below the list, if they fit.
fn details(app: &App, below: Rect, lines: usize, f: &mut Frame<'_>) {
    let theme = app.theme();
    let top = below.y.saturating_add(u16::try_from(lines).unwrap_or(u16::MAX)).saturating_add(1);
    let signature = app.signatures.selected_entry().map_or(&app.next.signature, |entry| &entry.signature);
    let cells = usize::from(below.width);
    let mut rows = plain(&signature.inline(), theme.style(StyleRole::Accent), cells);
    for outline in signature.classes().into_iter().filter_map(FieldType::outline) {
        rows.extend(plain(&outline, theme.style(StyleRole::Text), cells));
    }
    rows.push(TextRow::default());
    rows.extend(plain(&signature.task(), theme.style(StyleRole::Dim), cells));
    if app.signatures.typing() || usize::from(below.bottom().saturating_sub(top)) < rows.len() {
        return;
    }
    for (row, y) in rows.iter().zip(top..below.bottom()) {
        f.buffer_mut().set_line(below.x, y, row, below.width);
    }
}

/// Draws the editor with the error below it. Returns the area below both.
fn draw_editor(app: &App, editor: &TextArea<'static>, room: Rect, f: &mut Frame<'_>) -> Rect {
    let theme = app.theme();
    let cells = room.width.max(1);
    let source = app.signatures.source();
    let rows = (width(&source) as u16 / cells + 1).min(room.height);
    let place = Rect { height: rows, ..room };
    f.render_widget(editor, place);
    if app.screen.focus == Pane::Signatures && app.overlay.is_none() {
        f.set_cursor_position(cursor(editor, place));
    }
    let result = match app.signatures.read() {
        _ if source.trim().is_empty() => {
            plain("inputs -> outputs, with a type where it is not str", theme.style(StyleRole::Dim), usize::from(cells))
        }
        Ok(signature) => {
            let count = format!("✓ {} in, {} out", signature.inputs.len(), signature.outputs.len());
            plain(&count, theme.style(StyleRole::Good), usize::from(cells))
        }
        Err(error) => caret(&error, &source, usize::from(cells), theme),
    };
    let mut y = place.bottom();
    for row in result.iter().take(usize::from(room.bottom().saturating_sub(y))) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
        y += 1;
    }
    y = (y + 1).min(room.bottom());
    Rect { y, height: room.bottom() - y, ..room }
}

/// The error: the source line, a mark below the place, and the message.
pub(super) fn caret(error: &SyntaxError, source: &str, cells: usize, theme: Theme) -> Vec<TextRow> {
    let shown = error.annotate(source);
    let mut lines = shown.splitn(3, '\n');
    let (line, mark, message) =
        (lines.next().unwrap_or_default(), lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    // A line that is too long is cut at its start, so that the mark stays below its place.
    let end = width(mark).max(1);
    let skip = end.saturating_sub(cells);
    let from = |text: &str| {
        let mut passed = 0;
        let shown = text.chars().skip_while(|c| {
            passed += width(c.encode_utf8(&mut [0; 4]));
            passed <= skip
        });
        shown.collect::<String>()
    };
    let mut rows = vec![
        TextRow::styled(clip(&from(line), cells), theme.style(StyleRole::Dim)),
        TextRow::styled(clip(&from(mark), cells), theme.style(StyleRole::Bad)),
    ];
    rows.extend(plain(message, theme.style(StyleRole::Bad), cells));
    rows
}

fn label(entry: &LibraryEntry) -> String {
    if entry.signature.name.is_empty() { entry.signature.inline() } else { entry.signature.name.clone() }
}
