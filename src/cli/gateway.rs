//! `gateway`: the failover for other programs, as a server. Prints one line per request to standard error, or every
//! report as a JSON line.

use super::print::{self, Stream, note, out};
use super::runtime::{finish, runtime};
use super::{GlobalOptions, exit, setup};
use crate::config::{Config, Environment};
use crate::contract::ContractMode;
use crate::failover::{Cost, Outcome, seconds};
use crate::gateway::{Gateway, GatewayEvent, GatewayOptions, Hold, KeySource, RequestDefaults, Served, serve};
use crate::secret::Secret;
use crate::spec::ChatTask;
use crate::text::clean;
use crate::transcript::usd;
use crate::worker::Services;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Give other programs the failover: a local server that speaks OpenAI's and OpenRouter's API.
///
/// Point a program's base URL at http://127.0.0.1:4141/v1; any key will do. Each chat request is tried on the chain's
/// models in order: the request's own model first, then the configured chain.
#[derive(Args, Debug)]
#[command(after_help = super::examples::GATEWAY)]
pub(super) struct GatewayArgs {
    #[command(flatten)]
    flags: GatewayFlags,
    /// Print every event of every run as a JSON line (docs/json.md describes them)
    #[arg(long)]
    json: bool,
}

/// What can be set for a gateway on the command line. The rest, and what is not set, comes from the configuration.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct GatewayFlags {
    /// Address to listen on [default: 127.0.0.1:4141]; for other machines 0.0.0.0:4141, which needs --token
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// What clients must send as their API key
    #[arg(long, value_name = "TOKEN", env = TOKEN, hide_env_values = true)]
    token: Option<String>,
    /// Use each client's own API key for its requests, instead of the configured key
    #[arg(long)]
    client_key: bool,
    /// What a stream waits for before anything is sent: first-token, or answer, so that another model can take over at
    /// any time [default: first-token]
    #[arg(long, value_name = "HOLD")]
    hold: Option<Hold>,
    /// Do not check answers against the request's schema, fields or tools
    #[arg(long)]
    no_contract: bool,
    /// Refuse new requests once this session has cost this much, in USD
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
}

/// The environment variable of the token.
const TOKEN: &str = "SWITCHOVER_GATEWAY_TOKEN";

impl GatewayFlags {
    /// No flags: only what the environment says.
    pub(super) fn of(env: &Environment) -> Self {
        Self { token: env.vars.get(TOKEN).cloned(), ..Self::default() }
    }

    fn token(&self) -> Option<Secret> {
        self.token.as_deref().filter(|token| !token.is_empty()).map(Secret::new)
    }

    /// The address to listen on. Only a gateway with a token may be reached by other machines.
    pub(super) fn address(&self, config: &Config) -> Result<SocketAddr> {
        let listen = self.listen.clone().or(config.read("gateway.listen")?).context("gateway.listen")?;
        let address: SocketAddr = listen.parse().with_context(|| {
            format!("the gateway's address `{listen}`: expected an address and a port, such as 127.0.0.1:4141")
        })?;
        if !address.ip().is_loopback() && self.token().is_none() {
            bail!(
                "other machines can reach {listen}, so a token is needed (--token, or {TOKEN}): the gateway spends your money"
            );
        }
        Ok(address)
    }

    fn options(
        &self,
        config: &Config,
        chain: Vec<String>,
        listener: Arc<dyn Fn(GatewayEvent) + Send + Sync>,
    ) -> Result<GatewayOptions> {
        Ok(GatewayOptions {
            defaults: RequestDefaults { chain, policy: config.policy(fastrand::u64(..))? },
            chains: config.chains()?,
            hold: match self.hold {
                Some(hold) => hold,
                None => config.read::<String>("gateway.hold")?.map_or(Ok(Hold::default()), |word| word.parse())?,
            },
            contract: if self.no_contract { ContractMode::None } else { ContractMode::FromRequest },
            key: if self.client_key { KeySource::Client } else { KeySource::Configured },
            token: self.token(),
            hosts: config.read("gateway.hosts")?.unwrap_or_default(),
            max_requests: config.read("gateway.max_requests")?.unwrap_or(DEFAULT_REQUESTS).clamp(1, MOST_REQUESTS),
            max_cost: self.max_cost.or(config.read("gateway.max_cost")?),
            listener,
        })
    }

    /// Sets a gateway up and listens.
    ///
    /// # Errors
    /// A setting is wrong, or the address is taken: another program listens there.
    pub(super) async fn listen(
        &self,
        config: &Config,
        services: Arc<Services>,
        listener: Arc<dyn Fn(GatewayEvent) + Send + Sync>,
    ) -> Result<ListeningGateway> {
        let address = self.address(config)?;
        // The chain of the settings; the task is not used.
        let spec = setup::spec(config, ChatTask::of(""))?;
        let options = self.options(config, spec.chain.into_iter().map(|route| route.model).collect(), listener)?;
        let socket = TcpListener::bind(address).await.with_context(|| {
            format!(
                "cannot listen on {address}; `gateway --listen` or the setting gateway.listen chooses another address"
            )
        })?;
        let address = socket.local_addr().context("the listening address")?;
        let gateway = Arc::new(Gateway::new(services, options, address));
        Ok(ListeningGateway { gateway, address, socket, grace: spec.policy.limits.deadline })
    }
}

/// A gateway with its socket. Clients can connect; they are answered once it serves.
pub(super) struct ListeningGateway {
    pub(super) gateway: Arc<Gateway>,
    pub(super) address: SocketAddr,
    socket: TcpListener,
    /// The time in which requests in progress can end after the last was accepted.
    pub(super) grace: Duration,
}

impl ListeningGateway {
    /// Serves until `stop` is over, and then those that are in progress, within the grace.
    pub(super) async fn serve(self, stop: impl Future<Output = ()>) {
        serve(self.gateway, self.socket, stop, self.grace).await;
    }
}

impl GatewayArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        // Said before anything is started.
        self.flags.address(&config)?;
        let runtime = runtime(Some(WORKERS))?;
        runtime.block_on(async {
            let options = setup::storing_service_options(&config, settings, env, |error| note!("switchover: {error}"));
            let services = Arc::new(Services::new(options.await?));
            let json = self.json;
            let listener = Arc::new(move |event| match event {
                GatewayEvent::Report(report) if json => print::offer(Stream::Out, report.line()),
                GatewayEvent::Served(served) if !json => {
                    print::offer(Stream::Err, format!("{}\n", clean(&line(&served))));
                }
                _ => {}
            });
            let listening = self.flags.listen(&config, Arc::clone(&services), listener).await?;
            if !self.json {
                introduce(&services, listening.gateway.options(), listening.address);
            }
            listening.serve(super::ask::interrupted()).await;
            Ok(finish(&services, exit::OK, Duration::ZERO).await)
        })
    }
}

/// The threads that serve requests.
const WORKERS: usize = 2;
/// The number of requests that are served at once, unless it is set.
const DEFAULT_REQUESTS: usize = 64;
/// The largest number of requests at the same time that can be configured.
const MOST_REQUESTS: usize = 65_536;

fn introduce(services: &Services, options: &GatewayOptions, address: SocketAddr) {
    out!("base URL   http://{address}/v1");
    out!("chain      {}", options.defaults.chain.join(" › "));
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
    let client = if served.request.client.is_empty() { "unknown client" } else { &served.request.client };
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
    if trail.attempts() == 0 {
        let why = trail.finished().and_then(|finished| finished.headline.as_deref()).unwrap_or("no model was asked");
        return format!("{} {outcome} {client} · {why}{end}", trail.run());
    }
    format!("{} {outcome} {client} · {}{end}{first} · {} · {cost}", trail.run(), trail.line(), seconds(served.took))
}
