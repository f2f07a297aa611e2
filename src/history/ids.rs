//! Numbers for new runs: wall time in ms, later than every run before, in this program and in all that share its
//! history.

use super::files::private;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The file beside the days' files that holds the latest number.
const NAME: &str = "latest";
/// A number further ahead of the clock than this was written under another clock, and says nothing.
const AHEAD: u64 = 60_000;

/// Gives out numbers.
#[derive(Debug)]
pub(super) struct RunIds {
    directory: PathBuf,
    last: u64,
}

impl RunIds {
    /// Numbers that no other program with the history of this data directory gives out.
    pub(super) fn shared(data: &Path) -> Self {
        Self { directory: data.join("history"), last: 0 }
    }

    /// The next number, when the clock shows `wall` ms. Where the file cannot be had, it is this program's own next one:
    /// a run is not held up for its name.
    pub(super) fn next(&mut self, wall: u64) -> u64 {
        let own = wall.max(self.last + 1);
        self.last = claim(&self.directory, own, wall).unwrap_or(own);
        self.last
    }
}

/// Takes a number from this one on that nobody has taken, and says so to the others.
fn claim(directory: &Path, own: u64, wall: u64) -> io::Result<u64> {
    let mut file = private(directory, NAME, OpenOptions::new().write(true).truncate(false))?;
    // Let go when the file is closed.
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let taken = text.trim().parse().ok().filter(|taken| *taken < wall + AHEAD);
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
    fn programs_that_begin_in_the_same_moment_have_numbers_of_their_own() {
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
        assert_eq!(RunIds::shared(&data).next(wall + 500), wall + 500, "later it is the time again");
        assert_eq!(RunIds::shared(&data).next(wall - 100_000), wall - 100_000, "another clock");
        fs::write(data.join("history").join(NAME), "what is this?").unwrap();
        assert_eq!(RunIds::shared(&data).next(wall), wall, "nonsense is nothing");
        assert!(crate::history::History::of(&data).files().unwrap().is_empty(), "it is no day of the history");
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn without_a_directory_they_are_the_programs_own() {
        let file = std::env::temp_dir().join(format!("switchover-no-folder-{}", std::process::id()));
        fs::write(&file, "").unwrap();
        let mut ids = RunIds::shared(&file);
        assert_eq!([ids.next(7), ids.next(7), ids.next(9)], [7, 8, 9]);
        fs::remove_file(file).unwrap();
    }
}
