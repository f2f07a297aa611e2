use super::encode::base64;
use super::*;
use proptest::prelude::*;

const KEY: &str = "sk-or-v1-0a1b2c3d4e5f60718293a4b5c6d7e8f9";

/// Whether any eight characters of the key stand in the text, in upper or lower case.
fn leaks(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    KEY.as_bytes().windows(8).any(|piece| text.contains(std::str::from_utf8(piece).unwrap()))
}

fn streamed(text: &str, size: usize) -> String {
    let (mut scrubber, mut out) = (Scrubber::new(&Secret::new(KEY).into()), String::new());
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
    assert_eq!(masked(&masked(KEY)), "…e8f9", "a mask stays as it is");
}

#[test]
fn all_secrets_of_a_request_are_scrubbed() {
    let secrets = Secrets::new([KEY, "other-secret", "abc", ""].map(Secret::new));
    let text = format!("a {KEY} b other-secret c abc {KEY}other-secret");
    assert_eq!(secrets.scrub(&text), "a *** b *** c abc ******");
    let mut value = serde_json::json!({"other-secret": [KEY, 1, null, {"x": "my other-secret"}]});
    secrets.scrub_value(&mut value);
    assert_eq!(value, serde_json::json!({"***": ["***", 1, null, {"x": "my ***"}]}));
    for size in [1, 2, 3, 5, 100] {
        let (mut scrubber, mut out) = (Scrubber::new(&secrets), String::new());
        for piece in text.as_bytes().chunks(size) {
            scrubber.push(std::str::from_utf8(piece).unwrap(), &mut out);
        }
        scrubber.finish(&mut out);
        assert_eq!(out, "a sk-or-v*** b *** c abc sk-or-v******", "{size}");
    }
    assert_eq!(Secrets::default().scrub(&text), text);
}

#[test]
fn nothing_of_a_short_secret_passes_a_stream_and_the_rest_of_the_text_does() {
    for secret in ["sk-12345", "ollama", "abcabcab", "sk-123456789"] {
        let secrets = Secrets::from(Secret::new(secret));
        let text = format!("s sk- {secret} x {secret}{secret} oll {}\u{e9} abcabc", &secret[..5]);
        let whole = secrets.scrub(&text).into_owned();
        assert!(!whole.contains(secret) && whole.contains("oll "), "{whole}");
        for size in 1..20 {
            let (mut scrubber, mut out) = (Scrubber::new(&secrets), String::new());
            let chars: Vec<char> = text.chars().collect();
            for piece in chars.chunks(size) {
                scrubber.push(&piece.iter().collect::<String>(), &mut out);
            }
            scrubber.finish(&mut out);
            assert_eq!(out, whole, "{secret}, {size}");
        }
    }
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
    let bytes = |before: &str| KEY.bytes().fold(String::new(), |text, byte| format!("{text}{before}{byte:02x}"));
    let (hex, percent) = (bytes(""), bytes("%").to_uppercase());
    let backwards: String = KEY.chars().rev().collect();
    for form in [hex.to_uppercase(), hex, percent, backwards, KEY.to_uppercase()] {
        assert_eq!(secret.scrub(&format!("({form})")), "(***)", "{form}");
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
