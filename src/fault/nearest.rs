//! The suggestion for a mistyped fault.

use super::TABLE;
use crate::nearest::nearest;

/// The example of the fault with the nearest name; none if no name is near.
pub(super) fn fault_word(typed: &str) -> Option<String> {
    let typed: String = typed.split(':').next()?.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    // A number is a status, and statuses with similar digits mean different things.
    if typed.len() < 3 || typed.len() > 40 || typed.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let begins = |name: &str| name.starts_with(&typed) || typed.starts_with(name);
    let names = TABLE.iter().map(|row| row.name);
    let name = names.clone().find(|name| begins(name)).or_else(|| nearest(&typed, names))?;
    TABLE.iter().find(|row| row.name == name).map(|row| row.example.to_owned())
}
