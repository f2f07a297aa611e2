//! What a finder lists: keys, actions, models, chains, settings, earlier inputs and runs, each as a line with its choice.

use super::{Finder, FinderChoice, FinderItem, FinderKind};
use crate::dspy::Values;
use crate::text::value_text;
use crate::transcript::RunRow;
use crate::tui::keymap::action::{LogAction, PlaygroundAction, PromptAction};
use crate::tui::keymap::{Action, Binding, Context, Keymap, TABLE};
use crate::tui::state::model::ModelOption;
use crate::tui::state::next_run::NextRun;
use crate::tui::state::overlay::history;
use crate::tui::state::settings::{SettingKey, choosable};
use std::collections::BTreeMap;

impl Finder {
    /// All actions that do not need a selected line.
    pub fn actions(keymap: &Keymap) -> Self {
        let mut items: Vec<FinderItem> = Vec::new();
        for row in TABLE {
            let offered = matches!(
                row.context,
                Context::Anywhere | Context::Always | Context::Read | Context::Answer | Context::Log | Context::Prompt
            );
            let excluded = matches!(
                row.action,
                Action::Move(_)
                    | Action::Log(LogAction::OpenAttempt)
                    | Action::Playground(PlaygroundAction::Palette)
                    | Action::Prompt(PromptAction::Newline | PromptAction::DeleteForward)
            );
            let duplicate = items.iter().any(|item| item.choice == FinderChoice::Act(row.action));
            if !offered || excluded || duplicate {
                continue;
            }
            let note = keymap.keys(row).first().map(ToString::to_string).unwrap_or_default();
            items.push(FinderItem {
                name: row.name,
                label: row.help.to_owned(),
                note,
                choice: FinderChoice::Act(row.action),
            });
        }
        Self::new(FinderKind::Actions, items)
    }

    /// All keys, in the order of their table. Choosing one carries out its action, if it has an effect in the panes.
    pub fn keys(keymap: &Keymap) -> Self {
        let item = |row: &'static Binding| {
            let keys: Vec<_> = keymap.keys(row).iter().map(ToString::to_string).collect();
            let place =
                if row.context == Context::Anywhere { String::new() } else { format!(" ({})", row.context.place()) };
            FinderItem {
                name: row.name,
                label: format!("{}{place}", row.help),
                note: if keys.is_empty() { "palette".to_owned() } else { keys.join(" ") },
                choice: FinderChoice::Act(row.action),
            }
        };
        Self::new(FinderKind::Keys, TABLE.iter().map(item).collect())
    }

    /// The models of the catalogue, and then the named chains, to add to the chain.
    pub fn models(models: &[ModelOption], chains: &BTreeMap<String, Vec<String>>) -> Self {
        let item = |model: &ModelOption| FinderItem {
            name: "",
            label: model.slug.clone(),
            note: model.about.clone(),
            choice: FinderChoice::Model(model.slug.clone()),
        };
        let chain = |(name, models): (&String, &Vec<String>)| FinderItem {
            name: "",
            label: name.clone(),
            note: format!("a chain: {}", models.join(", ")),
            choice: FinderChoice::Model(name.clone()),
        };
        Self::new(FinderKind::Models, models.iter().map(item).chain(chains.iter().map(chain)).collect())
    }

    /// The models of the catalogue, and then the named chains, to add to the comparison.
    pub fn compare_set(models: &[ModelOption], chains: &BTreeMap<String, Vec<String>>) -> Self {
        let mut finder = Self::models(models, chains);
        finder.kind = FinderKind::CompareSet;
        for item in &mut finder.items {
            item.choice = FinderChoice::CompareEntry(item.label.clone());
        }
        finder
    }

    /// The inputs that were sent, the latest first.
    pub fn inputs(sent: &[Values]) -> Self {
        let item = |(i, values): (usize, &Values)| FinderItem {
            name: "",
            label: history::one_line(values),
            note: String::new(),
            choice: FinderChoice::Inputs(i),
        };
        Self::new(FinderKind::Inputs, sent.iter().enumerate().rev().map(item).collect())
    }

    /// Earlier runs, the latest first.
    pub fn runs(rows: &[RunRow]) -> Self {
        Self::new(FinderKind::Runs, rows.iter().map(FinderItem::of_run).collect())
    }

    /// The settings, with their values.
    pub fn settings(next: &NextRun) -> Self {
        let values = next.settings();
        let item = |key: SettingKey| {
            let value = values.get(key.key).map(value_text);
            FinderItem {
                name: key.key,
                label: format!("{:<22} {}", key.short(), key.doc),
                note: value.unwrap_or_else(|| "–".to_owned()),
                choice: FinderChoice::Setting(key),
            }
        };
        let mut items: Vec<FinderItem> = choosable().map(item).collect();
        let text = FinderItem {
            name: "as text",
            label: format!(
                "{:<22} All fields of the request as text: stop, providers, plugins, raw fields",
                "as text …"
            ),
            note: String::new(),
            choice: FinderChoice::SettingsText,
        };
        items.push(text);
        Self::new(FinderKind::Settings, items)
    }

    /// The values of a setting: the present one, the words that it may be, and its default.
    pub fn setting(key: SettingKey, next: &NextRun) -> Self {
        let now = next.settings().get(key.key).map(value_text);
        let item = |text: String, note: &str| FinderItem {
            name: "",
            label: text.clone(),
            note: note.to_owned(),
            choice: FinderChoice::SettingValue(key, text),
        };
        let others = key.words().into_iter().filter(|word| Some(word) != now.as_ref());
        let others: Vec<FinderItem> = others.map(|word| item(word, "")).collect();
        let mut items: Vec<FinderItem> = now.iter().map(|now| item(now.clone(), "now")).collect();
        items.extend(others);
        let default = FinderItem {
            name: "",
            label: key.default_text(),
            note: if now.is_none() { "now".to_owned() } else { String::new() },
            choice: FinderChoice::SettingValue(key, String::new()),
        };
        // The present value comes first, so that Enter alone changes nothing.
        items.insert(if now.is_none() { 0 } else { items.len() }, default);
        Self::new(FinderKind::Setting(key), items)
    }

    /// The named chains, to use one.
    pub fn chains(chains: &BTreeMap<String, Vec<String>>) -> Self {
        let item = |(name, models): (&String, &Vec<String>)| FinderItem {
            name: "",
            label: name.clone(),
            note: models.join(", "),
            choice: FinderChoice::Chain(name.clone()),
        };
        Self::new(FinderKind::Chains, chains.iter().map(item).collect())
    }

    /// Names under which the chain may be kept: those of other chains, which it replaces.
    pub fn chain_names(chains: &BTreeMap<String, Vec<String>>) -> Self {
        let mut finder = Self::chains(chains);
        finder.kind = FinderKind::ChainNames;
        for (item, name) in finder.items.iter_mut().zip(chains.keys()) {
            item.choice = FinderChoice::ChainName(name.clone());
        }
        let start = FinderItem {
            name: "",
            label: "without a name".to_owned(),
            note: "the chain of the start".to_owned(),
            choice: FinderChoice::StartChain,
        };
        finder.items.insert(0, start);
        finder.search();
        finder
    }

    /// A query for the answer's text.
    pub fn text() -> Self {
        Self::new(FinderKind::Text, Vec::new())
    }

    /// The path of a file of cases.
    pub fn cases() -> Self {
        Self::new(FinderKind::Cases, Vec::new())
    }
}
