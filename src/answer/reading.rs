//! Judges how a sentence reads at the start of a quote, away from the text before it.
//!
//! It decides whether the sentence refers back, whether it can end a quote, and which stance it takes. Only words of
//! closed classes (pronouns, conjunctions, negations) and punctuation count. What the sentence is about is measured
//! elsewhere, by meaning.

use super::Stance;

/// Words that refer to the sentence before when they open a sentence.
const REFERRING: &str = "this that these those it its it's they they're their theirs them he she his her hers him such \
    also but and or so then however therefore thus hence instead otherwise moreover furthermore additionally similarly \
    likewise meanwhile finally neither nor both another others here there's that's he's she's afterward afterwards \
    mine ours";

/// Words after an opening `the` that refer to something counted or named before.
const ORDINALS: &str = "first second third fourth fifth sixth seventh eighth ninth tenth last latter former other others \
    same rest remaining next difference";

/// Numbers that stand for things named before when a verb follows directly.
const NUMBERS: &str = "one two three four five six seven eight nine ten eleven twelve none half most some many few";

/// Words after `NUMBER of` that refer to something named before. `Most of us` needs nothing before it.
const OF_BEFORE: &str = "them these those it that which whom";

/// Verb forms and adverbs that follow such a number directly, where a noun would otherwise stand.
const AFTER_NUMBERS: &str = "was were is are had have has gave came went did said told took made got left found will \
    would could can may might even ever";

/// Third-person pronouns. Each needs a noun that it stands for.
const THIRD_PERSON: &str = "it they them he she him";

/// Returns the words of `text` in lower case. A clitic stays with its word.
pub(super) fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace('’', "'");
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.filter(|word| !word.is_empty()).map(str::to_string).collect()
}

/// Returns the letters and digits of `text` in lower case, to tell whether two texts are the same words.
pub(super) fn bare(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

fn is_one_of(word: &str, list: &str) -> bool {
    list.split_whitespace().any(|other| other == word)
}

/// Returns whether `text` needs the sentence before it to be understood.
pub(super) fn refers_back(text: &str) -> bool {
    let words = words(text);
    let [first, rest @ ..] = words.as_slice() else {
        return true;
    };
    let second = rest.first().map_or("", String::as_str);
    is_one_of(first, REFERRING)
        || (first == "the" && is_one_of(second, ORDINALS))
        || (is_one_of(first, NUMBERS) && is_one_of(second, AFTER_NUMBERS))
        || (is_one_of(first, NUMBERS) && second == "of" && rest.get(1).is_some_and(|word| is_one_of(word, OF_BEFORE)))
        || opens_with_speech(text)
        || early_pronoun(&words)
        || does_it(first, second)
        || (is_one_of(first, PREPOSITIONS) && is_one_of(second, "it them that this these those"))
        || points_elsewhere(&words)
        || sides_with(&words)
}

/// Returns whether a sentence opens with an `it`, which may stand for what was asked: `It is time to …`, `It depends on …`.
pub(super) fn opens_with_it(text: &str) -> bool {
    words(text).first().is_some_and(|first| is_one_of(first, "it it's"))
}

/// Returns whether a sentence opens with agreement or disagreement with an answer before it: `I fully agree with Ann.`
/// `I disagree that …` says itself with what.
fn sides_with(words: &[String]) -> bool {
    let verb = words.iter().take(4).position(|word| is_one_of(word, "agree disagree"));
    words.first().is_some_and(|first| first == "i")
        && verb.is_some_and(|at| words.iter().skip(at + 1).take(2).any(|word| word == "with"))
}

/// Words that a pronoun after them cannot refer to.
const BEFORE_PRONOUN: &str = "i we you if when because as to for with of in on by from at after before until once since \
    while although though do don't did didn't does doesn't not never only even how what why who where just let";

/// Returns whether a third-person pronoun comes too early to refer to anything in the sentence.
fn early_pronoun(words: &[String]) -> bool {
    let at = words.iter().position(|word| !is_one_of(word, BEFORE_PRONOUN));
    // An `it` may refer to nothing: `When it is hard to …`, `Sometimes it takes …`.
    at.is_some_and(|at| is_one_of(&words[at], THIRD_PERSON) && words[at] != "it")
}

/// Adverbs after which an `it` may refer to nothing: `Perhaps it takes a month.`
const ADVERBS: &str = "sometimes often perhaps maybe usually generally mostly today again still yet now later once";

/// Returns whether a sentence opens with a verb and `it` or `them`: `Replace it with a range.`
fn does_it(first: &str, second: &str) -> bool {
    let verb = !is_one_of(first, BEFORE_PRONOUN) && !is_one_of(first, ADVERBS) && !first.ends_with("ly");
    verb && is_one_of(second, "it them")
}

/// Prepositions that open a sentence: `Without it, …`.
const PREPOSITIONS: &str =
    "without with for of in on by from at after before until since despite except besides beyond";

/// Returns whether a sentence depends on another: `… like that …`, `Begin there instead.`, `A mentor may do both.`
fn points_elsewhere(words: &[String]) -> bool {
    let last = words.last().map_or("", String::as_str);
    let like = |pair: &[String]| pair[0] == "like" && is_one_of(&pair[1], "that this these those");
    let before = words.len().checked_sub(2).map_or("", |at| words[at].as_str());
    let done = before == "do" && is_one_of(last, "both either neither so that this");
    last == "instead" || done || words.windows(2).any(like)
}

/// Returns whether `text` begins inside quotation marks. The speaker is named before it.
fn opens_with_speech(text: &str) -> bool {
    text.starts_with(['"', '“', '‘', '«'])
}

/// Returns whether a quote may end with `text`. A question, a colon or an announced number of things may not.
pub(super) fn can_end(text: &str) -> bool {
    let bare = text.trim_end_matches(['"', '”', '\'', '’', ')']);
    !bare.ends_with(['?', ':', ',', ';']) && !announces(text)
}

/// Words for a small number of things that a text then lists.
const SEVERAL: &str = "two three four five six seven several";

/// The most words of an order that is incomplete if its paragraph continues: `Compare two openings.`
const STUMP: usize = 5;

/// Forms that occur in statements and seldom in orders.
const STATING: &str =
    "is are was were isn't aren't wasn't weren't has have had can can't will won't would i we you they";

/// Returns whether `text` is a short order that only introduces the rest of its paragraph.
pub(super) fn is_stump(text: &str) -> bool {
    let words = words(text);
    words.len() <= STUMP && !words.iter().any(|word| is_one_of(word, STATING))
}

/// The most words of a sentence that only announces.
const ANNOUNCEMENT: usize = 12;

/// Returns whether `text` is like `Ask for three numbers.`, `Here is how I judge it.`, `… as in the example below.` or `The
/// figures below are rough.`: a short sentence that says how many things follow, or one that says that something does.
fn announces(text: &str) -> bool {
    let words = words(text);
    let first = words.first().is_some_and(|first| is_one_of(first, "here here's"));
    let below = |pair: &[String]| pair[0] == "below" && is_one_of(&pair[1], "is are show shows give gives");
    if first || words.last().is_some_and(|last| last == "below") || words.windows(2).any(below) {
        return true;
    }
    let end = &words[words.len().saturating_sub(4)..];
    let number = end.iter().rposition(|word| is_one_of(word, SEVERAL));
    // `… after three months.` gives a time, and nothing follows.
    let unit = end.last().is_some_and(|word| is_one_of(word, UNITS));
    let counted = number.and_then(|at| end.get(at + 1));
    words.len() <= ANNOUNCEMENT && !unit && counted.is_some_and(|word| word != "of")
}

/// Units that a number measures.
const UNITS: &str = "second seconds minute minutes hour hours day days week weeks month months quarter quarters year years \
    percent dollars euros times people users customers sentences pages words";

/// Returns whether every quotation that `text` opens is closed in it.
pub(super) fn holds_its_speech(text: &str) -> bool {
    text.matches('"').count().is_multiple_of(2) && text.matches('“').count() == text.matches('”').count()
}

/// Openings by which an author introduces themselves before they say something.
const INTRODUCING: &[&str] = &[
    "i am",
    "i'm",
    "i was",
    "i've been",
    "i have been",
    "i work",
    "i currently",
    "i recently",
    "my name",
    "my background",
    "as a",
    "as an",
    "hi",
    "hello",
];

/// Returns whether `text` opens with who its author is.
pub(super) fn introduces(text: &str) -> bool {
    let words = words(text).join(" ");
    INTRODUCING.iter().any(|opening| {
        let rest = words.strip_prefix(opening);
        rest.is_some_and(|rest| rest.starts_with(' '))
    })
}

/// Openings by which an author joins others, without saying what.
const JOINING: &[&str] = &[
    "i agree",
    "agreed",
    "i second",
    "seconded",
    "same here",
    "ditto",
    "+1",
    "i would add",
    "i'd add",
];

/// Words that point to other answers of the page.
const POINTING: &[&str] = &[
    "the above",
    "said above",
    "answers above",
    "mentioned above",
    "previous answer",
    "other answers",
    "first answer",
    "as others",
    "others said",
    "others have said",
    "already said",
];

/// Returns whether `text` points to what others said, and so says little without them.
pub(super) fn points_to_others(text: &str) -> bool {
    let lower = text.to_lowercase().replace('’', "'");
    JOINING.iter().any(|opening| lower.starts_with(opening))
        || POINTING.iter().any(|words| lower.contains(words))
        || opens_elsewhere(&lower)
}

/// Returns whether a sentence opens with a few words that end in a pronoun: `After months of it, …`, `In all of these, …`.
fn opens_elsewhere(lower: &str) -> bool {
    let opening = words(lower.split(',').next().unwrap_or_default());
    let short = (2..=5).contains(&opening.len()) && lower.contains(',');
    let preposition = opening.first().is_some_and(|first| is_one_of(first, PREPOSITIONS));
    let pronoun = opening
        .last()
        .is_some_and(|last| is_one_of(last, "it them this that these those"));
    short && preposition && pronoun
}

/// Openings by which an author says that somebody else in the discussion is wrong.
const DISSENTING: &[&str] = &[
    "i disagree",
    "i'd disagree",
    "i would disagree",
    "i differ from",
    "i see it differently",
    "i don't share",
    "i do not share",
    "i don't agree",
    "i do not agree",
    "i wouldn't",
    "i would not",
    "contrary to",
    "unlike the others",
];

/// Openings that advise against something. Mostly the author contradicts somebody, but does not say so.
const ADVISING_AGAINST: &[&str] = &["i wouldn't", "i would not"];

/// Returns whether the author of a sentence says outright that somebody else is wrong.
pub(crate) fn disagrees(text: &str) -> bool {
    let lower = text.to_lowercase().replace('’', "'");
    let against = ADVISING_AGAINST.iter().any(|opening| lower.starts_with(opening));
    stance(text) == Stance::Dissents && !against
}

/// Openings by which an author says that somebody else in the discussion is right.
const AGREEING: &[&str] = &[
    "i agree",
    "i'd agree",
    "i would agree",
    "i second",
    "i'd second",
    "i would second",
    "i share the view",
    "like the others",
    "as the others say",
    "the others are right",
];

/// Returns whether the author of a sentence says that somebody else in the discussion is right.
pub(crate) fn agrees(text: &str) -> bool {
    let lower = text.to_lowercase().replace('’', "'");
    AGREEING.iter().any(|opening| lower.starts_with(opening))
}

/// Words that open a condition under which the advice does not apply.
const CONDITIONS: &[&str] = &[
    "unless",
    "except ",
    "only if",
    "only when",
    "does not work when",
    "doesn't work when",
    "fails when",
    "fails if",
    "one caution",
    "one exception",
    "the exception",
    "a caution",
    "one warning",
];

/// Returns the stance of a sentence, as its author states it.
///
/// Words do not reveal unstated contradictions. This was checked on the 40 most similar pairs of sentences from one
/// discussion in which one sentence is denied. On reading, none of the pairs was a contradiction.
pub(super) fn stance(text: &str) -> Stance {
    let lower = text.to_lowercase().replace('’', "'");
    if DISSENTING.iter().any(|opening| lower.starts_with(opening)) {
        Stance::Dissents
    } else if CONDITIONS.iter().any(|opening| lower.starts_with(opening)) {
        Stance::Condition
    } else {
        Stance::Supports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_points_back_refers_and_what_says_it_does_not() {
        for text in [
            "This helps a lot in the first week.",
            "But nobody read it in the end.",
            "“It” was the word they used.",
            "The remaining 54 could be switched off.",
            "Four were wrong.",
            "If they say no, ask again.",
            "They’re wrong about the price.",
            "\"How long would it take?\"",
            "The fifth, a daily list of answers, came late.",
            "Most of them had left by then.",
            "Replace it with a range.",
            "Without it, the first call is a guess.",
            "Put one sentence like that in every story.",
            "Begin in production instead.",
            "A mentor may do both.",
            "I agree entirely with the answer before mine.",
        ] {
            assert!(refers_back(text), "{text}");
        }
        for text in [
            "I disagree that interviews show what people pay for.",
            "Write the exit criteria before the first invitation.",
            "Two labelers disagreeing on one case in five means a bad question.",
            "Itemize the bill for each customer.",
            "Support needs three things from a PM.",
            "Sometimes it takes a month to agree.",
            "People who say they agree may not.",
            "Most of us don't expect a portfolio.",
            "Usually it takes a month.",
            "Write both names down instead of one.",
        ] {
            assert!(!refers_back(text), "{text}");
        }
    }

    #[test]
    fn questions_announcements_and_half_quotations_do_not_end_a_quote() {
        for text in [
            "Is pricing hard for you too?",
            "She asked: \"Is pricing hard for you too?\"",
            "Support needs these three things from you:",
            "Ask for three numbers.",
            "My hour has five parts.",
            "Here is how I judge the size.",
            "A good strategy names one problem, as in the example below.",
        ] {
            assert!(!can_end(text), "{text}");
        }
        assert!(can_end("Wait two weeks.") && can_end("Three of them agreed."));
        assert!(can_end("Not in May.") && can_end("She said: \"No.\""));
        assert!(!holds_its_speech("She said: \"Pricing is what the market bears."));
        assert!(holds_its_speech("Buyers say \"no\" before they say why."));
    }

    #[test]
    fn a_short_order_opens_something() {
        assert!(is_stump("Compare two openings.") && is_stump("Look at what stays constant."));
        assert!(!is_stump("Two scorched docks are enough.") && !is_stump("Eight to twelve weeks is ordinary."));
    }

    #[test]
    fn authors_introduce_themselves() {
        for text in [
            "I am at present the PM of a search algorithm.",
            "Hi, I’m Ana.",
            "As an engineer, I had no say.",
        ] {
            assert!(introduces(text), "{text}");
        }
        for text in [
            "Iamblichus said so.",
            "I ask the engineers first.",
            "Asana is a tool.",
            "Hire slowly.",
        ] {
            assert!(!introduces(text), "{text}");
        }
    }

    #[test]
    fn who_says_that_others_are_wrong_dissents_and_who_says_when_not_sets_a_condition() {
        assert_eq!(
            stance("I disagree a little with spending month one on chores."),
            Stance::Dissents
        );
        assert_eq!(
            stance("I don’t share the view that mandates are a sign of failure."),
            Stance::Dissents
        );
        assert_eq!(
            stance("Unless you have a second offer, say nothing of one."),
            Stance::Condition
        );
        for text in [
            "Strong ones say: \"I disagree with you.\"",
            "Send him to people who disagree with you.",
        ] {
            assert_eq!(stance(text), Stance::Supports, "{text}");
        }
        assert!(disagrees("I disagree with it.") && !disagrees("I wouldn’t go there at all."));
        assert!(agrees("I’d second the answer before mine.") && !agrees("I disagree with it."));
    }
}
