//! Groups items by likeness: agglomerative clustering with average linkage.
//!
//! Two groups are joined while the average likeness of their items reaches a threshold. The nearest-neighbour chain finds
//! the same groups as joining the nearest pair each time, and takes time and memory in the square of the items (F.
//! Murtagh, "A survey of recent advances in hierarchical clustering algorithms", The Computer Journal 26, 1983).

/// Returns the groups of `count` items: the indices of each group in ascending order, by their first index.
///
/// `likeness` gives the likeness of two items, the same in both directions. The result does not depend on a clock or on
/// chance: of equal neighbours the first counts.
pub(super) fn groups(count: usize, threshold: f32, likeness: impl Fn(usize, usize) -> f32) -> Vec<Vec<usize>> {
    let mut near = Triangle::new(count, likeness);
    let mut members: Vec<Vec<usize>> = (0..count).map(|at| vec![at]).collect();
    let mut alive = vec![true; count];
    let mut chain: Vec<usize> = Vec::new();
    while let Some(top) = chain.last().copied().or_else(|| alive.iter().position(|alive| *alive)) {
        if chain.is_empty() {
            chain.push(top);
        }
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        // The group before in the chain counts among equals, so that the chain ends.
        let mut best = before.map(|at| (near.of(top, at), at));
        for other in (0..count).filter(|other| alive[*other] && *other != top) {
            let likeness = near.of(top, other);
            if best.is_none_or(|(most, _)| likeness > most) {
                best = Some((likeness, other));
            }
        }
        match best {
            Some((likeness, other)) if likeness >= threshold && Some(other) == before => {
                chain.truncate(chain.len() - 2);
                join(&mut near, &mut members, &mut alive, top.min(other), top.max(other));
            }
            Some((likeness, other)) if likeness >= threshold => chain.push(other),
            // Average linkage brings no group nearer than its nearest neighbour was, so this one is complete.
            _ => {
                alive[top] = false;
                chain.pop();
            }
        }
    }
    members.retain(|group| !group.is_empty());
    members.iter_mut().for_each(|group| group.sort_unstable());
    members.sort_by_key(|group| group[0]);
    members
}

/// Joins group `gone` to group `kept`.
fn join(near: &mut Triangle, members: &mut [Vec<usize>], alive: &mut [bool], kept: usize, gone: usize) {
    let (a, b) = (members[kept].len() as f32, members[gone].len() as f32);
    alive[gone] = false;
    for other in (0..alive.len()).filter(|other| alive[*other] && *other != kept) {
        let likeness = (a * near.of(kept, other) + b * near.of(gone, other)) / (a + b);
        near.set(kept, other, likeness);
    }
    let moved = std::mem::take(&mut members[gone]);
    members[kept].extend(moved);
}

/// The likeness of each pair.
struct Triangle(Vec<f32>);

impl Triangle {
    fn new(count: usize, likeness: impl Fn(usize, usize) -> f32) -> Triangle {
        let pairs = (0..count).flat_map(|high| (0..high).map(move |low| (low, high)));
        Triangle(pairs.map(|(low, high)| likeness(low, high)).collect())
    }

    fn at(a: usize, b: usize) -> usize {
        let (low, high) = (a.min(b), a.max(b));
        high * (high.saturating_sub(1)) / 2 + low
    }

    fn of(&self, a: usize, b: usize) -> f32 {
        self.0[Self::at(a, b)]
    }

    fn set(&mut self, a: usize, b: usize, likeness: f32) {
        self.0[Self::at(a, b)] = likeness;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn on_a_line(points: &[f32], threshold: f32) -> Vec<Vec<usize>> {
        groups(points.len(), threshold, |a, b| -(points[a] - points[b]).abs())
    }

    #[test]
    fn what_is_near_is_grouped_and_what_is_far_is_not() {
        assert_eq!(
            on_a_line(&[0.0, 9.0, 0.5, 9.25, 40.0], -2.0),
            [vec![0, 2], vec![1, 3], vec![4]]
        );
        assert_eq!(on_a_line(&[], -2.0), Vec::<Vec<usize>>::new());
        assert_eq!(on_a_line(&[1.0], -2.0), [vec![0]]);
        assert_eq!(on_a_line(&[1.0; 5], -2.0), [vec![0, 1, 2, 3, 4]]);
    }

    #[test]
    fn groups_are_joined_by_the_average_of_their_items() {
        // 2.0 is one from 1.0, and on average one and a half from the first two.
        assert_eq!(on_a_line(&[0.0, 1.0, 2.25], -1.2), [vec![0, 1], vec![2]]);
    }

    proptest! {
        #[test]
        fn each_item_is_in_one_group_and_no_two_groups_could_be_joined(
            points in proptest::collection::vec(0u8..60, 0..24), within in 0u8..12
        ) {
            let points: Vec<f32> = points.into_iter().map(f32::from).collect();
            let threshold = -f32::from(within);
            let groups = on_a_line(&points, threshold);
            let mut all: Vec<usize> = groups.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..points.len()).collect::<Vec<_>>());
            for (at, a) in groups.iter().enumerate() {
                for b in &groups[..at] {
                    let pairs = a.iter().flat_map(|x| b.iter().map(|y| -(points[*x] - points[*y]).abs()));
                    let mean = pairs.sum::<f32>() / (a.len() * b.len()) as f32;
                    prop_assert!(mean < threshold + 1e-3, "{groups:?}");
                }
            }
        }
    }
}
