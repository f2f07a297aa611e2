//! The blocks of one look, put together out of those of the last.

use super::block::{Body, Key, Verdict};
use crate::dspy::{FieldType, Prediction};
use crate::failover::{AttemptId, Outcome};
use crate::transcript::{Attempt, AttemptPhase, Transcript, model_name, seconds};
use crate::tui::markdown::{Look, Markdown};
use crate::tui::state::banner;
use crate::tui::state::value;
use crate::tui::theme::Role;
use crate::tui::wrap::{Lead, Row, plain, wrap};
use ratatui::style::Modifier;
use ratatui::text::Span;

/// Where the blocks of one look are put together out of those of the last.
pub(super) struct Desk<'a> {
    pub(super) look: Look,
    /// How a field stands among other answers.
    pub(super) beside: &'a dyn Fn(&str) -> Verdict,
    pub(super) fresh: bool,
    pub(super) old: &'a mut Vec<(Key, Body)>,
    pub(super) new: Vec<(Key, Body)>,
}

impl Desk<'_> {
    fn cells(&self) -> usize {
        usize::from(self.look.width.max(1))
    }

    fn take(&mut self, key: &Key) -> Option<Body> {
        let at = self.old.iter().position(|(old, _)| old == key)?;
        Some(self.old.swap_remove(at).1)
    }

    pub(super) fn lines(&mut self, name: &'static str, of: AttemptId, text: &str, role: Role) {
        let rows = plain(text, self.look.theme.style(role), self.cells());
        self.new.push((Key::Lines(name, of), Body::Rows(rows)));
    }

    fn gap(&mut self) {
        if !self.new.is_empty() {
            self.new.push((Key::Lines("gap", AttemptId(0)), Body::Rows(vec![Row::default()])));
        }
    }

    fn growing(&mut self, run: &Transcript, key: Key, role: Role) {
        let look = Look { role, ..self.look };
        let mut document = match self.take(&key) {
            Some(Body::Growing(document)) => document,
            _ => Box::new(Markdown::new(look)),
        };
        document.update(key.source(run), look);
        self.new.push((key, Body::Growing(document)));
    }

    /// The text of a leader that died, where it stood.
    pub(super) fn struck(&mut self, run: &Transcript, attempt: &Attempt) {
        self.gap();
        let head = format!(
            "✗ {} {} · {} · its text no longer counts",
            attempt.id,
            model_name(&attempt.model),
            attempt.happened()
        );
        self.lines("struck", attempt.id, &head, Role::Bad);
        match attempt.sections() {
            // Half a field's marker is nothing that anybody has read.
            [] if attempt.text.trim_start().starts_with("[[") => {}
            [] => self.growing(run, Key::Struck(attempt.id, String::new()), Role::Struck),
            sections => {
                // What the answer had begun with is enough: the thoughts before it were folded already.
                let begun = run.answer_begun(attempt);
                for section in sections.iter().filter(|section| !begun || !run.is_thought(&section.name)) {
                    self.lines("struck", attempt.id, &section.name, Role::Struck);
                    self.growing(run, Key::Struck(attempt.id, section.name.clone()), Role::Struck);
                }
            }
        }
    }

    /// Who took over, and how soon: a filled row, to be seen from afar.
    pub(super) fn banner(&mut self, run: &Transcript) {
        let Some(switch) = run.switch() else { return };
        self.gap();
        let role = if switch.gap.is_some() { Role::Accent } else { Role::Bad };
        let style = self.look.theme.style(role).add_modifier(Modifier::REVERSED);
        let line = banner::line(&switch);
        // A number stays with its unit.
        let line = line.strip_suffix(" s").map(|rest| format!("{rest}\u{a0}s")).unwrap_or(line);
        let mut rows = wrap(&[(&line, style)], self.cells().saturating_sub(1), &Lead::all(" ", style));
        for row in &mut rows {
            let rest = self.cells().saturating_sub(row.width());
            row.push_span(Span::styled(" ".repeat(rest), style));
        }
        self.new.push((Key::Lines("banner", switch.to.id), Body::Rows(rows)));
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
        self.lines("reasoning", attempt.id, &format!("{mark} {verb} {time}{tokens}"), Role::Dim);
        if !folded {
            self.growing(run, Key::Reasoning(attempt.id), Role::Reasoning);
        }
    }

    pub(super) fn answer(&mut self, run: &Transcript, attempt: &Attempt, folded: bool) {
        match &attempt.prediction {
            Some(prediction) => self.fields(run, attempt, prediction, folded),
            None => self.sections(run, attempt, folded),
        }
    }

    /// The fields as they stream.
    fn sections(&mut self, run: &Transcript, attempt: &Attempt, folded: bool) {
        let sections = attempt.sections();
        // Text without any field is shown as it is once nothing better can come of it.
        if sections.is_empty() && !attempt.text.trim().is_empty() && (run.setup.is_none() || attempt.ended.is_some()) {
            self.gap();
            self.growing(run, Key::Field(attempt.id, String::new()), Role::Text);
        }
        for section in sections {
            let thought = run.is_thought(&section.name);
            self.heading(run, attempt.id, &section.name, (thought && folded).then_some(section.text.as_str()));
            if !(thought && folded) {
                let role = if thought { Role::Reasoning } else { Role::Text };
                self.growing(run, Key::Field(attempt.id, section.name.clone()), role);
            }
        }
    }

    /// The fields, read and valid.
    fn fields(&mut self, run: &Transcript, attempt: &Attempt, prediction: &Prediction, folded: bool) {
        for (name, field) in prediction.fields.iter() {
            let text = field.as_str().filter(|_| run.is_thought(name) && folded);
            self.heading(run, attempt.id, name, text);
            if text.is_some() {
                continue;
            }
            let role = if run.is_thought(name) { Role::Reasoning } else { Role::Text };
            if field.is_string() {
                self.growing(run, Key::Field(attempt.id, name.clone()), role);
                continue;
            }
            let key = Key::Value(attempt.id, name.clone());
            let body = match self.take(&key).filter(|_| !self.fresh) {
                Some(body) => body,
                None => Body::Rows(value::rows(field, self.look)),
            };
            self.new.push((key, body));
        }
        for repair in &prediction.repairs {
            let field = if repair.field.is_empty() { "answer" } else { &repair.field };
            self.lines("repair", attempt.id, &format!("⚠ {field}: {}", repair.what), Role::Warn);
        }
    }

    /// A field's name with its type; with what is folded under it in short.
    fn heading(&mut self, run: &Transcript, of: AttemptId, name: &str, folded: Option<&str>) {
        self.gap();
        let kind = run.setup.as_ref().and_then(|setup| setup.signature.output(name)).map(|field| &field.kind);
        let note = kind.filter(|kind| **kind != FieldType::Str).map(|kind| format!("  {kind}")).unwrap_or_default();
        if let Some(text) = folded {
            let words = text.split_whitespace().count();
            return self.lines("folded", of, &format!("▸ {name}, {words} words"), Role::Dim);
        }
        let (mark, role) = match (self.beside)(name) {
            Verdict::Alone => ("", Role::Heading),
            Verdict::Same => ("= ", Role::Dim),
            Verdict::Differs => ("≠ ", Role::Warn),
        };
        self.lines("heading", of, &format!("{mark}{name}{note}"), role);
    }

    /// Why there is no answer, and what to do about it.
    pub(super) fn end(&mut self, run: &Transcript) {
        let Some(finished) = run.finished.as_ref().filter(|f| f.outcome != Outcome::Succeeded) else { return };
        self.gap();
        let headline = finished.headline.as_deref().unwrap_or("no answer");
        let (word, next) = match finished.outcome {
            Outcome::Cancelled => ("cancelled", "F2 sends again."),
            Outcome::Rejected => ("rejected", "No other model would help: mend the request, the key or the credit."),
            Outcome::Exhausted => ("every model failed", "F4 shows the faults that are set, Ctrl+L changes the chain."),
            Outcome::DeadlineExceeded => {
                ("out of time", "F2 sends again; a longer deadline is set in the configuration.")
            }
            Outcome::BudgetExceeded => ("out of attempts", "F2 sends again; F6 shows how the models fare."),
            _ => ("stopped", "Something on this machine is in the way."),
        };
        let of = AttemptId(0);
        let text = if finished.outcome == Outcome::Cancelled { word.to_owned() } else { format!("{word}: {headline}") };
        self.lines("end", of, &format!("✗ {text}"), Role::Bad);
        // One alone is in the headline.
        for failure in finished.failures.iter().filter(|_| finished.failures.len() > 1) {
            self.lines("failure", of, &format!("  {failure}"), Role::Text);
        }
        self.lines("next", of, next, Role::Dim);
    }
}
