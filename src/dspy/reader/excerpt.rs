//! Quotes a piece of an answer in an error or a repair.

/// The text in backticks on one line, cut to 80 characters; `an empty string` if there is none.
pub(super) fn excerpt(text: &str) -> String {
    let one_line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(81).collect();
    match one_line.chars().count() {
        0 => "an empty string".to_owned(),
        81 => format!("`{}…`", one_line.chars().take(80).collect::<String>()),
        _ => format!("`{one_line}`"),
    }
}

/// The end of a text in backticks on one line, cut to 40 characters.
pub(super) fn excerpt_of_end(text: &str) -> String {
    let from = text.trim_end().char_indices().rev().nth(39).map_or(0, |(at, _)| at);
    let quoted = excerpt(&text[from..]);
    if from == 0 { quoted } else { quoted.replacen('`', "`…", 1) }
}
