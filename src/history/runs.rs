//! Rows and parts of runs: how they are written to the database and read from it.

use super::packed::{Compressor, Unpacker, decompress};
use super::schema::HistoryError;
use super::{grams, report};
use crate::report::Report;
use crate::transcript::{RunRow, Spend, Transcript};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::time::Duration;

/// Runs with more than this many bytes of compressed lines are not compressed again as a whole: 4 MiB.
const MAX_RECOMPRESSED: i64 = 4 << 20;

/// The columns of a row, in the order of [`read_row`].
pub(super) const COLUMNS: &str = "run, asked, answer, signature, module, models, model, outcome, switched, attempts, \
                                  took_ms, cost, costs_unknown, simulated";

/// Reads a row of [`COLUMNS`].
pub(super) fn read_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let outcome: Option<String> = row.get(7)?;
    let took: f64 = row.get(10)?;
    Ok(RunRow {
        run: row.get::<_, i64>(0)?.cast_unsigned(),
        asked: row.get(1)?,
        answer: row.get(2)?,
        signature: row.get(3)?,
        module: row.get(4)?,
        models: row.get(5)?,
        model: row.get(6)?,
        outcome: outcome.and_then(|word| serde_json::from_value(word.into()).ok()),
        switched: row.get(8)?,
        attempts: row.get::<_, u32>(9)? as usize,
        took: Duration::try_from_secs_f64(took / 1e3).unwrap_or_default(),
        spend: Spend { known: row.get(11)?, unknown: row.get::<_, u32>(12)? as usize },
        simulated: row.get(13)?,
    })
}

/// Writes a run's row and its entry in the index.
pub(super) fn write_row(database: &Connection, run: &Transcript) -> Result<(), HistoryError> {
    let Some(row) = RunRow::of(run) else { return Ok(()) };
    let id = row.run.cast_signed();
    let outcome = row.outcome.and_then(|outcome| serde_json::to_value(outcome).ok());
    let outcome = outcome.as_ref().and_then(serde_json::Value::as_str);
    let sql = format!("INSERT OR REPLACE INTO runs ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    database.prepare_cached(&sql)?.execute(params![
        id,
        row.asked,
        row.answer,
        row.signature,
        row.module,
        row.models,
        row.model,
        outcome,
        row.switched,
        row.attempts as u32,
        row.took.as_secs_f64() * 1e3,
        row.spend.known,
        row.spend.unknown as u32,
        row.simulated,
    ])?;
    let index = grams::indexed(&grams::text_of(run));
    database
        .prepare_cached("INSERT OR REPLACE INTO search (rowid, grams) VALUES (?, ?)")?
        .execute(params![id, index])?;
    Ok(())
}

/// Appends lines to a run.
pub(super) fn add_part(
    database: &Connection,
    run: u64,
    lines: &[u8],
    compressor: &mut Compressor,
) -> Result<(), HistoryError> {
    let add = "INSERT INTO parts (run, lines) VALUES (?, ?)";
    database.prepare_cached(add)?.execute(params![run.cast_signed(), compressor.compress(lines)])?;
    Ok(())
}

/// Makes one part of all parts of a run, which is a fraction of their size.
pub(super) fn merge_parts(database: &Connection, run: u64, compressor: &mut Compressor) -> Result<(), HistoryError> {
    let size = "SELECT count(*), sum(length(lines)) FROM parts WHERE run = ?";
    let (count, bytes): (i64, Option<i64>) =
        database.prepare_cached(size)?.query_row([run.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if count < 2 || bytes.is_some_and(|bytes| bytes > MAX_RECOMPRESSED) {
        return Ok(());
    }
    let lines = lines_of(database, run)?;
    database.prepare_cached("DELETE FROM parts WHERE run = ?")?.execute([run.cast_signed()])?;
    add_part(database, run, &lines, compressor)
}

/// The stored lines of a run, as they were packed. Empty if there are none.
fn lines_of(database: &Connection, run: u64) -> Result<Vec<u8>, HistoryError> {
    let mut select = database.prepare_cached("SELECT lines FROM parts WHERE run = ? ORDER BY id")?;
    let mut parts = select.query([run.cast_signed()])?;
    let mut lines = Vec::new();
    while let Some(part) = parts.next()? {
        let part = decompress(run, part.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
        if lines.is_empty() { lines = part } else { lines.extend(part) }
    }
    Ok(lines)
}

/// All reports of a run, complete. Empty if there are none.
pub(super) fn reports_of(database: &Connection, run: u64) -> Result<Vec<Report>, HistoryError> {
    let lines = lines_of(database, run)?;
    let mut unpacker = Unpacker::default();
    Ok(lines_in(&lines).filter_map(report).map(|report| unpacker.complete(report)).collect())
}

/// What a run is found by, read from its lines.
pub(super) fn text_of(database: &Connection, run: u64) -> Result<String, HistoryError> {
    let lines = lines_of(database, run)?;
    let mut unpacker = Unpacker::default();
    let reports = lines_in(&lines).filter(|line| says_what_is_found(line)).filter_map(report);
    let reports: Vec<Report> = reports.map(|report| unpacker.complete(report)).collect();
    Ok(grams::text_of(&Transcript::of(&reports)))
}

fn lines_in(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

/// Whether a line is of an event that [`grams::text_of`] reads. The event is near a line's beginning.
fn says_what_is_found(line: &[u8]) -> bool {
    let head = &line[..line.len().min(100)];
    [&b"\"event\":\"begun\""[..], b"\"event\":\"parsed\"", b"\"event\":\"finished\""]
        .into_iter()
        .any(|event| memchr::memmem::find(head, event).is_some())
}

/// Whether a run is stored.
pub(super) fn exists(database: &Connection, run: u64) -> Result<bool, HistoryError> {
    let found = database
        .prepare_cached("SELECT 1 FROM runs WHERE run = ?")?
        .query_row([run.cast_signed()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Deletes a run with all that belongs to it.
pub(super) fn delete(database: &Connection, run: u64) -> Result<(), HistoryError> {
    for sql in
        ["DELETE FROM parts WHERE run = ?", "DELETE FROM search WHERE rowid = ?", "DELETE FROM runs WHERE run = ?"]
    {
        database.prepare_cached(sql)?.execute([run.cast_signed()])?;
    }
    Ok(())
}
