//! Error statuses with their details: a reason, a hint when to retry, an HTML body.

use std::fmt;

/// A response with an error status: `429`, `429:daily`, `503:retry-after=20`, `502:html`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// The status, 400 to 599.
    pub code: u16,
    /// The meaning of the error, if its status has several.
    pub reason: Option<StatusReason>,
    /// The hint when to retry.
    pub hint: Option<FaultHint>,
    /// True sends an HTML page, as an edge server does, instead of a JSON error.
    pub html: bool,
}

/// A hint when to retry, and its place in the response. The amount may be absurd: huge, zero, negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FaultHint {
    /// The place of the hint.
    pub place: HintPlace,
    /// The time: in milliseconds for `ms`, else in seconds.
    pub amount: i64,
}

/// The places where servers put the hint when to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HintPlace {
    /// `Retry-After: 2`
    RetryAfter,
    /// `Retry-After: Sun, 06 Nov 1994 08:49:37 GMT`
    Date,
    /// `retry-after-ms: 1500`
    Ms,
    /// `X-RateLimit-Reset`, in milliseconds since 1970.
    Reset,
    /// `error.metadata.retry_after_seconds`
    Metadata,
    /// `error.availability.retry_after`
    Availability,
}

impl HintPlace {
    const WORDS: [(Self, &str); 6] = [
        (Self::RetryAfter, "retry-after"),
        (Self::Date, "date"),
        (Self::Ms, "ms"),
        (Self::Reset, "reset"),
        (Self::Metadata, "metadata"),
        (Self::Availability, "availability"),
    ];
}

/// The meaning of an error that its status alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusReason {
    /// 400: the prompt is longer than the model's context.
    Context,
    /// 400: a content policy refuses the request.
    Policy,
    /// 400: `response_format` is not supported.
    Format,
    /// 400: one of several providers refuses the request.
    Provider,
    /// 400 or 404: the model is unknown.
    Model,
    /// 402: the account has no credits left.
    Credits,
    /// 402: the credits do not pay for `max_tokens`.
    Unaffordable,
    /// 402: other requests in flight hold the budget.
    InFlight,
    /// 402 or 403: the key's own limit is spent.
    KeyLimit,
    /// 403: a workspace's budget is spent.
    Budget,
    /// 403: moderation flagged the input.
    Moderation,
    /// 403: the model is not offered in this region.
    Region,
    /// 403: a guardrail matched.
    Guardrail,
    /// 404: the model was withdrawn.
    Deprecated,
    /// 404: the privacy settings leave no provider.
    Privacy,
    /// 429: the day's free requests are used up.
    Daily,
    /// 429: the minute's free requests are used up.
    Minute,
    /// 429: the provider's pool that all users share is exhausted.
    Upstream,
    /// 429: the account's own limit.
    Account,
}

impl StatusReason {
    /// Every reason with its word.
    pub const WORDS: [(Self, &'static str); 19] = [
        (Self::Context, "context"),
        (Self::Policy, "policy"),
        (Self::Format, "format"),
        (Self::Provider, "provider"),
        (Self::Model, "model"),
        (Self::Credits, "credits"),
        (Self::Unaffordable, "unaffordable"),
        (Self::InFlight, "in-flight"),
        (Self::KeyLimit, "key-limit"),
        (Self::Budget, "budget"),
        (Self::Moderation, "moderation"),
        (Self::Region, "region"),
        (Self::Guardrail, "guardrail"),
        (Self::Deprecated, "deprecated"),
        (Self::Privacy, "privacy"),
        (Self::Daily, "daily"),
        (Self::Minute, "minute"),
        (Self::Upstream, "upstream"),
        (Self::Account, "account"),
    ];
}

impl Status {
    /// A status without details.
    pub const fn new(code: u16) -> Self {
        Self { code, reason: None, hint: None, html: false }
    }

    /// Reads the details after `STATUS:`, separated by commas.
    pub(super) fn read(code: u16, details: Option<&str>) -> Result<Self, String> {
        let mut status = Self::new(code);
        for item in details.into_iter().flat_map(|details| details.split(',')) {
            status.apply(item)?;
        }
        Ok(status)
    }

    /// Applies one detail.
    fn apply(&mut self, item: &str) -> Result<(), String> {
        if item == "html" {
            self.html = true;
        } else if let Some((reason, _)) = StatusReason::WORDS.iter().find(|(_, word)| *word == item) {
            self.reason = Some(*reason);
        } else {
            let (place, amount) = item.split_once('=').unwrap_or(("retry-after", item));
            let place = HintPlace::WORDS.iter().find(|(_, word)| *word == place);
            let amount = amount.strip_suffix('s').unwrap_or(amount).parse();
            let (Some((place, _)), Ok(amount)) = (place, amount) else {
                let reasons = StatusReason::WORDS.map(|(_, word)| word).join(", ");
                return Err(format!(
                    "a status takes html, retry-after=2, date=20, ms=1500, reset=20, metadata=2, availability=2 \
                     or one of {reasons}, not `{}`",
                    item.escape_debug()
                ));
            };
            self.hint = Some(FaultHint { place: *place, amount });
        }
        Ok(())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.map(|reason| word_of(&StatusReason::WORDS, &reason).to_owned());
        let hint = self.hint.map(|hint| format!("{}={}", word_of(&HintPlace::WORDS, &hint.place), hint.amount));
        let html = self.html.then(|| "html".to_owned());
        write!(f, "{}", self.code)?;
        for (i, item) in [reason, hint, html].into_iter().flatten().enumerate() {
            write!(f, "{}{item}", if i == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

/// The word of a value.
fn word_of<T: PartialEq>(words: &[(T, &'static str)], wanted: &T) -> &'static str {
    words.iter().find(|(value, _)| value == wanted).map_or("", |(_, word)| word)
}
