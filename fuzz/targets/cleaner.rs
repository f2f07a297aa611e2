//! The sanitiser: no cut changes what is left, nothing hostile is left, and cleaning twice is cleaning once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use switchover::text::{Cleaner, clean};

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    let whole = clean(&text).into_owned();
    let (mut cleaner, mut out) = (Cleaner::new(), String::new());
    let chars: Vec<char> = text.chars().collect();
    for piece in chars.chunks(usize::from(*size).max(1)) {
        cleaner.push(&piece.iter().collect::<String>(), &mut out);
    }
    assert_eq!(out, whole);
    let hostile = |c| matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    assert!(whole.chars().all(|c| !hostile(c) && (!c.is_control() || c == '\n' || c == '\t')), "{whole:?}");
    assert_eq!(clean(&whole), whole);
});
