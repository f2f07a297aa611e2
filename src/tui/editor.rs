//! Edits a text in the user's editor, through a temporary file that only the user can read.

use crate::private;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Edits the text with `command`, a program with its arguments, and waits until it ends.
///
/// # Errors
/// One line that says what failed. The text is then unchanged.
pub(super) fn edit(command: &str, text: &str) -> Result<String, String> {
    let path = std::env::temp_dir().join(format!("switchover-{:016x}.md", fastrand::u64(..)));
    let edited = private::write_new(&path, text)
        .map_err(|e| format!("The text could not be written: {e}"))
        .and_then(|()| run(command, &path));
    let _ = fs::remove_file(&path);
    edited
}

fn run(command: &str, path: &Path) -> Result<String, String> {
    let mut words = command.split_whitespace();
    let Some(program) = words.next() else { return Err("No editor is set: set EDITOR or VISUAL.".to_owned()) };
    match Command::new(program).args(words).arg(path).status() {
        Ok(status) if status.success() => {
            fs::read_to_string(path).map_err(|e| format!("The text could not be read: {e}"))
        }
        Ok(status) => Err(format!("{program} ended with {status}: the text is unchanged.")),
        Err(error) => Err(format!("{program} could not be started: {error}")),
    }
}
