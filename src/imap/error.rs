//! The errors of mailboxes, each in one line, with a hint that says how to fix it.

use super::frame::Fault;

/// Why mail could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// The network client could not be started.
    #[error("cannot start the network client: {0}")]
    Client(String),
    #[error("cannot connect to port {port}: {cause}")]
    Unreachable { port: u16, cause: String },
    #[error("the server sent nothing for {0} s")]
    Silent(u64),
    #[error("the server sent no greeting for {0} s")]
    NoGreeting(u64),
    #[error("the server took more than {0} s for one command")]
    Late(u64),
    #[error("the connection broke off")]
    Dropped,
    #[error("the connection broke off: {0}")]
    Io(String),
    #[error("the server ended the session: {0}")]
    Bye(String),
    #[error("what answers on port {0} does not speak IMAP")]
    NotImap(u16),
    #[error("what answers on port {0} does not speak TLS")]
    NoTls(u16),
    #[error("the server does not offer TLS on port {0} (STARTTLS)")]
    NoStartTls(u16),
    #[error("the server let someone in without a login")]
    PreAuth,
    #[error("the file of `ca` has no certificate")]
    Authority,
    #[error("its certificate comes from an authority that is not trusted")]
    UnknownAuthority,
    #[error("its certificate is not for {0}")]
    OtherName(String),
    #[error("its certificate is not valid: {0}")]
    Certificate(String),
    #[error("TLS failed: {0}")]
    Tls(String),
    #[error("the server refused the login: {0}")]
    Login(String),
    #[error("the server takes no {0}")]
    NoMechanism(&'static str),
    #[error("the server has no folder `{folder}`{others}")]
    NoFolder { folder: String, others: String },
    #[error("the server refused the folder: {0}")]
    Folder(String),
    #[error("the server does not number its messages (UIDVALIDITY)")]
    Unnumbered,
    #[error("the server refused to {what}: {said}")]
    Refused { what: &'static str, said: String },
    #[error("{0} messages could not be fetched; the next refresh continues after them")]
    ManyUnread(usize),
    #[error("{0}")]
    Fault(Fault),
}

impl ImapError {
    /// Suggests a solution, in one line.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            ImapError::Unreachable { .. } => "check `host` and `port` in [imap]",
            ImapError::NoGreeting(_) => "a port for TLS, such as 993, needs `security = \"tls\"` in [imap]",
            ImapError::NotImap(_) => "check `host` and `port` in [imap]; the usual port is 993",
            ImapError::NoTls(_) => "set `security = \"starttls\"` in [imap], or `port` to that for TLS, usually 993",
            ImapError::NoStartTls(_) => "set `security = \"tls\"` in [imap], and `port` to that for TLS, usually 993",
            ImapError::Authority | ImapError::UnknownAuthority => {
                "set `ca` in [imap] to a PEM file with the certificate of its authority"
            }
            ImapError::OtherName(_) => "set `host` in [imap] to a name in the certificate",
            ImapError::Login(_) => {
                "check `user` and the password of [imap]; many providers ask for an app password or a token"
            }
            ImapError::NoMechanism("password") => "set `token_command` in [imap] to a command that prints a token",
            ImapError::NoMechanism(_) => {
                "set `password_command` or `password_env` in [imap] instead of `token_command`"
            }
            ImapError::NoFolder { .. } => "set `folder` in [imap] to one of them",
            _ => return None,
        })
    }

    /// Whether the same message may fail alone, so that the others can still be read over a new connection.
    pub(super) fn is_about_a_message(&self) -> bool {
        matches!(self, ImapError::Fault(Fault::TooLarge(_) | Fault::Unreadable))
    }
}
