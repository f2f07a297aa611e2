//! HTTP/1.1 on the bare socket. A server library would not let a fault break the protocol, and it would not keep
//! the order and the case of headers.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The largest request head in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The largest request body in bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// A request as the simulator received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// The method, for example `POST`.
    pub method: String,
    /// Path and query, with the segment of a fault.
    pub path: String,
    /// Names and values in the order and case in which they arrived.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer encoding.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// The first value of a header; the case of the name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, or `null` if it is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether a header contains a word; `value` is in lower case.
    fn has(&self, name: &str, value: &str) -> bool {
        self.header(name).is_some_and(|v| v.to_ascii_lowercase().contains(value))
    }

    /// Whether the client wants the connection to be closed after the response.
    pub(super) fn closes(&self) -> bool {
        self.has("connection", "close")
    }
}

/// The reason why no request could be read.
#[derive(Debug)]
pub(super) enum RequestReadError {
    /// The client closed the connection.
    Disconnected,
    /// The client sent something else than a request: answer with this status and message, then close.
    Malformed(u16, &'static str),
}

impl From<io::Error> for RequestReadError {
    fn from(_: io::Error) -> Self {
        Self::Disconnected
    }
}

/// Reads one request. `buffer` keeps bytes that arrived after it, for the next call.
pub(super) async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<ReceivedRequest, RequestReadError> {
    let end = loop {
        if let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > MAX_HEAD {
            return Err(RequestReadError::Malformed(431, "the request's headers are too large"));
        }
        fill(stream, buffer).await?;
    };
    let head = buffer.drain(..end + 4).collect::<Vec<u8>>();
    let mut request =
        parse_head(&head[..end]).ok_or(RequestReadError::Malformed(400, "this is not an HTTP/1.1 request"))?;
    if request.has("expect", "100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    if request.has("transfer-encoding", "chunked") {
        request.body = read_chunked(stream, buffer).await?;
    } else if let Some(length) = request.header("content-length") {
        let length: usize =
            length.trim().parse().map_err(|_| RequestReadError::Malformed(400, "Content-Length is not a number"))?;
        request.body = read_exact(stream, buffer, length).await?;
    }
    Ok(request)
}

fn parse_head(head: &[u8]) -> Option<ReceivedRequest> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path, version) = (first.next()?, first.next()?, first.next()?);
    if !version.starts_with("HTTP/1.") || !path.starts_with('/') {
        return None;
    }
    let headers = lines
        .map(|line| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned())))
        .collect::<Option<Vec<_>>>()?;
    Some(ReceivedRequest { method: method.to_owned(), path: path.to_owned(), headers, body: Vec::new() })
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), RequestReadError> {
    if stream.read_buf(buffer).await? == 0 { Err(RequestReadError::Disconnected) } else { Ok(()) }
}

async fn read_exact(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> Result<Vec<u8>, RequestReadError> {
    if length > MAX_BODY {
        return Err(RequestReadError::Malformed(413, "the request's body is too large"));
    }
    while buffer.len() < length {
        fill(stream, buffer).await?;
    }
    Ok(buffer.drain(..length).collect())
}

async fn read_line(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<String, RequestReadError> {
    loop {
        if let Some(end) = memchr::memmem::find(buffer, b"\r\n") {
            let line = buffer.drain(..end + 2).collect::<Vec<u8>>();
            return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        if buffer.len() > MAX_HEAD {
            return Err(RequestReadError::Malformed(400, "the head of a chunk is too large"));
        }
        fill(stream, buffer).await?;
    }
}

async fn read_chunked(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Vec<u8>, RequestReadError> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream, buffer).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16)
            .map_err(|_| RequestReadError::Malformed(400, "the size of a chunk is not a number"))?;
        if size == 0 {
            while !read_line(stream, buffer).await?.is_empty() {}
            return Ok(body);
        }
        if body.len().saturating_add(size) > MAX_BODY {
            return Err(RequestReadError::Malformed(413, "the request's body is too large"));
        }
        body.extend(read_exact(stream, buffer, size).await?);
        read_line(stream, buffer).await?;
    }
}

/// The head of a response.
pub(super) fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} {}\r\nServer: switchover-simulator\r\n", reason(status));
    for (name, value) in headers {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Frames bytes as one chunk of a chunked body.
pub(super) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// The end of a chunked body.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
