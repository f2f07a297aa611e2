//! Builds the blocks of a page from a run, reusing the blocks of the last refresh.

use super::block::{Agreement, BlockBody, BlockKey};
use crate::dspy::{Field, FieldType, Prediction, Signature, Values};
use crate::failover::{AttemptId, Outcome};
use crate::text::value_text;
use crate::transcript::{Attempt, AttemptPhase, Exhaustion, Transcript, model_name, seconds};
use crate::tui::markdown::{Markdown, TextStyle};
use crate::tui::state::banner;
use crate::tui::state::value;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, TextRow, plain, wrap};
use ratatui::style::Modifier;
use ratatui::text::Span;
use serde_json::Value;

/// Most rows of an input that are shown with its turn.
const MAX_ASKED: usize = 40;

/// Builds the blocks of one refresh.
pub(super) struct PageBuilder<'a> {
    pub(super) text_style: TextStyle,
    /// How a field compares with other answers.
    pub(super) agreement: &'a dyn Fn(&str) -> Agreement,
    /// Whether width or colours have changed, so that no rendered value can be reused.
    pub(super) restyled: bool,
    /// The blocks of the last refresh; `None` for those that were reused.
    pub(super) old: Vec<Option<(BlockKey, BlockBody)>>,
    /// The old block after the last one that was reused: mostly the next to be reused.
    pub(super) next: usize,
    /// The blocks of this refresh.
    pub(super) new: Vec<(BlockKey, BlockBody)>,
}

impl PageBuilder<'_> {
    fn cells(&self) -> usize {
        usize::from(self.text_style.width.max(1))
    }

    fn reuse(&mut self, key: &BlockKey) -> Option<BlockBody> {
        let is_it = |index: &usize| self.old[*index].as_ref().is_some_and(|(old, _)| old == key);
        let index = (self.next..self.old.len()).chain(0..self.next).find(is_it)?;
        self.next = index + 1;
        self.old[index].take().map(|(_, body)| body)
    }

    pub(super) fn lines(&mut self, name: &'static str, id: AttemptId, text: &str, role: StyleRole) {
        let rows = plain(text, self.text_style.theme.style(role), self.cells());
        self.new.push((BlockKey::Lines(name, id), BlockBody::Rows(rows)));
    }

    fn gap(&mut self) {
        if !self.new.is_empty() {
            self.new.push((BlockKey::Lines("gap", AttemptId::new(0)), BlockBody::Rows(vec![TextRow::default()])));
        }
    }

    /// Adds the earlier turns of the conversation, and what is asked in this one.
    pub(super) fn conversation(&mut self, run: &Transcript) {
        let Some(task) = run.task() else { return };
        for (index, turn) in task.turns.iter().enumerate() {
            self.asked(index, &task.signature, turn);
            for output in &task.signature.outputs {
                let Some(value) = turn.get(&output.name) else { continue };
                self.gap();
                if task.signature.outputs.len() > 1 {
                    self.lines("heading", AttemptId::new(0), &output.name, StyleRole::Dim);
                }
                match value {
                    Value::String(_) => {
                        self.growing(run, BlockKey::TurnField(index, output.name.clone()), StyleRole::Text);
                    }
                    value => {
                        self.rows(BlockKey::TurnValue(index, output.name.clone()), |style| value::rows(value, style));
                    }
                }
            }
        }
        self.asked(task.turns.len(), &task.signature, &task.inputs);
    }

    /// Adds the inputs of a turn.
    fn asked(&mut self, turn: usize, signature: &Signature, values: &Values) {
        self.gap();
        let inputs: Vec<&Field> = signature.inputs.iter().filter(|field| !field.is_history()).collect();
        for field in &inputs {
            let Some(value) = values.get(&field.name) else { continue };
            let label = if inputs.len() > 1 { format!("{}: ", field.name) } else { String::new() };
            self.rows(BlockKey::Asked(turn, field.name.clone()), |style| {
                let text = value_text(value);
                let (key, dim) = (style.theme.style(StyleRole::Key), style.theme.style(StyleRole::Dim));
                let cells = usize::from(style.width.max(1));
                let mut rows = Vec::new();
                for (i, line) in text.lines().enumerate() {
                    let lead = if i == 0 {
                        vec![Span::styled("› ", key), Span::styled(label.clone(), dim)]
                    } else {
                        vec![Span::raw("  ")]
                    };
                    let prefix = RowPrefix { first: lead, rest: vec![Span::raw("  ")] };
                    rows.extend(wrap(&[(line, style.theme.style(StyleRole::Accent))], cells, &prefix));
                    if rows.len() > MAX_ASKED {
                        rows.truncate(MAX_ASKED);
                        rows.push(TextRow::styled("  …", dim));
                        break;
                    }
                }
                rows
            });
        }
    }

    /// Adds rows that are made once, and again for another width or other colours.
    fn rows(&mut self, key: BlockKey, make: impl FnOnce(TextStyle) -> Vec<TextRow>) {
        let body = match self.reuse(&key).filter(|_| !self.restyled) {
            Some(body) => body,
            None => BlockBody::Rows(make(self.text_style)),
        };
        self.new.push((key, body));
    }

    fn growing(&mut self, run: &Transcript, key: BlockKey, role: StyleRole) {
        let text_style = TextStyle { role, ..self.text_style };
        let mut document = match self.reuse(&key) {
            Some(BlockBody::Growing(document)) => document,
            _ => Box::new(Markdown::new(text_style)),
        };
        document.update(key.source(run), text_style);
        self.new.push((key, BlockBody::Growing(document)));
    }

    /// Adds the discarded text of a failed attempt.
    pub(super) fn struck(&mut self, run: &Transcript, attempt: &Attempt) {
        self.gap();
        let head = format!("✗ {} {} · {} · discarded", attempt.id, model_name(&attempt.model), attempt.state());
        self.lines("struck", attempt.id, &head, StyleRole::Bad);
        match attempt.sections() {
            // An incomplete field marker was never shown.
            [] if attempt.text.trim_start().starts_with("[[") => {}
            [] => self.growing(run, BlockKey::Struck(attempt.id, String::new()), StyleRole::Struck),
            sections => {
                // If the answer has started, its reasoning was folded: only the answer is shown as struck out.
                let begun = run.answer_begun(attempt);
                for section in sections.iter().filter(|section| !begun || !run.is_thought(&section.name)) {
                    self.lines("struck", attempt.id, &section.name, StyleRole::Struck);
                    self.growing(run, BlockKey::Struck(attempt.id, section.name.clone()), StyleRole::Struck);
                }
            }
        }
    }

    /// Adds the line about a switch to another model, as a filled row.
    pub(super) fn banner(&mut self, run: &Transcript) {
        let Some(switch) = run.switch() else { return };
        self.gap();
        let role = if switch.waited.is_some() { StyleRole::Accent } else { StyleRole::Bad };
        let style = self.text_style.theme.style(role).add_modifier(Modifier::REVERSED);
        let line = banner::line(&switch);
        let mut rows = wrap(&[(&line, style)], self.cells().saturating_sub(1), &RowPrefix::all(" ", style));
        for row in &mut rows {
            let rest = self.cells().saturating_sub(row.width());
            row.push_span(Span::styled(" ".repeat(rest), style));
        }
        self.new.push((BlockKey::Lines("banner", switch.attempt.id), BlockBody::Rows(rows)));
    }

    pub(super) fn reasoning(&mut self, run: &Transcript, attempt: &Attempt, folded: bool) {
        if attempt.reasoning.is_empty() {
            return;
        }
        self.gap();
        let time = attempt.reasoned().map(seconds).unwrap_or_default();
        let tokens = attempt.usage.and_then(|usage| usage.reasoning_tokens);
        let tokens = tokens.map(|n| format!(", {n} tokens")).unwrap_or_default();
        let verb = if attempt.phase() == AttemptPhase::Reasoning { "thinking" } else { "thought" };
        let mark = if folded { "▸" } else { "▾" };
        self.lines("reasoning", attempt.id, &format!("{mark} {verb} {time}{tokens}"), StyleRole::Dim);
        if !folded {
            self.growing(run, BlockKey::Reasoning(attempt.id), StyleRole::Reasoning);
        }
    }

    pub(super) fn answer(&mut self, run: &Transcript, attempt: &Attempt, folded: bool) {
        match &attempt.prediction {
            Some(prediction) => self.fields(run, attempt, prediction, folded),
            None => self.sections(run, attempt, folded),
        }
    }

    /// Adds the fields while they stream.
    fn sections(&mut self, run: &Transcript, attempt: &Attempt, folded: bool) {
        let sections = attempt.sections();
        // Text without a field marker is shown as it is when no marker can follow any more.
        if sections.is_empty() && !attempt.text.trim().is_empty() && (!run.has_fields() || attempt.ended.is_some()) {
            self.gap();
            self.growing(run, BlockKey::Field(attempt.id, String::new()), StyleRole::Text);
        }
        for (name, arguments) in &attempt.tool_calls {
            self.gap();
            self.lines("call", attempt.id, &format!("calls {name} {}", last_chars(arguments)), StyleRole::Text);
        }
        for section in sections {
            let thought = run.is_thought(&section.name);
            self.heading(run, attempt.id, &section.name, (thought && folded).then_some(section.text.as_str()));
            if !(thought && folded) {
                let role = if thought { StyleRole::Reasoning } else { StyleRole::Text };
                self.growing(run, BlockKey::Field(attempt.id, section.name.clone()), role);
            }
        }
    }

    /// Adds the parsed fields.
    fn fields(&mut self, run: &Transcript, attempt: &Attempt, prediction: &Prediction, folded: bool) {
        for (name, field) in prediction.fields.iter() {
            let text = field.as_str().filter(|_| run.is_thought(name) && folded);
            self.heading(run, attempt.id, name, text);
            if text.is_some() {
                continue;
            }
            let role = if run.is_thought(name) { StyleRole::Reasoning } else { StyleRole::Text };
            if field.is_string() {
                self.growing(run, BlockKey::Field(attempt.id, name.clone()), role);
                continue;
            }
            self.rows(BlockKey::Value(attempt.id, name.clone()), |style| value::rows(field, style));
        }
        for repair in &prediction.repairs {
            let field = if repair.field.is_empty() { "answer" } else { &repair.field };
            self.lines("repair", attempt.id, &format!("⚠ {field}: {}", repair.what), StyleRole::Warn);
        }
    }

    /// Adds a field's name with its type. If the field is folded, adds its name and number of words instead.
    fn heading(&mut self, run: &Transcript, id: AttemptId, name: &str, folded: Option<&str>) {
        self.gap();
        let kind = run.task().and_then(|task| task.signature.output(name)).map(|field| &field.field_type);
        let note = kind.filter(|kind| **kind != FieldType::Str).map(|kind| format!("  {kind}")).unwrap_or_default();
        if let Some(text) = folded {
            let words = text.split_whitespace().count();
            return self.lines("folded", id, &format!("▸ {name}, {words} words"), StyleRole::Dim);
        }
        let (mark, role) = match (self.agreement)(name) {
            Agreement::Alone => ("", StyleRole::Heading),
            Agreement::Same => ("= ", StyleRole::Dim),
            Agreement::Differs => ("≠ ", StyleRole::Warn),
        };
        self.lines("heading", id, &format!("{mark}{name}{note}"), role);
    }

    /// Adds why there is no answer, and what the user can do.
    pub(super) fn end(&mut self, run: &Transcript) {
        let Some(finished) = run.finished.as_ref().filter(|f| f.outcome != Outcome::Succeeded) else { return };
        self.gap();
        let headline = finished.headline.as_deref().unwrap_or("no answer");
        // F2 sends the prompt, which a chat does not come from.
        let again = |with: &'static str, without: &'static str| if run.has_fields() { with } else { without };
        let (outcome, advice) = match finished.outcome {
            Outcome::Cancelled => ("cancelled", again("F2 sends again.", "")),
            Outcome::Rejected => ("rejected", "Another model cannot help: fix the request, the key or the credit."),
            Outcome::Exhausted => match run.exhaustion() {
                why @ Exhaustion::BrokeOff => (
                    why.words(),
                    "The client had a part of it already. With gateway.hold = \"answer\" another model takes over.",
                ),
                why => (why.words(), "F4 shows the faults, Ctrl+L edits the chain."),
            },
            Outcome::DeadlineExceeded => (
                "out of time",
                again(
                    "F2 sends again; `failover.deadline` in the configuration sets a longer deadline.",
                    "`failover.deadline` in the configuration sets a longer deadline.",
                ),
            ),
            Outcome::BudgetExceeded => (
                "out of attempts",
                again("F2 sends again; F6 shows the health of the models.", "F6 shows the health of the models."),
            ),
            _ => ("stopped", "The error is on this machine."),
        };
        let id = AttemptId::new(0);
        let text =
            if finished.outcome == Outcome::Cancelled { outcome.to_owned() } else { format!("{outcome}: {headline}") };
        self.lines("end", id, &run.short_names(format!("✗ {text}")), StyleRole::Bad);
        // A single failure is in the headline already.
        for failure in finished.failures.iter().filter(|_| finished.failures.len() > 1) {
            self.lines("failure", id, &run.short_names(format!("  {failure}")), StyleRole::Text);
        }
        if !advice.is_empty() {
            self.lines("next", id, advice, StyleRole::Dim);
        }
    }
}

/// The end of a tool call's arguments, which may be long; they are rendered again with each piece.
fn last_chars(arguments: &str) -> String {
    const MOST: usize = 1000;
    let from = arguments.char_indices().rev().nth(MOST - 1).map_or(0, |(at, _)| at);
    if from == 0 { arguments.to_owned() } else { format!("… {}", &arguments[from..]) }
}
