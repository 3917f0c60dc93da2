//! The families of the literature by name, as on the command line: `grid:3x4`, `masking:5,1`.

use super::system::{ReadWriteSystem, SystemError};

/// How each family is written, for people.
pub const FAMILIES: &str = "majority:N, thresholds:N,R,W, flexible:N,ELECTION,REPLICATION, grid:ROWSxCOLUMNS, \
     tree:LEVELSxCHILDREN, hierarchical:AxBx…, wall:WIDTHS, each-zone:SIZES, local-zone:SIZES, \
     zone-majority:SIZES, witnesses:N,WITNESSES, dissemination:N,F, masking:N,F or probabilistic:N,L";

impl ReadWriteSystem {
    /// The system that `text` names, as in [`FAMILIES`].
    pub fn named(text: &str) -> Result<Self, SystemError> {
        let (family, parameters) = text.split_once(':').unwrap_or((text, ""));
        if let ("probabilistic", Some((n, l))) = (family, parameters.split_once(','))
            && let (Ok(n), Ok(l)) = (n.trim().parse(), l.trim().parse())
        {
            return Self::probabilistic(n, l);
        }
        let numbers: Result<Vec<usize>, _> =
            parameters.split([',', 'x']).map(|number| number.trim().parse()).collect();
        let wrong = || {
            Err(SystemError::Impossible(format!(
                "`{text}` is no quorum system; expected {FAMILIES}"
            )))
        };
        let Ok(numbers) = numbers else { return wrong() };
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        match (family, &numbers[..]) {
            ("majority", [n]) => Self::majority(*n),
            ("thresholds", [n, r, w]) => Self::thresholds(*n, count(*r), count(*w)),
            ("flexible", [n, election, replication]) => {
                Self::flexible(*n, count(*election), count(*replication))
            }
            ("grid", [rows, columns]) => Self::grid(*rows, *columns),
            ("tree", [levels, children]) => Self::tree(*levels, *children),
            ("hierarchical", branching) => Self::hierarchical(branching),
            ("wall", widths) => Self::wall(widths),
            ("each-zone", sizes) => Self::each_zone(sizes),
            ("local-zone", sizes) => Self::local_zone(sizes),
            ("zone-majority", sizes) => Self::majority_of_zones(sizes),
            ("witnesses", [n, witnesses]) => Self::with_witnesses(*n, *witnesses),
            ("dissemination", [n, f]) => Self::dissemination(*n, count(*f)),
            ("masking", [n, f]) => Self::masking(*n, count(*f)),
            _ => wrong(),
        }
    }
}
