//! Decides how each contributor of a discussion stands to the others: one judgement for comparisons and digests.
//!
//! A contributor may state agreement or disagreement. If they do not, the checker compares what they say with the
//! positions of those who were printed before them.

use serde::Serialize;

use super::agreement::{Checker, Read, Relation};
use super::reading;
use super::runs::{self, Run};
use super::topic::Topic;
use crate::corpus::Id;

/// How one contributor stands to others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stand {
    pub kind: Relation,
    /// Who says so.
    pub by: Source,
    /// The words of the contributor that show it.
    pub quote: String,
    /// The identifier of the answer that it is about. `None` if a contributor's statement names nobody, and nobody's
    /// position has the same words.
    pub with: Option<String>,
}

/// Where an agreement or a contradiction comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The contributor states it.
    Author,
    /// The words of both show it.
    Checker,
}

/// A contributor, ready to be compared with others.
struct Voice<'a> {
    id: &'a Id,
    name: Option<&'a str>,
    topic: usize,
    /// What they say in one line.
    position: Read<'a>,
    /// The sentences that may be quoted.
    honest: Vec<Read<'a>>,
}

/// Returns how the contributor of each of `runs` stands to the others, in the order of `runs`.
pub fn stands(runs: &[Run], topics: &[&Topic], checker: &Checker) -> Vec<Option<Stand>> {
    let voices: Vec<Voice> = runs.iter().map(|run| voice(run, topics, checker)).collect();
    let titles: Vec<Read> = topics.iter().map(|topic| checker.read(&topic.title)).collect();
    let place = |run: &Run| (run.topic, run.passage);
    let stand = |at: usize| {
        let before = (0..runs.len()).filter(|other| place(&runs[*other]) < place(&runs[at]));
        let before: Vec<&Voice> = before.map(|other| &voices[other]).collect();
        stated(&voices, at, &titles, checker).or_else(|| checked(&voices[at], &before, checker))
    };
    (0..runs.len()).map(stand).collect()
}

/// Returns who contradicts somebody else in `topic`, each with the sentence that shows it.
pub fn against(question: &str, topic: &Topic) -> Vec<(Id, String)> {
    let topics = [topic];
    let runs = runs::everybody(question, &topics);
    // Meaning finds agreement only.
    let stands = stands(&runs, &topics, &Checker::new(None));
    let contradicts = |(run, stand): (&Run, Option<Stand>)| {
        let stand = stand.filter(|stand| stand.kind == Relation::Contradicts)?;
        Some((run.passage(&topics).id.clone(), stand.quote))
    };
    runs.iter().zip(stands).filter_map(contradicts).collect()
}

fn voice<'a>(run: &Run, topics: &[&'a Topic], checker: &Checker) -> Voice<'a> {
    let topic = topics[run.topic];
    let passage = &topic.passages[run.passage];
    let own = |sentence: &&super::topic::Sentence| sentence.honest && topic.passages[sentence.passage].id == passage.id;
    let text = |sentence: &super::topic::Sentence| &topic.passages[sentence.passage].text[sentence.span.clone()];
    Voice {
        id: &passage.id,
        name: passage.contributor.as_deref(),
        topic: run.topic,
        position: checker.read(&passage.text[runs::line(run, &passage.text)]),
        honest: topic
            .sentences
            .iter()
            .filter(own)
            .map(|s| checker.read(text(s)))
            .collect(),
    }
}

/// Returns what the contributor number `at` states about others in the discussion.
fn stated(voices: &[Voice], at: usize, titles: &[Read], checker: &Checker) -> Option<Stand> {
    let own = &voices[at];
    let kind = |text: &str| match (reading::disagrees(text), reading::agrees(text)) {
        (true, _) => Some(Relation::Contradicts),
        (_, true) => Some(Relation::Agrees),
        _ => None,
    };
    let (kind, quote) = own.honest.iter().find_map(|s| Some((kind(s.text())?, s.text())))?;
    let others = voices.iter().enumerate();
    let others: Vec<&Voice> = others
        .filter(|(other, voice)| *other != at && voice.topic == own.topic)
        .map(|(_, voice)| voice)
        .collect();
    Some(Stand {
        kind,
        by: Source::Author,
        quote: quote.to_string(),
        with: whom(quote, &others, &titles[own.topic], checker),
    })
}

/// Returns whom a sentence that takes a side is about: who is named in it, or else who says most of what it takes a side
/// on, with their position or with another sentence.
fn whom(quote: &str, others: &[&Voice], title: &Read, checker: &Checker) -> Option<String> {
    let named = others
        .iter()
        .find(|other| other.name.is_some_and(|name| names(quote, name)));
    if let Some(named) = named {
        return Some(named.id.to_string());
    }
    let most = |sentences: &[Read]| {
        let about = sentences.iter().map(|sentence| checker.about(quote, sentence, title));
        about.fold(0.0, f32::max)
    };
    let best = |share: &dyn Fn(&Voice) -> f32| {
        let mut best: Option<(f32, &Voice)> = None;
        for other in others {
            let share = share(other);
            // Of equals, the first one printed.
            if share > best.map_or(0.0, |(most, _)| most) {
                best = Some((share, other));
            }
        }
        best.map(|(_, other)| other.id.to_string())
    };
    best(&|other: &Voice| checker.about(quote, &other.position, title)).or_else(|| best(&|other| most(&other.honest)))
}

/// Returns whether a sentence names the contributor `Dana Roe, pricing consultant`: by the name, by its first word, or by
/// the role.
fn names(sentence: &str, contributor: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '-');
        words.filter(|word| !word.is_empty()).map(str::to_string).collect()
    };
    let name = contributor.split([',', '(', ';']).next().unwrap_or_default();
    let (own, name) = (words(sentence), words(name));
    let Some(first) = name.first() else { return false };
    let whole = name.len() > 1
        && own.windows(name.len()).any(|part| {
            part.iter()
                .zip(&name)
                .all(|(a, b)| a.to_lowercase() == b.to_lowercase())
        });
    let capital = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
    // A role such as `Founder of two startups` is no name.
    let is_name = name.len() <= 2 && name.iter().all(|word| capital(word));
    // The first word of the sentence has a capital anyway.
    whole || (is_name && first.chars().count() > 1 && own.iter().skip(1).any(|word| word == first))
}

/// Returns what the checker finds between a contributor and those before: a contradiction before an agreement.
fn checked(own: &Voice, before: &[&Voice], checker: &Checker) -> Option<Stand> {
    let mut found: Vec<Stand> = Vec::new();
    for sentence in &own.honest {
        found.extend(before.iter().filter_map(|other| {
            Some(Stand {
                kind: checker.relate(sentence, &other.position)?,
                by: Source::Checker,
                quote: sentence.text().to_string(),
                with: Some(other.id.to_string()),
            })
        }));
    }
    let against = found.iter().position(|stand| stand.kind == Relation::Contradicts);
    let at = against.unwrap_or(0);
    (at < found.len()).then(|| found.swap_remove(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;
    use crate::answer::topic::Found;

    /// Who contradicts whom: pairs of answers, with the sentence that shows it.
    fn found(answers: &[(&str, &str, &str)]) -> Vec<(String, Option<String>, String)> {
        let passages = answers.iter().map(|(id, name, text)| crate::corpus::Passage {
            contributor: Some((*name).to_string()),
            ..passage(id, text)
        });
        let topic = Topic::new("e/q1".parse().unwrap(), passages.collect(), Found::default()).unwrap();
        let topics = [&topic];
        let runs = runs::everybody("How do I price it?", &topics);
        let stands = stands(&runs, &topics, &Checker::new(None));
        let mut found: Vec<_> = runs
            .iter()
            .zip(stands)
            .filter_map(|(run, stand)| {
                let stand = stand.filter(|stand| stand.kind == Relation::Contradicts)?;
                Some((run.passage(&topics).id.to_string(), stand.with, stand.quote))
            })
            .collect();
        found.sort();
        found
    }

    #[test]
    fn who_is_named_or_repeated_is_contradicted() {
        let dana = (
            "e/q1/a",
            "Dana Roe, consultant",
            "Charge for the feature per seat, because buyers fear bills.",
        );
        let text = "I disagree with Dana. Usage varies too much for seats.";
        let with = Some("e/q1/a".to_string());
        assert_eq!(
            found(&[dana, ("e/q1/b", "Omar, head of product", text)]),
            [("e/q1/b".to_string(), with.clone(), "I disagree with Dana.".to_string())]
        );
        let text = "Never charge for the feature per seat. Show a meter to everybody who buys.";
        assert_eq!(
            found(&[dana, ("e/q1/b", "Omar", text)]),
            [(
                "e/q1/b".to_string(),
                with.clone(),
                "Never charge for the feature per seat.".to_string()
            )]
        );
        let text = "I disagree that buyers fear bills, because they read the contract.";
        assert_eq!(found(&[dana, ("e/q1/b", "Omar", text)])[0].1, with);
        let text = "I disagree with everybody who has a list of prices.";
        assert_eq!(found(&[dana, ("e/q1/b", "Omar", text)])[0].1, None);
    }

    #[test]
    fn a_role_is_named_as_a_whole_and_a_common_word_is_no_name() {
        assert!(names(
            "I disagree with the head of product here.",
            "Head of product, analytics"
        ));
        assert!(names("I disagree with Ana on this.", "Ana Lima"));
        for (sentence, contributor) in [
            ("Product is hard.", "Product manager"),
            ("I disagree with a founder.", "Founder of two startups"),
            ("Dana is right.", "Ana"),
            ("I disagree.", ""),
        ] {
            assert!(!names(sentence, contributor), "{sentence}");
        }
    }
}
