//! Reads one folder of a mailbox by IMAP (RFC 3501), and only what is new in it.
//!
//! [`read`] needs a [`Permit`], which only an online program has. It fetches messages in batches of bounded size and
//! hands each batch to the caller, with what to remember once the batch is stored ([`Known`]). A folder numbers its
//! messages in order of arrival (UID). The next number is remembered, so the next call fetches only later messages. If
//! the server renumbers the folder (UIDVALIDITY), it is read again.
//!
//! The folder is opened read-only, and nothing is marked as read. Messages are untrusted data, and so is the server:
//! `frame.rs` says what of its answers reaches the parser. Every wait and every size has a limit.
//!
//! `wire.rs` connects, `guard.rs` checks, `session.rs` has the commands, and `fetch.rs` decides what to fetch.

mod error;
mod fetch;
mod frame;
mod guard;
mod memory;
mod names;
mod session;
mod wire;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::civil::Date;
use tokio::runtime::Runtime;

pub use crate::memory::MemoryError;
pub use error::ImapError;
pub use fetch::{Batch, Stopped, Unread};
pub use memory::{Known, Memory};

use crate::models::Permit;
use crate::remote;
use guard::Traffic;
use session::Session;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after a greeting in plain text. Without TLS, nothing secret is sent.
    Starttls,
    /// No protection. Only for a server on this machine.
    None,
}

/// What proves who the user is. It has no `Debug`, so that it reaches no log.
pub enum Login {
    Password(String),
    /// A token for XOAUTH2.
    Token(String),
}

/// Which messages of the folder to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Only those that arrived on this day or later.
    pub since: Option<Date>,
    /// Only those whose sender contains one of these texts.
    pub senders: Vec<String>,
}

impl Bounds {
    /// Returns the criteria of a search, or `None` if every message is wanted.
    fn criteria(&self) -> Option<String> {
        let mut all: Vec<String> = self
            .since
            .iter()
            .map(|day| format!("SINCE {}", names::date(*day)))
            .collect();
        let from = self
            .senders
            .iter()
            .map(|sender| format!("FROM {}", names::quoted(sender)));
        all.extend(from.reduce(|others, one| format!("OR {one} {others}")));
        (!all.is_empty()).then(|| all.join(" "))
    }
}

/// A folder of a mailbox, and how to get to it.
pub struct Account {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub user: String,
    pub login: Login,
    pub folder: String,
    /// Certificates of authorities to trust in addition, in PEM form.
    pub ca: Option<Vec<u8>>,
    pub bounds: Bounds,
    /// The longest wait for a server that sends nothing.
    pub patience: Duration,
}

impl Account {
    /// Whether the password may be sent without TLS: only to this machine.
    pub fn is_safe(&self) -> bool {
        self.security != Security::None || remote::is_loopback(Some(&self.host))
    }

    /// Returns a name for the folder that differs from that of any other folder.
    fn identity(&self) -> String {
        format!("{}@{}:{}/{}", self.user, self.host, self.port, self.folder)
    }
}

/// What a folder has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// The number of messages.
    pub messages: u32,
}

/// What went over the connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Bytes of IMAP in each direction, without what TLS adds.
    pub received: u64,
    pub sent: u64,
    /// Whether the server renumbered a folder that had been read before.
    pub renumbered: bool,
}

/// Logs in and opens the folder. Fetches nothing.
///
/// # Errors
/// The server cannot be reached, its certificate is not trusted, or it refuses the login or the folder.
pub fn look(_permit: &Permit, account: &Account) -> Result<Looked, ImapError> {
    during(async {
        let mut session = Session::open(account, Arc::default()).await?;
        let folder = session.examine().await?;
        session.close().await;
        Ok(Looked {
            messages: folder.exists,
        })
    })?
}

/// Fetches the messages that `known` does not have, and hands them to `each` in batches.
///
/// # Errors
/// As for [`look`], or the connection broke off: the batches before that have been handed over. An error of `each` ends
/// the session and is returned.
pub fn read<E>(
    _permit: &Permit,
    account: &Account,
    known: Known,
    each: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<Summary, Stopped<E>> {
    let traffic: Arc<Traffic> = Arc::default();
    let renumbered = during(fetch::run(account, known, &traffic, each))??;
    Ok(Summary {
        received: traffic.received.load(Ordering::Relaxed),
        sent: traffic.sent.load(Ordering::Relaxed),
        renumbered,
    })
}

/// Runs `work` to its end.
fn during<T>(work: impl Future<Output = T>) -> Result<T, ImapError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime: Runtime = runtime.map_err(|error| ImapError::Client(error.to_string()))?;
    let done = runtime.block_on(work);
    // A name server that does not answer must not hold the program.
    runtime.shutdown_background();
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_become_criteria_of_a_search() {
        let mut bounds = Bounds::default();
        assert_eq!(bounds.criteria(), None);
        bounds.since = Some(jiff::civil::date(2026, 1, 9));
        assert_eq!(bounds.criteria().unwrap(), "SINCE 9-Jan-2026");
        bounds.senders = ["a@x.org", "b\"c", "d"].map(String::from).into();
        assert_eq!(
            bounds.criteria().unwrap(),
            "SINCE 9-Jan-2026 OR FROM \"d\" OR FROM \"b\\\"c\" FROM \"a@x.org\""
        );
    }
}
