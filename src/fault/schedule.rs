//! The requests on which a fault fires.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The requests on which a fault fires. Its times count from the fault's injection, or in the simulator from the
/// first request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedule {
    /// Every request. It has no word.
    #[default]
    Always,
    /// The first N requests; `@once` is `@first=1`.
    First(u32),
    /// Every Nth request: with 2, the second, fourth, sixth and so on.
    Every(u32),
    /// Each request with this probability.
    Chance {
        /// The probability, 0 to 1.
        p: f64,
        /// The same seed gives the same draws.
        seed: u64,
    },
    /// Requests from the first time on and before the second one.
    Window(Duration, Duration),
    /// Down for the first duration, up for the second one, and so on in turn.
    Flap(Duration, Duration),
}

/// The state of a schedule between requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleState {
    /// The number of requests so far.
    pub requests: u64,
}

impl Schedule {
    /// Counts a request at `now`, and returns whether the fault fires on it.
    pub fn fires(&self, state: &mut ScheduleState, now: Duration) -> bool {
        state.requests += 1;
        match *self {
            Self::Always => true,
            Self::First(n) => state.requests <= u64::from(n),
            Self::Every(n) => state.requests.is_multiple_of(u64::from(n)),
            Self::Chance { p, seed } => {
                let draw = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(state.requests);
                fastrand::Rng::with_seed(draw).f64() < p
            }
            Self::Window(from, to) => (from..to).contains(&now),
            Self::Flap(down, up) => now.as_nanos() % (down + up).as_nanos().max(1) < down.as_nanos(),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Always => Ok(()),
            Self::First(1) => f.write_str("@once"),
            Self::First(n) => write!(f, "@first={n}"),
            Self::Every(n) => write!(f, "@every={n}"),
            Self::Chance { p, seed } => write!(f, "@p={p},seed={seed}"),
            Self::Window(from, to) => write!(f, "@window={}..{}", time_word(from), time_word(to)),
            Self::Flap(down, up) => write!(f, "@flap={},{}", time_word(down), time_word(up)),
        }
    }
}

impl FromStr for Schedule {
    type Err = String;

    /// Reads the part after the `@`, or a whole `@…` word.
    fn from_str(word: &str) -> Result<Self, String> {
        let word = word.strip_prefix('@').unwrap_or(word);
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        match (name, value) {
            ("always", None) => Ok(Self::Always),
            ("once", None) => Ok(Self::First(1)),
            ("first", Some(n)) => positive(n).map(Self::First),
            ("every", Some(n)) => positive(n).map(Self::Every),
            ("p", Some(value)) => chance(value),
            ("window", Some(value)) => {
                let (from, to) = value.split_once("..").ok_or("write a window as `@window=10s..20s`")?;
                let (from, to) = (read_time(from)?, read_time(to)?);
                if from < to { Ok(Self::Window(from, to)) } else { Err("a window must end after it begins".into()) }
            }
            ("flap", Some(value)) => {
                let (down, up) = value.split_once(',').ok_or("write flapping as `@flap=5s,5s`: down, then up")?;
                let (down, up) = (read_time(down)?, read_time(up)?);
                let valid = !down.is_zero() && !up.is_zero();
                if valid { Ok(Self::Flap(down, up)) } else { Err("flapping needs two times over 0".into()) }
            }
            _ => Err(format!(
                "`@{}` is not a schedule; write @once, @first=3, @every=2, @p=0.3,seed=7, @window=10s..20s or @flap=5s,5s",
                word.escape_debug()
            )),
        }
    }
}

fn positive(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("`{}` is not a count of 1 or more", text.escape_debug()))
}

fn chance(value: &str) -> Result<Schedule, String> {
    let (p, seed) = match value.split_once(",seed=") {
        Some((p, seed)) => (p, seed.parse().map_err(|_| format!("`{}` is not a seed", seed.escape_debug()))?),
        None => (value, 0),
    };
    let p: f64 = p.parse().ok().filter(|p| (0.0..=1.0).contains(p)).ok_or("a probability is a number from 0 to 1")?;
    Ok(Schedule::Chance { p, seed })
}

/// Reads a time such as `8s`, `500ms`, `1.5s` or `2m`.
pub(super) fn read_time(text: &str) -> Result<Duration, String> {
    let fail = || format!("`{}` is not a time such as 500ms or 8s", text.escape_debug());
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_| fail())?;
    let scale = match &text[digits..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        _ => return Err(fail()),
    };
    let micros = (number * scale * 1e6).round();
    // A day is more than anybody waits, and far below any overflow.
    if (0.0..=86_400e6).contains(&micros) { Ok(Duration::from_micros(micros as u64)) } else { Err(fail()) }
}

/// A time as it is written in a word: `8s` or `500ms`.
pub(super) fn time_word(time: Duration) -> String {
    if time.subsec_nanos() == 0 { format!("{}s", time.as_secs()) } else { format!("{}ms", time.as_secs_f64() * 1000.0) }
}
