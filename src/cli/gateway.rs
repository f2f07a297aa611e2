//! `gateway`: the failover for other programs, as a server. Prints one line per request to standard error, or every
//! report as a JSON line.

use super::print::{self, Stream, note, out};
use super::runtime::runtime;
use super::{GlobalOptions, exit, setup};
use crate::config::{Config, Environment};
use crate::contract::ContractMode;
use crate::failover::{Cost, Outcome, seconds};
use crate::gateway::{Gateway, GatewayEvent, GatewayOptions, Hold, KeySource, Served, serve};
use crate::secret::Secret;
use crate::spec::ChatTask;
use crate::text::clean;
use crate::transcript::usd;
use crate::worker::{ServiceOptions, Services};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Give other programs the failover: a local server that speaks OpenAI's and OpenRouter's API.
///
/// Point a program's base URL at http://127.0.0.1:4141/v1; any key will do. Each chat request is tried on the chain's
/// models in order: the request's own model first, then the configured chain.
#[derive(Args, Debug)]
pub(super) struct GatewayArgs {
    /// Address to listen on [default: 127.0.0.1:4141]; other machines reach 0.0.0.0:4141, which needs --token
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// What clients must send as their API key
    #[arg(long, value_name = "TOKEN", env = "SWITCHOVER_GATEWAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Use each client's own API key for its requests, instead of the configured key
    #[arg(long)]
    client_key: bool,
    /// What a stream waits for: first-token, or answer, which replaces a model that dies at any time [default: first-token]
    #[arg(long, value_name = "HOLD")]
    hold: Option<Hold>,
    /// Do not check answers against the request's schema, fields or tools
    #[arg(long)]
    no_contract: bool,
    /// Refuse new requests once this session has cost so much, in USD
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// Print every event of every run as a JSON line (docs/json.md describes them)
    #[arg(long)]
    json: bool,
}

impl GatewayArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let listen = self.listen.clone().or(config.read("gateway.listen")?).context("gateway.listen")?;
        let address: SocketAddr = listen
            .parse()
            .with_context(|| format!("--listen {listen}: expected an address and a port, such as 127.0.0.1:4141"))?;
        if !address.ip().is_loopback() && self.token.as_deref().is_none_or(str::is_empty) {
            bail!(
                "--listen {listen}: other machines can reach this address, so set --token; the gateway spends your money"
            );
        }
        // The chain of the settings; the task is not used.
        let spec = setup::spec(&config, ChatTask::of(""))?;
        let options = self.options(&config, spec.chain.into_iter().map(|route| route.model).collect())?;
        let grace = spec.policy.limits.deadline;
        let runtime = runtime(Some(WORKERS))?;
        runtime.block_on(async {
            let services = Arc::new(Services::new(ServiceOptions {
                history: setup::history(&config, env, |error| note!("switchover: {error}"))?,
                ..setup::service_options(&config, settings, env).await?
            }));
            let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
            let address = listener.local_addr().context("the listening address")?;
            if !self.json {
                introduce(&services, &options, address);
            }
            let gateway = Arc::new(Gateway::new(services, options, address));
            serve(gateway, listener, super::ask::interrupted(), grace).await;
            if print::drained(std::time::Duration::ZERO).await.is_err() {
                std::process::exit(i32::from(exit::USAGE));
            }
            Ok(exit::OK)
        })
    }

    fn options(&self, config: &Config, chain: Vec<String>) -> Result<GatewayOptions> {
        let json = self.json;
        let listener = Arc::new(move |event| match event {
            GatewayEvent::Report(report) if json => print::offer(Stream::Out, report.line()),
            GatewayEvent::Served(served) if !json => print::offer(Stream::Err, format!("{}\n", clean(&line(&served)))),
            _ => {}
        });
        Ok(GatewayOptions {
            chain,
            chains: config.chains()?,
            policy: config.policy(fastrand::u64(..))?,
            hold: match self.hold {
                Some(hold) => hold,
                None => config.read::<String>("gateway.hold")?.map_or(Ok(Hold::default()), |word| word.parse())?,
            },
            contract: if self.no_contract { ContractMode::None } else { ContractMode::FromRequest },
            key: if self.client_key { KeySource::Client } else { KeySource::Configured },
            token: self.token.as_deref().filter(|token| !token.is_empty()).map(Secret::new),
            hosts: config.read("gateway.hosts")?.unwrap_or_default(),
            max_requests: config.read("gateway.max_requests")?.unwrap_or(DEFAULT_REQUESTS),
            max_cost: self.max_cost.or(config.read("gateway.max_cost")?),
            listener,
        })
    }
}

/// The threads that serve requests.
const WORKERS: usize = 2;
/// The number of requests that are served at once, unless it is set.
const DEFAULT_REQUESTS: usize = 64;

fn introduce(services: &Services, options: &GatewayOptions, address: SocketAddr) {
    out!("base URL   http://{address}/v1");
    out!("chain      {}", options.chain.join(" › "));
    for (model, fault) in services.faults() {
        out!("broken     {model}={fault}");
    }
    out!("answers    {}", if services.simulated() { "the built-in simulator; no key is set" } else { "real models" });
    let key = match (&options.token, options.key) {
        (Some(_), KeySource::Configured) => "the token",
        (_, KeySource::Client) => "the client's own key, which pays",
        (None, KeySource::Configured) => "any",
    };
    out!("key        {key}; Ctrl+C ends it");
    out!("any fault  http://{address}/503/v1 breaks the first model (`switchover faults` lists the faults)");
}

/// A request in one line: client, asked model, attempts, first token, time, cost.
fn line(served: &Served) -> String {
    let trail = &served.trail;
    let client = if served.client.is_empty() { "unknown client" } else { &served.client };
    let outcome = match trail.finished().map(|finished| finished.outcome) {
        Some(Outcome::Succeeded) => '✓',
        Some(Outcome::Cancelled) => '–',
        _ => '✗',
    };
    let first = trail.first_token().map(|at| format!(" · first token {}", seconds(at))).unwrap_or_default();
    let cost = match trail.cost() {
        Cost::Unknown => "cost unknown".to_owned(),
        known @ Cost::Known(_) => usd(known),
    };
    let end = if outcome == '–' { " · the client left" } else { "" };
    format!("{} {outcome} {client} · {}{end}{first} · {} · {cost}", trail.run(), trail.line(), seconds(served.took))
}
