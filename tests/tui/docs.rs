//! The documented keys are the keys. `UPDATE=1` writes them.

use switchover::tui::keymap::Keymap;

#[test]
fn the_documented_keys_are_the_keys() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/terminal.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let begin = text.find("a test holds it -->\n").expect("the keys' place") + "a test holds it -->\n".len();
    let end = text.find("<!-- end of keys -->").expect("its end");
    let keys = Keymap::default().markdown();
    #[expect(clippy::disallowed_methods, reason = "the person who runs the test says so")]
    let update = std::env::var("UPDATE").is_ok_and(|value| value == "1");
    if update {
        let page = format!("{}\n{}\n\n{}", &text[..begin], keys.trim(), &text[end..]);
        return std::fs::write(path, page).expect("the page is written");
    }
    assert_eq!(text[begin..end].trim(), keys.trim(), "docs/terminal.md: run with UPDATE=1");
}
