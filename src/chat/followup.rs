//! Turns a turn of a conversation into a question that stands alone.
//!
//! A turn gets the words that it needs from the questions before it. Its words are judged first.
//!
//! A turn depends on those before it if it opens like the rest of a sentence ("and what if …"), refers to something
//! that it has not named ("how do I stop them?"), is no sentence ("for juniors?"), or names no topic ("why is that?",
//! "when is the best time?").
//!
//! A turn with several topic words moves on to something new. Its words come first, and it carries no more topic words
//! from earlier questions than it has. Otherwise the search would return to where it was before.
//!
//! What words cannot decide is [`Reading::Unclear`] ("slides or doc", "can I switch"). It is searched for both as typed and
//! after the question before it, and the reading counts that a discussion answers more surely. Of 120 turns in 30
//! conversations, written without sight of this program, 53 of 80 follow-ups are answered more surely after the
//! question before them, and 3 of 40 new questions.

use crate::ask::Reading;
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
    so does|so should|so can|so could|what about|how about|what if|how come|why not|even for|even in|even at|only for|only if|in that case|if so|if not|otherwise|\
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

/// Words that say what kind of advice is wanted, and not on what: "when is the best time", "give me an example".
const GENERAL: &str = "alternative alternatives any average avoid benefit benefits book books case cases cheaper \
    common cons detail details difference disadvantage disadvantages downside downsides drawback drawbacks early \
    evidence exact example examples exception exceptions expect fail first instance late later list long mean \
    meaning mistake mistakes moment next normal often option options order phrase phrases pitfall pitfalls practice \
    prepare prepared preparation proof pros quick quickly reason reasons resource resources risk risks rule sample \
    samples script scripts sentence short show soon sooner source sources step steps template templates time times \
    timing typical upside usual usually wording words work works worst";

/// Words before a noun that say for whom, where or with what: "for juniors?", "without a budget?".
const PREPOSITIONS: &str = "as at by during for from in inside on outside under with within without";
/// Words before such a phrase that link it to what was said.
const LINKS: &str = "about also and but even how not only or so what";
/// Words that a turn has only if it says something by itself.
const OF_A_SENTENCE: &str = "am are can could did do does had has have how i is may my our should was we were what when \
    where which who why will would";
/// A turn that begins with a preposition and has more words than this is read as a sentence.
const PHRASE: usize = 7;
/// Words that end a turn which continues another: "do we ship anyway".
const CLOSERS: &str = "anyway either instead then though too";

/// Returns whether `turn` depends on what was said before it.
pub fn leans(turn: &str) -> bool {
    let words = words(turn);
    let said = after_interjections(&words);
    if said.is_empty() {
        return !words.is_empty();
    }
    let short = content_words(turn).len() <= LONG;
    let closes = said
        .last()
        .is_some_and(|word| said.len() > 1 && listed(CLOSERS, &word.text));
    topics(turn).is_empty() || opens_midway(said) || closes || is_phrase(said) || (short && points_outside(said))
}

/// Returns the words of `turn` that say what it is about.
fn topics(turn: &str) -> Vec<String> {
    let mut topics = content_words(turn);
    topics.retain(|word| !listed(GENERAL, &word.to_lowercase()));
    topics
}

/// Returns whether the words, after those that link them to what was said, are no sentence, and only say for whom, where
/// or with what: "and in a bank?".
fn is_phrase(words: &[Word]) -> bool {
    let linked = words.iter().take_while(|word| listed(LINKS, &word.text)).count();
    let words = &words[linked..];
    words.len() <= PHRASE
        && words.first().is_some_and(|word| listed(PREPOSITIONS, &word.text))
        && !words.iter().any(|word| listed(OF_A_SENTENCE, &word.text))
}

/// An earlier turn of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    pub text: &'a str,
    /// Whether it depended on those before it. If that is not known, its words tell.
    pub leans: Option<bool>,
}

impl<'a> Past<'a> {
    /// An earlier turn of which only the text is known.
    pub fn of(text: &'a str) -> Past<'a> {
        Past { text, leans: None }
    }

    /// Judges the words only when that is needed, because a server is sent whole conversations.
    fn leans(&self) -> bool {
        self.leans.unwrap_or_else(|| leans(self.text))
    }
}

/// Reads a turn after those in `past`, newest first.
pub fn read(past: &[Past], turn: &str) -> Reading {
    if past.is_empty() {
        return Reading::Alone;
    }
    if !leans(turn) {
        let short = content_words(turn).len() <= LONG;
        let whole = short.then(|| after_all_before(past, turn)).flatten();
        return whole.map_or(Reading::Alone, Reading::Unclear);
    }
    let own = content_words(turn);
    let joined = match topics(turn).is_empty() || own.len() < 2 || is_phrase(after_interjections(&words(turn))) {
        true => after_all_before(past, turn),
        false => before_a_reminder(past, turn, own),
    };
    joined.map_or(Reading::Alone, Reading::Depends)
}

/// Puts a turn without a topic ("why?", "and if they refuse?") after the questions before it.
///
/// The question right before it is carried over as asked, to keep its meaning as a whole. While that question depends
/// on others, topic words of those are carried too: half as many at each step. The first question that stands alone
/// started the topic, and nothing before it is carried.
fn after_all_before(past: &[Past], turn: &str) -> Option<String> {
    let mut known: Vec<String> = Vec::new();
    // Newest first, and reversed at the end, so that the text reads in the order of the conversation.
    let mut carried: Vec<String> = Vec::new();
    let mut most = CARRIED;
    for (back, question) in past.iter().enumerate() {
        let mut words = content_words(question.text);
        let whole = back == 0 && words.len() <= most;
        words.retain(|word| !is_among(&known, word));
        words.truncate(most);
        if whole {
            carried.push(question.text.trim().to_string());
        } else if !words.is_empty() {
            carried.push(words.join(" "));
        }
        known.extend(words);
        most /= 2;
        if most == 0 || !question.leans() {
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
fn before_a_reminder(past: &[Past], turn: &str, own: Vec<String>) -> Option<String> {
    let mut left = match own.len() {
        few if few < MANY => few.saturating_sub(1),
        many => many.min(CARRIED),
    };
    let mut known = own;
    let mut carried: Vec<String> = Vec::new();
    for (back, question) in past.iter().enumerate() {
        let began = back + 1 == past.len() || !question.leans();
        let mut words = content_words(question.text);
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
        // "Who writes it": a verb.
        let is_verb = at > 0 && listed("who he she it that", &before[at - 1].text);
        let is_plural = word.text.len() > 3 && word.text.ends_with('s') && !word.text.ends_with("ss") && !is_verb;
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
    let after_verb = before.is_some_and(|word| listed(AUXILIARIES, &word.text));
    let first = at == 0 && words.get(1).is_some_and(|word| listed(AUXILIARIES, &word.text));
    (last && (after_verb || !names_something(&words[..at]))) || (at == 1 && after_verb) || first
}

#[cfg(test)]
#[path = "followup_tests.rs"]
mod tests;
