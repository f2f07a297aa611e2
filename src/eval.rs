//! Evaluations: a signature asked for many cases, by several variants, under several fault plans, with scores. Knows
//! cases, metrics and statistics; must not know who asks (`worker::evaluate` does), nor any screen.
//!
//! ```text
//! file ─▶ read ─▶ Case ─┐
//! variants, plans ──────┴▶ Evaluation ─▶ cells ─▶ (runs) ─▶ Scored ─▶ Results ─▶ rows, differences ─▶ table
//! ```

mod bootstrap;
mod budget;
mod case;
mod evaluation;
mod html;
mod interval;
mod judge;
mod metric;
mod normalize;
mod read;
mod scored;
mod summary;
mod table;

pub use bootstrap::demos;
pub use budget::{Budget, Reservation};
pub use case::{Case, CaseError, CaseErrors};
pub use evaluation::{CellId, Evaluation, FaultPlan, Variant};
pub use html::report;
pub use interval::Estimate;
pub use judge::{Judge, JudgeInput};
pub use metric::{Metric, Tolerance, UnknownMetric};
pub use read::{CaseFormat, read};
pub use scored::{CellFold, Scored};
pub use summary::{CellResult, Difference, Evaluated, Results};
pub use table::table;
