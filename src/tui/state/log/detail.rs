//! What the log shows under an attempt: the headers that were sent, and what came back.

use crate::failover::AttemptId;
use crate::transcript::{Attempt, Transcript};
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::wrap::{RowPrefix, TextRow, clip, width, wrap};
use ratatui::text::Span;

/// How much the log shows under each attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogDetail {
    /// Nothing: only what happened.
    Story,
    /// The headers that somebody chose, and what came back, as far as there is room.
    #[default]
    Headers,
    /// All sent headers, and the response headers that matter, even if the log must be scrolled.
    Everything,
}

impl LogDetail {
    /// More detail, or back from all of it to the usual one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Story | Self::Everything => Self::Headers,
            Self::Headers => Self::Everything,
        }
    }

    /// The story alone, or back from it to the usual detail.
    #[must_use]
    pub fn without_headers(self) -> Self {
        if self == Self::Story { Self::Headers } else { Self::Story }
    }

    /// Its name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Headers => "headers",
            Self::Everything => "everything",
        }
    }

    /// The forms to try in order: the first one whose rows fit is shown, or else the last one.
    pub(super) fn forms(self) -> &'static [DetailForm] {
        match self {
            Self::Story => &[DetailForm::Nothing],
            Self::Headers => {
                &[DetailForm::Headers, DetailForm::Once, DetailForm::SentOnce, DetailForm::OneRow, DetailForm::Nothing]
            }
            Self::Everything => &[DetailForm::Everything],
        }
    }
}

/// The rows under the attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DetailForm {
    Nothing,
    /// One row of sent headers under each attempt.
    OneRow,
    /// As `Headers`, but headers that an earlier attempt sent as well are not repeated.
    Once,
    /// As `Once`, without what came back: the entry says how the attempt ended.
    SentOnce,
    /// A row for each chosen header, and one for what came back.
    Headers,
    /// A row for each header that was sent, and for each response header that matters.
    Everything,
}

/// The sent headers in one row; `None` before the request is sent.
pub(super) fn one_row(attempt: &Attempt, lead: &str, cells: usize, theme: Theme) -> Option<TextRow> {
    let headers = attempt.chosen_headers();
    let sent: Vec<String> = headers.iter().map(|header| format!("{}: {}", header.name(), header.value())).collect();
    let mut text = format!("{lead}{}", sent.join(" · "));
    if width(&text) > cells {
        // Which headers left matters more than half of the values.
        let names: Vec<&str> = headers.iter().map(|header| header.name()).collect();
        text = format!("{lead}{}", names.join(", "));
    }
    let text = clip(&text, cells);
    (!headers.is_empty()).then(|| TextRow::from(Span::styled(text, theme.style(StyleRole::Dim))))
}

/// The first attempt of the run, if this later one sent the same headers.
fn same_headers(attempt: &Attempt, run: &Transcript) -> Option<AttemptId> {
    let first = run.attempts.first().filter(|first| first.id != attempt.id)?;
    let sent = attempt.chosen_headers();
    (!sent.is_empty() && sent == first.chosen_headers()).then_some(first.id)
}

/// The rows under one attempt.
pub(super) fn rows(run: &Transcript, attempt: &Attempt, form: DetailForm, cells: usize, theme: Theme) -> Vec<TextRow> {
    let (dim, text) = (theme.style(StyleRole::Dim), theme.style(StyleRole::Text));
    let mut rows = Vec::new();
    let mut row = |arrow: &'static str, name: &str, value: &str| {
        let separator = if name.is_empty() || value.is_empty() { "" } else { ": " };
        let prefix =
            RowPrefix { first: vec![Span::styled(format!("  {arrow} "), dim)], rest: vec![Span::raw("      ")] };
        rows.extend(wrap(&[(name, dim), (separator, dim), (value, text)], cells, &prefix));
    };
    match form {
        DetailForm::Nothing => {}
        DetailForm::OneRow => rows.extend(one_row(attempt, "  ↑ ", cells, theme)),
        DetailForm::Headers | DetailForm::Once | DetailForm::SentOnce | DetailForm::Everything => {
            let everything = form == DetailForm::Everything;
            if let (true, Some(request)) = (everything, &attempt.request) {
                row("↑", "", &format!("POST {}", request.url));
            }
            let earlier =
                same_headers(attempt, run).filter(|_| matches!(form, DetailForm::Once | DetailForm::SentOnce));
            if let Some(earlier) = earlier {
                row("↑", &format!("the same headers as {earlier}"), "");
            }
            for header in attempt.chosen_headers().into_iter().filter(|_| earlier.is_none()) {
                row("↑", header.name(), header.value());
            }
            for header in attempt.transport_headers().into_iter().filter(|_| everything) {
                row("↑", header.name(), header.value());
            }
            if let Some(received) = attempt.received().filter(|_| form != DetailForm::SentOnce) {
                row("↓", &received, "");
            }
            for header in attempt.telling_headers().into_iter().filter(|_| everything) {
                row("↓", &header.name, &header.value);
            }
        }
    }
    rows
}
