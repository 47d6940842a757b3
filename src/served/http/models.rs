//! Checks whether a server accepts requests, without asking its model anything.
//!
//! The list of models is at `models`, next to the address of chat completions. A server without such a list may still
//! work.

use std::time::Duration;

use reqwest::StatusCode;

use super::{Client, MAX_BODY};
use crate::engine::EngineError;
use crate::served::wire;

impl Client {
    /// Returns the names of the server's models, or `None` if it answers but lists none.
    pub fn models(&self, most: Duration) -> Result<Option<Vec<String>>, EngineError> {
        let base = self.url.path();
        let base = base.strip_suffix("chat/completions").unwrap_or(base);
        let mut url = self.url.clone();
        url.set_path(&format!("{base}models"));
        let request = self.authorized(self.http.get(url)).timeout(most.min(self.patience));
        self.runtime()?.block_on(async {
            let mut response = request.send().await.map_err(|error| self.unreachable(error))?;
            match response.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                    return Ok(None);
                }
                _ => return Err(self.refused(response).await),
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
                body.extend_from_slice(&chunk);
                if body.len() > MAX_BODY {
                    return Err(self.fault(format!("more than {MAX_BODY} bytes")));
                }
            }
            Ok(wire::models(&body))
        })
    }
}
