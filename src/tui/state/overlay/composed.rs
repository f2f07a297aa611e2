//! The popup with the request as it would be sent, and the highest cost of the run.

use super::attempt::PopupWriter;
use super::text_popup::{TextPopup, cells};
use crate::dspy::Module;
use crate::tui::effect::ComposedRequest;
use crate::tui::theme::{StyleRole, Theme};

/// The popup of a composed request.
pub fn popup(composed: &ComposedRequest, module: Module, screen_width: u16, theme: Theme) -> TextPopup {
    let mut w = PopupWriter::new(cells(screen_width), theme);
    w.head("highest cost of one call, in USD");
    let price = |usd: Option<f64>| usd.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd:.6}"));
    for (model, usd) in &composed.worst {
        w.pair(&price(*usd), model, if usd.is_some() { StyleRole::Text } else { StyleRole::Warn });
    }
    let calls = module.calls();
    let sum = composed.worst.iter().map(|(_, usd)| *usd).sum::<Option<f64>>().map(|usd| usd * calls as f64);
    let what = match calls {
        1 => "if every model is asked once".to_owned(),
        n => format!("if every model is asked once in each of the {n} calls of {module}"),
    };
    w.pair(&price(sum), &what, StyleRole::Number);
    w.request(&composed.request);
    TextPopup { rows: w.rows, top: 0 }
}
