//! Counts discussions over time, in months, quarters or years: whichever gives a plot that can be read.

use jiff::civil::Date;
use serde::Serialize;

/// The most periods of a plot.
const MOST: usize = 16;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Month,
    Quarter,
    Year,
}

/// Periods in a row, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    unit: Unit,
    /// The number of the first period since the year 0.
    first: i32,
    count: usize,
}

impl Unit {
    /// The number of the period of `date` since the year 0.
    fn of(self, date: Date) -> i32 {
        let (year, month) = (i32::from(date.year()), i32::from(date.month()) - 1);
        match self {
            Unit::Month => year * 12 + month,
            Unit::Quarter => year * 4 + month / 3,
            Unit::Year => year,
        }
    }
}

impl Calendar {
    /// Returns the periods from the earliest to the latest of `dates`. Returns `None` without a date.
    pub fn of<'a>(dates: impl Iterator<Item = &'a str>) -> Option<Calendar> {
        let dates: Vec<Date> = dates.filter_map(|date| date.parse().ok()).collect();
        let (first, last) = (*dates.iter().min()?, *dates.iter().max()?);
        let count = |unit: Unit| usize::try_from(unit.of(last) - unit.of(first) + 1).unwrap_or(1);
        let fits = |unit: &Unit| count(*unit) <= MOST;
        let unit = [Unit::Month, Unit::Quarter]
            .into_iter()
            .find(fits)
            .unwrap_or(Unit::Year);
        Some(Calendar {
            unit,
            first: unit.of(first),
            count: count(unit),
        })
    }

    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The names of the periods: `2026-03`, `2026 Q1` or `2026`.
    pub fn names(&self) -> Vec<String> {
        let one = |number: i32| match self.unit {
            Unit::Month => format!("{}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1),
            Unit::Quarter => format!("{} Q{}", number.div_euclid(4), number.rem_euclid(4) + 1),
            Unit::Year => number.to_string(),
        };
        (self.first..).take(self.count).map(one).collect()
    }

    /// Counts `dates` by period. Those outside are left out.
    pub fn counts<'a>(&self, dates: impl Iterator<Item = &'a str>) -> Vec<usize> {
        let mut counts = vec![0; self.count];
        for date in dates.filter_map(|date| date.parse::<Date>().ok()) {
            let at = usize::try_from(self.unit.of(date) - self.first).ok();
            if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(dates: &[&str]) -> Calendar {
        Calendar::of(dates.iter().copied()).unwrap()
    }

    #[test]
    fn periods_are_as_short_as_a_plot_allows_and_have_no_gaps() {
        let months = calendar(&["2026-02-10", "2025-11-30"]);
        assert_eq!(months.names(), ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(
            months.counts(["2025-11-30", "2026-02-10", "2026-02-11", "2027-01-01"].into_iter()),
            [1, 0, 0, 2]
        );
        let quarters = calendar(&["2024-03-31", "2026-10-20"]);
        assert_eq!((quarters.unit(), quarters.names().len()), (Unit::Quarter, 12));
        assert_eq!(
            (quarters.names()[0].as_str(), quarters.names()[11].as_str()),
            ("2024 Q1", "2026 Q4")
        );
        assert_eq!(calendar(&["2010-01-01", "2026-01-01"]).unit(), Unit::Year);
        assert_eq!(Calendar::of(["no date"].into_iter()), None);
    }
}
