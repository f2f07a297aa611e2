//! What the screen asks of the rest of the program: plain values.

use crate::dspy::LibraryEntry;
use crate::fault::Fault;
use crate::openrouter::Request;
use crate::openrouter::headers::Headers;
use crate::spec::RunSpec;

/// Something that the screen needs the rest of the program to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Begin a run.
    Send(Box<RunSpec>),
    /// Begin several runs side by side; their reports come as `Msg::Compared` with the same number.
    Compare {
        /// The comparison.
        number: u64,
        /// One for each column.
        specs: Vec<RunSpec>,
    },
    /// Play a kept run again at its own pace, without a network; its reports come as `Msg::Replayed`.
    Replay(u64),
    /// Cancel all runs in progress, and the replay.
    Cancel,
    /// Set or clear a model's fault. It applies to attempts that start later.
    SetFault {
        /// The model's slug.
        model: String,
        /// The fault; `None` clears it.
        fault: Option<Fault>,
    },
    /// From now on no model fails on purpose.
    HealAll,
    /// Close a breaker, by its name.
    ResetBreaker(String),
    /// Keep a signature in the user's library.
    SaveSignature(Box<LibraryEntry>),
    /// Remove the signature of this name from the user's library.
    DeleteSignature(String),
    /// From now on these headers leave with every attempt.
    SetHeaders(Box<Headers>),
    /// Ask the service what the key may spend, and what it received with a generation; the answers are `Msg::KeyInfo`
    /// and `Msg::Received`.
    AskServer {
        /// The generation's id, if there is one to ask for.
        generation: Option<String>,
    },
    /// Compose the first request without sending it; the answer is `Msg::Composed`.
    Compose(Box<RunSpec>),
    /// Put text on the clipboard.
    Copy {
        /// What it is, for the notice.
        what: String,
        /// The text.
        text: String,
    },
    /// Let the user's editor work on this text; the answer is `Msg::Edited`.
    Edit(String),
    /// Somebody has begun to type: have a connection ready for what will be sent.
    Warm,
    /// Turn reports of the mouse's wheel on or off.
    Mouse(bool),
    /// To the shell and back.
    Suspend,
    /// Leave.
    Quit,
}

/// A request that could be sent, and the most that the run can come to.
#[derive(Clone, Debug, PartialEq)]
pub struct ComposedRequest {
    /// The request to the first model, the key masked.
    pub request: std::sync::Arc<Request>,
    /// Each model of the chain with the most that one call of it can cost, in USD, where prices are known.
    pub worst: Vec<(String, Option<f64>)>,
}

/// One place of the chain on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainEntry {
    /// The model's slug.
    pub model: String,
    /// The fault set on it.
    pub fault: Option<Fault>,
}

impl ChainEntry {
    /// A model without a fault.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), fault: None }
    }
}
