//! Types that JSON carries as text: dates, times, durations, decimals, UUIDs and paths, in pydantic's spelling.

use serde_json::Value;
use time::{Date, Month, OffsetDateTime};

/// The units of a duration before the `T` and behind it.
const UNITS_OF_DATE: [char; 4] = ['Y', 'M', 'W', 'D'];
const UNITS_OF_TIME: [char; 3] = ['H', 'M', 'S'];

/// The value as text of the type with this dotted name; for `dspy.History`, the JSON value itself. Nothing if it does
/// not fit.
pub(super) fn named(name: &str, value: &Value) -> Option<Value> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(_) | Value::Array(_) if name == "dspy.History" => return Some(value.clone()),
        _ => return None,
    };
    let numeric = text.parse::<f64>().ok();
    let text = match name {
        "datetime.datetime" => date_time(&text).or_else(|| epoch(numeric?))?,
        "datetime.date" => {
            let whole = date_time(&text).or_else(|| epoch(numeric?))?;
            let (day, time) = whole.split_once('T')?;
            time.starts_with("00:00:00").then(|| day.to_owned())?
        }
        "datetime.time" => match numeric {
            // `0300` and `03` are not numbers.
            Some(seconds) if !(text.len() > 1 && text.starts_with('0') && !text.starts_with("0.")) => {
                seconds_of_day(seconds)?
            }
            _ => time(&text)?,
        },
        "datetime.timedelta" => (numeric.is_some() || is_duration(&text)).then_some(text)?,
        "decimal.Decimal" => numeric.filter(|n| n.is_finite()).map(|_| text)?,
        "uuid.UUID" => uuid(&text)?,
        "pathlib.Path" if value.is_string() => text,
        _ => return None,
    };
    Some(Value::String(text))
}

/// Parses `2024-01-02`, or that with `T` or a space and a time. Returns ISO 8601 with seconds.
fn date_time(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    let number = |range: std::ops::Range<usize>| day.get(range)?.parse::<u32>().ok();
    let (year, month) = (number(0..4)?, Month::try_from(number(5..7)? as u8).ok()?);
    let digits = day.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let date = Date::from_calendar_date(year.cast_signed(), month, number(8..10)? as u8);
    if !digits || date.is_err() || year == 0 {
        return None;
    }
    match text[10..].chars().next() {
        None => Some(format!("{day}T00:00:00")),
        Some('T' | 't' | ' ' | '_') => Some(format!("{day}T{}", time(&text[11..])?)),
        Some(_) => None,
    }
}

/// Parses `03:04` or `03:04:05.6`, with or without `Z` or an offset such as `+01:00`. Returns it with seconds, and with
/// six digits if it has a fraction.
fn time(text: &str) -> Option<String> {
    let at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(at);
    let zone = match zone {
        "" => String::new(),
        "Z" | "z" => "+00:00".to_owned(),
        zone => {
            let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
            let valid = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()) && &digits[..2] < "24";
            valid.then(|| format!("{}{}:{}", &zone[..1], &digits[..2], &digits[2..]))?
        }
    };
    let (whole, fraction) = clock.split_once('.').map_or((clock, ""), |(whole, fraction)| (whole, fraction));
    let parts: Vec<&str> = whole.split(':').collect();
    let in_range = |part: &&str, below: u32| part.len() == 2 && part.parse::<u32>().is_ok_and(|n| n < below);
    let valid = match parts.as_slice() {
        [hour, minute] => in_range(hour, 24) && in_range(minute, 60) && fraction.is_empty(),
        [hour, minute, second] => in_range(hour, 24) && in_range(minute, 60) && in_range(second, 60),
        _ => false,
    };
    if !valid || clock.ends_with('.') || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = if parts.len() == 2 { ":00" } else { "" };
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction:0<6.6}") };
    Some(format!("{whole}{seconds}{fraction}{zone}"))
}

/// Seconds since midnight as `03:04:05+00:00`.
fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}+00:00", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

/// A Unix timestamp as a time in UTC. Numbers above 2e10 are milliseconds, others seconds, as in pydantic.
fn epoch(number: f64) -> Option<String> {
    let seconds = if number.abs() > 2e10 { number / 1000.0 } else { number };
    if !seconds.is_finite() || seconds.abs() > 2e11 {
        return None;
    }
    let whole = seconds.floor() as i64;
    let date = OffsetDateTime::from_unix_timestamp(whole).ok()?.date();
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let micros = ((seconds - seconds.floor()) * 1e6).round() as u64;
    let time = clock(whole.rem_euclid(86_400).cast_unsigned());
    let time = if micros == 0 { time } else { time.replace('+', &format!(".{micros:06}+")) };
    Some(format!("{year:04}-{month:02}-{day:02}T{time}"))
}

/// Seconds since midnight as a time in UTC.
fn seconds_of_day(seconds: f64) -> Option<String> {
    let whole = epoch(seconds).filter(|_| (0.0..86_400.0).contains(&seconds))?;
    Some(whole.split_once('T')?.1.to_owned())
}

/// Whether a text is a duration: `PT3H`, `-P1DT2H`, `1 day, 1:00:00`, `2d`, `100:00:00.5`, `00:30`.
fn is_duration(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(rest) = text.strip_prefix('P') {
        return is_iso_duration(rest);
    }
    let Some((days, rest)) = text.split_once(['d', 'D']) else { return is_clock(text) };
    let rest = ["ays", "ay"].iter().find_map(|end| rest.strip_prefix(end)).unwrap_or(rest);
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    is_digits(days.trim_end()) && (rest.is_empty() || is_clock(rest))
}

/// Whether the text behind the `P` is a duration of ISO 8601: each unit in its half, a fraction only in the last number.
fn is_iso_duration(text: &str) -> bool {
    let (mut rest, mut of_day, mut fraction, mut count) = (text, false, false, 0);
    while !rest.is_empty() {
        if let Some(times) = rest.strip_prefix('T').filter(|_| !of_day) {
            (rest, of_day) = (times, true);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, unit) = rest.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let units: &[char] = if of_day { &UNITS_OF_TIME } else { &UNITS_OF_DATE };
        if fraction || !is_digits(whole) || !is_digits(part) || !unit.starts_with(units) {
            return false;
        }
        (rest, fraction, count) = (&unit[1..], number.contains('.'), count + 1);
    }
    count > 0
}

/// Whether a text is `00:30`, `1:00:00` or `100:00:00.5`: any hours, minutes and seconds of two digits.
fn is_clock(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let sixty = |part: &str| part.len() == 2 && is_digits(part) && part < "60";
    match whole.split(':').collect::<Vec<_>>().as_slice() {
        // Shorter ones could be anything.
        [hours, minutes] => hours.len() > 1 && is_digits(hours) && sixty(minutes) && !text.contains('.'),
        [hours, minutes, seconds] => is_digits(hours) && sixty(minutes) && sixty(seconds) && is_digits(fraction),
        _ => false,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Parses a UUID with or without hyphens, braces and `urn:uuid:`. Returns it in lower case with hyphens.
fn uuid(text: &str) -> Option<String> {
    let text = text.strip_prefix("urn:uuid:").unwrap_or(text).trim_start_matches('{').trim_end_matches('}');
    let digits: String = text.chars().filter(|c| *c != '-').collect::<String>().to_lowercase();
    let valid =
        digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) && (text.len() == 32 || text.len() == 36);
    valid.then(|| [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
}
