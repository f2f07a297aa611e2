//! Every path of the API, and HTTP itself.

use crate::start;
use crate::wire::{ask, get, parse, post, post_bytes, post_to, send};
use serde_json::{Value, json};
use switchover::fault::{Fault, FaultKind};
use switchover::simulator::{Simulator, SimulatorOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_stream_has_the_documented_shape_and_each_of_the_three_tails() {
    let simulator = start().await;
    for (model, tail) in [
        ("openai/gpt-4o-mini", json!([])),
        ("anthropic/claude-3-haiku", json!(null)),
        ("google/gemini-2.5-flash", json!("stop")),
    ] {
        let reply = post(&simulator, "", &ask(model, true)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("text/event-stream; charset=utf-8"));
        let text = reply.text();
        assert!(text.starts_with(": OPENROUTER PROCESSING\n\n"), "{text}");
        assert!(text.ends_with("\n\ndata: [DONE]\n\n") && reply.whole, "{text}");
        let events = reply.events();
        let id = reply.header("x-generation-id").unwrap();
        for event in &events {
            assert_eq!((&event["id"], &event["object"]), (&json!(id), &json!("chat.completion.chunk")));
            assert_eq!(event["model"], model);
            assert!(event["provider"].is_string() && event["created"].is_u64(), "{event}");
        }
        let (last, before) = events.split_last().unwrap();
        assert!(before.iter().all(|event| event.get("usage").is_none() && event.get("openrouter_metadata").is_none()));
        let finished: Vec<&Value> = before.iter().filter(|e| !e["choices"][0]["finish_reason"].is_null()).collect();
        assert_eq!(finished.len(), 1);
        let at_tail = if tail == json!([]) { &last["choices"] } else { &last["choices"][0]["finish_reason"] };
        assert_eq!(*at_tail, tail, "{model}");
        let usage = &last["usage"];
        let tokens = before.iter().filter(|e| e["choices"][0]["delta"]["content"] != "").count();
        assert_eq!(usage["completion_tokens"], tokens);
        assert!(usage["cost"].as_f64().unwrap() > 0.0);
        assert_eq!(last["openrouter_metadata"]["strategy"], "direct");
        assert_eq!(last["openrouter_metadata"]["attempts"][0]["status"], 200);
    }
}

#[tokio::test]
async fn a_reasoning_model_streams_its_reasoning_first() {
    let simulator = start().await;
    let reply = post(&simulator, "", &ask("deepseek/deepseek-r1", true)).await;
    let events = reply.events();
    let reasons = |e: &Value| e["choices"][0]["delta"]["reasoning"].is_string();
    let first_answer = events.iter().position(|e| !reasons(e)).unwrap();
    assert!(first_answer > 5 && !events[first_answer..].iter().any(reasons));
    assert_eq!(events[0]["choices"][0]["delta"]["reasoning_details"][0]["type"], "reasoning.text");
    let details = &events.last().unwrap()["usage"]["completion_tokens_details"];
    assert_eq!(details["reasoning_tokens"], first_answer);
}

#[tokio::test]
async fn a_whole_answer_names_its_provider_and_its_cost() {
    let simulator = start().await;
    let reply = post(&simulator, "", &ask("meta-llama/llama-3.3-70b-instruct:free", false)).await;
    let body = reply.json();
    assert_eq!(reply.header("x-generation-id"), body["id"].as_str());
    assert_eq!((&body["provider"], &body["object"]), (&json!("Venice"), &json!("chat.completion")));
    assert_eq!(body["choices"][0]["message"], json!({ "role": "assistant", "content": "Paris", "refusal": null }));
    assert_eq!(body["usage"]["cost"], 0.0);
    assert_eq!(body["openrouter_metadata"]["requested"], "meta-llama/llama-3.3-70b-instruct:free");
}

#[tokio::test]
async fn models_have_prices_per_token_and_endpoints() {
    let simulator = start().await;
    let models = get(&simulator, "/api/v1/models").await.json();
    let models = models["data"].as_array().unwrap();
    assert!(models.len() >= 12);
    for model in models {
        let id = model["id"].as_str().unwrap();
        for price in ["prompt", "completion"] {
            let price: f64 = model["pricing"][price].as_str().unwrap().parse().unwrap();
            assert_eq!(price == 0.0, id.ends_with(":free"), "{id}");
            assert!(price < 0.001, "{id}: {price} is not per token");
        }
        let endpoints = get(&simulator, &format!("/api/v1/models/{id}/endpoints")).await.json();
        assert!(endpoints["data"]["endpoints"][0]["provider_name"].is_string(), "{id}");
    }
    let mini = models.iter().find(|m| m["id"] == "openai/gpt-4o-mini").unwrap();
    assert_eq!(mini["pricing"]["prompt"], "0.00000015");
    assert_eq!(get(&simulator, "/api/v1/models/no/such/endpoints").await.status, 404);
}

#[tokio::test]
async fn a_generation_can_be_looked_up_with_its_attribution() {
    let simulator = Simulator::start(SimulatorOptions { pace: 0.0, generation_lag: 1, ..SimulatorOptions::default() })
        .await
        .unwrap();
    let body = post(&simulator, "", &ask("openai/gpt-4o-mini", false)).await.json();
    let path = format!("/api/v1/generation?id={}", body["id"].as_str().unwrap());
    assert_eq!(get(&simulator, &path).await.status, 404, "it lags");
    let data = &get(&simulator, &path).await.json()["data"];
    assert_eq!(data["http_referer"], "https://example.org");
    assert_eq!(data["total_cost"], body["usage"]["cost"]);
    assert_eq!(data["provider_responses"][0]["status"], 200);
    assert_eq!(data["cancelled"], false);
    assert_eq!(get(&simulator, "/api/v1/generation?id=gen-no").await.status, 404);
    let usage = &get(&simulator, "/api/v1/key").await.json()["data"]["usage"];
    assert_eq!(*usage, body["usage"]["cost"]);
    assert_eq!(get(&simulator, "/api/v1/credits").await.json()["data"]["total_usage"], *usage);
}

#[tokio::test]
async fn a_generation_is_cancelled_when_its_client_leaves() {
    let simulator = start().await;
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    stream.write_all(post_bytes("stall:2", &ask("openai/gpt-4o-mini", true).to_string()).as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(" capital") {
        stream.read_buf(&mut seen).await.unwrap();
    }
    let id = parse(&seen).header("x-generation-id").unwrap().to_owned();
    drop(stream);
    // No sleep is needed: each request is a whole exchange on the same runtime, so the simulator makes progress.
    let path = format!("/api/v1/generation?id={id}");
    for _ in 0..1000 {
        if get(&simulator, &path).await.json()["data"]["cancelled"] == true {
            return;
        }
    }
    panic!("it never noticed");
}

#[tokio::test]
async fn any_bearer_token_will_do_and_none_is_an_error() {
    let simulator = start().await;
    for header in ["", "Authorization: Bearer \r\n", "Authorization: Basic abc\r\n"] {
        let reply = send(&simulator, &format!("GET /api/v1/key HTTP/1.1\r\n{header}Connection: close\r\n\r\n")).await;
        assert_eq!((reply.status, &reply.json()["error"]["code"]), (401, &json!(401)), "{header}");
    }
    let reply = send(&simulator, "GET /api/v1/models HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!(reply.status, 200, "the catalogue is public");
    assert_eq!(get(&simulator, "/").await.status, 200);
    assert_eq!(get(&simulator, "/api/v1/chat/completions").await.status, 405);
    assert_eq!(get(&simulator, "/api/v1/nothing").await.status, 404);
}

#[tokio::test]
async fn a_list_of_models_is_tried_in_order() {
    let simulator = start().await;
    let fault: Fault = "503".parse().unwrap();
    let base = simulator.base_url_with_each([("openai/gpt-4o-mini", &fault)]);
    let segment = base.split('/').nth(3).unwrap();
    let mut body = ask("openai/gpt-4o-mini", false);
    body["models"] = json!(["nobody/nothing", "anthropic/claude-3-haiku"]);
    let answer = post(&simulator, segment, &body).await.json();
    assert_eq!(answer["model"], "anthropic/claude-3-haiku");
    let metadata = &answer["openrouter_metadata"];
    assert_eq!((&metadata["strategy"], &metadata["attempt"]), (&json!("fallback"), &json!(2)));
    let statuses: Vec<&Value> = metadata["attempts"].as_array().unwrap().iter().map(|a| &a["status"]).collect();
    assert_eq!(statuses, [503, 200]);
    // All models fail: the response is the last error, with the metadata of the router.
    let reply = post(&simulator, "503", &body).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["openrouter_metadata"]["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn one_connection_serves_pipelined_chunked_and_expecting_requests() {
    let simulator = start().await;
    let body = ask("anthropic/claude-3-haiku", false).to_string();
    let (half, rest) = body.split_at(20);
    let head = "POST /api/v1/chat/completions HTTP/1.1\r\nAUTHORIZATION: bearer k\r\nHost: h\r\n";
    let chunked =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n14;x=y\r\n{half}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len());
    let expecting = format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let last = format!("{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    stream.write_all(format!("{chunked}{expecting}{last}").as_bytes()).await.unwrap();
    let mut bytes = String::new();
    stream.read_to_string(&mut bytes).await.unwrap();
    assert_eq!(bytes.matches("HTTP/1.1 200 OK").count(), 3);
    assert_eq!(bytes.matches("HTTP/1.1 100 Continue").count(), 1);
    let received = simulator.received();
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|request| request.body == body.as_bytes()));
    assert_eq!(received[0].headers[0], ("AUTHORIZATION".to_owned(), "bearer k".to_owned()), "case and order are kept");
}

#[tokio::test]
async fn requests_that_are_not_http_get_an_error() {
    let simulator = start().await;
    for (request, status) in [
        ("\u{1}\u{2}nonsense\r\n\r\n".to_owned(), 400),
        ("GET /api/v1/models SPDY/3\r\n\r\n".to_owned(), 400),
        ("POST /api/v1/chat/completions HTTP/1.1\r\nContent-Length: many\r\n\r\n".to_owned(), 400),
        ("POST /api/v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n".to_owned(), 413),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(70_000)), 431),
        (post_bytes("elephant", "{}"), 404),
        (post_bytes("refuse", "{}"), 404),
    ] {
        assert_eq!(send(&simulator, &request).await.status, status, "{}", &request[..request.len().min(80)]);
    }
    assert!(send(&simulator, &post_bytes("refuse", "{}")).await.text().contains("did you mean `refused`?"));
    assert_eq!(get(&simulator, "/api/v1/models").await.status, 200, "and it is still there");
}

#[tokio::test]
async fn dropping_the_simulator_closes_every_connection() {
    let simulator = start().await;
    let address = simulator.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(post_bytes("black-hole", &ask("openai/gpt-4o-mini", true).to_string()).as_bytes()).await.unwrap();
    get(&simulator, "/api/v1/models").await;
    drop(simulator);
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await;
    assert!(ended.is_err() || bytes.is_empty());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn refused_is_an_address_at_which_nothing_listens() {
    let simulator = start().await;
    let url = simulator.base_url_with(&FaultKind::Refused.into());
    let address = url.split('/').nth(2).unwrap();
    let error = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(url.ends_with("/refused/api/v1"));
    assert!(
        simulator
            .base_url_with(&"refused@once".parse().unwrap())
            .starts_with(&format!("http://{}/", simulator.address()))
    );
    assert!(simulator.received().is_empty());
}

#[tokio::test]
async fn the_other_shapes_of_a_completion_are_answered() {
    let simulator = start().await;
    let post =
        async |path: &str, body: Value| send(&simulator, &post_to(&format!("/api/v1{path}"), &body.to_string())).await;
    let asked = json!({"model": "openai/gpt-4o-mini", "input": "What is the capital of France?"});
    let whole = post("/responses", asked.clone()).await.json();
    assert_eq!((&whole["object"], &whole["status"]), (&json!("response"), &json!("completed")));
    assert_eq!(whole["output"][0]["content"][0]["text"], "The capital of France is Paris.");
    assert!(whole["usage"]["cost"].as_f64().unwrap() > 0.0);
    let streamed = |more: Value| {
        let mut body = asked.clone();
        body["stream"] = true.into();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let tool = json!({"type": "function", "name": "look", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}});
    for (more, kind, last) in [
        (json!({}), "message", "response.completed"),
        (json!({"model": "deepseek/deepseek-r1"}), "reasoning", "response.completed"),
        (json!({"tools": [tool]}), "function_call", "response.completed"),
        (json!({"max_output_tokens": 2}), "message", "response.incomplete"),
    ] {
        let events = post("/responses", streamed(more)).await.events();
        let numbers: Vec<_> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
        let end = events.last().unwrap();
        assert_eq!((&end["type"], &end["response"]["output"][0]["type"]), (&json!(last), &json!(kind)));
    }
    let refused = post("/responses", json!({"model": "openai/gpt-4o-mini", "input": "hi", "store": true})).await;
    assert_eq!(refused.status, 400);
    let text =
        post("/completions", json!({"model": "openai/gpt-4o-mini", "prompt": "What is the capital of France?"})).await;
    assert_eq!(text.json()["choices"][0]["text"], "The capital of France is Paris.");
    let embed = async |more: Value| {
        let mut body = json!({"model": "openai/text-embedding-3-small", "input": ["a", "b", "a"], "dimensions": 4});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post("/embeddings", body).await.json()
    };
    let vectors = embed(json!({})).await;
    assert_eq!(vectors["data"][0]["embedding"], vectors["data"][2]["embedding"]);
    assert_eq!(vectors["data"][1]["embedding"].as_array().unwrap().len(), 4);
    assert_eq!(embed(json!({"encoding_format": "base64"})).await["data"][0]["embedding"].as_str().unwrap().len(), 24);
    assert_eq!(post("/embeddings", json!({"model": "openai/gpt-4o-mini", "input": "a"})).await.status, 404);
    assert_eq!(get(&simulator, "/api/v1/models/count").await.json()["data"]["count"], 12);
    assert_eq!(get(&simulator, "/api/v1/model/openai/gpt-4o-mini").await.json()["data"]["id"], "openai/gpt-4o-mini");
    let models = get(&simulator, "/api/v1/embeddings/models").await.json();
    assert_eq!(models["data"][0]["id"], "openai/text-embedding-3-small");
}

#[tokio::test]
async fn a_fault_shows_in_every_shape() {
    let simulator = start().await;
    for (path, fault, whole) in [
        ("responses", "503", false),
        ("embeddings", "503", false),
        ("responses", "cut:2", false),
        ("responses", "error-event:2", true),
    ] {
        let model = if path == "embeddings" { "openai/text-embedding-3-small" } else { "openai/gpt-4o-mini" };
        let body = json!({"model": model, "input": "What is the capital of France?", "stream": true}).to_string();
        let address = format!("/{fault}/api/v1/{path}");
        let reply = send(&simulator, &post_to(&address, &body)).await;
        assert_eq!(
            (reply.status == 503, reply.whole || reply.status == 503),
            (fault == "503", whole || fault == "503")
        );
        assert!(!reply.text().contains("response.completed"), "{}", reply.text());
    }
}
