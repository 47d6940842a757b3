//! Several processes at the same time.

use std::fs;
use std::thread;

use super::hub::{Pull, model_bytes};
use super::{Outcome, edition, found, home, ids, lost, snapshot};
use crate::harness::{Home, Ran, Run};

/// Runs `count` commands at the same time.
fn at_once(count: usize, run: impl Fn() -> Run + Sync) -> Vec<Ran> {
    thread::scope(|scope| {
        let started: Vec<_> = (0..count).map(|_| scope.spawn(|| run().run())).collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

pub fn searches() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(30);
    for round in 0..3 {
        for ran in at_once(8, || home.bare().args(["search", "--json", "-n", "100", "walrus"])) {
            outcome.goes_on(&home, &ran);
            assert_eq!(ids(&ran).len(), 30 + round);
        }
        home.write(&format!("corpus/edition-{}.md", 30 + round), edition(30 + round));
    }
    outcome
}

pub fn imports() -> Outcome {
    let mut outcome = Outcome::new();
    let home = Home::new();
    for n in 0..12 {
        home.write(&format!("letters/edition-{n}.md"), edition(n));
    }
    let before = snapshot(&home.path("letters"));
    for ran in at_once(4, || home.bare().args(["import", "letters"])) {
        outcome.goes_on(&home, &ran);
    }
    // Each edition exists once, whichever process wrote it.
    let editions = snapshot(&home.path(".local/share/askpm/corpus"));
    let written = editions
        .keys()
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .count();
    assert_eq!(written, 12, "{:?}", editions.keys());
    outcome.lost += lost(&before);
    assert_eq!(found(&home).len(), 12);
    outcome
}

pub fn pulls() -> Outcome {
    let mut outcome = Outcome::new();
    let bytes = model_bytes();
    let pull = Pull::new(&bytes);
    for ran in at_once(4, || pull.askpm().args(["models", "pull", "tiny"])) {
        outcome.goes_on(&pull.home, &ran);
    }
    assert_eq!(pull.hub.ranges().len(), 1, "the model was fetched more than once");
    outcome.lost += usize::from(fs::read(pull.file().unwrap()).unwrap() != bytes);
    outcome
}
