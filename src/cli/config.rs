//! Reads the settings file: `askpm/config.toml` in the configuration folder, or the file passed with `--config`.
//!
//! All settings are optional. Errors name the file and line. Reading the file executes nothing. The commands
//! that `[imap]` may have run only when mail is fetched, or checked by `doctor`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use super::cluster::RetrieverTable;
use super::embedder::EmbedderTable;
use super::error::Failure;
use super::generator::Generator;
use super::imap::ImapTable;
use super::nearest;
use super::reranker::RerankerTable;
use super::serve::table::ServeTable;
use crate::feeds::{self, Feed};

/// The settings in the file. A flag of the same name overrides each.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub corpus: Option<PathBuf>,
    pub model: Option<String>,
    pub device: Option<String>,
    pub offline: Option<bool>,
    pub top_k: Option<u16>,
    pub min_score: Option<f32>,
    pub temperature: Option<f64>,
    pub max_tokens: Option<u32>,
    /// A LoRA adapter of the model.
    pub adapter: Option<PathBuf>,
    /// A folder for mail and files, from which `refresh` imports.
    pub drop: Option<PathBuf>,
    /// RSS, Atom and JSON feeds, which `refresh` fetches.
    #[serde(default)]
    pub feeds: Vec<Feed>,
    /// The folder of a mailbox, from which `refresh` imports.
    pub imap: Option<ImapTable>,
    /// Whether to save questions and answers, for `--continue`.
    pub history: Option<bool>,
    /// The server that writes the answers.
    pub generator: Option<Generator>,
    /// The search cluster that finds the passages.
    pub retriever: Option<RetrieverTable>,
    /// The server that makes vectors.
    pub embedder: Option<EmbedderTable>,
    /// The server that orders the best passages.
    pub reranker: Option<RerankerTable>,
    /// How `askpm serve` serves a team.
    pub serve: Option<ServeTable>,
}

/// All settings, in the order in which `config show` lists them.
pub const KNOWN: [&str; 18] = [
    "corpus",
    "model",
    "device",
    "adapter",
    "offline",
    "top_k",
    "min_score",
    "temperature",
    "max_tokens",
    "drop",
    "feeds",
    "imap",
    "history",
    "generator",
    "retriever",
    "embedder",
    "reranker",
    "serve",
];

impl Config {
    /// Reads the file at `path`. A file that does not exist means default settings, unless the user `named` it.
    pub fn read(path: &Path, named: bool) -> Result<Config, Failure> {
        match fs::read(path) {
            Ok(bytes) => Config::parse(utf8(&bytes, path)?, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !named => Ok(Config::default()),
            Err(error) => Err(Failure::new(format!("cannot read {}", path.display()), error)
                .hinted("pass a readable file with --config FILE")),
        }
    }

    /// Parses `text`. Errors name `path`, the line and the setting.
    pub fn parse(text: &str, path: &Path) -> Result<Config, Failure> {
        let bad = |at: usize, why: String, hint: String| {
            Failure::new(format!("cannot read {}:{}", path.display(), line(text, at)), why)
                .hinted(format!("{hint}use one of the known settings: {}", KNOWN.join(", ")))
        };
        let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
        let none = String::new;
        let table = DeTable::parse(text).map_err(|error| bad(start(&error), error.message().into(), none()))?;
        if let Some(key) = table.get_ref().keys().find(|key| !KNOWN.contains(&&**key.get_ref())) {
            let name = key.get_ref();
            let why = format!("unknown setting `{name}`");
            return Err(bad(key.span().start, why, nearest::did_you_mean(name, KNOWN)));
        }
        let config: Config = toml::from_str(text).map_err(|error| {
            let at = start(&error);
            // The invalid value may be one line of a list. It belongs to the last setting that begins before its end.
            let end = error.span().map_or(0, |span| span.end);
            let keys = table.get_ref().keys().filter(|key| key.span().start <= end);
            let name = keys.max_by_key(|key| key.span().start).map(|key| key.get_ref());
            let why = name.map_or(none(), |name| format!("{name}: ")) + error.message();
            bad(at, why, none())
        })?;
        match config.out_of_bounds() {
            None => Ok(config),
            Some((name, want)) => {
                let at = place(&table, name).unwrap_or(0);
                Err(bad(at, format!("{name} must be {want}"), none()))
            }
        }
    }

    /// Returns why these settings cannot be used together.
    pub fn conflict(&self) -> Option<Failure> {
        let both = self.embedder.is_some() && self.retriever.is_some();
        both.then(|| {
            let why = "[retriever] is set too, and a cluster has vectors of the built-in model";
            Failure::new("cannot use [embedder]", why).hinted("remove one of the two tables from the settings file")
        })
    }

    /// Returns the settings with a leading `~` in paths replaced by the folder `home`: `~` alone and `~/…`.
    pub fn with_home(mut self, home: Option<&Path>) -> Config {
        let Some(home) = home else { return self };
        let expanded = |path: &Path| path.strip_prefix("~").ok().map(|rest| home.join(rest));
        let log = self.serve.as_mut().and_then(|serve| serve.log.as_mut());
        let ca = self.imap.as_mut().and_then(|imap| imap.ca.as_mut());
        let paths = [&mut self.corpus, &mut self.drop, &mut self.adapter];
        for path in paths.into_iter().flatten().chain(log).chain(ca) {
            if let Some(expanded) = expanded(path) {
                *path = expanded;
            }
        }
        if let Some(model) = &mut self.model
            && let Some(expanded) = expanded(Path::new(model.as_str()))
        {
            *model = expanded.display().to_string();
        }
        self
    }

    /// The first setting that is out of range, and its valid range.
    fn out_of_bounds(&self) -> Option<(&'static str, &'static str)> {
        let wrong = [
            (
                "top_k",
                "from 1 to 100",
                self.top_k.is_some_and(|k| !(1..=100).contains(&k)),
            ),
            (
                "min_score",
                "from 0 to 1",
                self.min_score.is_some_and(|share| !(0.0..=1.0).contains(&share)),
            ),
            (
                "temperature",
                "from 0 to 5",
                self.temperature.is_some_and(|t| !(0.0..=5.0).contains(&t)),
            ),
            (
                "max_tokens",
                "from 1 to 4096",
                self.max_tokens.is_some_and(|n| !(1..=4096).contains(&n)),
            ),
            (
                "feeds",
                "a list of http or https addresses",
                self.feeds.iter().any(|feed| !feeds::is_address(&feed.address)),
            ),
        ];
        let serve = self.serve.as_ref().and_then(ServeTable::out_of_bounds);
        let found = wrong.into_iter().find(|(_, _, wrong)| *wrong);
        found
            .map(|(name, want, _)| (name, want))
            .or(serve.map(|want| ("serve", want)))
    }
}

/// Returns the line of the setting `name`, or `None` if it is not set or the text is not valid TOML.
pub fn line_of(text: &str, name: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    place(&table, name).map(|at| line(text, at))
}

/// Converts `bytes` to text. An error names the first line that is not UTF-8.
fn utf8<'a>(bytes: &'a [u8], path: &Path) -> Result<&'a str, Failure> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or(bytes);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Failure::new(format!("cannot read {}:{line}", path.display()), "it is not UTF-8 text")
            .hinted("save the file as UTF-8")
    })
}

/// The byte position of the setting `name`.
fn place(table: &Spanned<DeTable>, name: &str) -> Option<usize> {
    let key = table.get_ref().keys().find(|key| **key.get_ref() == *name)?;
    Some(key.span().start)
}

/// The 1-based line of a byte of `text`.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        Config::parse(text, Path::new("config.toml"))
            .unwrap_err()
            .lines()
            .join("\n")
    }

    #[test]
    fn settings_are_read_and_an_absent_file_has_none() {
        let config = Config::parse("model = \"none\"\ntop_k = 3\noffline = true\n", Path::new("c")).unwrap();
        assert_eq!(
            (config.model.as_deref(), config.top_k, config.offline),
            (Some("none"), Some(3), Some(true))
        );
        let nowhere = Path::new("/nowhere/at/all/config.toml");
        assert_eq!(Config::read(nowhere, false).unwrap(), Config::default());
        assert!(Config::read(nowhere, true).is_err());
    }

    #[test]
    fn a_leading_tilde_is_the_home_folder() {
        let text = "corpus = \"~/x\"\ndrop = \"~\"\nmodel = \"~/m.gguf\"";
        let config = Config::parse(text, Path::new("c")).unwrap();
        let home = config.clone().with_home(Some(Path::new("/h")));
        assert_eq!(home.corpus.as_deref(), Some(Path::new("/h/x")));
        assert_eq!(home.drop.as_deref(), Some(Path::new("/h")));
        assert_eq!(home.model.as_deref(), Some("/h/m.gguf"));
        assert_eq!(config.clone().with_home(None), config);
        for path in ["/a/~/x", "a", "~other/x"] {
            let config = Config::parse(&format!("corpus = {path:?}"), Path::new("c")).unwrap();
            assert_eq!(config.clone().with_home(Some(Path::new("/h"))), config, "{path}");
        }
    }

    #[test]
    fn a_fault_is_named_with_its_line_and_the_known_settings() {
        for (text, line, what) in [
            ("model = 3", 1, "model: invalid type"),
            ("feeds = [\n \"http://a.example\",\n 3]", 3, "feeds: invalid type"),
            ("top_k = 3\nmodle = \"x\"", 2, "unknown setting `modle`"),
            ("[model]\nname = 3", 1, "model: "),
            ("\n\nmodel = \"x", 3, ""),
            ("top_k = 3\ntop_k = 4", 2, "duplicate"),
            ("top_k = 0", 1, "top_k must be from 1 to 100"),
            ("top_k = 1\nmin_score = 7.5", 2, "min_score must be from 0 to 1"),
            ("temperature = nan", 1, "temperature must be"),
            ("max_tokens = 0", 1, "max_tokens must be"),
            (
                "top_k = 3\n[serve]\nrate = 9999999",
                2,
                "serve must be a table with `rate`",
            ),
            ("\nfeeds = [\"file:///etc/passwd\"]", 2, "feeds must be a list of http"),
        ] {
            let told = told(text);
            assert!(
                told.starts_with(&format!("askpm: cannot read config.toml:{line}: ")),
                "{told}"
            );
            assert!(
                told.contains(what) && told.contains("known settings: corpus, "),
                "{told}"
            );
        }
    }

    #[test]
    fn an_embedder_and_a_cluster_cannot_be_used_together() {
        let both =
            "retriever = {kind = \"elastic\", url = \"u\"}\nembedder = {kind = \"openai\", url = \"u\", model = \"m\"}";
        let conflict = |text: &str| Config::parse(text, Path::new("c")).unwrap().conflict();
        assert!(conflict(both).unwrap().lines()[0].contains("[retriever] is set too"));
        assert!(both.lines().all(|line| conflict(line).is_none()));
    }

    #[test]
    fn settings_that_are_no_text_are_told_with_their_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        fs::write(&path, b"top_k = 3\nmodel = \"caf\xe9\"\n").unwrap();
        let told = Config::read(&path, true).unwrap_err().lines().join("\n");
        assert!(told.contains("c.toml:2: it is not UTF-8 text\nhint: "), "{told}");
    }

    #[test]
    fn a_mistyped_setting_is_taken_for_the_nearest_one() {
        assert!(told("modle = 1").contains("hint: did you mean `model`? use"));
        assert!(told("colour = 1").contains("hint: use"));
    }

    #[test]
    fn every_setting_that_is_listed_is_read_and_no_other() {
        for name in KNOWN {
            // No setting has this type: the error must be about the value, not about an unknown name.
            let told = told(&format!("{name} = 1979-05-27"));
            let unknown = format!("unknown setting `{name}`");
            assert!(
                told.contains(&format!(": {name}: ")) && !told.contains(&unknown),
                "{told}"
            );
        }
        assert_eq!(line_of("a = 1\n\n top_k = 3", "top_k"), Some(3));
        assert_eq!((line_of("a = 1", "top_k"), line_of("= =", "top_k")), (None, None));
    }

    proptest! {
        #[test]
        fn any_text_is_settings_or_an_error(text in "(?s).{0,120}") {
            let _ = Config::parse(&text, Path::new("c"));
        }
    }
}
