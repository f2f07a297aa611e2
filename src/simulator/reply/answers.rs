//! What the simulator knows: the answers of `assets/answers.json`, the facts of `assets/simulator.toml`, and sums.

use super::arithmetic;
use super::generate::text_of;
use super::prompt::ParsedPrompt;
use crate::simulator::asset::DATA;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A question with one answer.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(in crate::simulator) struct Fact {
    /// The wordings that are answered; case, punctuation and articles do not count.
    #[serde(default)]
    questions: Vec<String>,
    /// The bare answer.
    pub short: String,
    /// The answer as a sentence.
    pub long: String,
    /// The reason, as a sentence.
    pub because: String,
}

/// The outputs of a signature for one set of inputs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CannedAnswer {
    inputs: Map<String, Value>,
    pub outputs: Map<String, Value>,
    /// What a field for reasoning gets.
    pub reasoning: String,
}

/// What is known about a prompt.
#[derive(Debug)]
pub(super) enum KnownAnswer {
    Canned(&'static CannedAnswer),
    Fact(Fact),
}

/// Canned answers and facts, their texts normalized.
struct Knowledge {
    canned: Vec<(Vec<(&'static str, String)>, &'static CannedAnswer)>,
    facts: HashMap<String, &'static Fact>,
}

static CANNED: LazyLock<Vec<CannedAnswer>> = LazyLock::new(|| {
    let text = include_str!("../../../assets/answers.json");
    serde_json::from_str(text).expect("assets/answers.json is part of the program")
});

static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| {
    let inputs = |answer: &'static CannedAnswer| {
        answer.inputs.iter().map(|(name, value)| (name.as_str(), normalized(&text_of(value)))).collect()
    };
    let questions = |fact: &'static Fact| fact.questions.iter().map(move |question| (normalized(question), fact));
    Knowledge {
        canned: CANNED.iter().map(|answer| (inputs(answer), answer)).collect(),
        facts: DATA.fact.iter().flat_map(questions).collect(),
    }
});

/// Looks the inputs up: first a canned answer that has at least one of the outputs, then a fact, then a sum. Inputs
/// that the canned answer does not name are ignored, for example the attempts that a `MultiChainComparison` adds.
pub(super) fn find(prompt: &ParsedPrompt) -> Option<KnownAnswer> {
    let inputs: Vec<_> = prompt.inputs.iter().map(|(name, text)| (name.as_str(), normalized(text))).collect();
    let fills = |canned: &CannedAnswer| prompt.outputs.iter().any(|field| canned.outputs.contains_key(&field.name));
    let matches =
        |(all, canned): &&(Vec<_>, &CannedAnswer)| all.iter().all(|one| inputs.contains(one)) && fills(canned);
    if let Some((_, canned)) = KNOWLEDGE.canned.iter().find(matches) {
        return Some(KnownAnswer::Canned(canned));
    }
    let fact = inputs.iter().find_map(|(_, text)| KNOWLEDGE.facts.get(text)).map(|fact| Fact::clone(fact));
    fact.or_else(|| prompt.inputs.iter().find_map(|(_, text)| sum(text))).map(KnownAnswer::Fact)
}

fn sum(text: &str) -> Option<Fact> {
    let (sum, result) = arithmetic::find(text)?;
    let (short, long) = (result.to_string(), format!("{sum} = {result}"));
    let because = format!("I compute {sum} and get {result}.");
    Some(Fact { questions: Vec::new(), short, long, because })
}

/// The words of a text in lower case, without articles and punctuation. Of JSON, the texts and
/// numbers that it holds, so that `["a", "b"]` is the same however it is written.
fn normalized(text: &str) -> String {
    fn leaves(value: &Value) -> String {
        match value {
            Value::Array(items) => items.iter().map(leaves).collect::<Vec<_>>().join(" "),
            Value::Number(number) => number.as_f64().unwrap_or_default().to_string(),
            value => text_of(value),
        }
    }
    let text = serde_json::from_str(text).map_or_else(|_| text.to_owned(), |value: Value| leaves(&value));
    let lower = text.to_lowercase().replace("'s ", " is ");
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.filter(|word| !["a", "an", "the"].contains(word)).collect::<Vec<_>>().join(" ")
}
