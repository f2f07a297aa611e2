//! The switch that rewrites golden files: `UPDATE=1`.

/// Whether golden files and generated tables are rewritten.
pub(crate) fn is_update() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    std::env::var("UPDATE").is_ok_and(|value| value == "1")
}

/// Checks that the file at this path, counted from the repository's root, has this text; or writes it when `UPDATE=1` is
/// set.
#[allow(dead_code, reason = "some tests only write tables")]
pub(crate) fn golden(path: &str, text: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if is_update() {
        std::fs::write(&file, text).expect("the golden file can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    for (line, (kept, text)) in kept.lines().zip(text.lines()).enumerate() {
        assert_eq!(kept, text, "{path}, line {}: left is the file, right is new; UPDATE=1 rewrites it", line + 1);
    }
    assert_eq!(kept, text, "{path}: one text is longer; UPDATE=1 rewrites it");
}
