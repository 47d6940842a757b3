//! Reads `[imap]` of the settings file: a folder of a mailbox, from which `refresh` imports newsletters.
//!
//! The password or token is in an environment variable that the file names, or a command of the user prints it. It is
//! never in the file. Without the table, askpm never contacts a mail server.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::secret;
use crate::imap::{Account, Bounds, Login, Security};

/// The `[imap]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ImapTable {
    pub host: String,
    pub user: String,
    /// The folder to read, as mail programs show it.
    pub folder: Option<String>,
    pub security: Option<Protection>,
    pub port: Option<u16>,
    /// The name of the environment variable with the password.
    pub password_env: Option<String>,
    /// A command that prints the password.
    pub password_command: Option<String>,
    /// A command that prints a token for XOAUTH2.
    pub token_command: Option<String>,
    /// A file with certificates of authorities to trust in addition, in PEM form.
    pub ca: Option<PathBuf>,
    /// Only messages that arrived on this day or later.
    pub since: Option<String>,
    /// Only messages whose sender contains one of these texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub senders: Vec<String>,
    /// The longest wait for a server that sends nothing, in seconds.
    pub timeout: Option<u32>,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    Tls,
    Starttls,
    None,
}

/// Where the password comes from.
enum Source<'a> {
    Variable(&'a str),
    Password(&'a str),
    Token(&'a str),
}

impl ImapTable {
    /// Returns a name for the folder in messages.
    pub fn shown(&self) -> String {
        let at = if self.user.contains('@') { " at " } else { "@" };
        format!("{} of {}{at}{}", self.folder(), self.user, self.host)
    }

    fn folder(&self) -> &str {
        self.folder.as_deref().unwrap_or("INBOX")
    }

    /// Returns the account, after it has got the password.
    ///
    /// # Errors
    /// The table is not valid, or the password cannot be got.
    pub fn account(&self) -> Result<Account, Failure> {
        let account = self.unlocked()?;
        let login = match self.source()? {
            Source::Variable(name) => {
                let password = env::var(name).ok().filter(|password| !password.is_empty());
                let password = password.ok_or_else(|| {
                    bad(format!("the environment variable {name} is not set"))
                        .hinted(format!("set {name}, or use `password_command` in [imap]"))
                })?;
                Login::Password(secret::checked(&password, "the password").map_err(bad)?)
            }
            Source::Password(command) => Login::Password(printed(command, "password_command")?),
            Source::Token(command) => Login::Token(printed(command, "token_command")?),
        };
        Ok(Account { login, ..account })
    }

    /// Checks whether the table is valid. Runs no command.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self) -> Result<(), Failure> {
        self.unlocked()?;
        self.source().map(drop)
    }

    /// The account without its password.
    fn unlocked(&self) -> Result<Account, Failure> {
        let (security, port) = match self.security.unwrap_or(Protection::Tls) {
            Protection::Tls => (Security::Tls, 993),
            Protection::Starttls => (Security::Starttls, 143),
            Protection::None => (Security::None, 143),
        };
        let plain = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        for (name, value) in [
            ("host", self.host.as_str()),
            ("user", &self.user),
            ("folder", self.folder()),
        ] {
            if !plain(value) {
                return Err(bad(format!("`{name}` is empty or has a control character")));
            }
        }
        if !self.senders.iter().all(|sender| plain(sender) && sender.is_ascii()) {
            return Err(bad("`senders` must be addresses or parts of them, in ASCII"));
        }
        let since = self.since.as_deref().map(str::parse).transpose();
        let since = since.map_err(|_| bad("`since` must be a day, such as \"2026-01-31\""))?;
        let read = |path: &PathBuf| {
            let failure = |error| Failure::new(format!("cannot read {}", path.display()), error);
            fs::read(path).map_err(|error| failure(error).hinted("correct `ca` in [imap]"))
        };
        let account = Account {
            host: self.host.trim().to_string(),
            port: self.port.unwrap_or(port),
            security,
            user: self.user.clone(),
            login: Login::Password(String::new()),
            folder: self.folder().to_string(),
            ca: self.ca.as_ref().map(read).transpose()?,
            bounds: Bounds {
                since,
                senders: self.senders.clone(),
            },
            patience: Duration::from_secs(self.timeout.unwrap_or(60).clamp(1, 3600).into()),
        };
        match account.is_safe() {
            true => Ok(account),
            false => Err(bad("the password would be sent unprotected to another machine")
                .hinted("set `security` to \"tls\" or \"starttls\"")),
        }
    }

    fn source(&self) -> Result<Source<'_>, Failure> {
        let hint = "set one of `password_command`, `password_env` and `token_command`";
        match (&self.password_env, &self.password_command, &self.token_command) {
            (Some(name), None, None) => Ok(Source::Variable(name)),
            (None, Some(command), None) => Ok(Source::Password(command)),
            (None, None, Some(command)) => Ok(Source::Token(command)),
            (None, None, None) => Err(bad("no setting says where the password is").hinted(hint)),
            _ => Err(bad("more than one setting says where the password is").hinted(hint)),
        }
    }
}

fn printed(command: &str, setting: &str) -> Result<String, Failure> {
    let failure = |why| bad(format!("`{setting}` {why}"));
    secret::printed_by(command).map_err(|why| failure(why).hinted("run the command in a shell to see what it does"))
}

fn bad(why: impl std::fmt::Display) -> Failure {
    Failure::new("cannot use [imap]", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(extra: &str) -> Result<ImapTable, toml::de::Error> {
        toml::from_str(&format!(
            "host = \"mail.example.org\"\nuser = \"me@example.org\"\n{extra}"
        ))
    }

    fn told(extra: &str) -> String {
        let failure = read(extra).unwrap().check().unwrap_err();
        failure.lines().join(" ")
    }

    #[test]
    fn a_table_becomes_an_account() {
        let table = read("password_env = \"MAIL\"\nsince = \"2026-01-31\"\nsenders = [\"@news.example\"]").unwrap();
        let account = table.unlocked().unwrap();
        assert_eq!(
            (account.port, account.security, account.folder.as_str()),
            (993, Security::Tls, "INBOX")
        );
        assert_eq!(account.bounds.since, Some(jiff::civil::date(2026, 1, 31)));
        assert_eq!(table.shown(), "INBOX of me@example.org at mail.example.org");
        let table = read("password_env = \"MAIL\"\nsecurity = \"starttls\"\nfolder = \"Lists/PM\"").unwrap();
        let account = table.unlocked().unwrap();
        assert_eq!((account.port, account.security), (143, Security::Starttls));
        assert_eq!(table.shown(), "Lists/PM of me@example.org at mail.example.org");
    }

    #[test]
    fn what_cannot_be_used_is_told_with_the_way_out() {
        for (extra, says) in [
            ("", "no setting says where the password is"),
            ("password_env = \"A\"\ntoken_command = \"b\"", "more than one setting"),
            (
                "password_env = \"A\"\nsecurity = \"none\"",
                "unprotected to another machine hint: set `security`",
            ),
            ("password_env = \"A\"\nfolder = \"\"", "`folder` is empty"),
            ("password_env = \"A\"\nfolder = \"a\\r\\nb\"", "control character"),
            ("password_env = \"A\"\nsince = \"soon\"", "`since` must be a day"),
            ("password_env = \"A\"\nsenders = [\"é\"]", "`senders` must be"),
            (
                "password_env = \"A\"\nca = \"/no/such/file\"",
                "cannot read /no/such/file",
            ),
        ] {
            assert!(told(extra).contains(says), "{}", told(extra));
        }
        let local = "host = \"127.0.0.1\"\nuser = \"me\"\nsecurity = \"none\"\npassword_env = \"A\"";
        assert!(toml::from_str::<ImapTable>(local).unwrap().check().is_ok());
    }

    #[test]
    fn a_password_in_the_file_is_refused() {
        let told = read("password = \"hunter2\"").unwrap_err();
        assert!(
            told.message().contains("password_command") && !told.message().contains("hunter2"),
            "{told}"
        );
    }
}
