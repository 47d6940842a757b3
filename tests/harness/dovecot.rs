//! A real mail server: Debian's Dovecot on 127.0.0.1, with a folder of its own, TLS, and the user `me`.
//!
//! It runs without rights: as the user of the tests, or as `nobody` if that is root.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::skipped;

/// The password of the user `me`.
pub const PASSWORD: &str = "s3cret pass";

/// How long the server may take to start.
const START: Duration = Duration::from_secs(30);

/// The server. It stops when dropped.
pub struct Dovecot {
    dir: TempDir,
    child: Child,
    /// The user and the group that it runs as, if that is not the user of the tests.
    other: Option<(u32, u32)>,
    /// The port without TLS or with STARTTLS, and the port with TLS.
    pub port: u16,
    pub tls_port: u16,
}

impl Dovecot {
    /// Starts a server with an empty INBOX, or reports why the tests that need one are skipped.
    pub fn start() -> Option<Dovecot> {
        Dovecot::start_with("")
    }

    /// The same, with more lines of configuration.
    pub fn start_with(more: &str) -> Option<Dovecot> {
        match Dovecot::try_start(more) {
            Ok(server) => Some(server),
            Err(why) => {
                skipped(format!("no mail server: {why}"));
                None
            }
        }
    }

    fn try_start(more: &str) -> Result<Dovecot, String> {
        // Debian has it in a folder that only root has in PATH.
        let program = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let program = program.ok_or("Dovecot is not installed (dovecot-imapd)")?;
        let version = said(Command::new(program).arg("--version")).unwrap_or_default();
        if !version.starts_with("2.3.") {
            return Err(format!(
                "the tests know the settings of Dovecot 2.3, and this is {version}"
            ));
        }
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let root = fs::metadata(dir.path()).map_err(|error| error.to_string())?.uid() == 0;
        let who: &[&str] = if root { &["nobody"] } else { &[] };
        let id = |flag: &str| said(Command::new("id").arg(flag).args(who)).ok_or(format!("`id {flag}` failed"));
        let (user, group) = (id("-un")?, id("-gn")?);
        let number = |flag: &str| id(flag)?.parse::<u32>().map_err(|error| error.to_string());
        let other = if root {
            Some((number("-u")?, number("-g")?))
        } else {
            None
        };
        certificates(dir.path())?;
        for folder in ["run", "home", "mail/cur", "mail/new", "mail/tmp"] {
            fs::create_dir_all(dir.path().join(folder)).map_err(|error| error.to_string())?;
        }
        let ports = [free_port(), free_port()];
        let at = dir.path().display().to_string();
        let config = settings(&at, &user, &group, ports) + more;
        fs::write(dir.path().join("dovecot.conf"), config).map_err(|error| error.to_string())?;
        fs::write(dir.path().join("users"), format!("me:{{PLAIN}}{PASSWORD}\n")).map_err(|error| error.to_string())?;
        let mut server = Dovecot {
            child: Command::new("true").spawn().map_err(|error| error.to_string())?,
            dir,
            other,
            port: ports[0],
            tls_port: ports[1],
        };
        server.own(server.dir.path());
        let mut command = Command::new(program);
        command.arg("-F").arg("-c").arg(server.path("dovecot.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = other {
            command.uid(user).gid(group);
        }
        let _ = server.child.wait();
        server.child = command.spawn().map_err(|error| error.to_string())?;
        server.wait()?;
        Ok(server)
    }

    /// Waits for the greeting.
    fn wait(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let greeted = TcpStream::connect(("127.0.0.1", self.port)).and_then(|stream| {
                stream.set_read_timeout(Some(Duration::from_secs(5)))?;
                let mut lines = BufReader::new(stream).lines();
                // It says so while its other processes start.
                Ok(lines.any(|line| line.is_ok_and(|line| line.contains("CAPABILITY"))))
            });
            if greeted.unwrap_or(false) {
                return Ok(());
            }
            let ended = self.child.try_wait().ok().flatten();
            if ended.is_some() || begun.elapsed() > START {
                return Err(format!("Dovecot did not start: {}", self.log()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns a path in the server's own folder.
    pub fn path(&self, under: &str) -> PathBuf {
        self.dir.path().join(under)
    }

    /// Returns the file with the certificate of the server's authority.
    pub fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Puts messages into a folder as if they had just arrived. `folder` is the name on disk; "" is INBOX.
    pub fn deliver(&self, folder: &str, messages: &[String]) {
        let dir = self.path("mail").join(folder);
        for under in ["cur", "new", "tmp"] {
            fs::create_dir_all(dir.join(under)).unwrap();
        }
        let before = fs::read_dir(dir.join("new")).unwrap().count();
        for (at, message) in messages.iter().enumerate() {
            // The server numbers new messages in the order of their names.
            let name = format!("{:010}.M1.test", before + at);
            let file = dir.join("new").join(name);
            fs::write(&file, message).unwrap();
        }
        self.own(&dir);
    }

    /// Makes the server number the messages of INBOX again, from 1, under this UIDVALIDITY.
    pub fn renumber(&self, validity: u32) {
        for entry in fs::read_dir(self.path("mail")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.file_name().unwrap().to_string_lossy().starts_with("dovecot") {
                fs::remove_file(path).unwrap();
            }
        }
        fs::write(self.path("mail/dovecot-uidlist"), format!("3 V{validity} N1\n")).unwrap();
        self.own(&self.path("mail"));
    }

    /// Returns the names of all messages, which hold their flags.
    pub fn messages(&self) -> Vec<PathBuf> {
        let all = walkdir::WalkDir::new(self.path("mail")).sort_by_file_name();
        let paths = all.into_iter().map(|entry| entry.unwrap().into_path());
        paths
            .filter(|path| path.to_string_lossy().ends_with(".test") || path.to_string_lossy().contains(".test:"))
            .collect()
    }

    fn own(&self, dir: &Path) {
        let Some((user, group)) = self.other else { return };
        for entry in walkdir::WalkDir::new(dir).into_iter().flatten() {
            std::os::unix::fs::lchown(entry.path(), Some(user), Some(group)).unwrap();
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Its other processes end with it.
        if let Ok(id) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

fn settings(at: &str, user: &str, group: &str, [port, tls_port]: [u16; 2]) -> String {
    format!(
        "base_dir = {at}/run
state_dir = {at}/run
log_path = {at}/log
protocols = imap
listen = 127.0.0.1, 127.0.0.2
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = yes
ssl_cert = <{at}/cert.pem
ssl_key = <{at}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain
# The default delay of an answer to a wrong password would slow the tests.
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = {at}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={at}/home
}}
mail_location = maildir:{at}/mail
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"
    )
}

/// Makes an authority, and a certificate for this machine.
fn certificates(dir: &Path) -> Result<(), String> {
    fs::write(dir.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").map_err(|error| error.to_string())?;
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for line in [
        format!("req -x509 {key} -days 30 -subj /CN=Authority -keyout ca.key -out ca.pem"),
        format!("req {key} -subj /CN=localhost -keyout key.pem -out request.pem"),
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -set_serial 1 -days 30 -extfile names -out cert.pem".into(),
    ] {
        let mut command = Command::new("openssl");
        let done = said(command.args(line.split(' ')).current_dir(dir));
        done.ok_or("openssl is not installed, or made no certificate")?;
    }
    Ok(())
}

/// Returns what a command prints, if it succeeds.
fn said(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_string();
    output.status.success().then_some(text)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
