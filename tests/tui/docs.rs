//! The table of keys in `docs/keys.md` is the table in the code.

use crate::page;
use switchover::tui::keymap::Keymap;

#[test]
fn the_documented_keys_are_those_of_the_table() {
    page::holds("docs/keys.md", "keys", &Keymap::default().markdown());
}
