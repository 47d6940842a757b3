//! One address of a search cluster, and how its client connects.

use std::time::Duration;

use reqwest::{Certificate, Url};

use super::Place;
use super::error::{ClusterError, unusable};
use crate::remote;

/// How long a connection stays open without a request.
const IDLE: Duration = Duration::from_secs(20);

/// How to correct `url`.
pub(super) const ADDRESS: &str = "set `url` to an address such as \"http://127.0.0.1:9200\"";

/// One address of a cluster.
pub(super) struct Node {
    pub(super) http: reqwest::Client,
    pub(super) url: Url,
}

impl Node {
    /// Returns the node at `url`, with the settings of `place`.
    pub(super) fn new(url: &str, place: &Place, has_key: bool) -> Result<Node, ClusterError> {
        let url = remote::server(url.trim_end_matches('/'))
            .ok_or_else(|| unusable("`url` is not an http or https address", Some(ADDRESS)))?;
        if has_key && !remote::may_carry_key(&url) {
            return Err(unusable(
                "the key would be sent to another machine without encryption",
                Some("use https"),
            ));
        }
        let mut http = remote::client(&url, place.patience)
            .timeout(place.patience)
            // A connection that the cluster closed in between costs one more try.
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(IDLE);
        if let Some(ca) = &place.ca {
            let hint = Some("set `ca` to a file with certificates in PEM form");
            let authorities = Certificate::from_pem_bundle(ca);
            let authorities = authorities.ok().filter(|all| !all.is_empty());
            let authorities = authorities.ok_or_else(|| unusable("the file of `ca` has no certificate", hint))?;
            http = http.tls_certs_merge(authorities);
        }
        Ok(Node {
            http: http.build().map_err(|error| unusable(&error.to_string(), None))?,
            url,
        })
    }
}
