//! Modules as values: the signature that each call asks, the comparison of several answers, and the vote. Which calls are
//! made, and in what order, is in `program.rs`.

use super::{Field, FieldType, Module, Prediction, Signature, Values};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt::{self, Display};
use std::str::FromStr;

/// The output that modules ask for first.
pub const REASONING: &str = "reasoning";

/// Chains of a module without a number, except `majority`.
const DEFAULT_CHAINS: u8 = 3;
/// Most chains of a module.
const MAX_CHAINS: u8 = 32;

impl Module {
    /// Each module with its default number of chains, in the order in which the screen offers them.
    pub const ALL: [Self; 4] =
        [Self::Predict, Self::ChainOfThought, Self::MultiChainComparison(DEFAULT_CHAINS), Self::Majority(5)];

    /// The signature that each chain asks. Except for `Predict`, its first output is `reasoning`: the signature's own, or
    /// an added one of type `str`. The task stays the same.
    #[must_use]
    pub fn expand(self, signature: &Signature) -> Signature {
        let mut expanded = signature.clone();
        if self == Self::Predict {
            return expanded;
        }
        if let Some(declared) = signature.outputs.iter().position(|field| field.name == REASONING) {
            expanded.outputs[..=declared].rotate_right(1);
        } else {
            let name = free_name(signature, &[REASONING, "rationale", "thoughts"]);
            expanded.outputs.insert(0, Field::new(name, FieldType::Str));
        }
        // Sets the task explicitly: the default task would name the added field too.
        expanded.instructions = signature.task();
        expanded
    }

    /// The signature for a model that reasons by itself: the expanded one without its output `reasoning`, which the
    /// service fills in. `None` if there is no such output, or no other one.
    pub fn without_reasoning(self, expanded: &Signature) -> Option<Signature> {
        let text =
            |field: &Field| matches!(&field.field_type, FieldType::Str) || field.field_type.inline() == "str | None";
        let first = expanded.outputs.first().filter(|field| field.name == REASONING && text(field));
        let apart = self != Self::Predict && first.is_some() && expanded.outputs.len() > 1;
        apart.then(|| {
            let mut rest = expanded.clone();
            rest.outputs.remove(0);
            rest
        })
    }

    /// How many calls the module makes: one for each chain, and for `MultiChainComparison` one that compares them.
    pub fn calls(self) -> usize {
        self.chains() + usize::from(matches!(self, Self::MultiChainComparison(_)))
    }

    /// How many times the expanded signature is asked; at least 1.
    pub fn chains(self) -> usize {
        match self {
            Self::Predict | Self::ChainOfThought => 1,
            Self::MultiChainComparison(chains) | Self::Majority(chains) => usize::from(chains.max(1)),
        }
    }
}

/// The signature that compares several answers, and its additional inputs: each answer with its reasoning.
pub(super) fn comparison(signature: &Signature, answers: &[&Prediction]) -> (Signature, Values) {
    let mut comparing = signature.clone();
    let mut inputs = Values::new();
    for (i, answer) in answers.iter().enumerate() {
        let name = format!("reasoning_attempt_{}", i + 1);
        inputs.insert(name.clone(), one_line(signature, answer).into());
        let field = Field::new(name, FieldType::Str)
            .describe(format!("attempt {} at this task: its reasoning and its answer", i + 1));
        comparing.inputs.push(field);
    }
    let name = free_name(&comparing, &["rationale", "reasoning", "thoughts"]);
    let description = "what the attempts get right and wrong, and the corrected reasoning";
    comparing.outputs.insert(0, Field::new(name, FieldType::Str).describe(description));
    comparing.instructions = signature.task();
    (comparing, inputs)
}

/// The first of the names that no field of the signature has.
fn free_name(signature: &Signature, names: &[&str]) -> String {
    let free = names.iter().find(|name| signature.fields().all(|field| field.name != **name));
    (*free.unwrap_or(&"reasoning_")).to_owned()
}

/// A prediction in one line: its reasoning, then its answers.
fn one_line(signature: &Signature, attempt: &Prediction) -> String {
    let line = |value: &Value| {
        let text = value.as_str().map_or_else(|| super::python_text::json_text(value), str::to_owned);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let is_answer = |name: &String| signature.output(name).is_some();
    let (answers, thoughts): (Vec<_>, Vec<_>) = attempt.fields.iter().partition(|(name, _)| is_answer(name));
    // A service that reasons may keep its thoughts to itself.
    let thought = thoughts
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(_, value)| line(value))
        .collect::<Vec<_>>()
        .join(" ");
    let answer = answers.iter().map(|(name, value)| format!("{name}: {}", line(value))).collect::<Vec<_>>().join("; ");
    if thought.is_empty() {
        format!("«{answer}»")
    } else {
        format!("«{}; that gives {answer}»", thought.trim_end_matches(['.', ' ']))
    }
}

/// The result of a vote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// The name of the output that was voted on, which is the signature's last.
    pub field: String,
    /// Each answer with its chains, most votes first. Equal counts are in the order of their first chain.
    pub tally: Vec<Ballot>,
}

/// One answer and the chains that gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ballot {
    /// The answer as the first of these chains wrote it.
    pub value: Value,
    /// The indexes of the chains, from 0, in order.
    pub chains: Vec<usize>,
}

impl Vote {
    /// Index of the chain that gives the module's answer: the first with the most frequent answer.
    pub fn winner(&self) -> usize {
        self.tally[0].chains[0]
    }
}

/// Counts the chains' values of the last output. Texts are compared without case, punctuation, articles and extra spaces. A
/// chain without a prediction, or with an empty or null value, has no vote. `None` if no chain has a vote.
pub fn vote(signature: &Signature, chains: &[Option<Prediction>]) -> Option<Vote> {
    let field = signature.outputs.last()?.name.clone();
    let mut keys: Vec<String> = Vec::new();
    let mut tally: Vec<Ballot> = Vec::new();
    for (chain, prediction) in chains.iter().enumerate() {
        let Some(value) = prediction.as_ref().and_then(|prediction| prediction.fields.get(&field)) else { continue };
        let key = value.as_str().map_or_else(|| value.to_string(), normalized);
        if key.is_empty() || value.is_null() {
            continue;
        }
        if let Some(at) = keys.iter().position(|other| *other == key) {
            tally[at].chains.push(chain);
        } else {
            keys.push(key);
            tally.push(Ballot { value: value.clone(), chains: vec![chain] });
        }
    }
    tally.sort_by_key(|ballot| std::cmp::Reverse(ballot.chains.len()));
    (!tally.is_empty()).then_some(Vote { field, tally })
}

/// A text in the form in which votes are compared.
fn normalized(text: &str) -> String {
    let kept: String = text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let words: Vec<&str> = kept.split_whitespace().filter(|word| !matches!(*word, "a" | "an" | "the")).collect();
    // A text that has only articles or punctuation is still an answer (`A`, `+`).
    if words.is_empty() { text.trim().to_lowercase() } else { words.join(" ") }
}

impl Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Predict => f.pad("predict"),
            Self::ChainOfThought => f.pad("chain_of_thought"),
            Self::MultiChainComparison(chains) => f.pad(&format!("multi_chain_comparison:{chains}")),
            Self::Majority(chains) => f.pad(&format!("majority:{chains}")),
        }
    }
}

/// The text is not a module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no module is called `{0}`; there are predict, chain_of_thought (cot), multi_chain_comparison:N and majority:N, N from 1 to 32"
)]
pub struct UnknownModule(String);

impl FromStr for Module {
    type Err = UnknownModule;

    /// `chain_of_thought`, `ChainOfThought`, `chain-of-thought`, `cot`; `majority:5`.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownModule(word.to_owned());
        let (name, number) = word.split_once(':').map_or((word, None), |(name, number)| (name, Some(number)));
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let chains = |default| match number {
            None => Ok(default),
            Some(number) => number.parse().ok().filter(|n| (1..=MAX_CHAINS).contains(n)).ok_or_else(unknown),
        };
        match name.as_str() {
            "predict" if number.is_none() => Ok(Self::Predict),
            "chainofthought" | "cot" if number.is_none() => Ok(Self::ChainOfThought),
            "multichaincomparison" | "multichain" | "compare" => chains(DEFAULT_CHAINS).map(Self::MultiChainComparison),
            "majority" | "vote" | "selfconsistency" => chains(5).map(Self::Majority),
            _ => Err(unknown()),
        }
    }
}

impl Serialize for Module {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Module {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(answer: &str) -> Prediction {
        let fields = [("reasoning".to_owned(), "because".into()), ("answer".to_owned(), answer.into())];
        Prediction { fields: std::sync::Arc::new(fields.into_iter().collect()), repairs: Vec::new() }
    }

    #[test]
    fn votes_ignore_case_articles_and_punctuation_and_the_first_answer_wins_a_tie() {
        let signature: Signature = "question -> answer".parse().expect("a signature");
        let chains = ["Lyon", "Paris.", "", "the paris", "lyon"].map(|answer| Some(prediction(answer)));
        let vote = vote(&signature, &chains).expect("votes");
        assert_eq!(vote.winner(), 0);
        assert_eq!(vote.tally.iter().map(|b| b.chains.clone()).collect::<Vec<_>>(), [vec![0, 4], vec![1, 3]]);
        assert_eq!(super::vote(&signature, &[None, None]), None);
    }

    #[test]
    fn every_module_but_predict_adds_a_reasoning_field() {
        let signature: Signature = "question -> answer: int".parse().expect("a signature");
        assert_eq!(Module::ChainOfThought.expand(&signature).inline(), "question -> reasoning, answer: int");
        assert_eq!(Module::ChainOfThought.expand(&signature).task(), signature.task());
        assert_eq!(Module::Predict.expand(&signature).inline(), signature.inline());
        let module: Module = "MultiChainComparison:2".parse().expect("a module");
        assert_eq!(module.chains(), 2);
    }

    #[test]
    fn modules_round_trip_through_their_names() {
        for module in Module::ALL {
            assert_eq!(module.to_string().parse(), Ok(module));
        }
        assert_eq!("cot".parse(), Ok(Module::ChainOfThought));
        for wrong in ["majority:0", "majority:33", "predict:2", "chain", ""] {
            assert!(wrong.parse::<Module>().is_err(), "{wrong}");
        }
    }
}
