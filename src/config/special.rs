//! Files that are not regular: named pipes and devices. Reading one may wait for ever, so it gets a limit.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// The longest wait for the content of a named pipe. A key manager writes it as soon as somebody reads.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first `cap` bytes of a file that may never end. The thread that reads ends with the process.
///
/// # Errors
/// A file that cannot be read, or that gives nothing in time.
pub(super) fn read_special(path: &Path, cap: u64) -> io::Result<Vec<u8>> {
    let (sender, content) = mpsc::channel();
    let path = path.to_owned();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(cap).read_to_end(&mut bytes));
        _ = sender.send(read.map(|_| bytes));
    });
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("nothing came within {} s", PATIENCE.as_secs()));
    content.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(late()))
}
