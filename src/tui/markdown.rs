//! Markdown that grows: what is settled is rendered once, only the last piece again.
//! Knows source and rows; must not know whose text it is.
//!
//! The source is cut into units by rules that look at nothing behind the cut, so the rows
//! are the same however the text was split on its way here.

mod code;
mod prose;
mod units;

use super::theme::{Role, Theme};
use super::wrap::{Lead, Row, wrap};
use code::Painter;
pub use prose::table;
use ratatui::style::Style;
use units::{Fence, Unit, next};

/// How text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Cells of a row.
    pub width: u16,
    /// Colours.
    pub theme: Theme,
    /// What ordinary text means here.
    pub role: Role,
}

impl Look {
    fn style(self, role: Role) -> Style {
        self.theme.style(self.role).patch(self.theme.style(role))
    }

    fn text(self) -> Style {
        self.theme.style(self.role)
    }

    fn cells(self) -> usize {
        usize::from(self.width.max(1))
    }
}

/// A growing document as rows.
#[derive(Clone, Debug)]
pub struct Markdown {
    look: Look,
    /// What the settled rows were made of.
    settled: Settled,
    /// How much was rendered at the last look, settled or not.
    seen: usize,
    rows: Vec<Row>,
    tail: Vec<Row>,
    fence: Option<(Fence, Painter)>,
    /// A blank line is owed before the next row.
    gap: bool,
    /// Bytes rendered over its life: the work done.
    work: u64,
}

impl Markdown {
    /// An empty document.
    pub fn new(look: Look) -> Self {
        Self {
            look,
            settled: Settled::default(),
            seen: 0,
            rows: Vec::new(),
            tail: Vec::new(),
            fence: None,
            gap: false,
            work: 0,
        }
    }

    /// Renders what `source` has more than before. A source that is no continuation, or
    /// another look, begins anew.
    pub fn update(&mut self, source: &str, look: Look) {
        if look != self.look || !self.settled.begins(source) {
            let work = self.work;
            *self = Self::new(look);
            self.work = work;
        } else if source.len() == self.seen {
            return;
        }
        self.seen = source.len();
        let mut from = self.settled.length;
        while let Some((unit, length)) = next(&source[from..], self.fence.as_ref().map(|(fence, _)| fence)) {
            let text = &source[from..from + length];
            let mut rows = std::mem::take(&mut self.rows);
            self.render(&unit, text, &mut rows);
            self.rows = rows;
            self.settled.push(text);
            from += length;
        }
        self.render_tail(&source[from..]);
    }

    /// All rows: the settled ones, then the others.
    pub fn len(&self) -> usize {
        self.rows.len() + self.tail.len()
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One row.
    pub fn row(&self, index: usize) -> Option<&Row> {
        self.rows.get(index).or_else(|| self.tail.get(index.checked_sub(self.rows.len())?))
    }

    /// Bytes rendered so far, settled ones once and the tail each time.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// The tail may still become something else, so it leaves no trace in the state.
    fn render_tail(&mut self, text: &str) {
        let kept = (self.fence.clone(), self.gap);
        let mut rows = Vec::new();
        if !text.is_empty() {
            let unit = match &self.fence {
                Some((fence, _)) if fence.closes(text) => Unit::Close,
                Some(_) => Unit::CodeLine,
                None => Unit::Prose,
            };
            self.render(&unit, text, &mut rows);
        }
        (self.fence, self.gap) = kept;
        self.tail = rows;
    }

    fn render(&mut self, unit: &Unit, text: &str, rows: &mut Vec<Row>) {
        self.work += text.len() as u64;
        let edge = self.look.style(Role::Dim);
        match unit {
            Unit::Prose => {
                if !text.trim().is_empty() {
                    self.pay_gap(rows);
                    rows.extend(prose::render(text, self.look));
                }
                self.gap = text.trim().is_empty() || text.ends_with("\n\n") || ends_blank(text);
            }
            Unit::Open(fence) => {
                self.pay_gap(rows);
                let label =
                    if fence.language.is_empty() { "┌─".to_owned() } else { format!("┌─ {}", fence.language) };
                rows.extend(wrap(&[(&label, edge)], self.look.cells(), &Lead::default()));
                self.fence = Some((fence.clone(), Painter::new(&fence.language)));
            }
            Unit::CodeLine => {
                let Some((_, painter)) = &mut self.fence else { return };
                let line = text.trim_end_matches('\n');
                let pieces: Vec<_> = painter.paint(line).map(|(piece, role)| (piece, self.look.style(role))).collect();
                rows.extend(wrap(&pieces, self.look.cells(), &Lead::all("│ ", edge)));
            }
            Unit::Close => {
                rows.extend(wrap(&[("└─", edge)], self.look.cells(), &Lead::default()));
                self.fence = None;
                self.gap = false;
            }
        }
    }

    fn pay_gap(&mut self, rows: &mut Vec<Row>) {
        // The settled rows are out on loan while a settled unit is rendered.
        if std::mem::take(&mut self.gap) && (!rows.is_empty() || !self.rows.is_empty()) {
            rows.push(Row::default());
        }
    }
}

/// What has been rendered for good, known again by its ends: looking through all of it would cost more with every
/// page, and keeping it would keep the text twice.
#[derive(Clone, Debug, Default)]
struct Settled {
    length: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// Bytes of an end that are kept.
const END: usize = 4 << 10;

impl Settled {
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

/// Whether the text ends with a line of blanks alone.
fn ends_blank(text: &str) -> bool {
    let mut lines = text.rsplit('\n');
    lines.next() == Some("") && lines.next().is_some_and(|line| line.trim().is_empty())
}

/// The rows of a whole document.
pub fn render(source: &str, look: Look) -> Vec<Row> {
    let mut document = Markdown::new(look);
    document.update(source, look);
    document.rows.append(&mut document.tail);
    document.rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn look(width: u16) -> Look {
        Look { width, theme: Theme::Dark, role: Role::Text }
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
            let rows: Vec<_> = (0..document.len()).filter_map(|i| document.row(i).cloned()).collect();
            prop_assert_eq!(rows, render(&source, look(30)));
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
            let rows: Vec<_> = (0..document.len()).filter_map(|i| document.row(i).cloned()).collect();
            prop_assert_eq!(rows, render(&source, look(50)));
        }
    }
}
