//! Reads a thread of a forum or a mailing list: posts by several people, each below a name and a time.
//!
//! The first post asks, and the others answer. A page with an article and readers' comments looks alike, so the first
//! post must be short, and it or the title must ask something.

use super::block::{Block, Look};
use super::clean::{key, one_line, words};
use super::talk::question_in;
use super::turns::turn::{Asked, Said, Turn, is_question, next_seen};
use super::{dates, marks, names};

/// Most words in the post that asks.
const ASKED_WORDS: usize = 250;

/// Most posts in a thread.
const MOST_POSTS: usize = 1_000;

/// Most characters in the line with a name.
const NAME_LINE: usize = 90;

/// Words around the time of a post.
const AROUND: &str = "at on by am pm a m p utc gmt cet cest est edt pst pdt posted wrote writes said says replied asked answered commented \
    edited created modified ago about just now yesterday today uhr um";

/// Units of a time such as `3 days ago`.
const UNITS: &str = "s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days w week weeks mo mos month \
    months y yr yrs year years";

/// The line or lines above a post.
struct Head {
    at: usize,
    name: String,
    /// The block with only the time, if it is another one.
    stamp: Option<usize>,
    /// What follows the name and the time in the same block.
    said: String,
    subject: Option<String>,
}

/// Finds the posts of a thread. Returns whether the text is one.
pub(super) fn find(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let heads = heads(blocks);
    let (Some(first), Some(last)) = (heads.first(), heads.last()) else {
        return false;
    };
    if heads.len() > MOST_POSTS {
        return false;
    }
    let fields = first.subject.is_some();
    let mut people: Vec<String> = heads.iter().map(|head| key(&head.name)).collect();
    people.sort_unstable();
    people.dedup();
    let marked = blocks
        .iter()
        .any(|b| b.is_seen() && (is_question(b) || marks::answer(&b.text).is_some_and(|mark| mark.index < 3)));
    // Between posts, a heading begins something else.
    let parted = || {
        (first.at..last.at).any(|at| {
            matches!(blocks[at].look, Look::Heading(1..=3))
                && !heads.iter().any(|head| head.at == at)
                && !counts_replies(&blocks[at].text)
        })
    };
    let least = if fields { 1 } else { 2 };
    if marked || parted() || heads.len() < least || people.len() < 2 && !fields || !with_text(blocks, &heads) {
        return false;
    }
    // The header of the first mail is read with the mail.
    let opening = (0..first.at).find(|&at| blocks[at].is_seen() && !matches!(blocks[at].look, Look::Heading(_)));
    let (asked, answers) = match opening.filter(|_| fields) {
        Some(_) => (None, &heads[..]),
        None => (heads.first(), &heads[1..]),
    };
    let Some(second) = answers.first() else {
        return false;
    };
    let start = asked.map_or(opening.unwrap_or(first.at), |head| head.at);
    let body: Vec<&str> = (start..second.at)
        .filter(|&at| blocks[at].is_seen() && asked.is_none_or(|head| at != head.at && Some(at) != head.stamp))
        .map(|at| blocks[at].text.as_str())
        .chain(asked.map(|head| head.said.as_str()))
        .collect();
    let body = body.join("\n\n");
    let heading = (0..start)
        .rev()
        .find(|&at| matches!(blocks[at].look, Look::Heading(1..=6)));
    let titled = heading.map(|at| one_line(names::bare(&blocks[at].text)));
    let subject = second
        .subject
        .as_deref()
        .map(without_marks)
        .filter(|subject| !subject.is_empty());
    let asks = |text: &Option<String>| text.as_deref().is_some_and(|text| text.ends_with('?'));
    if words(&body) > ASKED_WORDS || !asks(&titled) && !asks(&subject) && !body.contains('?') {
        return false;
    }
    let why = "the first post of a thread";
    let title = subject.or_else(|| titled.clone()).or_else(|| question_in(&body));
    let Some(title) = title else { return false };
    let asked_by = |asker: Option<String>, body: String| {
        Some(Turn::Question(Asked {
            title: title.clone(),
            body,
            asker,
            why,
            ..Asked::default()
        }))
    };
    match (heading.filter(|_| titled.as_ref() == Some(&title)), asked) {
        (Some(at), Some(head)) => {
            of[at] = asked_by(None, String::new());
            of[head.at] = Some(Turn::Asker(head.name.clone(), head.said.clone()));
        }
        (Some(at), None) => of[at] = asked_by(None, String::new()),
        (None, Some(head)) => of[head.at] = asked_by(Some(head.name.clone()), head.said.clone()),
        (None, None) => of[start] = asked_by(None, blocks[start].body().to_string()),
    }
    for head in answers {
        of[head.at] = Some(Turn::Answer(Said {
            by: Some(head.name.clone()),
            text: head.said.clone(),
            why: "a name and a time stand above the post",
            ..Said::default()
        }));
    }
    let ends = answers.iter().map(|head| head.at).chain([blocks.len()]);
    for (head, end) in asked
        .into_iter()
        .chain(answers)
        .zip(ends.skip(usize::from(asked.is_none())))
    {
        if let Some(stamp) = head.stamp {
            of[stamp] = Some(Turn::Label(0));
        }
        for at in head.at + 1..end {
            let signs = blocks[at].is_seen() && of[at].is_none() && is_own_name(&blocks[at].text, &head.name);
            let counts = blocks[at].is_seen() && counts_replies(&blocks[at].text);
            if signs || counts && of[at].is_none() {
                of[at] = Some(Turn::Label(0));
            }
        }
    }
    true
}

/// Finds the lines above posts, all of one form: with fields, with the time on the same line, or on the next.
fn heads(blocks: &[Block]) -> Vec<Head> {
    let mut fields = Vec::new();
    let mut lines = Vec::new();
    let mut used = None;
    for at in 0..blocks.len() {
        let block = &blocks[at];
        if !block.is_seen() || used == Some(at) {
            continue;
        }
        if let Some((name, subject)) = mail_header(&block.text) {
            fields.push(Head {
                at,
                name,
                stamp: None,
                said: String::new(),
                subject: Some(subject),
            });
        } else if let Some(head) = head(blocks, at) {
            used = head.stamp;
            lines.push(head);
        }
    }
    if fields.is_empty() { lines } else { fields }
}

/// Returns who wrote a mail, and its subject, if `text` is only the header of one.
fn mail_header(text: &str) -> Option<(String, String)> {
    let (mut from, mut subject, mut date) = (None, String::new(), false);
    for line in text.lines() {
        let (field, value) = line.trim_start_matches(['*', ' ']).split_once(':')?;
        let value = value.trim_matches(['*', ' ']);
        match &*key(field) {
            "from" => from = Some(value),
            "subject" => subject = value.to_string(),
            "date" | "sent" => date = dates::day(value).is_some(),
            "to" | "cc" | "message id" | "in reply to" | "references" | "reply to" => {}
            _ => return None,
        }
    }
    let from = from.filter(|_| date)?;
    // Archives write `ivo at example.org (Ivo Marek)`.
    let name = match from.split_once('<') {
        Some((name, _)) => name,
        None => from
            .split_once('(')
            .map_or(from, |(_, name)| name.trim_end_matches(')')),
    };
    let name = name.trim().trim_matches('"').trim();
    (!name.is_empty() && words(name) <= 6).then(|| (name.to_string(), subject))
}

fn head(blocks: &[Block], at: usize) -> Option<Head> {
    let block = &blocks[at];
    if matches!(block.look, Look::Heading(1..=2)) || block.text.starts_with(['>', '|']) {
        return None;
    }
    let text = block.text.trim_start_matches("- ");
    let (line, said) = text.split_once('\n').unwrap_or((text, ""));
    if line.chars().count() > NAME_LINE {
        return None;
    }
    let made = |name: &str, stamp: Option<usize>, said: &str| {
        Some(Head {
            at,
            name: name.to_string(),
            stamp,
            said: said.trim().to_string(),
            subject: None,
        })
    };
    if let Some(name) = stamped_name(line) {
        return made(&name, None, said);
    }
    let name = bare_name(names::bare(line).trim_end_matches(':'))?;
    if !said.is_empty() {
        let (stamp, rest) = said.split_once('\n').unwrap_or((said, ""));
        return is_stamp(stamp).then(|| made(&name, None, rest))?;
    }
    let next = next_seen(blocks, at).filter(|&next| is_stamp(&blocks[next].text))?;
    made(&name, Some(next), "")
}

/// `marta_w · 3 March 2026`, `Ivo Marek wrote on 3 March 2026 at 10:14:`, `Posted by Ivo Marek, 2 days ago` → the name.
fn stamped_name(line: &str) -> Option<String> {
    if line.ends_with(['.', '?', '!']) {
        return None;
    }
    let rest = without_time(line)?;
    // The name may be in bold.
    let rest = rest.replace(['*', '_'], "\u{1}");
    let name: Vec<&str> = rest
        .split(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '·' | '•' | '|' | ',' | '(' | ')' | '[' | ']' | ':' | '–' | '—' | '\u{1}'
                )
        })
        .filter(|word| !word.is_empty() && !names::among(AROUND, &key(word)) && *word != "-")
        .collect();
    let own: String = line.replace(['*', '_'], "");
    let name = name.join(" ");
    // An underscore is a part of many names.
    let handle = line
        .split(|c: char| c.is_whitespace() || matches!(c, '*' | ',' | ':'))
        .find(|word| word.contains('_') && word.replace('_', " ").trim() == name)
        .map(str::to_string);
    let name = handle.unwrap_or(name);
    (own.contains(&name) || name.contains('_'))
        .then(|| bare_name(&name))
        .flatten()
}

/// Returns `line` without its day and time, or `None` if it has none.
fn without_time(line: &str) -> Option<String> {
    let day = dates::day_in(line).is_some();
    let rest = if day {
        dates::without_days(line)
    } else {
        line.to_string()
    };
    let mut out: Vec<&str> = Vec::new();
    let mut timed = day;
    let parts: Vec<&str> = rest.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let mut at = 0;
    while at < parts.len() {
        let word = bare(parts[at]);
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let number = digits > 0 || matches!(word.as_str(), "a" | "an" | "one");
        let joined = digits > 0 && digits < word.len() && names::among(UNITS, &word[digits..]);
        let unit = parts.get(at + 1).is_some_and(|next| names::among(UNITS, &bare(next)));
        let ago = |from: usize| parts.get(from).is_some_and(|word| bare(word) == "ago");
        if number && unit && ago(at + 2) {
            (timed, at) = (true, at + 3);
        } else if joined && (ago(at + 1) || parts.len() - at == 1) {
            (timed, at) = (true, at + 1 + usize::from(ago(at + 1)));
        } else if is_clock(&word) {
            // A time of day alone is that of a talk.
            at += 1;
        } else if matches!(word.as_str(), "yesterday" | "today") && parts.len() > 1 {
            (timed, at) = (true, at + 1);
        } else {
            out.push(parts[at]);
            at += 1;
        }
    }
    timed.then(|| out.join(" "))
}

/// Reports whether a word is a time of day: `10:14`, `10:14am`, `09:02:11`.
fn is_clock(word: &str) -> bool {
    let word = word.trim_end_matches(['a', 'p', 'm', 'z']);
    let fields: Vec<&str> = word.split(':').collect();
    let field = |f: &&str| (1..=2).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit());
    (2..=3).contains(&fields.len()) && fields.iter().all(field)
}

/// Reports whether a text is only a day or a time.
fn is_stamp(text: &str) -> bool {
    if text.chars().count() > 60 || text.contains('\n') {
        return false;
    }
    let Some(rest) = without_time(text) else {
        return false;
    };
    key(&rest)
        .split(' ')
        .all(|word| word.is_empty() || names::among(AROUND, word) || dates::is_weekday(word) || is_zone(word))
}

fn is_zone(word: &str) -> bool {
    word.len() <= 4 && word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'z' | b'+'))
}

/// Returns a name or the handle of an account.
fn bare_name(text: &str) -> Option<String> {
    let text = text.trim();
    let handle = !text.contains(char::is_whitespace)
        && (2..=30).contains(&text.chars().count())
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '/'))
        && text.chars().any(char::is_alphabetic)
        && !text.ends_with('.')
        && !names::among(names::NO_SPEAKER, &key(text))
        && !names::opens_sentence(text);
    let named = names::is_name(text) && words(text) <= 4 && !names::opens_sentence(text) && names::is_speaker(text);
    (handle || named || names::is_person(text)).then(|| text.to_string())
}

/// Reports whether text stands below every head.
fn with_text(blocks: &[Block], heads: &[Head]) -> bool {
    let ends = heads.iter().skip(1).map(|head| head.at).chain([blocks.len()]);
    heads.iter().zip(ends).all(|(head, end)| {
        let from = head.stamp.unwrap_or(head.at) + 1;
        !head.said.is_empty() || blocks[from..end].iter().any(|b| b.is_seen() && words(&b.text) > 1)
    })
}

/// `Re: [pm-list] How do you price it?` → `How do you price it?`
fn without_marks(subject: &str) -> String {
    let mut subject = subject.trim();
    loop {
        let reply = ["re:", "aw:", "sv:", "antw:", "res:", "rif:", "fwd:", "fw:"]
            .iter()
            .find_map(|mark| {
                let head = subject.get(..mark.len())?;
                head.eq_ignore_ascii_case(mark).then(|| &subject[mark.len()..])
            });
        let list = subject
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .map(|(_, rest)| rest);
        match reply.or(list) {
            Some(rest) => subject = rest.trim(),
            None => return one_line(subject),
        }
    }
}

/// Reports whether a line is the name of who wrote the post, or a part of it.
fn is_own_name(text: &str, name: &str) -> bool {
    let line = key(text.trim_start_matches(['-', '–', '—', ' ']));
    let own = key(name);
    !line.is_empty() && words(text) <= 3 && (line == own || own.split(' ').any(|part| part == line))
}

/// Reports whether a line counts the posts: `3 replies`, `2 Answers`.
fn counts_replies(text: &str) -> bool {
    let k = key(text);
    let mut parts = k.split(' ');
    let number = parts
        .next()
        .is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit()));
    number
        && parts
            .next()
            .is_some_and(|word| matches!(word, "replies" | "reply" | "answers" | "answer" | "responses"))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_time_stand_above_a_post() {
        for (line, name) in [
            ("**marta_w** · 3 March 2026", Some("marta_w")),
            ("Ivo Marek wrote on 3 March 2026 at 10:14:", Some("Ivo Marek")),
            ("Posted by Ivo Marek, 2 days ago", Some("Ivo Marek")),
            ("dev-ana • 2h ago", Some("dev-ana")),
            ("Lena Ortiz (2026-03-04 09:02 UTC)", Some("Lena Ortiz")),
            ("We met on 3 March 2026.", None),
            ("The price rose on 3 March 2026", None),
            ("3 March 2026", None),
            ("Ivo Marek", None),
        ] {
            assert_eq!(stamped_name(line).as_deref(), name, "{line}");
        }
        for text in [
            "March 3, 2026, 10:14am",
            "2 days ago",
            "Yesterday at 10:14",
            "Tue, 3 Mar 2026 10:14:00 +0100",
        ] {
            assert!(is_stamp(text), "{text}");
        }
        for text in ["Ten days ago we met", "In 2026", "10 seats", ""] {
            assert!(!is_stamp(text), "{text}");
        }
        assert_eq!(without_marks("Re: [pm-list] AW: Why?"), "Why?");
    }
}
