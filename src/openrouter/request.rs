//! One request as a value: shown, exported, sent. The same one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A header as it is shown: the key is masked before it gets here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// As it goes over the wire.
    pub name: String,
    /// As it goes over the wire, or masked.
    pub value: String,
}

/// A request as it left the machine, the key masked: recorded from what was built, not from memory of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// All of them, in order.
    pub headers: Vec<Header>,
    /// The JSON body.
    pub body: Value,
}
