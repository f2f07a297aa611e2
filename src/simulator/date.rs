//! Wall time, for the hints of injected errors.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that an HTTP date can write: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "a date in a header is wall time by definition, and only an injected hint has one"
)]
pub(super) fn wall_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The HTTP date of seconds since 1970, kept within the years that the format can write.
pub(super) fn http_date(seconds: i64) -> String {
    let seconds = seconds.clamp(0, LAST_SECOND).unsigned_abs();
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn dates_have_the_form_of_rfc_9110_and_stay_in_its_years() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(http_date(-5), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
