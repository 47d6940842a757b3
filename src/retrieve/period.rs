//! The bounds of a period: days, months and years of the calendar, and times before today such as `30d`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Span, ZonedDateTime};

/// A year, a month or a day that exists in the calendar: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Period(String);

/// The beginning of a period. Editions since then pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since(Period);

/// The end of a period. Editions until then pass, those of its last day included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Until(Period);

/// A time before today, such as `30d`, as a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ago(Since);

/// A year, a month or a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On(Since);

/// The error for a text that is not a time before today.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a time before today in days, weeks, months or years, such as 30d, 2w, 6m or 1y")]
pub struct NoTime;

/// The error for a text that is not a year, a month or a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a year, month or day, such as 2024, 2024-01 or 2024-01-31")]
pub struct NoDay;

/// The error for a text that is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a year, month or day, such as 2024, 2024-01 or 2024-01-31, or a time before today, such as 30d")]
pub struct NoDate;

impl FromStr for Period {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Period, NoDate> {
        if text.ends_with(UNITS) {
            return ago(text, ZonedDateTime::now().date()).map(|day| Period(day.to_string()));
        }
        let day = match text.len() {
            4 => format!("{text}-01-01"),
            7 => format!("{text}-01"),
            10 => text.to_string(),
            _ => return Err(NoDate),
        };
        // Dates with a sign, week dates and the basic format parse too, but do not sort as text.
        let shaped = day.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        day.parse::<Date>()
            .ok()
            .filter(|_| shaped)
            .map(|_| Period(text.to_string()))
            .ok_or(NoDate)
    }
}

/// The units of a time before today: days, weeks, months and years.
const UNITS: [char; 4] = ['d', 'w', 'm', 'y'];

/// Returns the day that is `text`, such as `30d`, before `today`.
fn ago(text: &str, today: Date) -> Result<Date, NoDate> {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let plain = (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = number.parse().ok().filter(|_| plain).ok_or(NoDate)?;
    let span = match unit {
        "d" => Span::new().try_days(number),
        "w" => Span::new().try_weeks(number),
        "m" => Span::new().try_months(number),
        _ => Span::new().try_years(number),
    };
    let day = span.and_then(|span| today.checked_sub(span)).map_err(|_| NoDate)?;
    // Years before 0 have a sign, and do not sort as text.
    if day.year() < 1 { Err(NoDate) } else { Ok(day) }
}

impl FromStr for Since {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Since, NoDate> {
        text.parse().map(Since)
    }
}

impl FromStr for Until {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Until, NoDate> {
        text.parse().map(Until)
    }
}

impl FromStr for Ago {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Ago, NoTime> {
        let since = text.parse().ok().filter(|_| text.ends_with(UNITS));
        since.map(Ago).ok_or(NoTime)
    }
}

impl FromStr for On {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<On, NoDay> {
        let since = text.parse().ok().filter(|_| !text.ends_with(UNITS));
        since.map(On).ok_or(NoDay)
    }
}

impl Ago {
    /// Returns the beginning of that time.
    pub fn since(&self) -> Since {
        self.0.clone()
    }
}

impl On {
    /// Returns the beginning of the period. [`Since::until`] is its end.
    pub fn since(&self) -> Since {
        self.0.clone()
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.0)
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.0)
    }
}

impl Since {
    /// The period as text. A year or month is a prefix of its days, so its days sort after it.
    pub(super) fn least(&self) -> &str {
        &self.0.0
    }

    /// Returns whether a day, `YYYY-MM-DD`, is in or after the period.
    pub fn admits(&self, day: &str) -> bool {
        day >= self.least()
    }

    /// Returns whether the period is a single day.
    pub(super) fn is_day(&self) -> bool {
        self.least().len() == "YYYY-MM-DD".len()
    }

    /// Returns the end of the same period.
    pub fn until(&self) -> Until {
        Until(self.0.clone())
    }
}

impl Until {
    /// Returns whether a day, `YYYY-MM-DD`, is in or before the period.
    pub fn admits(&self, day: &str) -> bool {
        let last = &self.0.0;
        day.get(..last.len()).is_some_and(|prefix| prefix <= last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_year_a_month_and_a_day_of_the_calendar_are_dates_and_nothing_else_is() {
        for text in ["2024", "2024-01", "2024-02-29", "7d", "2w", "18m", "1y"] {
            assert!(text.parse::<Since>().is_ok(), "{text}");
        }
        for text in [
            "",
            "24",
            "2024-13",
            "2024-00",
            "2023-02-29",
            "2024-1-1",
            "2024/01",
            "-024-01-01",
            "2024-W01-1",
            "20240101",
            "202é",
            "yesterday",
            "d",
            "-7d",
            "7.5d",
            "99999d",
            "9999y",
        ] {
            assert_eq!(text.parse::<Since>(), Err(NoDate), "{text}");
        }
    }

    #[test]
    fn a_time_before_today_is_no_day_and_the_reverse() {
        for text in ["30d", "2w", "6m", "1y"] {
            assert!(
                text.parse::<Ago>().is_ok() && text.parse::<On>() == Err(NoDay),
                "{text}"
            );
        }
        for text in ["2024", "2024-01", "2024-01-31"] {
            assert!(
                text.parse::<On>().is_ok() && text.parse::<Ago>() == Err(NoTime),
                "{text}"
            );
        }
        assert_eq!(("30".parse::<Ago>(), "".parse::<On>()), (Err(NoTime), Err(NoDay)));
    }

    #[test]
    fn a_time_before_today_is_counted_in_the_calendar() {
        let today = "2026-03-31".parse().unwrap();
        for (text, day) in [
            ("0d", "2026-03-31"),
            ("30d", "2026-03-01"),
            ("1w", "2026-03-24"),
            ("1m", "2026-02-28"),
        ] {
            assert_eq!(ago(text, today).unwrap().to_string(), day, "{text}");
        }
    }

    #[test]
    fn the_last_day_of_a_period_is_part_of_it() {
        let until = |text: &str| text.parse::<Until>().unwrap();
        for (last, day, admitted) in [
            ("2024", "2024-12-31", true),
            ("2024", "2025-01-01", false),
            ("2024-01", "2024-01-31", true),
            ("2024-01", "2024-02-01", false),
            ("2024-01-05", "2024-01-05", true),
            ("2024-01-05", "2024-01-06", false),
            ("2024-01-05", "", false),
        ] {
            assert_eq!(until(last).admits(day), admitted, "{day} until {last}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_or_an_error(text in "\\PC{0,12}") {
            let _ = (text.parse::<Since>(), text.parse::<Until>());
        }
    }
}
