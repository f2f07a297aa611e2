//! How long runs are kept, and how they are forgotten.

use super::runs::delete;
use super::schema::HistoryError;
use rusqlite::{Connection, TransactionBehavior};
use std::str::FromStr;

/// The number of runs that are deleted in one transaction, so that other programs can write in between.
const SLICE: i64 = 50;
const DAY_MS: u64 = 86_400_000;

/// The limits of the history. A run beyond one of them is deleted, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The age of the oldest run, in days.
    pub days: Option<u64>,
    /// The size of the database, in bytes.
    pub bytes: Option<u64>,
}

/// What `history.keep` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// No run is stored.
    Nothing,
    /// Runs are stored, within these limits.
    Runs(Retention),
}

impl Default for Retention {
    /// Two years and 4 GB.
    fn default() -> Self {
        Self { days: Some(2 * 365), bytes: Some(4_000_000_000) }
    }
}

impl FromStr for Keep {
    type Err = String;

    /// Reads `nothing`, `everything`, or an age and a size such as `2 years, 4 GB`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("history.keep: expected `nothing`, `everything`, or limits such as `2 years, 4 GB`, found `{text}`")
        };
        match text.trim().to_ascii_lowercase().as_str() {
            "nothing" | "false" | "no" | "off" | "0" => return Ok(Self::Nothing),
            "everything" => return Ok(Self::Runs(Retention { days: None, bytes: None })),
            "true" | "yes" | "on" | "1" => return Ok(Self::Runs(Retention::default())),
            _ => {}
        }
        let mut limits = Retention { days: None, bytes: None };
        for part in text.split(',').map(str::trim) {
            let unit = part.trim_start_matches(|c: char| c.is_ascii_digit());
            let number: u64 = part[..part.len() - unit.len()].parse().map_err(|_| wrong())?;
            let limit = match unit.trim().to_ascii_lowercase().trim_end_matches('s') {
                "day" => (&mut limits.days, 1),
                "week" => (&mut limits.days, 7),
                "month" => (&mut limits.days, 30),
                "year" => (&mut limits.days, 365),
                "mb" => (&mut limits.bytes, 1_000_000),
                "gb" => (&mut limits.bytes, 1_000_000_000),
                _ => return Err(wrong()),
            };
            let (limit, factor) = limit;
            if number == 0 || limit.is_some() {
                return Err(wrong());
            }
            *limit = Some(number.saturating_mul(factor));
        }
        Ok(Self::Runs(limits))
    }
}

/// Deletes some of the runs that are beyond the limits. Returns whether more may be. `now` is the wall time in ms since
/// 1970.
pub(super) fn prune(database: &mut Connection, limits: Retention, now: u64) -> Result<bool, HistoryError> {
    let too_old = limits.days.map_or(0, |days| now.saturating_sub(days.saturating_mul(DAY_MS)));
    let mut surplus = oldest(database, too_old)?;
    if surplus.is_empty() && limits.bytes.is_some_and(|bytes| used(database).is_ok_and(|used| used > bytes)) {
        surplus = oldest(database, u64::MAX)?;
    }
    if surplus.is_empty() {
        return Ok(false);
    }
    forget(database, &surplus)?;
    shrink(database)?;
    Ok(true)
}

/// Deletes the runs that started before this wall time, in ms since 1970. Returns their number.
pub(super) fn forget_before(database: &mut Connection, wall: u64) -> Result<usize, HistoryError> {
    let mut number = 0;
    loop {
        match forget(database, &oldest(database, wall)?)? {
            0 => return Ok(number),
            deleted => number += deleted,
        }
    }
}

/// Deletes these runs. Returns their number.
pub(super) fn forget(database: &mut Connection, runs: &[u64]) -> Result<usize, HistoryError> {
    let changes = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    runs.iter().try_for_each(|run| delete(&changes, *run))?;
    changes.commit()?;
    Ok(runs.len())
}

/// The oldest runs before this id.
fn oldest(database: &Connection, before: u64) -> Result<Vec<u64>, HistoryError> {
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let mut select = database.prepare("SELECT run FROM runs WHERE run < ? ORDER BY run LIMIT ?")?;
    let runs = select.query_map([before, SLICE], |row| row.get::<_, i64>(0))?;
    Ok(runs.map(|run| run.map(i64::cast_unsigned)).collect::<Result<_, _>>()?)
}

/// The size of what the database holds, in bytes; pages that are free again are not counted.
fn used(database: &Connection) -> Result<u64, HistoryError> {
    let number = |pragma: &str| database.query_row(&format!("PRAGMA {pragma}"), (), |row| row.get::<_, u32>(0));
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(u64::from(pages) * u64::from(number("page_size")?))
}

/// Gives free pages back to the disk.
fn shrink(database: &Connection) -> Result<(), HistoryError> {
    database.execute_batch("PRAGMA incremental_vacuum(1000)")?;
    Ok(())
}

/// Removes what was deleted from the index and from the write-ahead log too.
pub(super) fn scrub(database: &Connection) -> Result<(), HistoryError> {
    database.execute_batch("INSERT INTO search (search) VALUES ('optimize'); PRAGMA incremental_vacuum;")?;
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_words() {
        let limits = |days, bytes| Ok(Keep::Runs(Retention { days, bytes }));
        for (text, keep) in [
            ("nothing", Ok(Keep::Nothing)),
            ("false", Ok(Keep::Nothing)),
            ("everything", limits(None, None)),
            ("true", Ok(Keep::Runs(Retention::default()))),
            ("2 years, 4 GB", Ok(Keep::Runs(Retention::default()))),
            ("30 days", limits(Some(30), None)),
            ("500MB, 1 week", limits(Some(7), Some(500_000_000))),
            ("99999999999999999999 days", Err(())),
            ("0 days", Err(())),
            ("1 day, 2 days", Err(())),
            ("", Err(())),
            ("5 parsecs", Err(())),
        ] {
            assert_eq!(text.parse::<Keep>().map_err(drop), keep, "{text}");
        }
    }
}
