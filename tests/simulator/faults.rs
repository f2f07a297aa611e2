//! Every fault on the wire: the cases of `tests/cases/simulator/faults.toml` and `typed.toml`.

use crate::start;
use crate::wire::{Reply, ask, get, parse, post, post_bytes};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use switchover::fault::{FaultGroup, TABLE};
use switchover::simulator::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn cases(text: &str) -> Vec<Value> {
    let file: Value = toml::from_str(text).unwrap();
    file["case"].as_array().unwrap().clone()
}

#[test]
fn every_fault_of_the_table_has_a_case() {
    let wire = cases(include_str!("../cases/simulator/faults.toml"));
    let typed = cases(include_str!("../cases/simulator/typed.toml"));
    let cases: BTreeSet<&str> = wire.iter().chain(&typed).map(|case| case["fault"].as_str().unwrap()).collect();
    let table: BTreeSet<&str> = TABLE.iter().map(|row| row.example).collect();
    assert_eq!(cases, table);
    assert!(TABLE.iter().any(|row| row.group == FaultGroup::Typed));
}

#[tokio::test]
async fn every_fault_has_its_shape_on_the_wire() {
    let simulator = start().await;
    for case in cases(include_str!("../cases/simulator/faults.toml")) {
        let fault = case["fault"].as_str().unwrap();
        for (way, stream) in [("stream", true), ("whole", false)] {
            let expected = case.get("both").unwrap_or(&case[way]);
            let mut body = ask("openai/gpt-4o-mini", stream);
            body["messages"][0]["content"] = "What is a circuit breaker?".into();
            let healthy = post(&simulator, "", &body).await;
            let name = format!("{fault} ({way})");
            if expected["ends"] == "silent" {
                silent(&simulator, fault, &body, expected, &name).await;
                continue;
            }
            let reply = post(&simulator, fault, &body).await;
            check(&reply, &healthy, expected, &name);
            if reply.status != 0 {
                assert_eq!(reply.header("x-switchover-fault"), Some(fault), "{name} is labelled");
            }
        }
    }
}

fn check(reply: &Reply, healthy: &Reply, expected: &Value, name: &str) {
    let text = reply.text();
    let shown = &text[..text.len().min(2000)];
    assert_eq!(reply.status, expected["status"].as_u64().unwrap_or(0) as u16, "{name}: {shown}");
    let ends = match (reply.reset, reply.whole) {
        (true, _) => "reset",
        (false, true) => "whole",
        (false, false) => "cut",
    };
    assert_eq!(expected["ends"], ends, "{name}: {shown}");
    for (key, value) in expected.as_object().unwrap() {
        let said = value.as_str().unwrap_or_default();
        match key.as_str() {
            "status" | "ends" => {}
            "says" => assert!(text.contains(said), "{name}: {shown}"),
            "lacks" => assert!(!text.contains(said), "{name}: {shown}"),
            "body" => assert_eq!(text, said, "{name}"),
            "blank" => assert!(!text.is_empty() && text.trim().is_empty(), "{name}: {shown}"),
            "header" => header(reply, said, name),
            "no_header" => assert_eq!(reply.header(said), None, "{name}"),
            "tokens" => assert_eq!(json!(reply.tokens()), *value, "{name}: {shown}"),
            "same" => assert_eq!(reply.content(), healthy.content(), "{name}"),
            "content" => assert_eq!(reply.content(), said, "{name}"),
            "reasons" => assert!(!reply.reasoning().is_empty(), "{name}: {shown}"),
            "finish" => assert_eq!(reply.finish()["finish_reason"], said, "{name}: {shown}"),
            "finishes" => {
                let finishes = reply.events().iter().filter(|e| e["choices"][0]["finish_reason"].is_string()).count();
                assert_eq!(json!(finishes), *value, "{name}: {shown}");
            }
            "bad_events" => assert_eq!(json!(reply.bad_events()), *value, "{name}: {shown}"),
            "bad_json" => assert!(serde_json::from_str::<Value>(&text).is_err(), "{name}: {shown}"),
            "longer_than" => assert!(reply.body.len() as u64 > value.as_u64().unwrap(), "{name}"),
            key => panic!("{name}: unknown expectation {key}"),
        }
    }
}

fn header(reply: &Reply, expected: &str, name: &str) {
    let (header, value) = expected.split_once(": ").unwrap();
    let found = reply.header(header).unwrap_or_else(|| panic!("{name}: no {header} in {:?}", reply.headers));
    match value.strip_prefix('*') {
        Some(end) => assert!(found.ends_with(end), "{name}: {found}"),
        None => assert_eq!(found, value, "{name}"),
    }
}

/// Checks that a connection falls silent: the expected bytes have arrived, other requests have been answered since,
/// and there is nothing more to read although the connection is open.
async fn silent(simulator: &Simulator, fault: &str, body: &Value, expected: &Value, name: &str) {
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    stream.write_all(post_bytes(fault, &body.to_string()).as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    let first = expected["says"].as_str().unwrap_or(if expected["status"].is_null() { "" } else { "\r\n\r\n" });
    while !String::from_utf8_lossy(&seen).contains(first) {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "{name} ended");
    }
    for _ in 0..3 {
        get(simulator, "/api/v1/models").await;
    }
    let mut more = [0; 4096];
    while let Ok(n) = stream.try_read(&mut more) {
        assert_ne!(n, 0, "{name} ended");
        seen.extend_from_slice(&more[..n]);
    }
    assert_eq!(stream.try_read(&mut more).unwrap_err().kind(), ErrorKind::WouldBlock, "{name}");
    let reply = parse(&seen);
    assert_eq!(reply.status, expected["status"].as_u64().unwrap_or(0) as u16, "{name}");
    assert!(!reply.whole, "{name}");
    if let Some(tokens) = expected.get("tokens") {
        assert_eq!(json!(reply.tokens()), *tokens, "{name}: {}", reply.text());
    }
}

#[tokio::test]
async fn typed_faults_spoil_only_the_form_of_an_answer() {
    let simulator = start().await;
    for case in cases(include_str!("../cases/simulator/typed.toml")) {
        let fault = case["fault"].as_str().unwrap();
        for style in ["markers", "json"] {
            for stream in [true, false] {
                let reply = post(&simulator, fault, &typed(style, stream)).await;
                let name = format!("{fault} ({style}, stream {stream})");
                let (said, elsewhere) = match case["in"].as_str() {
                    Some("reasoning") => (reply.reasoning(), reply.content()),
                    _ => (reply.content(), reply.reasoning()),
                };
                assert_eq!(said.trim(), case[style].as_str().unwrap().trim(), "{name}");
                assert_eq!(elsewhere, "", "{name}");
                assert_eq!(reply.finish()["finish_reason"], "stop", "{name}");
            }
        }
    }
}

fn typed(style: &str, stream: bool) -> Value {
    let system = "Input fields:\n1. `message` (str)\n\
                  Output fields:\n1. `why` (str)\n2. `intent` (Literal['return', 'complaint'])\n3. `urgent` (bool)\n";
    let reminder = if style == "json" {
        "One JSON object: `why`, `intent`, `urgent`."
    } else {
        "Begin with `[[ ## why ## ]]`, then `[[ ## intent ## ]]`, then `[[ ## urgent ## ]]`."
    };
    let message = "The kettle came with a cracked lid and I have guests on Friday. What now?";
    let user = format!("[[ ## message ## ]]\n{message}\n\n{reminder}");
    json!({
        "model": "mistralai/mistral-small-3.2-24b-instruct", "stream": stream,
        "messages": [{ "role": "system", "content": system }, { "role": "user", "content": user }],
    })
}

#[tokio::test]
async fn schedules_count_by_segment_and_model() {
    let simulator = start().await;
    let mut statuses = Vec::new();
    for (segment, model) in [
        ("503@once", "openai/gpt-4o-mini"),
        ("503@once", "anthropic/claude-3-haiku"),
        ("503@once", "openai/gpt-4o-mini"),
        ("502@every=2", "openai/gpt-4o-mini"),
        ("502@every=2", "openai/gpt-4o-mini"),
        ("502%40every%3D2", "openai/gpt-4o-mini"),
        ("503@window=0s..1000s", "openai/gpt-4o-mini"),
        ("503@window=500s..1000s", "openai/gpt-4o-mini"),
    ] {
        statuses.push(post(&simulator, segment, &ask(model, true)).await.status);
    }
    assert_eq!(statuses, [503, 503, 200, 200, 502, 200, 503, 200]);
}

#[tokio::test]
async fn a_repair_turn_gets_a_good_answer_after_a_fault_once() {
    let simulator = start().await;
    let first = post(&simulator, "garbled@once", &typed("markers", true)).await.content();
    assert!(!first.contains("[[ ## "), "{first}");
    let mut body = typed("markers", true);
    let more = json!([
        { "role": "assistant", "content": first },
        { "role": "user", "content": "That could not be read. Once more: `[[ ## why ## ]]`, `[[ ## intent ## ]]`, `[[ ## urgent ## ]]`." },
    ]);
    body["messages"].as_array_mut().unwrap().extend(more.as_array().unwrap().clone());
    let second = post(&simulator, "garbled@once", &body).await.content();
    assert!(second.contains("[[ ## urgent ## ]]\nTrue\n\n[[ ## completed ## ]]"), "{second}");
}
