//! The cases with what each variant answered; those on which the variants disagree come first.

use crate::eval::evaluation::Evaluation;
use crate::eval::scored::Scored;
use crate::eval::table::seconds;
use crate::html::escape;
use crate::text::value_text;
use std::fmt::Write as _;

/// The most cases that a page shows.
const MOST: usize = 2000;

pub(super) fn cases(evaluation: &Evaluation, cells: &[(usize, Scored)]) -> String {
    let mut of_case: Vec<Vec<&Scored>> = vec![Vec::new(); evaluation.cases.len()];
    // In the order of the table's rows.
    let mut sorted: Vec<_> = cells.iter().map(|(index, scored)| (evaluation.cell(*index), scored)).collect();
    sorted.sort_by_key(|(cell, _)| (cell.plan, cell.variant, cell.repeat));
    for (cell, scored) in sorted {
        of_case[cell.case].push(scored);
    }
    let mut order: Vec<usize> = (0..evaluation.cases.len()).filter(|case| !of_case[*case].is_empty()).collect();
    order.sort_by(|a, b| disagreement(&of_case[*b]).total_cmp(&disagreement(&of_case[*a])).then(a.cmp(b)));
    let disagree = order.iter().filter(|case| disagreement(&of_case[**case]) > 0.0).count();
    let mut text = format!(
        "<h2>Cases</h2>\n<p class=\"note\">{disagree} of {} with different scores, which come first. The scores beside a case are in the order of the table's rows.</p>\n",
        order.len()
    );
    for &case in order.iter().take(MOST) {
        text.push_str(&case_rows(evaluation, case, &of_case[case]));
    }
    if order.len() > MOST {
        _ = writeln!(text, "<p class=\"note\">{} more cases are not shown.</p>", order.len() - MOST);
    }
    text
}

/// The distance between the best and the worst score.
fn disagreement(cells: &[&Scored]) -> f64 {
    let scores = || cells.iter().map(|cell| cell.score);
    scores().fold(0.0, f64::max) - scores().fold(1.0, f64::min)
}

fn case_rows(evaluation: &Evaluation, case: usize, cells: &[&Scored]) -> String {
    let case = &evaluation.cases[case];
    let asked = case.inputs.values().next().map(value_text).unwrap_or_default();
    let scores: Vec<String> = cells.iter().map(|cell| format!("{:.2}", cell.score)).collect();
    let short: String = asked.chars().take(120).collect();
    let mut text = format!(
        "<details><summary><b>{}</b>{}<span class=\"score\">{}</span></summary>\n<dl>\n",
        escape(&case.id),
        escape(&short),
        scores.join(" · ")
    );
    for (kind, values) in [("", &case.inputs), ("expected ", &case.expected)] {
        for (name, value) in values {
            _ = writeln!(text, "<dt>{kind}{}</dt><dd><pre>{}</pre></dd>", escape(name), escape(&value_text(value)));
        }
    }
    text.push_str("</dl>\n<div class=\"wide\"><table>\n<thead><tr><th>Variant</th><th>Faults</th><th>Score</th><th>Answer</th><th>Answered by</th><th>Attempts</th><th>Time</th><th>Run</th></tr></thead>\n<tbody>\n");
    for cell in cells {
        let class = if cell.score >= 1.0 {
            "right"
        } else if cell.score <= 0.0 {
            "wrong"
        } else {
            ""
        };
        let answer: Vec<String> = if cell.valid {
            cell.answer.iter().map(|(name, value)| format!("{name}: {}", value_text(value))).collect()
        } else {
            vec!["no valid answer".to_owned()]
        };
        let failures: Vec<String> = cell.failures.iter().map(|line| format!("✗ {line}\n")).collect();
        _ = writeln!(
            text,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n {class}\">{:.2}</td><td><pre>{}{}</pre></td><td>{}</td><td \
             class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escape(&cell.variant),
            escape(&cell.faults),
            cell.score,
            escape(&failures.concat()),
            escape(&answer.join("\n")),
            escape(cell.model.as_deref().unwrap_or("–")),
            cell.attempts,
            seconds(Some(cell.took.as_secs_f64() * 1000.0)),
            cell.run
        );
    }
    text.push_str("</tbody>\n</table></div></details>\n");
    text
}
