//! What the defaults of the policy cost and save: ten thousand seeded runs through four
//! outages on the virtual clock, beside other settings. The golden file shows what a changed
//! default costs.

use crate::golden;
use std::fmt::Write as _;
use std::time::Duration;
use switchover::failover::policy_report::{PolicySimulation, ScriptedAct, ScriptedReply};
use switchover::failover::{
    Answer, Cost, Event, Failover, Failure, FailureKind, Hint, HintSource, Outcome, Policy, Route, Started, TokenPhase,
};

/// Sessions for each outage; each has its own health and lasts two minutes.
const SESSIONS: u64 = 100;
/// Runs of a session, one every four to five seconds.
const RUNS: u64 = 25;
/// When the outage begins, and when it ends.
const OUTAGE: std::ops::Range<Duration> = Duration::from_secs(20)..Duration::from_secs(80);

#[derive(Clone, Copy, Debug)]
enum OutageKind {
    /// The primary fails often: errors, and long silences.
    Brownout,
    /// The primary is down for eight seconds, up for eight seconds, and so on.
    Flapping,
    /// Every model is down.
    Total,
    /// Two of three models answer 429, with or without hints.
    Storm,
}

impl OutageKind {
    const ALL: [Self; 4] = [Self::Brownout, Self::Flapping, Self::Total, Self::Storm];

    /// When and how this route fails now, if it fails.
    fn failure(self, now: Duration, route: usize, rng: &mut fastrand::Rng) -> Option<(Duration, Failure)> {
        let fails = |kind, status| {
            let failure = Failure { status: Some(status), ..Failure::new(kind, "outage") };
            Some((Duration::from_millis(200), failure))
        };
        if rng.f64() < 0.01 {
            return fails(FailureKind::ServerError, 502);
        }
        if !OUTAGE.contains(&now) {
            return None;
        }
        match (self, route) {
            (Self::Brownout, 0) => match rng.u32(0..10) {
                0..4 => fails(FailureKind::ServerError, 503),
                4..6 => Some((Duration::from_secs(40), Failure::new(FailureKind::GatewayTimeout, "silent"))),
                _ => None,
            },
            (Self::Flapping, 0) if now.saturating_sub(OUTAGE.start).as_secs() % 16 < 8 => {
                fails(FailureKind::ServerError, 503)
            }
            (Self::Total, _) => fails(FailureKind::ServerError, 503),
            (Self::Storm, 0 | 1) => {
                let after = [None, Some(1500), Some(20_000)][rng.usize(0..3)].map(Duration::from_millis);
                let hint = after.map(|after| Hint { after, source: HintSource::RetryAfterSeconds });
                let failure = Failure { status: Some(429), hint, ..Failure::new(FailureKind::RateLimited, "storm") };
                Some((Duration::from_millis(200), failure))
            }
            _ => None,
        }
    }

    fn reply(self, now: Duration, started: &Started, rng: &mut fastrand::Rng) -> ScriptedReply {
        if let Some((after, failure)) = self.failure(now, started.route, rng) {
            return vec![(after, ScriptedAct::Fail(failure, Cost::NOTHING))];
        }
        let first = Duration::from_millis(rng.u64(300..1500));
        let whole = first + Duration::from_millis(rng.u64(1000..3000));
        let fields = std::sync::Arc::new([("answer".to_owned(), "42".into())].into_iter().collect());
        let answer = Answer { fields, served: None, cost: Cost::NOTHING, warnings: Vec::new() };
        vec![(first, ScriptedAct::Token(TokenPhase::Answer)), (whole, ScriptedAct::Done(answer))]
    }
}

#[derive(Default)]
struct Tally {
    runs: u32,
    took: Vec<Duration>,
    attempts: u32,
    failed: u32,
}

impl Tally {
    fn line(&mut self) -> String {
        self.took.sort_unstable();
        let at = |q: f64| {
            let rank = (q * self.took.len() as f64).ceil() as usize;
            self.took.get(rank.max(1) - 1).map_or(f64::NAN, Duration::as_secs_f64)
        };
        let (p50, p99) = (at(0.5), at(0.99));
        let runs = f64::from(self.runs);
        let rate = 100.0 * self.took.len() as f64 / runs;
        let extra = f64::from(self.attempts - self.runs) / runs;
        let failed = f64::from(self.failed) / runs;
        format!("{rate:7.2} % {p50:7.2} s {p99:7.2} s {extra:8.3} {failed:8.3}")
    }
}

/// One policy in one outage. Every session has its own seed.
fn play(outage: OutageKind, policy: &Policy, sessions: u64, forgetful: bool) -> Tally {
    let mut tally = Tally::default();
    for session in 0..sessions {
        let mut rng = fastrand::Rng::with_seed(session);
        let mut simulation = PolicySimulation::default();
        let mut at = Duration::ZERO;
        for run in 0..RUNS {
            let chain = ["primary", "second", "third"].map(|model| Route::new(model, "https://openrouter.ai"));
            let policy = Policy { seed: session * RUNS + run, ..policy.clone() };
            simulation.add_run(policy, chain.to_vec(), at, None);
            at += Duration::from_millis(rng.u64(4000..5000));
            if forgetful {
                count(&mut simulation, outage, &mut rng, &mut tally);
                simulation = PolicySimulation::default();
            }
        }
        count(&mut simulation, outage, &mut rng, &mut tally);
    }
    tally
}

fn count(simulation: &mut PolicySimulation, outage: OutageKind, rng: &mut fastrand::Rng, tally: &mut Tally) {
    let events = simulation.play(|now, _, started| outage.reply(now, started, rng));
    for timed in events {
        match timed.event {
            Event::Started(_) => tally.attempts += 1,
            Event::Failed(failed) if failed.failure.kind != FailureKind::HedgeLost => tally.failed += 1,
            Event::Finished(finished) => {
                tally.runs += 1;
                if finished.outcome == Outcome::Succeeded {
                    tally.took.push(finished.took);
                }
            }
            _ => {}
        }
    }
}

fn variants() -> Vec<(&'static str, Policy, bool)> {
    let default = Policy::default;
    let secs = Duration::from_secs;
    let with = |change: fn(&mut Policy)| {
        let mut policy = default();
        change(&mut policy);
        policy
    };
    vec![
        ("the defaults", default(), false),
        ("no memory: breakers forget after each run", default(), true),
        ("no retries: 1 attempt per model", with(|p| p.limits.per_model = 1), false),
        ("2 attempts per model", with(|p| p.limits.per_model = 2), false),
        ("patience 0 s", with(|p| p.limits.patience = Duration::ZERO), false),
        ("patience 20 s", with(|p| p.limits.patience = Duration::from_secs(20)), false),
        ("first token 5 s", Policy { timeouts: timeouts(secs(5)), ..default() }, false),
        ("first token 20 s", Policy { timeouts: timeouts(secs(20)), ..default() }, false),
        ("hedging", with(|p| p.hedge = true), false),
        ("strict: no fallback", with(|p| p.failover = Failover::Strict), false),
        ("strict, patience 0 s", with(|p| (p.failover, p.limits.patience) = (Failover::Strict, Duration::ZERO)), false),
        ("strict, no retries", with(|p| (p.failover, p.limits.per_model) = (Failover::Strict, 1)), false),
    ]
}

fn timeouts(first_token: Duration) -> switchover::failover::Timeouts {
    switchover::failover::Timeouts { first_token, ..Policy::default().timeouts }
}

#[test]
fn the_policy_report_is_the_expected_one() {
    let mut report = format!(
        "{} runs with the defaults, {} for every other row. Three models at one origin; a run every 4 to 5 s;\n\
         the outage lasts from {} s to {} s of 120 s. Columns: answered · P50 · P99 of the time to answer ·\n\
         extra attempts per run · failed attempts per run.\n",
        SESSIONS * RUNS * OutageKind::ALL.len() as u64,
        SESSIONS / 5 * RUNS * OutageKind::ALL.len() as u64,
        OUTAGE.start.as_secs(),
        OUTAGE.end.as_secs(),
    );
    for outage in OutageKind::ALL {
        let _ = writeln!(report, "\n{outage:?}");
        for (index, (name, policy, forgetful)) in variants().into_iter().enumerate() {
            let sessions = if index == 0 { SESSIONS } else { SESSIONS / 5 };
            let _ = writeln!(report, "  {name:<42}{}", play(outage, &policy, sessions, forgetful).line());
        }
    }
    golden("policy-report.txt", &report);
}
