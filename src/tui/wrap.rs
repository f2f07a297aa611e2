//! Breaks text into rows by the width of its graphemes in cells, so that CJK and emoji do not cross a border.
//! Knows widths; must not know what the text is about.

use ratatui::buffer::CellWidth;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// One row of styled text.
pub type TextRow = Line<'static>;

/// The spans before each row of a paragraph, for example a bullet and then spaces.
#[derive(Clone, Debug, Default)]
pub struct RowPrefix {
    /// Before the first row.
    pub first: Vec<Span<'static>>,
    /// Before the rows that follow.
    pub rest: Vec<Span<'static>>,
}

impl RowPrefix {
    /// The same text before every row.
    pub fn all(text: &str, style: Style) -> Self {
        let span = vec![Span::styled(text.to_owned(), style)];
        Self { first: span.clone(), rest: span }
    }
}

/// The width of a text in cells. Control characters have none, because they are never drawn.
pub fn width(text: &str) -> usize {
    text.graphemes(true).filter(|g| !hidden(g)).map(|g| usize::from(g.cell_width())).sum()
}

/// Shortens a text to `cells` cells, with an ellipsis at the end if it was longer. Removes control characters.
pub fn clip(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.graphemes(true).filter(|g| !hidden(g)).collect();
    }
    let mut out = String::new();
    let mut used = 0;
    for g in text.graphemes(true).filter(|g| !hidden(g)) {
        used += usize::from(g.cell_width());
        if used + 1 > cells {
            break;
        }
        out.push_str(g);
    }
    if cells > 0 {
        out.push('…');
    }
    out
}

/// The line shortened to `cells` cells, with an ellipsis at the end if it was longer.
pub fn clip_line(line: Line<'_>, cells: usize) -> Line<'_> {
    if line.width() <= cells {
        return line;
    }
    let mut left = cells.saturating_sub(1);
    let mut spans: Vec<Span<'_>> = Vec::new();
    for span in line.spans {
        let cells = width(&span.content);
        if cells > left {
            // One more cell than is left, because the ellipsis is part of it.
            spans.push(Span::styled(clip(&span.content, left + 1), span.style));
            break;
        }
        left -= cells;
        spans.push(span);
    }
    Line::from(spans)
}

/// Breaks a text in one style into rows of at most `cells` cells, without a prefix.
pub fn plain(text: &str, style: Style, cells: usize) -> Vec<TextRow> {
    wrap(&[(text, style)], cells, &RowPrefix::default())
}

/// Breaks styled text into rows of at most `cells` cells, each with its prefix. Breaks at line feeds, at spaces, before
/// and after wide characters, and inside a word only if the word is longer than a row. Spaces at a soft break are
/// dropped, spaces at the start of a line stay.
pub fn wrap(pieces: &[(&str, Style)], cells: usize, prefix: &RowPrefix) -> Vec<TextRow> {
    let mut rows = RowBuilder::new(cells, prefix);
    for (text, style) in pieces {
        for grapheme in text.graphemes(true) {
            match grapheme {
                "\n" | "\r\n" => rows.hard_break(),
                "\t" => (0..4).for_each(|_| rows.space(*style)),
                g if hidden(g) => {}
                g if g.chars().all(char::is_whitespace) && g != "\u{a0}" => rows.space(*style),
                g => rows.grapheme(g, *style),
            }
        }
    }
    rows.end_of_word();
    rows.end_of_row();
    rows.done
}

/// Whether a grapheme holds a control character or an override of the writing direction, which can make a line show
/// other text than it has.
fn hidden(grapheme: &str) -> bool {
    grapheme
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
}

struct RowBuilder<'a> {
    cells: usize,
    prefix: &'a RowPrefix,
    done: Vec<TextRow>,
    row: Vec<Span<'static>>,
    used: usize,
    /// Styles of the spaces after the last word. They are drawn only if a word follows in the same row.
    gap: Vec<Style>,
    word: Vec<(String, Style)>,
    word_cells: usize,
    /// Whether the row has only its prefix so far.
    fresh: bool,
}

impl<'a> RowBuilder<'a> {
    fn new(cells: usize, prefix: &'a RowPrefix) -> Self {
        let mut rows = Self {
            cells: cells.max(1),
            prefix,
            done: Vec::new(),
            row: Vec::new(),
            used: 0,
            gap: Vec::new(),
            word: Vec::new(),
            word_cells: 0,
            fresh: true,
        };
        rows.start_row(&prefix.first);
        rows
    }

    fn start_row(&mut self, prefix: &'a [Span<'static>]) {
        let cells: usize = prefix.iter().map(|span| width(&span.content)).sum();
        // A prefix that leaves no room for text is left out.
        (self.row, self.used) = if cells < self.cells { (prefix.to_vec(), cells) } else { (Vec::new(), 0) };
        self.fresh = true;
    }

    fn end_of_row(&mut self) {
        // Rows are kept for long: release the memory they do not use.
        let mut row = std::mem::take(&mut self.row);
        row.shrink_to_fit();
        for span in &mut row {
            if let Cow::Owned(text) = &mut span.content {
                text.shrink_to_fit();
            }
        }
        self.done.push(Line::from(row));
        self.gap.clear();
    }

    fn hard_break(&mut self) {
        self.end_of_word();
        self.end_of_row();
        self.start_row(&self.prefix.rest);
    }

    fn soft_break(&mut self) {
        self.end_of_row();
        self.start_row(&self.prefix.rest);
    }

    fn space(&mut self, style: Style) {
        self.end_of_word();
        self.gap.push(style);
    }

    fn grapheme(&mut self, g: &str, style: Style) {
        let cells = usize::from(g.cell_width());
        if cells >= 2 {
            self.end_of_word();
        }
        match self.word.last_mut() {
            Some((text, last)) if *last == style => text.push_str(g),
            _ => self.word.push((g.to_owned(), style)),
        }
        self.word_cells += cells;
        if cells >= 2 {
            self.end_of_word();
        }
    }

    /// Appends the pending word to this row or, if it does not fit, to the next.
    fn end_of_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        if self.used + self.gap.len() + self.word_cells > self.cells && !self.fresh {
            self.soft_break();
        }
        for style in std::mem::take(&mut self.gap) {
            if self.used + 1 < self.cells {
                self.put(" ", 1, style);
            }
        }
        let cells = std::mem::take(&mut self.word_cells);
        if self.used + cells <= self.cells {
            for (text, style) in std::mem::take(&mut self.word) {
                self.put(&text, 0, style);
            }
            self.used += cells;
            return;
        }
        for (text, style) in std::mem::take(&mut self.word) {
            for g in text.graphemes(true) {
                // A character that is wider than the row is drawn as a dot.
                let (g, cells) = match usize::from(g.cell_width()) {
                    cells if cells > self.cells => ("·", 1),
                    cells => (g, cells),
                };
                if self.used + cells > self.cells {
                    self.soft_break();
                }
                self.put(g, cells, style);
            }
        }
    }

    fn put(&mut self, g: &str, cells: usize, style: Style) {
        match self.row.last_mut() {
            Some(span) if span.style == style && !self.fresh => span.content.to_mut().push_str(g),
            _ => self.row.push(Span::styled(g.to_owned(), style)),
        }
        self.used += cells;
        self.fresh = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str, cells: usize) -> Vec<String> {
        plain(text, Style::new(), cells).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rows_break_at_spaces_and_inside_long_words() {
        assert_eq!(rows("the quick brown fox", 9), ["the quick", "brown fox"]);
        assert_eq!(rows("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(rows("  two\n\n    four", 20), ["  two", "", "    four"]);
    }

    #[test]
    fn wide_characters_do_not_cross_the_border() {
        assert_eq!(rows("世界你好", 5), ["世界", "你好"]);
        assert_eq!(rows("a🧑‍🚀b", 2), ["a", "🧑‍🚀", "b"]);
        assert_eq!(rows("世", 1), ["·"]);
        assert_eq!(rows("🈐\u{1a6d}", 2), ["·"]);
    }

    #[test]
    fn a_prefix_stands_before_the_first_row_and_another_before_the_rest() {
        let prefix = RowPrefix { first: vec![Span::raw("• ")], rest: vec![Span::raw("  ")] };
        let rows = wrap(&[("one two", Style::new())], 5, &prefix);
        assert_eq!(rows.iter().map(ToString::to_string).collect::<Vec<_>>(), ["• one", "  two"]);
    }

    #[test]
    fn control_characters_and_direction_overrides_are_not_drawn() {
        assert_eq!(rows("a\u{1b}[31mb\u{202e}c\u{7}", 20), ["a[31mbc"]);
    }

    proptest! {
        #[test]
        fn rows_fit_the_width_and_keep_every_word(text in "\\PC{0,80}", cells in 2usize..40) {
            let rows = plain(&text, Style::new(), cells);
            for row in &rows {
                prop_assert!(width(&row.to_string()) <= cells, "{row:?}");
            }
            let bare = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let drawn: String = rows.iter().map(|row| bare(&row.to_string())).collect();
            // A grapheme that is wider than the row is drawn as a dot.
            let fit = |g: &str| if usize::from(g.cell_width()) > cells { "·".to_owned() } else { bare(g) };
            let meant: String = text.graphemes(true).filter(|g| !hidden(g)).map(fit).collect();
            prop_assert_eq!(drawn, meant);
        }
    }
}
