//! HTTP/1.1 as the simulator needs it, straight on the socket: a polite server library
//! would not let it be as rude as a fault has to be. Headers keep their order and case.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest request head.
const MAX_HEAD: usize = 64 * 1024;
/// Largest request body.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// For example `POST`.
    pub method: String,
    /// Path and query, a fault's segment included.
    pub path: String,
    /// Names and values in the order and case in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, unchunked.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// A header's first value; names compare without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, or `null`.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.header(name).is_some_and(|v| v.to_ascii_lowercase().contains(value))
    }

    /// Whether the client wants the connection closed after this.
    pub(super) fn closes(&self) -> bool {
        self.is("connection", "close")
    }
}

/// Why no request could be read.
#[derive(Debug)]
pub(super) enum RequestReadError {
    /// The client went away.
    Gone,
    /// It sent what is no request: answer with this status and close.
    Bad(u16, &'static str),
}

impl From<io::Error> for RequestReadError {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Reads one request; `buffer` holds what came after the previous one.
pub(super) async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<ReceivedRequest, RequestReadError> {
    let end = loop {
        if let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > MAX_HEAD {
            return Err(RequestReadError::Bad(431, "the request's headers are too large"));
        }
        fill(stream, buffer).await?;
    };
    let head = buffer.drain(..end + 4).collect::<Vec<u8>>();
    let mut request = parse_head(&head[..end]).ok_or(RequestReadError::Bad(400, "that is no HTTP/1.1 request"))?;
    if request.is("expect", "100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    if request.is("transfer-encoding", "chunked") {
        request.body = read_chunked(stream, buffer).await?;
    } else if let Some(length) = request.header("content-length") {
        let length: usize =
            length.trim().parse().map_err(|_| RequestReadError::Bad(400, "Content-Length is no number"))?;
        request.body = take(stream, buffer, length).await?;
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
    if stream.read_buf(buffer).await? == 0 { Err(RequestReadError::Gone) } else { Ok(()) }
}

async fn take(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> Result<Vec<u8>, RequestReadError> {
    if length > MAX_BODY {
        return Err(RequestReadError::Bad(413, "the request's body is too large"));
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
            return Err(RequestReadError::Bad(400, "a chunk's head is too large"));
        }
        fill(stream, buffer).await?;
    }
}

async fn read_chunked(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Vec<u8>, RequestReadError> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream, buffer).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size =
            usize::from_str_radix(size, 16).map_err(|_| RequestReadError::Bad(400, "a chunk's size is no number"))?;
        if size == 0 {
            while !read_line(stream, buffer).await?.is_empty() {}
            return Ok(body);
        }
        if body.len().saturating_add(size) > MAX_BODY {
            return Err(RequestReadError::Bad(413, "the request's body is too large"));
        }
        body.extend(take(stream, buffer, size).await?);
        read_line(stream, buffer).await?;
    }
}

/// A response's head, or the whole of it.
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

/// One chunk of a chunked body.
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
