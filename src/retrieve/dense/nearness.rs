//! Holds how near each passage is to one question.
//!
//! It takes one number for each passage of an index, and returns the nearest passages and the number of any passage.

use std::borrow::Cow;

use tantivy::DocAddress;

/// Number of passages that are considered for their meaning, regardless of their words: far more than are ever shown.
/// It is small in tests, so that a small corpus has others.
const NEAREST: usize = if cfg!(test) { 100 } else { 1_000 };

/// The similarity of each passage that has vectors, -1 to 1; see the module `dense`.
pub(in super::super) struct Nearness<'a> {
    /// In order.
    addresses: Cow<'a, [DocAddress]>,
    /// One value for each address.
    values: Vec<f32>,
    /// All passages at least this near are in `nearest`.
    from: f32,
    /// Nearest first.
    nearest: Vec<(DocAddress, f32)>,
}

impl<'a> Nearness<'a> {
    pub(super) fn new(addresses: Cow<'a, [DocAddress]>, values: Vec<f32>) -> Nearness<'a> {
        let from = nth_best(&values, NEAREST);
        let mut near = Nearness {
            addresses,
            values,
            from,
            nearest: Vec::new(),
        };
        near.widen(from);
        near
    }

    /// Sets [`Nearness::nearest`] to all passages at least as near as `from`.
    pub fn widen(&mut self, from: f32) {
        let all = self.addresses.iter().zip(&self.values);
        self.nearest = all
            .filter(|(_, value)| **value >= from)
            .map(|(address, value)| (*address, *value))
            .collect();
        self.nearest.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        self.from = from;
    }

    /// Returns the number of passages at least as near as `from`.
    pub fn as_near_as(&self, from: f32) -> usize {
        self.values.iter().filter(|value| **value >= from).count()
    }

    /// Returns the number of passages that have vectors.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Creates a value from passages in order.
    pub fn of_pairs(pairs: Vec<(DocAddress, f32)>) -> Nearness<'a> {
        let (addresses, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        Nearness::new(Cow::Owned(addresses), values)
    }

    /// Returns all passages in order.
    pub fn into_pairs(self) -> Vec<(DocAddress, f32)> {
        self.addresses.iter().copied().zip(self.values).collect()
    }

    /// Returns the nearest passages, nearest first. These are the nearest thousand and all that are as near as the last
    /// of them, or those set by [`Nearness::widen`].
    pub fn nearest(&self) -> &[(DocAddress, f32)] {
        &self.nearest
    }

    /// Returns a similarity that every passage not in [`Nearness::nearest`] is below.
    pub fn nearest_from(&self) -> f32 {
        if self.nearest.len() < self.values.len() {
            self.from
        } else {
            f32::MIN
        }
    }

    /// Returns the least and the greatest similarity. Without passages, the least is above the greatest.
    pub fn range(&self) -> (f32, f32) {
        let least = self.values.iter().copied().fold(f32::MAX, f32::min);
        (least, self.most().unwrap_or(f32::MIN))
    }

    pub fn most(&self) -> Option<f32> {
        self.nearest.first().map(|(_, value)| *value)
    }

    /// Returns the 1-based rank of a passage with this similarity.
    pub fn rank(&self, value: f32) -> usize {
        let within = self.nearest.partition_point(|(_, other)| *other > value);
        if within < self.nearest.len() {
            return within + 1;
        }
        self.values.iter().filter(|other| **other > value).count() + 1
    }

    /// Sets the similarity of each of `passages`, which must be in order, or `None` for one without vectors.
    pub fn tell<'b>(&self, passages: impl Iterator<Item = (DocAddress, &'b mut Option<f32>)>) {
        let mut at = 0;
        for (address, similarity) in passages {
            at += below(self.addresses.get(at..).unwrap_or_default(), address);
            let there = self.addresses.get(at) == Some(&address);
            *similarity = self.values.get(at).filter(|_| there).copied();
        }
    }
}

/// Returns how many of `addresses`, which are in order, come before `address`. This is fast if they are few.
fn below(addresses: &[DocAddress], address: DocAddress) -> usize {
    let mut reach = 1;
    while addresses.get(reach).is_some_and(|other| *other < address) {
        reach *= 2;
    }
    let from = reach / 2;
    let some = addresses.get(from..addresses.len().min(reach + 1)).unwrap_or_default();
    from + some.partition_point(|other| *other < address)
}

/// Returns the `n`-th largest of `values`, or `f32::MIN` if there are no more than `n` values.
pub(super) fn nth_best(values: &[f32], n: usize) -> f32 {
    if values.len() <= n || n == 0 {
        return f32::MIN;
    }
    let nth = |some: &mut Vec<f32>| *some.select_nth_unstable_by(n - 1, |a, b| b.total_cmp(a)).1;
    // Most values are below the worst of the best so far and are skipped.
    let (mut best, mut least) = (Vec::with_capacity(2 * n), f32::NEG_INFINITY);
    for value in values {
        if *value > least {
            best.push(*value);
            if best.len() == 2 * n {
                least = nth(&mut best);
                best.truncate(n);
            }
        }
    }
    nth(&mut best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(doc: u32) -> DocAddress {
        DocAddress::new(0, doc)
    }

    proptest! {
        #[test]
        fn the_nth_best_is_that_of_all_in_order(values in proptest::collection::vec(-9i8..9, 0..60), n in 0usize..20) {
            let values: Vec<f32> = values.into_iter().map(f32::from).collect();
            let mut sorted = values.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let expected = if n == 0 || values.len() <= n { f32::MIN } else { sorted[n - 1] };
            prop_assert_eq!(nth_best(&values, n), expected);
        }

        #[test]
        fn each_passage_is_told_its_own(docs in proptest::collection::btree_set(0u32..200, 0..60), asked in proptest::collection::btree_set(0u32..200, 0..60)) {
            let near = Nearness::of_pairs(docs.iter().map(|doc| (at(*doc), *doc as f32)).collect());
            let mut told: Vec<(DocAddress, Option<f32>)> = asked.iter().map(|doc| (at(*doc), Some(-1.0))).collect();
            near.tell(told.iter_mut().map(|(address, value)| (*address, value)));
            for (address, value) in told {
                let expected = docs.contains(&address.doc_id).then_some(address.doc_id as f32);
                prop_assert_eq!(value, expected);
            }
        }
    }

    #[test]
    fn the_nearest_are_so_many_and_ranks_go_on_behind_them() {
        let mut near = Nearness::of_pairs((0..300).map(|doc| (at(doc), (doc % 150) as f32)).collect());
        assert_eq!((near.nearest().len(), near.nearest_from()), (100, 100.0));
        assert_eq!((near.most(), near.range()), (Some(149.0), (0.0, 149.0)));
        assert_eq!((near.rank(149.0), near.rank(148.0), near.rank(0.0)), (1, 3, 299));
        assert_eq!((near.len(), near.as_near_as(89.5)), (300, 120));
        near.widen(89.5);
        assert_eq!((near.nearest().len(), near.nearest_from()), (120, 89.5));
        assert_eq!(near.nearest().last().map(|(_, value)| *value), Some(90.0));
        assert_eq!((near.rank(149.0), near.rank(95.0), near.rank(0.0)), (1, 109, 299));
        near.widen(-1.0);
        assert_eq!((near.nearest().len(), near.nearest_from()), (300, f32::MIN));
        let few = Nearness::of_pairs(vec![(at(1), 0.5)]);
        assert_eq!((few.nearest().len(), few.nearest_from()), (1, f32::MIN));
        let none = Nearness::of_pairs(Vec::new());
        assert!(none.range().0 > none.range().1 && none.most().is_none());
    }
}
