//! Secrets in what the user asks: found before it is sent, and masked in what is kept.

use super::services::Services;
use crate::openrouter::settings::RequestSettings;
use crate::secret::Secrets;
use crate::spec::{RunSpec, Task};
use serde_json::Value;
use std::sync::Arc;

/// Shorter keys are placeholders for servers that need none, such as `ollama`. They are words in honest questions.
const PLACEHOLDER: usize = 12;
/// The parts of a spec that hold what the user wrote.
const WRITTEN: [&str; 5] = ["inputs", "demos", "turns", "chat", "settings"];

impl Services {
    /// Whether what is asked holds the key or a secret header. It is sent as it is, and masked in what is kept.
    pub fn reveals(&self, spec: &RunSpec) -> bool {
        mask(spec, &self.endpoint().secrets(&self.headers())).is_some()
    }
}

/// The spec as it may be shown and kept.
pub(super) fn masked(spec: &Arc<RunSpec>, secrets: &Secrets) -> Arc<RunSpec> {
    let masked = mask(spec, secrets).and_then(|value| serde_json::from_value(value).ok());
    masked.map_or_else(|| Arc::clone(spec), Arc::new)
}

/// The spec with masks, if it holds a secret.
fn mask(spec: &RunSpec, secrets: &Secrets) -> Option<Value> {
    let secrets = Secrets::new(secrets.iter().filter(|secret| secret.expose().len() >= PLACEHOLDER).cloned());
    // Every run comes here, and hardly any holds a secret: one look at each text must do.
    let holds = match &spec.task {
        Task::Signature(task) => {
            [&task.inputs].into_iter().chain(&task.demos).chain(&task.turns).any(|fields| secrets.are_in_fields(fields))
        }
        Task::Chat(task) => secrets.are_in_fields(&task.body),
    };
    let are_set = spec.settings != RequestSettings::default();
    let in_settings = || serde_json::to_value(&spec.settings).is_ok_and(|settings| secrets.are_in(&settings));
    if !(holds || are_set && in_settings()) {
        return None;
    }
    let mut value = serde_json::to_value(spec).ok()?;
    for name in WRITTEN {
        if let Some(part) = value.get_mut(name) {
            secrets.scrub_value(part);
        }
    }
    Some(value)
}
