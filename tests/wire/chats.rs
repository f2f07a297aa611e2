//! Chat requests without a signature: what is sent, what counts as an answer, and what a log of them says.

use crate::runs::{CHAIN, fold, run, run_on, simulated};
use crate::server::{stream, whole};
use serde_json::{Value, json};
use switchover::contract::ContractMode;
use switchover::failover::Outcome;
use switchover::history::redecide;
use switchover::report::Report;
use switchover::spec::{ChatTask, RunSpec, Task};

fn chat(more: &Value) -> RunSpec {
    let mut body = json!({"messages": [{"role": "user", "content": "Say hello."}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let Value::Object(body) = body else { unreachable!() };
    RunSpec::new(ChatTask::new(body), CHAIN)
}

fn finish(content: &Value, finish: &str) -> String {
    format!("data: {}\n\ndata: [DONE]\n\n", json!({"choices": [{"delta": content, "finish_reason": finish}]}))
}

#[tokio::test]
async fn the_programs_own_fields_leave_as_they_came_and_its_text_is_the_answer() {
    let own =
        json!({"tools": [], "max_completion_tokens": 9, "x_unknown": {"a": [1]}, "stream": false, "model": "x/y"});
    let (reports, server) = run_on(stream(&finish(&json!({"content": " Hello.\n"}), "stop")), chat(&own)).await;
    let sent: Value = serde_json::from_slice(&server.received()[0].body).unwrap();
    for name in ["tools", "max_completion_tokens", "x_unknown"] {
        assert_eq!(sent[name], own[name]);
    }
    assert_eq!((&sent["model"], &sent["stream"], &sent["max_tokens"]), (&json!(CHAIN[0]), &json!(true), &Value::Null));
    let end = fold(&reports).finished.unwrap();
    assert_eq!((end.outcome, &end.fields["content"]), (Outcome::Succeeded, &json!(" Hello.\n")));
}

#[tokio::test]
async fn a_message_is_an_answer_if_there_is_something_to_read_or_to_do() {
    let call = json!({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    for (message, is_answer) in [
        (json!({"content": "x"}), true),
        (json!({"reasoning": "only thoughts"}), true),
        (call, true),
        (json!({"function_call": {"name": "f", "arguments": "{}"}}), true),
        (json!({"images": [{"type": "image_url"}]}), true),
        (json!({"content": ""}), false),
        (json!({"role": "assistant", "content": null}), false),
    ] {
        for answer in [
            stream(&finish(&message, "stop")),
            whole(&json!({"choices": [{"message": message, "finish_reason": "stop"}]})),
        ] {
            let (reports, _server) = run_on(answer, chat(&json!({}))).await;
            let first = fold(&reports).attempts.remove(0);
            assert_eq!(first.answered.is_some(), is_answer, "{message}");
        }
    }
}

#[tokio::test]
async fn a_cap_that_the_program_set_ends_its_answer_and_is_not_raised() {
    let (reports, server) =
        run_on(stream(&finish(&json!({"content": "Hel"}), "length")), chat(&json!({"max_tokens": 1}))).await;
    let run = fold(&reports);
    assert_eq!((run.outcome(), server.received().len()), (Some(Outcome::Succeeded), 1));
    assert_eq!(run.attempts[0].answered.as_ref().unwrap().warnings, ["cut short by max_tokens"]);
}

#[tokio::test]
async fn a_tool_call_comes_in_pieces_and_counts_as_progress() {
    let piece = |function: Value| {
        let call = json!({"index": 0, "id": "c", "type": "function", "function": function});
        format!("data: {}\n\n", json!({"choices": [{"delta": {"tool_calls": [call]}}]}))
    };
    let text = [
        piece(json!({"name": "look", "arguments": "{\"q\": "})),
        piece(json!({"arguments": "\"\u{1b}[2J\"}"})),
        finish(&json!({}), "tool_calls"),
    ];
    // Arguments with a control character are no JSON; here only what is shown matters.
    let mut spec = chat(&json!({}));
    let Task::Chat(task) = &mut spec.task else { unreachable!() };
    task.contract = ContractMode::None;
    let (reports, _server) = run_on(stream(&text.concat()), spec).await;
    let run = fold(&reports);
    let attempt = &run.attempts[0];
    // An escape sequence is cleaned away in what is shown.
    assert_eq!(attempt.tool_calls, [("look".to_owned(), "{\"q\": \"\"}".to_owned())]);
    assert!(attempt.first_token.is_some());
    let calls = &run.finished.unwrap().fields["tool_calls"];
    assert_eq!((&calls[0]["id"], &calls[0]["function"]["name"]), (&json!("c"), &json!("look")));
}

#[tokio::test]
async fn another_model_takes_over_in_mid_answer_and_the_log_decides_the_same_again() {
    for fault in ["503", "cut:50%", "empty", "no-finish"] {
        let services = simulated(0.0).await;
        services.inject(CHAIN[0], Some(fault.parse().unwrap()));
        let reports = run(&services, chat(&json!({})), |_, _| {}).await;
        let transcript = fold(&reports);
        assert_eq!(transcript.outcome(), Some(Outcome::Succeeded), "{fault}");
        assert_eq!(transcript.winner().unwrap().model, CHAIN[1], "{fault}");
        let lines: Vec<String> = reports.iter().map(Report::line).collect();
        let read = switchover::history::parse(lines.concat().as_bytes());
        assert_eq!((read.unread, read.runs.len()), (0, 1), "{fault}");
        assert_eq!(redecide(&read.runs[0]).unwrap().differences, [], "{fault}");
        assert_eq!(transcript.asked().unwrap()["message"], "Say hello.");
    }
}
