//! `/responses` and `/embeddings`: passed on as they came, with failover before anything is sent.

use crate::passing::{any_json, at, header};
use crate::server::{Server, answer, stream, whole};
use crate::{CHAIN, Reply, Running, options, start};
use proptest::prelude::*;
use serde_json::{Value, json};

async fn post(gateway: &Running, path: &str, body: &Value) -> Reply {
    let request = gateway.request("POST", path).header("content-type", "application/json");
    Reply::of(request.header("x-title", "Mine").body(body.to_string()).send().await.unwrap()).await
}

fn response(text: &str) -> Value {
    json!({"id": "resp_1", "object": "response", "status": "completed", "model": "openai/gpt-4o-mini", "x_new": [1],
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}],
        "usage": {"input_tokens": 3, "output_tokens": 5, "cost": 0.001}})
}

/// The events of an answer in two pieces.
fn events(end: Option<&str>) -> String {
    let mut events = vec![
        json!({"type": "response.created", "sequence_number": 0, "response": {"id": "resp_1", "status": "in_progress"}}),
        json!({"type": "response.output_text.delta", "sequence_number": 1, "delta": "Par"}),
        json!({"type": "response.output_text.delta", "sequence_number": 2, "delta": "is"}),
    ];
    events.extend(end.map(|end| json!({"type": end, "sequence_number": 3, "response": response("Paris")})));
    let event =
        |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().expect("the name of an event"));
    events.iter().map(event).collect()
}

#[tokio::test]
async fn a_response_is_passed_on_whole_and_the_next_model_takes_over_before_it_begins() {
    let down = answer(503, "application/json", r#"{"error": {"message": "down"}}"#);
    let empty = whole(&json!({"object": "response", "status": "completed", "output": []}));
    let failed = whole(
        &json!({"object": "response", "status": "failed", "output": [], "error": {"code": "server_error", "message": "boom"}}),
    );
    let cut = stream(&events(None));
    let sent = json!({"model": CHAIN[0], "input": "hi", "instructions": "Be brief.", "x_new": {"k": null}, "tools": [{"type": "web_search"}]});
    for bad in [&down, &empty, &failed, &cut] {
        let server = Server::start([bad.clone(), bad.clone(), whole(&response("Paris"))]).await;
        let gateway = start(at(&server), 0.0, options()).await;
        let reply = post(&gateway, "/v1/responses", &sent).await;
        assert_eq!((reply.status, reply.json()), (200, response("Paris")), "{}", reply.text);
        let received = server.received();
        assert!(received.len() > 1 && received.iter().all(|r| header(&r.headers, "x-title") == ["Mine"]));
        for (request, path) in received.iter().map(|r| (&r.body, &r.line)) {
            let mut body: Value = serde_json::from_slice(request).unwrap();
            assert!(path.contains("/responses ") && CHAIN.contains(&body["model"].as_str().unwrap()), "{path} {body}");
            body["model"] = sent["model"].clone();
            assert_eq!(body, sent);
        }
    }
}

#[tokio::test]
async fn a_streamed_response_arrives_as_it_was_sent_or_ends_with_an_error() {
    let body = json!({"model": CHAIN[0], "input": "hi", "stream": true});
    let whole_answer = events(Some("response.completed"));
    let down = answer(503, "application/json", r#"{"error": {"message": "down"}}"#);
    let failed = stream(
        "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}}}\n\n",
    );
    for bad in [down, failed] {
        let server = Server::start([bad.clone(), bad, stream(&whole_answer)]).await;
        let gateway = start(at(&server), 0.0, options()).await;
        let reply = post(&gateway, "/v1/responses", &body).await;
        assert_eq!(reply.text, whole_answer);
    }
    for end in [None, Some("response.failed")] {
        let server = Server::start([stream(&events(end))]).await;
        let gateway = start(at(&server), 0.0, options()).await;
        let reply = post(&gateway, "/v1/responses", &body).await;
        assert!(reply.text.starts_with(&events(None)), "{}", reply.text);
        let last: Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
        assert_eq!((reply.events().len(), &last["type"], last["message"].is_string()), (4, &json!("error"), true));
    }
    // What is held until its end is rescued in mid-stream too.
    let server = Server::start([stream(&events(None)), stream(&events(None)), stream(&whole_answer)]).await;
    let gateway = start(at(&server), 0.0, crate::GatewayOptions { hold: crate::Hold::Answer, ..options() }).await;
    assert_eq!(post(&gateway, "/v1/responses", &body).await.text, whole_answer);
}

#[tokio::test]
async fn a_cap_of_the_client_passes_on() {
    let mut cut = response("Par");
    cut["status"] = "incomplete".into();
    cut["incomplete_details"] = json!({"reason": "max_output_tokens"});
    let server = Server::start([whole(&cut)]).await;
    let gateway = start(at(&server), 0.0, options()).await;
    let reply =
        post(&gateway, "/v1/responses", &json!({"model": CHAIN[0], "input": "hi", "max_output_tokens": 1})).await;
    assert_eq!((reply.json(), server.received().len()), (cut, 1));
}

#[tokio::test]
async fn a_server_that_has_chat_completions_only_is_named() {
    for (status, body) in [
        (404, r#"{"detail": "Not Found"}"#),
        (404, "404 page not found"),
        (405, r#"{"detail": "Method Not Allowed"}"#),
        (200, r#"{"error": "Unexpected endpoint or method. (POST /v1/responses)"}"#),
    ] {
        let server = Server::start([answer(status, "application/json", body)]).await;
        let gateway = start(at(&server), 0.0, options()).await;
        for path in ["/v1/responses", "/v1/embeddings"] {
            let reply = post(&gateway, path, &json!({"model": CHAIN[0], "input": "hi"})).await;
            assert_eq!(reply.status, 501, "{}", reply.text);
            assert!(reply.error().unwrap().contains(&path[3..]), "{}", reply.text);
        }
        assert_eq!(server.received().len(), 2, "no model is asked in vain");
    }
    // A model that is not there is another matter.
    let gone = answer(404, "application/json", r#"{"error": {"message": "The model `x` does not exist"}}"#);
    let server = Server::start([gone, whole(&response("Paris"))]).await;
    let gateway = start(at(&server), 0.0, options()).await;
    assert_eq!(post(&gateway, "/v1/responses", &json!({"model": "x/y", "input": "hi"})).await.status, 200);
}

#[tokio::test]
async fn embeddings_have_one_attempt() {
    let vectors = json!({"object": "list", "model": "openai/text-embedding-3-small", "usage": {"prompt_tokens": 2, "total_tokens": 2},
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -1.5e-3]}]});
    let body =
        json!({"model": "openai/text-embedding-3-small", "input": ["a"], "dimensions": 2, "encoding_format": "float"});
    let server = Server::start([whole(&vectors)]).await;
    let gateway = start(at(&server), 0.0, options()).await;
    let reply = post(&gateway, "/api/v1/embeddings", &body).await;
    assert_eq!((reply.json(), reply.header("x-switchover-attempts")), (vectors, "1"));
    assert_eq!(serde_json::from_slice::<Value>(&server.received()[0].body).unwrap(), body);
    for (status, bad) in [(503, r#"{"error": {"message": "down"}}"#), (200, r#"{"data": []}"#)] {
        let server = Server::start([answer(status, "application/json", bad)]).await;
        let gateway = start(at(&server), 0.0, options()).await;
        let reply = post(&gateway, "/v1/embeddings", &body).await;
        assert!(reply.status >= 500 && reply.error().is_some(), "{}", reply.text);
        assert_eq!(server.received().len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A request leaves as the client wrote it, and a whole response arrives as it was sent.
    #[test]
    fn whatever_is_in_a_response_and_its_request_arrives(
        field in any_json(), input in any_json(), top in any_json(), item in any_json(), n in 1_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut sent = response("text");
            sent["x_top"] = top;
            let first = sent["output"][0].clone();
            let more = (1..n).map(|_| json!({"type": "x_item", "x": item}));
            sent["output"] = std::iter::once(first).chain(more).collect();
            let server = Server::start([whole(&sent)]).await;
            let gateway = start(at(&server), 0.0, options()).await;
            let asked = json!({"model": CHAIN[0], "input": input, "x_new": field, "metadata": {"k": "v"}});
            let reply = post(&gateway, "/v1/responses", &asked).await;
            assert_eq!(reply.json(), sent);
            assert_eq!(serde_json::from_slice::<Value>(&server.received()[0].body).unwrap(), asked);
        });
    }

    /// Events arrive byte for byte, with their names.
    #[test]
    fn whatever_events_a_response_has_they_arrive(
        fields in prop::collection::vec((any_json(), "[a-z_.]{1,20}"), 0..5), end in any_json(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut whole = response("Paris");
            whole["x_end"] = end;
            let mut sent = vec![json!({"type": "response.created", "response": {"id": "resp_1"}})];
            sent.push(json!({"type": "response.output_text.delta", "delta": "Paris", "logprobs": []}));
            sent.extend(fields.iter().map(|(value, name)| json!({"type": format!("response.x_{name}"), "x_new": value})));
            sent.push(json!({"type": "response.completed", "response": whole}));
            let event = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
            let text: String = sent.iter().map(event).collect();
            let server = Server::start([stream(&text)]).await;
            let gateway = start(at(&server), 0.0, options()).await;
            let body = json!({"model": CHAIN[0], "input": "hi", "stream": true});
            assert_eq!(post(&gateway, "/v1/responses", &body).await.text, text);
        });
    }
}
