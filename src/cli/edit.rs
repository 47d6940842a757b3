//! Runs `askpm config edit`: opens a draft of the settings in the user's editor, and replaces the settings when the
//! draft is valid. An invalid draft is kept, so that nothing typed is lost.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::config::Config;
use super::context::variable;
use super::error::{Exit, Failure};
use super::files::{self, Readers};

/// The text of a new settings file: every setting, commented out.
const TEMPLATE: &str = "\
# Settings of askpm. Flags override them. `askpm config show` lists the settings in use and their sources.
# Lines that begin with # are comments. Remove the # to use a setting.

# corpus = \"~/editions\"          # answer only from this folder
# model = \"smollm2-135m\"         # a name, a path, or \"none\" to quote without a model
# device = \"cpu\"                 # cpu, cuda, metal or auto
# adapter = \"~/lora.gguf\"      # a LoRA adapter of that model
# offline = true                 # do not use the network
# top_k = 5                      # number of passages to retrieve
# min_score = 0.5                # minimum confidence to answer, 0 to 1
# temperature = 0.0              # sampling temperature, 0 to 5
# max_tokens = 256               # maximum number of tokens that the model writes
# drop = \"~/newsletters\"         # `askpm refresh` imports new files from this folder
# feeds = [\"https://example.org/feed.xml\"]
# imap = { host = \"imap.example.org\", user = \"me@example.org\", password_command = \"pass show mail\" }
# history = false                # do not save questions and answers
# generator = { kind = \"openai\", url = \"http://127.0.0.1:11434/v1\", model = \"qwen3:8b\" }
# retriever = { kind = \"elastic\", url = \"http://127.0.0.1:9200\" }
# embedder = { kind = \"openai\", url = \"http://127.0.0.1:11434/v1\", model = \"bge-m3\" }
# reranker = { kind = \"openai\", url = \"http://127.0.0.1:8081/v1\", model = \"bge-reranker-v2-m3\" }
# serve = { hosts = [\"ask.example.org\"], token_env = \"TEAM_TOKENS\", log = \"-\" }
";

/// Edits the settings at `path`.
pub fn run(path: &Path) -> Result<Exit, Failure> {
    let io = |what: &Path| {
        let what = format!("cannot edit {}", what.display());
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
        // Nothing was changed, so the draft is not needed.
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

/// The failure of an invalid draft. The settings are unchanged.
fn kept(failure: Failure, path: &Path, draft: &Path) -> Failure {
    let hint = match &failure {
        Failure::Told { hint: Some(hint), .. } => format!("; {hint}"),
        _ => String::new(),
    };
    failure.hinted(format!(
        "run `askpm config edit` to continue with {1}; {0} is unchanged{hint}",
        path.display(),
        draft.display()
    ))
}

/// Runs the user's editor on `file` and waits for its end.
fn open_editor(file: &Path) -> Result<(), Failure> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let usual = || if cfg!(windows) { "notepad" } else { "vi" }.into();
    let named = set("VISUAL").or_else(|| set("EDITOR"));
    if named.is_none() && !io::stdin().is_terminal() {
        let hint = "run it at a terminal, or set VISUAL or EDITOR to an editor that needs none";
        return Err(Failure::new("cannot start an editor", "standard input is not a terminal").hinted(hint));
    }
    let editor: std::ffi::OsString = named.unwrap_or_else(usual);
    let name = editor.to_string_lossy().into_owned();
    let hint = "set VISUAL or EDITOR to an editor that waits until the file is closed";
    let what = format!("cannot run the editor `{name}`");
    let status = status(&editor, file).map_err(|error| Failure::new(&what, error).hinted(hint))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().map_or("a signal".into(), |code| format!("status {code}"));
    Err(Failure::new(what, format!("it ended with {code}; nothing was changed")).hinted(hint))
}

/// Runs the editor through a shell, as git does, because the variable may hold arguments (`code --wait`) and quotes.
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

/// An absolute path, so that the editor does not read a file called `-x` as a flag.
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
