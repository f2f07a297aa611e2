//! A run as one row of a list.

use super::{Spend, Transcript, model_name};
use crate::failover::Outcome;
use crate::text::clean_line;
use serde_json::Value;
use std::time::Duration;

/// The longest input and the longest answer in a row, in characters.
const SHORT: usize = 160;

/// What a list says of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// The run's id: its start in ms since 1970.
    pub run: u64,
    /// What was asked, on one line.
    pub asked: String,
    /// The answer, on one line.
    pub answer: Option<String>,
    /// The signature as it is written inline; empty for a chat.
    pub signature: String,
    /// The module; empty for a chat.
    pub module: String,
    /// The fallback chain, separated by commas.
    pub models: String,
    /// The model that answered.
    pub model: Option<String>,
    /// How it ended; `None` for a run that has not ended, or not been able to say so.
    pub outcome: Option<Outcome>,
    /// Whether another model than the first one answered.
    pub switched: bool,
    /// The number of attempts.
    pub attempts: usize,
    /// How long it took.
    pub took: Duration,
    /// What it cost.
    pub spend: Spend,
    /// Whether the simulator answered.
    pub simulated: bool,
}

impl RunRow {
    /// The row of a run; `None` as long as the run's id is not known.
    pub fn of(run: &Transcript) -> Option<Self> {
        let task = run.task();
        let chain = run.spec.iter().flat_map(|spec| &spec.chain).map(|route| route.model.as_str());
        let end = run.finished.as_ref();
        let answer = end.filter(|end| !end.fields.is_empty()).map(|end| {
            // What a module adds, such as `reasoning`, is not what was asked for.
            let own = end.fields.iter().filter(|(name, _)| !run.is_thought(name)).map(|(_, value)| value);
            one_line(own)
        });
        Some(Self {
            run: run.run?,
            asked: run.asked().map_or_else(String::new, |asked| one_line(asked.values())),
            answer,
            signature: task.map(|task| task.signature.inline()).unwrap_or_default(),
            module: task.map(|task| task.module.to_string()).unwrap_or_default(),
            models: chain.collect::<Vec<_>>().join(","),
            model: run.winner().map(|attempt| attempt.answering().to_owned()),
            outcome: run.outcome(),
            switched: run.outcome() == Some(Outcome::Succeeded) && run.switch().is_some(),
            attempts: run.attempts.len(),
            took: end.map_or(run.latest, |end| end.took),
            spend: run.spend(),
            simulated: run.spec.as_ref().is_some_and(|spec| spec.simulated),
        })
    }

    /// The model that answered, or why none did, in a word or two.
    pub fn who(&self) -> &str {
        match (&self.model, self.outcome) {
            (Some(model), _) => model_name(model),
            (None, Some(Outcome::Cancelled)) => "cancelled",
            (None, Some(_)) => "no answer",
            (None, None) => "not ended",
        }
    }

    /// How long ago it began, in its largest unit, at this wall time in ms since 1970: `5 min`, `3 d`.
    pub fn age(&self, now: u64) -> String {
        let seconds = now.saturating_sub(self.run) / 1000;
        match seconds {
            0..60 => "now".to_owned(),
            60..3_600 => format!("{} min", seconds / 60),
            3_600..86_400 => format!("{} h", seconds / 3_600),
            86_400..31_536_000 => format!("{} d", seconds / 86_400),
            _ => format!("{} y", seconds / 31_536_000),
        }
    }

    /// The symbol of its outcome.
    pub fn glyph(&self) -> char {
        match self.outcome {
            Some(Outcome::Succeeded) if self.switched => '⇄',
            Some(Outcome::Succeeded) => '✓',
            Some(Outcome::Cancelled) => '–',
            None => '…',
            Some(_) => '✗',
        }
    }
}

/// A prompt without the marker of its first field, which all requests of a DSPy program begin with.
pub fn without_marker(text: &str) -> &str {
    let marked = text.trim_start().strip_prefix("[[ ## ").and_then(|rest| rest.split_once(" ## ]]"));
    marked.map_or(text, |(_, rest)| rest.trim_start())
}

/// Values on one line.
fn one_line<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => clean_line(without_marker(text), SHORT),
        other => clean_line(&other.to_string(), SHORT),
    };
    clean_line(&values.map(text).collect::<Vec<_>>().join(" · "), SHORT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;

    #[test]
    fn a_run_that_has_not_ended_is_not_said_to_have_no_answer() {
        let lines = include_str!("../../tests/cases/runs/takeover.jsonl").lines();
        let reports: Vec<Report> = lines.map(|line| serde_json::from_str(line).expect("a report")).collect();
        let row = |count: usize| RunRow::of(&Transcript::of(&reports[..count])).expect("a row");
        assert_eq!((row(4).who(), row(4).glyph()), ("not ended", '…'));
        let whole = row(reports.len());
        assert_eq!(whole.who(), "claude-3-haiku");
        for (outcome, who) in [(Outcome::Cancelled, "cancelled"), (Outcome::Exhausted, "no answer")] {
            assert_eq!(RunRow { model: None, outcome: Some(outcome), ..whole.clone() }.who(), who);
        }
    }

    #[test]
    fn the_marker_of_a_dspy_prompt_is_left_out() {
        for (text, shown) in [
            ("[[ ## question ## ]]\nWhat is DSPy?\n\nRespond", "What is DSPy?\n\nRespond"),
            ("What is [[ ## this ## ]]?", "What is [[ ## this ## ]]?"),
            ("[[ ## open", "[[ ## open"),
            (" plain", " plain"),
        ] {
            assert_eq!(without_marker(text), shown);
        }
    }
}
