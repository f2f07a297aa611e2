//! The documented keys are the keys.

use switchover::tui::keymap::Keymap;

#[test]
fn the_documented_keys_are_the_keys() {
    let text = include_str!("../../docs/terminal.md");
    let begin = text.find("a test holds it -->\n").expect("the keys' place") + "a test holds it -->\n".len();
    let end = text.find("<!-- end of keys -->").expect("its end");
    assert_eq!(
        text[begin..end].trim(),
        Keymap::default().markdown().trim(),
        "docs/terminal.md: paste the right-hand side"
    );
}
