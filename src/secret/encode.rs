//! The forms in which a server may send a secret back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Shorter texts are not looked for in base64, hexadecimal or backwards: they would be found where there is no secret.
const LONG: usize = 8;

/// Escaped in the value of a URL's query: all but the unreserved characters (RFC 3986 §2.3).
pub const ESCAPED_IN_URLS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The text plain, percent-encoded, escaped for JSON, in base64 at each of its three offsets, in hexadecimal, with each
/// byte percent-encoded, and backwards.
pub(super) fn encodings(text: &str) -> Vec<Zeroizing<String>> {
    let mut percent = Zeroizing::new(String::with_capacity(3 * text.len()));
    percent.extend(utf8_percent_encode(text, ESCAPED_IN_URLS));
    let json = Zeroizing::new(Value::from(text).to_string());
    let mut forms = vec![Zeroizing::new(text.to_owned()), percent, Zeroizing::new(json.trim_matches('"').to_owned())];
    if text.len() >= LONG {
        forms.extend((0..3).map(|skip| base64(&text.as_bytes()[skip..])));
        forms.extend(["", "%"].map(|before| hexadecimal(text, before)));
        forms.push(Zeroizing::new(text.chars().rev().collect()));
    }
    forms
}

/// Each byte as two hexadecimal digits, with this text before it.
fn hexadecimal(text: &str, before: &str) -> Zeroizing<String> {
    let mut hex = Zeroizing::new(String::with_capacity((2 + before.len()) * text.len()));
    for byte in text.bytes() {
        _ = write!(hex, "{before}{byte:02x}");
    }
    hex
}

/// Base64 of whole groups of three bytes. The characters of a partial group depend on what follows the secret.
pub(super) fn base64(bytes: &[u8]) -> Zeroizing<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Zeroizing::new(String::new());
    for group in bytes.chunks_exact(3) {
        let bits = group.iter().fold(0_u32, |bits, &byte| (bits << 8) | u32::from(byte));
        for shift in [18, 12, 6, 0] {
            text.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
        }
    }
    text
}
