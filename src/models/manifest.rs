//! Parses `models.toml` and reports format errors with line and field.
//!
//! It checks every field that ends up in a path, a command line or a comparison of hashes. Later code can rely on that:
//! no path leads out of the cache, and every hash has the right form.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::digest::is_sha256;
use super::error::ModelError;
use super::fields::{is_name, is_part, is_relative_path, is_repo, is_revision, is_version, is_word};
use super::model::{Model, ModelFile, ModelKind, Piece, Source};

/// The only format version so far.
const VERSION: i64 = 1;

#[derive(Deserialize)]
struct VersionOnly {
    version: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(rename = "version")]
    _version: i64,
    #[serde(default)]
    model: Vec<Spanned<RawModel>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    name: Spanned<String>,
    kind: Option<Spanned<String>>,
    title: String,
    architecture: Spanned<String>,
    quantization: String,
    parameters: Option<u64>,
    context: Spanned<u64>,
    licence: Spanned<String>,
    size: Spanned<u64>,
    sha256: Option<Spanned<String>>,
    min_memory_mb: u64,
    #[serde(default)]
    default: bool,
    #[serde(default = "yes")]
    verified: bool,
    hallucinated: Option<f32>,
    notes: Option<String>,
    #[serde(default)]
    file: Vec<RawModelFile>,
    #[serde(default)]
    source: Vec<Spanned<RawSource>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModelFile {
    name: Spanned<String>,
    size: Spanned<u64>,
    sha256: Option<Spanned<String>>,
}

/// A source as written. It is flat, because serde buffers tagged enums and loses the positions of their fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    kind: Spanned<String>,
    repo: Option<Spanned<String>>,
    revision: Option<Spanned<String>>,
    file: Option<Spanned<String>>,
    package: Option<Spanned<String>>,
    version: Option<Spanned<String>>,
    member: Option<Spanned<String>>,
    #[serde(default)]
    piece: Vec<Spanned<RawPiece>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPiece {
    package: Spanned<String>,
    version: Spanned<String>,
    member: Spanned<String>,
    size: Spanned<u64>,
}

const PACKAGE_HINT: &str = "write the name on the package index";
const VERSION_HINT: &str = "write one version, such as `0.1.2`";
const MEMBER_HINT: &str = "write a relative path inside the wheel, without `..`";
const HASH_HINT: &str = "write 64 lower-case hexadecimal digits, as `sha256sum FILE` prints them";

fn yes() -> bool {
    true
}

/// Parses the models of `text`, in file order. `file` is used only in errors.
pub(super) fn parse(text: &str, file: &Path) -> Result<Vec<Model>, ModelError> {
    let place = Place { text, file };
    // Read the version before anything else, so that a newer format is not reported as a misspelt key.
    let version: VersionOnly = toml::from_str(text).map_err(|error| place.toml(&error))?;
    match version.version {
        Some(found) if *found.get_ref() == VERSION => {}
        Some(found) => {
            let why = format!("version {} of the format is unknown", found.get_ref());
            return Err(place.error(found.span(), "version", why, "write `version = 1`, or update askpm"));
        }
        None => return Err(place.error(0..0, "version", "missing".into(), "begin the file with `version = 1`")),
    }
    let raw: RawFile = toml::from_str(text).map_err(|error| place.toml(&error))?;
    let mut models: Vec<Model> = Vec::new();
    for entry in raw.model {
        let span = entry.span();
        let raw = entry.into_inner();
        if models.iter().any(|model| model.name == *raw.name.get_ref()) {
            let why = format!("{:?} is listed twice", raw.name.get_ref());
            return Err(place.error(raw.name.span(), "name", why, "rename or remove one of the two"));
        }
        models.push(place.model(span, raw)?);
    }
    Ok(models)
}

/// Turns byte spans into errors with file and line.
struct Place<'a> {
    text: &'a str,
    file: &'a Path,
}

impl Place<'_> {
    fn error(&self, span: Range<usize>, field: &str, why: String, hint: impl Into<String>) -> ModelError {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        ModelError::Registry {
            file: self.file.to_path_buf(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            field: field.to_string(),
            why,
            hint: hint.into(),
        }
    }

    /// Converts an error of the TOML parser: its message on one line, and the key of the line that it points at.
    fn toml(&self, error: &toml::de::Error) -> ModelError {
        let span = error.span().unwrap_or(0..0);
        let bytes = self.text.as_bytes();
        let start = bytes
            .get(..span.start)
            .unwrap_or_default()
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned();
        let line = line.lines().next().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default().trim();
        let field = if key.is_empty() || key.chars().count() > 40 {
            "(text)"
        } else {
            key
        };
        let why = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        self.error(
            span,
            field,
            why,
            "use the keys of the built-in models.toml, which the README shows",
        )
    }

    fn model(&self, span: Range<usize>, raw: RawModel) -> Result<Model, ModelError> {
        self.check(
            &raw.name,
            "name",
            is_name,
            "use only lower-case letters, digits, `.`, `-` and `_`, and not `none`",
        )?;
        self.hash(raw.sha256.as_ref())?;
        self.check(
            &raw.architecture,
            "architecture",
            is_word,
            "write the GGUF `general.architecture`, such as `llama`, or `bert`",
        )?;
        self.check(
            &raw.licence,
            "licence",
            |text| !text.trim().is_empty(),
            "name the licence of the weights",
        )?;
        for (number, field) in [(&raw.size, "size"), (&raw.context, "context")] {
            if *number.get_ref() == 0 {
                return Err(self.error(
                    number.span(),
                    field,
                    "must not be 0".into(),
                    "write the value of the file",
                ));
            }
        }
        if raw.source.is_empty() {
            let hint = "add a [[model.source]], or use --model PATH for a local file";
            return Err(self.error(
                span.clone(),
                "source",
                format!("{:?} has no source", raw.name.get_ref()),
                hint,
            ));
        }
        let kind = self.kind(raw.kind.as_ref())?;
        let files = self.files(raw.file)?;
        let sources: Vec<Source> = raw
            .source
            .into_iter()
            .map(|source| self.source(source))
            .collect::<Result<_, _>>()?;
        let unpinned = raw.sha256.is_none() || files.iter().any(|file| file.sha256.is_none());
        if unpinned && !sources.iter().any(|source| matches!(source, Source::Hub { .. })) {
            let why = format!("{:?} has no sha256, which only the Hub states", raw.name.get_ref());
            return Err(self.error(span.clone(), "sha256", why, HASH_HINT));
        }
        self.whole(&span, *raw.size.get_ref(), &files, &sources)?;
        Ok(Model {
            name: raw.name.into_inner(),
            kind,
            title: raw.title,
            architecture: raw.architecture.into_inner(),
            quantization: raw.quantization,
            parameters: raw.parameters,
            context: raw.context.into_inner(),
            licence: raw.licence.into_inner(),
            size: raw.size.into_inner(),
            sha256: raw.sha256.map(Spanned::into_inner),
            min_memory_mb: raw.min_memory_mb,
            default: raw.default,
            verified: raw.verified,
            locked: None,
            hallucinated: raw.hallucinated,
            notes: raw.notes,
            files,
            sources,
        })
    }

    fn kind(&self, kind: Option<&Spanned<String>>) -> Result<ModelKind, ModelError> {
        let Some(kind) = kind else {
            return Ok(ModelKind::default());
        };
        match kind.get_ref().as_str() {
            "generation" => Ok(ModelKind::Generation),
            "embedding" => Ok(ModelKind::Embedding),
            other => {
                let why = format!("{other:?} is not a model kind");
                let hint = "set `kind` to `generation` (the default) or `embedding`";
                Err(self.error(kind.span(), "kind", why, hint))
            }
        }
    }

    fn hash(&self, hash: Option<&Spanned<String>>) -> Result<(), ModelError> {
        hash.map_or(Ok(()), |hash| self.check(hash, "sha256", is_sha256, HASH_HINT))
    }

    fn files(&self, raw: Vec<RawModelFile>) -> Result<Vec<ModelFile>, ModelError> {
        let mut files: Vec<ModelFile> = Vec::new();
        for file in raw {
            let plain = |name: &str| is_relative_path(name) && !name.contains('/');
            self.check(&file.name, "name", plain, "write the file name without a folder")?;
            self.hash(file.sha256.as_ref())?;
            if *file.size.get_ref() == 0 {
                let hint = "write the value of the file";
                return Err(self.error(file.size.span(), "size", "must not be 0".into(), hint));
            }
            if files.iter().any(|known| known.name == *file.name.get_ref()) {
                let why = format!("{:?} is listed twice", file.name.get_ref());
                return Err(self.error(file.name.span(), "name", why, "remove one of the two"));
            }
            files.push(ModelFile {
                name: file.name.into_inner(),
                size: file.size.into_inner(),
                sha256: file.sha256.map(Spanned::into_inner),
            });
        }
        Ok(files)
    }

    fn source(&self, entry: Spanned<RawSource>) -> Result<Source, ModelError> {
        let span = entry.span();
        let raw = entry.into_inner();
        match raw.kind.get_ref().as_str() {
            "hub" => {
                self.absent(
                    "hub",
                    &[
                        ("package", &raw.package),
                        ("version", &raw.version),
                        ("member", &raw.member),
                    ],
                )?;
                let path_hint = "write a relative path inside the repository, without `..`";
                let revision_hint = "write a commit (40 lower-case hexadecimal digits) or the name of a branch or tag";
                Ok(Source::Hub {
                    repo: self.need(&span, raw.repo, "repo", is_repo, "write `ORG/NAME` as on the Hub")?,
                    revision: self.need(&span, raw.revision, "revision", is_revision, revision_hint)?,
                    file: self.need(&span, raw.file, "file", is_relative_path, path_hint)?,
                })
            }
            "package" if !raw.piece.is_empty() => {
                self.absent(
                    "package",
                    &[
                        ("repo", &raw.repo),
                        ("revision", &raw.revision),
                        ("file", &raw.file),
                        ("package", &raw.package),
                        ("version", &raw.version),
                        ("member", &raw.member),
                    ],
                )?;
                let pieces = raw.piece.into_iter().map(|piece| self.piece(piece.into_inner()));
                Ok(Source::Pieces(pieces.collect::<Result<_, _>>()?))
            }
            "package" => {
                self.absent(
                    "package",
                    &[("repo", &raw.repo), ("revision", &raw.revision), ("file", &raw.file)],
                )?;
                Ok(Source::Package {
                    package: self.need(&span, raw.package, "package", is_part, PACKAGE_HINT)?,
                    version: self.need(&span, raw.version, "version", is_version, VERSION_HINT)?,
                    member: self.need(&span, raw.member, "member", is_relative_path, MEMBER_HINT)?,
                })
            }
            other => {
                let why = format!("{other:?} is not a source kind");
                Err(self.error(raw.kind.span(), "kind", why, "set `kind` to `hub` or `package`"))
            }
        }
    }

    fn piece(&self, raw: RawPiece) -> Result<Piece, ModelError> {
        self.check(&raw.package, "package", is_part, PACKAGE_HINT)?;
        self.check(&raw.version, "version", is_version, VERSION_HINT)?;
        self.check(&raw.member, "member", is_relative_path, MEMBER_HINT)?;
        if *raw.size.get_ref() == 0 {
            let hint = "write the value of the member";
            return Err(self.error(raw.size.span(), "size", "must not be 0".into(), hint));
        }
        Ok(Piece {
            package: raw.package.into_inner(),
            version: raw.version.into_inner(),
            member: raw.member.into_inner(),
            size: raw.size.into_inner(),
        })
    }

    /// Checks that the pieces of each source add up to the model's only file.
    fn whole(&self, span: &Range<usize>, size: u64, files: &[ModelFile], sources: &[Source]) -> Result<(), ModelError> {
        for source in sources {
            let Source::Pieces(pieces) = source else { continue };
            let sum = pieces.iter().fold(0u64, |sum, piece| sum.saturating_add(piece.size));
            if sum != size {
                let why = format!("the pieces have {sum} bytes, the file has {size}");
                return Err(self.error(span.clone(), "piece", why, "list every piece with its size"));
            }
            if !files.is_empty() {
                let why = "a model of pieces has no further files".into();
                return Err(self.error(span.clone(), "piece", why, "remove the [[model.file]] entries"));
            }
        }
        Ok(())
    }

    fn check(
        &self,
        value: &Spanned<String>,
        field: &str,
        good: fn(&str) -> bool,
        hint: &str,
    ) -> Result<(), ModelError> {
        if good(value.get_ref()) {
            return Ok(());
        }
        Err(self.error(value.span(), field, format!("{:?} is not valid", value.get_ref()), hint))
    }

    fn need(
        &self,
        source: &Range<usize>,
        value: Option<Spanned<String>>,
        field: &str,
        good: fn(&str) -> bool,
        hint: &str,
    ) -> Result<String, ModelError> {
        let Some(value) = value else {
            return Err(self.error(
                source.clone(),
                field,
                "missing".into(),
                format!("add `{field}`: {hint}"),
            ));
        };
        self.check(&value, field, good, hint)?;
        Ok(value.into_inner())
    }

    fn absent(&self, kind: &str, fields: &[(&str, &Option<Spanned<String>>)]) -> Result<(), ModelError> {
        for (field, value) in fields {
            if let Some(value) = value {
                let why = format!("is not allowed with kind {kind:?}");
                return Err(self.error(value.span(), field, why, format!("remove `{field}`")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
