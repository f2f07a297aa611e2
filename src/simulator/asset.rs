//! The content of `assets/simulator.toml`, parsed on first use.

use super::catalogue::SimulatedModel;
use super::reply::Fact;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
pub(super) struct SimulatorData {
    pub(super) model: Vec<SimulatedModel>,
    pub(super) embedding_model: Vec<SimulatedModel>,
    pub(super) fact: Vec<Fact>,
}

pub(super) static DATA: LazyLock<SimulatorData> = LazyLock::new(|| {
    let text = include_str!("../../assets/simulator.toml");
    toml::from_str(text).expect("assets/simulator.toml is part of the program")
});
