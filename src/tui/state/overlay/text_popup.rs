//! Text to read in an overlay: rows that were set once, and a place in them.

use crate::openrouter::BaseUrl;
use crate::openrouter::account::{Generation, KeyInfo};
use crate::openrouter::headers::{Headers, contrast, lint};
use crate::transcript::Attempt;
use crate::tui::keymap::{Keymap, TABLE};
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::wrap::{RowPrefix, TextRow, width, wrap};
use ratatui::text::Span;

/// Cells of a popup.
pub const WIDTH: u16 = 100;

/// Rows and the first one shown.
#[derive(Clone, Debug, Default)]
pub struct TextPopup {
    /// All rows.
    pub rows: Vec<TextRow>,
    /// The first one shown.
    pub top: usize,
}

impl TextPopup {
    /// Moves by rows, within the text.
    pub fn move_by(&mut self, rows: isize, height: usize) {
        self.top = self.top.saturating_add_signed(rows).min(self.rows.len().saturating_sub(height));
    }
}

/// Cells inside a popup on a screen that wide.
pub fn cells(screen: u16) -> usize {
    usize::from(screen.min(WIDTH).saturating_sub(4).max(1))
}

/// All keys, out of the table.
pub fn help(keymap: &Keymap, screen: u16, theme: Theme) -> TextPopup {
    let mut rows = Vec::new();
    let mut place = "";
    for row in TABLE {
        if row.context.place() != place {
            place = row.context.place();
            if !rows.is_empty() {
                rows.push(TextRow::default());
            }
            rows.push(TextRow::styled(place, theme.style(StyleRole::Heading)));
        }
        let keys: Vec<_> = keymap.keys(row).iter().map(ToString::to_string).collect();
        let keys = if keys.is_empty() { "palette".to_owned() } else { keys.join(" ") };
        let pad = " ".repeat(28_usize.saturating_sub(width(&keys)).max(1));
        let lead = RowPrefix {
            first: vec![Span::styled(keys + &pad, theme.style(StyleRole::Key))],
            rest: vec![Span::raw(" ".repeat(28))],
        };
        rows.extend(wrap(&[(row.help, theme.style(StyleRole::Text))], cells(screen), &lead));
    }
    rows.push(TextRow::default());
    let editing = "In the prompt the Emacs keys edit: Ctrl+A E B F K U W Y, Alt+B F D.";
    rows.extend(wrap(&[(editing, theme.style(StyleRole::Dim))], cells(screen), &RowPrefix::default()));
    TextPopup { rows, top: 0 }
}

/// What the headers' popup is about.
#[derive(Clone, Copy, Debug)]
pub struct HeaderFacts<'a> {
    /// The headers that every attempt sends.
    pub headers: &'a Headers,
    /// The server that they are sent to: some headers are for some servers only.
    pub server: &'a BaseUrl,
    /// What the server said about the key, if it was asked.
    pub key_info: Option<&'a Result<KeyInfo, String>>,
    /// What the server said about the generation of this id, if it was asked.
    pub received: Option<&'a (String, Result<Generation, String>)>,
    /// The attempt on the screen.
    pub attempt: Option<&'a Attempt>,
}

/// Headers with who chose them, what to know about them, and what others send instead.
pub fn headers(sent: &HeaderFacts<'_>, screen: u16, theme: Theme) -> TextPopup {
    let mut rows = Vec::new();
    let mut say = |pieces: &[(&str, StyleRole)], indent: &str| {
        let pieces: Vec<_> = pieces.iter().map(|(text, role)| (*text, theme.style(*role))).collect();
        let lead =
            RowPrefix { first: vec![Span::raw(indent.to_owned())], rest: vec![Span::raw(format!("{indent}    "))] };
        rows.extend(wrap(&pieces, cells(screen), &lead));
    };
    say(&[("sent with every attempt, first or fallback", StyleRole::Heading)], "");
    match sent.headers.lines(sent.server) {
        Err(bad) => say(&[("✗ ", StyleRole::Bad), (&bad.to_string(), StyleRole::Bad)], "  "),
        Ok(lines) => lines.iter().for_each(|line| {
            let from = format!("   {}", line.from);
            let value = line.value.to_string();
            say(
                &[
                    (&line.name, StyleRole::Key),
                    (": ", StyleRole::Dim),
                    (&value, StyleRole::Text),
                    (&from, StyleRole::Dim),
                ],
                "  ",
            );
        }),
    }
    for lint in &lint(sent.headers, sent.server) {
        say(&[("! ", StyleRole::Warn), (&lint.line, StyleRole::Warn)], "  ");
    }
    say(&[("", StyleRole::Text)], "");
    say(&[("what the key may spend, according to the server", StyleRole::Heading)], "");
    match sent.key_info {
        None => say(&[("not received yet", StyleRole::Dim)], "  "),
        Some(Err(why)) => say(&[("! ", StyleRole::Warn), ("unknown: ", StyleRole::Warn), (why, StyleRole::Warn)], "  "),
        Some(Ok(info)) => info.lines().iter().for_each(|(name, value)| {
            say(&[(name, StyleRole::Key), (": ", StyleRole::Dim), (value, StyleRole::Text)], "  ");
        }),
    }
    for stack in contrast() {
        say(&[("", StyleRole::Text)], "");
        say(&[(&stack.name, StyleRole::Heading)], "");
        for header in &stack.headers {
            say(&[(&header.name, StyleRole::Dim), (": ", StyleRole::Dim), (&header.value, StyleRole::Dim)], "  ");
        }
        say(&[(stack.note, StyleRole::Dim)], "  ");
    }
    if let Some(request) = sent.attempt.and_then(|a| a.request.as_ref()) {
        say(&[("", StyleRole::Text)], "");
        say(&[("sent by the attempt on the screen, in order", StyleRole::Heading)], "");
        for header in &request.headers {
            say(&[(header.name(), StyleRole::Key), (": ", StyleRole::Dim), (header.value(), StyleRole::Text)], "  ");
        }
    }
    if let Some(id) = sent.attempt.and_then(|a| a.head.as_ref()?.generation.as_ref()) {
        say(&[("", StyleRole::Text)], "");
        say(&[("what the server received, by its own account", StyleRole::Heading)], "");
        match sent.received.filter(|(of, _)| of == id) {
            None => say(&[("not received yet", StyleRole::Dim)], "  "),
            Some((_, Err(why))) => {
                say(&[("! ", StyleRole::Warn), ("unknown: ", StyleRole::Warn), (why, StyleRole::Warn)], "  ");
            }
            Some((_, Ok(said))) => {
                let all = [
                    ("HTTP-Referer", &said.referer),
                    ("User-Agent", &said.user_agent),
                    ("counted for app", &said.app_id),
                ];
                for (name, value) in all {
                    let value = value.as_deref().unwrap_or("unknown");
                    say(&[(name, StyleRole::Key), (": ", StyleRole::Dim), (value, StyleRole::Text)], "  ");
                }
            }
        }
    }
    TextPopup { rows, top: 0 }
}
