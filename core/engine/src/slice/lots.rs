//! Quantities split into whole lots.

use dcx_model::Qty;

/// What the first `count` of `of` parts of `order_qty` come to.
///
/// All parts are equal in whole lots; what is over goes to the earliest, one lot each. What is
/// not a whole lot goes with the last.
///
/// # Panics
/// If `of` is zero: an order has at least one slice.
pub(crate) fn first(order_qty: Qty, lot: Qty, count: u16, of: u16) -> Qty {
    assert!(of > 0, "a schedule has at least one slice");
    if count >= of {
        return order_qty;
    }
    let (count, of) = (u64::from(count), u64::from(of));
    let lots = order_qty.units() / lot.units().max(1);
    let first = lots / of * count + (lots % of).min(count);
    Qty::from_units(first * lot.units().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_equal_with_the_rest_on_the_earliest_and_add_up() {
        let firsts: Vec<u64> = (0..=4)
            .map(|count| first(Qty::from_units(110), Qty::from_units(10), count, 4).units())
            .collect();
        assert_eq!(firsts, [0, 30, 60, 90, 110]);
    }

    #[test]
    fn what_is_no_whole_lot_goes_with_the_last() {
        let at = |count| first(Qty::from_units(25), Qty::from_units(10), count, 2).units();
        assert_eq!([at(0), at(1), at(2)], [0, 10, 25]);
    }

    #[test]
    fn the_largest_quantity_does_not_overflow() {
        let whole = first(Qty::from_units(u64::MAX), Qty::from_units(1), 999, 1_000);
        assert!(whole.units() < u64::MAX);
    }
}
