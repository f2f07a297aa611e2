//! A comparison, with a column for each model or chain.
//!
//! ```text
//! ┏ compare 3 ━━━━━━━━━━━━━━━ 1 of 2 fields differ · fastest gpt-4o-mini ┓
//! ┃ ✓ gpt-4o-mini      │ ✓ claude-3-haiku    │ ● whole chain             ┃  the model; the head does not scroll
//! ┃ 0.82 s · $0.00012  │ 1.10 s · $0.00030   │ 0.40 s                    ┃  time, tokens, cost
//! ┃                    │                     │                           ┃
//! ┃ ≠ answer           │ ≠ answer            │ answer                    ┃  the run, as in the pane of the answer
//! ```
//!
//! Words that the first answer does not have are underlined when both answers are complete.

use crate::transcript::{Attempt, model_name, seconds};
use crate::tui::state::app::App;
use crate::tui::state::overlay::compare::{Column, Comparison, HEAD, name};
use crate::tui::state::page::Agreement;
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::view::chrome::{draw_rows, open};
use crate::tui::wrap::{TextRow, clip, plain};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// How many answers have arrived; at the end, how they compare.
fn summary(compare: &Comparison, room: u16) -> String {
    let answered: Vec<_> = compare.columns.iter().filter(|column| column.answer().is_some()).collect();
    if compare.running() || answered.len() < 2 {
        return format!("{} of {} answered", answered.len(), compare.columns.len());
    }
    let run = &answered[0].transcript;
    let fields: Vec<_> = compare.agreements.iter().filter(|(name, _)| !run.is_thought(name)).collect();
    let differing = fields.iter().filter(|(_, agreement)| **agreement == Agreement::Differs).count();
    let result = match (fields.len(), differing) {
        (_, 0) => "all answers are equal".to_owned(),
        (1, _) => "the answers differ".to_owned(),
        (all, differing) => format!("{differing} of {all} fields differ"),
    };
    if room < 80 {
        return result;
    }
    let result =
        if compare.has_marks() && room >= 110 { format!("{result} · underlined: not in the first") } else { result };
    let fastest = answered.iter().min_by_key(|column| column.transcript.finished.as_ref().map(|end| end.took));
    fastest.map_or(result.clone(), |column| format!("{result} · fastest {}", name(&column.chain)))
}

/// Draws the columns. Their rows scroll, their heads do not.
pub(super) fn draw(app: &App, compare: &Comparison, now: Duration, f: &mut Frame<'_>) {
    let (shown, width) = compare.visible_columns(&app.screen.layout);
    let all = compare.columns.len();
    let first = compare.first.min(all - shown.min(all));
    let title = match all - shown.min(all) {
        0 => format!("compare {all}"),
        _ => format!("compare {}–{} of {all}, ← →", first + 1, first + shown),
    };
    let room = open(app, f, &title, &summary(compare, app.screen.size.0), u16::MAX, u16::MAX);
    let theme = app.theme();
    for (i, column) in (0..).zip(compare.columns.iter().skip(first).take(shown)) {
        let x = room.x + i * (width + 2);
        let place = Rect { x, width, ..room };
        draw_rows(f, place, &head(column, now, theme, usize::from(width)));
        let below = Rect { y: room.y + HEAD, height: room.height.saturating_sub(HEAD), ..place };
        let page = &column.page;
        let top = page.scroll.top(page.heights(), usize::from(below.height));
        draw_rows(f, below, page.rows(top));
        let new = theme.style(StyleRole::Warn).add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        let seen = column.marks.partition_point(|mark| mark.row < top);
        for mark in column.marks[seen..].iter().take_while(|mark| mark.row < top + usize::from(below.height)) {
            let place =
                Rect { x: below.x + mark.from, y: below.y + (mark.row - top) as u16, width: mark.cells, height: 1 };
            f.buffer_mut().set_style(place.intersection(below), new);
        }
        for y in (room.y..room.bottom()).filter(|_| usize::from(i) + 1 < shown) {
            let line = Line::styled("│", theme.style(StyleRole::Border));
            f.buffer_mut().set_line(x + width, y, &line, 1);
        }
    }
}

/// The model that is asked or answers, and the numbers.
fn head(column: &Column, now: Duration, theme: Theme, cells: usize) -> Vec<TextRow> {
    let (glyph, role) = match &column.transcript.finished {
        None => ("●", StyleRole::Live),
        Some(_) if column.answer().is_some() => ("✓", StyleRole::Good),
        Some(_) => ("✗", StyleRole::Bad),
    };
    let title = match column.transcript.shown() {
        Some(attempt) if column.chain.len() > 1 => {
            format!("{} of {} in a chain", model_name(&attempt.model), column.chain.len())
        }
        _ => name(&column.chain),
    };
    let fault = column.chain.first().and_then(|entry| entry.fault.as_ref());
    let fault = fault.map(|fault| format!(" ✗{fault}")).unwrap_or_default();
    let mut rows = vec![Line::from(vec![
        Span::styled(format!("{glyph} "), theme.style(role)),
        Span::styled(clip(&(title + &fault), cells.saturating_sub(2)), theme.style(StyleRole::Title)),
    ])];
    // Numbers that do not fit are left out, from the end.
    let mut numbers = numbers(column, now);
    let mut number_rows = plain(&numbers.join(" · "), theme.style(StyleRole::Dim), cells);
    while rows.len() + number_rows.len() > usize::from(HEAD - 1) && numbers.pop().is_some() {
        number_rows = plain(&numbers.join(" · "), theme.style(StyleRole::Dim), cells);
    }
    rows.extend(number_rows);
    rows
}

/// Time, cost, tokens and time to the first token, with no-break spaces.
fn numbers(column: &Column, now: Duration) -> Vec<String> {
    let run = &column.transcript;
    let mut parts = vec![seconds(column.clock(now))];
    if run.finished.is_some() {
        parts.push(format!("{:#}", run.spend()));
    }
    let (into, out) = run.tokens();
    if into.or(out).is_some() {
        let count = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        parts.push(format!("{}→{} tokens", count(into), count(out)));
    }
    if let Some(first) = run.shown().and_then(Attempt::first_token_after) {
        parts.push(format!("first {}", seconds(first)));
    }
    parts.iter().map(|part| part.replace(' ', "\u{a0}")).collect()
}
