//! The history's files: one per day, readable only by their owner.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens or creates a file that only its owner can read, and its directory.
pub(super) fn private(directory: &Path, name: &str, options: &mut OpenOptions) -> io::Result<File> {
    let mut folder = DirBuilder::new();
    options.read(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folder.mode(0o700);
        options.mode(0o600);
    }
    folder.recursive(true).create(directory)?;
    let file = options.open(directory.join(name))?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other(format!("{name} is not a regular file"))) }
}

/// The file of the day (UTC) on which a run started, such as `2026-11-22.jsonl`. All lines of a run go to this file.
pub(super) fn day_file(run: u64) -> String {
    let seconds = (run / 1000).cast_signed();
    let date = time::OffsetDateTime::from_unix_timestamp(seconds).map_or(time::Date::MAX, time::OffsetDateTime::date);
    format!("{:04}-{:02}-{:02}.jsonl", date.year(), u8::from(date.month()), date.day())
}
