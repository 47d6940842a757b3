//! Where models lie on this machine, and how the network may be used: everything the environment says, read once.
//!
//! In: a way to look up environment variables. Out: [`Places`], a plain value, and [`Net`]. Nothing else in `models`
//! reads the environment, so a test gives its own. It must not know of any one model.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ModelError;

const HUB: &str = "https://huggingface.co";

/// Folders, endpoint, credentials, tools and limits.
#[derive(Debug, Clone)]
pub struct Places {
    /// The Hugging Face cache, shared with `huggingface_hub`.
    pub hub_cache: PathBuf,
    /// askpm's own notes on which files of that cache were hashed. Can be made again.
    pub checked: PathBuf,
    /// The user's own `models.toml`, whether or not it exists.
    pub user_registry: Option<PathBuf>,
    /// Base URL of the Hub or of a mirror, without a slash at the end.
    pub endpoint: String,
    /// Sent to `endpoint` only, never to a host that it redirects to.
    pub token: Option<Token>,
    /// Folders to look for `uv`, `python3`, `pip` and `pip3` in.
    pub tool_path: Vec<PathBuf>,
    pub limits: Limits,
    /// Free bytes of the disk that a folder is on, where that can be told.
    pub free_space: fn(&Path) -> Option<u64>,
}

/// A credential; its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How long to wait, and how often to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// No byte and no answer for so long: the connection is given up.
    pub stall: Duration,
    /// Connection attempts in a row that bring no new byte before a source is given up.
    pub fruitless_tries: u32,
    /// All connection attempts of one download: a server that gives a byte at a time must end somewhere.
    pub tries: u32,
    /// Wait after the first fruitless try; doubled after each further one.
    pub pause: Duration,
    /// A server that asks for a longer wait (`Retry-After`) is left for the next source.
    pub longest_pause: Duration,
    /// A package tool that runs for longer is ended.
    pub package: Duration,
}

/// Longest silence of the Hub that can be asked for, in seconds.
const MAX_STALL: u64 = 3600;

impl Limits {
    /// The usual ones, but for the seconds that `HF_HUB_DOWNLOAD_TIMEOUT` has the Hub be waited for. What is no number
    /// of them counts as unset.
    fn from_env(timeout: Option<&OsString>) -> Self {
        let usual = Self::default();
        let seconds = timeout.and_then(|text| text.to_str()?.trim().parse().ok());
        Self {
            stall: seconds.map_or(usual.stall, |seconds: u64| {
                Duration::from_secs(seconds.clamp(1, MAX_STALL))
            }),
            ..usual
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(30),
            fruitless_tries: 4,
            tries: 60,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            package: Duration::from_secs(30 * 60),
        }
    }
}

/// Whether the network may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Net {
    Online,
    Offline,
}

/// Proof that the network may be used. Only [`Net::permit`] makes one, and every source demands one: code that opens a
/// socket or starts a downloader cannot be reached offline.
#[derive(Debug)]
pub struct Permit(());

impl Net {
    /// Offline where the flag, `HF_HUB_OFFLINE` or `ASKPM_OFFLINE` says so.
    pub fn from_env(offline_flag: bool, get: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| Self::says_offline(name, &get);
        if offline_flag || set("ASKPM_OFFLINE") || set("HF_HUB_OFFLINE") {
            Self::Offline
        } else {
            Self::Online
        }
    }

    /// Whether the variable `name` forbids the network.
    pub fn says_offline(name: &str, get: impl Fn(&str) -> Option<OsString>) -> bool {
        get(name).is_some_and(|value| is_yes(&value.to_string_lossy()))
    }

    /// Proof that the network may be used, if it may.
    pub fn permit(self) -> Option<Permit> {
        match self {
            Self::Online => Some(Permit(())),
            Self::Offline => None,
        }
    }
}

impl Places {
    /// Reads `HF_HUB_CACHE`, `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN` (else the token file of `huggingface_hub`),
    /// `HF_HUB_DOWNLOAD_TIMEOUT`, the XDG folders, `HOME` and `PATH` through `get`. An empty variable counts as unset, as
    /// the XDG specification has it.
    pub fn from_env(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, ModelError> {
        let var = |name: &str| get(name).filter(|value| !value.is_empty());
        let home = var("HOME").or_else(|| var("USERPROFILE")).map(PathBuf::from);
        let folder = |name: &str, under_home: &str| {
            // A relative XDG folder is to be ignored (XDG Base Directory Specification 0.8).
            let given = var(name).map(PathBuf::from).filter(|path| path.is_absolute());
            given.or_else(|| home.as_ref().map(|home| home.join(under_home)))
        };
        let cache_home = folder("XDG_CACHE_HOME", ".cache");
        let hf_home = var("HF_HOME")
            .map(PathBuf::from)
            .or_else(|| cache_home.as_ref().map(|dir| dir.join("huggingface")));
        let hub_cache = var("HF_HUB_CACHE")
            .map(PathBuf::from)
            .or_else(|| hf_home.as_ref().map(|dir| dir.join("hub")));
        let hub_cache = hub_cache.ok_or(ModelError::NoHome)?;
        // Without any home, the notes lie in the cache they are about.
        let checked = cache_home.map_or_else(|| hub_cache.join(".askpm"), |dir| dir.join("askpm"));
        Ok(Self {
            checked: checked.join("checked-models"),
            hub_cache,
            user_registry: folder("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("askpm").join("models.toml")),
            endpoint: endpoint(var("HF_ENDPOINT")),
            token: token(&var, hf_home.as_deref()),
            tool_path: var("PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
            limits: Limits::from_env(var("HF_HUB_DOWNLOAD_TIMEOUT").as_ref()),
            free_space: |path| fs4::available_space(path).ok(),
        })
    }
}

fn endpoint(value: Option<OsString>) -> String {
    let text = value.map(|value| value.to_string_lossy().trim().trim_end_matches('/').to_string());
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| HUB.to_string())
}

/// In the order of `huggingface_hub`: `HF_TOKEN`, the file `HF_TOKEN_PATH`, the file `token` of its home; none at all
/// where `HF_HUB_DISABLE_IMPLICIT_TOKEN` is set.
fn token(var: &impl Fn(&str) -> Option<OsString>, hf_home: Option<&Path>) -> Option<Token> {
    if var("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|value| is_yes(&value.to_string_lossy())) {
        return None;
    }
    let given = var("HF_TOKEN").map(|value| value.to_string_lossy().into_owned());
    let file = var("HF_TOKEN_PATH")
        .map(PathBuf::from)
        .or_else(|| hf_home.map(|dir| dir.join("token")));
    let text = given.or_else(|| std::fs::read_to_string(file?).ok())?;
    Some(text.trim())
        .filter(|text| !text.is_empty())
        .map(|text| Token(text.to_string()))
}

fn is_yes(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(vars: &[(&str, &str)]) -> Places {
        let vars: Vec<(String, OsString)> = vars.iter().map(|(k, v)| (k.to_string(), OsString::from(v))).collect();
        Places::from_env(|name| vars.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone())).unwrap()
    }

    #[test]
    fn the_cache_folder_follows_the_variables_of_huggingface_hub_in_their_order() {
        let all = [
            ("HF_HUB_CACHE", "/a"),
            ("HF_HOME", "/b"),
            ("XDG_CACHE_HOME", "/c"),
            ("HOME", "/d"),
        ];
        let expected = ["/a", "/b/hub", "/c/huggingface/hub", "/d/.cache/huggingface/hub"];
        for (from, path) in expected.iter().enumerate() {
            assert_eq!(places(&all[from..]).hub_cache, Path::new(path));
        }
        assert!(matches!(Places::from_env(|_| None), Err(ModelError::NoHome)));
        assert_eq!(
            places(&[("HF_HUB_CACHE", ""), ("HF_HOME", "/b")]).hub_cache,
            Path::new("/b/hub")
        );
        assert_eq!(
            places(&[("XDG_CACHE_HOME", "rel"), ("HOME", "/d")]).checked,
            Path::new("/d/.cache/askpm/checked-models")
        );
    }

    #[test]
    fn the_endpoint_is_the_hub_unless_given() {
        assert_eq!(places(&[("HOME", "/d")]).endpoint, HUB);
        assert_eq!(
            places(&[("HOME", "/d"), ("HF_ENDPOINT", "http://mirror:1/ ")]).endpoint,
            "http://mirror:1"
        );
    }

    #[test]
    fn the_hub_is_waited_for_as_long_as_the_variable_says() {
        let stall = |value| {
            places(&[("HOME", "/d"), ("HF_HUB_DOWNLOAD_TIMEOUT", value)])
                .limits
                .stall
                .as_secs()
        };
        assert_eq!(
            (stall("5"), stall(" 7 "), stall("0"), stall("99999999")),
            (5, 7, 1, MAX_STALL)
        );
        for value in ["", "soon", "-1", "1.5"] {
            assert_eq!(stall(value), 30, "{value}");
        }
    }

    #[test]
    fn the_token_comes_from_the_variable_then_from_the_file_and_is_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap();
        std::fs::write(dir.path().join("token"), "from-file\n").unwrap();
        assert_eq!(
            places(&[("HF_HOME", home), ("HF_TOKEN", " t ")]).token,
            Some(Token("t".into()))
        );
        let read = places(&[("HF_HOME", home)]);
        assert_eq!(read.token, Some(Token("from-file".into())));
        assert!(!format!("{read:?}").contains("from-file"));
        assert_eq!(
            places(&[("HF_HOME", home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]).token,
            None
        );
    }

    #[test]
    fn offline_is_said_by_the_flag_or_either_variable() {
        let net = |flag, name: &'static str, value: &'static str| {
            Net::from_env(flag, move |asked| (asked == name).then(|| OsString::from(value)))
        };
        assert_eq!(net(true, "", ""), Net::Offline);
        for value in ["1", "true", "YES", "on"] {
            assert_eq!(net(false, "ASKPM_OFFLINE", value), Net::Offline);
            assert_eq!(net(false, "HF_HUB_OFFLINE", value), Net::Offline);
        }
        for value in ["", "0", "false", "no"] {
            assert_eq!(net(false, "ASKPM_OFFLINE", value), Net::Online);
        }
        assert!(Net::Offline.permit().is_none());
    }
}
