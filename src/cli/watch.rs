//! `askpm refresh --watch`: refreshes whenever a file of the corpus or of the drop folder changes, until it is ended.
//!
//! Ended by a signal it leaves nothing half done: editions are renamed into place, and the index changes by one commit.

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
use super::refresh::{Form, tell};
use crate::corpus::Corpus;

/// A refresh begins when nothing has changed for this long: a file that is being saved changes several times.
const QUIET: Duration = Duration::from_millis(300);

/// It begins after this long at the latest, however restless the folder is.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How often a folder that is away is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// When a refresh that failed is tried again though nothing changed.
const RETRY: Duration = Duration::from_secs(5);

/// How often feeds are fetched.
const FEEDS: Duration = Duration::from_secs(3_600);

pub fn run(context: &Context, args: &RefreshArgs, mut incoming: Incoming) -> Result<Exit, Failure> {
    let (sender, events) = mpsc::channel();
    let mut folders = Folders::new(context, incoming.folder(), move |event| {
        // Nobody listens any more only when the program ends.
        let _ = sender.send(event);
    })?;
    // Watching begins before the first refresh, so that nothing is missed between them.
    folders.look(context)?;
    let mut feeds_due = Instant::now();
    let mut last_failure = Vec::new();
    let mut first = true;
    loop {
        // A corpus that is away takes no feed; they are due when it is there again.
        let with_feeds = Instant::now() >= feeds_due && folders.corpus_is_there();
        if with_feeds {
            feeds_due = Instant::now() + FEEDS;
        }
        let mut next = feeds_due;
        match turn(context, args, &mut incoming, &folders, first, with_feeds) {
            Ok(()) => last_failure.clear(),
            Err(failure @ Failure::ClosedPipe) => return Err(failure),
            Err(failure) if first => return Err(failure),
            Err(failure) => {
                let lines = failure.lines();
                if lines != last_failure {
                    // A standard error that is closed takes no message, and that is no reason to stop.
                    let _ = lines.iter().try_for_each(|line| writeln!(io::stderr(), "{line}"));
                }
                last_failure = lines;
                next = next.min(Instant::now() + RETRY);
            }
        }
        if first {
            context.note(&format!("watching {}; Ctrl-C ends it", folders.shown()));
        }
        first = false;
        wait(context, &events, &mut folders, next)?;
    }
}

/// Imports what came, refreshes, and tells what changed.
fn turn(
    context: &Context,
    args: &RefreshArgs,
    incoming: &mut Incoming,
    folders: &Folders,
    first: bool,
    with_feeds: bool,
) -> Result<(), Failure> {
    if !first && !folders.corpus_is_there() {
        return Ok(());
    }
    let mut skipped = if with_feeds { incoming.feeds()? } else { Vec::new() };
    if incoming.folder().is_some_and(Path::is_dir) {
        skipped.extend(incoming.dropped()?);
    }
    context.tell_skipped(&skipped);
    let (_, mut report) = context.refreshed()?;
    report.skipped.extend(skipped);
    if first || !report.changes.is_empty() {
        let form = if args.json { Form::JsonLine } else { Form::Text };
        let mut out = io::stdout().lock();
        tell(&mut out, &report, form)?;
        out.flush()?;
    }
    Ok(())
}

/// Returns when a change has settled, when a folder that was away is there again, or at `until`.
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
                return Err(Failure::new("watching", "the system sends no more news of its files"));
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
        if folders.look(context)? || Instant::now() >= until {
            return Ok(());
        }
    }
}

/// Takes events until none has come for a while.
fn settle(events: &Receiver<notify::Result<Event>>, folders: &mut Folders) {
    let end = Instant::now() + LONGEST_WAIT;
    let mut quiet = Instant::now() + QUIET;
    while let Ok(event) = events.recv_timeout(quiet.min(end).saturating_duration_since(Instant::now())) {
        if folders.changed_by(&event) {
            quiet = Instant::now() + QUIET;
        }
    }
}

/// A folder that is followed.
struct Followed {
    path: PathBuf,
    /// Its path without links, while it is watched.
    watched: Option<PathBuf>,
    /// Whether its absence was told.
    missed: bool,
}

/// The folders that are followed: the corpus first, then perhaps the drop folder.
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
        let watcher = notify::recommended_watcher(send).map_err(|error| cannot(Path::new("files"), &error))?;
        let corpus = match &context.corpus {
            Corpus::Folder(dir) => dir,
            Corpus::Builtin { imported } => {
                // It is made at the first import otherwise; what is not there cannot be watched.
                fs::create_dir_all(imported).map_err(|error| Failure::new(imported.display(), error))?;
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

    /// Watches each folder that is there and not watched, and tells of one that went away; `true` if one was added.
    fn look(&mut self, context: &Context) -> Result<bool, Failure> {
        let mut added = false;
        for folder in &mut self.all {
            let there = fs::canonicalize(&folder.path).ok().filter(|path| path.is_dir());
            if folder.watched.is_some() && folder.watched != there {
                folder.let_go(&mut self.watcher);
            }
            let Some(there) = there else {
                if !folder.missed {
                    context.warn(&format!("{} is not there: waiting for it", folder.path.display()));
                }
                folder.missed = true;
                continue;
            };
            if folder.watched.is_some() {
                continue;
            }
            match self.watcher.watch(&there, RecursiveMode::Recursive) {
                Ok(()) => {}
                // It went away meanwhile, and will be looked for again.
                Err(_) if !there.is_dir() => continue,
                Err(error) => return Err(cannot(&folder.path, &error)),
            }
            folder.watched = Some(there);
            added = true;
            if std::mem::take(&mut folder.missed) {
                context.note(&format!("{} is there again", folder.path.display()));
            }
        }
        Ok(added)
    }

    /// Whether `event` means that files may not be as they were. Reading, which a refresh does itself, does not.
    fn changed_by(&mut self, event: &notify::Result<Event>) -> bool {
        // News were lost: anything may have changed.
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
            // The system may have let go of it by itself.
            let _ = watcher.unwatch(&path);
        }
    }
}

fn cannot(path: &Path, error: &notify::Error) -> Failure {
    let failure = Failure::new(format!("watching {}", path.display()), error);
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            failure.hinted("the system watches no more folders: raise fs.inotify.max_user_watches")
        }
        _ => failure.hinted("`askpm refresh` without --watch needs no watching"),
    }
}
