//! The simulator over loopback sockets: every path, every fault, every kind of answer.
//! No test here uses the client of this crate, and no test waits: the pace is 0.

#[path = "simulator/faults.rs"]
mod faults;
#[path = "simulator/library.rs"]
mod library;
#[path = "simulator/paths.rs"]
mod paths;
#[path = "simulator/replies.rs"]
mod replies;
#[path = "simulator/serve.rs"]
mod serve;
#[path = "simulator/tools.rs"]
mod tools;
#[path = "simulator/wire.rs"]
mod wire;

use switchover::simulator::{Simulator, SimulatorOptions};

async fn start() -> Simulator {
    Simulator::start(SimulatorOptions { pace: 0.0, ..SimulatorOptions::default() }).await.unwrap()
}
