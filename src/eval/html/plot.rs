//! Two plots as SVG: score by cost, and how long answers took.

use crate::eval::evaluation::Evaluation;
use crate::eval::interval::quantile;
use crate::eval::summary::{Evaluated, Results};
use crate::eval::table::{cost, seconds};
use crate::failover::Cost;
use crate::html::escape;
use std::fmt::Write as _;

/// The number of colours.
pub(super) const COLOURS: usize = 8;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 300.0;
/// Space for labels at the left, at the right and below.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 16.0;
const BELOW: f64 = 36.0;
const ABOVE: f64 = 12.0;

/// Score with its interval by cost per run. Rows of unknown cost are named below.
pub(super) fn score_by_cost(rows: &[Evaluated]) -> String {
    let of_run = |row: &Evaluated| match row.cost {
        Cost::Known(usd) if row.n > 0 => Some(usd / row.n as f64),
        _ => None,
    };
    let most = rows.iter().filter_map(of_run).fold(0.0, f64::max);
    let most = if most > 0.0 { most * 1.1 } else { 1.0 };
    let x = |usd: f64| LEFT + usd / most * (WIDTH - LEFT - RIGHT);
    let y = |score: f64| ABOVE + (1.0 - score) * (HEIGHT - ABOVE - BELOW);
    let mut svg = String::new();
    for score in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = y(score);
        _ = writeln!(
            svg,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
            WIDTH - RIGHT
        );
        _ = writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{score}</text>", LEFT - 8.0, at + 4.0);
    }
    for part in [0.0, 0.5, 1.0] {
        let (anchor, usd) = (["start", "middle", "end"][(part * 2.0) as usize], most * part);
        let (at, below) = (x(usd), HEIGHT - BELOW + 18.0);
        _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"{anchor}\">{}</text>",
            cost(Cost::Known(usd).into())
        );
    }
    for (at, row) in rows.iter().enumerate() {
        let (Some(usd), Some(score)) = (of_run(row), row.score) else { continue };
        let (cx, cy, colour) = (x(usd), y(score), at % COLOURS);
        if let Some((low, high)) = row.low.zip(row.high) {
            let (top, bottom) = (y(high), y(low));
            _ = writeln!(
                svg,
                "<line class=\"f{colour}\" x1=\"{cx:.1}\" x2=\"{cx:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\" stroke-width=\"2\"/>"
            );
        }
        let name =
            escape(&format!("{} · {}: {score:.3} at {} a run", row.variant, row.faults, cost(Cost::Known(usd).into())));
        _ = writeln!(
            svg,
            "<circle class=\"f{colour}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"6\"><title>{name}</title></circle>"
        );
    }
    let unknown: Vec<String> =
        rows.iter().filter(|row| of_run(row).is_none()).map(|row| escape(&row.variant)).collect();
    let note = if unknown.is_empty() { String::new() } else { format!(" Cost unknown: {}.", unknown.join(", ")) };
    figure("Score by cost per run", &format!("Bars are 95 % intervals.{note}"), &svg, HEIGHT)
}

/// How long valid answers took: from the fastest to the slowest a thin line, to the P95 a thick one, the median marked.
pub(super) fn latency(evaluation: &Evaluation, results: &Results, rows: &[Evaluated]) -> String {
    let (line, head) = (26.0, 8.0);
    let height = head + line * rows.len() as f64 + BELOW;
    let times = |at: usize| {
        let (variant, plan) = (at % evaluation.variants.len(), at / evaluation.variants.len());
        results.times(evaluation, variant, plan)
    };
    let all: Vec<Vec<f64>> = (0..rows.len()).map(times).collect();
    let most = all.iter().filter_map(|times| times.last().copied()).fold(0.0, f64::max);
    let most = if most > 0.0 { most } else { 1.0 };
    let x = |ms: f64| LEFT + ms / most * (WIDTH - LEFT - RIGHT);
    let mut svg = String::new();
    for part in [0.0, 0.5, 1.0] {
        let (anchor, ms) = (["start", "middle", "end"][(part * 2.0) as usize], most * part);
        let (at, below) = (x(ms), height - BELOW + 20.0);
        _ = writeln!(
            svg,
            "<line class=\"axis\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{head}\" y2=\"{:.1}\"/>",
            height - BELOW
        );
        _ = writeln!(svg, "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"{anchor}\">{}</text>", seconds(Some(ms)));
    }
    for (at, (row, times)) in rows.iter().zip(&all).enumerate() {
        let (colour, y) = (at % COLOURS, head + line * (at as f64 + 0.5));
        let (Some(fastest), Some(slowest)) = (times.first(), times.last()) else { continue };
        let (median, p95) = (quantile(times, 0.5), quantile(times, 0.95));
        let span = |from: f64, to: f64, width: u8| {
            format!(
                "<line class=\"f{colour}\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\" stroke-width=\"{width}\"/>\n",
                x(from),
                x(to)
            )
        };
        svg.push_str(&span(*fastest, *slowest, 2));
        svg.push_str(&span(*fastest, p95, 8));
        let name = escape(&format!(
            "{} · {}: P50 {}, P95 {}",
            row.variant,
            row.faults,
            seconds(Some(median)),
            seconds(Some(p95))
        ));
        _ = writeln!(
            svg,
            "<circle class=\"f{colour}\" cx=\"{:.1}\" cy=\"{y}\" r=\"7\"><title>{name}</title></circle>",
            x(median)
        );
        _ = writeln!(svg, "<text x=\"4\" y=\"{:.1}\">{}</text>", y + 4.0, at + 1);
    }
    figure(
        "Time to a valid answer",
        "Rows as in the table. Thick to the P95, thin to the slowest; the dot is the median.",
        &svg,
        height,
    )
}

fn figure(caption: &str, note: &str, svg: &str, height: f64) -> String {
    format!(
        "<figure><figcaption>{caption}</figcaption>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{caption}\">\n{svg}</svg>\n<p class=\"note\">{note}</p></figure>\n"
    )
}
