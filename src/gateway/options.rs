//! How a gateway is set up, and the events that it reports.

use super::served::{ClientRequest, Served};
use crate::contract::ContractMode;
use crate::failover::Policy;
use crate::openrouter::Chains;
use crate::report::Report;
use crate::secret::Secret;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How a gateway is set up.
pub struct GatewayOptions {
    /// The chain and the engine's settings at the start.
    pub defaults: RequestDefaults,
    /// Chains that a request can name as its model.
    pub chains: BTreeMap<String, Vec<String>>,
    /// What a stream waits for, unless the request says so itself.
    pub hold: Hold,
    /// Whether answers are checked against what their requests ask for, unless the request says so itself.
    pub contract: ContractMode,
    /// The key that pays.
    pub key: KeySource,
    /// What clients must show to be served; needed on an address that other machines reach.
    pub token: Option<Secret>,
    /// Further names under which clients may reach it, beside the address itself and `localhost`.
    pub hosts: Vec<String>,
    /// The number of requests that are served at the same time. As many again may wait eight times over.
    pub max_requests: usize,
    /// New requests are refused once the session has cost this much, in USD.
    pub max_cost: Option<f64>,
    /// Gets what happens, as it happens. Must return at once.
    pub listener: Arc<dyn Fn(GatewayEvent) + Send + Sync>,
}

/// An event of a gateway, for its listener.
#[derive(Clone, Debug)]
pub enum GatewayEvent {
    /// A request begins, as the run with this id. Its reports follow.
    Begun {
        /// The run's id.
        run: u64,
        /// Who asks, and for what.
        request: ClientRequest,
    },
    /// A report of one of its runs.
    Report(Arc<Report>),
    /// A request ended: no report of its run follows.
    Served(Box<Served>),
}

/// The key that pays for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// The configured one.
    #[default]
    Configured,
    /// The client's own bearer token.
    Client,
}

/// What a stream waits for before anything of it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// The first token. A model that dies after it ends the stream with an error.
    #[default]
    FirstToken,
    /// The whole answer. A model that dies at any time is replaced.
    Answer,
}

/// A word that is not a [`Hold`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown hold `{0}`; expected `first-token` or `answer`")]
pub struct UnknownHold(String);

/// What requests get that do not say otherwise. It can change while the gateway serves.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestDefaults {
    /// The chain for requests that name none.
    pub chain: Vec<String>,
    /// The failover engine's settings.
    pub policy: Policy,
}

impl GatewayOptions {
    /// The chains that a request can name, with this one as the configured chain.
    pub(super) fn chains<'a>(&'a self, defaults: &'a RequestDefaults) -> Chains<'a> {
        Chains { configured: &defaults.chain, named: &self.chains }
    }
}

impl FromStr for Hold {
    type Err = UnknownHold;

    fn from_str(word: &str) -> Result<Self, UnknownHold> {
        match word.trim() {
            "first-token" => Ok(Self::FirstToken),
            "answer" => Ok(Self::Answer),
            other => Err(UnknownHold(other.chars().take(40).collect())),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstToken => "first-token",
            Self::Answer => "answer",
        })
    }
}
