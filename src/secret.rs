//! The API key. Knows how to keep out of sight; must not know where it is sent.
//!
//! The type has no `Debug` and no `Display`, so it cannot be printed by accident:
//!
//! ```compile_fail
//! println!("{:?}", switchover::secret::Secret::new("sk-or-v1-0123456789"));
//! ```

use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use zeroize::Zeroizing;

/// So many bytes of the key in a row count as a leak.
const RUN: usize = 8;
/// So many bits tell three bytes of the key from others: some hundred are set.
const THREES: usize = 1 << 14;
/// What stands where a piece of the key was.
const MASK: &str = "***";

/// An API key. Wiped from memory when the last of its clones is dropped.
#[derive(Clone)]
pub struct Secret(Arc<SecretBytes>);

struct SecretBytes {
    key: Zeroizing<String>,
    /// So many bytes of it in a row are hidden.
    width: usize,
    /// Every `width` bytes in a row of the key and of its usual encodings, packed and sorted.
    runs: Zeroizing<Vec<u64>>,
    /// A bit for every three bytes in a row, so that nearly all other text is told from them at one look.
    threes: Zeroizing<[u64; THREES / 64]>,
}

impl Secret {
    /// Takes a key as it was typed or read: white space around it is dropped.
    pub fn new(key: impl Into<String>) -> Self {
        let raw = Zeroizing::new(key.into());
        let key = Zeroizing::new(raw.trim().to_owned());
        let width = key.len().min(RUN);
        let mut runs = Zeroizing::new(Vec::new());
        // Up to three characters are no secret, and hiding them would shred every text.
        if width > 3 {
            for form in encodings(&key) {
                runs.extend(form.as_bytes().windows(width).map(pack));
            }
            runs.sort_unstable();
            runs.dedup();
        }
        let mut threes = Zeroizing::new([0; THREES / 64]);
        for shift in (0..=8 * width.saturating_sub(3)).step_by(8) {
            for &run in runs.iter() {
                let (word, bit) = three(run >> shift);
                threes[word] |= bit;
            }
        }
        Self(Arc::new(SecretBytes { key, width, runs, threes }))
    }

    /// The key itself, for the `Authorization` header and nothing else.
    pub fn expose(&self) -> &str {
        &self.0.key
    }

    /// True when there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.0.key.is_empty()
    }

    /// For people: the last four characters of a long key, nothing of a short one.
    pub fn masked(&self) -> String {
        masked(&self.0.key)
    }

    /// The text without the key and without any 8 or more of its characters in a row,
    /// plain, in base64, percent-encoded or escaped for JSON.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let bytes = text.as_bytes();
        if !self.is_in(bytes) {
            return Cow::Borrowed(text);
        }
        let (mut clean, mut from, mut hidden) = (String::new(), 0, 0..0);
        let mut last = 0;
        for (end, &byte) in (1..).zip(bytes) {
            last = ((last << 8) | u64::from(byte)) & self.mask();
            if end < self.0.width || !self.hides(last) {
                continue;
            }
            if end - self.0.width > hidden.end || hidden.is_empty() {
                cut(text, &mut clean, &mut from, &hidden);
                hidden.start = end - self.0.width;
            }
            hidden.end = end;
        }
        cut(text, &mut clean, &mut from, &hidden);
        clean.push_str(&text[from..]);
        Cow::Owned(clean)
    }

    /// Scrubs every string in a JSON value, names included.
    pub fn scrub_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(clean) = self.scrub(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_value(item)),
            Value::Object(map) => {
                map.values_mut().for_each(|item| self.scrub_value(item));
                if map.keys().any(|name| matches!(self.scrub(name), Cow::Owned(_))) {
                    let named = std::mem::take(map).into_iter();
                    *map = named.map(|(name, item)| (self.scrub(&name).into_owned(), item)).collect();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether there is anything to hide. Of the places in every run where three bytes can stand, one is a multiple
    /// of their number: only there is looked, and around a hit.
    fn is_in(&self, bytes: &[u8]) -> bool {
        let SecretBytes { width, runs, .. } = &*self.0;
        let places = width.saturating_sub(2).max(1);
        !runs.is_empty()
            && (0..bytes.len().saturating_sub(2)).step_by(places).any(|at| {
                self.marks(pack(&bytes[at..at + 3])) && {
                    let around = &bytes[(at + 1).saturating_sub(places)..(at + 2 + places).min(bytes.len())];
                    around.windows(*width).any(|run| self.hides(pack(run)))
                }
            })
    }

    /// The bytes of a run, in a register that bytes are shifted into.
    fn mask(&self) -> u64 {
        if self.0.width == RUN { u64::MAX } else { (1 << (8 * self.0.width)) - 1 }
    }

    fn hides(&self, run: u64) -> bool {
        self.marks(run) && self.0.runs.binary_search(&run).is_ok()
    }

    /// Whether the last three bytes of a run may be three of the key's.
    fn marks(&self, run: u64) -> bool {
        let (word, bit) = three(run);
        self.0.threes[word] & bit != 0
    }
}

/// A secret for people: its last four characters if it is long, nothing of a short one.
pub fn masked(secret: &str) -> String {
    let chars = secret.trim().chars();
    match chars.clone().count() {
        0..16 => MASK.to_owned(),
        count => format!("…{}", chars.skip(count - 4).collect::<String>()),
    }
}

/// Copies what lies before the hidden range, then the mask. Ranges are whole characters:
/// a run that is no part of the key's UTF-8 cannot match, and one that is starts and ends
/// where the key's characters may be split only if the key is not ASCII; then the cut moves outwards.
fn cut(text: &str, clean: &mut String, from: &mut usize, hidden: &std::ops::Range<usize>) {
    if hidden.is_empty() {
        return;
    }
    let (mut start, mut end) = (hidden.start.max(*from), hidden.end);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    clean.push_str(&text[*from..start]);
    clean.push_str(MASK);
    *from = end;
}

/// Hides the key in a stream, whatever the pieces: of a run of its characters the first
/// seven pass and the rest is masked, so nothing is held back and no eight ever stand in a row.
#[derive(Clone)]
pub struct Scrubber {
    secret: Secret,
    last: u64,
    seen: usize,
    hiding: bool,
}

impl Scrubber {
    /// At the beginning of a text.
    pub fn new(secret: Secret) -> Self {
        Self { secret, last: 0, seen: 0, hiding: false }
    }

    /// Scrubs the next piece onto `out`.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        if self.secret.0.runs.is_empty() {
            return out.push_str(piece);
        }
        let mask = self.secret.mask();
        let (mut last, mut seen) = (self.last, self.seen);
        let mut passes = |byte: u8| {
            last = ((last << 8) | u64::from(byte)) & mask;
            seen += 1;
            seen < self.secret.0.width || !self.secret.hides(last)
        };
        // Nearly every piece has nothing of the key in it, and goes over whole.
        if !self.hiding && piece.bytes().all(&mut passes) {
            (self.last, self.seen) = (last, seen);
            return out.push_str(piece);
        }
        let mut bytes = [0; 4];
        for c in piece.chars() {
            for &byte in c.encode_utf8(&mut bytes).as_bytes() {
                self.last = ((self.last << 8) | u64::from(byte)) & mask;
                self.seen += 1;
            }
            let hide = self.seen >= self.secret.0.width && self.secret.hides(self.last);
            match (hide, std::mem::replace(&mut self.hiding, hide)) {
                (true, false) => out.push_str(MASK),
                (true, true) => {}
                (false, _) => out.push(c),
            }
        }
    }
}

/// Where the last three bytes are marked: Fibonacci hashing.
fn three(run: u64) -> (usize, u64) {
    let hash = (run << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - THREES.ilog2());
    ((hash >> 6) as usize, 1 << (hash & 63))
}

fn pack(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |packed, &byte| (packed << 8) | u64::from(byte))
}

/// The key as it may be echoed: plain, escaped for JSON, percent-encoded, base64 at each of three offsets.
fn encodings(key: &str) -> Vec<Zeroizing<String>> {
    let mut percent = Zeroizing::new(String::new());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            percent.push(byte.into());
        } else {
            _ = write!(percent, "%{byte:02X}");
        }
    }
    let json = Zeroizing::new(Value::from(key).to_string());
    let mut forms = vec![Zeroizing::new(key.to_owned()), percent, Zeroizing::new(json.trim_matches('"').to_owned())];
    if key.len() >= RUN {
        forms.extend((0..3).map(|skip| base64(&key.as_bytes()[skip..])));
    }
    forms
}

/// Only whole groups: the last characters of a partial group depend on what follows the key.
fn base64(bytes: &[u8]) -> Zeroizing<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Zeroizing::new(String::new());
    for group in bytes.chunks_exact(3) {
        let bits = pack(group);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "sk-or-v1-0a1b2c3d4e5f60718293a4b5c6d7e8f9";

    fn leaks(text: &str) -> bool {
        KEY.as_bytes().windows(RUN).any(|run| text.contains(std::str::from_utf8(run).unwrap()))
    }

    fn streamed(text: &str, size: usize) -> String {
        let (mut scrubber, mut out) = (Scrubber::new(Secret::new(KEY)), String::new());
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(size) {
            scrubber.push(&piece.iter().collect::<String>(), &mut out);
        }
        out
    }

    #[test]
    fn the_mask_shows_four_characters_of_a_long_key_at_most() {
        assert_eq!(Secret::new(KEY).masked(), "…e8f9");
        assert_eq!(Secret::new("short-key").masked(), "***");
        assert_eq!(Secret::new("  \n").masked(), "***");
        assert!(!leaks(&Secret::new(KEY).masked()));
    }

    #[test]
    fn every_form_of_the_key_is_scrubbed() {
        let secret = Secret::new(format!(" {KEY}\n"));
        assert_eq!(secret.expose(), KEY);
        assert_eq!(secret.scrub(&format!("bad key {KEY}!")), "bad key ***!");
        assert_eq!(secret.scrub(&format!("{KEY}{KEY}")), "***");
        assert_eq!(secret.scrub("é 2c3d4e5f6 世"), "é *** 世");
        assert_eq!(secret.scrub("nothing here, 2c3d4e5"), "nothing here, 2c3d4e5");
        assert_eq!(secret.scrub(""), "");
        for offset in ["", "x", "xy"] {
            let encoded = base64(format!("{offset}{KEY}zz").as_bytes());
            let scrubbed = secret.scrub(&encoded);
            assert!(scrubbed.contains(MASK) && scrubbed.len() < 16, "{scrubbed}");
        }
        let odd = Secret::new("pass\"word/with+odd");
        assert_eq!(odd.scrub(r#"{"k":"pass\"word/with+odd"}"#), r#"{"k":"***"}"#);
        assert_eq!(odd.scrub("k=pass%22word%2Fwith%2Bodd"), "k=***");
        assert_eq!(Secret::new("ollama").scrub("key ollama, ollam"), "key ***, ollam");
        for before in (0..9).map(|n| " ".repeat(n)) {
            assert_eq!(Secret::new("ollama").scrub(&format!("{before}ollama")), format!("{before}***"));
        }
        assert_eq!(Secret::new("k").scrub("kk"), "kk");
        assert_eq!(Secret::new("").scrub("text"), "text");
        assert_eq!(Secret::new("schlüssel-lang-genug").scrub("xschlüssel-lang"), "x***");
    }

    proptest! {
        #[test]
        fn eight_in_a_row_never_pass(before in "[ -~é]{0,12}", from in 0..40_usize, length in 0..41_usize, after in "[ -~世]{0,12}", size in 1..9_usize) {
            let part = &KEY[from..(from + length).min(KEY.len())];
            let text = format!("{before}{part}{after}");
            prop_assert!(!leaks(&Secret::new(KEY).scrub(&text)));
            let stream = streamed(&text, size);
            prop_assert!(!leaks(&stream));
            prop_assert_eq!(&stream, &streamed(&text, usize::MAX));
            if !leaks(&text) {
                prop_assert_eq!(&stream, &text);
            }
        }
    }
}
