//! Answers that do not fit what their request asks for are failures like any other.

use crate::server::{Server, stream, whole};
use crate::{CHAIN, options, simulated, start};
use serde_json::{Value, json};
use switchover::dspy::{Adapter, Signature, Values};
use switchover::fault::{FaultGroup, TABLE};
use switchover::gateway::GatewayOptions;
use switchover::worker::Service;

fn message(content: &str, calls: &Value) -> Value {
    json!({"choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": content, "tool_calls": calls}}]})
}

fn schema() -> Value {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false});
    json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": schema}}})
}

#[tokio::test]
async fn a_program_of_signatures_gets_its_fields_whatever_is_broken() {
    let signature: Signature = "question -> reasoning, answer: int, parity: Literal['even', 'odd']".parse().unwrap();
    let inputs = Values::from_iter([("question".to_owned(), json!("What is 17 * 24?"))]);
    let typed = TABLE.iter().filter(|row| matches!(row.group, FaultGroup::Content | FaultGroup::Typed));
    let mut wrong = Vec::new();
    for (row, adapter) in typed.flat_map(|row| Adapter::ALL.map(|adapter| (row, adapter))) {
        let gateway = simulated(0.0, options()).await;
        let messages = json!(adapter.messages(&signature, &inputs, &[], &[]));
        for streams in [false, true] {
            let body = json!({"model": CHAIN[0], "stream": streams, "messages": messages});
            let reply = gateway.chat(row.example, &body, &[("x-switchover-hold", "answer")]).await;
            let read = reply.answer().map(|text| adapter.parse(&signature, &text));
            match read {
                // Whoever reads it needs no mending of their own.
                Some(Ok(prediction)) if prediction.repairs.is_empty() => {}
                // A refusal is the client's to see.
                None if reply.status >= 400 && row.group == FaultGroup::Content => {}
                read => wrong.push(format!("{} {adapter} (stream: {streams}): {read:?} {}", row.example, reply.text)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_schema_is_held_with_one_repair_turn_and_then_by_the_next_model() {
    let (bad, good) = (whole(&message("{\"n\": \"x\"}", &Value::Null)), whole(&message("{\"n\": 7}", &Value::Null)));
    for (answers, attempts) in [(vec![bad.clone(), good.clone()], 2), (vec![bad.clone(), bad.clone(), good], 3)] {
        let server = Server::start(answers).await;
        let gateway = start(Service::Server(Box::new(server.endpoint())), 0.0, options()).await;
        let reply = gateway.chat("", &schema(), &[]).await;
        assert_eq!((reply.status, reply.answer().as_deref()), (200, Some("{\"n\": 7}")));
        let received = server.received();
        assert_eq!(received.len(), attempts);
        let repair: Value = serde_json::from_slice(&received[1].body).unwrap();
        let turns = repair["messages"].as_array().unwrap();
        assert_eq!((turns.len(), &turns[1]["content"]), (3, &json!("{\"n\": \"x\"}")));
        assert!(turns[2]["content"].as_str().unwrap().contains("expected integer"), "{}", turns[2]);
    }
    // Whoever wants no check gets what the model said.
    let server = Server::start([bad.clone()]).await;
    let gateway = start(Service::Server(Box::new(server.endpoint())), 0.0, options()).await;
    let unchecked = gateway.chat("", &schema(), &[("x-switchover-contract", "none")]).await;
    assert_eq!(unchecked.answer().as_deref(), Some("{\"n\": \"x\"}"));
    // A conversation that does not end with the user has no place for a repair turn.
    let server = Server::start([bad]).await;
    let gateway = start(Service::Server(Box::new(server.endpoint())), 0.0, options()).await;
    let mut body = schema();
    body["messages"] = json!([{"role": "user", "content": "n?"}, {"role": "assistant", "content": "{"}]);
    let failed = gateway.chat("", &body, &[]).await;
    assert_eq!(failed.status, 502);
    assert!(failed.error().unwrap().contains("expected integer"), "{}", failed.text);
    for request in server.received() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["messages"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_mended_answer_is_sent_as_it_should_have_been_written() {
    let fenced = "```json\n{\"n\": 7}\n```";
    for streams in [false, true] {
        let server = Server::start([whole(&message(fenced, &Value::Null))]).await;
        let gateway = start(Service::Server(Box::new(server.endpoint())), 0.0, options()).await;
        let mut body = schema();
        body["stream"] = streams.into();
        let reply = gateway.chat("", &body, &[("x-switchover-hold", "answer")]).await;
        assert_eq!((reply.answer().as_deref(), reply.header("x-switchover-mended")), (Some("{\"n\": 7}"), "true"));
    }
}

#[tokio::test]
async fn a_stream_that_does_not_fit_ends_with_an_error_and_not_as_if_it_were_whole() {
    let chunk = |delta: &str, finish: Value| {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"index": 0, "delta": {"content": delta}, "finish_reason": finish}]})
        )
    };
    let events =
        [chunk("{\"n\": ", Value::Null), chunk("\"x\"}", json!("stop")), "data: [DONE]\n\n".to_owned()].concat();
    let server = Server::start([stream(&events)]).await;
    let gateway = start(Service::Server(Box::new(server.endpoint())), 0.0, options()).await;
    let mut body = schema();
    body["stream"] = true.into();
    let reply = gateway.chat("", &body, &[]).await;
    assert_eq!((reply.answer(), server.received().len()), (None, 1));
    assert!(!reply.text.contains("[DONE]") && !reply.text.contains("\"stop\""), "{}", reply.text);
    assert!(reply.error().unwrap().contains("expected integer"), "{}", reply.text);
}

#[tokio::test]
async fn a_tool_that_nobody_offered_and_broken_arguments_are_failures() {
    let call = |name: &str, arguments: &str| json!([{"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}]);
    let body = json!({"tools": [{"type": "function", "function": {"name": "look"}}]});
    for (bad, why) in [(call("see", "{}"), "one of the tools look"), (call("look", "{\"a\": "), "a JSON object")] {
        let answers = [&bad, &bad, &call("look", "{}")].map(|calls| whole(&message("", calls)));
        let server = Server::start(answers).await;
        let gateway = start(Service::Server(Box::new(server.endpoint())), 0.0, options()).await;
        let reply = gateway.chat("", &body, &[]).await;
        assert_eq!(reply.json()["choices"][0]["message"]["tool_calls"], call("look", "{}"), "{}", reply.text);
        assert_eq!(reply.header("x-switchover-model"), CHAIN[1]);
        assert!(reply.header("x-switchover-trail").contains(why), "{}", reply.header("x-switchover-trail"));
    }
}

#[tokio::test]
async fn the_gateway_itself_can_leave_answers_unchecked() {
    let unchecked = GatewayOptions { contract: switchover::contract::ContractMode::None, ..options() };
    let server = Server::start([whole(&message("no JSON", &Value::Null))]).await;
    let gateway = start(Service::Server(Box::new(server.endpoint())), 0.0, unchecked).await;
    assert_eq!(gateway.chat("", &schema(), &[]).await.answer().as_deref(), Some("no JSON"));
}
