//! Programs killed while they write.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::hub::{Pull, model_bytes};
use super::{Outcome, found, home, lost, snapshot};
use crate::harness::Home;
use crate::harness::hub::Fault;
use crate::kills::refreshes_killed;
use askpm_fixtures::Numbers;

const KILLS: usize = 20;

pub fn refresh() -> Outcome {
    refreshes_killed(KILLS);
    Outcome {
        tries: KILLS,
        ..Outcome::new()
    }
}

fn newsletters(home: &Home, count: usize) {
    for n in 0..count {
        let text = format!(
            "Letter number {n}\n\nQ1. Which walrus is number {n}?\nFrom: Asker {n}\n\nA. The walrus of letter {n} lives \
             on the ice, eats what there is to eat, and says nothing of prices at all.\n- Answerer {n}\n"
        );
        home.write(&format!("letters/letter-{n}.txt"), text);
    }
}

/// After a kill, every imported edition is whole. A second import brings the rest.
pub fn import() -> Outcome {
    let mut outcome = Outcome::new();
    let whole = Home::new();
    newsletters(&whole, 40);
    let started = Instant::now();
    whole.bare().args(["import", "letters"]).run().ok();
    let time = started.elapsed();
    let names = |home: &Home| -> std::collections::BTreeMap<_, _> {
        let files = snapshot(&home.path(".local/share/askpm/corpus")).into_iter();
        files
            .map(|(path, bytes)| (path.file_name().unwrap().to_owned(), bytes))
            .collect()
    };
    let expected = names(&whole);
    assert!(expected.len() >= 40, "{:?}", expected.keys());
    let mut random = Numbers(7);
    while outcome.tries < KILLS {
        let home = Home::new();
        newsletters(&home, 40);
        let before = snapshot(&home.path("letters"));
        let mut command = home.bare().args(["import", "letters"]).command();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(time.mul_f64(random.unit()));
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, bytes) in names(&home) {
            // A temporary file may be left, but an edition is whole.
            if name.to_string_lossy().ends_with(".md") {
                assert_eq!(expected.get(&name), Some(&bytes), "{name:?}");
            }
        }
        home.bare().args(["import", "letters"]).run().ok();
        let again = names(&home);
        outcome.lost += lost(&before)
            + expected
                .iter()
                .filter(|(name, bytes)| again.get(*name) != Some(bytes))
                .count();
        outcome.tries += 1;
    }
    outcome
}

/// After a kill, the model is whole or absent. A second pull resumes from what was downloaded.
pub fn pull() -> Outcome {
    let mut outcome = Outcome::new();
    let bytes = model_bytes();
    let mut random = Numbers(9);
    while outcome.tries < KILLS {
        let pull = Pull::new(&bytes);
        pull.hub
            .order([Fault::StallAfter((bytes.len() as f64 * random.unit()) as usize)]);
        let mut child = pull.askpm().args(["models", "pull", "tiny"]).spawn();
        let until = Instant::now() + Duration::from_secs(20);
        while pull.hub.ranges().is_empty() && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
        thread::sleep(Duration::from_millis((30.0 * random.unit()) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(pull.file().is_none_or(|file| fs::read(file).unwrap() == bytes));
        let ran = pull.pull();
        outcome.goes_on(&pull.home, &ran);
        pull.askpm().args(["models", "verify", "tiny"]).run().ok();
        outcome.lost += usize::from(fs::read(pull.file().unwrap()).unwrap() != bytes);
    }
    outcome
}

/// The settings are unchanged, and what was typed is in the draft, from which the next edit continues.
pub fn edit() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(2);
    let path = home.path(".config/askpm/config.toml");
    let before = snapshot(&home.path(".config"));
    let edit = |editor: &str| home.bare().env("EDITOR", editor).args(["config", "edit"]).run();
    for _ in 0..5 {
        let ran = edit("f() { echo 'top_k = 4' > \"$1\"; kill -9 $PPID; }; f");
        assert_eq!(ran.status, None, "{ran:#?}");
        outcome.lost += lost(&before);
        assert_eq!(
            fs::read_to_string(home.path(".config/askpm/config.draft.toml")).unwrap(),
            "top_k = 4\n"
        );
        assert_eq!(found(&home).len(), 2);
        outcome.tries += 1;
    }
    edit("/bin/true").ok();
    assert_eq!(fs::read_to_string(path).unwrap(), "top_k = 4\n");
    outcome
}
