//! Tests the best passages by words against a plain loop over every passage.

use tantivy::postings::Postings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, TERMINATED, Term};

use super::super::{Query, query, search};
use super::*;
use crate::corpus::SourceFile;
use crate::index::tests::edition;

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub(in super::super) struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// Returns words, half of them from a small set, as in real text.
    pub fn text(&mut self, words: u64) -> String {
        let mut word = || {
            let most = [4, 12, 60, 200][self.below(4) as usize];
            format!("w{}x", self.below(most))
        };
        (0..words).map(|_| word()).collect::<Vec<_>>().join(" ")
    }
}

/// Edition `number`, with `discussions` discussions of four answers each.
pub(in super::super) fn synthetic(random: &mut Random, number: usize, discussions: u64) -> SourceFile {
    let titles: Vec<String> = (0..discussions).map(|_| random.text(4)).collect();
    let mut answer = || {
        let length = 2 + random.below(30);
        random.text(length)
    };
    let answers: Vec<Vec<String>> = (0..discussions).map(|_| (0..4).map(|_| answer()).collect()).collect();
    let answers: Vec<Vec<&str>> = answers
        .iter()
        .map(|some| some.iter().map(String::as_str).collect())
        .collect();
    let all: Vec<(&str, &[&str])> = titles
        .iter()
        .zip(&answers)
        .map(|(title, some)| (title.as_str(), some.as_slice()))
        .collect();
    edition(&format!("e{number:03}"), &all)
}

/// Returns every passage with one of the words `wanted`, computed directly by the formula.
fn plainly(store: &Store, words: &[Word], wanted: u64) -> Vec<Scored> {
    let averages = store.average_lengths().unwrap();
    let mut out = Vec::new();
    for (ordinal, reader) in store.searcher().segment_readers().iter().enumerate() {
        let mut scored: Vec<Scored> = (0..reader.max_doc())
            .map(|doc| Scored::unmatched(DocAddress::new(ordinal as u32, doc)))
            .collect();
        for (bit, word) in words.iter().enumerate() {
            let mut occurrences = vec![0.0f32; scored.len()];
            for (field, average) in store.fields.searched().iter().zip(averages) {
                let lengths = reader.get_fieldnorms_reader(field.field).unwrap();
                let inverted = reader.inverted_index(field.field).unwrap();
                let term = Term::from_field_text(field.field, &word.term);
                let postings = inverted.read_postings(&term, IndexRecordOption::WithFreqs).unwrap();
                let Some(mut postings) = postings else { continue };
                while postings.doc() != TERMINATED {
                    let doc = postings.doc() as usize;
                    let length = lengths.fieldnorm(postings.doc()) as f32;
                    let relative = if average > 0.0 { length / average } else { 1.0 };
                    occurrences[doc] +=
                        postings.term_freq() as f32 * (field.boost / (1.0 - field.b + field.b * relative));
                    scored[doc].covered |= u64::from(field.covers) << bit;
                    scored[doc].found |= 1 << bit;
                    postings.advance();
                }
            }
            for (one, occurrences) in scored.iter_mut().zip(occurrences) {
                one.score += word.weight * word.idf * (K1 + 1.0) * occurrences / (K1 + occurrences);
                one.words = one.score;
            }
        }
        out.extend(
            scored
                .into_iter()
                .filter(|one| one.found & wanted != 0 && !reader.is_deleted(one.address.doc_id)),
        );
    }
    out
}

fn in_order(mut scored: Vec<Scored>) -> Vec<Scored> {
    scored.sort_by_key(|one| one.address);
    scored
}

/// A store with several segments and deleted passages.
fn store(dir: &tempfile::TempDir, random: &mut Random) -> Store {
    let mut files: Vec<SourceFile> = (0..40).map(|number| synthetic(random, number, 2)).collect();
    Store::refresh(dir.path(), &files).unwrap();
    files.extend((40..60).map(|number| synthetic(random, number, 2)));
    for number in [3, 17, 30, 39] {
        files[number] = synthetic(random, number, 1);
    }
    files.remove(20);
    Store::refresh(dir.path(), &files).unwrap().0
}

#[test]
fn the_best_are_those_of_a_plain_loop_to_the_last_bit() {
    let mut left_out = 0;
    for seed in 0..3 {
        let random = &mut Random(seed);
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir, random);
        assert!(
            store
                .searcher()
                .segment_readers()
                .iter()
                .any(|segment| segment.has_deletes())
        );
        for _ in 0..40 {
            let length = 1 + random.below(7);
            let mut words = query::words(&format!("{} w0x-w1x issue contributor", random.text(length)));
            for word in &mut words {
                word.weight *= [1.0, 0.5, 0.8][random.below(3) as usize];
            }
            count(&store, &mut words).unwrap();
            let wanted = if random.below(3) == 0 {
                u64::MAX
            } else {
                random.below(256)
            };
            let expected = in_order(plainly(&store, &words, wanted));
            for word in &words {
                let with = plainly(&store, std::slice::from_ref(word), 1).len() as u64;
                assert_eq!(word.passages, with, "{}", word.term);
            }
            for most in [1, 3, 20, 100, usize::MAX] {
                let found = best(&store, &words, wanted, most).unwrap();
                let least = found.beyond.unwrap_or(0.0);
                let above: Vec<Scored> = expected.iter().filter(|one| one.score >= least).copied().collect();
                assert_eq!(in_order(found.scored), above, "{most} of {words:?}");
                assert!(above.len() >= most.min(expected.len()));
                left_out += expected.len() - above.len();
            }
            let addresses: Vec<DocAddress> = plainly(&store, &words, u64::MAX)
                .iter()
                .map(|one| one.address)
                .filter(|_| random.below(3) == 0)
                .collect();
            let all = plainly(&store, &words, u64::MAX);
            let expected: Vec<Scored> = all.into_iter().filter(|one| addresses.contains(&one.address)).collect();
            assert_eq!(scores(&store, &words, &addresses).unwrap(), in_order(expected));
        }
    }
    assert!(left_out > 0);
}

#[test]
fn a_word_that_the_question_repeats_weighs_more() {
    let dir = tempfile::tempdir().unwrap();
    let files = [edition(
        "e",
        &[("One", &["Churn is hard."]), ("Two", &["Pricing is hard."])],
    )];
    let (store, _) = Store::refresh(dir.path(), &files).unwrap();
    let first = |text: &str| {
        let found = search(&store, &Query::new(text, 1)).unwrap();
        found.hits[0].passage.id.to_string()
    };
    assert_eq!(first("Is churn like pricing? What is churn?"), "e/q1/a");
    assert_eq!(first("Is churn like pricing? What is pricing?"), "e/q2/a");
}

#[test]
fn a_passage_without_any_word_scores_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir, &mut Random(9));
    let mut words = query::words("nowhere w1x");
    count(&store, &mut words).unwrap();
    assert_eq!((words[0].passages, words[1].passages > 0), (0, true));
    let with = best(&store, &words, u64::MAX, usize::MAX).unwrap();
    assert_eq!(with.beyond, None);
    let address = (0..100)
        .map(|doc| DocAddress::new(0, doc))
        .find(|address| with.scored.iter().all(|one| one.address != *address))
        .unwrap();
    let scored = scores(&store, &words, &[address]).unwrap();
    assert_eq!(scored, [Scored::unmatched(address)]);
    assert_eq!(best(&store, &[], u64::MAX, 5).unwrap(), Found::default());
}

#[test]
fn a_rare_word_weighs_more_and_an_unknown_one_most() {
    assert!(idf(100, 0) > idf(100, 1));
    assert!(idf(100, 1) > idf(100, 50));
    assert!(idf(100, 100) > 0.0);
    assert!(idf(0, 0).is_finite());
}
