//! What the user means: the arguments, the settings file and the environment put together, once.
//!
//! In: [`Global`] arguments and environment variables. Out: [`Context`], from which commands take their corpus, index,
//! model and output. Nothing else in the program reads the environment, save `models::Places` through it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::args::{FilterArgs, Global};
use super::config::Config;
use super::error::Failure;
use super::{files, memory};
use crate::corpus::Corpus;
use crate::index::{IndexError, RefreshReport, Skipped, Store};
use crate::models::{Net, Places, Registry};
use crate::prompt::{Prompts, TemplateError};
use crate::render::dates::Dates;
use crate::render::sanitise;
use crate::render::terminal::Look;
use crate::retrieve::Filters;

/// Widest that text is wrapped: longer lines read badly.
const MAX_WIDTH: usize = 100;

/// Everything that a command needs to know of its surroundings.
pub struct Context {
    pub config: Config,
    pub corpus: Corpus,
    pub net: Net,
    pub folders: Folders,
    /// Where the settings are, or would be.
    pub settings: PathBuf,
    quiet: bool,
    pub verbose: u8,
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
            // The specification has relative paths ignored.
            let given = set(name).filter(|path| path.is_absolute());
            let path = given.or_else(|| home.as_ref().map(|home| home.join(under_home)));
            let missing = || Failure::new("no home folder", format!("neither {name} nor HOME is set"));
            path.map(|path| path.join("askpm"))
                .ok_or_else(|| missing().hinted("set HOME to a folder of yours"))
        };
        Ok(Folders {
            config: folder("XDG_CONFIG_HOME", ".config")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            cache: folder("XDG_CACHE_HOME", ".cache")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// Where imported editions are kept.
    pub fn editions(&self) -> PathBuf {
        self.data.join("corpus")
    }

    /// Where conversations are kept.
    pub fn conversations(&self) -> PathBuf {
        self.data.join("conversations")
    }
}

impl Context {
    pub fn new(global: &Global) -> Result<Context, Failure> {
        let (path, named) = settings_path(global)?;
        Context::with(global, Config::read(&path, named)?)
    }

    /// With no settings where they are wrong, which is the other value.
    pub fn despite_settings(global: &Global) -> Result<(Context, Option<Failure>), Failure> {
        let (path, named) = settings_path(global)?;
        match Config::read(&path, named) {
            Ok(config) => Ok((Context::with(global, config)?, None)),
            Err(failure) => Ok((Context::with(global, Config::default())?, Some(failure))),
        }
    }

    fn with(global: &Global, config: Config) -> Result<Context, Failure> {
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
        })
    }

    pub fn places(&self) -> Result<Places, Failure> {
        Ok(Places::from_env(|name| env::var_os(name))?)
    }

    /// The models that are known: the built-in list and the user's over it.
    pub fn registry(&self) -> Result<Registry, Failure> {
        let user = self.folders.config.join("models.toml");
        Ok(Registry::load(Some(&user))?)
    }

    /// The wording of prompts: the user's files, else the built-in ones. `models` are names that the model in use goes by,
    /// for files of its own.
    pub fn prompts(&self, models: &[&str]) -> Result<Prompts, Failure> {
        let folder = self.folders.config.join("prompts");
        let failure = |(name, error): (&str, TemplateError)| {
            let hint = "the repository's `prompts/` has examples; without the file the built-in wording is used";
            Failure::new(folder.join(name).display(), error).hinted(hint)
        };
        let read = |name: &str| match fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::new(folder.join(name).display(), error)),
        };
        Prompts::load(models, read, failure)
    }

    /// Where the index of this corpus lies: each corpus has its own.
    pub fn index_dir(&self) -> PathBuf {
        self.folders.cache.join("index").join(self.key())
    }

    /// Where models keep what their prompts begin with.
    pub fn prefixes(&self) -> PathBuf {
        self.folders.cache.join("prefixes")
    }

    /// Where it is remembered which state of each feed this corpus has.
    pub fn feed_memory(&self) -> PathBuf {
        self.folders.cache.join("feeds").join(self.key() + ".json")
    }

    /// A name for the corpus in use that is a file's name.
    fn key(&self) -> String {
        let key = Sha256::digest(self.corpus.identity());
        key.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The index to search: brought up to date with the corpus or, where the disk does not let it be, as it was left
    /// whole by the last refresh, which is told.
    pub fn store(&self) -> Result<Store, Failure> {
        memory::room_to_search()?;
        let dir = self.index_dir();
        self.make_private_folders();
        match self.told(Store::open_or_refresh(&dir, &self.corpus.files()?)) {
            Ok((store, _)) => Ok(store),
            Err(error) => match Store::open(&dir) {
                Ok(Some(store)) => {
                    let since = store.stats().indexed_at;
                    self.warn(&format!(
                        "{error}; answering from the index of {since}, which the corpus has left behind"
                    ));
                    Ok(store)
                }
                _ => Err(error.into()),
            },
        }
    }

    /// The index, brought up to date with the corpus, and what that took.
    pub fn refreshed(&self) -> Result<(Store, RefreshReport), Failure> {
        memory::room_to_search()?;
        self.make_private_folders();
        Ok(self.told(Store::open_or_refresh(&self.index_dir(), &self.corpus.files()?))?)
    }

    /// Makes askpm's own folders for their owner alone: what newsletters say and what was asked is nobody else's
    /// business. What is made below them is then out of others' reach, whatever its own permissions are. A folder that
    /// cannot be made is told by whoever writes there.
    pub fn make_private_folders(&self) {
        for folder in [&self.folders.cache, &self.folders.data] {
            let _ = files::private_folder(folder);
        }
    }

    /// Tells what a refresh skipped and why it rebuilt.
    fn told(
        &self,
        refreshed: Result<(Store, RefreshReport), IndexError>,
    ) -> Result<(Store, RefreshReport), IndexError> {
        let (store, report) = refreshed?;
        if let Some(why) = &report.rebuilt {
            self.note(&format!("index rebuilt: {why}"));
        }
        self.tell_skipped(&report.skipped);
        Ok((store, report))
    }

    /// Names each file that could not be indexed.
    pub fn tell_skipped(&self, skipped: &[Skipped]) {
        for Skipped { file, why } in skipped {
            self.warn(&format!("skipped {file}: {why}"));
        }
    }

    /// Progress and notes, which `--quiet` keeps back.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.warn(text);
        }
    }

    /// What is told with `-v` only.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            self.note(text);
        }
    }

    /// What is not in order, quiet or not.
    pub fn warn(&self, text: &str) {
        // A standard error that is closed takes no warning, and that is no reason to stop.
        let _ = writeln!(io::stderr(), "askpm: {}", sanitise::line(text));
    }

    /// A failure that does not end the program.
    pub fn tell(&self, failure: &Failure) {
        for line in failure.lines() {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// Whether progress can be drawn: a terminal reads standard error, and nobody asked for quiet.
    pub fn draws(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// How text on standard output is to look.
    pub fn look(&self) -> Look {
        look(
            io::stdout().is_terminal(),
            terminal_size::terminal_size_of(io::stdout()),
        )
    }

    /// How text on standard error is to look.
    pub fn error_look(&self) -> Look {
        look(
            io::stderr().is_terminal(),
            terminal_size::terminal_size_of(io::stderr()),
        )
    }
}

/// An environment variable.
pub fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// Where the settings are, and whether the user named that file.
pub fn settings_path(global: &Global) -> Result<(PathBuf, bool), Failure> {
    match &global.config {
        Some(path) => Ok((path.clone(), true)),
        None => Ok((Folders::from_env(variable)?.config.join("config.toml"), false)),
    }
}

impl From<&FilterArgs> for Filters {
    fn from(args: &FilterArgs) -> Filters {
        Filters {
            since: args.since.clone(),
            edition: args.edition.clone(),
            contributor: args.contributor.clone(),
        }
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

/// Dates by the first of the variables that POSIX has name the locale of times.
fn dates(get: impl Fn(&str) -> Option<OsString>) -> Dates {
    let set = |name: &&str| get(name).filter(|value| !value.is_empty());
    let name = ["LC_ALL", "LC_TIME", "LANG"].iter().find_map(set);
    Dates::of(&name.unwrap_or_default().to_string_lossy())
}

/// Whether the terminal is one that is known to make links of OSC 8 sequences; others may print them. `FORCE_HYPERLINK`
/// (0 or 1) decides for those that are not known.
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
    // VTE made links since 0.50, and Windows Terminal and Konsole name themselves.
    by_program || by_term || vte >= 5_000 || get("WT_SESSION").is_some() || get("KONSOLE_VERSION").is_some()
}

/// The words of a question or query: those of the command line, or standard input for `-` and for none in a pipe.
/// At most `limit` bytes and one more are read, so that the caller sees that there are too many.
pub fn words_or_stdin(words: &[String], limit: usize, what: &str) -> Result<String, Failure> {
    let from_stdin = words.is_empty() || words == ["-"];
    if !from_stdin {
        return Ok(words.join(" "));
    }
    if words.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::new(what, "is missing").hinted("type it after the command, or pipe it in"));
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::new("standard input", e))?;
    text(bytes, what)
}

/// `bytes` as text, or an error that says where they stop being UTF-8.
pub fn text(bytes: Vec<u8>, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(what, format!("byte {} is not UTF-8 text", at + 1)).hinted("send it as UTF-8")
    })
}

/// A path as a reader sees it.
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
            lines[0].contains("no home folder") && lines[1].contains("set HOME"),
            "{lines:?}"
        );
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_with_their_place() {
        let lines = text(b"ab\xff".to_vec(), "question").unwrap_err().lines();
        assert_eq!(lines[0], "askpm: question: byte 3 is not UTF-8 text");
    }
}
