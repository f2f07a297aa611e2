//! Classes of characters. They decide which joiners and selectors are kept.

/// The class of a character.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum CharClass {
    /// Any other character.
    #[default]
    Plain,
    /// An emoji, or a symbol with an emoji form.
    Emoji,
    /// A letter of a script that uses joiners.
    Joining,
    /// A character that variation sequences apply to.
    Ideograph,
    /// A variation selector.
    Selector,
}

/// Whether a selector has a meaning after a character of this class. Selectors 1 to 14 choose forms of ideographs and
/// symbols; 15 and 16 choose text or emoji style, also of digits.
pub(super) fn takes_selector(last: CharClass, selector: char) -> bool {
    selector >= '\u{fe0e}' || last != CharClass::Plain
}

/// The class of a character.
pub(super) fn class(c: char) -> CharClass {
    match c {
        '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{a840}'..='\u{abff}' | '\u{10a00}'..='\u{11fff}' => {
            CharClass::Joining
        }
        '\u{a9}'
        | '\u{ae}'
        | '\u{203c}'
        | '\u{2049}'
        | '\u{2122}'
        | '\u{2139}'
        | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}'
        | '\u{25a0}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}'
        | '\u{3030}'
        | '\u{303d}'
        | '\u{3297}'
        | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}' => CharClass::Emoji,
        '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => CharClass::Ideograph,
        _ => CharClass::Plain,
    }
}

/// Whether a character shows nothing, or changes the direction of the text after it.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}'
    )
}
