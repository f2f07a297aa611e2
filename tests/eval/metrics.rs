//! Metrics, from case files.

use serde::Deserialize;
use serde_json::{Value, json};
use switchover::dspy::Signature;
use switchover::eval::Metric;

#[derive(Deserialize)]
struct MetricFile {
    case: Vec<MetricCase>,
}

#[derive(Deserialize)]
struct MetricCase {
    metric: String,
    expected: Value,
    scores: Vec<(Value, f64)>,
}

#[test]
fn every_metric_gives_the_score_of_its_cases() {
    let file: MetricFile = toml::from_str(include_str!("../cases/eval/metrics.toml")).unwrap();
    let mut checked = 0;
    for case in file.case {
        let metric: Metric = case.metric.parse().unwrap();
        for (predicted, score) in case.scores {
            let found = metric.score(&case.expected, &predicted).unwrap();
            let about = format!("{}: {} beside {predicted}", case.metric, case.expected);
            assert!((found - score).abs() < 1e-12, "{about}: {found}, expected {score}");
            checked += 1;
        }
    }
    assert!(checked > 90, "{checked}");
}

#[test]
fn a_missing_value_scores_nothing() {
    for metric in ["exact", "normalized", "contains", "f1", "number:1", "set", "json"] {
        let metric: Metric = metric.parse().unwrap();
        for expected in [json!("x"), json!(3), json!(["x"]), json!({"a": 1})] {
            assert_eq!(metric.score(&expected, &Value::Null), Some(0.0), "{metric} of {expected}");
        }
    }
}

#[test]
fn words_of_metrics_are_read_and_written() {
    for word in [
        "exact",
        "normalized",
        "contains",
        "f1",
        "number",
        "number:0.01",
        "number:5%",
        "set",
        "json",
        "judge:tone",
        "cmd:python3 m.py",
    ] {
        assert_eq!(word.parse::<Metric>().unwrap().to_string(), word);
    }
    for wrong in ["", "equal", "number:x", "number:-1", "number:inf", "exact:1", "judge:", "cmd:"] {
        assert!(wrong.parse::<Metric>().unwrap_err().to_string().contains("expected exact,"), "{wrong}");
    }
}

#[test]
fn the_type_of_an_output_chooses_its_metric() {
    let inline = "q -> a, b: int, c: float, d: bool, e: Literal['x', 'y'], f: list[str], g: dict[str, int], h: int | None, \
                  i: list[str] | None, j: float | None, k: int | str, l: Sequence[int], m: tuple[int, str], n: Any";
    let signature: Signature = inline.parse().unwrap();
    let metrics: Vec<String> =
        signature.outputs.iter().map(|field| Metric::default_for(&field.field_type).to_string()).collect();
    assert_eq!(
        metrics,
        [
            "normalized",
            "exact",
            "number",
            "exact",
            "exact",
            "set",
            "json",
            "exact",
            "set",
            "number",
            "json",
            "set",
            "json",
            "normalized"
        ]
    );
}

#[test]
fn judges_and_programs_score_without_an_expected_value() {
    for (word, is_judge, needs_expected) in
        [("exact", false, true), ("json", false, true), ("judge:tone", true, false), ("cmd:python3 m.py", false, false)]
    {
        let metric: Metric = word.parse().unwrap();
        assert_eq!((metric.is_judge(), metric.needs_expected()), (is_judge, needs_expected), "{word}");
        let score = metric.score(&json!("x"), &json!("x"));
        assert_eq!(score, needs_expected.then_some(1.0), "{word}");
    }
}
