//! Puts a question and its passages into the words a model is prompted with, within a number of tokens.
//!
//! In: a [`Template`] (wording only, `prompts/`), the question, the passages best first, a token budget and a way to
//! count. Out: a [`Prompt`]. Passages are trimmed to fit, the question never is. It must not know of any model: tokens
//! are counted by the caller's closure.

use crate::answer::sentences::sentences;
use crate::corpus::Passage;

/// The wording of `prompts/answer.md`.
const ANSWER: &str = include_str!("../../prompts/answer.md");

const SYSTEM: &str = "## system\n";
const USER: &str = "\n## user\n";
const PASSAGES: &str = "{{passages}}";
const QUESTION: &str = "{{question}}";

/// The two messages of a prompt, with holes for the passages and the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    system: String,
    /// Text before the passages, between passages and question, and after the question.
    user: [String; 3],
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("a line `## system` must open the file and a line `## user` follow it")]
    Sections,
    #[error("the user message must hold {PASSAGES} once and, after it, {QUESTION} once")]
    Holes,
}

/// What a model is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    pub system: String,
    pub user: String,
    /// How many of the passages given are in it, in full or cut.
    pub passages: usize,
}

impl Template {
    /// The built-in wording.
    pub fn builtin() -> Result<Self, TemplateError> {
        Self::parse(ANSWER)
    }

    /// Reads a template: `## system`, its text, `## user`, its text with both holes.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let text = text.replace("\r\n", "\n");
        let (system, user) = text
            .strip_prefix(SYSTEM)
            .and_then(|rest| rest.split_once(USER))
            .ok_or(TemplateError::Sections)?;
        let (before, rest) = user.split_once(PASSAGES).ok_or(TemplateError::Holes)?;
        let (between, after) = rest.split_once(QUESTION).ok_or(TemplateError::Holes)?;
        let hole_left = [before, between, after]
            .iter()
            .any(|part| part.contains(PASSAGES) || part.contains(QUESTION));
        if hole_left {
            return Err(TemplateError::Holes);
        }
        Ok(Template {
            system: system.trim().to_string(),
            user: [
                before.trim_start().to_string(),
                between.to_string(),
                after.trim_end().to_string(),
            ],
        })
    }

    /// The prompt for `question` with as many of `passages` (best first) as `budget` tokens hold; `count` tells how
    /// many tokens a system and a user message take together. The last passage that fits only in part is cut after a
    /// sentence. Whether even the bare question fits is for the caller to see.
    pub fn fill<E>(
        &self,
        question: &str,
        passages: &[&Passage],
        budget: usize,
        count: &dyn Fn(&str, &str) -> Result<usize, E>,
    ) -> Result<Prompt, E> {
        let mut notes: Vec<String> = Vec::new();
        for passage in passages {
            let text = passage.text.as_str();
            let whole = note(notes.len() + 1, passage, text);
            notes.push(whole);
            if count(&self.system, &self.user(question, &notes))? <= budget {
                continue;
            }
            notes.pop();
            // Fewer and fewer sentences of it, by bisection: counting tokens is the dear part.
            let ends: Vec<usize> = sentences(text).iter().map(|span| span.end).collect();
            let (mut fits, mut too_many) = (0, ends.len());
            while fits + 1 < too_many {
                let middle = (fits + too_many) / 2;
                notes.push(note(notes.len() + 1, passage, &text[..ends[middle - 1]]));
                let small = count(&self.system, &self.user(question, &notes))? <= budget;
                notes.pop();
                if small { fits = middle } else { too_many = middle }
            }
            if fits > 0 {
                notes.push(note(notes.len() + 1, passage, &text[..ends[fits - 1]]));
            }
            break;
        }
        Ok(Prompt {
            system: self.system.clone(),
            user: self.user(question, &notes),
            passages: notes.len(),
        })
    }

    fn user(&self, question: &str, notes: &[String]) -> String {
        let [before, between, after] = &self.user;
        format!("{before}{}{between}{}{after}", notes.join("\n\n"), question.trim())
    }
}

fn note(n: usize, passage: &Passage, text: &str) -> String {
    let by = passage.contributor.as_deref().unwrap_or("the newsletter");
    format!("Note {n}, by {by}, on \"{}\":\n{text}", passage.discussion)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;
    use std::convert::Infallible;

    fn words(system: &str, user: &str) -> Result<usize, Infallible> {
        Ok(system.split_whitespace().count() + user.split_whitespace().count())
    }

    fn fill(question: &str, passages: &[Passage], budget: usize) -> Prompt {
        let template = Template::parse("## system\nBe brief.\n\n## user\n{{passages}}\n\nQ: {{question}}\n").unwrap();
        let refs: Vec<&Passage> = passages.iter().collect();
        template.fill(question, &refs, budget, &words).unwrap()
    }

    #[test]
    fn the_built_in_template_has_both_messages_and_both_holes() {
        Template::builtin().unwrap();
    }

    #[test]
    fn what_is_no_template_is_told_what_is_missing() {
        for (text, error) in [
            ("", TemplateError::Sections),
            ("## system\nx\n## users\n", TemplateError::Sections),
            ("## system\nx\n\n## user\n{{question}}\n", TemplateError::Holes),
            (
                "## system\nx\n\n## user\n{{question}} {{passages}}\n",
                TemplateError::Holes,
            ),
            (
                "## system\nx\n\n## user\n{{passages}} {{question}} {{question}}\n",
                TemplateError::Holes,
            ),
        ] {
            assert_eq!(Template::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn passages_are_numbered_signed_and_followed_by_the_question() {
        let prompt = fill(
            "Why so?",
            &[passage("e/q1/a", "Because."), passage("e/q1/b", "No.")],
            100,
        );
        assert_eq!(prompt.system, "Be brief.");
        assert_eq!(
            prompt.user,
            "Note 1, by Somebody, on \"Why?\":\nBecause.\n\nNote 2, by Somebody, on \"Why?\":\nNo.\n\nQ: Why so?"
        );
        assert_eq!(prompt.passages, 2);
    }

    #[test]
    fn the_last_passage_that_fits_only_in_part_is_cut_after_a_sentence() {
        let passages = [
            passage("e/q1/a", "One two. Three four. Five six."),
            passage("e/q1/b", "Seven."),
        ];
        let whole = words("", &fill("Why so?", &passages[..1], 100).user).unwrap() + 2;
        let cut = fill("Why so?", &passages, whole - 1);
        assert!(cut.user.contains("Three four.\n"), "{}", cut.user);
        assert_eq!(cut.passages, 1);
    }

    #[test]
    fn the_question_stays_whole_when_nothing_else_fits() {
        let prompt = fill("Why is that so?", &[passage("e/q1/a", "Because.")], 0);
        assert_eq!((prompt.passages, prompt.user.contains("Q: Why is that so?")), (0, true));
    }

    #[test]
    fn holes_named_in_a_passage_or_a_question_stay_text() {
        let prompt = fill("{{passages}}?", &[passage("e/q1/a", "Say {{question}}.")], 100);
        assert!(prompt.user.contains("Say {{question}}.") && prompt.user.ends_with("Q: {{passages}}?"));
    }
}
