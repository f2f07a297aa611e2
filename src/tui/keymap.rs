//! The one table of keys: it makes the keymap, the hint line, the help, the palette and
//! the documentation. Knows keys and names of actions; must not know what actions do.

pub mod action;
mod chord;
mod table;

pub use action::Action;
pub use chord::Chord;
pub use table::{Binding, Context, TABLE};

use crate::nearest::nearest;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};

/// Which keys do what, after the user's own choices.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// For each row of the table, its chords.
    chords: Vec<Vec<Chord>>,
}

/// Why a configuration of keys is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeymapError {
    /// No action has that name.
    UnknownAction {
        /// As it was written.
        name: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// That is not a key.
    UnknownKey {
        /// The action it was meant for.
        action: String,
        /// As it was written.
        key: String,
    },
    /// Terminals send the same byte for it as for another key.
    Ambiguous {
        /// The action it was meant for.
        action: String,
        /// The key.
        key: Chord,
        /// What it cannot be told from.
        same_as: &'static str,
    },
    /// It would take a letter away from typing.
    EatsText {
        /// The action it was meant for.
        action: String,
        /// The key.
        key: Chord,
    },
    /// Two actions in one place want it.
    Conflict {
        /// The key.
        key: Chord,
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

impl fmt::Display for KeymapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAction { name, nearest: Some(nearest) } => {
                write!(f, "keys.{name}: there is no such action; did you mean {nearest}?")
            }
            Self::UnknownAction { name, nearest: None } => {
                write!(f, "keys.{name}: there is no such action; the help (F1) names them all")
            }
            Self::UnknownKey { action, key } => {
                write!(f, "keys.{action}: {key:?} is no key; write it like Ctrl+P, Alt+Enter, F4 or g")
            }
            Self::Ambiguous { action, key, same_as } => {
                write!(f, "keys.{action}: many terminals cannot tell {key} from {same_as}; choose another key")
            }
            Self::EatsText { action, key } => {
                write!(f, "keys.{action}: {key} is needed for typing there; add Ctrl or Alt, or use an F key")
            }
            Self::Conflict { key, first, second } => {
                write!(f, "keys.{first} and keys.{second} both want {key} in the same place")
            }
        }
    }
}

impl std::error::Error for KeymapError {}

impl Default for Keymap {
    fn default() -> Self {
        Self { chords: TABLE.iter().map(|row| row.keys.iter().filter_map(|key| key.parse().ok()).collect()).collect() }
    }
}

impl Keymap {
    /// The table's keys with some replaced, by the action's name; an empty list unbinds.
    ///
    /// # Errors
    /// All that is wrong with the choices, not only the first.
    pub fn with(choices: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<KeymapError>> {
        let mut map = Self::default();
        let mut refused = Vec::new();
        for (name, keys) in choices {
            let Some(row) = TABLE.iter().position(|row| row.name == name) else {
                let nearest = nearest(name, TABLE.iter().map(|row| row.name));
                refused.push(KeymapError::UnknownAction { name: name.clone(), nearest });
                continue;
            };
            map.chords[row] = Vec::new();
            for key in keys {
                match key.parse::<Chord>() {
                    Ok(chord) => map.chords[row].push(chord),
                    Err(()) => refused.push(KeymapError::UnknownKey { action: name.clone(), key: key.clone() }),
                }
            }
        }
        refused.extend(map.problems());
        if refused.is_empty() { Ok(map) } else { Err(refused) }
    }

    /// The choices of somebody whose Enter begins a line: Alt+Enter sends, unless they chose otherwise.
    pub fn enter_for_newline(choices: &mut BTreeMap<String, Vec<String>>) {
        for (name, keys) in [("send", &["Alt+Enter"][..]), ("newline", &["Enter", "Shift+Enter", "Ctrl+J"])] {
            choices.entry(name.to_owned()).or_insert_with(|| keys.iter().map(|key| (*key).to_owned()).collect());
        }
    }

    /// What is wrong with the map as a whole.
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

    /// What a key means where these contexts hold, the nearest one first.
    pub fn action(&self, key: Chord, contexts: &[Context]) -> Option<Action> {
        contexts.iter().find_map(|context| {
            let mut rows = TABLE.iter().zip(&self.chords);
            rows.find(|(row, chords)| row.context == *context && chords.contains(&key)).map(|(row, _)| row.action)
        })
    }

    /// The keys of a row, the first one first.
    pub fn keys(&self, row: &Binding) -> &[Chord] {
        TABLE.iter().position(|other| other.name == row.name).map_or(&[], |at| &self.chords[at])
    }

    /// The first key of an action, for texts that name it; empty if it has none.
    pub fn key(&self, action: Action) -> String {
        let mut rows = TABLE.iter().zip(&self.chords).filter(|(row, _)| row.action == action);
        rows.find_map(|(_, keys)| keys.first()).map_or_else(String::new, ToString::to_string)
    }

    /// What the hint line says where these contexts hold: key and word, nearest first.
    pub fn hints(&self, contexts: &[Context]) -> Vec<(Chord, &'static str)> {
        let rows = || TABLE.iter().zip(&self.chords);
        contexts
            .iter()
            .flat_map(|context| rows().filter(move |(row, _)| row.context == *context && !row.hint.is_empty()))
            .filter_map(|(row, keys)| keys.first().map(|key| (*key, row.hint)))
            .collect()
    }

    /// The table as Markdown, for the documentation.
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
    fn the_table_itself_is_sound() {
        for row in TABLE {
            for key in row.keys {
                assert!(key.parse::<Chord>().is_ok(), "{}: {key}", row.name);
            }
        }
        assert_eq!(Keymap::default().problems(), []);
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len(), "two rows have one name");
    }

    #[test]
    fn an_override_replaces() {
        let map = choose("send", &["Alt+S"]).expect("is fine");
        assert_eq!(map.action(chord("Alt+S"), &[Context::Prompt]), Some(SEND));
        assert_eq!(map.action(chord("Enter"), &[Context::Prompt]), None);
    }

    #[test]
    fn bad_choices_are_refused_by_name() {
        let text = |result: Result<Keymap, Vec<KeymapError>>| result.expect_err("is refused")[0].to_string();
        assert_eq!(text(choose("sned", &["F2"])), "keys.sned: there is no such action; did you mean send?");
        assert!(text(choose("send", &["Hyper+Q"])).contains("\"Hyper+Q\" is no key"));
        assert!(text(choose("palette", &["Ctrl+H"])).contains("from Backspace"));
        assert!(text(choose("send", &["a"])).contains("needed for typing"));
        assert_eq!(
            text(choose("palette", &["Ctrl+L"])),
            "keys.palette and keys.chain both want Ctrl+L in the same place"
        );
    }

    #[test]
    fn enter_can_begin_a_line_and_ones_own_keys_win() {
        let mut choices = BTreeMap::new();
        Keymap::enter_for_newline(&mut choices);
        let map = Keymap::with(&choices).expect("is fine");
        let means = |map: &Keymap, key| map.action(chord(key), &[Context::Prompt]);
        assert_eq!(means(&map, "Enter"), Some(Action::Prompt(PromptAction::Newline)));
        assert_eq!(means(&map, "Alt+Enter"), Some(SEND));
        let mut choices = BTreeMap::from([("send".to_owned(), vec!["Alt+G".to_owned()])]);
        Keymap::enter_for_newline(&mut choices);
        assert_eq!(means(&Keymap::with(&choices).expect("is fine"), "Alt+G"), Some(SEND));
    }

    #[test]
    fn the_nearest_context_wins() {
        let map = Keymap::default();
        assert_eq!(map.action(chord("?"), &[Context::Prompt, Context::Anywhere]), None);
        assert_eq!(
            map.action(chord("?"), &[Context::Read, Context::Anywhere]),
            Some(Action::Program(ProgramAction::Help))
        );
    }
}
