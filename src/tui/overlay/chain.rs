//! The chain editor: who is asked, in which order.

use super::open;
use crate::openrouter::settings::Provider;
use crate::transcript::model_name;
use crate::tui::app::App;
use crate::tui::draw::window;
use crate::tui::theme::Role;
use crate::tui::wrap::clip;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws the editor.
pub fn draw(app: &App, f: &mut Frame<'_>) {
    let theme = app.colours();
    let height = (app.chain.len() as u16).saturating_add(5).min(app.layout.body.height);
    let room = open(app, f, "fallback chain", "asked from the top", 72, height.max(7));
    if app.chain.is_empty() {
        let line = Line::styled("Empty: a adds a model.", theme.style(Role::Warn));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
    }
    let dear = app.dear();
    for (i, y) in window(app.link, app.chain.len(), room.height.saturating_sub(2)).zip(room.y..room.bottom()) {
        let place = &app.chain[i];
        let about = app.model(&place.model).map_or("", |model| model.about.as_str());
        let fault = place.fault.as_ref().map(|fault| format!("  ✗{fault}")).unwrap_or_default();
        let open = app.board.gauges.iter().find(|gauge| gauge.name == place.model).and_then(|gauge| gauge.breaker);
        let open =
            if matches!(open, Some(crate::failover::BreakerState::Open { .. })) { "  ◇ breaker open" } else { "" };
        let line = Line::from(vec![
            Span::styled(format!("{}. ", i + 1), theme.style(Role::Dim)),
            Span::styled(place.model.clone(), theme.style(Role::Text)),
            Span::styled(fault, theme.style(Role::Bad)),
            Span::styled(open, theme.style(Role::Warn)),
            Span::styled(if dear.contains(&i) { "  $ far dearer, or unknown" } else { "" }, theme.style(Role::Warn)),
            Span::styled(format!("  {about}"), theme.style(Role::Dim)),
        ]);
        f.buffer_mut().set_line(room.x, y, &line, room.width);
        if i == app.link {
            f.buffer_mut().set_style(Rect { y, height: 1, ..room }, theme.style(Role::Selected));
        }
    }
    let primary = app.chain.first().map_or("nobody", |link| model_name(&link.model));
    let rule = match (app.policy.strict, app.policy.server_side) {
        (true, _) => "strict: nobody else is asked",
        (_, true) => "the server falls back to the others",
        _ => "the others only when it fails",
    };
    let hedge = if app.policy.hedge { "; hedged: the next one beside a slow one" } else { "" };
    let foot = clip(&format!("{primary} is asked first; {rule}{hedge}."), room.width.into());
    for (foot, up) in [(foot, 2), (clip(&providers(app), room.width.into()), 1)] {
        let y = room.bottom().saturating_sub(up);
        f.buffer_mut().set_line(room.x, y, &Line::styled(foot, theme.style(Role::Dim)), room.width);
    }
}

/// Which providers the service may choose from, in its own words.
fn providers(app: &App) -> String {
    match serde_json::to_string(&app.settings.provider) {
        _ if app.settings.provider == Provider::default() => "providers: the service's own choice.".to_owned(),
        Ok(chosen) => format!("providers: {chosen}"),
        Err(_) => String::new(),
    }
}
