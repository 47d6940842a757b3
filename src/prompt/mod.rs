//! Builds a model's prompt from a question and its passages, within a number of tokens.
//!
//! A [`Template`] holds only wording (see `prompts/`). Passages are given best first and trimmed to fit; the question
//! never is. The caller counts tokens through a closure, so this module knows no model.

use crate::answer::sentences::sentences;

const ANSWER: &str = include_str!("../../prompts/answer.md");

const SYSTEM: &str = "## system\n";
const USER: &str = "\n## user\n";
const PASSAGES: &str = "{{passages}}";
const QUESTION: &str = "{{question}}";

/// The wording of every prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    /// `answer.md`: asks for the sentence that answers, from runs of sentences.
    pub answer: Template,
}

impl Prompts {
    /// Loads templates through `read`, and falls back to the built-in wording.
    ///
    /// A file for one kind of model takes precedence over `answer.md`: `MODEL/answer.md` for each of `models` in turn.
    /// Those are a model's name and its architecture.
    ///
    /// # Errors
    /// If a file is not a template, the error that `fault` makes from its name and the reason. Errors of `read` are
    /// passed on.
    pub fn load<E>(
        models: &[&str],
        read: impl Fn(&str) -> Result<Option<String>, E>,
        fault: impl Fn((&str, TemplateError)) -> E,
    ) -> Result<Self, E> {
        let one = |name: &str, builtin: &str| {
            let own = models
                .iter()
                .filter(|model| is_folder_name(model))
                .map(|model| format!("{model}/{name}"));
            for file in own.chain([name.to_string()]) {
                if let Some(text) = read(&file)? {
                    return Template::parse(&text).map_err(|error| fault((&file, error)));
                }
            }
            Template::parse(builtin).map_err(|error| fault((name, error)))
        };
        Ok(Prompts {
            answer: one("answer.md", ANSWER)?,
        })
    }
}

/// Returns whether a model's name, which may come from a file, is safe to use as a folder name.
fn is_folder_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
}

/// The two messages of a prompt, with placeholders for the passages and the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    system: String,
    /// Text before the passages, between passages and question, and after the question.
    user: [String; 3],
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the file must start with a line `## system` and contain a line `## user` after it")]
    Sections,
    #[error("the user message must contain {PASSAGES} once and, after it, {QUESTION} once")]
    Holes,
}

/// The messages to send to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    pub system: String,
    pub user: String,
    /// How many of the given passages are in it, in full or cut.
    pub passages: usize,
    /// Whether all passages are in it in full.
    pub whole: bool,
}

impl Template {
    /// Parses a template: `## system`, its text, `## user`, its text with both placeholders.
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

    /// Fills in `question` and as many of the `passages` (best first) as fit in `budget` tokens.
    ///
    /// `count` returns the number of tokens of a system and a user message together. The last passage is cut after a
    /// sentence if it fits only in part. The caller must check that the question by itself fits.
    pub fn fill<E>(
        &self,
        question: &str,
        passages: &[String],
        budget: usize,
        count: &dyn Fn(&str, &str) -> Result<usize, E>,
    ) -> Result<Prompt, E> {
        let mut kept: Vec<&str> = Vec::new();
        let mut whole = true;
        for text in passages {
            kept.push(text);
            if count(&self.system, &self.user(question, &kept))? <= budget {
                continue;
            }
            kept.pop();
            whole = false;
            // Bisect on the number of sentences: counting tokens is expensive.
            let ends: Vec<usize> = sentences(text).iter().map(|span| span.end).collect();
            let (mut fits, mut too_many) = (0, ends.len());
            while fits + 1 < too_many {
                let middle = (fits + too_many) / 2;
                kept.push(&text[..ends[middle - 1]]);
                let small = count(&self.system, &self.user(question, &kept))? <= budget;
                kept.pop();
                if small { fits = middle } else { too_many = middle }
            }
            if fits > 0 {
                kept.push(&text[..ends[fits - 1]]);
            }
            break;
        }
        Ok(Prompt {
            system: self.system.clone(),
            user: self.user(question, &kept),
            passages: kept.len(),
            whole,
        })
    }

    /// Returns how every prompt of this template begins: the system message, and the user message up to the passages.
    pub fn opening(&self) -> (&str, &str) {
        (&self.system, &self.user[0])
    }

    fn user(&self, question: &str, passages: &[&str]) -> String {
        let [before, between, after] = &self.user;
        format!("{before}{}{between}{}{after}", passages.join("\n\n"), question.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn words(system: &str, user: &str) -> Result<usize, Infallible> {
        Ok(system.split_whitespace().count() + user.split_whitespace().count())
    }

    fn fill(question: &str, passages: &[&str], budget: usize) -> Prompt {
        let template = Template::parse("## system\nBe brief.\n\n## user\n{{passages}}\n\nQ: {{question}}\n").unwrap();
        let texts: Vec<String> = passages.iter().map(|text| text.to_string()).collect();
        template.fill(question, &texts, budget, &words).unwrap()
    }

    #[test]
    fn the_built_in_template_has_both_messages_and_both_holes() {
        Template::parse(ANSWER).unwrap();
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
    fn passages_are_parted_by_blank_lines_and_followed_by_the_question() {
        let prompt = fill("Why so?", &["Because.", "No."], 100);
        assert_eq!(prompt.system, "Be brief.");
        assert_eq!(prompt.user, "Because.\n\nNo.\n\nQ: Why so?");
        assert_eq!((prompt.passages, prompt.whole), (2, true));
    }

    #[test]
    fn the_last_passage_that_fits_only_in_part_is_cut_after_a_sentence() {
        let passages = ["One two. Three four. Five six.", "Seven."];
        let whole = words("", &fill("Why so?", &passages[..1], 100).user).unwrap() + 2;
        let cut = fill("Why so?", &passages, whole - 1);
        assert!(cut.user.contains("Three four.\n"), "{}", cut.user);
        assert_eq!((cut.passages, cut.whole), (1, false));
    }

    #[test]
    fn the_question_stays_whole_when_nothing_else_fits() {
        let prompt = fill("Why is that so?", &["Because."], 0);
        assert_eq!((prompt.passages, prompt.user.contains("Q: Why is that so?")), (0, true));
    }

    #[test]
    fn holes_named_in_a_passage_or_a_question_stay_text() {
        let prompt = fill("{{passages}}?", &["Say {{question}}."], 100);
        assert!(prompt.user.contains("Say {{question}}.") && prompt.user.ends_with("Q: {{passages}}?"));
    }

    #[test]
    fn a_model_s_own_file_goes_before_its_architecture_s_and_the_general_one() {
        let file = |text: &str| {
            Some(format!(
                "## system\n{text}\n\n## user\n{{{{passages}}}} {{{{question}}}}\n"
            ))
        };
        let read = |path: &str| {
            Ok::<_, String>(match path {
                "tiny/answer.md" => file("for the model"),
                "llama/answer.md" => file("for the architecture"),
                "answer.md" => file("for all"),
                other => panic!("{other} is no file to look for"),
            })
        };
        let load = |models: &[&str]| {
            let prompts = Prompts::load(models, read, |(name, error)| format!("{name}: {error}")).unwrap();
            prompts.answer.system
        };
        assert_eq!(load(&["tiny", "llama"]), "for the model");
        assert_eq!(load(&["llama"]), "for the architecture");
        assert_eq!(load(&["../../etc", "a/b", ""]), "for all");
    }
}
