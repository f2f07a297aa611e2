//! The HTTP client: recorded streams and errors as data, and the fifteen traps over real sockets.

#[path = "wire/chats.rs"]
mod chats;
#[path = "wire/corpus.rs"]
mod corpus;
#[path = "wire/errors.rs"]
mod errors;
#[expect(dead_code, reason = "no page is written here")]
#[path = "shared/page.rs"]
mod page;
#[path = "wire/programs.rs"]
mod programs;
#[path = "wire/reliability.rs"]
mod reliability;
#[path = "wire/runs.rs"]
mod runs;
#[path = "wire/server.rs"]
mod server;
#[path = "wire/simulated.rs"]
mod simulated;
#[path = "wire/sockets.rs"]
mod sockets;
#[path = "wire/traps.rs"]
mod traps;
#[path = "wire/whole.rs"]
mod whole;
