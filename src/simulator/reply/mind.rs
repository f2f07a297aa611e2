//! Finds a value for a field: known, computed, taken from the inputs, or honestly simulated.

mod many;

use super::asked::{Asked, Field};
use super::extract;
use super::knowledge::{self, Known};
use super::shape::Shape;
use crate::simulator::catalogue::{Model, Temper};
use serde_json::{Value, json};

/// One model thinking about one conversation.
pub(super) struct Mind<'a> {
    model: &'a Model,
    asked: &'a Asked,
    /// The input that is the question.
    question: &'a str,
    /// All inputs.
    text: String,
    known: Option<Known>,
    /// Why the values are what they are, for whoever asks for reasoning.
    reasons: Vec<String>,
}

const QUESTIONS: [&str; 9] =
    ["question", "query", "problem", "expression", "prompt", "task", "request", "claim", "statement"];
const REASONING: [&str; 9] =
    ["reasoning", "rationale", "thought", "thoughts", "thinking", "explanation", "justification", "analysis", "why"];

impl<'a> Mind<'a> {
    pub(super) fn new(model: &'a Model, asked: &'a Asked) -> Self {
        let named = |(name, _): &&(String, String)| QUESTIONS.iter().any(|word| name.to_lowercase().contains(word));
        let question = asked.inputs.iter().find(named).or(asked.inputs.last()).map_or("", |(_, value)| value.as_str());
        let context: Vec<&str> =
            asked.inputs.iter().map(|(_, value)| value.as_str()).filter(|value| *value != question).collect();
        let known = knowledge::answer(question, &context.join("\n"));
        let reasons = known.iter().map(|known| known.because.clone()).collect();
        Self { model, asked, question, text: asked.text(), known, reasons }
    }

    /// A value for each output, reasoning last, so that it can tell of the others.
    pub(super) fn values(&mut self) -> Vec<Value> {
        let asked = self.asked;
        let mut values = vec![Value::Null; asked.outputs.len()];
        for reasons in [false, true] {
            for (field, value) in asked.outputs.iter().zip(&mut values) {
                if is_reasoning(field) == reasons {
                    *value = if reasons { self.reasoning().into() } else { self.value(field) };
                }
            }
        }
        values
    }

    /// What a chain of thought says.
    pub(super) fn reasoning(&self) -> String {
        let mut said = vec![match shorten(self.question) {
            text if text.is_empty() => "Nothing was given to go by.".to_owned(),
            text => format!("The input is “{text}”."),
        }];
        if self.reasons.is_empty() {
            said.push("The simulator has no reason to give beyond what the text itself says.".into());
        }
        said.extend(self.reasons.iter().cloned());
        if let Some(known) = &self.known {
            said.push(format!("So the answer is {}.", known.short.trim_end_matches('.')));
        }
        match self.model.temper {
            Temper::Terse => said.drain(..said.len() - 1).for_each(drop),
            Temper::Plain => {}
            Temper::Wordy => said.push("I have checked this once more, and it holds.".into()),
        }
        said.join(" ")
    }

    /// Free text: what a chat without fields gets, and what a text field gets that nothing better is known for.
    pub(super) fn free_text(&self) -> String {
        if let Some(text) = filler(self.question) {
            return text;
        }
        let Some(known) = &self.known else {
            return self.honest();
        };
        match self.model.temper {
            Temper::Terse => known.short.clone(),
            Temper::Plain => known.long.clone(),
            Temper::Wordy => format!("{} {}", known.long, known.because),
        }
    }

    fn honest(&self) -> String {
        let text = shorten(self.question);
        let (id, about) = (&self.model.id, if text.is_empty() { "that".into() } else { format!("“{text}”") });
        match self.model.temper {
            Temper::Terse => format!("Simulated: no real answer to {about}."),
            Temper::Plain => format!(
                "This is a simulated answer: no model was asked, and the simulator does not know {about}. \
                 With an OpenRouter key the real {id} answers."
            ),
            Temper::Wordy => format!(
                "This is a simulated answer: no model was asked. The simulator computes sums, knows a few dozen facts \
                 and can take names, numbers and sentences from a text, but it has nothing to say about {about}. \
                 With an OpenRouter key in the environment the real {id} answers here, over the same path."
            ),
        }
    }

    fn value(&mut self, field: &Field) -> Value {
        let value = self.shaped(&field.name.to_lowercase(), &field.shape);
        bounded(value, &field.note)
    }

    fn shaped(&mut self, name: &str, shape: &Shape) -> Value {
        match shape {
            Shape::Text | Shape::Any => self.prose(name).into(),
            Shape::Int => (self.number(name).round() as i64).into(),
            Shape::Float => json!(self.number(name)),
            Shape::Bool => self.truth(name).into(),
            Shape::Null => Value::Null,
            Shape::Moment => self.moment().into(),
            Shape::Literal(options) => self.choose(options),
            Shape::List(item) => Value::Array(self.list(name, item)),
            Shape::Dict(value) => Value::Object(self.dict(name, value)),
            Shape::Tuple(items) => items.iter().map(|item| self.shaped(name, item)).collect(),
            Shape::Object(fields) => {
                fields.iter().map(|(name, shape)| (name.clone(), self.shaped(&name.to_lowercase(), shape))).collect()
            }
            Shape::Union(members) => self.member(name, members),
        }
    }

    fn member(&mut self, name: &str, members: &[Shape]) -> Value {
        let first = members.iter().find(|member| **member != Shape::Null);
        let absent = members.contains(&Shape::Null) && self.found(name).is_some_and(|found| found.is_empty());
        match first {
            Some(shape) if !absent => self.shaped(name, shape),
            _ => Value::Null,
        }
    }

    /// What a field of this name would take from the inputs; `None` if the name says nothing of the kind.
    fn found(&self, name: &str) -> Option<Vec<String>> {
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let text = &self.text;
        Some(if has(&["email", "e_mail"]) {
            extract::emails(text)
        } else if has(&["url", "link", "website"]) {
            extract::urls(text)
        } else if has(&["date", "year", "deadline"]) {
            extract::dates(text)
        } else if has(&["keyword", "tag", "topic", "term", "theme", "hashtag"]) {
            extract::keywords(text, 5)
        } else if has(&["sentence", "point", "fact", "claim", "highlight", "bullet", "quote"]) {
            extract::sentences(text)
        } else if has(&[
            "name", "entit", "person", "people", "author", "place", "cit", "countr", "compan", "organi", "location",
        ]) {
            extract::names(text)
        } else {
            return None;
        })
    }

    fn prose(&mut self, name: &str) -> String {
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["summar", "tldr", "gist", "headline", "abstract"]) {
            return extract::sentences(&self.text).into_iter().next().unwrap_or_else(|| self.honest());
        }
        if has(&["title", "subject"]) {
            let words: Vec<String> = extract::keywords(&self.text, 4).iter().map(|word| capital(word)).collect();
            return words.join(" ");
        }
        if has(&["translat"]) || self.asked.task.to_lowercase().contains("translate") && self.known.is_none() {
            return self.translation(name);
        }
        if has(&["language"]) {
            let best = ["French", "German", "Spanish", "Italian", "English"];
            let score = |language: &str| knowledge::cues(language, &self.text).len();
            return best.into_iter().rev().max_by_key(|language| score(language)).unwrap_or("English").to_owned();
        }
        if has(&["sentiment", "mood", "tone", "emotion"]) {
            let options = ["neutral", "positive", "negative"].map(Value::from);
            return self.choose(&options).as_str().unwrap_or_default().to_owned();
        }
        if self.known.is_none()
            && let Some(found) = self.found(name)
        {
            return found.into_iter().next().unwrap_or_else(|| "unknown".to_owned());
        }
        self.free_text()
    }

    fn translation(&mut self, name: &str) -> String {
        let by_input = |word: &str| {
            let input = self.asked.inputs.iter().find(|(name, _)| name.to_lowercase().contains(word));
            input.and_then(|(_, value)| knowledge::language(value))
        };
        let target = by_input("lang").or_else(|| by_input("target")).or_else(|| knowledge::language(name));
        let (code, language) = target
            .or_else(|| knowledge::language(&self.asked.task))
            .or_else(|| knowledge::language(self.question))
            .unwrap_or(("fr", "French"));
        let source =
            self.asked.inputs.iter().map(|(_, value)| value).filter(|value| knowledge::language(value).is_none());
        let source = source.max_by_key(|value| value.len()).map_or(self.question, String::as_str);
        match knowledge::translate(source, code) {
            Some(said) => {
                self.reasons.push(format!("In {language} one says “{said}”."));
                said.to_owned()
            }
            None => format!("({language}, simulated: no real translation) {source}"),
        }
    }

    fn number(&mut self, name: &str) -> f64 {
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if let Some(known) = &self.known
            && let Some(number) = extract::numbers(&known.short).first()
            && !has(&["confidence", "score", "probability"])
        {
            return *number;
        }
        if has(&["confidence", "probability", "certainty"]) {
            return if self.known.is_some() { 0.97 } else { 0.5 };
        }
        if has(&["rating", "stars", "score", "sentiment"]) {
            let (good, bad) =
                (knowledge::cues("positive", &self.text).len(), knowledge::cues("negative", &self.text).len());
            return match good.cmp(&bad) {
                std::cmp::Ordering::Greater => 5.0,
                std::cmp::Ordering::Equal => 3.0,
                std::cmp::Ordering::Less => 1.0,
            };
        }
        if has(&["word"]) {
            return self.text.split_whitespace().count() as f64;
        }
        if has(&["char", "length"]) {
            return self.text.chars().count() as f64;
        }
        let numbers = extract::numbers(&self.text);
        match name {
            name if name.contains("sum") || name.contains("total") => numbers.iter().sum(),
            name if name.contains("count") => {
                self.found(name.trim_start_matches("count")).map_or(numbers.len(), |found| found.len()) as f64
            }
            name if name.contains("max") => numbers.into_iter().fold(0.0, f64::max),
            name if name.contains("average") || name.contains("mean") => {
                if numbers.is_empty() {
                    0.0
                } else {
                    numbers.iter().sum::<f64>() / numbers.len() as f64
                }
            }
            _ => numbers.first().copied().unwrap_or(0.0),
        }
    }

    fn truth(&mut self, name: &str) -> bool {
        if let Some(known) = &self.known {
            let short = known.short.to_lowercase();
            if short == "yes" || short == "no" {
                return short == "yes";
            }
        }
        let stem = name.trim_start_matches("is_").trim_start_matches("has_");
        if stem.contains("question") {
            return self.text.trim_end().ends_with('?');
        }
        if let Some(found) = self.found(stem) {
            return !found.is_empty();
        }
        let cues = knowledge::cues(stem, &self.text);
        if !cues.is_empty() {
            self.reasons.push(format!("{} for {stem}.", speaks(&cues)));
            let against = if stem == "positive" { knowledge::cues("negative", &self.text).len() } else { 0 };
            return cues.len() > against;
        }
        // A claim that a context is asked about holds if the context has its words.
        self.known.is_some()
    }

    fn moment(&self) -> String {
        let date = extract::dates(&self.text).into_iter().find(|date| date.len() == 10);
        format!("{}T00:00:00", date.as_deref().unwrap_or("2026-01-01"))
    }

    /// The option that is named in the text, or that most cue words speak for, or the most neutral one.
    fn choose(&mut self, options: &[Value]) -> Value {
        if let Some(known) = &self.known
            && let Some(option) = options.iter().find(|option| plain(option).eq_ignore_ascii_case(&known.short))
        {
            return option.clone();
        }
        let lower: Vec<String> = extract::words(&self.text).map(str::to_lowercase).collect();
        let mut best: Option<(usize, &Value, String)> = None;
        for option in options {
            let label = plain(option).to_lowercase();
            let cues = knowledge::cues(&label, &self.text);
            let (score, reason) = match cues.len() {
                0 if lower.contains(&label) => (1, format!("The text says “{label}”.")),
                0 => continue,
                n => (n, format!("{} for {label}.", speaks(&cues))),
            };
            if best.as_ref().is_none_or(|(most, ..)| score > *most) {
                best = Some((score, option, reason));
            }
        }
        if let Some((_, option, reason)) = best {
            self.reasons.push(reason);
            return option.clone();
        }
        let neutral = ["neutral", "other", "unknown", "general", "medium", "none", "ham", "no"];
        let fallback =
            neutral.iter().find_map(|word| options.iter().find(|option| plain(option).eq_ignore_ascii_case(word)));
        fallback.or(options.first()).cloned().unwrap_or_default()
    }
}

fn is_reasoning(field: &Field) -> bool {
    field.shape == Shape::Text && REASONING.contains(&field.name.to_lowercase().as_str())
}

/// `“love” and “great” speak`
fn speaks(cues: &[&str]) -> String {
    let quoted: Vec<String> = cues.iter().take(3).map(|cue| format!("“{cue}”")).collect();
    let verb = if quoted.len() == 1 { "speaks" } else { "speak" };
    format!("{} {verb}", quoted.join(" and "))
}

fn plain(option: &Value) -> String {
    option.as_str().map_or_else(|| option.to_string(), str::to_owned)
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A text as it is quoted back: one line, 80 characters.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 80 { line } else { line.chars().take(79).chain(['…']).collect() }
}

/// "Write 500 words": so many words, for whoever wants to see a long answer stream.
fn filler(question: &str) -> Option<String> {
    let words: Vec<&str> = extract::words(question).collect();
    let wanted = words.windows(2).find(|pair| pair[1].eq_ignore_ascii_case("words"))?[0];
    let wanted: usize = wanted.parse().ok().filter(|n| (1..=100_000).contains(n))?;
    let text = "Simulated words follow one another like beads on a string and mean nothing at all, but they do stream.";
    let beads: Vec<&str> = text.split(' ').cycle().take(wanted).collect();
    Some(beads.join(" "))
}

/// A number within what a note says of its bounds, in pydantic's words or in signs.
fn bounded(value: Value, note: &str) -> Value {
    let bound = |words: [&str; 2]| {
        let after = words.iter().find_map(|word| note.split_once(word))?.1;
        extract::numbers(after.trim_start().split([',', '\n', ' ']).next()?).first().copied()
    };
    let (least, most) = (bound(["greater than or equal to:", ">="]), bound(["less than or equal to:", "<="]));
    let Some(number) = value.as_f64() else { return value };
    let kept = number.min(most.unwrap_or(f64::INFINITY)).max(least.unwrap_or(f64::NEG_INFINITY));
    match value {
        _ if (kept - number).abs() < f64::EPSILON => value,
        Value::Number(n) if n.is_i64() => (kept.round() as i64).into(),
        _ => json!(kept),
    }
}
