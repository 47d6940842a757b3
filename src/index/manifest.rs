//! Records what an index was made from: every source file with its content hash and the result.
//!
//! The manifest is stored as the payload of tantivy's commit. So index and manifest change in one atomic step, the
//! rename of `meta.json`. A refresh that is killed leaves both as they were, and they never disagree. `meta.json` is
//! plain JSON, so the payload with our format stamp is read before tantivy opens anything. This matters because opening
//! an index of another version has panicked (tantivy issue 1754).

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Skipped, sha256};
use crate::hex::hex;

/// First word of a payload that is ours. The number after it is the format.
const STAMP: &str = "askpm-manifest";
/// Changes whenever an older askpm could misread what is written.
const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// See `Fields::fingerprint`.
    pub fingerprint: String,
    /// When the index last changed, RFC 3339 in UTC.
    pub indexed_at: String,
    /// Sorted by path.
    pub files: Vec<FileEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileEntry {
    pub path: String,
    /// SHA-256 of the file's bytes, in hex.
    pub sha256: String,
    pub state: FileState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileState {
    Indexed {
        slug: String,
        date: Option<String>,
        passages: usize,
    },
    /// Not an edition; `why` includes the line.
    Broken { why: String },
    /// An edition whose slug was already used by the file `first`.
    Duplicate { slug: String, first: String },
}

impl Manifest {
    /// Returns the editions in the index: each slug and the entry it comes from.
    pub fn editions(&self) -> impl Iterator<Item = (&str, &FileEntry)> {
        self.files.iter().filter_map(|entry| match &entry.state {
            FileState::Indexed { slug, .. } => Some((slug.as_str(), entry)),
            _ => None,
        })
    }

    pub fn passages(&self) -> usize {
        let count = |entry: &FileEntry| match entry.state {
            FileState::Indexed { passages, .. } => passages,
            _ => 0,
        };
        self.files.iter().map(count).sum()
    }

    /// Returns the date of the newest edition that has one.
    pub fn newest(&self) -> Option<String> {
        let date = |entry: &FileEntry| match &entry.state {
            FileState::Indexed { date, .. } => date.clone(),
            _ => None,
        };
        self.files.iter().filter_map(date).max()
    }

    pub fn skipped(&self) -> Vec<Skipped> {
        let skipped = |entry: &FileEntry| {
            let why = match &entry.state {
                FileState::Indexed { .. } => return None,
                FileState::Broken { why } => why.clone(),
                FileState::Duplicate { slug, first } => format!("its slug `{slug}` is the same as that of {first}"),
            };
            Some(Skipped {
                file: entry.path.clone(),
                why,
            })
        };
        self.files.iter().filter_map(skipped).collect()
    }

    /// Returns the payload of a commit: one line with the format and a checksum, then the manifest as JSON. The
    /// checksum is needed because nothing else protects `meta.json`.
    pub fn to_payload(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        Ok(format!("{STAMP} {FORMAT} {}\n{json}", hex(&sha256(json.as_bytes()))))
    }

    /// Reads a payload. The error says in a few words why it cannot be used.
    pub fn from_payload(payload: &str, fingerprint: &str) -> Result<Manifest, String> {
        let (head, json) = payload.split_once('\n').ok_or("it was not made by askpm")?;
        let (format, checksum) = head
            .strip_prefix(STAMP)
            .and_then(|rest| rest.trim().split_once(' '))
            .ok_or("it was not made by askpm")?;
        if format != FORMAT.to_string() {
            return Err(format!("it has format {format}, and this askpm writes format {FORMAT}"));
        }
        if checksum != hex(&sha256(json.as_bytes())) {
            return Err("its manifest is damaged".into());
        }
        let manifest: Manifest = serde_json::from_str(json).map_err(|e| format!("its manifest is damaged: {e}"))?;
        if manifest.fingerprint != fingerprint {
            return Err("it was made with other settings, by another version of askpm".into());
        }
        Ok(manifest)
    }

    /// Reads the manifest of the index in `folder`, and the bytes of its `meta.json`, without opening the index.
    pub fn read(folder: &Path, fingerprint: &str) -> Result<(Manifest, Vec<u8>), String> {
        #[derive(Deserialize)]
        struct Meta {
            payload: Option<String>,
        }
        let bytes = meta_bytes(folder).map_err(|e| format!("its meta.json cannot be read: {e}"))?;
        let meta: Meta = serde_json::from_slice(&bytes).map_err(|e| format!("its meta.json is damaged: {e}"))?;
        let payload = meta.payload.ok_or("it is incomplete")?;
        Ok((Manifest::from_payload(&payload, fingerprint)?, bytes))
    }
}

/// Tantivy's file with the state of an index.
pub(super) const META: &str = "meta.json";

pub(super) fn meta_bytes(folder: &Path) -> std::io::Result<Vec<u8>> {
    fs::read(folder.join(META))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let entry = |path: &str, state| FileEntry {
            path: path.into(),
            sha256: "ab".into(),
            state,
        };
        let indexed = |slug: &str, date: Option<&str>| FileState::Indexed {
            slug: slug.into(),
            date: date.map(str::to_string),
            passages: 4,
        };
        Manifest {
            fingerprint: "f".into(),
            indexed_at: "2026-01-02T03:04:05Z".into(),
            files: vec![
                entry("a.md", indexed("a", Some("2023-12-31"))),
                entry("b.md", indexed("b", None)),
                entry(
                    "c.md",
                    FileState::Duplicate {
                        slug: "a".into(),
                        first: "a.md".into(),
                    },
                ),
                entry(
                    "d.md",
                    FileState::Broken {
                        why: "line 3: no title".into(),
                    },
                ),
            ],
        }
    }

    #[test]
    fn a_payload_reads_back_and_any_change_to_it_is_noticed() {
        let payload = manifest().to_payload().unwrap();
        assert_eq!(Manifest::from_payload(&payload, "f").unwrap(), manifest());
        assert!(
            Manifest::from_payload(&payload, "other")
                .unwrap_err()
                .contains("other settings")
        );
        assert!(
            Manifest::from_payload(&payload.replace("a.md", "z.md"), "f")
                .unwrap_err()
                .contains("damaged")
        );
        let newer = payload.replacen(" 1 ", " 2 ", 1);
        assert!(Manifest::from_payload(&newer, "f").unwrap_err().contains("format 2"));
        for cut in 0..payload.len() {
            assert!(Manifest::from_payload(&payload[..cut], "f").is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn counts_dates_and_reasons_come_from_the_entries() {
        let manifest = manifest();
        assert_eq!(manifest.passages(), 8);
        assert_eq!(manifest.newest().as_deref(), Some("2023-12-31"));
        let whys: Vec<_> = manifest.skipped().into_iter().map(|s| s.why).collect();
        assert_eq!(whys, ["its slug `a` is the same as that of a.md", "line 3: no title"]);
    }
}
