//! The async runtime of a command.

use anyhow::{Context as _, Result};
use std::io::pipe;
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
