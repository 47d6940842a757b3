//! The merge loop of both byte-pair encoders.
//!
//! It starts from a text that is split into symbols. A rule decides which neighbours may join, and how eagerly. The
//! order is that of Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016): the best
//! pair first, the leftmost of equals. A heap keeps one long word from costing quadratic time, because questions can be
//! hostile.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A run of the text, `start..end` in bytes, and its token if it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Symbol {
    pub start: usize,
    pub end: usize,
    pub token: Option<u32>,
}

/// How two neighbours join: the eagerness (higher goes first) and the resulting token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Join {
    pub eagerness: f64,
    pub token: u32,
}

struct Candidate {
    join: Join,
    left: usize,
    right: usize,
    /// Ends of both halves when the candidate was found. If a half has changed since, the candidate is stale.
    ends: (usize, usize),
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.join
            .eagerness
            .total_cmp(&other.join.eagerness)
            .then_with(|| other.left.cmp(&self.left))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

struct Link {
    symbol: Symbol,
    previous: Option<usize>,
    next: Option<usize>,
    alive: bool,
}

/// Joins neighbours, best first, until `rule` allows no more.
pub(super) fn merge(symbols: Vec<Symbol>, rule: impl Fn(&Symbol, &Symbol) -> Option<Join>) -> Vec<Symbol> {
    let count = symbols.len();
    let mut links: Vec<Link> = symbols
        .into_iter()
        .enumerate()
        .map(|(i, symbol)| Link {
            symbol,
            previous: i.checked_sub(1),
            next: (i + 1 < count).then_some(i + 1),
            alive: true,
        })
        .collect();
    let mut heap = BinaryHeap::new();
    let find = |links: &[Link], left: usize, right: usize| {
        let (l, r) = (&links[left].symbol, &links[right].symbol);
        rule(l, r).map(|join| Candidate {
            join,
            left,
            right,
            ends: (l.end, r.end),
        })
    };
    for right in 1..count {
        heap.extend(find(&links, right - 1, right));
    }
    while let Some(Candidate {
        join,
        left,
        right,
        ends,
    }) = heap.pop()
    {
        let fresh = links[left].alive
            && links[right].alive
            && links[left].symbol.end == ends.0
            && links[right].symbol.end == ends.1;
        if !fresh {
            continue;
        }
        let next = links[right].next;
        links[right].alive = false;
        links[left].symbol.end = ends.1;
        links[left].symbol.token = Some(join.token);
        links[left].next = next;
        if let Some(next) = next {
            links[next].previous = Some(left);
            heap.extend(find(&links, left, next));
        }
        if let Some(previous) = links[left].previous {
            heap.extend(find(&links, previous, left));
        }
    }
    links.into_iter().filter(|l| l.alive).map(|l| l.symbol).collect()
}
