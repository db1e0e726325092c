//! Spreading one sum over lines so that the parts add up to it exactly.

use crate::money::Money;

/// `total` spread over `weights` in proportion, by largest remainder; equal remainders go to the earlier line.
///
/// Parts add up to `total` and have its sign or are zero. A weight of zero takes nothing unless all are zero, when the
/// first line takes all. An empty `weights` takes nothing: the answer is empty.
///
/// # Panics
/// If a weight is negative: lines that give and lines that take are spread apart.
pub fn spread(total: Money, weights: &[Money]) -> Vec<Money> {
    assert!(weights.iter().all(|weight| !weight.is_negative()), "a weight below zero cannot take a share");
    let sum: i128 = weights.iter().map(|weight| i128::from(weight.minor())).sum();
    if sum == 0 {
        let whole = |index| if index == 0 { total } else { Money::ZERO };
        return (0..weights.len()).map(whole).collect();
    }
    let sign = if total.is_negative() { -1 } else { 1 };
    let minor = i128::from(total.minor()).abs();
    let mut parts: Vec<(i128, i128)> = weights
        .iter()
        .map(|weight| {
            let share = minor * i128::from(weight.minor());
            (share / sum, share % sum)
        })
        .collect();
    let given: i128 = parts.iter().map(|(part, _)| part).sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(parts[index].1), index));
    for &index in order.iter().take(usize::try_from(minor - given).expect("fewer pennies are left than lines")) {
        parts[index].0 += 1;
    }
    parts
        .into_iter()
        .map(|(part, _)| Money::from_minor(sign * i64::try_from(part).expect("a part is within the total")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: i64, weights: &[i64], expected: &[i64]) {
        let weights: Vec<Money> = weights.iter().copied().map(Money::from_minor).collect();
        let parts: Vec<i64> = spread(Money::from_minor(total), &weights).into_iter().map(Money::minor).collect();
        assert_eq!(parts, expected);
    }

    #[test]
    fn parts_add_up_and_ties_go_to_the_earlier_line() {
        check(10000, &[10000, 10000, 10000], &[3334, 3333, 3333]);
        check(-10000, &[10000, 10000, 10000], &[-3334, -3333, -3333]);
        check(5, &[100; 9], &[1, 1, 1, 1, 1, 0, 0, 0, 0]);
        check(10000, &[11999, 10000, 25900], &[2505, 2088, 5407]);
        check(6999, &[34900, 11999], &[5208, 1791]);
        check(7, &[0, 0], &[7, 0]);
        check(7, &[], &[]);
    }
}
