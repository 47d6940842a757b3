//! Renders chat messages into a prompt with the chat template in the model file.
//!
//! The prompt is a list of [`Segment`]s, which keep the template's text apart from the messages' text.
//!
//! The template never sees the text of a message. It gets a mark instead, surrounded by the text's leading and trailing
//! white space so that a template that trims still works. The text replaces the mark afterwards. Text that looks like
//! template syntax, a special token or a mark therefore stays text.

use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{self as jinja, Environment, context};

use crate::{Error, Gguf, Message, Role, Segment, Tokenizer};

type Result<T> = std::result::Result<T, Error>;

/// A mark is an index between two noncharacters, which Unicode reserves for internal use by programs (section 23.7).
const OPEN: char = '\u{FDD0}';
const CLOSE: char = '\u{FDD1}';

/// ChatML, for files without a template: most small models were tuned on this format.
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// A Jinja chat template, parsed, with the texts of the start and end tokens that it may write.
pub struct ChatTemplate {
    environment: Environment<'static>,
    start: String,
    end: String,
    path: PathBuf,
}

/// Maximum number of instructions for one rendering. A template comes from an untrusted file, and nested loops could
/// otherwise run forever. Ordinary templates take a few thousand instructions for a long conversation.
const FUEL: u64 = 2_000_000;

impl ChatTemplate {
    /// The template in the file, or ChatML where the file has none.
    ///
    /// # Errors
    /// [`Error::Template`] where the template is not UTF-8 or cannot be parsed.
    pub fn from_gguf(gguf: &Gguf, tokenizer: &Tokenizer) -> Result<Self> {
        let source = match gguf.metadata.text("tokenizer.chat_template") {
            Err(Error::Gguf { path, problem, .. }) => return Err(Error::Template { path, problem }),
            other => other?,
        };
        Self::new(&gguf.path, source, tokenizer.start_text(), tokenizer.end_text())
    }

    /// Parses the template. `start` and `end` are the texts of the start and end tokens, which templates may write.
    pub fn new(path: &Path, source: Option<&str>, start: &str, end: &str) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        // transformers configures Jinja this way for chat templates.
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()
                .map_err(|e| Error::Template {
                    path: path.to_path_buf(),
                    problem: describe(&e),
                })?,
        );
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function(
            "raise_exception",
            |why: String| -> std::result::Result<Value, jinja::Error> {
                Err(jinja::Error::new(jinja::ErrorKind::InvalidOperation, why))
            },
        );
        let mut template = Self {
            environment,
            start: start.into(),
            end: end.into(),
            path: path.to_path_buf(),
        };
        let source = plain_generation_blocks(source.unwrap_or(CHATML));
        if source.contains([OPEN, CLOSE]) {
            return Err(template.fail("holds characters that Unicode reserves for internal use"));
        }
        match template.environment.add_template_owned("chat", source) {
            Ok(()) => Ok(template),
            Err(e) => Err(template.fail(&describe(&e))),
        }
    }

    fn fail(&self, problem: &str) -> Error {
        Error::Template {
            path: self.path.clone(),
            problem: problem.into(),
        }
    }

    /// Renders the messages, followed by the opening of the assistant's turn.
    ///
    /// Some templates have no place for a system message: those of Gemma 2 and Mistral reject it, others drop it. The
    /// system text then goes to the beginning of the next user message.
    pub fn render(&self, messages: &[Message]) -> Result<Vec<Segment>> {
        match self.render_as_given(messages) {
            Err(_) if messages.iter().any(|m| m.role == Role::System) => {
                self.render_as_given(&without_system(messages))
            }
            other => other,
        }
    }

    fn render_as_given(&self, messages: &[Message]) -> Result<Vec<Segment>> {
        let marked: Vec<Value> = messages
            .iter()
            .enumerate()
            .map(|(index, m)| context! { role => m.role.name(), content => mark(index, &m.content) })
            .collect();
        let template = self
            .environment
            .get_template("chat")
            .map_err(|e| self.fail(&describe(&e)))?;
        let rendered = template
            .render(context! {
                messages => marked,
                add_generation_prompt => true,
                bos_token => self.start.as_str(),
                eos_token => self.end.as_str(),
                // Small models that can think aloud spend the whole answer on it.
                enable_thinking => false,
            })
            .map_err(|e| self.fail(&describe(&e)))?;
        self.put_back(&rendered, messages)
    }

    fn put_back(&self, rendered: &str, messages: &[Message]) -> Result<Vec<Segment>> {
        let mut segments = Vec::new();
        let mut seen = vec![false; messages.len()];
        let mut rest = rendered;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let found = after.split_once(CLOSE).and_then(|(index, after)| {
                let index: usize = index.parse().ok()?;
                Some((index, messages.get(index)?, after))
            });
            let Some((index, message, after)) = found else {
                return Err(self.fail("changes the text of a message"));
            };
            seen[index] = true;
            segments.push(Segment::Template(before.into()));
            segments.push(Segment::Content(message.content.trim().into()));
            rest = after;
        }
        segments.push(Segment::Template(rest.into()));
        segments.retain(|s| !matches!(s, Segment::Template(t) if t.is_empty()));
        let lost = messages
            .iter()
            .zip(seen)
            .find(|(m, seen)| !seen && !m.content.trim().is_empty());
        match lost {
            Some((message, _)) => Err(self.fail(&format!("leaves out the {} message", message.role.name()))),
            None => Ok(segments),
        }
    }
}

/// Returns the stand-in for a text: a mark with the text's outer white space. Blank text stays as it is, because it has
/// nothing to protect.
fn mark(index: usize, content: &str) -> String {
    let core = content.trim();
    if core.is_empty() {
        return content.into();
    }
    let start = content.len() - content.trim_start().len();
    let (before, after) = (&content[..start], &content[start + core.len()..]);
    format!("{before}{OPEN}{index}{CLOSE}{after}")
}

fn without_system(messages: &[Message]) -> Vec<Message> {
    let mut pending = String::new();
    let mut out = Vec::new();
    for message in messages {
        match message.role {
            Role::System => {
                pending.push_str(message.content.trim());
                pending.push_str("\n\n");
            }
            Role::User if !pending.is_empty() => {
                let content = std::mem::take(&mut pending) + &message.content;
                out.push(Message {
                    role: Role::User,
                    content,
                });
            }
            _ => out.push(message.clone()),
        }
    }
    if !pending.is_empty() {
        out.push(Message {
            role: Role::User,
            content: pending.trim_end().into(),
        });
    }
    out
}

/// Replaces `{% generation %}`, a block that transformers adds to mark text for training, with a block that is always
/// taken. The output is the same.
fn plain_generation_blocks(source: &str) -> String {
    let mut out = source.to_string();
    for dash in ["", "-"] {
        for end in ["", "-"] {
            out = out.replace(
                &format!("{{%{dash} generation {end}%}}"),
                &format!("{{%{dash} if true {end}%}}"),
            );
            out = out.replace(
                &format!("{{%{dash} endgeneration {end}%}}"),
                &format!("{{%{dash} endif {end}%}}"),
            );
        }
    }
    out
}

/// One line: what went wrong and where in the template.
fn describe(error: &jinja::Error) -> String {
    let what = error
        .detail()
        .map_or_else(|| error.kind().to_string(), |d| format!("{}: {d}", error.kind()));
    let what = what.replace(['\n', '\r'], " ");
    error
        .line()
        .map_or_else(|| what.clone(), |line| format!("{what} (line {line})"))
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
