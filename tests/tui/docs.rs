//! The table of keys in `docs/terminal.md` is the table in the code. `UPDATE=1` writes it.

use switchover::tui::keymap::Keymap;

#[test]
fn the_documented_keys_are_those_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/terminal.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let begin = text.find("a test checks it -->\n").expect("a start mark") + "a test checks it -->\n".len();
    let end = text.find("<!-- end of keys -->").expect("an end mark");
    let keys = Keymap::default().markdown();
    #[expect(clippy::disallowed_methods, reason = "the user of the test sets it")]
    let update = std::env::var("UPDATE").is_ok_and(|value| value == "1");
    if update {
        let page = format!("{}\n{}\n\n{}", &text[..begin], keys.trim(), &text[end..]);
        return std::fs::write(path, page).expect("the page is written");
    }
    assert_eq!(text[begin..end].trim(), keys.trim(), "docs/terminal.md: run with UPDATE=1");
}
