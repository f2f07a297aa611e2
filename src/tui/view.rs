//! Draws the state. It takes the state by shared reference, so it cannot change it.

mod answer;
mod banner;
mod chrome;
mod log;
mod overlay;
mod prompt;
mod signatures;
mod status;
mod timeline;
mod tour;
mod traffic;

use super::keymap::Action;
use super::keymap::action::PaneAction;
use super::layout::{Layout, LayoutKind, Pane, SMALLEST};
use super::state::app::App;
use super::theme::StyleRole;
use super::wrap::{plain, width};
use ratatui::Frame;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Draws one frame at the time `now`.
pub fn draw(app: &App, now: Duration, f: &mut Frame<'_>) {
    let layout = app.screen.layout;
    if layout.kind == LayoutKind::Tiny || layout.body.intersection(f.area()) != layout.body {
        return too_small(app, f);
    }
    status::top(app, f);
    tabs(app, &layout, f);
    banner::draw(app, f);
    answer::draw(app, now, f);
    log::draw(app, now, f);
    prompt::draw(app, f);
    traffic::draw(app, now, f);
    signatures::draw(app, f);
    status::line(app, now, f);
    status::hints(app, f);
    overlay::draw(app, now, f);
    tour::draw(app, f);
}

fn too_small(app: &App, f: &mut Frame<'_>) {
    let area = f.area();
    let (w, h) = SMALLEST;
    let text =
        format!("Switchover needs {w}×{h} cells; this is {}×{}. Make the window larger.", area.width, area.height);
    let rows = plain(&text, app.theme().style(StyleRole::Text), usize::from(area.width));
    for (row, y) in rows.iter().zip(area.y..area.bottom()) {
        f.buffer_mut().set_line(area.x, y, row, area.width);
    }
}

fn tabs(app: &App, layout: &Layout, f: &mut Frame<'_>) {
    if layout.tabs.is_empty() {
        return;
    }
    let theme = app.theme();
    let mut spans = Vec::new();
    let panes = app.tabs();
    let go = |pane| match pane {
        Pane::Prompt => PaneAction::GoToPrompt,
        Pane::Signatures => PaneAction::GoToSignatures,
        Pane::Answer => PaneAction::GoToAnswer,
        Pane::Log => PaneAction::GoToLog,
        Pane::Traffic => PaneAction::GoToTraffic,
    };
    let key = |action| app.keymap.key(Action::Pane(action));
    let tab = |pane: &Pane| (*pane, format!(" {} {} ", key(go(*pane)), pane.title()));
    let mut tabs: Vec<(Pane, String)> = panes.iter().map(tab).collect();
    if tabs.iter().map(|(_, text)| width(text)).sum::<usize>() > usize::from(layout.tabs.width) {
        // The keys are left out where they do not fit; Tab and Shift+Tab lead there as well.
        tabs = panes.into_iter().map(|pane| (pane, format!(" {} ", pane.title()))).collect();
    }
    for (pane, text) in tabs {
        let style = theme.style(if pane == app.screen.focus { StyleRole::Selected } else { StyleRole::Dim });
        spans.push(Span::styled(text, style));
    }
    f.buffer_mut().set_line(layout.tabs.x, layout.tabs.y, &Line::from(spans), layout.tabs.width);
}
