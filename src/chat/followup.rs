//! Turns a turn of a conversation into a question that stands alone.
//!
//! A turn gets the words that it needs from the questions before it. It is judged only by its words, so the same
//! conversation is read the same way over any corpus.
//!
//! A turn depends on those before it if it opens like the rest of a sentence ("and what if …"), refers to something
//! that it has not named ("how do I stop them?"), or names no topic ("why is that?").
//!
//! A turn with several topic words moves on to something new. Its words come first, and it carries no more topic words
//! from earlier questions than it has. Otherwise the search would return to where it was before.
//!
//! What words cannot decide is left alone. A follow-up that is searched as typed finds less, but a new topic that is
//! dragged back to the old one gets a wrong answer.

use crate::retrieve::content_words;

/// The most topic words carried over from the question before. Each earlier question may add half as many as the one
/// after it.
///
/// If the turn has no topic, the question before it is carried whole, unless it has more topic words than this.
const CARRIED: usize = 16;

/// A turn with this many topic words is not outweighed by the same number of carried words.
const MANY: usize = 4;

/// A turn with more topic words than this states its topic, even if it refers to something else.
const LONG: usize = 12;

/// Words said before the turn itself begins.
const INTERJECTIONS: &str = "ok okay yes yeah yep no nope thanks thank you right well sure great hmm hm oh ah i see \
    fine cool interesting understood got it";

/// Openings of a sentence that continues another.
const OPENERS: &str = "and|but|or|then|also|so then|so when|so how|so what|so why|so if|so who|so where|so is|so do|\
    so does|so should|so can|so could|what about|how about|what if|how come|in that case|if so|if not|otherwise|\
    instead|same for|same question|what else|who else|how else|where else|anything else|anyone else|any other|\
    any others|more|more about|tell me more|go on|which one|which ones|which of|the second|the first|the last|\
    the other|the others|she said|he said|they said|because|except|even if|even when|even though|still|after that|\
    before that|apart from that|besides that";

/// Words that refer to a thing. Each may refer to something in the turn itself.
const THINGS: &str = "it its itself them they their theirs themselves these those";
/// Words that refer to a person.
const PERSONS: &str = "he him his himself she her hers herself";
/// Words that come before a noun.
const DETERMINERS: &str = "a an the my our your each every some any no another this these those his her their its \
    two three one many most other";
/// Verbs next to a "that" or "this" without a noun ("does that work"), or before an "it" that refers to nothing.
const AUXILIARIES: &str = "is isnt was wasnt are arent does doesnt did didnt do dont would wouldnt will wont can cant \
    could couldnt should shouldnt might has hasnt have";
/// Words that follow an "it" that refers to nothing: "is it worth …", "does it make sense".
const SAID_OF_IT: &str = "worth true ok okay normal better best possible smart wise fair rude too really ever even \
    always a an the make take matter hard easy easier harder enough bad good common legal right wrong necessary time";

/// Returns whether `turn` depends on what was said before it.
pub fn leans(turn: &str) -> bool {
    let words = words(turn);
    let said = after_interjections(&words);
    if said.is_empty() {
        return !words.is_empty();
    }
    let topics = content_words(turn).len();
    topics == 0 || opens_midway(said) || (topics <= LONG && points_outside(said))
}

/// Returns the turn with what it lacks from `past` (newest first), or `None` if it stands alone or nothing is missing.
pub fn standalone(past: &[&str], turn: &str) -> Option<String> {
    if past.is_empty() || !leans(turn) {
        return None;
    }
    match content_words(turn) {
        own if own.len() < 2 => after_all_before(past, turn),
        own => before_a_reminder(past, turn, own),
    }
}

/// Puts a turn without a topic ("why?", "and if they refuse?") after the questions before it.
///
/// The question right before it is carried over as asked, to keep its meaning as a whole. While that question depends
/// on others, topic words of those are carried too: half as many at each step. The first question that stands alone
/// started the topic, and nothing before it is carried.
fn after_all_before(past: &[&str], turn: &str) -> Option<String> {
    let mut known: Vec<String> = Vec::new();
    // Newest first, and reversed at the end, so that the text reads in the order of the conversation.
    let mut carried: Vec<String> = Vec::new();
    let mut most = CARRIED;
    for (back, question) in past.iter().enumerate() {
        let mut words = content_words(question);
        let whole = back == 0 && words.len() <= most;
        words.retain(|word| !is_among(&known, word));
        words.truncate(most);
        if whole {
            carried.push(question.trim().to_string());
        } else if !words.is_empty() {
            carried.push(words.join(" "));
        }
        known.extend(words);
        most /= 2;
        if most == 0 || !leans(question) {
            break;
        }
    }
    carried.reverse();
    (!known.is_empty()).then(|| format!("{}\n{}", carried.join("\n"), turn.trim()))
}

/// Puts a turn with topic words before a reminder of the questions before it.
///
/// The reminder must not outweigh what is asked now. It has at most as many words as the turn, and one fewer if the
/// turn has fewer than [`MANY`]: words that occur in one title are found together.
///
/// A question that is itself a follow-up takes up to half of them, since what it depends on says more about the topic.
/// The question that started the topic takes the rest.
fn before_a_reminder(past: &[&str], turn: &str, own: Vec<String>) -> Option<String> {
    let mut left = match own.len() {
        few if few < MANY => few.saturating_sub(1),
        many => many.min(CARRIED),
    };
    let mut known = own;
    let mut carried: Vec<String> = Vec::new();
    for (back, question) in past.iter().enumerate() {
        let began = back + 1 == past.len() || !leans(question);
        let mut words = content_words(question);
        words.retain(|word| !is_among(&known, word));
        words.truncate(if began { left } else { left / 2 });
        left -= words.len();
        known.extend(words.iter().cloned());
        carried.extend(words);
        if began || left == 0 {
            break;
        }
    }
    (!carried.is_empty()).then(|| format!("{}\n{}", turn.trim(), carried.join(" ")))
}

fn is_among(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// A word of a turn.
#[derive(Debug)]
struct Word<'a> {
    /// In lower case, without apostrophes.
    text: String,
    typed: &'a str,
    /// Whether a clause of the turn ends after it.
    ends: bool,
}

fn words(turn: &str) -> Vec<Word<'_>> {
    let parts = turn.split_whitespace().filter_map(|part| {
        let typed = part.trim_matches(|c: char| !c.is_alphanumeric());
        let text: String = typed.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
        (!text.is_empty()).then(|| Word {
            text: text.to_lowercase(),
            typed,
            ends: part.ends_with(['.', ',', '?', '!', ';', ':']),
        })
    });
    parts.collect()
}

fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

fn after_interjections<'a, 'b>(words: &'b [Word<'a>]) -> &'b [Word<'a>] {
    // "No" and "I" also begin questions. They count as an interjection only before a pause.
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let aside =
            listed(INTERJECTIONS, &word.text) && (word.ends || listed("ok okay yeah thanks hmm oh", &word.text));
        if !aside {
            break;
        }
        at += 1;
    }
    &words[at..]
}

/// Returns whether the words begin like the rest of a sentence.
fn opens_midway(words: &[Word]) -> bool {
    OPENERS.split('|').any(|opener| {
        let opener = opener.split_whitespace();
        let count = opener.clone().count();
        words.len() >= count && opener.zip(words).all(|(want, word)| want == word.text)
    })
}

/// Returns whether a word refers to something that no word before it names.
fn points_outside(words: &[Word]) -> bool {
    (0..words.len()).any(|at| {
        let word = &words[at];
        let before = &words[..at];
        if listed(THINGS, &word.text) {
            let next = words.get(at + 1).filter(|_| !word.ends).map(|next| next.text.as_str());
            let empty = word.text == "it" && is_empty_it(words, at);
            // "Those who try it", "these three": what the word refers to follows it.
            let those = matches!(word.text.as_str(), "these" | "those");
            let follows =
                those && (next.is_some_and(|next| listed("who that which of", next)) || (next.is_some() && at > 2));
            !empty && !follows && !names_something(before)
        } else if listed(PERSONS, &word.text) {
            !names_something(before)
        } else {
            matches!(word.text.as_str(), "that" | "this") && is_thing(words, at)
        }
    })
}

/// Returns whether the words before a pronoun name something that it can refer to.
fn names_something(before: &[Word]) -> bool {
    before.iter().enumerate().any(|(at, word)| {
        let follows_determiner = at > 0 && listed(DETERMINERS, &before[at - 1].text);
        let is_name =
            at > 0 && word.typed.starts_with(char::is_uppercase) && word.text != "i" && !word.text.starts_with("im");
        let is_plural = word.text.len() > 3 && word.text.ends_with('s') && !word.text.ends_with("ss");
        let topic = || !content_words(word.typed).is_empty();
        (follows_determiner || is_name || is_plural) && topic()
    })
}

/// Returns whether the "it" at `at` refers to nothing: "is it worth …", "does it make sense".
fn is_empty_it(words: &[Word], at: usize) -> bool {
    let next = words.get(at + 1);
    let after_verb = at > 0 && listed(AUXILIARIES, &words[at - 1].text);
    let verb = next.is_some_and(|next| listed("is was takes makes", &next.text)) && !words[at].ends;
    (after_verb && next.is_some_and(|next| listed(SAID_OF_IT, &next.text)))
        || (verb && words.get(at + 2).is_some_and(|word| listed(SAID_OF_IT, &word.text)))
}

/// Returns whether the "that" or "this" at `at` stands alone, and not before a noun or a clause.
fn is_thing(words: &[Word], at: usize) -> bool {
    let last = at + 1 == words.len() || words[at].ends;
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let asked = at == 1 && before.is_some_and(|word| listed(AUXILIARIES, &word.text));
    let first = at == 0 && words.get(1).is_some_and(|word| listed(AUXILIARIES, &word.text));
    (last && !names_something(&words[..at])) || asked || first
}

#[cfg(test)]
#[path = "followup_tests.rs"]
mod tests;
