//! Decides which messages to fetch, in which groups, and what to remember.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::guard::Traffic;
use super::session::{Folder, MAX_MESSAGE, Session};
use super::{Account, ImapError, Known};

/// The most messages and bytes of one command and one batch. A message that is larger is fetched alone.
const GROUP_MESSAGES: usize = 500;
const GROUP_BYTES: u64 = 8 << 20;

/// How often to connect again because of a message that cannot be fetched.
const MAX_CONNECTIONS: usize = 20;

/// A message that could not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub number: u32,
    pub why: String,
}

/// Messages that were fetched together.
#[derive(Debug)]
pub struct Batch {
    /// The messages with their numbers, in order.
    pub messages: Vec<(u32, Vec<u8>)>,
    pub unread: Vec<Unread>,
    /// How many of the new messages are fetched, and how many there are.
    pub done: usize,
    pub total: usize,
    /// What to remember once the messages are stored.
    pub known: Known,
}

/// Why reading stopped.
#[derive(Debug)]
pub enum Stopped<E> {
    Mail(ImapError),
    /// The caller could not take a batch.
    Caller(E),
}

impl<E> From<ImapError> for Stopped<E> {
    fn from(error: ImapError) -> Self {
        Stopped::Mail(error)
    }
}

/// Fetches what is new. Returns whether the folder was renumbered.
pub async fn run<E>(
    account: &Account,
    mut known: Known,
    traffic: &Arc<Traffic>,
    each: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<bool, Stopped<E>> {
    let bounds = account.bounds.criteria().unwrap_or_default();
    if known.bounds != bounds {
        // Messages that the other bounds left out may be wanted now.
        known = Known {
            bounds,
            ..Known::default()
        };
    }
    let mut renumbered = false;
    // The numbers up to this one are fetched one by one.
    let mut alone = 0;
    for _ in 0..MAX_CONNECTIONS {
        let mut session = Session::open(account, Arc::clone(traffic)).await?;
        let folder = session.examine().await?;
        renumbered |= begin(&mut known, folder);
        let new = match folder.exists > 0 && folder.uid_next.is_none_or(|next| next > known.uid_next) {
            true => session.list(known.uid_next, &account.bounds).await?,
            false => BTreeMap::new(),
        };
        let mut work = Work {
            total: new.len(),
            done: 0,
            left: new.into_iter().collect(),
            known: &mut known,
            alone: &mut alone,
        };
        match work.fetch(&mut session, each).await {
            Ok(()) => {
                let next = folder.uid_next.unwrap_or(0).max(known.uid_next);
                if next != known.uid_next || renumbered {
                    known.uid_next = next;
                    // Nothing came, but there is something to remember.
                    each(Batch::empty(&known)).map_err(Stopped::Caller)?;
                }
                session.close().await;
                return Ok(renumbered);
            }
            Err(Stopped::Mail(error)) if error.is_about_a_message() => {}
            Err(stopped) => return Err(stopped),
        }
    }
    Err(ImapError::ManyUnread(MAX_CONNECTIONS).into())
}

/// Compares what is known with what the server says. Returns whether a folder that had been read is renumbered.
fn begin(known: &mut Known, folder: Folder) -> bool {
    known.uid_next = known.uid_next.max(1);
    let same = known.uid_validity == folder.uid_validity && folder.uid_next.is_none_or(|next| next >= known.uid_next);
    if same {
        return false;
    }
    let before = known.uid_validity != 0;
    (known.uid_validity, known.uid_next) = (folder.uid_validity, 1);
    before
}

/// The messages that are still to be fetched.
struct Work<'a> {
    total: usize,
    done: usize,
    left: VecDeque<(u32, u32)>,
    known: &'a mut Known,
    alone: &'a mut u32,
}

impl Work<'_> {
    async fn fetch<E>(
        &mut self,
        session: &mut Session<'_>,
        each: &mut dyn FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), Stopped<E>> {
        while let Some(&(first, size)) = self.left.front() {
            if size as usize > MAX_MESSAGE {
                self.left.pop_front();
                let why = format!("{size} bytes are more than the {MAX_MESSAGE} that are read");
                self.hand_over(&[first], BTreeMap::new(), Some(why), each)?;
                continue;
            }
            let group = self.group();
            let mut messages = BTreeMap::new();
            let result = session.fetch(&group, &mut messages).await;
            let single = group.len() == 1;
            match result {
                Ok(None) => self.hand_over(&group, messages, None, each)?,
                // Only of a message that was asked for alone is it known what the server means.
                Ok(Some(said)) if single => {
                    self.hand_over(&group, messages, Some(format!("the server refused it: {said}")), each)?;
                }
                Ok(Some(_)) => self.again(&group, messages, each)?,
                Err(error) if error.is_about_a_message() && single => {
                    self.hand_over(&group, messages, Some(error.to_string()), each)?;
                    return Err(error.into());
                }
                Err(error) => {
                    if error.is_about_a_message() {
                        *self.alone = group.last().copied().unwrap_or_default();
                    }
                    self.again(&group, messages, each)?;
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    /// Takes the next messages to fetch together.
    fn group(&mut self) -> Vec<u32> {
        let (mut numbers, mut bytes) = (Vec::new(), 0);
        while let Some(&(number, size)) = self.left.front() {
            bytes += u64::from(size);
            let full = bytes > GROUP_BYTES || numbers.len() == GROUP_MESSAGES || number <= *self.alone;
            if full && !numbers.is_empty() {
                break;
            }
            numbers.push(number);
            self.left.pop_front();
            if number <= *self.alone {
                break;
            }
        }
        numbers
    }

    /// Hands over the messages of a group that did not come whole, up to the first that is missing. The others are
    /// fetched again, one by one.
    fn again<E>(
        &mut self,
        group: &[u32],
        mut messages: BTreeMap<u32, Vec<u8>>,
        each: &mut dyn FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), Stopped<E>> {
        let came = group.iter().take_while(|number| messages.contains_key(number)).count();
        let (came, missing) = group.split_at(came);
        if let Some(first) = missing.first() {
            messages.split_off(first);
        }
        for number in missing.iter().rev() {
            self.left.push_front((*number, 0));
        }
        *self.alone = (*self.alone).max(group.last().copied().unwrap_or_default());
        match came.is_empty() {
            true => Ok(()),
            false => self.hand_over(came, messages, None, each),
        }
    }

    /// Hands over a group: the messages that came, and those that did not if there is a reason. Without a reason, a
    /// message that did not come was deleted meanwhile.
    fn hand_over<E>(
        &mut self,
        group: &[u32],
        messages: BTreeMap<u32, Vec<u8>>,
        why: Option<String>,
        each: &mut dyn FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), Stopped<E>> {
        let missing = group.iter().filter(|number| !messages.contains_key(number));
        let unread = why.map(|why| {
            missing
                .map(|number| Unread {
                    number: *number,
                    why: why.clone(),
                })
                .collect()
        });
        self.done += group.len();
        if let Some(last) = group.last() {
            self.known.uid_next = last.saturating_add(1);
        }
        let batch = Batch {
            messages: messages.into_iter().collect(),
            unread: unread.unwrap_or_default(),
            done: self.done,
            total: self.total,
            known: self.known.clone(),
        };
        each(batch).map_err(Stopped::Caller)
    }
}

impl Batch {
    fn empty(known: &Known) -> Batch {
        Batch {
            messages: Vec::new(),
            unread: Vec::new(),
            done: 0,
            total: 0,
            known: known.clone(),
        }
    }
}
