//! Metrics: how good a predicted value is beside the expected one, from 0 to 1.

use super::normalize::{normalized, words};
use crate::dspy::FieldType;
use crate::text::value_text;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How an output is scored.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    /// Equal.
    Exact,
    /// Equal after lower case, without punctuation and articles: the usual answer match.
    Normalized,
    /// The words of the expected text occur in the answer, in order and side by side.
    Contains,
    /// F1 of the normalized words.
    F1,
    /// A number within this distance.
    Number(Tolerance),
    /// F1 of the elements of two lists, in any order.
    Set,
    /// The share of equal leaves of two JSON values.
    Json,
    /// A signature of the library scores the answer.
    Judge(String),
    /// A program scores the answer: it gets `{"case", "prediction"}` as JSON and prints a number.
    Command(String),
}

/// How far a number may be from the expected one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// At most this much.
    Absolute(f64),
    /// At most this many per cent of the expected number.
    Percent(f64),
}

/// Two numbers that differ by rounding only are equal.
const ROUNDING: f64 = 1e-9;

/// A word that is not a metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown metric `{0}`; expected exact, normalized, contains, f1, number:0.01, number:5%, set, json, judge:NAME or \
     cmd:PROGRAM"
)]
pub struct UnknownMetric(String);

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(word: &str) -> Result<Self, UnknownMetric> {
        let word = word.trim();
        let unknown = || UnknownMetric(word.chars().take(80).collect());
        let (name, of) = word.split_once(':').map_or((word, None), |(name, of)| (name, Some(of.trim())));
        match (name, of) {
            ("exact", None) => Ok(Self::Exact),
            ("normalized", None) => Ok(Self::Normalized),
            ("contains", None) => Ok(Self::Contains),
            ("f1", None) => Ok(Self::F1),
            ("set", None) => Ok(Self::Set),
            ("json", None) => Ok(Self::Json),
            ("number", None) => Ok(Self::Number(Tolerance::Absolute(0.0))),
            ("number", Some(text)) => {
                let (digits, tolerance): (&str, fn(f64) -> Tolerance) = match text.strip_suffix('%') {
                    Some(digits) => (digits, Tolerance::Percent),
                    None => (text, Tolerance::Absolute),
                };
                let size: f64 = digits.trim().parse().map_err(|_| unknown())?;
                if size.is_finite() && size >= 0.0 { Ok(Self::Number(tolerance(size))) } else { Err(unknown()) }
            }
            ("judge", Some(name)) if !name.is_empty() => Ok(Self::Judge(name.to_owned())),
            ("cmd", Some(program)) if !program.is_empty() => Ok(Self::Command(program.to_owned())),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::Normalized => f.write_str("normalized"),
            Self::Contains => f.write_str("contains"),
            Self::F1 => f.write_str("f1"),
            Self::Number(Tolerance::Absolute(size)) if *size == 0.0 => f.write_str("number"),
            Self::Number(Tolerance::Absolute(size)) => write!(f, "number:{size}"),
            Self::Number(Tolerance::Percent(size)) => write!(f, "number:{size}%"),
            Self::Set => f.write_str("set"),
            Self::Json => f.write_str("json"),
            Self::Judge(name) => write!(f, "judge:{name}"),
            Self::Command(program) => write!(f, "cmd:{program}"),
        }
    }
}

impl Metric {
    /// The metric of an output that has none chosen.
    pub fn default_for(field_type: &FieldType) -> Self {
        match field_type {
            FieldType::Str | FieldType::Any => Self::Normalized,
            FieldType::Float => Self::Number(Tolerance::Absolute(0.0)),
            FieldType::List(_) | FieldType::Set(_) => Self::Set,
            FieldType::Tuple(_) | FieldType::TupleOf(_) | FieldType::Dict(_) | FieldType::Object(_) => Self::Json,
            FieldType::Alias(_, of) => Self::default_for(of),
            FieldType::Union(types) => {
                // The score of what is there, where a value may be missing.
                match types.iter().filter(|of| **of != FieldType::None).collect::<Vec<_>>().as_slice() {
                    [only] => Self::default_for(only),
                    _ => Self::Json,
                }
            }
            _ => Self::Exact,
        }
    }

    /// Whether a model scores by it.
    pub fn is_judge(&self) -> bool {
        matches!(self, Self::Judge(_))
    }

    /// Whether it needs an expected value.
    pub fn needs_expected(&self) -> bool {
        !matches!(self, Self::Judge(_) | Self::Command(_))
    }

    /// The score of a prediction, 0 to 1; none for a metric that asks somebody else. Where a list of texts is expected
    /// for a text, the best score counts.
    pub fn score(&self, expected: &Value, predicted: &Value) -> Option<f64> {
        let of_text = matches!(self, Self::Exact | Self::Normalized | Self::Contains | Self::F1);
        if let (true, Value::Array(texts), Value::String(_)) = (of_text, expected, predicted) {
            return texts
                .iter()
                .map(|text| self.score(text, predicted))
                .try_fold(0.0, |best, score| score.map(|score| f64::max(best, score)));
        }
        let yes = |is: bool| Some(f64::from(u8::from(is)));
        match self {
            Self::Exact => yes(equal(expected, predicted)),
            Self::Normalized => yes(normalized(&value_text(expected)) == normalized(&value_text(predicted))),
            Self::Contains => yes(contains(&value_text(expected), &value_text(predicted))),
            Self::F1 => Some(f1(&tokens(expected), &tokens(predicted))),
            Self::Number(tolerance) => {
                yes(number(expected).zip(number(predicted)).is_some_and(|(expected, predicted)| {
                    let within = match tolerance {
                        Tolerance::Absolute(size) => *size,
                        Tolerance::Percent(size) => size / 100.0 * expected.abs(),
                    };
                    (expected - predicted).abs() <= within + ROUNDING * expected.abs().max(1.0)
                }))
            }
            Self::Set => {
                let (expected, predicted) = (elements(expected), elements(predicted));
                Some(if expected.is_empty() && predicted.is_empty() { 1.0 } else { f1(&expected, &predicted) })
            }
            Self::Json => Some(equal_share(expected, predicted)),
            Self::Judge(_) | Self::Command(_) => None,
        }
    }
}

/// Whether two values are equal. Numbers are compared by value, texts without the blanks around them.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.trim() == b.trim(),
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

fn contains(expected: &str, predicted: &str) -> bool {
    let (expected, predicted) = (normalized(expected), normalized(predicted));
    let (wanted, found) = (words(&expected), words(&predicted));
    wanted.is_empty() || found.windows(wanted.len()).any(|window| window == wanted)
}

fn tokens(value: &Value) -> Vec<String> {
    normalized(&value_text(value)).split_whitespace().map(str::to_owned).collect()
}

/// The elements of a list as texts that are equal where the elements are. Any other value is one element; null is none.
fn elements(value: &Value) -> Vec<String> {
    let key = |value: &Value| match value {
        Value::String(text) => format!("\"{}", text.trim()),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    };
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(key).collect(),
        other => vec![key(other)],
    }
}

/// F1 of two bags of words. Without a common word it is 0, also where both are empty, as in DSPy's metrics.
fn f1(expected: &[String], predicted: &[String]) -> f64 {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for word in expected {
        *left.entry(word).or_default() += 1;
    }
    let mut common = 0_usize;
    for word in predicted {
        if let Some(count) = left.get_mut(word.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    2.0 * common as f64 / (expected.len() + predicted.len()).max(1) as f64
}

/// A number, or a text that is one: `1,234.50` counts, `12,5` does not.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            let (whole, rest) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
            let mut groups = whole.split(',');
            let first = groups.next().unwrap_or_default();
            let grouped = groups.clone().count() > 0;
            let well = groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
                && (!grouped || (1..=3).contains(&first.trim_start_matches(['-', '+']).len()));
            let plain = format!("{}{}", whole.replace(',', ""), rest.map_or(String::new(), |rest| format!(".{rest}")));
            plain.parse().ok().filter(|number: &f64| well && number.is_finite())
        }
        _ => None,
    }
}

/// The share of leaves that are equal, of all leaves that one of both values has.
fn equal_share(expected: &Value, predicted: &Value) -> f64 {
    let (mut of_expected, mut of_predicted) = (BTreeMap::new(), BTreeMap::new());
    leaves(expected, String::new(), &mut of_expected);
    leaves(predicted, String::new(), &mut of_predicted);
    let same =
        of_expected.iter().filter(|(path, leaf)| of_predicted.get(*path).is_some_and(|other| equal(leaf, other)));
    let same = same.count();
    same as f64
        / (of_expected.len() + of_predicted.keys().filter(|path| !of_expected.contains_key(*path)).count()) as f64
}

/// The leaves of a value by their paths. An empty list or object is a leaf.
fn leaves<'a>(value: &'a Value, path: String, into: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, item)| leaves(item, format!("{path}/{at}"), into));
        }
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, field)| leaves(field, format!("{path}/{}", name.replace('/', "~1")), into));
        }
        leaf => _ = into.insert(path, leaf),
    }
}
