//! Ids that sort by time: a ULID, which is 48 bits of milliseconds and 80 random bits in Crockford's base 32
//! (github.com/ulid/spec).

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Every id is this long.
pub const LENGTH: usize = 26;

/// The id of a moment (milliseconds since the epoch) and ten random bytes.
pub fn ulid(millis: u64, random: [u8; 10]) -> String {
    let low = random.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let bits = u128::from(millis & ((1 << 48) - 1)) << 80 | low;
    (0..LENGTH).rev().map(|place| char::from(DIGITS[(bits >> (5 * place) & 31) as usize])).collect()
}

/// The moment of an id, in milliseconds since the epoch.
pub fn millis(id: &str) -> Option<u64> {
    let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).map(|value| value as u64);
    is_ulid(id).then(|| id.bytes().take(10).try_fold(0, |bits, byte| Some(bits << 5 | value(byte)?)))?
}

/// Whether a text could be such an id: it becomes a folder's name on hosts.
pub fn is_ulid(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| DIGITS.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_later_and_the_known_example_holds() {
        assert_eq!(ulid(1_469_918_176_385, [0; 10]), "01ARYZ6S410000000000000000");
        assert_eq!(ulid(0, [255; 10]), "0000000000ZZZZZZZZZZZZZZZZ");
        assert!(ulid(1, [255; 10]) < ulid(2, [0; 10]));
        assert_eq!(millis("01ARYZ6S410000000000000000"), Some(1_469_918_176_385));
        assert!(is_ulid(&ulid(7, [9; 10])) && !is_ulid("../../etc/passwd") && !is_ulid(""));
    }
}
