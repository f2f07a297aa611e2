//! The text of answers: the cases of `tests/cases/simulator`.

use crate::start;
use crate::wire::{Reply, ask, post, post_bytes, send};
use serde_json::{Map, Value, json};
use switchover::simulator::{Simulator, SimulatorOptions};

const STYLES: [&str; 3] = ["markers", "json", "xml"];

#[tokio::test]
async fn every_field_is_answered_with_a_value_of_its_type() {
    let simulator = start().await;
    let cases: Value = toml::from_str(include_str!("../cases/simulator/fields.toml")).unwrap();
    for case in cases["case"].as_array().unwrap() {
        for style in STYLES {
            for stream in [true, false] {
                let name = format!("{} ({style}, stream {stream})", case["name"]);
                let body = request(case, style, stream);
                let reply = post(&simulator, "", &body).await;
                assert_eq!(reply.status, 200, "{name}: {}", reply.text());
                let said = read(&reply.content(), style, &name);
                for (field, expected) in case["fields"].as_object().unwrap() {
                    let absent = case["absent"].as_array().is_some_and(|list| list.contains(&json!(field)));
                    let expected = if absent { &Value::Null } else { expected };
                    assert_eq!(&said[field], &as_said(expected, style), "{name}: {field}");
                }
                let asked: Vec<&str> = outputs(case).iter().map(|(name, _, _)| *name).collect();
                assert_eq!(said.keys().map(String::as_str).collect::<Vec<_>>(), asked, "{name}: the fields in order");
            }
        }
    }
}

fn outputs(case: &Value) -> Vec<(&str, &str, &str)> {
    let all = case["outputs"].as_array().unwrap().iter().map(|output| output.as_str().unwrap());
    all.map(|output| {
        let (field, note) = output.split_once(" # ").unwrap_or((output, ""));
        let (name, kind) = field.split_once(": ").unwrap();
        (name, kind, note)
    })
    .collect()
}

/// The conversation in the format of DSPy's adapters, with our own sentences.
fn request(case: &Value, style: &str, stream: bool) -> Value {
    let inputs = case["inputs"].as_object().unwrap();
    let outputs = outputs(case);
    let mut system = Vec::new();
    if !inputs.is_empty() {
        system.push("You get these fields:".to_owned());
    }
    system.extend(inputs.keys().enumerate().map(|(i, name)| format!("{}. `{name}` (str):", i + 1)));
    system.push("You give these fields:".to_owned());
    let numbered = outputs.iter().enumerate();
    system.extend(numbered.map(|(i, (name, kind, note))| format!("{}. `{name}` ({kind}): {note}", i + 1)));
    system.push("\nThe shape of it:\n".to_owned());
    system.extend(outputs.iter().map(|(name, _, _)| match style {
        "markers" => format!("[[ ## {name} ## ]]\n{{{name}}}\n"),
        "xml" => format!("<{name}>\n{{{name}}}\n</{name}>\n"),
        _ => format!("one JSON object with \"{name}\""),
    }));
    let system = system.join("\n");
    let mut user: Vec<String> = inputs
        .iter()
        .map(|(name, value)| (name, value.as_str().unwrap()))
        .map(|(name, value)| match style {
            "xml" => format!("<{name}>\n{value}\n</{name}>"),
            _ => format!("[[ ## {name} ## ]]\n{value}"),
        })
        .collect();
    let names = outputs.iter().map(|(name, kind, _)| match style {
        "markers" => format!("`[[ ## {name} ## ]]` (a valid Python {kind})"),
        "xml" => format!("`<{name}>`"),
        _ => format!("`{name}`"),
    });
    let list = names.collect::<Vec<_>>().join(", then ");
    user.push(if style == "json" { format!("Now one JSON object: {list}.") } else { format!("Now {list}.") });
    let user = user.join("\n\n");
    json!({
        "model": case["model"].as_str().unwrap_or("openai/gpt-4o-mini"), "stream": stream,
        "messages": [{ "role": "system", "content": system }, { "role": "user", "content": user }],
    })
}

/// A value as an answer writes it: as JSON in JSON, otherwise as Python prints it.
fn as_said(value: &Value, style: &str) -> Value {
    match value {
        value if style == "json" => value.clone(),
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::String(text) => text.trim().into(),
        other => other.to_string().into(),
    }
}

/// The fields of an answer by name. Anything else in the answer is an error.
fn read(text: &str, style: &str, name: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    match style {
        "json" => return serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}: {text}")),
        "markers" => {
            let (body, _) = text.split_once("\n\n[[ ## completed ## ]]").unwrap_or_else(|| panic!("{name}: {text}"));
            for part in body.split("[[ ## ").skip(1) {
                let (field, value) = part.split_once(" ## ]]\n").unwrap_or_else(|| panic!("{name}: {text}"));
                fields.insert(field.into(), value.trim().into());
            }
        }
        _ => {
            let mut rest = text;
            while let Some((_, tail)) = rest.split_once('<') {
                let (field, tail) = tail.split_once(">\n").unwrap_or_else(|| panic!("{name}: {text}"));
                let (value, tail) =
                    tail.split_once(&format!("\n</{field}>")).unwrap_or_else(|| panic!("{name}: {text}"));
                fields.insert(field.into(), value.into());
                rest = tail;
            }
        }
    }
    fields
}

#[tokio::test]
async fn conversations_get_the_answer_of_their_case() {
    let simulator = start().await;
    let cases: Vec<Value> = serde_json::from_str(include_str!("../cases/simulator/conversations.json")).unwrap();
    for case in &cases {
        for stream in [true, false] {
            let mut body = case["body"].clone();
            body["stream"] = stream.into();
            let reply = post(&simulator, "", &body).await;
            conversation(case, &reply, &format!("{} (stream {stream})", case["name"]));
        }
    }
}

fn conversation(case: &Value, reply: &Reply, name: &str) {
    assert_eq!(reply.status, 200, "{name}: {}", reply.text());
    let said = reply.content();
    if let Some(expected) = case["says"].as_str() {
        assert_eq!(said, expected, "{name}");
    }
    if let Some(start) = case["starts"].as_str() {
        assert!(said.starts_with(start), "{name}: {said}");
    }
    if !case["json"].is_null() {
        assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), case["json"], "{name}");
    }
    let end = reply.finish();
    assert_eq!(end["finish_reason"], *case.get("finish").unwrap_or(&json!("stop")), "{name}");
    if let Some(native) = case.get("native_finish") {
        assert_eq!(end["native_finish_reason"], *native, "{name}");
    }
    assert_eq!(!reply.reasoning().is_empty(), case["reasons"] == json!(true), "{name}: {}", reply.reasoning());
    let first = reply.events().into_iter().next().unwrap_or_else(|| reply.json());
    assert_eq!(first["model"], *case.get("served").unwrap_or(&case["body"]["model"]), "{name}");
}

#[tokio::test]
async fn a_wrong_request_gets_the_documented_error() {
    let simulator = start().await;
    let cases: Vec<Value> = serde_json::from_str(include_str!("../cases/simulator/refused.json")).unwrap();
    for case in &cases {
        let reply = send(&simulator, &post_bytes("", &body_of(case))).await;
        let name = &case["name"];
        assert_eq!(reply.status, case["status"].as_u64().unwrap() as u16, "{name}: {}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(error["code"], case["status"], "{name}");
        assert!(error["message"].as_str().unwrap().contains(case["says"].as_str().unwrap()), "{name}: {error}");
        if let Some(model) = case.get("fallback") {
            assert_eq!(error["availability"]["code"], "model_not_found", "{name}");
            assert!(error["availability"]["fallback_models"].as_array().unwrap().contains(model), "{name}: {error}");
        }
    }
}

/// `REPEAT:n:text` in a message stands for a text too long for a case file.
fn body_of(case: &Value) -> String {
    let Some(raw) = case["raw"].as_str() else {
        let body = case["body"].to_string();
        let Some((before, rest)) = body.split_once("REPEAT:") else { return body };
        let (times, rest) = rest.split_once(':').unwrap();
        let (text, after) = rest.split_once('"').unwrap();
        return format!("{before}{}\"{after}", text.repeat(times.parse().unwrap()));
    };
    raw.to_owned()
}

#[tokio::test]
async fn the_same_requests_get_the_same_bytes_and_each_its_own_id() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let options = SimulatorOptions { pace: 0.0, seed, ..SimulatorOptions::default() };
        let simulator = Simulator::start(options).await.unwrap();
        let mut replies = Vec::new();
        for stream in [true, true, false, false] {
            let body = json!({ "model": "deepseek/deepseek-r1", "stream": stream, "messages": [{ "role": "user", "content": "What is Rust?" }] });
            replies.push(post(&simulator, "", &body).await);
        }
        for pair in replies.chunks(2) {
            let id = |reply: &Reply| reply.header("x-generation-id").unwrap().to_owned();
            assert_ne!(id(&pair[0]), id(&pair[1]));
            assert_eq!(pair[0].text().replace(&id(&pair[0]), "ID"), pair[1].text().replace(&id(&pair[1]), "ID"));
        }
        runs.push(replies.iter().map(|reply| (reply.text(), reply.headers.clone())).collect::<Vec<_>>());
    }
    assert_eq!(runs[0], runs[1], "another simulator with the same seed");
    assert_ne!(runs[0], runs[2], "another seed");
}

#[tokio::test]
async fn sums_are_computed() {
    let simulator = start().await;
    let cases: Value = toml::from_str(include_str!("../cases/simulator/sums.toml")).unwrap();
    let answer = async |text: &str| {
        let mut body = ask("openai/gpt-4o-mini", false);
        body["messages"][0]["content"] = text.into();
        post(&simulator, "", &body).await.content()
    };
    for (text, expected) in cases["sums"].as_object().unwrap() {
        assert_eq!(answer(text).await, expected.as_str().unwrap());
    }
    let texts = cases["no_sums"]["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
    // Text that nests too deep must not exhaust the stack.
    for text in texts.chain(["(".repeat(1900), "-".repeat(1900)]) {
        let said = answer(&text).await;
        assert!(said.starts_with("This is a simulated answer"), "{text}: {said}");
    }
}

#[tokio::test]
async fn endless_schemas_and_unreadable_types_are_answered() {
    let simulator = start().await;
    let endless = json!({ "type": "object", "properties": { "a": { "$ref": "#" }, "b": { "$ref": "#" } }, "required": ["a", "b"] });
    let circle = json!({ "type": "object", "properties": { "a": { "$ref": "#/properties/a" } } });
    for schema in [endless, circle, json!({ "properties": { "a": { "allOf": [{ "$ref": "#/properties/a" }] } } })] {
        let mut body = ask("openai/gpt-4o-mini", false);
        body["response_format"] = json!({ "type": "json_schema", "json_schema": { "name": "x", "schema": schema } });
        let content = post(&simulator, "", &body).await.content();
        assert!(serde_json::from_str::<Value>(&content).unwrap()["a"] != "", "{content}");
    }
    for kind in ["list[".repeat(10_000), "Literal['a".to_owned(), "list[int".to_owned(), String::new()] {
        let mut body = ask("openai/gpt-4o-mini", false);
        let system = format!("Outputs:\n1. `a` ({kind}): \n2. `b` (int): \n\n[[ ## a ## ]]\n");
        body["messages"].as_array_mut().unwrap().insert(0, json!({ "role": "system", "content": system }));
        let content = post(&simulator, "", &body).await.content();
        assert!(content.starts_with("[[ ## a ## ]]\n") && content.contains("[[ ## b ## ]]\n0\n"), "{content}");
    }
    let mut body = ask("openai/gpt-4o-mini", false);
    let nested = "<q>".repeat(100_000);
    let system = format!("Outputs:\n1. `q` (Quiz): \n\n{nested}");
    body["messages"].as_array_mut().unwrap().insert(0, json!({ "role": "system", "content": system }));
    assert!(post(&simulator, "", &body).await.content().starts_with("<q>\n"));
}
