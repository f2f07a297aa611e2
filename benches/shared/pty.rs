//! A program in a terminal of 120×36, with the times of its output.

use super::measure::now;
use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use std::io::{Read as _, Write as _};
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait for an output.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Playground {
    pty: Arc<Pty>,
    child: Child,
    pieces: Receiver<(Instant, Vec<u8>)>,
    /// The output since the last key.
    output: Vec<u8>,
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
        Self { pty, child, pieces, output: Vec::new(), frames: 0 }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Types keys, and forgets the output before them.
    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.output.clear();
        (&*self.pty).write_all(keys.as_bytes()).expect("a terminal that takes keys");
    }

    /// Waits for a text in the output since the last key. Returns the time at which it was written.
    pub(crate) fn wait_for(&mut self, text: &str) -> Instant {
        let finder = memchr::memmem::Finder::new(text);
        loop {
            let (at, piece) = self.pieces.recv_timeout(TIMEOUT).unwrap_or_else(|_| {
                panic!("no {text:?} in {}", String::from_utf8_lossy(&self.output));
            });
            let from = self.output.len().saturating_sub(text.len());
            self.collect(&piece);
            if finder.find(&self.output[from..]).is_some() {
                return at;
            }
        }
    }

    fn collect(&mut self, piece: &[u8]) {
        self.frames += memchr::memmem::find_iter(piece, b"\x1b[?2026h").count() as u32;
        self.output.extend_from_slice(piece);
    }

    /// The number of bytes written since the last key.
    pub(crate) fn output_len(&self) -> usize {
        self.output.len()
    }

    /// The number of frames since the last call.
    pub(crate) fn take_frames(&mut self) -> u32 {
        std::mem::take(&mut self.frames)
    }

    /// Waits for this time. Returns the number of bytes that were written meanwhile.
    pub(crate) fn idle_for(&mut self, time: Duration) -> usize {
        let (until, before) = (now() + time, self.output.len());
        while let Some(left) = until.checked_duration_since(now()) {
            match self.pieces.recv_timeout(left) {
                Ok((_, piece)) => self.collect(&piece),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => thread::sleep(left),
            }
        }
        self.output.len() - before
    }

    /// Ends the program.
    pub(crate) fn close(mut self) {
        self.child.kill().expect("a running program");
        self.child.wait().expect("an ended program");
    }
}
