//! The report as an HTML page. Text of cases and answers is shown as text only.

mod cases;
mod plot;

use super::evaluation::Evaluation;
use super::scored::Scored;
use super::summary::{Evaluated, Results};
use super::table::{answered_by, cost, per, seconds, sentences};
use crate::html::{escape, page};
use std::fmt::Write as _;

/// The page of an evaluation. `cells` are the finished cells with their places.
pub fn report(evaluation: &Evaluation, results: &Results, cells: &[(usize, Scored)], title: &str) -> String {
    let rows = results.rows(evaluation);
    let mut body = String::new();
    _ = write!(body, "<h1>{}</h1>\n<p class=\"lead\">{}</p>\n", escape(title), escape(&overview(evaluation)));
    body.push_str(&table(&rows));
    let sentences = sentences(evaluation, results);
    if !sentences.is_empty() {
        body.push_str("<ul class=\"differences\">\n");
        for sentence in sentences {
            _ = writeln!(body, "<li>{}</li>", escape(&sentence));
        }
        body.push_str("</ul>\n");
    }
    body.push_str("<div class=\"plots\">\n");
    body.push_str(&plot::score_by_cost(&rows));
    body.push_str(&plot::latency(evaluation, results, &rows));
    body.push_str("</div>\n");
    body.push_str(&cases::cases(evaluation, cells));
    page(title, &body)
}

fn overview(evaluation: &Evaluation) -> String {
    let signature = evaluation.signature().map(crate::dspy::Signature::inline).unwrap_or_default();
    let metrics: Vec<String> =
        evaluation.metrics.iter().map(|(output, metric)| format!("{output} by {metric}")).collect();
    let repeats = if evaluation.repeat > 1 { format!(", each {} times", evaluation.repeat) } else { String::new() };
    format!(
        "{signature} · {} cases{repeats} · scored: {} · seed {}",
        evaluation.cases.len(),
        metrics.join(", "),
        evaluation.seed
    )
}

fn table(rows: &[Evaluated]) -> String {
    let mut text = String::from(
        "<div class=\"wide\"><table>\n<thead><tr><th>Variant</th><th>Faults</th><th class=\"n\">Score</th>\
         <th class=\"n\">95 %</th><th class=\"n\">Valid</th><th class=\"n\">Fail&shy;overs</th><th class=\"n\">At&shy;tempts</th>\
         <th class=\"n\">P50</th><th class=\"n\">P95</th><th class=\"n\">First token</th><th class=\"n\">Cost</th>\
         <th class=\"n\">Per right answer</th><th>Answered by</th></tr></thead>\n<tbody>\n",
    );
    for (at, row) in rows.iter().enumerate() {
        let score = row.score.map_or_else(|| "–".to_owned(), |score| format!("{score:.3}"));
        let bounds = row.low.zip(row.high).map_or_else(String::new, |(low, high)| format!("{low:.3}–{high:.3}"));
        let right = row.spend_per_right().map_or_else(|| "–".to_owned(), cost);
        let cells = [
            (escape(&row.faults), ""),
            (score, "n"),
            (bounds, "n"),
            (format!("{} of {}", row.valid, row.n), "n"),
            (row.failovers.to_string(), "n"),
            (per(row.attempts as f64, row.n), "n"),
            (seconds(row.p50_ms), "n"),
            (seconds(row.p95_ms), "n"),
            (seconds(row.first_token_p50_ms), "n"),
            (cost(row.spend()), "n"),
            (right, "n"),
            (escape(&answered_by(row)), ""),
        ];
        _ = write!(
            text,
            "<tr><th scope=\"row\"><i class=\"c{}\"></i>{} {}</th>",
            at % plot::COLOURS,
            at + 1,
            escape(&row.variant)
        );
        for (cell, class) in cells {
            _ = write!(text, "<td class=\"{class}\">{cell}</td>");
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table></div>\n");
    text
}
