//! Error statuses with what may come with them: a reason, a hint when to come back, an HTML body.

use std::fmt;

/// An answer with an error status: `429`, `429:daily`, `503:retry-after=20`, `502:html`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// From 400 to 599.
    pub code: u16,
    /// What the error says, where its status has several meanings.
    pub reason: Option<StatusReason>,
    /// When it says to come back.
    pub hint: Option<FaultHint>,
    /// A page of HTML, as an edge server sends it, in place of the JSON envelope.
    pub html: bool,
}

/// When to come back, and where that is written. The amount may be absurd: huge, zero, negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FaultHint {
    /// Where it is written.
    pub place: HintPlace,
    /// In the place's own unit: milliseconds for `ms`, else seconds.
    pub amount: i64,
}

/// The forms in which servers say when to come back.
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

/// What an error is about, where its status alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusReason {
    /// 400: longer than the model's context.
    Context,
    /// 400: refused by a content policy.
    Policy,
    /// 400: `response_format` is not supported here.
    Format,
    /// 400 or 404: there is no such model.
    Model,
    /// 402: no credits left.
    Credits,
    /// 402: `max_tokens` asks for more than can be paid.
    Unaffordable,
    /// 402: other requests in flight hold the budget.
    InFlight,
    /// 402 or 403: this key's own limit is spent.
    KeyLimit,
    /// 403: a workspace's budget is spent.
    Budget,
    /// 403: moderation flagged the input.
    Moderation,
    /// 403: not in this region.
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
    /// 429: the provider's pool, shared by everyone.
    Upstream,
    /// 429: the whole account.
    Account,
}

impl StatusReason {
    /// Every reason with its word.
    pub const WORDS: [(Self, &'static str); 18] = [
        (Self::Context, "context"),
        (Self::Policy, "policy"),
        (Self::Format, "format"),
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
    /// The bare status.
    pub const fn new(code: u16) -> Self {
        Self { code, reason: None, hint: None, html: false }
    }

    /// Reads what stands after `STATUS:`, items parted by commas.
    pub(super) fn read(code: u16, details: Option<&str>) -> Result<Self, String> {
        let mut status = Self::new(code);
        for item in details.into_iter().flat_map(|details| details.split(',')) {
            status.take(item)?;
        }
        Ok(status)
    }

    fn take(&mut self, item: &str) -> Result<(), String> {
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
        let reason = self.reason.map(|reason| of(&StatusReason::WORDS, &reason).to_owned());
        let hint = self.hint.map(|hint| format!("{}={}", of(&HintPlace::WORDS, &hint.place), hint.amount));
        let html = self.html.then(|| "html".to_owned());
        write!(f, "{}", self.code)?;
        for (i, item) in [reason, hint, html].into_iter().flatten().enumerate() {
            write!(f, "{}{item}", if i == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

fn of<T: PartialEq>(words: &[(T, &'static str)], wanted: &T) -> &'static str {
    words.iter().find(|(value, _)| value == wanted).map_or("", |(_, word)| word)
}
