//! The index for searches: which runs hold every part of a word. A part is one, two or three characters that follow
//! each other (a gram), so that a word is found wherever it stands, also in languages that do not separate words. Two
//! characters are mostly found as the beginning of three. The index may name a run without the word, which is then read; it
//! never leaves out one with it.

use crate::text::clean;
use crate::transcript::Transcript;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

/// The token of a run with too many grams: it is read in every search.
const UNINDEXED: &str = "unindexed";
/// The number of grams that a word is searched by.
const MAX_ASKED: usize = 16;

type Gram = [char; 3];

/// Hashes grams: a text has thousands, and all are known to be short. The seed keeps a text from choosing its collisions.
#[derive(Clone, Copy)]
struct GramHash(u64);

impl BuildHasher for GramHash {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for GramHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, packed: u64) {
        let wide = u128::from(self.0 ^ packed) * 0x9e37_79b9_7f4a_7c15;
        self.0 = wide as u64 ^ (wide >> 64) as u64;
    }
}

/// A gram as one number: a character has 21 bits.
fn pack([a, b, c]: Gram) -> u64 {
    u64::from(a) | u64::from(b) << 21 | u64::from(c) << 42
}

fn unpack(packed: u64) -> Gram {
    [0, 21, 42].map(|shift| char::from_u32((packed >> shift) as u32 & 0x1f_ffff).unwrap_or_default())
}

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
    out.reserve(text.len());
    for c in clean(text).chars() {
        match c {
            ' '..='~' => out.push(c.to_ascii_lowercase()),
            c if c.is_whitespace() => out.push(' '),
            c => out.extend(c.to_lowercase()),
        }
    }
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
    let hash = GramHash(fastrand::u64(..));
    let mut grams: HashSet<u64, GramHash> = HashSet::with_capacity_and_hasher(text.len().min(most), hash);
    for line in text.lines() {
        let [mut a, mut b] = ['\0'; 2];
        for c in line.chars() {
            let is_triple = a != '\0' && !is_dense(a) && !is_dense(b) && !is_dense(c);
            if is_triple {
                // One that is known was added together with its last character.
                if grams.insert(pack([a, b, c])) {
                    grams.insert(pack([c, '\0', '\0']));
                }
            } else {
                grams.insert(pack([c, '\0', '\0']));
                if a != '\0' {
                    grams.insert(pack([a, b, '\0']));
                }
            }
            (a, b) = (b, c);
        }
        if a != '\0' {
            grams.insert(pack([a, b, '\0']));
        }
        if grams.len() > most {
            return UNINDEXED.to_owned();
        }
    }
    let mut out = String::with_capacity(grams.len() * 8);
    for packed in grams {
        write_token(unpack(packed), &mut out);
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
            if is_beginning(gram) {
                all.push_str(" *");
            }
        }
    }
    (!all.is_empty()).then(|| format!("({all}) OR {UNINDEXED}"))
}

/// Whether the index may have a gram only as the beginning of a longer one.
fn is_beginning([a, b, c]: Gram) -> bool {
    b != '\0' && c == '\0' && !is_dense(a) && !is_dense(b)
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
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // A letter, and for each character up to six digits and a letter.
    let (mut token, mut length) = ([b'x'; 22], 1);
    for c in gram.into_iter().map(u32::from).filter(|c| *c != 0) {
        for place in (0..(8 - c.leading_zeros() / 4).max(2)).rev() {
            token[length] = DIGITS[(c >> (4 * place) & 0xf) as usize];
            length += 1;
        }
        token[length] = b'g';
        length += 1;
    }
    out.push_str(str::from_utf8(&token[..length]).unwrap_or_default());
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
                    let is_found = if is_beginning(gram) {
                        index.iter().any(|known| known.starts_with(&token))
                    } else {
                        index.contains(&token)
                    };
                    assert!(is_found, "{:?}", &chars[from..to]);
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
