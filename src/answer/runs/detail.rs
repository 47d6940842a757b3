//! Chooses the part of a discussion that shows how: one list, or one script to say or write.
//!
//! A claim says what to do. Blind readers missed what stands behind it: the questions to ask, the steps, the words. So one
//! such part of the discussion follows what its contributor says, verbatim, if it is near the question.

use std::ops::Range;

use super::{Run, Shown, of_passage, overlap};
use crate::answer::Stance;
use crate::answer::meaning::sum;
use crate::answer::reading;
use crate::answer::sentences::opens_item;
use crate::answer::topic::{Sentence, Topic};

/// The most words of a list with what introduces it.
const LIST_WORDS: usize = 160;

/// The number of items of a list. With fewer it is a sentence, with more a page.
const ITEMS: std::ops::RangeInclusive<usize> = 3..=12;

/// The words for these numbers, from three on.
const NUMBERS: [&str; 10] = [
    "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
];

/// The most words of a script with what introduces it.
const SCRIPT_WORDS: usize = 70;

/// The fewest words of a script between its quotation marks.
const SAID_WORDS: usize = 10;

/// The least similarity in meaning between the question and a list. Blind readers preferred 32 of 39 answers with a list
/// between this and 0.4, and 3 without it (benches/runs/2026-11-29-xeon-2-cores/readings-17).
const NEAR_LIST: f32 = 0.25;

/// The same for a script, which is often for another moment than the one in question.
const NEAR_SCRIPT: f32 = 0.5;

/// Returns the part of `topic` that shows best how to do what `question` asks, if one is near it.
///
/// It repeats nothing of `runs`, and nothing that was `shown`. If a run ends with what introduces a list, the list begins
/// with its first item. It needs the vectors of the sentences and of the question.
pub fn detail(topic: &Topic, at: usize, runs: &[Run], shown: &[Shown]) -> Option<Run> {
    let question = &topic.heads.as_ref()?[0];
    let mut best: Option<(f32, Run)> = None;
    for (number, passage) in topic.passages.iter().enumerate() {
        let own: Vec<&Sentence> = topic.sentences.iter().filter(|s| s.passage == number).collect();
        let quoted: Vec<String> = of_passage(shown, passage).collect();
        let lists = (0..own.len()).filter_map(|from| Some((list(&own, &passage.text, from)?, NEAR_LIST)));
        let scripts = (0..own.len()).filter_map(|from| Some((script(&own, &passage.text, from)?, NEAR_SCRIPT)));
        for (range, least) in lists.chain(scripts) {
            // A run may end with the introduction, and the items go on with it.
            let ends = |run: &Run| {
                run.topic == at && run.passage == number && run.sentences.last() == Some(&own[range.start].span)
            };
            let start =
                range.start + usize::from(runs.iter().any(ends) && item_at(&own, &passage.text, range.start + 1));
            let part = &own[start..range.end];
            let spans: Vec<Range<usize>> = part.iter().map(|s| s.span.clone()).collect();
            let said = |run: &Run| {
                let same = run.topic == at && run.passage == number;
                same && run.sentences.iter().any(|span| spans.contains(span))
            };
            if part.iter().any(|s| !s.honest)
                || runs.iter().any(said)
                || quoted.iter().any(|quote| overlap(spans.iter(), &passage.text, quote))
            {
                continue;
            }
            let Some(vector) = sum(part.iter().map(|s| s.vector.as_deref())) else {
                continue;
            };
            let near = topic.scale.cosine(&vector, question);
            if near >= least && best.as_ref().is_none_or(|(most, _)| near > *most) {
                let run = Run {
                    topic: at,
                    passage: number,
                    sentences: spans,
                    stance: Stance::Supports,
                    introduces: false,
                    lead: 0,
                    worth: near,
                    strength: near,
                };
                best = Some((near, run));
            }
        }
    }
    best.map(|(_, run)| run)
}

/// Returns the list that sentence `from` introduces, with that sentence.
fn list(own: &[&Sentence], text: &str, from: usize) -> Option<Range<usize>> {
    let intro = &text[own[from].span.clone()];
    if opens_item(text, own[from].span.start) {
        return None;
    }
    let (mut to, mut items) = (from + 1, 0);
    while let Some(next) = own.get(to) {
        let gap = &text[own[to - 1].span.end..next.span.start];
        let item = opens_item(text, next.span.start);
        if !(item || gap.trim().is_empty() && !gap.contains('\n')) {
            break;
        }
        items += usize::from(item);
        to += 1;
    }
    // Most sentences introduce nothing.
    if !ITEMS.contains(&items) || !(intro.ends_with(':') || counts(intro, items)) {
        return None;
    }
    // A row of a table is unreadable without the others, and reads badly in a terminal.
    let table = own[from + 1..to].iter().any(|s| text[s.span.clone()].starts_with('|'));
    let start = introduced(own, text, from)?;
    let fits = words(&own[start..to], text) <= LIST_WORDS;
    (!table && fits).then_some(start..to)
}

/// Returns whether a sentence says how many `items` follow: `My template has nine headings.`
fn counts(intro: &str, items: usize) -> bool {
    let number = items.checked_sub(3).and_then(|at| NUMBERS.get(at));
    let words = reading::words(intro);
    number.is_some_and(|number| words.iter().any(|word| word == number))
}

/// Returns whether sentence `at` opens an item.
fn item_at(own: &[&Sentence], text: &str, at: usize) -> bool {
    own.get(at).is_some_and(|next| opens_item(text, next.span.start))
}

/// Adds `detail` to `runs`: after what the same contributor says, or at the end of its discussion. If it goes on where a run ends, it becomes
/// part of that run.
pub fn add(runs: &mut Vec<Run>, detail: Run, topics: &[&Topic]) {
    let id = |run: &Run| &run.passage(topics).id;
    let Some(own) = runs.iter().position(|run| id(run) == id(&detail)) else {
        let last = runs.iter().rposition(|run| run.topic == detail.topic);
        runs.insert(last.map_or(runs.len(), |last| last + 1), detail);
        return;
    };
    let text = &detail.passage(topics).text;
    let gap = runs[own]
        .sentences
        .last()
        .zip(detail.sentences.first())
        .and_then(|(a, b)| text.get(a.end..b.start));
    let goes_on = runs[own].passage == detail.passage && gap.is_some_and(|gap| !gap.contains(char::is_alphabetic));
    match goes_on {
        true => runs[own].sentences.extend(detail.sentences),
        false => runs.insert(own + 1, detail),
    }
}

/// Returns the sentences of the script that begins in sentence `from`: the moment, the speaker and the words.
fn script(own: &[&Sentence], text: &str, from: usize) -> Option<Range<usize>> {
    let first = &text[own[from].span.clone()];
    let opens = first.find(['"', '“'])?;
    if opens_item(text, own[from].span.start) || !says(&first[..opens]) {
        return None;
    }
    for to in from + 1..=own.len() {
        let (last, gap) = (own[to - 1], to - from > 1);
        let between = || &text[own[to - 2].span.end..last.span.start];
        if gap && between().contains('\n') {
            return None;
        }
        let whole = &text[own[from].span.start..last.span.end];
        if !reading::holds_its_speech(whole) {
            continue;
        }
        let start = introduced(own, text, from)?;
        let said = whole[opens..].split_whitespace().count();
        let fits = said >= SAID_WORDS && words(&own[start..to], text) <= SCRIPT_WORDS;
        return fits.then_some(start..to);
    }
    None
}

/// Verbs before words that a reader can use: in the present or as an order, not in a report.
const SAYING: &str = "say ask write answer reply tell begin open start send read reads says goes is put add try use close \
    template script";

/// Returns whether `frame` presents words to use: `When praise comes, I say:`.
fn says(frame: &str) -> bool {
    let frame = frame.trim_end();
    let words = reading::words(frame);
    let last = &words[words.len().saturating_sub(6)..];
    let verb = last
        .iter()
        .any(|word| SAYING.split_whitespace().any(|verb| verb == word));
    frame.ends_with([':', ',']) && verb
}

/// Returns the sentence from which the one at `from` can be understood: itself, or the one before it in its paragraph.
fn introduced(own: &[&Sentence], text: &str, from: usize) -> Option<usize> {
    let sentence = |at: usize| &text[own[at].span.clone()];
    if !reading::refers_back(sentence(from)) || points_forward(sentence(from)) {
        return Some(from);
    }
    let before = from.checked_sub(1)?;
    let gap = &text[own[before].span.end..own[from].span.start];
    (!gap.contains('\n') && !reading::refers_back(sentence(before))).then_some(before)
}

/// Returns whether a sentence announces what stands after it: `Here is the list:`, `These are the steps:`.
fn points_forward(text: &str) -> bool {
    let words = reading::words(text);
    let [first, second, ..] = words.as_slice() else {
        return false;
    };
    let forward = ["here", "these", "this"].contains(&first.as_str()) && ["is", "are"].contains(&second.as_str());
    (forward || first == "here's") && text.ends_with(':')
}

fn words(part: &[&Sentence], text: &str) -> usize {
    part.iter()
        .map(|s| text[s.span.clone()].split_whitespace().count())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::meaning::Meaning;
    use crate::answer::meaning::testing::FirstLetter;
    use crate::answer::testing::passage;
    use crate::answer::topic::Found;

    /// A discussion with one answer, read by a model to which texts with the same first letter are near.
    fn topic(text: &str) -> Topic {
        let passages = vec![passage("e/q1/a", text)];
        let mut topic = Topic::new("e/q1".parse().unwrap(), passages, Found::default()).unwrap();
        topic.read(&FirstLetter);
        let heads = FirstLetter.vectors(&["ask", "ask"]).unwrap();
        topic.heads = heads.try_into().ok();
        topic
    }

    fn of(text: &str) -> Option<String> {
        let topic = topic(text);
        Some(detail(&topic, 0, &[], &[])?.cut(&[&topic]).text)
    }

    const LIST: &str = "All of them are asked:\n\n- Any news?\n- And then? Are you sure?\n- Anything else?";

    #[test]
    fn a_list_comes_whole_with_what_introduces_it() {
        assert_eq!(of(&format!("Be brief.\n\n{LIST}\n\nAn end.")).as_deref(), Some(LIST));
        let numbered = "Ask so:\n1. Any news?\n2. Another?\n3. And?";
        assert_eq!(of(numbered).as_deref(), Some(numbered));
        // Two items are a sentence, a table does not read, and nothing introduces the last one.
        assert_eq!(of("Ask both:\n\n- Any news?\n- And then?"), None);
        assert_eq!(
            of("Ask all:\n\n| A | B |\n|---|---|\n| a | b |\n| a | b |\n| a | b |"),
            None
        );
        assert_eq!(of("Ask all.\n\n- Any news?\n- And then?\n- Anything else?"), None);
        // A sentence that says how many things follow introduces them.
        let counted = "Ask all three.\n\n- Any news?\n- And then?\n- Anything else?";
        assert_eq!(of(counted).as_deref(), Some(counted));
        assert_eq!(of(&counted.replace("three", "four")), None);
    }

    #[test]
    fn a_script_comes_with_who_says_it_when() {
        let script = "At the end I say: \"Any plan is fine with me, as long as we write it down today.\"";
        assert_eq!(of(&format!("{script} Be kind.")).as_deref(), Some(script));
        // A report is no script, and a few words are none.
        assert_eq!(of(&script.replace("I say", "she said")), None);
        assert_eq!(of("At the end I say: \"Any plan is fine.\""), None);
        // What points back takes the sentence before with it, or is left out.
        let back = "Also then ask, \"And what would you have done if nobody had told you about it?\"";
        assert_eq!(of(back), None);
        let whole = format!("Any manager can try. {back}");
        assert_eq!(of(&whole).as_deref(), Some(whole.as_str()));
    }

    #[test]
    fn a_list_goes_on_with_a_run_that_ends_with_its_introduction() {
        let topic = topic("Any asker is welcome. Ask all three.\n\n- Any news?\n- And then?\n- Anything else?");
        let sentences: Vec<_> = topic.sentences.iter().map(|s| s.span.clone()).collect();
        let run = Run {
            sentences: sentences[..2].to_vec(),
            ..detail(&topic, 0, &[], &[]).unwrap()
        };
        let mut runs = vec![run.clone()];
        let items = detail(&topic, 0, &runs, &[]).unwrap();
        assert_eq!(items.sentences, sentences[2..]);
        add(&mut runs, items, &[&topic]);
        assert_eq!((runs.len(), &runs[0].sentences), (1, &sentences));
        // Another part of the answer stands after it.
        let mut runs = vec![Run {
            sentences: sentences[..1].to_vec(),
            ..run
        }];
        let list = detail(&topic, 0, &runs, &[]).unwrap();
        assert_eq!(list.sentences, sentences[1..]);
        add(
            &mut runs,
            Run {
                sentences: sentences[2..].to_vec(),
                ..list
            },
            &[&topic],
        );
        assert_eq!(runs.len(), 2);
    }

    #[test]
    fn what_another_contributor_adds_stays_in_its_discussion() {
        let mut first = topic(LIST);
        let mut other = first.passages[0].clone();
        other.id = "e/q1/z".parse().unwrap();
        first.passages.push(other);
        let second = topic(LIST);
        let of = |topic: usize, passage: usize| Run {
            topic,
            passage,
            ..detail(&second, 0, &[], &[]).unwrap()
        };
        let mut runs = vec![of(0, 0), of(1, 0)];
        add(&mut runs, of(0, 1), &[&first, &second]);
        let places: Vec<_> = runs.iter().map(|run| (run.topic, run.passage)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (1, 0)]);
    }

    #[test]
    fn what_was_said_and_what_is_far_from_the_question_is_not_shown() {
        let topic = topic(LIST);
        let whole = detail(&topic, 0, &[], &[]).unwrap();
        assert_eq!(detail(&topic, 0, std::slice::from_ref(&whole), &[]), None);
        let quote = "Anything else?".to_string();
        assert_eq!(detail(&topic, 0, &[], &[Shown { id: None, quote }]), None);
        assert_eq!(of("Be so:\n\n- Brief.\n- Bold.\n- Blunt."), None);
        let unread = Topic { heads: None, ..topic };
        assert_eq!(detail(&unread, 0, &[], &[]), None);
    }
}
