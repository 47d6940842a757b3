//! Restricts a search to part of the corpus: editions since a date, one edition, or one contributor.
//!
//! Filters remove scored passages. They know nothing about questions or order.
//!
//! Dates and editions are looked up in the index. Contributors are compared with the stored passage, because a part of
//! a name is not a term of the index. This reads each scored passage that the other filters admit.

use std::fmt;
use std::str::FromStr;

use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocSet, SegmentReader, TERMINATED, Term};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::index::{IndexError, Store};

/// The part of the corpus to search; the default is all of it. A passage must pass every filter that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Only editions of this date or later. Editions without a date are left out.
    pub since: Option<Since>,
    /// The slug of one edition, ignoring case.
    pub edition: Option<String>,
    /// Only answers of contributors whose name contains this, ignoring case and accents.
    pub contributor: Option<String>,
}

/// The filters that admit everything.
pub(super) static NONE: Filters = Filters {
    since: None,
    edition: None,
    contributor: None,
};

impl Filters {
    /// Returns whether the whole corpus is searched.
    pub fn is_empty(&self) -> bool {
        *self == NONE
    }

    /// Returns whether an edition with this slug and date (`YYYY-MM-DD`) passes. The contributor filter is ignored.
    pub fn admits_edition(&self, slug: &str, date: Option<&str>) -> bool {
        let since = |Since(day): &Since| date.is_some_and(|date| date >= day.as_str());
        let named = |wanted: &String| wanted.eq_ignore_ascii_case(slug);
        self.since.as_ref().is_none_or(since) && self.edition.as_ref().is_none_or(named)
    }

    /// Returns whether answers of the contributor `name` pass.
    pub fn admits_contributor(&self, name: &str) -> bool {
        let wanted = self.contributor.as_deref();
        wanted.is_none_or(|wanted| plain(name).contains(&plain(wanted)))
    }
}

/// Formats the filters to follow "the corpus": ` since 2024-01 in pricing by "ann"`. Empty without a filter.
impl fmt::Display for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Since(day)) = &self.since {
            write!(f, " since {day}")?;
        }
        if let Some(edition) = &self.edition {
            write!(f, " in {edition}")?;
        }
        if let Some(contributor) = &self.contributor {
            write!(f, " by \"{contributor}\"")?;
        }
        Ok(())
    }
}

/// A year, a month or a day that exists in the calendar: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. Editions since its
/// beginning pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since(String);

/// The error for a [`Since`] that is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a year, month or day, such as 2024, 2024-01 or 2024-01-31")]
pub struct NoDate;

impl FromStr for Since {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Since, NoDate> {
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
        day.parse::<jiff::civil::Date>()
            .ok()
            .filter(|_| shaped)
            .map(|_| Since(text.to_string()))
            .ok_or(NoDate)
    }
}

/// Removes what `filters` do not admit.
pub(super) fn retain<T>(
    store: &Store,
    filters: &Filters,
    found: &mut Vec<T>,
    address: impl Fn(&T) -> DocAddress,
) -> Result<(), IndexError> {
    if filters.is_empty() {
        return Ok(());
    }
    let filter = Filter::new(store, filters)?;
    let mut admitted = Vec::new();
    for one in found.drain(..) {
        if filter.admits(store, address(&one))? {
            admitted.push(one);
        }
    }
    *found = admitted;
    Ok(())
}

/// Filters prepared for one index.
struct Filter {
    /// By segment: whether each document passes by date and edition. `None` if neither filter is set.
    segments: Option<Vec<Vec<bool>>>,
    contributor: Option<String>,
}

impl Filter {
    fn new(store: &Store, filters: &Filters) -> Result<Filter, IndexError> {
        let mut segments = Vec::new();
        for reader in store.searcher().segment_readers() {
            let mut passes = vec![true; reader.max_doc() as usize];
            if let Some(Since(day)) = &filters.since {
                both(&mut passes, &from(store, reader, store.fields.date(), day)?);
            }
            if let Some(edition) = &filters.edition {
                let term = Term::from_field_text(store.fields.edition(), &edition.to_lowercase());
                both(&mut passes, &with(store, reader, &term)?);
            }
            segments.push(passes);
        }
        let by_index = filters.since.is_some() || filters.edition.is_some();
        Ok(Filter {
            segments: by_index.then_some(segments),
            contributor: filters.contributor.as_deref().map(plain),
        })
    }

    fn admits(&self, store: &Store, address: DocAddress) -> Result<bool, IndexError> {
        if let Some(segments) = &self.segments {
            let segment = segments.get(address.segment_ord as usize);
            if !segment
                .and_then(|s| s.get(address.doc_id as usize))
                .is_some_and(|passes| *passes)
            {
                return Ok(false);
            }
        }
        let Some(wanted) = &self.contributor else {
            return Ok(true);
        };
        let passage = store.passage(address)?;
        Ok(passage.contributor.is_some_and(|name| plain(&name).contains(wanted)))
    }
}

fn both(passes: &mut [bool], also: &[bool]) {
    for (one, other) in passes.iter_mut().zip(also) {
        *one &= other;
    }
}

/// Marks the documents that have `term`.
fn with(store: &Store, reader: &SegmentReader, term: &Term) -> Result<Vec<bool>, IndexError> {
    let mut marked = vec![false; reader.max_doc() as usize];
    let inverted = reader.inverted_index(term.field()).map_err(|e| store.damaged(e))?;
    let postings = inverted.read_postings(term, IndexRecordOption::Basic);
    if let Some(postings) = postings.map_err(|e| store.damaged(e))? {
        mark(postings, &mut marked);
    }
    Ok(marked)
}

/// Marks the documents that have a term of `field` that sorts at or after `least`. A year or month is a prefix of its
/// days, so its days sort after it.
fn from(store: &Store, reader: &SegmentReader, field: Field, least: &str) -> Result<Vec<bool>, IndexError> {
    let mut marked = vec![false; reader.max_doc() as usize];
    let inverted = reader.inverted_index(field).map_err(|e| store.damaged(e))?;
    let terms = inverted.terms().range().ge(least).into_stream();
    let mut terms = terms.map_err(|e| store.damaged(e))?;
    while terms.advance() {
        let postings = inverted.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic);
        mark(postings.map_err(|e| store.damaged(e))?, &mut marked);
    }
    Ok(marked)
}

fn mark(mut postings: impl DocSet, marked: &mut [bool]) {
    let mut doc = postings.doc();
    while doc != TERMINATED {
        if let Some(one) = marked.get_mut(doc as usize) {
            *one = true;
        }
        doc = postings.advance();
    }
}

/// Returns `name` in lower case without accents.
fn plain(name: &str) -> String {
    let lower = name
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase);
    // Lower-casing can produce new combining marks, for example from `İ`.
    lower
        .collect::<String>()
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_year_a_month_and_a_day_of_the_calendar_are_dates_and_nothing_else_is() {
        for text in ["2024", "2024-01", "2024-02-29"] {
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
        ] {
            assert_eq!(text.parse::<Since>(), Err(NoDate), "{text}");
        }
    }

    #[test]
    fn an_edition_passes_by_slug_and_date_and_an_undated_one_by_slug_alone() {
        let filters = |since: Option<&str>, edition: Option<&str>| Filters {
            since: since.map(|since| since.parse().unwrap()),
            edition: edition.map(String::from),
            contributor: None,
        };
        assert!(filters(Some("2024"), Some("Pricing")).admits_edition("pricing", Some("2024-01-01")));
        assert!(!filters(Some("2024-02"), None).admits_edition("pricing", Some("2024-01-31")));
        assert!(!filters(Some("2024"), None).admits_edition("pricing", None));
        assert!(filters(None, None).admits_edition("pricing", None));
        assert!(!filters(None, Some("other")).admits_edition("pricing", None));
    }

    #[test]
    fn names_are_compared_without_case_and_accents() {
        assert_eq!(plain("Zoë ÅNGSTRÖM"), "zoe angstrom");
        assert_eq!(plain("İpek"), plain("ipek"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_or_an_error(text in "\\PC{0,12}") {
            let _ = text.parse::<Since>();
        }
    }
}
