//! Markdown that grows: what is settled is rendered once, only the last piece again.
//! Knows source and rows; must not know whose text it is.
//!
//! The source is cut into units by rules that look at nothing behind the cut, so the rows
//! are the same however the text was split on its way here.
//!
//! Rows take several times the bytes of their text, and hardly any are on the screen. So only
//! those near it are kept; of the others only where they begin, and they are set again when
//! somebody scrolls there.

mod code;
mod prose;
mod renderer;
mod text_style;
mod units;

use super::wrap::TextRow;
pub use prose::table;
use renderer::UnitRenderer;
use std::ops::Range;
pub use text_style::TextStyle;

/// Settled source is cut into stretches of about so many bytes, that are rendered again as a whole.
const STRETCH: usize = 4 << 10;
/// So many finished stretches are kept until the next look: what just came is on the screen.
const NEAR: usize = 4;

/// A growing document as rows.
#[derive(Clone, Debug)]
pub struct Markdown {
    look: TextStyle,
    /// What the settled rows were made of.
    settled: StablePrefix,
    /// How much was rendered at the last look, settled or not.
    seen: usize,
    /// At the end of what is settled.
    setter: UnitRenderer,
    /// Where each stretch begins; the last one is still growing.
    marks: Vec<Checkpoint>,
    /// The rows of finished stretches near the screen, by the stretch.
    near: Vec<(usize, Vec<TextRow>)>,
    /// The settled rows of the last stretch.
    open: Vec<TextRow>,
    tail: Vec<TextRow>,
    /// Bytes rendered over its life: the work done.
    work: u64,
}

/// The beginning of a stretch: bytes of source and rows before it, and how it goes on from there.
#[derive(Clone, Debug, Default)]
struct Checkpoint {
    source: usize,
    rows: usize,
    setter: UnitRenderer,
}

impl Markdown {
    /// An empty document.
    pub fn new(look: TextStyle) -> Self {
        Self {
            look,
            settled: StablePrefix::default(),
            seen: 0,
            setter: UnitRenderer::default(),
            marks: vec![Checkpoint::default()],
            near: Vec::new(),
            open: Vec::new(),
            tail: Vec::new(),
            work: 0,
        }
    }

    /// Renders what `source` has more than before. A source that is no continuation, or
    /// another look, begins anew.
    pub fn update(&mut self, source: &str, look: TextStyle) {
        if look != self.look || !self.settled.begins(source) {
            let work = self.work;
            *self = Self::new(look);
            self.work = work;
        } else if source.len() == self.seen {
            return;
        }
        self.seen = source.len();
        let mut from = self.settled.length;
        while let Some(length) = self.setter.unit(&source[from..], look, &mut self.open) {
            self.settled.push(&source[from..from + length]);
            self.work += length as u64;
            from += length;
            self.close_stretch();
        }
        self.tail = self.setter.tail(&source[from..], look);
        self.work += (source.len() - from) as u64;
    }

    /// Begins a new stretch where the last one is long enough.
    fn close_stretch(&mut self) {
        let (source, last) = (self.settled.length, self.marks.len() - 1);
        if source - self.marks[last].source < STRETCH {
            return;
        }
        let rows = std::mem::take(&mut self.open);
        self.marks.push(Checkpoint { source, rows: self.marks[last].rows + rows.len(), setter: self.setter.clone() });
        if self.near.len() >= NEAR {
            self.near.remove(0);
        }
        self.near.push((last, rows));
    }

    /// All rows: the settled ones, then the others.
    pub fn len(&self) -> usize {
        self.finished() + self.open.len() + self.tail.len()
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of finished stretches.
    fn finished(&self) -> usize {
        self.marks.last().map_or(0, |mark| mark.rows)
    }

    /// The stretch that a row is in.
    fn stretch(&self, row: usize) -> usize {
        self.marks.partition_point(|mark| mark.rows <= row).saturating_sub(1)
    }

    /// Has these rows at hand, and of the other finished ones none. `source` is what it was last updated with.
    pub fn show(&mut self, source: &str, rows: Range<usize>) {
        let end = rows.end.min(self.finished());
        let stretches = if rows.start < end { self.stretch(rows.start)..self.stretch(end - 1) + 1 } else { 0..0 };
        self.near.retain(|(at, _)| stretches.contains(at));
        for at in stretches {
            if self.near.iter().all(|(near, _)| *near != at) {
                self.near.push((at, self.again(source, at)));
                self.work += (self.marks[at + 1].source - self.marks[at].source) as u64;
            }
        }
    }

    /// One row, if it is [at hand](Self::show).
    pub fn row(&self, index: usize) -> Option<&TextRow> {
        if let Some(at) = index.checked_sub(self.finished()) {
            return self.open.get(at).or_else(|| self.tail.get(at - self.open.len()));
        }
        let stretch = self.stretch(index);
        let (_, rows) = self.near.iter().find(|(at, _)| *at == stretch)?;
        rows.get(index - self.marks[stretch].rows)
    }

    /// All rows from the first on, set again as they are asked for. `source` is what it was last updated with.
    pub fn all_rows<'a>(&'a self, source: &'a str) -> impl Iterator<Item = TextRow> + 'a {
        let finished = (0..self.marks.len() - 1).flat_map(move |at| self.again(source, at));
        finished.chain(self.open.iter().chain(&self.tail).cloned())
    }

    /// The rows of a finished stretch.
    fn again(&self, source: &str, at: usize) -> Vec<TextRow> {
        let (mut rows, mut from, mut setter) = (Vec::new(), self.marks[at].source, self.marks[at].setter.clone());
        while from < self.marks[at + 1].source {
            // If `source` has changed since the marks were made, show no rows rather than wrong ones.
            let rest = source.get(from..).unwrap_or_default();
            let Some(length) = setter.unit(rest, self.look, &mut rows) else { break };
            from += length;
        }
        rows
    }

    /// Bytes rendered so far: settled ones once and when they are shown again, the tail each time.
    pub fn work(&self) -> u64 {
        self.work
    }
}

/// What has been rendered for good, known again by its ends: looking through all of it would cost more with every
/// page, and keeping it would keep the text twice.
#[derive(Clone, Debug, Default)]
struct StablePrefix {
    length: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// Bytes of an end that are kept.
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

    /// Whether the source begins with it.
    fn begins(&self, source: &str) -> bool {
        let settled = source.as_bytes().get(..self.length);
        settled.is_some_and(|text| text.starts_with(&self.head) && text.ends_with(&self.tail))
    }
}

/// The rows of a whole document.
pub fn render(source: &str, look: TextStyle) -> Vec<TextRow> {
    let (mut rows, mut from, mut setter) = (Vec::new(), 0, UnitRenderer::default());
    while let Some(length) = setter.unit(&source[from..], look, &mut rows) {
        from += length;
    }
    rows.extend(setter.tail(&source[from..], look));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{StyleRole, Theme};
    use proptest::prelude::*;

    fn look(width: u16) -> TextStyle {
        TextStyle { width, theme: Theme::Dark, role: StyleRole::Text }
    }

    fn lines(source: &str, width: u16) -> Vec<String> {
        render(source, look(width)).iter().map(|row| row.to_string().trim_end().to_owned()).collect()
    }

    #[test]
    fn blocks_are_set_apart_as_their_source_is() {
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
    fn code_keeps_its_spaces_and_says_its_language() {
        let source = "Look:\n```rust\nfn main() {\n    run();\n}\n```\ndone";
        assert_eq!(lines(source, 40), ["Look:", "┌─ rust", "│ fn main() {", "│     run();", "│ }", "└─", "done"]);
    }

    #[test]
    fn tables_fit_their_width() {
        let source = "| a | b |\n|---|--:|\n| one | 1 |\n| much longer than it may be | 22 |\n";
        for row in lines(source, 20) {
            assert!(super::super::wrap::width(&row) <= 20, "{row}");
        }
    }

    #[test]
    fn links_show_where_they_lead() {
        assert_eq!(lines("see [docs](https://example.org)", 60), ["see docs (https://example.org)"]);
    }

    #[test]
    fn a_long_stream_is_rendered_about_once() {
        let mut document = Markdown::new(look(60));
        let source = "A line of some text that is not very short.\n\n".repeat(2000);
        for end in (0..=source.len()).step_by(64) {
            document.update(&source[..end], look(60));
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
            let mut document = Markdown::new(look(30));
            for cut in cuts {
                document.update(&source[..cut.min(source.len())], look(30));
            }
            document.update(&source, look(30));
            prop_assert_eq!(document.all_rows(&source).collect::<Vec<_>>(), render(&source, look(30)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn every_split_of_a_long_line_gives_the_same_rows(words in "[a-z ]{100}", step in 700usize..9000) {
            let source = words.repeat(400);
            let mut document = Markdown::new(look(50));
            for end in (0..source.len()).step_by(step) {
                document.update(&source[..end], look(50));
            }
            document.update(&source, look(50));
            prop_assert_eq!(document.all_rows(&source).collect::<Vec<_>>(), render(&source, look(50)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn rows_that_are_shown_again_are_what_they_were(
            pieces in prop::collection::vec(markdownish(), 1..8),
            views in prop::collection::vec((0usize..3000, 0usize..200), 1..6),
        ) {
            let source = pieces.concat().repeat(60);
            let mut document = Markdown::new(look(30));
            document.update(&source, look(30));
            let whole = render(&source, look(30));
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
        let mut document = Markdown::new(look(60));
        document.update(&source, look(60));
        document.show(&source, 5000..5036);
        let kept = (0..document.len()).filter(|row| document.row(*row).is_some()).count();
        assert!(document.len() > 9000 && kept < 800, "{kept} of {} rows", document.len());
    }
}
