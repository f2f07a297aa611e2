//! The calendar: days since 1970 as year, month and day. Knows nothing of time zones or leap seconds.

/// The civil date of a day, counted from 1970-01-01; before it too. Howard Hinnant's `civil_from_days`: eras of
/// 400 years that begin in March, so that the leap day is a year's last.
pub fn date(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn leap_years_and_the_time_before_1970() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(-1), (1969, 12, 31));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(19_782), (2024, 2, 29));
        assert_eq!(date(19_783), (2024, 3, 1));
        assert_eq!(date(-25_509), (1900, 2, 28));
        assert_eq!(date(-25_508), (1900, 3, 1));
        assert_eq!(date(2_932_896), (9999, 12, 31));
    }
}
