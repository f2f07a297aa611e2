//! What the simulator knows, from `assets/simulator.toml`: read once, when it is first asked for.

use super::catalogue::Model;
use super::reply::Fact;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
pub(super) struct Asset {
    pub(super) model: Vec<Model>,
    pub(super) fact: Vec<Fact>,
}

pub(super) static ASSET: LazyLock<Asset> = LazyLock::new(|| {
    let text = include_str!("../../assets/simulator.toml");
    toml::from_str(text).expect("assets/simulator.toml is part of the program")
});
