//! Parses numbers, booleans and null in the spellings of JSON, Python and JavaScript.

use serde_json::{Number, Value};

/// Whether a text is an integer that a number would not keep as it is: of more than 64 bits, or with leading zeros.
pub(in crate::dspy) fn is_wide(word: &str) -> bool {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let plain = || word.replace('_', "");
    number
        && (digits.len() > 1 && digits.starts_with('0')
            || plain().parse::<i64>().is_err() && plain().parse::<u64>().is_err())
}

/// The value of a number, boolean or null in any common spelling; nothing for other text. `NaN` and the infinities
/// become strings, because JSON has no such numbers.
pub(in crate::dspy) fn scalar(word: &str) -> Option<Value> {
    match word {
        "None" | "null" | "NULL" => return Some(Value::Null),
        "True" | "true" | "TRUE" => return Some(Value::Bool(true)),
        "False" | "false" | "FALSE" => return Some(Value::Bool(false)),
        "NaN" | "Infinity" | "-Infinity" => return Some(Value::String(word.to_owned())),
        _ => {}
    }
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word).trim_start();
    let is_number_char = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-' | '_');
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(hex) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok().map(|n| if word.starts_with('-') { -n } else { n }.into());
    }
    if !digits.chars().all(is_number_char) || digits.contains("__") || digits.ends_with('_') {
        return None;
    }
    let plain = format!("{}{}", if word.starts_with('-') { "-" } else { "" }, digits.replace('_', ""));
    if let Ok(whole) = plain.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = plain.parse::<u64>() {
        return Some(whole.into());
    }
    let float: f64 = plain.parse().ok()?;
    Some(Number::from_f64(float).map_or_else(|| Value::String(non_finite_name(float).to_owned()), Value::Number))
}

/// The name of a float that is not finite: `NaN`, `Infinity` or `-Infinity`.
pub(in crate::dspy) fn non_finite_name(float: f64) -> &'static str {
    if float.is_nan() {
        "NaN"
    } else if float > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}
