//! A popup with text: rendered rows and a scroll position.

use crate::openrouter::BaseUrl;
use crate::openrouter::account::{Generation, KeyInfo};
use crate::openrouter::headers::{Headers, contrast, lint};
use crate::transcript::Attempt;
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::wrap::{RowPrefix, TextRow, wrap};
use ratatui::text::Span;

/// Most cells of a popup's width.
pub const WIDTH: u16 = 100;

/// Rendered rows and the first one that is shown.
#[derive(Clone, Debug, Default)]
pub struct TextPopup {
    /// All rows.
    pub rows: Vec<TextRow>,
    /// Index of the first row that is shown.
    pub top: usize,
}

impl TextPopup {
    /// Scrolls by rows, in a view of `height` rows.
    pub fn move_by(&mut self, rows: isize, height: usize) {
        self.top = self.top.saturating_add_signed(rows).min(self.rows.len().saturating_sub(height));
    }
}

/// The width of the text in a popup, in cells, on a screen of this width.
pub fn cells(screen_width: u16) -> usize {
    usize::from(screen_width.min(WIDTH).saturating_sub(4).max(1))
}

/// What the popup of the headers shows.
#[derive(Clone, Copy, Debug)]
pub struct HeaderFacts<'a> {
    /// The headers that every attempt sends.
    pub headers: &'a Headers,
    /// The server. Some headers are sent only to some servers.
    pub server: &'a BaseUrl,
    /// The server's reply about the key; `None` before it arrives.
    pub key_info: Option<&'a Result<KeyInfo, String>>,
    /// The id of the queried generation, with the server's reply; `None` before it arrives.
    pub received: Option<&'a (String, Result<Generation, String>)>,
    /// The shown attempt.
    pub attempt: Option<&'a Attempt>,
}

/// The popup of the headers: each with its origin, warnings, what the key may spend, what other clients send, and what the
/// shown attempt sent.
pub fn headers(facts: &HeaderFacts<'_>, screen_width: u16, theme: Theme) -> TextPopup {
    let mut rows = Vec::new();
    let mut say = |pieces: &[(&str, StyleRole)], indent: &str| {
        let pieces: Vec<_> = pieces.iter().map(|(text, role)| (*text, theme.style(*role))).collect();
        let prefix =
            RowPrefix { first: vec![Span::raw(indent.to_owned())], rest: vec![Span::raw(format!("{indent}    "))] };
        rows.extend(wrap(&pieces, cells(screen_width), &prefix));
    };
    say(&[("sent with every attempt, first or fallback", StyleRole::Heading)], "");
    match facts.headers.lines(facts.server) {
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
    for lint in &lint(facts.headers, facts.server) {
        say(&[("! ", StyleRole::Warn), (&lint.line, StyleRole::Warn)], "  ");
    }
    say(&[("", StyleRole::Text)], "");
    say(&[("what the key may spend, according to the server", StyleRole::Heading)], "");
    match facts.key_info {
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
    if let Some(request) = facts.attempt.and_then(|a| a.request.as_ref()) {
        say(&[("", StyleRole::Text)], "");
        say(&[("sent by the attempt on the screen, in order", StyleRole::Heading)], "");
        for header in &request.headers {
            say(&[(header.name(), StyleRole::Key), (": ", StyleRole::Dim), (header.value(), StyleRole::Text)], "  ");
        }
    }
    if let Some(id) = facts.attempt.and_then(|a| a.head.as_ref()?.generation.as_ref()) {
        say(&[("", StyleRole::Text)], "");
        say(&[("what the server says it received", StyleRole::Heading)], "");
        match facts.received.filter(|(queried, _)| queried == id) {
            None => say(&[("not received yet", StyleRole::Dim)], "  "),
            Some((_, Err(why))) => {
                say(&[("! ", StyleRole::Warn), ("unknown: ", StyleRole::Warn), (why, StyleRole::Warn)], "  ");
            }
            Some((_, Ok(generation))) => {
                let all = [
                    ("HTTP-Referer", &generation.referer),
                    ("User-Agent", &generation.user_agent),
                    ("attributed to app", &generation.app_id),
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
