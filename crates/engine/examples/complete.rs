//! Answers one message with a GGUF model, and prints what it cost.
//!
//! `cargo run --release -p askpm-engine --example complete -- model.gguf "Why is the sky blue?"`

use std::error::Error;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use askpm_engine::{DeviceChoice, Engine, LocalEngine, Message, Role, Sampling};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(content)) = (arguments.next(), arguments.next()) else {
        return Err("usage: complete MODEL.gguf MESSAGE".into());
    };
    let mut engine = LocalEngine::load(Path::new(&path), DeviceChoice::Cpu)?;
    let messages = [Message {
        role: Role::User,
        content,
    }];
    let generation = engine.generate(&messages, &Sampling::default(), &mut |piece| {
        print!("{piece}");
        match std::io::stdout().flush() {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    println!();
    eprintln!(
        "{} prompt tokens in {:.2?}, {} tokens in {:.2?}",
        generation.prompt_tokens, generation.prefill, generation.generated_tokens, generation.decode
    );
    Ok(())
}
