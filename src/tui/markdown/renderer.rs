//! Unit after unit into rows. Knows what one unit leaves to the next; must not know which rows are kept.

use super::code::Highlighter;
use super::prose;
use super::text_style::TextStyle;
use super::units::{Fence, Unit, next};
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, TextRow, wrap};

/// What rendering remembers from one unit to the next: whoever has a copy of it can go on from there.
#[derive(Clone, Debug, Default)]
pub(super) struct UnitRenderer {
    fence: Option<(Fence, Highlighter)>,
    /// A blank line is owed before the next row.
    gap: bool,
    /// Rows stand before those to come.
    begun: bool,
}

impl UnitRenderer {
    /// Sets the unit that `rest` begins with, once nothing that follows can change it. Its length in bytes.
    pub(super) fn unit(&mut self, rest: &str, text_style: TextStyle, rows: &mut Vec<TextRow>) -> Option<usize> {
        let (unit, length) = next(rest, self.fence.as_ref().map(|(fence, _)| fence))?;
        self.set(&unit, &rest[..length], text_style, rows);
        Some(length)
    }

    /// What is no whole unit yet. It may still become something else, so nothing is remembered of it.
    pub(super) fn tail(&self, text: &str, text_style: TextStyle) -> Vec<TextRow> {
        let mut rows = Vec::new();
        if !text.is_empty() {
            let unit = match &self.fence {
                Some((fence, _)) if fence.closes(text) => Unit::Close,
                Some(_) => Unit::CodeLine,
                None => Unit::Prose,
            };
            self.clone().set(&unit, text, text_style, &mut rows);
        }
        rows
    }

    fn set(&mut self, unit: &Unit, text: &str, text_style: TextStyle, rows: &mut Vec<TextRow>) {
        let before = rows.len();
        let edge = text_style.style(StyleRole::Dim);
        match unit {
            Unit::Prose => {
                if !text.trim().is_empty() {
                    self.pay_gap(rows);
                    rows.extend(prose::render(text, text_style));
                }
                self.gap = text.trim().is_empty() || text.ends_with("\n\n") || ends_blank(text);
            }
            Unit::Open(fence) => {
                self.pay_gap(rows);
                let label =
                    if fence.language.is_empty() { "┌─".to_owned() } else { format!("┌─ {}", fence.language) };
                rows.extend(wrap(&[(&label, edge)], text_style.cells(), &RowPrefix::default()));
                self.fence = Some((fence.clone(), Highlighter::new(&fence.language)));
            }
            Unit::CodeLine => {
                let Some((_, painter)) = &mut self.fence else { return };
                let line = text.trim_end_matches('\n');
                let pieces: Vec<_> = painter.paint(line).map(|(piece, role)| (piece, text_style.style(role))).collect();
                rows.extend(wrap(&pieces, text_style.cells(), &RowPrefix::all("│ ", edge)));
            }
            Unit::Close => {
                rows.extend(wrap(&[("└─", edge)], text_style.cells(), &RowPrefix::default()));
                self.fence = None;
                self.gap = false;
            }
        }
        self.begun |= rows.len() > before;
    }

    fn pay_gap(&mut self, rows: &mut Vec<TextRow>) {
        if std::mem::take(&mut self.gap) && self.begun {
            rows.push(TextRow::default());
        }
    }
}

/// Whether the text ends with a line of blanks alone.
fn ends_blank(text: &str) -> bool {
    let mut lines = text.rsplit('\n');
    lines.next() == Some("") && lines.next().is_some_and(|line| line.trim().is_empty())
}
