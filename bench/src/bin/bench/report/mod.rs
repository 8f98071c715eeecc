//! What is told at the end.

mod goals;
mod history;
mod table;

pub(crate) use self::{
    goals::{Goal, goals, places},
    history::append,
    table::{commits_table, goals_table, rates_table},
};

/// The middle of some rates, and how far the others are from it at most, as a share of it.
pub(crate) fn median(rates: &[f64]) -> (f64, f64) {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else { return (0.0, 0.0) };
    let middle = match sorted.len() % 2 {
        0 => f64::midpoint(sorted[sorted.len() / 2 - 1], sorted[sorted.len() / 2]),
        _ => sorted[sorted.len() / 2],
    };
    (middle, (high - middle).max(middle - low) / middle)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_middle_and_the_widest_distance() {
        assert_eq!(median(&[100.0, 80.0, 110.0]), (100.0, 0.2));
        assert_eq!(median(&[100.0, 80.0]), (90.0, 10.0 / 90.0));
        assert_eq!(median(&[]), (0.0, 0.0));
    }
}
