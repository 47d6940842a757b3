//! The model families that the engine knows, by their `general.architecture`.

/// Families with a decoder in this crate.
pub const ARCHITECTURES: &[&str] = &["gemma3", "glm4", "lfm2", "llama", "phi3", "qwen2", "qwen3", "smollm3"];

/// Families that candle-transformers runs. It also runs `llama` with experts (Mixtral).
pub const FALLBACKS: &[&str] = &["gemma", "gemma2", "olmo2", "phi2", "stablelm", "starcoder2"];
