//! The page of an answer: a run as rows, in blocks that grow, and the reader's position. Knows what a run shows, field by
//! field; must not know where on the screen it is drawn.

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
    /// The field's name.
    pub name: &'a str,
    /// Index of its first row on the page, after the heading.
    pub from: usize,
    /// The text of its rows.
    pub rows: Vec<String>,
}

/// The rows of an answer in blocks, and the reader's position.
#[derive(Clone, Debug, Default)]
pub struct AnswerPage {
    blocks: Vec<(BlockKey, BlockBody)>,
    heights: Vec<usize>,
    text_style: Option<TextStyle>,
    /// The run that the blocks are of.
    run: Option<u64>,
    /// The first row of the view, or that the view follows the end.
    pub scroll: Scroll,
    /// Whether the user folded or unfolded the reasoning. `None`: it folds when the answer starts.
    pub pinned: Option<bool>,
    /// Whether a switch to another model is shown above the panes, so that the page leaves it out.
    pub has_large_banner: bool,
    /// Whether the question, and the earlier turns of its conversation, are shown above the answer.
    pub has_conversation: bool,
    folded: bool,
}

impl AnswerPage {
    /// Removes all rows. The user's choice about folding stays.
    pub fn clear(&mut self) {
        *self = Self { pinned: self.pinned, has_large_banner: self.has_large_banner, ..Self::default() };
    }

    /// Renders what is new since the last refresh, and keeps the rows that a view of this height needs. `agreement` says
    /// for a field how its value compares with other answers; outside comparisons it is always [`Agreement::Alone`].
    pub fn refresh(
        &mut self,
        run: &Transcript,
        text_style: TextStyle,
        height: usize,
        agreement: &dyn Fn(&str) -> Agreement,
    ) {
        let restyled = self.text_style != Some(text_style);
        self.text_style = Some(text_style);
        if self.run != run.run {
            // Blocks of another run have the same keys.
            (self.run, self.blocks) = (run.run, Vec::new());
        }
        let old = std::mem::take(&mut self.blocks).into_iter().map(Some).collect();
        let mut builder = PageBuilder { text_style, agreement, restyled, old, next: 0, new: Vec::new() };
        if self.has_conversation {
            builder.conversation(run);
        }
        for (text, role) in calls::lines(run) {
            builder.lines("chain", AttemptId::new(0), &text, role);
        }
        for attempt in run.discarded() {
            builder.struck(run, attempt);
        }
        if !self.has_large_banner {
            builder.banner(run);
        }
        if let Some(attempt) = run.shown().filter(|attempt| !attempt.is_struck()) {
            // What the user cancelled stays as it was.
            let ended = attempt.ended.is_some() && !attempt.was_cancelled();
            let begun = run.answer_begun(attempt) || ended;
            // Nothing folds while the user reads further up.
            self.folded = self.pinned.unwrap_or(begun && (self.folded || self.scroll.follows_end()));
            builder.reasoning(run, attempt, self.folded);
            builder.answer(run, attempt, self.folded);
        }
        builder.end(run);
        self.blocks = builder.new;
        self.heights = self.blocks.iter().map(|(_, body)| body.len()).collect();
        self.show(run, height);
    }

    /// Keeps the rows in view and one view's height above and below, which the next page key would show.
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

    /// Folds or unfolds the reasoning. From then on it no longer folds by itself.
    pub fn toggle_reasoning(&mut self) {
        self.pinned = Some(!self.folded);
    }

    /// The number of rows of each block.
    pub fn heights(&self) -> &[usize] {
        &self.heights
    }

    /// Bytes of text rendered so far for the current blocks.
    pub fn work(&self) -> u64 {
        let work = |(_, body): &(BlockKey, BlockBody)| match body {
            BlockBody::Growing(document) => document.work(),
            BlockBody::Rows(_) => 0,
        };
        self.blocks.iter().map(work).sum()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.heights.iter().sum()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kept rows from index `top` on. Does not visit the rows above.
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

    /// The output fields of the shown answer with all their rows.
    pub fn fields<'a>(&'a self, run: &'a Transcript) -> impl Iterator<Item = FieldRows<'a>> {
        let mut next = 0;
        self.blocks.iter().filter_map(move |(key, body)| {
            let from = next;
            next += body.len();
            let (BlockKey::Field(_, name) | BlockKey::Value(_, name)) = key else { return None };
            let rows = body.all_rows(key.source(run)).map(|row| row.to_string()).collect();
            Some(FieldRows { name, from, rows })
        })
    }

    /// The index of the next row after `from` with this text, or before it if the direction is back. Wraps around at the
    /// ends and ignores case.
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
