//! Renders one unit of Markdown prose into rows.

use super::text_style::TextStyle;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, TextRow, clip, width, wrap};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

/// The rows of a piece of Markdown.
pub(super) fn render(source: &str, text_style: TextStyle) -> Vec<TextRow> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut page = ProseWriter::new(text_style);
    Parser::new_ext(source, options).for_each(|event| page.event(event));
    page.flush();
    page.rows
}

struct ProseWriter {
    text_style: TextStyle,
    rows: Vec<TextRow>,
    inline: Vec<(String, Style)>,
    styles: Vec<Style>,
    /// For each open list the number of its next item; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// The list marker before the next paragraph.
    marker: Option<String>,
    /// Indent of the current list item, in cells.
    indent: usize,
    /// Indents of the list items around it.
    indents: Vec<usize>,
    quotes: usize,
    /// Whether the last element was a paragraph in the same list item.
    loose: bool,
    links: Vec<(String, usize)>,
    table: Option<Vec<Vec<String>>>,
    code: bool,
}

impl ProseWriter {
    fn new(text_style: TextStyle) -> Self {
        Self {
            text_style,
            rows: Vec::new(),
            inline: Vec::new(),
            styles: Vec::new(),
            lists: Vec::new(),
            marker: None,
            indent: 0,
            indents: Vec::new(),
            quotes: 0,
            loose: false,
            links: Vec::new(),
            table: None,
            code: false,
        }
    }

    fn style(&self) -> Style {
        self.styles.iter().fold(self.text_style.text(), |style, more| style.patch(*more))
    }

    fn say(&mut self, text: &str, style: Style) {
        match &mut self.table {
            Some(rows) => {
                if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                    cell.push_str(text);
                }
            }
            None => self.inline.push((text.to_owned(), style)),
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.say(&text, self.style()),
            Event::Code(text) => self.say(&text, self.style().patch(self.text_style.style(StyleRole::Code))),
            Event::SoftBreak => self.say(" ", self.style()),
            Event::HardBreak => self.say("\n", self.style()),
            Event::Rule => {
                self.flush();
                let rule = "─".repeat(self.text_style.cells().min(24));
                self.rows.push(TextRow::styled(rule, self.text_style.style(StyleRole::Dim)));
            }
            Event::TaskListMarker(done) => self.say(if done { "☑ " } else { "☐ " }, self.style()),
            Event::FootnoteReference(name) => self.say(&format!("[{name}]"), self.style()),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph if self.loose => self.rows.push(TextRow::default()),
            Tag::Heading { .. } => self.styles.push(self.text_style.style(StyleRole::Heading)),
            Tag::BlockQuote(_) => {
                self.flush();
                self.quotes += 1;
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = true;
                self.styles.push(self.text_style.style(StyleRole::Code));
            }
            Tag::List(start) => {
                self.flush();
                self.lists.push(start);
            }
            Tag::Item => {
                self.flush();
                self.loose = false;
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "• ".to_owned(),
                };
                self.indents.push(self.indent);
                self.indent += width(&marker);
                self.marker = Some(marker);
            }
            Tag::Emphasis => self.styles.push(Style::new().add_modifier(Modifier::ITALIC)),
            Tag::Strong => self.styles.push(Style::new().add_modifier(Modifier::BOLD)),
            Tag::Strikethrough => self.styles.push(Style::new().add_modifier(Modifier::CROSSED_OUT)),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.into_string(), self.inline.len()));
                self.styles.push(self.text_style.style(StyleRole::Link));
            }
            Tag::Table(_) => {
                self.flush();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => self.table.get_or_insert_default().push(Vec::new()),
            Tag::TableCell => {
                if let Some(row) = self.table.get_or_insert_default().last_mut() {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                self.flush();
                self.loose = !self.lists.is_empty();
            }
            TagEnd::Heading(_) => {
                self.flush();
                self.styles.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes -= 1;
            }
            TagEnd::CodeBlock => {
                self.flush();
                self.code = false;
                self.styles.pop();
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Item => {
                self.flush();
                self.marker = None;
                self.indent = self.indents.pop().unwrap_or(0);
                self.loose = false;
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                self.styles.pop();
                let Some((url, from)) = self.links.pop() else { return };
                let shown: String =
                    self.inline.get(from..).unwrap_or(&[]).iter().map(|(text, _)| text.as_str()).collect();
                if shown != url && !url.is_empty() {
                    self.say(&format!(" ({url})"), self.text_style.style(StyleRole::Dim));
                }
            }
            TagEnd::Table => {
                let rows = self.table.take().unwrap_or_default();
                self.rows.extend(table(&rows, self.text_style));
            }
            _ => {}
        }
    }

    /// Breaks the collected text into the rows of one paragraph.
    fn flush(&mut self) {
        if self.inline.is_empty() && self.marker.is_none() {
            return;
        }
        if let Some((last, _)) = self.inline.last_mut().filter(|_| self.code) {
            last.truncate(last.trim_end_matches('\n').len());
        }
        let marker = self.marker.take();
        let outer = self.indents.last().copied().unwrap_or(0);
        let quote = Span::styled("▎ ".repeat(self.quotes), self.text_style.style(StyleRole::Dim));
        let prefix = |text: String| {
            let both = [quote.clone(), Span::styled(text, self.text_style.style(StyleRole::Dim))];
            both.into_iter().filter(|span| !span.content.is_empty()).collect::<Vec<_>>()
        };
        let rest = prefix(" ".repeat(self.indent));
        let first = marker.map_or_else(|| rest.clone(), |marker| prefix(" ".repeat(outer) + &marker));
        let pieces: Vec<_> = self.inline.iter().map(|(text, style)| (text.as_str(), *style)).collect();
        self.rows.extend(wrap(&pieces, self.text_style.cells(), &RowPrefix { first, rest }));
        self.inline.clear();
    }
}

/// The text of a cell, in one line.
fn cell(row: &[String], column: usize) -> String {
    row.get(column).map_or("", String::as_str).replace('\n', " ")
}

/// The width of each column of a table.
fn column_widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    (0..columns).map(|c| rows.iter().map(|row| width(&cell(row, c))).max().unwrap_or(0).max(1)).collect()
}

/// The cells that a table needs to be shown whole.
pub fn table_width(rows: &[Vec<String>]) -> usize {
    let widths = column_widths(rows);
    widths.iter().sum::<usize>() + 3 * widths.len().saturating_sub(1)
}

/// The rows of a table. If it is too wide, the widest columns are cut first.
pub fn table(rows: &[Vec<String>], text_style: TextStyle) -> Vec<TextRow> {
    let mut widths = column_widths(rows);
    let columns = widths.len();
    if columns == 0 {
        return Vec::new();
    }
    let room = text_style.cells().saturating_sub(3 * (columns - 1));
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max().filter(|widest| **widest > 1) {
            Some(widest) => *widest -= 1,
            None => break,
        }
    }
    let edge = text_style.style(StyleRole::Dim);
    let mut out = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let style = if index == 0 { text_style.style(StyleRole::Heading) } else { text_style.text() };
        let mut spans = Vec::new();
        let mut used = 0;
        for (column, cells) in widths.iter().enumerate() {
            if used + cells > text_style.cells() {
                break;
            }
            if column > 0 {
                spans.push(Span::styled(" │ ", edge));
            }
            let text = clip(&cell(row, column), *cells);
            let pad = " ".repeat(cells - width(&text));
            spans.push(Span::styled(text + &pad, style));
            used += cells + 3;
        }
        out.push(TextRow::from(spans));
        if index == 0 {
            let rule: Vec<_> = widths.iter().map(|cells| "─".repeat(*cells)).collect();
            out.push(TextRow::styled(clip(&rule.join("─┼─"), text_style.cells()), edge));
        }
    }
    out
}
