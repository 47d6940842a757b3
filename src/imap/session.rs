//! A session with a mail server: logs in, opens a folder read-only, lists and fetches messages.
//!
//! `EXAMINE` opens the folder and `BODY.PEEK` fetches, so the server marks nothing as read. No command is sent that
//! could change anything.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, ResponseCode, Status};
use async_imap::{Authenticator, Client, error};
use tokio::time::timeout;

use super::frame::{Fault, Heard};
use super::guard::{Guard, Traffic};
use super::{Account, Bounds, ImapError, Login, Security, names, wire};
use crate::remote;

/// The largest message, in bytes.
pub const MAX_MESSAGE: usize = 32 << 20;

/// The most bytes that the answers to one command may have.
const MAX_ANSWER: u64 = 96 << 20;

/// How many times the patience with a silent server one command may take.
const SLOW: u32 = 10;

/// The most folders to name when one is missing.
const NAMED: usize = 10;

/// What the server says about a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder {
    /// The number of messages.
    pub exists: u32,
    pub uid_validity: u32,
    /// The number that the next message will get, if the server says.
    pub uid_next: Option<u32>,
}

/// A server that does not do what a command asks for, and what it says about it.
struct Refusal(String);

/// A session, after the login.
pub struct Session<'a> {
    session: async_imap::Session<Guard>,
    line: Line<'a>,
}

/// A connection before the login.
struct Opening<'a> {
    client: Client<Guard>,
    line: Line<'a>,
}

/// What bounds the waits of a session.
struct Line<'a> {
    account: &'a Account,
    traffic: Arc<Traffic>,
}

impl<'a> Session<'a> {
    /// Connects and logs in.
    pub async fn open(account: &'a Account, traffic: Arc<Traffic>) -> Result<Session<'a>, ImapError> {
        let plain = wire::plain(account).await?;
        let guarded = |wire| Client::new(Guard::new(wire, MAX_MESSAGE, MAX_ANSWER, Arc::clone(&traffic)));
        let client = match account.security {
            Security::Tls => guarded(wire::secured(Box::new(plain), account).await?),
            Security::Starttls | Security::None => guarded(Box::new(plain)),
        };
        let line = Line {
            account,
            traffic: Arc::clone(&traffic),
        };
        let mut opening = Opening { client, line };
        opening.greeting().await?;
        if account.security == Security::Starttls {
            if opening.run("STARTTLS").await?.is_err() {
                return Err(ImapError::NoStartTls(account.port));
            }
            let plain = opening.client.into_inner().into_wire().map_err(ImapError::Fault)?;
            // The new guard has heard nothing: what was said before TLS counts for nothing.
            opening.client = guarded(wire::secured(plain, account).await?);
        }
        if opening.client.get_ref().heard().capabilities.is_empty() {
            opening
                .run("CAPABILITY")
                .await?
                .map_err(|Refusal(said)| ImapError::Refused {
                    what: "say what it can do",
                    said,
                })?;
        }
        opening.log_in().await
    }

    /// Opens the folder of the account read-only.
    pub async fn examine(&mut self) -> Result<Folder, ImapError> {
        let (mut exists, mut uid_validity, mut uid_next) = (0, None, None);
        let name = names::quoted(&names::encoded(&self.line.account.folder));
        let done = self.run(format!("EXAMINE {name}"), |response| match response {
            Response::MailboxData(MailboxDatum::Exists(count)) => exists = *count,
            Response::Data { outcome, .. } => match &outcome.code {
                Some(ResponseCode::UidValidity(number)) => uid_validity = Some(*number),
                Some(ResponseCode::UidNext(number)) => uid_next = Some(*number),
                _ => {}
            },
            _ => {}
        });
        if let Err(Refusal(said)) = done.await? {
            return Err(self.no_folder(said).await);
        }
        Ok(Folder {
            exists,
            uid_validity: uid_validity.ok_or(ImapError::Unnumbered)?,
            uid_next,
        })
    }

    /// Says why the folder cannot be opened, with the folders that there are if it is missing.
    async fn no_folder(&mut self, said: String) -> ImapError {
        let folder = &self.line.account.folder;
        let mut there = Vec::new();
        let listed = self.run("LIST \"\" \"*\"".into(), |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response {
                there.push(names::decoded(&list.name));
            }
        });
        match listed.await {
            Ok(Ok(())) if !there.is_empty() && !there.contains(folder) => {
                there.sort();
                let more = if there.len() > NAMED { ", …" } else { "" };
                there.truncate(NAMED);
                ImapError::NoFolder {
                    folder: folder.clone(),
                    others: remote::one_line(&format!(", but {}{more}", there.join(", "))),
                }
            }
            _ => ImapError::Folder(said),
        }
    }

    /// Returns the numbers of the messages from `first` on that are within `bounds`, with their sizes in bytes.
    pub async fn list(&mut self, first: u32, bounds: &Bounds) -> Result<BTreeMap<u32, u32>, ImapError> {
        let Some(criteria) = bounds.criteria() else {
            return self.sizes(&format!("{first}:*"), first).await;
        };
        let mut found = Vec::new();
        let done = self.run(format!("UID SEARCH UID {first}:* {criteria}"), |response| {
            if let Response::MailboxData(MailboxDatum::Search(numbers)) = response {
                found.extend(numbers.iter().filter(|number| **number >= first));
            }
        });
        done.await?.map_err(|Refusal(said)| ImapError::Refused {
            what: "search the folder",
            said,
        })?;
        found.sort_unstable();
        found.dedup();
        let mut sizes = BTreeMap::new();
        // A command has a length that servers accept.
        for numbers in found.chunks(500) {
            sizes.extend(self.sizes(&names::set(numbers), first).await?);
        }
        Ok(sizes)
    }

    async fn sizes(&mut self, set: &str, first: u32) -> Result<BTreeMap<u32, u32>, ImapError> {
        let mut sizes = BTreeMap::new();
        let done = self.run(format!("UID FETCH {set} (UID RFC822.SIZE)"), |response| {
            let Response::Fetch(_, attributes) = response else {
                return;
            };
            let (mut number, mut size) = (None, None);
            for attribute in attributes {
                match attribute {
                    AttributeValue::Uid(uid) => number = Some(*uid),
                    AttributeValue::Rfc822Size(bytes) => size = Some(*bytes),
                    _ => {}
                }
            }
            // A range that ends with `*` always has the last message, also if its number is below the first.
            if let (Some(number), Some(size)) = (number.filter(|number| *number >= first), size) {
                sizes.insert(number, size);
            }
        });
        done.await?.map_err(|Refusal(said)| ImapError::Refused {
            what: "list the messages",
            said,
        })?;
        Ok(sizes)
    }

    /// Fetches the messages `numbers` into `messages`, as they come. Those that arrived before an error are there.
    ///
    /// Returns what the server said if it did not send all of them.
    pub async fn fetch(
        &mut self,
        numbers: &[u32],
        messages: &mut BTreeMap<u32, Vec<u8>>,
    ) -> Result<Option<String>, ImapError> {
        let command = format!("UID FETCH {} (UID BODY.PEEK[])", names::set(numbers));
        let done = self.run(command, |response| {
            let Response::Fetch(_, attributes) = response else {
                return;
            };
            let (mut number, mut bytes) = (None, None);
            for attribute in attributes {
                match attribute {
                    AttributeValue::Uid(uid) => number = Some(*uid),
                    AttributeValue::BodySection {
                        section: None, data, ..
                    } => bytes = data.as_deref(),
                    _ => {}
                }
            }
            if let (Some(number), Some(bytes)) = (number.filter(|number| numbers.contains(number)), bytes) {
                messages.insert(number, bytes.to_vec());
            }
        });
        Ok(done.await?.err().map(|Refusal(said)| said))
    }

    /// Ends the session. The server may be gone already.
    pub async fn close(mut self) {
        let _ = self.run("LOGOUT".into(), |_| ()).await;
    }

    /// Sends `command`, and hands each response to `each` until the command is done.
    async fn run(
        &mut self,
        command: String,
        mut each: impl FnMut(&Response),
    ) -> Result<Result<(), Refusal>, ImapError> {
        let deadline = self.line.deadline();
        self.session.get_mut().begin();
        let sent = self.line.wait(self.session.run_command(command), deadline).await?;
        let tag = sent.map_err(|error| self.line.failed(error, self.session.get_ref().heard()))?;
        loop {
            let response = self.line.wait(self.session.read_response(), deadline).await?;
            let response = response.map_err(error::Error::from);
            let response = match response.and_then(|response| response.ok_or(error::Error::ConnectionLost)) {
                Ok(response) => response,
                Err(error) => return Err(self.line.failed(error, self.session.get_ref().heard())),
            };
            match response.parsed() {
                Response::Done {
                    tag: done,
                    status,
                    outcome,
                } if *done == tag => {
                    return Ok(match status {
                        Status::Ok => Ok(()),
                        _ => Err(Refusal(self.line.said(outcome.information.as_deref()))),
                    });
                }
                other => each(other),
            }
        }
    }
}

impl<'a> Opening<'a> {
    async fn greeting(&mut self) -> Result<(), ImapError> {
        let port = self.line.account.port;
        let response = self.line.wait(self.client.read_response(), self.line.deadline()).await;
        let response = response.map_err(|error| match error {
            ImapError::Silent(seconds) | ImapError::Late(seconds) => ImapError::NoGreeting(seconds),
            other => other,
        })?;
        let response = response.map_err(|error| match fault(&error) {
            ImapError::Fault(_) => ImapError::NotImap(port),
            other => other,
        })?;
        let response = response.ok_or(ImapError::Dropped)?;
        match response.parsed() {
            Response::Data { status: Status::Ok, .. } => Ok(()),
            // Someone on the way can say so to keep TLS and the login from happening.
            Response::Data {
                status: Status::PreAuth,
                ..
            } => Err(ImapError::PreAuth),
            Response::Data { outcome, .. } => Err(ImapError::Bye(self.line.said(outcome.information.as_deref()))),
            _ => Err(ImapError::NotImap(port)),
        }
    }

    async fn run(&mut self, command: &str) -> Result<Result<(), Refusal>, ImapError> {
        self.client.get_mut().begin();
        let deadline = self.line.deadline();
        let done = self
            .line
            .wait(self.client.run_command_and_check_ok(command, None), deadline);
        match done.await? {
            Ok(()) => Ok(Ok(())),
            Err(error) => self.line.refusal(error, self.client.get_ref().heard()).map(Err),
        }
    }

    async fn log_in(self) -> Result<Session<'a>, ImapError> {
        let Opening { mut client, line } = self;
        let account = line.account;
        let capabilities = &client.get_ref().heard().capabilities;
        let has = |name: &str| capabilities.iter().any(|known| known == name);
        let (plain, disabled, tokens) = (has("AUTH=PLAIN"), has("LOGINDISABLED"), has("AUTH=XOAUTH2"));
        client.get_mut().begin();
        let deadline = line.deadline();
        let user = &account.user;
        let done = match &account.login {
            Login::Token(_) if !tokens => return Err(ImapError::NoMechanism("XOAUTH2 token")),
            Login::Token(token) => {
                let answer = Answer(Some(format!("user={user}\x01auth=Bearer {token}\x01\x01")));
                line.wait(client.authenticate("XOAUTH2", answer), deadline).await?
            }
            Login::Password(password) if plain => {
                let answer = Answer(Some(format!("\0{user}\0{password}")));
                line.wait(client.authenticate("PLAIN", answer), deadline).await?
            }
            Login::Password(_) if disabled => return Err(ImapError::NoMechanism("password")),
            Login::Password(password) => line.wait(client.login(user, password), deadline).await?,
        };
        match done {
            Ok(session) => Ok(Session { session, line }),
            Err((error, client)) => {
                let Refusal(said) = line.refusal(error, client.get_ref().heard())?;
                Err(ImapError::Login(said))
            }
        }
    }
}

/// The first answer to a server that asks for the secret. One that refuses it asks once more, with its reason.
struct Answer(Option<String>);

impl Authenticator for Answer {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().unwrap_or_default()
    }
}

impl Line<'_> {
    fn deadline(&self) -> Instant {
        Instant::now() + self.account.patience * SLOW
    }

    /// Waits for `work`. A server may be slow, but not silent, and not beyond `deadline`.
    async fn wait<T>(&self, work: impl Future<Output = T>, deadline: Instant) -> Result<T, ImapError> {
        let patience = self.account.patience;
        let mut heard = self.traffic.received.load(Ordering::Relaxed);
        let mut work = std::pin::pin!(work);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Ok(done) = timeout(patience.min(left), &mut work).await {
                return Ok(done);
            }
            if left <= patience {
                return Err(ImapError::Late((patience * SLOW).as_secs()));
            }
            let now = self.traffic.received.load(Ordering::Relaxed);
            if now == heard {
                return Err(ImapError::Silent(patience.as_secs()));
            }
            heard = now;
        }
    }

    /// Returns what the server said against a command, or the error of the connection.
    fn refusal(&self, error: error::Error, heard: &Heard) -> Result<Refusal, ImapError> {
        match error {
            error::Error::No(_) | error::Error::Bad(_) => Ok(Refusal(self.said(heard.done.as_deref()))),
            other => Err(self.failed(other, heard)),
        }
    }

    /// Returns the error of a connection.
    fn failed(&self, error: error::Error, heard: &Heard) -> ImapError {
        let failed = match error {
            error::Error::Io(error) => fault(&error),
            error::Error::Validate(_) => ImapError::NoMechanism("user name or password with line breaks"),
            error::Error::Parse(_) => ImapError::Fault(Fault::NotImap),
            _ => ImapError::Dropped,
        };
        match (failed, &heard.bye) {
            (ImapError::Dropped, Some(bye)) => ImapError::Bye(self.said(Some(bye))),
            (failed, _) => failed,
        }
    }

    /// Returns a text of the server on one line, without the secret that it may repeat.
    fn said(&self, text: Option<&str>) -> String {
        let (Login::Password(secret) | Login::Token(secret)) = &self.account.login;
        let text = text.filter(|text| !text.is_empty()).unwrap_or("it does not say why");
        let text = match secret.is_empty() {
            true => text.to_string(),
            false => text.replace(secret.as_str(), "…"),
        };
        remote::one_line(&text)
    }
}

/// The error of a connection.
fn fault(error: &io::Error) -> ImapError {
    if let Some(fault) = error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
        return ImapError::Fault(*fault);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => ImapError::Dropped,
        _ => ImapError::Io(remote::one_line(&error.to_string())),
    }
}
