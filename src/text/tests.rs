use super::characters::is_invisible;
use super::cleaner::{CSI_CAP, MARK_CAP, STRING_CAP};
use super::*;
use proptest::prelude::*;

fn cleaned(text: &str) -> String {
    clean(text).into_owned()
}

#[test]
fn escape_sequences_are_removed_with_their_payload() {
    for (dirty, expected) in [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]52;c;aGk=\x1b\\x", "x"),
        ("\x1bPq#0;2\x1b\\x\x1b_Gf=100;AAAA\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\.", "xyz."),
        ("\u{9b}31mred\u{9d}0;t\u{9c}x\u{90}q\u{9c}y", "redxy"),
        ("\x1b(Bx\x1b#8y\x1b7z\x1bc.", "xyz."),
        ("a\u{8}\u{7}\0\u{7f}b", "ab"),
        ("\x1b[12\nb", "\nb"),
        ("\x1b\x1b[31mx", "x"),
        ("\x1b[31\u{18}x", "x"),
        ("\x1bé", "é"),
        ("a\rb\r\nc\n\rd\r\r\n", "a\nb\nc\n\nd\n\n"),
    ] {
        assert_eq!(cleaned(dirty), expected, "{dirty:?}");
    }
}

#[test]
fn a_sequence_without_an_end_does_not_hide_the_rest() {
    let osc = format!("\x1b]{}the rest", "x".repeat(STRING_CAP as usize));
    assert_eq!(cleaned(&osc), "the rest");
    let csi = format!("\x1b[{}the rest", "1".repeat(CSI_CAP as usize));
    assert!(cleaned(&csi).ends_with("he rest"), "the t is the final byte of the sequence");
}

#[test]
fn invisible_characters_are_removed_and_needed_joiners_stay() {
    for (dirty, expected) in [
        ("\u{feff}a\u{200b}b\u{2060}c\u{ad}d", "abcd"),
        ("user\u{202e}txt.exe\u{2066}x\u{2069}", "usertxt.exex"),
        ("👩\u{200d}🔬 ❤\u{fe0f}\u{200d}🔥", "👩\u{200d}🔬 ❤\u{fe0f}\u{200d}🔥"),
        ("👨🏽\u{200d}🚀", "👨🏽\u{200d}🚀"),
        ("a\u{200d}b 👩\u{200d}x 👩\u{200d}", "ab 👩x 👩"),
        ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ("क्\u{200d}ष", "क्\u{200d}ष"),
        ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
        ("x\u{fe00}\u{fe01}\u{e0100}y", "xy"),
        ("❤\u{fe0f}\u{fe0f}\u{fe0f}", "❤\u{fe0f}"),
        ("\u{e0041}\u{e0042}hidden", "hidden"),
    ] {
        assert_eq!(cleaned(dirty), expected, "{dirty:?}");
    }
    let pile: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', 500)).collect();
    assert_eq!(cleaned(&pile).chars().count(), 1 + usize::from(MARK_CAP));
}

#[test]
fn a_line_has_no_line_end_and_a_longest_length() {
    assert_eq!(clean_line("  a\r\n\tb \x1b[2J c ", 80), "a b c");
    assert_eq!(clean_line("abcdef", 6), "abcdef");
    assert_eq!(clean_line("abcdefg", 6), "abcde…");
    assert_eq!(clean_line("", 6), "");
}

/// Every text of five characters, with one character for each case of the rules: at the beginning of a text, and
/// after as many marks as leave room for one more.
#[test]
fn one_cleaning_makes_every_short_text_clean() {
    const CASES: [char; 13] = [
        'a',
        '👩',
        'م',
        '\u{94d}',
        '\u{301}',
        '世',
        '\u{200c}',
        '\u{200d}',
        '\u{fe00}',
        '\u{fe0f}',
        '\u{e0100}',
        '\r',
        '\u{1b}',
    ];
    let pile: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', usize::from(MARK_CAP) - 1)).collect();
    for n in 0..CASES.len().pow(5) {
        let short = (0..5).map(|digit| CASES[n / CASES.len().pow(digit) % CASES.len()]);
        for text in [short.clone().collect(), pile.chars().chain(short).collect::<String>()] {
            let once = cleaned(&text);
            assert_eq!(cleaned(&once), once, "{text:?}");
        }
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let nasty: Vec<char> = "\x1b\x1b\x1b[]P_^X\\;m0a \n\r\t\u{7}\u{8}\u{18}\u{9b}\u{9c}\u{9d}\u{85}\u{200b}\u{200c}\u{200d}\u{202e}\u{2067}\u{feff}\u{fe0f}\u{e0101}👩🔬🏽❤مक्é\u{301}世"
        .chars()
        .collect();
    prop::collection::vec(prop_oneof![4 => prop::sample::select(nasty), 1 => any::<char>()], 0..80)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn the_result_does_not_depend_on_the_pieces(text in hostile(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let chars: Vec<char> = text.chars().collect();
        let mut at: Vec<usize> = cuts.iter().map(|i| i.index(chars.len() + 1)).collect();
        at.sort_unstable();
        let (mut cleaner, mut out, mut from) = (Cleaner::new(), String::new(), 0);
        for to in at.into_iter().chain([chars.len()]) {
            cleaner.push(&chars[from..to].iter().collect::<String>(), &mut out);
            from = to;
        }
        prop_assert_eq!(out, cleaned(&text));
    }

    #[test]
    fn no_control_character_is_left_and_a_second_cleaning_changes_nothing(text in hostile()) {
        let once = cleaned(&text);
        prop_assert!(once.chars().all(|c| (!c.is_control() || c == '\n' || c == '\t') && !is_invisible(c)), "{once:?}");
        prop_assert_eq!(cleaned(&once), once);
    }
}
