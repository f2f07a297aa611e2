//! The word that was probably meant.

use super::TABLE;

/// The table's nearest word to a mistyped one, or none if nothing is near.
pub(super) fn word(typed: &str) -> Option<String> {
    let typed: String = typed.split(':').next()?.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    // A number is a status, and no status is near another.
    if typed.len() < 3 || typed.len() > 40 || typed.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let near = |name: &str| match name {
        name if name.starts_with(&typed) || typed.starts_with(name) => 0,
        name => distance(&typed, name),
    };
    let best = TABLE.iter().min_by_key(|row| near(row.name))?;
    (near(best.name) <= 1 + typed.len() / 5).then(|| best.example.to_owned())
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let swapped = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = swapped.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
