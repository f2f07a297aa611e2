//! Who is compared: the whole chain, each of its models alone, and what was added, of which up to four are chosen.

use super::compare::MOST;
use crate::tui::effect::ChainEntry;

/// What was chosen in this session.
#[derive(Clone, Debug, Default)]
pub struct CompareSet {
    /// Models and chains besides those of the chain on the screen.
    pub added: Vec<Vec<ChainEntry>>,
    /// The chosen ones, by their models; none takes the first models of the chain.
    chosen: Option<Vec<Vec<String>>>,
}

fn slugs(candidate: &[ChainEntry]) -> Vec<String> {
    candidate.iter().map(|entry| entry.model.clone()).collect()
}

impl CompareSet {
    /// All there are to choose from: the models of a chain alone, the chain itself, then what was added.
    pub fn all(&self, chain: &[ChainEntry]) -> Vec<Vec<ChainEntry>> {
        let alone = chain.iter().map(|entry| vec![entry.clone()]);
        let whole = (chain.len() > 1).then(|| chain.to_vec());
        let fault =
            |entry: &ChainEntry| chain.iter().find(|other| other.model == entry.model).and_then(|l| l.fault.clone());
        let broken = |candidate: &Vec<ChainEntry>| {
            candidate.iter().map(|entry| ChainEntry { model: entry.model.clone(), fault: fault(entry) }).collect()
        };
        alone.chain(whole).chain(self.added.iter().map(broken)).collect()
    }

    /// Whether one is chosen.
    pub fn has(&self, candidate: &[ChainEntry], chain: &[ChainEntry]) -> bool {
        match &self.chosen {
            Some(chosen) => chosen.contains(&slugs(candidate)),
            None => matches!(candidate, [entry] if chain.iter().take(MOST).any(|other| other.model == entry.model)),
        }
    }

    /// The chosen ones, four at most.
    pub fn chosen(&self, chain: &[ChainEntry]) -> Vec<Vec<ChainEntry>> {
        self.all(chain).into_iter().filter(|candidate| self.has(candidate, chain)).take(MOST).collect()
    }

    /// Chooses one, or no longer. False where four are chosen already.
    pub fn toggle(&mut self, candidate: &[ChainEntry], chain: &[ChainEntry]) -> bool {
        let mut chosen: Vec<_> = self.chosen(chain).iter().map(|candidate| slugs(candidate)).collect();
        let this = slugs(candidate);
        match chosen.iter().position(|other| *other == this) {
            Some(at) => drop(chosen.remove(at)),
            None if chosen.len() == MOST => return false,
            None => chosen.push(this),
        }
        self.chosen = Some(chosen);
        true
    }

    /// Adds a model, or a chain written with commas, and chooses it where there is a place.
    pub fn add(&mut self, written: &str, chain: &[ChainEntry]) {
        let models = written.split(',').map(str::trim).filter(|model| !model.is_empty());
        let candidate: Vec<ChainEntry> = models.map(ChainEntry::new).collect();
        if candidate.is_empty() {
            return;
        }
        if !self.all(chain).iter().any(|other| slugs(other) == slugs(&candidate)) {
            self.added.push(candidate.clone());
        }
        if !self.has(&candidate, chain) {
            self.toggle(&candidate, chain);
        }
    }

    /// Removes a model or chain that was added. Returns false for one that belongs to the chain itself.
    pub fn remove(&mut self, candidate: &[ChainEntry]) -> bool {
        let before = self.added.len();
        self.added.retain(|other| slugs(other) != slugs(candidate));
        if let Some(chosen) = &mut self.chosen {
            chosen.retain(|other| *other != slugs(candidate));
        }
        self.added.len() < before
    }
}
