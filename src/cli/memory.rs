//! How much memory the program can still take, as far as the system tells.
//!
//! In: Linux's `/proc`. Out: megabytes, or nothing on systems without it. It must not know what the memory is for.

use std::fs;
use std::path::Path;

use super::error::Failure;
use super::model::megabytes;

/// What a model needs beside its file: the cache of its context, its vocabulary, and the stacks of threads.
const BESIDE_THE_FILE: u64 = 64 << 20;

/// Memory that programs can still take (in MiB), and no more than this one's own limit (`ulimit -v`) leaves it.
pub fn available_memory_mb() -> Option<u64> {
    let read = |name: &str| fs::read_to_string(name).ok();
    let free = read("/proc/meminfo")
        .and_then(|text| kib(&text, "MemAvailable:"))
        .map(|kib| kib / 1024);
    match (free, left_under_limit().map(|bytes| bytes >> 20)) {
        (Some(free), Some(left)) => Some(free.min(left)),
        (free, left) => free.or(left),
    }
}

/// Refuses a model that cannot fit under the limit: running out of memory half-way would end the program without an
/// answer. Without a limit the system decides, which can do with less than it seems: the file is mapped.
pub fn room_for(model: &Path) -> Result<(), Failure> {
    let (Some(left), Ok(meta)) = (left_under_limit(), fs::metadata(model)) else {
        return Ok(());
    };
    let needed = meta.len().saturating_add(BESIDE_THE_FILE);
    if needed <= left {
        return Ok(());
    }
    let why = format!(
        "needs at least {} of memory, and this process may take {} more",
        megabytes(needed),
        megabytes(left)
    );
    Err(Failure::new(model.display(), why).hinted("raise the limit (`ulimit -v`), or quote without a model: `-m none`"))
}

/// Bytes of address space that the limit leaves; `None` where there is no limit.
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

#[cfg(test)]
mod tests {
    use super::*;

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
