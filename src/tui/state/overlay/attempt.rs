//! The details of one attempt: models, times, the rule that decided, the request, the response, and the request as a curl
//! command.

use super::text_popup::{TextPopup, cells};
use crate::failover::AttemptId;
use crate::openrouter::Request;
use crate::transcript::{Attempt, Transcript, seconds, usd};
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::wrap::{RowPrefix, TextRow, wrap};
use ratatui::text::Span;
use std::fmt::Write as _;
use std::time::Duration;

/// Most bytes of a body that are shown.
const MAX_BODY: usize = 32 * 1024;

/// The popup with an attempt's details. It is rendered again when more of the attempt has arrived.
#[derive(Clone, Debug)]
pub struct AttemptPopup {
    /// The attempt.
    pub id: AttemptId,
    /// The rendered rows.
    pub popup: TextPopup,
    /// What the rows were rendered from: pieces, comments, whether the attempt has ended, width of the screen.
    stamp: Option<(u64, u64, bool, u16)>,
}

impl AttemptPopup {
    /// The popup of an attempt. The next refresh renders its rows.
    pub fn new(id: AttemptId) -> Self {
        Self { id, popup: TextPopup::default(), stamp: None }
    }

    /// Renders the rows if more of the attempt has arrived or the width of the screen has changed.
    pub fn refresh(&mut self, run: &Transcript, screen_width: u16, theme: Theme) {
        let Some(attempt) = run.attempt(self.id) else { return };
        let stamp = (attempt.pieces, attempt.comments, attempt.ended.is_some(), screen_width);
        if self.stamp.replace(stamp) != Some(stamp) {
            self.popup.rows = rows(attempt, cells(screen_width), theme);
        }
    }
}

/// Writes headings, name-value pairs and bodies into the rows of a popup.
pub(super) struct PopupWriter {
    pub(super) rows: Vec<TextRow>,
    cells: usize,
    theme: Theme,
}

impl PopupWriter {
    pub(super) fn new(cells: usize, theme: Theme) -> Self {
        Self { rows: Vec::new(), cells, theme }
    }

    pub(super) fn head(&mut self, text: &str) {
        if !self.rows.is_empty() {
            self.rows.push(TextRow::default());
        }
        self.rows.push(TextRow::styled(text.to_owned(), self.theme.style(StyleRole::Heading)));
    }

    pub(super) fn pair(&mut self, name: &str, value: &str, role: StyleRole) {
        let prefix = RowPrefix {
            first: vec![Span::styled(format!("  {name:<12} "), self.theme.style(StyleRole::Dim))],
            rest: vec![Span::raw(" ".repeat(15))],
        };
        self.rows.extend(wrap(&[(value, self.theme.style(role))], self.cells, &prefix));
    }

    fn headers<'h>(&mut self, headers: impl Iterator<Item = (&'h str, &'h str)>) {
        for (name, value) in headers {
            let name = format!("{name}: ");
            let pieces =
                [(name.as_str(), self.theme.style(StyleRole::Key)), (value, self.theme.style(StyleRole::Text))];
            let prefix = RowPrefix { first: vec![Span::raw("  ")], rest: vec![Span::raw("      ")] };
            self.rows.extend(wrap(&pieces, self.cells, &prefix));
        }
    }

    pub(super) fn request(&mut self, request: &Request) {
        self.head("request");
        self.pair("POST", &request.url, StyleRole::Text);
        self.headers(request.headers.iter().map(|header| (header.name(), header.value())));
        self.rows.push(TextRow::default());
        self.body(&serde_json::to_string_pretty(&request.body).unwrap_or_default());
    }

    fn body(&mut self, text: &str) {
        let mut end = text.len().min(MAX_BODY);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let style = self.theme.style(StyleRole::Text);
        self.rows.extend(wrap(&[(&text[..end], style)], self.cells, &RowPrefix::all("  ", style)));
        if end < text.len() {
            let more = format!("  … {} more bytes", text.len() - end);
            self.rows.push(TextRow::styled(more, self.theme.style(StyleRole::Dim)));
        }
    }
}

fn rows(attempt: &Attempt, cells: usize, theme: Theme) -> Vec<TextRow> {
    let mut w = PopupWriter::new(cells, theme);
    w.head(&format!("{} {}", attempt.id, attempt.state()));
    w.pair("asked", &attempt.model, StyleRole::Text);
    for (name, value) in [
        ("served", attempt.served.as_ref()),
        ("provider", attempt.provider.as_ref()),
        ("generation", attempt.head.as_ref().and_then(|head| head.generation.as_ref())),
    ] {
        if let Some(value) = value {
            w.pair(name, value, StyleRole::Text);
        }
    }
    if let Some(fault) = &attempt.injected {
        w.pair("injected", fault, StyleRole::Bad);
    }
    decision(&mut w, attempt);
    times(&mut w, attempt);
    money(&mut w, attempt);
    if let Some(request) = &attempt.request {
        w.request(request);
    }
    response(&mut w, attempt);
    if let Some(request) = &attempt.request {
        w.head("as a curl command");
        w.body(&curl(request));
    }
    w.rows
}

fn decision(w: &mut PopupWriter, attempt: &Attempt) {
    let Some(failed) = &attempt.failed else { return };
    w.head("decision");
    w.pair("rule", &failed.rule, StyleRole::Text);
    w.pair("next", &failed.next_step.to_string(), StyleRole::Text);
    w.pair("why", &failed.why, StyleRole::Text);
    w.pair("fault domain", &failed.domain.to_string(), StyleRole::Text);
    w.pair("reason", &failed.failure.reason, StyleRole::Bad);
    if let Some(hint) = &failed.failure.hint {
        w.pair("hint", &format!("retry after {} ({:?})", seconds(hint.after), hint.source), StyleRole::Text);
    }
    for inner in &failed.failure.inner {
        let status = inner.status.map(|status| format!(" {status}")).unwrap_or_default();
        w.pair("inside", &format!("{}{status}", inner.provider), StyleRole::Text);
    }
    if !failed.failure.fallback_models.is_empty() {
        w.pair("suggested", &failed.failure.fallback_models.join(", "), StyleRole::Text);
    }
    if let Some(advice) = &failed.failure.advice {
        w.pair("advice", advice, StyleRole::Text);
    }
}

fn times(w: &mut PopupWriter, attempt: &Attempt) {
    w.head("times, from the attempt's start");
    let from = attempt.began().unwrap_or_default();
    let rows: [(&str, Option<Duration>); 6] = [
        ("sent", attempt.sent),
        ("headers", attempt.opened),
        ("first token", attempt.first_token),
        ("answer", attempt.first_text),
        ("last token", attempt.last_token),
        ("end", attempt.ended),
    ];
    for (name, time) in rows {
        if let Some(time) = time {
            w.pair(name, &seconds(time.saturating_sub(from)), StyleRole::Number);
        }
    }
}

fn money(w: &mut PopupWriter, attempt: &Attempt) {
    w.head("tokens and cost");
    let count = |n: Option<u64>| n.map_or_else(|| "unknown".to_owned(), |n| n.to_string());
    let usage = attempt.usage.unwrap_or_default();
    w.pair("in", &count(usage.prompt_tokens), StyleRole::Number);
    w.pair("out", &count(usage.completion_tokens), StyleRole::Number);
    if usage.reasoning_tokens.is_some() {
        w.pair("reasoning", &count(usage.reasoning_tokens), StyleRole::Number);
    }
    if let Some(cost) = attempt.cost() {
        w.pair("cost", &usd(cost), StyleRole::Number);
    }
}

fn response(w: &mut PopupWriter, attempt: &Attempt) {
    w.head("response");
    match &attempt.head {
        Some(head) => {
            w.pair("status", &head.status.to_string(), StyleRole::Text);
            w.headers(head.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())));
        }
        None => w.pair("status", "no response headers", StyleRole::Dim),
    }
    w.pair(
        "pieces",
        &format!("{} of content, {} keep-alive comments", attempt.pieces, attempt.comments),
        StyleRole::Text,
    );
    if let Some(metadata) = &attempt.metadata {
        let summary = metadata.summary.as_deref().or(metadata.strategy.as_deref()).unwrap_or("no summary");
        w.pair("router", summary, StyleRole::Text);
        for inner in &metadata.attempts {
            let status = inner.status.map(|status| format!(" {status}")).unwrap_or_default();
            w.pair("inside", &format!("{}{status}", inner.provider), StyleRole::Text);
        }
    }
    for warning in &attempt.warnings {
        w.pair("warning", warning, StyleRole::Warn);
    }
    if let Some(body) = attempt.failed.as_ref().and_then(|failed| failed.failure.body.as_ref()) {
        w.head("error body");
        w.body(body);
    }
    for (name, text) in [("reasoning as received", &attempt.reasoning), ("text as received", &attempt.text)] {
        if !text.is_empty() {
            w.head(name);
            w.body(text);
        }
    }
}

/// The request as a curl command for a shell. The key and secret headers are read from environment variables.
pub fn curl(request: &Request) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut out = format!("curl -N {}", quoted(&request.url));
    for header in &request.headers {
        let name = header.name().to_ascii_lowercase();
        if matches!(name.as_str(), "content-length" | "host" | "accept-encoding") {
            continue;
        }
        if name == "authorization" {
            let _ = write!(out, " \\\n  -H \"{name}: Bearer $OPENROUTER_API_KEY\"");
        } else if let Some(variable) = header.variable() {
            let _ = write!(out, " \\\n  -H {}\"${variable}\"", quoted(&format!("{}: ", header.name())));
        } else {
            let _ = write!(out, " \\\n  -H {}", quoted(&format!("{}: {}", header.name(), header.value())));
        }
    }
    let _ = write!(out, " \\\n  -d {}", quoted(&request.body.to_string()));
    out
}
