//! Combines the arguments, the settings file and the environment into one [`Context`].
//!
//! Commands take their corpus, index, model and output from it. Nothing else in the program reads the environment,
//! except `models::Places` through it.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use super::args::Global;
use super::config::Config;
use super::error::Failure;
use super::{files, memory};
use crate::corpus::Corpus;
use crate::hex::hex;
use crate::index::{IndexError, RefreshReport, Skipped, Store};
use crate::models::{Net, Places, Registry};
use crate::prompt::{Prompts, TemplateError};
use crate::render::dates::Dates;
use crate::render::sanitise;
use crate::render::terminal::Look;

/// The maximum width of wrapped text. Longer lines are hard to read.
const MAX_WIDTH: usize = 100;

/// The environment of a command.
pub struct Context {
    pub config: Config,
    pub corpus: Corpus,
    pub net: Net,
    pub folders: Folders,
    /// The path of the settings file, which may not exist.
    pub settings: PathBuf,
    quiet: bool,
    pub verbose: u8,
    /// The files that were reported as skipped. A command that reads them twice reports each once.
    skipped: Mutex<HashSet<String>>,
}

/// askpm's own folders, by the XDG Base Directory Specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    pub config: PathBuf,
    pub data: PathBuf,
    pub cache: PathBuf,
    pub state: PathBuf,
}

impl Folders {
    /// From `XDG_CONFIG_HOME`, `XDG_DATA_HOME`, `XDG_CACHE_HOME`, `XDG_STATE_HOME` and `HOME`, read through `get`.
    fn from_env(get: impl Fn(&str) -> Option<OsString>) -> Result<Folders, Failure> {
        let set = |name: &str| get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = set("HOME").or_else(|| set("USERPROFILE"));
        let folder = |name: &str, under_home: &str| {
            // The specification says to ignore relative paths.
            let given = set(name).filter(|path| path.is_absolute());
            let path = given.or_else(|| home.as_ref().map(|home| home.join(under_home)));
            let missing = || {
                Failure::new(
                    "cannot find your home folder",
                    format!("neither {name} nor HOME is set"),
                )
            };
            path.map(|path| path.join("askpm"))
                .ok_or_else(|| missing().hinted("set HOME to your home folder"))
        };
        Ok(Folders {
            config: folder("XDG_CONFIG_HOME", ".config")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            cache: folder("XDG_CACHE_HOME", ".cache")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// The folder of imported editions.
    pub fn editions(&self) -> PathBuf {
        self.data.join("corpus")
    }

    /// The folder of conversations.
    pub fn conversations(&self) -> PathBuf {
        self.data.join("conversations")
    }
}

impl Context {
    pub fn new(global: &Global) -> Result<Context, Failure> {
        let (path, named) = settings_path(global)?;
        Context::with(global, usable(&path, named)?)
    }

    /// Uses default settings if the settings file is invalid, and also returns that failure.
    pub fn despite_settings(global: &Global) -> Result<(Context, Option<Failure>), Failure> {
        let (path, named) = settings_path(global)?;
        match usable(&path, named) {
            Ok(config) => Ok((Context::with(global, config)?, None)),
            Err(failure) => Ok((Context::with(global, Config::default())?, Some(failure))),
        }
    }

    fn with(global: &Global, config: Config) -> Result<Context, Failure> {
        let home = ["HOME", "USERPROFILE"].into_iter().find_map(variable);
        let config = config.with_home(home.filter(|home| !home.is_empty()).as_deref().map(Path::new));
        let folders = Folders::from_env(variable)?;
        let (settings, _) = settings_path(global)?;
        let offline = global.offline || config.offline.unwrap_or(false);
        let corpus = match global.corpus.clone().or_else(|| config.corpus.clone()) {
            Some(dir) => Corpus::Folder(dir),
            None => Corpus::Builtin {
                imported: folders.editions(),
            },
        };
        Ok(Context {
            net: Net::from_env(offline, variable),
            config,
            settings,
            corpus,
            folders,
            quiet: global.quiet,
            verbose: global.verbose,
            skipped: Mutex::default(),
        })
    }

    pub fn places(&self) -> Result<Places, Failure> {
        Ok(Places::from_env(|name| env::var_os(name))?)
    }

    /// The known models: the built-in list, overridden by the user's list.
    pub fn registry(&self) -> Result<Registry, Failure> {
        let user = self.folders.config.join("models.toml");
        Ok(Registry::load(Some(&user), Some(&self.lock()))?)
    }

    /// The lock file of model hashes, which may not exist.
    pub fn lock(&self) -> PathBuf {
        self.folders.config.join("models.lock")
    }

    /// The prompt templates: the user's files, else the built-in ones. `models` are the names of the current model, for
    /// templates of its own.
    pub fn prompts(&self, models: &[&str]) -> Result<Prompts, Failure> {
        let folder = self.folders.config.join("prompts");
        let failure = |(name, error): (&str, TemplateError)| {
            let hint = "correct the file, or delete it to use the built-in prompt";
            Failure::new(format!("cannot use the prompt {}", folder.join(name).display()), error).hinted(hint)
        };
        let read = |name: &str| match fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::new(
                format!("cannot read {}", folder.join(name).display()),
                error,
            )),
        };
        Prompts::load(models, read, failure)
    }

    /// The index folder of this corpus. Each corpus has its own.
    pub fn index_dir(&self) -> PathBuf {
        self.folders.cache.join("index").join(self.key())
    }

    /// The folder where models save the KV cache of their prompt's beginning.
    pub fn prefixes(&self) -> PathBuf {
        self.folders.cache.join("prefixes")
    }

    /// The file that records which state of each feed was imported into this corpus.
    pub fn feed_memory(&self) -> PathBuf {
        self.folders.cache.join("feeds").join(self.key() + ".json")
    }

    /// The file that records how far the folder of each mailbox was read into this corpus.
    pub fn mail_memory(&self) -> PathBuf {
        self.folders.cache.join("mail").join(self.key() + ".json")
    }

    /// The file that records what the digests of this corpus had. Digests of other parts of it have other records.
    pub fn digest_memory(&self, part: &str) -> PathBuf {
        let name = key(&format!("{}\n{part}", self.corpus.identity()));
        self.folders.data.join("digests").join(name + ".json")
    }

    /// A name for the current corpus that is valid as a file name.
    pub fn key(&self) -> String {
        key(&self.corpus.identity())
    }

    /// Opens the index and updates it from the corpus. If the disk does not allow an update, it returns the index as
    /// the last refresh left it, with a warning.
    pub fn store(&self) -> Result<Store, Failure> {
        memory::room_to_search()?;
        let dir = self.index_dir();
        self.make_private_folders();
        match self.told(Store::open_or_refresh(&dir, &self.corpus.files()?)) {
            Ok((store, _)) => Ok(store),
            Err(error) => match Store::open(&dir) {
                Ok(Some(store)) => {
                    let since = store.stats().indexed_at;
                    self.warn(&format!("{error}; answering from the outdated index of {since}"));
                    Ok(store)
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Opens the index, updates it from the corpus, and returns it with a report.
    pub fn refreshed(&self) -> Result<(Store, RefreshReport), Failure> {
        memory::room_to_search()?;
        self.make_private_folders();
        Ok(self.told(Store::open_or_refresh(&self.index_dir(), &self.corpus.files()?))?)
    }

    /// Creates askpm's folders, readable only by their owner: newsletters and questions are private. Files below them
    /// are then out of reach of other users, whatever their permissions. A folder that cannot be created is reported by
    /// the code that writes to it.
    pub fn make_private_folders(&self) {
        for folder in [&self.folders.cache, &self.folders.data] {
            let _ = files::private_folder(folder);
        }
    }

    /// Reports what a refresh skipped and why it rebuilt the index.
    fn told(
        &self,
        refreshed: Result<(Store, RefreshReport), IndexError>,
    ) -> Result<(Store, RefreshReport), IndexError> {
        let (store, report) = refreshed?;
        if let Some(why) = &report.rebuilt {
            self.note(&format!("index rebuilt: {why}"));
        }
        let known = self.skipped.lock().map(|known| known.clone()).unwrap_or_default();
        let new = report.skipped.iter().filter(|skipped| !known.contains(&skipped.file));
        self.tell_skipped(&new.cloned().collect::<Vec<_>>());
        Ok((store, report))
    }

    /// Reports each file that could not be read.
    pub fn tell_skipped(&self, skipped: &[Skipped]) {
        for Skipped { file, why } in skipped {
            self.warn(&format!("skipped {file}: {why}"));
        }
    }

    /// Like [`Context::tell_skipped`], for a command that opens the index afterwards, which skips the same files.
    pub fn tell_skipped_once(&self, skipped: &[Skipped]) {
        self.tell_skipped(skipped);
        if let Ok(mut known) = self.skipped.lock() {
            known.extend(skipped.iter().map(|skipped| skipped.file.clone()));
        }
    }

    /// Prints progress or a note, unless `--quiet` is set.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.warn(text);
        }
    }

    /// Prints a detail, with `-v` only.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            self.note(text);
        }
    }

    /// Prints a warning, also with `--quiet`.
    pub fn warn(&self, text: &str) {
        // A closed standard error is not a reason to stop.
        let _ = writeln!(io::stderr(), "askpm: {}", sanitise::line(text));
    }

    /// Prints a failure that does not end the program.
    pub fn tell(&self, failure: &Failure) {
        for line in failure.lines() {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// Whether to draw progress bars: standard error is a terminal and `--quiet` is not set.
    pub fn draws(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// The look of text on standard output.
    pub fn look(&self) -> Look {
        look(
            io::stdout().is_terminal(),
            terminal_size::terminal_size_of(io::stdout()),
        )
    }

    /// The look of text on standard error.
    pub fn error_look(&self) -> Look {
        look(
            io::stderr().is_terminal(),
            terminal_size::terminal_size_of(io::stderr()),
        )
    }
}

/// Reads settings that can be used together.
fn usable(path: &Path, named: bool) -> Result<Config, Failure> {
    let config = Config::read(path, named)?;
    config.conflict().map_or(Ok(config), Err)
}

/// A name for `identity` that is valid as a file name.
fn key(identity: &str) -> String {
    hex(&Sha256::digest(identity)[..8])
}

/// An environment variable.
pub fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// Returns the path of the settings file, and whether the user passed it with `--config`.
pub fn settings_path(global: &Global) -> Result<(PathBuf, bool), Failure> {
    match &global.config {
        Some(path) => Ok((path.clone(), true)),
        None => Ok((Folders::from_env(variable)?.config.join("config.toml"), false)),
    }
}

fn look(terminal: bool, size: Option<(terminal_size::Width, terminal_size::Height)>) -> Look {
    if !terminal {
        return Look::PLAIN;
    }
    let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
    let colour = !no_colour && !dumb;
    Look {
        colour,
        links: colour && makes_links(variable),
        width: Some(size.map_or(80, |(width, _)| usize::from(width.0)).clamp(20, MAX_WIDTH)),
        dates: dates(variable),
    }
}

/// The date format, from the first set variable of those that POSIX uses for the locale of dates.
fn dates(get: impl Fn(&str) -> Option<OsString>) -> Dates {
    let set = |name: &&str| get(name).filter(|value| !value.is_empty());
    let name = ["LC_ALL", "LC_TIME", "LANG"].iter().find_map(set);
    Dates::of(&name.unwrap_or_default().to_string_lossy())
}

/// Whether the terminal is known to support OSC 8 hyperlinks; other terminals may print the sequences.
/// `FORCE_HYPERLINK` (0 or 1) overrides this.
fn makes_links(get: impl Fn(&str) -> Option<OsString>) -> bool {
    let get = |name: &str| get(name).map(|value| value.to_string_lossy().into_owned());
    if let Some(forced) = get("FORCE_HYPERLINK") {
        return forced != "0" && !forced.is_empty();
    }
    let program = get("TERM_PROGRAM").unwrap_or_default();
    let term = get("TERM").unwrap_or_default();
    let vte = get("VTE_VERSION").and_then(|version| version.parse().ok()).unwrap_or(0);
    let by_program = ["iTerm.app", "WezTerm", "vscode", "ghostty"].contains(&program.as_str());
    let by_term = ["kitty", "ghostty", "foot", "alacritty"]
        .iter()
        .any(|name| term.contains(name));
    // VTE supports links since 0.50. Windows Terminal and Konsole set a variable.
    by_program || by_term || vte >= 5_000 || get("WT_SESSION").is_some() || get("KONSOLE_VERSION").is_some()
}

/// A path for display.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(vars: &[(&str, &str)]) -> Result<Folders, Failure> {
        Folders::from_env(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).into()))
    }

    #[test]
    fn folders_are_those_of_the_specification() {
        let found = folders(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c"), ("XDG_DATA_HOME", "relative")]).unwrap();
        assert_eq!(found.config, Path::new("/h/.config/askpm"));
        assert_eq!(found.data, Path::new("/h/.local/share/askpm"));
        assert_eq!(found.cache, Path::new("/c/askpm"));
    }

    #[test]
    fn links_are_for_terminals_that_are_known_to_make_them() {
        let makes = |vars: &[(&str, &str)]| {
            makes_links(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).into()))
        };
        for vars in [
            &[("TERM", "xterm-kitty")][..],
            &[("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-256color")],
            &[("VTE_VERSION", "6800")],
            &[("FORCE_HYPERLINK", "1"), ("TERM", "linux")],
        ] {
            assert!(makes(vars), "{vars:?}");
        }
        for vars in [
            &[][..],
            &[("TERM", "xterm-256color")],
            &[("VTE_VERSION", "4205")],
            &[("TERM", "xterm-kitty"), ("FORCE_HYPERLINK", "0")],
        ] {
            assert!(!makes(vars), "{vars:?}");
        }
    }

    #[test]
    fn no_home_is_an_error_with_the_way_out() {
        let lines = folders(&[("HOME", "")]).unwrap_err().lines();
        assert!(
            lines[0].contains("cannot find your home folder") && lines[1].contains("set HOME"),
            "{lines:?}"
        );
    }
}
