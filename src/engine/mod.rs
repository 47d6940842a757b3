//! Placeholder of the first commit: see the history for what comes.
