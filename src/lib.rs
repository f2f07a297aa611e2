//! **Switchover**: a terminal playground for DSPy-style signatures over `OpenRouter`,
//! with failover that happens, and that you can watch.
//!
//! ```text
//!              ┌─ tui ────────────────────────────────────────────────────────────────────────┐
//!   KeyEvent ─▶│ keymap ─ Action ─▶ App::update ─▶ App ─▶ view::draw(&App, now) ─▶ frame      │
//!              │                       ▲   └─▶ Option<Effect>                                 │
//!              └───────────────────────│────────────│─────────────────────────────────────────┘
//!                                      │ Report     │ RunSpec
//!              ┌─ worker ──────────────│────────────▼─────────────────────────────────────────┐
//!              │ run ─▶ drive: Program::next(calls so far) ─▶ Calls | Answer                  │◀─ RunSpec ─ cli
//!              │         └─▶ call: Engine::step(now, Input) ─▶ Event ─▶ start, abort attempts │── Report ─▶ headless
//!              └────▲──────────────────────────────────────────────│──────────────────│───────┘
//!                   │ Delta · Completion · Failure                 │ Request          └─ Report ─▶ history (a thread)
//!              ┌─ openrouter ──────────────────────────────────────▼──────────────────────────┐
//!              │ client ─ bytes ─▶ sse ─▶ chunk ─▶ Delta | Failure                            │
//!              └─────────────────────────────┬────────────────────────────────────────────────┘
//!                 openrouter.ai/api/v1   ·   any compatible base URL   ·   simulator
//! ```
//!
//! Keys become actions. Actions change state and may return one effect. An effect starts a
//! run. The run's program says which calls to make; the engine says which attempts each call
//! makes. Everything that happens comes back as reports. Reports change state, and state is
//! drawn.

pub mod cli;
pub mod config;
pub mod contract;
pub mod dspy;
pub mod eval;
pub mod export;
pub mod failover;
pub mod fault;
pub mod gateway;
pub mod headless;
pub mod history;
pub mod html;
mod lock;
pub mod nearest;
pub mod openrouter;
mod private;
pub mod report;
pub mod secret;
pub mod simulator;
pub mod spec;
pub mod text;
pub mod transcript;
pub mod tui;
pub mod worker;
