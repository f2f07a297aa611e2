//! Run ids. Those of all programs with the same history differ: each program claims some from the database, and gives them
//! to its runs. An id is the wall time in ms, or the next free one after it.

use super::schema::HistoryError;
use crate::lock::locked;
use rusqlite::Connection;
use std::sync::Mutex;

/// An id further ahead of the clock than this, in ms, comes from a wrong clock and is ignored.
const MAX_AHEAD: u64 = 60_000;
/// The ids that are claimed at once, and how long a claim lasts, in ms: an id is at most that far ahead of the clock. A
/// program that needs ids all the time claims twice as many each time, because its runs wait for a claim until the batch
/// before it is written.
const FIRST_LEASE: u64 = 16;
const MOST_LEASE: u64 = 1024;

/// Ids that were claimed and not given to a run yet.
#[derive(Debug, Default)]
pub(super) struct Lease {
    /// The first that is not given to a run.
    next: u64,
    /// The first that is not this program's.
    end: u64,
}

impl Lease {
    /// The next id at this wall time; `None` if ids must be claimed.
    pub(super) fn take(lease: &Mutex<Self>, wall: u64) -> Option<u64> {
        let mut lease = locked(lease);
        let id = wall.max(lease.next);
        (id < lease.end).then(|| {
            lease.next = id + 1;
            id
        })
    }
}

/// What this program has claimed.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The latest id.
    last: u64,
    /// How many ids were claimed the last time.
    number: u64,
}

impl Claims {
    /// The latest id that was claimed before the last claim, or later: no run of the past has a later one.
    pub(super) fn past(&self) -> u64 {
        self.last.saturating_sub(self.number)
    }

    /// Claims ids and leaves them in `lease`. Returns the first. Where the database cannot be used, that is the only one, and
    /// unique within this program.
    pub(super) fn claim(
        &mut self,
        wall: u64,
        lease: &Mutex<Lease>,
        database: Result<&mut Connection, HistoryError>,
    ) -> (u64, Result<(), HistoryError>) {
        let is_busy = wall <= self.last + self.number;
        self.number = if is_busy { (self.number * 2).clamp(FIRST_LEASE, MOST_LEASE) } else { FIRST_LEASE };
        let own = wall.max(self.last + 1);
        let (first, claimed) = match database.and_then(|database| update(database, own, wall, self.number)) {
            Ok(last) => {
                self.last = last;
                (last - (self.number - 1), Ok(()))
            }
            Err(error) => {
                self.last = own;
                (own, Err(error))
            }
        };
        *locked(lease) = Lease { next: first + 1, end: self.last + 1 };
        (first, claimed)
    }
}

/// Claims this number of ids in the database, the first at least `own`. Returns the last.
fn update(database: &Connection, own: u64, wall: u64, number: u64) -> Result<u64, HistoryError> {
    let claim = "UPDATE ids SET latest = CASE WHEN latest >= ?1 AND latest < ?2 THEN latest + 1 ELSE ?1 END + ?3 \
                 RETURNING latest";
    let values = [own, wall.saturating_add(MAX_AHEAD), number - 1].map(u64::cast_signed);
    let last: i64 = database.prepare_cached(claim)?.query_row(values, |row| row.get(0))?;
    Ok(last.cast_unsigned())
}
