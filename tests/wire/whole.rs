//! What counts as a whole answer, with every adapter, as a stream and in one piece.

use crate::runs::{run_on, task};
use crate::server::{stream, whole};
use serde::Deserialize;
use serde_json::json;
use switchover::dspy::Adapter;
use switchover::failover::Event;
use switchover::failover::rules::rule;
use switchover::report::ReportKind;
use switchover::spec::{RunSpec, SignatureTask};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    what: String,
    #[serde(default = "chat")]
    adapter: String,
    #[serde(default = "signature")]
    signature: String,
    finish: String,
    native: Option<String>,
    text: String,
    is: String,
}

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

fn chat() -> String {
    "chat".into()
}

fn signature() -> String {
    "question -> answer".into()
}

#[tokio::test]
async fn an_answer_is_whole_by_its_finish_reason_or_its_own_syntax() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/whole.toml");
    let cases: Cases = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in cases.case {
        let finish = (!case.finish.is_empty()).then_some(case.finish.as_str());
        let choice = |part: &str| {
            json!({"choices": [{
                part: {"content": case.text}, "finish_reason": finish, "native_finish_reason": case.native,
            }]})
        };
        let in_pieces = stream(&format!("data: {}\n\ndata: [DONE]\n\n", choice("delta")));
        for (way, answer) in [("stream", in_pieces), ("whole", whole(&choice("message")))] {
            let task = SignatureTask {
                signature: case.signature.parse().unwrap(),
                adapter: case.adapter.parse::<Adapter>().unwrap(),
                ..task()
            };
            let mut spec = RunSpec::new(task, ["a/one"]);
            spec.policy.limits.per_run = 1;
            let (reports, _server) = run_on(answer, spec).await;
            let is = reports.iter().find_map(|report| match &report.what {
                ReportKind::Engine(Event::Answered(_)) => Some("answer"),
                ReportKind::Engine(Event::Failed(failed)) => Some(rule(failed.failure.kind).id),
                _ => None,
            });
            assert_eq!(is, Some(case.is.as_str()), "{} ({way})", case.what);
        }
    }
}
