//! The chain editor: the models in the order in which they are asked.

use crate::failover::Failover;
use crate::openrouter::settings::Provider;
use crate::transcript::model_name;
use crate::tui::state::app::App;
use crate::tui::state::model::Providers;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{footer, list, open};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, f: &mut Frame<'_>) {
    let theme = app.theme();
    let height = (app.next.chain.len() as u16).saturating_add(6).min(app.screen.layout.body.height);
    let room = open(app, f, "fallback chain", "asked from the top", 112, height.max(8));
    if app.next.chain.is_empty() {
        let line = Line::styled("Empty: a adds a model.", theme.style(StyleRole::Warn));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
    }
    list(
        app,
        f,
        Rect { height: room.height.saturating_sub(3), ..room },
        app.next.selected,
        app.next.chain.len(),
        |i| {
            let entry = &app.next.chain[i];
            let about = app.models.find(&entry.model).map_or("", |model| model.about.as_str());
            let fault = entry.fault.as_ref().map(|fault| format!("  ✗{fault}")).unwrap_or_default();
            let price = app.price_warning(i).map(|warning| format!("  {warning}")).unwrap_or_default();
            let status = app.models.providers.get(&entry.model).and_then(Providers::summary);
            let (up, is_good) = status.map_or((String::new(), true), |(text, is_good)| (format!("  {text}"), is_good));
            let open = app.health.breaker(&entry.model);
            let open = if matches!(open, Some(crate::failover::BreakerState::Open { .. })) {
                "  ◇ breaker open"
            } else {
                ""
            };
            Line::from(vec![
                Span::styled(format!("{}. ", i + 1), theme.style(StyleRole::Dim)),
                Span::styled(entry.model.clone(), theme.style(StyleRole::Text)),
                Span::styled(fault, theme.style(StyleRole::Bad)),
                Span::styled(open, theme.style(StyleRole::Warn)),
                Span::styled(up, theme.style(if is_good { StyleRole::Good } else { StyleRole::Bad })),
                Span::styled(price, theme.style(StyleRole::Warn)),
                Span::styled(format!("  {about}"), theme.style(StyleRole::Dim)),
            ])
        },
    );
    let selected = app.next.chain.get(app.next.selected);
    if let Some(providers) = selected.and_then(|entry| app.models.providers.get(&entry.model)) {
        footer(app, f, room, 3, &providers.line());
    }
    let primary = app.next.chain.first().map_or("no model", |entry| model_name(&entry.model));
    let rule = match app.next.policy.failover {
        Failover::Strict => "strict: no other model is asked",
        Failover::Server => "the server falls back to the others",
        Failover::Client => "the others only when it fails",
    };
    let hedge = if app.next.policy.hedge { "; hedged: the next one beside a slow one" } else { "" };
    footer(app, f, room, 2, &format!("{primary} is asked first; {rule}{hedge}."));
    footer(app, f, room, 1, &providers(app));
}

/// The provider preferences as JSON, as they are sent.
fn providers(app: &App) -> String {
    match serde_json::to_string(&app.next.settings.provider) {
        _ if app.next.settings.provider == Provider::default() => "providers: the server decides.".to_owned(),
        Ok(chosen) => format!("providers: {chosen}"),
        Err(_) => String::new(),
    }
}
