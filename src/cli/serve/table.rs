//! Reads `[serve]` of the settings file: how `askpm serve` serves a team.
//!
//! Tokens are never in the file, and no command that prints them: `token_env` names an environment variable that has the tokens.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::serve::HostName;

/// The largest values of flags and settings.
pub const MAX_QUEUE: u16 = 1024;
pub const MAX_RATE: u32 = 1_000_000;
pub const MAX_GRACE: u16 = 3600;

/// The `[serve]` table. A flag of the same name overrides each setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServeTable {
    /// The address and port to listen on.
    pub listen: Option<SocketAddr>,
    /// Names of the server in addition to those of this machine.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The name of the environment variable with the tokens.
    pub token_env: Option<String>,
    /// The most waiting questions.
    pub queue: Option<u16>,
    /// The most questions of one token that wait or run.
    pub queue_per_token: Option<u16>,
    /// The most questions of one token in a minute; 0 for no limit.
    pub rate: Option<u32>,
    /// The file of the log, or `-` for standard error.
    pub log: Option<PathBuf>,
    /// Whether the log has the text of questions.
    pub log_questions: Option<bool>,
    /// How long the running answer may still take when the server stops, in seconds.
    pub grace: Option<u16>,
}

impl ServeTable {
    /// What the table must be, if a setting is out of range.
    pub fn out_of_bounds(&self) -> Option<&'static str> {
        let wrong = [
            (
                "a table whose `hosts` are host names, without `http://` or a port",
                self.hosts.iter().any(|name| name.parse::<HostName>().is_err()),
            ),
            (
                "a table with `queue` from 0 to 1024",
                self.queue.is_some_and(|n| n > MAX_QUEUE),
            ),
            (
                "a table with `queue_per_token` from 1 to 1024",
                self.queue_per_token.is_some_and(|n| n == 0 || n > MAX_QUEUE),
            ),
            (
                "a table with `rate` from 0 to 1000000",
                self.rate.is_some_and(|n| n > MAX_RATE),
            ),
            (
                "a table with `grace` from 0 to 3600",
                self.grace.is_some_and(|n| n > MAX_GRACE),
            ),
        ];
        wrong.into_iter().find(|(_, wrong)| *wrong).map(|(want, _)| want)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ServeTable {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_table_is_read_and_has_no_place_for_a_token_or_a_command() {
        let table =
            read("listen = \"0.0.0.0:80\"\nhosts = [\"a.example\"]\ntoken_env = \"T\"\nqueue_per_token = 2\ngrace = 5");
        assert_eq!((table.grace, table.out_of_bounds()), (Some(5), None));
        for secret in ["token = \"x\"", "tokens = [\"x\"]", "token_command = \"cat x\""] {
            assert!(toml::from_str::<ServeTable>(secret).is_err(), "{secret}");
        }
    }

    #[test]
    fn a_setting_out_of_range_is_named() {
        for (text, name) in [
            ("hosts = [\"http://a\"]", "`hosts`"),
            ("queue = 1025", "`queue`"),
            ("queue_per_token = 0", "`queue_per_token`"),
            ("rate = 1000001", "`rate`"),
            ("grace = 3601", "`grace`"),
        ] {
            assert!(read(text).out_of_bounds().unwrap().contains(name), "{text}");
        }
    }
}
