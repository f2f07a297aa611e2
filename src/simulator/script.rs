//! What a response does on its socket, as a value. A fault is another script; the server stays the same.

use super::http;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// One step on the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SocketStep {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits; never zero.
    Wait(Duration),
    /// Sends the same bytes again and again, with this pause between, until the client leaves.
    Repeat(Vec<u8>, Duration),
    /// Sends nothing more and waits until the client leaves.
    Hang,
    /// Resets the connection (RST).
    Reset,
    /// Closes the connection (FIN).
    Close,
}

/// Steps in the order in which they are played. After the last one the connection serves its next request.
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

    /// The status that it answers with; `None` if the connection ends without a response.
    pub(super) fn status(&self) -> Option<u16> {
        let SocketStep::Send(bytes) = self.0.iter().find(|step| !matches!(step, SocketStep::Wait(_)))? else {
            return None;
        };
        std::str::from_utf8(bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()
    }

    /// A complete response with a `Content-Length`.
    pub(super) fn whole(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        all.push(("Content-Length", &length));
        let mut bytes = http::head(status, &all);
        bytes.extend_from_slice(body);
        Self(vec![SocketStep::Send(bytes)])
    }
}

/// The state of the connection after a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScriptEnd {
    /// Everything was sent; the connection can be used again.
    Open,
    /// The script closed or reset it.
    Closed,
    /// The client closed it before the end.
    ClientLeft,
}

/// Bytes without a pause between them are written together, up to this many.
const BATCH: usize = 16 * 1024;

/// Plays a script. Nothing else in the simulator waits.
pub(super) async fn play(stream: &mut TcpStream, script: ResponseScript) -> ScriptEnd {
    match play_steps(stream, script).await {
        Ok(end) => end,
        Err(_) => ScriptEnd::ClientLeft,
    }
}

async fn play_steps(stream: &mut TcpStream, script: ResponseScript) -> io::Result<ScriptEnd> {
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
                    return Ok(ScriptEnd::ClientLeft);
                }
            }
            SocketStep::Repeat(bytes, every) => loop {
                stream.write_all(&bytes).await?;
                if !pause(stream, every).await {
                    return Ok(ScriptEnd::ClientLeft);
                }
            },
            SocketStep::Hang => {
                client_left(stream).await;
                return Ok(ScriptEnd::ClientLeft);
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

/// Waits, and returns false as soon as the client has left.
async fn pause(stream: &TcpStream, time: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = client_left(stream) => false,
    }
}

/// Returns when the client has closed its side. Once a client has sent its next request before the answer is
/// complete, this cannot see it leave; then a write fails.
async fn client_left(stream: &TcpStream) {
    let mut byte = [0];
    match stream.peek(&mut byte).await {
        Ok(0) | Err(_) => {}
        Ok(_) => std::future::pending().await,
    }
}
