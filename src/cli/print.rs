//! Standard output and standard error of all commands. One thread writes both, in order, so that a reader that stalls
//! holds up neither a deadline nor a signal. A failed write is remembered, and reported when the program ends.

use crate::lock::locked;
use crate::text::{clean, counted};
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;
use tokio::sync::Notify;

/// The most bytes that one system call writes, so that a slow reader can be distinguished from one that stalls.
const PIECE: usize = 4096;
/// The bytes that may wait for a slow reader: 8 MiB. With more, whoever prints waits, or prints less.
const MAX_WAITING: usize = 8 << 20;
/// A reader that takes nothing for this time stalls.
const STALL: Duration = Duration::from_secs(1);

/// Prints a line to standard output.
macro_rules! out {
    ($($arg:tt)*) => { $crate::cli::print::line($crate::cli::print::Stream::Out, format_args!($($arg)*)) };
}
/// Prints a line to standard error.
macro_rules! note {
    ($($arg:tt)*) => { $crate::cli::print::line($crate::cli::print::Stream::Err, format_args!($($arg)*)) };
}
pub(super) use {note, out};

/// A standard stream. As a [`Write`] it never blocks, and fails after a write to it has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What the thread is asked to do.
enum Job {
    /// Write a text.
    Write(Stream, Vec<u8>),
    /// Say that everything before it is written.
    Reached(Sender<()>),
}

/// The thread and what is known of its progress.
struct Printer {
    jobs: Sender<Job>,
    /// Texts that are sent to the thread and not written yet.
    waiting: AtomicU64,
    /// The bytes of these texts.
    bytes: AtomicUsize,
    room: Notify,
    /// Lines that were not printed, and not mentioned yet.
    dropped: AtomicU64,
    /// Bytes that the readers have taken.
    taken: AtomicU64,
    /// The first error of standard output.
    failed: Mutex<Option<io::Error>>,
    idle: Notify,
}

static PRINTER: OnceLock<Printer> = OnceLock::new();

fn printer() -> &'static Printer {
    PRINTER.get_or_init(|| {
        let (jobs, received) = channel();
        thread::spawn(move || write_all(&received));
        let failed = Mutex::new(None);
        Printer {
            jobs,
            waiting: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            room: Notify::new(),
            dropped: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            failed,
            idle: Notify::new(),
        }
    })
}

/// The thread: writes texts in the order of their arrival.
fn write_all(jobs: &Receiver<Job>) {
    let printer = printer();
    for job in jobs {
        let (stream, text) = match job {
            Job::Write(stream, text) => (stream, text),
            Job::Reached(reached) => {
                _ = reached.send(());
                continue;
            }
        };
        let written = match stream {
            _ if stream.has_failed() => Ok(()),
            Stream::Out => pieces(&text, &mut io::stdout()),
            Stream::Err => pieces(&text, &mut io::stderr()),
        };
        if let (Stream::Out, Err(error)) = (stream, written) {
            *locked(&printer.failed) = Some(error);
        }
        printer.bytes.fetch_sub(text.len(), Ordering::SeqCst);
        if !is_full() {
            printer.room.notify_waiters();
        }
        if printer.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            printer.idle.notify_one();
        }
    }
}

fn pieces(text: &[u8], to: &mut impl Write) -> io::Result<()> {
    for piece in text.chunks(PIECE) {
        to.write_all(piece)?;
        to.flush()?;
        printer().taken.fetch_add(piece.len() as u64, Ordering::SeqCst);
    }
    Ok(())
}

impl Stream {
    fn send(self, text: Vec<u8>) {
        let printer = printer();
        printer.waiting.fetch_add(1, Ordering::SeqCst);
        printer.bytes.fetch_add(text.len(), Ordering::SeqCst);
        // The thread runs as long as the process.
        _ = printer.jobs.send(Job::Write(self, text));
    }

    /// Whether a write has failed. What standard error does not accept is lost without a message.
    pub(super) fn has_failed(self) -> bool {
        self == Self::Out && locked(&printer().failed).is_some()
    }
}

impl Write for Stream {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.has_failed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.send(text.to_vec());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prints a line; use [`out!`] and [`note!`]. Paths, names and errors may hold control characters.
pub(super) fn line(stream: Stream, text: fmt::Arguments<'_>) {
    stream.send(format!("{}\n", clean(&text.to_string())).into_bytes());
}

/// Prints a text as it is.
pub(super) fn text(text: &str) {
    Stream::Out.send(text.as_bytes().to_vec());
}

/// Prints lines, or if too much waits for a reader already, nothing: for a program that waits for no reader. When there is
/// room again, standard error says how many are missing.
pub(super) fn offer(stream: Stream, lines: String) {
    let printer = printer();
    if is_full() {
        printer.dropped.fetch_add(1, Ordering::SeqCst);
        return;
    }
    let dropped = printer.dropped.swap(0, Ordering::SeqCst);
    if dropped > 0 {
        note!("switchover: nobody read fast enough, so {} not printed", counted(dropped as usize, "line"));
    }
    stream.send(lines.into_bytes());
}

fn is_full() -> bool {
    PRINTER.get().is_some_and(|printer| printer.bytes.load(Ordering::SeqCst) >= MAX_WAITING)
}

/// Waits while too much waits for a reader.
pub(super) async fn has_room() {
    while is_full() {
        let mut room = std::pin::pin!(printer().room.notified());
        // From here on no notification is missed.
        room.as_mut().enable();
        if is_full() {
            room.await;
        }
    }
}

fn is_idle() -> bool {
    PRINTER.get().is_none_or(|printer| printer.waiting.load(Ordering::SeqCst) == 0)
}

/// Waits until everything is written. From `patience` on, or from a signal on, a reader that stalls is an error.
pub(super) async fn drained(patience: Duration) -> io::Result<()> {
    let (mut left, mut signalled) = (patience, false);
    let mut signal = std::pin::pin!(super::ask::interrupted());
    while !is_idle() {
        let before = printer().taken.load(Ordering::SeqCst);
        tokio::select! {
            () = printer().idle.notified() => continue,
            () = &mut signal, if !signalled => {
                (left, signalled) = (Duration::ZERO, true);
                continue;
            }
            () = tokio::time::sleep(STALL.min(left.max(STALL / 4))) => {}
        }
        left = left.saturating_sub(STALL);
        if left.is_zero() && printer().taken.load(Ordering::SeqCst) == before {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads it"));
        }
    }
    Ok(())
}

/// Waits until everything is written, for as long as it takes.
pub(super) fn written() {
    let Some(printer) = PRINTER.get() else { return };
    let (sender, reached) = channel();
    _ = printer.jobs.send(Job::Reached(sender));
    _ = reached.recv();
}

/// Waits until everything is written, for as long as it takes.
///
/// # Errors
/// The first error of standard output. A closed pipe is none: its reader has seen enough.
pub(super) fn finish() -> io::Result<()> {
    written();
    let Some(printer) = PRINTER.get() else { return Ok(()) };
    match locked(&printer.failed).take() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
