//! A home whose listed models, for embedding and for writing, are tiny ones on a local Hub.

use sha2::{Digest, Sha256};

use super::hub::Hub;
use super::{Home, Run, tiny_bert};
use askpm_fixtures::{TinyGguf, Weights};

const COMMIT: &str = "3333333333333333333333333333333333333333";

/// The home and the Hub.
pub struct Listed {
    pub home: Home,
    pub hub: Hub,
    /// Size in bytes of the embedding model's files.
    pub finds: usize,
    /// Size in bytes of the generator's file.
    pub writes: usize,
}

impl Listed {
    pub fn new() -> Listed {
        let (home, hub) = (Home::new(), Hub::start());
        let folder = home.path("made");
        std::fs::create_dir_all(&folder).unwrap();
        tiny_bert::write(&folder, 7);
        TinyGguf::new("llama", Weights::F32).write(&folder, "tiny.gguf");
        let mut sizes = Vec::new();
        let mut file = |repository: &str, name: &str| {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            hub.serve(&format!("/{repository}/resolve/{COMMIT}/{name}"), &bytes);
            sizes.push(bytes.len());
            let hash: String = Sha256::digest(&bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("size = {}\nsha256 = \"{hash}\"\n", bytes.len())
        };
        let common = "title = \"T\"\nquantization = \"F32\"\ncontext = 4096\nlicence = \"MIT\"\nmin_memory_mb = 1\n";
        let source = |repository: &str, name: &str| {
            format!(
                "[[model.source]]\nkind = \"hub\"\nrepo = \"{repository}\"\nrevision = \"{COMMIT}\"\nfile = \"{name}\"\n"
            )
        };
        let mut list = format!(
            "version = 1\n[[model]]\nname = \"all-minilm-l6-v2\"\nkind = \"embedding\"\narchitecture = \"bert\"\n{common}{}",
            file("some/bert", "model.safetensors")
        );
        for name in ["tokenizer.json", "config.json"] {
            list += &format!("[[model.file]]\nname = \"{name}\"\n{}", file("some/bert", name));
        }
        list += &source("some/bert", "model.safetensors");
        list += &format!(
            "[[model]]\nname = \"smollm2-135m\"\narchitecture = \"llama\"\ndefault = true\n{common}{}",
            file("some/llama", "tiny.gguf")
        );
        list += &source("some/llama", "tiny.gguf");
        home.write(".config/askpm/models.toml", list);
        Listed {
            finds: sizes[..3].iter().sum(),
            writes: sizes[3],
            home,
            hub,
        }
    }

    /// Returns `askpm` on the test corpus. It may fetch models, and chooses itself how to search.
    pub fn askpm(&self) -> Run {
        self.home.askpm().by_default().env("HF_ENDPOINT", self.hub.endpoint())
    }

    /// Returns the names of the files requested so far, without consecutive repeats.
    pub fn fetched(&self) -> Vec<String> {
        let requests = self.hub.requests().into_iter();
        let mut names: Vec<String> = requests
            .filter_map(|request| Some(request.path.rsplit('/').next()?.to_string()))
            .collect();
        names.dedup();
        names
    }
}
