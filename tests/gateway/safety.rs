//! Who may use the gateway, how much, and what becomes of requests that are given up.

use crate::server::{Server, open_stream};
use crate::{CHAIN, Reply, options, simulated, start, start_with_grace};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use switchover::failover::{Cost, Outcome};
use switchover::gateway::GatewayOptions;
use switchover::secret::Secret;
use switchover::worker::Service;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn web_pages_of_other_sites_and_rebound_names_are_refused() {
    let gateway = simulated(0.0, GatewayOptions { hosts: vec!["my.box".into()], ..options() }).await;
    let port = gateway.address.port();
    let body = json!({"model": CHAIN[0]});
    for (name, value, status) in [
        ("host", "evil.example".to_owned(), 403),
        ("host", format!("evil.example:{port}"), 403),
        ("host", format!("127.0.0.1.evil.example:{port}"), 403),
        ("host", format!("localhost:{port}"), 200),
        ("host", format!("my.box:{port}"), 200),
        ("host", "[::1]:80".to_owned(), 200),
        ("origin", "https://evil.example".to_owned(), 403),
        ("origin", "null".to_owned(), 403),
        ("origin", format!("http://localhost:{port}"), 200),
        ("sec-fetch-site", "cross-site".to_owned(), 403),
        ("sec-fetch-site", "same-origin".to_owned(), 200),
    ] {
        let reply = gateway.chat("", &body, &[(name, &value)]).await;
        assert_eq!(reply.status, status, "{name}: {value}");
        assert!(reply.headers.get("access-control-allow-origin").is_none());
    }
}

#[tokio::test]
async fn a_token_is_asked_for_and_never_sent_on() {
    let gateway = simulated(0.0, GatewayOptions { token: Some(Secret::new("let-me-in")), ..options() }).await;
    let body = json!({"model": CHAIN[0]});
    for (header, status) in [
        (("authorization", "Bearer let-me-in"), 200),
        (("x-switchover-token", "let-me-in"), 200),
        (("authorization", "Bearer let-me-ix"), 401),
        (("authorization", "Bearer let-me"), 401),
        (("x-other", "let-me-in"), 401),
    ] {
        let reply = gateway.chat("", &body, &[header]).await;
        assert_eq!(reply.status, status, "{header:?}");
        assert!(!reply.text.contains("let-me-in"));
    }
}

#[tokio::test]
async fn what_is_no_chat_request_is_named() {
    let gateway = simulated(0.0, options()).await;
    let post = async |path: &str, kind: &str, body: &str| {
        let request = gateway.request("POST", path).header("content-type", kind).body(body.to_owned());
        Reply::of(request.send().await.unwrap()).await
    };
    let chat = "/v1/chat/completions";
    for (path, kind, body, status, why) in [
        (chat, "text/plain", "{}", 415, "application/json"),
        (chat, "application/json", "[]", 400, "not a JSON object"),
        (chat, "application/json; charset=utf-8", "{}", 400, "no `messages`"),
        (chat, "application/json", "{\"messages\": []}", 400, "no `messages`"),
        ("/v1/completions", "application/json", "{}", 501, "does not serve"),
        ("/v1/embeddings", "application/json", "{}", 400, "no `input`"),
        ("/v1/models", "application/json", "{}", 405, "the routes are"),
        ("/nothing", "application/json", "{}", 404, "/v1/chat/completions"),
        ("/nothing/v1/chat/completions", "application/json", "{}", 404, "neither with /v1 nor with a fault"),
        ("/v2/chat", "application/json", "{}", 404, "the routes are POST /v1/chat/completions"),
    ] {
        let reply = post(path, kind, body).await;
        assert_eq!(reply.status, status, "{path} {body}");
        assert!(reply.error().unwrap().contains(why), "{path} {body}: {}", reply.text);
    }
    let hold = gateway.chat("", &json!({"model": CHAIN[0]}), &[("x-switchover-hold", "forever")]).await;
    assert!(hold.status == 400 && hold.error().unwrap().contains("forever"), "{}", hold.text);
    let long = format!("{{\"messages\": [\"{}\"]}}", "x".repeat(33 << 20));
    let long = gateway.request("POST", chat).header("content-type", "application/json").body(long).send().await;
    // The refusal may come before the client has sent all of it.
    assert!(long.map_or(true, |response| response.status() == 413));
}

#[tokio::test]
async fn who_watches_learns_of_requests_that_are_refused() {
    let token = Some(Secret::new("let-me-in"));
    let gateway = simulated(0.0, GatewayOptions { token, max_cost: Some(0.000_001), ..options() }).await;
    let chat = "/v1/chat/completions";
    let hi = "{\"model\": \"switchover\", \"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}";
    let json = ("content-type", "application/json");
    let token = ("x-switchover-token", "let-me-in");
    for (path, headers, body, asked, why) in [
        (chat, vec![json], hi, "", "HTTP 401 to POST /v1/chat/completions: "),
        (chat, vec![json, token, ("origin", "https://evil.example")], hi, "", "HTTP 403 to POST"),
        (chat, vec![token], hi, "", "HTTP 415 to POST"),
        (chat, vec![json, token], "{", "", "HTTP 400 to POST /v1/chat/completions: the body is not a JSON object"),
        (chat, vec![json, token, ("x-switchover-hold", "x")], hi, "", "HTTP 400 to POST"),
        ("/chat?key=secret", vec![json, token], hi, "", "HTTP 404 to POST /chat: no such path"),
        ("/v1/completions", vec![json, token], hi, "", "HTTP 501 to POST /v1/completions"),
        (chat, vec![json, token], hi, "switchover", ""),
        (chat, vec![json, token], hi, "", "HTTP 402 to POST /v1/chat/completions: the budget"),
    ] {
        let mut request = gateway.request("POST", path).header("user-agent", "curl/8.5.0 more").body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let reply = Reply::of(request.send().await.unwrap()).await;
        while gateway.served.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let served = gateway.served.lock().unwrap().pop().unwrap();
        let finished = served.trail.finished().unwrap();
        assert_eq!((&*served.request.client, &*served.request.asked), ("curl/8.5.0", asked), "{path} {body}");
        let line = finished.headline.as_deref().unwrap_or_default();
        assert!(line.starts_with(why) && !line.contains("secret"), "{line}");
        assert_eq!(finished.outcome == Outcome::Succeeded, reply.status == 200);
        assert!(served.trail.run() > 0);
    }
}

#[tokio::test]
async fn a_client_that_leaves_closes_the_socket_behind_it() {
    for streams in [false, true] {
        let begun = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n";
        let mut server = Server::start([open_stream(begun).then_hang()]).await;
        let gateway = start(Service::Server(Box::new(server.endpoint())), 0.0, options()).await;
        let body =
            json!({"model": "a/b", "stream": streams, "messages": [{"role": "user", "content": "hi"}]}).to_string();
        let mut client = TcpStream::connect(gateway.address).await.unwrap();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        client.write_all(head.as_bytes()).await.unwrap();
        if streams {
            let mut seen = vec![0; 64];
            assert!(client.read(&mut seen).await.unwrap() > 0);
        } else {
            while server.received().is_empty() {
                tokio::task::yield_now().await;
            }
        }
        drop(client);
        server.hung_up().await;
        while gateway.served.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let outcome = gateway.served.lock().unwrap()[0].trail.finished().unwrap().outcome;
        assert_eq!(outcome, Outcome::Cancelled);
        gateway.stopped().await;
    }
}

#[tokio::test]
async fn a_budget_ends_the_spending() {
    // The cost of an answer counts, also if that of a stream that was cut off before is unknown.
    for fault in ["", "cut:8"] {
        let gateway = simulated(0.0, GatewayOptions { max_cost: Some(0.000_001), ..options() }).await;
        let body = json!({"model": CHAIN[0]});
        assert_eq!(gateway.chat(fault, &body, &[]).await.status, 200);
        while gateway.served.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let cost = gateway.served.lock().unwrap()[0].trail.cost();
        assert_eq!(cost == Cost::Unknown, !fault.is_empty(), "{cost:?}");
        let refused = gateway.chat("", &body, &[]).await;
        assert!(refused.status == 402 && refused.error().unwrap().contains("gateway.max_cost"), "{}", refused.text);
    }
}

#[tokio::test]
async fn requests_in_progress_are_finished_before_the_end() {
    let gateway = simulated(0.0, options()).await;
    let body = json!({"model": CHAIN[0]});
    let replies = futures_util::future::join_all((0..20).map(|_| gateway.chat("", &body, &[]))).await;
    assert!(replies.iter().all(|reply| reply.status == 200));
    let served = std::sync::Arc::clone(&gateway.served);
    gateway.stopped().await;
    assert_eq!(served.lock().unwrap().len(), 20);
}

#[tokio::test]
async fn requests_that_outlast_the_grace_end_with_an_error_and_their_final_event() {
    let begun = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let server = Server::start([open_stream(begun).then_hang()]).await;
    let service = Service::Server(Box::new(server.endpoint()));
    let options = GatewayOptions { max_requests: 2, ..options() };
    let gateway = start_with_grace(service, 0.0, options, Duration::from_millis(100)).await;
    let ended = Arc::clone(&gateway.served);
    let post = |streams: bool| {
        let body = json!({"model": "a/b", "stream": streams, "messages": [{"role": "user", "content": "hi"}]});
        let request = gateway.request("POST", "/v1/chat/completions").header("content-type", "application/json");
        request.body(body.to_string()).send()
    };
    // A stream that has begun, a whole answer that nobody has yet, and one that waits for its turn.
    let mut stream = post(true).await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("Hel"));
    let whole = tokio::spawn(post(false));
    while server.received().len() < 2 {
        tokio::task::yield_now().await;
    }
    let waiting = tokio::spawn(post(false));
    while gateway.gateway.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    gateway.stopped().await;
    let rest = Reply {
        status: stream.status().as_u16(),
        headers: stream.headers().clone(),
        text: stream.text().await.unwrap(),
    };
    assert!(
        rest.error().is_some_and(|why| why.contains("the gateway stops")) && !rest.text.contains("[DONE]"),
        "{rest:?}"
    );
    // Only the one that no model was asked for is worth repeating.
    for (reply, may_repeat) in [(whole, "false"), (waiting, "true")] {
        let reply = Reply::of(reply.await.unwrap().unwrap()).await;
        assert_eq!(reply.header("x-should-retry"), may_repeat, "{reply:?}");
        assert!(reply.status == 503 && reply.error().is_some_and(|why| why.contains("the gateway stops")), "{reply:?}");
    }
    let ends: Vec<Outcome> = ended.lock().unwrap().iter().map(|it| it.trail.finished().unwrap().outcome).collect();
    let cancelled = ends.iter().filter(|end| **end == Outcome::Cancelled).count();
    assert_eq!(cancelled, 2, "{ends:?}");
}

#[tokio::test]
async fn requests_that_wait_for_their_turn_find_the_budget_used_up() {
    let gateway = simulated(0.0, GatewayOptions { max_cost: Some(0.000_001), max_requests: 1, ..options() }).await;
    let body = json!({"model": CHAIN[0]});
    let replies = futures_util::future::join_all((0..8).map(|_| gateway.chat("", &body, &[]))).await;
    let statuses = |status| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((statuses(200), statuses(402)), (1, 7));
}

/// What a client gets that sends this and then nothing more. The clock runs while everybody waits.
async fn reply_to(gateway: &crate::Running, bytes: &[u8]) -> String {
    let mut client = TcpStream::connect(gateway.address).await.unwrap();
    client.write_all(bytes).await.unwrap();
    let mut reply = Vec::new();
    // A connection that is closed with unread bytes may be reset.
    _ = client.read_to_end(&mut reply).await;
    String::from_utf8_lossy(&reply).into_owned()
}

#[tokio::test]
async fn slow_and_oversize_senders_are_refused() {
    let gateway = simulated(0.0, options()).await;
    let head = |length: usize| {
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    tokio::time::pause();
    let slow = reply_to(&gateway, (head(1000) + "{\"messages\": [").as_bytes()).await;
    assert!(slow.starts_with("HTTP/1.1 408 ") && slow.contains("within 60 s"), "{slow}");
    let half = reply_to(&gateway, b"POST /v1/chat/completions HTTP/1.1\r\nhost: loc").await;
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 408 "), "{half}");
    for length in [66_000, 300_000] {
        let head = "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-long: ";
        let long = reply_to(&gateway, format!("{head}{}\r\n\r\n", "x".repeat(length)).as_bytes()).await;
        // A reply may be lost when the connection is closed with unread bytes.
        assert!(long.starts_with("HTTP/1.1 431 ") || length > 100_000 && long.is_empty(), "{length}: {long}");
    }
    let whole = "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}";
    let whole = reply_to(&gateway, (head(whole.len()) + whole).as_bytes()).await;
    assert!(whole.starts_with("HTTP/1.1 200 "), "{whole}");
}
