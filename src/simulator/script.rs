//! What a response does on its socket, as a value: a fault is another script, not another server.

use super::http;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// One step on the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SocketStep {
    /// These bytes go out.
    Send(Vec<u8>),
    /// Time passes; never zero.
    Wait(Duration),
    /// The same bytes again and again, until the client leaves.
    Murmur(Vec<u8>, Duration),
    /// Nothing more, until the client leaves.
    Hang,
    /// A reset (RST).
    Reset,
    /// An end (FIN).
    Close,
}

/// Steps in order. After the last one the connection serves its next request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ResponseScript(pub Vec<SocketStep>);

impl ResponseScript {
    pub(super) fn send(&mut self, bytes: impl Into<Vec<u8>>) {
        self.0.push(SocketStep::Send(bytes.into()));
    }

    pub(super) fn chunk(&mut self, bytes: impl AsRef<[u8]>) {
        self.send(http::chunk(bytes.as_ref()));
    }

    pub(super) fn wait(&mut self, time: Duration) {
        if !time.is_zero() {
            self.0.push(SocketStep::Wait(time));
        }
    }

    /// A whole response with a known length.
    pub(super) fn whole(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        all.push(("Content-Length", &length));
        let mut bytes = http::head(status, &all);
        bytes.extend_from_slice(body);
        Self(vec![SocketStep::Send(bytes)])
    }
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScriptEnd {
    /// All was sent; the connection is still good.
    Open,
    /// The script closed it.
    Closed,
    /// The client left before the end.
    Left,
}

/// Bytes without a pause between them leave together, up to this many.
const BATCH: usize = 16 * 1024;

/// Plays a script. The only place of the simulator that waits.
pub(super) async fn play(stream: &mut TcpStream, script: ResponseScript) -> ScriptEnd {
    match steps(stream, script).await {
        Ok(end) => end,
        Err(_) => ScriptEnd::Left,
    }
}

async fn steps(stream: &mut TcpStream, script: ResponseScript) -> io::Result<ScriptEnd> {
    let mut pending = Vec::new();
    for step in script.0 {
        if let SocketStep::Send(bytes) = step {
            pending.extend_from_slice(&bytes);
            if pending.len() >= BATCH {
                stream.write_all(&pending).await?;
                pending.clear();
            }
            continue;
        }
        stream.write_all(&pending).await?;
        pending.clear();
        match step {
            SocketStep::Send(_) => {}
            SocketStep::Wait(time) => {
                if !pause(stream, time).await {
                    return Ok(ScriptEnd::Left);
                }
            }
            SocketStep::Murmur(bytes, every) => loop {
                stream.write_all(&bytes).await?;
                if !pause(stream, every).await {
                    return Ok(ScriptEnd::Left);
                }
            },
            SocketStep::Hang => {
                left(stream).await;
                return Ok(ScriptEnd::Left);
            }
            SocketStep::Reset => {
                stream.set_zero_linger()?;
                return Ok(ScriptEnd::Closed);
            }
            SocketStep::Close => {
                stream.shutdown().await?;
                return Ok(ScriptEnd::Closed);
            }
        }
    }
    stream.write_all(&pending).await?;
    Ok(ScriptEnd::Open)
}

/// Waits; false as soon as the client has left.
async fn pause(stream: &TcpStream, time: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = left(stream) => false,
    }
}

/// Returns when the client has closed its side. A client that sends its next request
/// before the answer is complete cannot be seen to leave; writing will tell.
async fn left(stream: &TcpStream) {
    let mut byte = [0];
    match stream.peek(&mut byte).await {
        Ok(0) | Err(_) => {}
        Ok(_) => std::future::pending().await,
    }
}
