//! Ids of new runs: wall time in ms since 1970, greater than every earlier id of this program and of all programs with
//! the same history.

use super::files::private;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The file that contains the latest id.
const FILE_NAME: &str = "latest";
/// An id further ahead of the clock than this, in ms, comes from a wrong clock and is ignored.
const MAX_AHEAD: u64 = 60_000;

/// Assigns ids to runs.
#[derive(Debug)]
pub(super) struct RunIds {
    directory: PathBuf,
    last: u64,
}

impl RunIds {
    /// Ids that are unique among all programs with this data directory.
    pub(super) fn shared(data: &Path) -> Self {
        Self { directory: data.join("history"), last: 0 }
    }

    /// The next id. `wall` is the wall time in ms since 1970. If the file cannot be used, the id is unique only within
    /// this program.
    pub(super) fn next(&mut self, wall: u64) -> u64 {
        let own = wall.max(self.last + 1);
        self.last = claim(&self.directory, own, wall).unwrap_or(own);
        self.last
    }
}

/// Claims the first free id from `own` on, and stores it in the file.
fn claim(directory: &Path, own: u64, wall: u64) -> io::Result<u64> {
    let mut file = private(directory, FILE_NAME, OpenOptions::new().write(true).truncate(false))?;
    // Closing the file releases the lock.
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let taken = text.trim().parse().ok().filter(|taken| *taken < wall + MAX_AHEAD);
    let next = taken.map_or(own, |taken: u64| own.max(taken + 1));
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{next}")?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn programs_that_start_at_the_same_time_get_different_ids() {
        let data = std::env::temp_dir().join(format!("switchover-numbers-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        let wall = 1_700_000_000_000;
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let mut ids = RunIds::shared(&data);
                std::thread::spawn(move || (0..20).map(|_| ids.next(wall)).collect::<Vec<_>>())
            })
            .collect();
        let all: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 160, "{all:?}");
        assert_eq!(all.iter().max(), Some(&(wall + 159)));
        assert_eq!(RunIds::shared(&data).next(wall + 500), wall + 500, "later, the id is the wall time again");
        assert_eq!(RunIds::shared(&data).next(wall - 100_000), wall - 100_000, "an id from a wrong clock is ignored");
        fs::write(data.join("history").join(FILE_NAME), "not a number").unwrap();
        assert_eq!(RunIds::shared(&data).next(wall), wall, "a file without a number is ignored");
        assert!(
            crate::history::History::of(&data).files().unwrap().is_empty(),
            "the file is not listed as a history file"
        );
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn without_a_directory_ids_are_unique_within_the_program() {
        let file = std::env::temp_dir().join(format!("switchover-no-folder-{}", std::process::id()));
        fs::write(&file, "").unwrap();
        let mut ids = RunIds::shared(&file);
        assert_eq!([ids.next(7), ids.next(7), ids.next(9)], [7, 8, 9]);
        fs::remove_file(file).unwrap();
    }
}
