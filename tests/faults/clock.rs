//! Clocks that jump. Freshness is judged by content, never by a clock.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::{Outcome, edition, found, home, lost, snapshot};
use crate::harness::Home;

fn date(path: &Path, time: SystemTime) {
    File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

/// A changed edition is noticed whatever its date: older, the same, or in the future.
pub fn file_times() -> Outcome {
    let mut outcome = Outcome::new();
    let future = SystemTime::UNIX_EPOCH + Duration::from_secs(130 * 365 * 86_400);
    for (round, time) in [SystemTime::UNIX_EPOCH, future, SystemTime::UNIX_EPOCH, future]
        .into_iter()
        .enumerate()
    {
        let home = home(3);
        let changed = home.path("corpus/edition-1.md");
        for path in snapshot(&home.path("corpus")).keys() {
            date(path, time);
        }
        assert_eq!(found(&home).len(), 3);
        for path in snapshot(&home.path(".cache")).keys() {
            date(path, if round < 2 { time } else { future });
        }
        // Same length and same date: only the content differs.
        fs::write(&changed, edition(1).replace("prices", "prizes")).unwrap();
        date(&changed, time);
        let before = snapshot(&home.path("corpus"));
        let ran = home.bare().args(["search", "--json", "prizes"]).run();
        outcome.goes_on(&home, &ran);
        assert_eq!(ran.json()["hits"][0]["id"], "edition-1/q1/a");
        outcome.lost += lost(&before);
    }
    outcome
}

/// Builds a library that changes the wall clock, with the C compiler that building askpm needs anyway.
fn shift(home: &Home) -> Option<PathBuf> {
    let source = home.write(
        "shift.c",
        "#define _GNU_SOURCE\n#include <stdlib.h>\n#include <time.h>\n#include <unistd.h>\n#include <sys/syscall.h>\n\
         int clock_gettime(clockid_t id, struct timespec *t) {\n\
         int r = syscall(SYS_clock_gettime, id, t);\n\
         if (id == CLOCK_REALTIME) t->tv_sec = atoll(getenv(\"ASKPM_TEST_NOW\"));\n\
         return r; }\n",
    );
    let library = home.path("shift.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    cc.output().is_ok_and(|out| out.status.success()).then_some(library)
}

pub fn wall_clock() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(3);
    let Some(library) = shift(&home).filter(|_| cfg!(target_os = "linux")) else {
        return Outcome::skipped("needs Linux and a C compiler");
    };
    let before = snapshot(&home.path("corpus"));
    // Forward and back: each run finds what the one before left.
    for (round, now) in [0_i64, 4_291_747_200, -315_619_200, 2_147_483_648, 0, 1]
        .into_iter()
        .enumerate()
    {
        let n = 10 + round;
        home.write(&format!("corpus/edition-{n}.md"), edition(n));
        home.write(&format!("letter-{n}.md"), edition(100 + n));
        for args in [
            vec![
                "search".into(),
                "--json".into(),
                "-n".into(),
                "100".into(),
                "walrus".into(),
            ],
            vec!["ask".into(), format!("Which walrus is number {n}?")],
            vec!["import".into(), format!("letter-{n}.md")],
            vec!["refresh".into()],
        ] {
            let askpm = home
                .bare()
                .env("LD_PRELOAD", &library)
                .env("ASKPM_TEST_NOW", now.to_string());
            let ran = askpm.args(&args).run();
            outcome.goes_on(&home, &ran);
            if args[0] == "search" {
                assert_eq!(super::ids(&ran).len(), 4 + 2 * round, "{ran:#?}");
            }
        }
    }
    outcome.lost += lost(&before);
    outcome
}
