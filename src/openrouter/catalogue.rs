//! The list of models, from the service, from a file of an earlier run, or from the built-in list. Knows files;
//! the client does the network requests.

use super::model::{ModelInfo, ModelMatch, search};
use crate::failover::base_id;
use crate::private;
use serde_json::Value;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The file's name in the cache directory.
const FILE: &str = "models.json";
/// The built-in list.
const SNAPSHOT: &str = include_str!("../../assets/models.json");

/// All models that the server offers, as far as is known.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The models in the server's order.
    pub models: Vec<ModelInfo>,
    /// Where the list comes from.
    pub source: CatalogueSource,
}

/// Where a list of models comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogueSource {
    /// The built-in list, for the simulator and for a start without a network.
    Snapshot,
    /// The service sent it at this wall time since 1970, in this run or an earlier one.
    Fetched(Duration),
}

impl Catalogue {
    /// The built-in list.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn snapshot() -> Self {
        let list: Value = serde_json::from_str(SNAPSHOT).expect("assets/models.json is part of the program");
        Self { models: ModelInfo::parse_all(&list), source: CatalogueSource::Snapshot }
    }

    /// Reads the body of `/models` that arrived at `now`; none if it lists no model.
    pub fn from_answer(answer: &Value, now: Duration) -> Option<Self> {
        let models = ModelInfo::parse_all(answer);
        (!models.is_empty()).then_some(Self { models, source: CatalogueSource::Fetched(now) })
    }

    /// Reads the list that was saved in `directory` for this origin; none if the file is missing, damaged or another
    /// server's.
    pub fn load(directory: &Path, origin: &str) -> Option<Self> {
        // A named pipe would keep its reader waiting.
        let file = Some(directory.join(FILE)).filter(|file| file.is_file())?;
        let saved: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        if saved["origin"] != origin {
            return None;
        }
        Self::from_answer(&saved["answer"], Duration::from_secs(saved["asked"].as_u64()?))
    }

    /// Saves the body of `/models` for the next start.
    ///
    /// # Errors
    /// The file system's error.
    pub fn save(directory: &Path, origin: &str, answer: &Value, now: Duration) -> io::Result<()> {
        private::create_folder(directory)?;
        let saved = serde_json::json!({"origin": origin, "asked": now.as_secs(), "answer": answer});
        private::replace(&directory.join(FILE), &saved.to_string())
    }

    /// The age of the list; none for the built-in one.
    pub fn age(&self, now: Duration) -> Option<Duration> {
        match self.source {
            CatalogueSource::Snapshot => None,
            CatalogueSource::Fetched(at) => Some(now.saturating_sub(at)),
        }
    }

    /// The model with this id. A variant without an entry of its own has the entry of its base model.
    pub fn find(&self, id: &str) -> Option<&ModelInfo> {
        let by_id = |id: &str| self.models.iter().find(|model| model.id == id);
        by_id(id).or_else(|| by_id(base_id(id)))
    }

    /// The models that match a fuzzy query, the best first.
    pub fn search(&self, query: &str) -> Vec<ModelMatch> {
        search(&self.models, query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_saved_list_is_read_with_its_age() {
        let directory = std::env::temp_dir().join(format!("switchover-catalogue-{}", std::process::id()));
        let answer = json!({"data": [{"id": "a/b", "context_length": 7}]});
        let asked = Duration::from_secs(1_000);
        assert!(Catalogue::load(&directory, "https://x").is_none());
        Catalogue::save(&directory, "https://x", &answer, asked).unwrap();
        let saved = Catalogue::load(&directory, "https://x").unwrap();
        assert_eq!(saved.models[0].context, Some(7));
        assert_eq!(saved.age(Duration::from_secs(1_060)), Some(Duration::from_secs(60)));
        assert!(Catalogue::load(&directory, "https://y").is_none(), "another server's list does not count");
        fs::write(directory.join(FILE), "{\"origin\":").unwrap();
        assert!(Catalogue::load(&directory, "https://x").is_none(), "a damaged file does not count");
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
