//! A block in bytes: there and back, and bytes that nobody vouches for.

use proptest::prelude::*;

use processing::store::{Block, Head, Row};

fn block() -> impl Strategy<Value = Block> {
    let row = (
        any::<u16>(),
        prop::collection::vec(any::<u8>(), 0..20),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
    )
        .prop_map(|(space, key, value)| Row { space, key, value });
    let head = (0_u64..1 << 40, any::<[u8; 32]>()).prop_map(|(number, hash)| Head { number, hash });
    let postings = prop::collection::vec(any::<u8>(), 0..200);
    (head, any::<u64>(), any::<i32>(), postings, any::<u32>(), prop::collection::vec(row, 0..6)).prop_map(
        |(head, elapsed_ms, day, postings, count, rows)| Block::seal(head, elapsed_ms, day, postings, count, rows),
    )
}

proptest! {
    #[test]
    fn a_block_is_read_as_it_was_written(block in block(), after in prop::collection::vec(any::<u8>(), 0..9)) {
        let mut bytes = Vec::new();
        block.encode(&mut bytes);
        let length = bytes.len();
        bytes.extend_from_slice(&after);
        prop_assert_eq!(Block::decode(&bytes).unwrap(), (block.clone(), &after[..]));
        let before = Head { number: block.number - 1, hash: block.previous };
        prop_assert!(block.check_follows(before).is_ok());
        for end in 0..length {
            prop_assert!(Block::decode(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn any_bytes_end_with_a_block_or_an_error(block in block(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = Vec::new();
        block.encode(&mut bytes);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok((other, _)) = Block::decode(&bytes) {
            let same = other.check_follows(Head { number: block.number - 1, hash: block.previous }).is_ok();
            prop_assert_eq!(same, other == block);
        }
    }
}
