//! A small HTTP client that sees every byte of a response.

use serde_json::{Value, json};
use switchover::simulator::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Everything that arrived on one connection until it ended.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The body without chunk framing.
    pub(crate) body: Vec<u8>,
    /// Whether the body is complete according to its framing.
    pub(crate) whole: bool,
    /// Whether the connection ended with a reset.
    pub(crate) reset: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The events of a stream that contain JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok()).collect()
    }

    /// The answer text of a stream, or of a whole answer.
    pub(crate) fn content(&self) -> String {
        match self.header("content-type") {
            Some(kind) if kind.starts_with("text/event-stream") => self.deltas("content"),
            _ => self.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// The reasoning of a stream, or of a whole answer.
    pub(crate) fn reasoning(&self) -> String {
        match self.header("content-type") {
            Some(kind) if kind.starts_with("text/event-stream") => self.deltas("reasoning"),
            _ => self.json()["choices"][0]["message"]["reasoning"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// The choice that has the finish reason.
    pub(crate) fn finish(&self) -> Value {
        if self.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            return self.json()["choices"][0].clone();
        }
        let mut choices = self.events().into_iter().map(|event| event["choices"][0].clone());
        choices.find(|choice| !choice["finish_reason"].is_null()).unwrap_or_default()
    }

    /// The number of deltas with text.
    pub(crate) fn tokens(&self) -> usize {
        let some = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        let delta = |event: &Value| event["choices"][0]["delta"].clone();
        self.events().iter().map(delta).filter(|delta| some(&delta["content"]) || some(&delta["reasoning"])).count()
    }

    /// The number of events that should contain JSON but do not.
    pub(crate) fn bad_events(&self) -> usize {
        let text = self.text();
        let data = text.split("\n\n").filter_map(|block| block.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]" && serde_json::from_str::<Value>(data).is_err()).count()
    }

    /// One field of all deltas of a stream, joined.
    pub(crate) fn deltas(&self, field: &str) -> String {
        self.events().iter().filter_map(|e| e["choices"][0]["delta"][field].as_str().map(str::to_owned)).collect()
    }
}

pub(crate) fn ask(model: &str, stream: bool) -> Value {
    json!({ "model": model, "stream": stream, "messages": [{ "role": "user", "content": "What is the capital of France?" }] })
}

pub(crate) async fn post(simulator: &Simulator, fault: &str, body: &Value) -> Reply {
    send(simulator, &post_bytes(fault, &body.to_string())).await
}

pub(crate) async fn get(simulator: &Simulator, path: &str) -> Reply {
    send(
        simulator,
        &format!("GET {path} HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer sk-test\r\nConnection: close\r\n\r\n"),
    )
    .await
}

pub(crate) fn post_bytes(fault: &str, body: &str) -> String {
    let prefix = if fault.is_empty() { String::new() } else { format!("/{fault}") };
    post_to(&format!("{prefix}/api/v1/chat/completions"), body)
}

pub(crate) fn post_to(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer sk-test\r\n\
         HTTP-Referer: https://example.org\r\nX-OpenRouter-Metadata: enabled\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) async fn send(simulator: &Simulator, request: &str) -> Reply {
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let reset = stream.read_to_end(&mut bytes).await.is_err();
    Reply { reset, ..parse(&bytes) }
}

pub(crate) fn parse(bytes: &[u8]) -> Reply {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return Reply::default();
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|l| l.split_once(": ").unwrap()).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let mut reply = Reply { status, headers, ..Reply::default() };
    let mut rest = &bytes[end + 4..];
    if let Some(length) = reply.header("content-length") {
        reply.whole = rest.len() == length.parse::<usize>().unwrap();
        reply.body = rest.to_vec();
        return reply;
    }
    while let Some(end) = find(rest, b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            reply.whole = true;
            break;
        }
        let Some(chunk) = rest.get(end + 2..end + 2 + size) else { break };
        reply.body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    reply
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
