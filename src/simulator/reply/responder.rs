//! One simulated model and one prompt: what the model says, field by field.

use super::answers::{self, KnownAnswer};
use super::generate::Generator;
use super::prompt::{ParsedPrompt, PromptField};
use crate::simulator::catalogue::{SimulatedModel, Verbosity};
use serde_json::Value;

/// Fields of these names hold the reasons for the others.
const REASONING: [&str; 8] =
    ["reasoning", "rationale", "thought", "thoughts", "thinking", "explanation", "justification", "why"];

pub(super) struct Responder<'a> {
    model: &'a SimulatedModel,
    prompt: &'a ParsedPrompt,
    known: Option<KnownAnswer>,
}

impl<'a> Responder<'a> {
    pub(super) fn new(model: &'a SimulatedModel, prompt: &'a ParsedPrompt) -> Self {
        Self { model, prompt, known: answers::find(prompt) }
    }

    /// A value for each output field. What is known but does not fit a field's type is not used.
    pub(super) fn values(&self) -> Vec<Value> {
        let outputs = &self.prompt.outputs;
        // A fact has one value; it goes into the first field that is not for reasoning.
        let first = outputs.iter().position(|field| !is_reasoning(field));
        let value = |(i, field): (usize, &PromptField)| {
            let generator = Generator::new(&field.definitions);
            let known = self.known(field, Some(i) == first);
            let known = known.and_then(|value| generator.fit(&value, &field.schema));
            known.unwrap_or_else(|| generator.value(&field.schema, &self.no_answer()))
        };
        outputs.iter().enumerate().map(value).collect()
    }

    /// Simulated values for the parameters of a tool.
    pub(super) fn arguments(&self) -> Vec<Value> {
        let value = |field: &PromptField| {
            Generator::new(&field.definitions).value(&field.schema, &format!("simulated {}", field.name))
        };
        self.prompt.outputs.iter().map(value).collect()
    }

    fn known(&self, field: &PromptField, first: bool) -> Option<Value> {
        match &self.known {
            Some(KnownAnswer::Canned(canned)) if canned.outputs.contains_key(&field.name) => {
                canned.outputs.get(&field.name).cloned()
            }
            _ if is_reasoning(field) => Some(self.reasoning().into()),
            Some(KnownAnswer::Fact(_)) if first && field.schema["type"] == "string" => Some(self.text().into()),
            Some(KnownAnswer::Fact(fact)) if first => Some(fact.short.clone().into()),
            _ => None,
        }
    }

    /// An answer without fields.
    pub(super) fn text(&self) -> String {
        match (&self.known, self.model.verbosity) {
            (Some(KnownAnswer::Fact(fact)), Verbosity::Terse) => fact.short.clone(),
            (Some(KnownAnswer::Fact(fact)), Verbosity::Plain) => fact.long.clone(),
            (Some(KnownAnswer::Fact(fact)), Verbosity::Wordy) => format!("{} {}", fact.long, fact.because),
            _ => self.no_answer(),
        }
    }

    /// What a field for reasoning says, and what a reasoning model thinks.
    pub(super) fn reasoning(&self) -> String {
        let said = match &self.known {
            None => return "This reasoning is simulated: no model was asked.".to_owned(),
            Some(KnownAnswer::Canned(canned)) => canned.reasoning.clone(),
            Some(KnownAnswer::Fact(fact)) => {
                let conclusion = format!("So the answer is {}.", fact.short.trim_end_matches('.'));
                if self.model.verbosity == Verbosity::Terse {
                    return conclusion;
                }
                format!("The input is “{}”. {} {conclusion}", self.prompt.question(), fact.because)
            }
        };
        let checked =
            if self.model.verbosity == Verbosity::Wordy { " I have checked this once more, and it holds." } else { "" };
        said + checked
    }

    /// What a reasoning model thinks before it answers.
    pub(super) fn thoughts(&self) -> String {
        let names: Vec<&str> = self.prompt.outputs.iter().map(|field| field.name.as_str()).collect();
        let wanted = match names[..] {
            [] => "a plain answer".to_owned(),
            [one] => format!("the field {one}"),
            _ => format!("the fields {}", names.join(", ")),
        };
        let reasoning = self.reasoning();
        format!("The user wants {wanted}. {reasoning} Now I write it down in the format that was asked for.")
    }

    /// The text that stands where nothing is known: it says that it is simulated.
    fn no_answer(&self) -> String {
        let question = self.prompt.question();
        let (id, about) = (&self.model.id, if question.is_empty() { question } else { format!(" to “{question}”") });
        match self.model.verbosity {
            Verbosity::Terse => format!("Simulated: no real answer{about}."),
            Verbosity::Plain => format!(
                "This is a simulated answer: no model was asked, and the simulator knows no answer{about}. \
                 With an OpenRouter key the real {id} answers."
            ),
            Verbosity::Wordy => format!(
                "This is a simulated answer: no model was asked. The simulator computes sums and knows the \
                 library's examples and a few dozen facts, but no answer{about}. With an OpenRouter key in the \
                 environment the real {id} answers here, over the same path."
            ),
        }
    }
}

fn is_reasoning(field: &PromptField) -> bool {
    field.schema["type"] == "string" && REASONING.contains(&field.name.to_lowercase().as_str())
}
