//! Renders units into rows, one after the other. Knows the state between two units; must not know which rows are kept.

use super::code::Highlighter;
use super::prose;
use super::text_style::TextStyle;
use super::units::{Fence, Unit, next};
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, TextRow, wrap};

/// The state between two units. Rendering can continue from a copy of it.
#[derive(Clone, Debug, Default)]
pub(super) struct UnitRenderer {
    fence: Option<(Fence, Highlighter)>,
    /// Whether a blank row comes before the next row.
    gap: bool,
    /// Whether any row has been rendered.
    begun: bool,
}

impl UnitRenderer {
    /// Renders the unit at the start of `rest` and returns its length in bytes. `None` if later text may still change the
    /// unit.
    pub(super) fn unit(&mut self, rest: &str, text_style: TextStyle, rows: &mut Vec<TextRow>) -> Option<usize> {
        let (unit, length) = next(rest, self.fence.as_ref().map(|(fence, _)| fence))?;
        self.render(&unit, &rest[..length], text_style, rows);
        Some(length)
    }

    /// Renders an incomplete unit. Later text may change it, so the state stays as it is.
    pub(super) fn tail(&self, text: &str, text_style: TextStyle) -> Vec<TextRow> {
        let mut rows = Vec::new();
        if !text.is_empty() {
            let unit = match &self.fence {
                Some((fence, _)) if fence.closes(text) => Unit::Close,
                Some(_) => Unit::CodeLine,
                None => Unit::Prose,
            };
            self.clone().render(&unit, text, text_style, &mut rows);
        }
        rows
    }

    fn render(&mut self, unit: &Unit, text: &str, text_style: TextStyle, rows: &mut Vec<TextRow>) {
        let before = rows.len();
        let edge = text_style.style(StyleRole::Dim);
        match unit {
            Unit::Prose => {
                if !text.trim().is_empty() {
                    self.push_gap(rows);
                    rows.extend(prose::render(text, text_style));
                }
                self.gap = text.trim().is_empty() || text.ends_with("\n\n") || ends_blank(text);
            }
            Unit::Open(fence) => {
                self.push_gap(rows);
                let label =
                    if fence.language.is_empty() { "┌─".to_owned() } else { format!("┌─ {}", fence.language) };
                rows.extend(wrap(&[(&label, edge)], text_style.cells(), &RowPrefix::default()));
                self.fence = Some((fence.clone(), Highlighter::new(&fence.language)));
            }
            Unit::CodeLine => {
                let Some((_, highlighter)) = &mut self.fence else { return };
                let line = text.trim_end_matches('\n');
                let pieces: Vec<_> =
                    highlighter.highlight(line).map(|(piece, role)| (piece, text_style.style(role))).collect();
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

    fn push_gap(&mut self, rows: &mut Vec<TextRow>) {
        if std::mem::take(&mut self.gap) && self.begun {
            rows.push(TextRow::default());
        }
    }
}

/// Whether the last line of the text is blank.
fn ends_blank(text: &str) -> bool {
    let mut lines = text.rsplit('\n');
    lines.next() == Some("") && lines.next().is_some_and(|line| line.trim().is_empty())
}
