//! Demos as text: in one line for the list, and in full.

use super::text_popup::{TextPopup, cells};
use crate::dspy::Demo;
use crate::text::value_text;
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::wrap::{RowPrefix, wrap};

/// The popup with a whole demo, field by field.
pub fn popup(demo: &Demo, screen_width: u16, theme: Theme) -> TextPopup {
    let mut rows = Vec::new();
    for (name, value) in demo {
        rows.extend(wrap(
            &[(name.as_str(), theme.style(StyleRole::Heading))],
            cells(screen_width),
            &RowPrefix::default(),
        ));
        let value = crate::text::clean(&value_text(value)).into_owned();
        let style = theme.style(StyleRole::Text);
        for line in value.lines() {
            rows.extend(wrap(&[(line, style)], cells(screen_width), &RowPrefix::all("  ", style)));
        }
    }
    TextPopup { rows, top: 0 }
}
