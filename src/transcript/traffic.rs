//! The requests of other programs at the gateway, as a fold of their runs' reports: a row for each request, the
//! transcript of the one that somebody watches, and what has changed since somebody last looked.
//!
//! Nothing here grows with the number of requests: rows are handed over and forgotten, and reports are kept only for
//! requests in progress and a few recent ones. The caller brings the time.

mod row;
#[cfg(test)]
mod tests;

pub use row::{TrafficRow, TrafficStatus};

use super::{HealthBoard, Spend, Transcript};
use crate::report::Report;
use row::RowFold;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The most rows of an update, and of a list that collects them.
pub const MAX_ROWS: usize = 10_000;
/// The number of ended requests that can be watched without the history, which may have them a little later.
const RECENT: usize = 64;
/// The most reports that are kept of them.
const RECENT_REPORTS: usize = 50_000;
/// While the newest request is followed, each is shown at least this long once it has ended,
const SHORTEST_LOOK: Duration = Duration::from_millis(250);
/// and this long if it continues.
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// The most names of clients and models that share their memory.
const MAX_NAMES: usize = 256;

/// The fold.
#[derive(Debug, Default)]
pub struct Traffic {
    /// How many requests have begun.
    count: u64,
    /// Requests of which reports may still come, by their runs.
    open: BTreeMap<u64, OpenRequest>,
    /// The reports of the requests that ended last, the oldest first.
    recent: VecDeque<(u64, EndedRequest)>,
    /// The run of the request that began last.
    newest: Option<u64>,
    watch: TrafficWatch,
    /// The run that is shown, and since when.
    target: Option<(u64, Duration)>,
    /// Names that several rows share.
    names: BTreeSet<Arc<str>>,
    /// What the next update says.
    rows: BTreeMap<u64, TrafficRow>,
    health: HealthBoard,
    spend: Spend,
    watched: Option<WatchedPart>,
    changed: bool,
}

/// Which request is to be shown in full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrafficWatch {
    /// None.
    #[default]
    Nothing,
    /// The newest one, whichever it is.
    Newest,
    /// The request of this run.
    Run(u64),
}

/// What has changed since the update before.
#[derive(Clone, Debug)]
pub struct TrafficUpdate {
    /// The time of the update, on the clock that the fold was given.
    pub now: Duration,
    /// New and changed rows, in the order of their numbers.
    pub rows: Vec<TrafficRow>,
    /// The number of requests in progress.
    pub in_progress: usize,
    /// What has happened to each model since then. Times are on the clock of `now`.
    pub health: HealthBoard,
    /// What the requests that ended since then have cost.
    pub spend: Spend,
    /// The request that is watched.
    pub watched: Option<WatchedPart>,
}

/// The request that is watched, or what is new of it.
#[derive(Clone, Debug)]
pub struct WatchedPart {
    /// Its run.
    pub run: u64,
    /// The time since it began.
    pub age: Duration,
    /// Everything so far, if another request was watched before.
    pub whole: Option<Box<Transcript>>,
    /// The reports after that.
    pub reports: Vec<Arc<Report>>,
}

#[derive(Debug)]
struct OpenRequest {
    fold: RowFold,
    reports: Vec<Arc<Report>>,
}

#[derive(Debug)]
struct EndedRequest {
    began: Duration,
    reports: Vec<Arc<Report>>,
}

impl Traffic {
    /// A request begins, as this run. `client` asks for the model `asked`, which means `first_choice`; all are clean.
    pub fn begin(&mut self, now: Duration, run: u64, client: &str, asked: &str, first_choice: &str) {
        self.count += 1;
        let row = TrafficRow {
            number: self.count,
            run,
            client: self.name(client),
            asked: self.name(asked),
            first_choice: self.name(first_choice),
            model: None,
            attempts: 0,
            status: TrafficStatus::InProgress,
            first_token: None,
            began: now,
            took: Duration::ZERO,
            spend: Spend::default(),
            reason: None,
        };
        self.put(row.clone());
        self.open.insert(run, OpenRequest { fold: RowFold::new(row), reports: Vec::new() });
        self.newest = Some(run);
    }

    /// Applies a report of a request that has begun; others are ignored.
    pub fn apply(&mut self, now: Duration, report: &Arc<Report>) {
        let Some(request) = self.open.get_mut(&report.run) else { return };
        self.health.apply(now, report);
        request.reports.push(Arc::clone(report));
        if let Some(model) = request.fold.apply(report) {
            let model = shared(&mut self.names, model);
            request.fold.row.model = Some(model);
        }
        if request.fold.take_change() {
            let row = request.fold.row.clone();
            self.put(row);
        }
        if self.target.is_some_and(|(run, _)| run == report.run) {
            let part = || WatchedPart { run: report.run, age: Duration::ZERO, whole: None, reports: Vec::new() };
            self.watched.get_or_insert_with(part).reports.push(Arc::clone(report));
            self.changed = true;
        }
    }

    /// No report of this run follows.
    pub fn end(&mut self, run: u64) {
        let Some(OpenRequest { fold, reports }) = self.open.remove(&run) else { return };
        self.spend = self.spend.plus(fold.row.spend);
        self.recent.push_back((run, EndedRequest { began: fold.row.began, reports }));
        let kept =
            |recent: &VecDeque<(u64, EndedRequest)>| recent.iter().map(|(_, it)| it.reports.len()).sum::<usize>();
        while self.recent.len() > RECENT || kept(&self.recent) > RECENT_REPORTS {
            self.recent.pop_front();
        }
        self.changed = true;
    }

    /// Chooses the request to be shown in full, which the next update contains. False if it is not known here any more,
    /// or not yet; then the history may have it.
    pub fn watch(&mut self, now: Duration, watch: TrafficWatch) -> bool {
        self.watch = watch;
        self.target = None;
        self.watched = None;
        match watch {
            TrafficWatch::Nothing => true,
            TrafficWatch::Newest => {
                self.follow(now);
                true
            }
            TrafficWatch::Run(run) => self.show(now, run),
        }
    }

    /// Whether something has changed since the last update.
    pub fn has_news(&self) -> bool {
        self.changed
    }

    /// What has changed since the last update; `None` if nothing has.
    pub fn update(&mut self, now: Duration) -> Option<TrafficUpdate> {
        self.follow(now);
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let mut watched = self.watched.take();
        if let Some(part) = &mut watched {
            part.age = now.saturating_sub(self.began(part.run).unwrap_or(now));
        }
        Some(TrafficUpdate {
            now,
            rows: std::mem::take(&mut self.rows).into_values().collect(),
            in_progress: self.open.values().filter(|it| it.fold.row.status == TrafficStatus::InProgress).count(),
            health: std::mem::take(&mut self.health),
            spend: std::mem::take(&mut self.spend),
            watched,
        })
    }

    /// When an update is due even if nothing happens: a newer request waits to be shown.
    pub fn due(&self) -> Option<Duration> {
        let newest = self.newest.filter(|run| self.watch == TrafficWatch::Newest && self.reports(*run).is_some())?;
        let (target, since) = self.target?;
        let look = if self.open.get(&target).is_some_and(|it| it.fold.row.status == TrafficStatus::InProgress) {
            LONGEST_LOOK
        } else {
            SHORTEST_LOOK
        };
        (target != newest).then_some(since + look)
    }

    /// Shows the newest request, if it is followed and the one before was shown long enough.
    fn follow(&mut self, now: Duration) {
        let due = self.target.is_none() || self.due().is_some_and(|due| due <= now);
        if let Some(newest) = self.newest.filter(|_| self.watch == TrafficWatch::Newest && due) {
            self.show(now, newest);
        }
    }

    fn show(&mut self, now: Duration, run: u64) -> bool {
        let Some(reports) = self.reports(run) else { return false };
        let whole = Some(Box::new(Transcript::of(reports.iter().map(Arc::as_ref))));
        self.watched = Some(WatchedPart { run, age: Duration::ZERO, whole, reports: Vec::new() });
        self.target = Some((run, now));
        self.changed = true;
        true
    }

    fn reports(&self, run: u64) -> Option<&[Arc<Report>]> {
        let open = self.open.get(&run).map(|request| request.reports.as_slice());
        open.or_else(|| self.recent(run).map(|request| request.reports.as_slice()))
    }

    fn began(&self, run: u64) -> Option<Duration> {
        self.open.get(&run).map(|it| it.fold.row.began).or_else(|| self.recent(run).map(|it| it.began))
    }

    fn recent(&self, run: u64) -> Option<&EndedRequest> {
        self.recent.iter().find(|(known, _)| *known == run).map(|(_, request)| request)
    }

    /// Puts a row into the next update. Where nobody takes updates, the oldest rows are dropped.
    fn put(&mut self, row: TrafficRow) {
        self.rows.insert(row.number, row);
        if self.rows.len() > MAX_ROWS {
            self.rows.pop_first();
        }
        self.changed = true;
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        shared(&mut self.names, name)
    }
}

/// The name, with the memory of an equal one.
fn shared(names: &mut BTreeSet<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = names.get(name) {
        return Arc::clone(known);
    }
    if names.len() >= MAX_NAMES {
        names.clear();
    }
    let name: Arc<str> = Arc::from(name);
    names.insert(Arc::clone(&name));
    name
}
