//! Disks that are full or read-only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::hub::{Pull, model_bytes};
use super::{Outcome, edition, found, home, lost, snapshot};
use crate::harness::Home;

const NO_MOUNT: &str = "needs the right to mount a tmpfs";

/// A small file system in memory. It is unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// Returns `None` if mounting is not allowed.
    fn mount(at: &Path, size: &str) -> Option<Disk> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "askpm-test"])
            .arg(at);
        let mounted = mount.output().is_ok_and(|out| out.status.success());
        mounted.then(|| Disk(at.to_path_buf()))
    }

    /// Fills the disk except for about `leave` bytes.
    fn fill(&self, leave: u64) {
        let free = fs4::available_space(&self.0).unwrap();
        fs::write(
            self.0.join("other-people-s-file"),
            vec![1; free.saturating_sub(leave) as usize],
        )
        .unwrap();
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("other-people-s-file")).unwrap();
    }

    fn remount(&self, how: &str) {
        let ran = Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&self.0)
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Bytes left on a disk that counts as full.
const LEFT: [u64; 5] = [0, 4 << 10, 8 << 10, 16 << 10, 32 << 10];

/// The old index answers, with a note. With room again, the new one is built.
pub fn full_for_the_index() -> Outcome {
    let mut outcome = Outcome::new();
    for left in LEFT {
        let home = home(5);
        let Some(disk) = Disk::mount(&home.path(".cache"), "4m") else {
            return Outcome::skipped(NO_MOUNT);
        };
        assert_eq!(found(&home).len(), 5);
        for n in 5..40 {
            home.write(&format!("corpus/edition-{n}.md"), edition(n));
        }
        let before = snapshot(&home.path("corpus"));
        disk.fill(left);
        let ran = home.bare().args(["refresh"]).run();
        outcome.fails(&home, &ran);
        assert!(ran.hint().contains("free some space"), "{ran:#?}");
        let ran = home.bare().args(["search", "walrus"]).run().ok();
        assert!(ran.stderr.contains("answering from the outdated index of"), "{ran:#?}");
        disk.empty();
        assert_eq!(found(&home).len(), 40);
        outcome.lost += lost(&before);
    }
    outcome
}

/// The newsletter is not imported, earlier imports stay, and no partial file is left.
pub fn full_for_imports() -> Outcome {
    let mut outcome = Outcome::new();
    for left in LEFT {
        let home = Home::new();
        let Some(disk) = Disk::mount(&home.path(".local/share"), "1m") else {
            return Outcome::skipped(NO_MOUNT);
        };
        home.write("first.md", edition(1));
        home.bare().args(["import", "first.md"]).run().ok();
        let before = snapshot(&home.path(".local/share/askpm"));
        let long = edition(2).replace("ice", &"ice and snow and ".repeat(4_000));
        home.write("second.md", long);
        disk.fill(left);
        let ran = home.bare().args(["import", "second.md"]).run();
        outcome.fails(&home, &ran);
        outcome.lost += lost(&before);
        assert_eq!(
            snapshot(&home.path(".local/share/askpm")).len(),
            before.len(),
            "{ran:#?}"
        );
        disk.empty();
        home.bare().args(["import", "second.md"]).run().ok();
    }
    outcome
}

/// The downloaded part is kept, and the pull resumes when there is room.
pub fn full_for_models() -> Outcome {
    let mut outcome = Outcome::new();
    let bytes = model_bytes();
    for left in LEFT {
        let pull = Pull::new(&bytes);
        let Some(disk) = Disk::mount(&pull.home.path(".cache/huggingface"), "1m") else {
            return Outcome::skipped(NO_MOUNT);
        };
        disk.fill(left);
        let ran = pull.pull();
        outcome.fails(&pull.home, &ran);
        assert!(ran.stderr.contains("hint: free some space"), "{ran:#?}");
        disk.empty();
        pull.pull().ok();
        outcome.lost += usize::from(fs::read(pull.file().unwrap()).unwrap() != bytes);
    }
    outcome
}

/// The current settings stay.
pub fn full_for_settings() -> Outcome {
    let mut outcome = Outcome::new();
    let home = Home::new();
    let Some(disk) = Disk::mount(&home.path(".config"), "64k") else {
        return Outcome::skipped(NO_MOUNT);
    };
    home.write(".config/askpm/config.toml", "top_k = 3\n");
    let before = snapshot(&home.path(".config"));
    disk.fill(0);
    let append = "f() { echo 'top_k = 4' >> \"$1\"; }; f";
    let ran = home.bare().env("EDITOR", append).args(["config", "edit"]).run();
    outcome.fails(&home, &ran);
    outcome.lost += lost(&before);
    outcome
}

pub fn read_only_is_searched() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(5);
    let Some(disk) = Disk::mount(&home.path(".cache"), "4m") else {
        return Outcome::skipped(NO_MOUNT);
    };
    assert_eq!(found(&home).len(), 5);
    disk.remount("ro");
    let unchanged = home.bare().args(["search", "walrus"]).run().ok();
    assert_eq!(unchanged.stderr, "");
    home.write("corpus/edition-5.md", edition(5));
    let before = snapshot(&home.path("corpus"));
    for args in [
        &["search", "walrus"][..],
        &["ask", "Which walrus is number 3?"],
        &["search", "--json", "walrus"],
    ] {
        let ran = home.bare().args(args).run();
        outcome.goes_on(&home, &ran);
        assert!(ran.stderr.contains("answering from the outdated index of"), "{ran:#?}");
    }
    outcome.lost += lost(&before);
    disk.remount("rw");
    assert_eq!(found(&home).len(), 6);
    outcome
}

pub fn read_only_is_told() -> Outcome {
    let mut outcome = Outcome::new();
    let pull = Pull::new(&model_bytes());
    let Some(disk) = Disk::mount(&pull.home.path("all"), "4m") else {
        return Outcome::skipped(NO_MOUNT);
    };
    pull.home.write("letter.md", edition(1));
    pull.home.write("all/askpm/config.toml", "top_k = 3\n");
    fs::copy(
        pull.home.path(".config/askpm/models.toml"),
        pull.home.path("all/askpm/models.toml"),
    )
    .unwrap();
    let before = snapshot(&pull.home.path("all"));
    disk.remount("ro");
    let all = pull.home.path("all");
    for args in [
        &["import", "letter.md"][..],
        &["models", "pull", "tiny"],
        &["config", "edit"],
        &["refresh"],
        &["search", "price"],
    ] {
        let askpm = pull.askpm().env("EDITOR", "/bin/true").env("HF_HOME", &all);
        let folders = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"];
        let askpm = folders.iter().fold(askpm, |askpm, name| askpm.env(name, &all));
        let ran = askpm.args(args).run();
        outcome.fails(&pull.home, &ran);
    }
    outcome.lost += lost(&before);
    outcome
}
