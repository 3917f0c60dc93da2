//! Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE
//! 28(2), 2002): leaves out half of what there is, then quarters, down to one by one.

use super::moves::Move;

/// Leaves out as many of the moves that count as `test` allows, which returns what is left when some of the
/// others are left out, or `None` if that may not be. Returns early, with what it has, once `go_on` says
/// no.
pub(super) fn minimise(
    mut moves: Vec<Move>,
    counts: impl Fn(&Move) -> bool,
    test: &mut impl FnMut(&[Move]) -> Option<Vec<Move>>,
    go_on: &mut impl FnMut(&[Move]) -> bool,
) -> Vec<Move> {
    let mut size = moves.iter().filter(|way| counts(way)).count().div_ceil(2);
    while size > 0 {
        let before = moves.len();
        let mut from = 0;
        loop {
            let places: Vec<usize> =
                (0..moves.len()).filter(|place| counts(&moves[*place])).collect();
            // The last ones first: what comes early may be needed by what comes late.
            let Some(end) = places.len().checked_sub(from).filter(|end| *end > 0) else { break };
            let out = &places[end.saturating_sub(size)..end];
            let fewer: Vec<Move> = (moves.iter().enumerate())
                .filter(|(place, _)| out.binary_search(place).is_err())
                .map(|(_, way)| way.clone())
                .collect();
            if let Some(left) = test(&fewer) {
                moves = left;
            } else {
                from += size;
            }
            if !go_on(&moves) {
                return moves;
            }
        }
        if size > 1 {
            size = size.div_ceil(2).min(size - 1);
        } else if moves.len() == before {
            size = 0;
        }
    }
    moves
}
