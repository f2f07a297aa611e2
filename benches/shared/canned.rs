//! A server with prepared answers, so that the time of a call is the client's own cost.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// An answer as a list of socket writes, with a pause after each.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) writes: Arc<Vec<Vec<u8>>>,
    pub(crate) pause: Duration,
}

/// Serves on loopback, with one thread for each connection, until the process ends. Returns the base URL.
pub(crate) fn serve(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/api/v1", listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || serve_connection(stream, &*answer));
        }
    });
    url
}

fn serve_connection(mut stream: TcpStream, answer: &dyn Fn(&str) -> Reply) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut buffer, mut piece) = (Vec::new(), [0; 16 << 10]);
    loop {
        let end = loop {
            if let Some(at) = memchr::memmem::find(&buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&buffer[..at]).to_lowercase();
                let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
                let end = at + 4 + length.unwrap_or(0);
                if buffer.len() >= end {
                    break end;
                }
            }
            match stream.read(&mut piece).ok()? {
                0 => return None,
                n => buffer.extend_from_slice(&piece[..n]),
            }
        };
        let reply = answer(&String::from_utf8_lossy(&buffer[..end]));
        buffer.drain(..end);
        for bytes in reply.writes.iter() {
            stream.write_all(bytes).ok()?;
            if !reply.pause.is_zero() {
                thread::sleep(reply.pause);
            }
        }
    }
}

/// A whole answer in one write.
pub(crate) fn whole(status: u16, body: &str) -> Reply {
    let head =
        format!("HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    Reply { writes: Arc::new(vec![[head.as_bytes(), body.as_bytes()].concat()]), pause: Duration::ZERO }
}

/// A streamed answer: each text is one chunk and one write.
pub(crate) fn stream<'a>(texts: impl IntoIterator<Item = &'a str>, pause: Duration) -> Reply {
    let http = |data: &str| format!("{:x}\r\n{data}\r\n", data.len()).into_bytes();
    let event = |delta: serde_json::Value, finish: Option<&str>| {
        let choice = serde_json::json!({"index": 0, "delta": delta, "finish_reason": finish});
        http(&format!("data: {}\n\n", serde_json::json!({"model": "m", "choices": [choice]})))
    };
    let mut writes =
        vec![b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()];
    writes.extend(texts.into_iter().map(|text| event(serde_json::json!({"content": text}), None)));
    let mut last = event(serde_json::json!({}), Some("stop"));
    last.extend(http("data: [DONE]\n\n"));
    last.extend(b"0\r\n\r\n");
    writes.push(last);
    Reply { writes: Arc::new(writes), pause }
}
