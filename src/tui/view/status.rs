//! The three lines around the panes: the top line, the status line and the hint line.

use crate::failover::Failover;
use crate::text::counted;
use crate::transcript::{Attempt, Transcript, model_name, seconds};
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{PaneAction, PlaygroundAction};
use crate::tui::layout::LayoutKind;
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::runs::{RunSource, ShownRun};
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, TextRow, clip, clip_line, width, wrap};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// The badge of the simulator, from long to short.
const BADGE: [&str; 3] = [
    " SIMULATOR — set OPENROUTER_API_KEY to use the real service ",
    " SIMULATOR — set OPENROUTER_API_KEY ",
    " SIMULATOR ",
];

/// How to get out and to the help: hints that are shown at every width.
const LAST: [&str; 3] = ["close", "help", "quit"];

/// Draws the top line: name, signature, module and adapter, with the badge at the right.
pub(super) fn top(app: &App, f: &mut Frame<'_>) {
    let area = app.screen.layout.top;
    let theme = app.theme();
    let name =
        if app.next.signature.name.is_empty() { app.next.signature.inline() } else { app.next.signature.name.clone() };
    let replay = app.runs.shown.as_ref().is_some_and(ShownRun::is_replay);
    let badge = BADGE.iter().filter(|_| app.server.simulated).find(|text| width(text) + 58 <= usize::from(area.width));
    // The shortest one has its place in any case: nobody may take the simulator's answers for real ones.
    let badge = badge.or(BADGE.last().filter(|_| app.server.simulated));
    let badge = if replay { " REPLAY " } else { badge.copied().unwrap_or_default() };
    let room = usize::from(area.width).saturating_sub(width(badge) + 1);
    let key = |action| format!("{} ", app.keymap.key(action));
    // Where the pane of the signatures is hidden, its key stands before the name.
    let pane = if app.screen.layout.kind == LayoutKind::Wide && !app.display.presenter {
        String::new()
    } else {
        key(Action::Pane(PaneAction::GoToSignatures))
    };
    let (module, adapter) =
        (key(Action::Playground(PlaygroundAction::Module)), key(Action::Playground(PlaygroundAction::Adapter)));
    let (dim, title) = (theme.style(StyleRole::Dim), theme.style(StyleRole::Title));
    let line = Line::from(vec![
        Span::styled(" Switchover  ", title),
        Span::styled(pane, dim),
        Span::styled(name, title),
        Span::styled(format!(" · {module}"), dim),
        Span::styled(app.next.module.to_string(), title),
        Span::styled(format!(" · {adapter}"), dim),
        Span::styled(app.next.adapter.to_string(), title),
    ]);
    f.buffer_mut().set_line(area.x, area.y, &clip_line(line, room), area.width);
    right(f, area, badge, theme.style(StyleRole::Badge));
}

fn right(f: &mut Frame<'_>, area: Rect, text: &str, style: ratatui::style::Style) {
    let x = area.right().saturating_sub(width(text) as u16);
    f.buffer_mut().set_line(x, area.y, &Line::styled(text.to_owned(), style), area.width);
}

/// The chain with its faults, who answers, tokens, cost, time; or something to say.
pub(super) fn line(app: &App, now: Duration, f: &mut Frame<'_>) {
    let area = app.screen.layout.status;
    let theme = app.theme();
    if app.notice.is_some() {
        for (row, y) in notice(app).iter().zip([area.y, app.screen.layout.hints.y]) {
            f.buffer_mut().set_line(area.x, y, row, area.width);
        }
        return;
    }
    let word = |text: String, role| Span::styled(format!(" · {text}"), theme.style(role));
    let elsewhere = app.next.elsewhere.iter().filter_map(|entry| Some((entry, entry.fault.as_ref()?)));
    let broken = elsewhere.map(|(entry, fault)| word(format!("{} ✗{fault}", model_name(&entry.model)), StyleRole::Bad));
    let modes = modes(app).into_iter().map(|mode| word(mode, StyleRole::Warn));
    let mut words: Vec<Span<'_>> = broken.chain(modes).collect();
    let cells = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let lead = Span::styled(" chain ", theme.style(StyleRole::Dim));
    let brief = gateway(app, 0).map_or(0, |gateway| width(&gateway) + 3);
    let least = lead.width() + cells(&words) + cells(&chain(app, 0)) + brief;
    let numbers = numbers(app, now, usize::from(area.width).saturating_sub(least + 1));
    let room = usize::from(area.width).saturating_sub(width(&numbers) + 1);
    let spare = room.saturating_sub(lead.width() + cells(&words) + cells(&chain(app, usize::MAX)));
    let mut first = Vec::new();
    if let Some(gateway) = gateway(app, spare) {
        let accent = theme.style(StyleRole::Accent);
        // Where there is little room, what is last may be cut off.
        if area.width < 80 {
            first = vec![Span::styled(format!(" {gateway}"), accent), Span::styled(" ·", theme.style(StyleRole::Dim))];
        } else {
            words.push(word(gateway, StyleRole::Accent));
        }
    }
    let left = room.saturating_sub(lead.width() + cells(&first) + cells(&words));
    let line: Line<'_> = first.into_iter().chain([lead]).chain(chain(app, left)).chain(words).collect();
    f.buffer_mut().set_line(area.x, area.y, &clip_line(line, room), area.width);
    right(f, area, &numbers, theme.style(StyleRole::Dim));
}

/// The notice in one row, or in two where it is longer: then the second one takes the place of the hints.
fn notice(app: &App) -> Vec<TextRow> {
    let Some(notice) = &app.notice else { return Vec::new() };
    let style = app.theme().style(StyleRole::Warn);
    let cells = usize::from(app.screen.layout.status.width.saturating_sub(2).max(1));
    let mut rows = wrap(&[(notice, style)], cells, &RowPrefix::all(" ", style));
    if rows.len() > 2 {
        rows.truncate(1);
        let rest = notice.get(rows[0].to_string().trim().len()..).unwrap_or_default();
        rows.push(TextRow::styled(clip(&format!(" {}", rest.trim()), cells + 1), style));
    }
    rows
}

/// The models of the chain with their faults, in at most `cells` cells if possible. Models that do not fit are counted:
/// `a › b › +2`. The model that answers is always among those that are shown.
fn chain(app: &App, cells: usize) -> Vec<Span<'static>> {
    let theme = app.theme();
    let answering = app.transcript().and_then(Transcript::shown).map(Attempt::answering);
    let is_answering = |i: usize| answering == Some(app.next.chain[i].model.as_str());
    let entry = |i: usize| {
        let entry = &app.next.chain[i];
        let (role, mark) = if is_answering(i) { (StyleRole::Accent, "●") } else { (StyleRole::Text, "") };
        let name = Span::styled(format!("{mark}{}", model_name(&entry.model)), theme.style(role));
        let fault = entry.fault.as_ref().map(|fault| Span::styled(format!(" ✗{fault}"), theme.style(StyleRole::Bad)));
        std::iter::once(name).chain(fault).collect::<Vec<_>>()
    };
    let dim = |text: String| Span::styled(text, theme.style(StyleRole::Dim));
    let all = app.next.chain.len();
    let answers = (0..all).find(|i| is_answering(*i));
    // With fewer and fewer models from the front, until the line fits.
    (1..=all)
        .rev()
        .map(|shown| {
            let last = answers.filter(|i| *i >= shown);
            let mut spans: Vec<Span<'static>> = Vec::new();
            for i in (0..shown).chain(last) {
                let gap = if i > shown { " › … › " } else { " › " };
                spans.extend((i > 0).then(|| dim(gap.to_owned())));
                spans.extend(entry(i));
            }
            let hidden = all - last.map_or(shown, |last| last + 1);
            spans.extend((hidden > 0).then(|| dim(format!(" › +{hidden}"))));
            spans
        })
        .reduce(|longer, shorter| if longer.iter().map(Span::width).sum::<usize>() <= cells { longer } else { shorter })
        .unwrap_or_default()
}

/// Modes of the chain and settings that are not the default, and the number of demos.
fn modes(app: &App) -> Vec<String> {
    let mode = match app.next.policy.failover {
        Failover::Strict => Some("strict: no fallback"),
        Failover::Server => Some("server falls back"),
        Failover::Client => None,
    };
    let hedge = app.next.policy.hedge.then_some("hedged");
    let mut unusual = app.next.unusual();
    let most = if app.screen.size.0 >= 100 { 3 } else { 1 };
    if unusual.len() > most {
        let rest = unusual.len() - most;
        unusual.truncate(most);
        unusual.push(format!("+{rest} set"));
    }
    let demos = (!app.next.demos.is_empty()).then(|| counted(app.next.demos.len(), "demo"));
    mode.into_iter().chain(hedge).map(str::to_owned).chain(unusual).chain(demos).collect()
}

/// Where the gateway listens, and how many requests are in progress; in brief if that takes more than `cells`.
fn gateway(app: &App, cells: usize) -> Option<String> {
    let address = app.traffic.address()?;
    let count = app.traffic.in_progress;
    let port = address.rsplit_once(':').map_or(address, |(_, port)| port);
    let (long, brief) = match count {
        0 => (format!("gateway {address}"), format!("gateway :{port}")),
        _ => (format!("gateway {address}, {count} in progress"), format!("gateway :{port} …{count}")),
    };
    Some(if width(&long) + 3 <= cells { long } else { brief })
}

/// Tokens, cost and time of the run, and the cost of the session if all of it fits in this many cells.
fn numbers(app: &App, now: Duration, cells: usize) -> String {
    let Some(run) = &app.runs.shown else { return String::new() };
    let transcript = &run.transcript;
    let count = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let (into, out) = transcript.tokens();
    let tokens =
        if into.or(out).is_some() { format!("{}→{} tokens · ", count(into), count(out)) } else { String::new() };
    let spend = transcript.spend();
    let cost = match transcript.finished {
        None => String::new(),
        Some(_) if app.screen.size.0 >= 100 => format!("{spend} · "),
        Some(_) => format!("{spend:#} · "),
    };
    let all = app.runs.session();
    let session = match transcript.finished {
        Some(_) if app.screen.size.0 >= 100 && all != spend => format!("session {all:#} · "),
        _ => String::new(),
    };
    let origin = match run.source {
        RunSource::Worker | RunSource::Traffic => "",
        RunSource::History => "from history · ",
        RunSource::Replay | RunSource::EndedReplay => "replay, no network · ",
    };
    let time = seconds(run.clock(now));
    let all = format!("{origin}{tokens}{cost}{session}{time} ");
    // The chain is worth more than the sum of the session.
    if width(&all) <= cells { all } else { format!("{origin}{tokens}{cost}{time} ") }
}

/// Draws the hint line: the keys that apply now; in presenter mode also the keys that were pressed.
pub(super) fn hints(app: &App, f: &mut Frame<'_>) {
    let area = app.screen.layout.hints;
    let theme = app.theme();
    if notice(app).len() > 1 {
        return;
    }
    let shown_keys = app.display.pressed_keys.iter().filter(|_| app.display.presenter);
    let pressed: Vec<Span<'_>> = shown_keys
        .flat_map(|key| [Span::styled(format!(" {key} "), theme.style(StyleRole::Selected)), Span::raw(" ")])
        .collect();
    let pressed = Line::from(pressed);
    let room = usize::from(area.width).saturating_sub(pressed.width() + 1);
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    let mut hints = app.keymap.hints(&app.contexts());
    // While a run is on, how to stop it comes first; beside the traffic, how to break a model.
    let beside_traffic = app.screen.focus == Pane::Traffic;
    hints.sort_by_key(|(_, word)| match *word {
        "cancel" if app.busy() => 0,
        "break" if beside_traffic => 1,
        _ => 2,
    });
    hints.retain(|(_, word)| *word != "cancel" || app.busy());
    let hints: Vec<(String, &str)> = hints.into_iter().map(|(key, word)| (key.to_string(), word)).collect();
    let cells = |(key, word): &(String, &str)| width(key) + 1 + width(word) + 2;
    // They have their place at every width.
    let last: Vec<_> = hints.iter().filter(|(_, word)| LAST.contains(word)).collect();
    let mut kept: usize = last.iter().map(|hint| cells(hint)).sum();
    let mut is_full = false;
    for hint in &hints {
        let is_last = LAST.contains(&hint.1);
        if is_last {
            kept -= cells(hint);
        }
        is_full |= !is_last && used + cells(hint) + kept > room;
        if used + cells(hint) + kept > room || (is_full && !is_last) {
            continue;
        }
        used += cells(hint);
        let (key, word) = hint.clone();
        spans.push(Span::styled(key, theme.style(StyleRole::Key)));
        spans.push(Span::styled(format!(" {word}  "), theme.style(StyleRole::Dim)));
    }
    f.buffer_mut().set_line(area.x, area.y, &Line::from(spans), area.width);
    let x = area.right().saturating_sub(pressed.width() as u16);
    f.buffer_mut().set_line(x, area.y, &pressed, area.width);
}
