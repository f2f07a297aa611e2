//! The client over real sockets: the record of a request is what was sent, the key goes to its origin only, and
//! connections do not affect each other.

use crate::server::{
    Answer, KEY, Server, answer, ask, ask_for, body, client, endpoint, finish, open, open_stream, raw, stream, whole,
};
use serde_json::{Value, json};
use std::process::Command;
use switchover::failover::FailureKind;
use switchover::openrouter::account::{Generation, KeyInfo, generation_path};
use switchover::openrouter::client::{Endpoint, OutgoingRequest};
use switchover::openrouter::headers::{ExtraHeader, HeaderValue, Headers, ValueOrigin, Visibility};
use switchover::openrouter::{Api, Completion, Delta, RequestHeader};
use switchover::secret::Secrets;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const OK: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"4\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[tokio::test]
async fn the_record_of_a_request_is_what_the_server_receives() {
    let server = Server::start([stream(OK)]).await;
    let (endpoint, body) = (server.endpoint(), json!({"zeta": 1, "alpha": [1.5, null, "ü\n"], "stream": true}));
    let extra = ExtraHeader {
        name: "X-Mine".into(),
        value: HeaderValue::new(" two words ", Visibility::Public),
        from: ValueOrigin::File("config.toml".into()),
    };
    let headers = Headers { extras: vec![extra], ..Headers::default() };
    for fresh in [false, true] {
        let exchange = client()
            .open(OutgoingRequest {
                api: Api::default(),
                endpoint: &endpoint,
                headers: &headers,
                body: body.clone(),
                fresh,
            })
            .unwrap();
        let recorded = exchange.request().clone();
        assert!(server.received().len() == usize::from(fresh), "nothing is sent before the record can be shown");
        finish(exchange).await.1.unwrap();
        let received = server.received().pop().unwrap();
        assert_eq!(recorded.url, format!("http://{}/api/v1/chat/completions", server.address));
        assert_eq!(received.line, "POST /api/v1/chat/completions HTTP/1.1");
        let shown = |(name, value): &(String, String)| match name.as_str() {
            "authorization" if *value == format!("Bearer {KEY}") => RequestHeader::secret(name, value),
            _ => RequestHeader::public(name, value),
        };
        let arrived: Vec<RequestHeader> = received.headers.iter().map(shown).collect();
        assert_eq!(recorded.headers, arrived, "name by name, in order, the key masked");
        assert_eq!(received.body, recorded.body.to_string().into_bytes());
        let names: Vec<&str> = recorded.headers.iter().map(switchover::openrouter::RequestHeader::name).collect();
        assert_eq!(
            names,
            [
                "host",
                "authorization",
                "content-type",
                "accept",
                "accept-encoding",
                "user-agent",
                "content-length",
                "http-referer",
                "x-openrouter-title",
                "x-title",
                "x-openrouter-metadata",
                "x-mine"
            ]
        );
        assert!(!serde_json::to_string(&recorded).unwrap().contains(&KEY[..8]));
    }
}

#[tokio::test]
async fn a_secret_header_is_sent_and_never_shown() {
    let echo = r#"{"error":{"message":"bad key hunter2hunter2hunter2"}}"#;
    let server = Server::start([stream(OK), answer(401, "application/json", echo)]).await;
    let extra = |name: &str, value: &str| ExtraHeader {
        name: name.into(),
        value: HeaderValue::new(value, Visibility::Secret),
        from: ValueOrigin::Env("MINE".into()),
    };
    let extras = vec![extra("X-Api-Key", "hunter2hunter2hunter2"), extra("X-Note", KEY)];
    let (endpoint, headers) = (server.endpoint(), Headers { extras, ..Headers::default() });
    let exchange = client()
        .open(OutgoingRequest {
            api: Api::default(),
            endpoint: &endpoint,
            headers: &headers,
            body: body(),
            fresh: false,
        })
        .unwrap();
    let shown = format!("{:?}", exchange.request());
    assert!(!shown.contains("hunter2h") && !shown.contains(&KEY[..8]), "{shown}");
    finish(exchange).await.1.unwrap();
    assert!(server.received()[0].headers.contains(&("x-api-key".into(), "hunter2hunter2hunter2".into())));
    let request =
        OutgoingRequest { api: Api::default(), endpoint: &endpoint, headers: &headers, body: body(), fresh: false };
    let failure = finish(client().open(request).unwrap()).await.1.unwrap_err();
    assert_eq!(failure.reason, "bad key ***", "credentials are removed from what the server sends back");
    assert!(!format!("{failure:?}").contains("hunter2h"), "{failure:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::start([stream(OK)]).await;
    for status in [301, 302, 303, 307, 308] {
        let to =
            format!("HTTP/1.1 {status} X\r\nLocation: http://{}/steal\r\nContent-Length: 0\r\n\r\n", target.address);
        let failure = ask_for(raw(&to)).await.1.unwrap_err();
        assert_eq!((failure.kind, failure.status), (FailureKind::NotAnAnswer, Some(status)));
        assert!(failure.reason.contains("not followed"), "{}", failure.reason);
        let server = Server::start([raw(&to)]).await;
        assert!(client().get(&server.endpoint(), &Headers::default(), "/models").await.is_err());
    }
    assert!(target.received().is_empty());
}

#[tokio::test]
async fn a_frozen_connection_does_not_delay_other_requests() {
    let frozen = open_stream("data: {\"choices\":[{\"delta\":{\"content\":\"On\"}}]}\n\n").then_hang();
    let server = Server::start([frozen, stream(OK)]).await;
    let (client, endpoint) = (client(), server.endpoint());
    let mut first = open(&client, &endpoint).unwrap();
    let mut deltas = Vec::new();
    while !deltas.contains(&Delta::Text("On".into())) {
        assert!(first.advance(&mut deltas).await.is_none());
    }
    // The same client, while the first exchange is open and silent.
    assert_eq!(finish(open(&client, &endpoint).unwrap()).await.1.unwrap().text, "4");
    assert_ne!(server.received()[0].connection, server.received()[1].connection);
}

#[tokio::test]
async fn connections_are_reused_unless_a_request_asks_for_a_fresh_one() {
    let server = Server::start([whole(&json!({"data": []})), stream(OK)]).await;
    let (client, endpoint, headers) = (client(), server.endpoint(), Headers::default());
    client.warm(&endpoint, &headers).await.unwrap();
    finish(open(&client, &endpoint).unwrap()).await.1.unwrap();
    finish(open(&client, &endpoint).unwrap()).await.1.unwrap();
    let call =
        OutgoingRequest { api: Api::default(), endpoint: &endpoint, headers: &headers, body: body(), fresh: true };
    finish(client.open(call.clone()).unwrap()).await.1.unwrap();
    finish(client.open(call.clone()).unwrap()).await.1.unwrap();
    let connections: Vec<usize> = server.received().iter().map(|r| r.connection).collect();
    assert_eq!(connections, [0, 0, 0, 1, 2]);
}

#[tokio::test]
async fn a_server_that_keeps_the_stream_open_after_done_does_not_delay_the_answer() {
    let mut server = Server::start([open_stream(OK).then_hang()]).await;
    let (deltas, end) = ask(&server.endpoint()).await;
    assert_eq!(end.unwrap().id.as_deref(), Some("gen-head"));
    assert!(matches!(&deltas[0], Delta::Opened(head) if head.generation.as_deref() == Some("gen-head")));
    server.hung_up().await;
}

#[tokio::test]
async fn a_server_that_sends_its_answer_and_no_end_gets_a_short_grace() {
    let event = |json: &str| format!("data: {json}\n\n");
    let finish = event("{\"choices\":[{\"delta\":{\"content\":\"4\"},\"finish_reason\":\"stop\"}]}");
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\
        {\"choices\":[{\"message\":{\"content\":\"4\"},\"finish_reason\":\"stop\"}]}";
    for answer in [open_stream(&finish), raw(json)] {
        let (text, end, waited) = read_hanging(answer.then_hang()).await;
        assert_eq!(end.expect("an answer").text, "4", "{text}");
        assert!(waited >= std::time::Duration::from_secs(1), "usage may still come: {waited:?}");
    }
    // Without a finish reason, or with a part of a document, only the engine's timeouts end the wait.
    let open = event("{\"choices\":[{\"delta\":{\"content\":\"4\"}}]}");
    for answer in [open_stream(&open), raw(&json[..json.len() - 1])] {
        let (_, end, _) = read_hanging(answer.then_hang()).await;
        assert!(end.is_none());
    }
}

/// Reads a body that the server does not end, with the clock stopped once its bytes are there. Returns the text, the end
/// if there is one within a minute, and the time until then.
async fn read_hanging(answer: Answer) -> (String, Option<Completion>, std::time::Duration) {
    let server = Server::start([answer]).await;
    let mut exchange = open(&client(), &server.endpoint()).unwrap();
    let mut deltas = Vec::new();
    // The head, then the body in one piece.
    for _ in 0..2 {
        assert!(exchange.advance(&mut deltas).await.is_none());
    }
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let minute = tokio::time::sleep(std::time::Duration::from_secs(60));
    let read = async {
        loop {
            if let Some(end) = exchange.advance(&mut deltas).await {
                return end.expect("an answer");
            }
        }
    };
    let end = tokio::select! { end = read => Some(end), () = minute => None };
    let waited = began.elapsed();
    tokio::time::resume();
    (format!("{deltas:?}"), end, waited)
}

#[tokio::test]
async fn advance_can_be_dropped_and_called_again() {
    let server = Server::start([stream(OK)]).await;
    let mut exchange = open(&client(), &server.endpoint()).unwrap();
    let mut deltas = Vec::new();
    let end = loop {
        // The future is polled once and dropped, as select! drops the branches that are not ready.
        tokio::select! {
            biased;
            end = exchange.advance(&mut deltas) => if let Some(end) = end { break end },
            () = tokio::task::yield_now() => {}
        }
    };
    assert_eq!(end.unwrap().text, "4");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn failures_below_http_have_their_kind_and_a_plain_reason() {
    let unused = tokio::net::TcpSocket::new_v4().unwrap();
    unused.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let dead = format!("http://{}/api/v1", unused.local_addr().unwrap());
    let plain = Server::start([raw("SSH-2.0-OpenSSH_9.6\r\n\r\n").then_close()]).await;
    let mid_reset =
        Server::start([open_stream("data: {\"choices\":[{\"delta\":{\"content\":\"On\"}}]}\n\n").then_reset()]).await;
    let short =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n";
    let short = Server::start([raw(short).then_close()]).await;
    let silent = Server::start([raw("").then_close()]).await;
    for (base, kind, reason) in [
        (dead, FailureKind::Refused, "cannot connect: "),
        ("http://no-such-host.invalid/v1".into(), FailureKind::Dns, "the name no-such-host.invalid does not resolve: "),
        (plain.endpoint().base.to_string(), FailureKind::NotAnAnswer, "the server does not speak HTTP: "),
        (mid_reset.endpoint().base.to_string(), FailureKind::Truncated, "connection lost: "),
        (short.endpoint().base.to_string(), FailureKind::Truncated, "connection closed during the answer"),
        (silent.endpoint().base.to_string(), FailureKind::Reset, "connection closed before the response"),
    ] {
        let failure = ask(&endpoint(&base)).await.1.unwrap_err();
        assert_eq!(failure.kind, kind, "{base}: {failure:?}");
        assert!(failure.reason.starts_with(reason), "{base}: {failure:?}");
    }
    // A TLS client never falls back to plain HTTP: at a server without TLS, and at one that closes the connection.
    for (answer, kind) in [("HTTP/1.1 400 Bad Request\r\n\r\n", FailureKind::Tls), ("", FailureKind::TlsEof)] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tls = endpoint(&format!("https://{}/api/v1", listener.local_addr().unwrap()));
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.read_buf(&mut Vec::with_capacity(1 << 16)).await.unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
        });
        match open(&client(), &tls) {
            Ok(exchange) => assert_eq!(finish(exchange).await.1.unwrap_err().kind, kind),
            // A machine without certificates fails earlier.
            Err(failure) => assert_eq!(failure.kind, FailureKind::Tls),
        }
    }
}

#[tokio::test]
async fn a_key_that_a_header_cannot_hold_is_refused_and_not_shown() {
    let server = Server::start([stream(OK)]).await;
    for key in ["sk-or-v1-with space inside", "sk-or-v1-schlüssel", "sk-or-v1-line\nbreak"] {
        let endpoint = Endpoint { key: Some(switchover::secret::Secret::new(key)), ..server.endpoint() };
        let failure = open(&client(), &endpoint).err().unwrap();
        assert_eq!(failure.kind, FailureKind::Local);
        assert!(!format!("{failure:?}").contains("sk-or"), "{failure:?}");
    }
    let keyless = Endpoint { key: None, ..server.endpoint() };
    ask(&keyless).await.1.unwrap();
    assert!(!server.received()[0].headers.iter().any(|(name, _)| name == "authorization"));
}

#[tokio::test]
async fn key_limits_and_a_generation_are_read() {
    let key = json!({"data": {"label": format!("{}...def", &KEY[..12]), "limit": 10, "limit_remaining": "7.5", "usage": 2.5, "is_free_tier": false,
        "free_model_daily_requests": {"used": 3, "limit": 50, "remaining": 47}, "rate_limit": {"requests": -1}}});
    let generation = json!({"data": {"total_cost": 0.25, "model": "a/b", "provider_name": "P", "cancelled": true, "http_referer": "http://localhost/switchover",
        "app_id": 7, "tokens_prompt": 3, "native_tokens_completion": 2, "provider_responses": [{"provider_name": "Q", "status": 503}, {"status": 1}]}});
    let missing =
        answer(404, "application/json", "{\"error\":{\"code\":404,\"message\":\"Generation gen-1 not found\"}}");
    let server = Server::start([whole(&key), missing, whole(&generation)]).await;
    let (client, endpoint, headers) = (client(), server.endpoint(), Headers::default());
    let secrets = endpoint.secrets(&headers);
    let info = KeyInfo::parse(&client.get(&endpoint, &headers, "/key").await.unwrap(), &secrets);
    assert_eq!((info.remaining, info.free_requests), (Some(7.5), Some((3, 50))));
    assert!(info.label.unwrap().starts_with("***"));
    let path = generation_path("gen-1&x=/");
    assert_eq!(client.get(&endpoint, &headers, &path).await.unwrap_err().status, Some(404), "the bill comes late");
    let seen = Generation::parse(&client.get(&endpoint, &headers, &path).await.unwrap(), &secrets);
    assert_eq!((seen.cost, seen.app_id.as_deref(), seen.tokens), (Some(0.25), Some("7"), Some((3, 2))));
    assert_eq!(seen.tried.len(), 1);
    assert_eq!(server.received()[2].line, "GET /api/v1/generation?id=gen-1%26x%3D%2F HTTP/1.1");
    let unknown = Generation::parse(&Value::Null, &Secrets::default());
    assert_eq!(unknown, Generation::default());
}

/// The next test runs this one in a process with a hostile environment.
#[tokio::test]
async fn loopback_needs_neither_certificates_nor_a_proxy() {
    assert_eq!(ask_for(stream(OK)).await.1.unwrap().text, "4");
}

#[test]
fn loopback_works_without_certificates_and_beside_a_dead_proxy() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sockets::loopback_needs_neither_certificates_nor_a_proxy"])
        .env("SSL_CERT_FILE", "/nowhere/at/all")
        .env("SSL_CERT_DIR", "/nowhere/at/all")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .env("ALL_PROXY", "http://127.0.0.1:1")
        .output()
        .unwrap();
    let output_text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && output_text.contains("1 passed"), "{output_text}");
}

#[tokio::test]
async fn a_request_on_a_kept_connection_that_closes_is_sent_again_on_a_new_one() {
    for ended in [raw("").then_close(), raw("").then_reset()] {
        let server = Server::start([stream(OK), ended.clone(), stream(OK)]).await;
        let (client, endpoint) = (client(), server.endpoint());
        for _ in 0..2 {
            assert_eq!(finish(open(&client, &endpoint).unwrap()).await.1.unwrap().text, "4");
        }
        let connections: Vec<usize> = server.received().iter().map(|request| request.connection).collect();
        assert_eq!(connections, [0, 0, 1], "the second request was kept from a failure that is nobody's fault");

        // The new connection closes too: that is the server's fault, and there is no third request.
        let server = Server::start([stream(OK), ended.clone(), ended.clone()]).await;
        let endpoint = server.endpoint();
        finish(open(&client, &endpoint).unwrap()).await.1.unwrap();
        let failure = finish(open(&client, &endpoint).unwrap()).await.1.unwrap_err();
        assert_eq!((failure.kind, server.received().len()), (FailureKind::Reset, 3));

        // So does the first connection to a server that has answered before on another one.
        let server = Server::start([stream(OK).then_close(), ended, stream(OK)]).await;
        let endpoint = server.endpoint();
        finish(open(&client, &endpoint).unwrap()).await.1.unwrap();
        let failure = finish(open(&client, &endpoint).unwrap()).await.1.unwrap_err();
        assert_eq!((failure.kind, server.received().len()), (FailureKind::Reset, 2));
    }
}

#[tokio::test]
async fn a_get_on_a_kept_connection_that_closes_is_sent_again_too() {
    let models = whole(&json!({"data": []}));
    let server = Server::start([models.clone(), raw("").then_close(), models]).await;
    let (client, endpoint, headers) = (client(), server.endpoint(), Headers::default());
    for _ in 0..2 {
        client.get(&endpoint, &headers, "/models").await.unwrap();
    }
    assert_eq!(server.received().len(), 3);
}
