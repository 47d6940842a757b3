//! The settings file: `askpm/config.toml` in the configuration folder, or the file named with `--config`.
//!
//! In: a path. Out: [`Config`], all of it optional, or an error that names file and line. Nothing in it is ever run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::Failure;
use crate::feeds;

/// What the file can set; each has a flag that goes before it.
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
    /// A folder that mail and files are dropped in, from which `refresh` imports.
    pub drop: Option<PathBuf>,
    /// Addresses of RSS and Atom feeds, which `refresh` fetches.
    #[serde(default)]
    pub feeds: Vec<String>,
}

const HINT: &str =
    "known settings: corpus, model, device, offline, top_k, min_score, temperature, max_tokens, drop, feeds";

impl Config {
    /// Reads the file at `path`. One that is not there is empty settings, unless the user `named` it.
    pub fn read(path: &Path, named: bool) -> Result<Config, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Config::parse(&text, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !named => Ok(Config::default()),
            Err(error) => Err(Failure::new(path.display(), error).hinted("name a readable file with --config FILE")),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Config, Failure> {
        let config: Config = toml::from_str(text).map_err(|error| {
            let line = 1 + error
                .span()
                .map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count());
            Failure::new(format!("{}:{line}", path.display()), error.message()).hinted(HINT)
        })?;
        let bad = |key: &str, want: &str| {
            let line = 1 + text
                .lines()
                .position(|line| line.trim_start().starts_with(key))
                .unwrap_or(0);
            Err(Failure::new(format!("{}:{line}", path.display()), format!("{key} must be {want}")).hinted(HINT))
        };
        if config.top_k.is_some_and(|k| !(1..=100).contains(&k)) {
            return bad("top_k", "from 1 to 100");
        }
        if config.min_score.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return bad("min_score", "from 0 to 1");
        }
        if config.temperature.is_some_and(|t| !(0.0..=5.0).contains(&t)) {
            return bad("temperature", "from 0 to 5");
        }
        if config.max_tokens.is_some_and(|n| !(1..=4096).contains(&n)) {
            return bad("max_tokens", "from 1 to 4096");
        }
        if config.feeds.iter().any(|address| !feeds::is_address(address)) {
            return bad("feeds", "a list of http or https addresses");
        }
        Ok(config)
    }
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
    fn a_fault_is_named_with_its_line_and_the_known_settings() {
        for (text, line, what) in [
            ("model = 3", 1, "invalid type"),
            ("top_k = 3\nmodle = \"x\"", 2, "unknown field `modle`"),
            ("\n\nmodel = \"x", 3, ""),
            ("top_k = 3\ntop_k = 4", 2, "duplicate"),
            ("top_k = 0", 1, "top_k must be from 1 to 100"),
            ("top_k = 1\nmin_score = 7.5", 2, "min_score must be from 0 to 1"),
            ("temperature = nan", 1, "temperature must be"),
            ("max_tokens = 0", 1, "max_tokens must be"),
            ("\nfeeds = [\"file:///etc/passwd\"]", 2, "feeds must be a list of http"),
        ] {
            let told = told(text);
            assert!(told.starts_with(&format!("askpm: config.toml:{line}: ")), "{told}");
            assert!(told.contains(what) && told.contains("hint: known settings"), "{told}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_settings_or_an_error(text in "(?s).{0,120}") {
            let _ = Config::parse(&text, Path::new("c"));
        }
    }
}
