//! A receipt for a message: the sender learns that the screen has taken it, and sends no other before.

use std::sync::Arc;
use tokio::sync::oneshot;

/// Dropped with its message. A clone is the same receipt.
#[derive(Clone, Debug)]
pub struct Receipt {
    _sender: Arc<oneshot::Sender<()>>,
}

impl Receipt {
    /// A receipt, and what ends when it was dropped.
    pub fn new() -> (Self, oneshot::Receiver<()>) {
        let (sender, taken) = oneshot::channel();
        (Self { _sender: Arc::new(sender) }, taken)
    }
}
