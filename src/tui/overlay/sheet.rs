//! Text to read in an overlay: rows that were set once, and a place in them.

use super::open;
use crate::tui::app::App;
use crate::tui::keymap::{Keymap, TABLE};
use crate::tui::theme::{Role, Theme};
use crate::tui::wrap::{Lead, Row, width, wrap};
use ratatui::Frame;
use ratatui::text::Span;

/// Cells of a sheet.
pub const WIDTH: u16 = 100;

/// Rows and the first one shown.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// All rows.
    pub rows: Vec<Row>,
    /// The first one shown.
    pub top: usize,
}

impl Sheet {
    /// Moves by rows, within the text.
    pub fn by(&mut self, rows: isize, height: usize) {
        self.top = self.top.saturating_add_signed(rows).min(self.rows.len().saturating_sub(height));
    }

    /// Draws the rows in a place of their own.
    pub fn draw(&self, app: &App, title: &str, f: &mut Frame<'_>) {
        let wanted = u16::try_from(self.rows.len()).unwrap_or(u16::MAX).saturating_add(2);
        let height = wanted.min(app.layout.body.height);
        let shown = usize::from(height.saturating_sub(2));
        let note = match self.rows.len().saturating_sub(self.top + shown) {
            0 => String::new(),
            below => format!("▼ {below} more"),
        };
        let room = open(app, f, title, &note, WIDTH, height);
        let top = self.top.min(self.rows.len().saturating_sub(shown));
        for (row, y) in self.rows[top..].iter().zip(room.y..room.bottom()) {
            f.buffer_mut().set_line(room.x, y, row, room.width);
        }
    }
}

/// Cells inside a sheet on a screen that wide.
pub fn cells(screen: u16) -> usize {
    usize::from(screen.min(WIDTH).saturating_sub(4).max(1))
}

/// All keys, out of the table.
pub fn help(keymap: &Keymap, screen: u16, theme: Theme) -> Sheet {
    let mut rows = Vec::new();
    let mut place = "";
    for row in TABLE {
        if row.context.place() != place {
            place = row.context.place();
            if !rows.is_empty() {
                rows.push(Row::default());
            }
            rows.push(Row::styled(place, theme.style(Role::Heading)));
        }
        let keys: Vec<_> = keymap.keys(row).iter().map(ToString::to_string).collect();
        let keys = if keys.is_empty() { "palette".to_owned() } else { keys.join(" ") };
        let pad = " ".repeat(28_usize.saturating_sub(width(&keys)).max(1));
        let lead = Lead {
            first: vec![Span::styled(keys + &pad, theme.style(Role::Key))],
            rest: vec![Span::raw(" ".repeat(28))],
        };
        rows.extend(wrap(&[(row.help, theme.style(Role::Text))], cells(screen), &lead));
    }
    rows.push(Row::default());
    let editing = "In the prompt the Emacs keys edit: Ctrl+A E B F K U W Y, Alt+B F D.";
    rows.extend(wrap(&[(editing, theme.style(Role::Dim))], cells(screen), &Lead::default()));
    Sheet { rows, top: 0 }
}

/// Headers with where they come from.
pub fn headers(app: &App) -> Sheet {
    let theme = app.colours();
    let mut rows = Vec::new();
    if app.headers.is_empty() {
        rows.push(Row::styled("No headers are known before the first run.", theme.style(Role::Dim)));
    }
    for item in &app.headers {
        let lead = Lead { first: Vec::new(), rest: vec![Span::raw("    ")] };
        let name = format!("{}: ", item.header.name);
        let source = format!("   {}", item.source);
        let pieces = [
            (name.as_str(), theme.style(Role::Heading)),
            (item.header.value.as_str(), theme.style(Role::Text)),
            (source.as_str(), theme.style(Role::Dim)),
        ];
        rows.extend(wrap(&pieces, cells(app.size.0), &lead));
        if !item.note.is_empty() {
            rows.extend(wrap(
                &[(&item.note, theme.style(Role::Warn))],
                cells(app.size.0),
                &Lead::all("    ", theme.style(Role::Warn)),
            ));
        }
    }
    Sheet { rows, top: 0 }
}
