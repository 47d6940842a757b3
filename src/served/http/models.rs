//! Looks whether a server can be asked, without asking anything of its model.
//!
//! In: how long that may take. Out: the names that the server lists at `models`, beside the address of chat completions,
//! or why it cannot be asked. A server that lists nothing can be a good one all the same.

use std::time::Duration;

use reqwest::StatusCode;

use super::{Client, MAX_BODY};
use crate::engine::EngineError;
use crate::served::wire;

impl Client {
    /// The names of the server's models; `None` where it answers and lists none.
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
