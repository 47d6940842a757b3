//! Defines the prompts, which most assistants offer as commands to type.

use rmcp::model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

const ASK: &str = "ask";

/// Returns every prompt, as listed to clients.
pub fn all() -> Vec<Prompt> {
    let question = PromptArgument::new("question")
        .with_description("A question that is clear without context")
        .with_required(true);
    let about = "Answers a question from the newsletter's discussions, with citations";
    vec![Prompt::new(ASK, Some(about), Some(vec![question])).with_title("Ask the newsletter")]
}

/// Returns the message of a prompt.
///
/// # Errors
/// Fails if no prompt has that name, or if the question is missing.
pub fn get(name: &str, arguments: Option<&JsonObject>) -> Result<GetPromptResult, String> {
    if name != ASK {
        return Err(format!("there is no prompt `{name}`"));
    }
    let question = arguments
        .and_then(|given| given.get("question"))
        .and_then(Value::as_str);
    let question = question.map(str::trim).filter(|question| !question.is_empty());
    let question = question.ok_or("the prompt `ask` needs the argument `question`")?;
    let text = format!(
        "Call askpm's tool `ask` with the question below. Reply with its sentences, keep the citation marks, and name \
         each source that they cite. Add nothing of your own. If `abstained` is true, say that the newsletter does not \
         answer this, and name the related discussions.\n\nQuestion: {question}"
    );
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_prompt_holds_the_question_and_needs_one() {
        let arguments = |value: Value| value.as_object().cloned();
        let given = arguments(json!({"question": " How do I price an API? "}));
        let text = serde_json::to_string(&get("ask", given.as_ref()).unwrap()).unwrap();
        assert!(text.contains(r"Question: How do I price an API?"), "{text}");
        for (name, given) in [
            ("ask", None),
            ("ask", arguments(json!({"question": " "}))),
            ("ask", arguments(json!({"question": 3}))),
            ("other", arguments(json!({"question": "x"}))),
        ] {
            assert!(get(name, given.as_ref()).is_err(), "{name}");
        }
    }
}
