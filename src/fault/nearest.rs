//! The word that was probably meant.

use super::TABLE;
use crate::nearest::nearest;

/// The table's nearest word to a mistyped one, or none if nothing is near.
pub(super) fn word(typed: &str) -> Option<String> {
    let typed: String = typed.split(':').next()?.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    // A number is a status, and no status is near another.
    if typed.len() < 3 || typed.len() > 40 || typed.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let begins = |name: &str| name.starts_with(&typed) || typed.starts_with(name);
    let names = TABLE.iter().map(|row| row.name);
    let name = names.clone().find(|name| begins(name)).or_else(|| nearest(&typed, names))?;
    TABLE.iter().find(|row| row.name == name).map(|row| row.example.to_owned())
}
