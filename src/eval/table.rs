//! The results as text, for a terminal.

use super::evaluation::Evaluation;
use super::summary::{Difference, Evaluated, Results};
use crate::failover::Cost;
use crate::text::clean_line;
use crate::transcript::Spend;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// The rows and the differences as text. Columns that are empty in every row are left out. Long names get a letter or a
/// number, which a list before the table explains. Where the table is wider than `width`, columns are left out.
pub fn table(evaluation: &Evaluation, results: &Results, width: Option<usize>) -> String {
    let rows = results.rows(evaluation);
    let faulty = evaluation.plans.len() > 1 || evaluation.plans.iter().any(|plan| !plan.faults.is_empty());
    let variants = Names::of(evaluation.variants.iter().map(|variant| variant.name.as_str()), 'A');
    let plans = Names::of(evaluation.plans.iter().map(|plan| plan.name.as_str()).filter(|_| faulty), 'P');
    let mut columns: Vec<(&str, Vec<String>)> = Vec::new();
    let mut column = |name, of: &dyn Fn(&Evaluated) -> String| columns.push((name, rows.iter().map(of).collect()));
    column("variant", &|row| variants.short(&row.variant));
    column("faults", &|row| plans.short(&row.faults));
    column("score", &|row| row.score.map_or_else(|| "–".to_owned(), |score| format!("{score:.3}")));
    column("95 %", &|row| {
        row.low.zip(row.high).map_or_else(String::new, |(low, high)| format!("{low:.3} to {high:.3}"))
    });
    column("valid", &|row| format!("{} of {}", row.valid, row.n));
    column("failovers", &|row| row.failovers.to_string());
    column("attempts", &|row| per(row.attempts as f64, row.n));
    column("P50", &|row| seconds(row.p50_ms));
    column("P95", &|row| seconds(row.p95_ms));
    column("first token", &|row| seconds(row.first_token_p50_ms));
    column("tokens", &|row| match row.prompt_tokens + row.completion_tokens {
        0 => String::new(),
        _ => format!("{} + {}", row.prompt_tokens, row.completion_tokens),
    });
    column("cost", &|row| cost(row.spend()));
    column("per right", &|row| row.spend_per_right().map_or_else(|| "–".to_owned(), cost));
    column("judges", &|row| if row.judge_cost == Cost::NOTHING { String::new() } else { cost(row.judge_cost.into()) });
    column("answered by", &|row| answered_by(row));
    if !faulty {
        columns.retain(|(name, _)| *name != "faults");
    }
    columns.retain(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
    for dispensable in DISPENSABLE {
        if width.is_some_and(|width| lines(&columns).lines().any(|line| line.width() > width)) {
            columns.retain(|(name, _)| *name != dispensable);
        }
    }
    let mut text = variants.list() + &plans.list();
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&lines(&columns));
    let short = |name: &str| {
        let of_variant = variants.find(name);
        of_variant.or_else(|| plans.find(name)).unwrap_or_else(|| name.to_owned())
    };
    for (at, difference) in results.differences(evaluation).iter().enumerate() {
        let space = if at == 0 { "\n" } else { "" };
        _ = writeln!(text, "{space}{}", sentence(difference, faulty, short));
    }
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.valid < row.n) {
        let (variant, plan) = (at % evaluation.variants.len(), at / evaluation.variants.len());
        if let Some(why) = results.first_failure(evaluation, variant, plan) {
            let place = if faulty { format!(", {}", short(&row.faults)) } else { String::new() };
            let count = row.n - row.valid;
            _ = writeln!(
                text,
                "{}{place}: {count} without an answer; the first: {}",
                short(&row.variant),
                clean_line(&why, 200)
            );
        }
    }
    if let Some(missing) = evaluation.len().checked_sub(results.finished()).filter(|missing| *missing > 0) {
        _ = writeln!(text, "{missing} of {} runs have no result.", evaluation.len());
    }
    text
}

/// Columns that a narrow terminal does without, the first ones first.
const DISPENSABLE: [&str; 8] =
    ["tokens", "first token", "per right", "attempts", "answered by", "P95", "judges", "cost"];

/// The longest name that stands in a table itself, in columns.
const LONG: usize = 24;

/// Names, each with a short one.
struct Names(Vec<(String, String)>);

impl Names {
    /// The short names are letters, or `first` with a number, or the names themselves if all of them are short.
    fn of<'a>(names: impl Iterator<Item = &'a str>, first: char) -> Self {
        let names: Vec<&str> = names.collect();
        let fit = names.iter().all(|name| name.width() <= LONG);
        let short = |at: usize, name: &str| match first {
            _ if fit => name.to_owned(),
            'A' if at < 26 => char::from(b'A' + at as u8).to_string(),
            _ => format!("{first}{}", at + 1),
        };
        Self(names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), short(at, name))).collect())
    }

    fn find(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(long, _)| long == name).map(|(_, short)| short.clone())
    }

    fn short(&self, name: &str) -> String {
        self.find(name).unwrap_or_default()
    }

    /// A line for each name that has a short one.
    fn list(&self) -> String {
        let mut text = String::new();
        for (long, short) in self.0.iter().filter(|(long, short)| long != short) {
            _ = writeln!(text, "{short:<3}{long}");
        }
        text
    }
}

/// A sentence for each difference, with the whole names.
pub(super) fn sentences(evaluation: &Evaluation, results: &Results) -> Vec<String> {
    let faulty = evaluation.plans.len() > 1;
    results.differences(evaluation).iter().map(|it| sentence(it, faulty, str::to_owned)).collect()
}

/// A difference, or that there is none to be seen.
fn sentence(it: &Difference, faulty: bool, name: impl Fn(&str) -> String) -> String {
    let Difference { difference, low, high, certain, .. } = it;
    let (of, base) = (name(&it.of), name(&it.base));
    let interval = format!("95 %: {low:+.3} to {high:+.3}, paired");
    let place = if faulty { format!("{}: ", name(&it.within)) } else { String::new() };
    match certain {
        true if *difference > 0.0 => format!("{place}{of} is better than {base} by {difference:.3} ({interval})"),
        true => format!("{place}{of} is worse than {base} by {:.3} ({interval})", -difference),
        false => format!("{place}{of} and {base}: cannot tell ({difference:+.3}; {interval})"),
    }
}

/// A cost; `≥` if a part of it is not known.
pub(super) fn cost(spend: Spend) -> String {
    if spend.unknown > 0 && spend.known <= 0.0 { "unknown".to_owned() } else { format!("{spend:#}") }
}

pub(super) fn answered_by(row: &Evaluated) -> String {
    let mut models: Vec<(&String, u64)> =
        row.answered_by.iter().map(|(model, count)| (model, count.as_u64().unwrap_or_default())).collect();
    models.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let short = |model: &str| model.rsplit('/').next().unwrap_or(model).to_owned();
    models.iter().map(|(model, count)| format!("{} {count}", short(model))).collect::<Vec<_>>().join(", ")
}

pub(super) fn per(count: f64, n: usize) -> String {
    if n == 0 { String::new() } else { format!("{:.2}", count / n as f64) }
}

pub(super) fn seconds(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), |ms| format!("{:.2} s", ms / 1000.0))
}

/// Columns side by side; numbers to the right.
fn lines(columns: &[(&str, Vec<String>)]) -> String {
    let width = |(name, cells): &(&str, Vec<String>)| {
        cells.iter().map(|cell| cell.width()).max().max(Some(name.width())).unwrap_or_default()
    };
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let right = |name: &str| !matches!(name, "variant" | "faults" | "answered by" | "95 %");
    let rows = columns.first().map_or(0, |(_, cells)| cells.len());
    let mut text = String::new();
    for row in 0..=rows {
        let mut line = String::new();
        for ((name, cells), width) in columns.iter().zip(&widths) {
            let cell = if row == 0 { *name } else { cells[row - 1].as_str() };
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let padded = if right(name) { space + cell } else { cell.to_owned() + &space };
            line.push_str(&padded);
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
