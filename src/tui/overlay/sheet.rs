//! Text to read in an overlay: rows that were set once, and a place in them.

use super::open;
use crate::openrouter::headers::{contrast, lint};
use crate::transcript::Transcript;
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

/// Headers with who chose them, what to know about them, and what others send instead.
pub fn headers(app: &App) -> Sheet {
    let theme = app.colours();
    let mut rows = Vec::new();
    let mut say = |pieces: &[(&str, Role)], indent: &str| {
        let pieces: Vec<_> = pieces.iter().map(|(text, role)| (*text, theme.style(*role))).collect();
        let lead = Lead { first: vec![Span::raw(indent.to_owned())], rest: vec![Span::raw(format!("{indent}    "))] };
        rows.extend(wrap(&pieces, cells(app.size.0), &lead));
    };
    say(&[("chosen for every attempt, first or fallback", Role::Heading)], "");
    match app.headers.lines(&app.server) {
        Err(bad) => say(&[("✗ ", Role::Bad), (&bad.to_string(), Role::Bad)], "  "),
        Ok(lines) => lines.iter().for_each(|line| {
            let from = format!("   {}", line.from);
            let value = if line.secret { "••••" } else { &line.value };
            say(&[(&line.name, Role::Key), (": ", Role::Dim), (value, Role::Text), (&from, Role::Dim)], "  ");
        }),
    }
    for lint in &lint(&app.headers, &app.server) {
        say(&[("! ", Role::Warn), (&lint.line, Role::Warn)], "  ");
    }
    say(&[("", Role::Text)], "");
    say(&[("what the key may spend, as the server says", Role::Heading)], "");
    match &app.key_info {
        None => say(&[("not told yet", Role::Dim)], "  "),
        Some(Err(why)) => say(&[("! ", Role::Warn), ("unknown: ", Role::Warn), (why, Role::Warn)], "  "),
        Some(Ok(info)) => info
            .lines()
            .iter()
            .for_each(|(name, value)| say(&[(name, Role::Key), (": ", Role::Dim), (value, Role::Text)], "  ")),
    }
    for stack in contrast() {
        say(&[("", Role::Text)], "");
        say(&[(stack.name, Role::Heading)], "");
        for header in &stack.headers {
            say(&[(&header.name, Role::Dim), (": ", Role::Dim), (&header.value, Role::Dim)], "  ");
        }
        say(&[(stack.note, Role::Dim)], "  ");
    }
    let attempt = app.transcript().and_then(Transcript::shown);
    if let Some(request) = attempt.and_then(|a| a.request.as_ref()) {
        say(&[("", Role::Text)], "");
        say(&[("sent by the attempt on the screen, in order", Role::Heading)], "");
        for header in &request.headers {
            say(&[(&header.name, Role::Key), (": ", Role::Dim), (&header.value, Role::Text)], "  ");
        }
    }
    if let Some(id) = attempt.and_then(|a| a.head.as_ref()?.generation.as_ref()) {
        say(&[("", Role::Text)], "");
        say(&[("what the server says that it received", Role::Heading)], "");
        match app.received.as_ref().filter(|(of, _)| of == id) {
            None => say(&[("not told yet", Role::Dim)], "  "),
            Some((_, Err(why))) => say(&[("! ", Role::Warn), ("unknown: ", Role::Warn), (why, Role::Warn)], "  "),
            Some((_, Ok(said))) => {
                let all = [
                    ("HTTP-Referer", &said.referer),
                    ("User-Agent", &said.user_agent),
                    ("counted for app", &said.app_id),
                ];
                for (name, value) in all {
                    let value = value.as_deref().unwrap_or("unknown");
                    say(&[(name, Role::Key), (": ", Role::Dim), (value, Role::Text)], "  ");
                }
            }
        }
    }
    Sheet { rows, top: 0 }
}
