//! The index for searches: which runs hold every part of a word. A part is one, two or three characters that follow
//! each other (a gram), so that a word is found wherever it stands, also in languages that do not separate words. The
//! index may name a run without the word, which is then read; it never leaves out one with it.

use crate::text::clean;
use crate::transcript::Transcript;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

/// The token of a run with too many grams: it is read in every search.
const UNINDEXED: &str = "unindexed";
/// The number of grams that a word is searched by.
const MAX_ASKED: usize = 16;

type Gram = [char; 3];

/// What a run is found by: inputs, answer, signature and models, and why there is no answer. One part a line.
pub(super) fn text_of(run: &Transcript) -> String {
    let mut text = String::new();
    let mut add = |part: &str| {
        fold(part, &mut text);
        text.push('\n');
    };
    if let Some(task) = run.task() {
        add(&task.signature.name);
        add(&task.signature.inline());
    }
    run.asked().iter().flat_map(|asked| asked.values()).for_each(|value| add(&plain(value)));
    run.spec.iter().flat_map(|spec| &spec.chain).for_each(|route| add(&route.model));
    if let Some(end) = &run.finished {
        end.fields.values().for_each(|value| add(&plain(value)));
        end.headline.iter().for_each(|headline| add(headline));
    }
    text
}

/// Whether a text of [`text_of`] contains every word.
pub(super) fn contains(text: &str, words: &[String]) -> bool {
    words.iter().all(|word| text.contains(&folded(word)))
}

/// A text as it is compared: in lower case, and white space is one kind of character.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold(text, &mut folded);
    folded
}

fn fold(text: &str, out: &mut String) {
    let lower = clean(text);
    out.extend(lower.chars().flat_map(char::to_lowercase).map(|c| if c.is_whitespace() { ' ' } else { c }));
}

fn plain(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| value.to_string().into(), Cow::from)
}

/// Whether two of these characters say as much as three of another script: Chinese, Japanese, Korean.
fn is_dense(c: char) -> bool {
    c >= '\u{2e80}'
}

/// The grams of a text of [`text_of`], as the text that is indexed.
pub(super) fn indexed(text: &str) -> String {
    let most = (2048 + text.len() / 4).min(50_000);
    let mut grams: HashSet<Gram> = HashSet::new();
    for line in text.lines() {
        let mut last = ['\0'; 2];
        for c in line.chars() {
            grams.insert([c, '\0', '\0']);
            if last[1] != '\0' {
                grams.insert([last[1], c, '\0']);
            }
            if last[0] != '\0' && ![last[0], last[1], c].into_iter().any(is_dense) {
                grams.insert([last[0], last[1], c]);
            }
            last = [last[1], c];
        }
        if grams.len() > most {
            return UNINDEXED.to_owned();
        }
    }
    let mut out = String::with_capacity(grams.len() * 8);
    for gram in grams {
        write_token(gram, &mut out);
        out.push(' ');
    }
    out
}

/// The query for the runs that may contain every word; `None` if the words are empty.
pub(super) fn query(words: &[String]) -> Option<String> {
    let mut all = String::new();
    for word in words {
        let chars: Vec<char> = folded(word).chars().collect();
        let grams = asked(&chars);
        // Grams spread over a long word exclude as much as all of them.
        let step = grams.len().div_ceil(MAX_ASKED).max(1);
        for gram in grams.into_iter().step_by(step) {
            if !all.is_empty() {
                all.push_str(" AND ");
            }
            write_token(gram, &mut all);
        }
    }
    (!all.is_empty()).then(|| format!("({all}) OR {UNINDEXED}"))
}

/// The grams that a text with this word has.
fn asked(word: &[char]) -> Vec<Gram> {
    match *word {
        [] => Vec::new(),
        [a] => vec![[a, '\0', '\0']],
        [a, b] => vec![[a, b, '\0']],
        _ => {
            let pairs = word.windows(2).map(|pair| [pair[0], pair[1], '\0']);
            let dense = pairs.filter(|pair| pair[..2].iter().copied().any(is_dense));
            let triples = word.windows(3).map(|triple| [triple[0], triple[1], triple[2]]);
            triples.filter(|triple| !triple.iter().copied().any(is_dense)).chain(dense).collect()
        }
    }
}

/// Writes a gram as letters and digits, which the index takes as one token.
fn write_token(gram: Gram, out: &mut String) {
    out.push('x');
    for c in gram.into_iter().filter(|c| *c != '\0') {
        _ = write!(out, "{:02x}", u32::from(c));
        out.push('g');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_text_is_found_by_its_grams() {
        let text = folded("Which RIVER is 10 km long? 最長の川はナイル川です。 gpt-4o-mini “quoted” don't");
        let index: HashSet<String> = indexed(&text).split_whitespace().map(str::to_owned).collect();
        let chars: Vec<char> = text.chars().collect();
        for from in 0..chars.len() {
            for to in from + 1..=chars.len() {
                let grams = asked(&chars[from..to]);
                assert!(!grams.is_empty(), "{from}..{to}");
                for gram in grams {
                    let mut token = String::new();
                    write_token(gram, &mut token);
                    assert!(index.contains(&token), "{:?}", &chars[from..to]);
                }
            }
        }
        assert!(contains(&text, &["river".into(), "ナイル".into(), "4O-M".into()]));
        assert!(!contains(&text, &["rivers".into()]));
        assert_eq!(query(&[String::new()]), None);
    }

    #[test]
    fn a_text_of_too_many_grams_is_read_in_every_search() {
        let mut random = fastrand::Rng::with_seed(1);
        let noise: String = (0..200_000).map(|_| random.char('\u{4e00}'..'\u{9fff}')).collect();
        assert_eq!(indexed(&noise), UNINDEXED);
        assert!(query(&["x".into()]).is_some_and(|query| query.ends_with(UNINDEXED)));
    }
}
