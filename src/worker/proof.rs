//! Does failover hold? A fault is played for real: client, engine and worker against the
//! simulator, over sockets. `switchover reliability` and the tests ask here.

use super::{Service, ServiceOptions, Services};
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

/// The chain: a model that is broken, and one that is not.
pub const CHAIN: [&str; 2] = ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"];

/// The question's signature: a free text, a number and a choice, so that every fault has something to spoil.
const SIGNATURE: &str = "question -> answer, digits: int, parity: Literal['even', 'odd']";

/// Under which conditions a fault is played.
#[derive(Clone, Debug)]
pub struct ProofConditions {
    /// Whether the answer is asked for as a stream, or in one piece.
    pub stream: bool,
    /// The simulated models' pace, as in [`SimulatorOptions::pace`].
    pub pace: f64,
    /// The engine's settings.
    pub policy: Policy,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The whole run.
    pub run: Transcript,
}

impl Proof {
    /// How the run ended; no run ends without an outcome.
    pub fn outcome(&self) -> Option<Outcome> {
        self.run.outcome()
    }

    /// Who answered, as it was asked for.
    pub fn answered_by(&self) -> Option<&str> {
        self.run.winner().map(|attempt| attempt.model.as_str())
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> usize {
        self.run.attempts.len()
    }

    /// From send to the first token of the answer that was kept.
    pub fn first_valid_token(&self) -> Option<Duration> {
        self.run.winner().and_then(|attempt| attempt.first_token)
    }

    /// The promise: an answer has every field, each valid, all of them from one attempt, the winner.
    /// Some with what is wrong if it was broken.
    pub fn broken_promise(&self) -> Option<String> {
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

/// Breaks the chain's first model with `fault`, asks, and waits for the end.
///
/// # Errors
/// A simulator that cannot listen.
pub async fn prove(fault: &Fault, terms: ProofConditions) -> io::Result<Proof> {
    let simulator = Simulator::start(SimulatorOptions { pace: terms.pace, ..SimulatorOptions::default() }).await?;
    let client = Client::new(terms.policy.timeouts.connect);
    let services = Arc::new(Services::new(ServiceOptions::new(client, Service::Simulator, simulator)));
    services.inject(CHAIN[0], Some(fault.clone()));
    let inputs = Values::from_iter([("question".to_owned(), "What is 17 * 24?".into())]);
    let settings = RequestSettings { stream: Some(terms.stream), ..RequestSettings::default() };
    let spec =
        RunSpec { policy: terms.policy, settings, ..RunSpec::new(SignatureTask::new(signature(), inputs), CHAIN) };
    Ok(Proof { run: super::run(spec, &services).finish().await })
}
