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

/// The ISO 8601 date and time of seconds since 1970, in UTC.
pub(super) fn iso_time(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days of a year that begins in March, counted in eras of 400 years (Howard Hinnant, "chrono-compatible date
    // algorithms").
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.000Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::{http_date, iso_time};

    #[test]
    fn dates_have_the_form_of_rfc_9110_and_stay_in_its_years() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(iso_time(784_111_777), "1994-11-06T08:49:37.000Z");
        assert_eq!(iso_time(1_709_164_800), "2024-02-29T00:00:00.000Z");
        assert_eq!(iso_time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(http_date(-5), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
