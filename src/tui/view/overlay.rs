//! Draws the open overlay over the panes.

mod chain;
mod compare;
mod compare_set;
mod demos;
mod draft;
mod faults;
mod finder;
mod grid;
mod health;
mod history;
mod save_settings;
mod text_popup;

use super::chrome::{draw_rows, open};
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::faults::BelowPicker;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::plain;
use ratatui::Frame;
use std::time::Duration;

/// Draws the overlay, if one is open.
pub(super) fn draw(app: &App, now: Duration, f: &mut Frame<'_>) {
    match &app.overlay {
        None => {}
        Some(Overlay::Headers(popup)) => text_popup::draw(app, popup, "headers of every attempt", f),
        Some(Overlay::Faults(faults)) => {
            match faults.below {
                BelowPicker::Panes => {}
                BelowPicker::Chain => chain::draw(app, f),
                BelowPicker::Grid => grid::draw(app, f),
            }
            faults::draw(app, faults, f);
        }
        Some(Overlay::Chain) => chain::draw(app, f),
        Some(Overlay::Finder(finder)) => finder::draw(app, finder, f),
        Some(Overlay::Attempt(attempt)) => text_popup::draw(app, &attempt.popup, &format!("attempt {}", attempt.id), f),
        Some(Overlay::Health(selected)) => health::draw(app, *selected, now, f),
        Some(Overlay::History(selected)) => history::draw(app, *selected, now, f),
        Some(Overlay::DemoPreview(_, popup)) => text_popup::draw(app, popup, "use this answer as a demo?", f),
        Some(Overlay::Demos(selected)) => demos::draw(app, *selected, f),
        Some(Overlay::Demo(selected, popup)) => text_popup::draw(app, popup, &format!("demo {}", selected + 1), f),
        Some(Overlay::Composed(popup)) => text_popup::draw(app, popup, "the request as it would be sent", f),
        Some(Overlay::Draft(draft)) => draft::draw(app, draft, f),
        Some(Overlay::Compare(compare)) => compare::draw(app, compare, now, f),
        Some(Overlay::CompareSet(selected)) => compare_set::draw(app, *selected, f),
        Some(Overlay::Grid) => grid::draw(app, f),
        Some(Overlay::SaveSettings(dialog)) => save_settings::draw(app, dialog, f),
        Some(Overlay::Leave) => leave(app, f),
    }
}

fn leave(app: &App, f: &mut Frame<'_>) {
    let mut losses = app.losses();
    if losses.is_empty() {
        // What was in progress has ended meanwhile.
        losses.push("Nothing is lost.");
    }
    let room = open(app, f, "quit?", "", 52, losses.len() as u16 + 4);
    let text = format!("{}\n\nEnter quits, Esc stays.", losses.join("\n"));
    let rows = plain(&text, app.theme().style(StyleRole::Text), usize::from(room.width));
    draw_rows(f, room, &rows);
}
