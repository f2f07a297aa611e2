//! A server that answers as it is told, over real sockets, and remembers what it was sent.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use switchover::failover::Failure;
use switchover::openrouter::client::{Client, Endpoint, Exchange, OutgoingRequest};
use switchover::openrouter::headers::Headers;
use switchover::openrouter::{Api, Completion, Delta};
use switchover::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// The key that every test uses.
pub(crate) const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef";

/// One answer, and what becomes of the connection.
#[derive(Clone)]
pub(crate) struct Answer {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// Serve the next request on the same connection.
    Keep,
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// Say nothing more, and wait for the client to hang up.
    Hang,
}

/// A response of this type whose body is complete.
pub(crate) fn answer(status: u16, content_type: &str, body: &str) -> Answer {
    let length = body.len();
    raw(&format!("HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"))
}

/// A whole JSON answer.
pub(crate) fn whole(body: &Value) -> Answer {
    answer(200, "application/json", &body.to_string())
}

/// A stream, properly ended.
pub(crate) fn stream(events: &str) -> Answer {
    answer(200, "text/event-stream", events)
}

/// Bytes as they are.
pub(crate) fn raw(bytes: &str) -> Answer {
    Answer { bytes: bytes.as_bytes().to_vec(), then: Then::Keep }
}

/// The beginning of a stream whose end is up to the connection.
pub(crate) fn open_stream(events: &str) -> Answer {
    raw(&format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Generation-Id: gen-head\r\n\r\n{events}"))
}

impl Answer {
    pub(crate) fn then_close(self) -> Self {
        Self { then: Then::Close, ..self }
    }
    pub(crate) fn then_reset(self) -> Self {
        Self { then: Then::Reset, ..self }
    }
    pub(crate) fn then_hang(self) -> Self {
        Self { then: Then::Hang, ..self }
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Method and path.
    pub(crate) line: String,
    /// In order, as they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// 0 for the first connection.
    pub(crate) connection: usize,
}

/// Stops when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    /// One message for each client that hung up on an answer that hangs.
    hung_up: mpsc::UnboundedReceiver<()>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Gives the answers in turn, the last one for ever.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let answers: Arc<[Answer]> = answers.into_iter().collect();
        let (gone, hung_up) = mpsc::unbounded_channel();
        let seen = Arc::clone(&received);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                connections.spawn(serve(socket, number, Arc::clone(&answers), Arc::clone(&seen), gone.clone()));
            }
        });
        Self { address, received, hung_up, accepting }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        endpoint(&format!("http://{}/api/v1", self.address))
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until a client has hung up on an answer that hangs.
    pub(crate) async fn hung_up(&mut self) {
        self.hung_up.recv().await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(
    mut socket: TcpStream,
    connection: usize,
    answers: Arc<[Answer]>,
    received: Arc<Mutex<Vec<Received>>>,
    gone: mpsc::UnboundedSender<()>,
) {
    while let Some(request) = read(&mut socket, connection).await {
        let answer = {
            let mut received = received.lock().unwrap();
            received.push(request);
            answers[(received.len() - 1).min(answers.len() - 1)].clone()
        };
        if socket.write_all(&answer.bytes).await.is_err() {
            return;
        }
        match answer.then {
            Then::Keep => {}
            Then::Close => return,
            Then::Reset => return socket.set_zero_linger().unwrap(),
            Then::Hang => {
                while matches!(socket.read(&mut [0; 64]).await, Ok(1..)) {}
                _ = gone.send(());
                return;
            }
        }
    }
}

async fn read(socket: &mut TcpStream, connection: usize) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let line = lines.next()?.to_owned();
    let headers: Vec<(String, String)> =
        lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let length = headers.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
    let mut body = bytes[head + 4..].to_vec();
    while body.len() < length {
        if socket.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { line, headers, body, connection })
}

pub(crate) fn endpoint(base: &str) -> Endpoint {
    Endpoint { base: base.parse().unwrap(), key: Some(Secret::new(KEY)) }
}

/// A client with a generous limit on connecting.
pub(crate) fn client() -> Client {
    Client::new(std::time::Duration::from_secs(20))
}

/// A small request.
pub(crate) fn body() -> Value {
    json!({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "stream": true})
}

/// Opens an exchange with default headers.
pub(crate) fn open(client: &Client, endpoint: &Endpoint) -> Result<Exchange, Failure> {
    client.open(OutgoingRequest {
        api: Api::default(),
        endpoint,
        headers: &Headers::default(),
        body: body(),
        fresh: false,
    })
}

/// Reads an exchange to its end.
pub(crate) async fn finish(mut exchange: Exchange) -> (Vec<Delta>, Result<Completion, Failure>) {
    let mut deltas = Vec::new();
    loop {
        if let Some(end) = exchange.advance(&mut deltas).await {
            return (deltas, end);
        }
    }
}

/// Asks once, with a client of its own.
pub(crate) async fn ask(endpoint: &Endpoint) -> (Vec<Delta>, Result<Completion, Failure>) {
    // On a task of its own, as the worker does it: an exchange can be sent.
    tokio::spawn(finish(open(&client(), endpoint).unwrap())).await.unwrap()
}

/// Starts a server for one answer and asks it.
pub(crate) async fn ask_for(answer: Answer) -> (Vec<Delta>, Result<Completion, Failure>) {
    let server = Server::start([answer]).await;
    let end = ask(&server.endpoint()).await;
    assert_eq!(server.received().len(), 1, "the client asks once, and once only");
    end
}
