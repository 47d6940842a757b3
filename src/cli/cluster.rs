//! Reads `[retriever]` of the settings file: a search cluster that has the corpus instead of this machine.
//!
//! Without the table, askpm never contacts a cluster.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::generator;
use crate::corpus::SourceFile;
use crate::index::Store;
use crate::models::Net;
use crate::retrieve::RetrieveError;
use crate::retrieve::cluster::{self, Cluster, Held, Place, Published, Text};
use crate::retrieve::dense::Dense;

/// The `[retriever]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RetrieverTable {
    pub kind: Kind,
    /// The address, such as `http://127.0.0.1:9200`, or those of several nodes.
    pub url: Addresses,
    /// The alias, and the first part of the names of its indexes.
    pub index: Option<String>,
    /// Whether `askpm refresh` on this machine sends its corpus, which replaces what the cluster has.
    pub send: Option<bool>,
    /// A file with certificates of authorities to trust in addition, in PEM form.
    pub ca: Option<PathBuf>,
    /// The name of the environment variable with the whole `Authorization` header, such as `ApiKey …`.
    pub key_env: Option<String>,
    /// The timeout of one request, in seconds.
    pub timeout: Option<u32>,
}

/// One address, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Addresses {
    One(String),
    Several(Vec<String>),
}

/// The cluster's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The API that Elasticsearch and OpenSearch share.
    Elastic,
}

impl RetrieverTable {
    /// Returns the corpus that the cluster has.
    ///
    /// # Errors
    /// `--offline`, a key that is not there, a cluster that cannot be reached or refuses, or that has no corpus.
    pub fn open(&self, net: Net) -> Result<Cluster, Failure> {
        let place = self.place(net, |name| env::var(name).ok())?;
        Ok(Cluster::open(&place).map_err(RetrieveError::from)?)
    }

    /// Sends the corpus to the cluster. `progress` gets the documents sent so far and their number.
    ///
    /// # Errors
    /// As for [`RetrieverTable::open`], or an index file that cannot be read.
    pub fn publish(
        &self,
        net: Net,
        (store, dense, files): (&Store, Option<&Dense>, &[SourceFile]),
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Published, Failure> {
        let place = self.place(net, |name| env::var(name).ok())?;
        Ok(cluster::publish(store, dense, files, &place, progress)?)
    }

    /// Returns the text of an edition that the cluster has.
    ///
    /// # Errors
    /// As for [`RetrieverTable::open`].
    pub fn edition(&self, net: Net, slug: &str) -> Result<Option<Text>, Failure> {
        let place = self.place(net, |name| env::var(name).ok())?;
        Ok(cluster::edition(&place, slug).map_err(RetrieveError::from)?)
    }

    /// Returns the texts of all editions that the cluster has.
    ///
    /// # Errors
    /// As for [`RetrieverTable::open`].
    pub fn editions(&self, net: Net) -> Result<Vec<Text>, Failure> {
        let place = self.place(net, |name| env::var(name).ok())?;
        Ok(cluster::editions(&place).map_err(RetrieveError::from)?)
    }

    /// Returns what the cluster has, if it answers within `most`. Sends nothing for the cluster to store.
    ///
    /// # Errors
    /// As for [`RetrieverTable::open`].
    pub fn look(&self, most: Duration) -> Result<Held, Failure> {
        let place = self.place(Net::Online, |name| env::var(name).ok())?;
        let patience = place.patience.min(most);
        Ok(cluster::look(&Place { patience, ..place }).map_err(RetrieveError::from)?)
    }

    /// Checks whether the table is valid. Sends nothing.
    ///
    /// # Errors
    /// As for [`RetrieverTable::open`], except errors from the cluster.
    pub fn check(&self) -> Result<(), Failure> {
        let place = self.place(Net::Online, |name| env::var(name).ok())?;
        Ok(cluster::check(&place).map_err(RetrieveError::from)?)
    }

    fn place(&self, net: Net, get: impl Fn(&str) -> Option<String>) -> Result<Place, Failure> {
        if net != Net::Online {
            let why = "the cluster of [retriever] cannot be reached in offline mode";
            return Err(
                Failure::new("cannot search", why).hinted("search the local index with --by words or --by both")
            );
        }
        let authorization = generator::key("[retriever]", self.key_env.as_deref(), "cluster", get)?;
        let index = self.index.clone().unwrap_or_else(|| "askpm".into());
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !index.starts_with(|c: char| c.is_ascii_lowercase()) || !index.chars().all(plain) || index.len() > 100 {
            let why = "`index` must have at most 100 lower-case letters, digits and hyphens, and start with a letter";
            return Err(Failure::new("cannot use [retriever]", why));
        }
        let read = |path: &PathBuf| {
            let failure = |error| Failure::new(format!("cannot read {}", path.display()), error);
            fs::read(path).map_err(|error| failure(error).hinted("correct `ca` in [retriever]"))
        };
        let ca = self.ca.as_ref().map(read).transpose()?;
        let Kind::Elastic = self.kind;
        Ok(Place {
            urls: match &self.url {
                Addresses::One(url) => vec![url.clone()],
                Addresses::Several(urls) => urls.clone(),
            },
            index,
            authorization,
            ca,
            patience: Duration::from_secs(self.timeout.unwrap_or(30).clamp(1, 3600).into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(extra: &str) -> Result<RetrieverTable, toml::de::Error> {
        toml::from_str(&format!("kind = \"elastic\"\nurl = \"http://127.0.0.1:9200\"\n{extra}"))
    }

    #[test]
    fn a_table_names_a_place() {
        let table = read("index = \"pm-2\"\nkey_env = \"KEY\"\ntimeout = 5").unwrap();
        let place = table
            .place(Net::Online, |name| (name == "KEY").then(|| "ApiKey k".into()))
            .unwrap();
        assert_eq!(
            (place.index.as_str(), place.authorization.as_deref()),
            ("pm-2", Some("ApiKey k"))
        );
    }

    #[test]
    fn one_address_is_named_or_several() {
        let several = "kind = \"elastic\"\nurl = [\"http://a:9200\", \"http://b:9200\"]";
        let table: RetrieverTable = toml::from_str(several).unwrap();
        assert_eq!(table.place(Net::Online, |_| None).unwrap().urls.len(), 2);
        let none: RetrieverTable = toml::from_str("kind = \"elastic\"\nurl = []").unwrap();
        assert!(none.check().unwrap_err().lines().join(" ").contains("names no address"));
    }

    #[test]
    fn what_keeps_the_cluster_from_being_asked_is_told_with_the_way_out() {
        let told = |table: &RetrieverTable, net| {
            let failure = table.place(net, |_| None).err().unwrap();
            failure.lines().join(" ")
        };
        assert!(told(&read("").unwrap(), Net::Offline).contains("--by words"));
        assert!(told(&read("key_env = \"KEY\"").unwrap(), Net::Online).contains("KEY is not set"));
        for index in ["", "Upper", "-x", "a/b", "a*", "_all", "a,b"] {
            let table = read(&format!("index = \"{index}\"")).unwrap();
            assert!(told(&table, Net::Online).contains("`index` must have"), "{index}");
        }
        assert!(read("key = \"secret\"").is_err());
    }
}
