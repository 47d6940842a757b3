//! Opens an index as it is, without a look at the corpus.
//!
//! In: the index folder. Out: the [`Store`] of the last refresh that was completed. It must not know of files to index.

use std::path::Path;

use super::IndexError;
use super::store::{Check, Store, open_current};

impl Store {
    /// Opens what the last completed refresh left in `dir`, every byte checked; `None` where none ever was. Nothing is
    /// written, and no lock is taken: a refresh that is going on is not waited for.
    ///
    /// # Errors
    /// An index that is damaged or of another version, which [`Store::open_or_refresh`] would make anew.
    pub fn open(dir: &Path) -> Result<Option<Store>, IndexError> {
        open_current(dir, Check::Whole).map_err(|what| IndexError::Damaged { path: dir.into(), what })
    }
}
