//! Chooses the discussion that a follow-up is answered from.

use super::writing::RELATED;
use crate::answer::runs::Shown;
use crate::answer::topic::{Topic, Verdict};
use crate::corpus::Id;

/// Leaves only the best of `topics` that answers, which are the most confident first. If none does, the nearest that the
/// conversation has quoted answers, because the question depends on it. `shown` is what was quoted.
pub(super) fn go_on(topics: &mut [Topic], shown: &[Shown]) {
    let was_shown = |topic: &Topic| {
        let ids = shown.iter().filter_map(|shown| shown.id.as_ref()?.parse::<Id>().ok());
        ids.map(|id| id.group()).any(|group| group == topic.id)
    };
    let answers = |topic: &Topic| topic.verdict == Verdict::Answers;
    if let Some(best) = topics.iter().position(answers) {
        let others = topics[best + 1..].iter_mut().filter(|topic| answers(topic));
        others.for_each(|topic| topic.verdict = Verdict::Related);
    } else if let Some(at) = topics.iter().take(RELATED).position(was_shown) {
        topics[at].verdict = Verdict::Answers;
        topics[..=at].rotate_right(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;
    use crate::answer::topic::Found;

    fn topic(id: &str, verdict: Verdict) -> Topic {
        let passage = passage(&format!("{id}/a"), "So.");
        let topic = Topic::new(id.parse().unwrap(), vec![passage], Found::default()).unwrap();
        Topic { verdict, ..topic }
    }

    fn shown(id: &str) -> Shown {
        Shown {
            id: Some(id.into()),
            quote: "So.".into(),
        }
    }

    fn after(topics: &[(&str, Verdict)], shown: &[Shown]) -> Vec<String> {
        let mut topics: Vec<Topic> = topics.iter().map(|(id, verdict)| topic(id, *verdict)).collect();
        go_on(&mut topics, shown);
        let answers = topics.iter().filter(|topic| topic.verdict == Verdict::Answers);
        answers.map(|topic| topic.id.to_string()).collect()
    }

    #[test]
    fn one_discussion_answers_a_follow_up() {
        use Verdict::{Answers, Related};
        let both = [("e/q1", Answers), ("e/q2", Answers), ("e/q3", Related)];
        assert_eq!(after(&both, &[shown("e/q2/a")]), ["e/q1"]);
    }

    #[test]
    fn if_none_answers_the_nearest_that_was_quoted_does() {
        use Verdict::Related;
        let none = [
            ("e/q1", Related),
            ("e/q2", Related),
            ("e/q3", Related),
            ("e/q4", Related),
        ];
        assert_eq!(after(&none, &[shown("e/q3/b"), shown("e/q2")]), ["e/q2"]);
        assert_eq!(after(&none, &[shown("e/q4/a")]), [""; 0]);
        assert_eq!(after(&none, &[]), [""; 0]);
    }
}
