//! Recognises lines of a conversation that ask nothing: thanks, greetings and goodbyes.
//!
//! A [`Courtesy`] gets a fixed reply and is not searched for. A line is a courtesy only if it consists of polite
//! phrases and asks nothing: "thanks, and what about startups?" is a question.

/// What kind of polite line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Courtesy {
    Greeting,
    Thanks,
    /// "ok", "I see": an acknowledgement.
    Heard,
    /// "bye": the user leaves.
    Leave,
}

impl Courtesy {
    /// Returns a friendly reply, or `None` for a goodbye.
    pub fn reply(self) -> Option<&'static str> {
        match self {
            Courtesy::Greeting => Some("hello; ask a question, or type /help"),
            Courtesy::Thanks => Some("you are welcome; ask another question, or type exit"),
            Courtesy::Heard => Some("ask another question, or type exit"),
            Courtesy::Leave => None,
        }
    }
}

const GREETINGS: &str = "hi|hello|hey|hi there|hello there|hey there|good morning|good afternoon|good evening";
const THANKS: &str = "thanks|thank you|thank u|thankyou|thx|ty|cheers|many thanks|no thanks|no thank you|\
    much appreciated|appreciated|appreciate it|i appreciate it|well done|good job|good bot";
/// These say nothing by themselves.
const AFTER_THANKS: &str = "a lot|so much|very much|a million|again|for that|for this|for the help|for your help|\
    for the answer|for helping|for all|that is all|thats all|thats it|and|then|all|everybody|everyone|askpm";
const HEARD: &str = "ok|okay|k|kk|yes|yep|yeah|no|nope|all right|alright|right|fine|sure|great|good|nice|cool|perfect|\
    awesome|excellent|wonderful|lovely|super|amazing|brilliant|interesting|understood|got it|i see|i understand|\
    makes sense|that makes sense|sounds good|good to know|noted|very good|very helpful|very useful|really helpful|\
    helpful|useful|that helps|that helped|this helps|that is helpful|thats helpful|that was helpful|that is great|\
    thats great|thats good|thats useful|that is useful|never mind|nevermind|nothing|done|im done|no more questions|wow|\
    oh|ah|aha|hm|hmm|well";
const LEAVING: &str = "exit|quit|bye|bye bye|goodbye|good bye|see you|see ya|ciao";

/// The most words of a phrase.
const LONGEST: usize = 3;

/// Returns what kind of courtesy `line` is, or `None` for anything else. A goodbye outranks thanks: "thanks, bye"
/// leaves.
pub fn courtesy(line: &str) -> Option<Courtesy> {
    if line.contains(['?', '？']) || line.len() > 200 {
        return None;
    }
    let letters = |word: &str| -> String {
        let letters = word.chars().filter(|c| !matches!(c, '\'' | '’'));
        letters.flat_map(char::to_lowercase).collect()
    };
    let split = line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')));
    let words: Vec<String> = split.map(letters).filter(|word| !word.is_empty()).collect();
    let mut found: Option<Courtesy> = None;
    let mut at = 0;
    while at < words.len() {
        let left = &words[at..];
        let known = (1..=LONGEST.min(left.len()))
            .rev()
            .find_map(|count| Some((count, kind(&left[..count].join(" "))?)));
        let (count, kind) = known?;
        found = match (found, kind) {
            (_, Some(Courtesy::Leave)) => Some(Courtesy::Leave),
            (Some(Courtesy::Leave | Courtesy::Thanks), _) => found,
            (_, Some(kind)) => Some(kind),
            (None, None) => return None,
            (some, None) => some,
        };
        at += count;
    }
    found
}

/// Returns the kind of a phrase, `Some(None)` for one that only goes with others, or `None` if it is not polite.
fn kind(phrase: &str) -> Option<Option<Courtesy>> {
    let listed = |list: &str| list.split('|').any(|one| one == phrase);
    match () {
        () if listed(LEAVING) => Some(Some(Courtesy::Leave)),
        () if listed(THANKS) => Some(Some(Courtesy::Thanks)),
        () if listed(GREETINGS) => Some(Some(Courtesy::Greeting)),
        () if listed(HEARD) => Some(Some(Courtesy::Heard)),
        () if listed(AFTER_THANKS) => Some(None),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thanks_greetings_and_good_byes_are_no_questions() {
        for (line, kind) in [
            ("thanks", Courtesy::Thanks),
            ("Thank you!", Courtesy::Thanks),
            ("ok", Courtesy::Heard),
            ("great, thanks!", Courtesy::Thanks),
            ("Thanks a lot, that’s great 👍", Courtesy::Thanks),
            ("ok thanks for the help.", Courtesy::Thanks),
            ("Got it", Courtesy::Heard),
            ("that makes sense", Courtesy::Heard),
            ("Hi there", Courtesy::Greeting),
            ("bye", Courtesy::Leave),
            ("Quit.", Courtesy::Leave),
            ("EXIT", Courtesy::Leave),
            ("thanks, bye!", Courtesy::Leave),
            ("bye, and thanks", Courtesy::Leave),
        ] {
            assert_eq!(courtesy(line), Some(kind), "{line}");
        }
    }

    #[test]
    fn what_asks_for_something_is_none() {
        for line in [
            "thanks, and what about startups?",
            "ok?",
            "ok but how long does it take",
            "exit interviews",
            "quit my job",
            "how do I thank a team",
            "why",
            "more",
            "and then",
            "for that",
            "good product sense",
            "yes and no answers in surveys",
            "",
            "!!!",
        ] {
            assert_eq!(courtesy(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_judged(line in any::<String>()) {
            let _ = courtesy(&line);
        }
    }
}
