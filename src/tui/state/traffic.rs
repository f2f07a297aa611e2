//! The list of requests of other programs at the gateway, and whether there is one.

use crate::transcript::{MAX_ROWS, TrafficRow, TrafficStatus, TrafficUpdate, TrafficWatch};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The most models outside of the chain that are offered to be broken.
const MAX_MODELS: usize = 12;

/// How long a notice stays while requests come. Without any it stays until the next key.
const NOTICE: Duration = Duration::from_secs(4);

/// The requests, and which of them is shown.
#[derive(Clone, Debug, Default)]
pub struct TrafficList {
    /// Whether the gateway listens, and where.
    pub gateway: GatewayState,
    /// Which request the panes show.
    pub watch: TrafficWatch,
    /// The run of the selected request.
    pub selected: Option<u64>,
    /// What the shown request asks: the last message of its chat, on one line.
    pub message: Option<String>,
    /// The number of requests in progress.
    pub in_progress: usize,
    /// The rows, the oldest first; their numbers have no gaps.
    rows: VecDeque<TrafficRow>,
    /// Models that were asked for, the latest first.
    models: Vec<Arc<str>>,
    /// The notice that was on the screen when a request changed, and since when.
    notice: Option<(String, Duration)>,
    /// The time of the last update on the gateway's clock and on the screen's.
    clocks: (Duration, Duration),
}

/// Whether the gateway listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GatewayState {
    /// It was not started.
    #[default]
    Off,
    /// It is being started.
    Starting,
    /// It listens on this address.
    On(String),
}

impl TrafficList {
    /// A list for a gateway that listens on this address already.
    pub fn listening(address: Option<String>) -> Self {
        let mut list = Self::default();
        if let Some(address) = address {
            list.listen(address);
        }
        list
    }

    /// The gateway listens from now on.
    pub fn listen(&mut self, address: String) {
        self.gateway = GatewayState::On(address);
        self.watch = TrafficWatch::Newest;
    }

    /// The address on which the gateway listens.
    pub fn address(&self) -> Option<&str> {
        match &self.gateway {
            GatewayState::On(address) => Some(address),
            GatewayState::Off | GatewayState::Starting => None,
        }
    }

    /// Whether the newest request is followed.
    pub fn follows(&self) -> bool {
        self.watch == TrafficWatch::Newest
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row on a line of the list, the newest on line 0.
    pub fn row(&self, line: usize) -> Option<&TrafficRow> {
        self.rows.get(self.rows.len().checked_sub(line + 1)?)
    }

    /// The selected request.
    pub fn selected_row(&self) -> Option<&TrafficRow> {
        self.row(self.selected_line())
    }

    /// The line of the selected request; without one, that of the newest. The selected one is usually among the last.
    pub fn selected_line(&self) -> usize {
        let line = |run: u64| self.rows.iter().rev().position(|row| row.run == run);
        self.selected.and_then(line).unwrap_or(0)
    }

    /// Chooses the request `lines` lines below the selected one, and shows it from now on.
    pub fn move_by(&mut self, lines: isize) {
        let line = self.selected_line().saturating_add_signed(lines).min(self.rows.len().saturating_sub(1));
        if let Some(run) = self.row(line).map(|row| row.run) {
            self.selected = Some(run);
            self.watch = TrafficWatch::Run(run);
        }
    }

    /// Follows the newest request, or stays with the one that is shown.
    pub fn toggle_follow(&mut self) {
        self.watch = match (self.watch, self.selected) {
            (TrafficWatch::Newest, Some(run)) => TrafficWatch::Run(run),
            (TrafficWatch::Newest, None) => TrafficWatch::Nothing,
            _ => TrafficWatch::Newest,
        };
    }

    /// Models that were asked for, the latest first.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|model| &**model)
    }

    /// How long a request has taken at `now`, on the screen's clock.
    pub fn took(&self, row: &TrafficRow, now: Duration) -> Duration {
        match row.status {
            TrafficStatus::InProgress => now.saturating_sub(self.screen_time(row.began)),
            _ => row.took,
        }
    }

    /// A time of the gateway's clock on the screen's.
    pub fn screen_time(&self, at: Duration) -> Duration {
        let (theirs, ours) = self.clocks;
        ours.saturating_add(at).saturating_sub(theirs)
    }

    /// Whether this notice, which hides how many requests are in progress, has been on the screen long enough.
    pub fn is_notice_read(&mut self, now: Duration, notice: Option<&str>) -> bool {
        match (&self.notice, notice) {
            (Some((known, since)), Some(notice)) if known == notice => now.saturating_sub(*since) >= NOTICE,
            _ => {
                self.notice = notice.map(|notice| (notice.to_owned(), now));
                false
            }
        }
    }

    /// Adds the rows of an update that arrives at `now`.
    pub fn apply(&mut self, now: Duration, update: &TrafficUpdate) {
        self.clocks = (update.now, now);
        self.in_progress = update.in_progress;
        for row in &update.rows {
            self.note_model(&row.first_choice);
            let first = self.rows.front().map_or(row.number, |first| first.number);
            let place = row.number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
            match place.and_then(|place| self.rows.get_mut(place)) {
                Some(known) => *known = row.clone(),
                // An old row that is not listed any more.
                None if row.number < first => {}
                None => {
                    // Rows between were dropped before they could be sent.
                    if self.rows.back().is_some_and(|last| last.number + 1 != row.number) {
                        self.rows.clear();
                    }
                    self.rows.push_back(row.clone());
                }
            }
        }
        let surplus = self.rows.len().saturating_sub(MAX_ROWS);
        self.rows.drain(..surplus);
    }

    fn note_model(&mut self, model: &Arc<str>) {
        if model.is_empty() || self.models.first() == Some(model) {
            return;
        }
        self.models.retain(|known| known != model);
        self.models.insert(0, Arc::clone(model));
        self.models.truncate(MAX_MODELS);
    }
}
