//! Effects: what the screen asks the rest of the program to do, as plain values.

use crate::config::edit::Change;
use crate::dspy::LibraryEntry;
use crate::eval::{Evaluation, Variant};
use crate::failover::Policy;
use crate::fault::Fault;
use crate::openrouter::Request;
use crate::openrouter::headers::Headers;
use crate::spec::RunSpec;
use crate::transcript::TrafficWatch;
use crate::tui::state::overlay::history::RunUse;
use crate::tui::state::overlay::save_settings::SaveRequest;
use std::path::PathBuf;
use std::sync::Arc;

/// Something that the screen needs the rest of the program to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Start a run.
    Send(Box<RunSpec>),
    /// Start several runs at the same time. Their reports arrive as `Msg::Compared` with the same number.
    Compare {
        /// The number of the comparison in this session.
        number: u64,
        /// One run spec for each column.
        specs: Vec<RunSpec>,
    },
    /// Replay the recorded run with this number at its recorded speed, without a network. Its reports arrive as
    /// `Msg::Replayed`.
    Replay(u64),
    /// Read a page of the history. The reply is `Msg::Rows` with the same words and the same run.
    ListRuns {
        /// Only runs that contain all these words.
        words: String,
        /// Only runs before this one.
        before: Option<u64>,
    },
    /// Read a run of the history. The reply is `Msg::Opened`.
    OpenRun(u64, RunUse),
    /// Read a file of cases for these variants, which have one signature. The reply is `Msg::Cases`.
    OpenCases {
        /// The file; without one, that of the configuration.
        path: Option<PathBuf>,
        /// The variants that will be asked.
        variants: Vec<Variant>,
    },
    /// Ask the cells that are not finished. They arrive as `Msg::Scored`, and at the end comes `Msg::Evaluated`.
    Evaluate {
        /// What is asked.
        evaluation: Arc<Evaluation>,
        /// Whether a cell is finished already, by its place.
        finished: Vec<bool>,
        /// What the finished cells cost, in USD.
        spent: f64,
    },
    /// Ask no further cells, and cancel those that are being asked.
    StopEvaluation,
    /// Cancel all other runs in progress, and the replay.
    Cancel,
    /// Set or clear the fault of a model. It applies to attempts that start later.
    SetFault {
        /// The model's slug.
        model: String,
        /// The fault; `None` clears it.
        fault: Option<Fault>,
    },
    /// Clear the faults of all models.
    ClearAllFaults,
    /// Close the circuit breaker of the scope with this name.
    ResetBreaker(String),
    /// Save a signature in the user's library.
    SaveSignature(Box<LibraryEntry>),
    /// Remove the signature of this name from the user's library.
    DeleteSignature(String),
    /// Send these headers with every attempt from now on.
    SetHeaders(Box<Headers>),
    /// Query the server for the limits of the key and for a generation. The replies are `Msg::KeyInfo` and
    /// `Msg::Received`.
    AskServer {
        /// The id of the generation, if there is one.
        generation: Option<String>,
    },
    /// Ask the server how the providers of these models do. The replies are `Msg::Providers`.
    AskProviders(Vec<String>),
    /// Compose the first request without sending it. The reply is `Msg::Composed`.
    Compose(Box<RunSpec>),
    /// Start the gateway. The reply is `Msg::Gateway`.
    StartGateway,
    /// Serve requests of the gateway that begin now with this chain and policy.
    ServeWith {
        /// The models, first choice first.
        chain: Vec<String>,
        /// The failover engine's settings.
        policy: Box<Policy>,
    },
    /// Show this request of the gateway in full: as `Msg::Traffic`, or as `Msg::Watched` if only the history has it.
    Watch(TrafficWatch),
    /// Put text on the clipboard.
    Copy {
        /// What the text is, for the notice: "the answer".
        what: String,
        /// The text.
        text: String,
    },
    /// Open this text in the user's editor. The result is `Msg::Edited`.
    Edit(String),
    /// Read the configuration files and make these changes in their text. The reply is `Msg::SavePlanned`.
    PlanSave(Vec<Change>),
    /// Write a configuration file. The reply is `Msg::Kept`.
    SaveSettings(Box<SaveRequest>),
    /// Open a connection to the server now, because the user has started to type.
    Warm,
    /// Turn reports of the mouse wheel on or off.
    Mouse(bool),
    /// Suspend the process; the shell's `fg` continues it.
    Suspend,
    /// End the program.
    Quit,
}

/// A request as it would be sent, and the highest cost of each call.
#[derive(Clone, Debug, PartialEq)]
pub struct ComposedRequest {
    /// The request to the first model. The key is masked.
    pub request: std::sync::Arc<Request>,
    /// Each model of the chain with the highest cost of one call in USD; `None` if its price is unknown.
    pub worst: Vec<(String, Option<f64>)>,
}

/// One entry of the fallback chain on the screen.
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
