//! Gets the tokens of `askpm serve` from a command or from an environment variable.
//!
//! A token is never a flag, because every user of the machine can see the arguments of a program. It is never in the
//! settings, which are shown, copied and shared.

use std::process::Stdio;

use super::super::error::Failure;
use super::super::secret;
use crate::serve::{MIN_TOKEN, TokenError, Tokens};

/// The environment variable with the tokens, unless a setting names another one.
pub const VARIABLE: &str = "ASKPM_SERVE_TOKEN";

/// Returns the tokens that `command` prints, else those of the environment variable. Without either there are none.
///
/// # Errors
/// A command that fails, a variable that a setting names and that is not set, or text that is not a list of tokens. No
/// error contains a token.
pub fn read(
    command: Option<&str>,
    variable: Option<&str>,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Tokens, Failure> {
    if let Some(command) = command {
        let output = output(command)?;
        let bad = |error: TokenError| Failure::new("cannot use the output of --token-command", error).hinted(advice());
        return Tokens::parse(&output).map_err(bad);
    }
    let name = variable.unwrap_or(VARIABLE);
    match (get(name).filter(|text| !text.is_empty()), variable) {
        (Some(text), _) => Tokens::parse(&text)
            .map_err(|error| Failure::new(format!("cannot use the tokens in {name}"), error).hinted(advice())),
        (None, Some(name)) => Err(Failure::new(
            "cannot use [serve]",
            format!("the environment variable {name} is not set"),
        )
        .hinted(format!("set {name}, or remove `token_env` to serve without a token"))),
        (None, None) => Ok(Tokens::default()),
    }
}

fn advice() -> String {
    format!(
        "write one token on each line, `TOKEN` or `NAME TOKEN`; a token has {MIN_TOKEN} characters or more, such as the \
         output of `openssl rand -hex 24`"
    )
}

/// What the command prints. Its errors go to standard error.
fn output(command: &str) -> Result<String, Failure> {
    secret::output(command, Stdio::inherit()).map_err(|why| {
        Failure::new("cannot use --token-command", format!("it {why}"))
            .hinted("check that the command prints the tokens when you run it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAA";

    fn told(result: Result<Tokens, Failure>) -> String {
        result.err().unwrap().lines().join("\n")
    }

    #[test]
    fn a_variable_has_tokens_and_one_that_is_named_must_be_there() {
        let has = |name: &'static str| move |asked: &str| (asked == name).then(|| TOKEN.to_string());
        assert_eq!(read(None, None, has(VARIABLE)).unwrap_or_default().len(), 1);
        assert_eq!(read(None, Some("T"), has("T")).unwrap_or_default().len(), 1);
        assert!(read(None, None, |_| None).is_ok_and(|tokens| tokens.is_empty()));
        assert!(read(None, None, |_| Some(String::new())).is_ok_and(|tokens| tokens.is_empty()));
        assert!(told(read(None, Some("T"), has(VARIABLE))).contains("variable T is not set"));
        let short = told(read(None, None, |_| Some("secret".into())));
        assert!(short.contains("line 1") && !short.contains("secret"), "{short}");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_prints_tokens_or_its_failure_is_reported_without_them() {
        let run = |command: &str| read(Some(command), None, |_| None);
        let two = format!("echo ana {TOKEN}; echo B{TOKEN}");
        assert_eq!(run(&two).unwrap_or_default().len(), 2);
        for (command, why) in [
            ("exit 3", "it ended with status 3"),
            ("kill -9 $$", "it ended with a signal"),
            ("true", "there is no token in it"),
            (
                "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
                "bytes or more",
            ),
            ("printf '\\377\\376'", "no UTF-8"),
            ("echo ana short-secret", "line 1"),
        ] {
            let told = told(run(command));
            assert!(told.contains(why) && told.contains("\nhint: "), "{command}: {told}");
            assert!(!told.contains("short-secret"), "{told}");
        }
    }
}
