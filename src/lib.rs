//! askpm answers product managers' questions from a newsletter's discussions, on the asker's own machine.

pub mod answer;
pub mod ask;
pub mod cli;
pub mod corpus;
pub mod engine;
pub mod eval;
pub mod index;
pub mod models;
pub mod prompt;
pub mod render;
pub mod retrieve;
