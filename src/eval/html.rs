//! The report as one HTML page. It loads nothing, runs no script, and shows text of cases and answers as text only.

mod cases;
mod plot;

use super::evaluation::Evaluation;
use super::scored::Scored;
use super::summary::{Evaluated, Results};
use super::table::{answered_by, cost, per, seconds, sentences};
use std::fmt::Write as _;

/// The style: colours of rows are told apart with every kind of colour vision, and each row has its name beside it.
const STYLE: &str = include_str!("html/report.css");

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

/// A whole page with this body. The policy in its head forbids scripts and everything from elsewhere.
pub(super) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <main>\n{body}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

/// Text as HTML shows it, also inside of an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
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
        "<div class=\"wide\"><table>\n<thead><tr><th>Variant</th><th>Faults</th><th>Score</th><th>95 %</th><th>Valid</th>\
         <th>Failovers</th><th>Attempts</th><th>P50</th><th>P95</th><th>First token</th><th>Cost</th><th>Per right answer\
         </th><th>Answered by</th></tr></thead>\n<tbody>\n",
    );
    for (at, row) in rows.iter().enumerate() {
        let score = row.score.map_or_else(|| "–".to_owned(), |score| format!("{score:.3}"));
        let bounds = row.low.zip(row.high).map_or_else(String::new, |(low, high)| format!("{low:.3}–{high:.3}"));
        let right = row.cost_per_right.map_or_else(|| "–".to_owned(), cost);
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
            (cost(row.cost), "n"),
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
