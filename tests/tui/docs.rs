//! The table of keys in `docs/keys.md` is the table in the code.

use crate::page;
use switchover::tui::keymap::Keymap;
use switchover::tui::state::overlay::faults::COMMON;

#[test]
fn the_documented_keys_are_those_of_the_table() {
    page::holds("docs/keys.md", "keys", &Keymap::default().markdown());
}

#[test]
fn the_page_of_the_screen_has_every_letter_that_breaks_a_model() {
    let page = page::read("docs/terminal.md");
    for (letter, fault, _) in COMMON {
        assert!(page.contains(&format!("\n| `{letter}` | ")), "{letter}, {fault}");
    }
}
