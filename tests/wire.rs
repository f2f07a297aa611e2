//! The client's side of the wire: recorded streams and errors as data, and the fifteen traps
//! over real sockets.

#[path = "wire/corpus.rs"]
mod corpus;
#[path = "wire/errors.rs"]
mod errors;
