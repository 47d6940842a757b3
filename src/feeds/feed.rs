//! A subscribed feed: its address, with the name and the folder that it has in the user's feed reader.

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most characters of a name or a folder that is read from a list of feeds.
const LONGEST: usize = 120;

/// A feed, as the settings have it: an address, or a table with its address, name, folder and website.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feed {
    pub address: String,
    pub name: Option<String>,
    /// The names of its folders, the outermost first, separated by `/`.
    pub folder: Option<String>,
    /// The address of the website that the feed is of.
    pub page: Option<String>,
}

/// The table of a feed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl Feed {
    /// A feed without a name.
    pub fn at(address: impl Into<String>) -> Feed {
        Feed {
            address: address.into(),
            ..Feed::default()
        }
    }

    /// Returns whether there is only an address.
    pub fn is_bare(&self) -> bool {
        self.name.is_none() && self.folder.is_none() && self.page.is_none()
    }

    /// The names of its folders, the outermost first.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let names = self.folder.iter().flat_map(|folder| folder.split('/'));
        names.map(str::trim).filter(|name| !name.is_empty())
    }
}

/// Returns a name from a list of feeds on one line, without control characters and not too long. `None` if nothing is
/// left.
pub(super) fn name(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let name: String = words.join(" ").chars().take(LONGEST).collect();
    Some(name.trim().to_string()).filter(|name| !name.is_empty())
}

impl Serialize for Feed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_bare() {
            return self.address.serialize(serializer);
        }
        let table = Table {
            url: self.address.clone(),
            name: self.name.clone(),
            folder: self.folder.clone(),
            page: self.page.clone(),
        };
        table.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Feed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Feed, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Feed;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an address, or a table with url, name, folder and page")
            }

            fn visit_str<E>(self, address: &str) -> Result<Feed, E> {
                Ok(Feed::at(address))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Feed, A::Error> {
                let Table {
                    url,
                    name,
                    folder,
                    page,
                } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Feed {
                    address: url,
                    name,
                    folder,
                    page,
                })
            }
        }

        deserializer.deserialize_any(Either)
    }
}
