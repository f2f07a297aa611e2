//! A program in a terminal of 120×36, and the times at which it wrote.

use super::measure::now;
use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use std::io::{Read as _, Write as _};
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A wait this long is in vain.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Playground {
    pty: Arc<Pty>,
    child: Child,
    pieces: Receiver<(Instant, Vec<u8>)>,
    /// What was written since the last key.
    heard: Vec<u8>,
    frames: u32,
}

impl Playground {
    pub(crate) fn start(program: &str, arguments: &[&str]) -> Self {
        let (pty, pts) = pty_process::blocking::open().expect("a terminal");
        pty.resize(Size::new(36, 120)).expect("a size");
        let pty = Arc::new(pty);
        let (send, pieces) = channel();
        let reader = Arc::clone(&pty);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(n @ 1..) = (&*reader).read(&mut buffer) {
                if send.send((now(), buffer[..n].to_vec())).is_err() {
                    break;
                }
            }
        });
        let home = std::env::temp_dir().join("switchover-bench-home");
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("TERM", "xterm-256color")
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home)
            .current_dir(std::env::temp_dir())
            .spawn(pts)
            .expect("the program");
        Self { pty, child, pieces, heard: Vec::new(), frames: 0 }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.heard.clear();
        (&*self.pty).write_all(keys.as_bytes()).expect("it takes keys");
    }

    /// Waits until a text was written since the last key; when it was.
    pub(crate) fn sees(&mut self, text: &str) -> Instant {
        let finder = memchr::memmem::Finder::new(text);
        loop {
            let (at, piece) = self.pieces.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("no {text:?} in {}", String::from_utf8_lossy(&self.heard));
            });
            let from = self.heard.len().saturating_sub(text.len());
            self.take(&piece);
            if finder.find(&self.heard[from..]).is_some() {
                return at;
            }
        }
    }

    fn take(&mut self, piece: &[u8]) {
        self.frames += memchr::memmem::find_iter(piece, b"\x1b[?2026h").count() as u32;
        self.heard.extend_from_slice(piece);
    }

    /// Bytes written since the last key.
    pub(crate) fn seen(&self) -> usize {
        self.heard.len()
    }

    /// Frames since this was last asked.
    pub(crate) fn frames(&mut self) -> u32 {
        std::mem::take(&mut self.frames)
    }

    /// Lets time pass. The bytes that were written meanwhile.
    pub(crate) fn quiet(&mut self, time: Duration) -> usize {
        let (until, before) = (now() + time, self.heard.len());
        while let Some(left) = until.checked_duration_since(now()) {
            match self.pieces.recv_timeout(left) {
                Ok((_, piece)) => self.take(&piece),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => thread::sleep(left),
            }
        }
        self.heard.len() - before
    }

    /// Ends it.
    pub(crate) fn leaves(mut self) {
        self.child.kill().expect("it lives");
        self.child.wait().expect("it ends");
    }
}
