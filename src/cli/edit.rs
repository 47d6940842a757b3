//! `askpm config edit`: the user's editor on a draft of the settings, which take its place only when they are valid.
//!
//! In: the path of the settings, and `VISUAL` or `EDITOR`. Out: new settings, or an error and the draft, so that nothing
//! that was typed is lost. It must not know what the settings mean.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::config::Config;
use super::context::variable;
use super::error::{Exit, Failure};
use super::files::{self, Readers};

/// What a first file says: every setting, as a comment.
const TEMPLATE: &str = "\
# Settings of askpm. Flags go before them; `askpm config show` tells what holds and why.
# A line that begins with # says nothing: take the # away to set something.

# corpus = \"/home/me/editions\"   # answer from this folder, and from nowhere else
# model = \"smollm2-135m\"         # a name, a path, or \"none\" to quote without a model
# device = \"cpu\"                 # cpu, cuda, metal or auto
# offline = true                 # open no connection
# top_k = 5                      # passages to answer from
# min_score = 0.5                # least confidence to answer at, 0 to 1
# temperature = 0.0              # randomness of the model's choice, 0 to 5
# max_tokens = 256               # most that the model may write
# drop = \"/home/me/newsletters\"  # `askpm refresh` imports what is in this folder
# feeds = [\"https://example.org/feed.xml\"]
# history = false                # keep no questions and answers for `-c`
# generator = { kind = \"openai\", url = \"http://127.0.0.1:11434/v1\", model = \"qwen3:8b\" }
# retriever = { kind = \"elastic\", url = \"http://127.0.0.1:9200\" }
";

/// Edits the settings at `path`.
pub fn run(path: &Path) -> Result<Exit, Failure> {
    let io = |what: &Path| {
        let what = what.display().to_string();
        move |error: io::Error| Failure::new(what, error)
    };
    let draft = path.with_extension("draft.toml");
    let before = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(io(path)(error)),
    };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        files::private_folder(dir).map_err(io(dir))?;
    }
    let start = before.as_deref().unwrap_or(TEMPLATE);
    if !draft.exists() {
        files::replace(&draft, start.as_bytes(), Readers::Owner).map_err(io(&draft))?;
    }
    let ended = open_editor(&draft);
    let after = fs::read_to_string(&draft).map_err(io(&draft))?;
    if after == start {
        // Nothing was typed, so there is nothing to keep.
        fs::remove_file(&draft).map_err(io(&draft))?;
        ended?;
        writeln!(io::stdout(), "{}: unchanged", path.display())?;
        return Ok(Exit::Done);
    }
    ended?;
    Config::parse(&after, &draft).map_err(|failure| kept(failure, path, &draft))?;
    files::replace(path, after.as_bytes(), Readers::Owner).map_err(io(path))?;
    fs::remove_file(&draft).map_err(io(&draft))?;
    writeln!(io::stdout(), "{}: saved", path.display())?;
    Ok(Exit::Done)
}

/// The failure of a draft: the settings in force are as they were.
fn kept(failure: Failure, path: &Path, draft: &Path) -> Failure {
    let hint = match &failure {
        Failure::Told { hint: Some(hint), .. } => format!("; {hint}"),
        _ => String::new(),
    };
    failure.hinted(format!(
        "{} is as it was; `askpm config edit` goes on with {}{hint}",
        path.display(),
        draft.display()
    ))
}

/// Runs the user's editor on `file` and waits for its end.
fn open_editor(file: &Path) -> Result<(), Failure> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let usual = || if cfg!(windows) { "notepad" } else { "vi" }.into();
    let editor: std::ffi::OsString = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(usual);
    let name = editor.to_string_lossy().into_owned();
    let hint = "set VISUAL or EDITOR to an editor that waits until the file is closed";
    let status = status(&editor, file).map_err(|error| Failure::new(format!("editor `{name}`"), error).hinted(hint))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().map_or("a signal".into(), |code| format!("status {code}"));
    Err(Failure::new(
        format!("editor `{name}`"),
        format!("ended with {code}; nothing was changed"),
    )
    .hinted(hint))
}

/// The variable may hold arguments (`code --wait`) and quotes: a shell reads it, as git's does.
#[cfg(unix)]
fn status(editor: &std::ffi::OsStr, file: &Path) -> io::Result<ExitStatus> {
    let mut line = editor.to_os_string();
    line.push(" \"$@\"");
    Command::new("/bin/sh")
        .arg("-c")
        .arg(line)
        .arg("askpm")
        .arg(absolute(file))
        .status()
}

#[cfg(not(unix))]
fn status(editor: &std::ffi::OsStr, file: &Path) -> io::Result<ExitStatus> {
    let text = editor.to_string_lossy().into_owned();
    let mut words = text.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("notepad"));
    command.args(words).arg(absolute(file)).status()
}

/// A file called `-x` must not read as a flag of the editor.
fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_sets_nothing_and_each_of_its_lines_is_a_setting_once_the_mark_is_gone() {
        assert_eq!(Config::parse(TEMPLATE, Path::new("c")).unwrap(), Config::default());
        let lines = TEMPLATE.lines().filter_map(|line| line.strip_prefix("# "));
        let settings: Vec<&str> = lines.filter(|line| line.contains(" = ")).collect();
        assert_eq!(settings.len(), super::super::config::KNOWN.len());
        Config::parse(&settings.join("\n"), Path::new("c")).unwrap();
    }
}
