//! Combines the flags of `askpm serve` with the settings, and refuses what would open the corpus to others by mistake.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::super::args::TeamArgs;
use super::super::error::Failure;
use super::table::ServeTable;
use super::tokens;
use crate::serve::{Grace, HostName, PerToken, Tokens};

/// The port without `--port` and `--listen`.
const PORT: u16 = 7171;
const QUEUE: u16 = 8;
const GRACE: Duration = Duration::from_secs(10);
/// The bounds of a token, if the server has tokens. Half the queue is left for others.
const QUEUE_PER_TOKEN: u16 = 4;
const RATE: u32 = 60;

/// How to serve.
pub struct Options {
    pub address: SocketAddr,
    pub queue: usize,
    pub hosts: Vec<HostName>,
    pub tokens: Tokens,
    pub per_token: PerToken,
    pub grace: Grace,
    /// The file of the log, or `-`.
    pub log: Option<PathBuf>,
    pub log_questions: bool,
}

impl Options {
    /// `get` returns an environment variable.
    ///
    /// # Errors
    /// An address that other machines reach without a token, tokens that cannot be read, or a flag without effect.
    pub fn new(args: TeamArgs, table: ServeTable, get: impl Fn(&str) -> Option<String>) -> Result<Options, Failure> {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let address = args
            .listen
            .or(args.port.map(local))
            .or(table.listen)
            .unwrap_or(local(PORT));
        let tokens = tokens::read(args.token_command.as_deref(), table.token_env.as_deref(), get)?;
        if tokens.is_empty() && !address.ip().to_canonical().is_loopback() {
            return Err(Failure::new(
                format!("cannot listen on {address}"),
                "an address that other machines reach needs a token",
            )
            .hinted(format!(
                "pass a command that prints tokens with --token-command, or set {}",
                tokens::VARIABLE
            )));
        }
        if tokens.is_empty() && args.queue_per_token.is_some() {
            return Err(Failure::usage("--queue-per-token needs tokens").hinted(format!(
                "pass --token-command or set {}; --queue bounds all questions",
                tokens::VARIABLE
            )));
        }
        let log = args.log.or(table.log);
        if args.log_questions && log.is_none() {
            return Err(
                Failure::usage("--log-questions needs --log").hinted("pass --log FILE, or --log - for standard error")
            );
        }
        let hosts = match args.host.is_empty() {
            // The table was checked when it was read.
            true => table.hosts.iter().filter_map(|name| name.parse().ok()).collect(),
            false => args.host,
        };
        let with_tokens = !tokens.is_empty();
        let questions = args
            .queue_per_token
            .or(table.queue_per_token)
            .unwrap_or(QUEUE_PER_TOKEN);
        let rate = args.rate.or(table.rate).unwrap_or(if with_tokens { RATE } else { 0 });
        let seconds = args.grace.or(table.grace);
        let grace = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(Options {
            address,
            queue: args.queue.or(table.queue).unwrap_or(QUEUE).into(),
            hosts,
            tokens,
            per_token: PerToken {
                questions: with_tokens.then_some(questions.into()),
                rate: NonZeroU32::new(rate),
            },
            grace: Grace {
                // Ctrl-C at a terminal stops at once, unless a time was asked for.
                interrupt: grace.unwrap_or_default(),
                terminate: grace.unwrap_or(GRACE),
            },
            log_questions: log.is_some() && (args.log_questions || table.log_questions.unwrap_or(false)),
            log,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ana AAAAAAAAAAAAAAAAAAAA";

    fn options(args: TeamArgs, table: &str, token: Option<&str>) -> Result<Options, String> {
        let table = toml::from_str(table).unwrap();
        let get = |name: &str| token.filter(|_| name == tokens::VARIABLE).map(str::to_string);
        Options::new(args, table, get).map_err(|failure| failure.lines().join("\n"))
    }

    fn listen(address: &str) -> TeamArgs {
        TeamArgs {
            listen: Some(address.parse().unwrap()),
            ..TeamArgs::default()
        }
    }

    #[test]
    fn without_flags_it_serves_this_machine_as_before() {
        let plain = options(TeamArgs::default(), "", None).ok().unwrap();
        assert_eq!(plain.address, "127.0.0.1:7171".parse().unwrap());
        assert_eq!((plain.queue, plain.per_token), (8, PerToken::default()));
        assert_eq!(plain.grace.interrupt, Duration::ZERO);
        assert!(plain.tokens.is_empty() && plain.log.is_none());
    }

    #[test]
    fn an_address_that_others_reach_needs_a_token() {
        for address in ["0.0.0.0:80", "[::]:80", "10.0.0.5:0", "[::ffff:10.0.0.5]:80"] {
            let told = options(listen(address), "", None).err().unwrap();
            assert!(
                told.contains("needs a token") && told.contains("\nhint: pass"),
                "{told}"
            );
            assert!(options(listen(address), "", Some(TOKEN)).is_ok());
            let setting = format!("listen = \"{address}\"");
            assert!(options(TeamArgs::default(), &setting, None).is_err());
        }
        for address in ["127.0.0.1:80", "127.8.8.8:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(options(listen(address), "", None).is_ok(), "{address}");
        }
    }

    #[test]
    fn tokens_have_bounds_that_flags_and_settings_change() {
        let bounds = |args, table| {
            let per_token = options(args, table, Some(TOKEN)).ok().unwrap().per_token;
            (per_token.questions, per_token.rate.map(NonZeroU32::get))
        };
        assert_eq!(bounds(TeamArgs::default(), ""), (Some(4), Some(60)));
        assert_eq!(
            bounds(TeamArgs::default(), "queue_per_token = 1\nrate = 0"),
            (Some(1), None)
        );
        let flags = TeamArgs {
            queue_per_token: Some(2),
            rate: Some(5),
            ..TeamArgs::default()
        };
        assert_eq!(bounds(flags, "queue_per_token = 1\nrate = 0"), (Some(2), Some(5)));
    }

    #[test]
    fn a_flag_overrides_the_setting_and_one_without_effect_is_refused() {
        let port = TeamArgs {
            port: Some(1),
            ..TeamArgs::default()
        };
        let chosen = options(port, "listen = \"0.0.0.0:80\"\nhosts = [\"a.example\"]", None)
            .ok()
            .unwrap();
        assert_eq!(
            (chosen.address.to_string().as_str(), chosen.hosts.len()),
            ("127.0.0.1:1", 1)
        );
        let bound = TeamArgs {
            queue_per_token: Some(1),
            ..TeamArgs::default()
        };
        assert!(options(bound, "", None).err().unwrap().contains("needs tokens"));
        let text = TeamArgs {
            log_questions: true,
            ..TeamArgs::default()
        };
        assert!(options(text.clone(), "", None).err().unwrap().contains("needs --log"));
        assert!(options(text, "log = \"-\"", None).ok().unwrap().log_questions);
    }
}
