//! How a sentence reads when it stands alone, away from the text it was quoted from.
//!
//! In: one sentence. Out: whether it can be quoted, whether it leans on the sentence before, how easily it reads. It
//! goes by the words alone; it must not know what was asked.

/// Fewest and most words of a quote: a fragment says nothing, a wall of text is no quote.
const WORDS: std::ops::RangeInclusive<usize> = 5..=60;

/// Openings that need the sentence before.
const LEANING: &[&str] = &[
    "this",
    "that",
    "these",
    "those",
    "it",
    "its",
    "it's",
    "they",
    "they're",
    "their",
    "them",
    "he",
    "she",
    "his",
    "her",
    "such",
    "additionally",
    "moreover",
    "furthermore",
    "also",
    "however",
    "therefore",
    "thus",
    "hence",
    "but",
    "and",
    "or",
    "so",
    "then",
    "instead",
    "otherwise",
    "similarly",
    "likewise",
    "both",
    "another",
    "second",
    "third",
    "fourth",
    "finally",
    "here",
    "neither",
    "afterward",
    "afterwards",
    "nor",
    "mine",
    "theirs",
    "hers",
    "ours",
    "others",
    "meanwhile",
    "that's",
];

/// Openings of several words that need the sentence before.
const LEANING_PHRASES: &[&str] = &[
    "the first",
    "the second",
    "the third",
    "the last",
    "the latter",
    "the former",
    "the other",
    "the others",
    "the answer was",
    "the result was",
    "the same ",
    "the rest",
    "all of them",
    "all three",
    "all four",
    "for example",
    "for instance",
    "in that case",
    "in this case",
    "in the end",
    "at that point",
    "after that",
    "because of that",
    "the next",
    "in addition",
    "on the other hand",
    "by contrast",
    "as a result",
    "until then",
    "since then",
    "the difference was",
    "the reason was",
    "with that",
    "without it",
    "without that",
];

/// Quantities that stand for things named before: `Four were wrong`, `Eleven gave a reason`.
const COUNTS: &[&str] = &[
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "none", "nobody",
    "half", "maybe", "perhaps",
];

/// People whom only the sentence before names.
const PEOPLE: &[&str] = &["he", "she", "him", "her", "his", "hers"];

/// What a sentence is worth that speaks of someone whom it does not name.
const UNNAMED: f32 = 0.6;

/// Whether `text` can be quoted at all: it answers, it is a sentence, and it holds its quotations whole.
pub(super) fn quotable(text: &str) -> bool {
    let whole = text.matches('"').count().is_multiple_of(2) && text.matches('“').count() == text.matches('”').count();
    // A question asks, it does not answer; what ends in a colon announces what is not there.
    let ends = !text.ends_with(['?', ':']) && !text.ends_with("?\"") && !text.ends_with("?”");
    whole && ends && WORDS.contains(&text.split_whitespace().count())
}

/// Whether `text` begins with something that only the sentence before explains.
pub(super) fn leans(text: &str) -> bool {
    let plain = text
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
        .replace('’', "'");
    let mut words = plain
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("");
    let second = words.next().unwrap_or("");
    let counts = COUNTS.contains(&first) && (second.ends_with("ed") || VERBS.contains(&second));
    LEANING.contains(&first) || counts || LEANING_PHRASES.iter().any(|phrase| plain.starts_with(phrase))
}

/// Verbs that follow a bare quantity.
const VERBS: &[&str] = &[
    "was", "were", "is", "are", "had", "have", "gave", "came", "went", "of", "one", "did", "said", "told", "took",
    "made", "got", "left", "found", "ever", "even", "has", "will", "would",
];

/// What an author says of an own post or trade: worth little beside the name, which stands before each quote.
const INTRODUCTION: f32 = 0.3;

/// How authors begin to introduce themselves.
const INTRODUCING: &[&str] = &[
    "i am ",
    "i'm ",
    "i was ",
    "i work ",
    "i worked ",
    "i have been ",
    "i've been ",
    "i have worked ",
    "i've worked ",
];

/// Trades of those who write in.
const TRADES: &[&str] = &[
    "pm",
    "manager",
    "engineer",
    "designer",
    "scientist",
    "analyst",
    "consultant",
    "founder",
    "director",
    "head",
    "lead",
    "recruiter",
    "specialist",
];

/// 1 for a sentence that says something of use to a reader; less for one that does not name whom it speaks of, or only
/// introduces its author.
pub(super) fn ease(text: &str) -> f32 {
    let lower = text.to_lowercase().replace('’', "'");
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    if introduces_its_author(&lower) {
        INTRODUCTION
    } else if words.any(|word| PEOPLE.contains(&word)) {
        UNNAMED
    } else {
        1.0
    }
}

/// Whether `lower`, in lower case, is of the kind of `I work as a PM now`: a post or a trade, and no word to the reader.
fn introduces_its_author(lower: &str) -> bool {
    let has = |wanted: &[&str]| {
        lower
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| wanted.contains(&word))
    };
    INTRODUCING.iter().any(|opening| lower.starts_with(opening)) && has(TRADES) && !has(&["you", "your"])
}

/// Whether `text` tells what its author is or did, rather than what to do.
pub(super) fn of_its_author(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or("");
    let second = words.next().unwrap_or("").trim_end_matches(',');
    let wish = matches!(second, "would" | "think" | "recommend" | "suggest" | "advise");
    (matches!(first, "I" | "I've" | "I’ve" | "I'm" | "I’m" | "My" | "We" | "Our") && !wish) || first == "Mine"
}

/// Openings by which an author says that somebody else here is wrong.
const DISSENTING: &[&str] = &[
    "i disagree with",
    "i disagree a little with",
    "i differ from",
    "i don't share the view",
    "i do not share the view",
    "unlike the",
];

/// Whether the author of `text` says that it contradicts somebody. It goes by what is said of it, as contradictions that
/// nobody names cannot be told by words: of the 40 pairs of sentences of one discussion that were most alike and of
/// which one is denied, none contradicted each other when they were read.
pub(super) fn dissents(text: &str) -> bool {
    let lower = text.to_lowercase().replace('’', "'");
    let announced = DISSENTING.iter().find(|opening| lower.starts_with(**opening));
    // "Unlike the director I would", not "Unlike the first version, this one".
    announced.is_some_and(|opening| *opening != "unlike the" || lower.contains(" i "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_points_back_leans_and_what_says_it_does_not() {
        for text in [
            "This helps a lot in the first week.",
            "But nobody read it in the end.",
            "“It” was the word they used.",
            "The answer was a page that differs by visitor type.",
            "Eleven gave a reason that nobody understood.",
            "For example, charge by document.",
            "They’re wrong about the price.",
        ] {
            assert!(leans(text), "{text}");
        }
        for text in [
            "Write the exit criteria before the first invitation.",
            "Two labelers disagreeing on one case in five means a bad question.",
            "Itemize the bill for each customer.",
            "Thesis advisers can help here.",
            "Support needs three things from a PM.",
        ] {
            assert!(!leans(text), "{text}");
        }
    }

    #[test]
    fn questions_announcements_fragments_and_half_quotations_are_no_quotes() {
        for text in [
            "Is pricing hard for you too?",
            "She asked: \"Is pricing hard for you too?\"",
            "Support needs these three things from you:",
            "Not in May.",
            "She said: \"Pricing is what the market bears.",
        ] {
            assert!(!quotable(text), "{text}");
        }
        assert!(quotable("Buyers say \"no\" before they say why."));
    }

    #[test]
    fn who_the_author_is_says_little_beside_the_name() {
        for text in [
            "I work as a PM now and used to be an ML engineer.",
            "I’m the head of product at a clinic.",
            "I was hired as a specialist, trained customers, and then became PM for the mobile client.",
        ] {
            assert!(ease(text) < UNNAMED, "{text}");
        }
        for text in [
            "I am a recruiter, and what I read first in your letter is the last line.",
            "I was slow for a month.",
            "An engineer who becomes a PM keeps the habits of an engineer.",
        ] {
            assert_eq!(ease(text), 1.0, "{text}");
        }
    }

    #[test]
    fn who_says_that_others_are_wrong_dissents() {
        for text in [
            "I disagree a little with spending month one on chores.",
            "Unlike the director I wouldn't rule out comparison entirely.",
            "I don’t share the view that mandates are a sign of failure.",
        ] {
            assert!(dissents(text), "{text}");
        }
        for text in [
            "Unlike the first version, the second one sold.",
            "Strong ones say: \"I disagree with you.\"",
            "Send him to people who disagree with you.",
        ] {
            assert!(!dissents(text), "{text}");
        }
    }

    #[test]
    fn people_who_are_not_named_and_tales_of_the_author_are_told_apart() {
        assert!(ease("Go and see her before the launch.") < 1.0);
        assert_eq!(ease("Other teams ship there."), 1.0);
        assert!(of_its_author("I have moved four engineers into product."));
        assert!(!of_its_author("I would drop slides altogether."));
        assert!(!of_its_author("Drop slides altogether."));
    }
}
