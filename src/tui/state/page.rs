//! A run as rows: blocks that are set once and grow, and where the reader is in them. Knows what a run shows,
//! field by field; must not know where on the screen that stands.

mod block;
mod builder;

use super::calls;
use crate::failover::AttemptId;
use crate::transcript::Transcript;
use crate::tui::markdown::TextStyle;
use crate::tui::state::Direction;
use crate::tui::state::scroll::Scroll;
use crate::tui::wrap::TextRow;
pub use block::Agreement;
use block::{BlockBody, BlockKey};
use builder::PageBuilder;

/// An output field on a page.
#[derive(Clone, Debug)]
pub struct FieldRows<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its first row on the page; its heading is not among them.
    pub from: usize,
    /// What stands in its rows.
    pub rows: Vec<String>,
}

/// The answer's rows by block, and where the reader is.
#[derive(Clone, Debug, Default)]
pub struct AnswerPage {
    blocks: Vec<(BlockKey, BlockBody)>,
    heights: Vec<usize>,
    text_style: Option<TextStyle>,
    /// Where the view stands.
    pub scroll: Scroll,
    /// Folded or not by the reader's own wish; none folds by itself when the answer begins.
    pub pinned: Option<bool>,
    folded: bool,
}

impl AnswerPage {
    /// No run.
    pub fn clear(&mut self) {
        *self = Self { pinned: self.pinned, ..Self::default() };
    }

    /// Sets what has come since the last time, and has the rows at hand that a view of this height shows. `beside`
    /// says how a field stands among other answers, where there are some.
    pub fn refresh(
        &mut self,
        run: &Transcript,
        text_style: TextStyle,
        height: usize,
        beside: &dyn Fn(&str) -> Agreement,
    ) {
        let fresh = self.text_style != Some(text_style);
        self.text_style = Some(text_style);
        let mut old = std::mem::take(&mut self.blocks);
        let mut desk = PageBuilder { text_style, beside, fresh, old: &mut old, new: Vec::new() };
        for (text, role) in calls::lines(run) {
            desk.lines("chain", AttemptId::new(0), &text, role);
        }
        for attempt in run.discarded() {
            desk.struck(run, attempt);
        }
        desk.banner(run);
        if let Some(attempt) = run.shown().filter(|attempt| !attempt.discarded) {
            let begun = run.answer_begun(attempt) || attempt.ended.is_some();
            // While somebody reads further up, nothing folds under their eyes.
            self.folded = self.pinned.unwrap_or(begun && (self.folded || self.scroll.follows_end()));
            desk.reasoning(run, attempt, self.folded);
            desk.answer(run, attempt, self.folded);
        }
        desk.end(run);
        self.blocks = desk.new;
        self.heights = self.blocks.iter().map(|(_, body)| body.len()).collect();
        self.show(run, height);
    }

    /// Has the rows in view at hand, and as many above and below: what a turn of the page would show.
    fn show(&mut self, run: &Transcript, height: usize) {
        let top = self.scroll.top(&self.heights, height);
        let (from, to) = (top.saturating_sub(height), top + 2 * height);
        let mut above = 0;
        for ((key, body), rows) in self.blocks.iter_mut().zip(&self.heights) {
            if let BlockBody::Growing(document) = body {
                document.show(key.source(run), from.saturating_sub(above)..to.saturating_sub(above));
            }
            above += rows;
        }
    }

    /// Folds or unfolds the reasoning, and keeps it so.
    pub fn toggle_reasoning(&mut self) {
        self.pinned = Some(!self.folded);
    }

    /// Rows of each block.
    pub fn heights(&self) -> &[usize] {
        &self.heights
    }

    /// Bytes of text rendered so far into blocks that stand now: the work done.
    pub fn work(&self) -> u64 {
        let work = |(_, body): &(BlockKey, BlockBody)| match body {
            BlockBody::Growing(document) => document.work(),
            BlockBody::Rows(_) => 0,
        };
        self.blocks.iter().map(work).sum()
    }

    /// All rows.
    pub fn len(&self) -> usize {
        self.heights.iter().sum()
    }

    /// Whether there is nothing to see.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows from `top` on, as far as they are at hand, found without touching those above.
    pub fn rows(&self, top: usize) -> impl Iterator<Item = &TextRow> {
        let mut skip = top;
        let mut block = 0;
        while self.heights.get(block).is_some_and(|height| *height <= skip) {
            skip -= self.heights[block];
            block += 1;
        }
        self.blocks[block.min(self.blocks.len())..].iter().enumerate().flat_map(move |(i, (_, body))| {
            (if i == 0 { skip } else { 0 }..body.len()).filter_map(move |row| body.row(row))
        })
    }

    /// The output fields of the answer that is shown, with all of their rows.
    pub fn fields<'a>(&'a self, run: &'a Transcript) -> impl Iterator<Item = FieldRows<'a>> {
        let mut below = 0;
        self.blocks.iter().filter_map(move |(key, body)| {
            let from = below;
            below += body.len();
            let (BlockKey::Field(_, name) | BlockKey::Value(_, name)) = key else { return None };
            let rows = body.all_rows(key.source(run)).map(|row| row.to_string()).collect();
            Some(FieldRows { name, from, rows })
        })
    }

    /// The next row with this text after (or before) a row, in either case of letters.
    pub fn find(&self, run: &Transcript, text: &str, from: usize, direction: Direction) -> Option<usize> {
        let text = text.to_lowercase();
        let rows = self.blocks.iter().flat_map(|(key, body)| body.all_rows(key.source(run)));
        let hits = rows.enumerate().filter(|(_, row)| row.to_string().to_lowercase().contains(&text));
        let hits: Vec<usize> = hits.map(|(i, _)| i).collect();
        match direction {
            Direction::Forward => hits.iter().find(|i| **i > from).or(hits.first()).copied(),
            Direction::Back => hits.iter().rfind(|i| **i < from).or(hits.last()).copied(),
        }
    }
}
