//! The models and chains to compare. Candidates are each model of the chain, the whole chain, and what the user added. Up
//! to four are selected.

use super::compare::MAX_COLUMNS;
use crate::tui::effect::ChainEntry;

/// The candidates that the user added, and the selection, for this session.
#[derive(Clone, Debug, Default)]
pub struct CompareSet {
    /// Added models and chains.
    pub added: Vec<Vec<ChainEntry>>,
    /// The selected candidates by their models; `None` selects the first models of the chain.
    selection: Option<Vec<Vec<String>>>,
}

fn slugs(candidate: &[ChainEntry]) -> Vec<String> {
    candidate.iter().map(|entry| entry.model.clone()).collect()
}

impl CompareSet {
    /// All candidates: each model of the chain, the chain itself, then what was added. Faults are those of the chain.
    pub fn all(&self, chain: &[ChainEntry]) -> Vec<Vec<ChainEntry>> {
        let alone = chain.iter().map(|entry| vec![entry.clone()]);
        let whole = (chain.len() > 1).then(|| chain.to_vec());
        let fault =
            |entry: &ChainEntry| chain.iter().find(|other| other.model == entry.model).and_then(|l| l.fault.clone());
        let with_faults = |candidate: &Vec<ChainEntry>| {
            candidate.iter().map(|entry| ChainEntry { model: entry.model.clone(), fault: fault(entry) }).collect()
        };
        alone.chain(whole).chain(self.added.iter().map(with_faults)).collect()
    }

    /// Whether a candidate is selected.
    pub fn is_selected(&self, candidate: &[ChainEntry], chain: &[ChainEntry]) -> bool {
        match &self.selection {
            Some(selection) => selection.contains(&slugs(candidate)),
            None => {
                matches!(candidate, [entry] if chain.iter().take(MAX_COLUMNS).any(|other| other.model == entry.model))
            }
        }
    }

    /// The selected candidates, at most four.
    pub fn selected(&self, chain: &[ChainEntry]) -> Vec<Vec<ChainEntry>> {
        self.all(chain).into_iter().filter(|candidate| self.is_selected(candidate, chain)).take(MAX_COLUMNS).collect()
    }

    /// The candidates that the user selected; none before that.
    pub fn chosen(&self, chain: &[ChainEntry]) -> Vec<Vec<ChainEntry>> {
        if self.selection.is_some() { self.selected(chain) } else { Vec::new() }
    }

    /// Selects a candidate or deselects it. Returns false if four are selected already.
    pub fn toggle(&mut self, candidate: &[ChainEntry], chain: &[ChainEntry]) -> bool {
        let mut selection: Vec<_> = self.selected(chain).iter().map(|candidate| slugs(candidate)).collect();
        let this = slugs(candidate);
        match selection.iter().position(|other| *other == this) {
            Some(index) => drop(selection.remove(index)),
            None if selection.len() == MAX_COLUMNS => return false,
            None => selection.push(this),
        }
        self.selection = Some(selection);
        true
    }

    /// Adds a model, or a chain written with commas, and selects it if fewer than four are selected.
    pub fn add(&mut self, written: &str, chain: &[ChainEntry]) {
        let models = written.split(',').map(str::trim).filter(|model| !model.is_empty());
        let candidate: Vec<ChainEntry> = models.map(ChainEntry::new).collect();
        if candidate.is_empty() {
            return;
        }
        if !self.all(chain).iter().any(|other| slugs(other) == slugs(&candidate)) {
            self.added.push(candidate.clone());
        }
        if !self.is_selected(&candidate, chain) {
            self.toggle(&candidate, chain);
        }
    }

    /// Removes a candidate that the user added. Returns false if it belongs to the chain.
    pub fn remove(&mut self, candidate: &[ChainEntry]) -> bool {
        let before = self.added.len();
        self.added.retain(|other| slugs(other) != slugs(candidate));
        if let Some(selection) = &mut self.selection {
            selection.retain(|other| *other != slugs(candidate));
        }
        self.added.len() < before
    }
}
