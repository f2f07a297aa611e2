//! The list of models and where it came from: the service, a file kept from last time, or the
//! snapshot in this program. Knows files; the network is the client's.

use super::model::{ModelInfo, ModelMatch, search};
use crate::failover::base_id;
use serde_json::Value;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// In the cache directory.
const FILE: &str = "models.json";
const SNAPSHOT: &str = include_str!("../../assets/models.json");

/// All models that can be chosen.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// In the list's own order.
    pub models: Vec<ModelInfo>,
    /// Where the list came from.
    pub source: CatalogueSource,
}

/// Where a list came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogueSource {
    /// Part of the program: enough for the simulator, and for a start without a network.
    Snapshot,
    /// Asked of the service at this wall time since 1970, now or in an earlier run.
    Asked(Duration),
}

impl Catalogue {
    /// The list that is part of the program.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn snapshot() -> Self {
        let list: Value = serde_json::from_str(SNAPSHOT).expect("assets/models.json is part of the program");
        Self { models: ModelInfo::parse_all(&list), source: CatalogueSource::Snapshot }
    }

    /// An answer of `/models` that arrived at `now`; `None` if there is no model in it.
    pub fn from_answer(answer: &Value, now: Duration) -> Option<Self> {
        let models = ModelInfo::parse_all(answer);
        (!models.is_empty()).then_some(Self { models, source: CatalogueSource::Asked(now) })
    }

    /// The list kept in `directory` for this origin. A missing, damaged or other server's file is none.
    pub fn load(directory: &Path, origin: &str) -> Option<Self> {
        let kept: Value = serde_json::from_slice(&fs::read(directory.join(FILE)).ok()?).ok()?;
        if kept["origin"] != origin {
            return None;
        }
        Self::from_answer(&kept["answer"], Duration::from_secs(kept["asked"].as_u64()?))
    }

    /// Keeps an answer of `/models` for the next start. The file is replaced whole: a crash leaves the old one.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(directory: &Path, origin: &str, answer: &Value, now: Duration) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        let kept = serde_json::json!({"origin": origin, "asked": now.as_secs(), "answer": answer});
        let draft = directory.join(format!("{FILE}.{}", std::process::id()));
        fs::write(&draft, kept.to_string())?;
        fs::rename(&draft, directory.join(FILE)).inspect_err(|_| _ = fs::remove_file(&draft))
    }

    /// How old the list is; `None` for the snapshot.
    pub fn age(&self, now: Duration) -> Option<Duration> {
        match self.source {
            CatalogueSource::Snapshot => None,
            CatalogueSource::Asked(at) => Some(now.saturating_sub(at)),
        }
    }

    /// The model of this id; a variant that is no entry of its own is its base model.
    pub fn find(&self, id: &str) -> Option<&ModelInfo> {
        let by_id = |id: &str| self.models.iter().find(|model| model.id == id);
        by_id(id).or_else(|| by_id(base_id(id)))
    }

    /// The models that match what was typed, the best first.
    pub fn search(&self, query: &str) -> Vec<ModelMatch> {
        search(&self.models, query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_survives_a_restart_with_its_age() {
        let directory = std::env::temp_dir().join(format!("switchover-catalogue-{}", std::process::id()));
        let answer = json!({"data": [{"id": "a/b", "context_length": 7}]});
        let asked = Duration::from_secs(1_000);
        assert!(Catalogue::load(&directory, "https://x").is_none());
        Catalogue::save(&directory, "https://x", &answer, asked).unwrap();
        let kept = Catalogue::load(&directory, "https://x").unwrap();
        assert_eq!(kept.models[0].context, Some(7));
        assert_eq!(kept.age(Duration::from_secs(1_060)), Some(Duration::from_secs(60)));
        assert!(Catalogue::load(&directory, "https://y").is_none(), "another server's list is no list");
        fs::write(directory.join(FILE), "{\"origin\":").unwrap();
        assert!(Catalogue::load(&directory, "https://x").is_none(), "a damaged file is no list");
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn the_snapshot_serves_the_simulator_offline() {
        let catalogue = Catalogue::snapshot();
        assert_eq!((catalogue.source, catalogue.age(Duration::ZERO)), (CatalogueSource::Snapshot, None));
        assert_eq!(catalogue.find("openai/gpt-4o-mini:nitro").map(|m| m.id.as_str()), Some("openai/gpt-4o-mini"));
        assert!(catalogue.find("openai/gpt-oss-20b:free").is_some());
        assert!(Catalogue::from_answer(&json!({"data": []}), Duration::ZERO).is_none());
    }
}
