//! Which runs: the latest, those with some words, or the one with an id.

use super::runs::{COLUMNS, read_row, text_of};
use super::schema::HistoryError;
use super::{RunNotFound, grams};
use crate::transcript::RunRow;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Rows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only runs that contain all these words in inputs, answer, signature or models; case is ignored.
    pub words: Vec<String>,
    /// Only runs before this one: the last row of the page before.
    pub before: Option<u64>,
    /// The number of rows.
    pub most: usize,
}

/// The rows of a query.
pub(super) fn rows(database: &Connection, query: &Query) -> Result<Vec<RunRow>, HistoryError> {
    let before = query.before.map_or(i64::MAX, u64::cast_signed);
    let Some(grams) = grams::query(&query.words) else {
        let most = i64::try_from(query.most).unwrap_or(i64::MAX);
        let sql = format!("SELECT {COLUMNS} FROM runs WHERE run < ? ORDER BY run DESC LIMIT ?");
        let mut select = database.prepare(&sql)?;
        let rows = select.query_map([before, most], read_row)?;
        return Ok(rows.collect::<Result<_, _>>()?);
    };
    let mut select =
        database.prepare("SELECT rowid FROM search WHERE search MATCH ? AND rowid < ? ORDER BY rowid DESC")?;
    let mut candidates = select.query(params![grams, before])?;
    let mut rows = Vec::new();
    while rows.len() < query.most
        && let Some(candidate) = candidates.next()?
    {
        let run = candidate.get::<_, i64>(0)?.cast_unsigned();
        // What cannot be read is not found.
        if text_of(database, run).is_ok_and(|text| grams::contains(&text, &query.words)) {
            rows.extend(row(database, run)?);
        }
    }
    Ok(rows)
}

/// The row of a run.
fn row(database: &Connection, run: u64) -> Result<Option<RunRow>, HistoryError> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE run = ?");
    Ok(database.prepare(&sql)?.query_row([run.cast_signed()], read_row).optional()?)
}

/// The run with this id, or with an id that ends in these digits; `last` is the latest run.
pub(super) fn find(database: &Connection, word: &str) -> Result<u64, RunNotFound> {
    let none = || RunNotFound::None(word.to_owned());
    let ids = |sql: &str, limits: &[i64]| -> Result<Vec<u64>, HistoryError> {
        let mut select = database.prepare(sql)?;
        let ids = select.query_map(rusqlite::params_from_iter(limits), |row| row.get::<_, i64>(0))?;
        Ok(ids.map(|id| id.map(i64::cast_unsigned)).collect::<Result<_, _>>()?)
    };
    if word == "last" {
        return ids("SELECT run FROM runs ORDER BY run DESC LIMIT 1", &[])?.pop().ok_or_else(none);
    }
    let digits = word.bytes().all(|b| b.is_ascii_digit()) && word.len() <= 18;
    let Some(number) = word.parse::<i64>().ok().filter(|_| digits) else { return Err(none()) };
    if let Some(exact) = ids("SELECT run FROM runs WHERE run = ?", &[number])?.pop() {
        return Ok(exact);
    }
    // The index is far smaller than the table.
    let ends = "SELECT DISTINCT run FROM parts INDEXED BY parts_of_run WHERE run % ? = ? ORDER BY run DESC LIMIT 6";
    let mut found = ids(ends, &[10_i64.pow(word.len() as u32), number])?;
    if found.len() > 1 {
        let all: Vec<String> = found.iter().take(5).map(u64::to_string).collect();
        return Err(RunNotFound::Several(word.to_owned(), all.join(", ")));
    }
    found.pop().ok_or_else(none)
}

/// Up to 100 ids after this one, oldest first.
pub(super) fn ids_after(database: &Connection, after: i64) -> Result<Vec<u64>, HistoryError> {
    let mut select = database.prepare("SELECT run FROM runs WHERE run > ? ORDER BY run LIMIT 100")?;
    let ids = select.query_map([after], |row| row.get::<_, i64>(0))?;
    Ok(ids.map(|id| id.map(i64::cast_unsigned)).collect::<Result<_, _>>()?)
}
