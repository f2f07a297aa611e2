//! Tries faults: one model of a chain is broken, and a run goes through client, engine and worker against the
//! simulator, over sockets. `switchover reliability` and the tests use it.

use super::services::{Service, ServiceOptions, Services};
use crate::dspy::{Signature, Values};
use crate::failover::{Outcome, Policy};
use crate::fault::Fault;
use crate::openrouter::client::Client;
use crate::openrouter::settings::RequestSettings;
use crate::simulator::{Simulator, SimulatorOptions};
use crate::spec::{RunSpec, SignatureTask};
use crate::transcript::Transcript;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The chain: the broken model, and the healthy one.
pub const CHAIN: [&str; 2] = ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"];

/// A text, a number and a choice, so that every fault has a field to damage.
const SIGNATURE: &str = "question -> answer, digits: int, parity: Literal['even', 'odd']";

/// How the run is made.
#[derive(Clone, Debug)]
pub struct TrialConditions {
    /// Ask for a stream (`true`) or for a whole body.
    pub stream: bool,
    /// The simulated models' pace, as in [`SimulatorOptions::pace`].
    pub pace: f64,
    /// The engine's settings.
    pub policy: Policy,
}

/// A run with a broken first model.
#[derive(Clone, Debug)]
pub struct FaultTrial {
    /// The fold of all its reports.
    pub run: Transcript,
}

impl FaultTrial {
    /// How the run ended. Every run that has ended has an outcome.
    pub fn outcome(&self) -> Option<Outcome> {
        self.run.outcome()
    }

    /// The model that answered, by the name it was asked for.
    pub fn answered_by(&self) -> Option<&str> {
        self.run.winner().map(|attempt| attempt.model.as_str())
    }

    /// The number of attempts.
    pub fn attempts(&self) -> usize {
        self.run.attempts.len()
    }

    /// The time from the run's beginning to the first token of the winning attempt.
    pub fn first_valid_token(&self) -> Option<Duration> {
        self.run.winner().and_then(|attempt| attempt.first_token)
    }

    /// What is wrong with the answer, if anything: an answer must have every field, each valid, all from the winner.
    pub fn broken_invariant(&self) -> Option<String> {
        let finished = self.run.finished.as_ref()?;
        if finished.outcome != Outcome::Succeeded {
            return finished.headline.is_none().then(|| "it failed and does not say why".to_owned());
        }
        let asked = signature();
        let parsed = self.run.winner().and_then(|attempt| attempt.prediction.as_ref()).map(|p| &p.fields);
        if parsed != Some(&finished.fields) {
            return Some("the answer is not what the winner said".to_owned());
        }
        let unfit = asked.outputs.iter().find(|field| {
            let value = finished.fields.get(&field.name);
            value.is_none_or(|value| {
                value.as_str().is_some_and(|s| s.trim().is_empty()) || field.parse_json(value).is_err()
            })
        });
        unfit.map(|field| format!("{} is missing or invalid", field.name))
    }
}

fn signature() -> Signature {
    SIGNATURE.parse().unwrap_or_else(|e| unreachable!("the signature is part of the program: {e}"))
}

/// Sets `fault` on the first model of [`CHAIN`], makes a run, and waits for its end.
///
/// # Errors
/// The simulator cannot listen.
pub async fn try_fault(fault: &Fault, terms: TrialConditions) -> io::Result<FaultTrial> {
    let simulator = Simulator::start(SimulatorOptions { pace: terms.pace, ..SimulatorOptions::default() }).await?;
    let client = Client::new(terms.policy.timeouts.connect);
    let services = Arc::new(Services::new(ServiceOptions::new(client, Service::Simulator, simulator)));
    services.inject(CHAIN[0], Some(fault.clone()));
    let inputs = Values::from_iter([("question".to_owned(), "What is 17 * 24?".into())]);
    let settings = RequestSettings { stream: Some(terms.stream), ..RequestSettings::default() };
    let spec =
        RunSpec { policy: terms.policy, settings, ..RunSpec::new(SignatureTask::new(signature(), inputs), CHAIN) };
    Ok(FaultTrial { run: super::run(spec, &services).finish().await })
}
