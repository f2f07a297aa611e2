//! What passes through: requests as the client wrote them, responses as the server sent them, and whose name they bear.

use crate::server::{KEY, Server, answer, stream, whole};
use crate::{CHAIN, options, simulated, start};
use proptest::prelude::*;
use serde_json::{Value, json};
use switchover::gateway::{GatewayOptions, KeySource};
use switchover::worker::Service;

pub(crate) fn at(server: &Server) -> Service {
    Service::Server(Box::new(server.endpoint()))
}

pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
}

#[tokio::test]
async fn a_request_leaves_as_it_came_and_bears_its_own_name_and_the_configured_key() {
    let ok = whole(&json!({"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}));
    for (sent, referer, title) in [
        (&[][..], "http://localhost/switchover", "Switchover"),
        (&[("http-referer", "https://my.app"), ("x-title", "Mine")], "https://my.app", "Mine"),
        (
            &[("http-referer", "https://litellm.ai"), ("x-title", "liteLLM")],
            "http://localhost/switchover",
            "Switchover",
        ),
    ] {
        let server = Server::start([ok.clone()]).await;
        let gateway = start(at(&server), 0.0, options()).await;
        let own = json!({"model": "a/b", "user": "u", "tools": [{"type": "function"}], "x_new": {"k": null}, "logit_bias": {"1": -1}});
        let mut headers = vec![("authorization", "Bearer of-the-client")];
        headers.extend_from_slice(sent);
        let reply = gateway.chat("", &own, &headers).await;
        assert_eq!((reply.status, reply.answer().as_deref()), (200, Some("hi")));
        let received = &server.received()[0];
        let body: Value = serde_json::from_slice(&received.body).unwrap();
        for name in ["model", "user", "tools", "x_new", "logit_bias"] {
            assert_eq!(body[name], own[name], "{name}");
        }
        assert_eq!(header(&received.headers, "authorization"), [format!("Bearer {KEY}")]);
        assert_eq!(
            (header(&received.headers, "http-referer"), header(&received.headers, "x-title")),
            (vec![referer], vec![title])
        );
    }
}

#[tokio::test]
async fn a_clients_own_key_pays_where_that_is_wanted() {
    let ok = whole(&json!({"choices": [{"index": 0, "message": {"content": KEY}, "finish_reason": "stop"}]}));
    let server = Server::start([ok]).await;
    let gateway = start(at(&server), 0.0, GatewayOptions { key: KeySource::Client, ..options() }).await;
    let mine = "sk-or-v1-of-the-client-0123456789";
    let reply = gateway.chat("", &json!({"model": "a/b"}), &[("authorization", &format!("Bearer {mine}"))]).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(header(&server.received()[0].headers, "authorization"), [format!("Bearer {mine}")]);
    let none = gateway.chat("", &json!({"model": "a/b"}), &[]).await;
    assert_eq!((none.status, server.received().len()), (401, 1));
}

/// Any JSON that a server may put into a field that nobody knows.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zäß\"\\\\ <]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A response without streaming arrives as it was sent, field by field.
    #[test]
    fn whatever_a_server_sends_in_one_piece_arrives(message in any_json(), top in any_json(), choice in any_json(), n in 1_usize..3) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let one = |index: usize| json!({"index": index, "finish_reason": "stop", "x_choice": choice,
                "message": {"role": "assistant", "content": "text", "x_message": message}});
            let choices: Vec<Value> = (0..n).map(one).collect();
            let sent = json!({"id": "gen-1", "object": "chat.completion", "model": "a/b", "x_top": top, "choices": choices});
            let server = Server::start([whole(&sent)]).await;
            let gateway = start(at(&server), 0.0, options()).await;
            let reply = gateway.chat("", &json!({"model": "a/b", "n": n}), &[]).await;
            assert_eq!(reply.json(), sent);
        });
    }

    /// The chunks of a stream arrive as they were sent.
    #[test]
    fn whatever_a_server_streams_arrives(deltas in prop::collection::vec(any_json(), 1..5), usage in any_json()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let chunk = |delta: Value, finish: Value| json!({"id": "gen-1", "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).to_string();
            let mut sent = vec![chunk(json!({"role": "assistant", "content": "text"}), Value::Null)];
            sent.extend(deltas.iter().map(|value| chunk(json!({"x_new": value}), Value::Null)));
            sent.push(chunk(json!({}), json!("stop")));
            sent.push(json!({"choices": [], "x_usage": usage}).to_string());
            sent.push("[DONE]".to_owned());
            let events = sent.iter().map(|data| format!("data: {data}\n\n")).collect::<Vec<_>>().concat();
            let server = Server::start([stream(&events)]).await;
            let gateway = start(at(&server), 0.0, options()).await;
            let reply = gateway.chat("", &json!({"model": "a/b", "stream": true}), &[]).await;
            assert_eq!(reply.events(), sent);
        });
    }
}

#[tokio::test]
async fn when_all_fail_the_client_gets_the_first_cause_and_who_was_asked() {
    let busy = answer(429, "application/json", r#"{"error": {"message": "slow down", "code": 429}}"#);
    let server = Server::start([busy]).await;
    let gateway = start(at(&server), 0.0, options()).await;
    for streams in [false, true] {
        let reply = gateway.chat("", &json!({"model": "a/b", "models": ["a/b", "c/d"], "stream": streams}), &[]).await;
        let error = &reply.json()["error"];
        assert_eq!((reply.status, error["type"].as_str()), (429, Some("rate_limit_error")), "{}", reply.text);
        assert!(error["message"].as_str().unwrap().contains("slow down"), "{error}");
        assert!(!error["metadata"]["attempts"].as_array().unwrap().is_empty());
        assert_eq!(reply.header("x-should-retry"), "false");
    }
}

#[tokio::test]
async fn the_chain_comes_from_the_header_the_body_or_the_configuration() {
    let gateway = simulated(0.0, options()).await;
    let model = async |body: Value, headers: &[(&str, &str)]| {
        gateway.chat("404", &body, headers).await.header("x-switchover-trail").to_owned()
    };
    assert!(model(json!({}), &[]).await.contains("openai/gpt-4o-mini HTTP 404"), "the first model is broken");
    let trail =
        model(json!({"model": "x/y"}), &[("x-switchover-chain", "google/gemini-2.5-flash, openai/gpt-4o-mini")]).await;
    assert!(trail.starts_with("google/gemini-2.5-flash") && trail.ends_with("openai/gpt-4o-mini answered"), "{trail}");
    let trail = model(json!({"models": [CHAIN[1], CHAIN[0]]}), &[]).await;
    assert!(trail.starts_with(CHAIN[1]) && trail.ends_with("openai/gpt-4o-mini answered"), "{trail}");
    let listed = crate::Reply::of(gateway.request("GET", "/v1/models").send().await.unwrap()).await.json();
    assert_eq!(listed["data"][0]["id"], "switchover");
    let one = crate::Reply::of(gateway.request("GET", "/api/v1/models/openai/gpt-4o-mini").send().await.unwrap()).await;
    assert_eq!(one.json()["id"], "openai/gpt-4o-mini");
    let health = crate::Reply::of(gateway.request("GET", "/health").send().await.unwrap()).await.json();
    assert_eq!((&health["status"], &health["chain"][0]), (&json!("ok"), &json!(CHAIN[0])));
}

#[tokio::test]
async fn a_model_that_is_not_asked_is_in_the_trail() {
    let gateway = simulated(0.0, options()).await;
    let trail = async |fault: &str, model: &str| {
        let reply = gateway.chat(fault, &json!({"model": model}), &[]).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        (reply.header("x-switchover-trail").to_owned(), reply.header("x-switchover-attempts").to_owned())
    };
    // Nobody knows this name: the first request says so, and the next ones that it is skipped.
    let (first, attempts) = trail("", "openai/gpt-4o-mni").await;
    assert!(first.starts_with("openai/gpt-4o-mni HTTP 404") && first.ends_with("gpt-4o-mini answered"), "{first}");
    assert_eq!(attempts, "2");
    let (next, attempts) = trail("", "openai/gpt-4o-mni").await;
    assert_eq!(next, "openai/gpt-4o-mni skipped (its circuit is open), openai/gpt-4o-mini answered");
    assert_eq!(attempts, "1");
    assert_eq!(gateway.served.lock().unwrap()[1].trail.line(), next);
    // So it is with a known model that keeps failing.
    for _ in 0..4 {
        trail("504", CHAIN[0]).await;
    }
    let (skipped, _) = trail("504", CHAIN[0]).await;
    assert_eq!(skipped, format!("{} skipped (its circuit is open), {} answered", CHAIN[0], CHAIN[1]));
    assert_eq!(trail("", CHAIN[0]).await.0, format!("{} answered", CHAIN[0]), "nothing is skipped elsewhere");
}
