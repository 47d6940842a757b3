//! Limits set by the system: memory, file size, open files. A shell sets them, as users and services do.

use std::fs;
use std::process::{Command, Stdio};

use super::{Outcome, edition, found, home, lost, snapshot};
use crate::harness::{Home, Ran};
use askpm_fixtures::{TinyGguf, Weights};

/// Runs askpm under a limit. Files that other tests have open, and that the shell inherits, are closed first, because
/// they would count against the limit.
fn limited(home: &Home, limit: &str, args: &[&str]) -> Ran {
    let askpm = home.bare().command();
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", &format!("{CLOSED}; {limit} && exec \"$@\""), "sh"])
        .arg(askpm.get_program())
        .args(args);
    shell
        .env_clear()
        .envs(askpm.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let out = shell.current_dir(home.path("")).stdin(Stdio::null()).output().unwrap();
    Ran {
        status: out.status.code(),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8(out.stderr).unwrap(),
    }
}

/// Closes what a shell may inherit beyond its standard streams. The limit applies to file descriptor numbers, and these
/// are the lowest.
const CLOSED: &str = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-";

/// Too little memory for a search is reported before anything starts.
pub fn no_memory() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(30);
    assert_eq!(found(&home).len(), 30);
    let before = snapshot(&home.path("corpus"));
    // With less than its image the program does not start at all, and the image grows with what is linked.
    let starts = |mib: &u64| limited(&home, &format!("ulimit -v {}", mib << 10), &["--version"]).status == Some(0);
    let image = (32..256).find(starts).expect("the program starts in less than 256 MiB");
    for more in [1, 4, 8, 16, 24, 40] {
        for args in [
            &["refresh"][..],
            &["search", "walrus"],
            &["ask", "Which walrus is number 3?"],
        ] {
            let ran = limited(&home, &format!("ulimit -v {}", (image + more) << 10), args);
            match more {
                ..6 => outcome.fails(&home, &ran),
                _ => outcome.ends(&home, &ran),
            }
            outcome.lost += lost(&before);
        }
    }
    assert_eq!(found(&home).len(), 30);
    outcome
}

/// Too little memory may abort the program, but only with the runtime's message and with everything intact.
pub fn memory() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(30);
    let mut gguf = TinyGguf::new("llama", Weights::F32).bytes();
    gguf.resize(100 << 20, 0);
    home.write("large.gguf", gguf);
    let before = snapshot(&home.path("corpus"));
    for mib in [100, 140, 180, 220, 300, 400, 800, 2_000] {
        for args in [
            &["refresh"][..],
            &["search", "walrus"],
            &["ask", "Which walrus is number 3?"],
            &[
                "ask",
                "-m",
                "large.gguf",
                "--max-tokens",
                "4",
                "Which walrus is number 3?",
            ],
            &["import", "corpus/edition-3.md"],
        ] {
            let _ = fs::remove_dir_all(home.path(".cache/askpm"));
            let ran = limited(&home, &format!("ulimit -v {}", mib << 10), args);
            let out_of_memory = ran.status.is_none() && ran.stderr.contains("memory allocation of");
            match out_of_memory {
                true => outcome.tries += 1,
                false => outcome.ends(&home, &ran),
            }
            outcome.lost += lost(&before);
            assert_eq!(found(&home).len(), 30);
        }
    }
    outcome
}

/// Every file that is written exceeds the limit.
pub fn file_size() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(5);
    assert_eq!(found(&home).len(), 5);
    for n in 5..40 {
        home.write(&format!("corpus/edition-{n}.md"), edition(n));
    }
    home.write(
        "long.md",
        edition(99).replace("ice", &"ice and snow and ".repeat(4_000)),
    );
    let before = snapshot(&home.path("corpus"));
    for args in [&["refresh"][..], &["import", "long.md"]] {
        // The shell ignores the signal of this limit, so that writing fails as on a full disk.
        let ran = limited(&home, "trap '' XFSZ; ulimit -f 4", args);
        outcome.fails(&home, &ran);
        outcome.lost += lost(&before);
    }
    let ran = limited(&home, "trap '' XFSZ; ulimit -f 4", &["search", "walrus"]);
    outcome.goes_on(&home, &ran);
    assert_eq!(found(&home).len(), 40);
    outcome
}

pub fn open_files() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(30);
    let before = snapshot(&home.path("corpus"));
    for files in [4, 6, 8, 10, 12, 16, 24, 32, 64] {
        for args in [
            &["refresh"][..],
            &["search", "walrus"],
            &["import", "corpus/edition-3.md"],
        ] {
            let _ = fs::remove_dir_all(home.path(".cache/askpm"));
            let ran = limited(&home, &format!("ulimit -n {files}"), args);
            outcome.ends(&home, &ran);
            outcome.lost += lost(&before);
            assert_eq!(found(&home).len(), 30);
        }
    }
    outcome
}
