//! The cleaner of text: cuts must not change the result, nothing hostile may remain, and cleaning twice must give the
//! same as cleaning once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use switchover::text::{Cleaner, clean};

/// A character of each class in the rules. Bytes above ASCII become one of them, because the fuzzer hardly finds
/// characters of three bytes by itself.
const CLASSES: &str =
    "\u{85}\u{90}\u{9b}\u{9c}\u{9d}\u{202e}\u{200c}\u{200d}\u{fe00}\u{fe0f}\u{e0100}\u{301}\u{94d}م👩世";

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else { return };
    let classes: Vec<char> = CLASSES.chars().collect();
    let class = |byte: u8| if byte.is_ascii() { char::from(byte) } else { classes[usize::from(byte) % classes.len()] };
    let text: String = match how & 1 {
        0 => String::from_utf8_lossy(bytes).into_owned(),
        _ => bytes.iter().map(|byte| class(*byte)).collect(),
    };
    let whole = clean(&text).into_owned();
    let (mut cleaner, mut out) = (Cleaner::new(), String::new());
    let chars: Vec<char> = text.chars().collect();
    for piece in chars.chunks(usize::from(how >> 1).max(1)) {
        cleaner.push(&piece.iter().collect::<String>(), &mut out);
    }
    assert_eq!(out, whole);
    let hostile = |c| matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    assert!(whole.chars().all(|c| !hostile(c) && (!c.is_control() || c == '\n' || c == '\t')), "{whole:?}");
    assert_eq!(clean(&whole), whole);
});
