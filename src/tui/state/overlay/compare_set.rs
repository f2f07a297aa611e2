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

fn slugs(rival: &[ChainEntry]) -> Vec<String> {
    rival.iter().map(|link| link.model.clone()).collect()
}

impl CompareSet {
    /// All there are to choose from: the models of a chain alone, the chain itself, then what was added.
    pub fn all(&self, chain: &[ChainEntry]) -> Vec<Vec<ChainEntry>> {
        let alone = chain.iter().map(|link| vec![link.clone()]);
        let whole = (chain.len() > 1).then(|| chain.to_vec());
        let fault =
            |link: &ChainEntry| chain.iter().find(|other| other.model == link.model).and_then(|l| l.fault.clone());
        let broken = |rival: &Vec<ChainEntry>| {
            rival.iter().map(|link| ChainEntry { model: link.model.clone(), fault: fault(link) }).collect()
        };
        alone.chain(whole).chain(self.added.iter().map(broken)).collect()
    }

    /// Whether one is chosen.
    pub fn has(&self, rival: &[ChainEntry], chain: &[ChainEntry]) -> bool {
        match &self.chosen {
            Some(chosen) => chosen.contains(&slugs(rival)),
            None => matches!(rival, [link] if chain.iter().take(MOST).any(|other| other.model == link.model)),
        }
    }

    /// The chosen ones, four at most.
    pub fn chosen(&self, chain: &[ChainEntry]) -> Vec<Vec<ChainEntry>> {
        self.all(chain).into_iter().filter(|rival| self.has(rival, chain)).take(MOST).collect()
    }

    /// Chooses one, or no longer. False where four are chosen already.
    pub fn toggle(&mut self, rival: &[ChainEntry], chain: &[ChainEntry]) -> bool {
        let mut chosen: Vec<_> = self.chosen(chain).iter().map(|rival| slugs(rival)).collect();
        let this = slugs(rival);
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
        let rival: Vec<ChainEntry> = models.map(ChainEntry::new).collect();
        if rival.is_empty() {
            return;
        }
        if !self.all(chain).iter().any(|other| slugs(other) == slugs(&rival)) {
            self.added.push(rival.clone());
        }
        if !self.has(&rival, chain) {
            self.toggle(&rival, chain);
        }
    }

    /// Removes a model or chain that was added. Returns false for one that belongs to the chain itself.
    pub fn remove(&mut self, rival: &[ChainEntry]) -> bool {
        let before = self.added.len();
        self.added.retain(|other| slugs(other) != slugs(rival));
        if let Some(chosen) = &mut self.chosen {
            chosen.retain(|other| *other != slugs(rival));
        }
        self.added.len() < before
    }
}
