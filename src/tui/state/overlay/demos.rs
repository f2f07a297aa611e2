//! The demos: examples that are sent with the next run, in this order.

use super::sheet::{Sheet, cells};
use crate::dspy::Demo;
use crate::tui::theme::{Role, Theme};
use crate::tui::wrap::{Lead, wrap};
use serde_json::Value;

/// A value as text: a string without quotes, anything else as JSON.
pub(in crate::tui) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The whole of one, field by field.
pub fn sheet(demo: &Demo, screen: u16, theme: Theme) -> Sheet {
    let mut rows = Vec::new();
    for (name, value) in demo {
        rows.extend(wrap(&[(name.as_str(), theme.style(Role::Heading))], cells(screen), &Lead::default()));
        let value = crate::text::clean(&shown(value)).into_owned();
        let style = theme.style(Role::Text);
        for line in value.lines() {
            rows.extend(wrap(&[(line, style)], cells(screen), &Lead::all("  ", style)));
        }
    }
    Sheet { rows, top: 0 }
}
