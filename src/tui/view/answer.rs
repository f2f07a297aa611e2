//! The pane of the answer: discarded text, a switch to another model, reasoning, output fields.
//!
//! ```text
//! ✗ #1 gpt-4o-mini · 503 overloaded         discarded
//! D̶S̶P̶y̶ ̶i̶s̶ ̶a̶
//! ⇄ claude-3-haiku took over after 0.31 s
//! ▸ thought 1.20 s, 84 tokens               folds when the answer starts, unless the user unfolds it
//! answer                                    each output field below its name
//! DSPy is a framework for …
//! ```

use crate::transcript::{AttemptPhase, Transcript, model_name};
use crate::tui::keymap::Action;
use crate::tui::keymap::action::PlaygroundAction;
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{draw_rows, frame, hidden};
use crate::tui::wrap::{RowPrefix, TextRow, plain, width, wrap};
use ratatui::Frame;
use ratatui::text::Span;
use std::time::Duration;

pub(super) fn draw(app: &App, now: Duration, f: &mut Frame<'_>) {
    if app.screen.layout.answer.is_empty() {
        return;
    }
    let theme = app.theme();
    let room = app.text_area(Pane::Answer);
    let height = usize::from(room.height);
    let top = app.answer.page.scroll.top(app.answer.page.heights(), height);
    let below = app.answer.page.len().saturating_sub(top + height);
    let below = if app.answer.page.scroll.follows_end() { 0 } else { below };
    let note = hidden(top, below);
    frame(app, f, Pane::Answer, &title(app), &note);
    if app.answer.page.is_empty() {
        let cells = usize::from(room.width);
        let rows = if app.busy() || app.runs.live() {
            let waiting = app.runs.shown.as_ref().filter(|run| run.transcript.waiting.is_some());
            let wait = waiting.and_then(|run| run.transcript.awaited(run.clock(now)));
            plain(wait.as_deref().unwrap_or("asking …"), theme.style(StyleRole::Dim), cells)
        } else {
            welcome(app, cells)
        };
        draw_rows(f, room, &rows);
    }
    for (row, y) in app.answer.page.rows(top).zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
        let hit =
            app.answer.find.as_ref().is_some_and(|text| row.to_string().to_lowercase().contains(&text.to_lowercase()));
        if hit {
            let line = ratatui::layout::Rect { y, height: 1, ..room };
            f.buffer_mut().set_style(line, theme.style(StyleRole::Selected));
        }
    }
}

/// What this is, and what to try first: shown until there is an answer.
pub(super) fn welcome(app: &App, cells: usize) -> Vec<TextRow> {
    let theme = app.theme();
    let (text, key_style) = (theme.style(StyleRole::Text), theme.style(StyleRole::Key));
    let in_traffic = app.screen.focus == Pane::Traffic;
    let lead = if in_traffic {
        "Programs that use the gateway are listed in the traffic. When a model fails, the next one of the chain answers."
    } else {
        "Ask a model. When it fails, the next one of the chain answers."
    };
    let mut rows = plain(lead, text, cells);
    rows.push(TextRow::default());
    let key = |action| app.keymap.key(Action::Playground(action));
    let send = key(PlaygroundAction::Send);
    let ask = if app.prompt.has_examples() {
        "ask the example, or type your own question"
    } else {
        "ask, after you typed a question"
    };
    let faults = key(PlaygroundAction::Faults);
    let traffic = match (in_traffic, app.traffic.address()) {
        (true, _) => "to the prompt, to ask a model yourself",
        (false, Some(_)) => "back to the traffic of other programs",
        (false, None) => "give other programs this failover, and watch them",
    };
    let mut steps = if in_traffic {
        vec![(format!("{faults} 5"), "break the first model: the next one answers the programs")]
    } else {
        vec![
            (send.clone(), ask),
            (format!("{faults} 5 {send}"), "break the first model; ask again, and the next one answers"),
        ]
    };
    steps.push((key(PlaygroundAction::LogDetail), "look at all headers that were sent"));
    if !in_traffic {
        steps.push((key(PlaygroundAction::Compare), "compare the models of the chain"));
    }
    steps.push((key(PlaygroundAction::Gateway), traffic));
    steps.push((key(PlaygroundAction::Tour), "take the guided tour"));
    let column = steps.iter().map(|(keys, _)| width(keys)).max().unwrap_or_default() + 2;
    for (keys, what) in steps {
        let prefix = RowPrefix {
            first: vec![Span::styled(format!("{keys:column$}"), key_style)],
            rest: vec![Span::raw(" ".repeat(column))],
        };
        rows.extend(wrap(&[(what, text)], cells, &prefix));
    }
    rows
}

/// The title: always the model that answers.
fn title(app: &App) -> String {
    let Some(attempt) = app.transcript().and_then(Transcript::shown) else { return "answer".to_owned() };
    let provider = attempt.provider.as_ref().map(|p| format!(" · {p}")).unwrap_or_default();
    let word = match attempt.phase() {
        AttemptPhase::Planned | AttemptPhase::Asked | AttemptPhase::Opened => "asking",
        AttemptPhase::Reasoning | AttemptPhase::Answering => "from",
        AttemptPhase::Answered => "by",
        AttemptPhase::Failed if attempt.was_cancelled() => "cancelled:",
        AttemptPhase::Failed => "failed:",
    };
    let (asked, answering) = (model_name(&attempt.model), model_name(attempt.answering()));
    let asked = if answering == asked { String::new() } else { format!(" (asked {asked})") };
    format!("answer · {word} {answering}{asked}{provider}")
}
