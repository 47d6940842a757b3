//! Reads from the environment where models are stored and how the network may be used.
//!
//! The result is two plain values, [`Places`] and [`Net`]. Nothing else in `models` reads the environment, so tests
//! can supply their own variables.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ModelError;

const HUB: &str = "https://huggingface.co";

/// The folders, endpoint, credentials, tools and limits to use.
#[derive(Debug, Clone)]
pub struct Places {
    /// The Hugging Face cache, shared with `huggingface_hub`.
    pub hub_cache: PathBuf,
    /// askpm's records of which files in that cache were hashed. They can be deleted and are then recreated.
    pub checked: PathBuf,
    /// Base URL of the Hub or of a mirror, without a trailing slash.
    pub endpoint: String,
    /// Sent to `endpoint` only, never to a host that it redirects to.
    pub token: Option<Token>,
    /// Folders to search for `uv`, `python3`, `pip` and `pip3`.
    pub tool_path: Vec<PathBuf>,
    pub limits: Limits,
    /// Returns the free bytes of the disk that holds a folder, if known.
    pub free_space: fn(&Path) -> Option<u64>,
}

/// A credential. Its `Debug` output does not contain it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How long to wait and how often to retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A connection is given up if no byte arrives for this long.
    pub stall: Duration,
    /// A source is given up after this many connection attempts in a row that bring no new byte.
    pub fruitless_tries: u32,
    /// Most connection attempts of one download. This bounds a server that sends a byte per connection.
    pub tries: u32,
    /// Wait before the next attempt if the last one brought new bytes. Doubled for each fruitless attempt in a row, up
    /// to `longest_pause`.
    pub pause: Duration,
    /// Longest wait between attempts. If a server asks for more (`Retry-After`), the next source is tried.
    pub longest_pause: Duration,
    /// A package tool that runs longer than this is killed.
    pub package: Duration,
}

/// Upper limit of `HF_HUB_DOWNLOAD_TIMEOUT`, in seconds.
const MAX_STALL: u64 = 3600;

impl Limits {
    /// Returns the defaults, with `stall` set to the seconds of `HF_HUB_DOWNLOAD_TIMEOUT`. A value that is not a whole
    /// number counts as unset.
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

/// Proof that the network may be used.
///
/// Only [`Net::permit`] creates one, and every source requires one. Code that opens a socket or starts a downloader
/// therefore cannot run offline.
#[derive(Debug)]
pub struct Permit(());

impl Net {
    /// Returns `Offline` if the flag, `HF_HUB_OFFLINE` or `ASKPM_OFFLINE` is set.
    pub fn from_env(offline_flag: bool, get: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| Self::says_offline(name, &get);
        if offline_flag || set("ASKPM_OFFLINE") || set("HF_HUB_OFFLINE") {
            Self::Offline
        } else {
            Self::Online
        }
    }

    /// Returns whether the variable `name` forbids the network.
    pub fn says_offline(name: &str, get: impl Fn(&str) -> Option<OsString>) -> bool {
        get(name).is_some_and(|value| is_yes(&value.to_string_lossy()))
    }

    /// Returns a [`Permit`] if the network may be used.
    pub fn permit(self) -> Option<Permit> {
        match self {
            Self::Online => Some(Permit(())),
            Self::Offline => None,
        }
    }
}

impl Places {
    /// Reads `HF_HUB_CACHE`, `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN` (else the token file of `huggingface_hub`),
    /// `HF_HUB_DOWNLOAD_TIMEOUT`, the XDG folders, `HOME` (else `USERPROFILE`) and `PATH` through `get`.
    ///
    /// An empty variable counts as unset, as in the XDG specification.
    ///
    /// # Errors
    /// [`ModelError::NoHome`] if no variable gives a cache folder.
    pub fn from_env(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, ModelError> {
        let var = |name: &str| get(name).filter(|value| !value.is_empty());
        let home = var("HOME").or_else(|| var("USERPROFILE")).map(PathBuf::from);
        let folder = |name: &str, under_home: &str| {
            // The XDG Base Directory Specification 0.8 says to ignore relative paths.
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
        // Without a home folder, the records are kept in the model cache itself.
        let checked = cache_home.map_or_else(|| hub_cache.join(".askpm"), |dir| dir.join("askpm"));
        Ok(Self {
            checked: checked.join("checked-models"),
            hub_cache,
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

/// Returns the token from `HF_TOKEN`, else from the file `HF_TOKEN_PATH`, else from the file `token` in `hf_home`.
///
/// This is the order of `huggingface_hub`. If `HF_HUB_DISABLE_IMPLICIT_TOKEN` is on, there is no token.
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
