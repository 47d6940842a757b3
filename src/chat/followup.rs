//! Makes a turn of a conversation into a question that stands alone.
//!
//! In: a turn and the questions before it. Out: the turn with what it lacks of them, or `None` where it lacks nothing.
//! It must not know what the corpus holds: a turn is judged by its words alone, so that the same conversation is read
//! the same way over any corpus.
//!
//! A turn leans on those before it if it opens like the rest of a sentence ("and what if …"), points at something that
//! it has not named ("how do I stop them?"), or names no topic at all ("why is that?"). A turn with several topic words of
//! its own goes on to something new: its words come first, and of the questions before it no more topic words are
//! carried than it has itself, so that the search does not end where it ended before. What cannot be told from words
//! is left alone: a follow-up that is searched as typed finds less, but a new topic that is dragged back to the old one
//! is answered wrongly.

use crate::retrieve::content_words;

/// Most topic words that are carried over from the question before, which is carried whole if it has no more and the turn
/// has no topic of its own; half as many words from the one before that, and so on.
const CARRIED: usize = 16;

/// A turn with this many topic words is not outweighed by as many.
const MANY: usize = 4;

/// A turn with more topic words than this says what it is about, whatever it points at.
const LONG: usize = 12;

/// Said before the turn itself begins.
const INTERJECTIONS: &str = "ok okay yes yeah yep no nope thanks thank you right well sure great hmm hm oh ah i see \
    fine cool interesting understood got it";

/// Beginnings of a sentence that goes on from another.
const OPENERS: &str = "and|but|or|then|also|so then|so when|so how|so what|so why|so if|so who|so where|so is|so do|\
    so does|so should|so can|so could|what about|how about|what if|how come|in that case|if so|if not|otherwise|\
    instead|same for|same question|what else|who else|how else|where else|anything else|anyone else|any other|\
    any others|more|more about|tell me more|go on|which one|which ones|which of|the second|the first|the last|\
    the other|the others|she said|he said|they said|because|except|even if|even when|even though|still|after that|\
    before that|apart from that|besides that";

/// Words that point at a thing; each may point at something in the turn itself.
const THINGS: &str = "it its itself them they their theirs themselves these those";
/// Words that point at a person.
const PERSONS: &str = "he him his himself she her hers herself";
/// What stands before a name of something.
const DETERMINERS: &str = "a an the my our your each every some any no another this these those his her their its \
    two three one many most other";
/// Verbs that can stand before "that" where it is a thing of its own: "does that work".
const AUXILIARIES: &str = "is isnt was wasnt are arent does doesnt did didnt do dont would wouldnt will wont can cant \
    could couldnt should shouldnt might has hasnt have";
/// Words after which "that" or "this" is a thing of its own if the turn or a clause of it ends there.
const SAID_OF_IT: &str = "worth true ok okay normal better best possible smart wise fair rude too really ever even \
    always a an the make take matter hard easy easier harder enough bad good common legal right wrong necessary time";

/// Whether `turn` leans on what was said before it.
pub fn leans(turn: &str) -> bool {
    let words = words(turn);
    let said = after_interjections(&words);
    if said.is_empty() {
        return !words.is_empty();
    }
    let topics = content_words(turn).len();
    topics == 0 || opens_midway(said) || (topics <= LONG && points_outside(said))
}

/// The turn with what it lacks, from `past` (newest first); `None` where it stands alone, or lacks nothing.
pub fn standalone(past: &[&str], turn: &str) -> Option<String> {
    if past.is_empty() || !leans(turn) {
        return None;
    }
    match content_words(turn) {
        own if own.len() < 2 => after_all_before(past, turn),
        own => before_a_reminder(past, turn, own),
    }
}

/// A turn that has no topic of its own ("why?", "and if they refuse?"), after what was asked before: one word is asked of
/// the topic that was there.
///
/// The question before it is carried over as it was asked, for what it means as a whole, and, for as long as that leans
/// too, topic words of those before it: half as many at each step. The first question that stands alone began the topic,
/// and nothing before it is carried.
fn after_all_before(past: &[&str], turn: &str) -> Option<String> {
    let mut known: Vec<String> = Vec::new();
    // Oldest last; turned round at the end, so that the text reads as the conversation went.
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

/// A turn with topic words of its own, before no more of the questions before it: they remind of the topic and must not
/// outweigh what is asked now. Of a few words as many would, since those of one title are found together.
///
/// A question that leans itself takes up to half of them, since what it leans on says more of the topic; the question
/// that began the topic takes what is left.
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
    /// Lower-case, without apostrophes.
    text: String,
    typed: &'a str,
    /// A clause of the turn ends after it.
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
    // "No" and "I" begin questions too: only where a pause follows, or another interjection, are they said aside.
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

/// Whether the words begin like the rest of a sentence.
fn opens_midway(words: &[Word]) -> bool {
    OPENERS.split('|').any(|opener| {
        let opener = opener.split_whitespace();
        let count = opener.clone().count();
        words.len() >= count && opener.zip(words).all(|(want, word)| want == word.text)
    })
}

/// Whether a word points at something that no word before it names.
fn points_outside(words: &[Word]) -> bool {
    (0..words.len()).any(|at| {
        let word = &words[at];
        let before = &words[..at];
        if listed(THINGS, &word.text) {
            let next = words.get(at + 1).filter(|_| !word.ends).map(|next| next.text.as_str());
            let empty = word.text == "it" && is_empty_it(words, at);
            // "Those who try it", "these three": what is pointed at follows.
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

/// Whether something before a pronoun is there for it to point at.
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

/// Whether the "it" at `at` stands for nothing: "is it worth …", "does it make sense".
fn is_empty_it(words: &[Word], at: usize) -> bool {
    let next = words.get(at + 1);
    let after_verb = at > 0 && listed(AUXILIARIES, &words[at - 1].text);
    let verb = next.is_some_and(|next| listed("is was takes makes", &next.text)) && !words[at].ends;
    (after_verb && next.is_some_and(|next| listed(SAID_OF_IT, &next.text)))
        || (verb && words.get(at + 2).is_some_and(|word| listed(SAID_OF_IT, &word.text)))
}

/// Whether the "that" or "this" at `at` is a thing of its own, and not before a noun or a clause.
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
