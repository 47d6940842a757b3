//! Runs `askpm refresh --watch`: refreshes whenever a file in the corpus or the drop folder changes.
//!
//! A signal ends it and leaves nothing half written: editions are renamed into place, and the index changes in one
//! commit.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::args::RefreshArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::incoming::Incoming;
use super::publish::publish;
use super::report::{Form, note, tell};
use super::{saved, vectors};
use crate::corpus::Corpus;

/// A refresh starts when nothing has changed for this long. A file that is being saved changes several times.
const QUIET: Duration = Duration::from_millis(300);

/// It starts after this long at the latest, even if changes continue.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How often to check for a missing folder.
const LOOK: Duration = Duration::from_millis(500);

/// The time until a failed refresh is tried again, even if nothing changed.
const RETRY: Duration = Duration::from_secs(5);

/// How often to fetch feeds and mail.
const FETCH: Duration = Duration::from_secs(3_600);

pub fn run(context: &Context, args: &RefreshArgs, mut incoming: Incoming) -> Result<Exit, Failure> {
    let (sender, events) = mpsc::channel();
    let mut folders = Folders::new(context, incoming.folder(), move |event| {
        // The receiver is gone only when the program ends.
        let _ = sender.send(event);
    })?;
    // Start to watch before the first refresh, so that no change is missed.
    folders.look(context)?;
    let mut fetch_due = Instant::now();
    let mut last_failure = Vec::new();
    let mut first = true;
    // Whether a server of the settings, if there is one, may lack a change.
    let mut behind = true;
    loop {
        // A missing corpus cannot take feeds and mail. They are due when it is back.
        let with_fetch = Instant::now() >= fetch_due && folders.corpus_is_there();
        if with_fetch {
            fetch_due = Instant::now() + FETCH;
        }
        let mut next = fetch_due;
        match turn(context, args, &mut incoming, &folders, (first, with_fetch), &mut behind) {
            Ok(()) => last_failure.clear(),
            Err(failure @ Failure::ClosedPipe) => return Err(failure),
            Err(failure) if first => return Err(failure),
            Err(failure) => {
                let lines = failure.lines();
                if lines != last_failure {
                    // A closed standard error is not a reason to stop.
                    let _ = lines.iter().try_for_each(|line| writeln!(io::stderr(), "{line}"));
                }
                last_failure = lines;
                next = next.min(Instant::now() + RETRY);
            }
        }
        if first {
            context.note(&format!("watching {}; press Ctrl-C to stop", folders.shown()));
        }
        first = false;
        wait(context, &events, &mut folders, next)?;
    }
}

/// Imports new files, refreshes the index and prints what changed.
fn turn(
    context: &Context,
    args: &RefreshArgs,
    incoming: &mut Incoming,
    folders: &Folders,
    (first, with_fetch): (bool, bool),
    behind: &mut bool,
) -> Result<(), Failure> {
    if !first && !folders.corpus_is_there() {
        return Ok(());
    }
    let mut skipped = if with_fetch { incoming.fetched()? } else { Vec::new() };
    if incoming.folder().is_some_and(Path::is_dir) {
        skipped.extend(incoming.dropped()?);
    }
    context.tell_skipped(&skipped);
    let (store, mut report) = context.refreshed()?;
    report.skipped.extend(skipped);
    *behind |= !report.changes.is_empty();
    if args.saved {
        if first || !report.changes.is_empty() {
            note(context, &report)?;
        }
        // Also if nothing changed: the last report may have failed.
        saved::tell_news(context, None, args.by, args.json)?;
    } else if first || !report.changes.is_empty() {
        let form = if args.json { Form::JsonLine } else { Form::Text };
        let mut out = io::stdout().lock();
        tell(&mut out, &report, form)?;
        out.flush()?;
    }
    if *behind {
        vectors::send(context, &store)?;
        publish(context, &store)?;
        *behind = false;
    }
    Ok(())
}

/// Returns when a change has settled, when a missing folder is back, or at `until`.
fn wait(
    context: &Context,
    events: &Receiver<notify::Result<Event>>,
    folders: &mut Folders,
    until: Instant,
) -> Result<(), Failure> {
    loop {
        match events.recv_timeout(LOOK) {
            Ok(event) if folders.changed_by(&event) => {
                settle(events, folders);
                folders.look(context)?;
                return Ok(());
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new(
                    "cannot watch the files",
                    "the system stopped sending events",
                ));
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
        if folders.look(context)? || Instant::now() >= until {
            return Ok(());
        }
    }
}

/// Receives events until none has come for a while.
fn settle(events: &Receiver<notify::Result<Event>>, folders: &mut Folders) {
    let end = Instant::now() + LONGEST_WAIT;
    let mut quiet = Instant::now() + QUIET;
    while let Ok(event) = events.recv_timeout(quiet.min(end).saturating_duration_since(Instant::now())) {
        if folders.changed_by(&event) {
            quiet = Instant::now() + QUIET;
        }
    }
}

/// A watched folder.
struct Followed {
    path: PathBuf,
    /// Its resolved path, while it is watched.
    watched: Option<PathBuf>,
    /// Whether its absence was reported.
    missed: bool,
}

/// The watched folders: the corpus first, then the drop folder if there is one.
struct Folders {
    watcher: RecommendedWatcher,
    all: Vec<Followed>,
}

impl Folders {
    fn new(
        context: &Context,
        drop: Option<&Path>,
        send: impl FnMut(notify::Result<Event>) + Send + 'static,
    ) -> Result<Folders, Failure> {
        let watcher = notify::recommended_watcher(send).map_err(|error| cannot(Path::new("the files"), &error))?;
        let corpus = match &context.corpus {
            Corpus::Folder(dir) => dir,
            Corpus::Builtin { imported } => {
                // The first import creates it otherwise. A missing folder cannot be watched.
                fs::create_dir_all(imported)
                    .map_err(|error| Failure::new(format!("cannot create {}", imported.display()), error))?;
                imported
            }
        };
        let followed = |path: &Path| Followed {
            path: path.to_path_buf(),
            watched: None,
            missed: false,
        };
        Ok(Folders {
            watcher,
            all: std::iter::once(corpus.as_path()).chain(drop).map(followed).collect(),
        })
    }

    fn corpus_is_there(&self) -> bool {
        self.all.first().is_some_and(|corpus| corpus.path.is_dir())
    }

    fn shown(&self) -> String {
        let all = self.all.iter().map(|folder| folder.path.display().to_string());
        all.collect::<Vec<_>>().join(" and ")
    }

    /// Watches each folder that exists and is not yet watched, and reports one that disappeared. Returns true if it
    /// added one.
    fn look(&mut self, context: &Context) -> Result<bool, Failure> {
        let mut added = false;
        for folder in &mut self.all {
            let there = fs::canonicalize(&folder.path).ok().filter(|path| path.is_dir());
            if folder.watched.is_some() && folder.watched != there {
                folder.let_go(&mut self.watcher);
            }
            let Some(there) = there else {
                if !folder.missed {
                    context.warn(&format!("{} does not exist; waiting for it", folder.path.display()));
                }
                folder.missed = true;
                continue;
            };
            if folder.watched.is_some() {
                continue;
            }
            match self.watcher.watch(&there, RecursiveMode::Recursive) {
                Ok(()) => {}
                // It disappeared in the meantime. The next check looks again.
                Err(_) if !there.is_dir() => continue,
                Err(error) => return Err(cannot(&folder.path, &error)),
            }
            folder.watched = Some(there);
            added = true;
            if std::mem::take(&mut folder.missed) {
                context.note(&format!("{} is back", folder.path.display()));
            }
        }
        Ok(added)
    }

    /// Whether `event` means that files may have changed. Reads, which a refresh does itself, do not.
    fn changed_by(&mut self, event: &notify::Result<Event>) -> bool {
        // Events were lost: anything may have changed.
        let Ok(event) = event else { return true };
        if event.need_rescan() {
            return true;
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
            EventKind::Access(_) => return false,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                let gone = |folder: &&mut Followed| folder.watched.as_ref().is_some_and(|at| event.paths.contains(at));
                for folder in self.all.iter_mut().filter(gone) {
                    folder.let_go(&mut self.watcher);
                }
            }
            _ => {}
        }
        true
    }
}

impl Followed {
    fn let_go(&mut self, watcher: &mut RecommendedWatcher) {
        if let Some(path) = self.watched.take() {
            // The system may have removed the watch by itself.
            let _ = watcher.unwatch(&path);
        }
    }
}

fn cannot(path: &Path, error: &notify::Error) -> Failure {
    let failure = Failure::new(format!("cannot watch {}", path.display()), error);
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            failure.hinted("raise fs.inotify.max_user_watches, the system's limit of watched folders")
        }
        _ => failure.hinted("run `askpm refresh` without --watch"),
    }
}
