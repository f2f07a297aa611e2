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
use crate::tui::view::chrome::frame;
use crate::tui::wrap::plain;
use ratatui::Frame;

pub(super) fn draw(app: &App, f: &mut Frame<'_>) {
    if app.screen.layout.answer.is_empty() {
        return;
    }
    let theme = app.theme();
    let room = app.text_area(Pane::Answer);
    let height = usize::from(room.height);
    let top = app.answer.page.scroll.top(app.answer.page.heights(), height);
    let below = app.answer.page.len().saturating_sub(top + height);
    let note = match (below, app.answer.page.scroll.follows_end()) {
        (0, _) | (_, true) => String::new(),
        (n, false) => format!("▼ {n} below"),
    };
    frame(app, f, Pane::Answer, &title(app), &note);
    if app.answer.page.is_empty() {
        let key = |action| app.keymap.key(Action::Playground(action));
        let (send, fault) = (key(PlaygroundAction::Send), key(PlaygroundAction::Faults));
        let text = if app.busy() {
            "asking …".to_owned()
        } else {
            let ask = if app.prompt.has_examples() {
                format!("{send} asks the example, or type your own")
            } else {
                format!("Type a question, press {send}")
            };
            format!("The answer streams in here. {ask}; then {fault} breaks the model that answered.")
        };
        for (row, y) in
            plain(&text, theme.style(StyleRole::Dim), usize::from(room.width)).iter().zip(room.y..room.bottom())
        {
            f.buffer_mut().set_line(room.x, y, row, room.width);
        }
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

/// The title: always the model that answers.
fn title(app: &App) -> String {
    let Some(attempt) = app.transcript().and_then(Transcript::shown) else { return "answer".to_owned() };
    let provider = attempt.provider.as_ref().map(|p| format!(" · {p}")).unwrap_or_default();
    let word = match attempt.phase() {
        AttemptPhase::Planned | AttemptPhase::Asked | AttemptPhase::Opened => "asking",
        AttemptPhase::Reasoning | AttemptPhase::Answering => "from",
        AttemptPhase::Answered => "by",
        AttemptPhase::Failed => "failed:",
    };
    let (asked, answering) = (model_name(&attempt.model), model_name(attempt.answering()));
    let asked = if answering == asked { String::new() } else { format!(" (asked {asked})") };
    format!("answer · {word} {answering}{asked}{provider}")
}
