//! Finds out how much memory the program can still use, from Linux's `/proc` and `/sys/fs/cgroup`. Other systems report
//! nothing.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::error::Failure;
use crate::models;

/// The memory that a model needs in addition to its file: the KV cache, the vocabulary and the stacks of threads.
const BESIDE_THE_FILE: u64 = 64 << 20;

/// The memory to open or build an index and to search it. 31 MiB were measured with the built-in corpus.
const TO_SEARCH: u64 = 48 << 20;

/// Below this limit, threads share one memory arena.
const TIGHT: u64 = 1 << 30;

/// The variable with the maximum number of arenas (mallopt(3)).
const REGIONS: &str = "MALLOC_ARENA_MAX";

/// Restarts the program with one memory arena for all threads if a limit leaves little memory. The GNU C library
/// reserves 64 MiB of address space for each thread, which other parts then lack. Returns if a restart is not useful or
/// not possible.
pub fn share_one_region(args: &[OsString]) {
    let tight = || left_under_limit().is_some_and(|left| left < TIGHT);
    if cfg!(all(target_os = "linux", target_env = "gnu")) && std::env::var_os(REGIONS).is_none() && tight() {
        #[cfg(unix)]
        if let Some((name, rest)) = args.split_first() {
            use std::os::unix::process::CommandExt as _;
            let mut again = std::process::Command::new("/proc/self/exe");
            // This returns only if it fails. The program then continues without a restart.
            let _ = again.arg0(name).args(rest).env(REGIONS, "1").exec();
        }
    }
}

/// Refuses to search if the limit leaves too little memory. The runtime would abort the program otherwise.
pub fn room_to_search() -> Result<(), Failure> {
    match left_under_limit() {
        Some(left) if left < TO_SEARCH => {
            Err(too_little("cannot search", TO_SEARCH, left).hinted("raise the limit (`ulimit -v`)"))
        }
        _ => Ok(()),
    }
}

fn too_little(what: impl std::fmt::Display, needed: u64, left: u64) -> Failure {
    let (needed, left) = (megabytes(needed), megabytes(left));
    Failure::new(
        what,
        format!("it needs at least {needed} of memory, but the limit of this process leaves {left}"),
    )
}

/// The available memory in MiB: the least of what the system, the limit of this process (`ulimit -v`) and its container
/// leave.
pub fn available_memory_mb() -> Option<u64> {
    let free = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| kib(&text, "MemAvailable:"))
        .map(|kib| kib.saturating_mul(1024));
    let left = [free, left_under_limit(), left_in_groups()];
    left.into_iter().flatten().min().map(|bytes| bytes >> 20)
}

/// The bytes that the control groups of this process leave it (cgroup v2 of Linux, with which containers limit memory).
fn left_in_groups() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    least_in(Path::new("/sys/fs/cgroup"), Path::new(path))
}

/// The least that the group `path` under `root` and its parents leave.
fn least_in(root: &Path, path: &Path) -> Option<u64> {
    path.ancestors().filter_map(|path| left_in(&root.join(path))).min()
}

/// The bytes that the limit of one group leaves. The file cache does not count, because the kernel frees it on demand.
fn left_in(group: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    let limit: u64 = read("memory.max")?.trim().parse().ok()?;
    let used: u64 = read("memory.current")?.trim().parse().ok()?;
    let stat = read("memory.stat").unwrap_or_default();
    let files = stat.lines().find_map(|line| line.strip_prefix("inactive_file "));
    let files = files.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(files)))
}

/// Refuses a model that does not fit under the limit: running out of memory would end the program without an answer.
/// Without a limit the system decides. It may need less than expected because the file is memory-mapped.
pub fn room_for(model: &Path) -> Result<(), Failure> {
    let (Some(left), Ok(meta)) = (left_under_limit(), fs::metadata(model)) else {
        return Ok(());
    };
    let needed = meta.len().saturating_add(BESIDE_THE_FILE);
    if needed <= left {
        return Ok(());
    }
    Err(too_little(format!("cannot load {}", model.display()), needed, left)
        .hinted("raise the limit (`ulimit -v`), or pass `-m none` to answer without a model"))
}

/// The bytes of address space that the limit leaves, or `None` without a limit.
fn left_under_limit() -> Option<u64> {
    let limit = limit(&fs::read_to_string("/proc/self/limits").ok()?)?;
    let used = kib(&fs::read_to_string("/proc/self/status").ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used.saturating_mul(1024)))
}

/// The soft limit of the line `Max address space`.
fn limit(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The number of a line `NAME   123 kB`.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Formats bytes for a reader, such as `98 MB`.
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", models::megabytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_leaves_what_the_strictest_of_its_groups_leaves() {
        let root = tempfile::tempdir().unwrap();
        let group = |path: &str, max: &str, current: &str, stat: &str| {
            let dir = root.path().join(path);
            fs::create_dir_all(&dir).unwrap();
            for (name, text) in [("memory.max", max), ("memory.current", current), ("memory.stat", stat)] {
                fs::write(dir.join(name), text).unwrap();
            }
        };
        group("all", "1000\n", "700\n", "anon 1\ninactive_file 200\n");
        group("all/mine", "max\n", "600\n", "");
        assert_eq!(least_in(root.path(), Path::new("all/mine")), Some(500));
        group("all/mine", "650\n", "600\n", "");
        assert_eq!(least_in(root.path(), Path::new("all/mine")), Some(50));
        group("all/mine", "650\n", "900\n", "inactive_file much\n");
        assert_eq!(least_in(root.path(), Path::new("all/mine")), Some(0));
        assert_eq!(least_in(root.path(), Path::new("elsewhere")), None);
    }

    #[test]
    fn the_system_s_tables_are_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max stack size            8388608              unlimited            bytes\n\
                      Max address space         300000000            unlimited            bytes\n";
        assert_eq!(limit(limits), Some(300_000_000));
        assert_eq!(limit(&limits.replace("300000000", "unlimited")), None);
        assert_eq!(limit(""), None);
        assert_eq!(kib("VmPeak:\t   9 kB\nVmSize:\t  123 kB\n", "VmSize:"), Some(123));
        assert_eq!(kib("VmSize: much", "VmSize:"), None);
    }
}
