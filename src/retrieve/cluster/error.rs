//! Why a search cluster cannot be used.

/// Why a request to a cluster failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the search cluster {url}: {problem}")]
pub struct ClusterError {
    pub(super) url: String,
    pub(super) problem: String,
    pub(super) hint: Option<&'static str>,
    /// Whether the index does not exist.
    pub(super) gone: bool,
}

impl ClusterError {
    /// Returns what the user can do about the error.
    pub fn hint(&self) -> Option<String> {
        self.hint.map(str::to_string)
    }
}

/// An error in the settings.
pub(super) fn unusable(problem: &str, hint: Option<&'static str>) -> ClusterError {
    ClusterError {
        url: "[retriever]".into(),
        problem: problem.into(),
        hint,
        gone: false,
    }
}
