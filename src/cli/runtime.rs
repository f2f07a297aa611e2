//! The async runtime of a command, and the end of one that asks models.

use super::{exit, print};
use crate::worker::Services;
use anyhow::{Context as _, Result};
use std::io::pipe;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Pipes that must be possible before a runtime is built, which panics where no file can be opened.
const SPARE_PIPES: usize = 4;

/// A runtime with one thread, or with this number of worker threads.
///
/// # Errors
/// The machine allows too few open files.
pub(super) fn runtime(workers: Option<usize>) -> Result<Runtime> {
    let few = "this machine allows too few open files; `ulimit -n` raises the limit";
    (0..SPARE_PIPES).map(|_| pipe()).collect::<Result<Vec<_>, _>>().context(few)?;
    let mut builder = workers.map_or_else(Builder::new_current_thread, |_| Builder::new_multi_thread());
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder.enable_all().build().context(few)
}

/// How long a command that ends waits for its runs to be stored, where another program holds the history.
pub(super) const SETTLE: Duration = Duration::from_secs(3);

/// Waits until runs are stored and everything is printed, and returns the exit code. From `patience` on, or from a signal
/// on, a reader that stalls ends the process here, because the thread that prints is stuck; nothing is left to clean up.
pub(super) async fn finish(services: &Services, code: u8, patience: Duration) -> u8 {
    services.settle(SETTLE);
    if print::drained(patience).await.is_err() {
        std::process::exit(i32::from(if code == exit::OK { exit::USAGE } else { code }));
    }
    code
}
