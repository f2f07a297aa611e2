//! Text into rows by the cells that its graphemes take, so that neither CJK nor emoji
//! cross a border. Knows widths; must not know what the text is.

use ratatui::buffer::CellWidth;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// A row that fits its width.
pub type TextRow = Line<'static>;

/// What stands before the rows of a paragraph: before its first, and before the others.
#[derive(Clone, Debug, Default)]
pub struct RowPrefix {
    /// Before the first row.
    pub first: Vec<Span<'static>>,
    /// Before the rows that follow.
    pub rest: Vec<Span<'static>>,
}

impl RowPrefix {
    /// The same before every row.
    pub fn all(text: &str, style: Style) -> Self {
        let span = vec![Span::styled(text.to_owned(), style)];
        Self { first: span.clone(), rest: span }
    }
}

/// Cells that a text takes. Control characters take none: they are never drawn.
pub fn width(text: &str) -> usize {
    text.graphemes(true).filter(|g| !hidden(g)).map(|g| usize::from(g.cell_width())).sum()
}

/// Cuts a text to `cells`, with an ellipsis where something was cut.
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

/// One text in one style, without a lead.
pub fn plain(text: &str, style: Style, cells: usize) -> Vec<TextRow> {
    wrap(&[(text, style)], cells, &RowPrefix::default())
}

/// Breaks styled text into rows of at most `cells` cells: at spaces, before and after wide
/// characters, and inside a word only where the word alone is too long. Line feeds break
/// always; the spaces at a soft break vanish, those at the start of a line stay.
pub fn wrap(pieces: &[(&str, Style)], cells: usize, lead: &RowPrefix) -> Vec<TextRow> {
    let mut rows = RowBuilder::new(cells, lead);
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

/// Control characters and the overrides of writing direction that can make a line lie.
fn hidden(grapheme: &str) -> bool {
    grapheme
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
}

struct RowBuilder<'a> {
    cells: usize,
    lead: &'a RowPrefix,
    done: Vec<TextRow>,
    row: Vec<Span<'static>>,
    used: usize,
    /// Spaces that are drawn only if something follows them in the row.
    gap: Vec<Style>,
    word: Vec<(String, Style)>,
    word_cells: usize,
    /// Whether anything but the lead stands in the row.
    fresh: bool,
}

impl<'a> RowBuilder<'a> {
    fn new(cells: usize, lead: &'a RowPrefix) -> Self {
        let mut rows = Self {
            cells: cells.max(1),
            lead,
            done: Vec::new(),
            row: Vec::new(),
            used: 0,
            gap: Vec::new(),
            word: Vec::new(),
            word_cells: 0,
            fresh: true,
        };
        rows.open(true);
        rows
    }

    fn open(&mut self, first: bool) {
        let lead = if first { &self.lead.first } else { &self.lead.rest };
        let cells: usize = lead.iter().map(|span| width(&span.content)).sum();
        // A lead that leaves no room is left out.
        (self.row, self.used) = if cells < self.cells { (lead.clone(), cells) } else { (Vec::new(), 0) };
        self.fresh = true;
    }

    fn end_of_row(&mut self) {
        // Rows are kept as long as their text: what they do not need goes back.
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
        self.open(false);
    }

    fn soft_break(&mut self) {
        self.end_of_row();
        self.open(false);
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

    /// Sets the word that is waiting, in this row or in the next.
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
                // A narrow row cannot hold a wide character.
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
    fn breaks_at_spaces_and_inside_long_words() {
        assert_eq!(rows("the quick brown fox", 9), ["the quick", "brown fox"]);
        assert_eq!(rows("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(rows("  two\n\n    four", 20), ["  two", "", "    four"]);
    }

    #[test]
    fn wide_characters_never_cross_the_border() {
        assert_eq!(rows("世界你好", 5), ["世界", "你好"]);
        assert_eq!(rows("a🧑‍🚀b", 2), ["a", "🧑‍🚀", "b"]);
        assert_eq!(rows("世", 1), ["·"]);
        assert_eq!(rows("🈐\u{1a6d}", 2), ["·"]);
    }

    #[test]
    fn a_lead_hangs() {
        let lead = RowPrefix { first: vec![Span::raw("• ")], rest: vec![Span::raw("  ")] };
        let rows = wrap(&[("one two", Style::new())], 5, &lead);
        assert_eq!(rows.iter().map(ToString::to_string).collect::<Vec<_>>(), ["• one", "  two"]);
    }

    #[test]
    fn controls_and_overrides_are_never_drawn() {
        assert_eq!(rows("a\u{1b}[31mb\u{202e}c\u{7}", 20), ["a[31mbc"]);
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_asked_and_no_word_is_lost(text in "\\PC{0,80}", cells in 2usize..40) {
            let rows = plain(&text, Style::new(), cells);
            for row in &rows {
                prop_assert!(width(&row.to_string()) <= cells, "{row:?}");
            }
            let bare = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let drawn: String = rows.iter().map(|row| bare(&row.to_string())).collect();
            // A letter with its marks may be wider than the whole row.
            let fit = |g: &str| if usize::from(g.cell_width()) > cells { "·".to_owned() } else { bare(g) };
            let meant: String = text.graphemes(true).filter(|g| !hidden(g)).map(fit).collect();
            prop_assert_eq!(drawn, meant);
        }
    }
}
