//! Opens an index as it is, without looking at the corpus.

use std::path::Path;

use super::IndexError;
use super::store::{Check, Store, open_current};

impl Store {
    /// Opens the result of the last completed refresh in `dir`, with every byte checked. Returns `None` if there never
    /// was one. This writes nothing, takes no lock, and does not wait for a running refresh.
    ///
    /// # Errors
    /// Fails if the index is damaged or of another version; [`Store::open_or_refresh`] would rebuild it.
    pub fn open(dir: &Path) -> Result<Option<Store>, IndexError> {
        open_current(dir, Check::Whole).map_err(|what| IndexError::Damaged { path: dir.into(), what })
    }
}
