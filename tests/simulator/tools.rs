//! Tool calls: the cases of `tests/cases/simulator/tools.json`, streamed and whole.

use crate::start;
use crate::wire::{Reply, post};
use serde_json::{Value, json};

/// The tool call of a reply: its name and its arguments, which a stream sends in pieces.
fn tool_call(reply: &Reply) -> Option<(String, Value)> {
    let mut calls = Vec::new();
    if reply.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        calls.extend(reply.events().iter().map(|event| event["choices"][0]["delta"]["tool_calls"][0].clone()));
    } else {
        calls.push(reply.json()["choices"][0]["message"]["tool_calls"][0].clone());
    }
    calls.retain(|call| !call.is_null());
    let first = calls.first()?;
    assert!(first["id"].as_str().unwrap().starts_with("call_") && first["type"] == "function", "{first}");
    assert!(calls.iter().all(|call| call["index"] == 0));
    assert!(calls[1..].iter().all(|call| call.get("id").is_none() && call["function"].get("name").is_none()));
    let arguments: String = calls.iter().map(|call| call["function"]["arguments"].as_str().unwrap()).collect();
    let arguments = serde_json::from_str(&arguments).unwrap_or_else(|e| panic!("{e}: {arguments}"));
    Some((first["function"]["name"].as_str().unwrap().to_owned(), arguments))
}

#[tokio::test]
async fn a_tool_is_called_with_arguments_of_its_schema() {
    let simulator = start().await;
    let cases: Value = serde_json::from_str(include_str!("../cases/simulator/tools.json")).unwrap();
    for case in cases["cases"].as_array().unwrap() {
        for stream in [true, false] {
            let name = format!("{} (stream {stream})", case["name"]);
            let mut body = json!({ "model": "openai/gpt-4o-mini", "stream": stream, "tools": cases["tools"] });
            body["messages"] = case.get("messages").unwrap_or(&cases["messages"]).clone();
            body["tool_choice"] = case["tool_choice"].clone();
            let reply = post(&simulator, case["fault"].as_str().unwrap_or_default(), &body).await;
            let finish = reply.finish();
            let Some(calls) = case.get("calls") else {
                assert_eq!(tool_call(&reply), None, "{name}");
                assert_eq!(reply.content(), case["says"].as_str().unwrap(), "{name}");
                assert_eq!(finish["finish_reason"], "stop", "{name}");
                continue;
            };
            let (called, arguments) = tool_call(&reply).unwrap_or_else(|| panic!("{name}: {}", reply.text()));
            assert_eq!((&json!(called), &arguments), (&calls[0], &calls[1]), "{name}");
            assert_eq!((&finish["finish_reason"], reply.content().as_str()), (&json!("tool_calls"), ""), "{name}");
        }
    }
}
