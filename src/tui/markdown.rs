//! Renders Markdown that grows as it streams. Knows source and rows; must not know what the text is about.
//!
//! The source is divided into units. Where a unit ends depends only on the text before that place, so the rows do not
//! depend on how the text was split in transit. Complete units are rendered once; the incomplete rest is rendered again
//! with each update.
//!
//! Rows need several times the memory of their text, and few of them are on the screen. So the complete units are grouped
//! into chunks, and only the rows of chunks near the screen are kept. For the others a checkpoint is kept, from which
//! their rows are rendered again when they are scrolled into view.

mod code;
mod prose;
mod renderer;
mod text_style;
mod units;

use super::wrap::TextRow;
pub use prose::{table, table_width};
use renderer::UnitRenderer;
use std::ops::Range;
pub use text_style::TextStyle;

/// Bytes of source in a chunk, at least. A chunk is rendered again as a whole.
const CHUNK: usize = 4 << 10;
/// How many of the last chunks are kept until [`Markdown::show`] selects the rows to keep.
const NEAR: usize = 4;

/// A growing document as rows.
#[derive(Clone, Debug)]
pub struct Markdown {
    text_style: TextStyle,
    /// The source of the complete units.
    complete: StablePrefix,
    /// Bytes of source at the last update.
    seen: usize,
    /// The renderer's state after the last complete unit.
    renderer: UnitRenderer,
    /// The start of each chunk. The last chunk is still growing.
    checkpoints: Vec<Checkpoint>,
    /// The rows of closed chunks near the screen, each with the index of its chunk.
    near: Vec<(usize, Vec<TextRow>)>,
    /// The rows of the complete units in the last chunk.
    open: Vec<TextRow>,
    /// The rows of the incomplete rest.
    tail: Vec<TextRow>,
    /// Bytes rendered so far.
    work: u64,
}

/// The start of a chunk: how many bytes of source and how many rows are before it, and the renderer's state there.
#[derive(Clone, Debug, Default)]
struct Checkpoint {
    source: usize,
    rows: usize,
    renderer: UnitRenderer,
}

impl Markdown {
    /// An empty document.
    pub fn new(text_style: TextStyle) -> Self {
        Self {
            text_style,
            complete: StablePrefix::default(),
            seen: 0,
            renderer: UnitRenderer::default(),
            checkpoints: vec![Checkpoint::default()],
            near: Vec::new(),
            open: Vec::new(),
            tail: Vec::new(),
            work: 0,
        }
    }

    /// Renders the text that `source` has gained since the last update. Renders everything if `source` does not continue
    /// the earlier one or if the style is different.
    pub fn update(&mut self, source: &str, text_style: TextStyle) {
        if text_style != self.text_style || !self.complete.is_prefix_of(source) {
            let work = self.work;
            *self = Self::new(text_style);
            self.work = work;
        } else if source.len() == self.seen {
            return;
        }
        self.seen = source.len();
        let mut from = self.complete.length;
        while let Some(length) = self.renderer.unit(&source[from..], text_style, &mut self.open) {
            self.complete.push(&source[from..from + length]);
            self.work += length as u64;
            from += length;
            self.close_chunk();
        }
        self.tail = self.renderer.tail(&source[from..], text_style);
        self.work += (source.len() - from) as u64;
    }

    /// Starts a new chunk if the last one is long enough.
    fn close_chunk(&mut self) {
        let (source, last) = (self.complete.length, self.checkpoints.len() - 1);
        if source - self.checkpoints[last].source < CHUNK {
            return;
        }
        let rows = std::mem::take(&mut self.open);
        self.checkpoints.push(Checkpoint {
            source,
            rows: self.checkpoints[last].rows + rows.len(),
            renderer: self.renderer.clone(),
        });
        if self.near.len() >= NEAR {
            self.near.remove(0);
        }
        self.near.push((last, rows));
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.closed_rows() + self.open.len() + self.tail.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows the closed chunks have.
    fn closed_rows(&self) -> usize {
        self.checkpoints.last().map_or(0, |checkpoint| checkpoint.rows)
    }

    /// The index of the chunk that a row is in.
    fn chunk_of(&self, row: usize) -> usize {
        self.checkpoints.partition_point(|checkpoint| checkpoint.rows <= row).saturating_sub(1)
    }

    /// Keeps the closed chunks that have these rows and drops the others. Rows of the last chunk are always kept. `source`
    /// is the source of the last update.
    pub fn show(&mut self, source: &str, rows: Range<usize>) {
        let end = rows.end.min(self.closed_rows());
        let chunks = if rows.start < end { self.chunk_of(rows.start)..self.chunk_of(end - 1) + 1 } else { 0..0 };
        self.near.retain(|(chunk, _)| chunks.contains(chunk));
        for chunk in chunks {
            if self.near.iter().all(|(near, _)| *near != chunk) {
                self.near.push((chunk, self.render_chunk(source, chunk)));
                self.work += (self.checkpoints[chunk + 1].source - self.checkpoints[chunk].source) as u64;
            }
        }
    }

    /// One row, if it is [kept](Self::show).
    pub fn row(&self, index: usize) -> Option<&TextRow> {
        if let Some(index) = index.checked_sub(self.closed_rows()) {
            return self.open.get(index).or_else(|| self.tail.get(index - self.open.len()));
        }
        let chunk = self.chunk_of(index);
        let (_, rows) = self.near.iter().find(|(near, _)| *near == chunk)?;
        rows.get(index - self.checkpoints[chunk].rows)
    }

    /// All rows from the first on. Rows that are not kept are rendered again. `source` is the source of the last update.
    pub fn all_rows<'a>(&'a self, source: &'a str) -> impl Iterator<Item = TextRow> + 'a {
        let closed = (0..self.checkpoints.len() - 1).flat_map(move |chunk| self.render_chunk(source, chunk));
        closed.chain(self.open.iter().chain(&self.tail).cloned())
    }

    /// Renders the rows of a closed chunk.
    fn render_chunk(&self, source: &str, chunk: usize) -> Vec<TextRow> {
        let start = &self.checkpoints[chunk];
        let (mut rows, mut from, mut renderer) = (Vec::new(), start.source, start.renderer.clone());
        while from < self.checkpoints[chunk + 1].source {
            // If `source` has changed since the last update, show no rows rather than wrong ones.
            let rest = source.get(from..).unwrap_or_default();
            let Some(length) = renderer.unit(rest, self.text_style, &mut rows) else { break };
            from += length;
        }
        rows
    }

    /// Bytes rendered so far: complete units once and whenever they are rendered again, the rest with each update.
    pub fn work(&self) -> u64 {
        self.work
    }
}

/// Recognizes the source of the complete units by its length and its two ends. To compare all of it would cost more with
/// every page; to keep it would store the text twice.
#[derive(Clone, Debug, Default)]
struct StablePrefix {
    length: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// Bytes of each end that are kept.
const END: usize = 4 << 10;

impl StablePrefix {
    fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        self.length += bytes.len();
        self.head.extend(&bytes[..bytes.len().min(END - self.head.len())]);
        self.tail.extend(&bytes[bytes.len().saturating_sub(END)..]);
        if self.tail.len() > 2 * END {
            self.tail.drain(..self.tail.len() - END);
        }
    }

    /// Whether the source starts with this prefix.
    fn is_prefix_of(&self, source: &str) -> bool {
        let prefix = source.as_bytes().get(..self.length);
        prefix.is_some_and(|text| text.starts_with(&self.head) && text.ends_with(&self.tail))
    }
}

/// Renders a whole document.
pub fn render(source: &str, text_style: TextStyle) -> Vec<TextRow> {
    let (mut rows, mut from, mut renderer) = (Vec::new(), 0, UnitRenderer::default());
    while let Some(length) = renderer.unit(&source[from..], text_style, &mut rows) {
        from += length;
    }
    rows.extend(renderer.tail(&source[from..], text_style));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{StyleRole, Theme};
    use proptest::prelude::*;

    fn text_style(width: u16) -> TextStyle {
        TextStyle { width, theme: Theme::Dark, role: StyleRole::Text }
    }

    fn lines(source: &str, width: u16) -> Vec<String> {
        render(source, text_style(width)).iter().map(|row| row.to_string().trim_end().to_owned()).collect()
    }

    #[test]
    fn blank_lines_between_blocks_are_kept() {
        let source = "# Title\nSome *text*\nhere.\n\n- one\n- two\n  - deep\n\n1. first\n\n2. second\n\n> quoted\n";
        assert_eq!(
            lines(source, 40),
            [
                "Title",
                "Some text here.",
                "",
                "• one",
                "• two",
                "  • deep",
                "",
                "1. first",
                "",
                "2. second",
                "",
                "▎ quoted"
            ]
        );
    }

    #[test]
    fn code_keeps_its_spaces_and_shows_its_language() {
        let source = "Look:\n```rust\nfn main() {\n    run();\n}\n```\ndone";
        assert_eq!(lines(source, 40), ["Look:", "┌─ rust", "│ fn main() {", "│     run();", "│ }", "└─", "done"]);
    }

    #[test]
    fn tables_fit_the_width() {
        let source = "| a | b |\n|---|--:|\n| one | 1 |\n| much longer than it may be | 22 |\n";
        for row in lines(source, 20) {
            assert!(super::super::wrap::width(&row) <= 20, "{row}");
        }
    }

    #[test]
    fn links_show_their_address() {
        assert_eq!(lines("see [docs](https://example.org)", 60), ["see docs (https://example.org)"]);
    }

    #[test]
    fn a_long_stream_is_rendered_about_once() {
        let mut document = Markdown::new(text_style(60));
        let source = "A line of some text that is not very short.\n\n".repeat(2000);
        for end in (0..=source.len()).step_by(64) {
            document.update(&source[..end], text_style(60));
        }
        assert!(document.work() < 4 * source.len() as u64, "{} bytes of work", document.work());
    }

    fn markdownish() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\n".to_owned()),
            Just("\n\n".to_owned()),
            Just("```rust\n".to_owned()),
            Just("```\n".to_owned()),
            Just("~~~\n".to_owned()),
            Just("- item\n".to_owned()),
            Just("    indented\n".to_owned()),
            Just("  ".to_owned()),
            Just("> quote\n".to_owned()),
            Just("| a | b |\n|---|---|\n".to_owned()),
            Just("[x]: http://y\n".to_owned()),
            Just("# ".to_owned()),
            Just("/* ".to_owned()),
            Just("**".to_owned()),
            Just("世界 ".to_owned()),
            "[a-z`*_\\[\\]() ]{1,12}",
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_rows(source in markdownish(), cuts in prop::collection::vec(0usize..400, 0..12)) {
            let mut cuts: Vec<_> = cuts.into_iter().filter(|&cut| source.is_char_boundary(cut.min(source.len()))).collect();
            cuts.sort_unstable();
            let mut document = Markdown::new(text_style(30));
            for cut in cuts {
                document.update(&source[..cut.min(source.len())], text_style(30));
            }
            document.update(&source, text_style(30));
            prop_assert_eq!(document.all_rows(&source).collect::<Vec<_>>(), render(&source, text_style(30)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn every_split_of_a_long_line_gives_the_same_rows(words in "[a-z ]{100}", step in 700usize..9000) {
            let source = words.repeat(400);
            let mut document = Markdown::new(text_style(50));
            for end in (0..source.len()).step_by(step) {
                document.update(&source[..end], text_style(50));
            }
            document.update(&source, text_style(50));
            prop_assert_eq!(document.all_rows(&source).collect::<Vec<_>>(), render(&source, text_style(50)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn rows_that_are_rendered_again_are_the_same(
            pieces in prop::collection::vec(markdownish(), 1..8),
            views in prop::collection::vec((0usize..3000, 0usize..200), 1..6),
        ) {
            let source = pieces.concat().repeat(60);
            let mut document = Markdown::new(text_style(30));
            document.update(&source, text_style(30));
            let whole = render(&source, text_style(30));
            prop_assert_eq!(document.len(), whole.len());
            for (top, height) in views {
                let view = top.min(whole.len())..(top + height).min(whole.len());
                document.show(&source, view.clone());
                let rows: Vec<_> = view.clone().filter_map(|row| document.row(row).cloned()).collect();
                prop_assert_eq!(&rows, &whole[view]);
            }
        }
    }

    #[test]
    fn rows_that_are_not_shown_are_not_kept() {
        let source = "A line of some text that is not very short.\n\n".repeat(5000);
        let mut document = Markdown::new(text_style(60));
        document.update(&source, text_style(60));
        document.show(&source, 5000..5036);
        let kept = (0..document.len()).filter(|row| document.row(*row).is_some()).count();
        assert!(document.len() > 9000 && kept < 800, "{kept} of {} rows", document.len());
    }
}
