//! The same inputs put to several models or chains side by side, a run each. Knows their folds;
//! must not know how runs are started.
//!
//! ```text
//! ┏ compare 3 ━━━━━━━━━━━━━━━ 1 of 2 fields differ · fastest gpt-4o-mini ┓
//! ┃ ✓ gpt-4o-mini      │ ✓ claude-3-haiku    │ ● whole chain             ┃  who, always in sight
//! ┃ 0.82 s · $0.00012  │ 1.10 s · $0.00030   │ 0.40 s                    ┃  time, tokens, cost
//! ┃                    │                     │                           ┃
//! ┃ ≠ answer           │ ≠ answer            │ answer                    ┃  the run as in the answer's pane
//! ```
//!
//! Words that the first answer does not have are underlined once both are whole.

mod marks;
mod words;

use super::open;
use crate::failover::Cost;
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::{Attempt, Transcript, model_name, seconds, usd};
use crate::tui::app::App;
use crate::tui::command::Link;
use crate::tui::layout::Layout;
use crate::tui::markdown::Look;
use crate::tui::pane::page::{Page, Verdict};
use crate::tui::theme::{Role, Theme};
use crate::tui::wrap::{Row, clip, plain};
use marks::Mark;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// So many stand side by side.
pub const MOST: usize = 4;
/// Cells that a column needs: where there are fewer, some columns wait at the side.
const NARROWEST: u16 = 26;
/// Rows of a column's head: who, the numbers in two rows, and an empty one.
const HEAD: u16 = 4;

/// A comparison.
#[derive(Clone, Debug)]
pub struct Compare {
    /// Tells its reports from those of an earlier one that was cancelled.
    pub number: u64,
    /// A model or a chain each.
    pub columns: Vec<Column>,
    /// The first column shown, where not all fit.
    pub first: usize,
    /// How the fields stand among the answers that have come.
    verdicts: BTreeMap<String, Verdict>,
    /// The pages that the marks are for: their width, and the rows of each answer that is whole.
    marked: (u16, Vec<Option<usize>>),
}

/// One model or chain with its run.
#[derive(Clone, Debug)]
pub struct Column {
    /// Whom it asks, with the faults set on them.
    pub chain: Vec<Link>,
    /// When its run began, on the screen's clock, once it has.
    pub began: Option<Duration>,
    /// Its run's fold.
    pub transcript: Transcript,
    /// Its rows, and where the reader is.
    pub page: Page,
    /// What it says that the first answer does not, in the order of its rows.
    marks: Vec<Mark>,
}

/// A model or a chain in one line.
pub fn name(chain: &[Link]) -> String {
    chain.iter().map(|link| model_name(&link.model)).collect::<Vec<_>>().join(" › ")
}

impl Compare {
    /// Each to be asked the same.
    pub fn new(number: u64, rivals: Vec<Vec<Link>>) -> Self {
        let column = |chain| {
            // Answers are compared from their beginnings; End follows the text.
            let mut page = Page::default();
            page.scroll.to_top();
            Column { chain, began: None, transcript: Transcript::default(), page, marks: Vec::new() }
        };
        let columns = rivals.into_iter().map(column).collect();
        Self { number, columns, first: 0, verdicts: BTreeMap::new(), marked: (0, Vec::new()) }
    }

    /// Takes a report of one column's run in.
    pub fn hear(&mut self, now: Duration, column: usize, report: &Report) {
        let Some(column) = self.columns.get_mut(column) else { return };
        column.began.get_or_insert(now.saturating_sub(report.at));
        column.transcript.apply(report);
        // Values are compared when one is new, not at every look.
        if matches!(report.what, ReportKind::Engine(_) | ReportKind::Observation(Observation::Parsed { .. })) {
            let predictions = || self.columns.iter().filter_map(|column| column.answer()?.prediction.as_ref());
            let names = predictions().flat_map(|prediction| prediction.fields.keys());
            let verdicts = names.map(|name| {
                let mut values = predictions().map(|prediction| prediction.fields.get(name).map(trimmed));
                (name.clone(), judge(&mut values))
            });
            self.verdicts = verdicts.collect();
        }
    }

    /// Whether a run of it is on.
    pub fn live(&self) -> bool {
        self.columns.iter().any(|column| column.transcript.finished.is_none())
    }

    /// How a field stands among the answers that have come so far.
    pub fn verdict(&self, field: &str) -> Verdict {
        self.verdicts.get(field).copied().unwrap_or(Verdict::Alone)
    }

    /// Brings the rows of all columns up to date, at the cost of what is new.
    pub fn settle(&mut self, layout: &Layout, theme: Theme) {
        let look = Look { width: self.places(layout).1, theme, role: Role::Text };
        let verdicts = &self.verdicts;
        for column in &mut self.columns {
            let run = &column.transcript;
            let beside = |field: &str| match verdicts.get(field) {
                // Thoughts always differ and are not what was asked for.
                Some(verdict) if !run.is_thought(field) => *verdict,
                _ => Verdict::Alone,
            };
            let begun = run.shown().is_some_and(|attempt| run.answer_begun(attempt) || attempt.ended.is_some());
            column.page.pinned = Some(begun);
            column.page.settle(run, look, body(layout), &beside);
        }
        self.mark(look.width);
    }

    /// Marks what each answer says that the first does not, anew when an answer is whole or the width another.
    fn mark(&mut self, width: u16) {
        let whole = |column: &Column| column.answer().is_some() && column.transcript.finished.is_some();
        let marked = (width, self.columns.iter().map(|column| whole(column).then(|| column.page.len())).collect());
        if marked == self.marked {
            return;
        }
        self.marked = marked;
        let mut answers = self.columns.iter_mut().filter(|column| whole(column));
        let Some(base) = answers.next() else { return };
        base.marks.clear();
        let base: Vec<_> = base.page.fields(&base.transcript).collect();
        for column in answers {
            column.marks = marks::marks(&base, &column.transcript, &column.page);
        }
    }

    /// Whether something is marked.
    fn is_marked(&self) -> bool {
        self.columns.iter().any(|column| !column.marks.is_empty())
    }

    /// Moves the rows of all columns.
    pub fn by(&mut self, rows: isize, layout: &Layout) {
        let height = body(layout);
        for page in self.columns.iter_mut().map(|column| &mut column.page) {
            let heights = page.heights().to_vec();
            page.scroll.by(rows, &heights, height);
        }
    }

    /// Shows columns further to the side, where not all fit.
    pub fn turn(&mut self, by: isize, layout: &Layout) {
        let last = self.columns.len().saturating_sub(self.places(layout).0);
        self.first = self.first.saturating_add_signed(by).min(last);
    }

    /// How many columns fit side by side, and the cells of each.
    fn places(&self, layout: &Layout) -> (usize, u16) {
        let width = layout.body.width.saturating_sub(4);
        let count = (self.columns.len() as u16).clamp(1, ((width + 2) / (NARROWEST + 2)).max(1));
        (usize::from(count), (width + 2) / count - 2)
    }
}

/// Rows of a column under its head.
pub fn body(layout: &Layout) -> usize {
    usize::from(layout.body.height.saturating_sub(2 + HEAD)).max(1)
}

fn judge(values: &mut dyn Iterator<Item = Option<Value>>) -> Verdict {
    let Some(first) = values.next() else { return Verdict::Alone };
    values.fold(Verdict::Alone, |verdict, value| match verdict {
        Verdict::Differs => Verdict::Differs,
        _ if value != first => Verdict::Differs,
        _ => Verdict::Same,
    })
}

/// Spaces around a text make no difference.
fn trimmed(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::from(text.trim()))
}

impl Column {
    fn answer(&self) -> Option<&Attempt> {
        self.transcript.winner()
    }

    fn clock(&self, now: Duration) -> Duration {
        match (&self.transcript.finished, self.began) {
            (Some(finished), _) => finished.took,
            (None, Some(began)) => now.saturating_sub(began),
            (None, None) => Duration::ZERO,
        }
    }

    /// Who is asked and who answers, and the numbers.
    fn head(&self, now: Duration, theme: Theme, cells: usize) -> Vec<Row> {
        let (glyph, role) = match &self.transcript.finished {
            None => ("●", Role::Live),
            Some(_) if self.answer().is_some() => ("✓", Role::Good),
            Some(_) => ("✗", Role::Bad),
        };
        let who = match self.transcript.shown() {
            Some(attempt) if self.chain.len() > 1 => {
                format!("{} of {} in a chain", model_name(&attempt.model), self.chain.len())
            }
            _ => name(&self.chain),
        };
        let fault = self.chain.first().and_then(|link| link.fault.as_ref());
        let fault = fault.map(|fault| format!(" ✗{fault}")).unwrap_or_default();
        let mut rows = vec![Line::from(vec![
            Span::styled(format!("{glyph} "), theme.style(role)),
            Span::styled(clip(&(who + &fault), cells.saturating_sub(2)), theme.style(Role::Title)),
        ])];
        // What does not fit is left out whole, from the end.
        let mut numbers = self.numbers(now);
        let mut told = plain(&numbers.join(" · "), theme.style(Role::Dim), cells);
        while rows.len() + told.len() > usize::from(HEAD - 1) && numbers.pop().is_some() {
            told = plain(&numbers.join(" · "), theme.style(Role::Dim), cells);
        }
        rows.extend(told);
        rows
    }

    /// Time, cost, tokens, first token, none of them to be broken at a space; unknown is told as unknown.
    fn numbers(&self, now: Duration) -> Vec<String> {
        let run = &self.transcript;
        let mut parts = vec![seconds(self.clock(now))];
        if run.finished.is_some() {
            parts.push(match run.cost() {
                Cost::Unknown => "cost unknown".to_owned(),
                spent @ Cost::Known(_) => usd(spent),
            });
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
}

/// What the answers that are there say together.
fn summary(compare: &Compare, room: u16) -> String {
    let answered: Vec<_> = compare.columns.iter().filter(|column| column.answer().is_some()).collect();
    if compare.live() || answered.len() < 2 {
        return format!("{} of {} answered", answered.len(), compare.columns.len());
    }
    let run = &answered[0].transcript;
    let fields: Vec<_> = compare.verdicts.iter().filter(|(name, _)| !run.is_thought(name)).collect();
    let differing = fields.iter().filter(|(_, verdict)| **verdict == Verdict::Differs).count();
    let said = match (fields.len(), differing) {
        (_, 0) => "all answers are equal".to_owned(),
        (1, _) => "the answers differ".to_owned(),
        (all, differing) => format!("{differing} of {all} fields differ"),
    };
    if room < 80 {
        return said;
    }
    let said =
        if compare.is_marked() && room >= 110 { format!("{said} · underlined: not in the first") } else { said };
    let fastest = answered.iter().min_by_key(|column| column.transcript.finished.as_ref().map(|end| end.took));
    fastest.map_or(said.clone(), |column| format!("{said} · fastest {}", name(&column.chain)))
}

/// Draws the columns: the head of each stands, its rows move.
pub fn draw(app: &App, compare: &Compare, now: Duration, f: &mut Frame<'_>) {
    let (shown, width) = compare.places(&app.layout);
    let all = compare.columns.len();
    let first = compare.first.min(all - shown.min(all));
    let title = match all - shown.min(all) {
        0 => format!("compare {all}"),
        _ => format!("compare {}–{} of {all}, ← →", first + 1, first + shown),
    };
    let room = open(app, f, &title, &summary(compare, app.size.0), u16::MAX, u16::MAX);
    let theme = app.colours();
    for (i, column) in (0..).zip(compare.columns.iter().skip(first).take(shown)) {
        let x = room.x + i * (width + 2);
        let place = Rect { x, width, ..room };
        paint(&column.head(now, theme, usize::from(width)), place, f);
        let below = Rect { y: room.y + HEAD, height: room.height.saturating_sub(HEAD), ..place };
        let page = &column.page;
        let top = page.scroll.top(page.heights(), usize::from(below.height));
        paint(page.rows(top), below, f);
        let new = theme.style(Role::Warn).add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        let seen = column.marks.partition_point(|mark| mark.row < top);
        for mark in column.marks[seen..].iter().take_while(|mark| mark.row < top + usize::from(below.height)) {
            let place =
                Rect { x: below.x + mark.from, y: below.y + (mark.row - top) as u16, width: mark.cells, height: 1 };
            f.buffer_mut().set_style(place.intersection(below), new);
        }
        for y in (room.y..room.bottom()).filter(|_| usize::from(i) + 1 < shown) {
            let line = Line::styled("│", theme.style(Role::Border));
            f.buffer_mut().set_line(x + width, y, &line, 1);
        }
    }
}

fn paint<'a>(rows: impl IntoIterator<Item = &'a Row>, room: Rect, f: &mut Frame<'_>) {
    for (row, y) in rows.into_iter().zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
    }
}
