//! Restricts a search to part of the corpus: a period, one edition, a sender, tags, or one contributor.
//!
//! Filters remove scored passages. They know nothing about questions or order.
//!
//! Dates, editions, senders and tags are looked up in the index. Contributors are compared with the stored passage, because a part of
//! a name is not a term of the index. This reads each scored passage that the other filters admit.

use std::fmt;

use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocSet, SegmentReader, TERMINATED, Term};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::period::{Since, Until};
use crate::corpus::Edition;
use crate::corpus::source::split;
use crate::index::{IndexError, Store};

/// The part of the corpus to search; the default is all of it. A passage must pass every filter that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Only editions of this date or later. Editions without a date are left out.
    pub since: Option<Since>,
    /// Only editions of this date or earlier. Editions without a date are left out.
    pub until: Option<Until>,
    /// The slug of one edition, ignoring case.
    pub edition: Option<String>,
    /// Only answers of contributors whose name contains this, ignoring case and accents.
    pub contributor: Option<String>,
    /// Only editions whose sender, such as `Mail from Ana Lima`, contains this, ignoring case and accents.
    pub sender: Option<String>,
    /// Only editions whose source contains this, ignoring case and accents: the sender with the address.
    pub source: Option<String>,
    /// Only editions with all of these tags.
    pub tags: Vec<String>,
}

/// The filters that admit everything.
pub(super) static NONE: Filters = Filters {
    since: None,
    until: None,
    edition: None,
    contributor: None,
    sender: None,
    source: None,
    tags: Vec::new(),
};

impl Filters {
    /// Returns whether the whole corpus is searched.
    pub fn is_empty(&self) -> bool {
        *self == NONE
    }

    /// Returns whether an edition passes. The contributor filter is ignored.
    pub fn admits_edition(&self, edition: &Edition) -> bool {
        let dated = |admits: &dyn Fn(&str) -> bool| edition.date.as_deref().is_some_and(admits);
        let source = edition.source.as_deref().unwrap_or_default();
        self.since.as_ref().is_none_or(|since| dated(&|day| since.admits(day)))
            && self.until.as_ref().is_none_or(|until| dated(&|day| until.admits(day)))
            && self
                .edition
                .as_ref()
                .is_none_or(|slug| slug.eq_ignore_ascii_case(&edition.slug))
            && self
                .sender
                .as_ref()
                .is_none_or(|wanted| is_from(source, &plain(wanted)))
            && self
                .source
                .as_ref()
                .is_none_or(|wanted| plain(source).contains(&plain(wanted)))
            && self.tags.iter().all(|tag| edition.tags.contains(tag))
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
        match (&self.since, &self.until) {
            (Some(since), Some(until)) if since.until() == *until => {
                // `2024-01-31` is a day, `2024-01` a month.
                let on = if since.is_day() { "on" } else { "in" };
                write!(f, " {on} {since}")?;
            }
            (since, until) => {
                since.iter().try_for_each(|since| write!(f, " since {since}"))?;
                until.iter().try_for_each(|until| write!(f, " until {until}"))?;
            }
        }
        if let Some(edition) = &self.edition {
            write!(f, " in {edition}")?;
        }
        if let Some(contributor) = &self.contributor {
            write!(f, " by \"{contributor}\"")?;
        }
        if let Some(sender) = &self.sender {
            write!(f, " from \"{sender}\"")?;
        }
        if let Some(source) = &self.source {
            write!(f, " with the source \"{source}\"")?;
        }
        self.tags.iter().try_for_each(|tag| write!(f, " tagged {tag}"))?;
        Ok(())
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
    /// By segment: whether each document passes by what the index has. `None` if no such filter is set.
    segments: Option<Vec<Vec<bool>>>,
    contributor: Option<String>,
}

impl Filter {
    fn new(store: &Store, filters: &Filters) -> Result<Filter, IndexError> {
        let mut segments = Vec::new();
        for reader in store.searcher().segment_readers() {
            let mut passes = vec![true; reader.max_doc() as usize];
            if let Some(since) = &filters.since {
                let dates = with_terms(store, reader, store.fields.date(), since.least(), |_| true)?;
                both(&mut passes, &dates);
            }
            if let Some(until) = &filters.until {
                let dates = with_terms(store, reader, store.fields.date(), "", |day| until.admits(day))?;
                both(&mut passes, &dates);
            }
            if let Some(sender) = filters.sender.as_deref().map(plain) {
                let sources = with_terms(store, reader, store.fields.source(), "", |source| {
                    is_from(source, &sender)
                })?;
                both(&mut passes, &sources);
            }
            if let Some(wanted) = filters.source.as_deref().map(plain) {
                let sources = with_terms(store, reader, store.fields.source(), "", |source| {
                    plain(source).contains(&wanted)
                })?;
                both(&mut passes, &sources);
            }
            for tag in &filters.tags {
                let term = Term::from_field_text(store.fields.tag(), tag);
                both(&mut passes, &with(store, reader, &term)?);
            }
            if let Some(edition) = &filters.edition {
                let term = Term::from_field_text(store.fields.edition(), &edition.to_lowercase());
                both(&mut passes, &with(store, reader, &term)?);
            }
            segments.push(passes);
        }
        let by_contributor = Filters {
            contributor: filters.contributor.clone(),
            ..Filters::default()
        };
        let by_index = *filters != by_contributor;
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

/// Returns whether the sender of `source` contains `wanted`, which is [`plain`].
fn is_from(source: &str, wanted: &str) -> bool {
    split(source).0.is_some_and(|sender| plain(&sender).contains(wanted))
}

/// Returns the source of the edition of a passage. The index has it only as a term, so this looks through the sources.
pub(super) fn source(store: &Store, address: DocAddress) -> Result<Option<String>, IndexError> {
    let reader = store.searcher().segment_reader(address.segment_ord);
    let inverted = reader
        .inverted_index(store.fields.source())
        .map_err(|e| store.damaged(e))?;
    let mut terms = inverted.terms().stream().map_err(|e| store.damaged(e))?;
    while terms.advance() {
        let postings = inverted.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic);
        let mut postings = postings.map_err(|e| store.damaged(e))?;
        if postings.doc() <= address.doc_id && postings.seek(address.doc_id) == address.doc_id {
            return Ok(std::str::from_utf8(terms.key()).ok().map(str::to_string));
        }
    }
    Ok(None)
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

/// Marks the documents that have a term of `field` that sorts at or after `least` and is `wanted`.
fn with_terms(
    store: &Store,
    reader: &SegmentReader,
    field: Field,
    least: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<bool>, IndexError> {
    let mut marked = vec![false; reader.max_doc() as usize];
    let inverted = reader.inverted_index(field).map_err(|e| store.damaged(e))?;
    let terms = inverted.terms().range().ge(least).into_stream();
    let mut terms = terms.map_err(|e| store.damaged(e))?;
    while terms.advance() {
        if !std::str::from_utf8(terms.key()).is_ok_and(&wanted) {
            continue;
        }
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
pub(super) fn plain(name: &str) -> String {
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

    #[test]
    fn an_edition_passes_by_slug_and_date_and_an_undated_one_by_slug_alone() {
        let filters = |since: Option<&str>, edition: Option<&str>| Filters {
            since: since.map(|since| since.parse().unwrap()),
            edition: edition.map(String::from),
            ..Filters::default()
        };
        let pricing = |date: Option<&str>| Edition {
            slug: "pricing".into(),
            date: date.map(String::from),
            ..Edition::default()
        };
        assert!(filters(Some("2024"), Some("Pricing")).admits_edition(&pricing(Some("2024-01-01"))));
        assert!(!filters(Some("2024-02"), None).admits_edition(&pricing(Some("2024-01-31"))));
        assert!(!filters(Some("2024"), None).admits_edition(&pricing(None)));
        assert!(filters(None, None).admits_edition(&pricing(None)));
        assert!(!filters(None, Some("other")).admits_edition(&pricing(None)));
    }

    #[test]
    fn an_edition_passes_by_its_source_and_all_of_its_tags() {
        let edition = Edition {
            slug: "e".into(),
            source: Some("Mail from Zoë Ångström".into()),
            tags: vec!["pricing".into(), "q3".into()],
            ..Edition::default()
        };
        let admits = |sender: Option<&str>, tags: &[&str]| {
            let filters = Filters {
                sender: sender.map(String::from),
                tags: tags.iter().map(ToString::to_string).collect(),
                ..Filters::default()
            };
            filters.admits_edition(&edition)
        };
        assert!(admits(Some("zoe ang"), &[]) && admits(None, &["q3", "pricing"]));
        assert!(!admits(Some("Ana"), &[]) && !admits(None, &["q3", "hiring"]));
        assert!(
            !Filters {
                sender: Some("a".into()),
                ..Filters::default()
            }
            .admits_edition(&Edition::default())
        );
    }

    #[test]
    fn a_sender_is_not_looked_for_in_the_address_and_a_source_is_both() {
        let edition = Edition {
            source: Some("The PM Post <ana@post.example>, https://letters.example/7".into()),
            ..Edition::default()
        };
        let admits = |sender: Option<&str>, source: Option<&str>| {
            let filters = Filters {
                sender: sender.map(String::from),
                source: source.map(String::from),
                ..Filters::default()
            };
            filters.admits_edition(&edition)
        };
        assert!(admits(Some("pm post"), Some("letters.example")) && admits(Some("post.example"), Some("PM Post")));
        assert!(!admits(Some("letters.example"), None) && !admits(None, Some("other.example")));
    }

    #[test]
    fn filters_say_what_they_admit() {
        let of = |since: Option<&str>, until: Option<&str>| {
            let filters = Filters {
                since: since.map(|text| text.parse().unwrap()),
                until: until.map(|text| text.parse().unwrap()),
                source: Some("x".into()),
                ..Filters::default()
            };
            filters.to_string()
        };
        let source = " with the source \"x\"";
        for (since, until, text) in [
            (Some("2024-01-31"), Some("2024-01-31"), " on 2024-01-31"),
            (Some("2024-01"), Some("2024-01"), " in 2024-01"),
            (Some("2024-01"), Some("2024-02"), " since 2024-01 until 2024-02"),
            (None, Some("2024"), " until 2024"),
            (None, None, ""),
        ] {
            assert_eq!(of(since, until), format!("{text}{source}"));
        }
    }

    #[test]
    fn names_are_compared_without_case_and_accents() {
        assert_eq!(plain("Zoë ÅNGSTRÖM"), "zoe angstrom");
        assert_eq!(plain("İpek"), plain("ipek"));
    }
}
