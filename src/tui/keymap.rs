//! The keymap. One table of keys gives the keymap, the hint line, the help, the palette and the documentation. Knows keys
//! and the names of actions; must not know what actions do.

pub mod action;
mod chord;
mod table;

pub use action::Action;
pub use chord::Chord;
pub use table::{Binding, Context, TABLE};

use crate::nearest::nearest;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// The keys of each action: the defaults with the user's changes.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// The chords of each row of [`TABLE`].
    chords: Vec<Vec<Chord>>,
}

/// What is wrong in the configuration of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// No action has this name.
    #[error("no action is named `{name}`; {}", advice(*nearest))]
    UnknownAction {
        /// The name as written.
        name: String,
        /// The most similar name of an action.
        nearest: Option<&'static str>,
    },
    /// The text is not a key.
    #[error("`{action}`: {key:?} is not a key; write it like Ctrl+P, Alt+Enter, F4 or g")]
    UnknownKey {
        /// The action that it was set for.
        action: String,
        /// The text as written.
        key: String,
    },
    /// Many terminals send the same byte for this key as for another one.
    #[error("`{action}`: many terminals cannot tell {key} from {same_as}; choose another key")]
    Ambiguous {
        /// The action that it was set for.
        action: String,
        /// The key.
        key: Chord,
        /// The other key.
        same_as: &'static str,
    },
    /// The key types a character, and text is typed in this context.
    #[error("`{action}`: {key} is needed for typing there; add Ctrl or Alt, or use an F key")]
    EatsText {
        /// The action that it was set for.
        action: String,
        /// The key.
        key: Chord,
    },
    /// Two actions have the same key in the same context.
    #[error("`{first}` and `{second}` both use {key} in the same place")]
    Conflict {
        /// The key.
        key: Chord,
        /// The first action.
        first: &'static str,
        /// The second action.
        second: &'static str,
    },
}

/// How to find the name of an action.
fn advice(nearest: Option<&str>) -> String {
    nearest.map_or_else(|| "the help (F1) names them all".to_owned(), |nearest| format!("did you mean `{nearest}`?"))
}

impl Default for Keymap {
    fn default() -> Self {
        Self { chords: TABLE.iter().map(|row| row.keys.iter().filter_map(|key| key.parse().ok()).collect()).collect() }
    }
}

impl Keymap {
    /// The default keys with those of some actions replaced. `choices` maps the name of an action to its keys; an empty
    /// list removes all keys of the action.
    ///
    /// # Errors
    /// All errors in the choices, not only the first.
    pub fn with(choices: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<KeymapError>> {
        let mut map = Self::default();
        let mut errors = Vec::new();
        for (name, keys) in choices {
            let Some(row) = TABLE.iter().position(|row| row.name == name) else {
                let nearest = nearest(name, TABLE.iter().map(|row| row.name));
                errors.push(KeymapError::UnknownAction { name: name.clone(), nearest });
                continue;
            };
            map.chords[row] = Vec::new();
            for key in keys {
                match key.parse::<Chord>() {
                    Ok(chord) => map.chords[row].push(chord),
                    Err(()) => errors.push(KeymapError::UnknownKey { action: name.clone(), key: key.clone() }),
                }
            }
        }
        errors.extend(map.problems());
        if errors.is_empty() { Ok(map) } else { Err(errors) }
    }

    /// Adds the choices for `ui.enter = "newline"`: Enter inserts a line and Alt+Enter sends. Keys that the user chose for
    /// these actions stay.
    pub fn enter_for_newline(choices: &mut BTreeMap<String, Vec<String>>) {
        for (name, keys) in [("send", &["Alt+Enter"][..]), ("newline", &["Enter", "Shift+Enter", "Ctrl+J"])] {
            choices.entry(name.to_owned()).or_insert_with(|| keys.iter().map(|key| (*key).to_owned()).collect());
        }
    }

    /// Ambiguous keys, keys that type text, and conflicts.
    fn problems(&self) -> Vec<KeymapError> {
        let mut problems = Vec::new();
        let mut taken: HashMap<(Context, Chord), &'static str> = HashMap::new();
        for (row, chords) in TABLE.iter().zip(&self.chords) {
            for &key in chords {
                if let Some(same_as) = key.same_as() {
                    problems.push(KeymapError::Ambiguous { action: row.name.to_owned(), key, same_as });
                }
                if key.is_text() && row.context.takes_text() {
                    problems.push(KeymapError::EatsText { action: row.name.to_owned(), key });
                }
                if let Some(first) = taken.insert((row.context, key), row.name) {
                    problems.push(KeymapError::Conflict { key, first, second: row.name });
                }
            }
        }
        problems
    }

    /// The action of a key in the first of these contexts that has one.
    pub fn action(&self, key: Chord, contexts: &[Context]) -> Option<Action> {
        contexts.iter().find_map(|context| {
            let mut rows = TABLE.iter().zip(&self.chords);
            rows.find(|(row, chords)| row.context == *context && chords.contains(&key)).map(|(row, _)| row.action)
        })
    }

    /// The keys of a row of the table, in the order of preference.
    pub fn keys(&self, row: &Binding) -> &[Chord] {
        TABLE.iter().position(|other| other.name == row.name).map_or(&[], |index| &self.chords[index])
    }

    /// The first key of an action, for texts that name it; empty if the action has no key.
    pub fn key(&self, action: Action) -> String {
        let mut rows = TABLE.iter().zip(&self.chords).filter(|(row, _)| row.action == action);
        rows.find_map(|(_, keys)| keys.first()).map_or_else(String::new, ToString::to_string)
    }

    /// Key and word of each hint for these contexts, in the order of the contexts.
    pub fn hints(&self, contexts: &[Context]) -> Vec<(Chord, &'static str)> {
        let mut taken: Vec<Chord> = Vec::new();
        let mut hints = Vec::new();
        for context in contexts {
            let rows = TABLE.iter().zip(&self.chords).filter(|(row, _)| row.context == *context);
            for (row, keys) in rows.clone().filter(|(row, _)| !row.hint.is_empty()) {
                // An earlier context may have another use for the key.
                hints.extend(keys.first().filter(|key| !taken.contains(key)).map(|key| (*key, row.hint)));
            }
            taken.extend(rows.flat_map(|(_, keys)| keys));
        }
        hints
    }

    /// The table as Markdown, for `docs/keys.md`.
    pub fn markdown(&self) -> String {
        let mut out = String::from("| Keys | Where | What | Name |\n|---|---|---|---|\n");
        for (row, chords) in TABLE.iter().zip(&self.chords) {
            let keys: Vec<_> = chords.iter().map(|key| format!("`{}`", key.to_string().replace('|', "\\|"))).collect();
            let keys = if keys.is_empty() { "palette".to_owned() } else { keys.join(" ") };
            let _ = writeln!(out, "| {keys} | {} | {} | `{}` |", row.context.place(), row.help, row.name);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::action::{PlaygroundAction, ProgramAction, PromptAction};
    use super::*;

    const SEND: Action = Action::Playground(PlaygroundAction::Send);

    fn chord(text: &str) -> Chord {
        text.parse().expect("a key")
    }

    fn choose(name: &str, keys: &[&str]) -> Result<Keymap, Vec<KeymapError>> {
        Keymap::with(&BTreeMap::from([(name.to_owned(), keys.iter().map(|k| (*k).to_owned()).collect())]))
    }

    #[test]
    fn every_key_of_the_table_is_valid_and_every_name_is_unique() {
        for row in TABLE {
            for key in row.keys {
                assert!(key.parse::<Chord>().is_ok(), "{}: {key}", row.name);
            }
        }
        assert_eq!(Keymap::default().problems(), []);
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len(), "two rows have the same name");
    }

    #[test]
    fn a_chosen_key_replaces_the_default_keys() {
        let map = choose("send", &["Alt+S"]).expect("valid choices");
        assert_eq!(map.action(chord("Alt+S"), &[Context::Prompt]), Some(SEND));
        assert_eq!(map.action(chord("Enter"), &[Context::Prompt]), None);
    }

    #[test]
    fn an_invalid_choice_is_an_error_that_names_the_action() {
        let text = |result: Result<Keymap, Vec<KeymapError>>| result.expect_err("is refused")[0].to_string();
        assert_eq!(text(choose("sned", &["F2"])), "no action is named `sned`; did you mean `send`?");
        assert!(text(choose("send", &["Hyper+Q"])).contains("\"Hyper+Q\" is not a key"));
        assert!(text(choose("palette", &["Ctrl+H"])).contains("from Backspace"));
        assert!(text(choose("send", &["a"])).contains("needed for typing"));
        assert_eq!(text(choose("palette", &["Ctrl+L"])), "`palette` and `chain` both use Ctrl+L in the same place");
    }

    #[test]
    fn enter_can_insert_a_line_and_chosen_keys_take_precedence() {
        let mut choices = BTreeMap::new();
        Keymap::enter_for_newline(&mut choices);
        let map = Keymap::with(&choices).expect("valid choices");
        let means = |map: &Keymap, key| map.action(chord(key), &[Context::Prompt]);
        assert_eq!(means(&map, "Enter"), Some(Action::Prompt(PromptAction::Newline)));
        assert_eq!(means(&map, "Alt+Enter"), Some(SEND));
        let mut choices = BTreeMap::from([("send".to_owned(), vec!["Alt+G".to_owned()])]);
        Keymap::enter_for_newline(&mut choices);
        assert_eq!(means(&Keymap::with(&choices).expect("valid choices"), "Alt+G"), Some(SEND));
    }

    #[test]
    fn the_first_context_with_the_key_decides() {
        let map = Keymap::default();
        assert_eq!(map.action(chord("?"), &[Context::Prompt, Context::Anywhere]), None);
        assert_eq!(
            map.action(chord("?"), &[Context::Read, Context::Anywhere]),
            Some(Action::Program(ProgramAction::Help))
        );
    }
}
