//! A piece of an answer, as reports and repair notes quote it.

/// A text cut to one line that a person can read.
pub(super) fn excerpt(text: &str) -> String {
    let flat: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(81).collect();
    match flat.chars().count() {
        0 => "an empty text".to_owned(),
        81 => format!("`{}…`", flat.chars().take(80).collect::<String>()),
        _ => format!("`{flat}`"),
    }
}
