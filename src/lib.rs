//! **Switchover**: a terminal playground for DSPy-style signatures over `OpenRouter`,
//! with failover that happens, and that you can watch.
//!
//! ```text
//!              ┌─ tui ───────────────────────────────────────────────────────────┐
//!   KeyEvent ─▶│ keymap ─ Action ─▶ App::update ─▶ App ─▶ draw(&App, now) ─▶ frame │
//!              │                       ▲   └─▶ Option<Command>                     │
//!              └───────────────────────│────────────│──────────────────────────────┘
//!                                      │ Report     │ Job
//!              ┌─ worker ──────────────│────────────▼──────────────────────────────┐
//!              │ one task per run; the only place that spawns and sleeps           │◀─ Job ─ headless
//!              │ Input ─▶ failover engine.step(now) ─▶ Event ─▶ start/abort attempt │─ Report ▶ headless, history
//!              └────▲─────────────────────────────────────────────│────────────────┘
//!                   │ Delta · end · Failure                       │ Request
//!              ┌─ openrouter ─────────────────────────────────────▼────────────────┐
//!              │ client ─ bytes ─▶ sse ─▶ chunk ─▶ Delta | Failure                  │
//!              └─────────────────────────────┬─────────────────────────────────────┘
//!                 openrouter.ai/api/v1   ·   any compatible base URL   ·   simulator
//! ```
//!
//! Keys become actions; actions change state and may return one command; a command
//! starts a run; the run's engine says what to start and what to stop; everything it
//! says comes back as reports; reports change state; state is drawn.

pub mod cli;
pub mod config;
pub mod dspy;
pub mod export;
pub mod failover;
pub mod fault;
pub mod headless;
pub mod history;
pub mod nearest;
pub mod openrouter;
pub mod report;
pub mod secret;
pub mod simulator;
pub mod spec;
pub mod text;
pub mod transcript;
pub mod tui;
pub mod worker;
