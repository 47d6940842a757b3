//! Waits for the requests of a client, and keeps its connections open in between.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};

/// Runs the requests of one client, one after another, and keeps its connections open between them.
pub(super) struct Requests(Option<Runtime>);

impl Requests {
    pub(super) fn new() -> io::Result<Requests> {
        Ok(Requests(Some(Builder::new_current_thread().enable_all().build()?)))
    }

    /// Waits for `request`.
    ///
    /// # Errors
    /// Only if the runtime is gone, which happens when the value is dropped.
    pub(super) fn wait<T>(&self, request: impl Future<Output = T>) -> io::Result<T> {
        let gone = || io::Error::other("the client has ended");
        Ok(self.0.as_ref().ok_or_else(gone)?.block_on(request))
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        // An ordinary drop of a runtime would panic inside another one.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
