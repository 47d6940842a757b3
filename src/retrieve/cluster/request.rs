//! Builds the bodies of searches.
//!
//! The words of a question are terms and never a query language.

use serde_json::{Value, json};

use super::super::query::Word;
use super::super::{Filters, filter, rank};
use crate::index::whole;

/// Maximum number of terms of the dictionary that are compared with a misspelt word.
const NEAR_TERMS: usize = 10_000;

/// Number of editions of one answer. With their texts they are usually less than 1 MB.
const EDITIONS: usize = 25;

/// What a search returns of a document.
const PASSAGE: [&str; 2] = ["passage", "vectors"];

/// Returns a search for the `most` best passages that have a topic of the question and pass `filters`. It also counts
/// the passages that have each word, in the whole index.
///
/// The cluster's order only decides what is sent. Its scores sum up BM25 over fields, which is near BM25F.
pub fn candidates(words: &[Word], filters: &Filters, most: usize) -> Value {
    let weights = whole::weights();
    let mut should = Vec::new();
    for word in words {
        for (field, boost) in &weights {
            let weighted = json!({"value": word.term, "boost": boost * word.weight});
            should.push(json!({"term": {format!("words.{field}"): weighted}}));
        }
    }
    let topics = rank::topics(words);
    let topics = words.iter().enumerate().filter(|(bit, _)| topics & (1 << bit) != 0);
    let topics: Vec<&str> = topics.map(|(_, word)| word.term.as_str()).collect();
    let mut required = vec![json!({"terms": {"any": topics}})];
    required.extend(restrictions(filters));
    let counts: serde_json::Map<String, Value> = words
        .iter()
        .enumerate()
        .map(|(at, word)| (at.to_string(), json!({"term": {"any": word.term}})))
        .collect();
    json!({
        "size": most,
        "track_total_hits": false,
        "_source": PASSAGE,
        "query": {"bool": {"should": should, "minimum_should_match": 1}},
        // Not part of the query, because the rarity of a word depends on the whole corpus.
        "post_filter": {"bool": {"filter": required}},
        "sort": [{"_score": {"order": "desc"}}, {"place": {"order": "asc"}}],
        "aggs": {"with": {"filters": {"filters": counts}}},
    })
}

/// Returns a filter for each of `filters` that is set. What passes is checked again by `filter`.
fn restrictions(filters: &Filters) -> Vec<Value> {
    let contains = |field: &str, text: &str| {
        let mut pattern = String::from("*");
        for c in filter::plain(text).chars() {
            if matches!(c, '*' | '?' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('*');
        json!({"wildcard": {field: {"value": pattern}}})
    };
    let mut all = Vec::new();
    if let Some(since) = &filters.since {
        all.push(json!({"range": {"date": {"gte": since.to_string()}}}));
    }
    if let Some(until) = &filters.until {
        // A year or month is a prefix of its days. A tilde sorts after every character of a date.
        all.push(json!({"range": {"date": {"lte": format!("{until}~")}}}));
    }
    if let Some(edition) = &filters.edition {
        all.push(json!({"term": {"edition": edition.to_lowercase()}}));
    }
    if let Some(contributor) = &filters.contributor {
        all.push(contains("contributor", contributor));
    }
    // The cluster has the sender and the address as one text, so a sender is looked for in both.
    for text in filters.sender.iter().chain(&filters.source) {
        all.push(contains("source", text));
    }
    all.extend(filters.tags.iter().map(|tag| json!({"term": {"tags": tag}})));
    all
}

/// Returns a search for all passages of the discussions, sections and resources `groups`.
pub fn groups(groups: &[String]) -> Value {
    json!({
        "size": 10_000,
        "track_total_hits": false,
        "_source": PASSAGE,
        "query": {"terms": {"group": groups}},
        "sort": [{"place": {"order": "asc"}}],
    })
}

/// Returns a search for the terms that `term` may be a misspelling of: those with the same first letter and about the
/// same length, each with the number of passages that have it.
pub fn near(term: &str) -> Value {
    let length = term.chars().count();
    let first = term.chars().next().filter(|c| c.is_alphabetic()).unwrap_or('a');
    let (least, most) = (length.saturating_sub(4), length + 3);
    json!({
        "size": 0,
        "track_total_hits": false,
        "aggs": {"near": {"terms": {
            "field": "any", "include": format!("{first}.{{{least},{most}}}"), "size": NEAR_TERMS,
        }}},
    })
}

/// Returns a search for the text of an edition.
pub fn edition(slug: &str) -> Value {
    json!({"size": 1, "track_total_hits": false, "_source": ["text"], "query": {"term": {"slug": slug}}})
}

/// Returns a search for the texts of the next editions whose slugs are after `after`, in order.
pub fn editions(after: &str) -> Value {
    json!({
        "size": EDITIONS,
        "track_total_hits": false,
        "_source": ["slug", "text"],
        "query": {"range": {"slug": {"gt": after}}},
        "sort": [{"slug": {"order": "asc"}}],
    })
}

/// Returns a search that counts all documents and lists none.
pub fn counting() -> Value {
    json!({"size": 0, "track_total_hits": true, "query": {"match_all": {}}})
}

#[cfg(test)]
mod tests {
    use super::super::super::query;
    use super::*;

    #[test]
    fn a_question_is_data_and_no_query_language() {
        let words = query::words("title:* OR \"x\" } ] boost^9");
        let body = candidates(&words, &Filters::default(), 7);
        assert_eq!(body["size"], 7);
        assert!(!body.to_string().contains("query_string"));
        assert_eq!(
            body["query"]["bool"]["should"][0]["term"]["words.discussion"]["value"],
            "titl"
        );
    }

    #[test]
    fn a_part_of_a_name_is_looked_for_as_it_is() {
        let filters = Filters {
            contributor: Some("a*b?É".into()),
            ..Filters::default()
        };
        assert_eq!(
            restrictions(&filters)[0]["wildcard"]["contributor"]["value"],
            "*a\\*b\\?e*"
        );
    }
}
