//! The report as an HTML page.

use super::runs::{evaluation, finished};
use serde_json::json;
use std::time::Duration;
use switchover::eval::{Results, report};

/// The page of an evaluation of four cases, of which one variant gets half.
fn page(change: impl Fn(&mut switchover::eval::Evaluation, &mut Vec<(usize, switchover::eval::Scored)>)) -> String {
    let mut evaluation = evaluation(4);
    let mut cells: Vec<_> = (0..evaluation.len())
        .map(|index| {
            let cell = evaluation.cell(index);
            let right = cell.variant == 1 || cell.case == 3;
            (index, finished(&evaluation, index, right, Duration::from_millis(100 + index as u64)))
        })
        .collect();
    change(&mut evaluation, &mut cells);
    let mut results = Results::new(&evaluation);
    for (index, scored) in &cells {
        results.set(*index, scored.into());
    }
    report(&evaluation, &results, &cells, "Evaluation of cases.jsonl")
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let page = page(|_, _| {});
    for never in ["<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import", "http:", "https:", " on"] {
        let found = page.matches(never).count();
        // `on` also begins words of sentences and names.
        let allowed = if never == " on" { page.matches(" one").count() } else { 0 };
        assert_eq!(found, allowed, "{never}");
    }
    assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme: dark"));
}

#[test]
fn text_of_cases_and_answers_is_only_text() {
    let hostile = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"x' &amp;";
    let page = page(|evaluation, cells| {
        evaluation.cases[0].id = hostile.to_owned();
        evaluation.cases[0].inputs.insert("question".to_owned(), json!(hostile));
        evaluation.cases[0].expected.insert(hostile.to_owned(), json!([hostile]));
        evaluation.variants[0].name = hostile.to_owned();
        evaluation.plans[0].name = hostile.to_owned();
        for (_, cell) in cells.iter_mut() {
            cell.variant = hostile.to_owned();
            cell.faults = hostile.to_owned();
            cell.model = Some(hostile.to_owned());
            cell.failures = vec![hostile.to_owned()];
            cell.answer = std::sync::Arc::new([(hostile.to_owned(), json!(hostile))].into_iter().collect());
        }
    });
    assert!(
        !page.contains("<script")
            && !page.contains("<img")
            && !page.contains("\" onload")
            && !page.contains("&amp; &amp;")
    );
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("&amp;amp;"));
}

#[test]
fn cases_with_different_scores_come_first() {
    let page = page(|_, _| {});
    let ids: Vec<&str> = page.split("<summary><b>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(ids, ["1", "2", "3", "4"]);
    assert!(page.contains("3 of 4 with different scores"));
    let swapped = self::page(|evaluation, cells| {
        evaluation.cases.swap(0, 3);
        for (index, cell) in cells.iter_mut() {
            cell.score = if evaluation.cell(*index).case == 0 {
                1.0
            } else {
                f64::from(u8::from(evaluation.cell(*index).variant == 1))
            };
        }
    });
    let ids: Vec<&str> = swapped.split("<summary><b>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(ids, ["2", "3", "1", "4"], "the case on which all agree is the last");
}
