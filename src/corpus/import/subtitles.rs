//! Turns subtitles (SubRip `.srt`, WebVTT `.vtt`) into a transcript with paragraphs, or with a turn for each speaker.
//!
//! Numbers, times and settings of cues are dropped. Each turn begins with its time, which `talk.rs` reads.

use super::{names, slug};

/// Without speakers, a paragraph ends at the first end of a sentence after this many words.
const PARAGRAPH_WORDS: usize = 60;

/// The content of one cue.
struct Cue {
    time: String,
    who: Option<String>,
    text: String,
}

/// Returns `text`, called `name`, as Markdown if it is subtitles.
pub(super) fn transcript(name: &str, text: &str) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let ending = slug::file_name(name).rsplit_once('.').map_or("", |(_, ending)| ending);
    let named = ["srt", "vtt"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    let web = text.starts_with("WEBVTT");
    if !(named || web) || !text.contains("-->") {
        return None;
    }
    let stem = slug::file_stem(name);
    // `talk.en.srt` has a language.
    let stem = match stem.rsplit_once('.') {
        Some((stem, language)) if (2..=5).contains(&language.len()) => stem.to_string(),
        _ => stem,
    };
    let first = text.lines().next().unwrap_or_default();
    let said = first
        .strip_prefix("WEBVTT")
        .map(|rest| rest.trim_matches([' ', '-', '\t']));
    let title = said
        .filter(|said| !said.is_empty() && !said.contains(':'))
        .unwrap_or(&stem);
    let (cues, notes) = cues(&text);
    let mut out = format!("---\ntitle: {title}\n---\n\n");
    for note in notes {
        out.push_str(&format!("<!-- {} -->\n", note.replace("--", "–")));
    }
    if cues.iter().any(|cue| cue.who.is_some()) {
        turns(&cues, &mut out);
    } else {
        paragraphs(&cues, &mut out);
    }
    Some(out)
}

fn cues(text: &str) -> (Vec<Cue>, Vec<String>) {
    let (mut cues, mut notes): (Vec<Cue>, Vec<String>) = (Vec::new(), Vec::new());
    let mut shown = String::new();
    for block in text.split("\n\n") {
        let lines: Vec<&str> = block.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let Some(first) = lines.first() else { continue };
        if let Some(note) = first.strip_prefix("NOTE") {
            notes.push(format!("{note} {}", lines[1..].join(" ")).trim().to_string());
            continue;
        }
        if ["WEBVTT", "STYLE", "REGION"]
            .iter()
            .any(|start| first.starts_with(start))
            && !block.contains("-->")
        {
            continue;
        }
        let at = lines.iter().position(|line| line.contains("-->"));
        let said = at.map_or(0, |at| at + 1);
        let time = at.map(|at| lines[at].split("-->").next().unwrap_or_default());
        let time = time.map(|time| time.trim().split(['.', ',']).next().unwrap_or_default().to_string());
        let (mut who, mut words) = (None, String::new());
        for line in &lines[said.min(lines.len())..] {
            // Live captions repeat a line in the next cue.
            let (speaker, line) = plain(line);
            if line.is_empty() || line == shown {
                continue;
            }
            who = who.or(speaker);
            words.push_str(&line);
            words.push(' ');
            shown = line;
        }
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match (time, cues.last_mut()) {
            (Some(time), _) if !words.trim().is_empty() => cues.push(Cue {
                time,
                who,
                text: words.trim().to_string(),
            }),
            // There was a blank line within the cue.
            (None, Some(last)) if !number(words.trim()) => {
                last.text.push(' ');
                last.text.push_str(words.trim());
            }
            _ => {}
        }
    }
    name_speakers(&mut cues);
    (cues, notes)
}

/// Returns the speaker named by a voice tag, and the line without tags.
fn plain(line: &str) -> (Option<String>, String) {
    let (mut out, mut who, mut rest) = (String::new(), None, line);
    while let Some(open) = rest.find(['<', '{']) {
        out.push_str(&rest[..open]);
        let close = if rest[open..].starts_with('<') { '>' } else { '}' };
        let Some(end) = rest[open..].find(close).map(|end| open + end) else {
            out.push_str(&rest[open..]);
            rest = "";
            break;
        };
        let tag = &rest[open + 1..end];
        let voice = tag.strip_prefix('v').filter(|name| name.starts_with([' ', '.']));
        if let Some((_, name)) = voice.and_then(|voice| voice.split_once(' ')) {
            who = who.or_else(|| Some(name.trim().to_string()).filter(|name| !name.is_empty()));
        } else if close == '}' && !tag.starts_with('\\') {
            out.push_str(&rest[open..=end]);
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    for (entity, sign) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&lrm;", ""),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, sign);
    }
    (who, super::clean::one_line(&out))
}

/// Treats `Ana:` as the speaker if that name begins more than one cue.
fn name_speakers(cues: &mut [Cue]) {
    let named = |text: &str| -> Option<(String, String)> {
        let (who, said) = text.trim_start_matches(['-', '>', ' ']).split_once(": ")?;
        names::is_speaker(who).then(|| (who.to_string(), said.to_string()))
    };
    let mut counts = std::collections::HashMap::new();
    for (who, _) in cues.iter().filter_map(|cue| named(&cue.text)) {
        *counts.entry(who).or_insert(0) += 1;
    }
    for cue in cues.iter_mut().filter(|cue| cue.who.is_none()) {
        if let Some((who, said)) = named(&cue.text).filter(|(who, _)| counts.get(who).is_some_and(|&n| n > 1)) {
            (cue.who, cue.text) = (Some(who), said);
        }
    }
}

/// Writes a paragraph for each turn. A cue without a name continues the turn before it.
fn turns(cues: &[Cue], out: &mut String) {
    let mut speaker: Option<&str> = None;
    for cue in cues {
        match &cue.who {
            Some(who) if speaker != Some(who.as_str()) => {
                out.push_str(&format!("\n\n[{}] {who}: {}", cue.time, cue.text));
                speaker = Some(who);
            }
            _ => {
                out.push(' ');
                out.push_str(&cue.text);
            }
        }
    }
    out.push('\n');
}

fn paragraphs(cues: &[Cue], out: &mut String) {
    let mut count = 0;
    for cue in cues {
        out.push_str(&cue.text);
        count += super::clean::words(&cue.text);
        if count >= PARAGRAPH_WORDS && cue.text.ends_with(['.', '?', '!', '…', '”', '"']) {
            out.push_str("\n\n");
            count = 0;
        } else {
            out.push(' ');
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cues_become_turns_or_paragraphs() {
        let web = "WEBVTT - Queues\n\nNOTE made by hand\n\n1\n00:01.000 --> 00:04.000 align:start\n<v Ada>Welcome <i>back</i>.\n\n\
                   00:05.000 --> 00:06.000\n<v Joran>Today: queues &amp; dates.\n\n00:07.000 --> 00:08.000\n<v Joran>Loud ones.\n";
        assert_eq!(
            transcript("a.vtt", web).unwrap(),
            "---\ntitle: Queues\n---\n\n<!-- made by hand -->\n\n\n[00:01] Ada: Welcome back.\n\n[00:05] Joran: Today: queues & \
             dates. Loud ones.\n"
        );
        let sub = "1\r\n00:00:01,000 --> 00:00:04,000\r\nWelcome back.\r\n\r\n2\r\n00:00:04,500 --> 00:00:09,000\r\nWelcome \
                   back.\r\nToday, queues.\r\n";
        assert_eq!(
            transcript("desk_talk.en.srt", sub).unwrap(),
            "---\ntitle: desk talk\n---\n\nWelcome back. Today, queues. \n"
        );
        assert_eq!(transcript("a.txt", "No cue --> here"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s)(WEBVTT|NOTE|-->|<v A>|[0-9:,<>{} \n]|Ana: |é){0,40}") {
            let _ = transcript("a.vtt", &text);
        }
    }
}
