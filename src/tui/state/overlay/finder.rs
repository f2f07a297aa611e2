//! A list that typing filters: keys, actions, models, earlier inputs or runs.

mod lists;

use crate::transcript::RunRow;
use crate::tui::keymap::Action;
use crate::tui::state::settings::SettingKey;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// What choosing a line does.
#[derive(Clone, Debug, PartialEq)]
pub enum FinderChoice {
    /// Carry out the action.
    Act(Action),
    /// Add the model with this slug to the chain.
    Model(String),
    /// Add this model, or this chain written with commas, to the comparison.
    CompareEntry(String),
    /// Show the sent inputs with this index in the prompt.
    Inputs(usize),
    /// Select this earlier run.
    Run(Box<RunRow>),
    /// Search the answer for this text.
    Text(String),
    /// Choose a value for this setting.
    Setting(SettingKey),
    /// Set this setting to the value that is written so; empty for its default.
    SettingValue(SettingKey, String),
    /// Edit all request settings as text.
    SettingsText,
    /// Use the chain of this name.
    Chain(String),
    /// Save the chain under this name.
    ChainName(String),
    /// Save the chain as the one of the start.
    StartChain,
    /// Open the file of cases at this path; empty for that of the configuration.
    Cases(String),
}

/// What a finder lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinderKind {
    /// All keys, with what they do and where.
    Keys,
    /// Actions, by name.
    Actions,
    /// Models, by slug.
    Models,
    /// Models to compare, by slug.
    CompareSet,
    /// Inputs that were sent.
    Inputs,
    /// Earlier runs, by inputs, model and answer.
    Runs,
    /// Nothing: the typed text is searched for in the answer.
    Text,
    /// Settings, by key.
    Settings,
    /// Values of this setting; another one may be typed.
    Setting(SettingKey),
    /// Named chains.
    Chains,
    /// Names for the chain; another one may be typed.
    ChainNames,
    /// Nothing: the typed text is the path of a file of cases.
    Cases,
}

/// A list and the query that filters it.
#[derive(Clone, Debug)]
pub struct Finder {
    /// What it lists.
    pub kind: FinderKind,
    /// The typed query.
    pub query: String,
    /// Index of the selected line among those that match.
    pub selected: usize,
    items: Vec<FinderItem>,
    /// Indexes of the items that match, the best match first.
    found: Vec<usize>,
}

/// One line of a finder.
#[derive(Clone, Debug)]
pub struct FinderItem {
    /// Further text that the query may match.
    name: &'static str,
    /// The text at the left.
    pub label: String,
    /// The text at the right.
    pub note: String,
    choice: FinderChoice,
}

impl FinderItem {
    /// An earlier run as a line.
    fn of_run(row: &RunRow) -> Self {
        let note = format!("{} · {}", row.who(), row.answer.as_deref().unwrap_or_default());
        Self { name: "", label: row.asked.clone(), note, choice: FinderChoice::Run(Box::new(row.clone())) }
    }
}

impl Finder {
    /// The words that the history is to be searched for after a change of the query.
    pub fn wants_search(&self) -> Option<String> {
        let words = self.query.trim();
        (self.kind == FinderKind::Runs && !words.is_empty()).then(|| words.to_owned())
    }

    /// Puts the runs that the history has found for these words before the others, unless the query has changed.
    pub fn add_hits(&mut self, words: &str, hits: &[RunRow]) {
        if self.kind != FinderKind::Runs || self.query.trim() != words {
            return;
        }
        let place = |items: &[FinderItem], run: u64| {
            items.iter().position(|item| matches!(&item.choice, FinderChoice::Run(row) if row.run == run))
        };
        let mut found = Vec::new();
        for hit in hits {
            found.push(place(&self.items, hit.run).unwrap_or_else(|| {
                self.items.push(FinderItem::of_run(hit));
                self.items.len() - 1
            }));
        }
        found.extend(self.found.iter().filter(|item| !found.contains(item)).copied().collect::<Vec<_>>());
        self.found = found;
        self.selected = self.selected.min(self.found.len().saturating_sub(1));
    }

    /// The runs that match, the latest first.
    pub fn found_runs(&self) -> Vec<RunRow> {
        let run = |item: &FinderItem| match &item.choice {
            FinderChoice::Run(row) => Some(row.as_ref().clone()),
            _ => None,
        };
        let mut rows: Vec<RunRow> = self.found().filter_map(run).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.run));
        rows
    }

    fn new(kind: FinderKind, items: Vec<FinderItem>) -> Self {
        let mut finder = Self { kind, query: String::new(), selected: 0, items, found: Vec::new() };
        finder.search();
        finder
    }

    /// Appends text to the query.
    pub fn push(&mut self, text: &str) {
        self.query.push_str(text);
        self.search();
    }

    /// Deletes the last character of the query.
    pub fn delete_last(&mut self) {
        self.query.pop();
        self.search();
    }

    /// Clears the query.
    pub fn clear(&mut self) {
        self.query.clear();
        self.search();
    }

    /// Moves the selection by lines.
    pub fn move_by(&mut self, lines: isize) {
        self.selected = self.selected.saturating_add_signed(lines).min(self.found.len().saturating_sub(1));
    }

    /// The lines that match the query, the best match first.
    pub fn found(&self) -> impl ExactSizeIterator<Item = &FinderItem> {
        self.found.iter().map(|item| &self.items[*item])
    }

    /// What the typed text asks for, if it is a value of this finder's setting.
    pub fn typed_setting(&self) -> Option<(SettingKey, &str)> {
        match self.kind {
            FinderKind::Setting(key) if !self.query.trim().is_empty() => Some((key, self.query.trim())),
            _ => None,
        }
    }

    /// The choice of the selected line. If no model matches, the query itself is the model.
    pub fn choice(&self) -> Option<FinderChoice> {
        let typed = self.query.trim();
        match self.found.get(self.selected) {
            Some(item) => Some(self.items[*item].choice.clone()),
            None if self.kind == FinderKind::Cases => Some(FinderChoice::Cases(typed.to_owned())),
            None if typed.is_empty() => None,
            None if self.kind == FinderKind::Models => Some(FinderChoice::Model(typed.to_owned())),
            None if self.kind == FinderKind::CompareSet => Some(FinderChoice::CompareEntry(typed.to_owned())),
            None if self.kind == FinderKind::ChainNames => Some(FinderChoice::ChainName(typed.to_owned())),
            None if self.kind == FinderKind::Text => Some(FinderChoice::Text(self.query.clone())),
            None => None,
        }
    }

    /// Finds the items that match the query: those that have each of its words, the ones that begin with it first; or else
    /// those that have its letters in this order. Without a query, all match in their order.
    fn search(&mut self) {
        self.selected = 0;
        if self.query.trim().is_empty() {
            self.found = (0..self.items.len()).collect();
            return;
        }
        if matches!(self.kind, FinderKind::Setting(_)) {
            // A value is typed, and its beginning is enough for one of the words: no digit of another value is looked for.
            let typed = self.query.trim().to_lowercase();
            let begins = |item: &FinderItem| matches!(&item.choice, FinderChoice::SettingValue(_, text) if !text.is_empty() && text.starts_with(&typed));
            self.found = (0..self.items.len()).filter(|item| begins(&self.items[*item])).collect();
            return;
        }
        let words: Vec<String> = self.query.split_whitespace().map(str::to_lowercase).collect();
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(&self.query, CaseMatching::Ignore, Normalization::Smart);
        let mut chars = Vec::new();
        let whole = self.query.trim().to_lowercase();
        let mut scored: Vec<(bool, (bool, u32), usize)> = Vec::new();
        for (i, item) in self.items.iter().enumerate() {
            let text = format!("{} {} {}", item.name, item.label, item.note);
            let lower = text.to_lowercase();
            let has_words = words.iter().all(|word| lower.contains(word.as_str()));
            let score = pattern.score(Utf32Str::new(&text, &mut chars), &mut matcher);
            // A name that is the query, or the text that begins with it.
            let begins =
                item.label.to_lowercase().starts_with(&format!("{whole} ")) || item.label.to_lowercase() == whole;
            scored.extend(score.or(has_words.then_some(0)).map(|score| (has_words, (begins, score), i)));
        }
        let any_has_words = scored.iter().any(|(has_words, ..)| *has_words);
        // A model that is written in full is that model, and not one with the same letters.
        let is_name = matches!(self.kind, FinderKind::Models | FinderKind::CompareSet) && whole.contains('/');
        scored.retain(|(has_words, ..)| *has_words || !(any_has_words || is_name));
        scored.sort_by(|a, b| b.1.cmp(&a.1).then(a.2.cmp(&b.2)));
        self.found = scored.into_iter().map(|(.., i)| i).collect();
    }
}
