//! Reads GGUF model files: the header, the tensors, the tokenizer and the chat template.
//!
//! [`Gguf::open`] checks the whole header against the file before anything else reads from it, so that later code may
//! trust the sizes and places of tensors. [`Tokenizer`] and [`ChatTemplate`] come from the same file.
//!
//! ```no_run
//! use askpm_gguf::{ChatTemplate, Gguf, Message, Role, Tokenizer};
//!
//! # fn main() -> Result<(), askpm_gguf::Error> {
//! let file = Gguf::open("model.gguf".as_ref())?;
//! println!("{} weights, mostly {}", file.parameters(), file.quantization());
//!
//! let tokenizer = Tokenizer::from_gguf(&file)?;
//! let template = ChatTemplate::from_gguf(&file, &tokenizer)?;
//! let segments = template.render(&[Message { role: Role::User, content: "Hello".into() }])?;
//! println!("{:?}", tokenizer.encode_prompt(&segments));
//! # Ok(())
//! # }
//! ```
//!
//! # Text is data
//!
//! A chat template never sees the text of a message, and [`Tokenizer::encode_prompt`] makes special tokens only of what
//! the template itself wrote. No text of a user or a document can act as a special token.

#![warn(missing_docs)]

mod chat;
mod cursor;
mod error;
mod file;
mod metadata;
mod tokenizer;

pub use chat::ChatTemplate;
pub use error::{Error, shown};
pub use file::{Gguf, TensorEntry};
pub use metadata::{Metadata, Value};
pub use tokenizer::{Segment, Tokenizer};

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions for the model.
    System,
    /// What the person says.
    User,
    /// What the model says.
    Assistant,
}

impl Role {
    /// The name that chat templates know.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a conversation. The content is data: nothing in it becomes a special token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The author.
    pub role: Role,
    /// The text, as the author wrote it.
    pub content: String,
}
