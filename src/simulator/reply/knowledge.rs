//! The little that the simulator really knows: answers, phrases and cue words of `assets/simulator.toml`.

use super::super::asset::ASSET;
use super::arithmetic;
use super::extract::{is_small, sentences, words};
use serde::Deserialize;

/// What to say when one of these is in the question.
#[derive(Deserialize)]
pub(in crate::simulator) struct Entry {
    when: Vec<String>,
    short: String,
    long: String,
    because: String,
}

/// The same in five languages.
#[derive(Deserialize)]
pub(in crate::simulator) struct Phrase {
    en: String,
    fr: String,
    de: String,
    es: String,
    it: String,
}

/// Words that speak for a label of one of these names.
#[derive(Deserialize)]
pub(in crate::simulator) struct Cue {
    labels: Vec<String>,
    words: Vec<String>,
}

/// A real answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    /// The bare answer.
    pub short: String,
    /// A sentence.
    pub long: String,
    /// Why.
    pub because: String,
}

/// The answer to a question, if there is one: computed, known, or read in the context.
pub(super) fn answer(question: &str, context: &str) -> Option<Known> {
    computed(question)
        .or_else(|| prime(question))
        .or_else(|| letters(question))
        .or_else(|| known(question))
        .or_else(|| read(question, context))
}

fn computed(question: &str) -> Option<Known> {
    let sum = arithmetic::find(question)?;
    let short = sum.result.to_string();
    let long = format!("{} = {short}", sum.text);
    Some(Known { because: format!("I compute {} and get {short}.", sum.text), short, long })
}

fn prime(question: &str) -> Option<Known> {
    let lower = question.to_lowercase();
    let n: u64 = words(&lower).find_map(|word| word.parse().ok()).filter(|_| lower.contains("prime"))?;
    if n > 1_000_000_000_000 {
        return None;
    }
    let divisor = (2..=n.isqrt()).find(|d| n.is_multiple_of(*d));
    Some(match divisor {
        None if n > 1 => Known {
            short: "Yes".into(),
            long: format!("Yes, {n} is prime."),
            because: format!("No whole number from 2 to the square root of {n} divides it."),
        },
        Some(d) => Known {
            short: "No".into(),
            long: format!("No, {n} is not prime: it is {d} * {}.", n / d),
            because: format!("{d} divides {n}."),
        },
        None => {
            Known { short: "No".into(), long: format!("No, {n} is not prime."), because: "Primes begin with 2.".into() }
        }
    })
}

/// How many r's are in strawberry?
fn letters(question: &str) -> Option<Known> {
    let lower = question.to_lowercase();
    let rest = lower.split_once("how many ")?.1;
    let mut words = words(rest);
    let letter = words.next()?;
    let letter = letter.strip_suffix("'s").or(letter.strip_suffix("’s")).unwrap_or(letter);
    let mut letters = if letter == "letter" || letter == "letters" { words.next()?.chars() } else { letter.chars() };
    let (Some(letter), None) = (letters.next(), letters.next().filter(|c| *c != 's')) else { return None };
    let word = rest
        .rsplit([' ', '"', '“', '\''])
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
        .find(|w| !w.is_empty())?;
    let count = word.chars().filter(|c| *c == letter).count();
    let spelt = word.chars().map(String::from).collect::<Vec<_>>().join("-");
    Some(Known {
        short: count.to_string(),
        long: format!("The letter {letter} occurs {count} times in {word}."),
        because: format!("Spelt out it is {spelt}."),
    })
}

/// Lower case, one space between words, articles and punctuation left out.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let all = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    all.filter(|word| !["a", "an", "the", "s"].contains(word)).collect::<Vec<_>>().join(" ")
}

fn known(question: &str) -> Option<Known> {
    let question = format!(" {} ", plain(question));
    let hit = |entry: &Entry| {
        let hits = entry.when.iter().map(|when| plain(when)).filter(|when| question.contains(&format!(" {when} ")));
        hits.map(|when| when.len()).max()
    };
    // The most specific entry wins: "what is a dspy signature" before "what is dspy".
    let (_, entry) =
        ASSET.answer.iter().filter_map(|entry| Some((hit(entry)?, entry))).max_by_key(|(length, _)| *length)?;
    Some(Known { short: entry.short.clone(), long: entry.long.clone(), because: entry.because.clone() })
}

/// The sentence of the context that shares the most words with the question.
fn read(question: &str, context: &str) -> Option<Known> {
    let asked: Vec<String> = words(question).filter(|word| !is_small(word)).take(50).map(str::to_lowercase).collect();
    let shared = |sentence: &str| {
        let sentence: Vec<String> = words(sentence).map(str::to_lowercase).collect();
        asked.iter().filter(|word| sentence.contains(word)).count()
    };
    let sentences = sentences(context);
    // The first of equals, hence the reversed order.
    let (score, sentence) =
        sentences.iter().rev().map(|sentence| (shared(sentence), sentence)).max_by_key(|(score, _)| *score)?;
    (score > 0).then(|| Known {
        short: sentence.clone(),
        long: sentence.clone(),
        because: format!("The context says: “{sentence}”"),
    })
}

/// A phrase in another language (`fr`, `de`, `es`, `it`, `en`), from any of them.
pub(super) fn translate(text: &str, to: &str) -> Option<&'static str> {
    let text = plain(text);
    let of = |phrase: &'static Phrase| match to {
        "en" => Some(&phrase.en),
        "fr" => Some(&phrase.fr),
        "de" => Some(&phrase.de),
        "es" => Some(&phrase.es),
        "it" => Some(&phrase.it),
        _ => None,
    };
    let said = |phrase: &&Phrase| {
        [&phrase.en, &phrase.fr, &phrase.de, &phrase.es, &phrase.it].iter().any(|p| plain(p) == text)
    };
    ASSET.phrase.iter().find(said).and_then(of).map(String::as_str)
}

/// The language that a text names, as its code and its name.
pub(super) fn language(text: &str) -> Option<(&'static str, &'static str)> {
    const NAMES: [(&str, &str, &str); 5] = [
        ("fr", "French", "français"),
        ("de", "German", "deutsch"),
        ("es", "Spanish", "español"),
        ("it", "Italian", "italiano"),
        ("en", "English", "english"),
    ];
    let text = text.to_lowercase();
    let found = NAMES
        .iter()
        .find(|(code, name, own)| text == *code || text.contains(&name.to_lowercase()) || text.contains(own));
    found.map(|(code, name, _)| (*code, *name))
}

/// The cue words in a text that speak for a label, `not` and `no` before them turning them away.
pub(super) fn cues(label: &str, text: &str) -> Vec<&'static str> {
    let label = label.to_lowercase();
    let text = format!(" {} ", words(&text.to_lowercase()).collect::<Vec<_>>().join(" "));
    let cue = ASSET.cue.iter().filter(|cue| cue.labels.contains(&label));
    let here = |word: &&str| {
        text.match_indices(&format!(" {word} ")).any(|(at, _)| {
            let before = text[..at].rsplit(' ').next().unwrap_or_default();
            !["not", "no", "never", "isn't", "wasn't"].contains(&before)
        })
    };
    cue.flat_map(|cue| cue.words.iter().map(String::as_str)).filter(here).collect()
}
