//! Runs `askpm refresh --install-timer`: prints a systemd user timer and a cron line that refresh every hour, and writes
//! the timer with `--yes`.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::{Exit, Failure};
use super::files::{self, Readers};
use crate::corpus::Corpus;

/// The name of both units.
const UNIT: &str = "askpm-refresh";

/// Prints what a timer needs, and writes the units with `yes`.
pub fn run(context: &Context, yes: bool) -> Result<Exit, Failure> {
    let program = env::current_exe().map_err(|error| Failure::new("cannot find the path of askpm", error))?;
    let words = words(context, &program)?;
    let folder = unit_folder(context);
    let units = [("service", service(&words)), ("timer", timer())];
    let mut out = io::stdout().lock();
    for (kind, text) in &units {
        let path = folder.join(format!("{UNIT}.{kind}"));
        if yes {
            let written =
                fs::create_dir_all(&folder).and_then(|()| files::replace(&path, text.as_bytes(), Readers::Anyone));
            written.map_err(|error| {
                Failure::new(format!("cannot write {}", path.display()), error)
                    .hinted("correct the permissions of its folder, or use the cron line")
            })?;
            writeln!(out, "wrote {}", path.display())?;
        } else {
            writeln!(out, "# {}\n{text}", path.display())?;
        }
    }
    if yes {
        writeln!(
            out,
            "\nStart it:\n  systemctl --user daemon-reload && systemctl --user enable --now {UNIT}.timer"
        )?;
        writeln!(out, "Read what it reports:\n  journalctl --user -u {UNIT}")?;
    } else {
        writeln!(
            out,
            "# Without systemd, a line for `crontab -e`. Cron mails what is new:\n{}",
            cron(&words)
        )?;
        out.flush()?;
        context.note("nothing was written; `askpm refresh --install-timer --yes` writes both files");
    }
    Ok(Exit::Done)
}

/// The command that the timer runs, as separate words. Flags that this run was given are repeated.
fn words(context: &Context, program: &Path) -> Result<Vec<String>, Failure> {
    let mut words = vec![text(program)?, "refresh".into(), "--saved".into(), "--quiet".into()];
    let mut flag = |name: &str, path: &Path| -> Result<(), Failure> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        words.extend([name.to_string(), text(&path)?]);
        Ok(())
    };
    if context.settings != context.folders.config.join("config.toml") {
        flag("--config", &context.settings)?;
    }
    if let Corpus::Folder(dir) = &context.corpus
        && context.config.corpus.as_ref() != Some(dir)
    {
        flag("--corpus", dir)?;
    }
    Ok(words)
}

fn text(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control));
    let bad = || Failure::new("cannot make a timer", format!("{} is not plain text", path.display()));
    text.map(String::from)
        .ok_or_else(|| bad().hinted("move it to a folder with another name"))
}

/// The folder of the user's own units, next to askpm's settings.
fn unit_folder(context: &Context) -> PathBuf {
    let config = context.folders.config.parent().unwrap_or(&context.folders.config);
    config.join("systemd/user")
}

fn service(words: &[String]) -> String {
    let command: Vec<String> = words.iter().map(|word| for_systemd(word)).collect();
    format!(
        "[Unit]\nDescription=Fetch newsletters into askpm and report what is new for the saved questions\n\n\
         [Service]\nType=oneshot\nExecStart={}\n# 3 means that nothing is new.\nSuccessExitStatus=3\n",
        command.join(" ")
    )
}

fn timer() -> String {
    format!(
        "[Unit]\nDescription=Run {UNIT} every hour\n\n\
         [Timer]\nOnCalendar=hourly\nRandomizedDelaySec=10min\nPersistent=true\n\n\
         [Install]\nWantedBy=timers.target\n"
    )
}

fn cron(words: &[String]) -> String {
    let command: Vec<String> = words.iter().map(|word| for_cron(word)).collect();
    format!("17 * * * * {}", command.join(" "))
}

/// Quotes a word of `ExecStart` (systemd.service, section "Command lines"). `%` and `$` begin expansions.
fn for_systemd(word: &str) -> String {
    let escaped = word
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    if is_plain(word) {
        escaped
    } else {
        format!("\"{escaped}\"")
    }
}

/// Quotes a word for the shell that cron runs. An unescaped `%` ends the command in a crontab.
fn for_cron(word: &str) -> String {
    let quoted = if is_plain(word) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    };
    quoted.replace('%', "\\%")
}

fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_special_characters_are_quoted() {
        assert_eq!(for_systemd("/usr/bin/askpm"), "/usr/bin/askpm");
        assert_eq!(for_systemd("/a b/50%$x\"y"), "\"/a b/50%%$$x\\\"y\"");
        assert_eq!(for_cron("/a b/it's 5%"), "'/a b/it'\\''s 5\\%'");
    }
}
