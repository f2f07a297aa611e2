//! Fifteen traps that broke other clients, each over a real socket.

use crate::server::{Server, answer, ask, ask_for, client, finish, open, open_stream, raw, stream, whole};
use serde_json::json;
use switchover::failover::{Cost, Failure, FailureKind, InnerAttempt, Route};
use switchover::openrouter::client::OutgoingRequest;
use switchover::openrouter::compose::{self, ChatRequest};
use switchover::openrouter::headers::{ChosenValue, Headers, ValueOrigin};
use switchover::openrouter::settings::RequestSettings;
use switchover::openrouter::{Api, Completion, Delta, Dialect, Finish};
use switchover::simulator::{Simulator, SimulatorOptions};
use switchover::worker::{Service, ServiceOptions, Services};

const OK: &str = "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"4\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn failed(end: (Vec<Delta>, Result<Completion, Failure>)) -> Failure {
    end.1.expect_err("a failure")
}

fn text(deltas: &[Delta]) -> String {
    deltas.iter().filter_map(|d| if let Delta::Text(t) = d { Some(t.as_str()) } else { None }).collect()
}

#[tokio::test]
async fn trap_01_comments_are_keep_alives_and_not_json() {
    let busy = ": OPENROUTER PROCESSING\n\n".repeat(50);
    let (deltas, end) = ask_for(stream(&format!("{busy}{OK}"))).await;
    assert_eq!(end.unwrap().text, "4");
    assert_eq!(deltas.iter().filter(|d| **d == Delta::Comment).count(), 50);
}

#[tokio::test]
async fn trap_02_an_error_in_mid_stream_is_a_failure_with_its_reason() {
    let events = "data: {\"choices\":[{\"delta\":{\"content\":\"On\"}}]}\n\ndata: {\"choices\":[],\"error\":{\"code\":\"server_error\",\"message\":\"it broke\"}}\n\n";
    let (deltas, end) = ask_for(open_stream(events).then_close()).await;
    let failure = end.unwrap_err();
    assert_eq!((failure.kind, failure.reason.as_str()), (FailureKind::MidStream, "it broke"));
    assert_eq!(text(&deltas), "On", "the text before the error is known, so that the screen can discard it");
}

#[tokio::test]
async fn trap_03_a_padded_body_is_read_and_a_cut_one_is_a_failure() {
    let pad = " ".repeat(16).repeat(200);
    let body = json!({"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]});
    let (_, end) = ask_for(answer(200, "application/json", &format!("{pad}{body}"))).await;
    assert_eq!(end.unwrap().text, "4");
    let padded_only = raw(&format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{pad}")).then_close();
    assert_eq!(failed(ask_for(padded_only).await).kind, FailureKind::NotAnAnswer);
    let short =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{pad}{{\"choices\":");
    assert_eq!(failed(ask_for(raw(&short).then_close()).await).kind, FailureKind::Truncated);
}

#[tokio::test]
async fn trap_04_an_error_inside_a_200_is_the_failure_that_it_names() {
    let top = json!({"error": {"code": 429, "message": "slow down", "metadata": {"retry_after_seconds": 3}}, "user_id": "user_1"});
    let failure = failed(ask_for(whole(&top)).await);
    assert_eq!((failure.kind, failure.status), (FailureKind::RateLimited, Some(429)));
    assert_eq!(failure.hint.unwrap().after.as_secs(), 3);
    assert!(!format!("{failure:?}").contains("user_1"));
    let choice = json!({"choices": [{"finish_reason": "error", "error": {"code": 503, "message": "full"}, "message": {"content": null}}]});
    assert_eq!(failed(ask_for(whole(&choice)).await).kind, FailureKind::ServerError);
}

#[tokio::test]
async fn trap_05_the_reason_is_found_in_the_metadata() {
    let error = json!({"error": {"code": 400, "message": "Provider returned error", "metadata": {
        "raw": "{\"error\":{\"message\":\"tools: too many\"}}", "provider_name": "Azure"}}});
    let failure = failed(ask_for(answer(400, "application/json", &error.to_string())).await);
    assert_eq!((failure.reason.as_str(), failure.provider.as_deref()), ("tools: too many", Some("Azure")));
    assert!(failure.body.unwrap().contains("Provider returned error"), "the raw body is kept");
}

#[tokio::test]
async fn trap_06_limits_are_distinguished() {
    for (status, source, kind) in [
        (429, "upstream_provider_shared_pool", FailureKind::RateLimited),
        (429, "openrouter_free_tier_daily", FailureKind::ClassLimited),
        (402, "openrouter_in_flight_budget", FailureKind::InFlightBudget),
        (402, "openrouter_credits", FailureKind::NoCredit),
        (403, "openrouter_workspace_budget", FailureKind::AccountBudget),
    ] {
        let error = json!({"error": {"code": status, "message": "no", "metadata": {"limit_source": source}}});
        let failure = failed(ask_for(answer(status, "application/json", &error.to_string())).await);
        assert_eq!(failure.kind, kind, "{source}");
    }
    let own = "HTTP/1.1 429 X\r\nX-RateLimit-Limit: 20\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    let failure = failed(ask_for(raw(own)).await);
    assert_eq!((failure.kind, failure.hint.unwrap().after.as_secs()), (FailureKind::AccountLimited, 7));
}

#[tokio::test]
async fn trap_07_a_list_of_too_many_models_is_never_sent() {
    let ask = |models: usize| {
        let settings = RequestSettings { models: vec!["a/b".into(); models], ..RequestSettings::default() };
        compose::body(ChatRequest {
            model: "openai/gpt-4o-mini",
            messages: &[],
            settings: &settings,
            response_format: None,
            max_tokens: None,
            own: None,
            dialect: Dialect::OpenRouter,
        })
    };
    assert!(ask(4).unwrap_err().to_string().contains("3 besides the first"));
    let server = Server::start([stream(OK)]).await;
    let (endpoint, body) = (server.endpoint(), ask(3).unwrap());
    let call =
        OutgoingRequest { api: Api::default(), endpoint: &endpoint, headers: &Headers::default(), body, fresh: false };
    finish(client().open(call).unwrap()).await.1.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&server.received()[0].body).unwrap();
    assert_eq!(sent["models"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn trap_08_a_dated_name_is_the_same_model() {
    let listing = json!({"data": [{"id": "deepseek/deepseek-chat", "canonical_slug": "deepseek/deepseek-chat-v3"}]});
    let dated = OK.replace("\"m\"", "\"deepseek/deepseek-chat-v3\"");
    let server = Server::start([whole(&listing), stream(&dated)]).await;
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let service = Service::Server(Box::new(server.endpoint()));
    let services = Services::new(ServiceOptions::new(client(), service, simulator));
    services.ask_catalogue().await.unwrap();
    let answered = ask(&server.endpoint()).await.1.unwrap().model.unwrap();
    let is_served = |asked: &str| services.route(asked, None, 0).is_served_as(&answered);
    assert!(is_served("deepseek/deepseek-chat:nitro"));
    assert!(!is_served("deepseek/deepseek-r1"));
}

#[tokio::test]
async fn trap_09_the_served_model_and_the_routers_attempts_are_reported() {
    let events = "data: {\"model\":\"anthropic/claude-3-haiku\",\"provider\":\"Google\",\"choices\":[{\"delta\":{\"content\":\"4\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"cost\":0.25},\"openrouter_metadata\":{\"strategy\":\"fallback\",\"attempt\":2,\"attempts\":[{\"provider\":\"OpenAI\",\"model\":\"openai/gpt-4o-mini\",\"status\":503}]}}\n\n";
    let server = Server::start([stream(events)]).await;
    let (deltas, end) = ask(&server.endpoint()).await;
    let end = end.unwrap();
    assert_eq!((end.model.as_deref(), end.provider.as_deref()), (Some("anthropic/claude-3-haiku"), Some("Google")));
    assert!(!Route::new("openai/gpt-4o-mini", "").is_served_as(&end.model.unwrap()));
    assert_eq!(end.usage.unwrap().cost(), Cost::Known(0.25));
    let tried = deltas.iter().find_map(|d| if let Delta::Metadata(m) = d { Some(&m.attempts) } else { None });
    let first = InnerAttempt { provider: "OpenAI".into(), model: Some("openai/gpt-4o-mini".into()), status: Some(503) };
    assert_eq!(tried, Some(&vec![first]));
    let sent: serde_json::Value = serde_json::from_slice(&server.received()[0].body).unwrap();
    assert!(sent.get("models").is_none(), "the server does not fall back unless the user chose it");
}

#[tokio::test]
async fn trap_10_tails_of_every_shape_keep_finish_and_cost() {
    let first = "data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    for tail in [
        "data: {\"choices\":[],\"usage\":{\"cost\":0.5}}\n\ndata: [DONE]\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":null}],\"usage\":{\"cost\":0.5}}\n\ndata: [DONE]\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"cost\":0.5}}\n\n",
    ] {
        let end = ask_for(stream(&format!("{first}{tail}"))).await.1.unwrap();
        assert_eq!((end.finish, end.usage.unwrap().cost), (Finish::Length, Some(0.5)), "{tail}");
    }
}

#[tokio::test]
async fn trap_11_unexpected_fields_and_types_are_not_errors() {
    let odd = "data: {\"id\":null,\"model\":7,\"provider\":{},\"choices\":[{\"index\":\"0\",\"delta\":{\"role\":null,\"content\":\"4\",\"reasoning_details\":null,\"brand_new\":[{}]},\"finish_reason\":\"someday\"}],\"usage\":{\"prompt_tokens\":null,\"completion_tokens\":1.0,\"cost_details\":null},\"error\":null,\"service_tier\":\"ultrafast\"}\n\n";
    let end = ask_for(stream(odd)).await.1.unwrap();
    assert_eq!((end.text.as_str(), end.finish), ("4", Finish::Other("someday".into())));
    assert_eq!(end.usage.unwrap().completion_tokens, Some(1));
    assert_eq!(end.usage.unwrap().cost(), Cost::Unknown, "unknown is not zero");
}

#[tokio::test]
async fn trap_12_a_stop_without_content_is_a_failure() {
    for (events, kind) in [
        (
            "data: {\"choices\":[{\"delta\":{\"content\":null},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
            FailureKind::Empty,
        ),
        ("data: {\"choices\":[{\"delta\":{\"content\":\" \\n\"},\"finish_reason\":\"stop\"}]}\n\n", FailureKind::Empty),
        (
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"native_finish_reason\":\"network_error\"}]}\n\n",
            FailureKind::MidStream,
        ),
        ("data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\n", FailureKind::Truncated),
        ("data: {\"choices\":[]}\n\ndata: [DONE]\n\n", FailureKind::Empty),
    ] {
        assert_eq!(failed(ask_for(stream(events)).await).kind, kind, "{events}");
    }
}

#[tokio::test]
async fn trap_13_reasoning_is_read_under_every_name_and_may_hold_the_answer() {
    let events = "data: {\"choices\":[{\"delta\":{\"reasoning\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"b\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_details\":[{\"type\":\"reasoning.summary\",\"summary\":\"c\"}]}}]}\n\n";
    let end = ask_for(stream(&format!("{events}{OK}"))).await.1.unwrap();
    assert_eq!((end.reasoning.as_str(), end.text.as_str()), ("abc", "4"));
    let hidden = "data: {\"choices\":[{\"delta\":{\"content\":null,\"reasoning\":\"{\\\"answer\\\": 4}\"},\"finish_reason\":\"stop\"}]}\n\n";
    let (deltas, end) = ask_for(stream(hidden)).await;
    assert_eq!(end.unwrap().text, "{\"answer\": 4}");
    assert!(deltas.iter().any(|d| matches!(d, Delta::Warning(why) if why.contains("reasoning field"))));
}

#[tokio::test]
async fn trap_14_attribution_is_on_every_request_and_bad_values_are_found_before_sending() {
    let server = Server::start([stream(OK), whole(&json!({"data": []})), stream(OK)]).await;
    let (client, endpoint, headers) = (client(), server.endpoint(), Headers::default());
    finish(open(&client, &endpoint).unwrap()).await.1.unwrap();
    client.get(&endpoint, &headers, "/models").await.unwrap();
    let call = OutgoingRequest {
        api: Api::default(),
        endpoint: &endpoint,
        headers: &headers,
        body: json!({"stream": false}),
        fresh: true,
    };
    finish(client.open(call.clone()).unwrap()).await.1.unwrap();
    for received in server.received() {
        let names: Vec<&str> = received.headers.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["http-referer", "x-openrouter-title", "x-title"] {
            assert!(names.contains(&name), "{} has no {name}", received.line);
        }
    }
    let title = Some(ChosenValue { value: "Zürich".into(), from: ValueOrigin::Flag });
    let call = OutgoingRequest { headers: &Headers { title, ..headers.clone() }, ..call };
    let failure = client.open(call.clone()).err().unwrap();
    assert_eq!(failure.kind, FailureKind::Local);
    assert!(failure.reason.contains("X-OpenRouter-Title") && failure.reason.contains("ASCII"), "{}", failure.reason);
    assert_eq!(server.received().len(), 3, "nothing was sent");
}

#[tokio::test]
async fn trap_15_cancel_closes_the_socket_and_no_request_is_sent_twice() {
    let mut server = Server::start([open_stream(": OPENROUTER PROCESSING\n\n").then_hang()]).await;
    let mut exchange = open(&client(), &server.endpoint()).unwrap();
    let mut deltas = Vec::new();
    while !deltas.contains(&Delta::Comment) {
        assert!(exchange.advance(&mut deltas).await.is_none());
    }
    assert!(!deltas.iter().any(|d| matches!(d, Delta::Text(_))), "a keep-alive is not content");
    drop(exchange);
    server.hung_up().await;

    // A connection that closes before the answer is a failure; the client sends no second POST.
    for (answer, kind) in [(raw("").then_reset(), FailureKind::Reset), (raw("").then_close(), FailureKind::Reset)] {
        assert_eq!(failed(ask_for(answer).await).kind, kind);
    }
}
